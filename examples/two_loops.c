/*
 * A coroutine that awaits what runs in another thread's loop, and what a plain thread comes to.
 *
 *         remote = asyncio.run_coroutine_threadsafe(add(1, 2), other)      # asyncio
 *         total = await asyncio.wrap_future(remote)
 *         first, second = await asyncio.gather(*map(asyncio.wrap_future, remotes))
 *         loop.call_soon_threadsafe(future.set_result, 42)                 # in a thread
 */
#include <eddy.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

struct pair {
        int x, y;
};

static intptr_t add(void *arg)
{
        struct pair *in = arg;
        int rc = eddy_sleep(eddy_ms(5));
        return rc < 0 ? rc : in->x + in->y;
}

static void *find_answer(void *future) /* a thread of our own, without a loop */
{
        while (eddy_future_set_result_threadsafe(future, 42) == -ENOMEM) /* somebody waits for it */
                sched_yield();
        return NULL;
}

static intptr_t ask(eddy_loop *other)
{
        intptr_t total = 0, sums[2];

        /* One, and what it is lent lies on this stack: cancelled, the call returns when nobody looks at it any more. */
        struct pair pair = {1, 2};
        eddy_remote *remote = eddy_run_coroutine_threadsafe(other, add, &pair);
        int rc = eddy_remote_await(remote, &total);
        eddy_remote_release(remote);
        if (rc < 0)
                return rc;
        printf("1 + 2 = %" PRIdPTR "\n", total);

        /* Several, as futures. */
        eddy_future *futures[2];
        for (int i = 0; i < 2; i++) {
                remote = eddy_spawn_threadsafe(other, add, &(struct pair){i, 10});
                futures[i] = eddy_wrap_remote(remote);
                eddy_remote_release(remote);
        }
        rc = eddy_gather(futures, 2, sums, 0);
        for (int i = 0; i < 2; i++)
                eddy_unref(futures[i]);
        if (rc == 0)
                printf("0 + 10 = %" PRIdPTR ", 1 + 10 = %" PRIdPTR "\n", sums[0], sums[1]);
        return rc;
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_loop_thread *second;
        int rc = eddy_loop_thread_start(&second, NULL);
        if (rc < 0)
                return rc;
        intptr_t result = ask(eddy_loop_thread_loop(second));
        eddy_loop_thread_destroy(second);
        if (eddy_is_error(result))
                return result;

        pthread_t thread;
        eddy_future *answer = eddy_future_create(NULL);
        if (!answer)
                return -ENOMEM;
        if (pthread_create(&thread, NULL, find_answer, eddy_ref(answer)) !=
            0) { /* a reference for the thread */
                eddy_unref(answer);
                eddy_unref(answer);
                return -EAGAIN;
        }
        rc = eddy_join(answer, &result);
        pthread_join(thread, NULL);
        printf("the answer: %" PRIdPTR "\n", rc < 0 ? rc : result);
        return rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (eddy_is_error(rc))
                fprintf(stderr, "two_loops: %s\n", eddy_explain(rc));
        return eddy_is_error(rc);
}
