/* Cookies, as they come and as they are set. */
#include "ask.h"

#include <eddy/http_cookie.h>

static const struct {
        const char *header, *name, *value; /* NULL: there is none */
} tries[] = {
    {"a=1", "a", "1"},
    {"a=1; b=2", "b", "2"},
    {"a=1;b=2", "b", "2"},
    {"  a = 1 ;\tb\t=  2  ", "a", "1"},
    {"  a = 1 ;\tb\t=  2  ", "b", "2"},
    {"a=1; a=2", "a", "1"},
    {"A=1", "a", NULL},
    {"ab=1; a=2", "a", "2"},
    {"a=", "a", ""},
    {"a=b=c==", "a", "b=c=="},
    {"ab=1; b=2", "b", "2"},
    {"b", "b", NULL},
    {"", "a", NULL},
    {NULL, "a", NULL},
    {"a=x y", "a", "x y"},
    {"a=%20", "a", "%20"},
    /* quotes */
    {"a=\"1\"", "a", "1"},
    {"a= \"1\" ", "a", "1"},
    {"a=\"\"", "a", ""},
    {"a=\"", "a", "\""},
    {"a=\"1", "a", "\"1"},
    {"a=\"\\073\"", "a", "\\073"},
    {"a=\"x; b=2; c=y\"", "b", "2"}, /* a value that swallows others tells a script of them */
    {"a=\"x; b=2; c=y\"", "a", "\"x"},
    {"\"a\"=1", "a", NULL},
    /* what is broken harms no other: pallets/werkzeug #841, #1117, #1245 */
    {"SID=31d4; muffin ; lang=en-US;", "lang", "en-US"},
    {"SID=31d4; muffin ; lang=en-US;", "muffin", NULL},
    {"foo=bar; ; abc=def", "abc", "def"},
    {";;;abc=def", "abc", "def"},
    {"[broken]{=1; a=2", "a", "2"},
    {"=x; a=1", "a", "1"},
    {"=x", "x", NULL},
    {"=x", "", "x"},
    {"=__Host-a=bad; __Host-a=good", "__Host-a", "good"}, /* CVE-2023-23934 */
    {"==__Host-a=bad", "__Host-a", NULL},
    /* attributes of Set-Cookie are names as any */
    {"path=1; expires=2; a=3", "expires", "2"},
    {"path=1; expires=2; a=3", "a", "3"},
    {"$Version=1; a=2", "a", "2"},
    {"a,b=1; c=2", "b", NULL},
};

TEST(finds_one)
{
        for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
                size_t size = 0;
                const char *value = eddy_http_cookie_find(tries[i].header, tries[i].name, &size);

                if (!value != !tries[i].value ||
                    (value && (size != strlen(tries[i].value) || memcmp(value, tries[i].value, size) != 0)))
                        fail_msg("%s of '%s': '%.*s'", tries[i].name, tries[i].header, (int)size,
                                 value ? value : "none");
        }
}

#define NAMED .name = "a", .value = "1"

static char too_long[5000], long_value[4096], long_path[1100];

static const struct {
        eddy_http_cookie cookie;
        const char *line; /* NULL: it is refused */
} lines[] = {
    {{NAMED}, "a=1"},
    {{.name = "a"}, "a="},
    {{NAMED, .path = "/"}, "a=1; Path=/"},
    {{NAMED, .domain = "example.org"}, "a=1; Domain=example.org"},
    {{NAMED, .domain = ".example.org"}, "a=1; Domain=example.org"},
    {{NAMED, .http_only = true}, "a=1; HttpOnly"},
    {{NAMED, .same_site = EDDY_HTTP_SAME_SITE_STRICT}, "a=1; SameSite=Strict"},
    {{NAMED, .path = "/x", .domain = "b.c", .max_age = 60000000000, .same_site = EDDY_HTTP_SAME_SITE_LAX,
      .secure = true, .http_only = true, .partitioned = true},
     "a=1; Path=/x; Domain=b.c; Max-Age=60; SameSite=Lax; Secure; HttpOnly; Partitioned"},
    {{NAMED, .same_site = EDDY_HTTP_SAME_SITE_NONE, .secure = true}, "a=1; SameSite=None; Secure"},
    /* ages */
    {{NAMED, .max_age = -1}, "a=1; Max-Age=0"},
    {{NAMED, .max_age = INT64_MIN}, "a=1; Max-Age=0"},
    {{NAMED, .max_age = 1}, "a=1; Max-Age=1"},
    {{NAMED, .max_age = 1000000001}, "a=1; Max-Age=2"},
    {{NAMED, .max_age = EDDY_FOREVER}, "a=1; Max-Age=34560000"},
    /* names */
    {{.value = "1"}, NULL},
    {{.name = "", .value = "1"}, NULL},
    {{.name = "a b", .value = "1"}, NULL},
    {{.name = "a=", .value = "1"}, NULL},
    {{.name = "a;b", .value = "1"}, NULL},
    {{.name = "a\r\nB: c", .value = "1"}, NULL},
    {{.name = "\xc3\xa4", .value = "1"}, NULL},
    /* values */
    {{.name = "a", .value = "x=y&z/!~"}, "a=x=y&z/!~"},
    {{.name = "a", .value = "x y"}, NULL},
    {{.name = "a", .value = "x;y"}, NULL},
    {{.name = "a", .value = "x,y"}, NULL},
    {{.name = "a", .value = "\"x\""}, NULL},
    {{.name = "a", .value = "x\\y"}, NULL},
    {{.name = "a", .value = "x\r\nSet-Cookie: b=1"}, NULL},
    {{.name = "a", .value = "\x7f"}, NULL},
    {{.name = "a", .value = "\xc3\xa4"}, NULL},
    {{.name = "a", .value = too_long}, NULL},
    /* 4095 bytes beside the name */
    {{.name = "ab", .value = long_value}, NULL},
    /* paths and domains */
    {{NAMED, .path = "x"}, NULL},
    {{NAMED, .path = ""}, NULL},
    {{NAMED, .path = "/;Secure"}, NULL},
    {{NAMED, .path = "/\r\n"}, NULL},
    {{NAMED, .path = long_path}, NULL},
    {{NAMED, .domain = ""}, NULL},
    {{NAMED, .domain = "."}, NULL},
    {{NAMED, .domain = "..org"}, NULL},
    {{NAMED, .domain = "a..org"}, NULL},
    {{NAMED, .domain = "a.org; Secure"}, NULL},
    {{NAMED, .domain = "a.org:80"}, NULL},
    /* what browsers drop */
    {{.name = "__Secure-a", .secure = true}, "__Secure-a=; Secure"},
    {{.name = "__Secure-a"}, NULL},
    {{.name = "__secure-a"}, NULL},
    {{.name = "__Host-a", .secure = true, .path = "/"}, "__Host-a=; Path=/; Secure"},
    {{.name = "__Host-a", .path = "/"}, NULL},
    {{.name = "__Host-a", .secure = true}, NULL},
    {{.name = "__Host-a", .secure = true, .path = "/x"}, NULL},
    {{.name = "__Host-a", .secure = true, .path = "/", .domain = "a.org"}, NULL},
    {{.name = "__HOST-a", .secure = true, .path = "/", .domain = "a.org"}, NULL},
    {{.name = "__Hosta"}, "__Hosta="},
    {{NAMED, .same_site = EDDY_HTTP_SAME_SITE_NONE}, NULL},
    {{NAMED, .partitioned = true}, NULL},
    {{NAMED, .same_site = (eddy_http_same_site)9}, NULL},
};

