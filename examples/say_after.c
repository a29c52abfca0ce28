/*
 * Two coroutines, one after the other and then both at once, as in asyncio's documentation.
 *
 *         async def say_after(delay, what):                      # asyncio
 *                 await asyncio.sleep(delay)
 *                 print(what)
 *
 *         await say_after(1, 'hello')
 *         await say_after(2, 'world')
 *
 *         task1 = asyncio.create_task(say_after(1, 'hello'))
 *         task2 = asyncio.create_task(say_after(2, 'world'))
 *         await task1
 *         await task2
 */
#include <eddy.h>
#include <stdio.h>
#include <time.h>

static void print_time(const char *what)
{
        char text[16];
        time_t now = time(NULL);
        strftime(text, sizeof text, "%X", localtime(&now));
        printf("%s at %s\n", what, text);
}

static int say_after(eddy_duration delay, const char *what)
{
        int rc = eddy_sleep(delay);
        if (rc == 0)
                puts(what);
        return rc;
}

/* A function is awaited by calling it; to run beside others it becomes a task. */
struct saying {
        eddy_duration delay;
        const char *what;
};

static intptr_t say(void *arg)
{
        struct saying *saying = arg;
        return say_after(saying->delay, saying->what);
}

static intptr_t app(void *arg)
{
        (void)arg;
        print_time("started");
        int rc = say_after(eddy_ms(10), "hello");
        if (rc == 0)
                rc = say_after(eddy_ms(20), "world");
        if (rc < 0)
                return rc;
        print_time("finished");

        eddy_task *task1 = eddy_spawn(say, &(struct saying){eddy_ms(10), "hello"});
        eddy_task *task2 = eddy_spawn(say, &(struct saying){eddy_ms(20), "world"});
        print_time("started");
        rc = eddy_join(task1, NULL);
        int rc2 = eddy_join(task2, NULL);
        if (rc < 0 || rc2 < 0)
                return rc < 0 ? rc : rc2;
        print_time("finished");
        return 0;
}

int main(void)
{
        return eddy_run(app, NULL) < 0;
}
