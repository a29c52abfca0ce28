#include "helpers.h"

static eddy_semaphore semaphore;

static int inside, most_inside;

static intptr_t acquire(void *letter)
{
        int rc = eddy_semaphore_acquire(&semaphore);

        if (rc == 0)
                note(letter);
        return rc;
}

static eddy_task *start(const char *letter)
{
        return eddy_task_create(NULL, acquire, (void *)(uintptr_t)letter);
}

static intptr_t stay_a_while(void *arg)
{
        int rc, yielded = 0;

        (void)arg;
        EDDY_SEMAPHORE_SCOPE(&semaphore, rc) {
                most_inside = ++inside > most_inside ? inside : most_inside;
                yielded = eddy_yield();
                inside--;
        }
        return rc < 0 ? rc : yielded;
}

COROUTINE_TEST(lets_no_more_in_than_it_has_places)
{
        eddy_task *tasks[10];

        eddy_semaphore_init(&semaphore, 3);
        inside = most_inside = 0;
        for (int i = 0; i < 10; i++)
                tasks[i] = eddy_create_task(stay_a_while, NULL);
        assert_int_equal(eddy_gather(tasks, 10, NULL, 0), 0);
        assert_int_equal(most_inside, 3);
        assert_int_equal(inside, 0);
        assert_int_equal(eddy_semaphore_value(&semaphore), 3);
        for (int i = 0; i < 10; i++)
                eddy_unref(tasks[i]);
}

COROUTINE_TEST(counts_its_free_places)
{
        eddy_semaphore_init(&semaphore, 2);
        assert_int_equal(eddy_semaphore_value(&semaphore), 2);
        assert_false(eddy_semaphore_locked(&semaphore));
        assert_int_equal(eddy_semaphore_acquire(&semaphore), 0);
        assert_int_equal(eddy_semaphore_try_acquire(&semaphore), 0);
        assert_true(eddy_semaphore_locked(&semaphore));
        assert_int_equal(eddy_semaphore_try_acquire(&semaphore), -EAGAIN);
        for (int i = 0; i < 3; i++)
                assert_int_equal(eddy_semaphore_release(&semaphore), 0);
        assert_int_equal(eddy_semaphore_value(&semaphore), 3);
}

COROUTINE_TEST(may_be_made_without_a_call)
{
        static eddy_semaphore plain = EDDY_SEMAPHORE_INIT(1), bounded = EDDY_BOUNDED_SEMAPHORE_INIT(1);

        assert_int_equal(eddy_semaphore_release(&plain), 0);
        assert_int_equal(eddy_semaphore_value(&plain), 2);
        assert_int_equal(eddy_semaphore_release(&bounded), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_semaphore_acquire(&bounded), 0);
        eddy_semaphore_finish(&plain);
        eddy_semaphore_finish(&bounded);
}

COROUTINE_TEST(serves_who_came_first)
{
        eddy_task *first = start("a"), *second = start("b");

        eddy_semaphore_init(&semaphore, 0);
        settle();
        assert_int_equal(eddy_semaphore_release(&semaphore), 0);
        /* The first one's, although that has not run. */
        assert_int_equal(eddy_semaphore_value(&semaphore), 0);
        assert_int_equal(eddy_semaphore_try_acquire(&semaphore), -EAGAIN);
        settle();
        assert_trail("a");
        assert_int_equal(eddy_semaphore_release(&semaphore), 0);
        assert_int_equal(outcome_of(first), 0);
        assert_int_equal(outcome_of(second), 0);
        assert_trail("b");
}

COROUTINE_TEST(hands_each_place_to_another)
{
        eddy_task *tasks[] = {start("a"), start("b"), start("c")};

        eddy_semaphore_init(&semaphore, 0);
        settle();
        for (int i = 0; i < 4; i++)
                assert_int_equal(eddy_semaphore_release(&semaphore), 0);
        assert_int_equal(eddy_semaphore_value(&semaphore), 1);
        for (int i = 0; i < 3; i++)
                assert_int_equal(outcome_of(tasks[i]), 0);
        assert_trail("abc");
}

COROUTINE_TEST(leaves_who_is_cancelled_before_its_turn_out)
{
        eddy_task *first = start("a"), *second = start("b");

        eddy_semaphore_init(&semaphore, 0);
        settle();
        eddy_cancel(first);
        assert_int_equal(eddy_semaphore_release(&semaphore), 0);
        assert_int_equal(outcome_of(first), EDDY_CANCELLED);
        assert_int_equal(outcome_of(second), 0);
        assert_trail("b");
        assert_int_equal(eddy_semaphore_value(&semaphore), 0);
}

COROUTINE_TEST(keeps_the_place_that_nobody_is_left_for)
{
        eddy_task *only = start("a");

        eddy_semaphore_init(&semaphore, 0);
        settle();
        eddy_cancel(only);
        assert_int_equal(eddy_semaphore_release(&semaphore), 0);
        assert_int_equal(eddy_semaphore_value(&semaphore), 1);
        assert_int_equal(outcome_of(only), EDDY_CANCELLED);
        assert_int_equal(eddy_semaphore_try_acquire(&semaphore), 0);
}

