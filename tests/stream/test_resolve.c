/* Names that are looked up on helper threads, by a name server that takes its time. */
#include "helpers.h"
#include "helpers_resolve.h"

#include "base/fault.h"

/** Somebody who connects to a host that is slow to be found, and that nobody else looks up. */
static intptr_t connect_slowly(void *arg)
{
        const uint16_t *port = arg;
        static unsigned count;
        eddy_stream *stream;
        char host[32];
        int rc;

        snprintf(host, sizeof host, "slow-%u.test", count++);
        rc = eddy_open_connection(&stream, host, *port, NULL);

        eddy_stream_destroy(stream);
        return rc;
}

static uint16_t port_of_nobody;

static void loop_goes_on_meanwhile(void)
{
        uint16_t port;
        int listener = listen_on_loopback(1, &port);
        eddy_task *task;

        set_gate(false);
        task = eddy_create_task(connect_slowly, &port);
        until(waiting_at_gate() == 1);
        give_way();
        assert_false(eddy_done(task));
        set_gate(true);
        assert_int_equal(join(task), 0);
        close(listener);
}

static void cancelled(void)
{
        eddy_task *task;

        set_gate(false);
        task = eddy_create_task(connect_slowly, &port_of_nobody);
        until(waiting_at_gate() == 1);
        eddy_cancel(task);
        assert_int_equal(join(task), EDDY_CANCELLED);
        /* The lookup ends when it likes, and nobody is there to be told. */
        set_gate(true);
        until(waiting_at_gate() == 0);
        give_way();
}

static void late(void)
{
        eddy_stream *stream;
        int rc = 0;

        set_gate(false);
        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                rc = eddy_open_connection(&stream, "slow.test", 80, NULL);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_null(stream);
        set_gate(true);
}

static void loop_is_closed_meanwhile(void)
{
        eddy_task *tasks[40];

        set_gate(false);
        /* Some are at the gate, and some wait for a thread: the loop is closed under both. */
        for (int i = 0; i < 40; i++)
                tasks[i] = eddy_create_task(connect_slowly, &port_of_nobody);
        until(waiting_at_gate() > 1);
        for (int i = 0; i < 40; i++)
                eddy_cancel(tasks[i]);
        for (int i = 0; i < 40; i++)
                assert_int_equal(join(tasks[i]), EDDY_CANCELLED);
        set_gate(true);
}

/** As above, and eddy_run() cancels them. */
static void program_ends_meanwhile(void)
{
        set_gate(false);
        for (int i = 0; i < 4; i++)
                eddy_unref(eddy_create_task(connect_slowly, &port_of_nobody));
        until(waiting_at_gate() >= 4); /* one that was left to its thread before may come as late as now */
        set_gate(true);
}

static void more_than_threads(void)
{
        enum { COUNT = 100 };
        uint16_t port;
        int listener = listen_on_loopback(COUNT, &port);
        eddy_task *tasks[COUNT];

        set_gate(false);
        for (int i = 0; i < COUNT; i++)
                tasks[i] = eddy_create_task(connect_slowly, &port);
        until(waiting_at_gate() > 1);
        set_gate(true);
        assert_int_equal(eddy_gather(tasks, COUNT, NULL, 0), 0);
        for (int i = 0; i < COUNT; i++)
                eddy_unref(tasks[i]);
        close(listener);
}

static intptr_t start(void *arg)
{
        eddy_server **server = arg;

        return eddy_start_server(server, NULL, NULL, "slow.test", 0, NULL);
}

static void server_looks_its_host_up(void)
{
        eddy_server *server;
        eddy_task *task;

        set_gate(false);
        task = eddy_create_task(start, &server);
        until(waiting_at_gate() == 1);
        set_gate(true);
        assert_int_equal(join(task), 0);
        assert_true(eddy_server_port(server) > 0);
        eddy_server_destroy(server);
        set_gate(false);
        task = eddy_create_task(start, &server);
        until(waiting_at_gate() == 1);
        eddy_cancel(task);
        assert_int_equal(join(task), EDDY_CANCELLED);
        assert_null(server);
        set_gate(true);
}

static void each_use_fails_once(void)
{
        uint16_t port;
        int listener = listen_on_loopback(1000, &port);
        eddy_stream *stream;
        int rc, tries = 0;

        set_gate(true);
        do {
                fault_arm((unsigned long)++tries, 1);
                rc = eddy_open_connection(&stream, "slow.test", port, NULL);
                if (fault_uses() < (unsigned long)tries)
                        break;
                fault_arm(0, 0);
                eddy_stream_destroy(stream);
        } while (tries < 1000);
        fault_arm(0, 0);
        assert_int_equal(rc, 0);
        assert_true(tries > 6);
        eddy_stream_destroy(stream);
        close(listener);
}

