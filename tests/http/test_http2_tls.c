/* Which version of HTTP is spoken is agreed on by TLS (ALPN), and holds. */
#include "http2_client.h"

#include <eddy/tls.h>

static eddy_tls *served, *trusting;

static int answer(eddy_http_exchange *exchange, void *arg)
{
        return strcmp(eddy_http_exchange_target(exchange), "/big") == 0 ? big(exchange, arg)
                                                                        : describe(exchange, arg);
}

/** A world whose server has a certificate, and a client that offers these protocols, or none. */
static void open_secure_client(const char *const *offered)
{
        char fingerprint[EDDY_TLS_FINGERPRINT_SIZE];

        world = (struct world){0};
        assert_int_equal(eddy_tls_create_self_signed_with(&served, NULL, fingerprint,
                                                          &(eddy_tls_options){.alpn = eddy_http_alpn()}),
                         0);
        assert_int_equal(
            eddy_tls_create_client(&trusting,
                                   &(eddy_tls_options){.verify = EDDY_TLS_VERIFY_INSECURE, .alpn = offered}),
            0);
        assert_int_equal(eddy_http_service_create(&world.service, answer, NULL, NULL), 0);
        assert_int_equal(eddy_http_start_server(&world.server, world.service, "127.0.0.1", 0,
                                                &(eddy_server_options){.tls = served}),
                         0);
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", eddy_server_port(world.server),
                                              &(eddy_connect_options){.tls = trusting}),
                         0);
        prepare_client();
}

static void close_secure_client(void)
{
        close_client();
        eddy_tls_unref(served);
        eddy_tls_unref(trusting);
}

static void agreed_on_http2(void)
{
        eddy_tls_info info;

        open_secure_client(eddy_http_alpn());
        assert_int_equal(eddy_stream_tls_info(world.stream, &info), 0);
        assert_string_equal(info.alpn, "h2");
        assert_string_equal(answer_to(ask("GET", "/", NULL, NULL))->status, "200");
        assert_int_equal(answer_to(ask("GET", "/big", NULL, NULL))->size, BIG);
        close_secure_client();
}

static void agreed_on_http1(void)
{
        static const char *const old[] = {"http/1.1", NULL};

        for (int i = 0; i < 2; i++) {
                open_secure_client(i == 0 ? old : NULL);
                send_text("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
                assert_answer("HTTP/1.1 200 OK", "GET / example.org -");
                close_secure_client();
        }
        open_secure_client(old); /* and does not keep to it */
        send_frames();
        assert_non_null(strstr(next_head(), "HTTP/1.1 505 "));
        close_secure_client();
}

/** A URL of the server's own is as good as a path. */
static void whole_urls(void)
{
        static const char *const urls[] = {"https://example.org/a?b", "HTTPS://Example.org",
                                           "http://example.org/a"},
                                 *const others[] = {"https://example.com/a", "https://example.org:443/a",
                                                    "https:///a", "https://", "httpss://example.org/"};
        char text[128];

        open_secure_client(NULL);
        for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
                snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: example.org\r\n\r\n", urls[i]);
                send_text(text);
                snprintf(text, sizeof text, "GET %s example.org -", urls[i]);
                assert_answer("HTTP/1.1 200 OK", text);
        }
        close_secure_client();
        for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
                open_secure_client(NULL);
                snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: example.org\r\n\r\n", others[i]);
                send_text(text);
                assert_non_null(strstr(next_head(), "HTTP/1.1 400 "));
                close_secure_client();
        }
}

/** Who has agreed on HTTP/2 and says anything else is told so in HTTP/2. */
static void agreed_and_not_spoken(void)
{
        open_secure_client(eddy_http_alpn());
        send_text("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
        while (listen_on())
                ;
        assert_true(client.is_told_to_go);
        assert_int_equal(client.why, NGHTTP2_PROTOCOL_ERROR);
        close_secure_client();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(agreed_on_http2),
            scene_test(agreed_on_http1),
            scene_test(whole_urls),
            scene_test(agreed_and_not_spoken),
        };

        return cmocka_run_group_tests_name("http2 tls", tests, NULL, NULL);
}
