/* Select: exactly one of several things happens, whichever comes first, and each has its chance. */
#include "testing.h"

#include <stdlib.h>

static int compare_ints(const void *a, const void *b)
{
        return *(const int *)a - *(const int *)b;
}

enum { MOST_CASES = 8 };

/** A task that selects, and what came of it. */
struct selecting {
        eddy_case cases[MOST_CASES];
        size_t n;
        int chosen;
};

static intptr_t select_once(void *arg)
{
        struct selecting *selecting = arg;

        selecting->chosen = eddy_select(selecting->cases, selecting->n);
        return selecting->chosen;
}

/** Start a task that selects, up to where it waits. */
static eddy_task *start(struct selecting *selecting)
{
        eddy_task *task = eddy_create_task(select_once, selecting);

        eddy_yield();
        return task;
}

static void put_now(eddy_queue *queue, int item)
{
        assert_int_equal(eddy_queue_put_nowait(queue, &item), 0);
}

static int get_now(eddy_queue *queue)
{
        int item = -1;

        assert_int_equal(eddy_queue_get_nowait(queue, &item), 0);
        return item;
}

COROUTINE_TEST(takes_what_is_ready)
{
        eddy_queue empty, full, roomy;
        int item = 0, put = 5;
        eddy_case cases[] = {eddy_case_get(&empty, &item), eddy_case_get(&full, &item),
                             eddy_case_put(&full, &put)};

        eddy_queue_init(&empty, sizeof(int), 1);
        eddy_queue_init(&full, sizeof(int), 1);
        eddy_queue_init(&roomy, sizeof(int), 2);
        put_now(&full, 1);
        assert_int_equal(eddy_select(cases, 3), 1);
        assert_int_equal(cases[1].rc, 0);
        assert_int_equal(item, 1);
        assert_true(eddy_queue_empty(&full));
        assert_int_equal(eddy_select(cases, 3), 2);
        assert_int_equal(get_now(&full), 5);
        eddy_queue_finish(&empty);
        eddy_queue_finish(&full);
        eddy_queue_finish(&roomy);
}

COROUTINE_TEST(waits_for_what_comes_first_and_leaves_the_rest)
{
        eddy_queue one, two;
        int item = 0;
        struct selecting selecting = {{eddy_case_get(&one, &item), eddy_case_get(&two, &item)}, 2, -1};
        eddy_task *task;

        eddy_queue_init(&one, sizeof(int), 4);
        eddy_unbuffered_queue_init(&two, sizeof(int));
        task = start(&selecting);
        put_now(&two, 2);
        put_now(&one, 1); /* in the same iteration, and too late */
        assert_int_equal(eddy_queue_put_nowait(&two, &(int){3}), EDDY_EQUEUEFULL);
        eddy_join(task, NULL);
        assert_int_equal(selecting.chosen, 1);
        assert_int_equal(item, 2);
        assert_int_equal(get_now(&one), 1);
        eddy_queue_finish(&one);
        eddy_queue_finish(&two);
}

COROUTINE_TEST(puts_where_a_getter_comes_first)
{
        eddy_queue one, two;
        int a = 1, b = 2;
        struct selecting selecting = {{eddy_case_put(&one, &a), eddy_case_put(&two, &b)}, 2, -1};
        eddy_task *task;

        eddy_unbuffered_queue_init(&one, sizeof(int));
        eddy_queue_init(&two, sizeof(int), 1);
        put_now(&two, 0);
        task = start(&selecting);
        assert_int_equal(get_now(&two), 0);
        assert_true(eddy_queue_empty(&one));
        eddy_join(task, NULL);
        assert_int_equal(selecting.chosen, 1);
        assert_int_equal(get_now(&two), 2);
        task = start(&selecting); /* two has room again: at once */
        assert_true(eddy_done(task));
        eddy_unref(task);
        task = start(&selecting);
        assert_int_equal(get_now(&one), 1);
        eddy_join(task, NULL);
        assert_int_equal(selecting.chosen, 0);
        eddy_queue_finish(&one);
        eddy_queue_finish(&two);
}

