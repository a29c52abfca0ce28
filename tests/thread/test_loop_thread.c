/* A loop in a thread of its own, from its start to its stop. */
#include "helpers.h"
#include "thread/loop_thread.h"
#include <sched.h>

static intptr_t return_index(void *arg)
{
        (void)arg;
        return eddy_worker_index();
}

TEST(runs_until_it_is_stopped)
{
        eddy_loop_thread *thread;
        eddy_loop *loop;
        eddy_remote *remote;
        intptr_t result = 0;

        assert_int_equal(eddy_loop_thread_start(&thread, NULL), 0);
        loop = eddy_loop_thread_loop(thread);
        remote = eddy_run_coroutine_threadsafe(loop, return_index, NULL);
        assert_int_equal(eddy_remote_wait(remote, EDDY_FOREVER, &result), 0);
        assert_int_equal(result, -1);
        eddy_remote_release(remote);
        assert_int_equal(eddy_loop_thread_stop(thread), 0);
        assert_int_equal(eddy_loop_thread_stop(thread), 0);
        /* Closed, and still there to say so. */
        assert_int_equal(eddy_call_soon_threadsafe(loop, NULL, note, "x"), EDDY_ELOOPCLOSED);
        eddy_loop_thread_destroy(thread);
        eddy_loop_thread_destroy(NULL);
}

static intptr_t clean_up_at_the_end(void *arg)
{
        struct gate *gate = arg;
        int rc;

        atomic_store(&gate->has_begun, true);
        rc = eddy_sleep(EDDY_FOREVER);
        EDDY_SHIELD_SCOPE
                eddy_sleep(eddy_ms(2));
        atomic_store(&gate->has_ended, true);
        return rc;
}

TEST(stopping_cancels_what_runs_and_sees_its_end)
{
        struct gate gate = {.has_begun = false};
        eddy_loop_thread *thread;
        eddy_remote *remote;
        intptr_t result = 0;

        assert_int_equal(eddy_loop_thread_start(&thread, NULL), 0);
        remote = eddy_run_coroutine_threadsafe(eddy_loop_thread_loop(thread), clean_up_at_the_end, &gate);
        await_flag(&gate.has_begun);
        eddy_loop_thread_destroy(thread);
        assert_true(atomic_load(&gate.has_ended));
        assert_int_equal(eddy_remote_wait(remote, 0, &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
        eddy_remote_release(remote);
}

static eddy_loop_thread *own_thread;

static intptr_t stop_oneself(void *arg)
{
        (void)arg;
        return eddy_loop_thread_stop(own_thread);
}

TEST(a_loop_cannot_wait_for_its_own_end)
{
        eddy_remote *remote;
        intptr_t result = 0;

        assert_int_equal(eddy_loop_thread_start(&own_thread, NULL), 0);
        remote = eddy_run_coroutine_threadsafe(eddy_loop_thread_loop(own_thread), stop_oneself, NULL);
        assert_int_equal(eddy_remote_wait(remote, EDDY_FOREVER, &result), 0);
        assert_int_equal(result, EDDY_EWRONGLOOP);
        eddy_remote_release(remote);
        eddy_loop_thread_destroy(own_thread);
}

static intptr_t stop_loop(void *arg)
{
        (void)arg;
        eddy_loop_stop(eddy_running_loop());
        return 0;
}

TEST(a_loop_that_ends_by_itself_says_so)
{
        eddy_loop_thread *thread;
        eddy_remote *remote;

        assert_int_equal(eddy_loop_thread_start(&thread, NULL), 0);
        remote = eddy_run_coroutine_threadsafe(eddy_loop_thread_loop(thread), stop_loop, NULL);
        eddy_remote_wait(remote, EDDY_FOREVER, NULL);
        eddy_remote_release(remote);
        assert_int_equal(eddy_loop_thread_stop(thread), EDDY_ESTOPPED);
        eddy_loop_thread_destroy(thread);
}

static intptr_t describe(void *arg)
{
        char *name = *(char **)arg;
        cpu_set_t allowed;
        sigset_t mask;

        pthread_getname_np(pthread_self(), name, 16);
        pthread_sigmask(SIG_SETMASK, NULL, &mask);
        sched_getaffinity(0, sizeof allowed, &allowed);
        return sigismember(&mask, SIGINT) ? CPU_COUNT(&allowed) : -EPERM;
}

static int first_processor(void)
{
        cpu_set_t allowed;

        assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
        for (int i = 0; i < CPU_SETSIZE; i++)
                if (CPU_ISSET((size_t)i, &allowed))
                        return i + 1;
        return 0;
}

TEST(is_as_its_options_say)
{
        eddy_loop_thread_options options = {
            .name = "second", .stack_size = 1 << 20, .processor = first_processor()};
        eddy_loop_thread *thread;
        char name[16], *place = name;
        eddy_remote *remote;
        intptr_t result = 0;

        assert_int_equal(eddy_loop_thread_start(&thread, &options), 0);
        remote = eddy_run_coroutine_threadsafe(eddy_loop_thread_loop(thread), describe, &place);
        assert_int_equal(eddy_remote_wait(remote, EDDY_FOREVER, &result), 0);
        assert_int_equal(result, 1);
        assert_string_equal(name, "second");
        eddy_remote_release(remote);
        eddy_loop_thread_destroy(thread);
}

TEST(cannot_be_started_without_means)
{
        eddy_loop_thread *thread;
        unsigned long nth = 0;
        int rc;

        assert_int_equal(eddy_loop_thread_start(&thread, &(eddy_loop_thread_options){.processor = -1}),
                         -EINVAL);
        assert_int_equal(eddy_loop_thread_start(&thread, &(eddy_loop_thread_options){.processor = 1 << 20}),
                         -EINVAL);
        assert_int_equal(eddy_loop_thread_start(&thread, &(eddy_loop_thread_options){.stack_size = 1}),
                         -EINVAL);
        do {
                fault_arm(++nth, 1);
                rc = eddy_loop_thread_start(&thread, NULL);
                fault_arm(0, 0);
        } while (rc < 0 && nth < 100);
        assert_true(nth > 5 && nth < 100);
        eddy_loop_thread_destroy(thread);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(runs_until_it_is_stopped),
            cmocka_unit_test(stopping_cancels_what_runs_and_sees_its_end),
            cmocka_unit_test(a_loop_cannot_wait_for_its_own_end),
            cmocka_unit_test(a_loop_that_ends_by_itself_says_so),
            cmocka_unit_test(is_as_its_options_say),
            cmocka_unit_test(cannot_be_started_without_means),
        };

        return cmocka_run_group_tests_name("loop_thread", tests, NULL, NULL);
}
