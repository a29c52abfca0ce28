/* Queues: order, room, who is served first, and what cancellation finds at each moment. */
#include "testing.h"

#include <pthread.h>
#include <stdlib.h>

static int compare_ints(const void *a, const void *b)
{
        return *(const int *)a - *(const int *)b;
}

/** What one task puts or gets. */
struct turn {
        eddy_queue *queue;
        int item;
        int rc;
        char letter; /* noted at its end; 0: nothing */
};

static intptr_t get_one(void *arg)
{
        struct turn *turn = arg;

        turn->rc = eddy_queue_get(turn->queue, &turn->item);
        if (turn->letter)
                trail_add(turn->letter);
        return turn->rc;
}

static intptr_t put_one(void *arg)
{
        struct turn *turn = arg;

        turn->rc = eddy_queue_put(turn->queue, &turn->item);
        if (turn->letter)
                trail_add(turn->letter);
        return turn->rc;
}

static intptr_t join_it(void *arg)
{
        struct turn *turn = arg;

        turn->rc = eddy_queue_join(turn->queue);
        if (turn->letter)
                trail_add(turn->letter);
        return turn->rc;
}

/** Start n tasks, which wait as soon as one has yielded. */
static void start(eddy_task *tasks[], eddy_fn fn, struct turn *turns, int n)
{
        for (int i = 0; i < n; i++)
                tasks[i] = eddy_create_task(fn, &turns[i]);
        eddy_yield();
}