COROUTINE_TEST(may_have_a_queue_twice)
{
        eddy_queue queue;
        int first = 0, second = 0, put = 7;
        struct selecting selecting = {
            {eddy_case_get(&queue, &first), eddy_case_get(&queue, &second), eddy_case_put(&queue, &put)},
            3,
            -1};
        eddy_task *task;

        eddy_unbuffered_queue_init(&queue, sizeof(int));
        task = start(&selecting);
        assert_false(eddy_done(task)); /* it does not meet itself */
        put_now(&queue, 1);
        assert_int_equal(eddy_queue_put_nowait(&queue, &(int){2}), EDDY_EQUEUEFULL);
        eddy_join(task, NULL);
        assert_int_equal(selecting.chosen, 0);
        assert_int_equal(first, 1);
        assert_int_equal(second, 0);
        task = start(&selecting);
        assert_int_equal(get_now(&queue), 7);
        assert_int_equal(eddy_queue_put_nowait(&queue, &(int){2}), EDDY_EQUEUEFULL);
        eddy_join(task, NULL);
        assert_int_equal(selecting.chosen, 2);
        eddy_queue_finish(&queue);
}

COROUTINE_TEST(meets_another_select)
{
        for (int turn = 0; turn <= 1; turn++) {
                eddy_queue there, back;
                int a = 1, b = 2, got = 0, other = 0;
                struct selecting one = {{eddy_case_put(&there, &a), eddy_case_get(&back, &other)}, 2, -1},
                                 two = {{eddy_case_put(&back, &b), eddy_case_get(&there, &got)}, 2, -1};
                eddy_task *tasks[2];

                eddy_unbuffered_queue_init(&there, sizeof(int));
                eddy_unbuffered_queue_init(&back, sizeof(int));
                tasks[0] = start(turn ? &two : &one);
                tasks[1] = start(turn ? &one : &two);
                eddy_join(tasks[0], NULL);
                eddy_join(tasks[1], NULL);
                /* One of the two ways, and both sides agree on it. */
                assert_int_equal(one.chosen + two.chosen, 1);
                assert_int_equal(got, one.chosen == 0 ? 1 : 0);
                assert_int_equal(other, one.chosen == 0 ? 0 : 2);
                assert_true(eddy_queue_empty(&there) && eddy_queue_full(&there));
                assert_true(eddy_queue_empty(&back) && eddy_queue_full(&back));
                eddy_queue_finish(&there);
                eddy_queue_finish(&back);
        }
}

/* Futures and time. */

COROUTINE_TEST(sees_a_future_done)
{
        eddy_future *future = eddy_future_create(NULL);
        eddy_queue queue;
        intptr_t result = 0, again = 0;
        int item;
        struct selecting selecting = {{eddy_case_get(&queue, &item), eddy_case_done(future, &result),
                                       eddy_case_done(future, &again), eddy_case_done(future, NULL)},
                                      4,
                                      -1};
        eddy_task *task;

        eddy_queue_init(&queue, sizeof(int), 1);
        task = start(&selecting);
        eddy_future_set_result(future, -EIO);
        eddy_join(task, NULL);
        assert_int_equal(selecting.chosen, 1);
        assert_int_equal(selecting.cases[1].rc, 0);
        assert_int_equal(result, -EIO);
        assert_int_equal(again, 0);
        assert_int_equal(eddy_select(selecting.cases, 2), 1); /* done already */
        eddy_unref(future);
        eddy_queue_finish(&queue);
}

COROUTINE_TEST(does_not_cancel_a_future)
{
        eddy_future *future = eddy_future_create(NULL);
        struct selecting selecting = {{eddy_case_done(future, NULL)}, 1, 0};
        eddy_task *task = start(&selecting);

        eddy_cancel(task);
        eddy_join(task, NULL);
        assert_int_equal(selecting.chosen, EDDY_CANCELLED);
        assert_false(eddy_done(future));
        eddy_future_set_result(future, 1);
        eddy_unref(future);
}

