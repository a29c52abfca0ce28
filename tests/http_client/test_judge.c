/* Every answer that a server can give to a request for a file or for the rest of it, and what it is good for: the table
 * of docs/http.md. */
#include "http_client/judge.h"
#include "http_client/response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#define ETAG      "ETag: \"a\"\n"
#define DATE      "Last-Modified: Mon, 06 Jan 2025 10:00:00 GMT\n"
#define RANGE     "Content-Range: bytes 40-99/100\n"
#define MULTIPART "Content-Type: multipart/byteranges; boundary=x\n"

static const struct kept nothing = {.size = 0, .total = -1, .validator = NULL};
static const struct kept by_etag = {.size = 40, .total = 100, .validator = "\"a\""};
static const struct kept by_etag_of_unknown_size = {.size = 40, .total = -1, .validator = "\"a\""};
static const struct kept by_date = {.size = 40, .total = 100, .validator = "Mon, 06 Jan 2025 10:00:00 GMT"};
static const struct kept by_date_of_unknown_size = {
    .size = 40, .total = -1, .validator = "Mon, 06 Jan 2025 10:00:00 GMT"};

static const struct kept by_etag_up_to_80 = {.size = 40, .total = 100, .validator = "\"a\"", .end = 80};
static const struct kept by_etag_from_the_first = {.total = 100, .validator = "\"a\"", .end = 40};
static const struct kept by_checksum = {
    .size = 40, .total = 100, .validator = "\"a\"", .end = 80, .is_proven_later = true};

/** An answer: its status, its headers, a line each, and its Content-Length, or -1. */
struct answer {
        const struct kept *kept;
        int status;
        int64_t length;
        const char *headers;
        enum verdict verdict;
        int64_t total;
};

