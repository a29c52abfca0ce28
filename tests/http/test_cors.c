/* Whom browsers let read answers. */
#include "ask.h"

#include <eddy/http_cors.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static eddy_http_cors *policy(const eddy_http_cors_options *options)
{
        eddy_http_cors *cors;

        assert_int_equal(eddy_http_cors_create(&cors, options), 0);
        return cors;
}

/* What the answer to a request has: "line|line|", with "204" in front where it is a preflight. */
static const char *decide(const eddy_http_cors *cors, const char *method, const char *origin,
                          const char *requested)
{
        static char text[1024];
        const eddy_http_cors_request request = {method, origin, requested};
        eddy_http_cors_answer answer;

        eddy_http_cors_decide(cors, &request, &answer);
        strcpy(text, answer.is_preflight ? "204|" : "");
        for (unsigned i = 0; answer.headers[i]; i++) {
                strcat(text, answer.headers[i]);
                strcat(text, "|");
        }
        assert_true(answer.is_allowed == (strstr(text, "Allow-Origin") && origin));
        return text;
}

#define HERE  "Access-Control-Allow-Origin: https://a.org|"
#define ALL   "Access-Control-Allow-Origin: *|"
#define VARY  "Vary: Origin|"
#define BASIC "Access-Control-Allow-Methods: GET, HEAD, POST|"

TEST(names_who_is_listed)
{
        static const char *const others[] = {"https://b.org",
                                             "http://a.org",
                                             "https://a.org:8443",
                                             "https://a.org.evil.com",
                                             "https://evila.org",
                                             "https://xa.org",
                                             "https://a.or",
                                             "https://a.orgx",
                                             "HTTPS://A.ORG",
                                             "https://a.org/",
                                             "null",
                                             "",
                                             "*",
                                             "https://a.org, https://b.org",
                                             "https://a.org\nhttp://localhost:3000",
                                             "\n"};
        eddy_http_cors *cors = policy(&(eddy_http_cors_options){
            .origins = LIST("http://localhost:3000", "https://a.org", "https://[::1]:8443")});

        assert_string_equal(decide(cors, "GET", "https://a.org", NULL), HERE VARY);
        assert_string_equal(decide(cors, "GET", "https://[::1]:8443", NULL),
                            "Access-Control-Allow-Origin: https://[::1]:8443|" VARY);
        assert_string_equal(decide(cors, "OPTIONS", "https://a.org", NULL), HERE VARY);
        assert_string_equal(decide(cors, "OPTIONS", "https://a.org", "PUT"), "204|" HERE BASIC VARY);
        assert_string_equal(decide(cors, "GET", "https://a.org", "PUT"), HERE VARY); /* which is no preflight */
        /* who is not, and who says nothing, is told that another would be: h3js/h3 #1456, vert-x3 #2880 */
        assert_string_equal(decide(cors, "GET", NULL, NULL), VARY);
        assert_string_equal(decide(cors, "OPTIONS", NULL, "PUT"), VARY);
        for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
                assert_string_equal(decide(cors, "GET", others[i], NULL), VARY);
                assert_string_equal(decide(cors, "OPTIONS", others[i], "PUT"), "204|" VARY);
        }
        eddy_http_cors_destroy(cors);
}

TEST(lets_all_read)
{
        eddy_http_cors *cors =
            policy(&(eddy_http_cors_options){.origins = LIST("*"), .exposed = LIST("X-A", "X-B")});

        assert_string_equal(decide(cors, "GET", "https://a.org", NULL),
                            ALL "Access-Control-Expose-Headers: X-A, X-B|");
        assert_string_equal(decide(cors, "GET", "null", NULL), ALL "Access-Control-Expose-Headers: X-A, X-B|");
        assert_string_equal(decide(cors, "GET", NULL, NULL), ALL "Access-Control-Expose-Headers: X-A, X-B|");
        assert_string_equal(decide(cors, "OPTIONS", "https://a.org", "GET"), "204|" ALL BASIC);
        eddy_http_cors_destroy(cors);
}

