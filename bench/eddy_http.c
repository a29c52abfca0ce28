/* eddy in the rows of HTTP: "hello, world!", as a user would write it. Prints its port and serves until killed. */
#include "eddy_bench.h"
#include <eddy/http_server.h>

static int hello(eddy_http_exchange *exchange, void *arg)
{
        static const char text[] = "hello, world!";

        (void)arg;
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = sizeof text - 1});
}

static intptr_t app(void *arg)
{
        eddy_http_service *service;
        eddy_server *server;
        int rc = eddy_http_service_create(&service, hello, NULL, NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = eddy_http_start_server(&server, service, "127.0.0.1", 0, NULL);
        if (rc == 0) {
                bench_port(eddy_server_port(server));
                rc = eddy_server_serve_forever(server);
                eddy_server_destroy(server);
        }
        eddy_http_service_destroy(service);
        return rc;
}

int main(void)
{
        return bench_run(app, NULL);
}
