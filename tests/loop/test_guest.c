/* A loop as the guest of something else, such as an interpreter. */
#include "testing.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/** What a host has seen of its guest. */
struct watch {
        eddy_loop *loop;
        bool is_waiting, must_leave;
        unsigned waits;
        eddy_callback sent; /* to the loop when it begins to wait, which ends that, or NULL */
        void *sent_arg;
        int socket; /* what has come here by the time of a wait is told, unless -1 */
        ssize_t there;
};

static void before_wait(void *arg)
{
        struct watch *watch = arg;
        char bytes[64];

        assert_false(watch->is_waiting);
        watch->is_waiting = true;
        watch->waits++;
        if (watch->sent)
                assert_int_equal(eddy_call_soon_threadsafe(watch->loop, NULL, watch->sent, watch->sent_arg), 0);
        if (watch->socket >= 0)
                watch->there = recv(watch->socket, bytes, sizeof bytes, MSG_DONTWAIT | MSG_PEEK);
}

static void after_wait(void *arg)
{
        struct watch *watch = arg;

        assert_true(watch->is_waiting);
        watch->is_waiting = false;
        if (watch->must_leave)
                eddy_loop_leave(watch->loop);
}

static const eddy_host host = {.before_wait = before_wait, .after_wait = after_wait};

/** Run until it waits for the first time. */
static void run_until_it_waits(struct watch *watch)
{
        watch->sent = stop;
        watch->sent_arg = watch->loop;
        assert_int_equal(eddy_loop_run_forever(watch->loop), 0);
        watch->sent = NULL;
}

static eddy_loop *new_guest(struct watch *watch)
{
        eddy_loop *loop = new_loop();

        *watch = (struct watch){.loop = loop, .socket = -1};
        assert_int_equal(eddy_loop_set_host(loop, &host, watch), 0);
        trail_clear();
        return loop;
}

TEST(is_told_of_waiting_alone)
{
        struct watch watch;
        eddy_loop *loop = new_guest(&watch);

        for (int i = 0; i < 3; i++) {
                eddy_call_soon(loop, NULL, note, "a");
                run_once(loop);
        }
        assert_int_equal(watch.waits, 0);
        run_until_it_waits(&watch);
        assert_int_equal(watch.waits, 1);
        assert_false(watch.is_waiting);
        eddy_loop_destroy(loop);
}

static void count_down(void *arg)
{
        int *left = arg;

        if (--*left > 0)
                eddy_call_soon(NULL, NULL, count_down, left);
        else
                eddy_loop_stop(NULL);
}

TEST(leaves_others_a_turn_where_it_is_never_idle)
{
        struct watch watch;
        eddy_loop *loop = new_guest(&watch);
        int left = 10 * LOOP_TURNS_A_BREAK;

        eddy_call_soon(loop, NULL, count_down, &left);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_in_range(watch.waits, 9, 11);
        eddy_loop_destroy(loop);
}

/** A callback that schedules itself, until it has run so often. */
struct chain {
        eddy_loop *loop;
        eddy_handle handle;
        int left;
};

static void go_on(void *arg)
{
        struct chain *chain = arg;

        trail_add('c');
        if (--chain->left > 0)
                eddy_call_soon(chain->loop, &chain->handle, go_on, chain);
        else
                eddy_loop_stop(chain->loop);
}

static void read_one(void *arg)
{
        char byte;

        assert_int_equal(read(*(int *)arg, &byte, 1), 1);
        trail_add('r');
}

static void write_two(void *arg)
{
        assert_int_equal(write(*(int *)arg, "xx", 2), 2);
        trail_add('w');
}

TEST(asks_the_kernel_in_every_iteration_and_keeps_its_order)
{
        struct watch watch;
        eddy_loop *loop = new_guest(&watch);
        struct chain chain = {.loop = loop, .left = 4};
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        assert_int_equal(eddy_add_reader(loop, ends[0], read_one, &ends[0]), 0);
        run_once(loop); /* the kernel knows of it */
        eddy_call_soon(loop, NULL, write_two, &ends[1]);
        eddy_call_later(loop, NULL, 0, note, "t");
        eddy_call_soon(loop, &chain.handle, go_on, &chain);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        /* The timer may be due only later, by the grain of the wheel; without it, each iteration ran the older, then what came. */
        for (char *t; (t = strchr(trail, 't'));)
                memmove(t, t + 1, strlen(t));
        assert_trail("wccrcrc");
        assert_int_equal(watch.waits, 0);
        eddy_remove_reader(loop, ends[0]);
        close(ends[0]);
        close(ends[1]);
        eddy_loop_destroy(loop);
}

