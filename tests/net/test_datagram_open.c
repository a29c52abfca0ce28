/* Opening datagram sockets below tasks: a callback gets the descriptor, and however it ends, none is left. */
#include "helpers_stage.h"

#include "net/datagram_open.h"
#include <fcntl.h>
#include <sys/stat.h>

/** Somebody who opens one. */
struct caller {
        struct datagram_opener opener;
        unsigned calls;
        int outcome;
};

static void note_outcome(struct datagram_opener *opener, int outcome)
{
        struct caller *caller = container_of(opener, struct caller, opener);

        caller->calls++;
        caller->outcome = outcome;
}

static int begin(struct caller *caller, eddy_loop *loop, const eddy_datagram_options *options)
{
        *caller = (struct caller){.opener.done = note_outcome};
        caller->outcome = datagram_opener_begin(&caller->opener, loop, options);
        return caller->outcome;
}

static int open_now(struct caller *caller, eddy_loop *loop, const eddy_datagram_options *options)
{
        begin(caller, loop, options);
        run_until(loop, caller->outcome != EDDY_PENDING);
        return caller->outcome;
}

/** Close what was opened. */
static void done_with(struct caller *caller)
{
        if (caller->outcome >= 0)
                close(caller->outcome);
        datagram_opener_finish(&caller->opener);
}

static void assert_own_address(int fd, const char *text)
{
        char actual[EDDY_ADDRESS_TEXT_SIZE];
        eddy_address address;

        assert_int_equal(eddy_address_of_socket(&address, fd), 0);
        assert_memory_equal(eddy_address_print(&address, actual), text, strlen(text));
}

static void assert_peer(int fd, const char *text)
{
        char actual[EDDY_ADDRESS_TEXT_SIZE];
        eddy_address address;

        assert_int_equal(eddy_address_of_peer(&address, fd), 0);
        assert_string_equal(eddy_address_print(&address, actual), text);
}

/** A datagram socket at a free port of an address. */
static int hold_datagrams(const char *text, uint16_t *port)
{
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        eddy_address address;

        assert_int_equal(eddy_address_parse(&address, text), 0);
        assert_int_equal(bind(fd, &address.any, address.size), 0);
        assert_int_equal(eddy_address_of_socket(&address, fd), 0);
        *port = eddy_address_port(&address);
        return fd;
}

static bool is_on(int fd, int option)
{
        int on = 0;
        socklen_t size = sizeof on;

        assert_int_equal(getsockopt(fd, SOL_SOCKET, option, &on, &size), 0);
        return on;
}

TEST(by_number_and_by_name)
{
        static const char *const hosts[] = {"127.0.0.1", "localhost", NULL};
        struct stage stage;

        open_stage(&stage);
        for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
                struct caller caller;
                int fd = open_now(&caller, stage.loop,
                                  &(eddy_datagram_options){.local_host = hosts[i], .family = AF_INET});

                assert_true(fd >= 0);
                assert_int_equal(caller.calls, i == 1);
                assert_int_equal(caller.opener.family, AF_INET);
                assert_own_address(fd, hosts[i] ? "127.0.0.1:" : "0.0.0.0:");
                assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
                assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
                done_with(&caller);
        }
        close_stage(&stage);
}

TEST(options)
{
        struct stage stage;
        struct caller plain, caller;

        open_stage(&stage);
        assert_true(open_now(&plain, stage.loop, NULL) >= 0);
        assert_own_address(plain.outcome, "0.0.0.0:");
        assert_true(open_now(&caller, stage.loop,
                             &(eddy_datagram_options){.reuse_port = true, .broadcast = true}) >= 0);
        assert_false(is_on(plain.outcome, SO_REUSEPORT));
        assert_false(is_on(plain.outcome, SO_BROADCAST));
        assert_true(is_on(caller.outcome, SO_REUSEPORT));
        assert_true(is_on(caller.outcome, SO_BROADCAST));
        done_with(&plain);
        done_with(&caller);
        close_stage(&stage);
}

TEST(connected)
{
        struct stage stage;
        struct caller caller;

        open_stage(&stage);
        assert_true(open_now(&caller, stage.loop,
                             &(eddy_datagram_options){.remote_host = "two.test", .remote_port = 9}) >= 0);
        assert_peer(caller.outcome, "127.0.0.2:9");
        done_with(&caller);
        assert_true(
            open_now(&caller, stage.loop, &(eddy_datagram_options){.remote_port = 9, .family = AF_INET}) >= 0);
        assert_peer(caller.outcome, "127.0.0.1:9");
        done_with(&caller);
        assert_true(open_now(&caller, stage.loop,
                             &(eddy_datagram_options){.remote_host = "127.0.0.1",
                                                      .remote_port = 9,
                                                      .local_host = "127.0.0.3"}) >= 0);
        assert_peer(caller.outcome, "127.0.0.1:9");
        assert_own_address(caller.outcome, "127.0.0.3:");
        done_with(&caller);
        close_stage(&stage);
}

