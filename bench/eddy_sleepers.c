/* eddy in the rows sleepers_wall and sleepers_bytes: a million coroutines asleep at once. */
#include "eddy_bench.h"
#include "memory.h"

#define SLEEPERS 1000000
#define ASLEEP   3.0 /* seconds that each asks for */

typedef struct sleepers {
        size_t begun, ended;
        double shortest; /* seconds of the coroutine that slept least */
} sleepers;

static intptr_t sleep_once(void *arg)
{
        sleepers *all = arg;
        double start = bench_now();

        all->begun++;
        int rc = eddy_sleep(eddy_seconds(ASLEEP));
        double slept = bench_now() - start;
        if (slept < all->shortest)
                all->shortest = slept;
        all->ended++;
        return rc;
}

static int fail(const char *why, double figure)
{
        fprintf(stderr, "%s: %.3f\n", why, figure);
        return -1;
}

static intptr_t app(void *arg)
{
        sleepers all = {.shortest = ASLEEP * 2};
        eddy_group group;
        int rc = 0;

        (void)arg;
        memory before = memory_now();
        double start = bench_now();
        eddy_group_open(&group);
        for (size_t i = 0; i < SLEEPERS && rc == 0; i++)
                rc = eddy_group_create_task(&group, sleep_once, &all, NULL);
        while (rc == 0 && all.begun < SLEEPERS)
                rc = eddy_yield();
        memory asleep = memory_now();
        size_t awake = all.ended;
        int closed = eddy_group_close(&group);
        double wall = bench_now() - start;

        fprintf(stderr, "%ld mappings, %.0f MiB resident, %.0f MiB page tables\n", asleep.mappings,
                asleep.resident / 1048576, asleep.page_tables / 1048576);
        if (rc < 0 || closed < 0)
                return fail(eddy_strerror(rc < 0 ? rc : closed), (double)all.begun);
        if (awake > 0)
                return fail("coroutines that woke before the last had begun", (double)awake);
        if (all.shortest < ASLEEP - 0.01)
                return fail("a coroutine that asked for 3 s slept only", all.shortest);
        if (asleep.mappings > 65530)
                return fail("more mappings than Linux grants by default", (double)asleep.mappings);
        bench_figure("sleepers_wall", wall, "s");
        bench_figure("sleepers_bytes",
                     (asleep.resident - before.resident + asleep.page_tables - before.page_tables) / SLEEPERS,
                     "B");
        return 0;
}

int main(void)
{
        return bench_run(app, NULL);
}
