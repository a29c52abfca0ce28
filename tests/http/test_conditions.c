/* Ranges and conditions as RFC 9110 has them. */
#include "http/conditions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

enum { MODIFIED = 784111777 }; /* Sun, 06 Nov 1994 08:49:37 GMT */

static struct http_version version_of_size(int64_t size)
{
        struct http_version version = {.etag = "\"abc-1\"", .etag_size = 7, .modified = MODIFIED, .size = size};

        http_date_write(version.date, version.modified);
        return version;
}

static int judge(const char *method, const char *headers, int64_t size, struct http_range *range)
{
        struct http_version version = version_of_size(size);
        struct http_parser parser;
        char text[1024];
        int n = snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: x\r\n%s\r\n", method, headers);

        http_request_init(&parser.request, HTTP_HEADERS_MAX, NULL);
        http_parser_begin(&parser);
        assert_int_equal(http_parser_feed(&parser, text, (size_t)n), n);
        return http_conditions(&parser.request, text, &version, range);
}

static void check_range(const char *value, int64_t size, int status, int64_t start, int64_t end)
{
        struct http_range range;
        char header[256];
        int got;

        snprintf(header, sizeof header, "Range: %s\r\n", value);
        got = judge("GET", header, size, &range);
        if (got != status)
                fail_msg("%s of %lld: %d, not %d", value, (long long)size, got, status);
        if (status == 206 && (range.start != start || range.end != end))
                fail_msg("%s: %lld-%lld", value, (long long)range.start, (long long)range.end);
        if (status == 200 && (range.start != 0 || range.end != size))
                fail_msg("%s: not the whole", value);
}

static void test_ranges(void **state)
{
        (void)state;
        check_range("bytes=0-9", 100, 206, 0, 10);
        check_range("bytes=0-0", 100, 206, 0, 1);
        check_range("bytes=99-", 100, 206, 99, 100);
        check_range("bytes=50-1000", 100, 206, 50, 100);
        check_range("bytes=-1", 100, 206, 99, 100);
        check_range("bytes=-1000", 100, 206, 0, 100);
        check_range("BYTES=0-9", 100, 206, 0, 10);
        check_range("bytes=0-99999999999999999999999", 100, 206, 0, 100);
        check_range("bytes=100-", 100, 416, 0, 0);
        check_range("bytes=-0", 100, 416, 0, 0);
        check_range("bytes=0-", 0, 416, 0, 0);
        check_range("bytes=-5", 0, 416, 0, 0);
        check_range("bytes=99999999999999999999999-", 100, 416, 0, 0);
        check_range("bytes=9-0", 100, 200, 0, 100);
        check_range("bytes=-", 100, 200, 0, 100);
        check_range("bytes=a-b", 100, 200, 0, 100);
        check_range("bytes=0-1,5-6", 100, 200, 0, 100);
        check_range("bytes=1", 100, 200, 0, 100);
        check_range("lines=0-9", 100, 200, 0, 100);
        check_range("bytes=", 100, 200, 0, 100);
}

