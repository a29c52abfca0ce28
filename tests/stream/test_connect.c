/* Connecting: by number and by name, and the ways in which it fails. */
#include "../net/helpers_deaf.h"
#include "helpers.h"
#include "helpers_resolve.h"

#include "base/fault.h"
#include <sys/resource.h>

static bool detail_has(const char *text)
{
        return strstr(eddy_error_detail(), text) != NULL;
}

/** Connect to a listener of the test's own, and talk. */
static void talk(const char *host, const eddy_connect_options *options)
{
        uint16_t port;
        int listener = listen_on_loopback(1, &port), peer;
        eddy_stream *stream;

        assert_int_equal(eddy_open_connection(&stream, host, port, options), 0);
        peer = accept(listener, NULL, NULL);
        assert_true(peer >= 0);
        assert_int_equal(eddy_stream_write_all(stream, "hello", 5), 5);
        assert_hears(peer, "hello");
        say(peer, "and you");
        assert_reads(stream, "and you");
        eddy_stream_destroy(stream);
        assert_hears_end(peer);
        close(peer);
        close(listener);
}

static void by_number(void)
{
        talk("127.0.0.1", NULL);
        talk("127.0.0.1", &(eddy_connect_options){.family = AF_INET});
}

static void by_name(void)
{
        talk("localhost", NULL);
        talk("localhost", &(eddy_connect_options){.family = AF_INET});
}

/** NULL is this machine. */
static void by_no_name(void)
{
        talk(NULL, &(eddy_connect_options){.family = AF_INET});
}

/** The first address of the host refuses. */
static void second_address(void)
{
        talk("two.test", NULL);
}

static void by_number_of_six(void)
{
        struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        socklen_t size = sizeof address;
        int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        eddy_stream *stream;
        char name[64];

        if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0) {
                if (listener >= 0)
                        close(listener);
                print_message("left out: no IPv6\n");
                return;
        }
        assert_int_equal(listen(listener, 1), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
        assert_int_equal(eddy_open_connection(&stream, "::1", ntohs(address.sin6_port), NULL), 0);
        snprintf(name, sizeof name, "[::1]:%u", ntohs(address.sin6_port));
        assert_string_equal(eddy_stream_peer_name(stream), name);
        assert_memory_equal(eddy_stream_own_name(stream), "[::1]:", 6);
        eddy_stream_destroy(stream);
        close(listener);
}

static void refused(void)
{
        uint16_t port = 0;
        int holder = hold_port(&port);
        eddy_stream *stream = (eddy_stream *)&port;

        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", port, NULL), -ECONNREFUSED);
        assert_null(stream);
        assert_true(detail_has("127.0.0.1"));
        assert_true(detail_has("cannot connect"));
        assert_int_equal(eddy_open_connection(&stream, "two.test", port, NULL), -ECONNREFUSED);
        assert_true(detail_has("two.test"));
        close(holder);
}

static void no_such_host(void)
{
        eddy_stream *stream;

        assert_int_equal(eddy_open_connection(&stream, "no-such-host..invalid", 80, NULL), EDDY_ERESOLVE);
        assert_null(stream);
        assert_true(detail_has("no-such-host..invalid: "));
        assert_int_equal(eddy_open_connection(&stream, "", 80, NULL), EDDY_ERESOLVE);
        assert_int_equal(
            eddy_open_connection(&stream, "127.0.0.1", 80, &(eddy_connect_options){.family = AF_INET6}),
            EDDY_ERESOLVE);
        assert_true(*eddy_error_detail());
}

static void from_a_port(void)
{
        uint16_t port, own;
        int listener = listen_on_loopback(2, &port), free_port = listen_on_loopback(1, &own);
        eddy_connect_options options = {.local_host = "127.0.0.1", .local_port = own};
        eddy_stream *stream;
        char name[64];

        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", port, &options), -EADDRINUSE);
        close(free_port);
        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", port, &options), 0);
        snprintf(name, sizeof name, "127.0.0.1:%u", own);
        assert_string_equal(eddy_stream_own_name(stream), name);
        eddy_stream_abort(stream); /* no TIME_WAIT, so that the port is free again */
        eddy_stream_destroy(stream);
        options = (eddy_connect_options){.local_port = own};
        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", port, &options), 0);
        snprintf(name, sizeof name, "127.0.0.1:%u", own);
        assert_string_equal(eddy_stream_own_name(stream), name);
        eddy_stream_abort(stream);
        eddy_stream_destroy(stream);
        close(listener);
}

