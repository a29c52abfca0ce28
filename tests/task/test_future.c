#include "reports.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void note_done(eddy_future *future, void *letter)
{
        assert_true(eddy_done(future));
        note(letter);
}

TEST(carries_a_result_once)
{
        eddy_loop *loop = new_loop();
        eddy_future *future = eddy_future_create(loop);
        intptr_t result = 5;

        assert_false(eddy_done(future));
        assert_false(eddy_cancelled(future));
        assert_int_equal(eddy_future_result(future, &result), EDDY_EINVALIDSTATE);
        assert_int_equal(result, 5);
        assert_int_equal(eddy_future_set_result(future, 42), 0);
        assert_true(eddy_done(future));
        assert_false(eddy_cancelled(future));
        assert_int_equal(eddy_future_set_result(future, 43), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_future_result(future, &result), 0);
        assert_int_equal(result, 42);
        assert_int_equal(eddy_future_result(future, NULL), 0);
        assert_false(eddy_cancel(future));
        eddy_unref(future);
        eddy_loop_destroy(loop);
}

TEST(carries_values_that_look_negative)
{
        eddy_loop *loop = new_loop();
        eddy_future *future = eddy_future_create(loop);
        intptr_t result;

        eddy_future_set_result(future, -100000);
        eddy_future_result(future, &result);
        assert_int_equal(result, -100000);
        assert_false(eddy_is_error(result));
        eddy_unref(future);
        eddy_loop_destroy(loop);
}

