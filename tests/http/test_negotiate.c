/* Which coding an answer gets, and what its head says then. */
#include "http/negotiate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

static bool has_all(void)
{
        for (enum coding coding = CODING_IDENTITY; coding < CODINGS; coding++)
                if (!coding_is_built_in(coding))
                        return false;
        return true;
}

/* What a request with these lines takes. */
static void accept_lines(struct acceptance *acceptance, const char *lines)
{
        struct http_parser parser;
        char text[2048];
        int n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n", lines);

        http_request_init(&parser.request, HTTP_HEADERS_MAX, NULL);
        http_parser_begin(&parser);
        assert_int_equal(http_parser_feed(&parser, text, (size_t)n), n);
        acceptance_of(acceptance, &parser.request, text);
}

static void plan_page(struct coding_plan *plan, const struct acceptance *acceptance)
{
        coding_plan(plan, &(struct coding_question){
                              .options = &coding_defaults,
                              .acceptance = acceptance,
                              .status = 200,
                              .content_type = "text/html",
                              .size = 5000,
                          });
}

static void test_accept_encoding(void **state)
{
        enum { IDENTITY = CODING_IDENTITY, GZIP = CODING_GZIP, BR = CODING_BR, ZSTD = CODING_ZSTD, NONE = 100 };
        static const struct {
                const char *lines;
                int expected; /* a coding; with NONE: nothing is acceptable */
        } rows[] = {
            {"", IDENTITY},
            {"Accept-Encoding:\r\n", IDENTITY},
            {"Accept-Encoding: gzip\r\n", GZIP},
            {"accept-encoding: GZIP\r\n", GZIP},
            {"Accept-Encoding: x-gzip\r\n", GZIP},
            {"Accept-Encoding: deflate\r\n", IDENTITY}, /* not in the order of the defaults */
            {"Accept-Encoding: compress, sdch\r\n", IDENTITY},
            {"Accept-Encoding: gzip, deflate, br, zstd\r\n", ZSTD},
            {"Accept-Encoding: gzip, deflate, zstd\r\n", ZSTD},
            {"Accept-Encoding: gzip,deflate,br\r\n", BR},
            {"Accept-Encoding: gzip\r\nX: y\r\nAccept-Encoding: br\r\n", BR},
            /* the client's weights */
            {"Accept-Encoding: gzip, br;q=0.9\r\n", GZIP},
            {"Accept-Encoding: gzip;q=0.001\r\n", GZIP},
            {"Accept-Encoding: gzip;q=1.000, br;q=1\r\n", BR},
            {"Accept-Encoding: gzip;q=0\r\n", IDENTITY},
            {"Accept-Encoding: gzip;q=0.000, br;q=0.\r\n", IDENTITY},
            {"Accept-Encoding: gzip ; q=0.5 , br ;Q=0.4\r\n", GZIP},
            {"Accept-Encoding: gzip;q=0.5, identity\r\n", IDENTITY},
            {"Accept-Encoding: gzip;q=0.5, identity;q=0.5\r\n", GZIP},
            {"Accept-Encoding: gzip;q=0.5, identity;q=0.4\r\n", GZIP},
            {"Accept-Encoding: x-gzip;q=0, gzip\r\n", GZIP},
            /* what is not named */
            {"Accept-Encoding: *\r\n", GZIP},
            {"Accept-Encoding: *;q=0.1\r\n", GZIP},
            {"Accept-Encoding: gzip;q=0, *\r\n", IDENTITY},
            {"Accept-Encoding: br;q=0.5, *\r\n", GZIP},
            {"Accept-Encoding: gzip;q=0.2, *;q=0.3\r\n", IDENTITY},
            {"Accept-Encoding: gzip, *;q=0\r\n", GZIP},
            {"Accept-Encoding: identity, *;q=0\r\n", IDENTITY},
            {"Accept-Encoding: *;q=0\r\n", NONE},
            {"Accept-Encoding: identity;q=0\r\n", NONE},
            {"Accept-Encoding: compress, identity;q=0\r\n", NONE},
            {"Accept-Encoding: gzip;q=0.5, identity;q=0\r\n", GZIP},
            /* what is malformed is not there */
            {"Accept-Encoding: gzip;q=2\r\n", IDENTITY},
            {"Accept-Encoding: gzip;q=1.001\r\n", IDENTITY},
            {"Accept-Encoding: gzip;q=-1\r\n", IDENTITY},
            {"Accept-Encoding: gzip;q=\r\n", IDENTITY},
            {"Accept-Encoding: gzip;q\r\n", IDENTITY},
            {"Accept-Encoding: gzip;\r\n", IDENTITY},
            {"Accept-Encoding: gzip;q=0.1234\r\n", IDENTITY},
            {"Accept-Encoding: gzip;q=.5\r\n", IDENTITY},
            {"Accept-Encoding: gzip;q=0,5\r\n", IDENTITY},
            {"Accept-Encoding: gzip;level=9\r\n", IDENTITY},
            {"Accept-Encoding: gzip;q=nan, br\r\n", BR},
            {"Accept-Encoding: gzip br\r\n", IDENTITY},
            {"Accept-Encoding: notgzip, gzipped, gz\r\n", IDENTITY},
            {"Accept-Encoding: ,, ,gzip,,\r\n", GZIP},
            {"Accept-Encoding: \"gzip\"\r\n", IDENTITY},
            {"Accept-Encoding: ;q=1, =, gzip\r\n", GZIP},
        };

        (void)state;
        if (!has_all())
                skip();
        for (size_t i = 0; i < ROWS(rows); i++) {
                struct acceptance acceptance;
                struct coding_plan plan;

                accept_lines(&acceptance, rows[i].lines);
                plan_page(&plan, &acceptance);
                if ((plan.is_unacceptable ? NONE : (int)plan.coding) != rows[i].expected)
                        fail_msg("%s: %d, not %d", rows[i].lines, (int)plan.coding, rows[i].expected);
        }
}

