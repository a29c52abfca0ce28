#include "reports.h"

static intptr_t sleep_for_ever(void *arg)
{
        (void)arg;
        return eddy_sleep(EDDY_FOREVER);
}

static intptr_t identity(void *arg)
{
        eddy_yield();
        return (intptr_t)arg;
}

static intptr_t fail_at_once(void *arg)
{
        return eddy_fail((int)(intptr_t)arg, "failed with %s", eddy_errname((intptr_t)arg));
}

static intptr_t fail_later(void *arg)
{
        eddy_sleep(eddy_us(50));
        return fail_at_once(arg);
}

static void unref_all(eddy_future **futures, size_t n)
{
        for (size_t i = 0; i < n; i++)
                eddy_unref(futures[i]);
}

COROUTINE_TEST(collects_results_in_order)
{
        enum { N = 100 };
        eddy_future *futures[N];
        intptr_t results[N];

        for (intptr_t i = 0; i < N; i++)
                futures[i] = eddy_future_create(NULL);
        /* Done from the last to the first; some before, some while it waits. */
        for (intptr_t i = N - 1; i >= 50; i--)
                eddy_future_set_result(futures[i], i * i);
        for (intptr_t i = 49; i >= 0; i--) {
                unref_all(&futures[i], 1);
                futures[i] = eddy_create_task(identity, (void *)(i * i));
        }
        assert_int_equal(eddy_gather(futures, N, results, 0), 0);
        for (intptr_t i = 0; i < N; i++)
                assert_int_equal(results[i], i * i);
        assert_int_equal(eddy_gather(futures, N, NULL, 0), 0);
        unref_all(futures, N);
}

COROUTINE_TEST(needs_nothing_to_wait_for)
{
        assert_int_equal(eddy_gather(NULL, 0, NULL, 0), 0);
        assert_int_equal(eddy_gather(NULL, 0, NULL, EDDY_RETURN_ERRORS), 0);
}

COROUTINE_TEST(tells_the_first_failure_in_time_and_lets_the_others_run)
{
        eddy_future *futures[] = {
            eddy_create_task(sleep_for_ever, NULL), eddy_create_task(fail_later, (void *)-EIO),
            eddy_create_task(fail_at_once, (void *)-EPERM), eddy_create_task(identity, (void *)4)};
        intptr_t results[4] = {0};

        assert_int_equal(eddy_gather(futures, 4, results, 0), -EPERM);
        assert_string_equal(eddy_error_detail(), "failed with EPERM");
        assert_int_equal(results[0], EDDY_PENDING);
        assert_int_equal(results[1], EDDY_PENDING);
        assert_int_equal(results[2], -EPERM);
        assert_false(eddy_done(futures[0]));
        assert_int_equal(eddy_cancelling(futures[0]), 0);
        assert_int_equal(eddy_await(futures[1], &results[1]), 0);
        assert_int_equal(results[1], -EIO);
        /* Of failures from before, the first in the list. */
        assert_int_equal(eddy_gather(futures + 1, 2, results, 0), -EIO);
        eddy_cancel(futures[0]);
        assert_int_equal(eddy_gather(futures, 1, NULL, 0), EDDY_CANCELLED);
        unref_all(futures, 4);
}

COROUTINE_TEST(returns_errors_as_results)
{
        eddy_future *futures[] = {eddy_create_task(fail_at_once, (void *)-EPERM),
                                  eddy_create_task(identity, (void *)4),
                                  eddy_create_task(fail_later, (void *)-EIO)};
        intptr_t results[3] = {0};

        assert_int_equal(eddy_gather(futures, 3, results, EDDY_RETURN_ERRORS), 0);
        assert_int_equal(results[0], -EPERM);
        assert_int_equal(results[1], 4);
        assert_int_equal(results[2], -EIO);
        unref_all(futures, 3);
}

