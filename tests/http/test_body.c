/* Bodies of requests, split at every byte. */
#include "../testing.h"

#include "http/body.h"
#include <eddy/error.h>
#include <stdlib.h>

enum { NEEDS_MORE = -1 };

/** What comes in chunks, and what it is. */
static const struct {
        const char *in;
        int rc;           /* how many bytes of `in` are its; NEEDS_MORE; or the error */
        const char *data; /* all of it, as far as it came */
        const char *trailers;
} chunks[] = {
    {"0\r\n\r\n", 5, "", NULL},
    {"0\r\n\r\nGET", 5, "", NULL},
    {"3\r\nabc\r\n0\r\n\r\n", 13, "abc", NULL},
    {"0000003\r\nabc\r\n00\r\n\r\n", 20, "abc", NULL},
    {"a\r\n0123456789\r\nB\r\nabcdefghijk\r\n0\r\n\r\n", 36, "0123456789abcdefghijk", NULL},
    {"3;a=b;c=\"d e\"\r\nabc\r\n0;x\r\n\r\n", 27, "abc", NULL},
    {"3 ;a\r\nabc\r\n0\t\r\n\r\n", 17, "abc", NULL},
    {"3 a\r\nabc\r\n0\r\n\r\n", EDDY_EPROTOCOL, "", NULL},
    {"0\r\n\rGET / HTTP/1.1\r\n", EDDY_EPROTOCOL, "", NULL},
    {"1\r\na\r\n0\r\nX: y\r\nsum:1\r\n\r\n", 24, "a", "X: y"},
    {"3\r\nab", NEEDS_MORE, "ab", NULL},
    {"3\r\nabc\r\n0\r\n", NEEDS_MORE, "abc", NULL},
    /* what another parser could end elsewhere */
    {"\r\n", EDDY_EPROTOCOL, "", NULL},
    {" 3\r\nabc\r\n0\r\n\r\n", EDDY_EPROTOCOL, "", NULL},
    {"+3\r\nabc\r\n0\r\n\r\n", EDDY_EPROTOCOL, "", NULL},
    {"-1\r\n", EDDY_EPROTOCOL, "", NULL},
    {"0x3\r\nabc\r\n0\r\n\r\n", EDDY_EPROTOCOL, "", NULL},
    {"3g\r\nabc\r\n", EDDY_EPROTOCOL, "", NULL},
    {"3\nabc\r\n0\r\n\r\n", EDDY_EPROTOCOL, "", NULL},
    {"3\rabc\r\n0\r\n\r\n", EDDY_EPROTOCOL, "", NULL},
    {"3;a\nb\r\nabc\r\n0\r\n\r\n", EDDY_EPROTOCOL, "", NULL},
    {"3;\1\r\nabc\r\n0\r\n\r\n", EDDY_EPROTOCOL, "", NULL},
    {"3\r\nabc0\r\n\r\n", EDDY_EPROTOCOL, "abc", NULL},
    {"3\r\nabc\n0\r\n\r\n", EDDY_EPROTOCOL, "abc", NULL},
    {"3\r\nabcd\r\n0\r\n\r\n", EDDY_EPROTOCOL, "abc", NULL},
    {"3\r\nabc\r\n\r\n0\r\n\r\n", EDDY_EPROTOCOL, "abc", NULL},
    {"0\r\n\n", EDDY_EPROTOCOL, "", NULL},
    {"0\r\nno colon\r\n\r\n", EDDY_EPROTOCOL, "", NULL},
    {"0\r\nA: b\r\n folded\r\n\r\n", EDDY_EPROTOCOL, "", NULL},
    {"0\r\n: b\r\n\r\n", EDDY_EPROTOCOL, "", NULL},
    {"0\r\nA : b\r\n\r\n", EDDY_EPROTOCOL, "", NULL},
    {"0\r\nA: b\n\r\n", EDDY_EPROTOCOL, "", NULL},
    {"0\r\nA: b\rc\r\n\r\n", EDDY_EPROTOCOL, "", NULL},
    {"1000000000000000\r\n", EDDY_EPROTOCOL, "", NULL},
    {"ffffffffffffffffff\r\n", EDDY_EPROTOCOL, "", NULL},
};

