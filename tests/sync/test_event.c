#include "helpers.h"

static eddy_event event;

static intptr_t wait_and_note(void *letter)
{
        int rc = eddy_event_wait(&event);

        if (rc == 0)
                note(letter);
        return rc;
}

static eddy_task *start(const char *letter)
{
        return eddy_task_create(NULL, wait_and_note, (void *)(uintptr_t)letter);
}

COROUTINE_TEST(wakes_all_who_wait_in_order)
{
        eddy_task *tasks[] = {start("a"), start("b"), start("c")};

        eddy_event_init(&event);
        assert_false(eddy_event_is_set(&event));
        settle();
        assert_trail("");
        assert_int_equal(eddy_event_set(&event), 0);
        assert_true(eddy_event_is_set(&event));
        assert_int_equal(eddy_event_set(&event), 0);
        assert_int_equal(eddy_gather(tasks, 3, NULL, 0), 0);
        assert_trail("abc");
        for (int i = 0; i < 3; i++)
                eddy_unref(tasks[i]);
}

COROUTINE_TEST(is_not_waited_for_while_it_is_set)
{
        eddy_event_init(&event);
        assert_int_equal(eddy_event_set(&event), 0);
        assert_int_equal(eddy_event_wait(&event), 0);
        assert_int_equal(eddy_event_clear(&event), 0);
        assert_false(eddy_event_is_set(&event));
        EDDY_TIMEOUT_SCOPE(0)
                assert_int_equal(eddy_event_wait(&event), EDDY_TIMEOUT);
}

COROUTINE_TEST(has_woken_who_waited_even_where_it_is_cleared_at_once)
{
        eddy_task *early = start("e"), *late;

        eddy_event_init(&event);
        settle();
        assert_int_equal(eddy_event_set(&event), 0);
        assert_int_equal(eddy_event_clear(&event), 0);
        late = start("l");
        assert_int_equal(outcome_of(early), 0);
        settle();
        assert_trail("e");
        assert_int_equal(eddy_event_set(&event), 0);
        assert_int_equal(outcome_of(late), 0);
        assert_trail("l");
}

COROUTINE_TEST(wakes_others_where_one_was_cancelled_before)
{
        eddy_task *first = start("a"), *second = start("b"), *third = start("c");

        eddy_event_init(&event);
        settle();
        eddy_cancel(second);
        assert_int_equal(eddy_event_set(&event), 0);
        assert_int_equal(outcome_of(first), 0);
        assert_int_equal(outcome_of(second), EDDY_CANCELLED);
        assert_int_equal(outcome_of(third), 0);
        assert_trail("ac");
}

COROUTINE_TEST(has_happened_for_who_is_cancelled_after_it)
{
        eddy_task *first = start("a"), *second = start("b");

        eddy_event_init(&event);
        settle();
        assert_int_equal(eddy_event_set(&event), 0);
        eddy_cancel(first);
        assert_int_equal(outcome_of(first), 0);
        assert_int_equal(outcome_of(second), 0);
        assert_trail("ab");
}

COROUTINE_TEST(is_waited_for_until_a_deadline)
{
        int rc = 0;

        eddy_event_init(&event);
        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                rc = eddy_event_wait(&event);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_int_equal(eddy_event_set(&event), 0);
        assert_int_equal(eddy_event_wait(&event), 0);
}

static void set(void *arg)
{
        (void)arg;
        assert_int_equal(eddy_event_set(&event), 0);
}

COROUTINE_TEST(is_set_by_callbacks)
{
        eddy_handle handle = {.callback = NULL};

        eddy_event_init(&event);
        assert_int_equal(eddy_call_soon(eddy_running_loop(), &handle, set, NULL), 0);
        assert_int_equal(eddy_event_wait(&event), 0);
}

static intptr_t expect_it_set(void *arg)
{
        (void)arg;
        return eddy_event_wait(&event);
}

TEST(may_be_set_before_there_is_a_loop)
{
        eddy_event_init(&event);
        loop_running_here = NULL;
        assert_int_equal(eddy_event_wait(&event), EDDY_ENOTASK);
        assert_int_equal(eddy_event_set(&event), 0);
        assert_int_equal(run_main(expect_it_set, NULL), 0);
        assert_int_equal(eddy_event_clear(&event), EDDY_EWRONGLOOP);
        eddy_event_finish(&event);
}

static void *set_elsewhere(void *arg)
{
        (void)arg;
        assert_int_equal(eddy_event_set(&event), EDDY_EWRONGLOOP);
        assert_int_equal(eddy_event_clear(&event), EDDY_EWRONGLOOP);
        return NULL;
}

static intptr_t wait_elsewhere(void *arg)
{
        (void)arg;
        assert_int_equal(eddy_event_wait(&event), EDDY_EWRONGLOOP);
        return 0;
}

static void *run_another_loop(void *arg)
{
        assert_int_equal(eddy_run(wait_elsewhere, arg), 0);
        return NULL;
}

COROUTINE_TEST(is_not_set_from_another_thread)
{
        eddy_task *waiter = start("w");

        eddy_event_init(&event);
        settle();
        in_another_thread(set_elsewhere, NULL);
        in_another_thread(run_another_loop, NULL);
        assert_false(eddy_event_is_set(&event));
        assert_int_equal(eddy_event_set(&event), 0);
        assert_int_equal(outcome_of(waiter), 0);
        assert_trail("w");
}

COROUTINE_TEST(may_go_while_tasks_wait_for_it)
{
        eddy_task *first = start("a"), *second = start("b");

        eddy_event_init(&event);
        settle();
        eddy_event_finish(&event);
        eddy_cancel(second); /* too late */
        assert_int_equal(eddy_event_set(&event), EDDY_EFINISHED);
        assert_int_equal(eddy_event_wait(&event), EDDY_EFINISHED);
        memset(&event, 0xa5, sizeof event);
        assert_int_equal(outcome_of(first), EDDY_EFINISHED);
        assert_int_equal(outcome_of(second), EDDY_EFINISHED);
        assert_trail("");
}

/** A loop that is closed under its tasks takes their stacks away. */
TEST(may_be_finished_when_its_loop_is_gone)
{
        eddy_loop *loop = new_loop();
        eddy_task *task = eddy_task_create(&(eddy_task_options){.loop = loop}, wait_and_note, NULL);

        eddy_event_init(&event);
        run_once(loop);
        eddy_unref(task);
        eddy_loop_destroy(loop);
        eddy_event_finish(&event);
        eddy_event_init(&event);
        assert_int_equal(eddy_event_set(&event), 0);
        eddy_event_finish(&event);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(wakes_all_who_wait_in_order),
            cmocka_unit_test(is_not_waited_for_while_it_is_set),
            cmocka_unit_test(has_woken_who_waited_even_where_it_is_cleared_at_once),
            cmocka_unit_test(wakes_others_where_one_was_cancelled_before),
            cmocka_unit_test(has_happened_for_who_is_cancelled_after_it),
            cmocka_unit_test(is_waited_for_until_a_deadline),
            cmocka_unit_test(is_set_by_callbacks),
            cmocka_unit_test(may_be_set_before_there_is_a_loop),
            cmocka_unit_test(is_not_set_from_another_thread),
            cmocka_unit_test(may_go_while_tasks_wait_for_it),
            cmocka_unit_test(may_be_finished_when_its_loop_is_gone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