static void test_order_is_the_services(void **state)
{
        const struct coding_options options = {
            .order = {CODING_DEFLATE, CODING_GZIP},
            .levels = {[CODING_DEFLATE] = 9},
        };
        struct acceptance acceptance;
        struct coding_plan plan;

        (void)state;
        if (!has_all())
                skip();
        accept_lines(&acceptance, "Accept-Encoding: br, gzip, deflate\r\n");
        coding_plan(&plan, &(struct coding_question){
                               .options = &options,
                               .acceptance = &acceptance,
                               .status = 200,
                               .content_type = "text/html",
                               .size = 1,
                           });
        assert_int_equal(plan.coding, CODING_DEFLATE);
        assert_int_equal(plan.level, 9);
}

static void test_types(void **state)
{
        static const char *const worthy[] = {
            "text/html",
            "text/html; charset=utf-8",
            "TEXT/HTML;charset=x",
            "text/event-stream",
            "text/css",
            "application/ecmascript",
            "application/geo+json-seq",
            "application/graphql",
            "application/javascript",
            "application/json",
            "application/json-seq",
            "application/json5",
            "application/jsonl",
            "application/manifest+json",
            "application/ndjson",
            "application/rtf",
            "application/sql",
            "application/toml",
            "application/vnd.ms-fontobject",
            "application/wasm",
            "application/x-javascript",
            "application/x-ndjson",
            "application/x-sh",
            "application/x-yaml",
            "application/xml",
            "application/xml-dtd",
            "application/yaml",
            "font/otf",
            "font/sfnt",
            "font/ttf",
            "image/bmp",
            "image/vnd.microsoft.icon",
            "image/x-icon",
            "image/x-ms-bmp",
            "image/x-portable-pixmap",
            "image/svg+xml",
            "application/ld+json",
            "application/problem+json ; x=y",
            "application/atom+xml",
        };
        static const char *const unworthy[] = {
            "image/png",
            "image/jpeg",
            "image/webp",
            "image/avif",
            "video/mp4",
            "audio/ogg",
            "application/zip",
            "application/gzip",
            "application/zstd",
            "application/pdf",
            "font/woff",
            "font/woff2",
            "application/octet-stream",
            "application/epub+zip",
            "application/grpc+proto",
            "text",
            "textual/html",
            "",
            ";",
            "xml",
            "application/a-name-that-is-longer-than-any-that-somebody-could-have-asked-for+jsonp",
        };
        static const char *const live[] = {
            "text/event-stream",       "text/event-stream;charset=utf-8",
            "application/x-ndjson",    "application/ndjson",
            "application/jsonl",       "application/json-seq",
            "application/stream+json",
        };

        (void)state;
        for (size_t i = 0; i < ROWS(worthy); i++)
                if (!coding_is_worth(worthy[i]))
                        fail_msg("%s is not worth it", worthy[i]);
        for (size_t i = 0; i < ROWS(unworthy); i++)
                if (coding_is_worth(unworthy[i]))
                        fail_msg("%s is worth it", unworthy[i]);
        for (size_t i = 0; i < ROWS(live); i++)
                if (!coding_is_live(live[i]) || !coding_is_worth(live[i]))
                        fail_msg("%s is not live", live[i]);
        assert_false(coding_is_worth(NULL));
        assert_false(coding_is_live(NULL));
        assert_false(coding_is_live("text/html"));
}

