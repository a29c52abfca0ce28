/* Where servers lead, what goes along, and the cookies that they set on the way. */
#include "world.h"

static const char *location; /* where /go leads, */
static int status;           /* and how */

static int redirect(eddy_http_exchange *exchange)
{
        char line[512];

        snprintf(line, sizeof line, "Location: %s", location);
        return eddy_http_reply(exchange, &(eddy_http_answer){.status = status,
                                                             .headers = (const char *[]){line, NULL},
                                                             .body = "gone",
                                                             .body_size = 4});
}

/* "METHOD TARGET BODY|AUTHORIZATION|COOKIE|TYPE" */
static int tell(eddy_http_exchange *exchange)
{
        const char *names[] = {"authorization", "cookie", "content-type"}, *values[3];
        char *body;
        ssize_t n = eddy_http_exchange_read_all(exchange, &body, 1000);
        int rc;

        if (n < 0)
                return (int)n;
        for (int i = 0; i < 3; i++) {
                values[i] = eddy_http_exchange_header(exchange, names[i]);
                values[i] = values[i] ? values[i] : "";
        }
        rc = eddy_http_reply_text(exchange, 0, "%s %s %s|%s|%s|%s", eddy_http_exchange_method(exchange),
                                  eddy_http_exchange_target(exchange), body, values[0], values[1], values[2]);
        eddy_free(body);
        return rc;
}

static int set_cookies(eddy_http_exchange *exchange)
{
        static const char *const lines[] = {"Set-Cookie: a=1; Path=/; HttpOnly", "Set-Cookie: b=2; Path=/deep",
                                            "Set-Cookie: old=3; Max-Age=0",
                                            "Set-Cookie: other=5; Domain=example.org", NULL};

        return eddy_http_reply(exchange, &(eddy_http_answer){.headers = lines});
}

/* "HOST|PROXY-AUTHORIZATION" */
static int tell_names(eddy_http_exchange *exchange)
{
        const char *host = eddy_http_exchange_header(exchange, "host");
        const char *password = eddy_http_exchange_header(exchange, "proxy-authorization");

        return eddy_http_reply_text(exchange, 0, "%s|%s", host ? host : "", password ? password : "");
}

static int answer(eddy_http_exchange *exchange, void *arg)
{
        const char *target = eddy_http_exchange_target(exchange);

        (void)arg;
        if (strcmp(target, "/go") == 0)
                return redirect(exchange);
        if (strcmp(target, "/names") == 0)
                return tell_names(exchange);
        return strcmp(target, "/set") == 0 ? set_cookies(exchange) : tell(exchange);
}

COROUTINE_TEST(changes_methods_as_browsers_do)
{
        static const struct {
                int status;
                const char *method, *told;
        } cases[] = {
            {301, "POST", "GET /there |||"},
            {302, "POST", "GET /there |||"},
            {303, "POST", "GET /there |||"},
            {303, "PUT", "GET /there |||"},
            {301, "PUT", "PUT /there x|||text/x"},
            {302, "PATCH", "PATCH /there x|||text/x"},
            {307, "POST", "POST /there x|||text/x"},
            {308, "POST", "POST /there x|||text/x"},
            {308, "DELETE", "DELETE /there x|||text/x"},
        };
        struct world world;

        world_open(&world, answer, NULL);
        location = "/there";
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                status = cases[i].status;
                assert_answer(&world,
                              &(eddy_http_request){.url = at(&world, "/go"),
                                                   .method = cases[i].method,
                                                   .headers = (const char *[]){"Content-Type: text/x", NULL},
                                                   .body = "x",
                                                   .body_size = 1},
                              200, cases[i].told);
        }
        world_close(&world);
}

COROUTINE_TEST(finds_its_way)
{
        static const struct {
                const char *location, *told;
        } cases[] = {
            {"there?x#y", "GET /there?x |||"}, {"?only=query", "GET /go?only=query |||"},
            {"./a/../b", "GET /b |||"},        {"with blank", "GET /with%20blank |||"},
            {"\xc3\xa4", "GET /%C3%A4 |||"},
        };
        struct world world;
        eddy_http_response response;
        char *body;

        world_open(&world, answer, NULL);
        status = 302;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                location = cases[i].location;
                assert_int_equal(ask_whole(&world, &(eddy_http_request){.url = at(&world, "/go")}, &body), 200);
                assert_int_equal(strcasecmp(body, cases[i].told), 0); /* "%C3" is "%c3" */
                eddy_free(body);
        }
        location = "/end";
        assert_int_equal(
            eddy_http_send(world.client, &(eddy_http_request){.url = at(&world, "/go")}, &response), 0);
        assert_int_equal(response.redirects, 1);
        assert_string_equal(response.url, at(&world, "/end"));
        eddy_http_response_finish(&response);
        world_close(&world);
}