/** Of a host to receive on, or to be connected from, the first address that may be used is. */
TEST(each_local_address_is_tried)
{
        static const char *const remotes[] = {NULL, "127.0.0.1"};

        for (size_t i = 0; i < sizeof remotes / sizeof remotes[0]; i++) {
                struct stage stage;
                struct caller caller;
                uint16_t port;
                int taken = -1;

                open_stage(&stage);
                do { /* until the port that is taken at the first is free at the second, which others may have */
                        if (taken >= 0)
                                close(taken);
                        taken = hold_datagrams("127.0.0.2:0", &port);
                        open_now(&caller, stage.loop,
                                 &(eddy_datagram_options){
                                     .local_host = "two.test",
                                     .local_port = port,
                                     .remote_host = remotes[i],
                                     .remote_port = remotes[i] ? 9 : 0,
                                 });
                        if (caller.outcome < 0)
                                done_with(&caller);
                } while (caller.outcome == -EADDRINUSE);
                assert_true(caller.outcome >= 0);
                assert_own_address(caller.outcome, "127.0.0.1:");
                done_with(&caller);
                close(taken);
                close_stage(&stage);
        }
}

/** A host to be connected from may have an address of the family only where that is asked for. */
TEST(comes_from_the_family_of_where_it_goes)
{
        struct stage stage;
        struct caller caller;

        open_stage(&stage);
        if (open_now(&caller, stage.loop, &(eddy_datagram_options){.local_host = "::1"}) < 0) {
                print_message("left out: no IPv6\n");
        } else {
                done_with(&caller);
                assert_true(open_now(&caller, stage.loop,
                                     &(eddy_datagram_options){.remote_host = "::1",
                                                              .remote_port = 9,
                                                              .local_host = "lopsided.test"}) >= 0);
                assert_own_address(caller.outcome, "[::1]:");
        }
        done_with(&caller);
        close_stage(&stage);
}

static void assert_fails(struct stage *stage, const eddy_datagram_options *options, int rc,
                         const char *sentence)
{
        struct caller caller;

        assert_int_equal(open_now(&caller, stage->loop, options), rc);
        assert_non_null(caller.opener.detail);
        assert_memory_equal(caller.opener.detail->text, sentence, strlen(sentence));
        done_with(&caller);
        assert_null(caller.opener.detail);
}

TEST(failures_have_a_sentence)
{
        struct stage stage;
        struct caller caller;
        uint16_t port;
        int taken;

        open_stage(&stage);
        taken = hold_datagrams("0.0.0.0:0", &port);
        assert_fails(&stage, &(eddy_datagram_options){.local_port = port}, -EADDRINUSE,
                     "cannot receive on 0.0.0.0:");
        assert_fails(&stage, &(eddy_datagram_options){.local_host = "two.test", .local_port = port},
                     -EADDRINUSE, "cannot receive on 127.0.0.1:");
        assert_fails(&stage,
                     &(eddy_datagram_options){.remote_host = "127.0.0.1", .remote_port = 9, .local_port = port},
                     -EADDRINUSE, "cannot connect to 127.0.0.1:9: ");
        assert_fails(&stage, &(eddy_datagram_options){.remote_host = "255.255.255.255", .remote_port = 9},
                     -EACCES, "cannot connect to 255.255.255.255:9: ");
        assert_fails(&stage, &(eddy_datagram_options){.remote_host = "no-such-host..invalid", .remote_port = 9},
                     EDDY_ERESOLVE, "no-such-host..invalid: ");
        assert_fails(&stage,
                     &(eddy_datagram_options){
                         .remote_host = "127.0.0.1", .remote_port = 9, .local_host = "no-such-host..invalid"},
                     EDDY_ERESOLVE, "no-such-host..invalid: ");
        assert_fails(
            &stage, &(eddy_datagram_options){.remote_host = "127.0.0.1", .remote_port = 9, .local_host = "::1"},
            EDDY_ERESOLVE, "::1: ");
        close(taken);
        eddy_loop_close(stage.loop);
        assert_int_equal(begin(&caller, stage.loop, NULL), EDDY_ELOOPCLOSED);
        done_with(&caller);
        close_stage(&stage);
}

/** Where names are looked up in vain, of one end or of both. */
static const eddy_datagram_options slow[] = {
    {.local_host = "slow.test"},
    {.remote_host = "slow.test", .remote_port = 9},
    {.remote_host = "127.0.0.1", .remote_port = 9, .local_host = "slow-own.test"},
    {.remote_host = "slow.test", .remote_port = 9, .local_host = "slow-own.test"},
    {.remote_host = "slow.test", .remote_port = 9, .local_host = "localhost"},
};