TEST(says_what_is_allowed)
{
        eddy_http_cors_options options = {.origins = LIST("https://a.org"),
                                          .methods = LIST("PUT", "DELETE"),
                                          .headers = LIST("X-C"),
                                          .exposed = LIST("X-D"),
                                          .credentials = true,
                                          .max_age = eddy_seconds(600)};
        eddy_http_cors *cors = policy(&options);

        assert_string_equal(decide(cors, "PUT", "https://a.org", NULL), HERE
                            "Access-Control-Allow-Credentials: true|Access-Control-Expose-Headers: X-D|" VARY);
        assert_string_equal(decide(cors, "OPTIONS", "https://a.org", "PUT"),
                            "204|" HERE
                            "Access-Control-Allow-Credentials: true|Access-Control-Allow-Methods: PUT, DELETE|"
                            "Access-Control-Allow-Headers: X-C|Access-Control-Max-Age: 600|" VARY);
        assert_string_equal(decide(cors, "PUT", "https://b.org", NULL), VARY);
        eddy_http_cors_destroy(cors);
        options = (eddy_http_cors_options){
            .origins = LIST("*"), .methods = LIST("*"), .headers = LIST("*", "Authorization")};
        cors = policy(&options);
        assert_string_equal(decide(cors, "OPTIONS", "https://a.org", "PUT"),
                            "204|" ALL
                            "Access-Control-Allow-Methods: *|Access-Control-Allow-Headers: *, Authorization|");
        eddy_http_cors_destroy(cors);
}

TEST(how_long_it_is_remembered)
{
        static const struct {
                eddy_duration age;
                const char *seconds;
        } ages[] = {{-1, "0"}, {1, "1"}, {1000000000, "1"}, {1500000000, "2"}, {EDDY_FOREVER, "86400"}};
        char expected[256];

        for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
                eddy_http_cors *cors =
                    policy(&(eddy_http_cors_options){.origins = LIST("*"), .max_age = ages[i].age});

                snprintf(expected, sizeof expected, "204|" ALL BASIC "Access-Control-Max-Age: %s|",
                         ages[i].seconds);
                assert_string_equal(decide(cors, "OPTIONS", "x://y", "PUT"), expected);
                eddy_http_cors_destroy(cors);
        }
}

TEST(allows_nothing_unasked)
{
        eddy_http_cors *cors = policy(NULL);

        assert_string_equal(decide(cors, "GET", "https://a.org", NULL), "");
        assert_string_equal(decide(cors, "GET", "", NULL), "");
        assert_string_equal(decide(cors, "OPTIONS", "https://a.org", "PUT"), "204|");
        eddy_http_cors_destroy(cors);
        eddy_http_cors_destroy(NULL);
}

TEST(refuses_what_cannot_be_meant)
{
        static const char *const no_origins[] = {"",
                                                 "a.org",
                                                 "https://",
                                                 "https://a.org/",
                                                 "https://a.org/x",
                                                 "https://A.org",
                                                 "HTTPS://a.org",
                                                 "https://*.a.org",
                                                 "https://a.org:443",
                                                 "http://a.org:80",
                                                 "https://a.org:",
                                                 "https://a.org:x",
                                                 "https://u@a.org",
                                                 "https://a.org ",
                                                 "https://a..org",
                                                 "https://\xc3\xa4.org",
                                                 "https:a.org",
                                                 "://a.org",
                                                 "1://a.org",
                                                 "https://a.org\nhttps://b.org",
                                                 "https://a.org, https://b.org",
                                                 "https://[::1",
                                                 "Null"};
        static const char *const origins[] = {"https://a.org:80",        "http://a.org:443",
                                              "chrome-extension://abcd", "capacitor://localhost",
                                              "https://xn--4ca.org",     "null",
                                              "http://127.0.0.1:8080"};
        const eddy_http_cors_options bad[] = {
            {.origins = LIST("*"), .credentials = true},
            {.origins = LIST("*", "https://a.org")},
            {.origins = LIST("https://a.org", "*")},
            {.origins = LIST("null"), .credentials = true},
            {.origins = LIST("https://a.org"), .methods = LIST("*"), .credentials = true},
            {.origins = LIST("https://a.org"), .headers = LIST("X", "*"), .credentials = true},
            {.origins = LIST("https://a.org"), .exposed = LIST("*"), .credentials = true},
            {.methods = LIST("GET, PUT")},
            {.methods = LIST("")},
            {.headers = LIST("X\r\nY: z")},
            {.exposed = LIST("X Y")},
        };
        eddy_http_cors *cors;
        char longest[300] = "https://";

        for (size_t i = 0; i < sizeof no_origins / sizeof *no_origins; i++)
                if (eddy_http_cors_create(&cors, &(eddy_http_cors_options){.origins = LIST(no_origins[i])}) !=
                        -EINVAL ||
                    cors || !*eddy_error_detail())
                        fail_msg("%s", no_origins[i]);
        for (size_t i = 0; i < sizeof origins / sizeof *origins; i++)
                eddy_http_cors_destroy(policy(&(eddy_http_cors_options){.origins = LIST(origins[i])}));
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                if (eddy_http_cors_create(&cors, &bad[i]) != -EINVAL || cors || !*eddy_error_detail())
                        fail_msg("%zu", i);
        memset(longest + 8, 'a', 272);
        cors = policy(&(eddy_http_cors_options){.origins = LIST(longest)});
        assert_non_null(strstr(decide(cors, "GET", longest, NULL), longest));
        eddy_http_cors_destroy(cors);
        longest[280] = 'a';
        assert_int_equal(eddy_http_cors_create(&cors, &(eddy_http_cors_options){.origins = LIST(longest)}),
                         -EINVAL);
}

