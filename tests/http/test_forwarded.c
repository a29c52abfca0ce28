/* Who the client is, behind proxies of which some are trusted. */
#include "../testing.h"
#include "http/networks.h"

#include <eddy/http_forwarded.h>
#include <stdio.h>
#include <strings.h>

TEST(reads_networks)
{
        static const char *const good[] = {
            "10.0.0.0/8", "0.0.0.0/0",     "1.2.3.4/32",          "1.2.3.4",        "::1",  "fd00::/8",
            "::/0",       "2001:db8::/33", "::ffff:10.0.0.0/104", "::ffff:1.2.3.4", "unix:"};
        static const char *const bad[] = {"",
                                          "10.0.0.1/8",
                                          "10.0.0.0/33",
                                          "10.0.0.0/-1",
                                          "10.0.0.0/",
                                          "10.0.0.0/8x",
                                          "10.0.0.0/ 8",
                                          "10.0.0.0/+8",
                                          "10.0.0/8",
                                          "10/8",
                                          "010.0.0.0/8",
                                          "10.0.0.0:80",
                                          "localhost",
                                          "fd00::1/8",
                                          "::/129",
                                          "[::1]",
                                          "fe80::1%lo",
                                          "2001:db8::8000:0:0:0:1/33",
                                          "::ffff:10.0.0.0/95",
                                          "unix",
                                          "*",
                                          " 10.0.0.0/8"};
        eddy_http_networks *networks;

        for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
                assert_int_equal(eddy_http_networks_create(&networks, (const char *const[]){good[i], NULL}), 0);
                eddy_http_networks_destroy(networks);
        }
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                int rc =
                    eddy_http_networks_create(&networks, (const char *const[]){"10.0.0.0/8", bad[i], NULL});

                if (rc != -EINVAL || networks)
                        fail_msg("%s: %d", bad[i], rc);
                assert_non_null(strstr(eddy_error_detail(), bad[i]));
        }
        fault_arm(1, 1);
        assert_int_equal(eddy_http_networks_create(&networks, (const char *const[]){good[0], NULL}), -ENOMEM);
        fault_arm(0, 0);
        eddy_http_networks_destroy(NULL);
}

/* Addresses as eddy_address_parse() has them. */
static eddy_address address_of(const char *text)
{
        eddy_address address;

        assert_int_equal(eddy_address_parse(&address, text), 0);
        return address;
}

TEST(knows_who_is_in_them)
{
        static const char *const texts[] = {"10.0.0.0/8",    "192.0.2.128/25",      "1.2.3.4", "fd00::/8",
                                            "2001:db8::/33", "::ffff:12.0.0.0/104", NULL};
        static const char *const inside[] = {
            "10.0.0.0:1", "10.255.255.255:2", "12.255.0.1:10", "192.0.2.128:3",       "192.0.2.255:4",
            "1.2.3.4:5",  "[fd00::1]:6",      "[fdff::]:7",    "[2001:db8:7fff::]:8", "[::ffff:10.1.2.3]:9"};
        static const char *const outside[] = {
            "11.0.0.0:1",          "13.0.0.1:11", "9.255.255.255:2", "192.0.2.127:3", "1.2.3.5:4", "[fe00::]:5",
            "[2001:db8:8000::]:6", "[::1]:7",     "[::10.0.0.1]:8",  "/run/a.sock",   "[a00::]:9"};
        eddy_http_networks *networks;
        eddy_address address;

        assert_int_equal(eddy_http_networks_create(&networks, texts), 0);
        for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
                address = address_of(inside[i]);
                if (!eddy_http_networks_contain(networks, &address))
                        fail_msg("%s", inside[i]);
        }
        for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
                address = address_of(outside[i]);
                if (eddy_http_networks_contain(networks, &address) ||
                    eddy_http_networks_contain(NULL, &address))
                        fail_msg("%s", outside[i]);
        }
        eddy_http_networks_destroy(networks);
}

/* The nth of some lines whose name this is. */
static const char *find_line(void *of, const char *name, unsigned nth)
{
        size_t n = strlen(name);

        for (const char *const *line = of; *line; line++)
                if (strncasecmp(*line, name, n) == 0 && (*line)[n] == ':' && nth-- == 0)
                        return *line + n + 1;
        return NULL;
}

#define FOR    "X-Forwarded-For:"
#define SCHEME "X-Forwarded-Proto:"
#define HOST   "X-Forwarded-Host:"
#define SAYS   "Forwarded:"

