/* Requests answered by a function, as a client on the wire sees it. */
#include "../clock.h"
#include "helpers.h"

static void answers(void)
{
        eddy_http_counts counts;
        const char *head;

        open_world(hello, NULL);
        for (int i = 0; i < 2; i++) { /* on one connection */
                send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
                head = next_head();
                assert_non_null(strstr(head, "HTTP/1.1 200 OK\r\n"));
                assert_non_null(strstr(head, "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
                assert_non_null(strstr(head, "\r\nContent-Length: 13\r\n"));
                assert_non_null(strstr(head, "\r\nDate: "));
                assert_body("hello, world!");
        }
        send_text("HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.0\r\n\r\n");
        assert_non_null(strstr(next_head(), "\r\nContent-Length: 13\r\n"));
        assert_non_null(strstr(next_head(), "\r\nConnection: close\r\n")); /* and no body between them */
        assert_body("hello, world!");
        assert_end();
        eddy_http_service_count(world.service, &counts);
        assert_int_equal(counts.connections, 1);
        assert_int_equal(counts.requests, 4);
        assert_int_equal(counts.bytes, 3 * 13);
        close_world();
}

/** Says what it was asked; what is asked first is answered slowest. */
static int describe(eddy_http_exchange *exchange, void *arg)
{
        const char *color = eddy_http_exchange_header(exchange, "COLOR");
        char text[256];
        int n = snprintf(text, sizeof text, "%s %s %s", eddy_http_exchange_method(exchange),
                         eddy_http_exchange_target(exchange), color ? color : "colorless");

        (void)arg;
        if (strstr(text, "slow"))
                for (int i = 0; i < 100; i++)
                        assert_int_equal(eddy_yield(), 0);
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = (size_t)n});
}

