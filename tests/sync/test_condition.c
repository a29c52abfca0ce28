#include "helpers.h"

static eddy_lock lock;
static eddy_condition condition;
static int items;

static void begin(void)
{
        eddy_lock_init(&lock);
        eddy_condition_init(&condition, &lock);
        items = 0;
}

/** Waits once, and sees that it holds the lock afterwards. */
static intptr_t wait_once(void *letter)
{
        int rc = eddy_condition_acquire(&condition);

        if (rc < 0)
                return rc;
        rc = eddy_condition_wait(&condition);
        if (rc == EDDY_EFINISHED)
                return rc;
        if (rc == 0)
                note(letter);
        assert_int_equal(eddy_condition_release(&condition), 0);
        return rc;
}

static eddy_task *start(const char *letter)
{
        return eddy_task_create(NULL, wait_once, (void *)(uintptr_t)letter);
}

static void acquire(void)
{
        assert_int_equal(eddy_condition_acquire(&condition), 0);
}

static void release(void)
{
        assert_int_equal(eddy_condition_release(&condition), 0);
}

static void notify(size_t n)
{
        acquire();
        assert_int_equal(eddy_condition_notify(&condition, n), 0);
        release();
}

COROUTINE_TEST(wakes_as_many_as_are_asked_for_in_order)
{
        eddy_task *tasks[] = {start("a"), start("b"), start("c"), start("d")};

        begin();
        settle();
        assert_trail("");
        notify(0);
        settle();
        assert_trail("");
        notify(1);
        settle();
        assert_trail("a");
        notify(2);
        settle();
        assert_trail("bc");
        notify(2);
        notify(1);
        for (int i = 0; i < 4; i++)
                assert_int_equal(outcome_of(tasks[i]), 0);
        assert_trail("d");
}

COROUTINE_TEST(wakes_all)
{
        eddy_task *tasks[] = {start("a"), start("b"), start("c")};

        begin();
        settle();
        acquire();
        assert_int_equal(eddy_condition_notify_all(&condition), 0);
        settle();
        assert_trail(""); /* they need the lock */
        release();
        for (int i = 0; i < 3; i++)
                assert_int_equal(outcome_of(tasks[i]), 0);
        assert_trail("abc");
        assert_false(eddy_condition_locked(&condition));
}

COROUTINE_TEST(may_have_a_lock_of_its_own)
{
        static eddy_condition own = EDDY_CONDITION_INIT;
        int rc;

        assert_false(eddy_condition_locked(&own));
        EDDY_LOCK_SCOPE(eddy_condition_lock(&own), rc) {
                assert_true(eddy_condition_locked(&own));
                EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                        assert_int_equal(eddy_condition_wait(&own), EDDY_TIMEOUT);
        }
        assert_int_equal(rc, 0);
        assert_false(eddy_condition_locked(&own));
        eddy_condition_finish(&own);
        assert_int_equal(eddy_condition_acquire(&own), EDDY_EFINISHED);
}

COROUTINE_TEST(shares_a_lock)
{
        eddy_condition other;
        eddy_task *waiter = start("w");

        begin();
        eddy_condition_init(&other, &lock);
        settle();
        acquire();
        assert_int_equal(eddy_condition_notify_all(&other), 0);
        release();
        settle();
        assert_trail("");
        notify(1);
        assert_int_equal(outcome_of(waiter), 0);
        assert_trail("w");
        eddy_condition_finish(&other);
        assert_false(eddy_lock_locked(&lock)); /* and is as good as before */
        acquire();
        release();
}

static bool has_item(void *arg)
{
        (void)arg;
        assert_true(eddy_lock_locked(&lock));
        return items > 0;
}

static intptr_t consume(void *letter)
{
        int rc = 0, waited = 0;

        EDDY_LOCK_SCOPE(&lock, rc) {
                waited = eddy_condition_wait_for(&condition, has_item, NULL);
                if (waited == 0) {
                        items--;
                        note(letter);
                }
        }
        return rc < 0 ? rc : waited;
}

static eddy_task *start_consumer(const char *letter)
{
        return eddy_task_create(NULL, consume, (void *)(uintptr_t)letter);
}

