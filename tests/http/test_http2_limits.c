/* What a client of HTTP/2 may bring, and how long it may take, where the options say it. */
#include "../clock.h"
#include "http2_client.h"

enum { LONG = 100 * 1000, SHORT = 100, LATE = 1000 };

/** Until the connection has ended. */
static void assert_dismissed(void)
{
        while (go_on())
                ;
        assert_true(client.is_told_to_go);
        assert_int_equal(client.why, NGHTTP2_NO_ERROR);
}

static void assert_asked(const char *status, const char *const *headers)
{
        assert_string_equal(answer_to(ask("GET", "/", headers, NULL))->status, status);
}

/** What is said for both versions, and for this one alone. */
static void long_heads(void)
{
        static char value[3000];
        const char *const headers[] = {"a", value, NULL};

        memset(value, 'x', sizeof value - 1);
        open_client(describe, &(eddy_http_service_options){.max_head = 2000});
        assert_asked("431", headers);
        assert_asked("200", NULL);
        assert_int_equal(
            nghttp2_session_get_remote_settings(client.session, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE), 2000);
        close_client();

        open_client(describe,
                    &(eddy_http_service_options){.max_head = 2000, .http2_max_header_list_size = 4000});
        assert_asked("200", headers);
        close_client();
}

/** How long its body was said to be, and what it was. */
static int measure(eddy_http_exchange *exchange, void *arg)
{
        const char *length = eddy_http_exchange_header(exchange, "Content-Length");
        char *body;
        ssize_t n = eddy_http_exchange_read_all(exchange, &body, 1000);

        (void)arg;
        if (n < 0)
                return (int)n;
        eddy_free(body);
        return eddy_http_reply_text(exchange, 200, "%zd %s", n, length ? length : "-");
}

/** A request with so many headers, besides the host, of which the last says how long its body is. */
static int32_t ask_many(unsigned count, struct upload *upload)
{
        static nghttp2_nv all[4 + 1001];
        static char names[1001][16];
        const nghttp2_data_provider provider = {.source.ptr = upload, .read_callback = give};
        size_t n = 0;

        all[n++] = field(":method", "POST");
        all[n++] = field(":scheme", "http");
        all[n++] = field(":authority", "x");
        all[n++] = field(":path", "/");
        for (unsigned i = 0; i + 1 < count; i++) {
                snprintf(names[i], sizeof names[i], "x-%u", i);
                all[n++] = field(names[i], "y");
        }
        all[n++] = field("content-length", "5");
        return nghttp2_submit_request(client.session, NULL, all, n, &provider, NULL);
}

static void many_headers(void)
{
        static const unsigned most[] = {3, 64, 65, 300, 1000};

        for (size_t i = 0; i < sizeof most / sizeof most[0]; i++) {
                struct upload upload = {.left = 5}, other = {.left = 5};
                const struct reply *reply;

                open_client(measure,
                            &(eddy_http_service_options){.max_head = 64 * 1024, .max_headers = most[i]});
                reply = answer_to(ask_many(most[i] - 1, &upload)); /* one is the host */
                assert_string_equal(reply->status, "200");
                assert_string_equal(reply->start, "5 5");
                assert_string_equal(answer_to(ask_many(most[i], &other))->status, "431");
                close_client();
        }
}

static uint8_t rest;

/** Ask, but for the last byte of the head. */
static int32_t ask_in_part(void)
{
        int32_t id = ask("GET", "/", NULL, NULL);

        gather_frames();
        rest = outgoing.bytes[--outgoing.size];
        send_gathered();
        return id;
}

/** The rest of a head that was begun does not come: nothing else can, on the whole connection. */
static void slow_heads(void)
{
        open_client(wait_until_cancelled, &(eddy_http_service_options){.timeout = eddy_seconds(LONG),
                                                                       .head_timeout = eddy_seconds(SHORT)});
        assert_asked("200", NULL);
        pass(eddy_seconds(LATE)); /* this is none */
        assert_asked("200", NULL);
        ask_in_part();
        pass(eddy_seconds(SHORT));
        assert_dismissed();
        close_client();
}

static bool may_answer;

