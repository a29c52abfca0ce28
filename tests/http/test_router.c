/* Which of a router's functions answers, as a client on the wire sees it; and that what is found among many routes is what a
 * plain search finds. */
#include "../stream/helpers.h"
#include "../testing.h"

#include "http/router.h"
#include <eddy/http_router.h>
#include <llhttp.h>
#include <stdio.h>

/** A router under test, served, and a connection to it. */
struct world {
        eddy_http_router *router;
        eddy_http_service *service;
        eddy_server *server;
        eddy_stream *stream;
};

static struct world world;

static void open_world(const eddy_http_router_options *options)
{
        assert_int_equal(eddy_http_router_create(&world.router, options), 0);
        assert_int_equal(eddy_http_service_create(&world.service, eddy_http_router_handle, world.router, NULL),
                         0);
        assert_int_equal(eddy_http_start_server(&world.server, world.service, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", eddy_server_port(world.server), NULL),
                         0);
}

static void close_world(void)
{
        eddy_stream_destroy(world.stream);
        eddy_server_close(world.server);
        eddy_server_close_clients(world.server);
        assert_int_equal(eddy_server_wait_closed(world.server), 0);
        eddy_server_destroy(world.server);
        eddy_http_service_destroy(world.service);
        eddy_http_router_destroy(world.router);
}

/** An answer to a request without a body; both stay valid until the next. */
static char head[16 * 1024], body[16 * 1024];

static void ask(const char *method, const char *target)
{
        static char request[16 * 1024];
        const char *data, *length;
        int size = snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\n\r\n", method, target);
        size_t n = 0;
        ssize_t got;

        assert_int_equal(eddy_stream_write_all(world.stream, request, (size_t)size), size);
        got = eddy_stream_read_until(world.stream, "\r\n\r\n", 4, &data);
        assert_in_range(got, 1, sizeof head - 1);
        memcpy(head, data, (size_t)got);
        head[got] = '\0';
        length = strstr(head, "Content-Length: ");
        if (length && strcmp(method, "HEAD") != 0)
                n = strtoul(length + 16, NULL, 10);
        assert_true(n < sizeof body);
        assert_int_equal(eddy_stream_read_exactly(world.stream, body, n), n);
        body[n] = '\0';
}

static int status(void)
{
        return atoi(head + strlen("HTTP/1.1 "));
}

/** Whether the answer's head has a line. */
static bool says(const char *line)
{
        const char *at = strstr(head, line);

        return at && at[-1] == '\n' && at[strlen(line)] == '\r';
}

#define assert_asked(method, target, expected_status, expected_body)                                           \
        do {                                                                                                   \
                ask(method, target);                                                                           \
                assert_string_equal(body, expected_body);                                                      \
                assert_int_equal(status(), expected_status);                                                   \
        } while (0)

static int reply_text(eddy_http_exchange *exchange, const char *text)
{
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = strlen(text)});
}

/** Says its name, and what the parameters are of which the names are one letter each. */
static int describe(eddy_http_exchange *exchange, void *name)
{
        char text[4096];
        int n = snprintf(text, sizeof text, "%s", (const char *)name);

        for (char letter = 'a'; letter <= 'z'; letter++) {
                const char *value = eddy_http_exchange_param(exchange, (char[]){letter, '\0'});

                if (value)
                        n += snprintf(text + n, sizeof text - (size_t)n, " %c=%s", letter, value);
        }
        return reply_text(exchange, text);
}

static void add(const char *method, const char *pattern)
{
        assert_int_equal(
            eddy_http_router_add(world.router, method, pattern, describe, (void *)(uintptr_t)pattern), 0);
}

