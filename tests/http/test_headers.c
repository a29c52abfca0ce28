/* What of a handler's headers gets into an answer, as a client on the wire sees it. */
#include "../stream/helpers.h"

#include <eddy/http.h>

#define LINES(...)                                                                                             \
        .headers = (const char *const[])                                                                       \
        {                                                                                                      \
                __VA_ARGS__, NULL                                                                              \
        }
#define TEXT .body = "{}", .body_size = 2

enum { LONG = 9000 };

static char too_long[LONG];

/** Answers, and what they come to. */
static const struct
try {
        const char *method;
        eddy_http_answer answer;
        int rc;
        const char *has[3]; /* lines of the head, each once */
        const char *lacks;  /* the name of none */
        const char *body;   /* behind the head, to the connection's end */
}
tries[] = {
    {"GET", {TEXT}, 0, {"Content-Type: text/plain; charset=utf-8", "Content-Length: 2"}, NULL, "{}"},
    {"GET", {0}, 0, {"Content-Length: 0"}, "Content-Type", ""},
    /* what replaces a default */
    {"GET", {TEXT, LINES("Content-Type: a/b")}, 0, {"Content-Type: a/b"}, "text/plain", "{}"},
    {"GET", {TEXT, LINES("content-type:a/b", "X: y")}, 0, {"content-type:a/b", "X: y"}, "Content-Type", "{}"},
    {"GET", {TEXT, .content_type = "a/b"}, 0, {"Content-Type: a/b"}, "text/plain", "{}"},
    {"GET", {TEXT, LINES("Server: mine")}, 0, {"Server: mine", "Date: "}, "eddy/", "{}"},
    {"GET", {TEXT, LINES("Date: today")}, 0, {"Date: today", "Server: eddy/"}, "GMT", "{}"},
    {"GET", {TEXT, LINES("Server: mine", "Date: today")}, 0, {"Date: today", "Server: mine"}, "GMT", "{}"},
    /* what is there twice */
    {"GET", {TEXT, LINES("Content-Type: a/b", "Content-Type: a/b")}, .rc = -EINVAL},
    {"GET", {TEXT, .content_type = "a/b", LINES("Content-Type: a/b")}, .rc = -EINVAL},
    {"GET", {TEXT, LINES("Content-Length: 2", "Content-Length: 2")}, .rc = -EINVAL},
    {"GET", {TEXT, LINES("Date: a", "date: b")}, .rc = -EINVAL},
    {"GET", {TEXT, LINES("Connection: close", "Connection: close")}, .rc = -EINVAL},
    /* lengths */
    {"GET", {TEXT, LINES("Content-Length: 2")}, 0, {"Content-Length: 2"}, NULL, "{}"},
    {"GET", {TEXT, LINES("content-LENGTH: \t02 ")}, 0, {"Content-Length: 2"}, "content-LENGTH", "{}"},
    {"GET", {TEXT, LINES("Content-Length: 5")}, .rc = -EINVAL},
    {"GET", {TEXT, LINES("Content-Length: 1")}, .rc = -EINVAL},
    {"GET", {TEXT, LINES("Content-Length:")}, .rc = -EINVAL},
    {"GET", {TEXT, LINES("Content-Length: 2, 2")}, .rc = -EINVAL},
    {"GET", {TEXT, LINES("Content-Length: +2")}, .rc = -EINVAL},
    {"GET", {TEXT, LINES("Content-Length: 0x2")}, .rc = -EINVAL},
    {"GET", {LINES("Content-Length: 7")}, .rc = -EINVAL},
    {"HEAD", {TEXT}, 0, {"Content-Length: 2"}, NULL, ""},
    {"HEAD", {TEXT, LINES("Content-Length: 3")}, .rc = -EINVAL},
    {"HEAD", {LINES("Content-Length: 7")}, 0, {"Content-Length: 7"}, NULL, ""},
    {"GET", {.status = 304, TEXT}, 0, {"HTTP/1.1 304 Not Modified"}, "Content-Length", ""},
    {"GET", {.status = 304, LINES("Content-Length: 7")}, 0, {"Content-Length: 7"}, NULL, ""},
    {"GET", {.status = 204, TEXT}, 0, {"HTTP/1.1 204 No Content"}, "Content-Length", ""},
    {"GET", {.status = 204, LINES("Content-Length: 0")}, .rc = -EINVAL},
    {"HEAD", {.status = 204, LINES("Content-Length: 7")}, .rc = -EINVAL},
    {"GET", {.status = 205, TEXT}, 0, {"Content-Length: 0"}, NULL, ""},
    {"GET", {.status = 205, TEXT, LINES("Content-Length: 2")}, .rc = -EINVAL},
    /* codings */
    {"GET", {TEXT, LINES("Transfer-Encoding: chunked")}, .rc = -EINVAL},
    {"GET", {TEXT, LINES("transfer-encoding: identity")}, .rc = -EINVAL},
    {"HEAD", {TEXT, LINES("Transfer-Encoding:")}, .rc = -EINVAL},
    /* the connection */
    {"GET", {TEXT, LINES("Connection: close")}, 0, {"Connection: close"}, NULL, "{}"},
    {"GET", {TEXT, LINES("connection:CLOSE ")}, 0, {"Connection: close"}, "CLOSE", "{}"},
    {"GET", {TEXT, LINES("Connection: keep-alive")}, .rc = -EINVAL}, /* which this one asks not to be */
    {"GET",
     {TEXT, LINES("Upgrade: a", "connection: upgrade")},
     0,
     {"Upgrade: a", "\r\nConnection: close, Upgrade\r\n"},
     "connection:",
     "{}"},
    {"GET", {TEXT, LINES("Connection: close, x")}, .rc = -EINVAL},
    {"GET", {TEXT, LINES("Connection:")}, .rc = -EINVAL},
    /* what is no header */
    {"GET", {LINES("no colon")}, .rc = -EINVAL},
    {"GET", {LINES("")}, .rc = -EINVAL},
    {"GET", {LINES(": x")}, .rc = -EINVAL},
    {"GET", {LINES("A : x")}, .rc = -EINVAL},
    {"GET", {LINES(" A: x")}, .rc = -EINVAL},
    {"GET", {LINES("A B: x")}, .rc = -EINVAL},
    {"GET", {LINES("A(: x")}, .rc = -EINVAL},
    {"GET", {LINES("A\xe4: x")}, .rc = -EINVAL},
    {"GET", {LINES("A: b\r\nC: d")}, .rc = -EINVAL},
    {"GET", {LINES("A: b\rC: d")}, .rc = -EINVAL},
    {"GET", {LINES("A: b\nC: d")}, .rc = -EINVAL},
    {"GET", {LINES("A: b\r\n c")}, .rc = -EINVAL},
    {"GET", {LINES("A: b\r\n")}, .rc = -EINVAL},
    {"GET", {LINES("A\r\n: b")}, .rc = -EINVAL},
    {"GET", {LINES("A: \x01")}, .rc = -EINVAL},
    {"GET", {LINES("A: \x7f")}, .rc = -EINVAL},
    {"GET", {.content_type = "a\r\nb: c"}, .rc = -EINVAL},
    {"GET", {.content_type = "a\nb"}, .rc = -EINVAL},
    {"GET", {.content_type = "a\x01"}, .rc = -EINVAL},
    {"GET", {LINES(too_long)}, .rc = -EINVAL},
    {"GET", {LINES("A:", "B:\t\xe4 c ", "B: again")}, 0, {"A:", "B:\t\xe4 c ", "B: again"}, NULL, ""},
    /* statuses */
    {"GET", {.status = 100}, .rc = -EINVAL},
    {"GET", {.status = 199}, .rc = -EINVAL},
    {"GET", {.status = 1000}, .rc = -EINVAL},
    {"GET", {.status = -1}, .rc = -EINVAL},
    {"GET", {.status = 999}, 0, {"HTTP/1.1 999 "}, NULL, ""},
};

