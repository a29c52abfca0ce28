/*
 * A call that blocks, on another thread, while the loop goes on.
 *
 *         def blocking_io():                                     # asyncio
 *                 print(f"start blocking_io at {time.strftime('%X')}")
 *                 time.sleep(1)
 *                 print(f"blocking_io complete at {time.strftime('%X')}")
 *
 *         await asyncio.gather(asyncio.to_thread(blocking_io), asyncio.sleep(1))
 */
#include <eddy.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what)
{
        time_t now = time(NULL);
        struct tm parts;
        char text[16];
        strftime(text, sizeof text, "%X", localtime_r(&now, &parts));
        printf("%s at %s\n", what, text);
}

static intptr_t blocking_io(void *arg)
{
        (void)arg;
        say("start blocking_io");
        sleep(1); /* or a library that knows no loops */
        say("blocking_io complete");
        return 0;
}

static intptr_t do_blocking_io(void *arg)
{
        return eddy_to_thread(blocking_io, arg, NULL);
}

static intptr_t nap(void *arg)
{
        (void)arg;
        return eddy_sleep(eddy_seconds(1));
}

static intptr_t app(void *arg)
{
        (void)arg;
        say("started main");
        eddy_task *tasks[] = {eddy_create_task(do_blocking_io, NULL), eddy_create_task(nap, NULL)};
        int rc = eddy_gather(tasks, 2, NULL, 0);
        eddy_unref_all(tasks, 2);
        say("finished main");
        return rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "to_thread: %s\n", eddy_explain(rc));
        return rc < 0;
}
