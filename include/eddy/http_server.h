/* An HTTP server of files and of whatever a function answers, on llhttp. A library of its own: link with eddy-http.
 */
#ifndef EDDY_HTTP_SERVER_H
#define EDDY_HTTP_SERVER_H

#include <eddy.h>

EDDY_BEGIN_DECLS

/** One request, and the answer to it. It and its strings are valid until its handler returns. */
typedef struct eddy_http_exchange eddy_http_exchange;

/**
 * Answers a request by eddy_http_reply(), in the coroutine of its connection, so it may suspend.
 *
 * @return 0, or why it failed: the loop's exception handler is told, and the client gets status 500. Where it has its
 *         answer, that arrives as it is, and the connection ends behind it
 */
typedef int (*eddy_http_handler)(eddy_http_exchange *exchange, void *arg);

/** Answers requests by a function, on any number of connections of one loop:
 *
 *         static int hello(eddy_http_exchange *exchange, void *arg)
 *         {
 *                 return eddy_http_reply(exchange, &(eddy_http_answer){.body = "hello", .body_size = 5});
 *         }
 *
 *         eddy_http_service_create(&service, hello, NULL, NULL);
 *         eddy_start_server(&server, eddy_http_serve, service, host, port, NULL);
 */
typedef struct eddy_http_service eddy_http_service;

/** One request that was answered, for a log. */
typedef struct eddy_http_access {
        const char *peer;   /**< its address */
        const char *method; /**< such as "GET"; "-" where it was not understood */
        const char *target; /**< as it was sent; NOT terminated */
        size_t target_size;
        int status;
        int64_t sent; /**< bytes of body */
} eddy_http_access;

/** What has been served. */
typedef struct eddy_http_counts {
        uint64_t connections, requests, bytes; /**< bytes of bodies */
} eddy_http_counts;

/** How requests are to be served. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_http_service_options {
        /** For a request's head to arrive whole, and for how long a client may take nothing of an answer (see
         * docs/http.md); 0: 30 s. */
        eddy_duration timeout;
        eddy_duration answer_timeout; /**< for an answer to be taken whole, however steadily; 0: none */
        void (*on_request)(const eddy_http_access *access, void *arg);
        void *arg;         /**< passed to on_request */
        void *reserved[4]; /**< zero */
} eddy_http_service_options;

/**
 * Create a service.
 *
 * @param service  receives it; give it back with eddy_http_service_destroy()
 * @param handler  called for each request
 * @param arg      passed to it
 * @param options  may be NULL
 * @return 0 or -ENOMEM
 *
 * Does not suspend. aiohttp.web.Server().
 */
EDDY_API int eddy_http_service_create(eddy_http_service **service, eddy_http_handler handler, void *arg,
                                      const eddy_http_service_options *options);

/** Give it back, when its last connection has ended. NULL is allowed. */
EDDY_API void eddy_http_service_destroy(eddy_http_service *service);

/**
 * Serve one connection; an eddy_connection_handler. HTTP/1.1 and 1.0, keep-alive, pipelining: answers to requests that
 * came together leave together, in their order. A request's body is not read; where it has one, the connection
 * ends with its answer. What another parser could read otherwise is no request: 400 or 501, and the connection ends.
 *
 * @param service  an eddy_http_service
 * @return 0, or the failure that ended the connection; answers that were made leave in any case
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted, or the client was silent for too long
 * @retval EDDY_ENOTASK                  called outside a coroutine
 *
 * Suspends, and ends when the client leaves, is silent for too long, or the caller is cancelled.
 */
EDDY_API EDDY_ASYNC intptr_t eddy_http_serve(eddy_stream *stream, void *service);

/**
 * End gracefully: connections that wait for a request close now, the others after the answer they are
 * sending. Close the server first (eddy_server_close()). Does not suspend.
 */
EDDY_API void eddy_http_service_stop(eddy_http_service *service);

/** What has been served since it was created. */
EDDY_API void eddy_http_service_count(const eddy_http_service *service, eddy_http_counts *counts);

/** A request's method, such as "GET". */
EDDY_API const char *eddy_http_exchange_method(const eddy_http_exchange *exchange);

/** What a request asks for, as it was sent: "/path?query". */
EDDY_API const char *eddy_http_exchange_target(eddy_http_exchange *exchange);

/** The value of a request's header, its name in any case; NULL where it has none. */
EDDY_API const char *eddy_http_exchange_header(eddy_http_exchange *exchange, const char *name);

