/* What a proxy asks, and what of its answer the client sees: heads and paths. */
#include "proxy_world.h"

static void asks_the_server_behind(void)
{
        const char *head;

        open_proxy_of("/api", "/base", NULL, NULL);
        ask_behind(
            "GET /api/x%20y/z?q=/api HTTP/1.1\r\nHost: front.example\r\nAccept: a/b\r\nX-Empty:\r\n\r\n");
        assert_memory_equal(behind.asked, "GET /base/x%20y/z?q=/api HTTP/1.1\r\n", 35);
        assert_asked("Accept: a/b");
        assert_asked("X-Empty: ");
        assert_null(strstr(behind.asked, "Host: front.example\r\nAccept"));
        assert_asked("X-Forwarded-For: 127.0.0.1");
        assert_asked("X-Forwarded-Proto: http");
        assert_asked("X-Forwarded-Host: front.example");
        assert_not_asked("\nConnection");
        assert_not_asked("Content-Length");
        assert_not_asked("Via");
        tell("HTTP/1.1 404 Gone Fishing\r\nServer: behind\r\nContent-Length: 5\r\nX-A: "
             "1\r\nX-A:2\r\nX-None:\r\n\r\nhello");
        head = next_head();
        assert_memory_equal(head, "HTTP/1.1 404 Not Found\r\n", 24);
        assert_true(has_line(head, "Server: behind"));
        assert_true(has_line(head, "X-A: 1"));
        assert_true(has_line(head, "X-A:2"));
        assert_true(has_line(head, "X-None:"));
        assert_null(strstr(head, "Content-Type")); /* nobody has said */
        assert_null(strstr(head, "Transfer-Encoding"));
        assert_body("hello");
        /* The connection is kept, on both sides. */
        send_text(GET("/api/"));
        read_asked();
        assert_memory_equal(behind.asked, "GET /base/ HTTP/1.1\r\n", 21);
        tell("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Type: text/x\r\nContent-Type: text/html\r\n"
             "Date: a\r\nDate: b\r\n\r\nx");
        head = next_head();
        assert_true(has_line(head, "Content-Type: text/x"));
        assert_true(has_line(head, "Date: a"));
        assert_null(strstr(head, "text/html"));
        assert_null(strstr(head, "Date: b"));
        assert_body("x");
        assert_int_equal(counted().connections, 1);
        assert_int_equal(counted().requests, 2);
        close_proxy();
}

static void paths_as_a_service(void)
{
        static const char *const paths[][2] = {
            {"/", "/"},
            {"/a?b", "/a?b"},
            {"/a%2Fb;c", "/a%2Fb;c"},
            {"/.well-known/..a/...", "/.well-known/..a/..."},
            {"http://front.example/a", "/a"},
            {"http://front.example?q", "/?q"},
        };
        char text[128];

        open_proxy(NULL);
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
                snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: front.example\r\n\r\n", paths[i][0]);
                if (i == 0)
                        ask_behind(text);
                else {
                        send_text(text);
                        read_asked();
                }
                snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n", paths[i][1]);
                assert_memory_equal(behind.asked, text, strlen(text));
                tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                assert_non_null(next_head());
        }
        send_text("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
        read_asked();
        assert_memory_equal(behind.asked, "OPTIONS * HTTP/1.1\r\n", 20);
        tell("HTTP/1.1 204 No Content\r\n\r\n");
        assert_memory_equal(next_head(), "HTTP/1.1 204 ", 13);
        close_proxy();
}

