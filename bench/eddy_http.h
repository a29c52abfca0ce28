/* How eddy's servers of HTTP are run. Where the environment's CERTIFICATE is the file of a certificate and its key, by TLS, with HTTP/2
 * offered. Both versions come to the same port. */
#ifndef EDDY_BENCH_HTTP_H
#define EDDY_BENCH_HTTP_H

#include "eddy_bench.h"
#include <eddy/http_server.h>
#include <eddy/tls.h>

/** Answer by a function until killed; the port is printed. */
EDDY_ASYNC static inline int bench_serve_http(eddy_http_handler handler, void *arg)
{
        const char *pem = getenv("CERTIFICATE");
        eddy_server_options options = {0};
        eddy_http_service *service;
        eddy_server *server;
        int rc = eddy_http_service_create(&service, handler, arg, NULL);

        if (rc < 0)
                return rc;
        if (pem)
                rc = eddy_tls_create_server(
                    &options.tls, &(eddy_tls_options){.certificate_file = pem, .alpn = eddy_http_alpn()});
        if (rc == 0)
                rc = eddy_http_start_server(&server, service, "127.0.0.1", 0, &options);
        if (rc == 0) {
                bench_port(eddy_server_port(server));
                rc = eddy_server_serve_forever(server);
                eddy_server_destroy(server);
        }
        eddy_http_service_destroy(service);
        return rc;
}

#endif