static void join_all(eddy_task *tasks[], int n)
{
        for (int i = 0; i < n; i++)
                eddy_join(tasks[i], NULL);
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

static void assert_no_item(eddy_queue *queue)
{
        int item = 77;

        assert_int_equal(eddy_queue_get_nowait(queue, &item), EDDY_EQUEUEEMPTY);
        assert_int_equal(item, 77);
        assert_true(eddy_queue_empty(queue));
        assert_int_equal(eddy_queue_size(queue), 0);
}

/* Items and room. */

TEST(gives_items_in_the_order_of_its_kind)
{
        eddy_queue fifo, lifo, priority;
        static const int items[] = {3, 1, 4, 1, 5}, sorted[] = {1, 1, 3, 4, 5};

        assert_int_equal(eddy_queue_init(&fifo, sizeof(int), 5), 0);
        assert_int_equal(eddy_lifo_queue_init(&lifo, sizeof(int), 0), 0);
        assert_int_equal(eddy_priority_queue_init(&priority, sizeof(int), 5, compare_ints), 0);
        for (int i = 0; i < 5; i++) {
                put_now(&fifo, items[i]);
                put_now(&lifo, items[i]);
                put_now(&priority, items[i]);
        }
        for (int i = 0; i < 5; i++) {
                assert_int_equal(get_now(&fifo), items[i]);
                assert_int_equal(get_now(&lifo), items[4 - i]);
                assert_int_equal(get_now(&priority), sorted[i]);
        }
        eddy_queue_finish(&fifo);
        eddy_queue_finish(&lifo);
        eddy_queue_finish(&priority);
}

TEST(holds_as_many_as_it_may)
{
        eddy_queue queue;

        assert_int_equal(eddy_queue_init(&queue, sizeof(int), 2), 0);
        assert_int_equal(eddy_queue_maxsize(&queue), 2);
        assert_no_item(&queue);
        put_now(&queue, 1);
        assert_false(eddy_queue_empty(&queue));
        assert_false(eddy_queue_full(&queue));
        put_now(&queue, 2);
        assert_true(eddy_queue_full(&queue));
        assert_int_equal(eddy_queue_size(&queue), 2);
        assert_int_equal(eddy_queue_put_nowait(&queue, &(int){3}), EDDY_EQUEUEFULL);
        assert_int_equal(get_now(&queue), 1);
        put_now(&queue, 4);
        assert_int_equal(get_now(&queue), 2);
        assert_int_equal(get_now(&queue), 4);
        assert_no_item(&queue);
        eddy_queue_finish(&queue);
}

TEST(holds_any_number_without_maxsize)
{
        eddy_queue queue;

        assert_int_equal(eddy_queue_init(&queue, sizeof(int), 0), 0);
        assert_int_equal(eddy_queue_maxsize(&queue), 0);
        for (int i = 0; i < 10000; i++)
                put_now(&queue, i);
        assert_false(eddy_queue_full(&queue));
        assert_int_equal(eddy_queue_size(&queue), 10000);
        for (int i = 0; i < 10000; i++)
                assert_int_equal(get_now(&queue), i);
        eddy_queue_finish(&queue);
}

TEST(counts_items_that_are_nothing)
{
        eddy_queue queue;

        assert_int_equal(eddy_queue_init(&queue, 0, 2), 0);
        assert_int_equal(eddy_queue_put_nowait(&queue, NULL), 0);
        assert_int_equal(eddy_queue_put_nowait(&queue, NULL), 0);
        assert_int_equal(eddy_queue_put_nowait(&queue, NULL), EDDY_EQUEUEFULL);
        assert_int_equal(eddy_queue_get_nowait(&queue, NULL), 0);
        assert_int_equal(eddy_queue_size(&queue), 1);
        eddy_queue_finish(&queue);
}

TEST(allocates_once_where_it_has_bounds)
{
        eddy_queue queue;

        fault_arm(0, 0);
        assert_int_equal(eddy_queue_init(&queue, sizeof(int), 100), 0);
        for (int round = 0; round < 3; round++) {
                for (int i = 0; i < 100; i++)
                        put_now(&queue, i);
                for (int i = 0; i < 100; i++)
                        assert_int_equal(get_now(&queue), i);
        }
        assert_int_equal(fault_uses(), 1);
        eddy_queue_finish(&queue);
}

TEST(says_that_there_is_no_memory)
{
        eddy_queue queue;
        int item = 1;

        fault_arm(1, 1);
        assert_int_equal(eddy_queue_init(&queue, sizeof item, 8), -ENOMEM);
        assert_int_equal(eddy_queue_put_nowait(&queue, &item), -ENOMEM);
        assert_int_equal(eddy_queue_get_nowait(&queue, &item), -ENOMEM);
        assert_int_equal(eddy_queue_put(&queue, &item), -ENOMEM);
        assert_int_equal(eddy_queue_get(&queue, &item), -ENOMEM);
        eddy_queue_finish(&queue);
        eddy_queue_init(&queue, sizeof item, 0);
        fault_arm(1, 1);
        assert_int_equal(eddy_queue_put_nowait(&queue, &item), -ENOMEM);
        put_now(&queue, 5);
        assert_int_equal(get_now(&queue), 5);
        assert_int_equal(eddy_queue_task_done(&queue), 0);
        assert_int_equal(eddy_queue_task_done(&queue), EDDY_EINVALIDSTATE);
        eddy_queue_finish(&queue);
}

TEST(cannot_wait_outside_a_coroutine)
{
        eddy_queue queue;
        int item = 1;

        eddy_queue_init(&queue, sizeof item, 1);
        assert_int_equal(eddy_queue_get(&queue, &item), EDDY_ENOTASK);
        assert_int_equal(eddy_queue_put(&queue, &item), 0);
        assert_int_equal(eddy_queue_put(&queue, &item), EDDY_ENOTASK);
        assert_int_equal(eddy_queue_join(&queue), EDDY_ENOTASK);
        assert_int_equal(eddy_queue_get(&queue, &item), 0);
        eddy_queue_finish(&queue);
}

/* Waiting, and whose turn it is. */

COROUTINE_TEST(serves_getters_in_the_order_in_which_they_came)
{
        eddy_queue queue;
        struct turn turns[3] = {{.queue = &queue, .letter = 'a'},
                                {.queue = &queue, .letter = 'b'},
                                {.queue = &queue, .letter = 'c'}};
        eddy_task *tasks[3];

        trail_clear();
        eddy_queue_init(&queue, sizeof(int), 8);
        start(tasks, get_one, turns, 3);
        for (int i = 0; i < 4; i++)
                put_now(&queue, i);
        /* Three of them are on their way. */
        assert_int_equal(eddy_queue_size(&queue), 1);
        join_all(tasks, 3);
        assert_trail("abc");
        for (int i = 0; i < 3; i++)
                assert_int_equal(turns[i].item, i);
        assert_int_equal(get_now(&queue), 3);
        eddy_queue_finish(&queue);
}

COROUTINE_TEST(serves_putters_in_the_order_in_which_they_came)
{
        eddy_queue queue;
        struct turn turns[3] = {{.queue = &queue, .item = 1, .letter = 'a'},
                                {.queue = &queue, .item = 2, .letter = 'b'},
                                {.queue = &queue, .item = 3, .letter = 'c'}};
        eddy_task *tasks[3];

        trail_clear();
        eddy_queue_init(&queue, sizeof(int), 1);
        put_now(&queue, 0);
        start(tasks, put_one, turns, 3);
        assert_trail("");
        assert_int_equal(get_now(&queue), 0);
        /* Its place is taken at once by the first of them, so nobody comes in between. */
        assert_int_equal(eddy_queue_put_nowait(&queue, &(int){9}), EDDY_EQUEUEFULL);
        eddy_yield();
        assert_trail("a");
        for (int i = 1; i <= 3; i++)
                assert_int_equal(get_now(&queue), i);
        join_all(tasks, 3);
        assert_trail("bc");
        assert_no_item(&queue);
        eddy_queue_finish(&queue);
}

COROUTINE_TEST(lets_nobody_overtake_a_getter_that_was_woken)
{
        for (int kind = 0; kind < 3; kind++) {
                eddy_queue queue;
                struct turn turn = {.queue = &queue};
                eddy_task *task;

                if (kind == 0)
                        eddy_queue_init(&queue, sizeof(int), 8);
                else if (kind == 1)
                        eddy_lifo_queue_init(&queue, sizeof(int), 8);
                else
                        eddy_priority_queue_init(&queue, sizeof(int), 8, compare_ints);
                start(&task, get_one, &turn, 1);
                put_now(&queue, 5);
                assert_no_item(&queue);
                join_all(&task, 1);
                assert_int_equal(turn.rc, 0);
                assert_int_equal(turn.item, 5);
                eddy_queue_finish(&queue);
        }
}

COROUTINE_TEST(gives_who_waits_the_best_of_a_burst)
{
        eddy_queue queue;
        struct turn turns[2] = {{.queue = &queue}, {.queue = &queue}};
        eddy_task *tasks[2];

        eddy_priority_queue_init(&queue, sizeof(int), 0, compare_ints);
        start(tasks, get_one, turns, 2);
        for (int i = 9; i > 0; i--)
                put_now(&queue, i);
        assert_int_equal(eddy_queue_size(&queue), 7);
        join_all(tasks, 2);
        assert_int_equal(turns[0].item, 1);
        assert_int_equal(turns[1].item, 2);
        assert_int_equal(get_now(&queue), 3);
        eddy_queue_finish(&queue);
}

COROUTINE_TEST(gives_promised_items_room_to_the_putters_that_wait)
{
        eddy_queue queue;
        struct turn getters[2] = {{.queue = &queue}, {.queue = &queue}}, putter = {.queue = &queue, .item = 1};
        eddy_task *tasks[2], *task;

        eddy_priority_queue_init(&queue, sizeof(int), 1, compare_ints);
        start(tasks, get_one, getters, 1);
        put_now(&queue, 5); /* promised; the queue is full all the same */
        assert_true(eddy_queue_full(&queue));
        task = eddy_create_task(put_one, &putter);
        join_all(tasks, 1);
        eddy_join(task, NULL);
        assert_int_equal(getters[0].item, 5);
        assert_int_equal(get_now(&queue), 1);
        /* More getters than room: those for whom there is none are given theirs at once. */
        start(tasks, get_one, getters, 2);
        put_now(&queue, 8);
        put_now(&queue, 7);
        assert_int_equal(eddy_queue_put_nowait(&queue, &(int){6}), EDDY_EQUEUEFULL);
        join_all(tasks, 2);
        assert_int_equal(getters[0].item, 8);
        assert_int_equal(getters[1].item, 7);
        assert_no_item(&queue);
        eddy_queue_finish(&queue);
}

COROUTINE_TEST(gives_without_memory_to_who_waits)
{
        eddy_queue queue;
        struct turn turn = {.queue = &queue};
        eddy_task *task;

        eddy_lifo_queue_init(&queue, sizeof(int), 0);
        start(&task, get_one, &turn, 1);
        fault_arm(1, 1);
        put_now(&queue, 5);
        fault_arm(0, 0);
        join_all(&task, 1);
        assert_int_equal(turn.item, 5);
        eddy_queue_finish(&queue);
}

/* Unbuffered. */

COROUTINE_TEST(meets_without_a_buffer)
{
        eddy_queue queue;
        struct turn putter = {.queue = &queue, .item = 5}, getter = {.queue = &queue};
        eddy_task *task;

        eddy_unbuffered_queue_init(&queue, sizeof(int));
        assert_int_equal(eddy_queue_maxsize(&queue), 0);
        assert_true(eddy_queue_full(&queue));
        assert_no_item(&queue);
        assert_int_equal(eddy_queue_put_nowait(&queue, &(int){1}), EDDY_EQUEUEFULL);
        start(&task, put_one, &putter, 1);
        assert_int_equal(eddy_queue_size(&queue), 0);
        assert_false(eddy_queue_empty(&queue));
        assert_false(eddy_done(task));
        assert_int_equal(get_now(&queue), 5);
        join_all(&task, 1);
        assert_int_equal(putter.rc, 0);
        assert_no_item(&queue);
        start(&task, get_one, &getter, 1);
        assert_false(eddy_queue_full(&queue));
        put_now(&queue, 6);
        assert_true(eddy_queue_full(&queue));
        join_all(&task, 1);
        assert_int_equal(getter.item, 6);
        eddy_queue_finish(&queue);
}

/* Cancellation. */

COROUTINE_TEST(does_not_serve_a_getter_that_was_cancelled)
{
        eddy_queue queue;
        struct turn turns[2] = {{.queue = &queue, .item = 77}, {.queue = &queue}};
        eddy_task *tasks[2];

        eddy_queue_init(&queue, sizeof(int), 8);
        start(tasks, get_one, turns, 2);
        eddy_cancel(tasks[0]);
        put_now(&queue, 1); /* before it has run */
        join_all(tasks, 2);
        assert_int_equal(turns[0].rc, EDDY_CANCELLED);
        assert_int_equal(turns[0].item, 77);
        assert_int_equal(turns[1].rc, 0);
        assert_int_equal(turns[1].item, 1);
        assert_no_item(&queue);
        eddy_queue_finish(&queue);
}

static intptr_t get_twice(void *arg)
{
        struct turn *turn = arg;

        turn->rc = eddy_queue_get(turn->queue, &turn->item);
        return eddy_queue_get(turn->queue, &(int){0});
}

COROUTINE_TEST(gives_a_getter_what_came_before_its_cancellation)
{
        for (int ordered = 0; ordered <= 1; ordered++) {
                eddy_queue queue;
                struct turn turn = {.queue = &queue};
                eddy_task *task;
                intptr_t result;

                if (ordered)
                        eddy_lifo_queue_init(&queue, sizeof(int), 8);
                else
                        eddy_queue_init(&queue, sizeof(int), 8);
                start(&task, get_twice, &turn, 1);
                put_now(&queue, 1);
                eddy_cancel(task); /* in the same iteration */
                eddy_join(task, &result);
                assert_int_equal(turn.rc, 0);
                assert_int_equal(turn.item, 1);
                assert_int_equal(result, EDDY_CANCELLED); /* and nothing is forgotten */
                assert_no_item(&queue);
                eddy_queue_finish(&queue);
        }
}

COROUTINE_TEST(has_no_item_of_a_putter_that_was_cancelled)
{
        for (size_t room = 0; room <= 1; room++) {
                eddy_queue queue;
                struct turn turns[2] = {{.queue = &queue, .item = 1}, {.queue = &queue, .item = 2}};
                eddy_task *tasks[2];

                if (room == 0) {
                        eddy_unbuffered_queue_init(&queue, sizeof(int));
                } else {
                        eddy_queue_init(&queue, sizeof(int), room);
                        put_now(&queue, 0);
                }
                start(tasks, put_one, turns, 2);
                eddy_cancel(tasks[0]);
                if (room > 0)
                        assert_int_equal(get_now(&queue), 0);
                assert_int_equal(get_now(&queue), 2);
                assert_no_item(&queue);
                join_all(tasks, 2);
                assert_int_equal(turns[0].rc, EDDY_CANCELLED);
                assert_int_equal(turns[1].rc, 0);
                eddy_queue_finish(&queue);
        }
}

COROUTINE_TEST(tells_a_putter_what_was_taken_before_its_cancellation)
{
        for (size_t room = 0; room <= 1; room++) {
                eddy_queue queue;
                struct turn turn = {.queue = &queue, .item = 1};
                eddy_task *task;

                if (room == 0) {
                        eddy_unbuffered_queue_init(&queue, sizeof(int));
                } else {
                        eddy_queue_init(&queue, sizeof(int), room);
                        put_now(&queue, 0);
                }
                start(&task, put_one, &turn, 1);
                if (room > 0)
                        assert_int_equal(get_now(&queue), 0);
                else
                        assert_int_equal(get_now(&queue), 1);
                eddy_cancel(task);
                join_all(&task, 1);
                assert_int_equal(turn.rc, 0);
                if (room > 0)
                        assert_int_equal(get_now(&queue), 1);
                assert_no_item(&queue);
                eddy_queue_finish(&queue);
        }
}

static intptr_t use_while_interrupted(void *arg)
{
        eddy_queue *queue = arg;
        int item = 0;

        assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_CANCELLED);
        trail_clear();
        eddy_call_soon(eddy_running_loop(), NULL, note, "x");
        assert_int_equal(eddy_queue_get(queue, &item), EDDY_CANCELLED);
        /* Nor is what needs no waiting done, but by what never waits. */
        assert_int_equal(eddy_queue_join(queue), EDDY_CANCELLED);
        assert_int_equal(eddy_queue_put(queue, &(int){1}), EDDY_CANCELLED);
        assert_true(eddy_queue_empty(queue));
        assert_int_equal(eddy_queue_put_nowait(queue, &(int){1}), 0);
        assert_int_equal(eddy_queue_put(queue, &(int){2}), EDDY_CANCELLED);
        assert_int_equal(eddy_queue_get(queue, &item), EDDY_CANCELLED);
        assert_int_equal(item, 0);
        assert_int_equal(eddy_queue_get_nowait(queue, &item), 0);
        assert_int_equal(item, 1);
        assert_trail(""); /* nobody else ran meanwhile */
        return 0;
}

