/* Servers at UNIX sockets, by URLs such as "http://unix:/run/app.sock:/path". */
#include "world.h"

enum { NAMES = 2 };

/* What stands in names of files and is something else in a URL. */
static const char *const names[NAMES] = {"my söck%41:x?#.sock", "other"},
                         *const encoded_names[NAMES] = {"my%20s%C3%B6ck%2541%3Ax%3F%23.sock", "other"};

static char location[256];

static int answer(eddy_http_exchange *exchange, void *arg)
{
        const char *target = eddy_http_exchange_target(exchange);
        const char *token = eddy_http_exchange_header(exchange, "Authorization");
        char line[300];

        (void)arg;
        if (strcmp(strrchr(target, '/'), "/go") != 0)
                return eddy_http_reply_text(exchange, 200, "%s %s", target, token ? token : "-");
        snprintf(line, sizeof line, "Location: %s", location);
        return eddy_http_reply(exchange,
                               &(eddy_http_answer){.status = 302, .headers = (const char *[]){line, NULL}});
}

/* A world with two sockets in a folder of their own. */
struct sockets {
        struct world world;
        eddy_server *servers[NAMES];
        char folder[32], paths[NAMES][80], bases[NAMES][120]; /* these end in a colon */
};

static void open_sockets(struct sockets *sockets)
{
        strcpy(sockets->folder, "/tmp/eddy-test-XXXXXX");
        assert_non_null(mkdtemp(sockets->folder));
        world_open(&sockets->world, answer, NULL);
        for (int i = 0; i < NAMES; i++) {
                snprintf(sockets->paths[i], sizeof sockets->paths[i], "%s/%s", sockets->folder, names[i]);
                snprintf(sockets->bases[i], sizeof sockets->bases[i], "http://unix:%s/%s:", sockets->folder,
                         encoded_names[i]);
                assert_int_equal(eddy_http_start_unix_server(&sockets->servers[i], sockets->world.service,
                                                             sockets->paths[i], NULL),
                                 0);
        }
}

static void close_sockets(struct sockets *sockets)
{
        for (int i = 0; i < NAMES; i++)
                eddy_server_close(sockets->servers[i]);
        eddy_http_service_drain(sockets->world.service, 0);
        for (int i = 0; i < NAMES; i++) {
                eddy_server_destroy(sockets->servers[i]);
                unlink(sockets->paths[i]);
        }
        rmdir(sockets->folder);
        world_close(&sockets->world);
}

/* What is answered to a request for a base and a path, whole, and that it says where from, which is another base and path. */
static void assert_asked(struct sockets *sockets, const char *base, const char *path, const char *body,
                         const char *from_base, const char *from_path)
{
        char url[256], from[256], *got;
        eddy_http_response response;

        snprintf(url, sizeof url, "%s%s", base, path);
        snprintf(from, sizeof from, "%s%s", from_base, from_path);
        assert_int_equal(eddy_http_send(sockets->world.client, &(eddy_http_request){.url = url}, &response), 0);
        assert_true(eddy_http_response_read_all(&response, &got, 1000) >= 0);
        assert_string_equal(got, body);
        assert_string_equal(response.url, from);
        eddy_free(got);
        eddy_http_response_finish(&response);
}

COROUTINE_TEST(finds_a_socket_whatever_it_is_called)
{
        struct sockets sockets;
        char raw[120];

        open_sockets(&sockets);
        assert_asked(&sockets, sockets.bases[0], "/a b?c", "/a%20b?c -", sockets.bases[0], "/a%20b?c");
        /* As people write it, where no byte of it has another meaning. */
        snprintf(raw, sizeof raw, "http://unix:%s/my söck%%2541%%3Ax?#.sock:", sockets.folder);
        assert_asked(&sockets, raw, "/", "/ -", sockets.bases[0], "/");
        assert_answer(&sockets.world,
                      &(eddy_http_request){.url = raw, .query = (const char *[]){"a", "b c", NULL}}, 200,
                      "/?a=b%20c -");
        close_sockets(&sockets);
}

COROUTINE_TEST(asks_relative_to_a_socket)
{
        static const char *const headers[] = {"Authorization: Bearer abc", NULL};
        struct sockets sockets;
        char base[160];

        open_sockets(&sockets);
        snprintf(base, sizeof base, "%s/v1/", sockets.bases[0]);
        use_client(&sockets.world, &(eddy_http_client_options){.base_url = base, .headers = headers});
        assert_asked(&sockets, "", "users?x=1", "/v1/users?x=1 Bearer abc", base, "users?x=1");
        assert_asked(&sockets, "", "/users", "/users Bearer abc", sockets.bases[0], "/users");
        assert_answer(&sockets.world,
                      &(eddy_http_request){.url = "q", .query = (const char *[]){"a", "b", NULL}}, 200,
                      "/v1/q?a=b Bearer abc");
        assert_asked(&sockets, sockets.bases[0], "/x", "/x Bearer abc", sockets.bases[0], "/x");
        /* Others are told no secret of it. */
        assert_asked(&sockets, sockets.bases[1], "/x", "/x -", sockets.bases[1], "/x");
        assert_asked(&sockets, sockets.world.base, "/x", "/x -", sockets.world.base, "/x");

        snprintf(base, sizeof base, "http://localhost:%u/", eddy_server_port(sockets.world.server));
        use_client(&sockets.world, &(eddy_http_client_options){.base_url = base, .headers = headers});
        assert_asked(&sockets, sockets.bases[1], "/x", "/x -", sockets.bases[1], "/x");
        use_client(&sockets.world,
                   &(eddy_http_client_options){.base_url = "http://localhost/", .headers = headers});
        assert_asked(&sockets, sockets.bases[1], "/x", "/x -", sockets.bases[1], "/x");
        close_sockets(&sockets);
}

