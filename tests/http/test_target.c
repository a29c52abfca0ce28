/* What a request asks for is a path within the folder, however it is written. */
#include "http/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void check(const char *target, const char *expected)
{
        char path[HTTP_PATH_MAX];
        ssize_t n = http_target_decode(target, strlen(target), path);

        if (n != (ssize_t)strlen(expected) || strcmp(path, expected) != 0)
                fail_msg("%s: %zd '%s', not '%s'", target, n, n < 0 ? "" : path, expected);
}

static void check_refused(const char *target, int rc)
{
        char path[HTTP_PATH_MAX];

        if (http_target_decode(target, strlen(target), path) != rc)
                fail_msg("%s is not refused", target);
}

static void test_paths(void **state)
{
        (void)state;
        check("/", "");
        check("/a", "a");
        check("/a/", "a/");
        check("/a/b.txt?x=/../y", "a/b.txt");
        check("/a%20b%c3%a4", "a b\xc3\xa4");
        check("//a///b", "a/b");
        check("/./a/./b/.", "a/b/");
        check("/a/../b", "b");
        check("/a/b/..", "a/");
        check("/a/..", "");
        check("/...", "...");
        check("/..a/b..", "..a/b..");
        check("http://example.org/a?b", "a");
        check("HTTP://example.org:80/", "");
        check("http://example.org", "");
        check("http://example.org?b", "");
        check("https://example.org/a/../b?c", "b");
        check("HTTPS://example.org", "");
        check("/%2541", "%41"); /* decoded once only */
}

static void test_escapes(void **state)
{
        (void)state;
        check_refused("/..", -ENOENT);
        check_refused("/../etc/passwd", -ENOENT);
        check_refused("/a/../../etc/passwd", -ENOENT);
        check_refused("/%2e%2e/etc/passwd", -ENOENT);
        check_refused("/%2E./etc/passwd", -ENOENT);
        check_refused("/..%2fetc/passwd", -ENOENT);
        check_refused("/a/%2e%2e/%2e%2e%2fetc", -ENOENT);
        check_refused("/a%2f..%2f..", -ENOENT);
}

static void test_malformed(void **state)
{
        char path[HTTP_PATH_MAX], *target = malloc(HTTP_PATH_MAX + 2);

        (void)state;
        check_refused("", -EINVAL);
        check_refused("*", -EINVAL);
        check_refused("a", -EINVAL);
        check_refused("/a%", -EINVAL);
        check_refused("/a%4", -EINVAL);
        check_refused("/a%zz", -EINVAL);
        check_refused("/a%00b", -EINVAL);
        memset(target, 'a', HTTP_PATH_MAX + 2);
        target[0] = '/';
        assert_int_equal(http_target_decode(target, HTTP_PATH_MAX - 1, path), HTTP_PATH_MAX - 2);
        assert_int_equal(http_target_decode(target, HTTP_PATH_MAX, path), -ENAMETOOLONG);
        free(target);
}

static void test_encode(void **state)
{
        char target[64];
        size_t n = http_target_encode("a b/\"<\r\n?#%\xc3\xa4", target);

        (void)state;
        assert_int_equal(n, strlen("a%20b/%22%3C%0D%0A%3F%23%25%C3%A4"));
        assert_memory_equal(target, "a%20b/%22%3C%0D%0A%3F%23%25%C3%A4", n);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_paths),
            cmocka_unit_test(test_escapes),
            cmocka_unit_test(test_malformed),
            cmocka_unit_test(test_encode),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