COROUTINE_TEST(takes_the_same_future_twice)
{
        eddy_future *task = eddy_create_task(identity, (void *)3), *futures[] = {task, task, task};
        intptr_t results[3];

        assert_int_equal(eddy_gather(futures, 3, results, 0), 0);
        for (int i = 0; i < 3; i++)
                assert_int_equal(results[i], 3);
        eddy_unref(task);
}

COROUTINE_TEST(refuses_a_missing_member)
{
        eddy_future *futures[] = {eddy_create_task(identity, (void *)3), NULL};

        assert_int_equal(eddy_gather(futures, 2, NULL, 0), -ENOMEM);
        assert_int_equal(eddy_join(futures[0], NULL), 0);
}

/** What a gatherer is given, and what it got. */
struct gathering {
        eddy_future *futures[4];
        intptr_t results[4];
        unsigned flags;
};

static intptr_t gather(void *arg)
{
        struct gathering *gathering = arg;

        return eddy_gather(gathering->futures, 4, gathering->results, gathering->flags);
}

static intptr_t end_slowly(void *arg)
{
        (void)arg;
        eddy_sleep(EDDY_FOREVER);
        EDDY_SHIELD_SCOPE
                eddy_sleep(eddy_ms(1));
        return 5;
}

static void check_cancelled_gatherer(unsigned flags)
{
        struct gathering gathering = {
            .futures = {eddy_create_task(sleep_for_ever, NULL), eddy_create_task(end_slowly, NULL),
                        eddy_future_create(NULL), eddy_create_task(identity, (void *)1)},
            .flags = flags,
        };
        eddy_task *task = eddy_create_task(gather, &gathering);
        intptr_t result;

        for (int i = 0; i < 5; i++)
                eddy_yield();
        eddy_cancel(task);
        assert_true(eddy_cancelled(gathering.futures[2]));
        eddy_cancel(task);
        eddy_join(task, &result);
        assert_int_equal(result, EDDY_CANCELLED);
        assert_int_equal(gathering.results[0], EDDY_CANCELLED);
        assert_int_equal(gathering.results[1], 5);
        assert_int_equal(gathering.results[2], EDDY_CANCELLED);
        assert_int_equal(gathering.results[3], 1);
        unref_all(gathering.futures, 4);
}

COROUTINE_TEST(cancels_its_members_with_itself_and_sees_their_end)
{
        check_cancelled_gatherer(0);
        check_cancelled_gatherer(EDDY_RETURN_ERRORS);
}

COROUTINE_TEST(is_interrupted_by_a_deadline)
{
        eddy_future *futures[] = {eddy_create_task(sleep_for_ever, NULL), eddy_create_task(end_slowly, NULL)};
        int rc = 1;

        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                rc = eddy_gather(futures, 2, NULL, 0);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_true(eddy_done(futures[0]) && eddy_done(futures[1]));
        unref_all(futures, 2);
}

COROUTINE_TEST(says_so_without_memory)
{
        enum { N = 50 };
        eddy_future *futures[N];
        intptr_t results[N];

        for (int i = 0; i < N; i++)
                futures[i] = eddy_create_task(identity, (void *)1);
        fault_arm(1, 1);
        assert_int_equal(eddy_gather(futures, N, results, 0), -ENOMEM);
        fault_arm(0, 0);
        assert_int_equal(eddy_gather(futures, N, results, 0), 0);
        unref_all(futures, N);
}

static intptr_t fail_in_clean_up(void *rc)
{
        eddy_sleep(EDDY_FOREVER);
        return (intptr_t)rc;
}

static intptr_t gather_two(void *arg)
{
        struct gathering *gathering = arg;

        return eddy_gather(gathering->futures, 2, gathering->flags & 128 ? gathering->results : NULL,
                           gathering->flags & EDDY_RETURN_ERRORS);
}

