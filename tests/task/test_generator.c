#include "task/task.h"
#include "testing.h"
#include <execinfo.h>
#include <pthread.h>

/** Close and free, and see no failure. */
static void finish(eddy_generator *generator)
{
        assert_int_equal(eddy_generator_close(generator), 0);
        eddy_generator_destroy(generator);
}

#define assert_next(generator, expected)                                                                       \
        do {                                                                                                   \
                intptr_t value_ = -1;                                                                          \
                assert_int_equal(eddy_generator_next((generator), &value_), 0);                                \
                assert_int_equal(value_, (expected));                                                          \
        } while (0)

#define assert_end(generator, expected)                                                                        \
        do {                                                                                                   \
                intptr_t value_ = -1;                                                                          \
                assert_int_equal(eddy_generator_next((generator), &value_), EDDY_ENOMORE);                     \
                assert_int_equal(value_, (expected));                                                          \
        } while (0)

static intptr_t count_to(eddy_generator *self, void *arg)
{
        intptr_t last = *(const int *)arg;

        for (intptr_t i = 1; i <= last; i++) {
                int rc = eddy_generator_yield(self, i, NULL);

                if (rc < 0)
                        return rc;
        }
        return last * 100;
}

static void yields_what_it_is_asked_for(void)
{
        eddy_generator *numbers = eddy_generate(count_to, &(int){3});

        assert_string_equal(eddy_generator_name(numbers), "count_to");
        assert_next(numbers, 1);
        assert_next(numbers, 2);
        assert_int_equal(eddy_generator_next(numbers, NULL), 0);
        assert_end(numbers, 300);
        assert_end(numbers, 300);
        assert_int_equal(eddy_generator_close(numbers), 0);
        eddy_generator_destroy(numbers);
        eddy_generator_destroy(NULL);
        assert_string_equal(eddy_generator_name(NULL), "?");
}

COROUTINE_TEST(yields_in_a_coroutine)
{
        yields_what_it_is_asked_for();
}

TEST(yields_without_a_loop)
{
        loop_running_here = NULL;
        yields_what_it_is_asked_for();
}

static void yield_and_stop(void *loop)
{
        yields_what_it_is_asked_for();
        eddy_loop_stop(loop);
}

TEST(yields_in_a_callback)
{
        eddy_loop *loop = new_loop();

        eddy_call_soon(loop, NULL, yield_and_stop, loop);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        eddy_loop_destroy(loop);
}

static void *yield_in_thread(void *arg)
{
        (void)arg;
        yields_what_it_is_asked_for();
        return NULL;
}

TEST(yields_in_any_thread)
{
        pthread_t threads[4];

        loop_running_here = NULL;
        for (int i = 0; i < 4; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, yield_in_thread, NULL), 0);
        for (int i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
}

/** Yields the mean of what it has been sent; asked to fail, yields the error made positive. */
static intptr_t average(eddy_generator *self, void *arg)
{
        intptr_t sum = 0, count = 0, sent;

        (void)arg;
        for (;;) {
                int rc = eddy_generator_yield(self, count ? sum / count : 0, &sent);

                while (rc < 0 && rc != EDDY_EGENERATOREXIT)
                        rc = eddy_generator_yield(self, -rc, &sent);
                if (rc < 0)
                        return rc;
                if (sent < 0)
                        return sum;
                sum += sent;
                count++;
        }
}

COROUTINE_TEST(is_sent_values)
{
        eddy_generator *mean = eddy_create_generator(average, NULL);
        intptr_t value;

        assert_int_equal(eddy_generator_send(mean, 1, &value), EDDY_EINVALIDSTATE);
        assert_string_equal(eddy_error_detail(),
                            "generator 'average' has not begun, so nothing can be sent to it");
        assert_int_equal(eddy_generator_send(mean, 0, &value), 0);
        assert_int_equal(value, 0);
        assert_int_equal(eddy_generator_send(mean, 10, &value), 0);
        assert_int_equal(value, 10);
        assert_int_equal(eddy_generator_send(mean, 20, &value), 0);
        assert_int_equal(value, 15);
        assert_int_equal(eddy_generator_send(mean, -10000, &value), EDDY_ENOMORE);
        assert_int_equal(value, 30);
        assert_int_equal(eddy_generator_send(mean, 1, &value), EDDY_ENOMORE);
        eddy_generator_destroy(mean);
}