COROUTINE_TEST(refuses_to_wait_once_cancelled)
{
        eddy_queue queue;
        eddy_task *task = eddy_create_task(use_while_interrupted, &queue);
        intptr_t result;

        eddy_queue_init(&queue, sizeof(int), 1);
        eddy_yield();
        eddy_cancel(task);
        eddy_join(task, &result);
        assert_int_equal(result, 0);
        eddy_queue_finish(&queue);
}

COROUTINE_TEST(has_a_deadline)
{
        eddy_queue queue;
        int item = 77, rc;

        eddy_queue_init(&queue, sizeof item, 1);
        EDDY_TIMEOUT_SCOPE(eddy_us(100))
                rc = eddy_queue_get(&queue, &item);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_int_equal(item, 77);
        put_now(&queue, 1);
        EDDY_TIMEOUT_SCOPE(eddy_us(100))
                rc = eddy_queue_put(&queue, &(int){2});
        assert_int_equal(rc, EDDY_TIMEOUT);
        EDDY_TIMEOUT_SCOPE(eddy_us(100))
                rc = eddy_queue_join(&queue);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_int_equal(get_now(&queue), 1);
        assert_no_item(&queue);
        eddy_queue_finish(&queue);
}

/* Work that is done. */

COROUTINE_TEST(joins_when_all_work_is_done)
{
        eddy_queue queue;
        struct turn turns[2] = {{.queue = &queue, .letter = 'a'}, {.queue = &queue, .letter = 'b'}};
        eddy_task *tasks[2];

        trail_clear();
        eddy_queue_init(&queue, sizeof(int), 8);
        assert_int_equal(eddy_queue_join(&queue), 0);
        put_now(&queue, 1);
        put_now(&queue, 2);
        start(tasks, join_it, turns, 2);
        get_now(&queue);
        get_now(&queue);
        assert_int_equal(eddy_queue_task_done(&queue), 0);
        eddy_yield();
        assert_trail("");
        assert_int_equal(eddy_queue_task_done(&queue), 0);
        join_all(tasks, 2);
        assert_trail("ab");
        assert_int_equal(turns[0].rc, 0);
        assert_int_equal(eddy_queue_task_done(&queue), EDDY_EINVALIDSTATE);
        assert_non_null(strstr(eddy_error_detail(), "task_done"));
        eddy_queue_finish(&queue);
}

