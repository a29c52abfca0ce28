#include "helpers.h"

static eddy_lock lock;

/** Notes its letter while it holds the lock, then gives way once. */
static intptr_t hold(void *letter)
{
        int rc = eddy_lock_acquire(&lock);

        if (rc < 0)
                return rc;
        note(letter);
        rc = eddy_yield();
        assert_int_equal(eddy_lock_release(&lock), 0);
        return rc;
}

static eddy_task *start(const char *letter)
{
        return eddy_task_create(NULL, hold, (void *)(uintptr_t)letter);
}

COROUTINE_TEST(is_held_by_one_task_at_a_time)
{
        eddy_lock_init(&lock);
        assert_false(eddy_lock_locked(&lock));
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        assert_true(eddy_lock_locked(&lock));
        assert_int_equal(eddy_lock_release(&lock), 0);
        assert_false(eddy_lock_locked(&lock));
}

COROUTINE_TEST(needs_no_initialisation_but_zeros)
{
        static eddy_lock zeros;
        eddy_lock initialised = EDDY_LOCK_INIT;

        assert_int_equal(eddy_lock_acquire(&zeros), 0);
        assert_int_equal(eddy_lock_release(&zeros), 0);
        assert_int_equal(eddy_lock_try_acquire(&initialised), 0);
        assert_int_equal(eddy_lock_release(&initialised), 0);
        eddy_lock_finish(&zeros);
}

COROUTINE_TEST(serves_who_came_first)
{
        eddy_task *tasks[] = {start("a"), start("b"), start("c"), start("d")};

        eddy_lock_init(&lock);
        assert_int_equal(eddy_gather(tasks, 4, NULL, 0), 0);
        assert_trail("abcd");
        assert_false(eddy_lock_locked(&lock));
        for (int i = 0; i < 4; i++)
                eddy_unref(tasks[i]);
}

COROUTINE_TEST(lets_nobody_in_before_those_who_wait)
{
        eddy_task *waiter = start("w");

        eddy_lock_init(&lock);
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        settle();
        assert_int_equal(eddy_lock_release(&lock), 0);
        /* It is the waiter's, although that has not run. */
        assert_true(eddy_lock_locked(&lock));
        assert_int_equal(eddy_lock_try_acquire(&lock), -EAGAIN);
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        assert_trail("w");
        assert_int_equal(eddy_lock_release(&lock), 0);
        assert_int_equal(outcome_of(waiter), 0);
}

COROUTINE_TEST(leaves_who_is_cancelled_before_its_turn_out)
{
        eddy_task *first = start("a"), *second = start("b"), *third = start("c");

        eddy_lock_init(&lock);
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        settle();
        eddy_cancel(second);
        eddy_cancel(second);
        /* Released in the same iteration: who is cancelled has not run yet, and must not get it. */
        assert_int_equal(eddy_lock_release(&lock), 0);
        assert_int_equal(outcome_of(second), EDDY_CANCELLED);
        assert_int_equal(outcome_of(first), 0);
        assert_int_equal(outcome_of(third), 0);
        assert_trail("ac");
}

COROUTINE_TEST(passes_by_the_first_where_that_is_cancelled)
{
        eddy_task *first = start("a"), *second = start("b");

        eddy_lock_init(&lock);
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        settle();
        eddy_cancel(first);
        assert_int_equal(eddy_lock_release(&lock), 0);
        assert_int_equal(outcome_of(first), EDDY_CANCELLED);
        assert_int_equal(outcome_of(second), 0);
        assert_trail("b");
}

COROUTINE_TEST(belongs_to_who_is_cancelled_at_its_turn)
{
        eddy_task *first = start("a"), *second = start("b");

        eddy_lock_init(&lock);
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        settle();
        assert_int_equal(eddy_lock_release(&lock), 0);
        eddy_cancel(first);
        /* Its acquire returned 0, and its next call told it. */
        assert_int_equal(outcome_of(first), EDDY_CANCELLED);
        assert_int_equal(outcome_of(second), 0);
        assert_trail("ab");
        assert_false(eddy_lock_locked(&lock));
}

