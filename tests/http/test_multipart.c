/* Forms with files, as a handler reads them. */
#include "../testing.h"
#include "http/multipart.h"
#include "http/multipart_head.h"

#include <stdio.h>

#define TYPE "multipart/form-data; boundary=B"

/* What parts say that they are. */

static const struct {
        const char *head;         /* lines, each with a NUL behind it */
        const char *name;         /* NULL: it is refused */
        const char *filename;     /* NULL: it has none */
        const char *content_type; /* NULL: it has none */
} heads[] = {
#define SAYS(parameters) "Content-Disposition: form-data; " parameters "\0"
    {SAYS("name=\"a\""), "a", NULL, NULL},
    {SAYS("name=a"), "a", NULL, NULL}, /* aio-libs/aiohttp #520 */
    {SAYS("name=\"\""), "", NULL, NULL},
    {SAYS("NAME=a; FileName=b"), "a", "b", NULL},
    {SAYS("name=\"a\"; filename=\"b.txt\"") "Content-Type: text/plain; charset=x\0", "a", "b.txt",
     "text/plain; charset=x"},
    {"content-TYPE: x/y\0content-disposition:FORM-DATA;name=a\0", "a", NULL, "x/y"},
    {SAYS("filename=\"b\"; name=\"a\""), "a", "b", NULL},
    {SAYS("name=a; filename=\"\""), "a", "", NULL}, /* a file that was not chosen */
    {SAYS("name=a; size=3; x=\"y\""), "a", NULL, NULL},
    {SAYS("name=file[0]"), "file[0]", NULL, NULL},
    /* blanks and semicolons: aiohttp #917, #5988, #13002 */
    {SAYS("name=\"a\"; filename=\"file ; name.mp4\""), "a", "file ; name.mp4", NULL},
    {SAYS("filename=\"b\" ; name=\"a\""), "a", "b", NULL},
    {SAYS("filename=\"b\"\t;\tname=\"a\"  "), "a", "b", NULL},
    {SAYS("name=\"a\";"), "a", NULL, NULL},
    {SAYS(";; name=\"a\" ;; "), "a", NULL, NULL},
    /* quotes and backslashes: paths of Windows are not escaped, a quote is by a backslash or by %22, which stays */
    {SAYS("name=a; filename=\"b\\\"c\\\\d\""), "a", "b\"c\\d", NULL},
    {SAYS("name=a; filename=\"C:\\dir\\new.txt\""), "a", "C:\\dir\\new.txt", NULL},
    {SAYS("name=a; filename=\"b%22c.png\""), "a", "b%22c.png", NULL},
    {SAYS("name=a; filename=\"../../etc/passwd\""), "a", "../../etc/passwd", NULL},
    {SAYS("name=\"\xc3\xa4\"; filename=\"\xe4\""), "\xc3\xa4", "\xe4", NULL},
    {SAYS("name=a; filename=\"test\".png\""), NULL, NULL, NULL}, /* mscdex/busboy #292 */
    {SAYS("name=\"a"), NULL, NULL, NULL},
    {SAYS("name=a; filename=\"b\\\""), NULL, NULL, NULL},
    {SAYS("name=a; filename=\""), NULL, NULL, NULL},
    {SAYS("name="), NULL, NULL, NULL},
    {SAYS("name"), NULL, NULL, NULL},
    {SAYS("name =a"), NULL, NULL, NULL},
    {SAYS("name= a"), NULL, NULL, NULL},
    {SAYS("name=a b"), NULL, NULL, NULL},
    {SAYS("name=a filename=b"), NULL, NULL, NULL},
    {SAYS("name=\"a\"filename=\"b\""), NULL, NULL, NULL},
    {SAYS("name=a, filename=b"), NULL, NULL, NULL},
    {SAYS("=a; name=b"), NULL, NULL, NULL},
    /* what could be read as another part */
    {SAYS("name=a; name=b"), NULL, NULL, NULL},
    {SAYS("name=a; filename=b; filename=c"), NULL, NULL, NULL},
    {SAYS("name=a") SAYS("name=b"), NULL, NULL, NULL},
    {SAYS("name=a; filename*=utf-8''b"), "a", NULL, NULL},
    {SAYS("name=a; filename=b; filename*=utf-8''c"), "a", "b", NULL},
    {SAYS("name*=utf-8''a"), NULL, NULL, NULL},
    {SAYS("filename=b"), NULL, NULL, NULL},
    {"Content-Disposition: form-data\0", NULL, NULL, NULL},
    {"Content-Disposition: attachment; name=a\0", NULL, NULL, NULL},
    {"Content-Disposition: form-data2; name=a\0", NULL, NULL, NULL},
    {"Content-Disposition:\0", NULL, NULL, NULL},
    {"Content-Dispositio: form-data; name=a\0", NULL, NULL, NULL},
    {"", NULL, NULL, NULL},
};

