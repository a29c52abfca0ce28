/*
 * Ctrl-C cancels the main coroutine, and with it everything that it started; clean-up runs.
 *
 *         async def worker(number):                              # asyncio
 *                 try:
 *                         while True:
 *                                 await asyncio.sleep(0.02)
 *                 finally:
 *                         await asyncio.shield(save(number))
 *
 *         async with asyncio.TaskGroup() as group:
 *                 for number in 1, 2, 3:
 *                         group.create_task(worker(number))
 */
#include <eddy.h>
#include <stdio.h>

static int save(int number)
{
        int rc = eddy_sleep(eddy_ms(10)); /* as if a file were written */
        if (rc == 0)
                printf("worker %d: saved\n", number);
        return rc;
}

static intptr_t worker(void *arg)
{
        int *number = arg;
        int rc;
        do
                rc = eddy_sleep(eddy_ms(20));
        while (rc == 0);

        printf("worker %d: %s\n", *number, eddy_errname(rc));
        int saved;
        EDDY_SHIELD_SCOPE
                saved = save(*number);
        return saved < 0 ? saved : rc;
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_group group;
        eddy_group_open(&group);
        for (int number = 1; number <= 3; number++)
                eddy_group_spawn(&group, worker, &number);
        puts("press Ctrl-C");
        fflush(stdout);
        return eddy_group_close(&group);
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (eddy_keyboard_interrupt()) {
                puts("goodbye");
                return 130; /* what a shell expects of a program that Ctrl-C ended */
        }
        if (rc < 0)
                fprintf(stderr, "ctrl_c: %s\n", eddy_strerror(rc));
        return rc < 0;
}
