/* Requests are parsed alike however their bytes arrive. */
#include "http/parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <eddy/error.h>
#include <stdio.h>
#include <string.h>

static const char plain[] = "GET /a/b?c=d HTTP/1.1\r\nHost: example.org\r\nRange: bytes=0-9\r\nEmpty:\r\n\r\n";

static void assert_span(const char *head, struct http_span span, const char *expected)
{
        assert_int_equal(span.size, strlen(expected));
        assert_memory_equal(http_text(head, span), expected, span.size);
}

static void assert_plain(const struct http_parser *parser, const char *head)
{
        const struct http_request *request = &parser->request;
        struct http_span value;

        assert_int_equal(request->method, HTTP_GET);
        assert_true(request->keeps_alive);
        assert_false(request->has_body);
        assert_int_equal(request->header_count, 3);
        assert_span(head, request->target, "/a/b?c=d");
        assert_true(http_request_header(request, head, "host", &value));
        assert_span(head, value, "example.org");
        assert_true(http_request_header(request, head, "RANGE", &value));
        assert_span(head, value, "bytes=0-9");
        assert_true(http_request_header(request, head, "empty", &value));
        assert_span(head, value, "");
        assert_false(http_request_header(request, head, "rang", &value));
}

static void test_whole(void **state)
{
        struct http_parser parser;

        (void)state;
        http_parser_begin(&parser);
        assert_int_equal(http_parser_feed(&parser, plain, sizeof plain - 1), sizeof plain - 1);
        assert_plain(&parser, plain);
}

static void test_every_split(void **state)
{
        struct http_parser parser;

        (void)state;
        for (size_t split = 1; split < sizeof plain - 1; split++) {
                http_parser_begin(&parser);
                assert_int_equal(http_parser_feed(&parser, plain, split), 0);
                assert_int_equal(http_parser_feed(&parser, plain + split, sizeof plain - 1 - split),
                                 sizeof plain - 1 - split);
                assert_plain(&parser, plain);
        }
}

static void test_byte_by_byte(void **state)
{
        struct http_parser parser;
        size_t at;

        (void)state;
        http_parser_begin(&parser);
        for (at = 0; at < sizeof plain - 2; at++)
                assert_int_equal(http_parser_feed(&parser, plain + at, 1), 0);
        assert_int_equal(http_parser_feed(&parser, plain + at, 1), 1);
        assert_plain(&parser, plain);
}

static void test_pipelined(void **state)
{
        static const char two[] = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nHEAD /2 HTTP/1.0\r\n\r\n";
        struct http_parser parser;
        ssize_t first;

        (void)state;
        http_parser_begin(&parser);
        first = http_parser_feed(&parser, two, sizeof two - 1);
        assert_int_equal(first, strlen("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert_span(two, parser.request.target, "/1");
        http_parser_begin(&parser);
        assert_int_equal(http_parser_feed(&parser, two + first, sizeof two - 1 - (size_t)first),
                         strlen("HEAD /2 HTTP/1.0\r\n\r\n"));
        assert_span(two + first, parser.request.target, "/2");
        assert_int_equal(parser.request.method, HTTP_HEAD);
        assert_int_equal(parser.request.minor, 0);
        assert_false(parser.request.keeps_alive);
}

static void test_body_is_left(void **state)
{
        static const char post[] = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
        struct http_parser parser;

        (void)state;
        http_parser_begin(&parser);
        assert_int_equal(http_parser_feed(&parser, post, sizeof post - 1), sizeof post - 4);
        assert_true(parser.request.has_body);
}

static void test_refused(void **state)
{
        static const struct {
                const char *text;
                int status;
        } bad[] = {
            {"GET / HTTP/1.1\r\n\r\n", 400}, /* no Host */
            {"GET / HTTP/2.0\r\n\r\n", 505},
            {"GET / HTTP/0.9\r\n\r\n", 505},
            {"GET /\r\n\r\n", 505},
            {"FROB / HTTP/1.1\r\nHost: x\r\n\r\n", 501},
            {"GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n", 400},
            {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
            {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
            {"\x16\x03\x01\x02", 400}, /* TLS */
        };
        struct http_parser parser;

        (void)state;
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                http_parser_begin(&parser);
                assert_int_equal(http_parser_feed(&parser, bad[i].text, strlen(bad[i].text)), EDDY_EPROTOCOL);
                if (parser.request.status != bad[i].status && parser.request.status != 501)
                        fail_msg("%s: %d", bad[i].text, parser.request.status);
        }
}

static void test_too_many_headers(void **state)
{
        char text[4096];
        size_t n = (size_t)sprintf(text, "GET / HTTP/1.1\r\n");
        struct http_parser parser;

        (void)state;
        for (int i = 0; i <= HTTP_HEADERS_MAX; i++)
                n += (size_t)sprintf(text + n, "X-%d: %d\r\n", i, i);
        http_parser_begin(&parser);
        assert_int_equal(http_parser_feed(&parser, text, n), EDDY_EPROTOCOL);
        assert_int_equal(parser.request.status, 431);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_whole),
            cmocka_unit_test(test_every_split),
            cmocka_unit_test(test_byte_by_byte),
            cmocka_unit_test(test_pipelined),
            cmocka_unit_test(test_body_is_left),
            cmocka_unit_test(test_refused),
            cmocka_unit_test(test_too_many_headers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