COROUTINE_TEST(is_thrown_errors)
{
        eddy_generator *mean = eddy_create_generator(average, NULL),
                       *numbers = eddy_generate(count_to, &(int){5});
        intptr_t value;

        assert_next(mean, 0);
        assert_int_equal(eddy_generator_throw(mean, -EDOM, &value), 0);
        assert_int_equal(value, EDOM);
        assert_int_equal(eddy_generator_send(mean, 4, &value), 0);
        assert_int_equal(value, 4);
        assert_int_equal(eddy_generator_throw(mean, 4, &value), -EINVAL);
        finish(mean);

        assert_next(numbers, 1);
        assert_int_equal(eddy_generator_throw(numbers, -EIO, &value), -EIO);
        assert_end(numbers, 0);
        assert_int_equal(eddy_generator_throw(numbers, -EDOM, &value), -EDOM);
        eddy_generator_destroy(numbers);

        /* One that has not begun. */
        numbers = eddy_generate(count_to, &(int){5});
        assert_int_equal(eddy_generator_throw(numbers, -EIO, &value), -EIO);
        assert_end(numbers, 0);
        eddy_generator_destroy(numbers);
}

static intptr_t note_the_end(eddy_generator *self, void *arg)
{
        int rc;

        do
                rc = eddy_generator_yield(self, 0, NULL);
        while (rc == 0);
        trail_add(*(const char *)arg);
        return rc == EDDY_EGENERATOREXIT ? 0 : rc;
}

COROUTINE_TEST(is_closed_and_cleans_up)
{
        eddy_generator *closed = eddy_create_generator(note_the_end, "c");
        eddy_generator *dropped = eddy_create_generator(note_the_end, "d");
        eddy_generator *unbegun = eddy_create_generator(note_the_end, "u");

        trail_clear();
        assert_next(closed, 0);
        assert_next(dropped, 0);
        assert_int_equal(eddy_generator_close(closed), 0);
        assert_trail("c");
        assert_int_equal(eddy_generator_close(closed), 0);
        assert_end(closed, 0);
        eddy_generator_destroy(closed);
        eddy_generator_destroy(dropped);
        assert_trail("d");
        assert_int_equal(eddy_generator_close(unbegun), 0);
        assert_end(unbegun, 0);
        eddy_generator_destroy(unbegun);
        assert_trail("");
}

static char reported[256];

static void report(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        (void)loop;
        (void)arg;
        snprintf(reported, sizeof reported, "%s: %s", exception->message, eddy_errname(exception->error));
}

static intptr_t fail_at_the_end(eddy_generator *self, void *arg)
{
        eddy_generator_yield(self, 1, NULL);
        return -*(const int *)arg;
}

COROUTINE_TEST(tells_of_a_clean_up_that_fails)
{
        eddy_generator *looked_at = eddy_generate(fail_at_the_end, &(int){EDOM});
        eddy_generator *dropped = eddy_generate(fail_at_the_end, &(int){EIO});

        assert_next(looked_at, 1);
        assert_next(dropped, 1);
        assert_int_equal(eddy_generator_close(looked_at), -EDOM);
        eddy_generator_destroy(looked_at);
        eddy_loop_set_exception_handler(eddy_running_loop(), report, NULL);
        eddy_generator_destroy(dropped);
        assert_string_equal(reported,
                            "generator 'fail_at_the_end' failed while it was closed, and nobody looked: EIO");
}

/** Does not look at what its yields return. */
static intptr_t ignore(eddy_generator *self, void *arg)
{
        for (int i = 0; i < *(const int *)arg; i++)
                eddy_generator_yield(self, i, NULL);
        trail_add('i');
        return 0;
}

COROUTINE_TEST(says_that_a_body_ignored_its_end)
{
        eddy_generator *finite = eddy_generate(ignore, &(int){10});
        eddy_generator *endless = eddy_generate(ignore, &(int){INT32_MAX});

        trail_clear();
        assert_next(finite, 0);
        assert_int_equal(eddy_generator_close(finite), EDDY_EINVALIDSTATE);
        assert_string_equal(eddy_error_detail(), "generator 'ignore' yields although it is to end");
        assert_trail("i");
        assert_end(finite, 0);
        eddy_generator_destroy(finite);

        assert_next(endless, 0);
        assert_int_equal(eddy_generator_close(endless), EDDY_EINVALIDSTATE);
        assert_end(endless, 0);
        assert_int_equal(eddy_generator_close(endless), 0);
        eddy_generator_destroy(endless);
        assert_trail("");
}

