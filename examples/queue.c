/*
 * Workers that share the work in a queue: the example of asyncio's documentation, ten times as fast.
 *
 *         async def worker(name, queue):                         # asyncio
 *                 while True:
 *                         sleep_for = await queue.get()
 *                         await asyncio.sleep(sleep_for)
 *                         queue.task_done()
 *                         print(f'{name} has slept for {sleep_for:.2f} seconds')
 *
 *         await queue.join()
 *         for task in tasks:
 *                 task.cancel()
 *         await asyncio.gather(*tasks, return_exceptions=True)
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>

struct worker {
        int number;
        eddy_queue *queue;
};

static intptr_t work(void *arg)
{
        struct worker *self = arg;
        for (;;) {
                eddy_duration sleep_for;
                int rc = eddy_queue_get(self->queue, &sleep_for);
                if (rc == 0)
                        rc = eddy_sleep(sleep_for);
                if (rc < 0)
                        return rc;
                eddy_queue_task_done(self->queue);
                printf("worker-%d has slept for %.2f seconds\n", self->number, eddy_to_seconds(sleep_for));
        }
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_queue queue;
        eddy_queue_init(&queue, sizeof(eddy_duration), 0);
        eddy_duration total = 0;
        for (int i = 0; i < 20; i++) {
                eddy_duration sleep_for = eddy_ms(5 + rand() % 95);
                total += sleep_for;
                int rc = eddy_queue_put_nowait(&queue, &sleep_for);
                if (rc < 0) {
                        eddy_queue_finish(&queue);
                        return rc;
                }
        }

        eddy_task *tasks[3];
        for (int i = 0; i < 3; i++)
                tasks[i] = eddy_spawn(work, &(struct worker){i, &queue});
        eddy_time started = eddy_now();
        int rc = eddy_queue_join(&queue);
        eddy_duration slept = eddy_now() - started;

        for (int i = 0; i < 3; i++)
                eddy_cancel(tasks[i]);
        eddy_gather(tasks, 3, NULL, EDDY_RETURN_ERRORS);
        eddy_unref_all(tasks, 3);
        eddy_queue_finish(&queue);
        if (rc < 0)
                return rc;
        puts("====");
        printf("3 workers slept in parallel for %.2f seconds\n", eddy_to_seconds(slept));
        printf("total expected sleep time: %.2f seconds\n", eddy_to_seconds(total));
        return 0;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "queue: %s\n", eddy_strerror(rc));
        return rc < 0;
}
