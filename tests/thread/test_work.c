/* Functions on helper threads: their results, their cancellation, and what happens to them at the end. */
#include "helpers.h"

static pthread_t loop_thread;

static intptr_t add_one(void *arg)
{
        assert_false(pthread_equal(pthread_self(), loop_thread));
        assert_null(eddy_running_loop());
        assert_null(eddy_current_task());
        assert_false(eddy_work_cancelled());
        return *(int *)arg + 1;
}

COROUTINE_TEST(returns_what_the_function_returned)
{
        int one = 1;
        intptr_t result = 0;

        loop_thread = pthread_self();
        for (int i = 0; i < 100; i++) {
                assert_int_equal(eddy_to_thread(add_one, &one, &result), 0);
                assert_int_equal(result, 2);
        }
        assert_int_equal(eddy_to_thread(add_one, &one, NULL), 0);
        assert_int_equal(eddy_to_thread_spawn(add_one, &result, &(int){41}), 0);
        assert_int_equal(result, 42);
        assert_false(eddy_work_cancelled());
}

static intptr_t go_wrong(void *arg)
{
        return arg ? eddy_fail(-EIO, "no %s left", (const char *)arg) : -EIO;
}

COROUTINE_TEST(passes_on_errors_and_their_sentences)
{
        intptr_t result = 0;

        assert_int_equal(eddy_to_thread(go_wrong, "paper", &result), 0);
        assert_int_equal(result, -EIO);
        assert_string_equal(eddy_error_detail(), "no paper left");
        /* The same thread, which has nothing to say this time. */
        eddy_fail(-ENOENT, "else");
        assert_int_equal(eddy_to_thread(go_wrong, NULL, &result), 0);
        assert_int_equal(result, -EIO);
        assert_string_equal(eddy_error_detail(), "else");
        /* Nobody else would hear of it. */
        assert_int_equal(eddy_to_thread(go_wrong, "ink", NULL), -EIO);
        assert_string_equal(eddy_error_detail(), "no ink left");
}

static eddy_context_var user = EDDY_CONTEXT_VAR("user", 1);

static intptr_t change_user(void *arg)
{
        intptr_t before = eddy_context_get(&user);

        (void)arg;
        return eddy_context_set(&user, 99, NULL) < 0 ? -ENOMEM : before;
}

COROUTINE_TEST(inherits_context_variables)
{
        intptr_t result = 0;

        assert_int_equal(eddy_to_thread(change_user, NULL, &result), 0);
        assert_int_equal(result, 1);
        eddy_context_set(&user, 7, NULL);
        assert_int_equal(eddy_to_thread(change_user, NULL, &result), 0);
        assert_int_equal(result, 7);
        assert_int_equal(eddy_context_get(&user), 7);
}

static intptr_t mask_is_full(void *arg)
{
        sigset_t mask;

        (void)arg;
        pthread_sigmask(SIG_SETMASK, NULL, &mask);
        return sigismember(&mask, SIGINT) && sigismember(&mask, SIGTERM) && sigismember(&mask, SIGUSR1);
}

COROUTINE_TEST(blocks_signals_on_its_threads)
{
        intptr_t result = 0;

        assert_int_equal(eddy_to_thread(mask_is_full, NULL, &result), 0);
        assert_int_equal(result, 1);
}

COROUTINE_TEST(lets_the_loop_go_on)
{
        struct gate gate = {.has_begun = false};
        eddy_future *call = eddy_run_in_executor(NULL, NULL, pass, &gate);
        intptr_t result = 0;

        until_others(atomic_load(&gate.has_begun));
        assert_false(eddy_done(call));
        atomic_store(&gate.is_open, true);
        assert_int_equal(eddy_join(call, &result), 0);
        assert_int_equal(result, 5);
        assert_false(atomic_load(&gate.was_cancelled));
}

TEST(needs_a_coroutine_and_a_loop)
{
        loop_running_here = NULL;
        assert_int_equal(eddy_to_thread(go_wrong, NULL, NULL), EDDY_ENOTASK);
        assert_null(eddy_run_in_executor(NULL, NULL, go_wrong, NULL));
        assert_int_equal(eddy_shutdown_default_executor(EDDY_FOREVER), EDDY_ENOTASK);
}

