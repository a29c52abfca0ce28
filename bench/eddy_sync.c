/* eddy in the rows lock_pair and lock_handover. */
#include "eddy_bench.h"

#define PAIRS     100000000
#define HANDOVERS 20000000

static int lock_pair(void)
{
        eddy_lock lock = EDDY_LOCK_INIT;
        int rc = 0;

        double start = bench_now();
        for (long i = 0; i < PAIRS; i++) {
                rc |= eddy_lock_acquire(&lock);
                rc |= eddy_lock_release(&lock);
        }
        if (rc == 0)
                bench_each("lock_pair", bench_now() - start, PAIRS);
        return rc;
}

/* While one task holds the lock the other waits for it, so that each release hands it over. */
static intptr_t acquire_and_release(void *arg)
{
        eddy_lock *lock = arg;
        int rc = 0;

        for (long i = 0; i < HANDOVERS / 2 && rc == 0; i++) {
                rc = eddy_lock_acquire(lock);
                if (rc == 0)
                        rc = eddy_lock_release(lock);
        }
        return rc;
}

static int lock_handover(void)
{
        eddy_lock lock = EDDY_LOCK_INIT;
        eddy_group group;
        int rc = eddy_lock_acquire(&lock);

        if (rc < 0)
                return rc;
        double start = bench_now();
        eddy_group_open(&group);
        eddy_group_create_task(&group, acquire_and_release, &lock, NULL);
        eddy_group_create_task(&group, acquire_and_release, &lock, NULL);
        /* Both stand in line when it is released for the first time. */
        rc = eddy_yield();
        eddy_lock_release(&lock);
        int closed = eddy_group_close(&group);
        if (rc == 0 && closed == 0)
                bench_each("lock_handover", bench_now() - start, HANDOVERS);
        return rc < 0 ? rc : closed;
}

static const bench_row rows[] = {
    {"lock_pair", lock_pair},
    {"lock_handover", lock_handover},
    {0},
};

int main(int argc, char **argv)
{
        (void)argc;
        return bench_run_rows(argv, rows);
}