/** Patterns in an order that would be wrong for whoever took the first; and what answers which path. */
static void the_most_specific_pattern_answers(void)
{
        static const char *const patterns[] = {
            "/{r...}",
            "/files/{p...}",
            "/users/{i}",
            "/users/me",
            "/users/{i}/x",
            "/users/me/y",
            "/",
            "/users",
            "/users/",
            "/files/{n}/raw",
            "/files/a/{n}",
            "/a b/{x}",
            "/{x}/{y}/{z}",
            "/{x}/b/c",
            "/users/{u}/z/{v}",
            "/v1/t:{x...}x",
            "/100%",
            "/{a}/{b}/c/d/{e}",
            "/Users/{c}",
            "/static/{...}",
            "/\xc3\xa9",
        };
        static const struct {
                const char *target, *answer;
        } rows[] = {
            {"/", "/"},
            {"/?a=/users/me", "/"},
            {"/users", "/users"},
            {"/users/", "/users/"},
            {"/users/me", "/users/me"},
            {"/users/m%65", "/users/me"},
            {"/%75sers/me", "/users/me"},
            {"/users/me?x=1/2", "/users/me"},
            {"/users/7", "/users/{i} i=7"},
            {"/Users/7", "/Users/{c} c=7"},
            {"/users/me/y", "/users/me/y"},
            {"/users/me/x", "/users/{i}/x i=me"}, /* which goes back from "me" */
            {"/users/me/z/1", "/users/{u}/z/{v} u=me v=1"},
            {"/users/me/z/1/2", "/{r...} r=users/me/z/1/2"}, /* and to the root */
            {"/users/7/y", "/{x}/{y}/{z} x=users y=7 z=y"},
            {"/a/b/c", "/{x}/b/c x=a"},
            {"/a/b/c/d/e", "/{a}/{b}/c/d/{e} a=a b=b e=e"},
            {"/a/b/d", "/{x}/{y}/{z} x=a y=b z=d"},
            {"/a%20b/%25", "/a b/{x} x=%"},
            {"/users/a%2Fb", "/users/{i} i=a/b"}, /* separates nothing */
            {"/users/me%2Fx", "/users/{i} i=me/x"},
            {"/users/%2e%2e%2fetc", "/users/{i} i=../etc"},
            {"/users/...", "/users/{i} i=..."},
            {"/users/.a", "/users/{i} i=.a"},
            {"/users/{i}", "/users/{i} i={i}"},
            {"/users/\\", "/users/{i} i=\\"},
            {"/users/a+b;c=d,e:f@g", "/users/{i} i=a+b;c=d,e:f@g"},
            {"/files/", "/files/{p...} p="},
            {"/files", "/{r...} r=files"},
            {"/files/a", "/files/{p...} p=a"},
            {"/files/a/", "/files/{p...} p=a/"},
            {"/files/a/b", "/files/a/{n} n=b"},
            {"/files/b/raw", "/files/{n}/raw n=b"},
            {"/files/a/raw", "/files/a/{n} n=raw"}, /* decided by the first difference */
            {"/files/b/raw/", "/files/{p...} p=b/raw/"},
            {"/files/..b/%2eb", "/files/{p...} p=..b/.b"},
            {"/100%25", "/100%"},
            {"/static/a/b", "/static/{...}"},
            {"/%c3%a9", "/\xc3\xa9"},
            {"/%C3%A9", "/\xc3\xa9"},
            {"http://x/users/7?a", "/users/{i} i=7"},
            {"http://x", "/"},
            {"http://x?a", "/"},
        };

        for (int turn = 0; turn < 2; turn++) { /* the same the other way round */
                size_t count = sizeof patterns / sizeof *patterns;

                open_world(NULL);
                for (size_t i = 0; i < count; i++) {
                        const char *pattern = patterns[turn ? count - 1 - i : i];

                        if (!strstr(pattern, "x...}x"))
                                add("GET", pattern);
                }
                for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                        assert_asked("GET", rows[i].target, 200, rows[i].answer);
                close_world();
        }
}

/** Paths that another program could take for another one reach nobody, not even who takes all. */
static void paths_that_are_none(void)
{
        static const char *const bad[] = {
            "/.",          "/..",       "/a/../b",   "/a/./b",       "/a/..",    "/%2e%2e/b", "/a/.%2E/b",
            "/a/%2e/b",    "/a/%2e%2e", "/./",       "/s/../secret", "/../../x", "/a/..//",   "/a%2F..",
            "/a%2F..%2Fb", "/%2Fetc",   "/a%2F%2Fb", "/a/%2F",       "/.%2Fa",   "/s%2Fa",    "/s/a%2fb",
        };

        open_world(&(eddy_http_router_options){.redirects_slashes = true});
        add(NULL, "/{r...}");
        add(NULL, "/s/{p...}");
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                assert_asked("GET", bad[i], 400, "400 Bad Request\n");
        assert_asked("GET", "//", 404, "404 Not Found\n");
        assert_asked("GET", "/a//b", 404, "404 Not Found\n");
        assert_asked("GET", "//evil.example/", 404, "404 Not Found\n");
        assert_asked("GET", "/s//etc/passwd", 404, "404 Not Found\n");
        close_world();
}

