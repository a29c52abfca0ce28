/* state-threads in the rows yield, yield_64, spawn_await and spawn_burst_1000. A burst of 1,000,000 is beyond
 * it: every thread maps a stack of its own. */
#include "../bench.h"
#include <st.h>
#include <stdlib.h>

#define YIELDS     1000000
#define SPAWNS     1000000
#define BATCH_SIZE 1000
#define BATCHES    1000

static void *yield_often(void *arg)
{
        for (long i = *(const long *)arg; i > 0; i--)
                st_usleep(0);
        return NULL;
}

static int yield_among(const char *row, size_t count)
{
        st_thread_t threads[64];
        long each = YIELDS / (long)count;

        double start = bench_now();
        for (size_t i = 0; i < count; i++)
                if (!(threads[i] = st_thread_create(yield_often, &each, 1, 0)))
                        return -1;
        for (size_t i = 0; i < count; i++)
                st_thread_join(threads[i], NULL);
        bench_each(row, bench_now() - start, (double)each * (double)count);
        return 0;
}

static void *return_at_once(void *arg)
{
        return arg;
}

static int spawn_await(void)
{
        double start = bench_now();
        for (long i = 0; i < SPAWNS; i++) {
                void *result;
                st_thread_t thread = st_thread_create(return_at_once, NULL, 1, 0);
                if (!thread || st_thread_join(thread, &result) < 0)
                        return -1;
        }
        bench_each("spawn_await", bench_now() - start, SPAWNS);
        return 0;
}

static int spawn_burst_1000(void)
{
        static st_thread_t threads[BATCH_SIZE];

        double start = bench_now();
        for (size_t batch = 0; batch < BATCHES; batch++) {
                for (size_t i = 0; i < BATCH_SIZE; i++)
                        if (!(threads[i] = st_thread_create(return_at_once, NULL, 1, 0)))
                                return -1;
                for (size_t i = 0; i < BATCH_SIZE; i++)
                        st_thread_join(threads[i], NULL);
        }
        bench_each("spawn_burst_1000", bench_now() - start, (double)BATCH_SIZE * BATCHES);
        return 0;
}

int main(int argc, char **argv)
{
        int rc = st_init();

        if (rc == 0 && bench_wants(argc, argv, "yield"))
                rc = yield_among("yield", 2);
        if (rc == 0 && bench_wants(argc, argv, "yield_64"))
                rc = yield_among("yield_64", 64);
        if (rc == 0 && bench_wants(argc, argv, "spawn_await"))
                rc = spawn_await();
        if (rc == 0 && bench_wants(argc, argv, "spawn_burst_1000"))
                rc = spawn_burst_1000();
        return rc != 0;
}
