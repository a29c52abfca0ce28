/*
 * Answer requests over HTTP, as in aiohttp's documentation: http_server PORT
 *
 *         async def handle(request):                             # aiohttp
 *                 name = request.match_info.get('name', "Anonymous")
 *                 text = "Hello, " + name
 *                 return web.Response(text=text)
 *
 *         app = web.Application()
 *         app.add_routes([web.get('/', handle),
 *                         web.get('/{name}', handle)])
 *         web.run_app(app)
 */
#include <eddy/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int handle(eddy_http_exchange *request, void *arg)
{
        (void)arg;
        if (strcmp(eddy_http_exchange_method(request), "GET") != 0)
                return eddy_http_reply(request, &(eddy_http_answer){.status = 405});

        const char *name = eddy_http_exchange_target(request) + 1;
        char text[256];
        int n = snprintf(text, sizeof text, "Hello, %.100s\n", *name ? name : "Anonymous");
        return eddy_http_reply(request, &(eddy_http_answer){.body = text, .body_size = (size_t)n});
}

static intptr_t app(void *port)
{
        eddy_http_service *service;
        int rc = eddy_http_service_create(&service, handle, NULL, NULL);
        if (rc < 0)
                return rc;

        eddy_server *server;
        rc = eddy_http_start_server(&server, service, "127.0.0.1", *(uint16_t *)port, NULL);
        if (rc == 0) {
                printf("serving on port %u\n", eddy_server_port(server));
                fflush(stdout);
                rc = eddy_server_serve_forever(server);
                eddy_server_destroy(server);
        }
        eddy_http_service_destroy(service);
        return rc;
}

int main(int argc, char **argv)
{
        uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080);
        intptr_t rc = eddy_run(app, &port);
        if (rc < 0 && rc != EDDY_CANCELLED)
                fprintf(stderr, "http_server: %s\n", eddy_explain(rc));
        return rc < 0 && rc != EDDY_CANCELLED;
}