COROUTINE_TEST(refuses_futures_that_cannot_be_awaited)
{
        eddy_case cases[] = {eddy_case_done(NULL, NULL)};
        eddy_loop *loop;
        eddy_future *foreign;

        assert_int_equal(eddy_select(cases, 1), -ENOMEM);
        cases[0] = eddy_case_done(eddy_current_task(), NULL);
        assert_int_equal(eddy_select(cases, 1), EDDY_ESELFAWAIT);
        assert_int_equal(eddy_loop_create(&loop), 0);
        foreign = eddy_future_create(loop);
        cases[0] = eddy_case_done(foreign, NULL);
        assert_int_equal(eddy_select(cases, 1), EDDY_EWRONGLOOP);
        eddy_unref(foreign);
        eddy_loop_destroy(loop);
}

COROUTINE_TEST(waits_no_longer_than_it_is_told)
{
        eddy_queue queue;
        int item = 77;
        eddy_case cases[] = {eddy_case_get(&queue, &item), eddy_case_after(eddy_us(100)),
                             eddy_case_after(EDDY_FOREVER)};
        eddy_time begun = eddy_now(), deadline;

        eddy_queue_init(&queue, sizeof(int), 1);
        assert_int_equal(eddy_select(cases, 3), 1);
        assert_true(eddy_now() >= begun + eddy_us(100));
        /* A deadline holds over many selects. */
        deadline = eddy_now() + eddy_us(200);
        cases[1] = eddy_case_at(deadline);
        put_now(&queue, 1);
        assert_int_equal(eddy_select(cases, 3), 0);
        assert_int_equal(eddy_select(cases, 3), 1);
        assert_true(eddy_now() >= deadline);
        assert_int_equal(eddy_select(cases, 3), 1);
        /* What can happen does, even if it is late. */
        put_now(&queue, 2);
        assert_int_equal(eddy_select(cases, 3), 0);
        assert_int_equal(item, 2);
        eddy_queue_finish(&queue);
}

COROUTINE_TEST(does_not_wait_where_it_can_do_otherwise)
{
        eddy_queue queue;
        int item = 0;
        eddy_case cases[] = {eddy_case_otherwise(), eddy_case_get(&queue, &item)};

        trail_clear();
        eddy_queue_init(&queue, sizeof(int), 1);
        eddy_call_soon(eddy_running_loop(), NULL, note, "x");
        assert_int_equal(eddy_select(cases, 2), 0);
        put_now(&queue, 1);
        assert_int_equal(eddy_select(cases, 2), 1);
        assert_int_equal(item, 1);
        assert_trail("");
        eddy_queue_finish(&queue);
}

COROUTINE_TEST(has_cases_that_never_happen)
{
        eddy_queue queue;
        int item = 0;
        struct selecting selecting = {{eddy_case_get(NULL, &item), eddy_case_put(NULL, &item),
                                       eddy_case_after(EDDY_FOREVER), eddy_case_get(&queue, &item)},
                                      4,
                                      -1};
        eddy_task *task;
        int rc;

        eddy_queue_init(&queue, sizeof(int), 1);
        task = start(&selecting);
        put_now(&queue, 1);
        eddy_join(task, NULL);
        assert_int_equal(selecting.chosen, 3);
        EDDY_TIMEOUT_SCOPE(eddy_us(100))
                rc = eddy_select(selecting.cases, 3);
        assert_int_equal(rc, EDDY_TIMEOUT);
        EDDY_TIMEOUT_SCOPE(eddy_us(100))
                rc = eddy_select(NULL, 0);
        assert_int_equal(rc, EDDY_TIMEOUT);
        eddy_queue_finish(&queue);
}

/* The end of queues. */

