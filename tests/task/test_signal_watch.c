#include "testing.h"
#include <signal.h>
#include <unistd.h>

static int wait_one(int signum)
{
        return eddy_signal_wait(&signum, 1);
}

static intptr_t wait_for_usr1(void *arg)
{
        (void)arg;
        return wait_one(SIGUSR1);
}

static intptr_t next(void *watch)
{
        return eddy_signal_watch_next(watch);
}

static intptr_t join(eddy_task *task)
{
        intptr_t result;

        assert_int_equal(eddy_join(task, &result), 0);
        return result;
}

COROUTINE_TEST(waits_for_a_signal)
{
        eddy_task *one = eddy_create_task(wait_for_usr1, NULL), *two = eddy_create_task(wait_for_usr1, NULL);

        eddy_yield();
        raise(SIGUSR1);
        assert_int_equal(join(one), SIGUSR1);
        assert_int_equal(join(two), SIGUSR1);
}

COROUTINE_TEST(loses_none_between_two_waits)
{
        eddy_signal_watch watch;

        assert_int_equal(eddy_signal_watch_open(&watch, (int[]){SIGUSR1, SIGUSR2}, 2), 0);
        raise(SIGUSR2);
        raise(SIGUSR1);
        raise(SIGUSR1);
        eddy_sleep(eddy_us(1));
        assert_int_equal(eddy_signal_watch_next(&watch), SIGUSR1);
        assert_int_equal(eddy_signal_watch_next(&watch), SIGUSR2);
        raise(SIGUSR2);
        assert_int_equal(eddy_signal_watch_next(&watch), SIGUSR2);
        eddy_signal_watch_close(&watch);
        eddy_signal_watch_close(&watch);
        assert_int_equal(eddy_signal_watch_next(&watch), EDDY_EFINISHED);
}

COROUTINE_TEST(gives_each_signal_to_one_waiter)
{
        eddy_signal_watch watch;
        eddy_task *one, *two;

        assert_int_equal(eddy_signal_watch_open(&watch, (int[]){SIGUSR1, SIGUSR2}, 2), 0);
        one = eddy_create_task(next, &watch);
        two = eddy_create_task(next, &watch);
        eddy_yield();
        raise(SIGUSR2);
        assert_int_equal(join(one), SIGUSR2);
        assert_false(eddy_done(two));
        raise(SIGUSR1);
        assert_int_equal(join(two), SIGUSR1);
        eddy_signal_watch_close(&watch);
}

COROUTINE_TEST(loses_none_by_cancellation)
{
        eddy_signal_watch watch;
        eddy_task *one, *two;

        assert_int_equal(eddy_signal_watch_open(&watch, (int[]){SIGUSR1}, 1), 0);
        one = eddy_create_task(next, &watch);
        two = eddy_create_task(next, &watch);
        eddy_yield();
        eddy_cancel(one);
        raise(SIGUSR1);
        assert_int_equal(join(one), EDDY_CANCELLED);
        assert_int_equal(join(two), SIGUSR1);
        eddy_signal_watch_close(&watch);
}

COROUTINE_TEST(tells_waiters_that_it_is_closed)
{
        eddy_signal_watch watch;
        eddy_task *waiter;

        assert_int_equal(eddy_signal_watch_open(&watch, (int[]){SIGUSR1}, 1), 0);
        waiter = eddy_create_task(next, &watch);
        eddy_yield();
        eddy_signal_watch_close(&watch);
        memset(&watch, 0xee, sizeof watch);
        assert_int_equal(join(waiter), EDDY_EFINISHED);
}

static volatile sig_atomic_t handled_by_user;

static void user_handler(int signum)
{
        handled_by_user = signum;
}

