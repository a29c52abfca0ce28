/* Access logs: what lines say, and where they go. */
#include "helpers.h"

#include <eddy/http_log.h>
#include <fcntl.h>

static eddy_http_log *access_log;
static int ends[2]; /* of the pipe that lines go to */

static void open_logged(eddy_http_handler handler, eddy_http_log_format format)
{
        assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        assert_int_equal(eddy_http_log_create(&access_log, ends[1], format), 0);
        open_world(handler,
                   &(eddy_http_service_options){.on_request = eddy_http_log_request, .arg = access_log});
}

/* All that was logged. */
static const char *close_logged(void)
{
        static char text[256 * 1024];
        ssize_t n;

        close_world();
        eddy_http_log_destroy(access_log);
        n = read(ends[0], text, sizeof text - 1);
        text[n > 0 ? n : 0] = '\0';
        close(ends[0]);
        close(ends[1]);
        return text;
}

static void ask(const char *request)
{
        send_text(request);
        assert_non_null(strstr(next_head(), "HTTP/1.1 "));
}

/* What stands between two texts, or what is wrong. */
static bool has_parts(const char *line, const char *begin, const char *end)
{
        return strncmp(line, begin, strlen(begin)) == 0 && strstr(line, end) &&
               strcmp(strstr(line, end), end) == 0;
}

static void common(void)
{
        open_logged(hello, EDDY_HTTP_LOG_COMMON);
        ask("HEAD /a%20b?c=\"\\ HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_true(
            has_parts(close_logged(), "127.0.0.1 - - [", "] \"HEAD /a%20b?c=\\x22\\x5c HTTP/1.1\" 200 0\n"));
}

static void combined(void)
{
        const char *line;

        open_logged(hello, EDDY_HTTP_LOG_COMBINED);
        ask("HEAD / HTTP/1.0\r\nReferer: http://x/\r\nUser-Agent: \"a\"\xff\tb\r\n\r\n");
        line = close_logged();
        assert_true(has_parts(line, "127.0.0.1 - - [",
                              "] \"HEAD / HTTP/1.0\" 200 0 \"http://x/\" \"\\x22a\\x22\\xff\\x09b\"\n"));

        open_logged(hello, EDDY_HTTP_LOG_COMBINED);
        ask("nonsense\r\n\r\n");
        assert_true(has_parts(close_logged(), "127.0.0.1 - - [", "] \"-\" 400 16 \"-\" \"-\"\n"));
}

static void json(void)
{
        const char *line, *took;
        char *end;

        open_logged(hello, EDDY_HTTP_LOG_JSON);
        ask("GET /\" HTTP/1.1\r\nHost: x\r\nUser-Agent: \\a\x80\r\n\r\n");
        line = close_logged();
        assert_non_null(strstr(line, "{\"time\":\"20"));
        assert_non_null(strstr(line, "Z\",\"peer\":\"127.0.0.1:"));
        took = strstr(line,
                      "\",\"method\":\"GET\",\"target\":\"/\\u0022\",\"version\":\"HTTP/1.1\",\"status\":200,"
                      "\"sent\":13,\"took\":");
        assert_non_null(took);
        took = strstr(took, "took") + strlen("took\":");
        assert_true(strtod(took, &end) < 60); /* seconds, with a fraction */
        assert_non_null(memchr(took, '.', (size_t)(end - took)));
        assert_non_null(strstr(line, ",\"referer\":null,\"user_agent\":\"\\u005ca\\u0080\"}\n"));
}

