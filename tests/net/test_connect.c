/* Connecting below tasks: a callback gets the descriptor, and however it ends, each descriptor is closed once. */
#include "helpers_deaf.h"
#include "helpers_stage.h"

#include "net/connect.h"
#include <fcntl.h>

/** Somebody who connects. */
struct caller {
        struct connector connector;
        unsigned calls;
        int outcome;
};

static void note_outcome(struct connector *connector, int outcome)
{
        struct caller *caller = container_of(connector, struct caller, connector);

        caller->calls++;
        caller->outcome = outcome;
}

static int begin(struct caller *caller, eddy_loop *loop, const char *host, uint16_t port,
                 const eddy_connect_options *options)
{
        *caller = (struct caller){.connector.done = note_outcome};
        caller->outcome = connector_begin(&caller->connector, loop, host, port, options);
        return caller->outcome;
}

static int finish(struct caller *caller, eddy_loop *loop)
{
        run_until(loop, caller->outcome != EDDY_PENDING);
        return caller->outcome;
}

static int connect_now(struct caller *caller, eddy_loop *loop, const char *host, uint16_t port,
                       const eddy_connect_options *options)
{
        begin(caller, loop, host, port, options);
        return finish(caller, loop);
}

TEST(by_number_and_by_name)
{
        static const char *const hosts[] = {"127.0.0.1", "localhost", "two.test", NULL};
        struct stage stage;
        uint16_t port;
        int listener;

        open_stage(&stage);
        listener = listen_on_loopback(8, &port);
        for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
                struct caller caller;
                int fd = connect_now(&caller, stage.loop, hosts[i], port,
                                     &(eddy_connect_options){.family = AF_INET});

                assert_true(fd >= 0);
                assert_int_equal(caller.connector.family, AF_INET);
                assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
                assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
                connector_finish(&caller.connector);
                loop_close_descriptor(stage.loop, fd);
        }
        close(listener);
        close_stage(&stage);
}

TEST(failures_have_a_sentence)
{
        struct stage stage;
        struct caller caller;
        uint16_t port = 0;
        int holder;

        open_stage(&stage);
        holder = hold_port(&port);
        assert_int_equal(connect_now(&caller, stage.loop, "two.test", port, NULL), -ECONNREFUSED);
        assert_non_null(strstr(caller.connector.detail->text, "cannot connect to two.test (127.0.0.1:"));
        connector_finish(&caller.connector);
        assert_int_equal(connect_now(&caller, stage.loop, "no-such-host..invalid", port, NULL), EDDY_ERESOLVE);
        assert_non_null(strstr(caller.connector.detail->text, "no-such-host..invalid: "));
        connector_finish(&caller.connector);
        /* Where from. */
        assert_int_equal(connect_now(&caller, stage.loop, "127.0.0.1", port,
                                     &(eddy_connect_options){.local_host = "no-such-host..invalid"}),
                         EDDY_ERESOLVE);
        assert_non_null(strstr(caller.connector.detail->text, "no-such-host..invalid: "));
        connector_finish(&caller.connector);
        assert_int_equal(
            connect_now(&caller, stage.loop, "127.0.0.1", port, &(eddy_connect_options){.local_host = "::1"}),
            -EADDRNOTAVAIL);
        connector_finish(&caller.connector);
        close(holder);
        close_stage(&stage);
}