static bool differ(const char *one, const char *other)
{
        return !one != !other || (one && strcmp(one, other) != 0);
}

TEST(a_part_says_what_it_is)
{
        for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
                size_t size = 1;
                eddy_http_part part;
                char *text;
                int rc;

                for (const char *line = heads[i].head; *line; line += strlen(line) + 1)
                        size += strlen(line) + 1;
                text = malloc(size);
                rc = multipart_describe(&part, heads[i].head, text);
                if (rc != (heads[i].name ? 0 : EDDY_EPROTOCOL))
                        fail_msg("%s: %s", heads[i].head, eddy_explain(rc));
                if (rc == 0 && (differ(part.name, heads[i].name) || differ(part.filename, heads[i].filename) ||
                                differ(part.content_type, heads[i].content_type)))
                        fail_msg("%s: %s, %s, %s", heads[i].head, part.name, part.filename, part.content_type);
                free(text);
        }
}

TEST(a_type_says_the_boundary)
{
        static const struct {
                const char *type, *boundary;
                int rc;
        } types[] = {
            {TYPE, "B", 0},
            {"multipart/form-data;boundary=\"a b\"", "a b", 0},
            {"Multipart/Form-Data; charset=utf-8; BOUNDARY=----=_Part_1:2/3?", "----=_Part_1:2/3?", 0},
            {"multipart/form-data ; boundary=B;", "B", 0},
            {"multipart/form-data", NULL, EDDY_EPROTOCOL},
            {"multipart/form-data; boundary", NULL, EDDY_EPROTOCOL},
            {"multipart/form-data; boundary=", NULL, EDDY_EPROTOCOL}, /* weston-embedded/uC-HTTP #9 */
            {"multipart/form-data; boundary=\"", NULL, EDDY_EPROTOCOL},
            {"multipart/form-data; boundary=A; boundary=B", NULL, EDDY_EPROTOCOL},
            {"multipart/form-data; xboundary=A", NULL, EDDY_EPROTOCOL},
            {"multipart/form-data, boundary=A", NULL, -EINVAL},
            {"multipart/mixed; boundary=A", NULL, -EINVAL},
            {"multipart/form-data2; boundary=A", NULL, -EINVAL},
            {"application/x-www-form-urlencoded", NULL, -EINVAL},
            {"", NULL, -EINVAL},
            {NULL, NULL, -EINVAL},
        };

        for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
                char boundary[100];

                assert_int_equal(multipart_boundary(boundary, types[i].type), types[i].rc);
                if (types[i].rc == 0)
                        assert_string_equal(boundary, types[i].boundary);
        }
}

