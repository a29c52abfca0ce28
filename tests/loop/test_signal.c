#include "testing.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void note_and_stop(void *loop)
{
        note("s");
        eddy_loop_stop(loop);
}

TEST(calls_back_in_the_loop_and_not_in_signal_context)
{
        eddy_loop *loop = new_loop();

        trail_clear();
        assert_int_equal(eddy_add_signal_handler(loop, SIGUSR1, note_and_stop, loop), 0);
        raise(SIGUSR1);
        assert_trail("");
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_trail("s");
        eddy_loop_destroy(loop);
}

TEST(counts_several_deliveries_as_one)
{
        eddy_loop *loop = new_loop();

        trail_clear();
        eddy_add_signal_handler(loop, SIGUSR1, note, "1");
        eddy_add_signal_handler(loop, SIGUSR2, note, "2");
        for (int i = 0; i < 5; i++)
                raise(SIGUSR1);
        raise(SIGUSR2);
        run_once(loop);
        run_once(loop);
        assert_trail("12");
        raise(SIGUSR2);
        run_once(loop);
        assert_trail("2");
        eddy_loop_destroy(loop);
}

static void *send_signal(void *thread)
{
        pthread_kill(*(pthread_t *)thread, SIGUSR1);
        return NULL;
}

TEST(wakes_a_loop_that_waits)
{
        pthread_t self = pthread_self(), thread;
        eddy_loop *loop = new_loop();

        for (unsigned i = 0; i < 200; i++) {
                trail_clear();
                eddy_add_signal_handler(loop, SIGUSR1, note_and_stop, loop);
                assert_int_equal(pthread_create(&thread, NULL, send_signal, &self), 0);
                assert_int_equal(eddy_loop_run_forever(loop), 0);
                pthread_join(thread, NULL);
                assert_trail("s");
        }
        eddy_loop_destroy(loop);
}

static volatile sig_atomic_t handled_by_other;

static void other_handler(int signum)
{
        handled_by_other = signum;
}

TEST(puts_back_what_was_before)
{
        struct sigaction other = {.sa_handler = other_handler}, now;
        eddy_loop *loop = new_loop();

        trail_clear();
        handled_by_other = 0;
        sigaction(SIGUSR1, &other, NULL);
        eddy_add_signal_handler(loop, SIGUSR1, note, "x");
        eddy_add_signal_handler(loop, SIGUSR1, note, "y"); /* replaces */
        raise(SIGUSR1);
        run_once(loop);
        assert_trail("y");
        assert_true(eddy_remove_signal_handler(loop, SIGUSR1));
        assert_false(eddy_remove_signal_handler(loop, SIGUSR1));
        raise(SIGUSR1);
        assert_int_equal(handled_by_other, SIGUSR1);
        run_once(loop);
        assert_trail("");
        /* So does closing the loop. */
        eddy_add_signal_handler(loop, SIGUSR1, note, "x");
        eddy_loop_destroy(loop);
        sigaction(SIGUSR1, NULL, &now);
        assert_ptr_equal(now.sa_handler, other_handler);
        signal(SIGUSR1, SIG_DFL);
}

TEST(drops_what_is_pending_when_removed)
{
        eddy_loop *loop = new_loop();

        trail_clear();
        eddy_add_signal_handler(loop, SIGUSR1, note, "x");
        raise(SIGUSR1);
        eddy_remove_signal_handler(loop, SIGUSR1);
        eddy_add_signal_handler(loop, SIGUSR1, note, "y");
        run_once(loop);
        assert_trail("");
        eddy_loop_destroy(loop);
}

TEST(refuses_what_cannot_be)
{
        eddy_loop *loop = new_loop(), *other;

        eddy_loop_create(&other);
        assert_int_equal(eddy_add_signal_handler(loop, 0, note, "x"), -EINVAL);
        assert_int_equal(eddy_add_signal_handler(loop, -1, note, "x"), -EINVAL);
        assert_int_equal(eddy_add_signal_handler(loop, 1000, note, "x"), -EINVAL);
        assert_int_equal(eddy_add_signal_handler(loop, SIGKILL, note, "x"), -EINVAL);
        assert_int_equal(eddy_add_signal_handler(loop, SIGSTOP, note, "x"), -EINVAL);
        assert_false(eddy_remove_signal_handler(loop, SIGKILL));
        assert_false(eddy_remove_signal_handler(loop, 1000));
        assert_int_equal(eddy_add_signal_handler(loop, SIGUSR1, note, "x"), 0);
        assert_int_equal(eddy_add_signal_handler(other, SIGUSR1, note, "x"), -EBUSY);
        assert_false(eddy_remove_signal_handler(other, SIGUSR1));
        eddy_loop_destroy(loop);
        assert_int_equal(eddy_add_signal_handler(other, SIGUSR1, note, "x"), 0);
        eddy_loop_destroy(other);
}

static _Atomic bool is_over;

static void *signal_process(void *arg)
{
        (void)arg;
        while (!is_over)
                kill(getpid(), SIGUSR1);
        return NULL;
}

