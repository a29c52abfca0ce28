/* A program that is an HTTP server. Of libeddy-http: link with eddy-http.
 *
 *         int main(void)
 *         {
 *                 return eddy_http_run(hello, NULL, NULL, 8080, NULL) < 0;
 *         }
 */
#ifndef EDDY_HTTP_RUN_H
#define EDDY_HTTP_RUN_H

#include <eddy/http_server.h>

EDDY_BEGIN_DECLS

/** How it is to run. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_http_run_options {
        const eddy_http_service_options *service; /**< for eddy_http_run(); may be NULL */
        const eddy_server_options *server; /**< such as TLS, sockets that are there already; may be NULL */
        eddy_duration drain;               /**< for answers under way when it is to end; 0: 60 s; less: none */
        /** Connections are accepted: the moment to say where, for which eddy_server_port() tells the port */
        void (*on_start)(eddy_server *server, void *arg);
        /** It is to end, and accepts no more: the moment to have WebSockets and streams of events say goodbye, whose handlers would
         * go on until `drain` has passed. Must not wait for them itself */
        void (*on_stop)(void *arg);
        void *arg;         /**< passed to both */
        void *reserved[4]; /**< zero */
} eddy_http_run_options;

/**
 * Serve until SIGINT or SIGTERM comes, or the caller is interrupted; then accept no more, and give answers that are under way the time
 * of `drain`. A second signal does not wait for them; a third does what it does without this.
 *
 * @param service  must stay until this returns
 * @param host     as of eddy_http_start_server(), with `port`
 * @param options  may be NULL; `service` is not looked at
 * @return how many connections had to be reset in the midst of a request; 0: none
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; answers under way had their time all the same
 * @retval -EADDRINUSE, ...              as eddy_http_start_server(): nothing was served
 *
 * In a loop that may not have signals (-EBUSY: another loop has them), only an interruption ends it. Suspends. aiohttp's AppRunner.
 */
EDDY_API EDDY_ASYNC int eddy_http_service_run(eddy_http_service *service, const char *host, uint16_t port,
                                              const eddy_http_run_options *options);

/**
 * Make a loop and a service, run it as eddy_http_service_run(), and give both back: what main() of a server calls.
 *
 * @param handler  called for each request
 * @param arg      passed to it
 * @param host     numeric or a name; NULL: every address of this machine
 * @param port     in host order; 0: any free one
 * @param options  may be NULL
 * @return 0 or more, as eddy_http_service_run(), or its error; or as eddy_runner_init()
 *
 * Not to be called in a coroutine. aiohttp.web.run_app().
 */
EDDY_API int eddy_http_run(eddy_http_handler handler, void *arg, const char *host, uint16_t port,
                           const eddy_http_run_options *options);

EDDY_END_DECLS

#endif