static void methods(void)
{
        open_world(NULL);
        add("GET", "/a/{x}");
        add("POST", "/a/{x}");
        add("DELETE", "/a/me");
        add("PUT", "/b");
        add("GET", "/c");
        add(NULL, "/c");
        add("GET", "/d");
        add("HEAD", "/d");
        add("OPTIONS", "/d");
        add(NULL, "/all/{x...}");
        add("GET", "/all/of/it");
        assert_asked("GET", "/a/me", 200, "/a/{x} x=me"); /* there is none at "/a/me" */
        assert_asked("DELETE", "/a/me", 200, "/a/me");
        ask("HEAD", "/a/1");
        assert_int_equal(status(), 200);
        assert_true(says("Content-Length: 10"));
        assert_asked("DELETE", "/a/1", 405, "405 Method Not Allowed\n");
        assert_true(says("Allow: GET, HEAD, POST, OPTIONS"));
        assert_asked("PUT", "/a/me", 405, "405 Method Not Allowed\n");
        assert_true(says("Allow: DELETE, GET, HEAD, POST, OPTIONS"));
        assert_asked("OPTIONS", "/a/1", 204, "");
        assert_true(says("Allow: GET, HEAD, POST, OPTIONS"));
        ask("HEAD", "/b");
        assert_int_equal(status(), 405);
        assert_true(says("Allow: PUT, OPTIONS"));
        assert_asked("PATCH", "/c", 200, "/c");
        assert_asked("OPTIONS", "/c", 200, "/c");
        assert_asked("OPTIONS", "/d", 200, "/d");
        assert_asked("OPTIONS", "/all/x", 200, "/all/{x...} x=x");
        assert_asked("OPTIONS", "/all/of/it", 204,
                     ""); /* what is more specific is not hidden by who takes all */
        assert_true(says("Allow: GET, HEAD, OPTIONS"));
        assert_asked("POST", "/all/of/it", 200, "/all/{x...} x=of/it");
        assert_asked("OPTIONS", "/nothing", 404, "404 Not Found\n");
        assert_asked("OPTIONS", "*", 204, "");
        assert_true(says("Allow: DELETE, GET, HEAD, POST, PUT, OPTIONS"));
        close_world();
}

#define assert_refused(method, pattern, rc, words)                                                             \
        do {                                                                                                   \
                assert_int_equal(eddy_http_router_add(world.router, method, pattern, describe, NULL), rc);     \
                assert_non_null(strstr(eddy_error_detail(), words));                                           \
        } while (0)

static void what_cannot_be_added(void)
{
        eddy_http_router *group;

        open_world(NULL);
        add("GET", "/users/{id}");
        add("GET", "/files/{path...}");
        add("POST", "/users/{name}"); /* for another method, by another name */
        assert_refused("GET", "/users/{name}", -EEXIST, "\"/users/{name}\" means the same as \"/users/{id}\"");
        assert_refused("GET", "/files/{rest...}", -EEXIST, "means the same as");
        assert_refused("GET", "/files/{...}", -EEXIST, "means the same as");
        add(NULL, "/users/{id}");
        assert_refused(NULL, "/users/{id}", -EEXIST, "means the same as");
        assert_refused("get", "/a", -EINVAL, "\"get\" is no method");
        assert_refused("", "/a", -EINVAL, "no method");
        assert_refused("CONNECT", "/a", -EINVAL, "no method");
        assert_refused("GET", "", -EINVAL, "begins with no slash");
        assert_refused("GET", "users", -EINVAL, "begins with no slash");
        assert_refused("GET", "//", -EINVAL, "two slashes");
        assert_refused("GET", "/a//b", -EINVAL, "two slashes");
        assert_refused("GET", "/a/../b", -EINVAL, "\"..\"");
        assert_refused("GET", "/.", -EINVAL, "\".\"");
        assert_refused("GET", "/a?b", -EINVAL, "before \"?\"");
        assert_refused("GET", "/a%20b", -EINVAL, "no escapes");
        assert_refused("GET", "/a\nb", -EINVAL, "control character");
        assert_refused("GET", "/v{n}", -EINVAL, "in braces");
        assert_refused("GET", "/{n}.html", -EINVAL, "in braces");
        assert_refused("GET", "/{n", -EINVAL, "in braces");
        assert_refused("GET", "/{a/b}", -EINVAL, "in braces");
        assert_refused("GET", "/{}", -EINVAL, "empty");
        assert_refused("GET", "/{$}", -EINVAL, "letters");
        assert_refused("GET", "/{a:int}", -EINVAL, "letters");
        assert_refused("GET", "/{a..}", -EINVAL, "letters");
        assert_refused("GET", "/{a...}/b", -EINVAL, "behind the rest");
        assert_refused("GET", "/{a...}/", -EINVAL, "behind the rest");
        assert_refused("GET", "/{a}/{a}", -EINVAL, "twice");
        assert_refused("GET", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p}/{q}", -EINVAL,
                       "16");
        assert_int_equal(eddy_http_router_mount(world.router, "/a/", describe, NULL), -EINVAL);
        assert_int_equal(eddy_http_router_mount(world.router, "/", describe, "root"), 0);
        assert_int_equal(eddy_http_router_mount(world.router, "/", describe, "root"), -EEXIST);
        assert_int_equal(eddy_http_router_mount(world.router, "/a", eddy_http_router_handle, world.router),
                         -EINVAL);
        assert_int_equal(eddy_http_router_group(&group, world.router, "admin"), -EINVAL);
        assert_null(group);
        assert_int_equal(eddy_http_router_group(&group, world.router, "/admin/"), -EINVAL);
        assert_asked("GET", "/users/7", 200, "/users/{id}");
        assert_asked("GET", "/a", 200, "root");
        close_world();
}

