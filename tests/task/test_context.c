#include "base/context.h"

#include "task/task.h"
#include "testing.h"
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static eddy_context_var number = EDDY_CONTEXT_VAR("number", 7);
static eddy_context_var text = EDDY_CONTEXT_VAR("text", "nothing");

COROUTINE_TEST(has_its_initial_value_until_it_is_set)
{
        intptr_t value = -1;

        assert_int_equal(eddy_context_get(&number), 7);
        assert_string_equal((const char *)eddy_context_get(&text), "nothing");
        assert_false(eddy_context_lookup(NULL, &number, &value));
        assert_int_equal(value, -1);
        assert_int_equal(eddy_context_set(&number, 8, NULL), 0);
        assert_int_equal(eddy_context_get(&number), 8);
        assert_true(eddy_context_lookup(NULL, &number, &value));
        assert_int_equal(value, 8);
        assert_string_equal((const char *)eddy_context_get(&text), "nothing");
}

COROUTINE_TEST(goes_back_by_its_tokens)
{
        eddy_context_token first, second, copy;

        assert_int_equal(eddy_context_set(&number, 1, &first), 0);
        assert_int_equal(eddy_context_set(&number, 2, &second), 0);
        copy = first;
        assert_int_equal(eddy_context_reset(&number, &second), 0);
        assert_int_equal(eddy_context_get(&number), 1);
        assert_int_equal(eddy_context_reset(&number, &first), 0);
        assert_int_equal(eddy_context_get(&number), 7);
        assert_false(eddy_context_lookup(NULL, &number, NULL));

        assert_int_equal(eddy_context_reset(&number, &first), EDDY_EINVALIDSTATE);
        assert_string_equal(eddy_error_detail(),
                            "the token of context variable 'number' has been used already");
        assert_int_equal(eddy_context_reset(&text, &copy), -EINVAL);
        assert_string_equal(eddy_error_detail(), "the token is not one of context variable 'text'");
}

static intptr_t reset_number(void *token)
{
        return eddy_context_reset(&number, token);
}

COROUTINE_TEST(takes_no_token_of_another_context)
{
        eddy_context *context = eddy_copy_context();
        eddy_context_token token;
        intptr_t result;

        assert_int_equal(eddy_context_set(&number, 1, &token), 0);
        assert_int_equal(eddy_join(eddy_create_task(reset_number, &token), &result), 0);
        assert_int_equal(result, EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_context_run(context, reset_number, &token), EDDY_EINVALIDSTATE);
        assert_string_equal(eddy_error_detail(),
                            "the token of context variable 'number' was made in another context");
        assert_int_equal(eddy_context_get(&number), 1);
        assert_int_equal(eddy_context_reset(&number, &token), 0);
        eddy_context_unref(context);
}

COROUTINE_TEST(holds_many_variables)
{
        enum { N = 100 };
        static eddy_context_var many[N];
        static eddy_context_token tokens[N];

        for (int round = 0; round < 2; round++) {
                for (int i = 0; i < N; i++)
                        assert_int_equal(eddy_context_set(&many[i], i + 1, &tokens[i]), 0);
                for (int i = 0; i < N; i++)
                        assert_int_equal(eddy_context_get(&many[i]), i + 1);
                for (int i = 0; i < N; i += 2)
                        assert_int_equal(eddy_context_reset(&many[i], &tokens[i]), 0);
                for (int i = 0; i < N; i++)
                        assert_int_equal(eddy_context_get(&many[i]), i % 2 ? i + 1 : 0);
                for (int i = 1; i < N; i += 2)
                        assert_int_equal(eddy_context_reset(&many[i], &tokens[i]), 0);
                assert_false(eddy_context_lookup(NULL, &many[1], NULL));
        }
}

/* Tasks. */

static intptr_t get_number(void *arg)
{
        (void)arg;
        return eddy_context_get(&number);
}

