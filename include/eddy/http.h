/* HTTP: a client on libcurl, and a server of files and of whatever a function answers. A library of its own: link
 * with eddy-http.
 *
 *         eddy_http_client *client;
 *         eddy_http_response response;
 *
 *         eddy_http_client_create(&client, NULL);
 *         rc = eddy_http_fetch(client, &(eddy_http_request){.url = url, .on_body = show}, &response);
 *         if (rc == 0)
 *                 printf("%d %s\n", response.status, eddy_http_response_header(&response, "content-type"));
 *         eddy_http_response_finish(&response);
 *         eddy_http_client_destroy(client);
 */
#ifndef EDDY_HTTP_H
#define EDDY_HTTP_H

#include <eddy.h>

EDDY_BEGIN_DECLS

#define EDDY_EHTTP (-3900) /**< the transfer failed; the detail says how */

/** Keeps connections between fetches, so that one client serves many. */
typedef struct eddy_http_client eddy_http_client;

/** How a client is to be. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_http_client_options {
        eddy_loop *loop;             /**< whose it is; NULL: the running one */
        size_t max_connections;      /**< open at a time; further fetches wait; 0: no bound */
        size_t max_host_connections; /**< of those, to one host; 0: no bound */
        const char *user_agent;      /**< copied; NULL: "eddy/" and its version */
} eddy_http_client_options;

/**
 * Create a client.
 *
 * @param client   receives it; give it back with eddy_http_client_destroy()
 * @param options  may be NULL
 * @return 0
 * @retval EDDY_ENOLOOP  no loop was named and none runs
 * @retval -ENOMEM       no memory
 *
 * Does not suspend. aiohttp.ClientSession().
 */
EDDY_API int eddy_http_client_create(eddy_http_client **client, const eddy_http_client_options *options);

/** Close a client's connections and give it back. No fetch may be under way. NULL is allowed. */
EDDY_API void eddy_http_client_destroy(eddy_http_client *client);

/** What a server answered. The caller's memory, filled by a fetch; end it with eddy_http_response_finish().
 */
typedef struct eddy_http_response {
        int status;       /**< of the last answer, redirects followed, such as 200; 0: there was none */
        int64_t length;   /**< bytes of body that it announced; -1: it did not say */
        int64_t received; /**< bytes of body that came */
        char *url;        /**< where it came from in the end; NULL: from nowhere */
        char *headers;    /* "Name\0value\0" one after the other */
        size_t headers_size;
        void *reserved[2];
} eddy_http_response;

/** The value of a header, its name in any case; NULL where the answer has none. Valid while the response is.
 */
EDDY_API const char *eddy_http_response_header(const eddy_http_response *response, const char *name);

/** Give back what a response holds. One that is all zero may be finished too. */
EDDY_API void eddy_http_response_finish(eddy_http_response *response);

/** What to ask for. The callbacks run in the loop, outside any task, so they must not suspend. */
typedef struct eddy_http_request {
        const char *url;            /**< http:// or https:// */
        const char *method;         /**< NULL: GET, or POST where there is a body */
        const char *const *headers; /**< "Name: value" each, NULL behind the last; or NULL */
        const void *body;           /**< sent with the request; NULL: none */
        size_t body_size;

        eddy_duration timeout;         /**< for the whole; 0: none */
        eddy_duration connect_timeout; /**< for name, connection and TLS; 0: 30 s */
        eddy_duration stall_timeout;   /**< longest silence once connected; 0: none */
        int max_redirects;             /**< 0: 20; less: a redirect is an answer like any other */
        bool insecure;                 /**< accept any TLS certificate */
        const char *ca_file;           /**< certificates to trust, PEM; NULL: the system's */

        int64_t range_start;  /**< first byte wanted. More than 0 asks for a part: status 206 says it is one */
        const char *if_range; /**< ETag or date of the bytes already here; else the whole is sent */

        /** The answer's headers are complete; redirects have been followed. An error ends the fetch with it.
         */
        int (*on_headers)(const eddy_http_response *response, void *arg);
        /** A piece of body, valid during the call; NULL: dropped. An error ends the fetch with it. */
        int (*on_body)(const void *data, size_t n, void *arg);
        /** Bytes of body so far, and in all or -1. */
        void (*on_progress)(int64_t received, int64_t total, void *arg);
        void *arg; /**< passed to these */
} eddy_http_request;