COROUTINE_TEST(gives_its_place_to_who_is_cancelled_at_its_turn)
{
        eddy_task *first = start("a"), *second = start("b");

        eddy_semaphore_init(&semaphore, 0);
        settle();
        assert_int_equal(eddy_semaphore_release(&semaphore), 0);
        eddy_cancel(first);
        assert_int_equal(outcome_of(first), 0);
        assert_trail("a");
        assert_int_equal(eddy_semaphore_release(&semaphore), 0);
        assert_int_equal(outcome_of(second), 0);
        assert_trail("b");
}

COROUTINE_TEST(has_no_place_for_the_interrupted)
{
        eddy_semaphore_init(&semaphore, 1);
        EDDY_TIMEOUT_SCOPE(0)
                assert_int_equal(eddy_semaphore_acquire(&semaphore), EDDY_TIMEOUT);
        assert_int_equal(eddy_semaphore_value(&semaphore), 1);
}

COROUTINE_TEST(may_be_bounded)
{
        eddy_bounded_semaphore_init(&semaphore, 2);
        assert_int_equal(eddy_semaphore_release(&semaphore), EDDY_EINVALIDSTATE);
        assert_string_equal(eddy_error_detail(), "all 2 places of the semaphore are free already");
        assert_int_equal(eddy_semaphore_value(&semaphore), 2);
        assert_int_equal(eddy_semaphore_acquire(&semaphore), 0);
        assert_int_equal(eddy_semaphore_release(&semaphore), 0);
        assert_int_equal(eddy_semaphore_release(&semaphore), EDDY_EINVALIDSTATE);
}

static void release(void *arg)
{
        (void)arg;
        assert_int_equal(eddy_semaphore_release(&semaphore), 0);
}

COROUTINE_TEST(is_released_by_callbacks)
{
        eddy_handle handle = {.callback = NULL};

        eddy_semaphore_init(&semaphore, 0);
        assert_int_equal(eddy_call_soon(eddy_running_loop(), &handle, release, NULL), 0);
        assert_int_equal(eddy_semaphore_acquire(&semaphore), 0);
}

TEST(needs_a_task_to_wait)
{
        eddy_semaphore_init(&semaphore, 1);
        loop_running_here = NULL;
        assert_int_equal(eddy_semaphore_acquire(&semaphore), EDDY_ENOTASK);
        assert_int_equal(eddy_semaphore_try_acquire(&semaphore), 0);
        assert_int_equal(eddy_semaphore_try_acquire(&semaphore), -EAGAIN);
}

static void *use_elsewhere(void *arg)
{
        (void)arg;
        assert_int_equal(eddy_semaphore_release(&semaphore), EDDY_EWRONGLOOP);
        assert_int_equal(eddy_semaphore_try_acquire(&semaphore), EDDY_EWRONGLOOP);
        return NULL;
}

COROUTINE_TEST(belongs_to_the_loop_that_uses_it)
{
        eddy_semaphore_init(&semaphore, 1);
        assert_int_equal(eddy_semaphore_acquire(&semaphore), 0);
        in_another_thread(use_elsewhere, NULL);
        assert_int_equal(eddy_semaphore_value(&semaphore), 0);
}

COROUTINE_TEST(may_go_while_tasks_wait_for_it)
{
        eddy_task *given = start("a"), *first = start("b"), *second = start("c");

        eddy_semaphore_init(&semaphore, 0);
        settle();
        assert_int_equal(eddy_semaphore_release(&semaphore), 0);
        eddy_semaphore_finish(&semaphore);
        assert_int_equal(eddy_semaphore_release(&semaphore), EDDY_EFINISHED);
        assert_int_equal(eddy_semaphore_acquire(&semaphore), EDDY_EFINISHED);
        memset(&semaphore, 0xa5, sizeof semaphore);
        assert_int_equal(outcome_of(given), 0);
        assert_int_equal(outcome_of(first), EDDY_EFINISHED);
        assert_int_equal(outcome_of(second), EDDY_EFINISHED);
        assert_trail("a");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(lets_no_more_in_than_it_has_places),
            cmocka_unit_test(counts_its_free_places),
            cmocka_unit_test(may_be_made_without_a_call),
            cmocka_unit_test(serves_who_came_first),
            cmocka_unit_test(hands_each_place_to_another),
            cmocka_unit_test(leaves_who_is_cancelled_before_its_turn_out),
            cmocka_unit_test(keeps_the_place_that_nobody_is_left_for),
            cmocka_unit_test(gives_its_place_to_who_is_cancelled_at_its_turn),
            cmocka_unit_test(has_no_place_for_the_interrupted),
            cmocka_unit_test(may_be_bounded),
            cmocka_unit_test(is_released_by_callbacks),
            cmocka_unit_test(needs_a_task_to_wait),
            cmocka_unit_test(belongs_to_the_loop_that_uses_it),
            cmocka_unit_test(may_go_while_tasks_wait_for_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