COROUTINE_TEST(follows_as_far_as_it_may)
{
        struct world world;
        char *body;

        world_open(&world, answer, NULL);
        status = 302;
        location = "/go";
        assert_int_equal(ask_whole(&world, &(eddy_http_request){.url = at(&world, "/go")}, &body), EDDY_EHTTP);
        assert_string_equal(eddy_error_detail(), "redirected more than 20 times");
        assert_int_equal(
            ask_whole(&world, &(eddy_http_request){.url = at(&world, "/go"), .max_redirects = 1}, &body),
            EDDY_EHTTP);
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/go"), .max_redirects = -1}, 302, "gone");
        status = 304; /* which is none, wherever it leads */
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/go")}, 304, "");
        world_close(&world);
}

COROUTINE_TEST(goes_nowhere_but_to_http)
{
        static const char *const places[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "javascript:alert(1)",
                                             "data:,x", "gopher://127.0.0.1:1/"};
        struct world world;
        char *body;

        world_open(&world, answer, NULL);
        status = 302;
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
                location = places[i];
                assert_int_equal(ask_whole(&world, &(eddy_http_request){.url = at(&world, "/go")}, &body),
                                 EDDY_ENOTSUP);
                assert_non_null(strstr(eddy_error_detail(), "redirected to"));
        }
        location = "http://[nonsense";
        assert_int_equal(ask_whole(&world, &(eddy_http_request){.url = at(&world, "/go")}, &body), EDDY_EHTTP);
        world_close(&world);
}

COROUTINE_TEST(takes_credentials_nowhere_else)
{
        static const char *const lines[] = {"Authorization: Bearer abc", "Cookie: c=1", NULL};
        struct world world;
        char there[128], own[128];

        world_open(&world, answer, NULL);
        status = 307;
        location = "/there";
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/go"), .headers = lines}, 200,
                      "GET /there |Bearer abc|c=1|");
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/go"), .user = "a:b"}, 200,
                      "GET /there |Basic YTpi||");

        snprintf(there, sizeof there, "%s/there", world.other_base);
        location = there;
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/go"), .headers = lines}, 200,
                      "GET /there |||");
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/go"), .user = "a:b"}, 200,
                      "GET /there |||");

        /* By another name it is another host, though it is the same. */
        snprintf(own, sizeof own, "http://localhost:%u/there", eddy_server_port(world.server));
        location = own;
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/go"), .headers = lines}, 200,
                      "GET /there |||");

        /* Those in the URL, too. */
        location = there;
        snprintf(own, sizeof own, "http://u:p@127.0.0.1:%u/go", eddy_server_port(world.server));
        assert_answer(&world, &(eddy_http_request){.url = own}, 200, "GET /there |||");
        world_close(&world);
}

/* A name for one server would have another one answer for a third; a proxy's password is nothing for servers. */
COROUTINE_TEST(takes_names_and_proxy_passwords_nowhere_else)
{
        static const char *const lines[] = {"Host: inner.example", "proxy-authorization: Basic YTpi", NULL};
        char there[128], named[160];
        struct world world;

        world_open(&world, answer, NULL);
        status = 302;
        location = "/names";
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/go"), .headers = lines}, 200,
                      "inner.example|Basic YTpi");
        snprintf(there, sizeof there, "http://localhost:%u/names", eddy_server_port(world.other));
        snprintf(named, sizeof named, "localhost:%u|", eddy_server_port(world.other));
        location = there;
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/go"), .headers = lines}, 200, named);

        use_client(&world, &(eddy_http_client_options){.headers = lines});
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/go")}, 200, named);
        use_client(&world, &(eddy_http_client_options){.headers = lines, .base_url = world.base});
        assert_answer(&world, &(eddy_http_request){.url = "/names"}, 200, "inner.example|Basic YTpi");
        assert_answer(&world, &(eddy_http_request){.url = there}, 200, named);
        world_close(&world);
}

COROUTINE_TEST(keeps_cookies)
{
        const eddy_http_client_options options = {.keeps_cookies = true};
        struct world world;
        char *saved;
        ssize_t n;

        world_open(&world, answer, &options);
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/set")}, 200, "");
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/x")}, 200, "GET /x ||a=1|");
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/deep/x")}, 200,
                      "GET /deep/x ||b=2; a=1|");
        n = eddy_http_client_cookies(world.client, &saved);
        assert_int_equal(n, strlen(saved));
        assert_non_null(strstr(saved, "a\t1"));

        use_client(&world, &options);
        assert_int_equal(eddy_http_client_set_cookies(world.client, "# a comment\n\n"), 0);
        assert_int_equal(eddy_http_client_set_cookies(world.client, saved), 0);
        eddy_free(saved);
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/deep/x")}, 200,
                      "GET /deep/x ||b=2; a=1|");
        world_close(&world);
}

