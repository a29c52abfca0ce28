/* Loops in several threads that begin and end together. */
#include "helpers.h"
#include <sched.h>

enum { WORKERS = 4 };

static struct {
        atomic_uint begun, ended, cancelled;
        atomic_uint seen[WORKERS]; /* how often each index was */
        _Atomic(eddy_loop *) loops[WORKERS];
} crew;

static int run_crew(unsigned n, eddy_fn fn)
{
        memset(&crew, 0, sizeof crew);
        loop_running_here = NULL;
        fault_arm(0, 0);
        return eddy_run_workers(n, fn, &crew);
}

static intptr_t introduce_oneself(void *arg)
{
        int index = eddy_worker_index();

        assert_ptr_equal(arg, &crew);
        assert_in_range(index, 0, WORKERS - 1);
        atomic_fetch_add(&crew.seen[index], 1);
        atomic_store(&crew.loops[index], eddy_running_loop());
        eddy_sleep(eddy_ms(1));
        atomic_fetch_add(&crew.ended, 1);
        return 3;
}

TEST(each_has_a_loop_and_an_index)
{
        assert_int_equal(eddy_worker_index(), -1);
        assert_int_equal(run_crew(WORKERS, introduce_oneself), 0);
        assert_int_equal(atomic_load(&crew.ended), WORKERS);
        for (int i = 0; i < WORKERS; i++) {
                assert_int_equal(atomic_load(&crew.seen[i]), 1);
                for (int j = 0; j < i; j++)
                        assert_ptr_not_equal(atomic_load(&crew.loops[i]), atomic_load(&crew.loops[j]));
        }
        assert_int_equal(eddy_worker_index(), -1);
        assert_int_equal(run_crew(1, introduce_oneself), 0);
        assert_int_equal(atomic_load(&crew.ended), 1);
}

static intptr_t count_oneself(void *arg)
{
        cpu_set_t allowed;

        (void)arg;
        atomic_fetch_add(&crew.ended, 1);
        sched_getaffinity(0, sizeof allowed, &allowed);
        return CPU_COUNT(&allowed) == 1 ? 0 : -ERANGE;
}

TEST(as_many_as_processors_each_on_its_own)
{
        cpu_set_t before, after;

        sched_getaffinity(0, sizeof before, &before);
        memset(&crew, 0, sizeof crew);
        assert_int_equal(eddy_workers_run(&(eddy_workers_options){.pin = true}, count_oneself, NULL), 0);
        assert_int_equal(atomic_load(&crew.ended), CPU_COUNT(&before));
        sched_getaffinity(0, sizeof after, &after);
        assert_true(CPU_EQUAL(&before, &after));
}

/** Sleep until cancelled, and take one's time over that. */
static intptr_t work_for_ever(void)
{
        int rc;

        atomic_fetch_add(&crew.begun, 1);
        rc = eddy_sleep(EDDY_FOREVER);
        EDDY_SHIELD_SCOPE
                eddy_sleep(eddy_ms(1));
        atomic_fetch_add(&crew.cancelled, rc == EDDY_CANCELLED);
        return rc;
}

static int who_fails;

static intptr_t one_fails(void *arg)
{
        (void)arg;
        if (eddy_worker_index() != who_fails)
                return work_for_ever();
        until_others(atomic_load(&crew.begun) == WORKERS - 1);
        return eddy_fail(-EDOM, "out of %s", "range");
}

TEST(the_first_failure_cancels_the_others)
{
        for (who_fails = 0; who_fails < WORKERS; who_fails++) {
                char expected[64];

                snprintf(expected, sizeof expected, "worker %d: out of range", who_fails);
                assert_int_equal(run_crew(WORKERS, one_fails), -EDOM);
                assert_int_equal(atomic_load(&crew.cancelled), WORKERS - 1);
                assert_string_equal(eddy_explain(-EDOM), expected);
        }
}

static int signal_to_send;

static intptr_t wait_for_signal(void *arg)
{
        (void)arg;
        if (eddy_worker_index() == WORKERS - 1) {
                until_others(atomic_load(&crew.begun) == WORKERS - 1);
                kill(getpid(), signal_to_send);
        }
        return work_for_ever();
}

static intptr_t return_a_negative_value(void *arg)
{
        (void)arg;
        atomic_fetch_add(&crew.ended, 1);
        return eddy_value(-1);
}

TEST(a_value_that_looks_like_an_error_is_none)
{
        assert_int_equal(run_crew(WORKERS, return_a_negative_value), 0);
        assert_int_equal(atomic_load(&crew.ended), WORKERS);
}

TEST(signals_cancel_all)
{
        const int signals[] = {SIGINT, SIGTERM};

        for (int i = 0; i < 2; i++) {
                struct sigaction after;

                signal_to_send = signals[i];
                assert_int_equal(run_crew(WORKERS, wait_for_signal), EDDY_CANCELLED);
                assert_int_equal(atomic_load(&crew.cancelled), WORKERS);
                sigaction(signals[i], NULL, &after);
                assert_ptr_equal(after.sa_handler, SIG_DFL);
        }
}

/** Worker 0 has ended when the signal comes. */
static intptr_t first_leaves(void *arg)
{
        if (eddy_worker_index() > 0)
                return wait_for_signal(arg);
        atomic_fetch_add(&crew.begun, 1);
        return 0;
}

TEST(signals_cancel_the_rest_when_the_first_has_ended)
{
        signal_to_send = SIGTERM;
        assert_int_equal(run_crew(WORKERS, first_leaves), EDDY_CANCELLED);
        assert_int_equal(atomic_load(&crew.cancelled), WORKERS - 1);
}

static intptr_t stay(void *arg)
{
        (void)arg;
        return work_for_ever();
}

static intptr_t leave_a_sleeper(void *arg)
{
        eddy_unref(eddy_create_task(stay, arg));
        return eddy_yield();
}

TEST(tasks_left_behind_are_ended)
{
        assert_int_equal(run_crew(WORKERS, leave_a_sleeper), 0);
        assert_int_equal(atomic_load(&crew.cancelled), WORKERS);
}

static intptr_t run_within(void *arg)
{
        (void)arg;
        return eddy_run_workers(2, introduce_oneself, &crew);
}

TEST(not_within_a_loop)
{
        assert_int_equal(run_main(run_within, NULL), EDDY_ELOOPRUNNING);
        assert_int_equal(eddy_run_workers(5000, introduce_oneself, NULL), -EINVAL);
}

static intptr_t work_unless_starved(void *arg)
{
        (void)arg;
        return eddy_sleep(eddy_us(10));
}

TEST(ends_whatever_fails)
{
        unsigned long nth = 0, uses;

        do {
                loop_running_here = NULL;
                fault_arm(++nth, 1);
                eddy_run_workers(3, work_unless_starved, NULL);
                uses = fault_uses();
                fault_arm(0, 0);
        } while (uses >= nth && nth < 2000);
        assert_true(nth > 20 && nth < 2000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_has_a_loop_and_an_index),
            cmocka_unit_test(as_many_as_processors_each_on_its_own),
            cmocka_unit_test(the_first_failure_cancels_the_others),
            cmocka_unit_test(a_value_that_looks_like_an_error_is_none),
            cmocka_unit_test(signals_cancel_all),
            cmocka_unit_test(signals_cancel_the_rest_when_the_first_has_ended),
            cmocka_unit_test(tasks_left_behind_are_ended),
            cmocka_unit_test(not_within_a_loop),
            cmocka_unit_test(ends_whatever_fails),
        };

        return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