static intptr_t use_itself(eddy_generator *self, void *arg)
{
        intptr_t value;

        (void)arg;
        if (eddy_generator_next(self, &value) != EDDY_EBUSY || eddy_generator_close(self) != EDDY_EBUSY ||
            eddy_generator_throw(self, -EIO, &value) != EDDY_EBUSY)
                return -EFAULT;
        return 1;
}

static intptr_t yield_for_another(eddy_generator *self, void *other)
{
        (void)self;
        return eddy_generator_yield(other, 1, NULL);
}

static intptr_t call_another(eddy_generator *self, void *arg)
{
        eddy_generator *other = eddy_create_generator(yield_for_another, self);
        intptr_t value = 0;
        int rc = eddy_generator_next(other, &value);

        (void)arg;
        eddy_generator_destroy(other);
        return rc == EDDY_EINVALIDSTATE ? 1 : -EFAULT;
}

COROUTINE_TEST(refuses_misuse)
{
        static char big[2000];
        eddy_generator *generator = eddy_create_generator(use_itself, NULL);

        assert_end(generator, 1);
        assert_int_equal(eddy_generator_yield(generator, 1, NULL), EDDY_EINVALIDSTATE);
        eddy_generator_destroy(generator);
        generator = eddy_create_generator(call_another, NULL);
        assert_end(generator, 1);
        eddy_generator_destroy(generator);
        assert_int_equal(eddy_generator_next(NULL, NULL), -ENOMEM);
        assert_int_equal(eddy_generator_send(NULL, 0, NULL), -ENOMEM);
        assert_int_equal(eddy_generator_throw(NULL, -EIO, NULL), -ENOMEM);
        assert_int_equal(eddy_generator_close(NULL), -ENOMEM);
        assert_null(eddy_generator_create(&(eddy_generator_options){.args = big, .args_size = sizeof big},
                                          use_itself, NULL));
}

static void *step_in_thread(void *generator)
{
        return (void *)(intptr_t)eddy_generator_next(generator, NULL);
}

COROUTINE_TEST(belongs_to_its_thread)
{
        eddy_generator *numbers = eddy_generate(count_to, &(int){5});
        pthread_t thread;
        void *rc;

        assert_int_equal(pthread_create(&thread, NULL, step_in_thread, numbers), 0);
        pthread_join(thread, &rc);
        assert_int_equal((intptr_t)rc, EDDY_EWRONGLOOP);
        assert_next(numbers, 1);
        finish(numbers);
}

/* Delegation. */

static intptr_t delegate(eddy_generator *self, void *arg)
{
        eddy_generator *inner = arg;
        intptr_t result = -1;
        int rc = eddy_generator_yield_from(self, inner, &result);

        trail_add(rc < 0 ? 'f' : 'r');
        eddy_generator_destroy(inner);
        if (rc == 0)
                rc = eddy_generator_yield(self, 1000, NULL);
        return rc < 0 ? rc : result;
}

COROUTINE_TEST(yields_from_another)
{
        eddy_generator *outer = eddy_create_generator(delegate, eddy_generate(count_to, &(int){2}));
        intptr_t value;

        trail_clear();
        assert_next(outer, 1);
        assert_next(outer, 2);
        assert_next(outer, 1000);
        assert_end(outer, 200);
        assert_trail("r");
        eddy_generator_destroy(outer);

        outer = eddy_create_generator(delegate, eddy_create_generator(average, NULL));
        assert_next(outer, 0);
        assert_int_equal(eddy_generator_send(outer, 8, &value), 0);
        assert_int_equal(value, 8);
        assert_int_equal(eddy_generator_throw(outer, -EDOM, &value), 0);
        assert_int_equal(value, EDOM);
        finish(outer);
        assert_trail("f");

        outer = eddy_create_generator(delegate, eddy_create_generator(note_the_end, "i"));
        assert_next(outer, 0);
        assert_int_equal(eddy_generator_close(outer), 0);
        assert_trail("if");
        eddy_generator_destroy(outer);

        outer = eddy_create_generator(delegate, eddy_generate(count_to, &(int){2}));
        assert_next(outer, 1);
        assert_int_equal(eddy_generator_throw(outer, -EIO, &value), -EIO);
        eddy_generator_destroy(outer);
}