TEST(sets_one)
{
        char line[EDDY_HTTP_COOKIE_SIZE];

        memset(too_long, 'x', sizeof too_long - 1);
        memset(long_value, 'x', sizeof long_value - 1);
        memset(long_path, '/', sizeof long_path - 1);
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
                ssize_t n = eddy_http_cookie_format(line, sizeof line, &lines[i].cookie);

                if (!lines[i].line) {
                        if (n != -EINVAL || !*eddy_error_detail())
                                fail_msg("%zu: %zd", i, n);
                        continue;
                }
                if (n < 0)
                        fail_msg("%zu: %s", i, eddy_explain(n));
                assert_int_equal(n, strlen(line));
                assert_memory_equal(line, "Set-Cookie: ", 12);
                assert_string_equal(line + 12, lines[i].line);
        }
}

TEST(fits_or_says_so)
{
        char line[EDDY_HTTP_COOKIE_SIZE], small[17];
        char domain[1025];
        eddy_http_cookie cookie = {.name = "a",
                                   .value = long_value,
                                   .path = long_path,
                                   .domain = domain,
                                   .max_age = EDDY_FOREVER,
                                   .same_site = EDDY_HTTP_SAME_SITE_STRICT,
                                   .secure = true,
                                   .http_only = true,
                                   .partitioned = true};

        memset(domain, 'x', 1024);
        domain[1024] = '\0';
        memset(long_path, '/', 1024);
        long_path[1024] = '\0';
        assert_in_range(eddy_http_cookie_format(line, sizeof line, &cookie), 6000, sizeof line - 1);
        cookie = (eddy_http_cookie){.name = "a", .value = "12"};
        assert_int_equal(eddy_http_cookie_format(small, sizeof small, &cookie), 16);
        cookie.value = "123";
        assert_int_equal(eddy_http_cookie_format(small, sizeof small, &cookie), EDDY_ELIMIT);
        assert_int_equal(eddy_http_cookie_format(NULL, 0, &cookie), EDDY_ELIMIT);
}

/* Says what a cookie is, by its size, or an error. */
static int tell(eddy_http_exchange *exchange, void *arg)
{
        char value[4], text[32];
        ssize_t rc = eddy_http_exchange_cookie(exchange, "a", value, sizeof value);
        int n = snprintf(text, sizeof text, "%zd %s", rc, rc < 0 ? "" : value);

        (void)arg;
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = (size_t)n});
}

COROUTINE_TEST(a_handler_gets_its_requests_cookies)
{
        static const struct {
                const char *lines, *answer;
        } requests[] = {
            {"", "-2 "},
            {"Cookie: b=1\r\n", "-2 "},
            {"Cookie: b=1; a=123\r\n", "3 123"},
            {"Cookie: b=1\r\nCookie: c=1\r\ncookie: a=1\r\n", "1 1"}, /* as HTTP/2 splits them */
            {"Cookie: a=1234\r\n", "-4002 "},
        };
        char request[128];

        for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
                snprintf(request, sizeof request, "GET / HTTP/1.1\r\n%s", requests[i].lines);
                assert_answered(tell, request, requests[i].answer);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(finds_one),
            cmocka_unit_test(sets_one),
            cmocka_unit_test(fits_or_says_so),
            cmocka_unit_test(a_handler_gets_its_requests_cookies),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