/* Of a WebSocket, or of GraphQL, that is all there is. */
static void a_prefix_itself_is_asked_for(void)
{
        static const char *const paths[][4] = {
            {"", "/u", "/", "Location: /u/b/x"},      {"", "/u?x=1", "/?x=1", "Location: /u/b/x"},
            {"", "/%75", "/", "Location: /%75/b/x"},  {"/b", "/u", "/b", "Location: /u/x"},
            {"/b", "/u?x", "/b?x", "Location: /u/x"}, {"/b", "http://front.example/u", "/b", "Location: /u/x"},
            {"/b", "/u/", "/b/", "Location: /u/x"},   {"/b", "/u/?x", "/b/?x", "Location: /u/x"},
            {"/b/", "/u", "/b", "Location: /u/x"},
        };
        char text[128];

        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
                open_proxy_of(i % 2 ? "/u" : "/u/", paths[i][0], NULL, NULL);
                snprintf(text, sizeof text,
                         "POST %s HTTP/1.1\r\nHost: front.example\r\nContent-Length: 0\r\n\r\n", paths[i][1]);
                ask_behind(text);
                snprintf(text, sizeof text, "POST %s HTTP/1.1\r\n", paths[i][2]);
                assert_memory_equal(behind.asked, text, strlen(text));
                tell("HTTP/1.1 302 Found\r\nLocation: /b/x\r\nContent-Length: 0\r\n\r\n");
                assert_true(has_line(next_head(), paths[i][3]));
                close_proxy();
        }
        open_proxy_of("/u", "", NULL, NULL);
        send_text(GET("/up"));
        assert_answer("HTTP/1.1 404 ", "404 Not Found\n");
        close_proxy();
}

static void a_prefix_is_mounted_whole_or_not_at_all(void)
{
        static const char *const bad[] = {"u", "/u//v", "/u/..", "/u?x", "/{...}"};
        int rc = -ENOMEM;

        open_proxy(NULL);
        assert_int_equal(eddy_http_router_create(&router, NULL), 0);
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                assert_int_equal(eddy_http_proxy_mount(proxy, router, bad[i]), -EINVAL);
        assert_int_equal(eddy_http_router_add(router, NULL, "/u/{...}", eddy_http_proxy_answer, proxy), 0);
        assert_int_equal(eddy_http_proxy_mount(proxy, router, "/u"), -EEXIST);
        send_text(GET("/u"));
        assert_answer("HTTP/1.1 404 ", "404 Not Found\n");
        for (unsigned long nth = 1; rc < 0; nth++) {
                fault_arm(nth, 1);
                rc = eddy_http_proxy_mount(proxy, router, "/v/");
                fault_arm(0, 0);
                assert_true(rc == 0 || rc == -ENOMEM);
        }
        assert_int_equal(eddy_http_proxy_mount(proxy, router, "/v"), -EEXIST);
        ask_behind(GET("/v"));
        assert_memory_equal(behind.asked, "GET / HTTP/1.1\r\n", 16);
        tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_non_null(next_head());
        assert_int_equal(eddy_http_proxy_mount(proxy, router, "//"), 0);
        assert_int_equal(eddy_http_proxy_mount(proxy, router, ""), -EEXIST);
        send_text(GET("/w?x"));
        read_asked();
        assert_memory_equal(behind.asked, "GET /w?x HTTP/1.1\r\n", 19);
        tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_non_null(next_head());
        close_proxy();
}

/* From one allocation on there is none; it is undone all the same, where the tree's next node has to grow. */
static void mounting_is_undone_without_memory(void)
{
        int rc = -ENOMEM;

        open_proxy(NULL);
        for (unsigned long nth = 1; rc < 0; nth++) {
                assert_int_equal(eddy_http_router_create(&router, NULL), 0);
                assert_int_equal(eddy_http_router_add(router, "GET", "/a", eddy_http_proxy_answer, proxy), 0);
                assert_int_equal(eddy_http_router_add(router, "GET", "/b", eddy_http_proxy_answer, proxy), 0);
                fault_arm(nth, 1000);
                rc = eddy_http_proxy_mount(proxy, router, "/api");
                fault_arm(0, 0);
                assert_true(rc == 0 || rc == -ENOMEM);
                assert_int_equal(eddy_http_proxy_mount(proxy, router, "/api"), rc < 0 ? 0 : -EEXIST);
                eddy_http_router_destroy(router);
        }
        router = NULL;
        close_proxy();
}