static void no_descriptor(void)
{
        struct rlimit before, low;
        eddy_stream *stream;
        int rc;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        low = before;
        low.rlim_cur = 0;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        rc = eddy_open_connection(&stream, "127.0.0.1", 80, NULL);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(rc, -EMFILE);
        assert_null(stream);
}

static void deadline_while_connecting(void)
{
        struct deaf deaf;
        eddy_stream *stream;
        int rc = 0;

        deaf_open(&deaf);
        EDDY_TIMEOUT_SCOPE(eddy_ms(10))
                rc = eddy_open_connection(&stream, "127.0.0.1", deaf.port, NULL);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_null(stream);
        EDDY_TIMEOUT_SCOPE(0)
                rc = eddy_open_connection(&stream, "127.0.0.1", deaf.port, NULL);
        assert_int_equal(rc, EDDY_TIMEOUT);
        deaf_close(&deaf);
}

static intptr_t connect_to(void *arg)
{
        const uint16_t *port = arg;
        eddy_stream *stream;
        int rc = eddy_open_connection(&stream, "127.0.0.1", *port, NULL);

        eddy_stream_destroy(stream);
        return rc;
}

static void cancelled_while_connecting(void)
{
        struct deaf deaf;
        eddy_task *task;

        deaf_open(&deaf);
        task = eddy_create_task(connect_to, &deaf.port);
        give_way();
        assert_false(eddy_done(task));
        eddy_cancel(task);
        assert_int_equal(join(task), EDDY_CANCELLED);
        deaf_close(&deaf);
}

/** An address that does not answer keeps nobody from the next. */
static void silent_first_address(void)
{
        eddy_connect_options options = {.happy_eyeballs_delay = eddy_ms(1)};
        struct deaf deaf;
        uint16_t port;
        int listener = listen_on_loopback(1, &port), rc = 0;
        eddy_stream *stream;

        deaf_open_at(&deaf, "127.0.0.2", port);
        assert_int_equal(eddy_open_connection(&stream, "two.test", port, &options), 0);
        assert_memory_equal(eddy_stream_peer_name(stream), "127.0.0.1:", 10);
        eddy_stream_destroy(stream);
        /* Unless it is to. */
        options.happy_eyeballs_delay = EDDY_FOREVER;
        EDDY_TIMEOUT_SCOPE(eddy_ms(20))
                rc = eddy_open_connection(&stream, "two.test", port, &options);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_null(stream);
        deaf_close(&deaf);
        close(listener);
}

/** While several are being tried. */
static void deadline_while_racing(void)
{
        eddy_connect_options options = {.happy_eyeballs_delay = eddy_ms(1)};
        struct deaf first, second;
        eddy_stream *stream;
        int rc = 0;

        deaf_open(&second);
        deaf_open_at(&first, "127.0.0.2", second.port);
        EDDY_TIMEOUT_SCOPE(eddy_ms(20))
                rc = eddy_open_connection(&stream, "two.test", second.port, &options);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_null(stream);
        deaf_close(&first);
        deaf_close(&second);
}

/** The second of a family is tried behind the first of the other. */
static void families_take_turns(void)
{
        uint16_t port = 0;
        int holder = hold_port(&port);
        eddy_stream *stream;

        assert_true(eddy_open_connection(&stream, "mixed.test", port, NULL) < 0);
        assert_true(detail_has("(127.0.0.1:"));
        close(holder);
}

/** Finds every host on the loopback interface. */
static void *find_loopback(eddy_lookup *lookup, const char *host, const char *service,
                           const struct addrinfo *hints, void *arg)
{
        struct addrinfo *found;

        ++*(unsigned *)arg;
        assert_string_equal(host, "own.test");
        assert_int_equal(getaddrinfo("127.0.0.1", service, hints, &found), 0);
        assert_int_equal(eddy_lookup_done(lookup, 0, found), 0);
        freeaddrinfo(found);
        return NULL;
}

