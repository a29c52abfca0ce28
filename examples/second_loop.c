/*
 * A loop in a second thread, fed with coroutines from the first, which has none.
 *
 *         loop = asyncio.new_event_loop()                        # asyncio
 *         threading.Thread(target=loop.run_forever).start()
 *         future = asyncio.run_coroutine_threadsafe(add(1, 2), loop)
 *         try:
 *                 result = future.result(timeout)
 *         except TimeoutError:
 *                 future.cancel()
 */
#include <eddy.h>
#include <inttypes.h>
#include <stdio.h>

struct pair {
        int x, y;
};

static intptr_t add(void *arg)
{
        struct pair *in = arg; /* the coroutine's own copy */
        int rc = eddy_sleep(eddy_ms(10));
        return rc < 0 ? rc : in->x + in->y;
}

static intptr_t wait_for_ever(void *arg)
{
        (void)arg;
        return eddy_sleep(EDDY_FOREVER);
}

int main(void)
{
        eddy_loop_thread *thread;
        int rc = eddy_loop_thread_start(&thread, NULL);
        if (rc < 0) {
                fprintf(stderr, "second_loop: %s\n", eddy_explain(rc));
                return 1;
        }
        eddy_loop *loop = eddy_loop_thread_loop(thread);

        eddy_remote *sums[3]; /* three at once */
        for (int i = 0; i < 3; i++)
                sums[i] = eddy_spawn_threadsafe(loop, add, &(struct pair){i, 10});
        for (int i = 0; i < 3; i++) {
                intptr_t result;
                rc = eddy_remote_wait(sums[i], eddy_seconds(10), &result);
                printf("%d + 10 = %" PRIdPTR "\n", i, rc < 0 ? rc : result);
                eddy_remote_release(sums[i]);
        }

        intptr_t result;
        eddy_remote *slow = eddy_run_coroutine_threadsafe(loop, wait_for_ever, NULL);
        rc = eddy_remote_wait(slow, eddy_ms(20), &result);
        printf("the first wait: %s\n", eddy_errname(rc));
        eddy_remote_cancel(slow);
        rc = eddy_remote_wait(slow, eddy_seconds(10), &result);
        printf("the second: %s, the coroutine: %s\n", eddy_errname(rc), eddy_errname(result));
        eddy_remote_release(slow);

        eddy_loop_thread_destroy(thread); /* cancels what is left, and waits */
        return 0;
}