/** The nodes of a tree of some depth, in order, each level by a generator of its own. */
static intptr_t walk(eddy_generator *self, void *arg)
{
        intptr_t depth = (intptr_t)arg, count = 0;
        int rc = 0;

        for (int side = 0; depth > 0 && side < 2 && rc == 0; side++) {
                eddy_generator *below = eddy_create_generator(walk, (void *)(depth - 1));
                intptr_t result = 0;

                rc = eddy_generator_yield_from(self, below, &result);
                eddy_generator_destroy(below);
                count += result;
                if (rc == 0 && side == 0)
                        rc = eddy_generator_yield(self, depth, NULL);
        }
        return rc < 0 ? rc : depth ? count + 1 : 0;
}

COROUTINE_TEST(nests)
{
        eddy_generator *tree = eddy_create_generator(walk, (void *)6);
        intptr_t value, count = 0;

        while (eddy_generator_next(tree, &value) == 0)
                count++;
        assert_int_equal(count, 63);
        assert_int_equal(value, 63);
        eddy_generator_destroy(tree);
}

/* Bodies that suspend. */

/** Three numbers, with something going on before each. At the end it suspends once more, and notes whether it
 * could. */
static intptr_t tick(eddy_generator *self, void *arg)
{
        int rc = 0;

        for (intptr_t i = 1; i <= 3 && rc == 0; i++) {
                rc = eddy_sleep(eddy_us(10));
                trail_add(*(const char *)arg);
                if (rc == 0)
                        rc = eddy_generator_yield(self, i, NULL);
        }
        EDDY_SHIELD_SCOPE
                trail_add(eddy_yield() == 0 ? 'e' : 'n');
        return rc == EDDY_EGENERATOREXIT ? 0 : rc;
}

COROUTINE_TEST(suspends_its_consumer)
{
        eddy_generator *ticks = eddy_create_generator(tick, "t");

        trail_clear();
        assert_next(ticks, 1);
        assert_next(ticks, 2);
        assert_next(ticks, 3);
        assert_end(ticks, 0);
        assert_trail("ttte");
        eddy_generator_destroy(ticks);

        ticks = eddy_create_generator(tick, "t");
        assert_next(ticks, 1);
        assert_int_equal(eddy_generator_close(ticks), 0);
        assert_trail("te");
        eddy_generator_destroy(ticks);
}

static intptr_t consume(void *generator)
{
        intptr_t value, sum = 0;
        int rc;

        while ((rc = eddy_generator_next(generator, &value)) == 0)
                sum += value;
        return rc == EDDY_ENOMORE ? sum : rc;
}

COROUTINE_TEST(runs_beside_others)
{
        enum { N = 20 };
        eddy_generator *ticks[N];
        eddy_task *tasks[N];
        intptr_t results[N];

        for (int i = 0; i < N; i++) {
                ticks[i] = eddy_create_generator(tick, "x");
                tasks[i] = eddy_create_task(consume, ticks[i]);
                trail_clear();
        }
        assert_int_equal(eddy_gather(tasks, N, results, 0), 0);
        trail_clear();
        for (int i = 0; i < N; i++) {
                assert_int_equal(results[i], 6);
                eddy_unref(tasks[i]);
                eddy_generator_destroy(ticks[i]);
        }
}

COROUTINE_TEST(is_busy_while_its_consumer_is_suspended)
{
        eddy_generator *ticks = eddy_create_generator(tick, "t");
        eddy_task *task = eddy_task_create(&(eddy_task_options){.eager = true}, consume, ticks);
        intptr_t result;

        assert_int_equal(eddy_generator_next(ticks, NULL), EDDY_EBUSY);
        assert_int_equal(eddy_generator_close(ticks), EDDY_EBUSY);
        trail_clear();
        eddy_cancel(task);
        assert_int_equal(eddy_join(task, &result), 0);
        /* Its consumer was cancelled in the body, which has ended by that. */
        assert_int_equal(result, EDDY_CANCELLED);
        assert_trail("te");
        assert_end(ticks, 0);
        eddy_generator_destroy(ticks);
}

