/* WebSockets on streams of HTTP/2 (RFC 8441), by the same handlers as on HTTP/1. */
#include "../http/http2_client.h"

#include "base/fault.h"
#include <eddy/websocket_server.h>

/** A mask that changes nothing. */
#define MASK "\0\0\0\0"

enum { MUCH = 4 * 1024 * 1024 }; /* more than holds whatever is in between */

static int result;       /* of the handler */
static bool is_told_so;  /* it has sent its greeting, and is asked for no more */
static size_t text_size; /* of what it greets with */

/** Sends back what it gets; to "/greet" it says a lot first. */
static int chat(eddy_http_exchange *exchange, void *arg)
{
        static char greeting[MUCH];
        eddy_websocket_message message;
        eddy_websocket *ws;
        int rc;

        if (strcmp(eddy_http_exchange_target(exchange), "/plain") == 0)
                return describe(exchange, arg);
        memset(greeting, 'g', sizeof greeting);
        rc = eddy_websocket_accept(&ws, exchange, &(eddy_websocket_options){.no_compression = true});
        if (rc < 0)
                return rc == EDDY_EWEBSOCKET ? 0 : rc;
        has_begun = true;
        if (text_size > 0) {
                eddy_websocket_send(ws, EDDY_WEBSOCKET_TEXT, greeting, text_size);
                eddy_websocket_send(ws, EDDY_WEBSOCKET_TEXT, "!", 1); /* which waits */
        }
        is_told_so = true;
        while ((rc = eddy_websocket_receive(ws, &message)) > 0)
                eddy_websocket_send(ws, message.type, message.data, message.size);
        result = rc;
        eddy_websocket_destroy(ws);
        return 0;
}

static const char *const handshake[] = {":protocol", "websocket", "sec-websocket-version", "13", NULL};

static int32_t connect_to(const char *path, struct upload *upload)
{
        return ask("CONNECT", path, handshake, upload);
}

static void open_chat(const eddy_http_service_options *options)
{
        open_client(chat, options);
        text_size = 0;
        result = 1;
        is_told_so = false;
}

static void a_conversation(void)
{
        struct upload upload = {.bytes = "\x81\x85" MASK "hello", .left = 11, .pauses = true};
        const struct reply *reply;
        int32_t id;

        open_chat(NULL);
        id = connect_to("/", &upload);
        go_on_until(reply_to(id)->size == 7);
        reply = reply_to(id);
        assert_string_equal(reply->status, "200");
        assert_memory_equal(reply->start, "\x81\x05hello", 7);
        assert_null(strstr(reply->headers, "upgrade"));
        assert_null(strstr(reply->headers, "connection"));
        assert_null(strstr(reply->headers, "accept"));
        assert_int_equal(
            nghttp2_session_get_remote_settings(client.session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL), 1);
        assert_string_equal(answer_to(ask("GET", "/plain", NULL, NULL))->status, "200"); /* beside it */
        upload = (struct upload){.bytes = "\x88\x82" MASK "\x03\xe8", .left = 8};
        assert_int_equal(nghttp2_session_resume_data(client.session, id), 0);
        assert_int_equal(answer_to(id)->error, NGHTTP2_NO_ERROR);
        assert_true(reply->has_ended);
        assert_memory_equal(reply->start + 7, "\x88\x02\x03\xe8", 4);
        assert_int_equal(result, 0);
        close_client();
}

/** Who is slow holds up its own WebSocket, in either direction. */
static void slow_sides(void)
{
        static char frame[14 + BIG] = "\x82\xff\0\0\0\0\0\4\x93\xe0";
        struct upload much = {.bytes = frame, .left = sizeof frame, .pauses = true}, nothing = {.pauses = true};
        int32_t held, other;

        open_chat(NULL);
        text_size = MUCH;
        holds_back = true;
        held = connect_to("/", &nothing);
        go_on_until(reply_to(held)->size == NGHTTP2_INITIAL_WINDOW_SIZE);
        assert_false(is_told_so);
        text_size = 0;
        other = connect_to("/", &much);
        go_on_until(reply_to(other)->size >= BIG); /* through the same connection, and back */
        assert_int_equal(reply_to(held)->size, NGHTTP2_INITIAL_WINDOW_SIZE);
        holds_back = false;
        assert_int_equal(nghttp2_session_consume_stream(client.session, held, reply_to(held)->size), 0);
        go_on_until(reply_to(held)->size > MUCH);
        close_client();
}

