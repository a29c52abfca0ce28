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

static intptr_t fail_with(void *rc)
{
        return eddy_fail((int)(intptr_t)rc, "failed with %s", eddy_errname((intptr_t)rc));
}

/** Notes 's', and 'e' when it is over, which takes a while after cancellation; then fails if told to. */
static intptr_t end_slowly(void *rc)
{
        note("s");
        eddy_sleep(EDDY_FOREVER);
        EDDY_SHIELD_SCOPE
                eddy_sleep(eddy_us(100));
        note("e");
        return (intptr_t)rc;
}

static intptr_t end_slowly_with(void *rc)
{
        return end_slowly((void *)(intptr_t) * (int *)rc);
}

COROUTINE_TEST(waits_for_all_its_tasks)
{
        eddy_group group;
        eddy_task *task;
        intptr_t result;

        assert_int_equal(eddy_group_open(&group), 0);
        assert_int_equal(eddy_group_create_task(&group, identity, (void *)1, &task), 0);
        assert_string_equal(eddy_task_name(task), "identity");
        for (int i = 0; i < 10; i++)
                assert_int_equal(eddy_group_spawn(&group, identity, &i), 0);
        assert_int_equal(eddy_group_wait(&group), 0);
        assert_true(eddy_done(task));
        /* It goes on after that. */
        assert_int_equal(eddy_group_start(&group, NULL, identity, NULL, NULL), 0);
        assert_int_equal(eddy_all_tasks(NULL, NULL, 0), 2);
        assert_int_equal(eddy_group_close(&group), 0);
        assert_int_equal(eddy_all_tasks(NULL, NULL, 0), 1);
        assert_null(eddy_group_failed(&group, NULL));
        eddy_join(task, &result);
        assert_int_equal(result, 1);
}

COROUTINE_TEST(may_be_empty)
{
        eddy_group group;

        eddy_group_open(&group);
        assert_int_equal(eddy_group_wait(&group), 0);
        assert_int_equal(eddy_group_close(&group), 0);
        assert_int_equal(eddy_yield(), 0);
}

COROUTINE_TEST(cancels_the_others_at_the_first_failure)
{
        eddy_group group;
        eddy_task *tasks[3], *failed;

        trail_clear();
        eddy_group_open(&group);
        eddy_group_start(&group, NULL, end_slowly, (void *)-EPERM, &tasks[0]);
        eddy_group_start(&group, NULL, sleep_for_ever, NULL, &tasks[1]);
        eddy_group_start(&group, NULL, fail_with, (void *)-EIO, &tasks[2]);
        assert_int_equal(eddy_group_wait(&group), -EIO);
        assert_string_equal(eddy_error_detail(), "failed with EIO");
        assert_trail("se");
        assert_true(eddy_cancelled(tasks[1]));
        failed = eddy_group_failed(&group, NULL);
        assert_ptr_equal(failed, tasks[2]);
        failed = eddy_group_failed(&group, failed);
        assert_ptr_equal(failed, tasks[0]);
        assert_null(eddy_group_failed(&group, failed));
        assert_int_equal(eddy_group_close(&group), -EIO);
        assert_int_equal(eddy_yield(), 0);
        for (int i = 0; i < 3; i++)
                eddy_unref(tasks[i]);
}

COROUTINE_TEST(interrupts_its_opener_at_a_failure)
{
        eddy_group group;

        eddy_group_open(&group);
        eddy_group_start(&group, NULL, fail_with, (void *)-EIO, NULL);
        assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_CANCELLED);
        assert_int_equal(eddy_interrupted(), EDDY_CANCELLED);
        assert_int_equal(eddy_cancelling(eddy_current_task()), 0);
        assert_int_equal(eddy_group_start(&group, NULL, identity, NULL, NULL), EDDY_EGROUPCLOSED);
        assert_int_equal(eddy_group_close(&group), -EIO);
        assert_int_equal(eddy_interrupted(), 0);
        assert_int_equal(eddy_yield(), 0);
}

