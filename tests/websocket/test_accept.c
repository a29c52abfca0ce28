/* eddy_websocket_accept(), with an HTTP server of the test's in libeddy-http's place. */
#include "pair.h"

#include <eddy/websocket_server.h>

struct eddy_http_exchange {
        const char *method, *version, *origin;
        eddy_stream *stream;
        int upgraded, status; /* how often, and what was answered */
        char body[128];
        int failure; /* of upgrading */
};

const char *eddy_http_exchange_method(const eddy_http_exchange *exchange)
{
        return exchange->method;
}

const char *eddy_http_exchange_header_nth(eddy_http_exchange *exchange, const char *name, unsigned nth)
{
        const char *const headers[] = {
            "Host",
            "example.org",
            "Upgrade",
            "websocket",
            "Connection",
            "Upgrade",
            "Sec-WebSocket-Key",
            "dGhlIHNhbXBsZSBub25jZQ==",
            "Origin",
            exchange->origin,
            "Sec-WebSocket-Version",
            exchange->version,
        };

        for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i += 2) {
                if (strcmp(headers[i], name) == 0 && nth == 0)
                        return headers[i + 1];
        }
        return NULL;
}

int eddy_http_reply(eddy_http_exchange *exchange, const eddy_http_answer *answer)
{
        exchange->status = answer->status;
        memcpy(exchange->body, answer->body, answer->body_size);
        return 0;
}

int eddy_http_exchange_upgrade(eddy_http_exchange *exchange, const char *const *headers, eddy_stream **stream)
{
        assert_string_equal(headers[0], "Upgrade: websocket");
        exchange->upgraded++;
        *stream = exchange->stream;
        return exchange->failure;
}

static eddy_http_exchange make_exchange(eddy_stream **peer)
{
        eddy_http_exchange exchange = {.method = "GET", .version = "13"};
        eddy_stream *ends[2];

        assert_int_equal(eddy_stream_pair(ends), 0);
        exchange.stream = ends[0];
        *peer = ends[1];
        return exchange;
}

COROUTINE_TEST(a_request_becomes_a_websocket)
{
        struct pair pair = {.peer_masks = true};
        eddy_http_exchange exchange = make_exchange(&pair.peer);

        assert_int_equal(eddy_websocket_accept(&pair.ws, &exchange, &without_pings), 0);
        assert_int_equal(exchange.upgraded, 1);
        assert_int_equal(exchange.status, 0);
        put_text(&pair, FRAME_TEXT, true, "hello");
        assert_receives(&pair, EDDY_WEBSOCKET_TEXT, "hello");
        close_pair(&pair);
}

COROUTINE_TEST(what_is_refused_is_answered)
{
        static const struct {
                const char *method, *version, *origin;
                int status;
        } rows[] = {
            {"POST", "13", NULL, 405},
            {"GET", "12", NULL, 426},
            {"GET", "13", "http://evil.example", 403},
        };

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                eddy_http_exchange exchange = {
                    .method = rows[i].method, .version = rows[i].version, .origin = rows[i].origin};
                eddy_websocket *ws;

                assert_int_equal(eddy_websocket_accept(&ws, &exchange, NULL), EDDY_EWEBSOCKET);
                assert_null(ws);
                assert_int_equal(exchange.status, rows[i].status);
                assert_string_equal(exchange.body, eddy_error_detail());
                assert_int_equal(exchange.upgraded, 0);
        }
}

COROUTINE_TEST(what_fails_is_passed_on)
{
        eddy_http_exchange exchange = {.method = "GET", .version = "13", .failure = -ECONNRESET};
        eddy_websocket *ws;
        eddy_stream *peer;

        assert_int_equal(eddy_websocket_accept(&ws, &exchange, NULL), -ECONNRESET);
        assert_int_equal(eddy_websocket_accept(&ws, &exchange, &(eddy_websocket_options){.window_bits = 1}),
                         -EINVAL);
        assert_int_equal(exchange.status, 0);
        exchange = make_exchange(&peer);
        fault_arm(1, 1);
        assert_int_equal(eddy_websocket_accept(&ws, &exchange, NULL), -ENOMEM);
        fault_arm(0, 0);
        assert_null(ws);
        eddy_stream_destroy(peer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_request_becomes_a_websocket),
            cmocka_unit_test(what_is_refused_is_answered),
            cmocka_unit_test(what_fails_is_passed_on),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