static void addresses_are_found(void)
{
        const struct addrinfo for_udp = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM};
        struct addrinfo *found;

        assert_int_equal(eddy_getaddrinfo("127.0.0.1", "80", &for_udp, &found), 0);
        assert_int_equal(found->ai_socktype, SOCK_DGRAM);
        assert_int_equal(ntohs(((struct sockaddr_in *)(void *)found->ai_addr)->sin_port), 80);
        eddy_freeaddrinfo(found);
        assert_int_equal(eddy_getaddrinfo("two.test", "80", NULL, &found), 0);
        assert_int_equal(found->ai_socktype, SOCK_STREAM);
        assert_non_null(found->ai_next);
        eddy_freeaddrinfo(found);
        assert_int_equal(eddy_getaddrinfo("127.0.0.1", "no service", NULL, &found), EDDY_ERESOLVE);
        assert_null(found);
        assert_string_not_equal(eddy_error_detail(), "");
}

static intptr_t find_slowly(void *arg)
{
        struct addrinfo *found;
        int rc = eddy_getaddrinfo("slow.test", NULL, NULL, &found);

        (void)arg;
        eddy_freeaddrinfo(found);
        return rc;
}

/** Who asks for the same at a time shares a thread, and one who gives up takes nothing from the others. */
static void several_ask_for_one_name(void)
{
        enum { COUNT = 5 };
        eddy_task *tasks[COUNT];

        set_gate(false);
        for (int i = 0; i < COUNT; i++)
                tasks[i] = eddy_create_task(find_slowly, NULL);
        until(waiting_at_gate() == 1);
        give_way();
        assert_int_equal(waiting_at_gate(), 1);
        eddy_cancel(tasks[0]); /* who began it */
        assert_int_equal(join(tasks[0]), EDDY_CANCELLED);
        set_gate(true);
        for (int i = 1; i < COUNT; i++)
                assert_int_equal(join(tasks[i]), 0);
}

/** Nobody joins a look-up that was given up: it may wait for a server that is gone. */
static void who_comes_later_begins_anew(void)
{
        eddy_task *first, *second;

        set_gate(false);
        first = eddy_create_task(find_slowly, NULL);
        until(waiting_at_gate() == 1);
        eddy_cancel(first);
        assert_int_equal(join(first), EDDY_CANCELLED);
        second = eddy_create_task(find_slowly, NULL);
        until(waiting_at_gate() == 2);
        set_gate(true);
        assert_int_equal(join(second), 0);
        until(waiting_at_gate() == 0);
}

static void finding_addresses_is_cancelled(void)
{
        eddy_task *task;

        set_gate(false);
        task = eddy_create_task(find_slowly, NULL);
        until(waiting_at_gate() == 1);
        eddy_cancel(task);
        assert_int_equal(join(task), EDDY_CANCELLED);
        set_gate(true);
        until(waiting_at_gate() == 0);
}

static void names_are_found(void)
{
        enum { NUMERIC = NI_NUMERICHOST | NI_NUMERICSERV };
        char host[NI_MAXHOST], service[NI_MAXSERV];
        unsigned long nth = 0, uses;
        eddy_address address;

        assert_int_equal(eddy_address_parse(&address, "127.0.0.1:8080"), 0);
        assert_int_equal(eddy_getnameinfo(&address, host, sizeof host, service, sizeof service, NUMERIC), 0);
        assert_string_equal(host, "127.0.0.1");
        assert_string_equal(service, "8080");
        assert_int_equal(eddy_getnameinfo(&address, NULL, 0, service, sizeof service, NUMERIC), 0);
        assert_int_equal(eddy_getnameinfo(&address, host, 4, NULL, 0, NUMERIC), EDDY_ERESOLVE);
        assert_non_null(strstr(eddy_error_detail(), "127.0.0.1:8080"));
        do {
                int rc;

                fault_arm(++nth, 1);
                rc = eddy_getnameinfo(&address, host, sizeof host, NULL, 0, NUMERIC);
                uses = fault_uses();
                fault_arm(0, 0);
                assert_true(rc == 0 || rc == -ENOMEM || rc == -EAGAIN);
        } while (uses >= nth);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(loop_goes_on_meanwhile),
            scene_test(cancelled),
            scene_test(late),
            scene_test(loop_is_closed_meanwhile),
            scene_test(program_ends_meanwhile),
            scene_test(more_than_threads),
            scene_test(server_looks_its_host_up),
            scene_test(each_use_fails_once),
            scene_test(addresses_are_found),
            scene_test(finding_addresses_is_cancelled),
            scene_test(several_ask_for_one_name),
            scene_test(who_comes_later_begins_anew),
            scene_test(names_are_found),
        };
        uint16_t port;

        close(listen_on_loopback(1, &port));
        port_of_nobody = port;
        return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