COROUTINE_TEST(fails_by_its_body)
{
        static const struct {
                int first, second, in_clean_up, closes_with;
        } cases[] = {
            {-EPROTO, 0, 0, -EPROTO},
            {-EPROTO, -EIO, 0, -EPROTO},   /* the first in time */
            {-EPROTO, 0, -EPERM, -EPROTO}, /* also before what comes of it */
            {EDDY_CANCELLED, 0, 0, EDDY_CANCELLED},
            {EDDY_TIMEOUT, 0, 0, EDDY_TIMEOUT},
        };

        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                eddy_group group;
                eddy_task *task;

                trail_clear();
                eddy_group_open(&group);
                assert_int_equal(
                    eddy_group_spawn_task(&group, &task, end_slowly_with, &(int){cases[i].in_clean_up}), 0);
                assert_string_equal(eddy_task_name(task), "end_slowly_with");
                assert_int_equal(eddy_yield(), 0);
                eddy_fail(cases[i].first, "the body's");
                assert_int_equal(eddy_group_fail(&group, cases[i].first), 0);
                eddy_fail(-EDOM, "something else");
                if (cases[i].second)
                        assert_int_equal(eddy_group_fail(&group, cases[i].second), EDDY_EGROUPCLOSED);
                assert_int_equal(eddy_yield(), EDDY_CANCELLED);
                assert_int_equal(eddy_group_create_task(&group, identity, NULL, NULL), EDDY_EGROUPCLOSED);
                assert_int_equal(eddy_group_close(&group), cases[i].closes_with);
                assert_string_equal(eddy_explain(cases[i].closes_with), "the body's");
                assert_trail("se");
                assert_int_equal(eddy_yield(), 0);
                assert_int_equal(eddy_future_exception(task), cases[i].in_clean_up);
                eddy_unref(task);
        }
}

static intptr_t fail_body_interrupted(void *arg)
{
        eddy_group group;
        int rc;

        eddy_group_open(&group);
        rc = eddy_group_fail(&group, eddy_fail((int)(intptr_t)arg, "the body's"));
        assert_int_equal(rc, 0);
        eddy_cancel(eddy_current_task());
        rc = eddy_group_close(&group);
        assert_int_equal(eddy_group_fail(&group, -EIO), EDDY_EGROUPCLOSED);
        return rc;
}

COROUTINE_TEST(tells_its_bodys_failure_where_its_opener_is_interrupted)
{
        static const struct {
                int error, reports;
        } rows[] = {{-EPROTO, 1}, {EDDY_TIMEOUT, 1}, {EDDY_CANCELLED, 0}};

        keep_reports(NULL);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                eddy_task *task = eddy_create_task(fail_body_interrupted, (void *)(intptr_t)rows[i].error);

                assert_int_equal(eddy_join_value(task), EDDY_CANCELLED);
                if (rows[i].reports)
                        assert_non_null(strstr(reported, "the body's"));
                assert_reports(rows[i].reports);
        }
}

COROUTINE_TEST(once_closed_cannot_be_failed)
{
        eddy_group group;

        eddy_group_open(&group);
        assert_int_equal(eddy_group_close(&group), 0);
        assert_int_equal(eddy_group_fail(&group, eddy_fail(-EPROTO, "too late")), EDDY_EGROUPCLOSED);
}

COROUTINE_TEST(fails_by_a_task_before_its_body)
{
        eddy_group group;

        eddy_group_open(&group);
        assert_int_equal(eddy_group_fail(&group, 0), -EINVAL);
        assert_int_equal(eddy_group_fail(&group, 5), -EINVAL);
        eddy_group_start(&group, NULL, fail_with, (void *)-EIO, NULL);
        assert_int_equal(eddy_group_fail(&group, eddy_sleep(EDDY_FOREVER)), EDDY_EGROUPCLOSED);
        assert_int_equal(eddy_group_close(&group), -EIO);
        assert_string_equal(eddy_explain(-EIO), "failed with EIO");
}