TEST(a_base_name_stays_in_its_folder)
{
        static const char *const names[][2] = {
            {"a.txt", "a.txt"},
            {"/etc/passwd", "passwd"},
            {"../../a", "a"},
            {"C:\\dir\\a.txt", "a.txt"},
            {"a/b\\c", "c"},
            {"a\\b/c", "c"},
            {".hidden", ".hidden"},
            {"...", "..."},
            {"", NULL},
            {".", NULL},
            {"..", NULL},
            {"a/..", NULL},
            {"a\\..", NULL},
            {"a/", NULL},
            {"a\\", NULL},
            {NULL, NULL},
        };
        char longest[258];

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                if (differ(eddy_http_base_name(names[i][0]), names[i][1]))
                        fail_msg("%s", names[i][0]);
        memset(longest, 'x', 257);
        longest[257] = '\0';
        longest[1] = '/';
        assert_int_equal(strlen(eddy_http_base_name(longest)), 255);
        longest[1] = 'x';
        assert_null(eddy_http_base_name(longest));
}

/* A body that comes in pieces. */
struct body {
        const char *text;
        size_t size, piece, at;
        unsigned interrupt_at; /* the read that is interrupted; counted from 1; 0: none */
        unsigned reads;
};

static ssize_t read_piece(void *of, void *buffer, size_t n)
{
        struct body *body = of;

        if (++body->reads == body->interrupt_at)
                return EDDY_TIMEOUT;
        n = n < body->piece ? n : body->piece;
        n = n < body->size - body->at ? n : body->size - body->at;
        memcpy(buffer, body->text + body->at, n);
        body->at += n;
        return (ssize_t)n;
}

static struct body body;

static eddy_http_multipart *open_form(const char *text, size_t size, size_t piece,
                                      const eddy_http_multipart_options *options)
{
        eddy_http_multipart *form;

        body = (struct body){.text = text, .size = size, .piece = piece};
        assert_int_equal(
            multipart_open(&form, (struct body_source){.read = read_piece, .of = &body}, TYPE, options), 0);
        return form;
}

#define FIELD(name, value) "--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define UPLOAD(name, file, value)                                                                              \
        "--B\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"" file                           \
        "\"\r\nContent-Type: x/y\r\nX: 1\r\n\r\n" value "\r\n"

static const char three[] =
    FIELD("a", "1") UPLOAD("f", "dir/b.txt", "line\r\n--A\r\n\0more") FIELD("c", "") "--B--\r\n";

COROUTINE_TEST(reads_part_by_part)
{
        for (size_t piece = 1; piece < sizeof three; piece++) {
                eddy_http_multipart *form = open_form(three, sizeof three - 1, piece, NULL);
                eddy_http_part part;
                char small[5], *content;
                size_t size = 0;
                char all[32];
                ssize_t n;

                assert_int_equal(eddy_http_multipart_read(form, small, sizeof small), EDDY_EINVALIDSTATE);
                assert_int_equal(eddy_http_multipart_read_all(form, &content), EDDY_EINVALIDSTATE);
                assert_null(content);
                assert_null(eddy_http_multipart_header(form, "X"));
                assert_int_equal(eddy_http_multipart_next(form, &part), 1);
                assert_string_equal(part.name, "a");
                assert_null(part.filename);
                assert_null(part.content_type);
                assert_int_equal(eddy_http_multipart_read_all(form, &content), 1);
                assert_string_equal(content, "1");
                eddy_free(content);
                assert_int_equal(eddy_http_multipart_read(form, small, sizeof small), 0);
                assert_int_equal(eddy_http_multipart_next(form, &part), 1);
                assert_string_equal(part.filename, "dir/b.txt");
                assert_string_equal(part.content_type, "x/y");
                assert_string_equal(eddy_http_multipart_header(form, "x"), "1");
                assert_null(eddy_http_multipart_header(form, "Y"));
                while ((n = eddy_http_multipart_read(form, small, sizeof small)) > 0) {
                        memcpy(all + size, small, (size_t)n);
                        size += (size_t)n;
                }
                assert_int_equal(n, 0);
                assert_int_equal(size, 16);
                assert_memory_equal(all, "line\r\n--A\r\n\0more", 16);
                assert_int_equal(eddy_http_multipart_next(form, &part), 1);
                assert_string_equal(part.name, "c");
                assert_int_equal(eddy_http_multipart_read_all(form, &content), 0);
                assert_string_equal(content, "");
                eddy_free(content);
                assert_int_equal(eddy_http_multipart_next(form, &part), 0);
                assert_int_equal(eddy_http_multipart_next(form, &part), 0);
                assert_int_equal(eddy_http_multipart_read(form, small, sizeof small), EDDY_EINVALIDSTATE);
                assert_int_equal(body.at, body.size);
                eddy_http_multipart_close(form);
        }
        eddy_http_multipart_close(NULL);
}