/** Of a host that is to be connected from, the first address that may be used is. */
TEST(each_local_address_is_tried)
{
        struct stage stage;
        struct caller caller;
        uint16_t port, own;
        int listener, taken = -1;
        eddy_address address;
        char text[EDDY_ADDRESS_TEXT_SIZE];

        open_stage(&stage);
        listener = listen_on_loopback(1, &port);
        do { /* until the port that is free at the first is so at the second, which others may have */
                if (taken >= 0)
                        close(taken);
                taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
                assert_int_equal(eddy_address_parse(&address, "127.0.0.2:0"), 0);
                assert_int_equal(bind(taken, &address.any, address.size), 0);
                assert_int_equal(eddy_address_of_socket(&address, taken), 0);
                own = eddy_address_port(&address);
                connect_now(&caller, stage.loop, "127.0.0.1", port,
                            &(eddy_connect_options){.local_host = "two.test", .local_port = own});
                if (caller.outcome < 0)
                        connector_finish(&caller.connector);
        } while (caller.outcome == -EADDRINUSE);
        assert_true(caller.outcome >= 0);
        assert_int_equal(eddy_address_of_socket(&address, caller.outcome), 0);
        assert_memory_equal(eddy_address_print(&address, text), "127.0.0.1:", 10);
        connector_finish(&caller.connector);
        loop_close_descriptor(stage.loop, caller.outcome);
        close(taken);
        close(listener);
        close_stage(&stage);
}

/** What every address answers to decides in which order they are tried. */
TEST(first_family_may_have_more)
{
        struct stage stage;
        struct caller caller;
        uint16_t port = 0;
        int holder;

        open_stage(&stage);
        holder = hold_port(&port);
        assert_true(connect_now(&caller, stage.loop, "mixed.test", port, NULL) < 0);
        assert_non_null(strstr(caller.connector.detail->text, "(127.0.0.1:"));
        connector_finish(&caller.connector);
        assert_true(connect_now(&caller, stage.loop, "mixed.test", port,
                                &(eddy_connect_options){.first_family_count = 2}) < 0);
        assert_non_null(strstr(caller.connector.detail->text, "([::1]:"));
        connector_finish(&caller.connector);
        close(holder);
        close_stage(&stage);
}

/** At each step: while names are looked up, while addresses are tried, and before the first turn. */
TEST(cancelled)
{
        static const char *const hosts[] = {"slow.test", "127.0.0.1", "two.test"};
        struct stage stage;
        struct deaf deaf, second;

        open_stage(&stage);
        deaf_open(&deaf);
        deaf_open_at(&second, "127.0.0.2", deaf.port);
        for (int turns = 0; turns < 4; turns++)
                for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
                        eddy_connect_options options = {.happy_eyeballs_delay = eddy_us(1),
                                                        .local_host = i == 1 ? "slow-own.test" : NULL};
                        struct caller caller;

                        set_gate(i == 1);
                        assert_int_equal(begin(&caller, stage.loop, hosts[i], deaf.port, &options),
                                         EDDY_PENDING);
                        for (int turn = 0; turn < turns * 10; turn++)
                                run_once(stage.loop);
                        connector_cancel(&caller.connector);
                        connector_cancel(&caller.connector);
                        assert_int_equal(caller.calls, 0); /* never within a call */
                        assert_int_equal(finish(&caller, stage.loop), EDDY_CANCELLED);
                        run_once(stage.loop);
                        assert_int_equal(caller.calls, 1);
                        connector_finish(&caller.connector);
                        set_gate(true);
                }
        deaf_close(&second);
        deaf_close(&deaf);
        close_stage(&stage);
}

static void note_reader(void *arg)
{
        ++*(unsigned *)arg;
}

/** The number of a descriptor that was given up is at once somebody else's, and nothing of the connection's is left on
 * it. */
