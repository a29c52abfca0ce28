#include "testing.h"

static intptr_t sleep_for_ever(void *arg)
{
        (void)arg;
        return eddy_sleep(EDDY_FOREVER);
}

COROUTINE_TEST(refuses_to_suspend_once_its_time_is_up)
{
        eddy_timeout timeout;
        eddy_future *future = eddy_future_create(NULL);

        assert_int_equal(eddy_timeout_open(&timeout, eddy_ms(1)), 0);
        assert_false(eddy_timeout_expired(&timeout));
        assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_TIMEOUT);
        assert_true(eddy_timeout_expired(&timeout));
        assert_int_equal(eddy_interrupted(), EDDY_TIMEOUT);
        assert_int_equal(eddy_yield(), EDDY_TIMEOUT);
        assert_int_equal(eddy_sleep(1), EDDY_TIMEOUT);
        assert_int_equal(eddy_await(future, NULL), EDDY_TIMEOUT);
        assert_true(eddy_cancelled(future));
        assert_int_equal(eddy_timeout_close(&timeout), EDDY_TIMEOUT);
        assert_int_equal(eddy_interrupted(), 0);
        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(eddy_timeout_close(&timeout), EDDY_TIMEOUT);
        eddy_unref(future);
}

COROUTINE_TEST(leaves_alone_what_is_in_time)
{
        eddy_timeout timeout;
        int rounds = 0;

        eddy_timeout_open(&timeout, eddy_seconds(1000));
        assert_int_equal(eddy_sleep(eddy_us(10)), 0);
        assert_int_equal(eddy_timeout_close(&timeout), 0);
        EDDY_TIMEOUT_SCOPE(eddy_us(1))
                rounds++; /* nothing suspends, so nothing is late */
        assert_int_equal(rounds, 1);
        assert_int_equal(eddy_interrupted(), 0);
        assert_int_equal(eddy_sleep(eddy_us(20)), 0);
}

COROUTINE_TEST(may_have_no_time_at_all)
{
        for (eddy_duration delay = -1; delay <= 0; delay++) {
                eddy_timeout timeout;

                eddy_timeout_open(&timeout, delay);
                assert_true(eddy_timeout_expired(&timeout));
                assert_int_equal(eddy_yield(), EDDY_TIMEOUT);
                assert_int_equal(eddy_timeout_close(&timeout), EDDY_TIMEOUT);
        }
}

COROUTINE_TEST(nests_with_the_inner_one_first)
{
        int inner = 0, outer = 0;

        EDDY_TIMEOUT_SCOPE(eddy_seconds(1000)) {
                EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                        inner = eddy_sleep(EDDY_FOREVER);
                outer = eddy_sleep(1);
        }
        assert_int_equal(inner, EDDY_TIMEOUT);
        assert_int_equal(outer, 0);
}

COROUTINE_TEST(nests_with_the_outer_one_first)
{
        eddy_timeout outer, inner;

        eddy_timeout_open(&outer, eddy_ms(1));
        eddy_timeout_open(&inner, eddy_seconds(1000));
        assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_TIMEOUT);
        assert_true(eddy_timeout_expired(&outer));
        assert_false(eddy_timeout_expired(&inner));
        assert_int_equal(eddy_timeout_close(&inner), 0);
        assert_int_equal(eddy_yield(), EDDY_TIMEOUT);
        assert_int_equal(eddy_timeout_close(&outer), EDDY_TIMEOUT);
        assert_int_equal(eddy_yield(), 0);
}

COROUTINE_TEST(nests_with_both_at_once)
{
        eddy_time when = eddy_now() + eddy_ms(1);
        eddy_timeout outer, inner;

        eddy_timeout_open_at(&outer, when);
        eddy_timeout_open_at(&inner, when);
        assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_TIMEOUT);
        assert_int_equal(eddy_timeout_close(&inner), EDDY_TIMEOUT);
        assert_int_equal(eddy_yield(), EDDY_TIMEOUT);
        assert_int_equal(eddy_timeout_close(&outer), EDDY_TIMEOUT);
        assert_int_equal(eddy_yield(), 0);
}