COROUTINE_TEST(is_handed_from_task_to_task)
{
        eddy_generator *ticks = eddy_create_generator(tick, "t");
        intptr_t result;

        trail_clear();
        assert_next(ticks, 1);
        assert_int_equal(eddy_join(eddy_create_task(consume, ticks), &result), 0);
        assert_int_equal(result, 5);
        eddy_generator_destroy(ticks);
}

TEST(cannot_suspend_outside_a_task)
{
        eddy_generator *ticks = eddy_create_generator(tick, "t");

        loop_running_here = NULL;
        trail_clear();
        assert_int_equal(eddy_generator_next(ticks, NULL), EDDY_ENOTASK);
        assert_trail("tn");
        eddy_generator_destroy(ticks);
}

static intptr_t tell_task(eddy_generator *self, void *arg)
{
        (void)arg;
        for (;;) {
                int rc = eddy_generator_yield(self, (intptr_t)eddy_current_task(), NULL);

                if (rc < 0)
                        return rc;
        }
}

static eddy_context_var number = EDDY_CONTEXT_VAR("number", 7);

static intptr_t set_number(eddy_generator *self, void *arg)
{
        (void)arg;
        eddy_context_set(&number, 8, NULL);
        return eddy_generator_yield(self, 0, NULL);
}

COROUTINE_TEST(runs_in_its_consumers_task_and_context)
{
        eddy_generator *generator = eddy_create_generator(tell_task, NULL);

        assert_next(generator, (intptr_t)eddy_current_task());
        finish(generator);
        generator = eddy_create_generator(set_number, NULL);
        assert_next(generator, 0);
        assert_int_equal(eddy_context_get(&number), 8);
        finish(generator);
}

/* Scopes. */

/** Yields within a deadline, and tells what it sees when it goes on. */
static intptr_t yield_within_deadline(eddy_generator *self, void *arg)
{
        eddy_timeout limit, inner;
        int rc;

        (void)arg;
        eddy_timeout_open(&limit, eddy_us(50));
        eddy_timeout_open(&inner, EDDY_FOREVER);
        rc = eddy_generator_yield(self, 1, NULL);
        if (rc == 0)
                rc = eddy_generator_yield(self, eddy_interrupted(), NULL);
        eddy_timeout_close(&inner);
        if (eddy_timeout_close(&limit) == EDDY_TIMEOUT && rc == 0)
                rc = eddy_generator_yield(self, eddy_interrupted() == 0 ? 77 : 0, NULL);
        return rc;
}

COROUTINE_TEST(keeps_its_deadlines_to_itself)
{
        eddy_generator *generator = eddy_create_generator(yield_within_deadline, NULL);
        eddy_timeout ours;

        assert_next(generator, 1);
        eddy_timeout_open(&ours, EDDY_FOREVER);
        assert_int_equal(eddy_sleep(eddy_ms(1)), 0);
        assert_next(generator, EDDY_TIMEOUT);
        assert_int_equal(eddy_interrupted(), 0);
        assert_int_equal(eddy_yield(), 0);
        assert_next(generator, 77);
        assert_int_equal(eddy_timeout_close(&ours), 0);
        finish(generator);

        /* One that is closed with its scopes open. */
        generator = eddy_create_generator(yield_within_deadline, NULL);
        assert_next(generator, 1);
        finish(generator);
        assert_int_equal(eddy_sleep(eddy_ms(1)), 0);
}

static intptr_t next_once(void *generator)
{
        intptr_t value = 0;

        return eddy_generator_next(generator, &value) == 0 ? value : -EFAULT;
}

COROUTINE_TEST(takes_its_scopes_from_task_to_task)
{
        eddy_generator *generator = eddy_create_generator(yield_within_deadline, NULL);
        intptr_t result;

        /* The task that opened them is gone when the deadline passes. */
        eddy_join(eddy_create_task(next_once, generator), &result);
        assert_int_equal(result, 1);
        assert_int_equal(eddy_sleep(eddy_ms(1)), 0);
        eddy_join(eddy_create_task(next_once, generator), &result);
        assert_int_equal(result, EDDY_TIMEOUT);
        eddy_join(eddy_create_task(next_once, generator), &result);
        assert_int_equal(result, 77);
        finish(generator);
}

