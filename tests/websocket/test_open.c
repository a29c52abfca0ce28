/* A client's handshake, with a server that answers what the test says. */
#include "pair.h"

#include "websocket/accept_key.h"
#include "websocket/answer.h"
#include "websocket/url.h"

TEST(urls)
{
        static const struct {
                const char *text, *host, *target;
                uint16_t port;
                bool is_secure;
        } rows[] = {
            {"ws://example.org", "example.org", "", 80, false},
            {"wss://example.org/", "example.org", "/", 443, true},
            {"WS://example.org:8080/a/b?c=d", "example.org", "/a/b?c=d", 8080, false},
            {"ws://127.0.0.1:1?a", "127.0.0.1", "?a", 1, false},
            {"wss://[::1]:65535/a", "::1", "/a", 65535, true},
            {"ws://[::1]/a@b", "::1", "/a@b", 80, false},
        };
        static const char *const wrong[] = {
            "",
            "example.org",
            "http://example.org",
            "ws:/example.org",
            "ws://",
            "ws:///a",
            "ws://[::1",
            "ws://[]/",
            "ws://a:0/",
            "ws://a:65536/",
            "ws://a:/",
            "ws://a:8x/",
            "ws://a b/",
            "ws://a/#b",
            "ws://a/\xc3\xa4",
            "ws://u:p@a/",
            "ws://a/\r\nX: y",
            "ws://[::1]8080/",
        };

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct url url;

                assert_int_equal(url_read(&url, rows[i].text), 0);
                assert_string_equal(url.host, rows[i].host);
                assert_string_equal(url.target, rows[i].target);
                assert_int_equal(url.port, rows[i].port);
                assert_int_equal(url.is_secure, rows[i].is_secure);
        }
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                struct url url;

                assert_int_equal(url_read(&url, wrong[i]), -EINVAL);
                assert_non_null(strstr(eddy_error_detail(), "the URL of the WebSocket is wrong: "));
        }
}

/** What a server answers: `%s` is the right Sec-WebSocket-Accept, once or twice. */
struct answering {
        eddy_stream *peer;
        const char *answer;
        char request[2048];
};

static const char *find_key(const char *request)
{
        const char *key = strstr(request, "Sec-WebSocket-Key: ");

        assert_non_null(key);
        return key + strlen("Sec-WebSocket-Key: ");
}

static intptr_t answer_request(void *arg)
{
        struct answering *server = arg;
        char key[KEY_TEXT + 1] = "", accept[ACCEPT_KEY_TEXT + 1], answer[1024];
        const char *shown;
        ssize_t n = eddy_stream_read_until(server->peer, "\r\n\r\n", 4, &shown);

        if (n < 0)
                return n;
        assert_true((size_t)n < sizeof server->request);
        memcpy(server->request, shown, (size_t)n);
        server->request[n] = '\0';
        memcpy(key, find_key(server->request), KEY_TEXT);
        assert_true(key_is_valid(key));
        accept_key(accept, key);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(answer, sizeof answer, server->answer, accept, accept);
#pragma GCC diagnostic pop
        return eddy_stream_write(server->peer, answer, strlen(answer));
}

/** Shake hands with a server that answers so, and then ends: what comes of it. */
static int shake_hands(struct answering *server, eddy_websocket **ws, const eddy_websocket_options *options)
{
        eddy_stream *ends[2];
        eddy_task *task;
        int rc;

        assert_int_equal(eddy_stream_pair(ends), 0);
        server->peer = ends[1];
        task = eddy_create_task(answer_request, server);
        rc = eddy_websocket_connect_stream(ws, ends[0], "ws://example.org:81/path?query", options);
        if (rc < 0)
                eddy_stream_destroy(ends[0]);
        eddy_join(task, NULL);
        return rc;
}

#define SWITCHING "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE   "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define ACCEPT    "Sec-WebSocket-Accept: %s\r\n"