/** A client that goes, or resets its stream, has gone for the WebSocket as well; and one that is destroyed tells the client. */
static void ends(void)
{
        struct upload upload = {.pauses = true};
        int32_t id;

        open_chat(NULL);
        id = connect_to("/", &upload);
        go_on_until(reply_to(id)->heads == 1);
        assert_int_equal(nghttp2_submit_rst_stream(client.session, 0, id, NGHTTP2_CANCEL), 0);
        send_frames();
        until(result < 1);
        assert_string_equal(answer_to(ask("GET", "/plain", NULL, NULL))->status, "200");
        close_client();

        open_chat(NULL);
        id = connect_to("/", &upload);
        go_on_until(reply_to(id)->heads == 1);
        eddy_stream_destroy(world.stream);
        world.stream = NULL;
        until(result < 1);
        close_client();
}

/** A client that does not end its half is not waited for. */
static void a_client_that_never_ends(void)
{
        struct upload upload = {.bytes = "\x88\x82" MASK "\x03\xe8", .left = 8, .pauses = true};
        int32_t id;

        open_chat(&(eddy_http_service_options){.timeout = eddy_ms(20)});
        id = connect_to("/", &upload);
        assert_true(answer_to(id)->has_ended);
        assert_int_equal(reply_to(id)->error, NGHTTP2_NO_ERROR);
        close_client();
}

