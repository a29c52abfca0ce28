/* src/sync */
#include "interruption.h"

static void try_eddy_queue_put(void)
{
        eddy_queue queue;

        eddy_queue_init(&queue, sizeof(int), 0);
        assert_refused(eddy_queue_put(&queue, &(int){1}));
        assert_int_equal(eddy_queue_size(&queue), 0);
        assert_int_equal(eddy_queue_put(&queue, &(int){1}), 0);
        eddy_queue_finish(&queue);
}

static void try_eddy_queue_get(void)
{
        eddy_queue queue;
        int item = 0;

        eddy_queue_init(&queue, sizeof(int), 0);
        eddy_queue_put(&queue, &(int){1});
        assert_refused(eddy_queue_get(&queue, &item));
        assert_int_equal(item, 0);
        assert_int_equal(eddy_queue_get(&queue, &item), 0);
        assert_int_equal(item, 1);
        eddy_queue_finish(&queue);
}

static void try_eddy_queue_join(void)
{
        eddy_queue queue;

        eddy_queue_init(&queue, sizeof(int), 0);
        assert_refused(eddy_queue_join(&queue));
        assert_int_equal(eddy_queue_join(&queue), 0);
        eddy_queue_finish(&queue);
}

static void try_eddy_select(void)
{
        eddy_queue queue;
        int item = 0;
        eddy_case cases[] = {eddy_case_get(&queue, &item), eddy_case_otherwise()};

        eddy_queue_init(&queue, sizeof(int), 0);
        assert_refused(eddy_select(cases, 2));
        eddy_queue_put(&queue, &(int){1});
        assert_refused(eddy_select(cases, 2));
        assert_int_equal(item, 0);
        assert_int_equal(eddy_select(cases, 2), 0);
        assert_int_equal(item, 1);
        eddy_queue_finish(&queue);
}

static void try_eddy_lock_acquire(void)
{
        eddy_lock lock = EDDY_LOCK_INIT;

        assert_refused(eddy_lock_acquire(&lock));
        assert_false(eddy_lock_locked(&lock));
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        assert_int_equal(eddy_lock_release(&lock), 0);
        assert_refused(eddy_lock_acquire(&lock));
        eddy_lock_finish(&lock);
}

static void try_eddy_event_wait(void)
{
        eddy_event event = EDDY_EVENT_INIT;

        assert_int_equal(eddy_event_set(&event), 0);
        assert_refused(eddy_event_wait(&event));
        assert_int_equal(eddy_event_wait(&event), 0);
        eddy_event_finish(&event);
}

static void try_eddy_condition_acquire(void)
{
        eddy_condition condition = EDDY_CONDITION_INIT;

        assert_refused(eddy_condition_acquire(&condition));
        assert_false(eddy_condition_locked(&condition));
        assert_int_equal(eddy_condition_acquire(&condition), 0);
        eddy_condition_release(&condition);
        eddy_condition_finish(&condition);
}

static void try_eddy_condition_wait(void)
{
        eddy_condition condition = EDDY_CONDITION_INIT;

        eddy_condition_acquire(&condition);
        assert_refused(eddy_condition_wait(&condition));
        assert_true(eddy_condition_locked(&condition));
        eddy_condition_release(&condition);
        eddy_condition_finish(&condition);
}

static bool hold(void *arg)
{
        (void)arg;
        return true;
}

static void try_eddy_condition_wait_for(void)
{
        eddy_condition condition = EDDY_CONDITION_INIT;

        eddy_condition_acquire(&condition);
        assert_refused(eddy_condition_wait_for(&condition, hold, NULL));
        assert_int_equal(eddy_condition_wait_for(&condition, hold, NULL), 0);
        eddy_condition_release(&condition);
        eddy_condition_finish(&condition);
}

static void try_eddy_semaphore_acquire(void)
{
        eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(1);

        assert_refused(eddy_semaphore_acquire(&semaphore));
        assert_int_equal(eddy_semaphore_value(&semaphore), 1);
        assert_int_equal(eddy_semaphore_acquire(&semaphore), 0);
        eddy_semaphore_release(&semaphore);
        eddy_semaphore_finish(&semaphore);
}

static void try_eddy_barrier_wait(void)
{
        eddy_barrier barrier;

        eddy_barrier_init(&barrier, 1);
        assert_refused(eddy_barrier_wait(&barrier));
        assert_int_equal(eddy_barrier_n_waiting(&barrier), 0);
        assert_int_equal(eddy_barrier_wait(&barrier), 0);
        eddy_barrier_finish(&barrier);
}

const struct row sync_rows[] = {
    ROW(eddy_queue_put),          ROW(eddy_queue_get),
    ROW(eddy_queue_join),         ROW(eddy_select),
    ROW(eddy_lock_acquire),       ROW(eddy_event_wait),
    ROW(eddy_condition_acquire),  ROW(eddy_condition_wait),
    ROW(eddy_condition_wait_for), ROW(eddy_semaphore_acquire),
    ROW(eddy_barrier_wait),       {.name = NULL},
};
