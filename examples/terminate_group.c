/*
 * A task that fails on purpose ends a whole group, as in asyncio's documentation.
 *
 *         class TerminateTaskGroup(Exception): ...               # asyncio
 *
 *         try:
 *                 async with TaskGroup() as group:
 *                         group.create_task(job(1, 0.5))
 *                         group.create_task(job(2, 1.5))
 *                         await asyncio.sleep(1)
 *                         group.create_task(force_terminate_task_group())
 *         except* TerminateTaskGroup:
 *                 pass
 */
#include <eddy.h>
#include <stdio.h>

enum { TERMINATE = -EINTR }; /* any error that no job returns */

struct job {
        int id;
        eddy_duration sleep_time;
};

static intptr_t job(void *arg)
{
        struct job *in = arg;
        printf("Task %d: start\n", in->id);
        int rc = eddy_sleep(in->sleep_time);
        if (rc == 0)
                printf("Task %d: done\n", in->id);
        return rc;
}

static intptr_t force_terminate(void *arg)
{
        (void)arg;
        return TERMINATE;
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_group group;
        eddy_group_open(&group);
        eddy_group_spawn(&group, job, &(struct job){1, eddy_ms(5)});
        eddy_group_spawn(&group, job, &(struct job){2, eddy_seconds(3600)});
        if (eddy_sleep(eddy_ms(50)) == 0)
                eddy_group_create_task(&group, force_terminate, NULL, NULL);
        int rc = eddy_group_close(&group);
        return rc == TERMINATE ? 0 : rc;
}

int main(void)
{
        return eddy_run(app, NULL) < 0;
}
