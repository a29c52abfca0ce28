/* Answers that are written piece by piece, and what else a handler says, as a client on the wire sees it. */
#include "../clock.h"
#include "helpers.h"

/** What comes until the connection ends; NULL: it was reset. Freed by the caller. */
static char *read_rest(void)
{
        char *rest = NULL;
        ssize_t n = eddy_stream_read_all(world.stream, &rest, SIZE_MAX);

        if (n < 0)
                assert_int_equal(n, -ECONNRESET);
        return rest;
}

/** The rest, behind a head, is this. */
static void assert_rest(const char *expected)
{
        char *rest = read_rest();

        assert_non_null(rest);
        assert_string_equal(rest, expected);
        eddy_free(rest);
}

#define LINES(...)                                                                                             \
        (const char *const[])                                                                                  \
        {                                                                                                      \
                __VA_ARGS__, NULL                                                                              \
        }

static int answer_with_text(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        if (strcmp(eddy_http_exchange_target(exchange), "/long") == 0)
                return eddy_http_reply_text(exchange, 404, "%5000s", "end");
        return eddy_http_reply_text(exchange, 0, "%s has %d", "Ada", 3);
}

static int answer_of_no_type(eddy_http_exchange *exchange, void *arg)
{
        const eddy_http_answer answer = {
            .content_type = "", .body = "x", .body_size = 1, .headers = LINES("Content-Length: 1")};

        (void)arg;
        if (strcmp(eddy_http_exchange_target(exchange), "/pieces") != 0)
                return eddy_http_reply(exchange, &answer);
        assert_int_equal(eddy_http_reply_begin(exchange, &answer), 0);
        return eddy_http_reply_end(exchange);
}

static void bodies_of_no_type(void)
{
        for (int compresses = 0; compresses < 2; compresses++) {
                open_world(answer_of_no_type, &(eddy_http_service_options){.compresses = compresses});
                for (int i = 0; i < 2; i++) {
                        send_text(i ? "GET /pieces HTTP/1.1\r\nHost: x\r\n\r\n"
                                    : "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
                        assert_null(strstr(next_head(), "Content-Type"));
                        assert_body("x");
                }
                close_world();
        }
}

static void texts(void)
{
        static char text[5001];

        open_world(answer_with_text, NULL);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "Ada has 3");
        send_text("GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_non_null(strstr(next_head(), "HTTP/1.1 404 "));
        assert_int_equal(eddy_stream_read_exactly(world.stream, text, 5000), 5000);
        assert_string_equal(text + 4996, " end");
        close_world();
}

static int answer_in_pieces(eddy_http_exchange *exchange, void *arg)
{
        const char *target = eddy_http_exchange_target(exchange);
        const char *const *length = strstr(target, "length") ? LINES("Content-Length: 6") : NULL;
        int written = strcmp(eddy_http_exchange_method(exchange), "HEAD") == 0 ? -EPIPE : 0;

        (void)arg;
        assert_int_equal(eddy_http_reply_write(exchange, "x", 1), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_http_reply_end(exchange), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_http_reply_begin(
                             exchange, &(eddy_http_answer){.headers = length, .body = "ab", .body_size = 2}),
                         0);
        assert_int_equal(eddy_http_reply(exchange, &(eddy_http_answer){0}), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_http_reply_write(exchange, "cde", 3), written);
        assert_int_equal(eddy_http_reply_write(exchange, "", 0), 0); /* an empty chunk would be the last */
        if (strstr(target, "early"))
                return 0;
        if (length && written == 0) {
                assert_int_equal(eddy_http_reply_end(exchange), EDDY_EINCOMPLETE);
                assert_int_equal(eddy_http_reply_write(exchange, "fg", 2), -EINVAL);
        }
        assert_int_equal(eddy_http_reply_write(exchange, "f", 1), written);
        assert_int_equal(eddy_http_reply_end_with(exchange, LINES("Content-Length: 3")), -EINVAL);
        assert_int_equal(eddy_http_reply_end_with(exchange, LINES("Sum: 7", "Other: z")), 0);
        assert_int_equal(eddy_http_reply_end(exchange), EDDY_EINVALIDSTATE);
        return 0;
}

static void piece_by_piece(void)
{
        open_world(answer_in_pieces, NULL);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /length HTTP/1.1\r\nHost: x\r\n\r\n"
                  "HEAD / HTTP/1.1\r\nHost: x\r\n\r\nHEAD /length HTTP/1.1\r\nHost: x\r\n\r\n"
                  "GET / HTTP/1.0\r\n\r\n");
        assert_non_null(strstr(next_head(), "\r\nTransfer-Encoding: chunked\r\n"));
        assert_body("2\r\nab\r\n3\r\ncde\r\n1\r\nf\r\n0\r\nSum: 7\r\nOther: z\r\n\r\n");
        assert_non_null(strstr(next_head(), "\r\nContent-Length: 6\r\n"));
        assert_body("abcdef");
        next_head(); /* of HEAD: no body */
        assert_non_null(strstr(next_head(), "\r\nContent-Length: 6\r\n"));
        assert_null(strstr(next_head(), "\r\nTransfer-Encoding:"));
        assert_rest("abcdef");
        close_world();
}