static intptr_t set_number(void *value)
{
        int rc = eddy_context_set(&number, (intptr_t)value, NULL);

        if (rc < 0)
                return rc;
        rc = eddy_yield();
        return rc < 0 ? rc : eddy_context_get(&number);
}

static intptr_t join(eddy_task *task)
{
        intptr_t result = -1;

        assert_int_equal(eddy_join(task, &result), 0);
        return result;
}

COROUTINE_TEST(is_inherited_as_it_is_when_a_task_is_created)
{
        eddy_task *task;

        eddy_context_set(&number, 1, NULL);
        task = eddy_create_task(get_number, NULL);
        eddy_context_set(&number, 2, NULL);
        assert_int_equal(join(task), 1);
        assert_int_equal(join(eddy_task_create(&(eddy_task_options){.eager = true}, get_number, NULL)), 2);
}

COROUTINE_TEST(is_set_for_one_task_alone)
{
        eddy_task *tasks[3];

        eddy_context_set(&number, 1, NULL);
        for (intptr_t i = 0; i < 3; i++)
                tasks[i] = eddy_create_task(set_number, (void *)(i + 10));
        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(eddy_context_get(&number), 1);
        for (intptr_t i = 0; i < 3; i++)
                assert_int_equal(join(tasks[i]), i + 10);
        assert_int_equal(eddy_context_get(&number), 1);
}

static intptr_t get_number_of_child(void *depth)
{
        return depth ? join(eddy_create_task(get_number_of_child, (char *)depth - 1))
                     : eddy_context_get(&number);
}

COROUTINE_TEST(passes_through_generations)
{
        eddy_context_set(&number, 3, NULL);
        assert_int_equal(join(eddy_create_task(get_number_of_child, (void *)20)), 3);
}

COROUTINE_TEST(costs_a_task_nothing_where_nothing_is_set)
{
        struct context *context;
        eddy_context_token token;
        eddy_task *task;

        eddy_unref(task = eddy_create_task(get_number, NULL));
        assert_null(task_of(task)->context);
        eddy_context_set(&number, 1, &token);
        task = eddy_create_task(get_number, NULL);
        context = context_capture();
        assert_ptr_equal(task_of(task)->context, context);
        context_unref(context);
        assert_int_equal(join(task), 1);
        eddy_context_reset(&number, &token);
        task = eddy_create_task(get_number, NULL);
        assert_null(task_of(task)->context);
        assert_int_equal(join(task), 7);
}

/* Context objects. */

static intptr_t add_one(void *arg)
{
        int rc = eddy_context_set(&number, eddy_context_get(&number) + 1, NULL);

        (void)arg;
        return rc < 0 ? rc : eddy_context_get(&number);
}

COROUTINE_TEST(keeps_what_is_set_in_a_context_object)
{
        eddy_context *context;
        intptr_t value = 0;

        eddy_context_set(&number, 1, NULL);
        context = eddy_copy_context();
        eddy_context_set(&number, 20, NULL);
        assert_int_equal(eddy_context_run(context, add_one, NULL), 2);
        assert_int_equal(eddy_context_run(context, add_one, NULL), 3);
        assert_int_equal(eddy_context_get(&number), 20);
        assert_true(eddy_context_lookup(context, &number, &value));
        assert_int_equal(value, 3);
        assert_false(eddy_context_lookup(context, &text, &value));
        eddy_context_unref(context);
        eddy_context_unref(NULL);
        assert_null(eddy_context_ref(NULL));
        assert_int_equal(eddy_context_run(NULL, add_one, NULL), -ENOMEM);
}

static intptr_t run_again(void *context)
{
        return eddy_context_run(context, add_one, NULL);
}

static intptr_t yield_in(void *arg)
{
        int rc = eddy_yield();

        (void)arg;
        return rc < 0 ? rc : eddy_context_get(&number);
}