static void sixteen_names_and_long_values(void)
{
        static char target[9000], expected[9000];
        int n, m;

        open_world(NULL);
        add("GET", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p...}");
        n = 0;
        m = snprintf(expected, sizeof expected, "%s",
                     "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p...}");
        for (char letter = 'a'; letter <= 'p'; letter++) {
                n += snprintf(target + n, sizeof target - (size_t)n, "/%c%0100d%%41", letter, 0);
                m += snprintf(expected + m, sizeof expected - (size_t)m, " %c=%c%0100dA", letter, letter, 0);
        }
        assert_asked("GET", target, 200, expected);
        close_world();
}

static void slashes_at_the_end(void)
{
        open_world(&(eddy_http_router_options){.redirects_slashes = true});
        add("GET", "/users");
        add("POST", "/users");
        add("GET", "/folder/");
        add("PUT", "/folder/");
        add("GET", "/{x}/");
        add("GET", "/both");
        add("POST", "/both/");
        add("GET", "/files/{p...}");
        assert_asked("GET", "/users/?a=b", 200,
                     "/{x}/ x=users"); /* which is found, so is not looked for elsewhere */
        ask("POST", "/users/?a=/b/");
        assert_int_equal(status(), 405);
        ask("GET", "/folder?a=/b/");
        assert_int_equal(status(), 301);
        assert_true(says("Location: /folder/?a=/b/"));
        ask("PUT", "/folder");
        assert_int_equal(status(), 308);
        assert_true(says("Location: /folder/"));
        assert_asked("DELETE", "/folder", 404, "404 Not Found\n"); /* nor is it there */
        assert_asked("GET", "/both", 200, "/both");
        ask("POST", "/both"); /* the path is there */
        assert_int_equal(status(), 405);
        ask("HEAD", "/a%20%2Fb%25");
        assert_int_equal(status(), 301);
        assert_true(says("Location: /a%20%2Fb%25/")); /* as it was sent */
        ask("GET", "/files");
        assert_true(says("Location: /files/"));
        ask("GET", "http://x/folder");
        assert_true(says("Location: /folder/")); /* no host that somebody else chose */
        assert_asked("GET", "/\\evil.example", 404, "404 Not Found\n");
        assert_asked("GET", "//evil.example", 404, "404 Not Found\n");
        close_world();

        open_world(&(eddy_http_router_options){.redirects_slashes = true});
        add("DELETE", "/users/{x}");
        ask("DELETE", "/users/7/");
        assert_int_equal(status(), 308);
        assert_true(says("Location: /users/7"));
        assert_asked("GET", "/", 404, "404 Not Found\n");
        close_world();

        open_world(NULL); /* nobody asked for it */
        add("GET", "/users");
        assert_asked("GET", "/users/", 404, "404 Not Found\n");
        close_world();
}

/** Says what it sees of a target, and the parameter of outside. */
static int describe_below(eddy_http_exchange *exchange, void *arg)
{
        const char *t = eddy_http_exchange_param(exchange, "t");
        char text[256];

        snprintf(text, sizeof text, "%s %s of %s, t=%s", (const char *)arg,
                 eddy_http_exchange_target_below(exchange), eddy_http_exchange_target(exchange),
                 t ? t : "none");
        return reply_text(exchange, text);
}

