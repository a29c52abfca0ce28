#include "../testing.h"

#include "websocket/accept_key.h"
#include <eddy/websocket.h>

/** A request's headers: names and values, and NULL. */
struct headers {
        const char *list[24];
};

static const char *find(void *arg, const char *name, unsigned nth)
{
        const struct headers *headers = arg;

        for (int i = 0; headers->list[i]; i += 2) {
                if (strcasecmp(headers->list[i], name) == 0 && nth-- == 0)
                        return headers->list[i + 1];
        }
        return NULL;
}

#define REQUEST                                                                                                \
        "Host", "example.org", "Upgrade", "websocket", "Connection", "keep-alive, Upgrade",                    \
            "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version", "13"

static int negotiate(eddy_websocket_handshake *handshake, struct headers headers,
                     const eddy_websocket_options *options)
{
        eddy_websocket_request request = {.method = "GET", .header = find, .arg = &headers};

        return eddy_websocket_negotiate(handshake, &request, options);
}

/** The line of an answer that begins so; NULL where there is none. */
static const char *line_of(const eddy_websocket_handshake *handshake, const char *beginning)
{
        for (const char *const *line = handshake->headers; *line; line++) {
                if (strncmp(*line, beginning, strlen(beginning)) == 0)
                        return *line + strlen(beginning);
        }
        return NULL;
}

