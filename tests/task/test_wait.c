#include "testing.h"

/** Four futures, of which nobody but the test knows. */
static void create(eddy_future *futures[4])
{
        for (int i = 0; i < 4; i++)
                futures[i] = eddy_future_create(NULL);
}

static void unref(eddy_future *futures[4])
{
        for (int i = 0; i < 4; i++)
                eddy_unref(futures[i]);
}

static eddy_future *set[4];

/** Completes the second future, then the first with a failure, then the others. */
static intptr_t complete(void *arg)
{
        (void)arg;
        eddy_future_set_result(set[1], 1);
        for (int i = 0; i < 3; i++)
                eddy_yield();
        eddy_future_set_result(set[0], -EIO);
        for (int i = 0; i < 3; i++)
                eddy_yield();
        eddy_future_set_result(set[2], 1);
        eddy_cancel(set[3]);
        return 0;
}

static ssize_t wait_while_completing(eddy_wait_mode mode)
{
        eddy_task *task = eddy_create_task(complete, NULL);
        ssize_t n;

        create(set);
        n = eddy_wait(set, 4, mode, EDDY_FOREVER);
        assert_int_equal(eddy_done(set[2]), mode == EDDY_ALL_COMPLETED);
        eddy_join(task, NULL);
        for (int i = 0; i < 4; i++)
                eddy_future_result(set[i], NULL);
        unref(set);
        return n;
}

COROUTINE_TEST(returns_as_its_mode_says)
{
        assert_int_equal(wait_while_completing(EDDY_FIRST_COMPLETED), 1);
        assert_int_equal(wait_while_completing(EDDY_FIRST_EXCEPTION), 2);
        assert_int_equal(wait_while_completing(EDDY_ALL_COMPLETED), 4);
}

COROUTINE_TEST(does_not_take_cancellation_for_an_exception)
{
        eddy_future *futures[4];

        create(futures);
        eddy_cancel(futures[0]);
        assert_int_equal(eddy_wait(futures, 4, EDDY_FIRST_EXCEPTION, eddy_ms(1)), 1);
        eddy_future_set_result(futures[1], -EIO);
        assert_int_equal(eddy_wait(futures, 4, EDDY_FIRST_EXCEPTION, EDDY_FOREVER), 2);
        eddy_future_result(futures[1], NULL);
        unref(futures);
}

COROUTINE_TEST(returns_at_once_where_enough_is_done)
{
        eddy_future *futures[4];

        create(futures);
        for (int i = 0; i < 4; i++) {
                eddy_future_set_result(futures[i], i);
                assert_int_equal(eddy_wait(futures, 4, EDDY_FIRST_COMPLETED, EDDY_FOREVER), i + 1);
        }
        assert_int_equal(eddy_wait(futures, 4, EDDY_ALL_COMPLETED, EDDY_FOREVER), 4);
        assert_int_equal(eddy_wait(futures, 4, EDDY_FIRST_EXCEPTION, EDDY_FOREVER), 4);
        unref(futures);
}

COROUTINE_TEST(waits_no_longer_than_told_and_cancels_nobody)
{
        eddy_future *futures[4];

        create(futures);
        eddy_future_set_result(futures[2], 1);
        assert_int_equal(eddy_wait(futures, 4, EDDY_ALL_COMPLETED, eddy_ms(2)), 1);
        assert_int_equal(eddy_wait(futures, 4, EDDY_ALL_COMPLETED, 0), 1);
        assert_int_equal(eddy_wait(futures, 4, EDDY_ALL_COMPLETED, -1), 1);
        assert_int_equal(eddy_wait(futures, 2, EDDY_FIRST_COMPLETED, 0), 0);
        assert_false(eddy_done(futures[0]));
        unref(futures);
}

COROUTINE_TEST(needs_nothing_to_wait_for)
{
        for (int mode = EDDY_ALL_COMPLETED; mode <= EDDY_FIRST_EXCEPTION; mode++)
                assert_int_equal(eddy_wait(NULL, 0, (eddy_wait_mode)mode, EDDY_FOREVER), 0);
}

