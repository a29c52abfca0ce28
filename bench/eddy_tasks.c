/* eddy in the rows yield, yield_64, spawn_await, spawn_burst and spawn_burst_1000. */
#include "eddy_bench.h"

#define YIELDS  20000000
#define SPAWNS  5000000
#define BURST   1000000
#define BATCHES 1000

static intptr_t yield_often(void *arg)
{
        int rc = 0;
        for (long i = *(const long *)arg; i > 0 && rc == 0; i--)
                rc = eddy_yield();
        return rc;
}

/* The coroutine that awaits them is suspended meanwhile: only `count` tasks take turns. */
static int yield_among(const char *row, size_t count)
{
        eddy_task *tasks[64];
        long each = YIELDS / (long)count;
        int rc = 0;

        double start = bench_now();
        for (size_t i = 0; i < count; i++)
                tasks[i] = eddy_create_task(yield_often, &each);
        for (size_t i = 0; i < count; i++) {
                intptr_t result = 0;
                int joined = eddy_join(tasks[i], &result);
                if (joined < 0 || result < 0)
                        rc = -1;
        }
        if (rc == 0)
                bench_each(row, bench_now() - start, (double)each * (double)count);
        return rc;
}

static intptr_t return_at_once(void *arg)
{
        return (intptr_t)arg;
}

static int spawn_await(void)
{
        intptr_t sum = 0, result;

        double start = bench_now();
        for (intptr_t i = 0; i < SPAWNS; i++) {
                if (eddy_join(eddy_create_task(return_at_once, (void *)1), &result) < 0)
                        return -1;
                sum += result;
        }
        bench_each("spawn_await", bench_now() - start, SPAWNS);
        return sum == SPAWNS ? 0 : -1;
}

/* Create `size` tasks, then await all of them; `rounds` times. */
static int spawn_and_await(const char *row, size_t size, size_t rounds)
{
        eddy_task **tasks = malloc(size * sizeof(eddy_task *));
        size_t sum = 0;
        intptr_t result;

        if (!tasks)
                return -1;
        double start = bench_now();
        for (size_t round = 0; round < rounds; round++) {
                for (size_t i = 0; i < size; i++)
                        tasks[i] = eddy_create_task(return_at_once, (void *)1);
                for (size_t i = 0; i < size; i++)
                        if (eddy_join(tasks[i], &result) == 0)
                                sum += (size_t)result;
        }
        bench_each(row, bench_now() - start, (double)(size * rounds));
        free(tasks);
        return sum == size * rounds ? 0 : -1;
}

static int yield_2(void)
{
        return yield_among("yield", 2);
}

static int yield_64(void)
{
        return yield_among("yield_64", 64);
}

static int spawn_burst(void)
{
        return spawn_and_await("spawn_burst", BURST, 1);
}

static int spawn_burst_1000(void)
{
        return spawn_and_await("spawn_burst_1000", BURST / BATCHES, BATCHES);
}

static const bench_row rows[] = {
    {"yield", yield_2},
    {"yield_64", yield_64},
    {"spawn_await", spawn_await},
    {"spawn_burst", spawn_burst},
    {"spawn_burst_1000", spawn_burst_1000},
    {0},
};

int main(int argc, char **argv)
{
        (void)argc;
        return bench_run_rows(argv, rows);
}