/* A server that decodes or normalises more than others must not be led out of what is behind the URL's path. */
static void paths_do_not_lead_out(void)
{
        static const char *const paths[] = {
            "/..",
            "/../secret",
            "/a/../../secret",
            "/%2e%2E/secret",
            "/.%2e/x",
            "/..;/secret",
            "/..;x=y/secret",
            "/a%2f..%2f..%2fsecret",
            "/..%5csecret",
            "/a/..\\secret",
            "/./x",
            "/a/%2e%2e",
            "/..?x",
        };
        char text[128];

        open_proxy_of(NULL, "/public", NULL, NULL);
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
                snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[i]);
                send_text(text);
                assert_answer("HTTP/1.1 400 ", "400 Bad Request\n");
        }
        assert_false(is_asked_again());
        close_proxy();
}

static void what_is_between_neighbours_stays(void)
{
        const char *head;

        open_proxy(NULL);
        ask_behind(
            "GET / HTTP/1.1\r\nHost: x\r\nConnection:\r\nConnection: keep-alive, X-Hop , , x_forwarded_for\r\n"
            "x-hop: 1\r\nKeep-Alive: timeout=9\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: "
            "secret\r\n"
            "TE: gzip, trailers\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\nProxy: evil\r\nTrailer: X-T\r\n"
            "Content_Length: 5\r\nTransfer_Encoding: chunked\r\nCookie: a=1\r\nCookie: b=2\r\nAuthorization: "
            "Basic x\r\nX-End: "
            "1\r\n\r\n");
        assert_not_asked("x-hop");
        assert_not_asked("Keep-Alive");
        assert_not_asked("Proxy");
        assert_not_asked("Upgrade");
        assert_not_asked("Settings");
        assert_not_asked("content");
        assert_not_asked("transfer");
        assert_asked("TE: trailers");
        assert_asked("Connection: TE");
        assert_asked("Trailer: X-T");
        assert_asked("Cookie: a=1; b=2");
        assert_asked("X-End: 1");
        assert_asked("Authorization: Basic x");
        assert_asked("X-Forwarded-For: 127.0.0.1"); /* which the client cannot have left out */
        tell("HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: "
             "timeout=100\r\nProxy-Authenticate: Basic\r\n"
             "Upgrade: h2c\r\nContent-Length: 0\r\nConnection: content-length\r\nX-End: 1\r\n\r\n");
        head = next_head();
        assert_null(strstr(head, "X-Hop"));
        assert_null(strstr(head, "Keep-Alive"));
        assert_null(strstr(head, "Proxy"));
        assert_null(strstr(head, "Upgrade"));
        assert_null(strstr(head, "Connection"));
        assert_true(has_line(head, "Content-Length: 0"));
        assert_true(has_line(head, "X-End: 1"));
        close_proxy();
}

#define CLAIMS                                                                                                 \
        "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 6.6.6.6\r\nX_Forwarded_For: 7.7.7.7\r\n"                \
        "X-Forwarded-For: 5.5.5.5\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Real-IP: "        \
        "6.6.6.6\r\n"                                                                                          \
        "X-Forwarded-Prefix: /p\r\nForwarded: for=6.6.6.6\r\n\r\n"

static void nobody_says_who_they_are(void)
{
        open_proxy(NULL);
        ask_behind(CLAIMS);
        assert_asked("X-Forwarded-For: 127.0.0.1");
        assert_asked("X-Forwarded-Proto: http");
        assert_asked("X-Forwarded-Host: h");
        assert_not_asked("6.6.6.6");
        assert_not_asked("7.7.7.7");
        assert_not_asked("evil");
        assert_not_asked("Prefix");
        close_proxy();

        open_proxy(&(eddy_http_proxy_options){.tells = EDDY_HTTP_PROXY_FORWARDED});
        ask_behind(CLAIMS);
        assert_asked("Forwarded: for=127.0.0.1;proto=http;host=\"h\"");
        assert_not_asked("6.6.6.6");
        assert_not_asked("X-");
        close_proxy();
}