static const struct answer answers[] = {
    /* The first request, for the whole. */
    {&nothing, 200, 100, ETAG, VERDICT_WHOLE, 100},
    {&nothing, 200, 100, "", VERDICT_WHOLE, 100},
    {&nothing, 200, 0, "", VERDICT_WHOLE, 0},
    {&nothing, 200, -1, ETAG, VERDICT_WHOLE, -1},
    {&nothing, 200, 100, "Content-Encoding: gzip\n", VERDICT_WHOLE, 100},
    {&nothing, 200, 100, MULTIPART, VERDICT_WHOLE, 100},
    {&nothing, 200, 100, "Content-Range: bytes 0-99/100\n", VERDICT_WHOLE, 100},
    {&nothing, 200, 60, RANGE, VERDICT_UNPROVEN, -1},
    {&nothing, 200, 60, "Content-Range: rubbish\n", VERDICT_UNPROVEN, -1},
    {&nothing, 206, 100, ETAG "Content-Range: bytes 0-99/100\n", VERDICT_UNPROVEN, -1},
    {&nothing, 206, 60, ETAG RANGE, VERDICT_UNPROVEN, -1},
    {&nothing, 206, 60, "", VERDICT_UNPROVEN, -1},
    {&nothing, 416, 0, "Content-Range: bytes */100\n", VERDICT_REFUSED, -1},

    /* A request for a part that ends before the file does, and one that begins with it. */
    {&by_etag_up_to_80, 206, 40, ETAG "Content-Range: bytes 40-79/100\n", VERDICT_REST, 100},
    {&by_etag_up_to_80, 206, -1, ETAG "Content-Range: bytes 40-79/100\n", VERDICT_REST, 100},
    {&by_etag_up_to_80, 206, 60, ETAG RANGE, VERDICT_UNPROVEN, -1},
    {&by_etag_up_to_80, 206, 39, ETAG "Content-Range: bytes 40-78/100\n", VERDICT_UNPROVEN, -1},
    {&by_etag_up_to_80, 206, 41, ETAG "Content-Range: bytes 40-80/100\n", VERDICT_UNPROVEN, -1},
    {&by_etag_up_to_80, 206, 60, ETAG "Content-Range: bytes 40-79/100\n", VERDICT_UNPROVEN, -1},
    {&by_etag_up_to_80, 206, 40, "Content-Range: bytes 40-79/100\n", VERDICT_UNPROVEN, -1},
    {&by_etag_up_to_80, 206, 40, ETAG "Content-Range: bytes 40-79/120\n", VERDICT_UNPROVEN, -1},
    {&by_etag_up_to_80, 200, 100, ETAG, VERDICT_WHOLE, 100},
    {&by_etag_up_to_80, 416, 0, "", VERDICT_UNPROVEN, -1},
    {&by_etag_from_the_first, 206, 40, ETAG "Content-Range: bytes 0-39/100\n", VERDICT_REST, 100},
    {&by_etag_from_the_first, 206, 100, ETAG "Content-Range: bytes 0-99/100\n", VERDICT_UNPROVEN, -1},
    {&by_etag_from_the_first, 200, 40, ETAG "Content-Range: bytes 0-39/100\n", VERDICT_UNPROVEN, -1},

    /* A request to another server, where a checksum will tell: the size must be the same. */
    {&by_checksum, 206, 40, "ETag: \"b\"\nContent-Range: bytes 40-79/100\n", VERDICT_REST, 100},
    {&by_checksum, 206, 40, "ETag: \"b\"\nContent-Range: bytes 40-79/101\n", VERDICT_UNPROVEN, -1},
    {&by_checksum, 206, 40, "Content-Encoding: gzip\nContent-Range: bytes 40-79/100\n", VERDICT_UNPROVEN, -1},

    /* A request for the rest. It is that... */
    {&by_etag, 206, 60, ETAG RANGE, VERDICT_REST, 100},
    {&by_etag, 206, -1, ETAG RANGE, VERDICT_REST, 100},
    {&by_etag, 206, 60, ETAG RANGE "Content-Encoding: identity\n", VERDICT_REST, 100},
    {&by_etag, 206, 60, ETAG RANGE "Last-Modified: Tue, 07 Jan 2025 10:00:00 GMT\n", VERDICT_REST, 100},
    {&by_etag, 206, 60, ETAG "Content-Range: BYTES 40-99/100\n", VERDICT_REST, 100},
    {&by_etag_of_unknown_size, 206, 60, ETAG RANGE, VERDICT_REST, 100},
    {&by_date, 206, 60, DATE RANGE, VERDICT_REST, 100},
    {&by_date, 206, 60, ETAG DATE RANGE, VERDICT_REST, 100},
    /* ... or of another version, or of none that can be told, ... */
    {&by_etag, 206, 60, RANGE, VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 60, DATE RANGE, VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 60, "ETag: \"b\"\n" RANGE, VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 60, "ETag: W/\"a\"\n" RANGE, VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 60, "ETag: \"A\"\n" RANGE, VERDICT_UNPROVEN, -1},
    {&by_date, 206, 60, RANGE, VERDICT_UNPROVEN, -1},
    {&by_date, 206, 60, "Last-Modified: Tue, 07 Jan 2025 10:00:00 GMT\n" RANGE, VERDICT_UNPROVEN, -1},
    {&by_date_of_unknown_size, 206, 60, DATE RANGE, VERDICT_UNPROVEN, -1},
    /* ... or of another size, ... */
    {&by_etag, 206, 80, ETAG "Content-Range: bytes 40-119/120\n", VERDICT_UNPROVEN, -1},
    {&by_date, 206, 80, DATE "Content-Range: bytes 40-119/120\n", VERDICT_UNPROVEN, -1},
    {&by_date, 206, 50, DATE "Content-Range: bytes 40-89/90\n", VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 60, ETAG "Content-Range: bytes 40-99/*\n", VERDICT_UNPROVEN, -1},
    {&by_etag_of_unknown_size, 206, 60, ETAG "Content-Range: bytes 40-99/*\n", VERDICT_UNPROVEN, -1},
    /* ... or another part, ... */
    {&by_etag, 206, 100, ETAG "Content-Range: bytes 0-99/100\n", VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 61, ETAG "Content-Range: bytes 39-99/100\n", VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 59, ETAG "Content-Range: bytes 41-99/100\n", VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 59, ETAG "Content-Range: bytes 40-98/100\n", VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 61, ETAG "Content-Range: bytes 40-100/100\n", VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 59, ETAG RANGE, VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 100, ETAG RANGE, VERDICT_UNPROVEN, -1},
    /* ... or in another form, ... */
    {&by_etag, 206, 60, ETAG, VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 300, ETAG MULTIPART, VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 60, ETAG RANGE MULTIPART, VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 60, ETAG RANGE "Content-Encoding: gzip\n", VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 60, ETAG "Content-Range: lines 40-99/100\n", VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 60, ETAG "Content-Range: bytes=40-99/100\n", VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 60, ETAG "Content-Range: bytes 40-99/100, bytes 40-99/100\n", VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 60, ETAG "Content-Range: bytes +40-99/100\n", VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 60, ETAG "Content-Range: bytes 40--99/100\n", VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 60, ETAG "Content-Range: bytes 40-99/18446744073709551716\n", VERDICT_UNPROVEN, -1},
    {&by_etag, 206, 60, ETAG "Content-Range: bytes */100\n", VERDICT_UNPROVEN, -1},
    /* ... or the whole, since If-Range or Range is not met or not known. */
    {&by_etag, 200, 100, "ETag: \"b\"\n", VERDICT_WHOLE, 100},
    {&by_etag, 200, 100, ETAG, VERDICT_WHOLE, 100},
    {&by_etag, 200, -1, "", VERDICT_WHOLE, -1},
    {&by_etag, 200, 60, ETAG RANGE, VERDICT_UNPROVEN, -1},
    {&by_etag, 200, 300, ETAG MULTIPART, VERDICT_UNPROVEN, -1},
    {&by_etag, 416, 0, "", VERDICT_UNPROVEN, -1},
    {&by_etag, 416, 0, "Content-Range: bytes */40\n", VERDICT_UNPROVEN, -1},
    {&by_etag, 416, 0, ETAG "Content-Range: bytes */100\n", VERDICT_UNPROVEN, -1},

    /* Either request. */
    {&nothing, 408, -1, "", VERDICT_LATER, -1},
    {&nothing, 425, -1, "", VERDICT_LATER, -1},
    {&nothing, 429, -1, "", VERDICT_LATER, -1},
    {&nothing, 500, -1, "", VERDICT_LATER, -1},
    {&nothing, 502, -1, "", VERDICT_LATER, -1},
    {&by_etag, 503, -1, ETAG RANGE, VERDICT_LATER, -1},
    {&nothing, 504, -1, "", VERDICT_LATER, -1},
    {&nothing, 501, -1, "", VERDICT_REFUSED, -1},
    {&nothing, 505, -1, "", VERDICT_REFUSED, -1},
    {&nothing, 201, 100, ETAG, VERDICT_REFUSED, -1},
    {&nothing, 203, 100, ETAG, VERDICT_REFUSED, -1},
    {&nothing, 204, -1, ETAG, VERDICT_REFUSED, -1},
    {&by_etag, 226, 60, ETAG RANGE, VERDICT_REFUSED, -1},
    {&by_etag, 302, -1, "", VERDICT_REFUSED, -1},
    {&by_etag, 304, -1, ETAG, VERDICT_REFUSED, -1},
    {&nothing, 401, -1, "", VERDICT_REFUSED, -1},
    {&by_etag, 404, -1, "", VERDICT_REFUSED, -1},
    {&by_etag, 412, -1, "", VERDICT_REFUSED, -1},
};