/* Header lines joined by "|", as an array. */
static const char *const *split(char *text, const char *lines[16])
{
        size_t n = 0;

        for (char *save = NULL, *line = strtok_r(text, "|", &save); line; line = strtok_r(NULL, "|", &save))
                lines[n++] = line;
        lines[n] = NULL;
        return lines;
}

/* What leaves: the lines that are kept, and those of the plan. */
static void join(char *text, size_t room, const struct coding_plan *plan, const char *const *headers)
{
        size_t end = 0;

        text[0] = '\0';
        for (size_t i = 0; headers[i]; i++)
                if (coding_plan_keeps(plan, headers[i]))
                        end += (size_t)snprintf(text + end, room - end, "%s|", headers[i]);
        for (size_t i = 0; plan->lines[i]; i++)
                end += (size_t)snprintf(text + end, room - end, "%s|", plan->lines[i]);
        if (end > 0)
                text[end - 1] = '\0';
}

#define HTML "text/html"
#define AS   "Content-Encoding: "
#define VARY "Vary: Accept-Encoding"

static void test_plans(void **state)
{
        static const struct {
                const char *accept;
                int status;
                const char *type;
                int64_t size;
                const char *headers, *expected;
        } rows[] = {
            /* which answers */
            {"gzip", 200, HTML, 5000, "", AS "gzip|" VARY},
            {"br", 200, HTML, 5000, "", AS "br|" VARY},
            {"", 200, HTML, 5000, "", VARY},
            {"gzip", 404, HTML, 5000, "", AS "gzip|" VARY},
            {"gzip", 500, "application/json", 5000, "", AS "gzip|" VARY},
            {"gzip", 200, HTML, 1024, "", AS "gzip|" VARY},
            {"gzip", 200, HTML, 1023, "", ""},
            {"gzip", 200, HTML, 0, "", ""},
            {"gzip", 200, HTML, -1, "", AS "gzip|" VARY},
            {"gzip", 200, NULL, 5000, "", ""},
            {"gzip", 200, "image/png", 5000, "", ""},
            {"gzip", 200, "image/svg+xml", 5000, "", AS "gzip|" VARY},
            {"gzip", 200, "video/mp4", -1, "", ""},
            {"gzip", 100, HTML, 5000, "", ""},
            {"gzip", 101, HTML, -1, "", ""},
            {"gzip", 204, HTML, 5000, "", ""},
            {"gzip", 205, HTML, 5000, "", ""},
            {"gzip", 206, HTML, 5000, "", ""},
            {"gzip", 206, HTML, 5000, "Content-Range: bytes 0-4999/9000", "Content-Range: bytes 0-4999/9000"},
            {"gzip", 416, HTML, 5000, "Content-Range: bytes */9000", "Content-Range: bytes */9000"},
            /* what is coded already, or is to stay as it is */
            {"gzip", 200, HTML, 5000, "Content-Encoding: gzip", AS "gzip"},
            {"gzip", 200, HTML, 5000, "content-encoding: br", "content-encoding: br"},
            {"gzip", 200, HTML, 5000, "Content-Encoding: identity", ""},
            {"gzip", 200, HTML, 5000, "Content-Encoding: gzip, identity", AS "gzip, identity"},
            {"gzip", 200, HTML, 5000, "Cache-Control: no-transform", "Cache-Control: no-transform"},
            {"gzip", 200, HTML, 5000, "cache-control: public, No-Transform , max-age=3",
             "cache-control: public, No-Transform , max-age=3"},
            {"gzip", 200, HTML, 5000, "Cache-Control: a|Cache-Control: no-transform",
             "Cache-Control: a|Cache-Control: no-transform"},
            {"gzip", 200, HTML, 5000, "Cache-Control: no-transformer",
             "Cache-Control: no-transformer|" AS "gzip|" VARY},
            {"gzip", 200, HTML, 5000, "X-Content-Encoding: br", "X-Content-Encoding: br|" AS "gzip|" VARY},
            /* Vary */
            {"gzip", 200, HTML, 5000, "Vary: Origin", AS "gzip|Vary: Origin, Accept-Encoding"},
            {"", 200, HTML, 5000, "Vary: Origin", "Vary: Origin, Accept-Encoding"},
            {"gzip", 200, HTML, 5000, "Vary: Origin|X: y|vary: Cookie,  Accept",
             "X: y|" AS "gzip|Vary: Origin, Cookie,  Accept, Accept-Encoding"},
            {"gzip", 200, HTML, 5000, "Vary: Origin, accept-encoding",
             "Vary: Origin, accept-encoding|" AS "gzip"},
            {"gzip", 200, HTML, 5000, "Vary: *", "Vary: *|" AS "gzip"},
            {"gzip", 200, HTML, 5000, "Vary:", AS "gzip|" VARY},
            {"gzip", 200, HTML, 5000, "Vary: X-Accept-Encoding",
             AS "gzip|Vary: X-Accept-Encoding, Accept-Encoding"},
            {"gzip", 200, "image/png", 5000, "Vary: Origin", "Vary: Origin"},
            /* ETag */
            {"gzip", 200, HTML, 5000, "ETag: \"abc\"", "ETag: \"abc-gzip\"|" AS "gzip|" VARY},
            {"br", 200, HTML, 5000, "etag:\"abc\" ", "ETag: \"abc-br\"|" AS "br|" VARY},
            {"", 200, HTML, 5000, "ETag: \"abc\"", "ETag: \"abc\"|" VARY},
            {"gzip", 200, HTML, 5000, "ETag: W/\"abc\"", "ETag: W/\"abc\"|" AS "gzip|" VARY},
            {"gzip", 200, HTML, 5000, "ETag: abc", "ETag: abc|" AS "gzip|" VARY},
            {"gzip", 200, HTML, 100, "ETag: \"abc\"", "ETag: \"abc\""},
            {"gzip", 200, "image/png", 5000, "ETag: \"abc\"", "ETag: \"abc\""},
            {"gzip", 206, HTML, 5000, "ETag: \"abc\"", "ETag: \"abc\""},
            /* what is true of the body as it was */
            {"gzip", 200, HTML, 5000, "Content-Length: 5000|X: y", "X: y|" AS "gzip|" VARY},
            {"", 200, HTML, 5000, "Content-Length: 5000", "Content-Length: 5000|" VARY},
            {"gzip", 200, HTML, 5000, "Accept-Ranges: bytes", AS "gzip|" VARY},
            {"", 200, HTML, 5000, "Accept-Ranges: bytes", "Accept-Ranges: bytes|" VARY},
            {"gzip", 200, HTML, 5000, "Content-MD5: x|Digest: y|Content-Digest: z|Repr-Digest: a",
             AS "gzip|" VARY},
            {"gzip", 200, HTML, 5000, "Last-Modified: x|Set-Cookie: a=b",
             "Last-Modified: x|Set-Cookie: a=b|" AS "gzip|" VARY},
            /* who takes nothing as it is gets what is small or unworthy coded, too */
            {"gzip, identity;q=0", 200, HTML, 10, "", AS "gzip|" VARY},
            {"gzip, *;q=0", 200, "image/png", 5000, "", AS "gzip|" VARY},
            {"gzip, identity;q=0", 204, NULL, 0, "", ""},
            {"gzip, identity;q=0", 200, HTML, 5000, "Cache-Control: no-transform",
             "Cache-Control: no-transform"},
        };

        (void)state;
        if (!has_all())
                skip();
        for (size_t i = 0; i < ROWS(rows); i++) {
                struct acceptance acceptance;
                struct coding_plan plan;
                const char *lines[16];
                char headers[512], got[1024];

                acceptance_begin(&acceptance);
                acceptance_add(&acceptance, rows[i].accept, strlen(rows[i].accept));
                snprintf(headers, sizeof headers, "%s", rows[i].headers);
                coding_plan(&plan, &(struct coding_question){
                                       .options = &coding_defaults,
                                       .acceptance = &acceptance,
                                       .status = rows[i].status,
                                       .content_type = rows[i].type,
                                       .size = rows[i].size,
                                       .headers = split(headers, lines),
                                   });
                join(got, sizeof got, &plan, lines);
                if (strcmp(got, rows[i].expected) != 0)
                        fail_msg("row %zu, %s, %d, %s: %s, not %s", i, rows[i].accept, rows[i].status,
                                 rows[i].headers, got, rows[i].expected);
                assert_int_equal(plan.coding == CODING_IDENTITY, !plan.encoding_line[0]);
        }
}