COROUTINE_TEST(is_released_by_who_is_cancelled_while_it_holds_it)
{
        eddy_task *first = start("a"), *second = start("b");

        eddy_lock_init(&lock);
        assert_int_equal(eddy_yield(), 0);
        assert_trail("a");
        eddy_cancel(first);
        assert_int_equal(outcome_of(first), EDDY_CANCELLED);
        assert_int_equal(outcome_of(second), 0);
        assert_trail("b");
        assert_false(eddy_lock_locked(&lock));
}

COROUTINE_TEST(is_free_again_where_all_who_waited_were_cancelled)
{
        eddy_task *first = start("a"), *second = start("b");

        eddy_lock_init(&lock);
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        settle();
        eddy_cancel(second);
        eddy_cancel(first);
        assert_int_equal(outcome_of(first), EDDY_CANCELLED);
        assert_int_equal(outcome_of(second), EDDY_CANCELLED);
        assert_true(eddy_lock_locked(&lock));
        assert_int_equal(eddy_lock_release(&lock), 0);
        assert_false(eddy_lock_locked(&lock));
}

COROUTINE_TEST(is_not_had_by_the_interrupted_even_where_it_is_free)
{
        eddy_timeout timeout;

        eddy_lock_init(&lock);
        eddy_timeout_open(&timeout, 0);
        assert_int_equal(eddy_yield(), EDDY_TIMEOUT);
        assert_int_equal(eddy_lock_acquire(&lock), EDDY_TIMEOUT);
        assert_false(eddy_lock_locked(&lock));
        eddy_timeout_close(&timeout);
}

COROUTINE_TEST(is_not_waited_for_by_the_interrupted)
{
        eddy_task *holder = start("h");

        eddy_lock_init(&lock);
        assert_int_equal(eddy_yield(), 0);
        EDDY_TIMEOUT_SCOPE(0)
                assert_int_equal(eddy_lock_acquire(&lock), EDDY_TIMEOUT);
        assert_int_equal(outcome_of(holder), 0);
        assert_trail("h");
        assert_false(eddy_lock_locked(&lock));
}

COROUTINE_TEST(is_waited_for_until_a_deadline)
{
        eddy_timeout timeout;

        eddy_lock_init(&lock);
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        for (int i = 0; i < 2; i++) {
                eddy_task *waiter = start("w");

                settle();
                eddy_timeout_open(&timeout, eddy_ms(1));
                assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_TIMEOUT);
                eddy_timeout_close(&timeout);
                eddy_cancel(waiter);
                assert_int_equal(outcome_of(waiter), EDDY_CANCELLED);
        }
        assert_int_equal(eddy_lock_release(&lock), 0);
}

static intptr_t try_what_others_hold(void *arg)
{
        (void)arg;
        assert_int_equal(eddy_lock_try_acquire(&lock), -EAGAIN);
        assert_int_equal(eddy_lock_release(&lock), -EPERM);
        assert_string_equal(eddy_error_detail(), "another task holds the lock");
        return 0;
}

COROUTINE_TEST(is_released_by_its_holder_alone)
{
        eddy_lock_init(&lock);
        assert_int_equal(eddy_lock_release(&lock), EDDY_EINVALIDSTATE);
        assert_string_equal(eddy_error_detail(), "nobody holds the lock");
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        assert_int_equal(outcome_of(eddy_create_task(try_what_others_hold, NULL)), 0);
        assert_true(eddy_lock_locked(&lock));
        assert_int_equal(eddy_lock_release(&lock), 0);
        assert_int_equal(eddy_lock_release(&lock), EDDY_EINVALIDSTATE);
}

