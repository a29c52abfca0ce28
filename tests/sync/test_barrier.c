#include "helpers.h"

static eddy_barrier barrier;

/** Passes the barrier, and notes its index. */
static intptr_t pass(void *arg)
{
        int index = eddy_barrier_wait(&barrier);

        (void)arg;
        if (index >= 0)
                trail_add((char)('0' + index));
        return index;
}

static eddy_task *start(void)
{
        return eddy_create_task(pass, NULL);
}

static void assert_phase(const char *phase, int n_waiting)
{
        assert_string_equal(eddy_barrier_phase(&barrier), phase);
        assert_int_equal(eddy_barrier_n_waiting(&barrier), n_waiting);
}

COROUTINE_TEST(lets_a_party_pass_together)
{
        eddy_task *first = start(), *second = start();

        assert_int_equal(eddy_barrier_init(&barrier, 3), 0);
        assert_int_equal(eddy_barrier_parties(&barrier), 3);
        assert_phase("filling", 0);
        settle();
        assert_phase("filling", 2);
        assert_trail("");
        /* Who completes it does not suspend. */
        assert_int_equal(eddy_barrier_wait(&barrier), 2);
        assert_trail("");
        assert_phase("draining", 0);
        assert_int_equal(outcome_of(first), 0);
        assert_int_equal(outcome_of(second), 1);
        assert_phase("filling", 0);
        assert_trail("01");
}

COROUTINE_TEST(may_be_for_one)
{
        assert_int_equal(eddy_barrier_init(&barrier, 1), 0);
        for (int i = 0; i < 3; i++)
                assert_int_equal(eddy_barrier_wait(&barrier), 0);
        assert_phase("filling", 0);
        assert_int_equal(eddy_barrier_init(&barrier, 0), -EINVAL);
        assert_int_equal(eddy_barrier_init(&barrier, -1), -EINVAL);
        assert_int_equal(eddy_barrier_wait(&barrier), EDDY_EFINISHED);
}

COROUTINE_TEST(lets_party_after_party_pass)
{
        eddy_task *tasks[7];

        eddy_barrier_init(&barrier, 3);
        for (int i = 0; i < 7; i++)
                tasks[i] = start();
        settle();
        assert_trail("201012"); /* the second party came while the first one left */
        assert_phase("filling", 1);
        for (int i = 0; i < 6; i++)
                assert_int_equal(outcome_of(tasks[i]), i % 3);
        eddy_cancel(tasks[6]);
        assert_int_equal(outcome_of(tasks[6]), EDDY_CANCELLED);
        assert_phase("filling", 0);
}

COROUTINE_TEST(keeps_the_next_party_out_until_this_one_has_left)
{
        eddy_task *first = start(), *next;

        eddy_barrier_init(&barrier, 2);
        settle();
        assert_int_equal(eddy_barrier_wait(&barrier), 1);
        assert_phase("draining", 0);
        next = start();
        EDDY_TIMEOUT_SCOPE(0)
                assert_int_equal(eddy_barrier_wait(&barrier), EDDY_TIMEOUT);
        assert_int_equal(eddy_barrier_wait(&barrier), 0);
        assert_int_equal(outcome_of(first), 0);
        assert_int_equal(outcome_of(next), 1);
        assert_trail("01");
}

COROUTINE_TEST(waits_for_another_in_place_of_the_cancelled)
{
        eddy_task *first = start(), *second = start(), *third;

        eddy_barrier_init(&barrier, 3);
        settle();
        eddy_cancel(first);
        eddy_cancel(first);
        assert_phase("filling", 1);
        third = start();
        assert_int_equal(outcome_of(first), EDDY_CANCELLED);
        settle();
        assert_phase("filling", 2);
        assert_int_equal(eddy_barrier_wait(&barrier), 2);
        /* Each index once, though the first to come has gone. */
        assert_int_equal(outcome_of(second), 0);
        assert_int_equal(outcome_of(third), 1);
        assert_trail("01");
}