TEST(numbers_come_back)
{
        struct stage stage;
        struct deaf deaf;

        open_stage(&stage);
        deaf_open(&deaf);
        for (int i = 0; i < 50; i++) {
                struct caller caller;
                int reserve = dup(0), ends[2];
                unsigned reads = 0;
                char byte;

                close(reserve);
                assert_int_equal(begin(&caller, stage.loop, "127.0.0.1", deaf.port, NULL), EDDY_PENDING);
                for (int turn = 0; turn < i % 3; turn++)
                        run_once(stage.loop);
                connector_cancel(&caller.connector);
                assert_int_equal(finish(&caller, stage.loop), EDDY_CANCELLED);
                connector_finish(&caller.connector);
                assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
                assert_int_equal(ends[0], reserve);
                assert_int_equal(eddy_add_reader(stage.loop, ends[0], note_reader, &reads), 0);
                for (int turn = 0; turn < 3; turn++)
                        run_once(stage.loop);
                assert_int_equal(reads, 0);
                assert_int_equal(write(ends[1], "x", 1), 1);
                run_until(stage.loop, reads > 0);
                assert_int_equal(read(ends[0], &byte, 1), 1);
                eddy_remove_reader(stage.loop, ends[0]);
                close(ends[0]);
                close(ends[1]);
        }
        deaf_close(&deaf);
        close_stage(&stage);
}

/** One that is connected when it is given up is not lost: whoever is told gets the descriptor. */
TEST(cancelled_when_it_is_decided)
{
        eddy_connect_options options = {.happy_eyeballs_delay = eddy_us(1)};
        struct stage stage;
        uint16_t port;
        int listener;

        open_stage(&stage);
        listener = listen_on_loopback(64, &port);
        for (int turns = 0; turns < 20; turns++) {
                struct caller caller;

                begin(&caller, stage.loop, "two.test", port, &options);
                for (int turn = 0; turn < turns; turn++)
                        run_once(stage.loop);
                if (caller.outcome == EDDY_PENDING)
                        connector_cancel(&caller.connector);
                assert_true(finish(&caller, stage.loop) >= 0 || caller.outcome == EDDY_CANCELLED);
                if (caller.outcome >= 0)
                        loop_close_descriptor(stage.loop, caller.outcome);
                connector_finish(&caller.connector);
        }
        close(listener);
        close_stage(&stage);
}

/** Nobody is told, and nothing is left: while names are looked up, while addresses are tried, after it was given up. */
TEST(loop_closes_meanwhile)
{
        static const char *const hosts[] = {"slow.test", "127.0.0.1", "two.test"};
        unsigned before = count_descriptors();
        struct deaf deaf;

        deaf_open(&deaf);
        for (int turns = 0; turns < 6; turns++)
                for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
                        eddy_connect_options options = {.happy_eyeballs_delay = eddy_us(1)};
                        eddy_loop *loop = new_loop();
                        struct caller caller;

                        set_gate(false);
                        assert_int_equal(begin(&caller, loop, hosts[i], deaf.port, &options), EDDY_PENDING);
                        for (int turn = 0; turn < turns / 2 && caller.outcome == EDDY_PENDING; turn++)
                                run_once(loop);
                        if (turns % 2 && caller.outcome == EDDY_PENDING)
                                connector_cancel(&caller.connector);
                        eddy_loop_destroy(loop);
                        assert_true(caller.calls == 0 || caller.outcome < 0);
                        connector_finish(&caller.connector);
                        set_gate(true);
                }
        deaf_close(&deaf);
        assert_int_equal(count_descriptors(), before);
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

static void count_cancel(void *request, void *arg)
{
        assert_non_null(request);
        ++*(unsigned *)arg;
}

/** A resolver for one call, which never answers. */
TEST(resolver_never_answers)
{
        unsigned cancelled = 0;
        eddy_resolver resolver = {.begin = keep_silent, .cancel = count_cancel, .arg = &cancelled};
        eddy_connect_options options = {.resolver = &resolver, .local_host = "own.test"};
        struct stage stage;
        struct caller caller;

        open_stage(&stage);
        assert_int_equal(begin(&caller, stage.loop, "silent.test", 80, &options), EDDY_PENDING);
        connector_cancel(&caller.connector);
        assert_int_equal(cancelled, 2);
        assert_int_equal(finish(&caller, stage.loop), EDDY_CANCELLED);
        connector_finish(&caller.connector);
        assert_int_equal(begin(&caller, stage.loop, "silent.test", 80, &options), EDDY_PENDING);
        close_stage(&stage);
        assert_int_equal(cancelled, 4);
        assert_int_equal(caller.calls, 0);
        connector_finish(&caller.connector);
}