static intptr_t enter_and_yield(void *context)
{
        return eddy_context_run(context, yield_in, NULL);
}

COROUTINE_TEST(is_entered_once_at_a_time)
{
        eddy_context *context = eddy_copy_context();
        eddy_task *task;

        assert_int_equal(eddy_context_run(context, run_again, context), EDDY_EBUSY);
        assert_int_equal(eddy_context_run(context, add_one, NULL), 8);

        task = eddy_task_create(&(eddy_task_options){.eager = true}, enter_and_yield, context);
        assert_int_equal(eddy_context_run(context, add_one, NULL), EDDY_EBUSY);
        assert_int_equal(eddy_context_get(&number), 7);
        assert_int_equal(join(task), 8);
        assert_int_equal(eddy_context_run(context, add_one, NULL), 9);
        eddy_context_unref(context);
}

COROUTINE_TEST(is_shared_by_the_tasks_that_are_given_it)
{
        eddy_context *context = eddy_copy_context();
        const eddy_task_options options = {.context = context};
        intptr_t value = 0;

        assert_int_equal(join(eddy_task_create(&options, set_number, (void *)4)), 4);
        assert_int_equal(join(eddy_task_create(&options, add_one, NULL)), 5);
        assert_int_equal(join(eddy_task_create(&options, run_again, context)), EDDY_EBUSY);
        /* Its children get a copy, as any. */
        assert_int_equal(join(eddy_task_create(&options, get_number_of_child, (void *)2)), 5);
        assert_true(eddy_context_lookup(context, &number, &value));
        assert_int_equal(value, 5);
        assert_int_equal(eddy_context_get(&number), 7);
        eddy_context_unref(context);
}

COROUTINE_TEST(is_held_by_who_runs_in_it)
{
        eddy_context *context = eddy_copy_context();
        eddy_task *task = eddy_task_create(&(eddy_task_options){.context = context}, set_number, (void *)6);

        eddy_context_unref(context);
        assert_int_equal(join(task), 6);
}

/* Callbacks. */

static intptr_t seen[4];
static size_t seen_count;

static void see(void *arg)
{
        (void)arg;
        seen[seen_count++] = eddy_context_get(&number);
        eddy_context_set(&number, -1, NULL); /* for itself alone */
}

static void see_future(eddy_future *future, void *arg)
{
        (void)future;
        see(arg);
}

COROUTINE_TEST(is_inherited_by_callbacks_of_the_loops_memory)
{
        eddy_loop *loop = eddy_running_loop();

        seen_count = 0;
        eddy_context_set(&number, 1, NULL);
        eddy_call_soon(loop, NULL, see, NULL);
        eddy_context_set(&number, 2, NULL);
        eddy_call_soon_threadsafe(loop, NULL, see, NULL);
        eddy_context_set(&number, 3, NULL);
        eddy_call_later(loop, NULL, 0, see, NULL);
        eddy_context_set(&number, 4, NULL);
        while (seen_count < 3)
                eddy_yield();
        assert_int_equal(seen[0] + seen[1] + seen[2], 6);
        assert_int_equal(eddy_context_get(&number), 4);
}

COROUTINE_TEST(is_not_inherited_by_handles_of_the_callers)
{
        eddy_handle handle = {.callback = NULL};

        seen_count = 0;
        eddy_context_set(&number, 1, NULL);
        eddy_call_soon(eddy_running_loop(), &handle, see, NULL);
        eddy_yield();
        assert_int_equal(seen_count, 1);
        assert_int_equal(seen[0], 7);
        context_unref(context_outside.context);
        context_outside.context = NULL;
}