/* An item counts from when it is in, whichever way that came. */
COROUTINE_TEST(counts_work_however_an_item_came_in)
{
        eddy_queue bounded, unbuffered, ordered;
        eddy_queue *queues[] = {&bounded, &unbuffered, &ordered};

        eddy_queue_init(&bounded, sizeof(int), 1);
        eddy_unbuffered_queue_init(&unbuffered, sizeof(int));
        eddy_lifo_queue_init(&ordered, sizeof(int), 1);
        for (int i = 0; i < 3; i++) {
                struct turn getter = {.queue = queues[i]}, putters[2];
                eddy_task *task, *tasks[2];

                start(&task, get_one, &getter, 1);
                put_now(queues[i], 1);
                join_all(&task, 1);
                assert_int_equal(eddy_queue_task_done(queues[i]), 0);
                assert_int_equal(eddy_queue_task_done(queues[i]), EDDY_EINVALIDSTATE);
                putters[0] = putters[1] = getter;
                start(tasks, put_one, putters, 2);
                get_now(queues[i]);
                get_now(queues[i]);
                join_all(tasks, 2);
                assert_int_equal(eddy_queue_task_done(queues[i]), 0);
                assert_int_equal(eddy_queue_task_done(queues[i]), 0);
                assert_int_equal(eddy_queue_task_done(queues[i]), EDDY_EINVALIDSTATE);
                eddy_queue_finish(queues[i]);
        }
}