static void *refuse(eddy_lookup *lookup, const char *host, const char *service, const struct addrinfo *hints,
                    void *arg)
{
        (void)host;
        (void)service;
        (void)hints;
        (void)arg;
        eddy_lookup_done(lookup, eddy_fail(EDDY_ERESOLVE, "closed on Sundays"), NULL);
        return NULL;
}

static void *keep_silent(eddy_lookup *lookup, const char *host, const char *service,
                         const struct addrinfo *hints, void *arg)
{
        (void)host;
        (void)service;
        (void)hints;
        (void)arg;
        return lookup;
}

/** Names are looked up by whom the caller brings, or else by whom the loop has. */
static void by_a_resolver_of_the_callers(void)
{
        unsigned asked = 0;
        eddy_resolver own = {.begin = find_loopback, .arg = &asked}, sunday = {.begin = refuse},
                      silent = {.begin = keep_silent};
        const eddy_server_options server_options = {.resolver = &own};
        eddy_datagram_options datagram_options = {
            .local_host = "own.test", .remote_host = "own.test", .remote_port = 9, .resolver = &own};
        eddy_datagram *datagram;
        eddy_stream *stream;
        eddy_server *server;
        int rc = 0;

        talk("own.test", &(eddy_connect_options){.resolver = &own});
        assert_int_equal(asked, 1);
        assert_int_equal(eddy_start_server(&server, NULL, NULL, "own.test", 0, &server_options), 0);
        assert_int_equal(asked, 2);
        eddy_server_destroy(server);
        assert_int_equal(eddy_open_datagram(&datagram, &datagram_options), 0);
        assert_int_equal(asked, 4);
        eddy_datagram_destroy(datagram);
        asked = 0;
        assert_int_equal(eddy_loop_set_resolver(NULL, &own), 0);
        talk("own.test", NULL);
        assert_int_equal(asked, 1);
        assert_int_equal(eddy_start_server(&server, NULL, NULL, "own.test", 0, NULL), 0);
        assert_int_equal(asked, 2);
        eddy_server_destroy(server);
        assert_int_equal(
            eddy_open_connection(&stream, "own.test", 80, &(eddy_connect_options){.resolver = &sunday}),
            EDDY_ERESOLVE);
        assert_string_equal(eddy_error_detail(), "own.test: closed on Sundays");
        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                rc =
                    eddy_open_connection(&stream, "own.test", 80, &(eddy_connect_options){.resolver = &silent});
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_null(stream);
}

/** Whatever the system refuses, it is told and nothing is left. */
static void each_use_fails_once(void)
{
        uint16_t port;
        int listener = listen_on_loopback(1000, &port);
        eddy_stream *stream;
        int rc, tries = 0;

        do {
                fault_arm((unsigned long)++tries, 1);
                rc = eddy_open_connection(&stream, "127.0.0.1", port, NULL);
                if (rc < 0)
                        assert_null(stream);
                if (fault_uses() < (unsigned long)tries)
                        break;
                fault_arm(0, 0);
                eddy_stream_destroy(stream);
        } while (tries < 1000);
        fault_arm(0, 0);
        assert_int_equal(rc, 0);
        assert_true(tries > 4);
        eddy_stream_destroy(stream);
        close(listener);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(by_number),
            scene_test(by_name),
            scene_test(by_no_name),
            scene_test(second_address),
            scene_test(by_number_of_six),
            scene_test(refused),
            scene_test(no_such_host),
            scene_test(from_a_port),
            scene_test(no_descriptor),
            scene_test(deadline_while_connecting),
            scene_test(cancelled_while_connecting),
            scene_test(silent_first_address),
            scene_test(deadline_while_racing),
            scene_test(families_take_turns),
            scene_test(by_a_resolver_of_the_callers),
            scene_test(each_use_fails_once),
        };

        return cmocka_run_group_tests_name("connect", tests, NULL, NULL);
}