COROUTINE_TEST(a_handshake_and_what_comes_right_behind_it)
{
        static const char *const protocols[] = {"chat", "superchat", NULL}, *const headers[] = {"Cookie: a=b",
                                                                                                NULL};
        struct answering server = {
            .answer =
                SWITCHING "upgrade: WebSocket\r\nCONNECTION:keep-alive, upgrade  \r\nX-Other:\r\n" ACCEPT
                          "Sec-WebSocket-Protocol: superchat\r\nSec-WebSocket-Extensions: permessage-deflate; "
                          "client_max_window_bits=15\r\n\r\n\x81\x05hello"};
        int status = 0;
        eddy_websocket_options options = {
            .subprotocols = protocols, .headers = headers, .status = &status, .ping_interval = EDDY_FOREVER};
        struct pair pair;

        assert_int_equal(shake_hands(&server, &pair.ws, &options), 0);
        assert_int_equal(status, 101);
        assert_string_equal(eddy_websocket_subprotocol(pair.ws), "superchat");
        assert_true(eddy_websocket_is_compressed(pair.ws));
        assert_receives(&pair, EDDY_WEBSOCKET_TEXT, "hello");
        assert_memory_equal(server.request, "GET /path?query HTTP/1.1\r\nHost: example.org:81\r\n", 48);
        assert_non_null(strstr(server.request, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"));
        assert_non_null(strstr(server.request, "\r\nSec-WebSocket-Version: 13\r\n"));
        assert_non_null(strstr(server.request, "\r\nSec-WebSocket-Protocol: chat, superchat\r\n"));
        assert_non_null(strstr(server.request,
                               "\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"));
        assert_non_null(strstr(server.request, "\r\nCookie: a=b\r\n\r\n"));
        eddy_websocket_destroy(pair.ws);
        eddy_stream_destroy(server.peer);
}

COROUTINE_TEST(what_a_server_answers_is_read_strictly)
{
        static const struct {
                const char *answer;
                int error, status;
                const char *detail;
        } rows[] = {
            {"HTTP/1.1 403 Forbidden\r\n\r\n", EDDY_EWEBSOCKET, 403, "the server answered 403 Forbidden"},
            {"HTTP/1.1 403\r\n\r\n", EDDY_EWEBSOCKET, 403, "the server answered 403"},
            {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", EDDY_EWEBSOCKET, 200,
             "the server answered 200 OK"},
            {"HTTP/1.1 301 Moved Permanently\r\nLocation: wss://b.example/\r\n\r\n", EDDY_EWEBSOCKET, 301,
             "the server answered 301 Moved Permanently, which is at wss://b.example/"},
            {SWITCHING "Connection: Upgrade\r\n" ACCEPT "\r\n", EDDY_EWEBSOCKET, 101, NULL},
            {SWITCHING "Upgrade: h2c\r\nConnection: Upgrade\r\n" ACCEPT "\r\n", EDDY_EWEBSOCKET, 101, NULL},
            {SWITCHING "Upgrade: websocket\r\nConnection: close\r\n" ACCEPT "\r\n", EDDY_EWEBSOCKET, 101, NULL},
            {SWITCHING UPGRADE "\r\n", EDDY_EWEBSOCKET, 101, NULL},
            {SWITCHING UPGRADE "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", EDDY_EWEBSOCKET,
             101, NULL},
            {SWITCHING UPGRADE ACCEPT "Sec-WebSocket-Protocol: other\r\n\r\n", EDDY_EWEBSOCKET, 101, NULL},
            {SWITCHING UPGRADE ACCEPT "Sec-WebSocket-Extensions: x-other\r\n\r\n", EDDY_EWEBSOCKET, 101, NULL},
            {SWITCHING UPGRADE ACCEPT
             "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n",
             EDDY_EWEBSOCKET, 101, NULL},
            {SWITCHING UPGRADE ACCEPT
             "Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate\r\n\r\n",
             EDDY_EWEBSOCKET, 101, NULL},
            {SWITCHING UPGRADE ACCEPT ACCEPT "\r\n", EDDY_EPROTOCOL, 0, NULL},
            {SWITCHING UPGRADE ACCEPT "X: a\r\n b\r\n\r\n", EDDY_EPROTOCOL, 0, NULL},
            {SWITCHING UPGRADE ACCEPT "X : a\r\n\r\n", EDDY_EPROTOCOL, 0, NULL},
            {SWITCHING UPGRADE ACCEPT "no header\r\n\r\n", EDDY_EPROTOCOL, 0, NULL},
            {SWITCHING "X: a\nUpgrade: b\r\n" UPGRADE ACCEPT "\r\n", EDDY_EPROTOCOL, 0, NULL},
            {"HTTP/2 101 \r\n\r\n", EDDY_EPROTOCOL, 0, NULL},
            {"HTTP/1.1 1010 No\r\n\r\n", EDDY_EPROTOCOL, 0, NULL},
            {"HTTP/1.1 10 No\r\n\r\n", EDDY_EPROTOCOL, 0, NULL},
            {"SSH-2.0-OpenSSH\r\n\r\n", EDDY_EPROTOCOL, 0, NULL},
        };

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct answering server = {.answer = rows[i].answer};
                eddy_websocket *ws;
                int status = -1;

                assert_int_equal(shake_hands(&server, &ws, &(eddy_websocket_options){.status = &status}),
                                 rows[i].error);
                assert_null(ws);
                assert_int_equal(status, rows[i].status);
                assert_true(eddy_error_detail()[0]);
                if (rows[i].detail)
                        assert_string_equal(eddy_error_detail(), rows[i].detail);
                eddy_stream_destroy(server.peer);
        }
}

COROUTINE_TEST(an_answer_that_never_ends_is_given_up)
{
        struct answering server = {.answer = "HTTP/1.1 101 Swi"};
        eddy_websocket *ws;

        assert_int_equal(shake_hands(&server, &ws, &(eddy_websocket_options){.open_timeout = eddy_ms(1)}),
                         EDDY_TIMEOUT);
        assert_string_equal(eddy_error_detail(), "the WebSocket was not open in time");
        eddy_stream_destroy(server.peer);
}

COROUTINE_TEST(a_server_may_leave_without_an_answer)
{
        eddy_stream *ends[2];
        eddy_websocket *ws;

        assert_int_equal(eddy_stream_pair(ends), 0);
        assert_int_equal(eddy_stream_write_eof(ends[1]), 0);
        assert_int_equal(eddy_websocket_connect_stream(&ws, ends[0], "ws://a/", NULL), EDDY_EINCOMPLETE);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
}

COROUTINE_TEST(what_is_asked_for_wrongly_is_not_asked_for)
{
        static const char *const header[] = {"X: a\r\nY: b", NULL};
        eddy_websocket *ws;

        assert_int_equal(eddy_websocket_connect(&ws, "http://example.org", NULL), -EINVAL);
        assert_int_equal(eddy_websocket_connect(&ws, "wss://example.org", NULL), -EINVAL);
        assert_string_equal(eddy_error_detail(), "wss:// needs a context: options.tls");
        assert_int_equal(
            eddy_websocket_connect(&ws, "ws://example.org", &(eddy_websocket_options){.headers = header}),
            -EINVAL);
        assert_null(ws);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(urls),
            cmocka_unit_test(a_handshake_and_what_comes_right_behind_it),
            cmocka_unit_test(what_a_server_answers_is_read_strictly),
            cmocka_unit_test(an_answer_that_never_ends_is_given_up),
            cmocka_unit_test(a_server_may_leave_without_an_answer),
            cmocka_unit_test(what_is_asked_for_wrongly_is_not_asked_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