/* The end. */

COROUTINE_TEST(drains_when_shut_down)
{
        eddy_queue queue;
        struct turn putter = {.queue = &queue, .item = 9};
        eddy_task *task;
        int item;

        eddy_queue_init(&queue, sizeof(int), 2);
        put_now(&queue, 1);
        put_now(&queue, 2);
        start(&task, put_one, &putter, 1);
        eddy_queue_shutdown(&queue, false);
        assert_int_equal(eddy_queue_put_nowait(&queue, &item), EDDY_ESHUTDOWN);
        assert_int_equal(eddy_queue_put(&queue, &item), EDDY_ESHUTDOWN);
        join_all(&task, 1);
        assert_int_equal(putter.rc, EDDY_ESHUTDOWN);
        assert_int_equal(get_now(&queue), 1);
        assert_int_equal(eddy_queue_get(&queue, &item), 0);
        assert_int_equal(item, 2);
        assert_int_equal(eddy_queue_get(&queue, &item), EDDY_ESHUTDOWN);
        assert_int_equal(eddy_queue_get_nowait(&queue, &item), EDDY_ESHUTDOWN);
        eddy_queue_shutdown(&queue, false);
        eddy_queue_finish(&queue);
}

COROUTINE_TEST(wakes_getters_when_shut_down)
{
        eddy_queue queue;
        struct turn turns[3] = {{.queue = &queue}, {.queue = &queue}, {.queue = &queue}};
        eddy_task *tasks[3];

        eddy_unbuffered_queue_init(&queue, sizeof(int));
        start(tasks, get_one, turns, 3);
        put_now(&queue, 1);
        eddy_queue_shutdown(&queue, false);
        join_all(tasks, 3);
        assert_int_equal(turns[0].rc, 0);
        assert_int_equal(turns[0].item, 1);
        assert_int_equal(turns[1].rc, EDDY_ESHUTDOWN);
        assert_int_equal(turns[2].rc, EDDY_ESHUTDOWN);
        eddy_queue_finish(&queue);
}