/** A path whose backlog is full is tried until there is room, or whoever tries gives up. */
TEST(full_backlog_of_a_path)
{
        struct sockaddr_un any = {.sun_family = AF_UNIX};
        char path[EDDY_ADDRESS_TEXT_SIZE];
        struct caller first, second;
        struct stage stage;
        eddy_address address;
        int listener, accepted;

        open_stage(&stage);
        listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(listener, (struct sockaddr *)&any, sizeof any.sun_family), 0);
        assert_int_equal(listen(listener, 0), 0);
        assert_int_equal(eddy_address_of_socket(&address, listener), 0);
        eddy_address_print(&address, path);

        first = second = (struct caller){.connector.done = note_outcome, .outcome = EDDY_PENDING};
        first.outcome = connector_begin_path(&first.connector, stage.loop, path);
        assert_true(first.outcome >= 0); /* at once */
        assert_int_equal(first.connector.family, AF_UNIX);
        assert_int_equal(connector_begin_path(&second.connector, stage.loop, path), EDDY_PENDING);
        run_once(stage.loop);
        connector_cancel(&second.connector);
        assert_int_equal(finish(&second, stage.loop), EDDY_CANCELLED);
        connector_finish(&second.connector);

        second = (struct caller){.connector.done = note_outcome, .outcome = EDDY_PENDING};
        assert_int_equal(connector_begin_path(&second.connector, stage.loop, path), EDDY_PENDING);
        accepted = accept(listener, NULL, NULL);
        close(accepted);
        assert_true(finish(&second, stage.loop) >= 0);
        loop_close_descriptor(stage.loop, first.outcome);
        loop_close_descriptor(stage.loop, second.outcome);
        close(listener);

        second = (struct caller){.connector.done = note_outcome};
        assert_int_equal(connector_begin_path(&second.connector, stage.loop, path), -ECONNREFUSED);
        assert_non_null(strstr(second.connector.detail->text, path));
        connector_finish(&second.connector);
        assert_int_equal(connector_begin_path(&second.connector, stage.loop, ""), -EINVAL);
        connector_finish(&second.connector);
        close_stage(&stage);
}

/** Whatever the system refuses, it is told and nothing is left. */
TEST(each_use_fails_once)
{
        unsigned long nth = 0, uses;
        uint16_t port;
        int listener = listen_on_loopback(1000, &port);

        do {
                eddy_connect_options options = {.local_host = "localhost", .family = AF_INET};
                struct stage stage;
                struct caller caller;

                open_stage(&stage);
                fault_arm(++nth, 1);
                begin(&caller, stage.loop, "two.test", port, &options);
                while (caller.outcome == EDDY_PENDING) {
                        eddy_loop_stop(stage.loop);
                        eddy_loop_run_forever(stage.loop);
                }
                uses = fault_uses();
                fault_arm(0, 0);
                if (caller.outcome >= 0)
                        loop_close_descriptor(stage.loop, caller.outcome);
                connector_finish(&caller.connector);
                close_stage(&stage);
        } while (uses >= nth);
        assert_true(nth > 10);
        close(listener);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(by_number_and_by_name),
            cmocka_unit_test(failures_have_a_sentence),
            cmocka_unit_test(each_local_address_is_tried),
            cmocka_unit_test(first_family_may_have_more),
            cmocka_unit_test(cancelled),
            cmocka_unit_test(numbers_come_back),
            cmocka_unit_test(cancelled_when_it_is_decided),
            cmocka_unit_test(loop_closes_meanwhile),
            cmocka_unit_test(resolver_never_answers),
            cmocka_unit_test(full_backlog_of_a_path),
            cmocka_unit_test(each_use_fails_once),
        };

        return cmocka_run_group_tests_name("connect", tests, NULL, NULL);
}