COROUTINE_TEST(skips_what_is_not_read)
{
        static const char text[] = FIELD("a", "123") FIELD("b", "4") "--B--\r\nwords that nobody reads";

        for (size_t read = 0; read < 3; read++)
                for (size_t piece = 1; piece < sizeof text; piece++) {
                        eddy_http_multipart *form = open_form(text, sizeof text - 1, piece, NULL);
                        eddy_http_part part;
                        char byte;

                        assert_int_equal(eddy_http_multipart_next(form, &part), 1);
                        for (size_t i = 0; i < read; i++)
                                assert_int_equal(eddy_http_multipart_read(form, &byte, 1), 1);
                        assert_int_equal(eddy_http_multipart_next(form, &part), 1);
                        assert_string_equal(part.name, "b");
                        assert_int_equal(eddy_http_multipart_next(form, &part), 0);
                        assert_int_equal(body.at, body.size); /* so that the next request is found */
                        eddy_http_multipart_close(form);
                }
}

/* Read all of it, by skipping or not: how it went. */
static int read_form(const char *text, size_t size, size_t piece, const eddy_http_multipart_options *options,
                     bool skips)
{
        eddy_http_multipart *form = open_form(text, size, piece, options);
        eddy_http_part part;
        char buffer[7];
        int rc;

        while ((rc = eddy_http_multipart_next(form, &part)) == 1)
                while (!skips && (rc = (int)eddy_http_multipart_read(form, buffer, sizeof buffer)) > 0)
                        ;
        if (rc < 0) {
                assert_true(*eddy_error_detail());
                assert_int_equal(eddy_http_multipart_next(form, &part), rc);
                assert_int_equal(eddy_http_multipart_read(form, buffer, 1), rc);
        }
        eddy_http_multipart_close(form);
        return rc;
}

COROUTINE_TEST(has_bounds)
{
        static const char fields[] = FIELD("a", "12345") FIELD("b", "67890") "--B--",
                          file[] = UPLOAD("a", "b", "12345") "--B--",
                          epilogue[] = FIELD("a", "1") "--B--\r\n12345678";
        static const struct {
                const char *text;
                size_t size;
                eddy_http_multipart_options options;
                int rc;
        } tries[] = {
#define OF(text) text, sizeof text - 1
            {OF(fields), {0}, 0},
            {OF(fields), {.max_parts = 2}, 0},
            {OF(fields), {.max_parts = 1}, EDDY_ELIMIT},
            {OF(fields), {.max_field_size = 5}, 0},
            {OF(fields), {.max_field_size = 4}, EDDY_ELIMIT},
            {OF(fields), {.max_file_size = 1}, 0},
            {OF(fields), {.max_size = sizeof fields - 1}, 0},
            {OF(fields), {.max_size = sizeof fields - 2}, EDDY_ELIMIT},
            {OF(fields), {.max_header_size = 46}, 0},
            {OF(fields), {.max_header_size = 40}, EDDY_ELIMIT},
            {OF(fields), {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, {NULL}}, 0},
            {OF(file), {.max_file_size = 5, .max_field_size = 1}, 0},
            {OF(file), {.max_file_size = 4}, EDDY_ELIMIT},
            {OF(epilogue), {.max_size = sizeof epilogue - 1}, 0},
            {OF(epilogue), {.max_size = sizeof epilogue - 2}, EDDY_ELIMIT},
        };

        for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
                for (size_t piece = 1; piece < 400; piece += 13) {
                        for (int skips = 0; skips < 2; skips++) {
                                int rc =
                                    read_form(tries[i].text, tries[i].size, piece, &tries[i].options, skips);

                                if (rc != tries[i].rc)
                                        fail_msg("%zu in pieces of %zu: %s", i, piece, eddy_explain(rc));
                        }
                }
}