COROUTINE_TEST(speaks_before_a_deadline_inside)
{
        eddy_timeout timeout;
        eddy_group group;

        eddy_group_open(&group);
        eddy_group_start(&group, NULL, fail_with, (void *)-EIO, NULL);
        assert_int_equal(eddy_yield(), EDDY_CANCELLED);
        eddy_timeout_open(&timeout, 0);
        assert_int_equal(eddy_yield(), EDDY_CANCELLED);
        assert_true(eddy_timeout_expired(&timeout));
        assert_int_equal(eddy_timeout_close(&timeout), EDDY_CANCELLED);
        assert_int_equal(eddy_group_close(&group), -EIO);
}

/* Whatever code a child fails with, also those that the group's own functions return. */
COROUTINE_TEST(takes_any_failure)
{
        static const int codes[] = {EDDY_ENOTASK, EDDY_EINVALIDSTATE, EDDY_TIMEOUT, EDDY_EGROUPCLOSED, -ENOMEM};

        for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
                eddy_group group;

                eddy_group_open(&group);
                eddy_group_start(&group, NULL, fail_with, (void *)(intptr_t)codes[i], NULL);
                assert_int_equal(eddy_group_close(&group), codes[i]);
                assert_int_equal(eddy_interrupted(), 0);
                assert_int_equal(eddy_yield(), 0);
        }
}

COROUTINE_TEST(takes_no_cancelled_child_for_a_failure)
{
        eddy_group group;
        eddy_task *task;

        eddy_group_open(&group);
        eddy_group_start(&group, NULL, sleep_for_ever, NULL, &task);
        eddy_group_start(&group, NULL, identity, NULL, NULL);
        eddy_cancel(task);
        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(eddy_group_close(&group), 0);
        assert_true(eddy_cancelled(task));
        eddy_unref(task);
}

COROUTINE_TEST(is_cancelled_by_hand)
{
        eddy_group group;

        trail_clear();
        eddy_group_open(&group);
        eddy_group_start(&group, NULL, end_slowly, NULL, NULL);
        eddy_group_start(&group, NULL, sleep_for_ever, NULL, NULL);
        assert_int_equal(eddy_yield(), 0);
        eddy_group_cancel(&group);
        eddy_group_cancel(&group);
        assert_int_equal(eddy_group_start(&group, NULL, identity, NULL, NULL), EDDY_EGROUPCLOSED);
        assert_int_equal(eddy_yield(), 0); /* the opener is not */
        assert_int_equal(eddy_group_close(&group), 0);
        assert_trail("se");
}

static intptr_t open_group(void *children)
{
        eddy_group group;
        int rc;

        eddy_group_open(&group);
        for (intptr_t i = 0; i < (intptr_t)children; i++)
                eddy_group_start(&group, NULL, end_slowly, NULL, NULL);
        rc = eddy_group_close(&group);
        note("c");
        return rc;
}

COROUTINE_TEST(cancels_all_with_its_opener_and_sees_their_end)
{
        eddy_task *task = eddy_create_task(open_group, (void *)3);
        intptr_t result;

        trail_clear();
        eddy_yield();
        eddy_yield();
        eddy_cancel(task);
        eddy_yield();
        eddy_cancel(task);
        eddy_join(task, &result);
        assert_int_equal(result, EDDY_CANCELLED);
        assert_trail("ssseeec");
}

COROUTINE_TEST(cancels_all_at_a_deadline)
{
        eddy_group group;
        int rc = 0;

        trail_clear();
        EDDY_TIMEOUT_SCOPE(eddy_ms(1)) {
                eddy_group_open(&group);
                eddy_group_start(&group, NULL, end_slowly, NULL, NULL);
                rc = eddy_group_close(&group);
        }
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_trail("se");
}

COROUTINE_TEST(is_waited_for_with_a_deadline_inside)
{
        eddy_group group;
        int rc = 0;

        trail_clear();
        eddy_group_open(&group);
        eddy_group_start(&group, NULL, end_slowly, NULL, NULL);
        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                rc = eddy_group_wait(&group);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_trail("se");
        assert_int_equal(eddy_group_close(&group), 0);
}