static void who_is_trusted_is_added_to(void)
{
        eddy_http_networks *here;

        assert_int_equal(eddy_http_networks_create(&here, (const char *const[]){"127.0.0.0/8", NULL}), 0);
        open_proxy(&(eddy_http_proxy_options){.trusted = here});
        ask_behind(CLAIMS);
        assert_asked("X-Forwarded-For: 6.6.6.6, 7.7.7.7, 5.5.5.5, 127.0.0.1");
        assert_asked("X-Forwarded-Proto: https");
        assert_asked("X-Forwarded-Host: evil");
        assert_asked("X-Forwarded-Prefix: /p");
        assert_not_asked("\nForwarded"); /* the other spelling may be a stranger's */
        close_proxy();

        open_proxy(&(eddy_http_proxy_options){.trusted = here, .tells = EDDY_HTTP_PROXY_FORWARDED});
        ask_behind(CLAIMS);
        assert_asked("Forwarded: for=6.6.6.6, for=127.0.0.1;proto=http;host=\"h\"");
        assert_not_asked("X-Forwarded-For");
        close_proxy();
        eddy_http_networks_destroy(here);

        open_proxy(&(eddy_http_proxy_options){.tells = EDDY_HTTP_PROXY_TELLS_NOTHING});
        ask_behind(CLAIMS);
        assert_asked("X-Forwarded-For: 6.6.6.6");
        assert_not_asked("127.0.0.1\r\nX");
        close_proxy();
}

/** Who counts the proxies on the way is answered by the last of them. */
static void proxies_that_are_counted(void)
{
        open_proxy(NULL);
        ask_behind("OPTIONS /a HTTP/1.1\r\nHost: x\r\nmax-forwards: 010\r\n\r\n");
        assert_asked("Max-Forwards: 9");
        assert_not_asked("max-forwards: 010");
        tell("HTTP/1.1 204 No Content\r\n\r\n");
        assert_memory_equal(next_head(), "HTTP/1.1 204 ", 13);
        send_text("TRACE / HTTP/1.1\r\nHost: x\r\nMax-Forwards: 1\r\n\r\n");
        read_asked();
        assert_asked("Max-Forwards: 0");
        tell("HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\nContent-Length: 0\r\n\r\n");
        assert_memory_equal(next_head(), "HTTP/1.1 405 ", 13);
        send_text("GET / HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\n\r\n"); /* of which it means nothing */
        read_asked();
        assert_asked("Max-Forwards: 0");
        tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_memory_equal(next_head(), "HTTP/1.1 200 ", 13);
        send_text("OPTIONS * HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\n\r\n");
        assert_memory_equal(next_head(), "HTTP/1.1 204 ", 13);
        send_text("TRACE / HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\n\r\n");
        assert_answer("HTTP/1.1 501 ", "501 Not Implemented\n");
        send_text("OPTIONS / HTTP/1.1\r\nHost: x\r\nMax-Forwards: -1\r\n\r\n");
        assert_answer("HTTP/1.1 400 ", "400 Bad Request\n");
        assert_int_equal(counted().requests, 3);
        close_proxy();
}