/* A plan for a page with this ETag, which must outlive it. */
static void plan_with_etag(struct coding_plan *plan, const char *accept, int status, const char *if_none_match,
                           const char *line)
{
        static const char *lines[2];
        struct acceptance acceptance;

        acceptance_begin(&acceptance);
        acceptance_add(&acceptance, accept, strlen(accept));
        lines[0] = line;
        coding_plan(plan, &(struct coding_question){
                              .options = &coding_defaults,
                              .acceptance = &acceptance,
                              .if_none_match = if_none_match,
                              .status = status,
                              .content_type = status == 304 ? NULL : HTML,
                              .size = -1,
                              .headers = lines,
                          });
}

/** nginx, hapi, mod_deflate: revalidation that never says 304, since the ETag that was sent is not the one that is compared; or
 * that says it of a coding that this client cannot read. */
static void test_revalidation(void **state)
{
        static const struct {
                const char *accept, *list;
                bool is_unchanged;
        } rows[] = {
            {"gzip", "\"abc-gzip\"", true},
            {"gzip", "W/\"abc-gzip\"", true},
            {"gzip", "\"x\", \"abc-gzip\"", true},
            {"gzip", "*", true},
            {"br", "\"abc-gzip\"", false},
            {"", "\"abc-gzip\"", false},
            {"", "\"abc\"", true},
            {"gzip", "\"abc\"", false},
            {"gzip", "\"a,*,b\"", false},
            {"gzip", "", false},
        };
        struct coding_plan plan;

        (void)state;
        if (!has_all())
                skip();
        for (size_t i = 0; i < ROWS(rows); i++) {
                plan_with_etag(&plan, rows[i].accept, 200, NULL, "ETag: \"abc\"");
                if (coding_plan_is_unchanged(&plan, rows[i].list) != rows[i].is_unchanged)
                        fail_msg("%s of %s", rows[i].list, rows[i].accept);
        }
        plan_with_etag(&plan, "gzip", 200, NULL, "X: y");
        assert_false(coding_plan_is_unchanged(&plan, "\"abc\""));
        assert_true(coding_plan_is_unchanged(&plan, "*"));
}

