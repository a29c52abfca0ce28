/*
 * Results in the order in which they come, not in the order in which they were asked for.
 *
 *         for earliest in asyncio.as_completed(tasks):           # asyncio
 *                 print(await earliest)
 */
#include <eddy.h>
#include <stdio.h>

static intptr_t fetch(void *arg)
{
        int *milliseconds = arg;
        int rc = eddy_sleep(eddy_ms(*milliseconds));
        return rc < 0 ? rc : *milliseconds;
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_task *tasks[] = {
            eddy_spawn(fetch, &(int){30}),
            eddy_spawn(fetch, &(int){10}),
            eddy_spawn(fetch, &(int){20}),
        };

        eddy_completion completion;
        int rc = eddy_as_completed(&completion, tasks, 3);
        if (rc == 0) {
                eddy_future *earliest;
                while ((rc = eddy_completion_next(&completion, &earliest)) > 0) {
                        intptr_t result;
                        eddy_future_result(earliest, &result);
                        printf("done: %ld\n", (long)result);
                }
                eddy_completion_close(&completion);
        }

        eddy_unref_all(tasks, 3);
        return rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "as_completed: %s\n", eddy_strerror(rc));
        return rc < 0;
}
