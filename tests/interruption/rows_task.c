/* src/task */
#include "interruption.h"

#include <signal.h>

static intptr_t return_five(void *arg)
{
        (void)arg;
        return 5;
}

static intptr_t sleep_for_ever(void *arg)
{
        (void)arg;
        return eddy_sleep(EDDY_FOREVER);
}

/** A task that has ended with 5. */
static eddy_task *create_done(void)
{
        eddy_task *task = eddy_create_task(return_five, NULL);

        assert_int_equal(eddy_await(task, NULL), 0);
        return task;
}

static void try_eddy_yield(void)
{
        assert_refused(eddy_yield());
        assert_int_equal(eddy_yield(), 0);
}

static void try_eddy_sleep(void)
{
        assert_refused(eddy_sleep(-1));
        assert_refused(eddy_sleep(0));
        assert_refused(eddy_sleep(1));
        assert_int_equal(eddy_sleep(0), 0);
}

static void try_eddy_await(void)
{
        eddy_task *task = create_done(), *pending = eddy_create_task(sleep_for_ever, NULL);
        intptr_t result = 0;

        WHILE_CANCELLED
        {
                assert_int_equal(eddy_await(task, &result), 0);
                assert_int_equal(result, 5);
                assert_int_equal(eddy_await(pending, &result), EDDY_CANCELLED);
                assert_true(eddy_cancelled(pending));
        }
        eddy_unref(task);
        eddy_unref(pending);
}

static void try_eddy_join(void)
{
        eddy_task *task = create_done();
        intptr_t result = 0;

        WHILE_CANCELLED
        {
                assert_int_equal(eddy_join(task, &result), 0);
                assert_int_equal(result, 5);
                assert_int_equal(eddy_join(eddy_create_task(sleep_for_ever, NULL), &result), EDDY_CANCELLED);
        }
}

static void try_eddy_await_value(void)
{
        eddy_task *task = create_done(), *pending = eddy_create_task(sleep_for_ever, NULL);

        WHILE_CANCELLED
        {
                assert_int_equal(eddy_await_value(task), 5);
                assert_int_equal(eddy_await_value(pending), EDDY_CANCELLED);
                assert_true(eddy_cancelled(pending));
        }
        eddy_unref(task);
        eddy_unref(pending);
}

static void try_eddy_join_value(void)
{
        eddy_task *task = create_done();

        WHILE_CANCELLED
        {
                assert_int_equal(eddy_join_value(task), 5);
                assert_int_equal(eddy_join_value(eddy_create_task(sleep_for_ever, NULL)), EDDY_CANCELLED);
        }
}

static void try_eddy_wait_for_value(void)
{
        eddy_task *task = create_done(), *pending = eddy_create_task(sleep_for_ever, NULL);

        WHILE_CANCELLED
        {
                assert_int_equal(eddy_wait_for_value(task, 0), 5);
                assert_int_equal(eddy_wait_for_value(pending, eddy_seconds(1000)), EDDY_CANCELLED);
                assert_true(eddy_cancelled(pending));
        }
        eddy_unref(task);
        eddy_unref(pending);
}

static void try_eddy_wait_for(void)
{
        eddy_task *task = create_done(), *pending = eddy_create_task(sleep_for_ever, NULL);
        intptr_t result = 0;

        WHILE_CANCELLED
        {
                assert_int_equal(eddy_wait_for(task, 0, &result), 0);
                assert_int_equal(result, 5);
                assert_int_equal(eddy_wait_for(pending, eddy_seconds(1000), &result), EDDY_CANCELLED);
                assert_true(eddy_cancelled(pending));
        }
        eddy_unref(task);
        eddy_unref(pending);
}

static void try_eddy_gather(void)
{
        eddy_task *tasks[] = {create_done(), eddy_create_task(sleep_for_ever, NULL)};
        intptr_t results[2] = {0};

        WHILE_CANCELLED
        {
                assert_int_equal(eddy_gather(tasks, 1, results, 0), 0);
                assert_int_equal(results[0], 5);
                assert_int_equal(eddy_gather(tasks, 2, results, 0), EDDY_CANCELLED);
                assert_true(eddy_cancelled(tasks[1]));
        }
        eddy_unref(tasks[0]);
        eddy_unref(tasks[1]);
}

static void try_eddy_wait(void)
{
        eddy_task *task = create_done();

        assert_refused(eddy_wait(&task, 1, EDDY_ALL_COMPLETED, EDDY_FOREVER));
        assert_refused(eddy_wait(&task, 1, EDDY_FIRST_COMPLETED, 0));
        assert_int_equal(eddy_wait(&task, 1, EDDY_ALL_COMPLETED, EDDY_FOREVER), 1);
        eddy_unref(task);
}

static void try_eddy_completion_next(void)
{
        eddy_future *task = create_done(), *next;
        eddy_completion completion;

        assert_int_equal(eddy_as_completed(&completion, &task, 1), 0);
        assert_refused(eddy_completion_next(&completion, &next));
        assert_null(next);
        assert_int_equal(eddy_completion_next(&completion, &next), 1);
        assert_ptr_equal(next, task);
        eddy_completion_close(&completion);
        eddy_unref(task);
}

static void try_eddy_group_wait(void)
{
        eddy_group group;

        eddy_group_open(&group);
        assert_refused(eddy_group_wait(&group));
        assert_int_equal(eddy_group_wait(&group), 0);
        eddy_group_close(&group);
}

