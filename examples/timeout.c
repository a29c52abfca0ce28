/*
 * A deadline for what takes long, as in asyncio's documentation.
 *
 *         try:                                                   # asyncio
 *                 async with asyncio.timeout(10):
 *                         await long_running_task()
 *         except TimeoutError:
 *                 print("The long operation timed out, but we've handled it.")
 *
 *         print("This statement will run regardless.")
 */
#include <eddy.h>
#include <stdio.h>

static int long_running_task(void)
{
        return eddy_sleep(eddy_seconds(3600));
}

static intptr_t app(void *arg)
{
        (void)arg;
        int rc = 0;
        EDDY_TIMEOUT_SCOPE(eddy_ms(10))
                rc = long_running_task();
        if (rc == EDDY_TIMEOUT)
                puts("The long operation timed out, but we've handled it.");

        puts("This statement will run regardless.");

        eddy_timeout timeout; /* when the deadline is not known at first */
        rc = eddy_timeout_open(&timeout, EDDY_FOREVER);
        if (rc < 0)
                return rc;
        eddy_timeout_reschedule(&timeout, eddy_loop_time(eddy_running_loop()) + eddy_ms(10));
        long_running_task();
        eddy_timeout_close(&timeout);
        if (eddy_timeout_expired(&timeout))
                puts("Looks like we haven't finished on time.");
        return 0;
}

int main(void)
{
        return eddy_run(app, NULL) < 0;
}