COROUTINE_TEST(tells_of_a_queue_that_is_shut_down)
{
        eddy_queue queue;
        int item = 77;
        struct selecting selecting = {{eddy_case_get(&queue, &item), eddy_case_after(EDDY_FOREVER)}, 2, -1};
        eddy_case put = eddy_case_put(&queue, &item);
        eddy_task *task;

        eddy_queue_init(&queue, sizeof(int), 1);
        task = start(&selecting);
        eddy_queue_shutdown(&queue, false);
        eddy_join(task, NULL);
        assert_int_equal(selecting.chosen, 0);
        assert_int_equal(selecting.cases[0].rc, EDDY_ESHUTDOWN);
        assert_int_equal(item, 77);
        assert_int_equal(eddy_select(selecting.cases, 2), 0);
        assert_int_equal(selecting.cases[0].rc, EDDY_ESHUTDOWN);
        assert_int_equal(eddy_select(&put, 1), 0);
        assert_int_equal(put.rc, EDDY_ESHUTDOWN);
        eddy_queue_finish(&queue);
}

COROUTINE_TEST(tells_of_a_queue_that_is_finished)
{
        eddy_queue *queue = malloc(sizeof *queue);
        int item = 1;
        struct selecting getter = {{eddy_case_get(queue, &item), eddy_case_get(queue, &item)}, 2, -1},
                         putter = {{eddy_case_put(queue, &item), eddy_case_put(queue, &item)}, 2, -1};
        eddy_task *tasks[2];

        eddy_unbuffered_queue_init(queue, sizeof(int));
        tasks[0] = start(&getter);
        eddy_queue_finish(queue);
        eddy_unbuffered_queue_init(queue, sizeof(int));
        tasks[1] = start(&putter);
        eddy_queue_finish(queue);
        free(queue);
        eddy_join(tasks[0], NULL);
        eddy_join(tasks[1], NULL);
        assert_int_equal(getter.chosen, 0);
        assert_int_equal(getter.cases[0].rc, EDDY_EFINISHED);
        assert_int_equal(putter.chosen, 0);
        assert_int_equal(putter.cases[0].rc, EDDY_EFINISHED);
}

COROUTINE_TEST(says_that_a_queue_cannot_grow)
{
        eddy_queue queue;
        int item = 1;
        eddy_case put = eddy_case_put(&queue, &item);

        eddy_queue_init(&queue, sizeof(int), 0);
        fault_arm(1, 1);
        assert_int_equal(eddy_select(&put, 1), 0);
        assert_int_equal(put.rc, -ENOMEM);
        assert_int_equal(eddy_select(&put, 1), 0);
        assert_int_equal(put.rc, 0);
        eddy_queue_finish(&queue);
}

/* Cancellation. */

COROUTINE_TEST(takes_nothing_once_cancelled)
{
        eddy_queue queue;
        int item = 77;
        struct selecting selecting = {
            {eddy_case_get(&queue, &item), eddy_case_after(eddy_seconds(100))}, 2, -1};
        eddy_task *task;

        eddy_queue_init(&queue, sizeof(int), 1);
        task = start(&selecting);
        eddy_cancel(task);
        put_now(&queue, 1); /* before it has run */
        eddy_join(task, NULL);
        assert_int_equal(selecting.chosen, EDDY_CANCELLED);
        assert_int_equal(item, 77);
        assert_int_equal(get_now(&queue), 1);
        eddy_queue_finish(&queue);
}

COROUTINE_TEST(keeps_what_happened_before_its_cancellation)
{
        for (int kind = 0; kind < 3; kind++) {
                eddy_queue queue;
                int item = 0;
                struct selecting selecting = {
                    {eddy_case_after(eddy_seconds(100)), eddy_case_get(&queue, &item)}, 2, -1};
                eddy_task *task;

                if (kind == 0)
                        eddy_queue_init(&queue, sizeof(int), 4);
                else if (kind == 1)
                        eddy_unbuffered_queue_init(&queue, sizeof(int));
                else
                        eddy_priority_queue_init(&queue, sizeof(int), 4, compare_ints);
                task = start(&selecting);
                put_now(&queue, 2);
                eddy_cancel(task);
                if (kind == 2)
                        put_now(&queue, 1);
                eddy_join(task, NULL);
                assert_int_equal(selecting.chosen, 1);
                assert_int_equal(selecting.cases[1].rc, 0);
                assert_int_equal(item, kind == 2 ? 1 : 2);
                eddy_queue_finish(&queue);
        }
}

