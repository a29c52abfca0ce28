/* What the connections of one service share. */
#ifndef HTTP_SERVICE_H
#define HTTP_SERVICE_H

#include "http/deadline.h"
#include "http/negotiate.h"
#include "http_common/date.h"

#include <eddy/http_server.h>
#include <eddy/sync.h>
#include <sys/types.h>
#include <time.h>

enum {
        HTTP_HEAD_SIZE = 16 * 1024,  /* the longest head of an answer */
        HTTP_SMALL_SIZE = 16 * 1024, /* the longest body that is copied behind it */
};

struct spare; /* a block of memory that waits to be used again */

/** What is kept of the last file that was sent. */
struct file_cache {
        dev_t silent;              /* the file system that last did not know what lies in memory, */
        bool has_silent;           /* if there was one */
        time_t dated;              /* when the file was changed, */
        char date[HTTP_DATE_SIZE]; /* and as a header has it; the next one is often the same */
};

struct eddy_http_service {
        eddy_http_handler handler;
        void *arg;
        eddy_http_service_options options;
        struct coding_options coding; /* of answers, where they are compressed */
        eddy_http_counts counts;
        eddy_link connections;   /* struct http1, */
        size_t connection_count; /* and how many, without those that are too many */
        struct deadlines silent; /* clients that are to send, or to take something; */
        /** To send a head, or a next request: these alone, or where they are no less than `silent` the rest behind that. For while an answer
         * is taken it is `silent` that measures, whatever comes meanwhile. */
        struct deadlines heads, idle;
        struct deadlines *head_time,
            *idle_time;             /* with which of them either begins: each that is used has a timer */
        bool heads_go_on, idles_on; /* some of it is left behind `silent` */
        struct deadlines answers;   /* answers that are to be taken whole */
        struct deadlines lingering; /* clients that are to see the end */
        struct deadlines http2_silent, http2_idle, http2_streams, http2_heads,
            http2_answers;               /* of HTTP/2: connections, and streams likewise */
        struct deadlines http2_goodbyes; /* its clients that are to know that a connection ends */
        void (*free)(eddy_http_service *service);
        bool is_stopping, is_released;
        eddy_event all_gone; /* set when the last connection has gone; who waits clears it before */
        struct file_cache files;
        size_t headers_size;  /* bytes for headers behind each request */
        struct spare *spares; /* memory of connections that rest */
        unsigned spare_count;
        time_t preamble_time;              /* the second for which the preamble is right */
        char preamble[96];                 /* headers that all answers of a second share: Server and Date */
        size_t preamble_size, server_size; /* of all, and of Server */
        /** A head that is being written, and a body for it. Nobody may suspend between its beginning and its being sent. */
        size_t head_size;
        char head[HTTP_HEAD_SIZE], body[HTTP_SMALL_SIZE];
};

/** Prepare one that is part of something else, which `free` gives back when it is released and its last connection has gone. */
void service_init(eddy_http_service *service, eddy_http_handler handler, void *arg,
                  const eddy_http_service_options *options, void (*free)(eddy_http_service *service));

/** Nobody but its connections needs it any more. */
void service_release(eddy_http_service *service);

/** A connection has gone. */
void service_note_gone(eddy_http_service *service);

/** Memory for a request, of one size within a service, not cleared, or NULL; it is kept for the next one when given
 * back. */
void *service_take_memory(eddy_http_service *service, size_t size);
void service_give_memory(eddy_http_service *service, void *memory);

/** See that the preamble is of this second. */
void service_refresh_preamble(eddy_http_service *service);

#endif
