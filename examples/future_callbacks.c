/*
 * A future with callbacks, completed by another callback; no coroutine anywhere.
 *
 *         def got_result(future):                                # asyncio
 *                 print(future.result())
 *                 loop.stop()
 *
 *         future = loop.create_future()
 *         future.add_done_callback(got_result)
 *         loop.call_later(0.02, future.set_result, "the future is done")
 *         loop.run_forever()
 */
#include <eddy.h>
#include <stdio.h>

static void complete(void *arg)
{
        static const char text[] = "the future is done";
        puts("completing the future");
        eddy_future_set_result(arg, (intptr_t)text);
}

static void got_result(eddy_future *future, void *arg)
{
        intptr_t result;
        eddy_future_result(future, &result);
        if (eddy_is_error(result))
                printf("%s: %s\n", (const char *)arg, eddy_strerror(result));
        else
                printf("%s: %s\n", (const char *)arg, (const char *)result);
}

static void stop(eddy_future *future, void *loop)
{
        (void)future;
        eddy_loop_stop(loop);
}

int main(void)
{
        eddy_loop *loop;
        int rc = eddy_loop_create(&loop);
        if (rc < 0) {
                fprintf(stderr, "future_callbacks: %s\n", eddy_strerror(rc));
                return 1;
        }

        eddy_future *future = eddy_future_create(loop);
        rc = eddy_future_add_done_callback(future, got_result, "first"); /* in this order */
        if (rc == 0)
                rc = eddy_future_add_done_callback(future, got_result, "second");
        if (rc == 0)
                rc = eddy_future_add_done_callback(future, stop, loop);
        if (rc == 0)
                rc = eddy_call_later(loop, NULL, eddy_ms(20), complete, future);
        if (rc == 0)
                rc = eddy_loop_run_forever(loop);
        if (rc < 0)
                fprintf(stderr, "future_callbacks: %s\n", eddy_strerror(rc));

        eddy_unref(future);
        eddy_loop_destroy(loop);
        return rc < 0;
}
