/*
 * Wait for several tasks in each of the three modes, and for a time. None of them cancels a task.
 *
 *         done, pending = await asyncio.wait(tasks, timeout=0.05) # asyncio
 *         done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
 *         done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
 *         done, pending = await asyncio.wait(tasks, return_when=asyncio.ALL_COMPLETED)
 */
#include <eddy.h>
#include <stdio.h>

#define COUNT 4

struct job {
        eddy_duration time;
        int outcome;
};

static intptr_t work(void *arg)
{
        struct job *job = arg;
        int rc = eddy_sleep(job->time);
        return rc < 0 ? rc : job->outcome;
}

static int show(const char *mode, eddy_task *tasks[], ssize_t done)
{
        if (done < 0)
                return (int)done;
        printf("%s: %zd done:", mode, done);
        for (int i = 0; i < COUNT; i++) {
                intptr_t result;
                if (eddy_future_result(tasks[i], &result) < 0)
                        printf(" ...");
                else if (eddy_is_error(result))
                        printf(" %s", eddy_errname(result));
                else
                        printf(" %d", (int)result);
        }
        puts("");
        return 0;
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_task *tasks[COUNT] = {
            eddy_spawn(work, &(struct job){eddy_ms(1000), 1}),
            eddy_spawn(work, &(struct job){eddy_ms(750), 2}),
            eddy_spawn(work, &(struct job){eddy_ms(500), -EIO}),
            eddy_spawn(work, &(struct job){eddy_ms(250), 4}),
        };

        ssize_t n = eddy_wait(tasks, COUNT, EDDY_ALL_COMPLETED, eddy_ms(1));
        int rc = show("after 1 ms", tasks, n);
        if (rc == 0) {
                n = eddy_wait(tasks, COUNT, EDDY_FIRST_COMPLETED, EDDY_FOREVER);
                rc = show("first completed", tasks, n);
        }
        if (rc == 0) {
                n = eddy_wait(tasks, COUNT, EDDY_FIRST_EXCEPTION, EDDY_FOREVER);
                rc = show("first exception", tasks, n);
        }
        if (rc == 0) {
                n = eddy_wait(tasks, COUNT, EDDY_ALL_COMPLETED, EDDY_FOREVER);
                rc = show("all completed", tasks, n);
        }

        eddy_unref_all(tasks, COUNT);
        return rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "wait_modes: %s\n", eddy_strerror(rc));
        return rc < 0;
}
