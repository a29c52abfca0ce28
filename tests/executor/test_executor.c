/* Executors: threads that come when they are needed and go when they are not. */
#include "../thread/helpers.h"
#include <sys/wait.h>

static struct gate gates[8];

static eddy_executor *new_executor(unsigned max_threads, eddy_duration idle_timeout)
{
        eddy_executor *executor;
        eddy_executor_options options = {
            .max_threads = max_threads, .name = "helper", .idle_timeout = idle_timeout, .stack_size = 1 << 20};

        memset(gates, 0, sizeof gates);
        assert_int_equal(eddy_executor_create(&executor, &options), 0);
        return executor;
}

static intptr_t return_arg(void *arg)
{
        return (intptr_t)arg;
}

COROUTINE_TEST(grows_to_need_and_no_further)
{
        eddy_executor *executor = new_executor(3, 0);
        eddy_future *calls[5];

        assert_int_equal(eddy_executor_thread_count(executor), 0);
        for (unsigned i = 0; i < 5; i++) {
                calls[i] = eddy_run_in_executor(NULL, executor, pass, &gates[i]);
                assert_int_equal(eddy_executor_thread_count(executor), i < 3 ? i + 1 : 3);
        }
        until_others(atomic_load(&gates[2].has_begun));
        assert_false(atomic_load(&gates[3].has_begun));
        /* The next in order begins when one has ended. */
        open_gate(&gates[1]);
        until_others(atomic_load(&gates[3].has_begun));
        assert_false(atomic_load(&gates[4].has_begun));
        for (unsigned i = 0; i < 5; i++) {
                open_gate(&gates[i]);
                assert_int_equal(eddy_join(calls[i], NULL), 0);
        }
        eddy_executor_destroy(executor);
}

COROUTINE_TEST(one_call_after_the_other_needs_one_thread)
{
        eddy_executor *executor = new_executor(8, 0);
        intptr_t result = 0;

        for (intptr_t i = 0; i < 200; i++) {
                eddy_work_options options = {.executor = executor};

                assert_int_equal(eddy_to_thread_with(&options, return_arg, (void *)i, &result), 0);
                assert_int_equal(result, i);
                assert_int_equal(eddy_executor_thread_count(executor), 1);
        }
        eddy_executor_destroy(executor);
}

COROUTINE_TEST(shrinks_when_idle)
{
        eddy_executor *executor = new_executor(4, eddy_ms(5));

        for (int round = 0; round < 3; round++) {
                eddy_future *calls[4];

                memset(gates, 0, sizeof gates);
                for (unsigned i = 0; i < 4; i++)
                        calls[i] = eddy_run_in_executor(NULL, executor, pass, &gates[i]);
                assert_int_equal(eddy_executor_thread_count(executor), 4);
                for (unsigned i = 0; i < 4; i++) {
                        open_gate(&gates[i]);
                        eddy_join(calls[i], NULL);
                }
                until_others(eddy_executor_thread_count(executor) == 0);
        }
        eddy_executor_destroy(executor);
}

static intptr_t read_name(void *arg)
{
        char *const *name = arg;

        return pthread_getname_np(pthread_self(), *name, 16);
}

COROUTINE_TEST(names_its_threads)
{
        eddy_executor *executor = new_executor(1, 0);
        char name[16], *place = name;

        assert_int_equal(eddy_join(eddy_run_in_executor(NULL, executor, read_name, &place), NULL), 0);
        assert_string_equal(name, "helper");
        eddy_executor_destroy(executor);
}

TEST(refuses_what_it_cannot_be)
{
        eddy_executor *executor;

        assert_int_equal(eddy_executor_create(&executor, &(eddy_executor_options){.max_threads = 1025}),
                         -EINVAL);
        assert_int_equal(eddy_executor_create(&executor, &(eddy_executor_options){.idle_timeout = -1}),
                         -EINVAL);
        fault_arm(1, 1);
        assert_int_equal(eddy_executor_create(&executor, NULL), -ENOMEM);
        fault_arm(0, 0);
        eddy_executor_destroy(NULL);
}

COROUTINE_TEST(a_stack_too_small_is_the_calls_error)
{
        eddy_executor *executor;
        intptr_t result = 0;

        assert_int_equal(eddy_executor_create(&executor, &(eddy_executor_options){.stack_size = 1}), 0);
        assert_int_equal(eddy_join(eddy_run_in_executor(NULL, executor, return_arg, NULL), &result), 0);
        assert_int_equal(result, -EINVAL);
        eddy_executor_destroy(executor);
}

COROUTINE_TEST(shut_down_it_does_what_it_has_and_takes_no_more)
{
        eddy_executor *executor = new_executor(1, 0);
        eddy_future *running = eddy_run_in_executor(NULL, executor, pass, &gates[0]);
        eddy_future *waiting = eddy_run_in_executor(NULL, executor, return_arg, (void *)7), *late;
        intptr_t result = 0;

        eddy_executor_shutdown(executor, 0);
        late = eddy_run_in_executor(NULL, executor, return_arg, NULL);
        assert_int_equal(eddy_join(late, &result), 0);
        assert_int_equal(result, EDDY_ESHUTDOWN);
        open_gate(&gates[0]);
        assert_int_equal(eddy_join(running, &result), 0);
        assert_int_equal(result, 5);
        assert_int_equal(eddy_join(waiting, &result), 0);
        assert_int_equal(result, 7);
        until_others(eddy_executor_thread_count(executor) == 0);
        eddy_executor_destroy(executor);
}