static intptr_t fail_at_once(void *arg)
{
        (void)arg;
        return -EDOM;
}

static intptr_t yield_within_group(eddy_generator *self, void *arg)
{
        eddy_group group;
        int rc;

        (void)arg;
        eddy_group_open(&group);
        eddy_group_create_task(&group, fail_at_once, NULL, NULL);
        rc = eddy_generator_yield(self, 1, NULL);
        if (rc == 0)
                rc = eddy_generator_yield(self, eddy_interrupted(), NULL);
        return eddy_group_close(&group);
}

COROUTINE_TEST(keeps_its_groups_to_itself)
{
        eddy_generator *generator = eddy_create_generator(yield_within_group, NULL);
        intptr_t value;

        assert_next(generator, 1);
        assert_int_equal(eddy_yield(), 0); /* the child fails, and it is none of ours */
        assert_int_equal(eddy_interrupted(), 0);
        assert_next(generator, EDDY_CANCELLED);
        assert_int_equal(eddy_generator_next(generator, &value), -EDOM);
        eddy_generator_destroy(generator);
}

static void step_in_callback(void *generator)
{
        assert_int_equal(eddy_generator_next(generator, NULL), EDDY_ENOTASK);
        assert_int_equal(eddy_generator_close(generator), EDDY_ENOTASK);
        trail_add('c');
}

COROUTINE_TEST(needs_a_task_for_its_scopes)
{
        eddy_generator *generator = eddy_create_generator(yield_within_deadline, NULL);

        trail_clear();
        assert_next(generator, 1);
        eddy_call_soon(eddy_running_loop(), NULL, step_in_callback, generator);
        eddy_yield();
        assert_trail("c");
        finish(generator);
}

/* The end of a run. */

static eddy_generator *left[4];

static intptr_t leave_generators(void *arg)
{
        (void)arg;
        left[0] = eddy_create_generator(tick, "a");
        left[1] = eddy_create_generator(note_the_end, "b");
        left[2] = eddy_create_generator(note_the_end, "c");
        left[3] = eddy_create_generator(yield_within_deadline, NULL);
        assert_next(left[0], 1);
        assert_next(left[1], 0);
        assert_next(left[3], 1);
        return 0;
}

static void destroy_those_left(void)
{
        for (int i = 0; i < 4; i++) {
                assert_int_equal(eddy_generator_next(left[i], NULL), EDDY_ENOMORE);
                eddy_generator_destroy(left[i]);
        }
}

TEST(is_closed_at_the_end_of_a_run)
{
        trail_clear();
        assert_int_equal(run_main(leave_generators, NULL), 0);
        /* The first one's clean-up has been suspended. */
        assert_trail("aeb");
        destroy_those_left();
}

TEST(is_closed_with_its_loop)
{
        eddy_loop *loop = new_loop();
        eddy_task *task;

        trail_clear();
        task = eddy_task_create(&(eddy_task_options){.loop = loop}, leave_generators, NULL);
        eddy_loop_run_until_complete(loop, task, NULL);
        eddy_unref(task);
        eddy_loop_destroy(loop);
        /* As far as that goes without a task. */
        assert_trail("anb");
        destroy_those_left();
}

TEST(is_abandoned_with_the_task_that_it_suspends)
{
        eddy_loop *loop = new_loop();
        eddy_generator *ticks;

        loop_running_here = loop; /* so that it is this loop's */
        ticks = eddy_create_generator(tick, "t");
        loop_running_here = NULL;
        eddy_unref(eddy_task_create(&(eddy_task_options){.loop = loop}, consume, ticks));
        run_once(loop);
        eddy_loop_destroy(loop);
        assert_end(ticks, 0);
        eddy_generator_destroy(ticks);
}

/* Traces and memory. */

static int frame_count;
static void *frames[64];

