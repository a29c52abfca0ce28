#include "testing.h"
#include <pthread.h>
#include <signal.h>

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

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(calls_back_in_the_loop_and_not_in_signal_context),
            cmocka_unit_test(counts_several_deliveries_as_one),
            cmocka_unit_test(wakes_a_loop_that_waits),
            cmocka_unit_test(puts_back_what_was_before),
            cmocka_unit_test(drops_what_is_pending_when_removed),
            cmocka_unit_test(refuses_what_cannot_be),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