static intptr_t be_cancelled_and_late(void *arg)
{
        eddy_timeout timeout;
        int rc;

        (void)arg;
        eddy_timeout_open(&timeout, eddy_ms(1));
        rc = eddy_sleep(EDDY_FOREVER);
        assert_int_equal(rc, EDDY_TIMEOUT);
        eddy_cancel(eddy_current_task());
        /* The outer reason speaks. */
        assert_int_equal(eddy_yield(), EDDY_CANCELLED);
        assert_true(eddy_timeout_expired(&timeout));
        assert_int_equal(eddy_timeout_close(&timeout), EDDY_CANCELLED);
        return eddy_yield();
}

COROUTINE_TEST(lets_cancellation_speak_before_deadlines)
{
        eddy_task *task = eddy_create_task(be_cancelled_and_late, NULL);
        intptr_t result;

        eddy_join(task, &result);
        assert_int_equal(result, EDDY_CANCELLED);
}

COROUTINE_TEST(is_rescheduled)
{
        eddy_time soon = eddy_loop_time(eddy_running_loop()) + eddy_ms(1), far = soon + eddy_seconds(1000);
        eddy_timeout timeout;

        eddy_timeout_open(&timeout, EDDY_FOREVER);
        assert_true(eddy_timeout_when(&timeout) == EDDY_FOREVER);
        assert_int_equal(eddy_timeout_reschedule(&timeout, far), 0);
        assert_true(eddy_timeout_when(&timeout) == far);
        assert_int_equal(eddy_timeout_reschedule(&timeout, soon), 0);
        assert_true(eddy_timeout_when(&timeout) == soon);
        assert_int_equal(eddy_timeout_reschedule(&timeout, EDDY_FOREVER), 0);
        assert_true(eddy_timeout_when(&timeout) == EDDY_FOREVER);
        assert_int_equal(eddy_sleep(eddy_ms(2)), 0);
        assert_int_equal(eddy_timeout_reschedule(&timeout, eddy_now() + eddy_ms(1)), 0);
        assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_TIMEOUT);
        assert_int_equal(eddy_timeout_reschedule(&timeout, far), EDDY_EINVALIDSTATE);
        eddy_timeout_close(&timeout);
        assert_int_equal(eddy_timeout_reschedule(&timeout, far), EDDY_EINVALIDSTATE);
        /* Into the past: at once. */
        eddy_timeout_open(&timeout, EDDY_FOREVER);
        eddy_timeout_reschedule(&timeout, 1);
        assert_int_equal(eddy_yield(), EDDY_TIMEOUT);
        eddy_timeout_close(&timeout);
}

static int leave_by_return(void)
{
        EDDY_TIMEOUT_SCOPE(0)
                return eddy_yield();
        return 1;
}

COROUTINE_TEST(is_closed_however_it_is_left)
{
        int rc = 0, rounds = 0;

        for (int i = 0; i < 3; i++) {
                EDDY_TIMEOUT_SCOPE(0) {
                        rounds++;
                        if (i == 0)
                                break;
                        if (i == 1)
                                continue;
                        rc = eddy_yield();
                        goto out;
                }
                assert_int_equal(eddy_yield(), 0);
        }
        rounds = 100;
out:
        assert_int_equal(rounds, 3);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(leave_by_return(), EDDY_TIMEOUT);
        assert_int_equal(eddy_yield(), 0);
}

COROUTINE_TEST(reaches_what_is_awaited)
{
        eddy_task *task = eddy_create_task(sleep_for_ever, NULL);
        intptr_t result = 0;
        int rc = 0;

        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                rc = eddy_await(task, &result);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_int_equal(result, EDDY_CANCELLED);
        assert_true(eddy_cancelled(task));
        eddy_unref(task);
}

/** Cancelled while it cleans up behind a shield. */
static intptr_t clean_up(void *arg)
{
        eddy_scope shield;
        int rc = eddy_sleep(EDDY_FOREVER);

        (void)arg;
        assert_int_equal(rc, EDDY_CANCELLED);
        assert_int_equal(eddy_shield_open(&shield), 0);
        assert_int_equal(eddy_interrupted(), 0);
        assert_int_equal(eddy_sleep(eddy_ms(1)), 0);
        note("c");
        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(eddy_shield_close(&shield), EDDY_CANCELLED);
        assert_int_equal(eddy_yield(), EDDY_CANCELLED);
        return 3;
}