static void host_and_via(void)
{
        open_proxy(&(eddy_http_proxy_options){.keeps_host = true, .via = "edge"});
        ask_behind("GET / HTTP/1.1\r\nHost: front.example\r\nVia: 1.0 fred, 1.1 edges\r\n\r\n");
        assert_asked("Host: front.example");
        assert_asked("Via: 1.0 fred, 1.1 edges, 1.1 edge");
        tell("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_non_null(next_head());
        send_text("GET / HTTP/1.1\r\nHost: x\r\nVia: 1.0 fred, 1.1 Edge (what)\r\n\r\n");
        assert_answer("HTTP/1.1 508 ", "508 Loop Detected\n");
        close_proxy();
}

/* {what the server says, what the client sees}, mounted at /api for /base. */
static const char *const locations[][2] = {
    {"/base/x?y#z", "/api/x?y#z"},
    {"/base", "/api"},
    {"/base?q", "/api?q"},
    {"/basement", "/basement"},
    {"/else", "/else"},
    {"x/y", "x/y"},
    {"//other.example/base/x", "//other.example/base/x"},
    {"https://other.example/base/x", "https://other.example/base/x"},
    {"http://SERVER/base/x", "/api/x"},
    {"https://SERVER/base", "/api"},
    {"http://SERVER/else", "http://SERVER/else"},
    {"http://SERVER.evil/base", "http://SERVER.evil/base"},
};

static const char *put_server(char *text, size_t size, const char *with)
{
        const char *place = strstr(with, "SERVER"), *host = strstr(behind.asked, "\r\nHost: ") + 8;

        if (!place)
                return with;
        snprintf(text, size, "%.*s%.*s%s", (int)(place - with), with, (int)strcspn(host, "\r"), host,
                 place + 6);
        return text;
}

static void redirections_lead_back_here(void)
{
        char answer[256], said[128], seen[128];

        open_proxy_of("/api", "/base", NULL, NULL);
        for (size_t i = 0; i < sizeof locations / sizeof *locations; i++) {
                if (i == 0)
                        ask_behind(GET("/api/x"));
                else {
                        send_text(GET("/api/x"));
                        read_asked();
                }
                snprintf(answer, sizeof answer,
                         "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                         put_server(said, sizeof said, locations[i][0]));
                tell(answer);
                snprintf(answer, sizeof answer, "Location: %s", put_server(seen, sizeof seen, locations[i][1]));
                assert_true(has_line(next_head(), answer));
        }
        close_proxy();

        /* Without a prefix a path must not become a host. */
        open_proxy_of(NULL, "/base", NULL, NULL);
        ask_behind(GET("/x"));
        tell("HTTP/1.1 302 Found\r\nLocation: /base//evil.example\r\nContent-Length: 0\r\n\r\n");
        assert_true(has_line(next_head(), "Location: /base//evil.example"));
        send_text(GET("/x"));
        read_asked();
        tell("HTTP/1.1 302 Found\r\nLocation: /base\r\nContent-Length: 0\r\n\r\n");
        assert_true(has_line(next_head(), "Location: /"));
        close_proxy();

        open_proxy_of("/api", "/base", &(eddy_http_proxy_options){.keeps_locations = true}, NULL);
        ask_behind(GET("/api/x"));
        tell("HTTP/1.1 302 Found\r\nLocation: /base/x\r\nSet-Cookie: a=b; Path=/base\r\nContent-Length: "
             "0\r\n\r\n");
        assert_true(has_line(next_head(), "Location: /base/x"));
        close_proxy();
}

static void cookies_are_for_here(void)
{
        const char *head;

        open_proxy_of("/api", "/base", NULL, NULL);
        ask_behind(GET("/api/x"));
        tell("HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/base/x; HttpOnly\r\nSet-Cookie: b=2;path=/base\r\n"
             "Set-Cookie: c=3; Path=/basement\r\nSet-Cookie: d=path=/base; Domain=127.0.0.1; Secure\r\n"
             "Set-Cookie: e=5; Domain=other.example\r\nContent-Length: 0\r\n\r\n");
        head = next_head();
        assert_true(has_line(head, "Set-Cookie: a=1; Path=/api/x; HttpOnly"));
        assert_true(has_line(head, "Set-Cookie: b=2; Path=/api"));
        assert_true(has_line(head, "Set-Cookie: c=3; Path=/basement"));
        assert_true(has_line(head, "Set-Cookie: d=path=/base; Secure"));
        assert_true(has_line(head, "Set-Cookie: e=5; Domain=other.example"));
        close_proxy();

        open_proxy_of("/api", "", NULL, NULL);
        ask_behind(GET("/api/x"));
        tell("HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nContent-Length: 0\r\n\r\n");
        assert_true(has_line(next_head(), "Set-Cookie: a=1; Path=/api"));
        close_proxy();
}

static void urls_of_servers(void)
{
        static const char beyond_the_kernels_bound[] =
            "http://unix:/a/path/that/is/longer/than/that/of/any/socket/may/be/which/is/a/hundred/and/seven/"
            "bytes/by/the/kernel/of/Linux";
        static const char *const bad[] = {
            "",
            "ftp://x",
            "http://",
            "http:///x",
            "http://x:0",
            "http://x:65536",
            "http://x:1x",
            "http://x:",
            "http://u@x",
            "http://x/a?b",
            "http://x/#",
            "http://x/a b",
            "http://[::1",
            "http://unix:",
            "http://unix:run",
            "http://unix:/run/a:b",
            "http://unix:/run/100%",
            "http://unix:/run/a%00b:/",
            beyond_the_kernels_bound,
            "https://x",
        };
        static const char *const good[] = {"http://x", "HTTP://x:1/", "http://[::1]:80/a/b/",
                                           "http://unix:/run/a", "http://unix:/run/a:/b"};

        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                assert_int_equal(eddy_http_proxy_create(&proxy, bad[i], NULL), -EINVAL);
                assert_null(proxy);
                assert_true(strlen(eddy_error_detail()) > 0);
        }
        for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
                assert_int_equal(eddy_http_proxy_create(&proxy, good[i], NULL), 0);
                eddy_http_proxy_destroy(proxy);
        }
        assert_int_equal(eddy_http_proxy_create(&proxy, "http://x", &(eddy_http_proxy_options){.via = "a b"}),
                         -EINVAL);
        assert_int_equal(
            eddy_http_proxy_create(&proxy, "http://x", &(eddy_http_proxy_options){.read_timeout = -1}),
            -EINVAL);
        for (unsigned long nth = 1;; nth++) {
                int rc;

                fault_arm(nth, 1);
                rc = eddy_http_proxy_create(&proxy, "http://x/y",
                                            &(eddy_http_proxy_options){.via = "a", .tls_name = "b"});
                fault_arm(0, 0);
                eddy_http_proxy_destroy(proxy);
                if (rc == 0)
                        break;
                assert_int_equal(rc, -ENOMEM);
        }
        eddy_http_proxy_destroy(NULL);
}