static void answer_with(eddy_http_response *response, int status, int64_t length, const char *headers)
{
        *response = (eddy_http_response){.status = status, .length = length};
        while (*headers) {
                size_t n = strcspn(headers, "\n") + 1;

                assert_int_equal(response_add_header(response, headers, n), 0);
                headers += n;
        }
}

static void test_answers(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
                const struct answer *answer = &answers[i];
                eddy_http_response response;
                struct judgement judgement;

                answer_with(&response, answer->status, answer->length, answer->headers);
                judgement = judge(&response, answer->kept);
                if (judgement.verdict != answer->verdict || judgement.total != answer->total)
                        fail_msg("answer %zu, %d to %lld bytes kept, %s: verdict %d of %lld", i, answer->status,
                                 (long long)answer->kept->size, answer->headers, judgement.verdict,
                                 (long long)judgement.total);
                if (judgement.verdict == VERDICT_UNPROVEN)
                        assert_non_null(judgement.reason);
                eddy_http_response_finish(&response);
        }
}

static void test_validators(void **state)
{
        static const struct {
                const char *headers;
                int64_t length;
                const char *validator;
        } cases[] = {
            {ETAG, 100, "\"a\""},
            {ETAG DATE, -1, "\"a\""},
            {"ETag: \"\"\n", 100, "\"\""},
            {DATE, 100, "Mon, 06 Jan 2025 10:00:00 GMT"},
            {"ETag: W/\"a\"\n" DATE, 100, "Mon, 06 Jan 2025 10:00:00 GMT"},
            {"ETag: a\n" DATE, 100, "Mon, 06 Jan 2025 10:00:00 GMT"},
            {DATE "Date: Mon, 06 Jan 2025 10:00:01 GMT\n", 100, "Mon, 06 Jan 2025 10:00:00 GMT"},
            {DATE "Date: rubbish\n", 100, "Mon, 06 Jan 2025 10:00:00 GMT"},
            {"", 100, NULL},
            {DATE, -1, NULL},
            {DATE "Date: Mon, 06 Jan 2025 10:00:00 GMT\n", 100, NULL},
            {DATE "Date: Mon, 06 Jan 2025 09:00:00 GMT\n", 100, NULL},
            {"Last-Modified: yesterday\n", 100, NULL},
            {"ETag: W/\"a\"\n", 100, NULL},
            {"ETag: \"\n", 100, NULL},
            {"ETag: \"a\n", 100, NULL},
            {"ETag: \"a\rX: b\"\n", 100, NULL},
            {ETAG DATE "Accept-Ranges: none\n", 100, NULL},
            {ETAG DATE "Content-Encoding: gzip\n", 100, NULL},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                eddy_http_response response;
                const char *validator;

                answer_with(&response, 200, cases[i].length, cases[i].headers);
                validator = judge_validator(&response);
                if ((validator == NULL) != (cases[i].validator == NULL) ||
                    (validator && strcmp(validator, cases[i].validator) != 0))
                        fail_msg("case %zu, %s: %s", i, cases[i].headers, validator ? validator : "none");
                eddy_http_response_finish(&response);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_answers),
            cmocka_unit_test(test_validators),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