/** What to answer. Zero is the default of each. */
typedef struct eddy_http_answer {
        int status;                 /**< 200 to 999; 0: 200 */
        const char *content_type;   /**< NULL: "text/plain; charset=utf-8" where there is a body */
        const char *const *headers; /**< further ones, "Name: value" each, NULL behind the last; or NULL */
        const void *body;           /**< may be NULL where its size is 0 */
        size_t body_size;
        void *reserved[4];
} eddy_http_answer;

/**
 * Answer a request, once. A body is described and not sent where none may be: to a HEAD request, and with status 204, 205
 * and 304. A Content-Type, Server or Date among the headers replaces the default, and "Connection: close" ends the
 * connection with this answer. What its length and its connection are is the server's to say: Content-Length and
 * "Connection: keep-alive" are allowed where they say what is true (to HEAD, and with 304, without a body, any length
 * is), Transfer-Encoding never.
 *
 * @param answer  with what it points to is free again when this returns
 * @return 0
 * @retval EDDY_EINVALIDSTATE  it has been answered
 * @retval -EINVAL             the status is none; a header is no line of a name, a colon and a value without control
 *                             characters; one of those above is there twice, counting content_type, or is not true; or
 *                             they are longer than 8 KiB. Nothing was answered
 * @retval EDDY_TIMEOUT, EDDY_CANCELLED  the caller was interrupted on entry, and nothing was answered; or while the
 *                                       client was taking it
 * @retval EDDY_TIMEOUT, -ECONNRESET, -EPIPE ...  the client did not take it
 * @retval EDDY_ENOTASK        called outside a coroutine
 *
 * Suspends where the client is slow. aiohttp.web.Response().
 */
EDDY_API EDDY_ASYNC int eddy_http_reply(eddy_http_exchange *exchange, const eddy_http_answer *answer);

/** A folder that is served, by any number of connections of one loop. */
typedef struct eddy_http_files eddy_http_files;

/** How a folder is to be served. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_http_files_options {
        /** For a request's head to arrive whole, and for how long a client may take nothing of an answer (see
         * docs/http.md); 0: 30 s. */
        eddy_duration timeout;
        eddy_duration answer_timeout; /**< for an answer to be taken whole, however steadily; 0: none */
        bool hides_listings;          /**< a folder without index.html is 404, not a list of its files */
        void (*on_request)(const eddy_http_access *access, void *arg);
        void *arg;         /**< passed to on_request */
        void *reserved[4]; /**< zero */
} eddy_http_files_options;

/**
 * Open a folder for serving. Nothing outside it is reachable: not by "..", encoded or not, and not by
 * symbolic links, unless they lead to what is inside.
 *
 * @param files    receives it; give it back with eddy_http_files_destroy()
 * @param options  may be NULL
 * @return 0
 * @retval -ENOENT, -ENOTDIR, -EACCES ...  as from open()
 * @retval -ENOMEM                         no memory
 *
 * Does not suspend.
 */
EDDY_API int eddy_http_files_create(eddy_http_files **files, const char *directory,
                                    const eddy_http_files_options *options);

/** Give it back, when its last connection has ended. NULL is allowed. */
EDDY_API void eddy_http_files_destroy(eddy_http_files *files);

/**
 * Serve a folder to one connection; an eddy_connection_handler:
 *
 *         eddy_start_server(&server, eddy_http_serve_files, files, host, port, NULL);
 *
 * HTTP/1.1 and 1.0, GET and HEAD: keep-alive, pipelining, one range, conditions by date and ETag, index.html
 * or a list of the folder.
 *
 * @param files  an eddy_http_files
 * @return 0, or the failure that ended the connection; answers that were made leave in any case
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted, or the client was silent for too long
 * @retval EDDY_ENOTASK                  called outside a coroutine
 *
 * Suspends, and ends when the client leaves, is silent for too long, or the caller is cancelled.
 */
EDDY_API EDDY_ASYNC intptr_t eddy_http_serve_files(eddy_stream *stream, void *files);

/**
 * End gracefully: connections that wait for a request close now, the others after the answer they are
 * sending. Close the server first (eddy_server_close()). Does not suspend.
 */
EDDY_API void eddy_http_files_stop(eddy_http_files *files);

/** What has been served since it was created. */
EDDY_API void eddy_http_files_count(const eddy_http_files *files, eddy_http_counts *counts);

EDDY_END_DECLS

#endif