COROUTINE_TEST(has_let_pass_who_is_cancelled_after_it)
{
        eddy_task *first = start();

        eddy_barrier_init(&barrier, 2);
        settle();
        assert_int_equal(eddy_barrier_wait(&barrier), 1);
        eddy_cancel(first);
        assert_int_equal(outcome_of(first), 0);
        assert_trail("0");
        assert_phase("filling", 0);
}

COROUTINE_TEST(forgets_the_cancelled_outside)
{
        eddy_task *first = start(), *outside, *next;

        eddy_barrier_init(&barrier, 2);
        settle();
        assert_int_equal(eddy_barrier_wait(&barrier), 1);
        outside = eddy_task_create(&(eddy_task_options){.eager = true}, pass, NULL);
        eddy_cancel(outside);
        assert_int_equal(outcome_of(first), 0);
        assert_int_equal(outcome_of(outside), EDDY_CANCELLED);
        assert_phase("filling", 0);
        next = start();
        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(eddy_barrier_wait(&barrier), 1);
        assert_int_equal(outcome_of(next), 0);
        assert_trail("00");
}

COROUTINE_TEST(is_broken_until_it_is_reset)
{
        eddy_task *first = start(), *second = start();

        eddy_barrier_init(&barrier, 3);
        settle();
        assert_false(eddy_barrier_broken(&barrier));
        assert_int_equal(eddy_barrier_abort(&barrier), 0);
        assert_true(eddy_barrier_broken(&barrier));
        assert_phase("broken", 0);
        eddy_cancel(second); /* too late */
        assert_int_equal(eddy_barrier_wait(&barrier), EDDY_EBROKENBARRIER);
        assert_int_equal(outcome_of(first), EDDY_EBROKENBARRIER);
        assert_int_equal(outcome_of(second), EDDY_EBROKENBARRIER);
        assert_true(eddy_barrier_broken(&barrier));
        assert_int_equal(eddy_barrier_abort(&barrier), 0);
        assert_int_equal(eddy_barrier_reset(&barrier), 0);
        assert_phase("filling", 0);
        first = start();
        second = start();
        settle();
        assert_int_equal(eddy_barrier_wait(&barrier), 2);
        assert_int_equal(outcome_of(first), 0);
        assert_int_equal(outcome_of(second), 1);
        assert_trail("01");
}

COROUTINE_TEST(sends_those_away_who_wait_when_it_is_reset)
{
        eddy_task *first = start(), *next;

        eddy_barrier_init(&barrier, 2);
        assert_int_equal(eddy_barrier_reset(&barrier), 0);
        assert_phase("filling", 0);
        settle();
        assert_int_equal(eddy_barrier_reset(&barrier), 0);
        assert_phase("resetting", 0);
        assert_int_equal(eddy_barrier_reset(&barrier), 0);
        assert_phase("resetting", 0);
        next = start();
        /* The new party begins when the old one has left. */
        assert_int_equal(eddy_barrier_wait(&barrier), 0);
        assert_int_equal(outcome_of(first), EDDY_EBROKENBARRIER);
        assert_int_equal(outcome_of(next), 1);
        assert_trail("1");
}

COROUTINE_TEST(is_reset_while_the_broken_leave)
{
        eddy_task *first = start(), *next;

        eddy_barrier_init(&barrier, 2);
        settle();
        assert_int_equal(eddy_barrier_abort(&barrier), 0);
        assert_int_equal(eddy_barrier_reset(&barrier), 0);
        assert_phase("resetting", 0);
        next = start();
        assert_int_equal(outcome_of(first), EDDY_EBROKENBARRIER);
        settle();
        assert_phase("filling", 1);
        assert_int_equal(eddy_barrier_wait(&barrier), 1);
        assert_int_equal(outcome_of(next), 0);
        assert_trail("0");
}