static int rc_of_last;

static int reply_as_tried(eddy_http_exchange *exchange, void *arg)
{
        const struct try *try = arg;

        rc_of_last = eddy_http_reply(exchange, &try->answer);
        return rc_of_last < 0 ? eddy_http_reply(exchange, &(eddy_http_answer){.status = 500}) : 0;
}

static unsigned count_of(const char *text, const char *part)
{
        unsigned n = 0;

        for (text = strstr(text, part); text; text = strstr(text + 1, part))
                n++;
        return n;
}

/* What comes for one request, which asks for the connection to end. */
static void ask(const struct try *try, char **all)
{
        eddy_http_service *service;
        eddy_server *server;
        eddy_stream *stream;
        char request[64];
        int n = snprintf(request, sizeof request, "%s / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                         try->method);

        assert_int_equal(eddy_http_service_create(&service, reply_as_tried, (void *)(uintptr_t)try, NULL), 0);
        assert_int_equal(eddy_http_start_server(&server, service, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), NULL), 0);
        assert_int_equal(eddy_stream_write_all(stream, request, (size_t)n), n);
        assert_true(eddy_stream_read_all(stream, all, 100000) > 0);
        eddy_stream_destroy(stream);
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
        eddy_http_service_destroy(service);
}

static void what_a_head_has(void)
{
        memset(too_long, 'x', sizeof too_long - 1);
        memcpy(too_long, "X: ", 3);
        for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
                const struct try *try = &tries[i];
                char *all = NULL;
                const char *body;

                ask(try, &all);
                body = strstr(all, "\r\n\r\n");
                if (rc_of_last != try->rc)
                        fail_msg("try %zu: %s", i, eddy_errname(rc_of_last));
                assert_int_equal(count_of(all, "HTTP/1.1 "), 1);
                assert_non_null(body);
                for (int k = 0; k < 3 && try->has[k]; k++)
                        if (count_of(all, try->has[k]) != 1)
                                fail_msg("try %zu: not once '%s' in\n%s", i, try->has[k], all);
                if (try->lacks && strstr(all, try->lacks))
                        fail_msg("try %zu: %s in\n%s", i, try->lacks, all);
                if (try->rc == 0)
                        assert_string_equal(body + 4, try->body);
                eddy_free(all);
        }
}