COROUTINE_TEST(shields_clean_up)
{
        eddy_task *task = eddy_create_task(clean_up, NULL);
        intptr_t result;

        trail_clear();
        eddy_yield();
        eddy_cancel(task);
        eddy_yield();
        eddy_cancel(task); /* once more, while it cleans up */
        eddy_join(task, &result);
        assert_trail("c");
        assert_int_equal(result, 3);
}

COROUTINE_TEST(shields_from_outer_deadlines_and_not_from_inner_ones)
{
        eddy_scope shield;
        int inner = 0, after = 0;

        EDDY_TIMEOUT_SCOPE(0) {
                eddy_shield_open(&shield);
                assert_int_equal(eddy_sleep(eddy_us(10)), 0);
                EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                        inner = eddy_sleep(EDDY_FOREVER);
                assert_int_equal(eddy_yield(), 0);
                assert_int_equal(eddy_shield_close(&shield), EDDY_TIMEOUT);
                EDDY_SHIELD_SCOPE
                        after = eddy_yield();
        }
        assert_int_equal(inner, EDDY_TIMEOUT);
        assert_int_equal(after, 0);
        assert_int_equal(eddy_shield_open(&shield), 0);
        assert_int_equal(eddy_shield_close(&shield), 0);
}

static void cancel_it(void *task)
{
        eddy_cancel(task);
}

/** As the documentation has it: go on where this deadline passed, and nothing worse happened. */
static intptr_t go_on_when_late(void *when)
{
        eddy_timeout limit;
        int rc;

        eddy_timeout_open_at(&limit, *(eddy_time *)when);
        rc = eddy_sleep(EDDY_FOREVER);
        if (eddy_timeout_close(&limit) == EDDY_TIMEOUT)
                rc = 0;
        return rc;
}

/** As above, but the cancellation comes between the end of the call and that of the scope. */
static intptr_t go_on_when_late_and_cancelled_after(void *when)
{
        eddy_timeout limit;
        int rc;

        eddy_timeout_open_at(&limit, *(eddy_time *)when);
        rc = eddy_sleep(EDDY_FOREVER);
        assert_int_equal(rc, EDDY_TIMEOUT);
        eddy_cancel(eddy_current_task());
        rc = eddy_timeout_close(&limit);
        return rc == EDDY_TIMEOUT ? 0 : rc;
}

COROUTINE_TEST(takes_no_cancellation_for_lateness)
{
        eddy_time when = eddy_now() + eddy_ms(200);
        eddy_task *early = eddy_create_task(go_on_when_late, &when),
                  *late = eddy_create_task(go_on_when_late, &when);
        eddy_task *after = eddy_create_task(go_on_when_late_and_cancelled_after, &when);
        eddy_task *alone = eddy_create_task(go_on_when_late, &when);
        eddy_timer first = {0}, last = {0};
        intptr_t result;

        /* One of the two cancellations comes before its task's deadline, and one after; all in one iteration. */
        eddy_call_at(eddy_running_loop(), &first, when, cancel_it, early);
        eddy_yield();
        eddy_call_at(eddy_running_loop(), &last, when, cancel_it, late);
        eddy_join(early, &result);
        assert_int_equal(result, EDDY_CANCELLED);
        eddy_join(late, &result);
        assert_int_equal(result, EDDY_CANCELLED);
        eddy_join(after, &result);
        assert_int_equal(result, EDDY_CANCELLED);
        eddy_join(alone, &result);
        assert_int_equal(result, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(refuses_to_suspend_once_its_time_is_up),
            cmocka_unit_test(leaves_alone_what_is_in_time),
            cmocka_unit_test(may_have_no_time_at_all),
            cmocka_unit_test(nests_with_the_inner_one_first),
            cmocka_unit_test(nests_with_the_outer_one_first),
            cmocka_unit_test(nests_with_both_at_once),
            cmocka_unit_test(lets_cancellation_speak_before_deadlines),
            cmocka_unit_test(is_rescheduled),
            cmocka_unit_test(is_closed_however_it_is_left),
            cmocka_unit_test(reaches_what_is_awaited),
            cmocka_unit_test(shields_clean_up),
            cmocka_unit_test(shields_from_outer_deadlines_and_not_from_inner_ones),
            cmocka_unit_test(takes_no_cancellation_for_lateness),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