static intptr_t select_while_interrupted(void *arg)
{
        int item = 0;
        eddy_case cases[] = {eddy_case_get(arg, &item), eddy_case_after(eddy_seconds(100)),
                             eddy_case_otherwise()};

        assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_CANCELLED);
        trail_clear();
        eddy_call_soon(eddy_running_loop(), NULL, note, "x");
        assert_int_equal(eddy_select(cases, 2), EDDY_CANCELLED);
        assert_int_equal(eddy_select(cases, 3), EDDY_CANCELLED);
        put_now(arg, 4);
        assert_int_equal(eddy_select(cases, 2), EDDY_CANCELLED);
        assert_int_equal(item, 0);
        assert_int_equal(eddy_queue_size(arg), 1);
        assert_trail(""); /* nobody else ran meanwhile */
        return 0;
}

COROUTINE_TEST(refuses_to_wait_once_cancelled)
{
        eddy_queue queue;
        eddy_task *task = eddy_create_task(select_while_interrupted, &queue);
        intptr_t result;

        eddy_queue_init(&queue, sizeof(int), 1);
        eddy_yield();
        eddy_cancel(task);
        eddy_join(task, &result);
        assert_int_equal(result, 0);
        eddy_queue_finish(&queue);
}

/* Fairness. */

COROUTINE_TEST(gives_each_case_the_same_chance)
{
        enum { ROUNDS = 6000 };
        eddy_queue queues[3], silent;
        int item, chosen[5] = {0};
        eddy_case cases[5];

        eddy_queue_init(&silent, sizeof(int), 1);
        cases[0] = eddy_case_get(&silent, &item);
        for (int i = 0; i < 3; i++) {
                eddy_queue_init(&queues[i], sizeof(int), 1);
                cases[i + 1] = eddy_case_get(&queues[i], &item);
                put_now(&queues[i], 0);
        }
        cases[4] = eddy_case_get(&silent, &item);
        for (int i = 0; i < ROUNDS; i++) {
                int index = eddy_select(cases, 5);

                assert_in_range(index, 1, 3);
                chosen[index]++;
                put_now(&queues[index - 1], 0);
        }
        for (int i = 1; i <= 3; i++)
                assert_in_range(chosen[i], ROUNDS / 3 - ROUNDS / 20, ROUNDS / 3 + ROUNDS / 20);
        for (int i = 0; i < 3; i++)
                eddy_queue_finish(&queues[i]);
        eddy_queue_finish(&silent);
}

/** Two that take turns must not see the same chances again and again. */
static intptr_t select_in_turns(void *arg)
{
        eddy_queue one, two;
        int item, *starved = arg, chosen[2] = {0};
        eddy_case cases[] = {eddy_case_get(&one, &item), eddy_case_get(&two, &item)};

        eddy_queue_init(&one, sizeof(int), 1);
        eddy_queue_init(&two, sizeof(int), 1);
        put_now(&one, 0);
        put_now(&two, 0);
        for (int i = 0; i < 100; i++) {
                int index = eddy_select(cases, 2);

                chosen[index]++;
                put_now(index ? &two : &one, 0);
                eddy_yield();
        }
        *starved += chosen[0] < 20 || chosen[1] < 20;
        eddy_queue_finish(&one);
        eddy_queue_finish(&two);
        return 0;
}

COROUTINE_TEST(starves_nobody_where_selects_take_turns)
{
        eddy_task *tasks[4];
        int starved = 0;

        for (int i = 0; i < 4; i++)
                tasks[i] = eddy_create_task(select_in_turns, &starved);
        for (int i = 0; i < 4; i++)
                eddy_join(tasks[i], NULL);
        assert_int_equal(starved, 0);
}

