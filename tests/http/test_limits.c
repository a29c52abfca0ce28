/* What a client may bring, and how long it may take, where the options say it. */
#include "../clock.h"
#include "helpers.h"

#include "base/list.h"
#include "http/http1.h"
#include <eddy/error.h>

#define GET  "GET / HTTP/1.1\r\nHost: x\r\n"
#define POST "POST / HTTP/1.1\r\nHost: x\r\n"

enum { LONG = 100 * 1000, SHORT = 100, LATE = 1000 };

static void reconnect(void)
{
        eddy_stream_destroy(world.stream);
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", eddy_server_port(world.server), NULL),
                         0);
}

static void assert_hello(void)
{
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
}

static void what_cannot_be_had(void)
{
        static const struct {
                eddy_http_service_options options;
                const char *why;
        } rows[] = {
            {{.max_head = 64 * 1024 + 1}, "max_head is 65537, but there is room for heads of 65536 bytes"},
            {{.max_head = SIZE_MAX}, "bytes at most; http2_max_header_list_size may be more"},
            {{.max_headers = 1001}, "max_headers is 1001, but a request has 1000 headers at most"},
        };
        eddy_http_service *service;

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                assert_int_equal(eddy_http_service_create(&service, hello, NULL, &rows[i].options), -EINVAL);
                assert_null(service);
                assert_non_null(strstr(eddy_error_detail(), rows[i].why));
        }
        assert_int_equal(eddy_http_service_create(&service, hello, NULL,
                                                  &(eddy_http_service_options){
                                                      .max_head = 64 * 1024,
                                                      .max_headers = 1000,
                                                      .head_timeout = EDDY_FOREVER,
                                                      .idle_timeout = EDDY_FOREVER,
                                                      .max_unread_body = SIZE_MAX,
                                                  }),
                         0);
        eddy_http_service_destroy(service);
}

/** Reads a body whole, and says how long it was and what the last header is. */
static int measure(eddy_http_exchange *exchange, void *arg)
{
        const char *last = eddy_http_exchange_header(exchange, "Last");
        char *body;
        ssize_t n = eddy_http_exchange_read_all(exchange, &body, 1000 * 1000);

        (void)arg;
        if (n < 0)
                return (int)n;
        eddy_free(body);
        return eddy_http_reply_text(exchange, 200, "%zd %s", n, last ? last : "-");
}

/** A request of so many bytes of head, in two pieces or one, and a body of 100,000 behind it. */
static void send_large(size_t size, size_t first)
{
        enum { BODY = 100 * 1000 };
        static char text[200 * 1000];
        size_t n = (size_t)sprintf(text, POST "Content-Length: %d\r\nLast: it\r\nX: ", BODY);

        memset(text + n, 'x', size + BODY - n);
        memcpy(text + size - 4, "\r\n\r\n", 4);
        assert_int_equal(eddy_stream_write_all(world.stream, text, first), first);
        give_way();
        assert_true(eddy_stream_write(world.stream, text + first, size + BODY - first) >= 0);
}

/** Whoever has long cookies, tickets or certificates in his heads is helped by a number. */
static void long_heads(void)
{
        static const size_t most[] = {1000, 40 * 1000, 64 * 1024};

        for (size_t i = 0; i < 2 * sizeof most / sizeof most[0]; i++) {
                size_t limit = most[i / 2], first = i % 2 ? limit / 2 : 0;

                open_world(measure, &(eddy_http_service_options){.max_head = limit});
                send_text(GET "\r\n");
                assert_answer("HTTP/1.1 200 OK", "0 -");
                send_large(limit - 1, first);
                assert_answer("HTTP/1.1 200 OK", "100000 it");
                send_large(limit + 1, first);
                assert_answer("HTTP/1.1 431 ", "431 Request Header Fields Too Large\n");
                close_world();
        }
}

static void long_targets(void)
{
        static char target[2000];

        memset(target, 'x', sizeof target);
        memcpy(target, "GET /", 5);
        open_world(hello, &(eddy_http_service_options){.max_head = 1000});
        assert_int_equal(eddy_stream_write_all(world.stream, target, sizeof target), sizeof target);
        assert_answer("HTTP/1.1 414 ", "414 URI Too Long\n");
        close_world();
}

