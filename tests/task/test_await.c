/* Waiting for one thing, and being cancelled meanwhile. */
#include "reports.h"
#include <stdlib.h>

static intptr_t sleep_for_ever(void *arg)
{
        (void)arg;
        return eddy_sleep(EDDY_FOREVER);
}

static intptr_t sleep_a_little(void *result)
{
        int rc = eddy_sleep(eddy_us(100));

        return rc < 0 ? rc : (intptr_t)result;
}

/** Notes 's' at its start and 'e' at its end, which takes its time even when cancelled. */
static intptr_t end_slowly(void *arg)
{
        (void)arg;
        note("s");
        eddy_sleep(EDDY_FOREVER);
        EDDY_SHIELD_SCOPE
                eddy_sleep(eddy_ms(1));
        note("e");
        return 5;
}

COROUTINE_TEST(tells_the_wait_from_the_outcome)
{
        eddy_future *failed = eddy_future_create(NULL), *cancelled = eddy_future_create(NULL);
        intptr_t result = 0;

        eddy_future_set_result(failed, -EIO);
        eddy_cancel(cancelled);
        assert_int_equal(eddy_await(failed, &result), 0);
        assert_int_equal(result, -EIO);
        assert_int_equal(eddy_await(cancelled, &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
        assert_int_equal(eddy_interrupted(), 0);
        eddy_unref_all((eddy_future *[]){failed, NULL, cancelled}, 3);
}

/* Where nobody else hears of a failure, the call itself tells it: a row for each that hands over an outcome. */

static int await_for_nobody(eddy_future *future)
{
        return eddy_await(future, NULL);
}

static int join_for_nobody(eddy_future *future)
{
        return eddy_join(eddy_ref(future), NULL);
}

static int wait_for_nobody(eddy_future *future)
{
        return eddy_wait_for(future, EDDY_FOREVER, NULL);
}

static int gather_for_nobody(eddy_future *future)
{
        return eddy_gather(&future, 1, NULL, 0);
}

static int gather_all_for_nobody(eddy_future *future)
{
        return eddy_gather(&future, 1, NULL, EDDY_RETURN_ERRORS);
}

static int await_value(eddy_future *future)
{
        return (int)eddy_await_value(future);
}

static int join_value(eddy_future *future)
{
        return (int)eddy_join_value(eddy_ref(future));
}

static int wait_for_value(eddy_future *future)
{
        return (int)eddy_wait_for_value(future, EDDY_FOREVER);
}

static int result_for_nobody(eddy_future *future)
{
        while (!eddy_done(future))
                eddy_yield();
        return eddy_future_result(future, NULL);
}

static int exception(eddy_future *future)
{
        while (!eddy_done(future))
                eddy_yield();
        return eddy_future_exception(future);
}

enum {
        HAS_VALUE = 1, /* hands over the value, too */
        SAYS_WHOSE = 2,
};

static const struct {
        int (*ask)(eddy_future *future);
        unsigned traits;
} askers[] = {
    {await_for_nobody, SAYS_WHOSE},
    {join_for_nobody, SAYS_WHOSE},
    {wait_for_nobody, SAYS_WHOSE},
    {gather_for_nobody, SAYS_WHOSE},
    {gather_all_for_nobody, SAYS_WHOSE},
    {await_value, HAS_VALUE | SAYS_WHOSE},
    {join_value, HAS_VALUE | SAYS_WHOSE},
    {wait_for_value, HAS_VALUE | SAYS_WHOSE},
    {result_for_nobody, 0},
    {exception, 0},
};

static intptr_t return_after_a_turn(void *arg)
{
        eddy_yield();
        return *(intptr_t *)arg;
}

static intptr_t announce_and_return(void *arg)
{
        const intptr_t *values = arg;

        eddy_yield();
        eddy_value(values[0]);
        eddy_yield();
        return values[1];
}

COROUTINE_TEST(tells_a_failure_that_nobody_else_hears_of)
{
        for (size_t i = 0; i < sizeof askers / sizeof askers[0]; i++) {
                intptr_t failure = -EIO, value = 7;
                eddy_task *failed = eddy_create_task(return_after_a_turn, &failure);
                eddy_task *well = eddy_create_task(return_after_a_turn, &value);
                eddy_task *cancelled = eddy_create_task(sleep_for_ever, NULL);

                eddy_cancel(cancelled);
                /* Pending at first, done the second time. */
                for (int done = 0; done < 2; done++) {
                        assert_int_equal(askers[i].ask(failed), -EIO);
                        assert_int_equal(askers[i].ask(well), askers[i].traits & HAS_VALUE ? 7 : 0);
                        eddy_fail(-EIO, "before");
                        assert_int_equal(askers[i].ask(cancelled), EDDY_CANCELLED);
                        assert_int_equal(eddy_interrupted(), 0);
                        if (askers[i].traits & SAYS_WHOSE)
                                assert_string_equal(eddy_error_detail(), "task 'sleep_for_ever' was cancelled");
                }
                eddy_unref_all((eddy_future *[]){failed, well, cancelled}, 3);
        }
}

COROUTINE_TEST(takes_a_value_for_one_although_it_looks_like_an_error)
{
        for (size_t i = 0; i < sizeof askers / sizeof askers[0]; i++) {
                eddy_task *value = eddy_create_task(announce_and_return, ((intptr_t[]){-1, -1}));
                eddy_task *failure = eddy_create_task(announce_and_return, ((intptr_t[]){-1, -EIO}));
                eddy_future *future = eddy_future_create(NULL);

                assert_int_equal(eddy_future_set_value(future, EDDY_CANCELLED), 0);
                assert_int_equal(askers[i].ask(value), askers[i].traits & HAS_VALUE ? -1 : 0);
                assert_int_equal(askers[i].ask(failure), -EIO);
                assert_int_equal(askers[i].ask(future), askers[i].traits & HAS_VALUE ? EDDY_CANCELLED : 0);
                assert_false(eddy_cancelled(future));
                eddy_unref_all((eddy_future *[]){value, failure, future}, 3);
        }
        assert_int_equal(eddy_future_set_value(NULL, -1), -ENOMEM);
}

static intptr_t tell_apart(void *arg)
{
        eddy_task *inner = arg;
        int rc = eddy_await(inner, NULL);

        return rc == EDDY_CANCELLED ? (eddy_interrupted() ? 1 : 2) : rc;
}

COROUTINE_TEST(says_whose_a_cancellation_was)
{
        for (int whose = 1; whose <= 2; whose++) {
                eddy_task *inner = eddy_create_task(sleep_for_ever, NULL);
                eddy_task *outer = eddy_create_task(tell_apart, inner);

                eddy_yield();
                eddy_cancel(whose == 1 ? outer : inner);
                assert_int_equal(eddy_join_value(outer), whose);
                eddy_unref(inner);
        }
}

static intptr_t await_and_note(void *arg)
{
        struct {
                eddy_future *future;
                const char *letter;
        } *in = arg;
        intptr_t result = 0;
        int rc = eddy_await(in->future, &result);

        trail_add(*in->letter);
        return rc < 0 ? rc : result;
}

COROUTINE_TEST(wakes_all_who_wait_in_order)
{
        eddy_future *future = eddy_future_create(NULL);
        eddy_task *tasks[3];
        intptr_t results[3];

        trail_clear();
        for (int i = 0; i < 3; i++)
                tasks[i] = eddy_spawn(await_and_note, &(struct {
                                              eddy_future *future;
                                              const char *letter;
                                      }){future, &"abc"[i]});
        eddy_yield();
        eddy_future_set_result(future, 8);
        assert_int_equal(eddy_gather(tasks, 3, results, 0), 0);
        assert_trail("abc");
        for (int i = 0; i < 3; i++) {
                assert_int_equal(results[i], 8);
                eddy_unref(tasks[i]);
        }
        eddy_unref(future);
}

static intptr_t note_and_yield(void *arg)
{
        (void)arg;
        note("x");
        return eddy_yield();
}

COROUTINE_TEST(cancels_a_task_before_it_starts)
{
        eddy_task *task = eddy_create_task(note_and_yield, NULL);
        intptr_t result;

        trail_clear();
        assert_true(eddy_cancel(task));
        assert_false(eddy_done(task));
        assert_int_equal(eddy_join(task, &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
        /* Its function does run, for it may have arguments to free. */
        assert_trail("x");
}

static intptr_t try_everything(void *arg)
{
        eddy_task *child = eddy_create_task(sleep_for_ever, NULL);
        eddy_future *future = eddy_future_create(NULL), *both[] = {future, child};
        eddy_completion completion;
        eddy_group group;

        (void)arg;
        assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_CANCELLED);
        assert_int_equal(eddy_cancelling(eddy_current_task()), 1);
        trail_clear();
        eddy_call_soon(eddy_running_loop(), NULL, note, "x");
        for (int rounds = 0; rounds < 3; rounds++) {
                assert_int_equal(eddy_interrupted(), EDDY_CANCELLED);
                assert_int_equal(eddy_yield(), EDDY_CANCELLED);
                assert_int_equal(eddy_sleep(0), EDDY_CANCELLED);
                assert_int_equal(eddy_sleep(eddy_seconds(100)), EDDY_CANCELLED);
                assert_int_equal(eddy_wait(both, 2, EDDY_FIRST_COMPLETED, EDDY_FOREVER), EDDY_CANCELLED);
                eddy_as_completed(&completion, both, 2);
                assert_int_equal(eddy_completion_next(&completion, both), EDDY_CANCELLED);
                eddy_completion_close(&completion);
                both[0] = future;
        }
        assert_trail(""); /* nobody else ran meanwhile */
        /* These cancel what they wait for, and see its end. */
        assert_int_equal(eddy_await(future, NULL), EDDY_CANCELLED);
        assert_true(eddy_cancelled(future));
        assert_int_equal(eddy_gather(&child, 1, NULL, 0), EDDY_CANCELLED);
        assert_true(eddy_cancelled(child));
        /* Nothing else may be lost by an ignored return code. */
        eddy_group_open(&group);
        eddy_group_start(&group, NULL, sleep_for_ever, NULL, NULL);
        assert_int_equal(eddy_group_close(&group), EDDY_CANCELLED);
        eddy_unref(future);
        eddy_unref(child);
        assert_int_equal(eddy_uncancel(), 0);
        assert_int_equal(eddy_interrupted(), 0);
        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(eddy_sleep(1), 0);
        return 77;
}

COROUTINE_TEST(refuses_to_suspend_until_uncancelled)
{
        eddy_task *task = eddy_create_task(try_everything, NULL);
        intptr_t result;

        eddy_yield();
        assert_true(eddy_cancel(task));
        assert_int_equal(eddy_join(task, &result), 0);
        assert_int_equal(result, 77);
}

static intptr_t uncancel_one_by_one(void *arg)
{
        (void)arg;
        assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_CANCELLED);
        assert_int_equal(eddy_cancelling(eddy_current_task()), 2);
        assert_int_equal(eddy_uncancel(), 1);
        assert_int_equal(eddy_yield(), EDDY_CANCELLED);
        assert_int_equal(eddy_uncancel(), 0);
        assert_int_equal(eddy_uncancel(), 0);
        assert_int_equal(eddy_yield(), 0);
        return 1;
}

COROUTINE_TEST(counts_cancellations)
{
        eddy_task *task = eddy_create_task(uncancel_one_by_one, NULL);
        intptr_t result;

        eddy_yield();
        assert_true(eddy_cancel(task));
        assert_true(eddy_cancel(task));
        assert_int_equal(eddy_cancelling(task), 2);
        eddy_join(task, &result);
        assert_int_equal(result, 1);
}

static intptr_t cancel_self(void *arg)
{
        (void)arg;
        assert_true(eddy_cancel(eddy_current_task()));
        assert_int_equal(eddy_interrupted(), EDDY_CANCELLED);
        return eddy_yield();
}

COROUTINE_TEST(lets_a_task_cancel_itself)
{
        eddy_task *task = eddy_create_task(cancel_self, NULL);

        eddy_await(task, NULL);
        assert_true(eddy_cancelled(task));
        assert_false(eddy_cancel(task));
        eddy_unref(task);
}

static intptr_t tell_why(void *why)
{
        int rc = eddy_sleep(EDDY_FOREVER);

        *(bool *)why = strcmp(eddy_error_detail(), "the user is tired") == 0;
        return rc;
}

COROUTINE_TEST(tells_the_reason_of_a_cancellation)
{
        char reason[] = "the user is tired";
        bool was_told = false;
        eddy_task *task = eddy_create_task(tell_why, &was_told);

        eddy_yield();
        assert_true(eddy_cancel_with(task, reason));
        reason[0] = 'x';
        eddy_join(task, NULL);
        assert_true(was_told);
        assert_string_equal(eddy_error_detail(), "the user is tired");
}

static intptr_t await_slow_child(void *arg)
{
        eddy_task *child = eddy_create_task(end_slowly, NULL);
        intptr_t result = 0;
        int rc = eddy_await(child, &result);

        (void)arg;
        note("p");
        assert_true(eddy_done(child));
        assert_int_equal(result, 5);
        eddy_unref(child);
        /* The value is handed over; the cancellation speaks at the next call. */
        assert_int_equal(rc, 0);
        return eddy_yield();
}

COROUTINE_TEST(cancels_what_it_awaits_and_sees_its_end)
{
        eddy_task *task = eddy_create_task(await_slow_child, NULL);
        intptr_t result;

        trail_clear();
        eddy_yield();
        eddy_yield();
        eddy_cancel(task);
        eddy_join(task, &result);
        assert_int_equal(result, EDDY_CANCELLED);
        assert_trail("sep");
}

static intptr_t await_it(void *future)
{
        intptr_t result;
        int rc = eddy_await(future, &result);

        return rc < 0 ? rc : result;
}

COROUTINE_TEST(takes_an_outcome_that_came_before_the_cancellation)
{
        eddy_future *future = eddy_future_create(NULL);
        eddy_task *task = eddy_create_task(await_it, future);
        intptr_t result;

        eddy_yield();
        eddy_future_set_result(future, 6);
        eddy_cancel(task);
        eddy_join(task, &result);
        assert_int_equal(result, 6);
        eddy_unref(future);
}

COROUTINE_TEST(sees_a_chain_cancelled_to_its_end)
{
        eddy_task *tasks[20];

        tasks[0] = eddy_create_task(sleep_for_ever, NULL);
        for (int i = 1; i < 20; i++)
                tasks[i] = eddy_create_task(await_it, tasks[i - 1]);
        eddy_yield();
        eddy_cancel(tasks[19]);
        eddy_await(tasks[19], NULL);
        for (int i = 0; i < 20; i++) {
                assert_true(eddy_cancelled(tasks[i]));
                eddy_unref(tasks[i]);
        }
}

COROUTINE_TEST(yields_to_everyone_once)
{
        trail_clear();
        for (int i = 0; i < 3; i++) {
                eddy_call_soon(eddy_running_loop(), NULL, note, "c");
                assert_int_equal(eddy_yield(), 0);
                note("m");
        }
        assert_trail("cmcmcm");
        assert_int_equal(eddy_sleep(-1), 0);
}

COROUTINE_TEST(sleeps_at_least_as_long_as_told)
{
        for (int i = 0; i < 20; i++) {
                eddy_time begun = eddy_now();

                assert_int_equal(eddy_sleep(eddy_us(137 * i)), 0);
                assert_true(eddy_now() >= begun + eddy_us(137 * i));
        }
}

COROUTINE_TEST(wait_for_gets_what_is_in_time)
{
        eddy_task *task = eddy_create_task(sleep_a_little, (void *)9);
        intptr_t result;

        assert_int_equal(eddy_wait_for(task, eddy_seconds(100), &result), 0);
        assert_int_equal(result, 9);
        /* Done already: even with no time at all. */
        result = 0;
        assert_int_equal(eddy_wait_for(task, 0, &result), 0);
        assert_int_equal(result, 9);
        assert_int_equal(eddy_wait_for(task, -1, NULL), 0);
        assert_int_equal(eddy_wait_for(task, EDDY_FOREVER, NULL), 0);
        eddy_unref(task);
}

COROUTINE_TEST(wait_for_cancels_what_is_late)
{
        eddy_task *task = eddy_create_task(sleep_for_ever, NULL), *now = eddy_create_task(sleep_for_ever, NULL);
        intptr_t result = 0;

        assert_int_equal(eddy_wait_for(task, eddy_ms(2), &result), EDDY_TIMEOUT);
        assert_int_equal(result, EDDY_CANCELLED);
        assert_true(eddy_cancelled(task));
        assert_int_equal(eddy_wait_for(now, 0, NULL), EDDY_TIMEOUT);
        assert_true(eddy_cancelled(now));
        /* The caller itself may go on. */
        assert_int_equal(eddy_interrupted(), 0);
        assert_int_equal(eddy_yield(), 0);
        eddy_unref(task);
        eddy_unref(now);
}

COROUTINE_TEST(wait_for_hands_over_a_value_that_comes_late)
{
        eddy_task *task = eddy_create_task(end_slowly, NULL);
        intptr_t result = 0;

        trail_clear();
        assert_int_equal(eddy_wait_for(task, eddy_ms(1), &result), 0);
        assert_trail("se");
        assert_int_equal(result, 5);
        assert_int_equal(eddy_yield(), 0);
        eddy_unref(task);
}

static intptr_t wait_for_it(void *future)
{
        return eddy_wait_for(future, eddy_seconds(100), NULL);
}

COROUTINE_TEST(wait_for_is_cancelled)
{
        eddy_task *inner = eddy_create_task(sleep_for_ever, NULL), *task = eddy_create_task(wait_for_it, inner);
        intptr_t result;

        eddy_yield();
        eddy_yield();
        eddy_cancel(task);
        eddy_join(task, &result);
        assert_int_equal(result, EDDY_CANCELLED);
        assert_true(eddy_cancelled(inner));
        eddy_unref(inner);
}

static intptr_t await_next(void *tasks)
{
        return eddy_await(*(eddy_task **)tasks, NULL);
}

COROUTINE_TEST(cancels_a_chain_longer_than_a_stack_is_deep)
{
        enum { LENGTH = SANITIZER_THREAD ? 1000 : 10000 }; /* a sanitizer of threads knows no more fibers */
        eddy_task **tasks = calloc(LENGTH + 1, sizeof(eddy_task *));
        intptr_t result;

        tasks[LENGTH] = eddy_future_create(NULL);
        for (int i = 0; i < LENGTH; i++)
                tasks[i] =
                    eddy_task_create(&(eddy_task_options){.stack_size = 64 * 1024}, await_next, &tasks[i + 1]);
        assert_int_equal(eddy_yield(), 0);
        eddy_cancel(tasks[0]);
        assert_true(eddy_cancelled(tasks[LENGTH]));
        assert_int_equal(eddy_await(tasks[0], &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
        for (int i = 0; i <= LENGTH; i++)
                eddy_unref(tasks[i]);
        free(tasks);
}

/** A wait for a task, with a place for its outcome or without. */
struct patience {
        eddy_task *task;
        intptr_t *result;
        bool has_limit;
};

static intptr_t be_patient(void *arg)
{
        const struct patience *patience = arg;

        return patience->has_limit ? eddy_wait_for(patience->task, eddy_seconds(100), patience->result)
                                   : eddy_await(patience->task, patience->result);
}

static intptr_t fail_in_clean_up(void *arg)
{
        (void)arg;
        eddy_sleep(EDDY_FOREVER);
        return -EIO;
}

static intptr_t cancel_who_waits(struct patience *patience)
{
        eddy_task *task;
        intptr_t result;

        patience->task = eddy_create_task(fail_in_clean_up, NULL);
        task = eddy_create_task(be_patient, patience);
        for (int i = 0; i < 3; i++)
                eddy_yield();
        eddy_cancel(task);
        eddy_join(task, &result);
        return result;
}

COROUTINE_TEST(leaves_a_failure_that_the_interrupted_does_not_see_to_be_told)
{
        eddy_task *late;

        keep_reports(NULL);
        for (int has_limit = 0; has_limit < 2; has_limit++) {
                intptr_t result = 0;
                struct patience blind = {.has_limit = has_limit},
                                seeing = {.has_limit = has_limit, .result = &result};

                assert_int_equal(cancel_who_waits(&blind), EDDY_CANCELLED);
                assert_reports(0); /* who has the task may look */
                eddy_unref(blind.task);
                assert_reports(1);
                assert_int_equal(cancel_who_waits(&seeing), EDDY_CANCELLED);
                assert_int_equal(result, -EIO);
                eddy_unref(seeing.task);
                assert_reports(0);
        }
        late = eddy_create_task(fail_in_clean_up, NULL);
        assert_int_equal(eddy_wait_for(late, 0, NULL), EDDY_TIMEOUT);
        eddy_unref(late);
        assert_reports(1);
}

COROUTINE_TEST(hands_over_what_is_done_even_to_the_interrupted)
{
        eddy_task *task = eddy_create_task(sleep_a_little, (void *)5);
        intptr_t result = 0;

        eddy_await(task, NULL);
        EDDY_TIMEOUT_SCOPE(0) {
                assert_int_equal(eddy_await(task, &result), 0);
                assert_int_equal(result, 5);
                assert_int_equal(eddy_wait_for(task, 0, &result), 0);
                assert_int_equal(eddy_join(task, &result), 0);
                assert_int_equal(eddy_yield(), EDDY_TIMEOUT);
        }
}

static intptr_t tell_message(void *message)
{
        eddy_sleep(EDDY_FOREVER);
        EDDY_SHIELD_SCOPE
                eddy_sleep(1);
        snprintf(message, 40, "%s", eddy_error_detail());
        return EDDY_CANCELLED;
}

/** Of several cancellations that are in force, the first that has a message says why. */
COROUTINE_TEST(keeps_the_first_reason_of_a_cancellation)
{
        char message[40];
        eddy_task *task = eddy_create_task(tell_message, message);

        eddy_yield();
        eddy_cancel(task);
        eddy_cancel_with(task, "first");
        eddy_cancel_with(task, "second");
        eddy_yield();
        eddy_cancel_with(task, "third");
        eddy_join(task, NULL);
        assert_string_equal(message, "first");
        assert_string_equal(eddy_error_detail(), "first");
}

static intptr_t await_and_tell(void *arg)
{
        const struct patience *patience = arg;
        intptr_t result;

        assert_int_equal(eddy_await(patience->task, &result), EDDY_CANCELLED);
        assert_string_equal(eddy_error_detail(), "mine");
        assert_int_equal(eddy_uncancel(), 0);
        /* What comes after has a reason of its own. */
        eddy_cancel_with(eddy_current_task(), "another");
        assert_string_equal(eddy_error_detail(), "another");
        return 0;
}

COROUTINE_TEST(keeps_its_own_reason_over_that_of_what_it_awaits)
{
        char message[40];
        struct patience patience = {.task = eddy_create_task(tell_message, message)};
        eddy_task *task = eddy_create_task(await_and_tell, &patience);

        eddy_yield();
        eddy_yield();
        eddy_cancel_with(patience.task, "its own");
        eddy_cancel_with(task, "mine");
        eddy_join(task, NULL);
        assert_string_equal(message, "its own");
        eddy_unref(patience.task);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(tells_the_wait_from_the_outcome),
            cmocka_unit_test(tells_a_failure_that_nobody_else_hears_of),
            cmocka_unit_test(takes_a_value_for_one_although_it_looks_like_an_error),
            cmocka_unit_test(says_whose_a_cancellation_was),
            cmocka_unit_test(wakes_all_who_wait_in_order),
            cmocka_unit_test(cancels_a_task_before_it_starts),
            cmocka_unit_test(refuses_to_suspend_until_uncancelled),
            cmocka_unit_test(counts_cancellations),
            cmocka_unit_test(lets_a_task_cancel_itself),
            cmocka_unit_test(tells_the_reason_of_a_cancellation),
            cmocka_unit_test(cancels_what_it_awaits_and_sees_its_end),
            cmocka_unit_test(takes_an_outcome_that_came_before_the_cancellation),
            cmocka_unit_test(sees_a_chain_cancelled_to_its_end),
            cmocka_unit_test(cancels_a_chain_longer_than_a_stack_is_deep),
            cmocka_unit_test(yields_to_everyone_once),
            cmocka_unit_test(sleeps_at_least_as_long_as_told),
            cmocka_unit_test(wait_for_gets_what_is_in_time),
            cmocka_unit_test(wait_for_cancels_what_is_late),
            cmocka_unit_test(wait_for_hands_over_a_value_that_comes_late),
            cmocka_unit_test(wait_for_is_cancelled),
            cmocka_unit_test(leaves_a_failure_that_the_interrupted_does_not_see_to_be_told),
            cmocka_unit_test(hands_over_what_is_done_even_to_the_interrupted),
            cmocka_unit_test(keeps_the_first_reason_of_a_cancellation),
            cmocka_unit_test(keeps_its_own_reason_over_that_of_what_it_awaits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