/** A party that is complete has passed, whatever happens before its last member runs. */
COROUTINE_TEST(takes_nothing_back_from_a_complete_party)
{
        eddy_task *first, *outside;

        for (int abort = 0; abort <= 1; abort++) {
                eddy_barrier_init(&barrier, 2);
                first = start();
                settle();
                assert_int_equal(eddy_barrier_wait(&barrier), 1);
                outside = eddy_task_create(&(eddy_task_options){.eager = true}, pass, NULL);
                assert_int_equal(abort ? eddy_barrier_abort(&barrier) : eddy_barrier_reset(&barrier), 0);
                assert_phase(abort ? "broken" : "resetting", 0);
                assert_int_equal(outcome_of(first), 0);
                if (abort) {
                        assert_int_equal(outcome_of(outside), EDDY_EBROKENBARRIER);
                        assert_phase("broken", 0);
                } else {
                        assert_phase("filling", 1);
                        assert_int_equal(eddy_barrier_wait(&barrier), 1);
                        assert_int_equal(outcome_of(outside), 0);
                        assert_trail("00");
                }
        }
        assert_trail("0");
}

TEST(needs_a_task)
{
        eddy_barrier_init(&barrier, 1);
        loop_running_here = NULL;
        assert_int_equal(eddy_barrier_wait(&barrier), EDDY_ENOTASK);
        assert_int_equal(eddy_barrier_reset(&barrier), 0);
        eddy_barrier_finish(&barrier);
}

static void *use_elsewhere(void *arg)
{
        (void)arg;
        assert_int_equal(eddy_barrier_abort(&barrier), EDDY_EWRONGLOOP);
        assert_int_equal(eddy_barrier_reset(&barrier), EDDY_EWRONGLOOP);
        return NULL;
}

COROUTINE_TEST(belongs_to_the_loop_that_uses_it)
{
        eddy_task *first = start();

        eddy_barrier_init(&barrier, 2);
        settle();
        in_another_thread(use_elsewhere, NULL);
        assert_int_equal(eddy_barrier_wait(&barrier), 1);
        assert_int_equal(outcome_of(first), 0);
        assert_trail("0");
}

COROUTINE_TEST(may_go_while_tasks_wait_for_it)
{
        eddy_task *first = start(), *second = start();

        eddy_barrier_init(&barrier, 3);
        settle();
        eddy_cancel(second);
        eddy_barrier_finish(&barrier);
        assert_int_equal(eddy_barrier_wait(&barrier), EDDY_EFINISHED);
        assert_int_equal(eddy_barrier_reset(&barrier), EDDY_EFINISHED);
        assert_int_equal(eddy_barrier_abort(&barrier), EDDY_EFINISHED);
        memset(&barrier, 0xa5, sizeof barrier);
        assert_int_equal(outcome_of(first), EDDY_EFINISHED);
        assert_int_equal(outcome_of(second), EDDY_CANCELLED);
        assert_trail("");
}

COROUTINE_TEST(may_go_while_a_party_leaves)
{
        eddy_task *first = start(), *outside;

        eddy_barrier_init(&barrier, 2);
        settle();
        assert_int_equal(eddy_barrier_wait(&barrier), 1);
        outside = eddy_task_create(&(eddy_task_options){.eager = true}, pass, NULL);
        eddy_barrier_finish(&barrier);
        memset(&barrier, 0xa5, sizeof barrier);
        assert_int_equal(outcome_of(first), 0);
        assert_int_equal(outcome_of(outside), EDDY_EFINISHED);
        assert_trail("0");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(lets_a_party_pass_together),
            cmocka_unit_test(may_be_for_one),
            cmocka_unit_test(lets_party_after_party_pass),
            cmocka_unit_test(keeps_the_next_party_out_until_this_one_has_left),
            cmocka_unit_test(waits_for_another_in_place_of_the_cancelled),
            cmocka_unit_test(has_let_pass_who_is_cancelled_after_it),
            cmocka_unit_test(forgets_the_cancelled_outside),
            cmocka_unit_test(is_broken_until_it_is_reset),
            cmocka_unit_test(sends_those_away_who_wait_when_it_is_reset),
            cmocka_unit_test(is_reset_while_the_broken_leave),
            cmocka_unit_test(takes_nothing_back_from_a_complete_party),
            cmocka_unit_test(needs_a_task),
            cmocka_unit_test(belongs_to_the_loop_that_uses_it),
            cmocka_unit_test(may_go_while_tasks_wait_for_it),
            cmocka_unit_test(may_go_while_a_party_leaves),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
