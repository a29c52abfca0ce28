/*
 * Answer requests by their path and method, as in aiohttp's documentation: http_router PORT
 *
 *         async def hello(request):                              # aiohttp
 *                 return web.Response(text="Hello, {}\n".format(request.match_info['name']))
 *
 *         app = web.Application(middlewares=[log])
 *         app.router.add_get('/hello/{name}', hello)
 *         app.router.add_get(r'/files/{path:.*}', files)
 *         api = web.Application()
 *         api.router.add_get('/status', status)
 *         app.add_subapp('/api/', api)
 *         web.run_app(app)
 */
#include <eddy/http.h>
#include <stdio.h>
#include <stdlib.h>

static int hello(eddy_http_exchange *request, void *arg)
{
        (void)arg;
        return eddy_http_reply_text(request, 200, "Hello, %s\n", eddy_http_exchange_param(request, "name"));
}

static int files(eddy_http_exchange *request, void *arg)
{
        (void)arg;
        return eddy_http_reply_text(request, 200, "the file \"%s\"\n",
                                    eddy_http_exchange_param(request, "path"));
}

static int status(eddy_http_exchange *request, void *version)
{
        return eddy_http_reply_text(request, 200, "version %s\n", (const char *)version);
}

static int log_request(eddy_http_exchange *request, eddy_http_next *next, void *arg)
{
        (void)arg;
        int rc = eddy_http_next_call(next, request);
        printf("%s %s\n", eddy_http_exchange_method(request), eddy_http_exchange_target(request));
        fflush(stdout);
        return rc;
}

static int add_routes(eddy_http_router *router, eddy_http_router *api)
{
        int rc = eddy_http_router_use(router, log_request, NULL);
        if (rc == 0)
                rc = eddy_http_router_add(router, "GET", "/hello/{name}", hello, NULL);
        if (rc == 0)
                rc = eddy_http_router_add(router, "GET", "/files/{path...}", files, NULL);
        if (rc == 0)
                rc = eddy_http_router_mount(router, "/api", eddy_http_router_handle, api);
        if (rc == 0)
                rc = eddy_http_router_add(api, "GET", "/status", status, "1");
        return rc;
}

static void announce(eddy_server *server, void *arg)
{
        (void)arg;
        printf("serving on port %u\n", eddy_server_port(server));
        fflush(stdout);
}

int main(int argc, char **argv)
{
        uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080);
        eddy_http_router *router, *api = NULL;
        int rc = eddy_http_router_create(&router, NULL);
        if (rc == 0)
                rc = eddy_http_router_create(&api, NULL);
        if (rc == 0)
                rc = add_routes(router, api);
        if (rc == 0)
                rc = eddy_http_run(eddy_http_router_handle, router, "127.0.0.1", port,
                                   &(eddy_http_run_options){.on_start = announce});
        eddy_http_router_destroy(router);
        eddy_http_router_destroy(api);
        if (rc < 0)
                fprintf(stderr, "http_router: %s\n", eddy_explain(rc));
        return rc < 0;
}
