/*
 * A fast producer, a slow consumer, and between them a queue with room for two, which makes the producer wait.
 * Shutting it down says that nothing more comes.
 *
 *         async def consume(queue):                              # asyncio
 *                 try:
 *                         while True:
 *                                 await cook(await queue.get())
 *                 except asyncio.QueueShutDown:
 *                         pass
 */
#include <eddy.h>
#include <stdio.h>

struct order {
        int number;
        const char *dish;
};

static intptr_t consume(void *queue)
{
        struct order order;
        int rc;
        while ((rc = eddy_queue_get(queue, &order)) == 0) {
                rc = eddy_sleep(eddy_ms(5));
                if (rc < 0)
                        return rc;
                printf("order %d is served: %s\n", order.number, order.dish);
        }
        return rc == EDDY_ESHUTDOWN ? 0 : rc; /* all that was in the queue is served */
}

static int produce(eddy_queue *queue)
{
        static const char *const dishes[] = {"soup", "fish", "rice", "beans", "cake"};
        for (int i = 0; i < 5; i++) {
                int rc = eddy_queue_put(queue, &(struct order){i + 1, dishes[i]});
                if (rc < 0)
                        return rc;
        }
        puts("the kitchen closes");
        eddy_queue_shutdown(queue, false);
        return 0;
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_queue queue;
        int rc = eddy_queue_init(&queue, sizeof(struct order), 2);
        if (rc < 0)
                return rc;
        eddy_group consumers;
        eddy_group_open(&consumers); /* as many as you like */
        eddy_group_create_task(&consumers, consume, &queue, NULL);
        rc = produce(&queue);
        if (rc < 0)
                eddy_group_cancel(&consumers);
        int closed = eddy_group_close(&consumers); /* waits for them */
        eddy_queue_finish(&queue);
        return closed < 0 ? closed : rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "producer_consumer: %s\n", eddy_strerror(rc));
        return rc < 0;
}
