/*
 * Work on threads: of the loop's default executor, and of one's own.
 *
 *         loop = asyncio.get_running_loop()                      # asyncio
 *         result = await loop.run_in_executor(None, blocking_io)
 *         print("default thread pool", result)
 *
 *         with concurrent.futures.ThreadPoolExecutor() as pool:
 *                 result = await loop.run_in_executor(pool, cpu_bound)
 *                 print("custom thread pool", result)
 */
#include <eddy.h>
#include <inttypes.h>
#include <stdio.h>

/* Files can block the loop: run this in a thread. */
static intptr_t blocking_io(void *arg)
{
        (void)arg;
        FILE *file = fopen("/dev/zero", "rb");
        if (!file)
                return eddy_fail(-ENOENT, "there is no /dev/zero");
        char bytes[100];
        size_t n = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        return (intptr_t)n;
}

/* So can long computations. */
static intptr_t cpu_bound(void *arg)
{
        intptr_t sum = 0;
        for (intptr_t i = 0; i < *(intptr_t *)arg; i++)
                sum += i * i;
        return sum;
}

static intptr_t app(void *arg)
{
        (void)arg;
        intptr_t result;
        int rc = eddy_join(eddy_run_in_executor(NULL, NULL, blocking_io, NULL), &result);
        if (rc < 0)
                return rc;
        printf("default executor: %" PRIdPTR " bytes\n", result);

        eddy_executor *executor;
        rc = eddy_executor_create(&executor, &(eddy_executor_options){.max_threads = 2, .name = "sums"});
        if (rc < 0)
                return rc;
        intptr_t limits[] = {1000, 100000}; /* each call's argument lives until its function has returned */
        eddy_future *sums[2];
        for (int i = 0; i < 2; i++)
                sums[i] = eddy_run_in_executor(NULL, executor, cpu_bound, &limits[i]);
        for (int i = 0; i < 2; i++) {
                int joined = eddy_join(sums[i], &result);
                if (joined == 0)
                        printf("own executor: %" PRIdPTR "\n", result);
                rc = rc < 0 ? rc : joined;
        }
        eddy_executor_destroy(executor); /* which waits for them, whatever happened */
        return rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "run_in_executor: %s\n", eddy_explain(rc));
        return rc < 0;
}
