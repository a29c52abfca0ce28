/* An HTTP server, on llhttp and nghttp2: whatever a function answers. A library of its own: link with eddy-http. */
#ifndef EDDY_HTTP_SERVER_H
#define EDDY_HTTP_SERVER_H

#include <eddy/http_exchange.h>
#include <eddy/server.h>

EDDY_BEGIN_DECLS

/** Answers requests by a function, on any number of connections of one loop:
 *
 *         static int hello(eddy_http_exchange *exchange, void *arg)
 *         {
 *                 return eddy_http_reply_text(exchange, 200, "hello");
 *         }
 *
 *         eddy_http_service_create(&service, hello, NULL, NULL);
 *         eddy_http_start_server(&server, service, host, port, NULL);
 */
typedef struct eddy_http_service eddy_http_service;

/** One request that was answered, for a log (eddy/http_log.h). What it points to is valid during the call. */
typedef struct eddy_http_access {
        const char *peer;   /**< its address */
        const char *method; /**< such as "GET"; "-" where it was not understood */
        const char *target; /**< as it was sent; NOT terminated */
        size_t target_size;
        int status;
        int64_t sent;                 /**< bytes of body */
        const char *version;          /**< such as "HTTP/1.1", which it is where it was not understood */
        eddy_duration took;           /**< from the end of the request's head to that of its handler */
        eddy_http_exchange *exchange; /**< for its headers; NULL where it was not understood */
} eddy_http_access;

/** What has been served. */
typedef struct eddy_http_counts {
        uint64_t connections, requests, bytes; /**< bytes of bodies */
} eddy_http_counts;

/** A content coding, and how hard to try. */
typedef struct eddy_http_coding {
        const char *name; /**< "gzip", "br" or "zstd" */
        int level;        /**< 1 to 9 (br: 11, zstd: 19), more is smaller and slower; 0: 6 (br: 5, zstd: 3) */
} eddy_http_coding;

/** How requests are to be served. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_http_service_options {
        /** How long a client may be silent, or take nothing of an answer (see docs/http-server.md); 0: 30 s. */
        eddy_duration timeout;
        eddy_duration head_timeout;   /**< for a request's head, as a whole; 0: `timeout` */
        eddy_duration idle_timeout;   /**< between requests; 0: `timeout` */
        eddy_duration answer_timeout; /**< for an answer to be taken whole, however steadily; 0: none */
        void (*on_request)(const eddy_http_access *access, void *arg);
        void *arg; /**< passed to on_request */
        /** For a handler: then its calls return EDDY_TIMEOUT, and where it has not answered the client gets 503; 0: none */
        eddy_duration exchange_timeout;
        size_t max_head;      /**< bytes of a request's head, 414 or 431 beyond; 0: 16 KiB; 64 KiB at most */
        unsigned max_headers; /**< of a request, 431 beyond; 0: 64; 1000 at most */
        size_t max_body;      /**< bytes of a request's body, 413 beyond; 0: no bound but the handler's */
        /** Bytes of a body that its handler has not read, which are passed over for the next request's sake; behind a longer one the connection
         * (of HTTP/2: the stream) ends. 0: 64 KiB */
        size_t max_unread_body;
        unsigned max_requests; /**< that a connection may bring, before it is to be made anew; 0: no bound */
        size_t stack_size;     /**< of each handler's task; 0: eddy_set_stack_size()'s */
        bool ignores_gone;     /**< handlers are not cancelled when their client has gone */
        bool cancels_at_end;   /**< they are, too, when it has ended its sending half alone */
        /** Answers of handlers leave in a content coding where their client takes one and it is worth it. Not for answers that hold a
         * secret beside what a stranger chose: see docs/http-compression.md */
        bool compresses;
        /** In which, among those that a client likes as well, the best first, a NULL name behind the last; what is not built in is passed by.
         * NULL: zstd, br, gzip */
        const eddy_http_coding *codings;
        size_t compress_min_size; /**< bytes of a body that it is worth it for; 0: 1024 */
        /** Bodies of requests are read as what they were before their content coding. `max_body` holds for both, and where it is 0 the
         * latter has 16 MiB; nor may it be more than 100 times what has come, from the first MiB on */
        bool decodes;
        /** At a time; who comes beyond has its first request answered by 503, and 2 s to bring one. 0: no bound. (That of a server, in its own
         * options, lets them wait) */
        size_t max_connections;
        unsigned
            http2_max_concurrent_streams; /**< requests that a client of HTTP/2 may have open on a connection; 0: 100 */
        size_t
            http2_max_header_list_size; /**< bytes of the head of such a request, 431 beyond; 0: `max_head` */
        /** For how much ado about nothing a connection of HTTP/2 ends (ENHANCE_YOUR_CALM): see docs/http-server.md; 0: 10,000 */
        unsigned http2_max_nuisance;
        void *reserved[4]; /**< zero */
} eddy_http_service_options;