static intptr_t cancel_gatherer_of(struct gathering *gathering, eddy_fn first, eddy_fn second)
{
        eddy_task *task;
        intptr_t result;

        gathering->futures[0] = eddy_create_task(first, (void *)-EIO);
        gathering->futures[1] = eddy_create_task(second, (void *)-EPERM);
        task = eddy_create_task(gather_two, gathering);
        for (int i = 0; i < 3; i++)
                eddy_yield();
        eddy_cancel(task);
        eddy_join(task, &result);
        return result;
}

COROUTINE_TEST(leaves_failures_that_the_interrupted_does_not_see_to_be_told)
{
        keep_reports(NULL);
        for (unsigned flags = 0; flags <= EDDY_RETURN_ERRORS; flags++) {
                struct gathering gathering = {.flags = flags};

                assert_int_equal(cancel_gatherer_of(&gathering, fail_in_clean_up, fail_in_clean_up),
                                 EDDY_CANCELLED);
                assert_reports(0); /* who has the futures may look */
                eddy_future_result(gathering.futures[0], NULL);
                unref_all(gathering.futures, 2);
                assert_reports(1);
                assert_string_equal(reported, "task 'second' failed and nobody looked: EPERM: ");
                gathering.flags |= 128;
                assert_int_equal(cancel_gatherer_of(&gathering, fail_in_clean_up, fail_in_clean_up),
                                 EDDY_CANCELLED);
                assert_int_equal(gathering.results[0], -EIO);
                assert_int_equal(gathering.results[1], -EPERM);
                unref_all(gathering.futures, 2);
                assert_reports(0);
        }
}

COROUTINE_TEST(hands_values_over_to_the_interrupted)
{
        for (unsigned flags = 0; flags <= EDDY_RETURN_ERRORS; flags++) {
                struct gathering gathering = {.flags = flags | 128};

                assert_int_equal(cancel_gatherer_of(&gathering, end_slowly, end_slowly), 0);
                assert_int_equal(gathering.results[0], 5);
                assert_int_equal(gathering.results[1], 5);
                unref_all(gathering.futures, 2);
                /* Not where one was cancelled. */
                assert_int_equal(cancel_gatherer_of(&gathering, end_slowly, sleep_for_ever), EDDY_CANCELLED);
                assert_int_equal(gathering.results[0], 5);
                unref_all(gathering.futures, 2);
        }
}

COROUTINE_TEST(hands_over_what_is_done_even_to_the_interrupted)
{
        eddy_future *futures[] = {eddy_create_task(identity, (void *)1),
                                  eddy_create_task(fail_at_once, (void *)-EIO)};
        intptr_t results[2];

        eddy_wait(futures, 2, EDDY_ALL_COMPLETED, EDDY_FOREVER);
        EDDY_TIMEOUT_SCOPE(0) {
                assert_int_equal(eddy_gather(futures, 1, results, 0), 0);
                assert_int_equal(results[0], 1);
                assert_int_equal(eddy_gather(futures, 2, results, 0), -EIO);
                assert_int_equal(eddy_gather(futures, 2, results, EDDY_RETURN_ERRORS), 0);
                assert_int_equal(results[1], -EIO);
        }
        unref_all(futures, 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(collects_results_in_order),
            cmocka_unit_test(needs_nothing_to_wait_for),
            cmocka_unit_test(tells_the_first_failure_in_time_and_lets_the_others_run),
            cmocka_unit_test(returns_errors_as_results),
            cmocka_unit_test(takes_the_same_future_twice),
            cmocka_unit_test(refuses_a_missing_member),
            cmocka_unit_test(cancels_its_members_with_itself_and_sees_their_end),
            cmocka_unit_test(is_interrupted_by_a_deadline),
            cmocka_unit_test(says_so_without_memory),
            cmocka_unit_test(leaves_failures_that_the_interrupted_does_not_see_to_be_told),
            cmocka_unit_test(hands_values_over_to_the_interrupted),
            cmocka_unit_test(hands_over_what_is_done_even_to_the_interrupted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