COROUTINE_TEST(drops_what_is_in_it_when_shut_down_at_once)
{
        eddy_queue queue;
        struct turn joiner = {.queue = &queue}, putter = {.queue = &queue, .item = 9};
        eddy_task *tasks[2];

        eddy_queue_init(&queue, sizeof(int), 3);
        for (int i = 0; i < 3; i++)
                put_now(&queue, i);
        get_now(&queue); /* somebody works on it */
        put_now(&queue, 3);
        start(&tasks[0], join_it, &joiner, 1);
        start(&tasks[1], put_one, &putter, 1);
        eddy_queue_shutdown(&queue, true);
        assert_true(eddy_queue_empty(&queue));
        assert_int_equal(eddy_queue_get_nowait(&queue, &(int){0}), EDDY_ESHUTDOWN);
        eddy_join(tasks[1], NULL);
        assert_int_equal(putter.rc, EDDY_ESHUTDOWN);
        assert_false(eddy_done(tasks[0]));
        assert_int_equal(eddy_queue_task_done(&queue), 0);
        eddy_join(tasks[0], NULL);
        assert_int_equal(joiner.rc, 0);
        eddy_queue_finish(&queue);
}

COROUTINE_TEST(wakes_who_joins_when_shut_down_at_once)
{
        eddy_queue queue;
        struct turn joiner = {.queue = &queue};
        eddy_task *task;

        eddy_lifo_queue_init(&queue, sizeof(int), 0);
        for (int i = 0; i < 3; i++)
                put_now(&queue, i);
        start(&task, join_it, &joiner, 1);
        eddy_queue_shutdown(&queue, false);
        eddy_yield();
        assert_false(eddy_done(task));
        eddy_queue_shutdown(&queue, true);
        join_all(&task, 1);
        assert_int_equal(joiner.rc, 0);
        assert_int_equal(eddy_queue_task_done(&queue), EDDY_EINVALIDSTATE);
        eddy_queue_finish(&queue);
}