static int add_headers(eddy_http_exchange *exchange, void *arg)
{
        static char much[4096] = "X: ";
        static const char *const wrong[] = {"Content-Type: text/css", "Content-Length: 0", "Date: x",
                                            "a\r\nb: c", "a"};
        int rc;

        memset(much + 3, 'x', sizeof much - 4);
        assert_int_equal(eddy_http_exchange_add_header(exchange, "X-First: 1"), 0);
        assert_int_equal(eddy_http_exchange_add_header(exchange, "Set-Cookie: a=b"), 0);
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
                assert_int_equal(eddy_http_exchange_add_header(exchange, wrong[i]), -EINVAL);
        assert_int_equal(eddy_http_exchange_add_header(exchange, much), EDDY_ELIMIT);
        assert_int_equal(eddy_http_exchange_status(exchange), 0);
        if (strcmp(eddy_http_exchange_target(exchange), "/fail") == 0)
                return -EIO;
        rc = eddy_http_reply(exchange, &(eddy_http_answer){.status = 404, .headers = LINES("X-Own: 2")});
        assert_int_equal(eddy_http_exchange_status(exchange), 404);
        assert_int_equal(eddy_http_exchange_add_header(exchange, "X-Late: 3"), EDDY_EINVALIDSTATE);
        (void)arg;
        return rc;
}

/** Whatever answers has the headers that were added before, and the next request has none of them. */
static void headers_of_whatever_answers(void)
{
        static const char *const targets[] = {"/", "/fail"};

        open_world(add_headers, NULL);
        for (int i = 0; i < 4; i++) {
                char request[64];
                const char *head;

                snprintf(request, sizeof request, "HEAD %s HTTP/1.1\r\nHost: x\r\n\r\n", targets[i % 2]);
                send_text(request);
                head = next_head();
                assert_non_null(strstr(head, "\r\nX-First: 1\r\nSet-Cookie: a=b\r\n\r\n"));
                assert_memory_equal(head, i % 2 ? "HTTP/1.1 500 " : "HTTP/1.1 404 ", 13);
        }
        close_world();
}

static int send_for_ever(eddy_http_exchange *exchange, void *arg)
{
        int rc = 0;

        (void)arg;
        while (rc == 0)
                rc = eddy_http_reply_event(exchange, &(eddy_http_event){.data = "tick"});
        return rc;
}