COROUTINE_TEST(is_inherited_by_callbacks_of_futures)
{
        eddy_future *future = eddy_future_create(NULL);
        eddy_context *context = eddy_copy_context();
        intptr_t value = 0;

        seen_count = 0;
        eddy_context_set(&number, 1, NULL);
        assert_int_equal(eddy_future_add_done_callback(future, see_future, NULL), 0);
        eddy_context_set(&number, 2, NULL);
        assert_int_equal(eddy_future_add_done_callback(future, see_future, NULL), 0);
        assert_int_equal(eddy_future_add_done_callback_in(future, context, see_future, NULL), 0);
        assert_int_equal(eddy_future_add_done_callback_in(future, NULL, see_future, NULL), -ENOMEM);
        assert_int_equal(eddy_future_add_done_callback_in(NULL, context, see_future, NULL), -ENOMEM);
        eddy_future_set_result(future, 0);
        eddy_unref(future);
        eddy_yield();
        assert_int_equal(seen_count, 3);
        assert_int_equal(seen[0], 1);
        assert_int_equal(seen[1], 2);
        assert_int_equal(seen[2], 7);
        /* That one ran in the object itself. */
        assert_true(eddy_context_lookup(context, &number, &value));
        assert_int_equal(value, -1);
        eddy_context_unref(context);
}

COROUTINE_TEST(is_inherited_by_watchers_and_signal_handlers)
{
        eddy_loop *loop = eddy_running_loop();
        int ends[2];

        seen_count = 0;
        assert_int_equal(pipe(ends), 0);
        eddy_context_set(&number, 1, NULL);
        assert_int_equal(eddy_add_reader(loop, ends[0], see, NULL), 0);
        eddy_context_set(&number, 2, NULL);
        assert_int_equal(eddy_add_signal_handler(loop, SIGUSR1, see, NULL), 0);
        eddy_context_set(&number, 3, NULL);
        assert_int_equal(write(ends[1], "x", 1), 1);
        while (seen_count < 2)
                eddy_yield();
        /* Each call begins with what was set then. */
        assert_int_equal(seen[0], 1);
        assert_int_equal(seen[1], 1);
        assert_true(eddy_remove_reader(loop, ends[0]));
        raise(SIGUSR1);
        while (seen_count < 3)
                eddy_yield();
        assert_int_equal(seen[2], 2);
        eddy_remove_signal_handler(loop, SIGUSR1);
        close(ends[0]);
        close(ends[1]);
}

static void reset_in_next_callback(void *token)
{
        assert_int_equal(eddy_context_reset(&number, token), EDDY_EINVALIDSTATE);
        eddy_loop_stop(eddy_running_loop());
}

static void set_in_callback(void *token)
{
        assert_int_equal(eddy_context_set(&number, 1, token), 0);
        eddy_call_soon(eddy_running_loop(), NULL, reset_in_next_callback, token);
}

TEST(tells_callbacks_apart)
{
        eddy_loop *loop = new_loop();
        eddy_context_token token;

        eddy_call_soon(loop, NULL, set_in_callback, &token);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        eddy_loop_destroy(loop);
}

TEST(is_given_back_with_callbacks_that_never_run)
{
        eddy_loop *loop = new_loop();
        eddy_future *future = eddy_future_create(loop);
        eddy_context_token token;
        int ends[2];

        assert_int_equal(pipe(ends), 0);
        assert_int_equal(eddy_context_set(&number, 1, &token), 0);
        eddy_call_soon(loop, NULL, see, NULL);
        eddy_call_later(loop, NULL, eddy_seconds(60), see, NULL);
        eddy_call_soon_threadsafe(loop, NULL, see, NULL);
        eddy_future_add_done_callback(future, see_future, NULL);
        eddy_add_reader(loop, ends[0], see, NULL);
        eddy_add_writer(loop, ends[1], see, NULL);
        eddy_add_signal_handler(loop, SIGUSR1, see, NULL);
        eddy_unref(eddy_task_create(&(eddy_task_options){.loop = loop}, get_number, NULL));
        eddy_unref(future);
        eddy_loop_destroy(loop);
        assert_int_equal(atomic_load(&context_outside.context->references), 1);
        assert_int_equal(eddy_context_reset(&number, &token), 0);
        assert_null(context_outside.context);
        close(ends[0]);
        close(ends[1]);
}

