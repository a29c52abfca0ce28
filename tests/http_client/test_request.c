/* The heads of requests, letter by letter: one request is one, whatever its options hold. */
#include "../testing.h"

#include <eddy/http_client.h>
#include <eddy/server.h>
#include <stdio.h>

static char head[4096];
static unsigned requests;

static intptr_t keep_head(eddy_stream *stream, void *arg)
{
        static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        const char *text;
        ssize_t n = eddy_stream_read_until(stream, "\r\n\r\n", 4, &text);

        (void)arg;
        if (n < 0)
                return 0;
        requests++;
        snprintf(head, sizeof head, "%.*s", (int)n, text);
        eddy_stream_write_all(stream, answer, sizeof answer - 1);
        return 0;
}

static eddy_server *server;
static eddy_http_client *client;
static char url[64];

static void open_world(const eddy_http_client_options *options)
{
        requests = 0;
        assert_int_equal(eddy_start_server(&server, keep_head, NULL, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_http_client_create(&client, options), 0);
        snprintf(url, sizeof url, "http://127.0.0.1:%u/", eddy_server_port(server));
}

static void close_world(void)
{
        eddy_http_client_destroy(client);
        eddy_server_close(server);
        eddy_server_destroy(server);
}

/* Its status, or what failed. */
static int ask(eddy_http_request request)
{
        eddy_http_response response;
        int rc;

        if (!request.url)
                request.url = url;
        request.timeout = eddy_seconds(20);
        rc = eddy_http_fetch(client, &request, &response);
        rc = rc < 0 ? rc : response.status;
        eddy_http_response_finish(&response);
        return rc;
}

COROUTINE_TEST(refuses_what_would_be_two_requests)
{
        static const eddy_http_upload typed = {.name = "a", .data = "", .type = "text/plain\r\nX-Evil: 1"};
        const eddy_http_request bad[] = {
            {.method = "GET / HTTP/1.1\r\nX-Evil: 1\r\nY:"},
            {.method = "GET /elsewhere"},
            {.method = "G\nT"},
            {.method = ""},
            {.if_range = "\"a\"\r\nX-Evil: 1", .range_start = 5},
            {.if_range = "\"a\"\nX-Evil: 1", .range_end = 5},
            {.headers = (const char *[]){"X: 1\r\nX-Evil: 1", NULL}},
            {.headers = (const char *[]){"X-Evil: 1\nX: 1", NULL}},
            {.headers = (const char *[]){"X\r\nX-Evil: 1", NULL}},
            {.headers = (const char *[]){"X\x01: 1", NULL}},
            {.headers = (const char *[]){"Content-Type: a\r\nX-Evil: 1", NULL}, .body = "", .method = "PUT"},
            {.range_start = -5, .range_end = 10},
            {.range_start = 5, .range_end = 2},
            {.range_end = -1},
            {.uploads = &typed, .upload_count = 1},
            {.url = "http://127.0.0.1\r\nX-Evil: 1/"},
            {.url = "http://us\r\ner@127.0.0.1/"},
            {.url = "http://127.0.0.1:80\nX-Evil: 1/"},
        };

        open_world(NULL);
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                assert_int_equal(ask(bad[i]), -EINVAL);
                assert_string_not_equal(eddy_error_detail(), "");
        }
        assert_int_equal(requests, 0);
        close_world();
}

/* What is encoded on its way is one word, whatever is in it. */
COROUTINE_TEST(encodes_what_would_be_two_lines)
{
        static const char *const fields[] = {"a\r\nX-Evil: 1", "b\r\nX-Evil: 1", NULL};
        static const eddy_http_upload upload = {.name = "a\r\nX-Evil: 1", .filename = "b\r\n\r\n", .data = ""};
        char split[128];
        const eddy_http_request odd[] = {
            {.query = fields},
            {.form = fields},
            {.user = "a\r\nb:c\r\nd"},
            {.uploads = &upload, .upload_count = 1},
            {.url = split}, /* in the path */
        };

        open_world(&(eddy_http_client_options){.keeps_cookies = true});
        snprintf(split, sizeof split, "%sa\r\nX-Evil: 1#b\r\nX-Evil: 1", url);
        eddy_http_client_set_cookies(client, "127.0.0.1\tFALSE\t/\tFALSE\t0\ta\tb\r\nX-Evil: 1\n"
                                             "Set-Cookie: c=d\r\nX-Evil: 2");
        for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
                assert_int_equal(ask(odd[i]), 200);
                assert_null(strstr(head, "\nX-Evil"));
        }
        assert_int_equal(requests, sizeof odd / sizeof *odd);
        close_world();
}

TEST(refuses_a_client_that_would_say_two_lines)
{
        static const char *const headers[] = {"X: 1\r\nX-Evil: 1", NULL};
        static const eddy_http_client_options bad[] = {{.user_agent = "a\r\nX-Evil: 1"}, {.headers = headers}};
        eddy_loop *loop = new_loop();

        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                eddy_http_client_options options = bad[i];

                options.loop = loop;
                assert_int_equal(eddy_http_client_create(&client, &options), -EINVAL);
        }
        eddy_loop_destroy(loop);
}

static unsigned count(const char *needle)
{
        unsigned found = 0;

        for (const char *at = head; (at = strcasestr(at, needle)); at++)
                found++;
        return found;
}

COROUTINE_TEST(says_that_there_is_no_body)
{
        static const char *const without[] = {"Content-Length:", NULL}, *const wrong[] = {"Content-Length: 5",
                                                                                          NULL};
        static const struct {
                eddy_http_request request;
                unsigned lengths, nothing;
        } cases[] = {
            {{.method = "POST"}, 1, 1},
            {{.method = "PUT"}, 1, 1},
            {{.method = "PATCH"}, 1, 1},
            {{.method = "POST", .headers = without}, 0, 0},
            {{.method = "POST", .headers = wrong}, 1, 1},
            {{.method = "POST", .body = ""}, 1, 1},
            {{.method = "PUT", .body = "abc", .body_size = 3}, 1, 0},
            {{.method = "GET"}, 0, 0},
            {{.method = "DELETE"}, 0, 0},
            {{.method = "HEAD"}, 0, 0},
        };

        open_world(NULL);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                assert_int_equal(ask(cases[i].request), 200);
                assert_int_equal(count("\nContent-Length:"), cases[i].lengths);
                assert_int_equal(count("\nContent-Length: 0\r\n"), cases[i].nothing);
                assert_int_equal(count("\nTransfer-Encoding:"), 0);
        }
        close_world();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(refuses_what_would_be_two_requests),
            cmocka_unit_test(encodes_what_would_be_two_lines),
            cmocka_unit_test(refuses_a_client_that_would_say_two_lines),
            cmocka_unit_test(says_that_there_is_no_body),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