/* A connection is as its answer says. */
static void close_closes(void)
{
        const struct try closes = {.method = "GET", .answer = {TEXT, LINES("Connection: close")}};
        const struct try keeps = {.method = "GET", .answer = {TEXT, LINES("Connection: keep-alive")}};

        for (int is_closed = 0; is_closed < 2; is_closed++) {
                eddy_http_service *service;
                eddy_server *server;
                eddy_stream *stream;
                char *all;

                assert_int_equal(eddy_http_service_create(&service, reply_as_tried,
                                                          (void *)(uintptr_t)(is_closed ? &closes : &keeps),
                                                          NULL),
                                 0);
                assert_int_equal(eddy_http_start_server(&server, service, "127.0.0.1", 0, NULL), 0);
                assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), NULL), 0);
                assert_true(
                    eddy_stream_write_all(
                        stream, "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 54) > 0);
                assert_int_equal(eddy_stream_write_eof(stream), 0);
                assert_true(eddy_stream_read_all(stream, &all, 100000) > 0);
                assert_int_equal(count_of(all, "HTTP/1.1 200"), is_closed ? 1 : 2);
                eddy_free(all);
                eddy_stream_destroy(stream);
                eddy_server_close(server);
                assert_int_equal(eddy_server_wait_closed(server), 0);
                eddy_server_destroy(server);
                eddy_http_service_destroy(service);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {scene_test(what_a_head_has), scene_test(close_closes)};

        return cmocka_run_group_tests_name("headers", tests, NULL, NULL);
}