static intptr_t call_pass(void *arg)
{
        return eddy_to_thread(pass, arg, NULL);
}

COROUTINE_TEST(cancelling_leaves_what_runs_and_drops_its_result)
{
        struct gate gate = {.has_begun = false};
        eddy_task *task = eddy_create_task(call_pass, &gate);
        intptr_t result = 0;

        until_others(atomic_load(&gate.has_begun));
        eddy_cancel(task);
        assert_int_equal(eddy_join(task, &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
        assert_false(atomic_load(&gate.has_ended));
        atomic_store(&gate.is_open, true);
        until_others(atomic_load(&gate.has_ended));
        assert_true(atomic_load(&gate.was_cancelled));
}

COROUTINE_TEST(a_deadline_interrupts_the_wait)
{
        static struct gate gate;
        int rc;

        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                rc = eddy_to_thread(pass, &gate, NULL);
        assert_int_equal(rc, EDDY_TIMEOUT);
        atomic_store(&gate.is_open, true);
}

COROUTINE_TEST(a_shield_makes_it_safe_to_lend)
{
        struct gate gate = {.has_begun = false};
        intptr_t result = 0;
        int rc = 0;

        eddy_call_later(eddy_running_loop(), NULL, eddy_ms(10), open_gate, &gate);
        EDDY_TIMEOUT_SCOPE(eddy_ms(2))
                EDDY_SHIELD_SCOPE
                        rc = eddy_to_thread(pass, &gate, &result);
        assert_int_equal(rc, 0);
        assert_int_equal(result, 5);
        assert_true(atomic_load(&gate.has_ended));
}

COROUTINE_TEST(takes_back_what_has_not_begun)
{
        struct gate first = {.has_begun = false}, second = {.has_begun = false};
        eddy_executor *executor;
        eddy_future *running, *waiting;

        assert_int_equal(eddy_executor_create(&executor, &(eddy_executor_options){.max_threads = 1}), 0);
        running = eddy_run_in_executor(NULL, executor, pass, &first);
        waiting = eddy_run_in_executor(NULL, executor, pass, &second);
        until_others(atomic_load(&first.has_begun));
        assert_true(eddy_cancel(waiting));
        assert_true(eddy_cancelled(waiting));
        eddy_unref(waiting);
        atomic_store(&first.is_open, true);
        assert_int_equal(eddy_join(running, NULL), 0);
        eddy_executor_destroy(executor);
        assert_false(atomic_load(&second.has_begun));
}

static intptr_t be_refused(void *arg)
{
        intptr_t result = 0;
        int rc;

        (void)arg;
        rc = eddy_to_thread(add_one, NULL, &result);
        return rc;
}

COROUTINE_TEST(an_interrupted_task_begins_nothing)
{
        eddy_task *task = eddy_create_task(be_refused, NULL);
        intptr_t result = 0;

        eddy_cancel(task);
        eddy_join(task, &result);
        assert_int_equal(result, EDDY_CANCELLED);
}

static struct {
        unsigned count;
        char message[256];
        int error;
} told;

static void be_told(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        (void)loop;
        (void)arg;
        told.count++;
        told.error = exception->error;
        snprintf(told.message, sizeof told.message, "%s", exception->message);
}

/** Fire and forget: nobody took the wish for its result back. */
static intptr_t fire(void *arg)
{
        eddy_future *call = eddy_run_in_executor(NULL, NULL, pass, arg);

        until_others(atomic_load(&((struct gate *)arg)->has_begun));
        eddy_unref(call);
        return 3;
}

static intptr_t abandon(void *arg)
{
        eddy_task *task = eddy_create_task(call_pass, arg);

        until_others(atomic_load(&((struct gate *)arg)->has_begun));
        eddy_unref(task);
        return 3;
}

static char logged[256];

static void keep_log(eddy_log_level level, const char *message, void *arg)
{
        (void)level;
        (void)arg;
        snprintf(logged, sizeof logged, "%s", message);
}

/** Run a program that ends while its call does not. */
static void run_with_call_that_never_ends(eddy_fn fn, bool debug)
{
        static struct gate gate; /* which the call may touch whenever it likes */
        eddy_runner runner;

        loop_running_here = NULL;
        memset(&gate, 0, sizeof gate);
        memset(&told, 0, sizeof told);
        logged[0] = '\0';
        eddy_set_log_function(keep_log, NULL);
        assert_int_equal(
            eddy_runner_init(&runner, &(eddy_runner_options){.executor_timeout = eddy_ms(20), .debug = debug}),
            0);
        eddy_loop_set_exception_handler(eddy_runner_loop(&runner), be_told, NULL);
        assert_int_equal(eddy_runner_run(&runner, fn, &gate), 3);
        eddy_runner_finish(&runner);
        eddy_set_log_function(NULL, NULL);
        assert_false(atomic_load(&gate.has_ended));
        /* It ends after all, long after its loop is gone. */
        atomic_store(&gate.is_open, true);
        while (!atomic_load(&gate.has_ended))
                usleep(100);
}

/** A call that blocks for ever does not keep its program from ending. */
TEST(a_call_that_never_ends_is_told_of_and_left)
{
        run_with_call_that_never_ends(fire, false);
        assert_int_equal(told.count, 1);
        assert_int_equal(told.error, EDDY_TIMEOUT);
        assert_string_equal(told.message,
                            "call 'pass' still runs on its thread, and is left to it: its loop closes");
}

TEST(a_call_that_nobody_waits_for_is_left_with_a_line_in_debug_mode)
{
        run_with_call_that_never_ends(abandon, false);
        assert_int_equal(told.count, 0);
        assert_string_equal(logged, "");
        run_with_call_that_never_ends(abandon, true);
        assert_int_equal(told.count, 0);
        assert_string_equal(
            logged, "call 'pass', which nobody waits for any more, still runs on its thread, and is left to "
                    "it: its loop closes");
}

static intptr_t stay_until_cancelled(void *arg)
{
        struct gate *gate = arg;

        atomic_store(&gate->has_begun, true);
        while (!eddy_work_cancelled())
                usleep(100);
        usleep(1000); /* which is waited for, too */
        atomic_store(&gate->has_ended, true);
        return 5;
}

TEST(closing_waits_for_what_runs)
{
        struct gate gate = {.has_begun = false};
        eddy_loop *loop = new_loop();
        eddy_future *call = eddy_run_in_executor(loop, NULL, stay_until_cancelled, &gate);

        await_flag(&gate.has_begun);
        eddy_loop_destroy(loop);
        assert_true(atomic_load(&gate.has_ended));
        assert_true(eddy_cancelled(call));
        eddy_unref(call);
}

/** An executor of one's own outlives a loop, and so do its calls. */
TEST(closing_leaves_the_calls_of_other_executors)
{
        static struct gate gate;
        eddy_executor *executor;
        eddy_loop *loop = new_loop();
        eddy_future *running, *waiting;

        assert_int_equal(eddy_executor_create(&executor, &(eddy_executor_options){.max_threads = 1}), 0);
        running = eddy_run_in_executor(loop, executor, pass, &gate);
        waiting = eddy_run_in_executor(loop, executor, go_wrong, NULL);
        eddy_loop_destroy(loop);
        assert_true(eddy_cancelled(running));
        assert_true(eddy_cancelled(waiting));
        eddy_unref(running);
        eddy_unref(waiting);
        assert_false(atomic_load(&gate.has_ended));
        atomic_store(&gate.is_open, true);
        eddy_executor_destroy(executor);
        assert_true(atomic_load(&gate.has_ended));
}

COROUTINE_TEST(shutting_the_default_executor_down)
{
        struct gate gate = {.has_begun = false};
        eddy_future *call = eddy_run_in_executor(NULL, NULL, pass, &gate);
        intptr_t result = 0;

        memset(&told, 0, sizeof told);
        eddy_loop_set_exception_handler(eddy_running_loop(), be_told, NULL);
        assert_int_equal(eddy_shutdown_default_executor(eddy_ms(5)), EDDY_TIMEOUT);
        assert_int_equal(told.count, 1);
        assert_string_equal(told.message, "call 'pass' still runs on its thread");
        assert_int_equal(eddy_to_thread(go_wrong, NULL, NULL), EDDY_ESHUTDOWN);
        assert_int_equal(eddy_join(eddy_run_in_executor(NULL, NULL, go_wrong, NULL), &result), 0);
        assert_int_equal(result, EDDY_ESHUTDOWN);
        assert_int_equal(eddy_set_default_executor(eddy_running_loop(), NULL), EDDY_ESHUTDOWN);
        atomic_store(&gate.is_open, true);
        assert_int_equal(eddy_shutdown_default_executor(EDDY_FOREVER), 0);
        assert_true(eddy_done(call));
        assert_int_equal(eddy_join(call, &result), 0);
        assert_int_equal(result, 5);
        assert_int_equal(eddy_shutdown_default_executor(0), 0);
}

COROUTINE_TEST(a_default_executor_of_ones_own)
{
        eddy_executor *executor;
        eddy_loop *loop = eddy_running_loop();
        struct gate gate = {.has_begun = false};
        eddy_future *call;

        assert_int_equal(eddy_executor_create(&executor, NULL), 0);
        assert_int_equal(eddy_to_thread(mask_is_full, NULL, NULL), 0);
        call = eddy_run_in_executor(loop, NULL, pass, &gate);
        assert_int_equal(eddy_set_default_executor(loop, executor), EDDY_EBUSY);
        atomic_store(&gate.is_open, true);
        eddy_join(call, NULL);
        assert_int_equal(eddy_set_default_executor(loop, executor), 0);
        assert_int_equal(eddy_executor_thread_count(executor), 0);
        assert_int_equal(eddy_to_thread(mask_is_full, NULL, NULL), 0);
        assert_int_equal(eddy_executor_thread_count(executor), 1);
        assert_int_equal(eddy_shutdown_default_executor(EDDY_FOREVER), 0);
        /* It is not the loop's. */
        assert_int_equal(eddy_join(eddy_run_in_executor(loop, executor, mask_is_full, NULL), NULL), 0);
        eddy_executor_destroy(executor);
}

COROUTINE_TEST(says_so_without_memory_or_threads)
{
        intptr_t result = 0;
        unsigned long nth = 0;
        int rc;

        do {
                fault_arm(++nth, 1);
                rc = eddy_to_thread(mask_is_full, NULL, &result);
                fault_arm(0, 0);
                assert_true(rc == 0 || rc == -ENOMEM || rc == -EAGAIN);
        } while (rc < 0);
        assert_true(nth > 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(returns_what_the_function_returned),
            cmocka_unit_test(passes_on_errors_and_their_sentences),
            cmocka_unit_test(inherits_context_variables),
            cmocka_unit_test(blocks_signals_on_its_threads),
            cmocka_unit_test(lets_the_loop_go_on),
            cmocka_unit_test(needs_a_coroutine_and_a_loop),
            cmocka_unit_test(cancelling_leaves_what_runs_and_drops_its_result),
            cmocka_unit_test(a_deadline_interrupts_the_wait),
            cmocka_unit_test(a_shield_makes_it_safe_to_lend),
            cmocka_unit_test(takes_back_what_has_not_begun),
            cmocka_unit_test(an_interrupted_task_begins_nothing),
            cmocka_unit_test(a_call_that_never_ends_is_told_of_and_left),
            cmocka_unit_test(a_call_that_nobody_waits_for_is_left_with_a_line_in_debug_mode),
            cmocka_unit_test(closing_waits_for_what_runs),
            cmocka_unit_test(closing_leaves_the_calls_of_other_executors),
            cmocka_unit_test(shutting_the_default_executor_down),
            cmocka_unit_test(a_default_executor_of_ones_own),
            cmocka_unit_test(says_so_without_memory_or_threads),
        };

        return cmocka_run_group_tests_name("work", tests, NULL, NULL);
}