/** A handler that has found out by itself says 304 with its own ETag; the client is told the one that it has. */
static void test_answers_304(void **state)
{
        static const struct {
                const char *accept, *list, *line;
                const char *expected; /* ETag */
        } rows[] = {
            {"gzip", "\"abc-gzip\"", "ETag: \"abc\"", "\"abc-gzip\""},
            {"gzip", "\"abc\"", "ETag: \"abc\"", "\"abc\""},
            {"br, gzip", "\"abc-gzip\", \"abc-br\"", "ETag: \"abc\"", "\"abc-br\""},
            {"gzip", "\"abc-gzip\", \"abc-br\"", "ETag: \"abc\"", "\"abc-gzip\""},
            {"", "\"abc-gzip\"", "ETag: \"abc\"", "\"abc-gzip\""},
            {"gzip", "\"other\"", "ETag: \"abc\"", "\"abc\""},
            {"gzip", NULL, "ETag: \"abc\"", "\"abc\""},
            {"gzip", "W/\"abc\"", "ETag: W/\"abc\"", "W/\"abc\""},
        };

        (void)state;
        if (!has_all())
                skip();
        for (size_t i = 0; i < ROWS(rows); i++) {
                struct coding_plan plan;

                plan_with_etag(&plan, rows[i].accept, 304, rows[i].list, rows[i].line);
                assert_int_equal(plan.coding, CODING_IDENTITY);
                assert_int_equal(plan.etag_size, strlen(rows[i].expected));
                assert_memory_equal(plan.etag, rows[i].expected, plan.etag_size);
                assert_int_equal(coding_plan_keeps(&plan, rows[i].line), !plan.replaces_etag);
                assert_string_equal(plan.lines[0], VARY);
        }
}