COROUTINE_TEST(is_not_acquired_twice)
{
        eddy_lock_init(&lock);
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        assert_int_equal(eddy_lock_acquire(&lock), EDDY_ESELFAWAIT);
        assert_non_null(strstr(eddy_error_detail(), "holds the lock already"));
        assert_int_equal(eddy_lock_try_acquire(&lock), -EAGAIN);
        assert_int_equal(eddy_lock_release(&lock), 0);
}

TEST(needs_a_task)
{
        eddy_lock_init(&lock);
        loop_running_here = NULL;
        assert_int_equal(eddy_lock_acquire(&lock), EDDY_ENOTASK);
        assert_int_equal(eddy_lock_try_acquire(&lock), EDDY_ENOTASK);
        assert_int_equal(eddy_lock_release(&lock), EDDY_EINVALIDSTATE);
}

static intptr_t use_elsewhere(void *arg)
{
        (void)arg;
        assert_int_equal(eddy_lock_acquire(&lock), EDDY_EWRONGLOOP);
        assert_int_equal(eddy_lock_try_acquire(&lock), EDDY_EWRONGLOOP);
        assert_int_equal(eddy_lock_release(&lock), EDDY_EWRONGLOOP);
        return 0;
}

static void *run_another_loop(void *arg)
{
        assert_int_equal(eddy_lock_release(&lock), EDDY_EWRONGLOOP);
        assert_int_equal(eddy_run(use_elsewhere, arg), 0);
        return NULL;
}

COROUTINE_TEST(belongs_to_the_loop_that_uses_it)
{
        eddy_lock_init(&lock);
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        in_another_thread(run_another_loop, NULL);
        assert_int_equal(eddy_lock_release(&lock), 0);
        in_another_thread(run_another_loop, NULL);
        /* Begun anew it is anybody's. */
        eddy_lock_init(&lock);
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        assert_int_equal(eddy_lock_release(&lock), 0);
}

COROUTINE_TEST(may_go_while_tasks_wait_for_it)
{
        eddy_task *first = start("a"), *second = start("b"), *third = start("c");

        eddy_lock_init(&lock);
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        settle();
        eddy_cancel(third);
        eddy_lock_finish(&lock);
        memset(&lock, 0xa5, sizeof lock); /* they do not look at it */
        assert_int_equal(outcome_of(first), EDDY_EFINISHED);
        assert_int_equal(outcome_of(second), EDDY_EFINISHED);
        assert_int_equal(outcome_of(third), EDDY_CANCELLED);
        assert_trail("");
}

COROUTINE_TEST(is_of_no_use_once_it_is_finished)
{
        eddy_lock_init(&lock);
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        eddy_lock_finish(&lock);
        assert_false(eddy_lock_locked(&lock));
        assert_int_equal(eddy_lock_release(&lock), EDDY_EFINISHED);
        assert_int_equal(eddy_lock_acquire(&lock), EDDY_EFINISHED);
        assert_int_equal(eddy_lock_try_acquire(&lock), EDDY_EFINISHED);
        eddy_lock_finish(&lock);
        eddy_lock_init(&lock);
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        assert_int_equal(eddy_lock_release(&lock), 0);
}

static intptr_t acquire(void *arg)
{
        (void)arg;
        return eddy_lock_acquire(&lock);
}

COROUTINE_TEST(stays_with_who_it_was_handed_to_when_it_is_finished)
{
        eddy_task *first = eddy_create_task(acquire, NULL), *second = start("b");

        eddy_lock_init(&lock);
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        settle();
        assert_int_equal(eddy_lock_release(&lock), 0);
        eddy_lock_finish(&lock);
        memset(&lock, 0xa5, sizeof lock);
        assert_int_equal(outcome_of(first), 0);
        assert_int_equal(outcome_of(second), EDDY_EFINISHED);
}

static int leave_by_return(void)
{
        int rc;

        EDDY_LOCK_SCOPE(&lock, rc) {
                assert_true(eddy_lock_locked(&lock));
                return 7;
        }
        return rc;
}