/* Names that differ from those we know, of the same lengths, pass. */
static void other_headers_pass(void)
{
        static const char lines[] =
            "XE: 1\r\nVib: 1\r\nPoxy1: 1\r\nUpgrades: 1\r\nX-Forwarded: 1\r\nContent-Lengty: 1\r\n";
        char request[512];

        open_proxy(NULL);
        snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n", lines);
        ask_behind(request);
        assert_non_null(strstr(behind.asked, lines));
        close_proxy();
}

static void what_is_hidden_does_not_pass(void)
{
        static const char *const hidden[] = {"x-powered-by", "Content-Length", "content-type", NULL};
        const char *head;

        open_proxy(&(eddy_http_proxy_options){.hidden = hidden});
        ask_behind("GET / HTTP/1.1\r\nHost: x\r\nX-Powered-By: me\r\n\r\n");
        assert_asked("X-Powered-By: me");
        tell("HTTP/1.1 200 OK\r\nX-Powered-By: 1\r\nX-Powered: 2\r\nContent-Type: a/b\r\nX-POWERED-BY:3\r\n"
             "Content-Length: 1\r\n\r\nx");
        head = next_head();
        assert_null(strcasestr(head, "powered-by"));
        assert_null(strcasestr(head, "content-type"));
        assert_true(has_line(head, "X-Powered: 2"));
        assert_true(has_line(head, "Content-Length: 1")); /* where it ends is not hidden */
        assert_body("x");
        close_proxy();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(asks_the_server_behind),
            scene_test(paths_as_a_service),
            scene_test(a_prefix_itself_is_asked_for),
            scene_test(a_prefix_is_mounted_whole_or_not_at_all),
            scene_test(mounting_is_undone_without_memory),
            scene_test(paths_do_not_lead_out),
            scene_test(what_is_between_neighbours_stays),
            scene_test(nobody_says_who_they_are),
            scene_test(who_is_trusted_is_added_to),
            scene_test(proxies_that_are_counted),
            scene_test(host_and_via),
            scene_test(redirections_lead_back_here),
            scene_test(cookies_are_for_here),
            scene_test(urls_of_servers),
            scene_test(other_headers_pass),
            scene_test(what_is_hidden_does_not_pass),
        };

        return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