/** As the first example of the documentation. */
static int return_what_came(eddy_http_exchange *exchange, void *arg)
{
        eddy_websocket_message message;
        eddy_websocket *ws;
        int rc = eddy_websocket_accept(&ws, exchange, NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        while ((rc = eddy_websocket_receive(ws, &message)) > 0)
                ;
        result = rc;
        eddy_websocket_destroy(ws);
        return rc;
}

/** A client that goes without a close is no failure of a handler that returns that, by either version. */
static void a_client_that_goes_without_a_word(void)
{
        struct upload upload = {.pauses = true};

        for (int version = 1; version <= 2; version++) {
                open_client(return_what_came, NULL);
                result = 1;
                if (version == 1) {
                        send_text(
                            "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");
                        assert_non_null(strstr(next_head(), "HTTP/1.1 101 "));
                } else {
                        connect_to("/", &upload);
                        go_on_until(reply_to(1)->heads == 1);
                }
                eddy_stream_destroy(world.stream);
                world.stream = NULL;
                until(result < 1);
                give_way();
                assert_int_equal(result, EDDY_EINCOMPLETE);
                assert_null(world.exception);
                close_client();
        }
}

static int32_t watched;

/** Goes on behind the end of its WebSocket until the client has seen that. */
static int linger(eddy_http_exchange *exchange, void *arg)
{
        eddy_websocket *ws;
        int rc = eddy_websocket_accept(&ws, exchange, NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        eddy_websocket_destroy(ws);
        while (rc == 0 && !reply_to(watched)->has_ended)
                rc = eddy_yield();
        return rc;
}

/** Nor is it where the handler has other things to do behind the WebSocket's end. */
static void a_client_that_never_ends_and_a_handler_that_lingers(void)
{
        struct upload upload = {.pauses = true};

        open_client(linger, &(eddy_http_service_options){.timeout = eddy_ms(20)});
        watched = connect_to("/", &upload);
        assert_true(answer_to(watched)->has_ended);
        assert_int_equal(reply_to(watched)->error, NGHTTP2_NO_ERROR);
        close_client();
}

static unsigned long to_fail, uses;

static bool fails_now(const char *what)
{
        return (strcmp(what, "malloc") == 0 || strcmp(what, "realloc") == 0) && ++uses == to_fail;
}

static int outcome, upgraded;

/** Goes on when there was no memory for its WebSocket, until its client has gone. */
static int upgrade_without_memory(eddy_http_exchange *exchange, void *arg)
{
        static const char *const headers[] = {"Upgrade: websocket", NULL};
        eddy_stream *stream;

        (void)arg;
        uses = 0;
        fault_script(fails_now);
        upgraded = eddy_http_exchange_upgrade(exchange, headers, &stream);
        fault_script(NULL);
        has_begun = true;
        if (upgraded == 0)
                eddy_stream_destroy(stream);
        else
                outcome = eddy_sleep(EDDY_FOREVER);
        return outcome;
}

/** Whichever use of memory fails, a handler that has no WebSocket is told when its client has gone. */
static void upgrades_without_memory(void)
{
        struct upload upload = {.pauses = true};

        for (to_fail = 1, upgraded = -ENOMEM; upgraded < 0; to_fail++) {
                int32_t id;

                open_client(upgrade_without_memory, NULL);
                outcome = 0;
                id = connect_to("/", &upload);
                send_frames();
                until(has_begun);
                if (upgraded < 0) {
                        assert_int_equal(upgraded, -ENOMEM);
                        assert_int_equal(nghttp2_submit_rst_stream(client.session, 0, id, NGHTTP2_CANCEL), 0);
                        send_frames();
                        until(outcome < 0);
                        assert_int_equal(outcome, EDDY_CANCELLED);
                }
                close_client();
        }
        assert_true(to_fail > 3);
}

static void what_is_refused(void)
{
        static const char *const other[] = {":protocol", "connect-udp", NULL},
                                 *const old[] = {":protocol", "websocket", "sec-websocket-version", "8", NULL},
                                 *const foreign[] = {":protocol", "websocket", "origin", "https://example.com",
                                                     NULL};
        struct upload uploads[4] = {{.pauses = true}, {.pauses = true}, {.pauses = true}, {.pauses = true}};
        int32_t id;

        open_chat(NULL);
        id = ask("CONNECT", "/", other, &uploads[0]);
        go_on_until(reply_to(id)->has_ended);
        assert_string_equal(reply_to(id)->status, "501");
        id = ask("CONNECT", "/", old, &uploads[1]);
        go_on_until(reply_to(id)->has_ended);
        assert_string_equal(reply_to(id)->status, "426");
        id = ask("CONNECT", "/", foreign, &uploads[2]);
        go_on_until(reply_to(id)->has_ended);
        assert_string_equal(reply_to(id)->status, "426");
        id = connect_to("/plain", &uploads[3]); /* that knows of no WebSocket */
        go_on_until(reply_to(id)->has_ended);
        assert_string_equal(reply_to(id)->status, "200");
        assert_string_equal(reply_to(id)->start, "GET /plain example.org -");
        id = ask("GET", "/", NULL, NULL); /* that asks for none */
        assert_string_equal(answer_to(id)->status, "426");
        assert_null(strstr(reply_to(id)->headers, "upgrade"));
        assert_null(strstr(reply_to(id)->headers, "connection"));
        close_client();
}

/** What may be asked for says so with its connection option (RFC 9110, 7.8), and the connection goes on. */
static void what_is_refused_in_http1(void)
{
        open_world(chat, NULL);
        for (int i = 0; i < 2; i++) {
                const char *head;

                send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
                head = next_head();
                assert_memory_equal(head, "HTTP/1.1 426 ", 13);
                assert_non_null(strstr(head, "\r\nUpgrade: websocket\r\n"));
                assert_non_null(strstr(head, "\r\nConnection: Upgrade\r\n"));
                assert_body("here is a WebSocket, and none was asked for");
        }
        send_text("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_non_null(strstr(next_head(), "\r\nConnection: close, Upgrade\r\n"));
        assert_body("here is a WebSocket, and none was asked for");
        assert_end();
        close_world();
}

/** Says what the headers are that the client has sent first and last, and what one is that was added. */
static int tell_headers(eddy_http_exchange *exchange, void *arg)
{
        const char *pad = eddy_http_exchange_header(exchange, "pad");
        char text[64];
        int n = snprintf(text, sizeof text, "%s %zu %s", eddy_http_exchange_header(exchange, "host"),
                         strspn(pad, "p"), eddy_http_exchange_header(exchange, "upgrade"));

        (void)arg;
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = (size_t)n});
}

/** Wherever a head ends in the memory it has, there is room for what is added to it. */
static void heads_of_all_lengths(void)
{
        enum { MOST = 2100 };
        char pad[MOST + 1], expected[64];
        const char *const headers[] = {":protocol", "websocket", "pad", pad, NULL};

        for (size_t size = 1; size <= MOST; size++) {
                int32_t id;

                if (size % 700 == 1)
                        open_client(tell_headers, NULL);
                memset(pad, 'p', size);
                pad[size] = '\0';
                snprintf(expected, sizeof expected, "example.org %zu websocket", size);
                id = ask("CONNECT", "/", headers, NULL);
                assert_string_equal(answer_to(id)->status, "200");
                assert_string_equal(reply_to(id)->start, expected);
                if (size % 700 == 0)
                        close_client();
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(a_conversation),
            scene_test(slow_sides),
            scene_test(ends),
            scene_test(a_client_that_never_ends),
            scene_test(a_client_that_never_ends_and_a_handler_that_lingers),
            scene_test(a_client_that_goes_without_a_word),
            scene_test(upgrades_without_memory),
            scene_test(what_is_refused),
            scene_test(what_is_refused_in_http1),
            scene_test(heads_of_all_lengths),
        };

        return cmocka_run_group_tests_name("websocket http2", tests, NULL, NULL);
}