static void test_conditions(void **state)
{
        struct http_range range;

        (void)state;
        assert_int_equal(judge("GET", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 9, &range), 304);
        assert_int_equal(judge("GET", "If-Modified-Since: Sun, 06 Nov 1994 08:49:38 GMT\r\n", 9, &range), 304);
        assert_int_equal(judge("GET", "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", 9, &range), 200);
        assert_int_equal(judge("GET", "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n", 9, &range), 304);
        assert_int_equal(judge("GET", "If-Modified-Since: Sun Nov  6 08:49:37 1994\r\n", 9, &range), 304);
        assert_int_equal(judge("GET", "If-Modified-Since: yesterday\r\n", 9, &range), 200);
        assert_int_equal(judge("GET", "If-None-Match: \"abc-1\"\r\n", 9, &range), 304);
        assert_int_equal(judge("GET", "If-None-Match: \"x\", W/\"abc-1\"\r\n", 9, &range), 304);
        assert_int_equal(judge("GET", "If-None-Match: *\r\n", 9, &range), 304);
        assert_int_equal(judge("GET",
                               "If-None-Match: \"x\"\r\n"
                               "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
                               9, &range),
                         200);
        assert_int_equal(judge("HEAD", "Range: bytes=0-1\r\n", 9, &range), 200);
        assert_int_equal(judge("GET", "Range: bytes=0-1\r\nIf-Range: \"abc-1\"\r\n", 9, &range), 206);
        assert_int_equal(judge("GET", "Range: bytes=0-1\r\nIf-Range: W/\"abc-1\"\r\n", 9, &range), 200);
        assert_int_equal(judge("GET", "Range: bytes=0-1\r\nIf-Range: \"old\"\r\n", 9, &range), 200);
        assert_int_equal(
            judge("GET", "Range: bytes=0-1\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 9, &range), 206);
        assert_int_equal(
            judge("GET", "Range: bytes=0-1\r\nIf-Range: Sun, 06 Nov 1994 08:49:38 GMT\r\n", 9, &range), 200);
}

#define SAME   "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER  "Sun, 06 Nov 1994 08:49:38 GMT"

/** Conditions alone and together: the first that speaks is the one that RFC 9110 section 13.2.2 has first. */
static void test_order(void **state)
{
        static const struct {
                const char *method, *headers;
                int status;
        } rows[] = {
            /* If-Match: strongly, by list, in several lines */
            {"GET", "If-Match: \"abc-1\"\r\n", 200},
            {"GET", "If-Match: \"abc-1\"\r\nRange: bytes=0-1\r\n", 206},
            {"HEAD", "If-Match: \"abc-1\"\r\n", 200},
            {"GET", "If-Match: \"x\" , \"abc-1\"\r\n", 200},
            {"GET", "If-Match: ,,\"x\",,\"abc-1\",\r\n", 200},
            {"GET", "If-Match: \"x\"\r\nIf-Match: \"abc-1\"\r\n", 200},
            {"GET", "If-Match: *\r\n", 200},
            {"GET", "If-Match: W/\"abc-1\"\r\n", 412},
            {"GET", "If-Match: \"other\"\r\n", 412},
            {"HEAD", "If-Match: \"other\"\r\n", 412},
            {"GET", "If-Match: \"other\"\r\nRange: bytes=0-1\r\n", 412},
            {"GET", "If-Match: \"abc-\"\r\n", 412},
            {"GET", "If-Match: abc-1\r\n", 412},
            {"GET", "If-Match: \"x\"abc-1\"\r\n", 412},
            {"GET", "If-Match: \"x,\\\"abc-1\"\r\n", 412},
            {"GET", "If-Match: *, \"x\"\r\n", 412},
            {"GET", "If-Match:\r\n", 412},
            {"GET", "If-Match: \"\r\n", 412},
            /* If-Unmodified-Since, where there is no If-Match */
            {"GET", "If-Unmodified-Since: " SAME "\r\n", 200},
            {"GET", "If-Unmodified-Since: " AFTER "\r\n", 200},
            {"GET", "If-Unmodified-Since: " BEFORE "\r\n", 412},
            {"HEAD", "If-Unmodified-Since: " BEFORE "\r\n", 412},
            {"GET", "If-Unmodified-Since: " BEFORE "\r\nRange: bytes=0-1\r\n", 412},
            {"GET", "If-Unmodified-Since: " SAME "\r\nRange: bytes=0-1\r\n", 206},
            {"GET", "If-Unmodified-Since: yesterday\r\n", 200},
            {"GET", "If-Match: \"abc-1\"\r\nIf-Unmodified-Since: " BEFORE "\r\n", 200},
            {"GET", "If-Match: \"other\"\r\nIf-Unmodified-Since: " SAME "\r\n", 412},
            /* before what would be 304 */
            {"GET", "If-None-Match: \"abc-1\"\r\nIf-Match: \"other\"\r\n", 412},
            {"GET", "If-None-Match: \"abc-1\"\r\nIf-Match: \"abc-1\"\r\n", 304},
            {"GET", "If-None-Match: \"abc-1\"\r\nIf-Unmodified-Since: " BEFORE "\r\n", 412},
            {"GET", "If-Modified-Since: " SAME "\r\nIf-Match: \"other\"\r\n", 412},
            /* If-None-Match: weakly */
            {"GET", "If-None-Match: W/\"abc-1\"\r\n", 304},
            {"GET", "If-None-Match: \"x\", \"abc-1\"\r\n", 304},
            {"GET", "If-None-Match: \"x\"\r\nIf-None-Match: W/\"abc-1\"\r\n", 304},
            {"GET", "If-None-Match: \"x\"abc-1\"\r\n", 200},
            {"GET", "If-None-Match: abc-1\r\n", 200},
            {"GET", "If-None-Match: w/\"abc-1\"\r\n", 200},
            {"GET", "If-None-Match:\r\n", 200},
            {"GET", "If-None-Match: \"abc-1\"\r\nRange: bytes=0-1\r\n", 304},
            {"GET", "If-None-Match: \"x\"\r\nRange: bytes=0-1\r\n", 206},
            {"GET", "If-None-Match: \"x\"\r\nIf-Modified-Since: " SAME "\r\n", 200},
            {"GET", "If-None-Match: \"abc-1\"\r\nIf-Modified-Since: " BEFORE "\r\n", 304},
            {"GET", "If-Modified-Since: " SAME "\r\nRange: bytes=0-1\r\n", 304},
            {"HEAD", "If-Modified-Since: " SAME "\r\n", 304},
            /* what only those who read ask for, and what all do */
            {"PUT", "If-Modified-Since: " SAME "\r\n", 200},
            {"PUT", "If-Modified-Since: " SAME "\r\nIf-Unmodified-Since: " BEFORE "\r\n", 412},
            {"PUT", "If-Unmodified-Since: " SAME "\r\n", 200},
            {"PUT", "If-None-Match: \"abc-1\"\r\n", 304},
            /* If-Range: strongly, and only beside Range */
            {"GET", "If-Range: \"other\"\r\n", 200},
            {"GET", "Range: bytes=0-1\r\nIf-Range: *\r\n", 200},
            {"GET", "Range: bytes=0-1\r\nIf-Range: \"x\", \"abc-1\"\r\n", 200},
            {"GET", "Range: bytes=0-1\r\nIf-Range: " BEFORE "\r\n", 200},
            {"GET", "Range: bytes=0-1\r\nIf-Match: \"abc-1\"\r\nIf-Range: \"old\"\r\n", 200},
            {"GET", "Range: bytes=99-\r\nIf-Range: \"old\"\r\n", 200},
            {"GET", "Range: bytes=99-\r\nIf-Range: \"abc-1\"\r\n", 416},
            {"GET", "Range: bytes=99-\r\nIf-Match: \"other\"\r\n", 412},
        };
        struct http_range range;

        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                int status = judge(rows[i].method, rows[i].headers, 9, &range);

                if (status != rows[i].status)
                        fail_msg("%s %s: %d, not %d", rows[i].method, rows[i].headers, status, rows[i].status);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_ranges),
            cmocka_unit_test(test_conditions),
            cmocka_unit_test(test_order),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