COROUTINE_TEST(waits_until_a_predicate_holds)
{
        eddy_task *first = start_consumer("a"), *second = start_consumer("b");

        begin();
        settle();
        notify(2); /* in vain */
        settle();
        assert_trail("");
        items = 1;
        notify(2);
        assert_int_equal(outcome_of(first), 0);
        settle();
        assert_trail("a");
        items = 1;
        notify(1);
        assert_int_equal(outcome_of(second), 0);
        assert_trail("b");
        items = 1;
        assert_int_equal(outcome_of(start_consumer("c")), 0);
        assert_trail("c");
}

COROUTINE_TEST(refuses_the_interrupted_whatever_holds)
{
        begin();
        acquire();
        EDDY_TIMEOUT_SCOPE(0) {
                assert_int_equal(eddy_condition_wait_for(&condition, has_item, NULL), EDDY_TIMEOUT);
                items = 1;
                assert_int_equal(eddy_condition_wait_for(&condition, has_item, NULL), EDDY_TIMEOUT);
        }
        release();
}

COROUTINE_TEST(acquires_its_lock_again_for_the_cancelled)
{
        eddy_task *waiter = start("w");

        begin();
        settle();
        acquire();
        eddy_cancel(waiter);
        eddy_cancel(waiter);
        settle();
        assert_false(eddy_done(waiter)); /* it needs the lock */
        release();
        assert_true(eddy_condition_locked(&condition)); /* and has it now */
        assert_int_equal(outcome_of(waiter), EDDY_CANCELLED);
        assert_false(eddy_condition_locked(&condition));
        /* The same where the lock is free. */
        waiter = start("w");
        settle();
        eddy_cancel(waiter);
        assert_true(eddy_condition_locked(&condition));
        assert_int_equal(outcome_of(waiter), EDDY_CANCELLED);
        assert_false(eddy_condition_locked(&condition));
        assert_trail("");
}

COROUTINE_TEST(notifies_another_where_one_was_cancelled_before)
{
        eddy_task *first = start("a"), *second = start("b");

        begin();
        settle();
        acquire();
        eddy_cancel(first);
        assert_int_equal(eddy_condition_notify(&condition, 1), 0);
        release();
        assert_int_equal(outcome_of(first), EDDY_CANCELLED);
        assert_int_equal(outcome_of(second), 0);
        assert_trail("b");
}

/** One item, one notification, and who gets it is cancelled before it holds the lock. */
COROUTINE_TEST(has_notified_who_is_cancelled_after_it)
{
        eddy_task *first = start_consumer("a"), *second = start_consumer("b");

        begin();
        settle();
        acquire();
        items = 1;
        assert_int_equal(eddy_condition_notify(&condition, 1), 0);
        eddy_cancel(first);
        settle();
        release();
        assert_int_equal(outcome_of(first), 0);
        assert_trail("a");
        assert_int_equal(items, 0);
        items = 1;
        notify(1);
        assert_int_equal(outcome_of(second), 0);
        assert_trail("b");
}

COROUTINE_TEST(has_notified_who_is_cancelled_when_it_holds_the_lock)
{
        eddy_task *first = start("a");

        begin();
        settle();
        notify(1);
        assert_true(eddy_lock_locked(&lock));
        eddy_cancel(first);
        assert_int_equal(outcome_of(first), 0);
        assert_trail("a");
        assert_false(eddy_lock_locked(&lock));
}

COROUTINE_TEST(keeps_those_in_order_who_wait_for_its_lock)
{
        eddy_task *first = start("a"), *second = start("b"), *third;

        begin();
        settle();
        acquire();
        third = eddy_create_task(consume, (void *)(uintptr_t) "c");
        items = 1;
        settle(); /* the third is in line for the lock */
        assert_int_equal(eddy_condition_notify_all(&condition), 0);
        release();
        assert_int_equal(outcome_of(first), 0);
        assert_int_equal(outcome_of(second), 0);
        assert_int_equal(outcome_of(third), 0);
        assert_trail("cab");
}

COROUTINE_TEST(is_not_waited_for_by_the_interrupted)
{
        begin();
        acquire();
        EDDY_TIMEOUT_SCOPE(0)
                assert_int_equal(eddy_condition_wait(&condition), EDDY_TIMEOUT);
        assert_true(eddy_lock_locked(&lock));
        release();
}

