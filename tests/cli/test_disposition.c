/* A server may name a file, and nothing more than that. */
#include "disposition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

/** A header's value, and the name in it; NULL: none. */
static const char *const cases[][2] = {
    {"attachment; filename=a.txt", "a.txt"},
    {"inline;filename=a.txt;size=1", "a.txt"},
    {"attachment; FileName = \"a b.txt\" ; size=1", "a b.txt"},
    {"attachment; filename=\"a\\\"b\\c.txt\"", "a\"bc.txt"},
    {"attachment; filename=\"a;b=c.txt\"", "a;b=c.txt"},
    {"attachment; filename=\"a%20b.txt\"", "a%20b.txt"},
    {"attachment; filename=\"\xc3\xa4.txt\"", "\xc3\xa4.txt"},
    {"attachment; filename=\"=?utf-8?q?a?=\"", "=?utf-8?q?a?="},
    /* Beyond ASCII */
    {"attachment; filename*=UTF-8''a%20b.txt", "a b.txt"},
    {"attachment; filename*=utf-8'en'%e2%82%ac.txt", "\xe2\x82\xac.txt"},
    {"attachment; filename*=iso-8859-1''%e4.txt", "\xc3\xa4.txt"},
    {"attachment; filename=plain.txt; filename*=UTF-8''%c3%a4.txt", "\xc3\xa4.txt"},
    {"attachment; filename*=UTF-8''%c3%a4.txt; filename=plain.txt", "\xc3\xa4.txt"},
    {"attachment; filename=plain.txt; filename*=koi8-r''%c1.txt", "plain.txt"},
    {"attachment; filename=plain.txt; filename*=UTF-8''%zz.txt", "plain.txt"},
    {"attachment; filename=plain.txt; filename*=UTF-8''a%2", "plain.txt"},
    {"attachment; filename=plain.txt; filename*=UTF-8", "plain.txt"},
    {"attachment; filename=plain.txt; filename*=UTF-8'a", "plain.txt"},
    {"attachment; filename=plain.txt; filename*=\"UTF-8''quoted.txt\"", "plain.txt"},
    {"attachment; filename=first; filename=second", "first"},
    /* Paths, and what else names must not be */
    {"attachment; filename=\"../../etc/passwd\"", "passwd"},
    {"attachment; filename=\"/etc/passwd\"", "passwd"},
    {"attachment; filename=\"C:\\\\temp\\\\a.txt\"", "a.txt"},
    {"attachment; filename*=UTF-8''..%2f..%2fa.txt", "a.txt"},
    {"attachment; filename*=UTF-8''a%00b%0a%1b[31m.txt", "a_b__[31m.txt"},
    {"attachment; filename=\"..\"", "_."},
    {"attachment; filename=.bashrc", "_bashrc"},
    {"attachment; filename=-rf", "_rf"},
    {"attachment; filename=~root", "_root"},
    {"attachment; filename=\"  a  \"", "a"},
    /* None */
    {"", NULL},
    {"attachment", NULL},
    {"filename=a.txt", NULL},
    {"attachment; filename", NULL},
    {"attachment; filename=", NULL},
    {"attachment; filename=\"\"", NULL},
    {"attachment; filename=\"  \"", NULL},
    {"attachment; filename=\"a.txt", NULL},
    {"attachment; filename=\"a/\"", NULL},
    {"attachment; filename=\"a\\", NULL},
    {"attachment; filename=a b.txt", NULL},
    {"attachment; =a; filename=b", NULL},
    {"attachment; filename*=UTF-8''", NULL},
    {"attachment; notfilename=a", NULL},
};

static void test_named(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char name[FETCH_NAME_MAX + 1] = "";
                bool is_found = disposition_name(cases[i][0], name);

                if (is_found != (cases[i][1] != NULL) || (is_found && strcmp(name, cases[i][1]) != 0))
                        fail_msg("'%s': '%s'", cases[i][0], is_found ? name : "none");
        }
}

static void test_long(void **state)
{
        char value[1024] = "attachment; filename=\"", name[FETCH_NAME_MAX + 1];

        (void)state;
        memset(value + 22, 'a', 500);
        strcpy(value + 522, ".jpeg\"");
        assert_true(disposition_name(value, name));
        assert_int_equal(strlen(name), FETCH_NAME_MAX);
        assert_string_equal(name + FETCH_NAME_MAX - 5, ".jpeg");
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_named), cmocka_unit_test(test_long)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