COROUTINE_TEST(keeps_its_promises_when_shut_down_at_once)
{
        eddy_queue queue;
        struct turn turns[2] = {{.queue = &queue}, {.queue = &queue}};
        eddy_task *tasks[2];

        eddy_priority_queue_init(&queue, sizeof(int), 0, compare_ints);
        start(tasks, get_one, turns, 2);
        for (int i = 3; i > 0; i--)
                put_now(&queue, i);
        eddy_queue_shutdown(&queue, true);
        join_all(tasks, 2);
        assert_int_equal(turns[0].rc, 0);
        assert_int_equal(turns[0].item, 1);
        assert_int_equal(turns[1].item, 2);
        assert_int_equal(eddy_queue_task_done(&queue), 0);
        assert_int_equal(eddy_queue_task_done(&queue), 0);
        assert_int_equal(eddy_queue_task_done(&queue), EDDY_EINVALIDSTATE);
        eddy_queue_finish(&queue);
}

COROUTINE_TEST(wakes_all_who_wait_when_finished)
{
        for (int kind = 0; kind < 3; kind++) {
                eddy_queue *queue = malloc(sizeof *queue);
                struct turn getters[3] = {{.queue = queue}, {.queue = queue}, {.queue = queue}},
                            joiner = {.queue = queue};
                eddy_task *tasks[4];

                if (kind == 0)
                        eddy_queue_init(queue, sizeof(int), 2);
                else if (kind == 1)
                        eddy_unbuffered_queue_init(queue, sizeof(int));
                else
                        eddy_lifo_queue_init(queue, sizeof(int), 2);
                start(tasks, get_one, getters, 3);
                put_now(queue, 1);
                start(&tasks[3], join_it, &joiner, 1);
                put_now(queue, 2); /* given or promised to the second, who has not run */
                eddy_queue_finish(queue);
                eddy_queue_finish(queue);
                assert_int_equal(eddy_queue_put_nowait(queue, &(int){0}), EDDY_EFINISHED);
                assert_int_equal(eddy_queue_get_nowait(queue, &(int){0}), EDDY_EFINISHED);
                free(queue);
                join_all(tasks, 4);
                assert_int_equal(getters[0].rc, 0);
                assert_int_equal(getters[1].rc, 0);
                assert_int_equal(getters[1].item, 2);
                assert_int_equal(getters[2].rc, EDDY_EFINISHED);
                assert_int_equal(joiner.rc, EDDY_EFINISHED);
        }
}

COROUTINE_TEST(wakes_putters_when_finished)
{
        eddy_queue *queue = malloc(sizeof *queue);
        struct turn turns[2] = {{.queue = queue}, {.queue = queue}};
        eddy_task *tasks[2];

        eddy_queue_init(queue, sizeof(int), 1);
        put_now(queue, 0);
        start(tasks, put_one, turns, 2);
        get_now(queue); /* the first one's item is in */
        eddy_queue_finish(queue);
        free(queue);
        join_all(tasks, 2);
        assert_int_equal(turns[0].rc, 0);
        assert_int_equal(turns[1].rc, EDDY_EFINISHED);
}

/* Loops. */

TEST(belongs_to_the_loop_whose_tasks_wait)
{
        eddy_loop *one = new_loop(), *other = new_loop();
        eddy_queue queue;
        struct turn first = {.queue = &queue}, second = {.queue = &queue};
        eddy_task *tasks[2];

        eddy_queue_init(&queue, sizeof(int), 8);
        tasks[0] = eddy_task_create(&(eddy_task_options){.loop = one}, get_one, &first);
        tasks[1] = eddy_task_create(&(eddy_task_options){.loop = other}, get_one, &second);
        run_once(one);
        assert_false(eddy_done(tasks[0]));
        run_once(other);
        assert_int_equal(second.rc, EDDY_EWRONGLOOP);
        eddy_future_result(tasks[1], NULL);
        eddy_unref(tasks[1]);
        /* Without a loop nobody waits, and others may use it. */
        eddy_unref(tasks[0]);
        eddy_loop_destroy(one);
        tasks[1] = eddy_task_create(&(eddy_task_options){.loop = other}, get_one, &second);
        run_once(other);
        put_now(&queue, 3);
        run_once(other);
        assert_int_equal(second.rc, 0);
        assert_int_equal(second.item, 3);
        eddy_unref(tasks[1]);
        eddy_loop_destroy(other);
        eddy_queue_finish(&queue);
}

