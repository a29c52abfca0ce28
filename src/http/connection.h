/* One connection to a service: its buffers, and how bytes come and go. */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "http/parser.h"
#include "http/service.h"
#include "http/target.h"

enum { CONNECTION_IN_SIZE = 16 * 1024, CONNECTION_OUT_SIZE = 16 * 1024 };

/** The request that is being answered; embedded in its connection. */
struct eddy_http_exchange {
        const char *head; /* of the request, within `in` */
        bool is_answered; /* or has begun to be */
        int failure;      /* of sending the answer: the connection cannot go on */
        int status;       /* of its answer */
        int64_t sent;     /* bytes of the answer's body */
};

/** Owned by the coroutine that serves it. */
struct connection {
        eddy_link link; /* in service->connections */
        struct service *service;
        struct deadline deadline; /* runs while the client is to send or to receive */
        eddy_stream *stream;
        eddy_task *task;
        bool is_waiting; /* for the first byte of a request: nothing is lost by closing it */
        bool is_closing; /* after the answer that is being made */
        struct http_parser parser;
        struct eddy_http_exchange exchange;
        size_t start, end; /* bytes in `in` of the request that is being read, and of those behind it */
        char *out;       /* answers that are still to be sent: behind the requests in `in`, on the same page */
        size_t out_size; /* of at most CONNECTION_OUT_SIZE */
        char in[CONNECTION_IN_SIZE + CONNECTION_OUT_SIZE];
        char path[HTTP_PATH_MAX];
};

/** See that `out` has room for n more bytes, at most its size; 0 or an error. May suspend. */
int connection_reserve(struct connection *c, size_t n);

/** Add a body to the head in `out`: copied where there is room, else both are sent; 0 or an error. May suspend. */
int connection_add(struct connection *c, const void *data, size_t n);

/** Add bytes start .. end - 1 of a file to the head in `out`, which leaves with the first of them. 0, -EIO where the
 * file has become shorter, or another error. May suspend. */
int connection_add_file(struct connection *c, int fd, int64_t start, int64_t end);

/** Send what is in `out`; 0 or an error. Suspends. */
int connection_flush(struct connection *c);

#endif
