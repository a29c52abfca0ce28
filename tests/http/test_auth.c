/* Who asks, as Authorization says. */
#include "../testing.h"

#include <eddy/http_auth.h>

static const struct {
        const char *authorization;
        int rc;
        const char *user, *password;
} basics[] = {
    {"Basic dXNlcjpwYXNz", 0, "user", "pass"},
    {"basic dXNlcjpwYXNz", 0, "user", "pass"},
    {"BASIC   dXNlcjpwYXNz", 0, "user", "pass"},
    {"Basic Og==", 0, "", ""},
    {"Basic dTo=", 0, "u", ""},
    {"Basic OnA=", 0, "", "p"},
    {"Basic dXNlcjpzZWM6cmV0", 0, "user", "sec:ret"}, /* vert-x3/vertx-web #330 and many more */
    {"Basic dTo6OjovPz8=", 0, "u", ":::/\?\?"},
    {"Basic YWRtaW46YSVCQw==", 0, "admin", "a%BC"}, /* which is no escape: rdegges/python-basicauth #10 */
    {"Basic dTrDpOKCrA==", 0, "u", "\xc3\xa4\xe2\x82\xac"},
    {"Basic dTrk", 0, "u", "\xe4"},
    {NULL, -ENOENT, NULL, NULL},
    {"", -ENOENT, NULL, NULL},
    {"Bearer dXNlcjpwYXNz", -ENOENT, NULL, NULL},
    {"Basicx dXNlcjpwYXNz", -ENOENT, NULL, NULL},
    {"Basi", -ENOENT, NULL, NULL},
    {"Basic", -EINVAL, NULL, NULL},
    {"Basic ", -EINVAL, NULL, NULL},
    {"Basic user:pass", -EINVAL, NULL, NULL},
    {"Basic dXNlcg==", -EINVAL, NULL, NULL}, /* no colon */
    {"Basic dTo", -EINVAL, NULL, NULL},      /* no padding */
    {"Basic dTo==", -EINVAL, NULL, NULL},
    {"Basic dTp=", -EINVAL, NULL, NULL}, /* bits that mean nothing */
    {"Basic Oh==", -EINVAL, NULL, NULL},
    {"Basic dT=o", -EINVAL, NULL, NULL},
    {"Basic d===", -EINVAL, NULL, NULL},
    {"Basic ====", -EINVAL, NULL, NULL},
    {"Basic dTo=dTo=", -EINVAL, NULL, NULL},
    {"Basic dXNl cjpw", -EINVAL, NULL, NULL},
    {"Basic dXNlcjpwYXN-", -EINVAL, NULL, NULL}, /* of the alphabet for URLs */
    {"Basic dToA", -EINVAL, NULL, NULL},         /* NUL, and */
    {"Basic dToK", -EINVAL, NULL, NULL},         /* a line's end */
    {"Basic dTp/", -EINVAL, NULL, NULL},
};

TEST(reads_users_and_passwords)
{
        for (size_t i = 0; i < sizeof basics / sizeof *basics; i++) {
                eddy_http_basic basic;
                int rc = eddy_http_basic_parse(&basic, basics[i].authorization);

                if (rc != basics[i].rc)
                        fail_msg("%s: %s", basics[i].authorization, eddy_errname(rc));
                if (rc < 0)
                        continue;
                assert_string_equal(basic.user, basics[i].user);
                assert_string_equal(basic.password, basics[i].password);
                assert_int_equal(basic.user_size, strlen(basics[i].user));
                assert_int_equal(basic.password_size, strlen(basics[i].password));
        }
}

TEST(has_a_bound)
{
        char header[6 + 4 * 200 + 1] = "Basic ";
        eddy_http_basic basic;

        for (int i = 0; i < 171; i++) /* "u:x", "u:x" ... */
                memcpy(header + 6 + 4 * i, "dTp4", 5);
        assert_int_equal(eddy_http_basic_parse(&basic, header), EDDY_ELIMIT);
        memcpy(header + 6 + 4 * 170, "dQ==", 5);
        assert_int_equal(eddy_http_basic_parse(&basic, header), 0);
        assert_int_equal(basic.user_size + 1 + basic.password_size, 511);
        memcpy(header + 6 + 4 * 170, "dTo=", 5);
        assert_int_equal(eddy_http_basic_parse(&basic, header), EDDY_ELIMIT);
}