/**
 * Send a request and receive its answer; the body is passed on as it comes and never kept.
 *
 * @param request   with what it points to must live until this returns
 * @param response  filled whatever happens; finish it always. NULL: nobody looks
 * @return 0 for an answer of any status, 404 included
 * @retval EDDY_TIMEOUT            a timeout of the request, or a deadline of the caller, passed
 * @retval EDDY_CANCELLED          the caller was cancelled; the transfer is gone
 * @retval EDDY_ERESOLVE           the host has no address
 * @retval -ECONNREFUSED ...       no connection
 * @retval -ECONNRESET             the connection broke
 * @retval EDDY_EINCOMPLETE        the body ended before its announced length
 * @retval EDDY_EPROTOCOL          the answer was malformed, or the TLS handshake failed
 * @retval EDDY_EHTTP              another failure: the certificate is not trusted, too many redirects
 * @retval -EINVAL, EDDY_ENOTSUP   no URL, or none of http or https
 * @retval EDDY_ENOTASK            called outside a coroutine
 * @retval -ENOMEM                 no memory
 *
 * eddy_error_detail() has the sentence. Suspends. aiohttp.ClientSession.request().
 */
EDDY_API EDDY_ASYNC int eddy_http_fetch(eddy_http_client *client, const eddy_http_request *request,
                                        eddy_http_response *response);

/** How a download is to go. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_http_download_options {
        unsigned retries;      /**< attempts after the first that may fail without getting any further */
        eddy_duration backoff; /**< before the first retry, doubled for each further up to 10 s; 0: 250 ms */
        bool overwrite;        /**< replace a file that is there */
        /** An attempt failed and another follows after a while. */
        void (*on_retry)(int error, const char *detail, eddy_duration delay, void *arg);
} eddy_http_download_options;

/**
 * Fetch into a file that appears under its name only when it is whole.
 *
 * The bytes go to ".NAME.part" beside it. What an earlier attempt or process left there is continued where
 * the server proves, by ETag or Last-Modified, that it still has the same bytes; else it is begun anew. After
 * a failure that file stays where it can be continued, and is removed where it cannot.
 *
 * @param request   a GET; its on_headers and on_body are not called, and its range is not used. on_progress
 *                  counts what is in the file
 * @param path      the final name; its folder must exist
 * @param options   may be NULL
 * @param response  as for eddy_http_fetch(), of the last attempt
 * @return 0: the file is there
 * @retval -EEXIST     something has that name, and overwrite is not set
 * @retval -EBUSY      another process is downloading to it
 * @retval EDDY_EHTTP  the server refused; response->status and the detail say how
 * @retval -ENOSPC, -EACCES ...  the file cannot be written
 *
 * Else as eddy_http_fetch(). Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_http_download(eddy_http_client *client, const eddy_http_request *request,
                                           const char *path, const eddy_http_download_options *options,
                                           eddy_http_response *response);

/** One request, and the answer to it. It and its strings are valid until its handler returns. */
typedef struct eddy_http_exchange eddy_http_exchange;

/**
 * Answers a request by eddy_http_reply(), in the coroutine of its connection, so it may suspend.
 *
 * @return 0, or why it failed: the loop's exception handler is told, and the client gets status 500 unless it has
 *         its answer
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
        eddy_duration timeout; /**< for a request to arrive whole, and for an answer to leave; 0: 30 s */
        void (*on_request)(const eddy_http_access *access, void *arg);
        void *arg; /**< passed to on_request */
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
 * ends with its answer.
 *
 * @param service  an eddy_http_service
 * @return 0, or the failure that ended the connection
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
        int status;                 /**< 0: 200 */
        const char *content_type;   /**< NULL: "text/plain; charset=utf-8" where there is a body */
        const char *const *headers; /**< further ones, "Name: value" each, NULL behind the last; or NULL */
        const void *body;           /**< may be NULL where its size is 0 */
        size_t body_size;
} eddy_http_answer;

/**
 * Answer a request, once. To a HEAD request the body is described and not sent.
 *
 * @param answer  with what it points to is free again when this returns
 * @return 0
 * @retval EDDY_EINVALIDSTATE  it has been answered
 * @retval -EINVAL             the status is none, a header has no colon or a line end, or the headers are longer than
 *                             8 KiB; nothing was answered
 * @retval EDDY_TIMEOUT, EDDY_CANCELLED, -ECONNRESET, -EPIPE ...  the client did not take it
 *
 * Suspends where the client is slow. aiohttp.web.Response().
 */
EDDY_API EDDY_ASYNC int eddy_http_reply(eddy_http_exchange *exchange, const eddy_http_answer *answer);

/** A folder that is served, by any number of connections of one loop. */
typedef struct eddy_http_files eddy_http_files;

/** How a folder is to be served. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_http_files_options {
        eddy_duration timeout; /**< for a request to arrive whole, and for each 256 KiB to leave; 0: 30 s */
        bool hides_listings;   /**< a folder without index.html is 404, not a list of its files */
        void (*on_request)(const eddy_http_access *access, void *arg);
        void *arg;
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
 * @return 0, or the failure that ended the connection
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
