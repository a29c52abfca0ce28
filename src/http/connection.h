/* One connection to the file server: its buffers, and how bytes come and go. */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "http/files.h"
#include "http/parser.h"
#include "http/target.h"

enum { CONNECTION_IN_SIZE = 16 * 1024, CONNECTION_OUT_SIZE = 16 * 1024 };

/** Owned by the coroutine that serves it. */
struct connection {
        eddy_link link; /* in files->connections */
        struct eddy_http_files *files;
        eddy_stream *stream;
        eddy_task *task;
        bool is_waiting; /* for the first byte of a request: nothing is lost by closing it */
        bool is_closing; /* after the answer that is being made */
        struct http_parser parser;
        const char *head;  /* of the request being answered, within `in` */
        size_t start, end; /* bytes in `in` of the request that is being read, and of those behind it */
        size_t out_size;   /* answers in `out` that are still to be sent */
        int status;        /* of the answer being made */
        int64_t sent;      /* bytes of its body */
        char path[HTTP_PATH_MAX];
        char in[CONNECTION_IN_SIZE];
        char out[CONNECTION_OUT_SIZE];
};

/** Send bytes behind those in `out`; 0 or an error. Suspends. */
int connection_send(struct connection *c, const char *data, size_t n);

/** Send what is in `out`; 0 or an error. Suspends. */
int connection_flush(struct connection *c);

/** See that `out` has room for n more bytes, at most its size; 0 or an error. May suspend. */
int connection_reserve(struct connection *c, size_t n);

#endif
