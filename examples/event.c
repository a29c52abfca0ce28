/*
 * The Event example of asyncio's documentation:
 *
 *         async def waiter(event):
 *                 print('waiting for it ...')
 *                 await event.wait()
 *                 print('... got it!')
 *
 *         async def main():
 *                 event = asyncio.Event()
 *                 waiter_task = asyncio.create_task(waiter(event))
 *                 await asyncio.sleep(1)
 *                 event.set()
 *                 await waiter_task
 */
#include <eddy.h>
#include <stdio.h>

static intptr_t waiter(void *event)
{
        puts("waiting for it ...");
        int rc = eddy_event_wait(event);
        if (rc == 0)
                puts("... got it!");
        return rc;
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_event event = EDDY_EVENT_INIT;

        eddy_task *waiter_task = eddy_create_task(waiter, &event);
        int rc = eddy_sleep(eddy_seconds(1));
        if (rc == 0)
                eddy_event_set(&event);
        else
                eddy_cancel(waiter_task);

        return eddy_join_value(waiter_task);
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "event: %s\n", eddy_explain(rc));
        return rc < 0;
}
