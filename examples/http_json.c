/*
 * A service in JSON, as in README: http_json PORT
 *
 *         async def sum(request):                                # aiohttp
 *             try:
 *                 a, b = await request.json()
 *             except (ValueError, TypeError):
 *                 raise web.HTTPUnprocessableEntity
 *             return web.json_response({'sum': a + b})
 *
 *         app = web.Application()
 *         app.add_routes([web.post('/sum', sum)])
 *         web.run_app(app, port=PORT)
 */
#include <eddy/http.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static int sum(eddy_http_exchange *request, void *arg)
{
        (void)arg;
        json_t *numbers;
        int a, b, rc = eddy_http_exchange_json(request, &numbers, 0);
        if (rc < 0)
                return rc; /* the client is told: 400, or 413 */
        rc = json_unpack(numbers, "[i,i]", &a, &b);
        json_decref(numbers);
        if (rc < 0)
                return eddy_http_reply(request, &(eddy_http_answer){.status = 422});
        return eddy_http_reply_json(request, 200, json_pack("{s:I}", "sum", (json_int_t)a + b));
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
        eddy_http_router *router;
        int rc = eddy_http_router_create(&router, NULL);
        if (rc == 0)
                rc = eddy_http_router_add(router, "POST", "/sum", sum, NULL);
        if (rc == 0)
                rc = eddy_http_run(eddy_http_router_handle, router, "127.0.0.1", port,
                                   &(eddy_http_run_options){.on_start = announce});
        eddy_http_router_destroy(router);
        if (rc < 0)
                fprintf(stderr, "http_json: %s\n", eddy_explain(rc));
        return rc < 0;
}
