/*
 * Cancel a task, and see it clean up, as in asyncio's documentation.
 *
 *         async def cancel_me():                                 # asyncio
 *                 print('cancel_me(): before sleep')
 *                 try:
 *                         await asyncio.sleep(3600)
 *                 except asyncio.CancelledError:
 *                         print('cancel_me(): cancel sleep')
 *                         raise
 *                 finally:
 *                         print('cancel_me(): after sleep')
 */
#include <eddy.h>
#include <stdio.h>

static intptr_t cancel_me(void *arg)
{
        (void)arg;
        puts("cancel_me(): before sleep");
        int rc = eddy_sleep(eddy_seconds(3600));
        if (rc == EDDY_CANCELLED)
                puts("cancel_me(): cancel sleep");
        puts("cancel_me(): after sleep");
        return rc;
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_task *task = eddy_create_task(cancel_me, NULL);
        int rc = eddy_sleep(eddy_ms(10));
        eddy_cancel(task);

        intptr_t result = 0;
        int joined = eddy_join(task, &result);
        if (joined == 0 && result == EDDY_CANCELLED)
                puts("main(): cancel_me is cancelled now");
        return rc < 0 ? rc : joined;
}

int main(void)
{
        return eddy_run(app, NULL) < 0;
}
