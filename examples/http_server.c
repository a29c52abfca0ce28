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
        return eddy_http_reply_text(request, 200, "Hello, %s\n", *name ? name : "Anonymous");
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
        int rc = eddy_http_run(handle, NULL, "127.0.0.1", port, &(eddy_http_run_options){.on_start = announce});
        if (rc < 0)
                fprintf(stderr, "http_server: %s\n", eddy_explain(rc));
        return rc < 0;
}