COROUTINE_TEST(gets_along_with_handlers)
{
        struct sigaction user = {.sa_handler = user_handler}, before;
        eddy_loop *loop = eddy_running_loop();
        eddy_signal_watch watch;

        sigaction(SIGUSR1, &user, &before);
        trail_clear();
        assert_int_equal(eddy_signal_watch_open(&watch, (int[]){SIGUSR1}, 1), 0);
        assert_false(eddy_remove_signal_handler(loop, SIGUSR1));
        assert_int_equal(eddy_add_signal_handler(loop, SIGUSR1, note, "h"), 0);
        raise(SIGUSR1);
        assert_int_equal(eddy_signal_watch_next(&watch), SIGUSR1);
        eddy_yield();
        assert_trail("h");
        assert_true(eddy_remove_signal_handler(loop, SIGUSR1));
        raise(SIGUSR1);
        assert_int_equal(eddy_signal_watch_next(&watch), SIGUSR1);
        assert_int_equal(handled_by_user, 0);
        eddy_signal_watch_close(&watch);
        raise(SIGUSR1);
        assert_int_equal(handled_by_user, SIGUSR1);
        sigaction(SIGUSR1, &before, NULL);
}

/* Who watches for Ctrl-C decides what it does. */
COROUTINE_TEST(keeps_ctrl_c_from_cancelling)
{
        eddy_signal_watch watch;

        assert_int_equal(eddy_signal_watch_open(&watch, (int[]){SIGINT}, 1), 0);
        raise(SIGINT);
        assert_int_equal(eddy_signal_watch_next(&watch), SIGINT);
        eddy_signal_watch_close(&watch);
        assert_int_equal(eddy_yield(), 0);
        raise(SIGINT);
        assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_CANCELLED);
        assert_int_equal(eddy_uncancel(), 0);
}

COROUTINE_TEST(refuses_what_cannot_be)
{
        eddy_signal_watch watch;
        struct sigaction now;

        assert_int_equal(eddy_signal_watch_open(&watch, NULL, 0), -EINVAL);
        assert_int_equal(eddy_signal_watch_open(&watch, (int[]){SIGUSR1, SIGKILL}, 2), -EINVAL);
        assert_int_equal(eddy_signal_watch_open(&watch, (int[]){SIGUSR1, 1000}, 2), -EINVAL);
        sigaction(SIGUSR1, NULL, &now);
        assert_ptr_equal(now.sa_handler, SIG_DFL);
        eddy_signal_watch_close(&watch);
        EDDY_TIMEOUT_SCOPE(eddy_us(100))
                assert_int_equal(wait_one(SIGUSR1), EDDY_TIMEOUT);
        sigaction(SIGUSR1, NULL, &now);
        assert_ptr_equal(now.sa_handler, SIG_DFL);
}

static eddy_signal_watch left_open;

COROUTINE_TEST(may_outlive_its_loop)
{
        assert_int_equal(eddy_signal_watch_open(&left_open, (int[]){SIGUSR1}, 1), 0);
}

TEST(needs_a_loop_and_a_coroutine)
{
        struct sigaction now;

        eddy_signal_watch_close(&left_open);
        sigaction(SIGUSR1, NULL, &now);
        assert_ptr_equal(now.sa_handler, SIG_DFL);
        assert_int_equal(wait_one(SIGUSR1), EDDY_ENOTASK);
        assert_int_equal(eddy_signal_watch_open(&left_open, (int[]){SIGUSR1}, 1), EDDY_ENOLOOP);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(waits_for_a_signal),
            cmocka_unit_test(loses_none_between_two_waits),
            cmocka_unit_test(gives_each_signal_to_one_waiter),
            cmocka_unit_test(loses_none_by_cancellation),
            cmocka_unit_test(tells_waiters_that_it_is_closed),
            cmocka_unit_test(gets_along_with_handlers),
            cmocka_unit_test(keeps_ctrl_c_from_cancelling),
            cmocka_unit_test(refuses_what_cannot_be),
            cmocka_unit_test(may_outlive_its_loop),
            cmocka_unit_test(needs_a_loop_and_a_coroutine),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