TEST(is_cancelled_at_once)
{
        eddy_loop *loop = new_loop();
        eddy_future *future = eddy_future_create(loop), *other = eddy_future_create(loop);
        intptr_t result;

        assert_true(eddy_cancel(future));
        assert_true(eddy_cancelled(future));
        assert_false(eddy_cancel(future));
        assert_int_equal(eddy_future_set_result(future, 1), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_future_result(future, &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
        eddy_future_set_result(other, EDDY_CANCELLED);
        assert_true(eddy_cancelled(other));
        eddy_unref(future);
        eddy_unref(other);
        eddy_loop_destroy(loop);
}

TEST(calls_back_in_order_and_later)
{
        eddy_loop *loop = new_loop();
        eddy_future *future = eddy_future_create(loop);
        static char letters[] = "abcd";

        trail_clear();
        for (int i = 0; i < 4; i++)
                assert_int_equal(eddy_future_add_done_callback(future, note_done, &letters[i]), 0);
        eddy_future_add_done_callback(future, note_done, &letters[1]);
        assert_int_equal(eddy_future_remove_done_callback(future, note_done, &letters[1]), 2);
        assert_int_equal(eddy_future_remove_done_callback(future, note_done, &letters[1]), 0);
        eddy_future_set_result(future, 0);
        assert_trail("");
        run_once(loop);
        assert_trail("acd");
        /* Too late is not never. */
        eddy_future_add_done_callback(future, note_done, "e");
        eddy_unref(future);
        assert_trail("");
        run_once(loop);
        assert_trail("e");
        eddy_loop_destroy(loop);
}

TEST(lives_until_its_callbacks_have_run)
{
        eddy_loop *loop = new_loop();
        eddy_future *done = eddy_future_create(loop), *pending = eddy_future_create(loop);

        trail_clear();
        eddy_future_add_done_callback(done, note_done, "a");
        eddy_future_add_done_callback(pending, note_done, "x");
        eddy_future_set_result(done, 0);
        eddy_unref(done);
        eddy_unref(pending); /* nobody can complete it any more; the loop frees it */
        run_once(loop);
        assert_trail("a");
        eddy_loop_destroy(loop);
}

TEST(takes_null_for_no_memory)
{
        intptr_t result;

        assert_null(eddy_ref(NULL));
        eddy_unref(NULL);
        assert_false(eddy_done(NULL));
        assert_false(eddy_cancelled(NULL));
        assert_false(eddy_cancel(NULL));
        assert_false(eddy_cancel_with(NULL, "x"));
        assert_int_equal(eddy_future_result(NULL, &result), -ENOMEM);
        assert_int_equal(eddy_future_set_result(NULL, 1), -ENOMEM);
        assert_int_equal(eddy_future_set_result_threadsafe(NULL, 1), -ENOMEM);
        assert_int_equal(eddy_future_add_done_callback(NULL, note_done, NULL), -ENOMEM);
        assert_int_equal(eddy_future_remove_done_callback(NULL, note_done, NULL), 0);
        assert_null(eddy_shield(NULL));
        assert_int_equal(eddy_cancelling(NULL), 0);
        assert_string_equal(eddy_task_name(NULL), "?");
}

TEST(needs_a_loop)
{
        loop_running_here = NULL;
        assert_null(eddy_future_create(NULL));
        assert_non_null(strstr(eddy_error_detail(), "loop"));
}

TEST(reports_a_failure_that_nobody_saw)
{
        eddy_loop *loop = new_loop();
        eddy_future *future = eddy_future_create(loop);

        keep_reports(loop);
        eddy_future_set_result(future, -EIO);
        eddy_ref(future);
        eddy_unref(future);
        assert_int_equal(report_count, 0);
        eddy_unref(future);
        assert_int_equal(report_count, 1);
        assert_string_equal(reported, "a future failed and nobody looked: EIO: ");
        eddy_loop_destroy(loop);
}

TEST(reports_no_failure_that_somebody_saw)
{
        eddy_loop *loop = new_loop();
        eddy_future *seen = eddy_future_create(loop), *called = eddy_future_create(loop);
        eddy_future *cancelled = eddy_future_create(loop), *fine = eddy_future_create(loop);

        keep_reports(loop);
        trail_clear();
        eddy_future_add_done_callback(called, note_done, "c");
        eddy_future_set_result(seen, -EIO);
        eddy_future_set_result(called, -EIO);
        eddy_future_set_result(fine, 1);
        eddy_cancel(cancelled);
        eddy_future_result(seen, NULL);
        eddy_unref(seen);
        eddy_unref(called);
        eddy_unref(cancelled);
        eddy_unref(fine);
        eddy_unref(eddy_future_create(loop));
        run_once(loop);
        eddy_loop_destroy(loop);
        assert_int_equal(report_count, 0);
}

static intptr_t fail_with(void *arg)
{
        return eddy_fail(-EPERM, "%s", (char *)arg);
}

COROUTINE_TEST(reports_a_task_by_its_name)
{
        keep_reports(NULL);
        eddy_unref(eddy_create_task(fail_with, "not yours"));
        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(report_count, 1);
        assert_string_equal(reported, "task 'fail_with' failed and nobody looked: EPERM: not yours");
        assert_int_equal(eddy_join(eddy_create_task(fail_with, "seen"), NULL), -EPERM);
        assert_int_equal(report_count, 1);
}

TEST(is_run_until_complete)
{
        eddy_loop *loop = new_loop(), *other = new_loop();
        eddy_future *future = eddy_future_create(loop);
        intptr_t result = 0;

        assert_int_equal(eddy_loop_run_until_complete(loop, NULL, &result), -ENOMEM);
        assert_int_equal(eddy_loop_run_until_complete(other, future, &result), EDDY_EWRONGLOOP);
        eddy_call_soon(loop, NULL, stop, loop);
        assert_int_equal(eddy_loop_run_until_complete(loop, future, &result), EDDY_ESTOPPED);
        eddy_ref(future);
        assert_int_equal(eddy_future_set_result_threadsafe(future, 7), 0);
        assert_false(eddy_done(future));
        assert_int_equal(eddy_loop_run_until_complete(loop, future, &result), 0);
        assert_int_equal(result, 7);
        result = 0;
        assert_int_equal(eddy_loop_run_until_complete(loop, future, &result), 0);
        assert_int_equal(result, 7);
        eddy_unref(future);
        eddy_loop_destroy(loop);
        eddy_loop_destroy(other);
}

static void *complete_from_afar(void *future)
{
        return (void *)(intptr_t)eddy_future_set_result_threadsafe(future, 99);
}

COROUTINE_TEST(is_completed_from_a_thread)
{
        for (int i = 0; i < 100; i++) {
                eddy_future *future = eddy_future_create(NULL);
                pthread_t thread;
                intptr_t result = 0;
                void *rc;

                assert_int_equal(pthread_create(&thread, NULL, complete_from_afar, eddy_ref(future)), 0);
                assert_int_equal(eddy_join(future, &result), 0);
                assert_int_equal(result, 99);
                pthread_join(thread, &rc);
                assert_null(rc);
        }
}

COROUTINE_TEST(lets_a_thread_come_too_late)
{
        eddy_future *future = eddy_future_create(NULL);
        intptr_t result = 0;

        assert_int_equal(eddy_future_set_result_threadsafe(eddy_ref(future), 1), 0);
        eddy_future_set_result(future, 2);
        eddy_sleep(eddy_us(1));
        assert_int_equal(eddy_join(future, &result), 0);
        assert_int_equal(result, 2);
}

TEST(drops_messages_of_threads_with_the_loop)
{
        eddy_loop *loop = new_loop();
        eddy_future *future = eddy_future_create(loop);

        assert_int_equal(eddy_future_set_result_threadsafe(eddy_ref(future), 1), 0);
        eddy_loop_destroy(loop);
        assert_false(eddy_done(future));
        /* The reference that was not taken is still the caller's. */
        assert_int_equal(eddy_future_set_result_threadsafe(future, 1), EDDY_ELOOPCLOSED);
        eddy_unref(future);
}

static intptr_t await_it(void *future)
{
        return eddy_await(future, NULL);
}

static intptr_t gather_it(void *future)
{
        eddy_future *both[] = {future, future};

        return eddy_gather(both, 2, NULL, 0);
}

/* Whoever closes a loop under its tasks may hold what they waited for. */
TEST(may_be_completed_after_its_loop_is_closed)
{
        eddy_loop *loop = new_loop();
        eddy_future *set = eddy_future_create(loop), *cancelled = eddy_future_create(loop);
        const eddy_task_options options = {.loop = loop};

        eddy_unref(eddy_task_create(&options, await_it, set));
        eddy_unref(eddy_task_create(&options, gather_it, set));
        eddy_unref(eddy_task_create(&options, await_it, cancelled));
        run_once(loop);
        eddy_loop_destroy(loop);
        assert_int_equal(eddy_future_set_result(set, 1), 0);
        assert_true(eddy_cancel(cancelled));
        eddy_unref(set);
        eddy_unref(cancelled);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(carries_a_result_once),
            cmocka_unit_test(carries_values_that_look_negative),
            cmocka_unit_test(is_cancelled_at_once),
            cmocka_unit_test(calls_back_in_order_and_later),
            cmocka_unit_test(lives_until_its_callbacks_have_run),
            cmocka_unit_test(takes_null_for_no_memory),
            cmocka_unit_test(needs_a_loop),
            cmocka_unit_test(reports_a_failure_that_nobody_saw),
            cmocka_unit_test(reports_no_failure_that_somebody_saw),
            cmocka_unit_test(reports_a_task_by_its_name),
            cmocka_unit_test(is_run_until_complete),
            cmocka_unit_test(is_completed_from_a_thread),
            cmocka_unit_test(lets_a_thread_come_too_late),
            cmocka_unit_test(drops_messages_of_threads_with_the_loop),
            cmocka_unit_test(may_be_completed_after_its_loop_is_closed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