static void pipelined_requests_are_answered_in_order(void)
{
        open_world(describe, NULL);
        send_text("GET /slow?a=%20b HTTP/1.1\r\nHost: x\r\nColor: dark blue\r\n\r\n"
                  "DELETE /quick HTTP/1.1\r\ncolor:red\r\nHost: x\r\n\r\n"
                  "OPTIONS * HTTP/1.1\r\nHost: x\r\nCo");
        send_text("l: none\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "GET /slow?a=%20b dark blue");
        assert_answer("HTTP/1.1 200 OK", "DELETE /quick red");
        assert_answer("HTTP/1.1 200 OK", "OPTIONS * colorless");
        close_world();
}

static void many_pipelined_requests(void)
{
        enum { MANY = 3000 };
        static char requests[MANY * 64];
        size_t size = 0;
        char expected[64];

        open_world(describe, NULL);
        for (int i = 0; i < MANY; i++)
                size += (size_t)snprintf(requests + size, 64,
                                         "GET /%d HTTP/1.1\r\nHost: x\r\nColor: %d\r\n\r\n", i, i);
        /* The answers are larger than the requests, and nobody reads them yet: this must not wait for that. */
        assert_int_equal(eddy_stream_write(world.stream, requests, size), 0);
        for (int i = 0; i < MANY; i++) {
                snprintf(expected, sizeof expected, "GET /%d %d", i, i);
                assert_answer("HTTP/1.1 200 OK", expected);
        }
        close_world();
}

/** Also by who sends no more behind them, and when others had their turn in between. */
static void pipelined_requests_behind_which_nothing_comes(void)
{
        enum { MANY = 500 };

        open_world(hello, NULL);
        for (int i = 0; i < MANY; i++)
                assert_int_equal(eddy_stream_write(world.stream, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27), 0);
        assert_int_equal(eddy_stream_write_eof(world.stream), 0);
        for (int i = 0; i < MANY; i++)
                assert_answer("HTTP/1.1 200 OK", "hello, world!");
        assert_end();
        close_world();
}

/* So that the loop looks for what has come in each of its turns. */
static eddy_handle bustle[128];
static bool is_busy;

static void go_round(void *handle)
{
        if (is_busy)
                eddy_call_soon(NULL, handle, go_round, handle);
}

static void be_busy(void)
{
        is_busy = true;
        for (size_t i = 0; i < sizeof bustle / sizeof *bustle; i++)
                go_round(&bustle[i]);
}

static const char *behind; /* what comes while others have their turn */

/** To "/first" more comes; "/ours" becomes another protocol's connection, and "/later/ours" goes on with it. */
static int give_away(eddy_http_exchange *exchange, void *arg)
{
        const char *target = eddy_http_exchange_target(exchange);
        eddy_stream *stream;

        if (strcmp(target, "/first") == 0) {
                ssize_t size = (ssize_t)strlen(behind);

                assert_int_equal(write(eddy_stream_fd(world.stream), behind, (size_t)size), size);
        }
        if (!strstr(target, "/ours"))
                return hello(exchange, arg);
        assert_int_equal(
            eddy_http_exchange_upgrade(exchange, (const char *const[]){"Upgrade: lines", NULL}, &stream), 0);
        if (strcmp(target, "/later/ours") == 0)
                for (int i = 0; i < 10; i++)
                        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(eddy_stream_write_all(stream, "done", 4), 4);
        eddy_stream_destroy(stream);
        return 0;
}

/** Whether its handler returns at once or not, nothing of the connection's is used behind that. */
static void an_upgrade_that_comes_while_others_have_their_turn(void)
{
        enum { REQUESTS = 2 * 64 + 10 }; /* of which 64 are answered in a turn */
        static const char *const upgrades[] = {
            "GET /ours HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: lines\r\n\r\n",
            "GET /later/ours HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: lines\r\n\r\n",
        };
        char first[REQUESTS * 32], *at;

        for (int way = 0; way < 2; way++) {
                behind = upgrades[way];
                at = first + sprintf(first, "GET /first HTTP/1.1\r\nHost: x\r\n\r\n");
                for (int i = 1; i < REQUESTS; i++)
                        at += sprintf(at, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
                open_world(give_away, NULL);
                be_busy();
                send_text(first);
                for (int i = 0; i < REQUESTS; i++)
                        assert_answer("HTTP/1.1 200 OK", "hello, world!");
                assert_non_null(strstr(next_head(), "HTTP/1.1 101 "));
                assert_body("done");
                assert_end();
                is_busy = false;
                close_world();
        }
}

enum { BIG = 3 * 1024 * 1024 };

static int answer_as_asked(eddy_http_exchange *exchange, void *arg)
{
        const char *target = eddy_http_exchange_target(exchange);

        (void)arg;
        if (strcmp(target, "/created") == 0)
                return eddy_http_reply(exchange,
                                       &(eddy_http_answer){
                                           .status = 201,
                                           .content_type = "text/html",
                                           .headers = (const char *[]){"Location: /new", "X: y", NULL},
                                           .body = "<p>",
                                           .body_size = 3,
                                       });
        if (strcmp(target, "/") == 0)
                return hello(exchange, NULL);
        if (strcmp(target, "/nothing") == 0)
                return eddy_http_reply(exchange, &(eddy_http_answer){.status = 204});
        if (strcmp(target, "/big") == 0) {
                char *body = malloc(BIG);

                assert_non_null(body);
                memset(body, 'b', BIG);
                /* Where it fails the connection ends, whether the handler cares or not. */
                eddy_http_reply(exchange, &(eddy_http_answer){.body = body, .body_size = BIG});
                free(body);
        }
        return 0;
}

static void what_an_answer_may_be(void)
{
        const char *head;
        char *rest;

        open_world(answer_as_asked, NULL);
        send_text("GET /created HTTP/1.1\r\nHost: x\r\n\r\n");
        head = next_head();
        assert_non_null(strstr(head, "HTTP/1.1 201 Created\r\n"));
        assert_non_null(strstr(head, "\r\nContent-Type: text/html\r\n"));
        assert_non_null(strstr(head, "\r\nLocation: /new\r\nX: y\r\n"));
        assert_body("<p>");
        send_text("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
        head = next_head();
        assert_non_null(strstr(head, "HTTP/1.1 204 No Content\r\n"));
        assert_null(strstr(head, "Content-"));
        send_text("GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_non_null(strstr(next_head(), "\r\nContent-Length: 3145728\r\n"));
        assert_int_equal(eddy_stream_read_all(world.stream, &rest, BIG), BIG);
        assert_int_equal(strspn(rest, "b"), BIG);
        eddy_free(rest);
        close_world();
}

static char logged[256];

static void note_access(const eddy_http_access *access, void *arg)
{
        (void)arg;
        sprintf(logged + strlen(logged), "%s %.*s %d %lld;", access->method, (int)access->target_size,
                access->target, access->status, (long long)access->sent);
}

/** A log tells what was asked for, also of requests that no handler has seen. */
static void access_log(void)
{
        logged[0] = '\0';
        open_world(hello, &(eddy_http_service_options){.on_request = note_access, .max_body = 4});
        send_text(
            "GET /one HTTP/1.1\r\nHost: x\r\n\r\nHEAD /two HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        assert_non_null(strstr(next_head(), "HTTP/1.1 413 "));
        assert_end();
        close_world();
        open_world(hello, &(eddy_http_service_options){.on_request = note_access});
        send_text("GET /three HTTP/1.1\r\nHost: x\r\nExpect: y\r\n\r\n");
        assert_non_null(strstr(next_head(), "HTTP/1.1 417 "));
        close_world();
        assert_string_equal(logged, "GET /one 200 13;HEAD /two 413 0;GET /three 417 23;");
}

static int misbehave(eddy_http_exchange *exchange, void *arg)
{
        static char endless[9000] = "X: ";
        const char *target = eddy_http_exchange_target(exchange);

        (void)arg;
        if (strcmp(target, "/fail") == 0)
                return -EIO;
        if (strcmp(target, "/forget") == 0)
                return 0;
        memset(endless + 3, 'x', sizeof endless - 4);
        assert_int_equal(eddy_http_reply(exchange, &(eddy_http_answer){.status = 100}), -EINVAL);
        assert_int_equal(eddy_http_reply(exchange, &(eddy_http_answer){.content_type = "a\r\nb: c"}), -EINVAL);
        for (int i = 0; i < 3; i++) {
                const char *bad[] = {"no colon", "a: b\nc: d", endless};

                assert_int_equal(
                    eddy_http_reply(exchange, &(eddy_http_answer){.headers = (const char *[]){bad[i], NULL}}),
                    -EINVAL);
        }
        assert_int_equal(eddy_http_reply(exchange, &(eddy_http_answer){.body = "once", .body_size = 4}), 0);
        assert_int_equal(eddy_http_reply(exchange, &(eddy_http_answer){.status = 500}), EDDY_EINVALIDSTATE);
        return 0;
}

static void mistakes_of_handlers(void)
{
        static const char server_error[] = "HTTP/1.1 500 Internal Server Error";

        open_world(misbehave, NULL);
        send_text("GET /fail HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer(server_error, "500 Internal Server Error\n");
        assert_string_equal(world.exception, "a request's handler failed");
        assert_int_equal(world.error, -EIO);
        world.exception = NULL;
        send_text("GET /forget HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer(server_error, "500 Internal Server Error\n");
        assert_string_equal(world.exception, "a request's handler returned without an answer");
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "once");
        close_world();
}

static int fails(void)
{
        return -EIO;
}

static int times_out(void)
{
        int rc = 0;

        EDDY_TIMEOUT_SCOPE(0)
                rc = eddy_yield();
        assert_int_equal(rc, EDDY_TIMEOUT);
        return rc;
}

static int cancels_itself(void)
{
        eddy_cancel(eddy_current_task());
        return eddy_yield();
}

static int is_cancelled(void)
{
        eddy_server_close_clients(world.server);
        return eddy_yield();
}

static int wait_for_ever(eddy_http_exchange *exchange, void *arg)
{
        if (strcmp(eddy_http_exchange_target(exchange), "/ever") != 0)
                return hello(exchange, arg);
        has_begun = true;
        assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_CANCELLED);
        assert_int_equal(hello(exchange, arg), EDDY_CANCELLED);
        return EDDY_CANCELLED;
}

static int answer_when_gone(eddy_http_exchange *exchange, void *arg)
{
        has_begun = true;
        while (world.stream)
                assert_int_equal(eddy_yield(), 0);
        return answer_as_asked(exchange, arg);
}

/** How a handler may end that has replied. */
static const struct ending {
        const char *target;
        int (*act)(void);
        bool is_told; /* to the loop's exception handler, by the server */
} endings[] = {
    {"/fails", fails, true},
    {"/times-out", times_out, false},
    {"/cancels-itself", cancels_itself, false},
    {"/is-cancelled", is_cancelled, false},
};

static int reply_and_end(eddy_http_exchange *exchange, void *arg)
{
        const char *target = eddy_http_exchange_target(exchange);
        int rc = hello(exchange, arg);

        assert_int_equal(rc, 0);
        for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
                if (strcmp(target, endings[i].target) == 0)
                        return endings[i].act();
        return 0;
}

/** What a handler replied leaves, and what was answered before it, whatever the handler returns. */
static void answers_arrive_however_handlers_end(void)
{
        for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
                for (int before = 0; before < 3; before++) {
                        char requests[512] = "";

                        open_world(reply_and_end, NULL);
                        for (int k = 0; k < before; k++)
                                strcat(requests, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
                        sprintf(requests + strlen(requests),
                                "GET %s HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n", endings[i].target);
                        send_text(requests);
                        for (int k = 0; k < before + 1; k++)
                                assert_answer("HTTP/1.1 200 OK", "hello, world!");
                        assert_end();
                        while (eddy_server_connections(world.server) > 0) {
                                eddy_stream_destroy(world.stream); /* it may wait for us to close */
                                world.stream = NULL;
                                assert_int_equal(eddy_yield(), 0);
                        }
                        assert_int_equal(world.error, endings[i].is_told ? -EIO : 0);
                        close_world();
                }
}

/** What was answered before leaves, too, where a handler is cancelled that has not replied. */
static void answers_before_a_cancelled_one_arrive(void)
{
        open_world(wait_for_ever, NULL);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /ever HTTP/1.1\r\nHost: x\r\n\r\n");
        while (!has_begun)
                assert_int_equal(eddy_yield(), 0);
        eddy_server_close_clients(world.server);
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        assert_end();
        close_world();
}

/** The client is gone: the handler hears of it at the latest when the answer is too large to be kept, and nobody else
 * does. */
static void clients_that_are_gone(void)
{
        static const char *const targets[] = {"/", "/big"};

        for (size_t i = 0; i < 2; i++) {
                char text[64];

                open_world(answer_when_gone, NULL);
                sprintf(text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", targets[i]);
                send_text(text);
                while (!has_begun)
                        assert_int_equal(eddy_yield(), 0);
                eddy_stream_abort(world.stream);
                eddy_stream_destroy(world.stream);
                world.stream = NULL;
                while (eddy_server_connections(world.server) > 0)
                        assert_int_equal(eddy_yield(), 0);
                assert_null(world.exception);
                close_world();
        }
}

/** A head that ends in its midst is answered, and blank lines are none. */
static void ends_within_a_head(void)
{
        open_world(hello, NULL);
        send_text("GET / HTTP/1.1\r\nHost: x\r\nA");
        assert_int_equal(eddy_stream_write_eof(world.stream), 0);
        assert_answer("HTTP/1.1 400 Bad Request", "400 Bad Request\n");
        assert_end();
        close_world();

        open_world(hello, NULL);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n\r\n");
        assert_int_equal(eddy_stream_write_eof(world.stream), 0);
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        assert_end();
        close_world();
}

static void refused_on_entry(void)
{
        eddy_http_service *service;

        assert_int_equal(eddy_http_service_create(&service, hello, NULL, NULL), 0);
        EDDY_TIMEOUT_SCOPE(0) {
                assert_int_equal(eddy_yield(), EDDY_TIMEOUT);
                assert_int_equal(eddy_http_serve(NULL, service), EDDY_TIMEOUT);
        }
        eddy_http_service_destroy(service);
}

static void slow_clients_are_not_waited_for(void)
{
        open_world(hello, &(eddy_http_service_options){.timeout = eddy_seconds(200)});
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        send_text("GET / HT");
        pass(eddy_seconds(200));
        assert_answer("HTTP/1.1 408 Request Timeout", "408 Request Timeout\n");
        assert_end();
        close_world();

        /* One that says nothing is not answered, and one that reads nothing is dropped. */
        open_world(answer_as_asked, &(eddy_http_service_options){.timeout = eddy_seconds(200)});
        pass(eddy_seconds(200));
        assert_end();
        eddy_stream_destroy(world.stream);
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", eddy_server_port(world.server), NULL),
                         0);
        for (int i = 0; i < 10; i++)
                send_text("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
        until(eddy_server_connections(world.server) > 0);
        while (eddy_server_connections(world.server) > 0)
                pass(eddy_seconds(200));
        close_world();
}

static int be_slow(eddy_http_exchange *exchange, void *arg)
{
        has_begun = true;
        pass(eddy_seconds(1000));
        return hello(exchange, arg);
}

static void handlers_have_all_the_time(void)
{
        open_world(be_slow, &(eddy_http_service_options){.timeout = eddy_seconds(200)});
        send_text("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        close_world();
}

static void too_many_connections(void)
{
        eddy_stream *first;

        open_world(hello, &(eddy_http_service_options){.max_connections = 1});
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        first = world.stream;
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", eddy_server_port(world.server), NULL),
                         0);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_non_null(strstr(next_head(), "HTTP/1.1 503 "));
        assert_body("503 Service Unavailable\n");
        assert_end();
        eddy_stream_destroy(world.stream);
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", eddy_server_port(world.server), NULL),
                         0);
        assert_end(); /* who brings nothing does not stay */
        eddy_stream_destroy(world.stream);
        /* Those that were too many do not count: where one stays, and the first goes, there is room at once. */
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", eddy_server_port(world.server), NULL),
                         0);
        while (eddy_server_connections(world.server) < 2)
                assert_int_equal(eddy_yield(), 0);
        eddy_stream_destroy(first);
        while (eddy_server_connections(world.server) > 1)
                assert_int_equal(eddy_yield(), 0);
        first = world.stream;
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", eddy_server_port(world.server), NULL),
                         0);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        eddy_stream_destroy(first);
        for (int i = 0; i < 2; i++) {
                send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
                assert_answer("HTTP/1.1 200 OK", "hello, world!");
                eddy_stream_destroy(world.stream);
                while (eddy_server_connections(world.server) > 0)
                        assert_int_equal(eddy_yield(), 0);
                assert_int_equal(
                    eddy_open_connection(&world.stream, "127.0.0.1", eddy_server_port(world.server), NULL), 0);
        }
        close_world();
}

static void stop(void)
{
        open_world(be_slow, NULL);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        while (!has_begun)
                assert_int_equal(eddy_yield(), 0);
        eddy_server_close(world.server);
        eddy_http_service_stop(world.service);
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        assert_end();
        close_world();

        open_world(hello, NULL);
        send_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_answer("HTTP/1.1 200 OK", "hello, world!");
        eddy_http_service_stop(world.service); /* the connection waits for a request */
        assert_end();
        close_world();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(answers),
            scene_test(pipelined_requests_are_answered_in_order),
            scene_test(many_pipelined_requests),
            scene_test(pipelined_requests_behind_which_nothing_comes),
            scene_test(an_upgrade_that_comes_while_others_have_their_turn),
            scene_test(what_an_answer_may_be),
            scene_test(access_log),
            scene_test(mistakes_of_handlers),
            scene_test(answers_arrive_however_handlers_end),
            scene_test(answers_before_a_cancelled_one_arrive),
            scene_test(clients_that_are_gone),
            scene_test(ends_within_a_head),
            scene_test(refused_on_entry),
            scene_test(slow_clients_are_not_waited_for),
            scene_test(handlers_have_all_the_time),
            scene_test(too_many_connections),
            scene_test(stop),
        };

        return cmocka_run_group_tests_name("http1", tests, NULL, NULL);
}
