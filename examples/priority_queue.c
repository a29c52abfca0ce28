/*
 * What is most urgent comes first, and of what is equally urgent what was put first.
 *
 *         queue = asyncio.PriorityQueue()                        # asyncio
 *         queue.put_nowait((2, 'water the plants'))
 *         _, what = queue.get_nowait()
 */
#include <eddy.h>
#include <stdio.h>

struct chore {
        int urgency; /* least first */
        const char *what;
};

static int compare_urgency(const void *a, const void *b)
{
        const struct chore *left = a, *right = b;
        return (left->urgency > right->urgency) - (left->urgency < right->urgency);
}

static intptr_t do_chores(void *queue)
{
        struct chore chore;
        int rc;
        while ((rc = eddy_queue_get(queue, &chore)) == 0)
                printf("%d %s\n", chore.urgency, chore.what);
        return rc == EDDY_ESHUTDOWN ? 0 : rc;
}

static intptr_t app(void *arg)
{
        (void)arg;
        static const struct chore chores[] = {
            {2, "water the plants"}, {3, "read the news"}, {1, "put out the fire"}, {2, "feed the cat"}};
        eddy_queue queue;
        eddy_priority_queue_init(&queue, sizeof(struct chore), 0, compare_urgency);

        eddy_task *helper = eddy_create_task(do_chores, &queue);
        int rc =
            eddy_yield(); /* it waits already; of several that come at once it gets the most urgent first */
        for (int i = 0; i < 4 && rc == 0; i++)
                rc = eddy_queue_put(&queue, &chores[i]);
        eddy_queue_shutdown(&queue, false);
        int joined = eddy_join(helper, NULL);
        eddy_queue_finish(&queue);
        return rc < 0 ? rc : joined;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "priority_queue: %s\n", eddy_strerror(rc));
        return rc < 0;
}