COROUTINE_TEST(shut_down_it_cancels_what_waits_where_asked)
{
        eddy_executor *executor = new_executor(1, 0);
        eddy_future *running = eddy_run_in_executor(NULL, executor, pass, &gates[0]);
        eddy_future *waiting = eddy_run_in_executor(NULL, executor, pass, &gates[1]);

        eddy_executor_shutdown(executor, EDDY_SHUTDOWN_CANCEL);
        assert_int_equal(eddy_await(waiting, NULL), EDDY_CANCELLED);
        assert_true(eddy_cancelled(waiting));
        assert_false(eddy_done(running));
        open_gate(&gates[0]);
        assert_int_equal(eddy_join(running, NULL), 0);
        assert_false(atomic_load(&gates[1].has_begun));
        eddy_unref(waiting);
        eddy_executor_destroy(executor);
}

static void *open_later(void *gate)
{
        usleep(5000);
        open_gate(gate);
        return NULL;
}

COROUTINE_TEST(waits_for_its_threads_where_asked)
{
        eddy_executor *executor = new_executor(2, 0);
        eddy_future *call = eddy_run_in_executor(NULL, executor, pass, &gates[0]);
        pthread_t opener;

        assert_int_equal(pthread_create(&opener, NULL, open_later, &gates[0]), 0);
        eddy_executor_shutdown(executor, EDDY_SHUTDOWN_WAIT);
        assert_true(atomic_load(&gates[0].has_ended));
        assert_int_equal(eddy_executor_thread_count(executor), 0);
        eddy_join(call, NULL);
        eddy_executor_destroy(executor);
        pthread_join(opener, NULL);
}

static eddy_executor *shared;

static intptr_t use_shared(void *arg)
{
        intptr_t count = 0;

        (void)arg;
        for (intptr_t i = 0; i < 200; i++) {
                intptr_t result = 0;
                int rc = eddy_join(eddy_run_in_executor(NULL, shared, return_arg, (void *)i), &result);

                count += rc == 0 && result == i;
        }
        return count;
}

static void *run_here(void *arg)
{
        return (void *)eddy_run(use_shared, arg);
}

TEST(serves_several_loops)
{
        pthread_t threads[4];
        void *count;

        shared = new_executor(2, eddy_us(50));
        for (int i = 0; i < 4; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, run_here, NULL), 0);
        for (int i = 0; i < 4; i++) {
                pthread_join(threads[i], &count);
                assert_int_equal((intptr_t)count, 200);
        }
        eddy_executor_destroy(shared);
}

/** Threads that end of idleness just when a call comes. */
COROUTINE_TEST(loses_no_call_to_a_thread_that_ends)
{
        eddy_executor *executor = new_executor(2, eddy_us(20));

        for (int i = 0; i < 500; i++) {
                intptr_t result = 0;

                eddy_sleep(eddy_us(i % 60));
                assert_int_equal(
                    eddy_join(eddy_run_in_executor(NULL, executor, return_arg, (void *)9), &result), 0);
                assert_int_equal(result, 9);
        }
        eddy_executor_destroy(executor);
}

static eddy_executor *inherited;

/** In a child: none of the threads is there, and nobody waits for them. */
static intptr_t fork_with_threads(void *arg)
{
        pid_t child;
        int status;

        (void)arg;
        assert_int_equal(eddy_join(eddy_run_in_executor(NULL, inherited, return_arg, NULL), NULL), 0);
        assert_int_equal(eddy_to_thread(return_arg, NULL, NULL), 0);
        child = fork();
        if (child == 0) {
                eddy_loop *loop;
                eddy_future *call;
                intptr_t result = 0;

                if (eddy_executor_thread_count(inherited) != 0)
                        _exit(3);
                if (eddy_loop_create(&loop) < 0)
                        _exit(1);
                call = eddy_run_in_executor(loop, inherited, return_arg, NULL);
                eddy_loop_run_until_complete(loop, call, &result);
                eddy_unref(call);
                eddy_executor_destroy(inherited);
                eddy_loop_destroy(loop);
                _exit(result == EDDY_ESHUTDOWN ? 0 : 2);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        return status;
}

TEST(is_of_no_use_in_a_forked_child)
{
        inherited = new_executor(2, 0);
        assert_int_equal(run_main(fork_with_threads, NULL), 0);
        eddy_executor_destroy(inherited);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(grows_to_need_and_no_further),
            cmocka_unit_test(one_call_after_the_other_needs_one_thread),
            cmocka_unit_test(shrinks_when_idle),
            cmocka_unit_test(names_its_threads),
            cmocka_unit_test(refuses_what_it_cannot_be),
            cmocka_unit_test(a_stack_too_small_is_the_calls_error),
            cmocka_unit_test(shut_down_it_does_what_it_has_and_takes_no_more),
            cmocka_unit_test(shut_down_it_cancels_what_waits_where_asked),
            cmocka_unit_test(waits_for_its_threads_where_asked),
            cmocka_unit_test(serves_several_loops),
            cmocka_unit_test(loses_no_call_to_a_thread_that_ends),
            cmocka_unit_test(is_of_no_use_in_a_forked_child),
        };

        return cmocka_run_group_tests_name("executor", tests, NULL, NULL);
}