/* Outside loops and across threads. */

static intptr_t set_text(void *arg)
{
        return eddy_context_set(&text, (intptr_t)arg, NULL);
}

static intptr_t is_text(void *arg)
{
        return strcmp((const char *)eddy_context_get(&text), arg) == 0;
}

TEST(reaches_the_main_coroutine_and_the_next_one)
{
        eddy_runner runner;
        eddy_context_token token;

        assert_int_equal(eddy_context_set(&number, 5, &token), 0);
        assert_int_equal(run_main(get_number, NULL), 5);
        assert_int_equal(run_main(add_one, NULL), 6);
        assert_int_equal(eddy_context_get(&number), 5);
        assert_int_equal(eddy_context_reset(&number, &token), 0);

        assert_int_equal(eddy_runner_init(&runner, NULL), 0);
        assert_int_equal(eddy_runner_run(&runner, set_text, "of the first"), 0);
        assert_int_equal(eddy_runner_run(&runner, is_text, "of the first"), 1);
        eddy_runner_finish(&runner);
        assert_int_equal(is_text("nothing"), 1);
}

/** What a helper thread is given. */
struct errand {
        struct context *context;
        intptr_t before, within, after;
};

static void *run_errand(void *arg)
{
        struct errand *errand = arg;
        struct context_visit visit;

        errand->before = eddy_context_get(&number);
        context_enter(&visit, errand->context);
        errand->within = add_one(NULL);
        context_leave(&visit);
        errand->after = eddy_context_get(&number);
        context_unref(errand->context);
        return NULL;
}

COROUTINE_TEST(goes_to_another_thread_and_stays_as_it_is_here)
{
        struct errand errands[8];
        pthread_t threads[8];

        eddy_context_set(&number, 1, NULL);
        for (int i = 0; i < 8; i++) {
                errands[i].context = context_capture();
                assert_int_equal(pthread_create(&threads[i], NULL, run_errand, &errands[i]), 0);
        }
        eddy_context_set(&number, 100, NULL);
        for (int i = 0; i < 8; i++) {
                pthread_join(threads[i], NULL);
                assert_int_equal(errands[i].before, 7);
                assert_int_equal(errands[i].within, 2);
                assert_int_equal(errands[i].after, 7);
        }
        assert_int_equal(eddy_context_get(&number), 100);
}

COROUTINE_TEST(says_where_there_is_no_memory)
{
        eddy_context_token token;
        eddy_task *task;

        fault_arm(1, 1);
        assert_int_equal(eddy_context_set(&number, 1, NULL), -ENOMEM);
        assert_int_equal(eddy_context_get(&number), 7);
        fault_arm(1, 1);
        assert_null(eddy_copy_context());
        assert_int_equal(eddy_context_set(&text, (intptr_t) "kept", NULL), 0);
        assert_int_equal(eddy_context_set(&number, 1, &token), 0);
        task = eddy_create_task(get_number, NULL);
        fault_arm(1, 1);
        assert_int_equal(eddy_context_reset(&number, &token), -ENOMEM);
        fault_arm(0, 0);
        assert_int_equal(eddy_context_get(&number), 1);
        assert_int_equal(eddy_context_reset(&number, &token), 0);
        assert_int_equal(eddy_context_get(&number), 7);
        assert_string_equal((const char *)eddy_context_get(&text), "kept");
        assert_int_equal(join(task), 1);
}

static void count_up(void *variable)
{
        eddy_context_set(variable, eddy_context_get(variable) + 1, NULL);
}