static void mounting(void)
{
        eddy_http_router *api, *deep;

        open_world(&(eddy_http_router_options){.redirects_slashes = true});
        assert_int_equal(eddy_http_router_create(&api, &(eddy_http_router_options){.redirects_slashes = true}),
                         0);
        assert_int_equal(eddy_http_router_create(&deep, NULL), 0);
        assert_int_equal(eddy_http_router_mount(world.router, "/api/{t}", eddy_http_router_handle, api), 0);
        assert_int_equal(eddy_http_router_mount(world.router, "/files", describe_below, "files"), 0);
        assert_int_equal(eddy_http_router_mount(world.router, "/", describe_below, "root"), 0);
        assert_int_equal(eddy_http_router_mount(api, "/deep", eddy_http_router_handle, deep), 0);
        assert_int_equal(eddy_http_router_add(api, "GET", "/users/{x}", describe, "users"), 0);
        assert_int_equal(eddy_http_router_add(api, "GET", "/", describe, "index"), 0);
        assert_int_equal(eddy_http_router_add(api, "GET", "/seen/{x}", describe_below, "seen"), 0);
        assert_int_equal(eddy_http_router_add(deep, "GET", "/{t}/{y...}", describe, "deep"), 0);
        assert_int_equal(eddy_http_router_add(deep, "GET", "/only", describe_below, "only"), 0);
        add("GET", "/api/{t}/users/me");
        assert_asked("GET", "/api/1/users/7", 200, "users t=1 x=7");
        assert_asked("GET", "/api/1/users/me", 200, "/api/{t}/users/me t=1"); /* more specific than the mount */
        assert_asked("GET", "/api/1/", 200, "index t=1");
        assert_asked("GET", "/api/1", 200,
                     "root /api/1 of /api/1, t=none"); /* not below it, and found elsewhere */
        assert_asked("GET", "/api/%31/seen/a%2Fb?c", 200, "seen /seen/a%2Fb?c of /api/%31/seen/a%2Fb?c, t=1");
        assert_asked("GET", "/api/1/deep/2/3/4", 200, "deep t=2 y=3/4"); /* the inner one's goes first */
        assert_asked("GET", "/api/1/deep/only", 200, "only /only of /api/1/deep/only, t=1");
        assert_asked("GET", "/api/1/none", 404, "404 Not Found\n"); /* the mounted one's answer is the answer */
        assert_asked("DELETE", "/api/1/users/7", 405, "405 Method Not Allowed\n");
        assert_true(says("Allow: GET, HEAD, OPTIONS"));
        ask("GET", "/api/1/users/7/?q");
        assert_int_equal(status(), 301);
        assert_true(says("Location: /api/1/users/7?q")); /* with what the mount took off */
        assert_asked("PUT", "/files/a//b", 404, "404 Not Found\n");
        assert_asked("PUT", "/files/a/../../b", 400, "400 Bad Request\n");
        assert_asked("PUT", "/files/a/b?c", 200, "files /a/b?c of /files/a/b?c, t=none");
        assert_asked("GET", "/files/", 200, "files / of /files/, t=none");
        assert_asked("GET", "/x", 200, "root /x of /x, t=none");
        assert_asked("GET", "http://x/files/a", 200, "files /a of http://x/files/a, t=none");
        assert_asked("GET", "http://x", 200, "root / of http://x, t=none");
        assert_asked("GET", "/", 200, "root / of /, t=none"); /* nothing is left of the requests before */
        close_world();
        eddy_http_router_destroy(deep);
        eddy_http_router_destroy(api);
}

/** Notes its letter before and the capital one behind; in a small letter, what was returned decides. */
static int surround(eddy_http_exchange *exchange, eddy_http_next *next, void *letter)
{
        int rc;

        trail_add(*(const char *)letter);
        rc = eddy_http_next_call(next, exchange);
        trail_add((char)(*(const char *)letter - 'a' + 'A'));
        return rc;
}

static int noting(eddy_http_exchange *exchange, void *arg)
{
        trail_add('.');
        return describe(exchange, arg);
}

static int show_param(eddy_http_exchange *exchange, eddy_http_next *next, void *arg)
{
        const char *value = eddy_http_exchange_param(exchange, arg);

        trail_add(value ? value[0] : '-');
        return eddy_http_next_call(next, exchange);
}

static void middleware_runs_in_order(void)
{
        eddy_http_router *group, *inner, *mounted;

        open_world(&(eddy_http_router_options){.redirects_slashes = true});
        trail_clear();
        assert_int_equal(eddy_http_router_group(&group, world.router, "/g"), 0);
        assert_int_equal(eddy_http_router_group(&inner, group, "/{x}"), 0);
        assert_int_equal(eddy_http_router_create(&mounted, NULL), 0);
        assert_int_equal(eddy_http_router_mount(group, "/m", eddy_http_router_handle, mounted), 0);
        assert_int_equal(eddy_http_router_add(world.router, "GET", "/a", noting, "a"), 0);
        assert_int_equal(eddy_http_router_add(world.router, "GET", "/g/{y}/by", noting, "by"), 0);
        assert_int_equal(eddy_http_router_add(inner, "GET", "/b", noting, "b"), 0);
        assert_int_equal(eddy_http_router_add(group, "POST", "/p", noting, "p"), 0);
        assert_int_equal(eddy_http_router_add(mounted, "GET", "/c", noting, "c"), 0);
        assert_int_equal(eddy_http_router_use(world.router, surround, "a"), 0); /* after the routes as before */
        assert_int_equal(eddy_http_router_use(inner, surround, "d"), 0);
        assert_int_equal(eddy_http_router_use(inner, show_param, "x"), 0);
        assert_int_equal(eddy_http_router_use(group, surround, "c"), 0);
        assert_int_equal(eddy_http_router_use(world.router, surround, "b"), 0);
        assert_int_equal(eddy_http_router_use(mounted, surround, "m"), 0);
        assert_asked("GET", "/a", 200, "a");
        assert_trail("ab.BA");
        assert_asked("GET", "/g/1/b", 200, "b x=1");
        assert_trail("abcd1.DCBA");
        assert_asked("GET", "/g/1/by", 200, "by y=1"); /* not the group's, though it lies below its prefix */
        assert_trail("ab.BA");
        assert_asked("GET", "/g/m/c", 200, "c");
        assert_trail("abcm.MCBA");
        assert_asked("GET", "/g/m/none", 404, "404 Not Found\n");
        assert_trail("abcmMCBA");
        assert_asked("GET", "/none", 404, "404 Not Found\n");
        assert_trail("abBA");
        assert_asked("GET", "/g/p", 405, "405 Method Not Allowed\n"); /* the group's path: so is the answer */
        assert_trail("abcCBA");
        assert_asked("OPTIONS", "/g/1/b", 204, "");
        assert_trail("abcd-DCBA");
        assert_asked("GET", "/..", 400, "400 Bad Request\n");
        assert_trail("abBA");
        assert_asked("OPTIONS", "*", 204, "");
        assert_trail("abBA");
        ask("GET", "/a/");
        assert_int_equal(status(), 301);
        assert_trail("abBA");
        close_world();
        eddy_http_router_destroy(mounted);
}