COROUTINE_TEST(keeps_none_unless_told_to)
{
        struct world world;
        char *saved;

        world_open(&world, answer, NULL);
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/set")}, 200, "");
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/x")}, 200, "GET /x |||");
        assert_int_equal(eddy_http_client_cookies(world.client, &saved), EDDY_ENOTSUP);
        assert_int_equal(eddy_http_client_set_cookies(world.client, ""), EDDY_ENOTSUP);
        world_close(&world);
}

static unsigned asked;

static int lead_nowhere(eddy_http_exchange *exchange, void *arg)
{
        asked++;
        location = arg;
        status = 302;
        return redirect(exchange);
}

COROUTINE_TEST(asks_the_environment_when_it_is_created)
{
        static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                            "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
        struct world world;
        char *body;
        int rc;

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                unsetenv(names[i]);
        setenv("https_proxy", "", 1); /* which names none */
        world_open(&world, answer, NULL);
        setenv("http_proxy", world.base, 1);
        rc = ask_whole(&world, &(eddy_http_request){.url = "http://127.0.0.1:1/"}, &body);
        assert_int_equal(rc, -ECONNREFUSED);
        use_client(&world, NULL);
        assert_answer(&world, &(eddy_http_request){.url = "http://127.0.0.1:1/"}, 200,
                      "GET http://127.0.0.1:1/ |||");
        setenv("no_proxy", "127.0.0.1,other.example", 1);
        assert_answer(&world, &(eddy_http_request){.url = at(&world, "/near")}, 200, "GET /near |||");
        unsetenv("http_proxy");
        unsetenv("https_proxy");
        unsetenv("no_proxy");
        world_close(&world);
}

COROUTINE_TEST(begins_anew_at_the_socket)
{
        struct world world;
        eddy_http_service *service;
        eddy_server *server;
        char folder[] = "/tmp/eddy-test-XXXXXX", path[64], url[128], nowhere[72], *body;
        uint16_t port = 0;
        int holder = hold_port(&port);

        world_open(&world, answer, NULL);
        snprintf(nowhere, sizeof nowhere, "http://127.0.0.1:%u/", port);
        assert_non_null(mkdtemp(folder));
        snprintf(path, sizeof path, "%s/socket", folder);
        assert_int_equal(eddy_http_service_create(&service, lead_nowhere, nowhere, NULL), 0);
        assert_int_equal(eddy_http_start_unix_server(&server, service, path, NULL), 0);
        snprintf(url, sizeof url, "http://unix:%s:/", path);
        assert_int_equal(
            ask_whole(&world, &(eddy_http_request){.url = url, .retries = 2, .backoff = eddy_ms(1)}, &body),
            -ECONNREFUSED);
        assert_int_equal(asked, 3);
        eddy_http_client_destroy(world.client);
        world.client = NULL;
        eddy_server_close(server);
        eddy_http_service_drain(service, 0);
        eddy_server_destroy(server);
        eddy_http_service_destroy(service);
        unlink(path);
        rmdir(folder);
        world_close(&world);
        close(holder);
}

/* The server plays the proxy: it is asked for whole URLs. */
COROUTINE_TEST(asks_by_a_proxy)
{
        struct world world;
        char *body;

        world_open(&world, answer, NULL);
        use_client(&world, &(eddy_http_client_options){.proxy = world.base});
        assert_answer(&world, &(eddy_http_request){.url = "http://far.example/x?y"}, 200,
                      "GET http://far.example/x?y |||");
        assert_int_equal(
            ask_whole(&world,
                      &(eddy_http_request){.url = "https://far.example/", .connect_timeout = eddy_seconds(5)},
                      &body),
            EDDY_EHTTP); /* it gives no way through */
        world_close(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(changes_methods_as_browsers_do),
            cmocka_unit_test(finds_its_way),
            cmocka_unit_test(follows_as_far_as_it_may),
            cmocka_unit_test(goes_nowhere_but_to_http),
            cmocka_unit_test(takes_credentials_nowhere_else),
            cmocka_unit_test(takes_names_and_proxy_passwords_nowhere_else),
            cmocka_unit_test(keeps_cookies),
            cmocka_unit_test(keeps_none_unless_told_to),
            cmocka_unit_test(asks_by_a_proxy),
            cmocka_unit_test(asks_the_environment_when_it_is_created),
            cmocka_unit_test(begins_anew_at_the_socket),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