COROUTINE_TEST(nests)
{
        eddy_group outer, inner;

        eddy_group_open(&outer);
        eddy_group_start(&outer, NULL, sleep_for_ever, NULL, NULL);
        eddy_group_open(&inner);
        eddy_group_start(&inner, NULL, fail_with, (void *)-EIO, NULL);
        /* A failure within ends what is within. */
        assert_int_equal(eddy_group_close(&inner), -EIO);
        assert_int_equal(eddy_yield(), 0);
        eddy_group_open(&inner);
        eddy_group_start(&inner, NULL, sleep_for_ever, NULL, NULL);
        eddy_group_start(&outer, NULL, fail_with, (void *)-EPERM, NULL);
        /* One outside ends both. */
        assert_int_equal(eddy_group_close(&inner), EDDY_CANCELLED);
        assert_int_equal(eddy_group_close(&outer), -EPERM);
        assert_int_equal(eddy_yield(), 0);
}

/** A child that starts its own sibling, down to 0. */
struct chain {
        eddy_group *group;
        int left;
};

static intptr_t start_sibling(void *arg)
{
        struct chain *chain = arg;

        eddy_yield();
        if (chain->left > 0)
                eddy_group_spawn(chain->group, start_sibling, &(struct chain){chain->group, chain->left - 1});
        else
                note("0");
        return 0;
}

COROUTINE_TEST(takes_siblings_from_its_children)
{
        eddy_group group;

        trail_clear();
        eddy_group_open(&group);
        eddy_group_spawn(&group, start_sibling, &(struct chain){&group, 20});
        assert_int_equal(eddy_group_close(&group), 0);
        assert_trail("0");
}

COROUTINE_TEST(starts_eagerly)
{
        const eddy_task_options eager = {.name = "eager", .eager = true};
        eddy_group group;
        eddy_task *task;
        intptr_t result;

        trail_clear();
        eddy_group_open(&group);
        eddy_group_start(&group, &eager, end_slowly, NULL, NULL);
        assert_trail("s");
        /* One that is over at once, and one that fails at once. */
        assert_int_equal(eddy_group_start(&group, &eager, fail_with, (void *)3, &task), 0);
        assert_int_equal(eddy_future_result(task, &result), 0);
        assert_int_equal(result, 3);
        eddy_unref(task);
        assert_int_equal(eddy_group_start(&group, &eager, fail_with, (void *)-EIO, NULL), 0);
        assert_int_equal(eddy_interrupted(), EDDY_CANCELLED);
        assert_int_equal(eddy_group_close(&group), -EIO);
        assert_trail("e");
}

COROUTINE_TEST(closes_its_own_wait_alone)
{
        eddy_group group;

        eddy_group_open(&group);
        eddy_group_start(&group, NULL, identity, NULL, NULL);
        eddy_cancel(eddy_current_task());
        assert_int_equal(eddy_group_close(&group), EDDY_CANCELLED);
        assert_int_equal(eddy_uncancel(), 0);
        assert_int_equal(eddy_group_start(&group, NULL, identity, NULL, NULL), EDDY_EGROUPCLOSED);
        assert_int_equal(eddy_group_close(&group), EDDY_ENOTASK);
}

COROUTINE_TEST(tells_when_it_is_closed_that_memory_was_short)
{
        const eddy_task_options large = {.stack_size = 1 << 20, .args = "x", .args_size = 2};
        eddy_group group;
        int rc;

        eddy_group_open(&group);
        eddy_group_start(&group, NULL, identity, NULL, NULL);
        fault_arm(1, 1000);
        rc = eddy_group_start(&group, &large, identity, NULL, NULL);
        fault_arm(0, 0);
        assert_int_equal(rc, -ENOMEM);
        assert_int_equal(eddy_group_close(&group), -ENOMEM);
}

/** A group whose children fail, or do so in their clean-up, before its opener is interrupted or after. */
struct failing {
        int failures_before, failures_in_clean_up;
        int listed;
        bool is_late; /* rather than cancelled */
};

static intptr_t fail_in_clean_up(void *rc)
{
        eddy_sleep(EDDY_FOREVER);
        return (intptr_t)rc;
}

