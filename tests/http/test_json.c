/* Requests and answers in JSON. */
#include "helpers.h"

#include <eddy/http_json.h>
#include <jansson.h>

static int result;
static char detail[256];

/* Answers with what it was sent. */
static int give_back(eddy_http_exchange *exchange, void *limit)
{
        json_t *value;

        result = eddy_http_exchange_json(exchange, &value, limit ? *(size_t *)limit : 0);
        snprintf(detail, sizeof detail, "%s", result < 0 ? eddy_error_detail() : "");
        return result < 0 ? result : eddy_http_reply_json(exchange, 0, value);
}

static void post(const char *body, size_t n)
{
        char head[128];

        snprintf(head, sizeof head, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", n);
        send_text(head);
        if (n > 0)
                assert_int_equal(eddy_stream_write_all(world.stream, body, n), n);
}

static void assert_comes_back(const char *body, const char *expected)
{
        const char *head;

        post(body, strlen(body));
        head = next_head();
        assert_memory_equal(head, "HTTP/1.1 200 OK", 15);
        assert_non_null(strstr(head, "\r\nContent-Type: application/json\r\n"));
        assert_body(expected);
}

static void values_come_and_go(void)
{
        open_world(give_back, NULL);
        assert_comes_back(" { \"a\" : [1, 2.5, null, true], \"b\": \"\\u00e4 \\\" \\\\[[\" } ",
                          "{\"a\":[1,2.5,null,true],\"b\":\"\303\244 \\\" \\\\[[\"}");
        assert_comes_back("[]", "[]");
        assert_comes_back("\"text\"", "\"text\"");
        assert_comes_back("{\"a\":1,\"a\":2}", "{\"a\":2}");
        close_world();
}

static void long_values(void)
{
        enum { MANY = 100000 };
        static char text[2 * MANY + 1], received[sizeof text];

        for (int i = 0; i < MANY; i++)
                memcpy(text + 2 * i, i ? ",7" : "[7", 2);
        text[2 * MANY] = ']';
        open_world(give_back, NULL);
        post(text, sizeof text);
        assert_non_null(strstr(next_head(), "\r\nContent-Length: 200001\r\n"));
        assert_int_equal(eddy_stream_read_exactly(world.stream, received, sizeof received), sizeof received);
        assert_memory_equal(received, text, sizeof text);
        close_world();
}

static void assert_refused(const char *body, size_t n, const char *status_line, int rc, const char *says)
{
        const char *head;
        char text[512];
        size_t size;

        post(body, n);
        head = next_head();
        assert_memory_equal(head, status_line, strlen(status_line));
        assert_int_equal(result, rc);
        assert_non_null(strstr(detail, says));
        assert_null(world.exception); /* it is the client's fault */
        assert_non_null(strstr(head, "\r\nContent-Length: "));
        size = strtoul(strstr(head, "\r\nContent-Length: ") + 18, NULL, 10);
        assert_int_equal(eddy_stream_read_exactly(world.stream, text, size), size);
}

static void what_is_no_json(void)
{
        static const struct {
                const char *body, *says;
        } tries[] = {
            {"", "line 1"},       {"{\"a\":\n 1", "line 2"}, {"{'a': 1}", "line 1"}, {"[1,]", "line 1"},
            {"\"\xff\"", "0xff"}, {"nul", "line 1"},         {"1 2", "line 1"},
        };

        open_world(give_back, NULL);
        for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) /* and the connection goes on */
                assert_refused(tries[i].body, strlen(tries[i].body), "HTTP/1.1 400", EDDY_EPROTOCOL,
                               tries[i].says);
        close_world();
}

/* jansson goes down by recursion, and a coroutine's stack is small. */
static void depth_is_bounded(void)
{
        enum { DEEP = 100000 };
        static char text[2 * DEEP];

        open_world(give_back, NULL);
        for (size_t depth = 128; depth <= 129; depth++) {
                memset(text, '[', depth);
                memset(text + depth, ']', depth);
                if (depth == 129) {
                        assert_refused(text, 2 * depth, "HTTP/1.1 400", EDDY_EPROTOCOL, "128 deep");
                        continue;
                }
                post(text, 2 * depth);
                assert_non_null(strstr(next_head(), "\r\nContent-Length: 256\r\n"));
                assert_int_equal(eddy_stream_read_exactly(world.stream, (char[256]){0}, 256), 256);
        }
        memset(text, '[', sizeof text);
        assert_refused(text, sizeof text, "HTTP/1.1 400", EDDY_EPROTOCOL, "128 deep");
        close_world();
}

static void length_is_bounded(void)
{
        size_t limit = 10;

        world = (struct world){0};
        eddy_loop_set_exception_handler(eddy_running_loop(), note_exception, NULL);
        assert_int_equal(eddy_http_service_create(&world.service, give_back, &limit, NULL), 0);
        assert_int_equal(eddy_http_start_server(&world.server, world.service, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", eddy_server_port(world.server), NULL),
                         0);
        assert_comes_back("[3,4,5,6 ]", "[3,4,5,6]");
        assert_refused("[3,4,5,67 ]", 11, "HTTP/1.1 413", EDDY_ELIMIT, "");
        close_world();
}

/* What json_pack() cannot make is the handler's mistake. */
static int reply_nothing(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return eddy_http_reply_json(exchange, 200, json_pack("{s:s}", "name", NULL));
}

static int reply_error(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return eddy_http_reply_json(exchange, 422, json_pack("{s:s}", "error", "no"));
}

static void what_handlers_answer(void)
{
        open_world(reply_error, NULL);
        post(NULL, 0);
        assert_answer("HTTP/1.1 422", "{\"error\":\"no\"}");
        close_world();

        open_world(reply_nothing, NULL);
        post(NULL, 0);
        assert_memory_equal(next_head(), "HTTP/1.1 500", 12);
        assert_int_equal(world.error, -EINVAL);
        close_world();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(values_come_and_go), scene_test(long_values),       scene_test(what_is_no_json),
            scene_test(depth_is_bounded),   scene_test(length_is_bounded), scene_test(what_handlers_answer),
        };

        return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
