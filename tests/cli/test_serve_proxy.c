/* `--proxy PREFIX=URL` of eddy serve. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli.h"
#include "serve_proxy.h"

#include <eddy.h>
#include <stdio.h>
#include <string.h>

static void reads_what_is_given(void **state)
{
        static const char *const bad[] = {
            "", "/api", "/api=", "api=http://127.0.0.1", "/api=9000", "/api=https://127.0.0.1"};
        struct serve_proxies proxies = {.count = 0};

        (void)state;
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                assert_int_equal(serve_proxy_add(&proxies, bad[i]), CLI_USAGE);
        assert_int_equal(proxies.count, 0);
        assert_int_equal(serve_proxy_add(&proxies, "/api=http://127.0.0.1:9000/a=b"), CLI_OK);
        assert_int_equal(serve_proxy_add(&proxies, "http://unix:/run/app.sock"), CLI_OK);
        assert_int_equal(proxies.count, 2);
        serve_proxy_close(&proxies);
        serve_proxy_close(&proxies);
}

static void prefixes_are_patterns(void **state)
{
        struct serve_proxies proxies = {.count = 0};
        eddy_http_router *router;

        (void)state;
        assert_int_equal(eddy_http_router_create(&router, NULL), 0);
        assert_int_equal(serve_proxy_add(&proxies, "/a=http://x"), CLI_OK);
        assert_int_equal(serve_proxy_add(&proxies, "/a=http://y"), CLI_OK);
        assert_int_equal(serve_proxy_mount(&proxies, router), CLI_USAGE);
        eddy_http_router_destroy(router);
        serve_proxy_close(&proxies);
}

static int echo_target(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return eddy_http_reply_text(exchange, 200, "%s", eddy_http_exchange_target(exchange));
}

static uint16_t start(eddy_server **server, eddy_http_service **service, eddy_http_handler handler, void *arg)
{
        assert_int_equal(eddy_http_service_create(service, handler, arg, NULL), 0);
        assert_int_equal(eddy_http_start_server(server, *service, "127.0.0.1", 0, NULL), 0);
        return eddy_server_port(*server);
}

static void stop(eddy_server *server, eddy_http_service *service)
{
        eddy_server_close(server);
        assert_true(eddy_http_service_drain(service, 0) >= 0);
        eddy_server_destroy(server);
        eddy_http_service_destroy(service);
}

static void ask(uint16_t port, const char *path, const char *answer)
{
        eddy_stream *stream;
        char text[128], *all;

        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", port, NULL), 0);
        snprintf(text, sizeof text, "GET %s HTTP/1.0\r\n\r\n", path);
        assert_int_equal(eddy_stream_write_all(stream, text, strlen(text)), strlen(text));
        assert_true(eddy_stream_read_all(stream, &all, 10000) > 0);
        assert_non_null(strstr(all, answer));
        eddy_free(all);
        eddy_stream_destroy(stream);
}

static intptr_t serve(void *arg)
{
        struct serve_proxies proxies = {.count = 0};
        eddy_http_service *behind, *front;
        eddy_server *behind_server, *front_server;
        eddy_http_router *router;
        char text[128];
        uint16_t port;

        (void)arg;
        port = start(&behind_server, &behind, echo_target, NULL);
        snprintf(text, sizeof text, "/api=http://127.0.0.1:%u/base", port);
        assert_int_equal(serve_proxy_add(&proxies, text), CLI_OK);
        assert_int_equal(eddy_http_router_create(&router, NULL), 0);
        assert_int_equal(serve_proxy_mount(&proxies, router), CLI_OK);
        port = start(&front_server, &front, eddy_http_router_handle, router);
        ask(port, "/api/x?y", "\r\n\r\n/base/x?y");
        ask(port, "/else", " 404 ");
        stop(front_server, front);
        stop(behind_server, behind);
        eddy_http_router_destroy(router);
        serve_proxy_close(&proxies);
        return 0;
}

static void what_lies_below_is_asked_of_it(void **state)
{
        (void)state;
        assert_int_equal(eddy_run(serve, NULL), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(reads_what_is_given),
            cmocka_unit_test(prefixes_are_patterns),
            cmocka_unit_test(what_lies_below_is_asked_of_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