static intptr_t notify_what_others_hold(void *arg)
{
        (void)arg;
        assert_int_equal(eddy_condition_notify(&condition, 1), -EPERM);
        assert_int_equal(eddy_condition_wait(&condition), -EPERM);
        return 0;
}

COROUTINE_TEST(is_used_with_its_lock_held)
{
        begin();
        assert_int_equal(eddy_condition_wait(&condition), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_condition_wait_for(&condition, has_item, NULL), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_condition_notify_all(&condition), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_condition_release(&condition), EDDY_EINVALIDSTATE);
        acquire();
        assert_int_equal(outcome_of(eddy_create_task(notify_what_others_hold, NULL)), 0);
        release();
}

TEST(needs_a_task)
{
        begin();
        loop_running_here = NULL;
        assert_int_equal(eddy_condition_wait(&condition), EDDY_ENOTASK);
        assert_int_equal(eddy_condition_wait_for(&condition, has_item, NULL), EDDY_ENOTASK);
        assert_int_equal(eddy_condition_acquire(&condition), EDDY_ENOTASK);
}

static void *use_elsewhere(void *arg)
{
        (void)arg;
        assert_int_equal(eddy_condition_notify_all(&condition), EDDY_EWRONGLOOP);
        return NULL;
}

COROUTINE_TEST(belongs_to_the_loop_that_uses_it)
{
        eddy_task *waiter = start("w");

        begin();
        settle();
        in_another_thread(use_elsewhere, NULL);
        notify(1);
        assert_int_equal(outcome_of(waiter), 0);
        assert_trail("w");
}

COROUTINE_TEST(may_go_while_tasks_wait_for_it)
{
        eddy_task *waiting = start("w"), *cancelled = start("c"), *in_line = NULL;

        eddy_condition_init(&condition, NULL);
        settle();
        acquire();
        in_line = start("l");
        settle();
        eddy_cancel(cancelled);
        eddy_condition_finish(&condition);
        eddy_cancel(waiting); /* too late */
        memset(&condition, 0xa5, sizeof condition);
        assert_int_equal(outcome_of(waiting), EDDY_EFINISHED);
        assert_int_equal(outcome_of(cancelled), EDDY_EFINISHED); /* it has no lock */
        assert_int_equal(outcome_of(in_line), EDDY_EFINISHED);
        assert_trail("");
}

COROUTINE_TEST(leaves_a_lock_that_is_not_its_own_to_who_was_notified)
{
        eddy_task *notified = start_consumer("n"), *waiting = start("w");

        begin();
        settle();
        items = 1;
        acquire();
        assert_int_equal(eddy_condition_notify(&condition, 1), 0);
        eddy_condition_finish(&condition);
        assert_int_equal(eddy_condition_notify(&condition, 1), EDDY_EFINISHED);
        memset(&condition, 0xa5, sizeof condition);
        assert_int_equal(eddy_lock_release(&lock), 0);
        assert_int_equal(outcome_of(notified), 0);
        assert_int_equal(outcome_of(waiting), EDDY_EFINISHED);
        assert_trail("n");
        assert_false(eddy_lock_locked(&lock));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(wakes_as_many_as_are_asked_for_in_order),
            cmocka_unit_test(wakes_all),
            cmocka_unit_test(may_have_a_lock_of_its_own),
            cmocka_unit_test(shares_a_lock),
            cmocka_unit_test(waits_until_a_predicate_holds),
            cmocka_unit_test(refuses_the_interrupted_whatever_holds),
            cmocka_unit_test(acquires_its_lock_again_for_the_cancelled),
            cmocka_unit_test(notifies_another_where_one_was_cancelled_before),
            cmocka_unit_test(has_notified_who_is_cancelled_after_it),
            cmocka_unit_test(has_notified_who_is_cancelled_when_it_holds_the_lock),
            cmocka_unit_test(keeps_those_in_order_who_wait_for_its_lock),
            cmocka_unit_test(is_not_waited_for_by_the_interrupted),
            cmocka_unit_test(is_used_with_its_lock_held),
            cmocka_unit_test(needs_a_task),
            cmocka_unit_test(belongs_to_the_loop_that_uses_it),
            cmocka_unit_test(may_go_while_tasks_wait_for_it),
            cmocka_unit_test(leaves_a_lock_that_is_not_its_own_to_who_was_notified),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