/** Sets two timers, and comes back only when both are due. */
static void be_late(void *loop)
{
        eddy_time begun = eddy_loop_time(loop);

        eddy_call_later(loop, NULL, eddy_us(10), note, "t");
        eddy_call_later(loop, NULL, eddy_us(20), note, "u");
        /* Live: else this would never end. */
        while (eddy_loop_time(loop) < begun + eddy_ms(1))
                ;
        eddy_call_soon(loop, NULL, note, "a");
        eddy_call_soon(loop, NULL, note, "b");
}

TEST(has_a_live_time_and_timers_behind_what_was_ready)
{
        struct watch watch;
        eddy_loop *loop = new_guest(&watch);

        eddy_call_soon(loop, NULL, be_late, loop);
        run_once(loop);
        assert_trail("");
        run_once(loop);
        assert_trail("abtu");
        eddy_loop_destroy(loop);
}

static void leave(void *loop)
{
        trail_add('!');
        eddy_call_soon(loop, NULL, note, "4");
        eddy_loop_leave(loop);
}

TEST(leaves_in_the_middle_and_keeps_the_rest_in_order)
{
        struct watch watch;
        eddy_loop *loop = new_guest(&watch);

        eddy_call_soon(loop, NULL, note, "1");
        eddy_call_soon(loop, NULL, leave, loop);
        eddy_call_soon(loop, NULL, note, "2");
        eddy_call_soon(loop, NULL, note, "3");
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_trail("1!");
        eddy_call_soon(loop, NULL, note, "5");
        run_once(loop);
        assert_trail("2345");
        eddy_loop_leave(loop); /* nothing, where it does not run */
        eddy_call_soon(loop, NULL, note, "6");
        run_once(loop);
        assert_trail("6");
        eddy_loop_destroy(loop);
}

TEST(leaves_behind_a_wait_before_anything_runs)
{
        struct watch watch;
        eddy_loop *loop = new_guest(&watch);

        watch.must_leave = true;
        watch.sent = note;
        watch.sent_arg = "s";
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_int_equal(watch.waits, 1);
        assert_trail("");
        watch.must_leave = false;
        run_until_it_waits(&watch);
        assert_trail("s");
        eddy_loop_destroy(loop);
}

/** Another thread that answers each call with a call. */
struct partner {
        eddy_loop *loop, *its;
        int left;
        pthread_t thread;
};

static void call_back(void *arg);

static void call_partner(void *arg)
{
        struct partner *partner = arg;

        if (--partner->left == 0) {
                eddy_call_soon_threadsafe(partner->its, NULL, stop, partner->its);
                eddy_loop_stop(partner->loop);
        } else {
                eddy_call_soon_threadsafe(partner->its, NULL, call_back, partner);
        }
}

static void call_back(void *arg)
{
        struct partner *partner = arg;

        eddy_call_soon_threadsafe(partner->loop, NULL, call_partner, partner);
}

static void *run_partner(void *arg)
{
        struct partner *partner = arg;

        assert_int_equal(eddy_loop_run_forever(partner->its), 0);
        return NULL;
}

TEST(never_spins)
{
        struct watch watch;
        eddy_loop *loop = new_guest(&watch);
        struct partner partner = {.loop = loop, .left = 200};

        assert_int_equal(eddy_loop_create(&partner.its), 0);
        assert_int_equal(pthread_create(&partner.thread, NULL, run_partner, &partner), 0);
        eddy_call_soon(loop, NULL, call_partner, &partner);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        pthread_join(partner.thread, NULL);
        /* It has slept shortly often enough for spinning to seem worth while. */
        assert_false(loop->spin.is_promising);
        assert_int_equal(loop->spin.penalty, 0);
        eddy_loop_destroy(partner.its);
        eddy_loop_destroy(loop);
}

static const eddy_protocol silent;

static void write_twice(void *arg)
{
        assert_int_equal(eddy_transport_write(arg, "ab", 2), 0);
        assert_int_equal(eddy_transport_write(arg, "cd", 2), 0);
}