static void *put_from_elsewhere(void *arg)
{
        struct turn *turn = arg;

        turn->rc = eddy_queue_put_nowait(turn->queue, &turn->item);
        return NULL;
}

COROUTINE_TEST(refuses_another_thread_where_somebody_waits)
{
        eddy_queue queue;
        struct turn getter = {.queue = &queue}, intruder = {.queue = &queue, .item = 1};
        eddy_task *task;
        pthread_t thread;

        eddy_queue_init(&queue, sizeof(int), 8);
        start(&task, get_one, &getter, 1);
        assert_int_equal(pthread_create(&thread, NULL, put_from_elsewhere, &intruder), 0);
        pthread_join(thread, NULL);
        assert_int_equal(intruder.rc, EDDY_EWRONGLOOP);
        put_now(&queue, 2);
        join_all(&task, 1);
        assert_int_equal(getter.item, 2);
        eddy_queue_finish(&queue);
}

TEST(can_be_finished_after_its_loop)
{
        eddy_loop *loop = new_loop();
        eddy_queue queue;
        struct turn turn = {.queue = &queue};
        eddy_task *task = eddy_task_create(&(eddy_task_options){.loop = loop}, get_one, &turn);

        eddy_queue_init(&queue, sizeof(int), 8);
        run_once(loop);
        eddy_unref(task);
        eddy_loop_destroy(loop);
        assert_int_equal(eddy_queue_put_nowait(&queue, &(int){1}), EDDY_ELOOPCLOSED);
        eddy_queue_finish(&queue);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(gives_items_in_the_order_of_its_kind),
            cmocka_unit_test(holds_as_many_as_it_may),
            cmocka_unit_test(holds_any_number_without_maxsize),
            cmocka_unit_test(counts_items_that_are_nothing),
            cmocka_unit_test(allocates_once_where_it_has_bounds),
            cmocka_unit_test(says_that_there_is_no_memory),
            cmocka_unit_test(cannot_wait_outside_a_coroutine),
            cmocka_unit_test(serves_getters_in_the_order_in_which_they_came),
            cmocka_unit_test(serves_putters_in_the_order_in_which_they_came),
            cmocka_unit_test(lets_nobody_overtake_a_getter_that_was_woken),
            cmocka_unit_test(gives_who_waits_the_best_of_a_burst),
            cmocka_unit_test(gives_promised_items_room_to_the_putters_that_wait),
            cmocka_unit_test(gives_without_memory_to_who_waits),
            cmocka_unit_test(meets_without_a_buffer),
            cmocka_unit_test(does_not_serve_a_getter_that_was_cancelled),
            cmocka_unit_test(gives_a_getter_what_came_before_its_cancellation),
            cmocka_unit_test(has_no_item_of_a_putter_that_was_cancelled),
            cmocka_unit_test(tells_a_putter_what_was_taken_before_its_cancellation),
            cmocka_unit_test(refuses_to_wait_once_cancelled),
            cmocka_unit_test(has_a_deadline),
            cmocka_unit_test(joins_when_all_work_is_done),
            cmocka_unit_test(counts_work_however_an_item_came_in),
            cmocka_unit_test(drains_when_shut_down),
            cmocka_unit_test(wakes_getters_when_shut_down),
            cmocka_unit_test(drops_what_is_in_it_when_shut_down_at_once),
            cmocka_unit_test(wakes_who_joins_when_shut_down_at_once),
            cmocka_unit_test(keeps_its_promises_when_shut_down_at_once),
            cmocka_unit_test(wakes_all_who_wait_when_finished),
            cmocka_unit_test(wakes_putters_when_finished),
            cmocka_unit_test(belongs_to_the_loop_whose_tasks_wait),
            cmocka_unit_test(refuses_another_thread_where_somebody_waits),
            cmocka_unit_test(can_be_finished_after_its_loop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
