/* What the connections of one service share, whether it answers with files or by a user's function. */
#ifndef HTTP_SERVICE_H
#define HTTP_SERVICE_H

#include "http/deadline.h"

#include <eddy/http_server.h>
#include <time.h>

struct spare; /* a block of memory that waits to be used again */

/** Embedded in what answers. */
struct service {
        /** Make the answer to the request that was read: in the exchange's output, or sent where it is large. 0, or
         * why the connection cannot go on. May suspend. */
        int (*answer)(eddy_http_exchange *exchange);
        eddy_http_service_options options;
        eddy_http_counts counts;
        eddy_link connections; /* struct http_connection */
        struct deadlines deadlines;
        bool is_stopping;
        struct spare *spares; /* memory of connections that have ended */
        unsigned spare_count;
        time_t preamble_time;              /* the second for which the preamble is right */
        char preamble[96];                 /* headers that all answers of a second share: Server and Date */
        size_t preamble_size, server_size; /* of all, and of Server */
};

void service_init(struct service *service, int (*answer)(eddy_http_exchange *exchange),
                  const eddy_http_service_options *options);
void service_finish(struct service *service);

/** Memory for a connection, of one size within a service, not cleared, or NULL; it is kept for the next one when given
 * back. */
void *service_take_memory(struct service *service, size_t size);
void service_give_memory(struct service *service, void *memory);

/** See that the preamble is of this second. */
void service_refresh_preamble(struct service *service);

#endif