/** Nobody takes what is written to HEAD: who writes for ever is told, and the connection goes on. */
static void heads_of_what_has_no_end(void)
{
        open_world(send_for_ever, NULL);
        for (int i = 0; i < 2; i++) {
                send_text("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
                assert_non_null(strstr(next_head(), "\r\nContent-Type: text/event-stream\r\n"));
        }
        assert_null(world.exception);
        close_world();
}

/** Who returns before the end breaks the connection, so that nobody takes what came for all there is. */
static void pieces_without_an_end(void)
{
        open_world(answer_in_pieces, NULL);
        send_text("GET /early HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
        next_head();
        assert_rest("2\r\nab\r\n3\r\ncde\r\n");
        close_world();

        open_world(answer_in_pieces, NULL);
        send_text("GET /early-length HTTP/1.1\r\nHost: x\r\n\r\n");
        next_head();
        assert_rest("abcde");
        close_world();

        open_world(answer_in_pieces, NULL); /* its end would be that of the connection */
        send_text("GET /early HTTP/1.0\r\n\r\n");
        assert_null(read_rest());
        close_world();
}

enum { PIECE = 100 * 1000, PIECES = 50 };

static int written;

static int answer_much(eddy_http_exchange *exchange, void *arg)
{
        char *piece = make_pattern(PIECE);
        int rc = eddy_http_reply_begin(exchange, &(eddy_http_answer){0});

        (void)arg;
        for (written = 0; rc == 0 && written < PIECES; written++)
                rc = eddy_http_reply_write(exchange, piece, PIECE);
        free(piece);
        return rc < 0 ? rc : eddy_http_reply_end(exchange);
}

/** A client that takes nothing holds the handler up, and not its memory. */
static void slow_readers_hold_up_their_handler(void)
{
        int before;

        open_world(answer_much, NULL);
        send_text("GET / HTTP/1.0\r\n\r\n");
        do {
                before = written;
                give_way();
        } while (written == 0 || written != before);
        next_head();
        for (size_t i = 0; i < (size_t)PIECE * PIECES; i++) {
                char byte;

                assert_int_equal(eddy_stream_read(world.stream, &byte, 1), 1);
                if (byte != pattern_at(i % PIECE))
                        fail_msg("byte %zu differs", i);
        }
        assert_end();
        close_world();
}

static int outcome;

static int answer_for_ever(eddy_http_exchange *exchange, void *arg)
{
        static char piece[10000];

        (void)arg;
        has_begun = true;
        outcome = eddy_http_reply_begin(exchange, &(eddy_http_answer){0});
        while (outcome == 0) {
                outcome = eddy_http_reply_write(exchange, piece, sizeof piece);
                if (outcome == 0)
                        outcome = eddy_yield();
        }
        return outcome;
}

static void clients_that_leave(void)
{
        open_world(answer_for_ever, NULL);
        outcome = 0;
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        next_head();
        eddy_stream_abort(world.stream);
        until(outcome < 0); /* by the connection's end, or by a write before anybody has heard of that */
        until(eddy_server_connections(world.server) == 0);
        assert_null(world.exception);
        close_world();

        /* One that is not to be cancelled gets the error. */
        open_world(answer_for_ever, &(eddy_http_service_options){.ignores_gone = true});
        outcome = 0;
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        next_head();
        eddy_stream_abort(world.stream);
        until(outcome < 0);
        assert_true(outcome == -EPIPE || outcome == -ECONNRESET);
        assert_null(world.exception);
        close_world();

        /* One that takes nothing is cut. */
        open_world(answer_for_ever, &(eddy_http_service_options){.timeout = eddy_seconds(200)});
        outcome = 0;
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        while (outcome == 0)
                pass(eddy_seconds(200));
        assert_int_equal(outcome, -ETIMEDOUT);
        close_world();
}

static int wait_for_end(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        has_begun = true;
        outcome = eddy_sleep(strstr(eddy_http_exchange_target(exchange), "ever") ? EDDY_FOREVER : eddy_ms(20));
        return outcome < 0 ? outcome
                           : eddy_http_reply(exchange, &(eddy_http_answer){.body = "x", .body_size = 1});
}

/** To send no more is not to leave, unless the service says so. */
static void clients_that_only_listen(void)
{
        open_world(wait_for_end, NULL);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_int_equal(eddy_stream_write_eof(world.stream), 0);
        assert_answer("HTTP/1.1 200 OK", "x");
        assert_end();
        close_world();

        open_world(wait_for_end, &(eddy_http_service_options){.cancels_at_end = true});
        outcome = 0;
        send_text("GET /ever HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_int_equal(eddy_stream_write_eof(world.stream), 0);
        assert_end();
        assert_int_equal(outcome, EDDY_CANCELLED);
        close_world();
}

/** Neither a body nor requests behind it that nobody has room for hide that the client has gone. */
static void clients_that_leave_with_much_unread(void)
{
        static char much[150 * 1000]; /* of which the end is heard, too: the kernel holds what we do not */

        memset(much, 'x', sizeof much);
        for (int ends = 0; ends < 2; ends++) {
                open_world(wait_for_end, &(eddy_http_service_options){.cancels_at_end = ends});
                outcome = 0;
                has_begun = false;
                send_text("POST /ever HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n");
                assert_int_equal(eddy_stream_write(world.stream, much, sizeof much), 0);
                until(has_begun);
                if (ends)
                        assert_int_equal(eddy_stream_write_eof(world.stream), 0);
                else
                        eddy_stream_abort(world.stream);
                until(outcome != 0);
                assert_int_equal(outcome, EDDY_CANCELLED);
                close_world();
        }
}

static void limits_of_a_service(void)
{
        open_world(wait_for_end, &(eddy_http_service_options){.exchange_timeout = eddy_ms(20)});
        send_text("GET /ever HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer("HTTP/1.1 503 ", "503 Service Unavailable\n");
        assert_int_equal(outcome, EDDY_TIMEOUT);
        assert_null(world.exception);
        close_world();

        open_world(wait_for_end, &(eddy_http_service_options){.max_requests = 2});
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"
                  "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "x");
        assert_non_null(strstr(next_head(), "\r\nConnection: close\r\n"));
        assert_rest("x");
        close_world();

        open_world(answer_for_ever, &(eddy_http_service_options){.answer_timeout = eddy_ms(20)});
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        while (eddy_stream_read(world.stream, (char[10000]){0}, 10000) > 0)
                ;
        until(eddy_server_connections(world.server) == 0);
        until(outcome < 0);
        assert_true(outcome == -ETIMEDOUT || outcome == EDDY_CANCELLED);
        close_world();
}

static int hint(eddy_http_exchange *exchange, void *arg)
{
        assert_int_equal(eddy_http_reply_hints(exchange, LINES("bad")), -EINVAL);
        assert_int_equal(eddy_http_reply_hints(exchange, LINES("Content-Length: 3")), -EINVAL);
        assert_int_equal(eddy_http_reply_hints(exchange, LINES("Link: </a.css>; rel=preload")), 0);
        assert_int_equal(hello(exchange, arg), 0);
        assert_int_equal(eddy_http_reply_hints(exchange, LINES("Link: </b.css>; rel=preload")),
                         EDDY_EINVALIDSTATE);
        return 0;
}

static void hints(void)
{
        open_world(hint, NULL);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.0\r\n\r\n");
        assert_string_equal(next_head(), "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        close_world();
}

static int send_events(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        assert_int_equal(eddy_http_reply_event(exchange, &(eddy_http_event){.name = "a\nb"}), -EINVAL);
        assert_int_equal(
            eddy_http_reply_event(exchange, &(eddy_http_event){.data = "one\ntwo\r\nthree\rfour\n"}), 0);
        assert_int_equal(
            eddy_http_reply_event(
                exchange, &(eddy_http_event){.name = "moved", .id = "7", .retry = eddy_ms(250), .data = ""}),
            0);
        assert_int_equal(eddy_http_reply_event(exchange, &(eddy_http_event){0}), 0);
        return eddy_http_reply_end(exchange);
}

static void events(void)
{
        open_world(send_events, NULL);
        send_text("GET / HTTP/1.0\r\n\r\n");
        assert_non_null(strstr(next_head(), "\r\nContent-Type: text/event-stream\r\n"));
        assert_rest("data: one\ndata: two\ndata: three\ndata: four\ndata: \n\n"
                    "event: moved\nid: 7\nretry: 250\ndata: \n\n"
                    ":\n\n");
        close_world();
}

static intptr_t echo_lines(void *arg)
{
        eddy_stream *stream = arg;
        const char *line;
        ssize_t n;

        while ((n = eddy_stream_read_line(stream, &line)) > 0)
                if (eddy_stream_write_all(stream, line, (size_t)n) < 0)
                        break;
        eddy_stream_destroy(stream);
        return 0;
}

static eddy_task *beyond; /* that goes on when its handler has returned */

static int turn(eddy_http_exchange *exchange, void *arg)
{
        bool goes_on = strcmp(eddy_http_exchange_target(exchange), "/beyond") == 0;
        eddy_stream *stream;
        int rc = eddy_http_exchange_upgrade(exchange, LINES("Upgrade: lines"), &stream);

        (void)arg;
        if (rc < 0)
                return eddy_http_reply(exchange, &(eddy_http_answer){.status = rc == EDDY_ENOTSUP ? 426 : 409});
        if (!goes_on)
                return (int)echo_lines(stream);
        beyond = eddy_create_task(echo_lines, stream);
        return 0;
}

static void another_protocol(void)
{
        static const char *const targets[] = {"/", "/beyond"};
        char request[128];

        for (int i = 0; i < 2; i++) {
                beyond = NULL;
                open_world(turn, NULL);
                sprintf(request,
                        "GET %s HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: lines\r\n\r\n1\n2",
                        targets[i]);
                send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
                assert_answer("HTTP/1.1 426 ", "");
                send_text(request);
                assert_string_equal(
                    next_head(),
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\n");
                assert_body("1\n");
                send_text("\n");
                assert_body("2\n");
                assert_int_equal(eddy_stream_write_eof(world.stream), 0);
                assert_end();
                if (beyond)
                        assert_int_equal(eddy_join(beyond, NULL), 0);
                close_world();
        }

        open_world(turn, NULL);
        send_text(
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: lines\r\nContent-Length: 1\r\n\r\n");
        assert_non_null(strstr(next_head(), " 409 "));
        close_world();

        open_world(turn, NULL); /* what a proxy has left that took Connection out */
        send_text("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: lines\r\n\r\n");
        assert_answer("HTTP/1.1 426 ", "");
        close_world();
}

/** Which protocols there are is said in an answer of any status. */
static int name_protocol(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return eddy_http_reply(exchange,
                               &(eddy_http_answer){.headers = LINES("Connection: upgrade", "Upgrade: lines")});
}

static void protocols_that_there_are(void)
{
        open_world(name_protocol, NULL);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_non_null(strstr(next_head(), "\r\nUpgrade: lines\r\nConnection: Upgrade\r\n\r\n"));
        send_text("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        assert_non_null(strstr(next_head(), "\r\nConnection: keep-alive, Upgrade\r\n"));
        send_text("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_non_null(strstr(next_head(), "\r\nConnection: close, Upgrade\r\n"));
        assert_end();
        close_world();
}

/** A service may be given back while its last handlers are still at it. */
static void services_outlive_their_handlers(void)
{
        open_world(wait_for_end, NULL);
        has_begun = false;
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        until(has_begun);
        eddy_server_close(world.server);
        eddy_server_destroy(world.server);
        eddy_http_service_stop(world.service);
        eddy_http_service_destroy(world.service);
        assert_answer("HTTP/1.1 200 OK", "x");
        assert_end();
        eddy_stream_destroy(world.stream);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(texts),
            scene_test(bodies_of_no_type),
            scene_test(headers_of_whatever_answers),
            scene_test(heads_of_what_has_no_end),
            scene_test(piece_by_piece),
            scene_test(pieces_without_an_end),
            scene_test(slow_readers_hold_up_their_handler),
            scene_test(clients_that_leave),
            scene_test(clients_that_only_listen),
            scene_test(clients_that_leave_with_much_unread),
            scene_test(limits_of_a_service),
            scene_test(hints),
            scene_test(events),
            scene_test(another_protocol),
            scene_test(protocols_that_there_are),
            scene_test(services_outlive_their_handlers),
        };

        return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
