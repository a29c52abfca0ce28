/* What the connections of one service share, whether it answers with files or by a user's function. */
#ifndef HTTP_SERVICE_H
#define HTTP_SERVICE_H

#include "http/deadline.h"

#include <eddy/http_server.h>
#include <time.h>

struct connection;
struct spare; /* a block of memory that waits to be used again */

/** Embedded in what answers. */
struct service {
        /** Make the answer to the request that was read: in the connection's `out`, or sent where it is large. 0, or
         * why the connection cannot go on. May suspend. */
        int (*answer)(struct connection *c);
        eddy_http_service_options options;
        eddy_http_counts counts;
        eddy_link connections;
        struct deadlines deadlines;
        bool is_stopping;
        struct spare *spares; /* memory of connections that have ended */
        unsigned spare_count;
        time_t preamble_time; /* the second for which the preamble is right */
        char preamble[96];    /* headers that all answers of a second share: Server and Date */
        size_t preamble_size;
};

void service_init(struct service *service, int (*answer)(struct connection *c),
                  const eddy_http_service_options *options);
void service_finish(struct service *service);

/** Serve one connection until it ends: 0, or the failure that ended it. */
int service_serve(struct service *service, eddy_stream *stream);

/** Let connections end, those that wait for a request at once. */
void service_stop(struct service *service);

/** Memory for a connection, not cleared, or NULL; it is kept for the next one when given back. */
struct connection *service_take_connection(struct service *service);
void service_give_connection(struct service *service, struct connection *c);

/** See that the preamble is of this second. */
void service_refresh_preamble(struct service *service);

#endif
