/* ETags of a thing and of its codings. */
#include "http/etag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static void check(const char *list, const char *etag, bool is_weak_enough, enum coding expected)
{
        enum coding got = etag_listed_coding(list, strlen(list), etag, strlen(etag), is_weak_enough);

        if (got != expected)
                fail_msg("%s in %s: %d, not %d", etag, list, got, expected);
        assert_int_equal(etag_is_listed(list, strlen(list), etag, strlen(etag), is_weak_enough),
                         expected == CODING_IDENTITY);
}

static void test_lists(void **state)
{
        (void)state;
        check("\"abc\"", "\"abc\"", false, CODING_IDENTITY);
        check("\"abc-gzip\"", "\"abc\"", false, CODING_GZIP);
        check("\"x\", \"abc-br\"", "\"abc\"", false, CODING_BR);
        check("W/\"abc-zstd\"", "\"abc\"", true, CODING_ZSTD);
        check("W/\"abc-zstd\"", "\"abc\"", false, CODINGS);
        check("\"abc-gzip\", \"abc\"", "\"abc\"", false, CODING_IDENTITY);
        check("\"abc-lzma\"", "\"abc\"", true, CODINGS);
        check("\"abc-\"", "\"abc\"", true, CODINGS);
        check("\"abc\"", "\"abc-gzip\"", true, CODINGS);
        check("abc-gzip", "\"abc\"", true, CODINGS);
        check("\"x\"\"abc\"", "\"abc\"", true, CODINGS);
        check("*", "\"abc\"", true, CODINGS);
        check("", "\"abc\"", true, CODINGS);
        check("W/", "\"abc\"", true, CODINGS);
        check("\"a,*,b\", \"abc\"", "\"abc\"", true, CODING_IDENTITY);
        /* A weak one of ours is the same in each coding. */
        check("W/\"abc\"", "W/\"abc\"", true, CODING_IDENTITY);
        check("\"abc\"", "W/\"abc\"", true, CODING_IDENTITY);
        check("W/\"abc\"", "W/\"abc\"", false, CODINGS);
        check("W/\"abc-gzip\"", "W/\"abc\"", true, CODINGS);
}

static void check_coded(const char *etag, enum coding coding, size_t room, const char *expected)
{
        char text[64];
        size_t size = etag_with_coding(text, room, etag, strlen(etag), coding);

        assert_int_equal(size, strlen(expected));
        assert_memory_equal(text, expected, size);
}

static void test_codings(void **state)
{
        (void)state;
        check_coded("\"abc\"", CODING_IDENTITY, 64, "\"abc\"");
        check_coded("\"abc\"", CODING_GZIP, 64, "\"abc-gzip\"");
        check_coded("\"\"", CODING_BR, 64, "\"-br\"");
        check_coded("W/\"abc\"", CODING_GZIP, 64, "W/\"abc\"");
        check_coded("abc", CODING_GZIP, 64, "abc");
        check_coded("\"", CODING_GZIP, 64, "\"");
        check_coded("\"abc\"", CODING_GZIP, 10, "\"abc-gzip\"");
        check_coded("\"abc\"", CODING_GZIP, 9, "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_lists),
            cmocka_unit_test(test_codings),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
