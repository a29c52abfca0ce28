/* URLs are sent with what they may not have encoded, and with what is encoded as it is. */
#include "http_client/url.h"
#include <eddy/http_client.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const char *const cases[][2] = {
    {"http://x/a/b?c=d&e#f", "http://x/a/b?c=d&e#f"},
    {"http://x/my report.pdf", "http://x/my%20report.pdf"},
    {"http://x/a?b c", "http://x/a?b%20c"},
    {"http://x?b c", "http://x?b%20c"},
    {"http://x/a%20b%2Fc%zz%", "http://x/a%20b%2Fc%zz%"},
    {"http://x/a\r\nX: y", "http://x/a%0D%0AX:%20y"},
    {"http://x/a\tb\x01\x7f", "http://x/a%09b%01%7F"},
    {"http://x/\xc3\xa4\xff", "http://x/%C3%A4%FF"},
    {"http://x/\"<>\"", "http://x/%22%3C%3E%22"},
    {"http://x/[a]{b}|c^`\\'()*!~", "http://x/[a]{b}|c^`\\'()*!~"},
    {"http://b\xc3\xbc"
     "cher.example/b\xc3\xbc",
     "http://b\xc3\xbc"
     "cher.example/b%C3%BC"},
    {"http://us er@x/", "http://us er@x/"}, /* curl refuses it */
    {"x/a b", "x/a%20b"},
    {"x y/a b", "x%20y/a%20b"},
    {"//b\xc3\xbc"
     "cher.example/b\xc3\xbc",
     "//b\xc3\xbc"
     "cher.example/b%C3%BC"},
    {"x/a b?c=http://d e", "x/a%20b?c=http://d%20e"},
    {"http://", "http://"},
    {"", ""},
};

static void test_encoded(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char *encoded = url_encode(cases[i][0]);

                assert_non_null(encoded);
                assert_string_equal(encoded, cases[i][1]);
                free(encoded);
        }
}

static void test_same_origin(void **state)
{
        static const struct {
                const char *one, *other;
                bool is_same;
        } pairs[] = {
            {"http://x/a", "http://x:80/b?c", true},
            {"http://x/a", "HTTP://X", true},
            {"http://x/a", "http://u:p@x/b", true},
            {"http://x/a", "https://x/a", false},
            {"http://x:1/a", "http://x:2/a", false},
            {"http://x/a", "http://y/a", false},
            {"http://x@y/", "http://x/", false},
            {"http://x.y/", "http://x/", false},
            {"http:///x/a", "http:///x/b", true},
            {"http:///x/a", "http:///y/a", false},
            {"http:/x/a", "http:/y/a", false},
            {"", "", false},
            {"http://unix:/a:/b", "http://unix:/%61:/c", true},
            {"http://unix:/a:/", "http://unix:/b:/", false},
            {"http://unix:/a:/", "http://localhost/", false},
            {"http://unix:/a", "http://unix:/a", false},
            {"http://unix:%2fa:/b", "HTTP://UNIX:/a:/c", true},
            {"http://unix:8080/a", "http://unix:8080/b", true},
            {"http://unix:80/a", "http://unix/b", true},
            {"http://unix:8080/a", "http://unix:8081/a", false},
            {"http://unix:8080/a", "http://unix:/8080:/a", false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
                assert_int_equal(eddy_http_is_same_origin(pairs[i].one, pairs[i].other), pairs[i].is_same);
                assert_int_equal(eddy_http_is_same_origin(pairs[i].other, pairs[i].one), pairs[i].is_same);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_encoded), cmocka_unit_test(test_same_origin)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