COROUTINE_TEST(reads_no_more_than_a_small_part_whole)
{
        const eddy_http_multipart_options small = {.max_field_size = 4};
        static const char text[] = UPLOAD("a", "b", "12345") UPLOAD("a", "b", "1234") "--B--";
        eddy_http_multipart *form = open_form(text, sizeof text - 1, 3, &small);
        eddy_http_part part;
        char *content;

        assert_int_equal(eddy_http_multipart_next(form, &part), 1);
        assert_int_equal(eddy_http_multipart_read_all(form, &content), EDDY_ELIMIT);
        assert_null(content);
        assert_int_equal(eddy_http_multipart_next(form, &part), 1); /* the form is not lost with it */
        assert_int_equal(eddy_http_multipart_read_all(form, &content), 4);
        eddy_free(content);
        eddy_http_multipart_close(form);
}

COROUTINE_TEST(says_what_is_wrong)
{
        static const char *const texts[] = {"--B\r\n\r\nx\r\n--B--",
                                            "--B\r\nContent-Disposition: x\r\n\r\n\r\n--B--", "--Bx\r\n"};
        size_t n = sizeof three - 1;

        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
                assert_int_equal(read_form(texts[i], strlen(texts[i]), 5, NULL, false), EDDY_EPROTOCOL);
        for (size_t size = 0; size < n - 2; size++)
                assert_int_equal(read_form(three, size, 5, NULL, size % 2), EDDY_EINCOMPLETE);
        assert_int_equal(read_form(three, n - 2, 5, NULL, false), 0);
}

COROUTINE_TEST(goes_on_after_an_interruption)
{
        for (unsigned nth = 1; nth < 40; nth++) {
                eddy_http_multipart *form = open_form(three, sizeof three - 1, 11, NULL);
                eddy_http_part part;
                char *content;
                unsigned parts = 0;
                ssize_t n;
                int rc;

                body.interrupt_at = nth;
                for (;;) {
                        rc = eddy_http_multipart_next(form, &part);
                        if (rc == EDDY_TIMEOUT)
                                continue;
                        if (rc == 0)
                                break;
                        assert_int_equal(rc, 1);
                        parts++;
                        do
                                n = eddy_http_multipart_read_all(form, &content);
                        while (n == EDDY_TIMEOUT);
                        assert_int_equal(n, parts == 1 ? 1 : parts == 2 ? 16 : 0);
                        eddy_free(content);
                }
                assert_int_equal(parts, 3);
                eddy_http_multipart_close(form);
        }
}

/* What was read of a part is no other's. */
COROUTINE_TEST(forgets_what_was_read_of_a_part)
{
        static const char text[] = FIELD("a", "12345") FIELD("b", "6") "--B--";
        bool was_interrupted = false;

        for (unsigned nth = 1; nth < 40; nth++) {
                eddy_http_multipart *form = open_form(text, sizeof text - 1, 3, NULL);
                eddy_http_part part;
                char *content;
                ssize_t n;

                assert_int_equal(eddy_http_multipart_next(form, &part), 1);
                body.interrupt_at = body.reads + nth;
                n = eddy_http_multipart_read_all(form, &content);
                was_interrupted |= n == EDDY_TIMEOUT;
                eddy_free(content);
                while (eddy_http_multipart_next(form, &part) == EDDY_TIMEOUT)
                        ;
                while ((n = eddy_http_multipart_read_all(form, &content)) == EDDY_TIMEOUT)
                        ;
                assert_int_equal(n, 1);
                assert_string_equal(content, "6");
                eddy_free(content);
                eddy_http_multipart_close(form);
        }
        assert_true(was_interrupted);
}