static int second_call;

static int call_twice(eddy_http_exchange *exchange, eddy_http_next *next, void *arg)
{
        int rc = eddy_http_next_call(next, exchange);

        (void)arg;
        second_call = eddy_http_next_call(next, exchange);
        return rc;
}

/** Answers some requests in the place of what comes behind. */
static int guard(eddy_http_exchange *exchange, eddy_http_next *next, void *arg)
{
        (void)arg;
        if (strcmp(eddy_http_exchange_method(exchange), "OPTIONS") == 0)
                return eddy_http_reply(exchange, &(eddy_http_answer){
                                                     .status = 204,
                                                     .headers = (const char *const[]){"X-CORS: *", NULL},
                                                 });
        assert_int_equal(eddy_yield(), 0);
        if (strcmp(eddy_http_exchange_target(exchange), "/fail") == 0)
                return -EPERM;
        return eddy_http_next_call(next, exchange);
}

static void middleware_answers_and_is_misused(void)
{
        eddy_http_router *group;

        open_world(NULL);
        trail_clear();
        add("GET", "/a");
        assert_int_equal(eddy_http_router_use(world.router, guard, NULL), 0);
        assert_int_equal(eddy_http_router_use(world.router, call_twice, NULL), 0);
        assert_int_equal(eddy_http_router_use(world.router, surround, "s"), 0);
        assert_asked("GET", "/a", 200, "/a");
        assert_int_equal(second_call, EDDY_EINVALIDSTATE);
        assert_trail("sS");
        assert_asked("OPTIONS", "/a", 204, "");
        assert_true(says("X-CORS: *"));
        assert_trail("");
        ask("GET", "/fail");
        assert_int_equal(status(), 500);
        assert_trail("");
        assert_int_equal(eddy_http_router_group(&group, world.router, "/"), 0);
        assert_int_equal(eddy_http_router_add(group, "GET", "/g", describe, "g"), 0);
        assert_asked("GET", "/g", 200, "g"); /* while it serves */
        assert_int_equal(eddy_http_router_mount(world.router, "/group", eddy_http_router_handle, group), 0);
        ask("GET", "/group/g");
        assert_int_equal(status(), 500); /* it is no router */
        eddy_http_router_destroy(group);
        assert_asked("GET", "/g", 200, "g");
        eddy_http_router_destroy(NULL);
        close_world();
}

/** Whatever allocation fails while routes are added: nothing was added, and what was there before stands. */
static void adding_is_whole_or_not_at_all(void)
{
        static const char *const patterns[] = {"/a",   "/b/{x}", "/c/{x...}", "/d/e/f/g/h/i/j",
                                               "/a/1", "/a/2",   "/a/3",      "/a/4"};
        enum { COUNT = sizeof patterns / sizeof *patterns };
        eddy_http_router *group;

        open_world(NULL);
        for (unsigned i = 0; i < COUNT; i++) {
                int rc = -ENOMEM;

                for (unsigned long nth = 1; rc < 0; nth++) {
                        fault_arm(nth, 1);
                        rc = eddy_http_router_add(world.router, "GET", patterns[i], describe,
                                                  (void *)(uintptr_t)patterns[i]);
                        fault_arm(0, 0);
                        assert_true(rc == 0 || rc == -ENOMEM);
                        assert_asked("GET", i == 0 ? "/none" : "/a", i == 0 ? 404 : 200,
                                     i == 0 ? "404 Not Found\n" : "/a");
                        if (rc < 0 && i == 3)
                                assert_asked("GET", "/d/e/f/g/h/i/j", 404, "404 Not Found\n");
                }
        }
        fault_arm(1, 1);
        assert_int_equal(eddy_http_router_use(world.router, surround, "a"), -ENOMEM);
        fault_arm(1, 1);
        assert_int_equal(eddy_http_router_group(&group, world.router, "/g"), -ENOMEM);
        assert_null(group);
        fault_arm(2, 1);
        assert_int_equal(eddy_http_router_group(&group, world.router, "/g"), -ENOMEM);
        fault_arm(1, 1);
        assert_int_equal(eddy_http_router_create(&group, NULL), -ENOMEM);
        fault_arm(0, 0);
        assert_asked("GET", "/d/e/f/g/h/i/j", 200, "/d/e/f/g/h/i/j");
        close_world();
}

