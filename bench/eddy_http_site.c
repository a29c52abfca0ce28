/* eddy in the other rows of HTTP: a site as a user would write it, all of whose pages stand in one router. Prints its port and serves
 * until killed.
 *
 *         GET /json               an object of 1 KB, made anew
 *         POST /size              how many bytes came
 *         GET /stream/{bytes}     so many, in pieces of 64 KiB
 *         GET /echo               a WebSocket that sends back what comes
 *         GET /resource{i}                           for i from 0 to 249: "hello, world!"
 *         GET /resource{i}/{id}/parts/{part}         likewise: the part */
#include "eddy_http.h"
#include <eddy/http_router.h>
#include <eddy/websocket_server.h>
#include <jansson.h>

enum { RESOURCES = 250, USERS = 9, BUFFER = 16 * 1024, PIECE = 64 * 1024 };

static int reply(eddy_http_exchange *exchange, const char *text)
{
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = strlen(text)});
}

static json_t *make_user(int number)
{
        char name[32], address[64];

        snprintf(name, sizeof name, "user %d", number);
        snprintf(address, sizeof address, "user%d@example.org", number);
        return json_pack("{s:i, s:s, s:s, s:b, s:f, s:[s, s]}", "id", number, "name", name, "email", address,
                         "active", number % 2, "score", number + 0.5, "tags", "reader", "writer");
}

static char *make_page(void)
{
        static int asked;
        json_t *users = json_array(), *page = json_pack("{s:i, s:o}", "request", ++asked, "users", users);

        for (int i = 0; i < USERS; i++)
                json_array_append_new(users, make_user(1000 + i));
        char *text = json_dumps(page, JSON_COMPACT);
        json_decref(page);
        return text;
}

static int show_json(eddy_http_exchange *exchange, void *arg)
{
        char *text = make_page();

        (void)arg;
        if (!text)
                return -ENOMEM;
        int rc = eddy_http_reply(
            exchange,
            &(eddy_http_answer){.content_type = "application/json", .body = text, .body_size = strlen(text)});
        free(text);
        return rc;
}

static int tell_size(eddy_http_exchange *exchange, void *arg)
{
        char buffer[BUFFER];
        long long size = 0;
        ssize_t n;

        (void)arg;
        while ((n = eddy_http_exchange_read(exchange, buffer, sizeof buffer)) > 0)
                size += n;
        if (n < 0)
                return (int)n;
        snprintf(buffer, sizeof buffer, "%lld", size);
        return reply(exchange, buffer);
}

static int stream(eddy_http_exchange *exchange, void *arg)
{
        static const char piece[PIECE];
        long long left = atoll(eddy_http_exchange_param(exchange, "bytes"));
        int rc =
            eddy_http_reply_begin(exchange, &(eddy_http_answer){.content_type = "application/octet-stream"});

        (void)arg;
        for (; left > 0 && rc == 0; left -= PIECE)
                rc = eddy_http_reply_write(exchange, piece, left < PIECE ? (size_t)left : PIECE);
        return rc < 0 ? rc : eddy_http_reply_end(exchange);
}

static int echo(eddy_http_exchange *exchange, void *arg)
{
        eddy_websocket_message message;
        eddy_websocket *ws;
        int rc = eddy_websocket_accept(&ws, exchange, NULL);

        (void)arg;
        if (rc < 0)
                return rc == EDDY_EWEBSOCKET ? 0 : rc;
        while ((rc = eddy_websocket_receive(ws, &message)) > 0) {
                rc = eddy_websocket_send(ws, message.type, message.data, message.size);
                if (rc < 0)
                        break;
        }
        eddy_websocket_destroy(ws);
        return rc == EDDY_EINCOMPLETE ? 0 : rc; /* a client may leave as it likes */
}

static int show_resource(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return reply(exchange, "hello, world!");
}

static int show_part(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return reply(exchange, eddy_http_exchange_param(exchange, "part"));
}

static int add_resources(eddy_http_router *router)
{
        char pattern[64];
        int rc = 0;

        for (int i = 0; i < RESOURCES && rc == 0; i++) {
                snprintf(pattern, sizeof pattern, "/resource%d", i);
                rc = eddy_http_router_add(router, "GET", pattern, show_resource, NULL);
                strcat(pattern, "/{id}/parts/{part}");
                if (rc == 0)
                        rc = eddy_http_router_add(router, "GET", pattern, show_part, NULL);
        }
        return rc;
}

static int add_pages(eddy_http_router *router)
{
        static const struct page {
                const char *method, *pattern;
                eddy_http_handler handler;
        } pages[] = {{"GET", "/json", show_json},
                     {"POST", "/size", tell_size},
                     {"GET", "/stream/{bytes}", stream},
                     {"GET", "/echo", echo}};
        int rc = 0;

        for (size_t i = 0; i < sizeof pages / sizeof *pages && rc == 0; i++)
                rc = eddy_http_router_add(router, pages[i].method, pages[i].pattern, pages[i].handler, NULL);
        return rc;
}

static intptr_t app(void *arg)
{
        eddy_http_router *router;
        int rc = eddy_http_router_create(&router, NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = add_pages(router);
        if (rc == 0)
                rc = add_resources(router);
        if (rc == 0)
                rc = bench_serve_http(eddy_http_router_handle, router);
        eddy_http_router_destroy(router);
        return rc;
}

int main(void)
{
        return bench_run(app, NULL);
}
