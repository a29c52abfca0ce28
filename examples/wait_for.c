/*
 * Wait for a task for so long and no longer.
 *
 *         async def eternity():                                  # asyncio
 *                 await asyncio.sleep(3600)
 *                 print("yay!")
 *
 *         try:
 *                 await asyncio.wait_for(eternity(), timeout=0.02)
 *         except TimeoutError:
 *                 print("timeout!")
 */
#include <eddy.h>
#include <stdio.h>

static intptr_t eternity(void *arg)
{
        (void)arg;
        int rc = eddy_sleep(eddy_seconds(3600));
        if (rc == EDDY_CANCELLED)
                puts("eternity: cancelled");
        if (rc < 0)
                return rc;
        puts("yay!");
        return 0;
}

static intptr_t moment(void *arg)
{
        (void)arg;
        int rc = eddy_sleep(eddy_ms(10));
        return rc < 0 ? rc : 42;
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_task *slow = eddy_create_task(eternity, NULL);
        int rc = eddy_wait_for(slow, eddy_ms(20), NULL); /* a task that is late is cancelled */
        eddy_unref(slow);
        if (rc == EDDY_TIMEOUT)
                puts("timeout!");
        else if (rc < 0)
                return rc;

        intptr_t result;
        eddy_task *quick = eddy_create_task(moment, NULL);
        rc = eddy_wait_for(quick, eddy_seconds(10), &result);
        eddy_unref(quick);
        if (rc < 0)
                return rc;
        if (eddy_is_error(result))
                return result;
        printf("in time: %ld\n", (long)result);
        return 0;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "wait_for: %s\n", eddy_strerror(rc));
        return rc < 0;
}