/** A request with so many headers, of which the last but one says how long its body is: "hello". */
static void send_many(unsigned count)
{
        static char text[64 * 1024];
        size_t n = sizeof POST - 1;

        memcpy(text, POST, n);
        for (unsigned i = 0; i < count - 3; i++)
                n += (size_t)snprintf(text + n, sizeof text - n, "X-%u: %u\r\n", i, i);
        n += (size_t)snprintf(text + n, sizeof text - n, "Content-Length: 5\r\nLast: it\r\n\r\nhello");
        assert_int_equal(eddy_stream_write_all(world.stream, text, n), n);
}

static void many_headers(void)
{
        static const unsigned most[] = {3, 64, 65, 300, 1000};

        for (size_t i = 0; i < sizeof most / sizeof most[0]; i++) {
                open_world(measure,
                           &(eddy_http_service_options){.max_head = 64 * 1024, .max_headers = most[i]});
                send_many(most[i]);
                assert_answer("HTTP/1.1 200 OK", "5 it");
                send_many(most[i] + 1);
                assert_answer("HTTP/1.1 431 ", "431 Request Header Fields Too Large\n");
                close_world();
        }
}

/** Its time is the head's alone: neither what lies between requests counts, nor line ends that some send behind a body. */
static void slow_heads(void)
{
        open_world(hello, &(eddy_http_service_options){.timeout = eddy_seconds(LONG),
                                                       .head_timeout = eddy_seconds(SHORT)});
        pass(eddy_seconds(SHORT)); /* the first one's begins when the client has connected */
        assert_end();
        reconnect();
        send_text(GET "\r\n");
        assert_hello();
        pass(eddy_seconds(LATE));
        send_text(GET "\r\n\r\n");
        assert_hello();
        pass(eddy_seconds(LATE));
        send_text("\r\n");
        pass(eddy_seconds(LATE));
        send_text(GET "\r\n");
        assert_hello();
        send_text("GET / HT");
        pass(eddy_seconds(SHORT));
        assert_answer("HTTP/1.1 408 Request Timeout", "408 Request Timeout\n");
        assert_end();
        close_world();
}

/** It may be longer than silence may be, too. */
static void patient_with_heads(void)
{
        open_world(hello, &(eddy_http_service_options){.timeout = eddy_seconds(SHORT),
                                                       .head_timeout = eddy_seconds(LONG)});
        pass(eddy_seconds(LATE));
        send_text("GET / HTTP/1.1\r\n");
        pass(eddy_seconds(LATE));
        send_text("Host: x\r\n\r\n");
        assert_hello();
        pass(eddy_seconds(SHORT)); /* `timeout` is what it may be silent then */
        assert_end();
        close_world();
}

/** Somebody has been silent between requests; nothing else is measured by that. */
static void idle_clients(void)
{
        open_world(hello, &(eddy_http_service_options){.timeout = eddy_seconds(LONG),
                                                       .idle_timeout = eddy_seconds(SHORT)});
        pass(eddy_seconds(LATE));
        send_text("GET / HTTP/1.1\r\n");
        pass(eddy_seconds(LATE));
        send_text("Host: x\r\n\r\n");
        assert_hello();
        pass(eddy_seconds(SHORT));
        assert_end();
        close_world();
}

/** Whoever keeps connections for later, such as a proxy, is to end them first: so this may be longer than other silence. */
static void patient_with_idle_clients(void)
{
        open_world(hello, &(eddy_http_service_options){.timeout = eddy_seconds(SHORT),
                                                       .idle_timeout = eddy_seconds(LONG)});
        for (int i = 0; i < 2; i++) {
                send_text(GET "\r\n");
                assert_hello();
                pass(eddy_seconds(LATE));
        }
        send_text("GET / HT");
        pass(eddy_seconds(SHORT));
        assert_answer("HTTP/1.1 408 Request Timeout", "408 Request Timeout\n");
        close_world();

        open_world(hello, &(eddy_http_service_options){.timeout = eddy_seconds(SHORT),
                                                       .idle_timeout = eddy_seconds(2 * SHORT)});
        send_text(GET "\r\n");
        assert_hello();
        pass(eddy_seconds(SHORT));
        pass(eddy_seconds(SHORT));
        assert_end();
        close_world();
}

/** Line ends are no request, however many come. */
static void line_ends_hold_nothing(void)
{
        const eddy_http_service_options rows[] = {
            {.timeout = EDDY_FOREVER, .idle_timeout = eddy_seconds(SHORT)},
            {.timeout = eddy_seconds(SHORT), .idle_timeout = eddy_seconds(2 * SHORT)},
            {.timeout = eddy_seconds(SHORT)},
        };

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                open_world(hello, &rows[i]);
                send_text(GET "\r\n");
                assert_hello();
                for (int k = 0; k < 5; k++) {
                        eddy_stream_write(world.stream, "\r\n", 2);
                        pass(eddy_seconds(SHORT / 2));
                }
                assert_int_equal(eddy_server_connections(world.server), 0);
                close_world();
        }
}