static int leave_by_goto(void)
{
        int rc;

        EDDY_LOCK_SCOPE(&lock, rc)
                goto out;
        return -1;
out:
        return rc;
}

COROUTINE_TEST(is_released_however_its_scope_is_left)
{
        int rc = -1, rounds = 0;

        eddy_lock_init(&lock);
        EDDY_LOCK_SCOPE(&lock, rc) {
                assert_int_equal(rc, 0);
                assert_true(eddy_lock_locked(&lock));
                rounds++;
                rc = 5; /* the caller's to use */
        }
        assert_int_equal(rc, 5);
        assert_false(eddy_lock_locked(&lock));
        for (int i = 0; i < 2; i++)
                EDDY_LOCK_SCOPE(&lock, rc) {
                        rounds++;
                        if (i == 0)
                                continue;
                        break;
                }
        assert_int_equal(rounds, 3);
        assert_false(eddy_lock_locked(&lock));
        assert_int_equal(leave_by_return(), 7);
        assert_false(eddy_lock_locked(&lock));
        assert_int_equal(leave_by_goto(), 0);
        assert_false(eddy_lock_locked(&lock));
}

COROUTINE_TEST(keeps_its_scope_shut_to_who_does_not_get_it)
{
        eddy_task *holder = start("h");
        int rc = 0;

        eddy_lock_init(&lock);
        assert_int_equal(eddy_yield(), 0);
        EDDY_TIMEOUT_SCOPE(0)
                EDDY_LOCK_SCOPE(&lock, rc)
                        fail();
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_true(eddy_lock_locked(&lock));
        assert_int_equal(outcome_of(holder), 0);
        assert_trail("h");
}

COROUTINE_TEST(has_scopes_within_scopes)
{
        eddy_lock other = EDDY_LOCK_INIT;
        int rc;

        eddy_lock_init(&lock);
        EDDY_LOCK_SCOPE(&lock, rc)
                EDDY_LOCK_SCOPE(&other, rc)
                        assert_true(eddy_lock_locked(&lock) && eddy_lock_locked(&other));
        assert_int_equal(rc, 0);
        assert_false(eddy_lock_locked(&lock) || eddy_lock_locked(&other));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(is_held_by_one_task_at_a_time),
            cmocka_unit_test(needs_no_initialisation_but_zeros),
            cmocka_unit_test(serves_who_came_first),
            cmocka_unit_test(lets_nobody_in_before_those_who_wait),
            cmocka_unit_test(leaves_who_is_cancelled_before_its_turn_out),
            cmocka_unit_test(passes_by_the_first_where_that_is_cancelled),
            cmocka_unit_test(belongs_to_who_is_cancelled_at_its_turn),
            cmocka_unit_test(is_released_by_who_is_cancelled_while_it_holds_it),
            cmocka_unit_test(is_free_again_where_all_who_waited_were_cancelled),
            cmocka_unit_test(is_not_had_by_the_interrupted_even_where_it_is_free),
            cmocka_unit_test(is_not_waited_for_by_the_interrupted),
            cmocka_unit_test(is_waited_for_until_a_deadline),
            cmocka_unit_test(is_released_by_its_holder_alone),
            cmocka_unit_test(is_not_acquired_twice),
            cmocka_unit_test(needs_a_task),
            cmocka_unit_test(belongs_to_the_loop_that_uses_it),
            cmocka_unit_test(may_go_while_tasks_wait_for_it),
            cmocka_unit_test(is_of_no_use_once_it_is_finished),
            cmocka_unit_test(stays_with_who_it_was_handed_to_when_it_is_finished),
            cmocka_unit_test(is_released_however_its_scope_is_left),
            cmocka_unit_test(keeps_its_scope_shut_to_who_does_not_get_it),
            cmocka_unit_test(has_scopes_within_scopes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
