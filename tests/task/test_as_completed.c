#include "testing.h"
#include <stdlib.h>

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

/** Completes the futures in another order than theirs, the last two together. */
static intptr_t complete(void *arg)
{
        eddy_future **futures = arg;

        eddy_future_set_result(futures[2], 2);
        eddy_yield();
        eddy_sleep(eddy_us(50));
        eddy_future_set_result(futures[0], -EIO);
        eddy_sleep(eddy_us(50));
        eddy_future_set_result(futures[3], 3);
        eddy_cancel(futures[1]);
        return 0;
}

COROUTINE_TEST(hands_out_in_order_of_completion)
{
        static const int order[] = {2, 0, 3, 1};
        eddy_future *futures[4], *next;
        eddy_completion completion;
        eddy_task *task;

        create(futures);
        task = eddy_create_task(complete, futures);
        assert_int_equal(eddy_as_completed(&completion, futures, 4), 0);
        for (int i = 0; i < 4; i++) {
                assert_int_equal(eddy_completion_next(&completion, &next), 1);
                assert_ptr_equal(next, futures[order[i]]);
                assert_true(eddy_done(next));
        }
        assert_int_equal(eddy_completion_next(&completion, &next), 0);
        assert_int_equal(eddy_completion_next(&completion, &next), 0);
        assert_null(next);
        eddy_completion_close(&completion);
        eddy_future_result(futures[0], NULL);
        eddy_join(task, NULL);
        unref(futures);
}

COROUTINE_TEST(hands_out_what_was_done_before)
{
        eddy_future *futures[4], *next, *twice[2];
        eddy_completion completion;

        create(futures);
        eddy_future_set_result(futures[3], 1);
        eddy_future_set_result(futures[1], 1);
        eddy_as_completed(&completion, futures, 4);
        eddy_completion_next(&completion, &next);
        assert_ptr_equal(next, futures[1]);
        eddy_completion_next(&completion, &next);
        assert_ptr_equal(next, futures[3]);
        eddy_completion_close(&completion);
        /* One future in two places comes twice. */
        twice[0] = twice[1] = futures[1];
        eddy_as_completed(&completion, twice, 2);
        assert_int_equal(eddy_completion_next(&completion, &next), 1);
        assert_int_equal(eddy_completion_next(&completion, &next), 1);
        assert_int_equal(eddy_completion_next(&completion, &next), 0);
        eddy_completion_close(&completion);
        unref(futures);
}

COROUTINE_TEST(is_closed_early)
{
        eddy_future *futures[4], *next;
        eddy_completion completion;

        create(futures);
        eddy_as_completed(&completion, futures, 4);
        eddy_future_set_result(futures[1], 1);
        assert_int_equal(eddy_completion_next(&completion, &next), 1);
        eddy_completion_close(&completion);
        eddy_completion_close(&completion);
        assert_int_equal(eddy_completion_next(&completion, &next), 0);
        memset(&completion, 0xff, sizeof completion);
        for (int i = 0; i < 4; i++) {
                assert_int_equal(eddy_done(futures[i]), i == 1);
                if (i != 1)
                        assert_int_equal(eddy_future_set_result(futures[i], 1), 0);
        }
        unref(futures);
}

COROUTINE_TEST(needs_nothing_to_hand_out)
{
        eddy_completion completion;
        eddy_future *next, *missing[] = {NULL};

        assert_int_equal(eddy_as_completed(&completion, NULL, 0), 0);
        assert_int_equal(eddy_completion_next(&completion, &next), 0);
        eddy_completion_close(&completion);
        assert_int_equal(eddy_as_completed(&completion, missing, 1), -ENOMEM);
        eddy_completion_close(&completion);
        fault_arm(1, 1);
        assert_int_equal(eddy_as_completed(&completion, NULL, 0), -ENOMEM);
        fault_arm(0, 0);
        eddy_completion_close(&completion);
}

COROUTINE_TEST(goes_on_after_an_interruption)
{
        eddy_future *futures[4], *next;
        eddy_completion completion;
        int rc = 1;

        create(futures);
        eddy_as_completed(&completion, futures, 4);
        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                rc = eddy_completion_next(&completion, &next);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_null(next);
        assert_false(eddy_done(futures[0]));
        eddy_future_set_result(futures[2], 1);
        assert_int_equal(eddy_completion_next(&completion, &next), 1);
        assert_ptr_equal(next, futures[2]);
        eddy_completion_close(&completion);
        unref(futures);
}

static intptr_t take_next(void *completion)
{
        eddy_future *next;

        return eddy_completion_next(completion, &next);
}

COROUTINE_TEST(has_one_consumer_at_a_time)
{
        eddy_future *futures[4], *next;
        eddy_completion completion;
        eddy_task *task;
        intptr_t result;

        create(futures);
        eddy_as_completed(&completion, futures, 4);
        task = eddy_create_task(take_next, &completion);
        eddy_yield();
        assert_int_equal(eddy_completion_next(&completion, &next), EDDY_EBUSY);
        eddy_future_set_result(futures[0], 1);
        eddy_join(task, &result);
        assert_int_equal(result, 1);
        eddy_completion_close(&completion);
        unref(futures);
}

COROUTINE_TEST(closing_it_tells_who_waits)
{
        eddy_completion *completion = malloc(sizeof *completion);
        eddy_future *futures[4];
        eddy_task *task;
        intptr_t result;

        create(futures);
        eddy_as_completed(completion, futures, 4);
        task = eddy_create_task(take_next, completion);
        eddy_yield();
        eddy_completion_close(completion);
        free(completion); /* nobody may look at it any more */
        assert_int_equal(eddy_join(task, &result), 0);
        assert_int_equal(result, EDDY_EFINISHED);
        unref(futures);
}

static intptr_t take_one(void *arg)
{
        eddy_completion completion;
        eddy_future *future = arg, *next;

        assert_int_equal(eddy_as_completed(&completion, &future, 1), 0);
        assert_int_equal(eddy_completion_next(&completion, &next), 1);
        assert_ptr_equal(next, future);
        eddy_completion_close(&completion);
        return eddy_yield();
}

COROUTINE_TEST(hands_out_what_came_before_the_cancellation)
{
        eddy_future *future = eddy_future_create(NULL);
        eddy_task *task = eddy_create_task(take_one, future);
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
            cmocka_unit_test(hands_out_in_order_of_completion),
            cmocka_unit_test(hands_out_what_was_done_before),
            cmocka_unit_test(is_closed_early),
            cmocka_unit_test(needs_nothing_to_hand_out),
            cmocka_unit_test(goes_on_after_an_interruption),
            cmocka_unit_test(has_one_consumer_at_a_time),
            cmocka_unit_test(closing_it_tells_who_waits),
            cmocka_unit_test(hands_out_what_came_before_the_cancellation),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
