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
        http_request_init(&parser.request, HTTP_HEADERS_MAX, NULL);
        http_parser_begin(&parser);
        assert_int_equal(http_parser_feed(&parser, plain, sizeof plain - 1), sizeof plain - 1);
        assert_plain(&parser, plain);
}

static void test_every_split(void **state)
{
        struct http_parser parser;

        (void)state;
        for (size_t split = 1; split < sizeof plain - 1; split++) {
                http_request_init(&parser.request, HTTP_HEADERS_MAX, NULL);
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
        http_request_init(&parser.request, HTTP_HEADERS_MAX, NULL);
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
        http_request_init(&parser.request, HTTP_HEADERS_MAX, NULL);
        http_parser_begin(&parser);
        first = http_parser_feed(&parser, two, sizeof two - 1);
        assert_int_equal(first, strlen("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert_span(two, parser.request.target, "/1");
        http_request_init(&parser.request, HTTP_HEADERS_MAX, NULL);
        http_parser_begin(&parser);
        assert_int_equal(http_parser_feed(&parser, two + first, sizeof two - 1 - (size_t)first),
                         strlen("HEAD /2 HTTP/1.0\r\n\r\n"));
        assert_span(two + first, parser.request.target, "/2");
        assert_int_equal(parser.request.method, HTTP_HEAD);
        assert_int_equal(parser.request.minor, 0);
        assert_false(parser.request.keeps_alive);
}

static void test_close_prevails(void **state)
{
        static const char *const texts[] = {
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
            "GET / HTTP/1.0\r\nConnection: close, keep-alive\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, close\r\n\r\n",
        };
        struct http_parser parser;

        (void)state;
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
                http_request_init(&parser.request, HTTP_HEADERS_MAX, NULL);
                http_parser_begin(&parser);
                assert_int_equal(http_parser_feed(&parser, texts[i], strlen(texts[i])), strlen(texts[i]));
                assert_false(parser.request.keeps_alive);
        }
}

static void test_body_is_left(void **state)
{
        static const char post[] = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
        struct http_parser parser;

        (void)state;
        http_request_init(&parser.request, HTTP_HEADERS_MAX, NULL);
        http_parser_begin(&parser);
        assert_int_equal(http_parser_feed(&parser, post, sizeof post - 1), sizeof post - 4);
        assert_true(parser.request.has_body);
}

#define GET  "GET / HTTP/1.1\r\nHost: x\r\n"
#define POST "POST / HTTP/1.1\r\nHost: x\r\n"

/** What no parser of ours lets through, and how it is answered: 501 where it could be meant, else 400. */
static const struct {
        const char *text;
        int status;
} refused[] = {
    /* the first line */
    {"GET /\r\n\r\n", 400},
    {"GET / HTTP/2.0\r\n\r\n", 505},
    {"GET / HTTP/0.9\r\n\r\n", 505},
    {"GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505},
    {"GET / HTTP/1.10\r\nHost: x\r\n\r\n", 505},
    {"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 505},
    {"GET / http/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET / RTSP/1.0\r\nHost: x\r\n\r\n", 400},
    {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET /  HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET / a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET /\ta HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET /\fa HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET /\x7f HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET /?\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {" GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"FROB / HTTP/1.1\r\nHost: x\r\n\r\n", 501},
    {"(FROB / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"\x16\x03\x01\x02", 400}, /* TLS */
    {"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 501},
    /* the target */
    {"GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET ?a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET /% HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET /%4 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET /%4g HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET http://u@x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    /* line ends */
    {"GET / HTTP/1.1\nHost: x\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: x\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: x\r\n\n", 400},
    {"GET / HTTP/1.1\r\nHost: x\r\n\rZ", 400},
    {"GET /\nHost: x\r\nContent-Length: 5\r\n\r\n", 400},
    {"GET /\r/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"\rGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {GET "A: \rTransfer-Encoding: chunked\r\n\r\n", 400},
    {GET "A: \rxTransfer-Encoding: chunked\r\n\r\n", 400},
    {GET "A: b\rTransfer-Encoding: chunked\r\n\r\n", 400},
    {GET "A:\rTransfer-Encoding: chunked\r\n\r\n", 400},
    {GET "A: b\nC: d\r\n\r\n", 400},
    {GET "A: b\r\r\n\r\n", 400},
    {GET "A\rB: c\r\n\r\n", 400},
    {GET "A\nB: c\r\n\r\n", 400},
    /* folded lines */
    {GET "A: b\r\n c\r\n\r\n", 400},
    {GET "A: b\r\n\tc\r\n\r\n", 400},
    {GET "A:\r\n b\r\n\r\n", 400},
    {GET "A: b\r\n \r\n\r\n", 400},
    {GET " A: b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400},
    /* names */
    {GET "Bad Header: y\r\n\r\n", 400},
    {GET "A : b\r\n\r\n", 400},
    {GET "A\t: b\r\n\r\n", 400},
    {GET "Transfer-Encoding : chunked\r\n\r\n", 400},
    {GET ": b\r\n\r\n", 400},
    {GET " : b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n: b\r\nHost: x\r\n\r\n", 400},
    {GET "A\r\n\r\n", 400},
    {GET "A(B): c\r\n\r\n", 400},
    {GET "A\"B: c\r\n\r\n", 400},
    {GET "A\xe4: c\r\n\r\n", 400},
    {GET "A\x01: c\r\n\r\n", 400},
    /* Host */
    {"GET / HTTP/1.1\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a..b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400},
    {GET "Host: x\r\n\r\n", 400},
    {GET "host: y\r\n\r\n", 400},
    {"GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n", 400},
    /* where a body ends */
    {POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
    {POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
    {POST "Content-Length: 5, 5\r\n\r\n", 400},
    {POST "Content-Length: 5 5\r\n\r\n", 400},
    {POST "Content-Length:\r\n\r\n", 400},
    {POST "Content-Length: +5\r\n\r\n", 400},
    {POST "Content-Length: -5\r\n\r\n", 400},
    {POST "Content-Length: 0x5\r\n\r\n", 400},
    {POST "Content-Length: 5a\r\n\r\n", 400},
    {POST "Content-Length: 5.0\r\n\r\n", 400},
    {POST "Content-Length: 1_0\r\n\r\n", 400},
    {POST "Content-Length: 99999999999999999999\r\n\r\n", 400},
    {POST "Content-Length: 18446744073709551617\r\n\r\n", 400},
    {POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", 400},
    {POST "Transfer-Encoding:\r\n\r\n", 501},
    {POST "Transfer-Encoding: gzip\r\n\r\n", 501},
    {POST "Transfer-Encoding: identity\r\n\r\n", 501},
    {POST "Transfer-Encoding: xchunked\r\n\r\n", 501},
    {POST "Transfer-Encoding: chunkedx\r\n\r\n", 501},
    {POST "Transfer-Encoding: chunked, gzip\r\n\r\n", 501},
    {POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
    {POST "Transfer-Encoding: chunked, chunked\r\n\r\n", 501},
    {POST "Transfer-Encoding: chunked,\r\n\r\n", 501},
    {POST "Transfer-Encoding: , chunked\r\n\r\n", 501},
    {POST "Transfer-Encoding: chunked;a=b\r\n\r\n", 501},
    {POST "Transfer-Encoding: \"chunked\"\r\n\r\n", 501},
    {POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", 400},
    {POST "Transfer-Encoding: \vchunked\r\n\r\n", 400},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
    {"POST / HTTP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
    /* others that are given once */
    {GET "Range: bytes=0-1\r\nRange: bytes=2-3\r\n\r\n", 400},
    {GET "If-Modified-Since: a\r\nIf-Modified-Since: b\r\n\r\n", 400},
    {GET "Authorization: a\r\nAuthorization: b\r\n\r\n", 400},
};

/* The status a head is refused with; 0 where it is taken, or more is waited for. */
static int status_of(const char *text, size_t n, size_t piece)
{
        struct http_parser parser;
        ssize_t rc = 0;

        http_request_init(&parser.request, HTTP_HEADERS_MAX, NULL);
        http_parser_begin(&parser);
        for (size_t at = 0; at < n && rc == 0; at += piece)
                rc = http_parser_feed(&parser, text + at, n - at < piece ? n - at : piece);
        assert_int_equal(rc == EDDY_EPROTOCOL, parser.request.status != 0);
        return parser.request.status;
}

static void test_refused(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
                for (size_t piece = 1; piece < 2000; piece = piece < 8 ? piece + 1 : 2000) {
                        int status = status_of(refused[i].text, strlen(refused[i].text), piece);

                        /* llhttp's versions call it differently what they themselves refuse. */
                        if (status != refused[i].status && status != 400 &&
                            !(status == 505 && refused[i].status == 400))
                                fail_msg("%s: %d", refused[i].text, status);
                }
}

static void test_bytes_in_a_head(void **state)
{
        static const char *const places[] = {"GET /%c HTTP/1.1\r\nHost: x\r\n\r\n", GET "A%c: b\r\n\r\n",
                                             GET "A: b%cc\r\n\r\n", "GET / HTTP/1.1\r\nHost: a%cb\r\n\r\n"};
        char text[128];

        (void)state;
        for (size_t place = 0; place < 4; place++)
                for (int byte = 0; byte < 256; byte++) {
                        bool is_control = byte < ' ' || byte == 0x7f;
                        int n = snprintf(text, sizeof text, places[place], byte);

                        if (is_control && !(place == 2 && byte == '\t') &&
                            status_of(text, (size_t)n, 128) != 400)
                                fail_msg("byte %d is let through at place %zu", byte, place);
                }
}

static void test_taken(void **state)
{
        static const struct {
                const char *text, *value; /* of A, or NULL */
                bool has_body;
        } taken[] = {
            {"\r\n\r\n" GET "\r\n", NULL, false},
            {GET "A: \t b c\xe4 \t \r\n\r\n", "b c\xe4", false},
            {GET "A:b\r\n\r\n", "b", false},
            {GET "A:\r\n\r\n", "", false},
            {GET "A:  \t\r\n\r\n", "", false},
            {GET "A!#$%&'*+-.^_`|~9: b\r\n\r\n", NULL, false},
            {"GET / HTTP/1.0\r\n\r\n", NULL, false},
            {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", NULL, false},
            {"GET http://x/a HTTP/1.1\r\nHost: X\r\n\r\n", NULL, false},
            {"GET /%41?% HTTP/1.0\r\n\r\n", NULL, false},
            {"GET http://x HTTP/1.0\r\n\r\n", NULL, false},
            {"GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n", NULL, false},
            {"GET / HTTP/1.1\r\nHost: a-b.example:80 \r\n\r\n", NULL, false},
            {POST "Content-Length: 0\r\n\r\n", NULL, false},
            {POST "Content-Length: 007 \r\n\r\n", NULL, true},
            {POST "Transfer-Encoding: chunked\r\n\r\n", NULL, true},
            {POST "transfer-encoding:Chunked \r\n\r\n", NULL, true},
            {GET "Accept: a\r\nAccept: b\r\n\r\n", NULL, false},
        };
        struct http_parser parser;
        struct http_span value;

        (void)state;
        for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
                const char *text = taken[i].text;

                http_request_init(&parser.request, HTTP_HEADERS_MAX, NULL);
                http_parser_begin(&parser);
                if (http_parser_feed(&parser, text, strlen(text)) != (ssize_t)strlen(text))
                        fail_msg("%s: %d", text, parser.request.status);
                assert_int_equal(parser.request.has_body, taken[i].has_body);
                if (!taken[i].value)
                        continue;
                assert_true(http_request_header(&parser.request, text, "a", &value));
                assert_span(text, value, taken[i].value);
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
        http_request_init(&parser.request, HTTP_HEADERS_MAX, NULL);
        http_parser_begin(&parser);
        assert_int_equal(http_parser_feed(&parser, text, n), EDDY_EPROTOCOL);
        assert_int_equal(parser.request.status, 431);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_whole),          cmocka_unit_test(test_every_split),
            cmocka_unit_test(test_byte_by_byte),   cmocka_unit_test(test_pipelined),
            cmocka_unit_test(test_close_prevails), cmocka_unit_test(test_body_is_left),
            cmocka_unit_test(test_refused),        cmocka_unit_test(test_bytes_in_a_head),
            cmocka_unit_test(test_taken),          cmocka_unit_test(test_too_many_headers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
