/*
 * A condition: workers wait until there is work, and the one who brings it notifies as many as it is for.
 *
 *         async with changed:                                    # asyncio
 *                 await changed.wait_for(lambda: jobs > 0 or closed)
 *                 ...
 *
 *         async with changed:
 *                 jobs += 2
 *                 changed.notify(2)
 */
#include <eddy.h>
#include <stdio.h>

struct desk {
        eddy_condition changed; /* and the lock for what follows */
        int jobs, done;
        bool closed;
};

static bool has_news(void *arg)
{
        struct desk *desk = arg;
        return desk->jobs > 0 || desk->closed;
}

/* Takes a job: 1, or 0 when there will be no more. */
static int take(struct desk *desk)
{
        int rc, taken = 0;
        EDDY_LOCK_SCOPE(eddy_condition_lock(&desk->changed), rc) {
                rc = eddy_condition_wait_for(&desk->changed, has_news, desk);
                if (rc == 0 && desk->jobs > 0) {
                        desk->jobs--;
                        taken = 1;
                }
        }
        return rc < 0 ? rc : taken;
}

static intptr_t worker(void *arg)
{
        struct desk *desk = arg;
        int rc;
        while ((rc = take(desk)) > 0) {
                rc = eddy_sleep(eddy_ms(5));
                if (rc < 0)
                        return rc;
                desk->done++;
        }
        return rc;
}

static int bring(struct desk *desk, int jobs)
{
        int rc;
        EDDY_LOCK_SCOPE(eddy_condition_lock(&desk->changed), rc) {
                desk->jobs += jobs;
                printf("%d jobs for %d workers\n", jobs, jobs);
                eddy_condition_notify(&desk->changed, (size_t)jobs);
        }
        return rc < 0 ? rc : eddy_sleep(eddy_ms(100));
}

static int close_desk(struct desk *desk)
{
        int rc;
        EDDY_LOCK_SCOPE(eddy_condition_lock(&desk->changed), rc) {
                desk->closed = true;
                eddy_condition_notify_all(&desk->changed);
        }
        return rc;
}

static intptr_t app(void *arg)
{
        (void)arg;
        struct desk desk = {.changed = EDDY_CONDITION_INIT};
        eddy_group group;
        eddy_group_open(&group);
        for (int i = 0; i < 3; i++)
                eddy_group_create_task(&group, worker, &desk, NULL);

        int rc = bring(&desk, 2);
        if (rc == 0)
                rc = bring(&desk, 3);
        if (rc == 0)
                rc = close_desk(&desk);
        if (rc < 0)
                eddy_group_cancel(&group);
        int closed = eddy_group_close(&group);
        if (closed < 0)
                return closed;
        printf("%d jobs done, %d left\n", desk.done, desk.jobs);
        return rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "condition: %s\n", eddy_explain(rc));
        return rc < 0;
}