TEST(reads_tokens)
{
        static const struct {
                const char *authorization;
                int rc;
                const char *token;
        } bearers[] = {
            {"Bearer mF_9.B5f-4.1JqM", 0, "mF_9.B5f-4.1JqM"},
            {"bearer  a+b/c~d==", 0, "a+b/c~d=="},
            {"Bearer", -EINVAL, NULL},
            {"Bearer ", -EINVAL, NULL},
            {"Bearer =", -EINVAL, NULL},
            {"Bearer a b", -EINVAL, NULL},
            {"Bearer a=b", -EINVAL, NULL},
            {"Bearer a,Basic b", -EINVAL, NULL},
            {"Bearer \"a\"", -EINVAL, NULL},
            {"Bearera", -ENOENT, NULL},
            {"Basic a", -ENOENT, NULL},
            {NULL, -ENOENT, NULL},
        };

        for (size_t i = 0; i < sizeof bearers / sizeof *bearers; i++) {
                const char *token;

                assert_int_equal(eddy_http_bearer_parse(&token, bearers[i].authorization), bearers[i].rc);
                if (bearers[i].token)
                        assert_string_equal(token, bearers[i].token);
                else
                        assert_null(token);
        }
}

TEST(compares_secrets)
{
        assert_true(eddy_http_secret_equal("secret", 6, "secret", 6));
        assert_true(eddy_http_secret_equal("", 0, "", 0));
        assert_true(eddy_http_secret_equal("a\0b", 3, "a\0b", 3));
        assert_false(eddy_http_secret_equal("a\0b", 3, "a\0c", 3));
        assert_false(eddy_http_secret_equal("Secret", 6, "secret", 6));
        assert_false(eddy_http_secret_equal("secres", 6, "secret", 6));
        assert_false(eddy_http_secret_equal("secret", 5, "secret", 6));
        assert_false(eddy_http_secret_equal("secret", 6, "secret", 5));
        assert_false(eddy_http_secret_equal("", 0, "secret", 6));
        assert_false(eddy_http_secret_equal("secret", 6, "", 0));
}

TEST(asks_for_them)
{
        char line[100], exact[51];
        ssize_t n = eddy_http_basic_challenge(line, sizeof line, "a \"b\" \\ \xc3\xa4");

        assert_int_equal(n, strlen(line));
        assert_string_equal(line,
                            "WWW-Authenticate: Basic realm=\"a \\\"b\\\" \\\\ \xc3\xa4\", charset=\"UTF-8\"");
        n = eddy_http_bearer_challenge(line, sizeof line, "x", NULL);
        assert_int_equal(n, strlen(line));
        assert_string_equal(line, "WWW-Authenticate: Bearer realm=\"x\"");
        assert_true(eddy_http_bearer_challenge(line, sizeof line, "x", "invalid_token") > 0);
        assert_string_equal(line, "WWW-Authenticate: Bearer realm=\"x\", error=\"invalid_token\"");
        assert_int_equal(eddy_http_basic_challenge(line, sizeof line, "x\r\nSet-Cookie: a=b"), -EINVAL);
        assert_int_equal(eddy_http_bearer_challenge(line, sizeof line, "x", "\n"), -EINVAL);
        assert_int_equal(eddy_http_basic_challenge(exact, sizeof exact, "1"), 50);
        assert_int_equal(eddy_http_basic_challenge(exact, sizeof exact, "12"), EDDY_ELIMIT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(reads_users_and_passwords),
            cmocka_unit_test(has_a_bound),
            cmocka_unit_test(reads_tokens),
            cmocka_unit_test(compares_secrets),
            cmocka_unit_test(asks_for_them),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