static void try_eddy_group_close(void)
{
        WHILE_CANCELLED
        {
                eddy_group group;

                eddy_group_open(&group);
                assert_int_equal(eddy_group_close(&group), EDDY_CANCELLED);
                assert_int_equal(eddy_group_start(&group, NULL, return_five, NULL, NULL), EDDY_EGROUPCLOSED);
        }
}

static intptr_t count(eddy_generator *self, void *arg)
{
        int rc = 0;

        (void)arg;
        for (intptr_t n = 1; rc == 0; n++)
                rc = eddy_generator_yield(self, n, NULL);
        return rc;
}

static intptr_t pass_on(eddy_generator *self, void *inner)
{
        return eddy_generator_yield_from(self, inner, NULL);
}

static void try_eddy_generator_next(void)
{
        eddy_generator *generator = eddy_create_generator(count, NULL);
        intptr_t value = 0;

        assert_refused(eddy_generator_next(generator, &value));
        assert_int_equal(eddy_generator_next(generator, &value), 0);
        assert_refused(eddy_generator_next(generator, &value));
        assert_int_equal(value, 1);
        assert_int_equal(eddy_generator_next(generator, &value), 0);
        assert_int_equal(value, 2);
        eddy_generator_destroy(generator);
}

static void try_eddy_generator_send(void)
{
        eddy_generator *generator = eddy_create_generator(count, NULL);
        intptr_t value = 0;

        eddy_generator_next(generator, &value);
        assert_refused(eddy_generator_send(generator, 1, &value));
        assert_int_equal(value, 1);
        assert_int_equal(eddy_generator_send(generator, 1, &value), 0);
        assert_int_equal(value, 2);
        eddy_generator_destroy(generator);
}

static void try_eddy_generator_throw(void)
{
        eddy_generator *generator = eddy_create_generator(count, NULL);
        intptr_t value = 0;

        eddy_generator_next(generator, &value);
        assert_refused(eddy_generator_throw(generator, -EIO, &value));
        assert_int_equal(eddy_generator_next(generator, &value), 0);
        assert_int_equal(eddy_generator_throw(generator, -EIO, &value), -EIO);
        eddy_generator_destroy(generator);
}

static void try_eddy_generator_yield_from(void)
{
        eddy_generator *inner = eddy_create_generator(count, NULL),
                       *outer = eddy_create_generator(pass_on, inner);
        intptr_t value = 0;

        assert_int_equal(eddy_generator_next(outer, &value), 0);
        assert_refused(eddy_generator_next(outer, &value));
        assert_int_equal(eddy_generator_next(outer, &value), 0);
        assert_int_equal(value, 2);
        eddy_generator_destroy(outer);
        eddy_generator_destroy(inner);
}

static void try_eddy_generator_close(void)
{
        eddy_generator *generator = eddy_create_generator(count, NULL);

        eddy_generator_next(generator, NULL);
        WHILE_CANCELLED
        assert_int_equal(eddy_generator_close(generator), 0);
        assert_int_equal(eddy_generator_next(generator, NULL), EDDY_ENOMORE);
        eddy_generator_destroy(generator);
}

static void try_eddy_generator_destroy(void)
{
        eddy_generator *generator = eddy_create_generator(count, NULL);

        eddy_generator_next(generator, NULL);
        WHILE_CANCELLED
        eddy_generator_destroy(generator);
}

static void try_eddy_context_run(void)
{
        eddy_context *context = eddy_copy_context();

        WHILE_CANCELLED
        {
                assert_int_equal(eddy_context_run(context, return_five, NULL), 5);
                assert_int_equal(eddy_context_run(context, sleep_for_ever, NULL), EDDY_CANCELLED);
        }
        eddy_context_unref(context);
}

static void try_eddy_signal_watch_next(void)
{
        eddy_signal_watch watch;

        assert_int_equal(eddy_signal_watch_open(&watch, (int[]){SIGUSR1}, 1), 0);
        raise(SIGUSR1);
        while (!watch.came)
                assert_int_equal(eddy_yield(), 0);
        assert_refused(eddy_signal_watch_next(&watch));
        assert_int_equal(eddy_signal_watch_next(&watch), SIGUSR1);
        eddy_signal_watch_close(&watch);
}

static void try_eddy_signal_wait(void)
{
        assert_refused(eddy_signal_wait((int[]){SIGUSR1}, 1));
        assert_refused(eddy_signal_wait(NULL, 0));
}

const struct row task_rows[] = {
    ROW(eddy_yield),
    ROW(eddy_sleep),
    EXEMPT(eddy_await, "what is done is handed over, and what is not is cancelled and seen to its end"),
    EXEMPT(eddy_join, "as eddy_await()"),
    EXEMPT(eddy_wait_for, "as eddy_await()"),
    EXEMPT(eddy_await_value, "as eddy_await()"),
    EXEMPT(eddy_join_value, "as eddy_await()"),
    EXEMPT(eddy_wait_for_value, "as eddy_await()"),
    EXEMPT(eddy_gather, "as eddy_await()"),
    ROW(eddy_wait),
    ROW(eddy_completion_next),
    ROW(eddy_group_wait),
    EXEMPT(eddy_group_close, "closes the group, and then reports"),
    ROW(eddy_generator_next),
    ROW(eddy_generator_send),
    ROW(eddy_generator_throw),
    ROW(eddy_generator_yield_from),
    EXEMPT(eddy_generator_close, "closes: what the body calls for its clean-up is refused"),
    EXEMPT(eddy_generator_destroy, "gives back, as eddy_generator_close()"),
    EXEMPT(eddy_context_run, "calls a function of the caller's, which is refused in what it calls"),
    ROW(eddy_signal_watch_next),
    ROW(eddy_signal_wait),
    {.name = NULL},
};