COROUTINE_TEST(refuses_a_missing_member_and_an_unknown_mode)
{
        eddy_future *futures[] = {eddy_future_create(NULL), NULL};

        assert_int_equal(eddy_wait(futures, 2, EDDY_ALL_COMPLETED, 0), -ENOMEM);
        assert_int_equal(eddy_wait(futures, 1, (eddy_wait_mode)3, 0), -EINVAL);
        eddy_unref(futures[0]);
}

static void complete_last(void *futures)
{
        eddy_future_set_result(((eddy_future **)futures)[3], 9);
}

COROUTINE_TEST(is_not_woken_by_a_time_that_is_over)
{
        eddy_future *futures[4];
        intptr_t result = 0;

        create(futures);
        for (int i = 0; i < 3; i++) {
                eddy_future_set_result_threadsafe(eddy_ref(futures[i]), 1);
                assert_int_equal(eddy_wait(&futures[i], 1, EDDY_ALL_COMPLETED, eddy_us(500)), 1);
        }
        eddy_call_later(eddy_running_loop(), NULL, eddy_ms(3), complete_last, futures);
        assert_int_equal(eddy_await(futures[3], &result), 0);
        assert_int_equal(result, 9);
        unref(futures);
}

static intptr_t wait_for_ever(void *futures)
{
        return eddy_wait(futures, 4, EDDY_ALL_COMPLETED, eddy_seconds(1000));
}

COROUTINE_TEST(lets_its_futures_run_on_when_cancelled)
{
        eddy_future *futures[4];
        eddy_task *task;
        intptr_t result;

        create(futures);
        task = eddy_create_task(wait_for_ever, futures);
        eddy_yield();
        eddy_cancel(task);
        eddy_join(task, &result);
        assert_int_equal(result, EDDY_CANCELLED);
        for (int i = 0; i < 4; i++)
                assert_false(eddy_done(futures[i]));
        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                result = eddy_wait(futures, 4, EDDY_ALL_COMPLETED, EDDY_FOREVER);
        assert_int_equal(result, EDDY_TIMEOUT);
        assert_false(eddy_done(futures[0]));
        unref(futures);
}

/* A set in asyncio; here each place counts. */
COROUTINE_TEST(counts_a_future_as_often_as_it_is_there)
{
        eddy_future *future = eddy_future_create(NULL), *other = eddy_future_create(NULL);
        eddy_future *futures[] = {future, other, future};

        assert_int_equal(eddy_wait(futures, 3, EDDY_ALL_COMPLETED, 0), 0);
        eddy_future_set_result(future, 1);
        assert_int_equal(eddy_wait(futures, 3, EDDY_FIRST_COMPLETED, EDDY_FOREVER), 2);
        eddy_future_set_result(other, 1);
        assert_int_equal(eddy_wait(futures, 3, EDDY_ALL_COMPLETED, EDDY_FOREVER), 3);
        eddy_unref(future);
        eddy_unref(other);
}

static intptr_t wait_for_one(void *future)
{
        eddy_future *futures[] = {future};
        ssize_t n = eddy_wait(futures, 1, EDDY_ALL_COMPLETED, EDDY_FOREVER);

        assert_int_equal(n, 1);
        return eddy_yield();
}

COROUTINE_TEST(returns_what_came_before_the_cancellation)
{
        eddy_future *future = eddy_future_create(NULL);
        eddy_task *task = eddy_create_task(wait_for_one, future);
        intptr_t result;

        eddy_yield();
        eddy_future_set_result(future, 1);
        eddy_cancel(task); /* in the same turn */
        assert_int_equal(eddy_join(task, &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
        eddy_unref(future);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(returns_as_its_mode_says),
            cmocka_unit_test(does_not_take_cancellation_for_an_exception),
            cmocka_unit_test(returns_at_once_where_enough_is_done),
            cmocka_unit_test(waits_no_longer_than_told_and_cancels_nobody),
            cmocka_unit_test(needs_nothing_to_wait_for),
            cmocka_unit_test(refuses_a_missing_member_and_an_unknown_mode),
            cmocka_unit_test(is_not_woken_by_a_time_that_is_over),
            cmocka_unit_test(lets_its_futures_run_on_when_cancelled),
            cmocka_unit_test(counts_a_future_as_often_as_it_is_there),
            cmocka_unit_test(returns_what_came_before_the_cancellation),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