static intptr_t open_failing(void *arg)
{
        const struct failing *failing = arg;
        const eddy_task *seen = NULL;
        eddy_timeout timeout;
        eddy_group group;
        int rc, rest;

        eddy_timeout_open(&timeout, EDDY_FOREVER);
        eddy_group_open(&group);
        for (int i = 0; i < failing->failures_in_clean_up; i++)
                eddy_group_start(&group, NULL, fail_in_clean_up, (void *)-EPERM, NULL);
        eddy_yield();
        for (int i = 0; i < failing->failures_before; i++)
                eddy_group_start(&group, NULL, fail_with, (void *)-EIO, NULL);
        eddy_yield();
        if (failing->is_late)
                eddy_timeout_reschedule(&timeout, 0);
        else
                eddy_cancel(eddy_current_task());
        rc = eddy_group_wait(&group);
        for (int i = 0; i < failing->listed; i++)
                seen = eddy_group_failed(&group, seen);
        rest = eddy_group_close(&group);
        assert_int_equal(rc, rest);
        eddy_timeout_close(&timeout);
        return rc;
}

COROUTINE_TEST(tells_failures_that_its_interrupted_opener_does_not_list)
{
        static const struct {
                struct failing failing;
                int reports;
        } rows[] = {
            {{.failures_before = 1}, 1},
            {{.failures_in_clean_up = 1}, 1},
            {{.failures_before = 1, .failures_in_clean_up = 2}, 3},
            {{.failures_before = 1, .is_late = true}, 1},
            {{.failures_in_clean_up = 2, .is_late = true}, 2},
            {{.failures_before = 1, .failures_in_clean_up = 2, .listed = 1}, 2},
            {{.failures_before = 1, .failures_in_clean_up = 1, .listed = 2}, 0},
        };

        keep_reports(NULL);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct failing failing = rows[i].failing;
                intptr_t result;

                eddy_join(eddy_create_task(open_failing, &failing), &result);
                assert_int_equal(result, failing.is_late ? EDDY_TIMEOUT : EDDY_CANCELLED);
                assert_reports(rows[i].reports);
        }
}

COROUTINE_TEST(tells_every_failure_once)
{
        eddy_group group;
        eddy_task *task;

        keep_reports(NULL);
        for (int looks = 0; looks < 2; looks++) {
                eddy_group_open(&group);
                eddy_group_start(&group, NULL, fail_in_clean_up, (void *)-EPERM, &task);
                eddy_yield();
                eddy_group_start(&group, NULL, fail_with, (void *)-EIO, NULL);
                /* The first is returned; the other is told to who looks, else to the exception handler. */
                assert_int_equal(eddy_group_close(&group), -EIO);
                if (looks)
                        eddy_future_result(task, NULL);
                eddy_unref(task);
                assert_reports(!looks);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(waits_for_all_its_tasks),
            cmocka_unit_test(may_be_empty),
            cmocka_unit_test(cancels_the_others_at_the_first_failure),
            cmocka_unit_test(interrupts_its_opener_at_a_failure),
            cmocka_unit_test(fails_by_its_body),
            cmocka_unit_test(fails_by_a_task_before_its_body),
            cmocka_unit_test(tells_its_bodys_failure_where_its_opener_is_interrupted),
            cmocka_unit_test(once_closed_cannot_be_failed),
            cmocka_unit_test(speaks_before_a_deadline_inside),
            cmocka_unit_test(takes_any_failure),
            cmocka_unit_test(takes_no_cancelled_child_for_a_failure),
            cmocka_unit_test(is_cancelled_by_hand),
            cmocka_unit_test(cancels_all_with_its_opener_and_sees_their_end),
            cmocka_unit_test(cancels_all_at_a_deadline),
            cmocka_unit_test(is_waited_for_with_a_deadline_inside),
            cmocka_unit_test(nests),
            cmocka_unit_test(takes_siblings_from_its_children),
            cmocka_unit_test(starts_eagerly),
            cmocka_unit_test(closes_its_own_wait_alone),
            cmocka_unit_test(tells_when_it_is_closed_that_memory_was_short),
            cmocka_unit_test(tells_failures_that_its_interrupted_opener_does_not_list),
            cmocka_unit_test(tells_every_failure_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