TEST(the_example_of_the_standard)
{
        eddy_websocket_handshake handshake;

        assert_int_equal(negotiate(&handshake, (struct headers){{REQUEST}}, NULL), 0);
        assert_int_equal(handshake.status, 101);
        assert_string_equal(line_of(&handshake, "Sec-WebSocket-Accept: "), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_string_equal(line_of(&handshake, "Upgrade: "), "websocket");
        assert_string_equal(line_of(&handshake, "Connection: "), "Upgrade");
        assert_null(line_of(&handshake, "Sec-WebSocket-Extensions: "));
        assert_null(handshake.subprotocol);
}

/** What differs from a request that is accepted, and what comes of it. */
static const struct {
        const char *name, *value;
        int status;
} refused[] = {
    {"Upgrade", NULL, 426},
    {"Upgrade", "h2c", 426},
    {"Upgrade", "websockets", 426},
    {"Connection", NULL, 426},
    {"Connection", "keep-alive", 426},
    {"Connection", "not-Upgrade", 426},
    {"Sec-WebSocket-Version", NULL, 426},
    {"Sec-WebSocket-Version", "8", 426},
    {"Sec-WebSocket-Version", "13, 8", 426},
    {"Sec-WebSocket-Key", NULL, 400},
    {"Sec-WebSocket-Key", "", 400},
    {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=", 400},
    {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==", 400},
    {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZ===", 400},
    {"Sec-WebSocket-Key", "dGhlIHNhbXBs(SBub25jZQ==", 400},
};

TEST(what_is_no_request_for_one_is_told_so)
{
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
                struct headers headers = {{REQUEST}};
                eddy_websocket_handshake handshake;

                for (int k = 0; headers.list[k]; k += 2) {
                        if (strcmp(headers.list[k], refused[i].name) != 0)
                                continue;
                        if (refused[i].value)
                                headers.list[k + 1] = refused[i].value;
                        else
                                headers.list[k] = "X-Other";
                }
                assert_int_equal(negotiate(&handshake, headers, NULL), EDDY_EWEBSOCKET);
                assert_int_equal(handshake.status, refused[i].status);
                assert_string_equal(eddy_error_detail(), handshake.reason);
                assert_true(handshake.reason[0]);
                if (handshake.status == 426) {
                        assert_string_equal(line_of(&handshake, "Sec-WebSocket-Version: "), "13");
                        assert_string_equal(line_of(&handshake, "Upgrade: "), "websocket");
                        assert_string_equal(line_of(&handshake, "Connection: "), "Upgrade");
                }
        }
}

/** Lists may come in several lines; what is one thing may not. */
TEST(headers_in_several_lines)
{
        static const char *const spoken[] = {"chat.v2", NULL};
        static const char *const repeated[][2] = {
            {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
            {"Sec-WebSocket-Version", "13"},
            {"Origin", "http://evil.example"},
        };
        eddy_websocket_options options = {.subprotocols = spoken};
        struct headers lists = {{REQUEST, "Sec-WebSocket-Protocol", "chat.v1", "Sec-WebSocket-Protocol",
                                 "chat.v2", "Sec-WebSocket-Extensions", "x-other", "sec-websocket-extensions",
                                 "permessage-deflate"}};
        eddy_websocket_handshake handshake;

        lists.list[5] = "keep-alive";
        lists.list[18] = "Connection";
        lists.list[19] = "Upgrade";
        assert_int_equal(negotiate(&handshake, lists, &options), 0);
        assert_string_equal(handshake.subprotocol, "chat.v2");
        assert_non_null(line_of(&handshake, "Sec-WebSocket-Extensions: permessage-deflate"));
        for (size_t i = 0; i < sizeof repeated / sizeof repeated[0]; i++)
                assert_int_equal(negotiate(&handshake,
                                           (struct headers){{REQUEST, "Origin", "http://example.org",
                                                             repeated[i][0], repeated[i][1]}},
                                           NULL),
                                 EDDY_EWEBSOCKET);
}

TEST(only_get_asks_for_one)
{
        struct headers headers = {{REQUEST}};
        eddy_websocket_request request = {.method = "POST", .header = find, .arg = &headers};
        eddy_websocket_handshake handshake;

        assert_int_equal(eddy_websocket_negotiate(&handshake, &request, NULL), EDDY_EWEBSOCKET);
        assert_int_equal(handshake.status, 405);
        assert_string_equal(line_of(&handshake, "Allow: "), "GET");
}

/** Whose page it is that connects, which are allowed (NULL: the host's own), and whether it may. */
static const struct {
        const char *origin, *host, *allowed;
        bool may;
} origins[] = {
    {NULL, "example.org", NULL, true},
    {"https://example.org", "example.org", NULL, true},
    {"http://example.org", "example.org", NULL, true},
    {"http://EXAMPLE.org", "example.org", NULL, true},
    {"http://example.org:8080", "example.org:8080", NULL, true},
    {"https://example.org", "example.org:443", NULL, true},
    {"http://example.org:80", "example.org", NULL, true},
    {"http://[::1]:8080", "[::1]:8080", NULL, true},
    {"https://example.org", "example.org:80", NULL, false},
    {"http://example.org:8080", "example.org", NULL, false},
    {"http://example.org.evil.example", "example.org", NULL, false},
    {"http://evilexample.org", "example.org", NULL, false},
    {"http://evil.example", "example.org", NULL, false},
    {"null", "example.org", NULL, false},
    {"http://", "example.org", NULL, false},
    {"", "example.org", NULL, false},
    {"https://app.example", "api.example", "https://app.example", true},
    {"https://app.example", "api.example", "https://app.example/", true},
    {"https://APP.example", "api.example", "https://app.example", true},
    {"https://app.example.evil.example", "api.example", "https://app.example", false},
    {"http://app.example", "api.example", "https://app.example", false},
    {"https://api.example", "api.example", "https://app.example", false},
    {"https://anybody.example", "api.example", "*", true},
    {NULL, "api.example", "https://app.example", true},
};

TEST(pages_of_others_may_not_connect)
{
        for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
                const char *list[] = {"https://first.example", origins[i].allowed, NULL};
                eddy_websocket_options options = {.origins = origins[i].allowed ? list : NULL};
                struct headers headers = {{REQUEST, origins[i].origin ? "Origin" : NULL, origins[i].origin}};
                eddy_websocket_handshake handshake;

                headers.list[1] = origins[i].host;
                assert_int_equal(negotiate(&handshake, headers, &options),
                                 origins[i].may ? 0 : EDDY_EWEBSOCKET);
                assert_int_equal(handshake.status, origins[i].may ? 101 : 403);
        }
}

TEST(the_client_s_best_subprotocol_that_is_spoken_here)
{
        static const char *const spoken[] = {"chat.v1", "chat.v2", NULL};
        static const struct {
                const char *wanted, *chosen;
        } rows[] = {
            {"chat.v2, chat.v1", "chat.v2"},
            {"chat.v3,chat.v1", "chat.v1"},
            {"chat.v3", NULL},
            {"CHAT.v1", NULL},
            {"", NULL},
        };

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                eddy_websocket_options options = {.subprotocols = spoken};
                eddy_websocket_handshake handshake;

                assert_int_equal(
                    negotiate(&handshake, (struct headers){{REQUEST, "Sec-WebSocket-Protocol", rows[i].wanted}},
                              &options),
                    0);
                if (rows[i].chosen) {
                        assert_string_equal(handshake.subprotocol, rows[i].chosen);
                        assert_string_equal(line_of(&handshake, "Sec-WebSocket-Protocol: "), rows[i].chosen);
                } else {
                        assert_null(handshake.subprotocol);
                        assert_null(line_of(&handshake, "Sec-WebSocket-Protocol: "));
                }
        }
}

TEST(headers_of_the_program_come_along)
{
        static const char *const headers[] = {"Set-Cookie: a=b", "X-Server: here", NULL};
        static const char *const broken[] = {"X: a\r\nY: b", NULL};
        eddy_websocket_handshake handshake;

        assert_int_equal(
            negotiate(&handshake, (struct headers){{REQUEST}}, &(eddy_websocket_options){.headers = headers}),
            0);
        assert_string_equal(line_of(&handshake, "Set-Cookie: "), "a=b");
        assert_string_equal(line_of(&handshake, "X-Server: "), "here");
        assert_int_equal(
            negotiate(&handshake, (struct headers){{REQUEST}}, &(eddy_websocket_options){.headers = broken}),
            -EINVAL);
        assert_int_equal(handshake.status, 500);
}

/** What a client offers, and what is answered; NULL: nothing. */
static const struct {
        const char *offer, *answer;
        eddy_websocket_options options;
} extensions[] = {
    {"permessage-deflate", "permessage-deflate; server_max_window_bits=12", {.max_message = 0}},
    {"permessage-deflate; client_max_window_bits",
     "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
     {.max_message = 0}},
    {"permessage-deflate; client_max_window_bits=10",
     "permessage-deflate; server_max_window_bits=12; client_max_window_bits=10",
     {.max_message = 0}},
    {"permessage-deflate; client_max_window_bits=\"10\"",
     "permessage-deflate; server_max_window_bits=12; client_max_window_bits=10",
     {.max_message = 0}},
    {"permessage-deflate; server_max_window_bits=9",
     "permessage-deflate; server_max_window_bits=9",
     {.max_message = 0}},
    {"permessage-deflate; server_max_window_bits=8",
     "permessage-deflate; server_max_window_bits=8",
     {.max_message = 0}},
    {"permessage-deflate ; server_no_context_takeover ;client_no_context_takeover",
     "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12",
     {.max_message = 0}},
    {"permessage-deflate; client_max_window_bits",
     "permessage-deflate; server_max_window_bits=15; client_max_window_bits=15",
     {.window_bits = 15}},
    {"permessage-deflate",
     "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12",
     {.no_context_takeover = true}},
    {"x-webkit-deflate-frame, permessage-deflate",
     "permessage-deflate; server_max_window_bits=12",
     {.max_message = 0}},
    {"permessage-deflate; server_max_window_bits=20, permessage-deflate",
     "permessage-deflate; server_max_window_bits=12",
     {.max_message = 0}},
    {"permessage-deflate", NULL, {.no_compression = true}},
    {"permessage-deflate; server_max_window_bits", NULL, {.max_message = 0}},
    {"permessage-deflate; server_max_window_bits=7", NULL, {.max_message = 0}},
    {"permessage-deflate; server_max_window_bits=16", NULL, {.max_message = 0}},
    {"permessage-deflate; server_max_window_bits=010", NULL, {.max_message = 0}},
    {"permessage-deflate; server_max_window_bits=1x", NULL, {.max_message = 0}},
    {"permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", NULL, {.max_message = 0}},
    {"permessage-deflate; client_max_window_bits; client_max_window_bits", NULL, {.max_message = 0}},
    {"permessage-deflate; client_max_window_bits=", NULL, {.max_message = 0}},
    {"permessage-deflate; server_no_context_takeover=1", NULL, {.max_message = 0}},
    {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", NULL, {.max_message = 0}},
    {"permessage-deflate; unknown", NULL, {.max_message = 0}},
    {"permessage-deflate;", NULL, {.max_message = 0}},
    {"permessage-deflate x", NULL, {.max_message = 0}},
    {"permessage-deflates", NULL, {.max_message = 0}},
    {"", NULL, {.max_message = 0}},
};

TEST(compression_is_agreed_on_strictly)
{
        for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
                struct headers headers = {{REQUEST, "Sec-WebSocket-Extensions", extensions[i].offer}};
                eddy_websocket_handshake handshake;
                const char *answer;

                assert_int_equal(negotiate(&handshake, headers, &extensions[i].options), 0);
                answer = line_of(&handshake, "Sec-WebSocket-Extensions: ");
                if (extensions[i].answer)
                        assert_string_equal(answer, extensions[i].answer);
                else
                        assert_null(answer);
        }
}

TEST(an_option_that_is_wrong_is_said_so)
{
        static const char *const spaced[] = {"a b", NULL};
        static const eddy_websocket_options wrong[] = {
            {.window_bits = 8},        {.window_bits = 16},       {.window_bits = -1},
            {.compression_level = 10}, {.compression_level = -1}, {.subprotocols = spaced},
        };
        eddy_websocket_handshake handshake;

        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
                assert_int_equal(negotiate(&handshake, (struct headers){{REQUEST}}, &wrong[i]), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_example_of_the_standard),
            cmocka_unit_test(what_is_no_request_for_one_is_told_so),
            cmocka_unit_test(headers_in_several_lines),
            cmocka_unit_test(only_get_asks_for_one),
            cmocka_unit_test(pages_of_others_may_not_connect),
            cmocka_unit_test(the_client_s_best_subprotocol_that_is_spoken_here),
            cmocka_unit_test(headers_of_the_program_come_along),
            cmocka_unit_test(compression_is_agreed_on_strictly),
            cmocka_unit_test(an_option_that_is_wrong_is_said_so),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