static void test_long_headers(void **state)
{
        char etag[400], vary[400];
        const char *const lines[] = {etag, NULL}, *const more[] = {vary, NULL};
        struct acceptance acceptance;
        struct coding_question question = {
            .options = &coding_defaults,
            .acceptance = &acceptance,
            .status = 200,
            .content_type = HTML,
            .size = -1,
            .headers = lines,
        };
        struct coding_plan plan;

        (void)state;
        if (!has_all())
                skip();
        acceptance_begin(&acceptance);
        acceptance_add(&acceptance, "gzip", 4);
        for (size_t n = 200; n < 380; n++) {
                snprintf(etag, sizeof etag, "ETag: \"%0*d\"", (int)n, 1);
                coding_plan(&plan, &question);
                /* one that cannot be told apart is not sent for two things */
                assert_int_equal(plan.coding == CODING_GZIP, plan.replaces_etag);
                assert_int_equal(plan.coding == CODING_GZIP, n <= 306);
        }
        question.headers = more;
        for (size_t n = 200; n < 380; n++) {
                snprintf(vary, sizeof vary, "Vary: %0*d", (int)n, 1);
                coding_plan(&plan, &question);
                assert_int_equal(plan.coding, CODING_GZIP);
                assert_string_equal(plan.lines[1] + strlen(plan.lines[1]) - 15, "Accept-Encoding");
                assert_int_equal(coding_plan_keeps(&plan, vary), strlen(plan.lines[1]) < 30);
        }
}

/** BREACH: a secret beside what was sent. */
static void test_may_be_off(void **state)
{
        struct acceptance acceptance;
        struct coding_plan plan;

        (void)state;
        acceptance_begin(&acceptance);
        acceptance_add(&acceptance, "gzip", 4);
        coding_plan(&plan, &(struct coding_question){
                               .options = &coding_defaults,
                               .acceptance = &acceptance,
                               .status = 200,
                               .content_type = HTML,
                               .size = -1,
                               .is_off = true,
                           });
        assert_int_equal(plan.coding, CODING_IDENTITY);
        assert_null(plan.lines[0]);
}

/** freeunit: an answer that was called coded, and was sent as it is. */
static void test_would_grow(void **state)
{
        const char *const lines[] = {"ETag: \"abc\"", NULL};
        struct acceptance acceptance;
        struct coding_question question = {
            .options = &coding_defaults,
            .acceptance = &acceptance,
            .status = 200,
            .content_type = HTML,
            .size = 5000,
            .headers = lines,
            .would_grow = true,
        };
        struct coding_plan plan;

        (void)state;
        acceptance_begin(&acceptance);
        acceptance_add(&acceptance, "gzip", 4);
        coding_plan(&plan, &question);
        assert_int_equal(plan.coding, CODING_IDENTITY);
        assert_string_equal(plan.lines[0], VARY);
        assert_null(plan.lines[1]);
        assert_true(coding_plan_keeps(&plan, lines[0]));
}

static void test_live(void **state)
{
        struct acceptance acceptance;
        struct coding_question question = {
            .options = &coding_defaults,
            .acceptance = &acceptance,
            .status = 200,
            .content_type = "text/event-stream",
            .size = -1,
        };
        struct coding_plan plan;

        (void)state;
        if (!has_all())
                skip();
        acceptance_begin(&acceptance);
        acceptance_add(&acceptance, "gzip", 4);
        coding_plan(&plan, &question);
        assert_true(plan.is_live && plan.coding == CODING_GZIP);
        question.content_type = HTML;
        coding_plan(&plan, &question);
        assert_false(plan.is_live);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_accept_encoding),
            cmocka_unit_test(test_order_is_the_services),
            cmocka_unit_test(test_types),
            cmocka_unit_test(test_plans),
            cmocka_unit_test(test_revalidation),
            cmocka_unit_test(test_answers_304),
            cmocka_unit_test(test_long_headers),
            cmocka_unit_test(test_may_be_off),
            cmocka_unit_test(test_live),
            cmocka_unit_test(test_would_grow),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