static void refuse_the_interrupted(eddy_http_multipart *form)
{
        eddy_http_part part;
        char *content, byte;

        EDDY_TIMEOUT_SCOPE(0) {
                assert_int_equal(eddy_http_multipart_next(form, &part), EDDY_TIMEOUT);
                assert_int_equal(eddy_http_multipart_read(form, &byte, 1), EDDY_TIMEOUT);
                assert_int_equal(eddy_http_multipart_read_all(form, &content), EDDY_TIMEOUT);
                assert_null(content);
        }
}

COROUTINE_TEST(takes_nothing_for_who_is_interrupted)
{
        eddy_http_multipart *form = open_form(three, sizeof three - 1, 1000, NULL);
        eddy_http_part part;
        char byte;

        assert_int_equal(eddy_http_multipart_next(form, &part), 1);
        refuse_the_interrupted(form);
        assert_int_equal(eddy_http_multipart_read(form, &byte, 1), 1);
        assert_int_equal(byte, '1');
        eddy_http_multipart_close(form);
}

TEST(is_for_coroutines)
{
        eddy_http_multipart *form = open_form(three, sizeof three - 1, 1000, NULL);
        eddy_http_part part;

        assert_int_equal(eddy_http_multipart_next(form, &part), EDDY_ENOTASK);
        eddy_http_multipart_close(form);
}

COROUTINE_TEST(fails_without_memory)
{
        int rc = -ENOMEM;

        for (unsigned long nth = 1; rc == -ENOMEM; nth++) {
                eddy_http_multipart *form = NULL;
                eddy_http_part part;
                char *content = NULL;

                body = (struct body){.text = three, .size = sizeof three - 1, .piece = 100};
                fault_arm(nth, 1);
                rc = multipart_open(&form, (struct body_source){.read = read_piece, .of = &body}, TYPE, NULL);
                assert_true(!form == (rc < 0));
                if (rc == 0)
                        rc = eddy_http_multipart_next(form, &part);
                if (rc == 1)
                        rc = (int)eddy_http_multipart_read_all(form, &content);
                assert_true(!content == (rc < 0));
                if (rc >= 0)
                        assert_true(fault_uses() < nth);
                fault_arm(0, 0);
                eddy_free(content);
                eddy_http_multipart_close(form);
        }
        assert_int_equal(rc, 1);
}

TEST(opens_what_is_such_a_form)
{
        eddy_http_multipart *form;

        assert_int_equal(
            multipart_open(&form, (struct body_source){.read = read_piece, .of = &body}, "text/plain", NULL),
            -EINVAL);
        assert_null(form);
        assert_int_equal(multipart_open(&form, (struct body_source){.read = read_piece, .of = &body},
                                        "multipart/form-data; boundary=\"a;b\"", NULL),
                         EDDY_EPROTOCOL);
        assert_null(form);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_part_says_what_it_is),
            cmocka_unit_test(a_type_says_the_boundary),
            cmocka_unit_test(a_base_name_stays_in_its_folder),
            cmocka_unit_test(reads_part_by_part),
            cmocka_unit_test(skips_what_is_not_read),
            cmocka_unit_test(has_bounds),
            cmocka_unit_test(reads_no_more_than_a_small_part_whole),
            cmocka_unit_test(says_what_is_wrong),
            cmocka_unit_test(goes_on_after_an_interruption),
            cmocka_unit_test(forgets_what_was_read_of_a_part),
            cmocka_unit_test(takes_nothing_for_who_is_interrupted),
            cmocka_unit_test(is_for_coroutines),
            cmocka_unit_test(fails_without_memory),
            cmocka_unit_test(opens_what_is_such_a_form),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
