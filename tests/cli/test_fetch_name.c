/* A URL cannot choose where a file goes, nor take another's place. */
#include "fetch_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check(const char *url, const char *expected)
{
        char name[FETCH_NAME_MAX + 1];

        fetch_name_of(url, name);
        assert_string_equal(name, expected);
}

static void test_names(void **state)
{
        (void)state;
        check("http://x/a/b.png", "b.png");
        check("http://x/a/b.png?c/d=e/f", "b.png");
        check("http://x/a/b.png#c/d", "b.png");
        check("http://x/a%20b", "a b");
        check("http://x/a%2fb", "a_b");
        check("http://x/", "index.html");
        check("http://x", "index.html");
        check("http://x?a/b", "index.html");
        check("http://x/..", "_.");
        check("http://x/.", "_");
        check("http://x/%2e%2e%2fetc", "_._etc");
        check("http://x/a%5cb", "a_b");
        check("http://x/a%00%0a%7f", "a___");
        check("http://x/a%", "a%");
        check("http://x/a%4", "a%4");
        check("http://x/%zz", "%zz");
}

static void test_long_names(void **state)
{
        char url[1024] = "http://x/", name[FETCH_NAME_MAX + 1];

        (void)state;
        memset(url + 9, 'a', 500);
        strcpy(url + 509, ".jpeg");
        fetch_name_of(url, name);
        assert_int_equal(strlen(name), FETCH_NAME_MAX);
        assert_string_equal(name + FETCH_NAME_MAX - 6, "a.jpeg");
        for (int i = 0; i < 400; i += 2)
                memcpy(url + 9 + i, "\xc3\xa4", 2);
        fetch_name_of(url, name);
        assert_true(strlen(name) <= FETCH_NAME_MAX);
        assert_true((name[strlen(name) - 6] & 0xc0) == 0x80);
}

/* Numbers must fit in, too. */
static void test_numbers_of_long_names(void **state)
{
        char name[FETCH_NAME_MAX + 1] = "", previous[FETCH_NAME_MAX + 1] = "";
        struct fetch_names names = {0};
        bool exists;

        (void)state;
        memset(name, 'a', FETCH_NAME_MAX);
        memcpy(name + 200, "\xc3\xa4\xc3\xa4\xc3\xa4", 6);
        memcpy(name + FETCH_NAME_MAX - 4, ".tgz", 4);
        for (int i = 0; i < 200; i++) {
                char *path = fetch_names_choose(&names, "/none", name, FETCH_NUMBER, &exists);

                assert_non_null(path);
                assert_int_equal(strlen(path) - strlen("/none/"), FETCH_NAME_MAX);
                assert_string_equal(path + strlen(path) - 4, ".tgz");
                assert_string_not_equal(path, previous);
                snprintf(previous, sizeof previous, "%s", path);
                free(path);
        }
        fetch_names_finish(&names);
}

static void choose(struct fetch_names *names, const char *folder, const char *name,
                   enum fetch_existing existing, const char *expected, bool expected_exists)
{
        bool exists;
        char *path = fetch_names_choose(names, folder, name, existing, &exists);

        assert_non_null(path);
        assert_string_equal(path + strlen(folder) + 1, expected);
        assert_int_equal(exists, expected_exists);
        free(path);
}

static void test_choices(void **state)
{
        char folder[] = "/tmp/eddy-names-XXXXXX", path[64];
        struct fetch_names names = {0};

        (void)state;
        assert_non_null(mkdtemp(folder));
        snprintf(path, sizeof path, "%s/b.x", folder);
        fclose(fopen(path, "w"));
        choose(&names, folder, "a.x", FETCH_NUMBER, "a.x", false);
        choose(&names, folder, "a.x", FETCH_NUMBER, "a-1.x", false);
        choose(&names, folder, "a-1.x", FETCH_NUMBER, "a-1-1.x", false);
        choose(&names, folder, "a.x", FETCH_NUMBER, "a-2.x", false);
        choose(&names, folder, "b.x", FETCH_NUMBER, "b-1.x", false);
        choose(&names, folder, "noending", FETCH_NUMBER, "noending", false);
        choose(&names, folder, "noending", FETCH_NUMBER, "noending-1", false);
        fetch_names_finish(&names);
        choose(&names, folder, "b.x", FETCH_SKIP, "b.x", true);
        choose(&names, folder, "b.x", FETCH_SKIP, "b-1.x", false);
        fetch_names_finish(&names);
        choose(&names, folder, "b.x", FETCH_OVERWRITE, "b.x", true);
        for (int i = 1; i < 1000; i++) {
                snprintf(path, sizeof path, "b-%d.x", i);
                choose(&names, folder, "b.x", FETCH_OVERWRITE, path, false);
        }
        fetch_names_finish(&names);
        snprintf(path, sizeof path, "%s/b.x", folder);
        assert_int_equal(unlink(path) | rmdir(folder), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_names),
            cmocka_unit_test(test_long_names),
            cmocka_unit_test(test_numbers_of_long_names),
            cmocka_unit_test(test_choices),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
