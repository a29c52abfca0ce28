#include "reports.h"

static intptr_t take_time(void *result)
{
        int rc = eddy_sleep(eddy_ms(1));

        return rc < 0 ? rc : (intptr_t)result;
}

static intptr_t fail_with(void *rc)
{
        return eddy_fail((int)(intptr_t)rc, "inner trouble");
}

COROUTINE_TEST(passes_the_outcome_on)
{
        eddy_task *value = eddy_create_task(take_time, (void *)4),
                  *failure = eddy_create_task(fail_with, (void *)-EIO);
        intptr_t result;

        assert_int_equal(eddy_join(eddy_shield(value), &result), 0);
        assert_int_equal(result, 4);
        assert_int_equal(eddy_join(eddy_shield(failure), &result), 0);
        assert_int_equal(result, -EIO);
        assert_string_equal(eddy_error_detail(), "inner trouble");
        /* Also of what is done already. */
        assert_int_equal(eddy_join(eddy_shield(value), &result), 0);
        assert_int_equal(result, 4);
        eddy_unref(value);
        eddy_unref(failure);
}

static intptr_t await_shielded(void *inner)
{
        return eddy_join(eddy_shield(inner), NULL);
}

COROUTINE_TEST(keeps_cancellation_from_the_inner_one)
{
        eddy_task *inner = eddy_create_task(take_time, (void *)4),
                  *task = eddy_create_task(await_shielded, inner);
        intptr_t result;

        eddy_yield();
        eddy_yield();
        eddy_cancel(task);
        eddy_join(task, &result);
        assert_int_equal(result, EDDY_CANCELLED);
        assert_false(eddy_done(inner));
        assert_int_equal(eddy_cancelling(inner), 0);
        assert_int_equal(eddy_join(inner, &result), 0);
        assert_int_equal(result, 4);
}

COROUTINE_TEST(stays_cancelled_when_the_inner_one_ends)
{
        eddy_future *inner = eddy_future_create(NULL), *outer = eddy_shield(inner);
        intptr_t result;

        assert_true(eddy_cancel(outer));
        eddy_future_set_result(inner, 4);
        assert_int_equal(eddy_future_result(outer, &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
        eddy_unref(inner);
        eddy_unref(outer);
}

COROUTINE_TEST(is_cancelled_with_the_inner_one)
{
        eddy_task *inner = eddy_create_task(take_time, NULL);
        eddy_future *outer = eddy_shield(inner);
        intptr_t result;

        eddy_cancel(inner);
        assert_int_equal(eddy_await(outer, &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
        assert_true(eddy_cancelled(outer));
        eddy_unref(inner);
        eddy_unref(outer);
}

COROUTINE_TEST(holds_the_inner_one)
{
        eddy_task *inner = eddy_create_task(take_time, (void *)6);
        eddy_future *outer = eddy_shield(inner);
        intptr_t result;

        eddy_unref(inner);
        assert_int_equal(eddy_join(outer, &result), 0);
        assert_int_equal(result, 6);
        /* And may be let go before it. */
        inner = eddy_create_task(take_time, (void *)7);
        eddy_unref(eddy_shield(inner));
        eddy_join(inner, &result);
        assert_int_equal(result, 7);
}

TEST(goes_with_the_loop)
{
        eddy_loop *loop = new_loop();
        eddy_future *inner = eddy_future_create(loop), *outer = eddy_shield(inner);

        eddy_loop_destroy(loop);
        assert_false(eddy_done(outer));
        eddy_future_set_result(inner, 1);
        assert_false(eddy_done(outer));
        eddy_unref(inner);
        eddy_unref(outer);
}

TEST(answers_null_without_memory)
{
        eddy_loop *loop = new_loop();
        eddy_future *inner = eddy_future_create(loop), *outer;

        for (unsigned long n = 1; n < 10; n++) {
                fault_arm(n, 1);
                outer = eddy_shield(inner);
                fault_arm(0, 0);
                assert_int_equal(outer == NULL, n <= 2);
                eddy_unref(outer);
        }
        eddy_unref(inner);
        eddy_loop_destroy(loop);
}

static intptr_t fail_in_the_end(void *arg)
{
        (void)arg;
        eddy_yield();
        return -EIO;
}

COROUTINE_TEST(leaves_a_failure_that_its_waiter_does_not_see_to_be_told)
{
        eddy_task *inner = eddy_create_task(fail_in_the_end, NULL);
        eddy_future *outer = eddy_shield(inner);
        intptr_t result;

        keep_reports(NULL);
        eddy_cancel(outer);
        eddy_unref(outer);
        assert_int_equal(eddy_await(inner, &result), 0);
        assert_int_equal(result, -EIO);
        eddy_unref(inner);
        assert_reports(0); /* who awaited it himself was told */

        inner = eddy_create_task(fail_in_the_end, NULL);
        outer = eddy_shield(inner);
        eddy_cancel(outer);
        eddy_unref(outer);
        eddy_unref(inner);
        for (int i = 0; i < 3; i++)
                eddy_yield();
        assert_reports(1);
        assert_string_equal(reported, "task 'fail_in_the_end' failed and nobody looked: EIO: ");

        /* Nobody has the outer one, either: told once. */
        inner = eddy_create_task(fail_in_the_end, NULL);
        eddy_unref(eddy_shield(inner));
        eddy_unref(inner);
        for (int i = 0; i < 3; i++)
                eddy_yield();
        assert_reports(1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(passes_the_outcome_on),
            cmocka_unit_test(keeps_cancellation_from_the_inner_one),
            cmocka_unit_test(stays_cancelled_when_the_inner_one_ends),
            cmocka_unit_test(is_cancelled_with_the_inner_one),
            cmocka_unit_test(holds_the_inner_one),
            cmocka_unit_test(goes_with_the_loop),
            cmocka_unit_test(answers_null_without_memory),
            cmocka_unit_test(leaves_a_failure_that_its_waiter_does_not_see_to_be_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