/**
 * Create a service.
 *
 * @param service  receives it; give it back with eddy_http_service_destroy()
 * @param handler  called for each request
 * @param arg      passed to it
 * @param options  may be NULL
 * @return 0
 * @retval -EINVAL  a coding among the options is none, is there twice, or has no such level, or a bound is more than can be had; the
 *                  detail says which
 * @retval -ENOMEM  no memory
 *
 * Does not suspend. aiohttp.web.Server().
 */
EDDY_API int eddy_http_service_create(eddy_http_service **service, eddy_http_handler handler, void *arg,
                                      const eddy_http_service_options *options);

/** Give it back. Connections that are left go on with it to their end; what their handlers use must stay as long. NULL is allowed. */
EDDY_API void eddy_http_service_destroy(eddy_http_service *service);

/**
 * Listen on a port and answer requests. HTTP/1.1 and 1.0, keep-alive, pipelining: answers to requests that came together
 * leave together, in their order. HTTP/2 with who begins so, or has agreed on it by TLS (eddy_http_alpn()). A silent connection has no task and no buffer. What another parser could read otherwise
 * is no request: 400 or 501, and the connection ends.
 *
 * @param server   receives it; give it back with eddy_server_destroy()
 * @param service  must stay until the last connection has ended
 * @param host     as of eddy_start_server(), with `port`
 * @param options  likewise; may be NULL. `tls` makes it HTTPS; for HTTP/2 its context has to offer that
 * @return 0, or as eddy_start_server()
 *
 * Suspends while a host name is looked up. aiohttp.web.TCPSite(), run_app().
 */
EDDY_API EDDY_ASYNC int eddy_http_start_server(eddy_server **server, eddy_http_service *service,
                                               const char *host, uint16_t port,
                                               const eddy_server_options *options);

/** Likewise on a UNIX socket. 0, or as eddy_start_unix_server(). Does not suspend. aiohttp.web.UnixSite(). */
EDDY_API int eddy_http_start_unix_server(eddy_server **server, eddy_http_service *service, const char *path,
                                         const eddy_server_options *options);

/**
 * Serve one connection that is there already; an eddy_connection_handler. eddy_http_start_server() needs no task for each.
 *
 * @param stream   closed when this returns, or where the caller was interrupted, when the client has the answers that were made; and still to be
 *                 given back by whoever has to
 * @param service  an eddy_http_service
 * @return 0, or the failure that ended the connection; answers that were made leave in any case
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted
 * @retval EDDY_ENOTASK                  called outside a coroutine
 *
 * Suspends, and ends when the client leaves, is silent for too long, or the caller is cancelled.
 */
EDDY_API EDDY_ASYNC intptr_t eddy_http_serve(eddy_stream *stream, void *service);

/**
 * End gracefully: connections that wait for a request close now, the others after the answer they are
 * sending; those of HTTP/2 are told to bring no more (GOAWAY), answer what was under way, and close. Close the server first
 * (eddy_server_close()). Does not suspend.
 */
EDDY_API void eddy_http_service_stop(eddy_http_service *service);

/**
 * End gracefully, within a bound: as eddy_http_service_stop(), and wait until the last connection has ended. When the bound has
 * passed, handlers that are still at it are cancelled and the connections reset; then for their ends, however long those take.
 *
 * @param bound  how long answers that are under way have; 0 or less: none. EDDY_FOREVER: all the time they take
 * @return how many connections were reset in the midst of a request; 0: none
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; those that are left go on to their end
 * @retval EDDY_ENOTASK                  called outside a coroutine
 *
 * Suspends; the service has to stay until this returns. Server.Shutdown() of Go, BaseRunner.cleanup() of aiohttp.
 */
EDDY_API EDDY_ASYNC int eddy_http_service_drain(eddy_http_service *service, eddy_duration bound);

/**
 * What the server speaks, for a TLS context to offer to its clients:
 *
 *         eddy_tls_create_server(&tls, &(eddy_tls_options){.certificate_file = file, .alpn = eddy_http_alpn()});
 *
 * @return "h2" where libeddy-http is built with nghttp2, and "http/1.1"; NULL at their end. Never to be given back
 *
 * Does not suspend. Any thread may call it. SSLContext.set_alpn_protocols().
 */
EDDY_API const char *const *eddy_http_alpn(void);

/** What has been served since it was created. */
EDDY_API void eddy_http_service_count(const eddy_http_service *service, eddy_http_counts *counts);

EDDY_END_DECLS

#endif