/* Another thread may be in the handler when the loop goes. */
TEST(survives_signals_while_loops_come_and_go)
{
        struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
        sigset_t only, mask;
        pthread_t sender, receiver;

        if (getenv("EDDY_EXE_WRAPPER"))
                skip(); /* the emulator does not survive it */
        is_over = false;
        sigaction(SIGUSR1, &ignore, &before);
        assert_int_equal(pthread_create(&receiver, NULL, signal_process, NULL), 0);
        assert_int_equal(pthread_create(&sender, NULL, signal_process, NULL), 0);
        sigemptyset(&only);
        sigaddset(&only, SIGUSR1);
        pthread_sigmask(SIG_BLOCK, &only, &mask);
        trail_clear();
        for (unsigned i = 0; i < scaled(60) + 10; i++) {
                eddy_loop *loop = new_loop();

                assert_int_equal(eddy_add_signal_handler(loop, SIGUSR1, stop, loop), 0);
                assert_int_equal(eddy_loop_run_forever(loop), 0);
                eddy_loop_destroy(loop);
        }
        is_over = true;
        pthread_join(sender, NULL);
        pthread_join(receiver, NULL);
        pthread_sigmask(SIG_SETMASK, &mask, NULL);
        sigaction(SIGUSR1, &before, NULL);
}

TEST(survives_that_a_handler_cannot_be_put_back)
{
        struct sigaction other = {.sa_handler = other_handler}, now;
        eddy_loop *loop = new_loop();

        trail_clear();
        sigaction(SIGUSR1, &other, NULL);
        assert_int_equal(eddy_add_signal_handler(loop, SIGUSR1, note, "x"), 0);
        fault_arm(1, 1);
        assert_true(eddy_remove_signal_handler(loop, SIGUSR1));
        fault_arm(0, 0);
        raise(SIGUSR1); /* nobody's */
        assert_int_equal(eddy_add_signal_handler(loop, SIGUSR1, note, "y"), 0);
        raise(SIGUSR1);
        run_once(loop);
        assert_trail("y");
        eddy_loop_destroy(loop);
        sigaction(SIGUSR1, NULL, &now);
        assert_ptr_equal(now.sa_handler, other_handler);
        signal(SIGUSR1, SIG_DFL);
}

/** Run something in a forked child: the status it ends with, or 128 and the signal. */
static int in_child(int (*act)(eddy_loop *loop), eddy_loop *loop)
{
        pid_t pid = fork();
        int status;

        if (pid == 0)
                _exit(act(loop));
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int be_terminated(eddy_loop *loop)
{
        (void)loop;
        raise(SIGTERM);
        return 0;
}

static int use_and_destroy(eddy_loop *loop)
{
        eddy_loop *own;
        int outcome = 0;

        if (eddy_loop_run_forever(loop) != EDDY_EWRONGLOOP)
                outcome |= 1;
        if (eddy_add_reader(loop, STDERR_FILENO, note, "c") != EDDY_EWRONGLOOP)
                outcome |= 2;
        eddy_remove_reader(loop, 0);
        eddy_loop_destroy(loop);
        if (eddy_loop_create(&own) < 0)
                return outcome | 4;
        if (eddy_add_signal_handler(own, SIGTERM, stop, own) < 0)
                outcome |= 8;
        raise(SIGTERM);
        if (eddy_loop_run_forever(own) < 0)
                outcome |= 16;
        eddy_loop_destroy(own);
        return outcome;
}

TEST(leaves_a_forked_child_its_own_signals)
{
        eddy_loop *loop = new_loop();
        int ends[2];

        trail_clear();
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(eddy_add_signal_handler(loop, SIGTERM, note, "s"), 0);
        assert_int_equal(eddy_add_reader(loop, ends[0], note, "r"), 0);
        assert_int_equal(in_child(be_terminated, loop), 128 + SIGTERM);
        assert_int_equal(in_child(use_and_destroy, loop), 0);
        /* Nothing of that has come here, and all is as it was. */
        run_once(loop);
        assert_trail("");
        assert_int_equal(write(ends[1], "x", 1), 1);
        raise(SIGTERM);
        run_once(loop);
        run_once(loop);
        assert_non_null(strchr(trail, 's'));
        assert_non_null(strchr(trail, 'r'));
        assert_true(eddy_remove_reader(loop, ends[0]));
        eddy_loop_destroy(loop);
        close(ends[0]);
        close(ends[1]);
}

static int status_of_forked;

static void fork_and_return(void *loop)
{
        pid_t pid = fork();

        if (pid == 0)
                return; /* to a loop that is not its own */
        waitpid(pid, &status_of_forked, 0);
        eddy_loop_stop(loop);
}

TEST(a_loop_ends_in_a_child_forked_by_its_callback)
{
        eddy_loop *loop = new_loop();
        pid_t self = getpid();
        int rc;

        trail_clear();
        eddy_call_soon(loop, NULL, fork_and_return, loop);
        eddy_call_soon(loop, NULL, note, "p");
        rc = eddy_loop_run_forever(loop);
        if (getpid() != self) {
                eddy_loop_destroy(loop);
                _exit(rc == EDDY_EWRONGLOOP && trail[0] == '\0' ? 7 : 1);
        }
        assert_int_equal(rc, 0);
        assert_trail("p");
        assert_int_equal(WEXITSTATUS(status_of_forked), 7);
        eddy_loop_destroy(loop);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(calls_back_in_the_loop_and_not_in_signal_context),
            cmocka_unit_test(counts_several_deliveries_as_one),
            cmocka_unit_test(wakes_a_loop_that_waits),
            cmocka_unit_test(puts_back_what_was_before),
            cmocka_unit_test(drops_what_is_pending_when_removed),
            cmocka_unit_test(refuses_what_cannot_be),
            cmocka_unit_test(survives_signals_while_loops_come_and_go),
            cmocka_unit_test(survives_that_a_handler_cannot_be_put_back),
            cmocka_unit_test(leaves_a_forked_child_its_own_signals),
            cmocka_unit_test(a_loop_ends_in_a_child_forked_by_its_callback),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