/** Take all that a piece brings: bytes of it that are the body's, or the error. */
static ssize_t take(struct http_body *body, const char *in, size_t n, char *data, size_t *data_size)
{
        size_t at = 0;

        while (!body_is_over(body)) {
                size_t size;
                ssize_t rc = body_find(body, in + at, n - at, &size);

                if (rc < 0)
                        return rc;
                at += (size_t)rc;
                if (size == 0)
                        break;
                size = size > 1 ? size - 1 : 1; /* not all at once */
                memcpy(data + *data_size, in + at, size);
                *data_size += size;
                at += size;
                body_take(body, size);
        }
        return (ssize_t)at;
}

static void assert_chunks(size_t row, size_t split)
{
        size_t n = strlen(chunks[row].in), data_size = 0;
        struct http_body body;
        char data[64];
        ssize_t first, rest = 0;

        body_begin(&body, -1);
        first = take(&body, chunks[row].in, split, data, &data_size);
        if (first == (ssize_t)split)
                rest = take(&body, chunks[row].in + split, n - split, data, &data_size);
        if (first < 0 || rest < 0) {
                size_t size;

                assert_int_equal(first < 0 ? first : rest, chunks[row].rc);
                assert_int_equal(body_find(&body, "\n0\r\n\r\n", 6, &size), EDDY_EPROTOCOL); /* it stays so */
                assert_false(body_is_over(&body));
        } else {
                assert_int_equal(body_is_over(&body) ? first + rest : NEEDS_MORE, chunks[row].rc);
        }
        assert_int_equal(data_size, strlen(chunks[row].data));
        assert_memory_equal(data, chunks[row].data, data_size);
        if (chunks[row].trailers)
                assert_string_equal(body.trailers, chunks[row].trailers);
        body_finish(&body);
}

TEST(in_chunks)
{
        for (size_t row = 0; row < sizeof chunks / sizeof chunks[0]; row++)
                for (size_t split = 0; split <= strlen(chunks[row].in); split++)
                        assert_chunks(row, split);
}

TEST(by_length)
{
        struct http_body body;
        size_t size;

        body_begin(&body, 0);
        assert_true(body_is_over(&body));
        body_begin(&body, 5);
        assert_int_equal(body_find(&body, "abcdefg", 7, &size), 0);
        assert_int_equal(size, 5);
        body_take(&body, 2);
        assert_int_equal(body_find(&body, "c", 1, &size), 0);
        assert_int_equal(size, 1);
        body_take(&body, 1);
        assert_int_equal(body_find(&body, "defg", 4, &size), 0);
        assert_int_equal(size, 2);
        body_take(&body, 2);
        assert_true(body_is_over(&body));
        assert_int_equal(body.total, 5);
}

/** Framing is bounded: a client that sends little beside much of it is none. */
TEST(what_nobody_needs_is_bounded)
{
        static char line[64 * 1024];
        struct http_body body;
        size_t size, n = 0;
        ssize_t rc = 0;

        memset(line, 'x', sizeof line);
        memcpy(line, "1;", 2);
        body_begin(&body, -1);
        assert_int_equal(body_find(&body, line, sizeof line, &size), EDDY_EPROTOCOL);

        body_begin(&body, -1); /* many lines that are not too long, for a byte each */
        memcpy(line + 900, "\r\ny\r\n", 5);
        while (n < 1000 && rc >= 0) {
                char data[2];
                size_t data_size = 0;

                rc = take(&body, line, 905, data, &data_size);
                n++;
        }
        assert_int_equal(rc, EDDY_EPROTOCOL);
        assert_true(n < 30);

        body_begin(&body, -1);
        assert_int_equal(body_find(&body, "0\r\nA: ", 6, &size), 6);
        assert_int_equal(body_find(&body, line + 1000, 16 * 1024, &size), EDDY_EPROTOCOL);
        body_finish(&body);
}

/** For nobody: the same bytes are its, and whether its end is there is known before they are taken. */
static void passed_over(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
                size_t n = strlen(chunks[i].in);
                struct http_body body;

                body_begin(&body, -1);
                assert_int_equal(body_ends_within(&body, chunks[i].in, n), chunks[i].rc > 0);
                assert_int_equal(body.state, BODY_SIZE);
                if (chunks[i].rc != NEEDS_MORE)
                        assert_int_equal(body_pass_over(&body, chunks[i].in, n), chunks[i].rc);
                body_finish(&body);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(in_chunks),
            cmocka_unit_test(by_length),
            cmocka_unit_test(passed_over),
            cmocka_unit_test(what_nobody_needs_is_bounded),
        };

        return cmocka_run_group_tests_name("body", tests, NULL, NULL);
}