/** Its first allocation is of the coroutine that asks, for the router to find none. */
static int without_memory(eddy_http_exchange *exchange, void *arg)
{
        int rc;

        fault_arm(1, 1);
        rc = eddy_http_router_handle(exchange, arg);
        fault_arm(0, 0);
        return rc;
}

static void who_finds_no_memory_is_told_to_come_again(void)
{
        eddy_http_router *router;
        char target[600];

        open_world(NULL);
        assert_int_equal(
            eddy_http_router_create(&router, &(eddy_http_router_options){.redirects_slashes = true}), 0);
        assert_int_equal(eddy_http_router_add(router, "GET", "/{x}", describe, "x"), 0);
        assert_int_equal(eddy_http_router_mount(world.router, "/", without_memory, router), 0);
        memset(target, 'a', sizeof target);
        target[0] = '/';
        target[sizeof target - 1] = '\0';
        assert_asked("GET", target, 503, "503 Service Unavailable\n"); /* its parameter fits into nothing */
        assert_asked("GET", "/b/", 503, "503 Service Unavailable\n");  /* nor does where to go */
        close_world();
        eddy_http_router_destroy(router);
}

/* What is found, as a plain search finds it. */

enum { PATTERNS = 60, PATHS = 400, ROUNDS = 40, SEGMENTS = 5 };

struct plain_pattern {
        char text[64];
        int method; /* as the tree has it */
};

static unsigned long long dice_state = 1;

static unsigned dice(unsigned sides)
{
        dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
        return (unsigned)(dice_state >> 33) % sides;
}

static void roll_pattern(char text[64])
{
        unsigned count = 1 + dice(SEGMENTS);
        size_t n = 0;

        for (unsigned i = 0; i < count; i++)
                switch (dice(i + 1 == count ? 6 : 4)) {
                case 0:
                case 1:
                        n += (size_t)snprintf(text + n, 64 - n, "/{%c}", 'A' + (int)i);
                        break;
                case 4:
                        n += (size_t)snprintf(text + n, 64 - n, "/{r...}");
                        break;
                case 5:
                        n += (size_t)snprintf(text + n, 64 - n, "/");
                        break;
                default:
                        n += (size_t)snprintf(text + n, 64 - n, "/%c", 'a' + (int)dice(3));
                        break;
                }
}

static void roll_path(char text[64])
{
        unsigned count = 1 + dice(SEGMENTS + 1);
        size_t n = 0;

        for (unsigned i = 0; i < count; i++)
                n += i + 1 == count && dice(4) == 0
                         ? (size_t)snprintf(text + n, 64 - n, "/")
                         : (size_t)snprintf(text + n, 64 - n, dice(3) ? "/%c" : "/%%%02x", 'a' + (int)dice(4));
}

/** How well a pattern matches, a letter a segment, the better the greater; false where it does not. */
static bool plainly_matches(const char *pattern, const char *path, char score[16])
{
        struct router_part part;
        const char *at = pattern;

        for (;; score++) {
                struct router_segment segment = router_path_segment(path + 1, path + strlen(path));
                bool is_last = !*segment.end;

                at = router_pattern_next(at, &part);
                if (part.kind == ROUTER_PART_REST) {
                        strcpy(score, "a");
                        return true;
                }
                if (part.kind == ROUTER_PART_NAME ? segment.end == segment.at
                                                  : !router_path_equals(&segment, part.text, part.size))
                        return false;
                *score = part.kind == ROUTER_PART_NAME ? 'b' : 'c';
                if (is_last || !at) {
                        score[1] = '\0';
                        return is_last && !at;
                }
                path = segment.end;
        }
}

static const struct plain_pattern *find_plainly(const struct plain_pattern *patterns, unsigned count,
                                                int method, const char *path)
{
        const struct plain_pattern *best = NULL;
        char best_score[16] = "", score[16];

        for (unsigned i = 0; i < count; i++) {
                const struct plain_pattern *pattern = &patterns[i];

                if ((pattern->method != method && pattern->method != ROUTER_ANY_METHOD) ||
                    !plainly_matches(pattern->text, path, score))
                        continue;
                if (strcmp(score, best_score) > 0 ||
                    (strcmp(score, best_score) == 0 && pattern->method == method)) {
                        best = pattern;
                        strcpy(best_score, score);
                }
        }
        return best;
}