TEST(fails_without_memory)
{
        const eddy_http_cors_options options = {
            .origins = LIST("https://a.org"), .headers = LIST("X"), .exposed = LIST("Y")};
        int rc = -ENOMEM;

        for (unsigned long nth = 1; rc == -ENOMEM; nth++) {
                eddy_http_cors *cors;

                fault_arm(nth, 1);
                rc = eddy_http_cors_create(&cors, &options);
                assert_true(!cors == (rc < 0));
                assert_true(rc < 0 || nth == 6);
                fault_arm(0, 0);
                eddy_http_cors_destroy(cors);
        }
        assert_int_equal(rc, 0);
}

static eddy_http_cors *used;

static int reply(eddy_http_exchange *exchange, void *arg)
{
        eddy_http_cors_answer answer;

        (void)arg;
        eddy_http_exchange_cors(exchange, used, &answer);
        return eddy_http_reply(exchange, &(eddy_http_answer){.status = answer.is_preflight ? 204 : 200,
                                                             .headers = answer.headers});
}

COROUTINE_TEST(a_handler_answers_so)
{
        static const struct {
                const char *request, *status, *line; /* NULL: no such line */
        } requests[] = {
            {"GET / HTTP/1.1\r\nOrigin: https://a.org\r\n", "HTTP/1.1 200",
             "Access-Control-Allow-Origin: https://a.org\r\n"},
            {"OPTIONS / HTTP/1.1\r\nOrigin: https://a.org\r\naccess-control-request-method: PUT\r\n",
             "HTTP/1.1 204", "Access-Control-Allow-Methods: GET, HEAD, POST\r\n"},
            {"GET / HTTP/1.1\r\nOrigin: https://a.org\r\nOrigin: https://a.org\r\n", "HTTP/1.1 200", NULL},
            {"GET / HTTP/1.1\r\n", "HTTP/1.1 200", NULL},
        };

        used = policy(&(eddy_http_cors_options){.origins = LIST("https://a.org")});
        for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
                char *answer = ask(reply, requests[i].request);

                assert_memory_equal(answer, requests[i].status, 12);
                assert_non_null(strstr(answer, "\r\nVary: Origin\r\n"));
                if (requests[i].line)
                        assert_non_null(strstr(answer, requests[i].line));
                else
                        assert_null(strstr(answer, "Access-Control"));
                eddy_free(answer);
        }
        eddy_http_cors_destroy(used);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(names_who_is_listed),    cmocka_unit_test(lets_all_read),
            cmocka_unit_test(says_what_is_allowed),   cmocka_unit_test(how_long_it_is_remembered),
            cmocka_unit_test(allows_nothing_unasked), cmocka_unit_test(refuses_what_cannot_be_meant),
            cmocka_unit_test(fails_without_memory),   cmocka_unit_test(a_handler_answers_so),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