static intptr_t trace(eddy_generator *self, void *arg)
{
        int rc = eddy_generator_yield(self, 1, NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        frame_count = backtrace(frames, 64);
        eddy_yield();
        return 0;
}

static __attribute__((noinline)) void consume_trace(void)
{
        eddy_generator *generator = eddy_create_generator(trace, NULL);

        assert_next(generator, 1);
        assert_end(generator, 0);
        eddy_generator_destroy(generator);
}

static intptr_t consume_trace_in_task(void *arg)
{
        (void)arg;
        consume_trace();
        return 0;
}

/** How many of a trace's outermost frames are the same as seen from here. */
static int shared_frames(void)
{
        void *outer[64];
        int n = backtrace(outer, 64), same = 0;

        while (same < n && same < frame_count && outer[n - 1 - same] == frames[frame_count - 1 - same])
                same++;
        return same;
}

TEST(unwinds_to_its_consumer)
{
        if (USES_UCONTEXT)
                skip();
        loop_running_here = NULL;
        consume_trace();
        assert_in_range(frame_count, 6, 63);
        assert_true(shared_frames() >= 2);
        assert_int_equal(run_main(consume_trace_in_task, NULL), 0);
        assert_in_range(frame_count, 9, 63);
        assert_true(shared_frames() >= 2);
}

COROUTINE_TEST(prints_the_stack_of_a_task_within_it)
{
        eddy_generator *ticks = eddy_create_generator(tick, "t");
        eddy_task *task = eddy_task_create(&(eddy_task_options){.eager = true}, consume, ticks);
        FILE *out = tmpfile();

        assert_true(eddy_task_print_stack(task, out) > (USES_UCONTEXT ? 1 : 6));
        fclose(out);
        trail_clear();
        eddy_join(task, NULL);
        eddy_generator_destroy(ticks);
}

COROUTINE_TEST(keeps_what_its_sides_keep_in_registers)
{
        eddy_generator *numbers = eddy_generate(count_to, &(int){100000});
        uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6;
        double x = 0;
        intptr_t value;

        while (eddy_generator_next(numbers, &value) == 0) {
                uint64_t n = (uint64_t)value;

                a += n, b += n * 2, c += n * 3, d ^= n, e -= n, f += a, x += (double)n;
        }
        assert_int_equal(a, 5000050001);
        assert_int_equal(b, 10000100002);
        assert_int_equal(c, 15000150003);
        assert_int_equal(e, 5 - 5000050000);
        assert_true(x == 5000050000.0);
        assert_true(d != f);
        eddy_generator_destroy(numbers);
}

COROUTINE_TEST(says_where_there_is_no_memory)
{
        unsigned long nth = 0;
        eddy_generator *generator;

        do {
                fault_arm(++nth, 1);
                generator = eddy_create_generator(tick, "t");
                eddy_generator_destroy(generator);
        } while (!generator);
        fault_arm(0, 0);
        assert_true(nth > 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(yields_in_a_coroutine),
            cmocka_unit_test(yields_without_a_loop),
            cmocka_unit_test(yields_in_a_callback),
            cmocka_unit_test(yields_in_any_thread),
            cmocka_unit_test(is_sent_values),
            cmocka_unit_test(is_thrown_errors),
            cmocka_unit_test(is_closed_and_cleans_up),
            cmocka_unit_test(tells_of_a_clean_up_that_fails),
            cmocka_unit_test(says_that_a_body_ignored_its_end),
            cmocka_unit_test(refuses_misuse),
            cmocka_unit_test(belongs_to_its_thread),
            cmocka_unit_test(yields_from_another),
            cmocka_unit_test(nests),
            cmocka_unit_test(suspends_its_consumer),
            cmocka_unit_test(runs_beside_others),
            cmocka_unit_test(is_busy_while_its_consumer_is_suspended),
            cmocka_unit_test(is_handed_from_task_to_task),
            cmocka_unit_test(cannot_suspend_outside_a_task),
            cmocka_unit_test(runs_in_its_consumers_task_and_context),
            cmocka_unit_test(keeps_its_deadlines_to_itself),
            cmocka_unit_test(takes_its_scopes_from_task_to_task),
            cmocka_unit_test(keeps_its_groups_to_itself),
            cmocka_unit_test(needs_a_task_for_its_scopes),
            cmocka_unit_test(is_closed_at_the_end_of_a_run),
            cmocka_unit_test(is_closed_with_its_loop),
            cmocka_unit_test(is_abandoned_with_the_task_that_it_suspends),
            cmocka_unit_test(unwinds_to_its_consumer),
            cmocka_unit_test(prints_the_stack_of_a_task_within_it),
            cmocka_unit_test(keeps_what_its_sides_keep_in_registers),
            cmocka_unit_test(says_where_there_is_no_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