enum { PART = 30 * 1000 };

static unsigned parts;
static bool has_unsent;

/** Answers more than a small buffer of the kernel's holds, and notes whether the client has not taken what was answered before. */
static int send_part(eddy_http_exchange *exchange, void *arg)
{
        static char body[PART];
        const eddy_transport *transport = http1_of(exchange)->transport;

        (void)arg;
        setsockopt(eddy_transport_fd(transport), SOL_SOCKET, SO_SNDBUF, &(int){4096}, sizeof(int));
        has_unsent = eddy_transport_write_buffer_size(transport) > 0;
        parts++;
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = body, .body_size = sizeof body});
}

/** Ask for parts until some of them are not taken. */
static void ask_for_too_much(void)
{
        parts = 0;
        has_unsent = false;
        for (unsigned asked = 1; !has_unsent; asked++) {
                send_text(GET "\r\n");
                until(parts == asked);
                for (int i = 0; i < 10; i++)
                        assert_int_equal(eddy_yield(), 0);
        }
}

static void take_parts(unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                static char body[PART];

                assert_non_null(strstr(next_head(), "200 OK"));
                assert_int_equal(eddy_stream_read_exactly(world.stream, body, PART), PART);
        }
}

/** Who has not taken an answer yet has the time for that, and not the short one for the next request. */
static void slow_takers(void)
{
        open_world(send_part, &(eddy_http_service_options){.timeout = eddy_seconds(LONG),
                                                           .idle_timeout = eddy_seconds(LATE)});
        ask_for_too_much();
        pass(eddy_seconds(4 * LATE));
        take_parts(parts);
        close_world();
}

/** Who takes nothing is cut, whatever time the next head has of which it sends a byte. */
static void who_takes_nothing_is_cut_within_a_head(void)
{
        open_world(send_part, &(eddy_http_service_options){.timeout = eddy_seconds(SHORT),
                                                           .head_timeout = eddy_seconds(LONG)});
        ask_for_too_much();
        send_text("G");
        while (!list_is_empty(&world.service->connections))
                pass(eddy_seconds(SHORT));
        close_world();
}

/** Who takes it has all the time for a head. */
static void who_takes_all_has_time_for_a_head(void)
{
        open_world(send_part, &(eddy_http_service_options){.timeout = eddy_seconds(SHORT),
                                                           .head_timeout = eddy_seconds(LONG)});
        ask_for_too_much();
        send_text("GET / HT");
        take_parts(parts);
        pass(eddy_seconds(LATE));
        send_text("TP/1.1\r\nHost: x\r\n\r\n");
        take_parts(1);
        close_world();
}

static int read_nothing(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = "no", .body_size = 2});
}

static void unread_bodies(void)
{
        enum { MUCH = 300 * 1000 };
        char *data = make_pattern(MUCH);

        open_world(read_nothing, &(eddy_http_service_options){.max_unread_body = 10});
        send_text(POST "Content-Length: 10\r\n\r\n");
        assert_null(strstr(next_head(), "Connection: close"));
        assert_body("no");
        send_text("0123456789" POST "Content-Length: 11\r\n\r\n");
        assert_non_null(strstr(next_head(), "\r\nConnection: close\r\n"));
        assert_body("no");
        close_world();

        open_world(read_nothing, &(eddy_http_service_options){.max_unread_body = MUCH});
        send_text(POST "Content-Length: 300000\r\n\r\n");
        assert_int_equal(eddy_stream_write_all(world.stream, data, MUCH), MUCH);
        assert_answer("HTTP/1.1 200 OK", "no");
        send_text(GET "\r\n");
        assert_answer("HTTP/1.1 200 OK", "no");
        close_world();
        free(data);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(what_cannot_be_had),
            scene_test(long_heads),
            scene_test(long_targets),
            scene_test(many_headers),
            scene_test(slow_heads),
            scene_test(patient_with_heads),
            scene_test(idle_clients),
            scene_test(patient_with_idle_clients),
            scene_test(line_ends_hold_nothing),
            scene_test(slow_takers),
            scene_test(who_takes_nothing_is_cut_within_a_head),
            scene_test(who_takes_all_has_time_for_a_head),
            scene_test(unread_bodies),
        };

        return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