static const struct way {
        const char *peer;
        const char *lines[5];
        const char *client; /* with its port */
        const char *scheme, *host;
        unsigned proxies;
        bool standard;
} ways[] = {
    /* who is not trusted is not believed */
    {"9.9.9.9:1", {0}, "9.9.9.9:1", NULL, "", 0, false},
    {"9.9.9.9:1", {FOR "1.1.1.1", SCHEME "https", HOST "a"}, "9.9.9.9:1", NULL, "", 0, false},
    {"9.9.9.9:1", {SAYS "for=1.1.1.1;proto=https;host=a"}, "9.9.9.9:1", NULL, "", 0, true},
    /* who is trusted is */
    {"10.0.0.1:1", {0}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {FOR "1.1.1.1"}, "1.1.1.1:0", NULL, "", 1, false},
    {"10.0.0.1:1",
     {FOR "1.1.1.1", SCHEME "https", HOST "a.org:8443"},
     "1.1.1.1:0",
     "https",
     "a.org:8443",
     1,
     false},
    {"[::ffff:10.0.0.1]:1", {FOR "1.1.1.1"}, "1.1.1.1:0", NULL, "", 1, false},
    {"/run/proxy.sock", {FOR "1.1.1.1"}, "1.1.1.1:0", NULL, "", 1, false},
    {"10.0.0.1:1", {SCHEME "HTTPS", HOST "a"}, "10.0.0.1:1", "https", "a", 0, false},
    /* up to the first that is not */
    {"10.0.0.1:1", {FOR "1.1.1.1, 2.2.2.2"}, "2.2.2.2:0", NULL, "", 1, false},
    {"10.0.0.1:1", {FOR "1.1.1.1, 2.2.2.2,10.0.0.3\t, 10.0.0.2"}, "2.2.2.2:0", NULL, "", 3, false},
    {"10.0.0.1:1", {FOR "10.0.0.9, 1.1.1.1, 10.0.0.2"}, "1.1.1.1:0", NULL, "", 2, false},
    {"10.0.0.1:1", {FOR "10.0.0.3, 10.0.0.2"}, "10.0.0.3:0", NULL, "", 2, false}, /* one of us asks */
    /* several lines: who reads the first one only believes the client, folbricht/routedns #549 */
    {"10.0.0.1:1", {FOR "6.6.6.6", FOR "1.1.1.1"}, "1.1.1.1:0", NULL, "", 1, false},
    {"10.0.0.1:1",
     {FOR "6.6.6.6", "X: y", "x-forwarded-for: 1.1.1.1 , 10.0.0.2", FOR "10.0.0.3"},
     "1.1.1.1:0",
     NULL,
     "",
     3,
     false},
    {"10.0.0.1:1",
     {SCHEME "https", SCHEME "http", HOST "evil", HOST "good", FOR "1.1.1.1"},
     "1.1.1.1:0",
     "http",
     "good",
     1,
     false},
    /* ports and brackets: strfry #50, snap-core #272 */
    {"10.0.0.1:1", {FOR "1.1.1.1:5678"}, "1.1.1.1:5678", NULL, "", 1, false},
    {"10.0.0.1:1", {FOR "::ffff:1.1.1.1"}, "1.1.1.1:0", NULL, "", 1, false},
    {"10.0.0.1:1", {FOR "2600::1"}, "[2600::1]:0", NULL, "", 1, false},
    {"10.0.0.1:1", {FOR "[2600::1]"}, "[2600::1]:0", NULL, "", 1, false},
    {"10.0.0.1:1", {FOR "[2600::1]:443"}, "[2600::1]:443", NULL, "", 1, false},
    {"10.0.0.1:1", {FOR "1.1.1.1, [::ffff:10.0.0.2]:9"}, "1.1.1.1:0", NULL, "", 2, false},
    /* what is no address ends the way */
    {"10.0.0.1:1", {FOR "1.1.1.1, unknown"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {FOR "1.1.1.1, unknown, 10.0.0.2"}, "10.0.0.2:0", NULL, "", 1, false},
    {"10.0.0.1:1", {FOR "<script>, 1.1.1.1"}, "1.1.1.1:0", NULL, "", 1, false},
    {"10.0.0.1:1", {FOR "1.1.1.1,"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {FOR ""}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {FOR ",,,"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {FOR "1.1.1.1:"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {FOR "1.1.1.1:65536"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {FOR "1.1.1.1:-1"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {FOR "01.1.1.1"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {FOR "1.1.1"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {FOR "[1.1.1.1]"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {FOR "[2600::1"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {FOR "[2600::1]x"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {FOR "fe80::1%eth0"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {FOR "\"1.1.1.1\""}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {FOR "1.1.1.1 2.2.2.2"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {FOR "/run/a.sock"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1",
     {FOR "1111111111111111111111111111111111111111111111111111111111111111111.1.1.1"},
     "10.0.0.1:1",
     NULL,
     "",
     0,
     false},
    /* scheme and host are what the outermost that is trusted says, if all of them say something, or it alone */
    {"10.0.0.1:1",
     {FOR "1.1.1.1, 10.0.0.2", SCHEME "https, http", HOST "a, b"},
     "1.1.1.1:0",
     "https",
     "a",
     2,
     false},
    {"10.0.0.1:1", {FOR "1.1.1.1, 10.0.0.2", SCHEME "https", HOST "a"}, "1.1.1.1:0", "https", "a", 2, false},
    {"10.0.0.1:1", {FOR "1.1.1.1", SCHEME "https, http", HOST "evil, b"}, "1.1.1.1:0", "http", "b", 1, false},
    {"10.0.0.1:1",
     {FOR "1.1.1.1, 10.0.0.2", SCHEME "https", SCHEME "http,http"},
     "1.1.1.1:0",
     "http",
     "",
     2,
     false},
    {"10.0.0.1:1", {SCHEME "https, http"}, "10.0.0.1:1", "http", "", 0, false},
    {"10.0.0.1:1", {SCHEME "javascript", HOST "a/b"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {SCHEME "", HOST ""}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {HOST "a b"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {HOST "a\"><b"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {HOST "a:x"}, "10.0.0.1:1", NULL, "", 0, false},
    {"10.0.0.1:1", {HOST "[::1]:80"}, "10.0.0.1:1", NULL, "[::1]:80", 0, false},
    /* of the two kinds of headers one is looked at: who sends the other one is not heard */
    {"10.0.0.1:1", {SAYS "for=6.6.6.6;proto=https;host=evil", FOR "1.1.1.1"}, "1.1.1.1:0", NULL, "", 1, false},
    {"10.0.0.1:1",
     {SAYS "for=1.1.1.1", FOR "6.6.6.6", SCHEME "https", HOST "evil"},
     "1.1.1.1:0",
     NULL,
     "",
     1,
     true},
    {"10.0.0.1:1", {FOR "6.6.6.6"}, "10.0.0.1:1", NULL, "", 0, true},
    /* Forwarded */
    {"10.0.0.1:1", {SAYS "for=1.1.1.1;proto=https;host=a.org"}, "1.1.1.1:0", "https", "a.org", 1, true},
    {"10.0.0.1:1",
     {SAYS "Host=\"a.org:80\";FOR=\"[2600::1]:4711\" ; Proto=http;by=_x;ext=1"},
     "[2600::1]:4711",
     "http",
     "a.org:80",
     1,
     true},
    {"10.0.0.1:1", {SAYS "for=\"1.1.1.1:80\""}, "1.1.1.1:80", NULL, "", 1, true},
    {"10.0.0.1:1", {SAYS "for=6.6.6.6;host=evil, for=1.1.1.1;proto=http"}, "1.1.1.1:0", "http", "", 1, true},
    {"10.0.0.1:1",
     {SAYS "for=6.6.6.6, for=1.1.1.1;proto=https;host=a, for=10.0.0.2;proto=http;host=b"},
     "1.1.1.1:0",
     "https",
     "a",
     2,
     true},
    {"10.0.0.1:1",
     {SAYS "for=6.6.6.6", SAYS "for=1.1.1.1;host=a", "forwarded:for=10.0.0.2"},
     "1.1.1.1:0",
     NULL,
     "a",
     2,
     true},
    /* a quote that the client opens swallows nobody's: lpinca/forwarded-parse #6 */
    {"10.0.0.1:1", {SAYS "for=6.6.6.6;by=\", for=1.1.1.1"}, "1.1.1.1:0", NULL, "", 1, true},
    {"10.0.0.1:1", {SAYS "for=\"6.6.6.6, for=10.0.0.2"}, "10.0.0.2:0", NULL, "", 1, true},
    /* who is not told of */
    {"10.0.0.1:1", {SAYS "for=6.6.6.6, for=unknown;proto=https;host=a"}, "10.0.0.1:1", "https", "a", 0, true},
    {"10.0.0.1:1", {SAYS "for=6.6.6.6, for=_hidden;proto=https"}, "10.0.0.1:1", "https", "", 0, true},
    {"10.0.0.1:1", {SAYS "for=6.6.6.6, proto=https"}, "10.0.0.1:1", "https", "", 0, true},
    {"10.0.0.1:1", {SAYS "for=6.6.6.6, for=1.1.1.1;for=2.2.2.2;proto=https"}, "10.0.0.1:1", NULL, "", 0, true},
    {"10.0.0.1:1", {SAYS "for=6.6.6.6, for 1.1.1.1"}, "10.0.0.1:1", NULL, "", 0, true},
    {"10.0.0.1:1", {SAYS "for=6.6.6.6, for=2600::1"}, "[2600::1]:0", NULL, "", 1, true},
    {"10.0.0.1:1", {SAYS ""}, "10.0.0.1:1", NULL, "", 0, true},
    {"10.0.0.1:1", {SAYS "for=6.6.6.6,"}, "10.0.0.1:1", NULL, "", 0, true},
};

TEST(goes_up_to_who_is_not_trusted)
{
        eddy_http_networks *trusted;
        eddy_http_forwarded from;
        char client[EDDY_ADDRESS_TEXT_SIZE];

        assert_int_equal(
            eddy_http_networks_create(&trusted, (const char *const[]){"10.0.0.0/8", "unix:", NULL}), 0);
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
                const struct way *way = &ways[i];
                const eddy_http_forwarded_options options = {.trusted = trusted, .standard = way->standard};
                const char *lines[6] = {0};
                eddy_address peer = address_of(way->peer);

                memcpy(lines, way->lines, sizeof way->lines);
                eddy_http_forwarded_resolve(&from, &options, &peer, find_line, lines);
                eddy_address_print(&from.client, client);
                if (strcmp(client, way->client) != 0 || !from.scheme != !way->scheme ||
                    (from.scheme && strcmp(from.scheme, way->scheme) != 0) ||
                    strcmp(from.host, way->host) != 0 || from.proxies != way->proxies)
                        fail_msg("%zu: %s: %s, %s, '%s', %u", i, way->lines[0], client, from.scheme, from.host,
                                 from.proxies);
                eddy_http_forwarded_resolve(&from, NULL, &peer, find_line, lines);
                assert_int_equal(from.proxies, 0);
                assert_null(from.scheme);
        }
        eddy_http_networks_destroy(trusted);
}

TEST(a_host_has_a_bound)
{
        eddy_http_networks *trusted;
        eddy_http_forwarded from;
        char line[512] = HOST;
        const char *lines[] = {line, NULL};
        eddy_address peer = address_of("10.0.0.1:1");

        assert_int_equal(eddy_http_networks_create(&trusted, (const char *const[]){"10.0.0.1", NULL}), 0);
        memset(line + strlen(HOST), 'a', 256);
        eddy_http_forwarded_resolve(&from, &(eddy_http_forwarded_options){.trusted = trusted}, &peer, find_line,
                                    lines);
        assert_string_equal(from.host, "");
        line[strlen(HOST) + 255] = '\0';
        eddy_http_forwarded_resolve(&from, &(eddy_http_forwarded_options){.trusted = trusted}, &peer, find_line,
                                    lines);
        assert_int_equal(strlen(from.host), 255);
        eddy_http_networks_destroy(trusted);
}

static eddy_http_networks *here;

static int tell(eddy_http_exchange *exchange, void *arg)
{
        eddy_http_forwarded from;
        char text[EDDY_ADDRESS_TEXT_SIZE];
        int rc = eddy_http_exchange_forwarded(exchange, &(eddy_http_forwarded_options){.trusted = here}, &from);

        (void)arg;
        if (rc < 0)
                return rc;
        eddy_address_print(&from.client, text);
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = strlen(text)});
}

COROUTINE_TEST(a_handler_is_told_who_asks)
{
        static const char request[] =
            "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n"
            "X-Forwarded-For: 1.1.1.1\r\n\r\n";
        eddy_http_service *service;
        eddy_server *server;
        eddy_stream *stream;
        char *answer;

        assert_int_equal(eddy_http_networks_create(&here, (const char *const[]){"127.0.0.1", NULL}), 0);
        assert_int_equal(eddy_http_service_create(&service, tell, NULL, NULL), 0);
        assert_int_equal(eddy_start_server(&server, eddy_http_serve, service, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), NULL), 0);
        assert_int_equal(eddy_stream_write_all(stream, request, sizeof request - 1), sizeof request - 1);
        assert_true(eddy_stream_read_all(stream, &answer, 10000) > 0);
        assert_string_equal(strstr(answer, "\r\n\r\n") + 4, "1.1.1.1:0");
        eddy_free(answer);
        eddy_stream_destroy(stream);
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
        eddy_http_service_destroy(service);
        eddy_http_networks_destroy(here);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(reads_networks),
            cmocka_unit_test(knows_who_is_in_them),
            cmocka_unit_test(goes_up_to_who_is_not_trusted),
            cmocka_unit_test(a_host_has_a_bound),
            cmocka_unit_test(a_handler_is_told_who_asks),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