COROUTINE_TEST(stays_at_a_socket_until_it_is_led_away)
{
        struct sockets sockets;
        eddy_http_response response;
        char url[160];

        open_sockets(&sockets);
        strcpy(location, "there?x");
        assert_asked(&sockets, sockets.bases[0], "/go", "/there?x -", sockets.bases[0], "/there?x");
        strcpy(location, "http://localhost/abs");
        assert_asked(&sockets, sockets.bases[0], "/go", "/abs -", sockets.bases[0], "/abs");
        snprintf(location, sizeof location, "%s/away", sockets.world.base);
        assert_asked(&sockets, sockets.bases[0], "/go", "/away -", sockets.world.base, "/away");

        /* Which socket is asked is not for a server to say. */
        snprintf(location, sizeof location, "%s/there", sockets.bases[1]);
        for (int i = 0; i < 2; i++) {
                snprintf(url, sizeof url, "%s/go", i ? sockets.bases[0] : sockets.world.base);
                assert_int_equal(
                    eddy_http_send(sockets.world.client, &(eddy_http_request){.url = url}, &response),
                    EDDY_ENOTSUP);
                assert_non_null(strstr(eddy_error_detail(), "UNIX socket"));
                eddy_http_response_finish(&response);
        }
        close_sockets(&sockets);
}

/* A host may be called so, too; here it is a proxy that knows it. */
COROUTINE_TEST(a_host_of_that_name_is_none)
{
        struct sockets sockets;
        eddy_http_response response;

        open_sockets(&sockets);
        use_client(&sockets.world, &(eddy_http_client_options){.proxy = sockets.world.base});
        strcpy(location, "http://unix:8080/there");
        assert_int_equal(eddy_http_fetch(sockets.world.client,
                                         &(eddy_http_request){.url = "http://unix:8080/go"}, &response),
                         0);
        assert_int_equal(response.status, 200);
        assert_int_equal(response.redirects, 1);
        assert_string_equal(response.url, location);
        eddy_http_response_finish(&response);
        close_sockets(&sockets);
}

COROUTINE_TEST(says_which_socket_fails)
{
        static const struct {
                const char *url, *why;
                int rc;
        } bad[] = {
            {"http://unix:/tmp/eddy%20nothing:/x", "/tmp/eddy nothing: No such file", -ENOENT},
            {"http://unix:/tmp/nothing", "http://unix:/run/app.sock:/path", -EINVAL},
            {"http://unix:%2f", "http://unix:/run/app.sock:/path", -EINVAL},
            {"http://unix:/a:b", "http://unix:/run/app.sock:/path", -EINVAL},
            {"http://unix:/100%:/", "%25", -EINVAL},
            {"http://unix:/a%00b:/", "http://unix:/run/app.sock:/path", -EINVAL},
            {"http://unix:/a/path/that/is/longer/than/that/of/any/socket/may/be/which/is/a/hundred/and/seven/"
             "bytes/"
             "by/the/kernel/of/Linux:/",
             "longer", -ENAMETOOLONG},
        };
        struct sockets sockets;
        eddy_http_client *client;
        char url[160];

        open_sockets(&sockets);
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                assert_int_equal(
                    eddy_http_fetch(sockets.world.client, &(eddy_http_request){.url = bad[i].url}, NULL),
                    bad[i].rc);
                assert_non_null(strstr(eddy_error_detail(), bad[i].why));
                if (bad[i].rc == -ENOENT)
                        continue;
                assert_int_equal(
                    eddy_http_client_create(&client, &(eddy_http_client_options){.base_url = bad[i].url}),
                    bad[i].rc);
                assert_non_null(strstr(eddy_error_detail(), bad[i].why));
        }
        eddy_server_close(sockets.servers[1]);
        fclose(fopen(sockets.paths[1], "w"));
        snprintf(url, sizeof url, "%s/", sockets.bases[1]);
        assert_int_equal(eddy_http_fetch(sockets.world.client, &(eddy_http_request){.url = url}, NULL),
                         -ECONNREFUSED);
        assert_non_null(strstr(eddy_error_detail(), sockets.paths[1]));
        close_sockets(&sockets);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(finds_a_socket_whatever_it_is_called),
            cmocka_unit_test(asks_relative_to_a_socket),
            cmocka_unit_test(stays_at_a_socket_until_it_is_led_away),
            cmocka_unit_test(a_host_of_that_name_is_none),
            cmocka_unit_test(says_which_socket_fails),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