static int answer_later(eddy_http_exchange *exchange, void *arg)
{
        has_begun = true;
        while (!may_answer)
                assert_int_equal(eddy_yield(), 0);
        return describe(exchange, arg);
}

/** But what was asked before is answered yet. */
static void slow_heads_beside_others(void)
{
        int32_t id;

        may_answer = false;
        open_client(answer_later, &(eddy_http_service_options){.timeout = eddy_seconds(LONG),
                                                               .head_timeout = eddy_seconds(SHORT)});
        id = ask("GET", "/", NULL, NULL);
        send_frames();
        until(has_begun);
        ask_in_part();
        pass(eddy_seconds(SHORT));
        while (!client.is_told_to_go)
                assert_true(listen_on());
        assert_false(reply_to(id)->has_ended);
        may_answer = true;
        while (listen_on())
                ;
        assert_true(reply_to(id)->has_ended);
        assert_string_equal(reply_to(id)->status, "200");
        close_client();
}

static void patient_with_heads(void)
{
        int32_t id;

        open_client(describe, &(eddy_http_service_options){.timeout = eddy_seconds(SHORT),
                                                           .head_timeout = eddy_seconds(LONG)});
        id = ask_in_part();
        pass(eddy_seconds(LATE));
        assert_int_equal(eddy_stream_write_all(world.stream, &rest, 1), 1);
        assert_string_equal(answer_to(id)->status, "200");
        close_client();
}

static void idle_clients(void)
{
        open_client(answer_later, &(eddy_http_service_options){.timeout = eddy_seconds(LONG),
                                                               .idle_timeout = eddy_seconds(SHORT)});
        may_answer = true;
        assert_asked("200", NULL);
        may_answer = false;
        ask("GET", "/", NULL, NULL);
        send_frames();
        pass(eddy_seconds(LATE));
        assert_false(client.is_told_to_go); /* who waits for an answer is not idle */
        may_answer = true;
        assert_string_equal(answer_to(3)->status, "200");
        pass(eddy_seconds(SHORT));
        assert_dismissed();
        close_client();

        open_client(describe, &(eddy_http_service_options){.timeout = eddy_seconds(LONG),
                                                           .idle_timeout = eddy_seconds(SHORT)});
        send_frames();
        pass(eddy_seconds(SHORT)); /* nor is anything asked */
        assert_dismissed();
        close_client();
}

static void patient_with_idle_clients(void)
{
        open_client(describe, &(eddy_http_service_options){.timeout = eddy_seconds(SHORT),
                                                           .idle_timeout = eddy_seconds(LONG)});
        for (int i = 0; i < 3; i++) {
                assert_asked("200", NULL);
                pass(eddy_seconds(LATE));
        }
        close_client();

        open_client(describe, &(eddy_http_service_options){.timeout = eddy_seconds(SHORT),
                                                           .idle_timeout = eddy_seconds(2 * SHORT)});
        assert_asked("200", NULL);
        pass(eddy_seconds(SHORT));
        pass(eddy_seconds(SHORT));
        assert_dismissed();
        close_client();
}

static void unread_bodies(void)
{
        struct upload much = {.left = BIG}, little = {.left = 30000};
        const struct reply *reply;

        open_client(describe, &(eddy_http_service_options){.max_unread_body = BIG});
        reply = answer_to(ask("POST", "/", NULL, &much));
        assert_true(reply->has_ended);
        assert_int_equal(much.left, 0);
        close_client();

        open_client(describe, &(eddy_http_service_options){.max_unread_body = 100});
        ask("POST", "/", NULL, &little);
        little.pauses = true;
        assert_true(answer_to(1)->is_closed); /* though its end has not come */
        assert_int_equal(reply_to(1)->error, NGHTTP2_NO_ERROR);
        close_client();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(long_heads),
            scene_test(many_headers),
            scene_test(slow_heads),
            scene_test(slow_heads_beside_others),
            scene_test(patient_with_heads),
            scene_test(idle_clients),
            scene_test(patient_with_idle_clients),
            scene_test(unread_bodies),
        };

        return cmocka_run_group_tests_name("http2_limits", tests, NULL, NULL);
}
