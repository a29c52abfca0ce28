#include "scenarios.h"

static int compare_ints(const void *a, const void *b)
{
        return *(const int *)a - *(const int *)b;
}

enum { ITEMS = 5 };

/** Two queues between a scenario and its helper. */
struct pair {
        eddy_queue there, back;
};

static intptr_t put_all(void *queue)
{
        int rc = 0;

        for (int i = ITEMS; i > 0 && rc == 0; i--)
                rc = eddy_queue_put(queue, &i);
        return rc;
}

static intptr_t get_all(void *queue)
{
        int item, rc;

        while ((rc = eddy_queue_get(queue, &item)) == 0)
                eddy_queue_task_done(queue);
        return rc == EDDY_ESHUTDOWN ? 0 : rc;
}

/** End a scenario's helper: the first of the two failures. */
static int close_group(eddy_group *group, int rc)
{
        int closed;

        if (rc < 0)
                eddy_group_cancel(group);
        closed = eddy_group_close(group);
        return closed < 0 ? closed : rc;
}

/** Get what another task puts. */
static int get_from_other(eddy_queue *queue)
{
        eddy_group group;
        int item, rc = 0;

        eddy_group_open(&group);
        eddy_group_start(&group, NULL, put_all, queue, NULL);
        for (int i = 0; i < ITEMS && rc == 0; i++)
                rc = eddy_queue_get(queue, &item);
        rc = close_group(&group, rc);
        eddy_queue_finish(queue);
        return rc;
}

/** Put what another task gets, and see it all done. */
static int put_to_other(eddy_queue *queue)
{
        eddy_group group;
        int rc;

        eddy_group_open(&group);
        eddy_group_start(&group, NULL, get_all, queue, NULL);
        rc = (int)put_all(queue);
        if (rc == 0)
                rc = eddy_queue_join(queue);
        eddy_queue_shutdown(queue, false);
        rc = close_group(&group, rc);
        eddy_queue_finish(queue);
        return rc;
}

static intptr_t getting(void *arg)
{
        eddy_queue queue;

        (void)arg;
        eddy_queue_init(&queue, sizeof(int), 2);
        return get_from_other(&queue);
}

static intptr_t getting_unbounded(void *arg)
{
        eddy_queue queue;

        (void)arg;
        eddy_lifo_queue_init(&queue, sizeof(int), 0);
        return get_from_other(&queue);
}

static intptr_t getting_by_priority(void *arg)
{
        eddy_queue queue;

        (void)arg;
        eddy_priority_queue_init(&queue, sizeof(int), 2, compare_ints);
        return get_from_other(&queue);
}

static intptr_t getting_unbuffered(void *arg)
{
        eddy_queue queue;

        (void)arg;
        eddy_unbuffered_queue_init(&queue, sizeof(int));
        return get_from_other(&queue);
}

static intptr_t putting(void *arg)
{
        eddy_queue queue;

        (void)arg;
        eddy_queue_init(&queue, sizeof(int), 2);
        return put_to_other(&queue);
}

static intptr_t putting_unbuffered(void *arg)
{
        eddy_queue queue;

        (void)arg;
        eddy_unbuffered_queue_init(&queue, sizeof(int));
        return put_to_other(&queue);
}

static intptr_t putting_unbounded(void *arg)
{
        eddy_queue queue;

        (void)arg;
        eddy_priority_queue_init(&queue, sizeof(int), 0, compare_ints);
        return put_to_other(&queue);
}

/** Gives back each item that comes, or may be late. */
static intptr_t return_all(void *arg)
{
        struct pair *queues = arg;
        int item;

        for (int i = 0; i < ITEMS; i++) {
                eddy_case cases[] = {eddy_case_get(&queues->there, &item), eddy_case_after(eddy_seconds(100))};
                int rc = eddy_select(cases, 2);

                if (rc == 0)
                        rc = cases[0].rc;
                if (rc == 0)
                        rc = eddy_queue_put(&queues->back, &item);
                if (rc < 0)
                        return rc;
        }
        return 0;
}

/** Put, get and see the other end, whichever comes. */
static int select_all(struct pair *queues, eddy_task *task)
{
        int item = 0, got, rc;
        eddy_case cases[] = {
            eddy_case_put(&queues->there, &item),
            eddy_case_get(&queues->back, &got),
            eddy_case_done(task, NULL),
        };

        while ((rc = eddy_select(cases, 3)) >= 0) {
                if (cases[rc].rc < 0)
                        return cases[rc].rc;
                if (rc == 0)
                        item++;
                if (rc == 2)
                        return eddy_select(&cases[2], 1);
        }
        return rc;
}

static intptr_t selecting(void *arg)
{
        struct pair queues;
        eddy_task *task;
        int rc;

        (void)arg;
        eddy_unbuffered_queue_init(&queues.there, sizeof(int));
        eddy_queue_init(&queues.back, sizeof(int), 1);
        task = eddy_create_task(return_all, &queues);
        rc = select_all(&queues, task);
        end_task(task);
        eddy_queue_finish(&queues.there);
        eddy_queue_finish(&queues.back);
        return rc < 0 ? rc : 0;
}

/** Nothing comes before its time is over. */
static intptr_t selecting_in_vain(void *arg)
{
        eddy_queue queue;
        int item, rc;
        eddy_case cases[] = {eddy_case_get(&queue, &item), eddy_case_after(eddy_us(100))};

        (void)arg;
        eddy_unbuffered_queue_init(&queue, sizeof(int));
        rc = eddy_select(cases, 2);
        eddy_queue_finish(&queue);
        return rc < 0 ? rc : rc == 1 ? 0 : -EINVAL;
}

const struct scenario scenarios[] = {
    {"getting", getting},
    {"getting unbounded", getting_unbounded},
    {"getting by priority", getting_by_priority},
    {"getting unbuffered", getting_unbuffered},
    {"putting", putting},
    {"putting unbuffered", putting_unbuffered},
    {"putting unbounded", putting_unbounded},
    {"selecting", selecting},
    {"selecting in vain", selecting_in_vain},
    {NULL, NULL},
};