/* What is no request is none of the version before it. */
static void nonsense_has_our_version(void)
{
        const char *line;

        open_logged(hello, EDDY_HTTP_LOG_JSON);
        ask("HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        ask("GARBAGE\r\n\r\n");
        line = close_logged();
        assert_non_null(strstr(line, "\"method\":\"HEAD\",\"target\":\"/\",\"version\":\"HTTP/1.0\""));
        assert_non_null(strstr(line, "\"method\":\"-\",\"target\":\"\",\"version\":\"HTTP/1.1\""));
}

static int wait_for_ever(eddy_http_exchange *exchange, void *arg)
{
        (void)exchange;
        (void)arg;
        has_begun = true;
        return eddy_sleep(EDDY_FOREVER);
}

/* A request whose client has gone has a line, and by whom it came is known. */
static void clients_that_have_gone(void)
{
        const char *line;

        open_logged(wait_for_ever, EDDY_HTTP_LOG_COMMON);
        send_text("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
        while (!has_begun)
                assert_int_equal(eddy_yield(), 0);
        eddy_stream_abort(world.stream);
        assert_int_equal(eddy_http_service_drain(world.service, EDDY_FOREVER), 0);
        line = close_logged();
        assert_true(has_parts(line, "127.0.0.1 - - [", "] \"GET /slow HTTP/1.1\" 499 0\n"));
}

/* What is printed of an access alone. */
static const char *print(const eddy_http_access *access)
{
        static char text[8192];

        assert_in_range(eddy_http_log_print(text, sizeof text, EDDY_HTTP_LOG_COMMON, 0, access), 1,
                        sizeof text - 1);
        return text;
}

static void peers_have_no_port(void **state)
{
        static const char *const peers[][2] = {
            {"192.0.2.1:80", "192.0.2.1 - "},
            {"[2001:db8::1]:80", "2001:db8::1 - "},
            {"/run/a:b", "/run/a:b - "},
            {"2001:db8::1", "2001:db8::1 - "},
            {"", "- - "},
            {"-", "- - "},
        };
        eddy_http_access access = {.method = "GET", .target = "/", .target_size = 1, .version = "HTTP/2.0"};

        (void)state;
        for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
                access.peer = peers[i][0];
                assert_memory_equal(print(&access), peers[i][1], strlen(peers[i][1]));
        }
}

static void long_texts_are_cut(void **state)
{
        static char target[5000];
        eddy_http_access access = {.peer = "-",
                                   .method = "GET",
                                   .target = target,
                                   .target_size = sizeof target,
                                   .version = "HTTP/1.1"};
        char small[16];
        size_t n;

        (void)state;
        memset(target, 'a', sizeof target);
        n = strlen(print(&access));
        assert_in_range(n, 2048, 2200);
        assert_non_null(strstr(print(&access), "aaa... HTTP/1.1\" 0 0\n"));
        assert_int_equal(eddy_http_log_print(small, sizeof small, EDDY_HTTP_LOG_COMMON, 0, &access), n);
        assert_int_equal(strlen(small), sizeof small - 1);
        assert_int_equal(eddy_http_log_print(NULL, 0, EDDY_HTTP_LOG_COMMON, 0, &access), n);
}

/* Nothing is written before the iteration's end, and then all of it at once. */
static void lines_leave_together(void)
{
        eddy_http_access access = {
            .peer = "-", .method = "GET", .target = "/", .target_size = 1, .version = "HTTP/1.1"};
        char text[4096];
        ssize_t n;

        open_logged(hello, EDDY_HTTP_LOG_COMMON);
        eddy_http_log_request(&access, access_log);
        eddy_http_log_request(&access, access_log);
        assert_int_equal(read(ends[0], text, sizeof text), -1);
        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(eddy_yield(), 0);
        n = read(ends[0], text, sizeof text);
        assert_in_range(n, 1, sizeof text);
        assert_int_equal(memchr(text, '\n', (size_t)n) - (void *)text, n / 2 - 1);
        close_logged();
}

/* A log that nobody reads holds nobody up, and what it lost is told. */
static void what_nobody_takes(void)
{
        eddy_http_access access = {
            .peer = "-", .method = "GET", .target = "/", .target_size = 1, .version = "HTTP/1.1"};
        unsigned lines = 0, lost;
        const char *text;

        open_logged(hello, EDDY_HTTP_LOG_COMMON);
        for (unsigned i = 0; i < 10000; i++) {
                eddy_http_log_request(&access, access_log);
                if (i % 100 == 0)
                        assert_int_equal(eddy_yield(), 0);
        }
        lost = (unsigned)eddy_http_log_dropped(access_log);
        assert_in_range(lost, 1, 9999);
        eddy_http_log_set_fd(access_log, ends[1]); /* what is still kept is for the old one, which is full */
        lost = (unsigned)eddy_http_log_dropped(access_log);
        text = close_logged();
        for (const char *at = text; (at = strchr(at, '\n')); at++)
                lines++;
        assert_int_equal(lines + lost, 10000);
}

static void a_log_that_is_gone(void)
{
        eddy_http_access access = {
            .peer = "-", .method = "GET", .target = "/", .target_size = 1, .version = "HTTP/1.1"};

        open_logged(hello, EDDY_HTTP_LOG_COMMON);
        close(ends[0]);
        eddy_http_log_request(&access, access_log);
        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(eddy_http_log_dropped(access_log), 1);
        ends[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        close_logged();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(common),
            scene_test(combined),
            scene_test(json),
            scene_test(nonsense_has_our_version),
            scene_test(clients_that_have_gone),
            cmocka_unit_test(peers_have_no_port),
            cmocka_unit_test(long_texts_are_cut),
            scene_test(lines_leave_together),
            scene_test(what_nobody_takes),
            scene_test(a_log_that_is_gone),
        };

        return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