/* Elsewhere than in a coroutine. */

TEST(waits_only_in_a_coroutine)
{
        eddy_loop *loop = new_loop();
        eddy_future *future = eddy_future_create(loop);
        eddy_queue queue;
        intptr_t result = 0;
        int item = 0;
        eddy_case cases[] = {eddy_case_get(&queue, &item), eddy_case_done(future, &result), eddy_case_after(0),
                             eddy_case_at(eddy_now())};

        eddy_queue_init(&queue, sizeof(int), 1);
        assert_int_equal(eddy_select(cases, 1), EDDY_ENOTASK);
        assert_int_equal(eddy_select(cases, 3), 2);
        assert_int_equal(eddy_select(&cases[3], 1), 0);
        put_now(&queue, 3);
        assert_int_equal(eddy_select(cases, 3), 0);
        assert_int_equal(item, 3);
        eddy_future_set_result(future, 4);
        assert_int_equal(eddy_select(cases, 3), 1);
        assert_int_equal(result, 4);
        eddy_unref(future);
        eddy_queue_finish(&queue);
        eddy_loop_destroy(loop);
}

TEST(belongs_to_the_loop_of_its_queues)
{
        eddy_loop *one = new_loop(), *other = new_loop();
        eddy_queue free_queue, bound;
        int item = 0;
        struct selecting first = {{eddy_case_get(&bound, &item)}, 1, -1},
                         second = {{eddy_case_get(&free_queue, &item), eddy_case_get(&bound, &item)}, 2, -1};
        eddy_task *tasks[2];

        eddy_queue_init(&bound, sizeof(int), 1);
        eddy_queue_init(&free_queue, sizeof(int), 1);
        tasks[0] = eddy_task_create(&(eddy_task_options){.loop = one}, select_once, &first);
        tasks[1] = eddy_task_create(&(eddy_task_options){.loop = other}, select_once, &second);
        run_once(one);
        run_once(other);
        assert_int_equal(second.chosen, EDDY_EWRONGLOOP);
        eddy_future_result(tasks[1], NULL);
        put_now(&free_queue, 1); /* nobody waits in its line */
        assert_int_equal(get_now(&free_queue), 1);
        eddy_unref(tasks[0]);
        eddy_unref(tasks[1]);
        eddy_loop_destroy(one);
        eddy_loop_destroy(other);
        eddy_queue_finish(&bound);
        eddy_queue_finish(&free_queue);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(takes_what_is_ready),
            cmocka_unit_test(waits_for_what_comes_first_and_leaves_the_rest),
            cmocka_unit_test(puts_where_a_getter_comes_first),
            cmocka_unit_test(may_have_a_queue_twice),
            cmocka_unit_test(meets_another_select),
            cmocka_unit_test(sees_a_future_done),
            cmocka_unit_test(does_not_cancel_a_future),
            cmocka_unit_test(refuses_futures_that_cannot_be_awaited),
            cmocka_unit_test(waits_no_longer_than_it_is_told),
            cmocka_unit_test(does_not_wait_where_it_can_do_otherwise),
            cmocka_unit_test(has_cases_that_never_happen),
            cmocka_unit_test(tells_of_a_queue_that_is_shut_down),
            cmocka_unit_test(tells_of_a_queue_that_is_finished),
            cmocka_unit_test(says_that_a_queue_cannot_grow),
            cmocka_unit_test(takes_nothing_once_cancelled),
            cmocka_unit_test(keeps_what_happened_before_its_cancellation),
            cmocka_unit_test(refuses_to_wait_once_cancelled),
            cmocka_unit_test(gives_each_case_the_same_chance),
            cmocka_unit_test(starves_nobody_where_selects_take_turns),
            cmocka_unit_test(waits_only_in_a_coroutine),
            cmocka_unit_test(belongs_to_the_loop_of_its_queues),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