/** Those of random patterns that the router takes; it refuses none but what is there. */
static unsigned roll_patterns(eddy_http_router *router, struct plain_pattern *patterns)
{
        static const int methods[] = {ROUTER_ANY_METHOD, HTTP_GET, HTTP_POST};
        static const char *const names[] = {NULL, "GET", "POST"};
        unsigned count = 0;

        for (unsigned i = 0; i < PATTERNS; i++) {
                struct plain_pattern *pattern = &patterns[count];
                unsigned method = dice(3);
                bool is_there = false;
                int rc;

                roll_pattern(pattern->text);
                pattern->method = methods[method];
                for (unsigned k = 0; k < count; k++)
                        is_there |= patterns[k].method == pattern->method &&
                                    strcmp(patterns[k].text, pattern->text) == 0;
                rc = eddy_http_router_add(router, names[method], pattern->text, describe, pattern);
                assert_int_equal(rc, is_there ? -EEXIST : 0);
                count += rc == 0;
        }
        return count;
}

TEST(the_tree_finds_what_a_plain_search_finds)
{
        static struct plain_pattern patterns[PATTERNS];
        unsigned found = 0;

        for (unsigned round = 0; round < ROUNDS; round++) {
                eddy_http_router *router;
                unsigned count;

                assert_int_equal(eddy_http_router_create(&router, NULL), 0);
                count = roll_patterns(router, patterns);
                for (unsigned i = 0; i < PATHS; i++) {
                        static const int asked[] = {HTTP_GET, HTTP_POST, HTTP_PUT};
                        char path[64];
                        struct router_lookup lookup = {.method = asked[dice(3)]};
                        const struct plain_pattern *expected;

                        roll_path(path);
                        lookup.end = path + strlen(path);
                        expected = find_plainly(patterns, count, lookup.method, path);
                        assert_int_equal(router_tree_find(&router->root, &lookup, path), expected != NULL);
                        assert_ptr_equal(lookup.route ? lookup.route->arg : NULL, expected);
                        found += expected != NULL;
                }
                eddy_http_router_destroy(router);
        }
        assert_in_range(found, ROUNDS * PATHS / 4, ROUNDS * PATHS);
}

/** Any bytes, within their bounds: what is checked may be asked for. */
TEST(any_bytes_are_a_path_or_none)
{
        static const char alphabet[] = "//..%%2eEfF0aA\\{}\x7f\xff";
        eddy_http_router *router;
        unsigned good = 0;

        assert_int_equal(eddy_http_router_create(&router, NULL), 0);
        assert_int_equal(eddy_http_router_add(router, "GET", "/{x}/e", describe, NULL), 0);
        assert_int_equal(eddy_http_router_add(router, "GET", "/.e/{x...}", describe, NULL), 0);
        assert_int_equal(eddy_http_router_add(router, "GET", "/{x}/{y}/", describe, NULL), 0);
        for (unsigned i = 0; i < 100000; i++) {
                size_t size = dice(24);
                char *path = malloc(size + 1), *text = malloc(size + 1); /* to the byte, for who watches */
                struct router_lookup lookup = {
                    .method = HTTP_GET, .end = path + size, .has_further_slash = dice(2)};

                assert_true(path && text);
                for (size_t k = 0; k < size; k++)
                        path[k] = k == 0 ? '/' : alphabet[dice(sizeof alphabet)];
                if (router_path_check(path, path + size) == 0) {
                        assert_true(router_path_decode(path, path + size, text) <= text + size + 1);
                        assert_int_equal(memchr(text, '\0', size + 1) == strchr(text, '\0'), true);
                        assert_null(strstr(text, "/../"));
                        router_tree_find(&router->root, &lookup, path);
                        good++;
                }
                free(path);
                free(text);
        }
        assert_in_range(good, 10000, 90000);
        eddy_http_router_destroy(router);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(the_most_specific_pattern_answers),
            scene_test(paths_that_are_none),
            scene_test(methods),
            scene_test(what_cannot_be_added),
            scene_test(sixteen_names_and_long_values),
            scene_test(slashes_at_the_end),
            scene_test(mounting),
            scene_test(middleware_runs_in_order),
            scene_test(middleware_answers_and_is_misused),
            scene_test(adding_is_whole_or_not_at_all),
            scene_test(who_finds_no_memory_is_told_to_come_again),
            cmocka_unit_test(the_tree_finds_what_a_plain_search_finds),
            cmocka_unit_test(any_bytes_are_a_path_or_none),
        };

        return cmocka_run_group_tests_name("router", tests, NULL, NULL);
}