enum { SLOW_ONES = sizeof slow / sizeof slow[0] };

TEST(given_up)
{
        struct stage stage;

        open_stage(&stage);
        for (int turns = 0; turns < 3; turns++)
                for (size_t i = 0; i < SLOW_ONES; i++) {
                        struct caller caller;

                        set_gate(false);
                        assert_int_equal(begin(&caller, stage.loop, &slow[i]), EDDY_PENDING);
                        for (int turn = 0; turn < turns * 10; turn++)
                                run_once(stage.loop);
                        datagram_opener_finish(&caller.opener);
                        datagram_opener_finish(&caller.opener);
                        set_gate(true);
                        settle_gate();
                        for (int turn = 0; turn < 10; turn++)
                                run_once(stage.loop);
                        assert_int_equal(caller.calls, 0);
                }
        close_stage(&stage);
}

/** Nobody is told, and nothing is left, also where its owner ends with the loop. */
TEST(loop_closes_meanwhile)
{
        unsigned before;

        settle_gate();
        before = count_descriptors();
        for (int turns = 0; turns < 3; turns++)
                for (size_t i = 0; i < SLOW_ONES; i++) {
                        eddy_loop *loop = new_loop();
                        struct caller caller;

                        set_gate(false);
                        assert_int_equal(begin(&caller, loop, &slow[i]), EDDY_PENDING);
                        for (int turn = 0; turn < turns * 10; turn++)
                                run_once(loop);
                        eddy_loop_destroy(loop);
                        assert_int_equal(caller.calls, 0);
                        assert_null(caller.opener.route.remote.found);
                        assert_null(caller.opener.route.local.found);
                        set_gate(true);
                        settle_gate();
                }
        assert_int_equal(count_descriptors(), before);
}

/** Whatever the system refuses, it is told and nothing is left. */
TEST(each_use_fails_once)
{
        unsigned long nth = 0, uses;

        do {
                const eddy_datagram_options all = {
                    .remote_host = "two.test",
                    .remote_port = 9,
                    .local_host = "localhost",
                    .family = AF_INET,
                    .reuse_port = true,
                    .broadcast = true,
                };
                struct stage stage;
                struct caller caller;

                open_stage(&stage);
                fault_arm(++nth, 1);
                begin(&caller, stage.loop, &all);
                while (caller.outcome == EDDY_PENDING) {
                        eddy_loop_stop(stage.loop);
                        eddy_loop_run_forever(stage.loop);
                }
                uses = fault_uses();
                fault_arm(0, 0);
                done_with(&caller);
                close_stage(&stage);
        } while (uses >= nth);
        assert_true(nth > 10);
}

static bool exists(const char *path)
{
        struct stat status;

        return lstat(path, &status) == 0;
}

TEST(by_path)
{
        struct socket_file file = {.path = NULL}, none = {.path = NULL};
        unsigned before = count_descriptors();
        char path[64];
        int ends[2];

        snprintf(path, sizeof path, "/tmp/eddy-datagram-open-%d", (int)getpid());
        ends[0] = datagram_open_unix(&file, path, NULL);
        assert_true(ends[0] >= 0);
        assert_true(exists(path));
        ends[1] = datagram_open_unix(&none, NULL, path);
        assert_true(ends[1] >= 0);
        assert_null(none.path);
        assert_peer(ends[1], path);
        close(ends[0]);
        close(ends[1]);
        socket_file_remove(&file);
        assert_false(exists(path));
        /* And nothing is left where half of it can be done. */
        assert_int_equal(datagram_open_unix(&file, path, "/no/such/socket"), -ENOENT);
        assert_memory_equal(eddy_error_detail(), "cannot connect to /no/such/socket: ", 35);
        assert_false(exists(path));
        assert_int_equal(datagram_open_unix(&file, "/no/such/socket", NULL), -ENOENT);
        assert_memory_equal(eddy_error_detail(), "cannot receive on /no/such/socket: ", 35);
        assert_null(file.path);
        assert_int_equal(count_descriptors(), before);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(by_number_and_by_name),
            cmocka_unit_test(options),
            cmocka_unit_test(connected),
            cmocka_unit_test(each_local_address_is_tried),
            cmocka_unit_test(comes_from_the_family_of_where_it_goes),
            cmocka_unit_test(failures_have_a_sentence),
            cmocka_unit_test(given_up),
            cmocka_unit_test(loop_closes_meanwhile),
            cmocka_unit_test(each_use_fails_once),
            cmocka_unit_test(by_path),
        };

        return cmocka_run_group_tests_name("datagram_open", tests, NULL, NULL);
}