COROUTINE_TEST(is_given_to_callbacks)
{
        eddy_context *context = eddy_copy_context();
        intptr_t value = 0;

        assert_int_equal(eddy_call_soon_in(NULL, context, count_up, &number), 0);
        assert_int_equal(eddy_call_at_in(NULL, context, 0, count_up, &number), 0);
        assert_int_equal(eddy_call_later_in(NULL, context, 0, count_up, &number), 0);
        assert_int_equal(eddy_call_later_in(NULL, context, EDDY_FOREVER, count_up, &number), 0);
        while (!eddy_context_lookup(context, &number, &value) || value < 10)
                eddy_yield();
        assert_int_equal(value, 7 + 3);
        assert_int_equal(eddy_context_get(&number), 7);
        /* It is held until they have run, or never will. */
        assert_int_equal(eddy_call_later_in(NULL, context, eddy_seconds(100), count_up, &number), 0);
        eddy_context_unref(context);
        assert_int_equal(eddy_call_soon_in(NULL, NULL, count_up, &number), -ENOMEM);
        assert_int_equal(eddy_call_at_in(NULL, NULL, 0, count_up, &number), -ENOMEM);
        assert_int_equal(eddy_call_later_in(NULL, NULL, 0, count_up, &number), -ENOMEM);
}

static intptr_t set_and_wait(void *value)
{
        eddy_context_set(&number, (intptr_t)value, NULL);
        return eddy_sleep(EDDY_FOREVER);
}

COROUTINE_TEST(is_told_of_a_task)
{
        eddy_context *given = eddy_copy_context(), *found;
        eddy_task *tasks[2] = {
            eddy_create_task(set_and_wait, (void *)3),
            eddy_task_create(&(eddy_task_options){.context = given}, set_and_wait, (void *)4),
        };
        intptr_t value = 0;

        eddy_yield();
        found = eddy_task_context(tasks[0]);
        assert_true(eddy_context_lookup(found, &number, &value));
        assert_int_equal(value, 3);
        eddy_context_unref(found);
        found = eddy_task_context(tasks[1]);
        assert_ptr_equal(found, given);
        eddy_context_unref(found);
        for (int i = 0; i < 2; i++) {
                eddy_cancel(tasks[i]);
                assert_int_equal(eddy_await(tasks[i], NULL), EDDY_CANCELLED);
                assert_null(eddy_task_context(tasks[i]));
                eddy_unref(tasks[i]);
        }
        assert_null(eddy_task_context(NULL));
        eddy_context_unref(given);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(has_its_initial_value_until_it_is_set),
            cmocka_unit_test(goes_back_by_its_tokens),
            cmocka_unit_test(takes_no_token_of_another_context),
            cmocka_unit_test(holds_many_variables),
            cmocka_unit_test(is_inherited_as_it_is_when_a_task_is_created),
            cmocka_unit_test(is_set_for_one_task_alone),
            cmocka_unit_test(passes_through_generations),
            cmocka_unit_test(costs_a_task_nothing_where_nothing_is_set),
            cmocka_unit_test(keeps_what_is_set_in_a_context_object),
            cmocka_unit_test(is_entered_once_at_a_time),
            cmocka_unit_test(is_shared_by_the_tasks_that_are_given_it),
            cmocka_unit_test(is_held_by_who_runs_in_it),
            cmocka_unit_test(is_inherited_by_callbacks_of_the_loops_memory),
            cmocka_unit_test(is_not_inherited_by_handles_of_the_callers),
            cmocka_unit_test(is_inherited_by_callbacks_of_futures),
            cmocka_unit_test(is_inherited_by_watchers_and_signal_handlers),
            cmocka_unit_test(tells_callbacks_apart),
            cmocka_unit_test(is_given_back_with_callbacks_that_never_run),
            cmocka_unit_test(reaches_the_main_coroutine_and_the_next_one),
            cmocka_unit_test(goes_to_another_thread_and_stays_as_it_is_here),
            cmocka_unit_test(says_where_there_is_no_memory),
            cmocka_unit_test(is_given_to_callbacks),
            cmocka_unit_test(is_told_of_a_task),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