TEST(sends_at_the_end_of_an_iteration_what_was_written_in_it)
{
        struct watch watch;
        eddy_loop *loop = new_guest(&watch);
        eddy_transport *transport;
        int ends[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
        assert_int_equal(eddy_transport_from_socket(&transport, loop, ends[0], &silent, NULL), 0);
        run_once(loop);
        watch.socket = ends[1];
        eddy_call_soon(loop, NULL, write_twice, transport);
        run_until_it_waits(&watch);
        /* Here it has left before the first wait; io_uring sends by the very call that waits. */
        if (strcmp(eddy_loop_backend(loop), "epoll") == 0)
                assert_int_equal(watch.there, 4);
        eddy_transport_abort(transport);
        run_once(loop);
        close(ends[1]);
        eddy_loop_destroy(loop);
}

TEST(sends_what_was_written_while_it_did_not_run)
{
        struct watch watch;
        eddy_loop *loop = new_guest(&watch);
        eddy_transport *transport;
        char bytes[2];
        int ends[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
        assert_int_equal(eddy_transport_from_socket(&transport, loop, ends[0], &silent, NULL), 0);
        run_once(loop);
        assert_int_equal(eddy_transport_write(transport, "ab", 2), 0);
        assert_int_equal(eddy_add_reader(loop, ends[1], stop, loop), 0);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_int_equal(read(ends[1], bytes, 2), 2);
        eddy_remove_reader(loop, ends[1]);
        eddy_transport_abort(transport);
        run_once(loop);
        close(ends[1]);
        eddy_loop_destroy(loop);
}

TEST(sets_no_signal_handler)
{
        struct sigaction before[NSIG], after;
        struct watch watch;
        eddy_loop *loop;

        for (int i = 1; i < NSIG; i++)
                if (sigaction(i, NULL, &before[i]) < 0)
                        before[i].sa_handler = SIG_ERR;
        loop = new_guest(&watch);
        eddy_call_later(loop, NULL, eddy_us(100), stop, loop);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        for (int i = 1; i < NSIG; i++)
                if (before[i].sa_handler != SIG_ERR && sigaction(i, NULL, &after) == 0)
                        assert_true(before[i].sa_handler == after.sa_handler);
        eddy_loop_destroy(loop);
}

/** In a child: whether its parent's loop is refused, and one of its own runs. */
static bool begins_anew(eddy_loop *inherited)
{
        struct watch watch = {.socket = -1};
        eddy_loop *own;

        if (eddy_running_loop() || eddy_loop_run_forever(inherited) == 0 || eddy_loop_create(&own) < 0)
                return false;
        watch.loop = own;
        if (eddy_loop_set_host(own, &host, &watch) < 0)
                return false;
        run_until_it_waits(&watch);
        return watch.waits == 1;
}

static void fork_here(void *arg)
{
        struct watch *watch = arg;
        pid_t child = fork();
        int status;

        if (child == 0)
                _exit(begins_anew(watch->loop) ? 0 : 1);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        trail_add('f');
}

TEST(works_in_a_process_that_forks)
{
        struct watch watch;
        eddy_loop *loop = new_guest(&watch);

        eddy_call_soon(loop, NULL, fork_here, &watch);
        eddy_call_soon(loop, NULL, note, "a");
        run_until_it_waits(&watch);
        assert_trail("fa");
        eddy_loop_destroy(loop);
}

static void host_too_late(void *loop)
{
        assert_int_equal(eddy_loop_set_host(loop, &host, NULL), EDDY_ELOOPRUNNING);
        trail_add('h');
}

TEST(becomes_a_guest_only_while_it_does_not_run)
{
        struct watch watch;
        eddy_loop *loop = new_guest(&watch);

        eddy_call_soon(loop, NULL, host_too_late, loop);
        run_once(loop);
        assert_trail("h");
        assert_int_equal(eddy_loop_set_host(loop, NULL, NULL), 0);
        eddy_call_later(loop, NULL, eddy_ms(1), stop, loop);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_int_equal(watch.waits, 0);
        eddy_loop_close(loop);
        assert_int_equal(eddy_loop_set_host(loop, &host, NULL), EDDY_ELOOPCLOSED);
        eddy_loop_destroy(loop);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(is_told_of_waiting_alone),
            cmocka_unit_test(leaves_others_a_turn_where_it_is_never_idle),
            cmocka_unit_test(asks_the_kernel_in_every_iteration_and_keeps_its_order),
            cmocka_unit_test(has_a_live_time_and_timers_behind_what_was_ready),
            cmocka_unit_test(leaves_in_the_middle_and_keeps_the_rest_in_order),
            cmocka_unit_test(leaves_behind_a_wait_before_anything_runs),
            cmocka_unit_test(never_spins),
            cmocka_unit_test(sends_at_the_end_of_an_iteration_what_was_written_in_it),
            cmocka_unit_test(sends_what_was_written_while_it_did_not_run),
            cmocka_unit_test(sets_no_signal_handler),
            cmocka_unit_test(works_in_a_process_that_forks),
            cmocka_unit_test(becomes_a_guest_only_while_it_does_not_run),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
