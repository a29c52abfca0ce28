/* A file as the answer of any handler. */
#include "helpers.h"

#include <sys/stat.h>

enum { LARGE = 300 * 1000 };

static char path[] = "/tmp/eddy-file-answer-XXXXXX";
static char *pattern;
static const char *const *lines;
static const char *type;
static int result;

static int make_file(void **state)
{
        int fd = mkstemp(path);

        (void)state;
        pattern = make_pattern(LARGE);
        assert_int_equal(write(fd, pattern, LARGE), LARGE);
        return close(fd);
}

static int remove_file(void **state)
{
        (void)state;
        free(pattern);
        return unlink(path);
}

static int send_file(eddy_http_exchange *exchange, void *arg)
{
        const char *target = eddy_http_exchange_target(exchange);
        eddy_file *file;

        (void)arg;
        assert_int_equal(eddy_file_open(&file, target[1] ? target : path, O_RDONLY, 0), 0);
        result = eddy_http_reply_file(exchange, file, type, lines);
        if (result == 0)
                assert_int_equal(eddy_http_reply_file(exchange, file, type, lines), EDDY_EINVALIDSTATE);
        eddy_file_close(file);
        return result;
}

static void open_files(const char *content_type, const char *const *headers)
{
        type = content_type;
        lines = headers;
        open_world(send_file, NULL);
}

static const char *ask(const char *method, const char *headers)
{
        char request[512];

        snprintf(request, sizeof request, "%s / HTTP/1.1\r\nHost: x\r\n%s\r\n", method, headers);
        send_text(request);
        return next_head();
}

static void assert_bytes(size_t from, size_t n)
{
        char *bytes = malloc(n);

        assert_int_equal(eddy_stream_read_exactly(world.stream, bytes, n), n);
        assert_memory_equal(bytes, pattern + from, n);
        free(bytes);
}

static void whole(void)
{
        const char *head;

        open_files("image/png",
                   (const char *const[]){"Content-Disposition: attachment; filename=\"a.png\"", NULL});
        head = ask("GET", "");
        assert_memory_equal(head, "HTTP/1.1 200 ", 13);
        assert_non_null(strstr(head, "\r\nContent-Type: image/png\r\n"));
        assert_non_null(strstr(head, "\r\nContent-Disposition: attachment; filename=\"a.png\"\r\n"));
        assert_non_null(strstr(head, "\r\nContent-Length: 300000\r\n"));
        assert_bytes(0, LARGE);
        head = ask("HEAD", "");
        assert_non_null(strstr(head, "\r\nContent-Length: 300000\r\n"));
        /* a method that conditions and ranges are not for */
        head = ask("POST", "Range: bytes=1-2\r\nIf-None-Match: *\r\n");
        assert_memory_equal(head, "HTTP/1.1 200 ", 13);
        assert_bytes(0, LARGE);
        close_world();
}

static void parts_and_conditions(void)
{
        char condition[128];
        const char *head, *etag;

        open_files(NULL, NULL);
        head = ask("GET", "Range: bytes=100-199\r\n");
        assert_memory_equal(head, "HTTP/1.1 206 ", 13);
        assert_non_null(strstr(head, "\r\nContent-Range: bytes 100-199/300000\r\n"));
        assert_non_null(strstr(head, "\r\nContent-Type: application/octet-stream\r\n"));
        etag = strstr(head, "\r\nETag: ") + 8;
        snprintf(condition, sizeof condition, "If-None-Match: %.*s\r\n", (int)strcspn(etag, "\r"), etag);
        assert_bytes(100, 100);
        head = ask("GET", "Range: bytes=-200000\r\n"); /* more than is copied */
        assert_memory_equal(head, "HTTP/1.1 206 ", 13);
        assert_bytes(100 * 1000, 200 * 1000);
        assert_memory_equal(ask("GET", condition), "HTTP/1.1 304 ", 13);
        head = ask("GET", "Range: bytes=300000-\r\n");
        assert_memory_equal(head, "HTTP/1.1 416 ", 13);
        assert_non_null(strstr(head, "\r\nContent-Range: bytes */300000\r\n"));
        close_world();
}

static void what_is_refused(void)
{
        static const char *const wrong[] = {"Content-Length: 3", "Connection: close", "Date: today",
                                            "etag: \"x\"",       "Last-Modified: x",  "Content-Range: x",
                                            "a\r\nb: c"};

        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                open_files(NULL, (const char *const[]){wrong[i], NULL});
                assert_memory_equal(ask("GET", ""), "HTTP/1.1 500 ", 13);
                assert_int_equal(result, -EINVAL);
                close_world();
        }
        open_files(NULL, NULL);
        send_text("GET /dev/null HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_memory_equal(next_head(), "HTTP/1.1 500 ", 13);
        assert_int_equal(result, -EINVAL);
        close_world();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(whole),
            scene_test(parts_and_conditions),
            scene_test(what_is_refused),
        };

        return cmocka_run_group_tests_name("file_answer", tests, make_file, remove_file);
}
