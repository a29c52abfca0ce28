/* What tasks and timers cost as there are more of them.
 *
 *         eddy_scale spawn|yield|timers N
 *
 * `yield` tells also what memory each task holds. Few are measured so often that a clock can tell. */
#include "bench.h"
#include <eddy.h>
#include <stdlib.h>

/* How many operations are measured at least, where one round of N has fewer. */
enum { SPAWNS = 2000000, YIELDS = 4000000, TIMERS = 1000000, FIRES = 200000, FIRE_ROUNDS = 2000 };

static size_t n;

static size_t rounds_of(size_t operations)
{
        return (operations + n - 1) / n;
}

static intptr_t return_at_once(void *arg)
{
        return (intptr_t)arg;
}

/* Create n tasks, then await all of them. The first round is not measured, unless it is the only one. */
static int spawn(void)
{
        eddy_task **tasks = malloc(n * sizeof(eddy_task *));
        size_t rounds = rounds_of(SPAWNS);
        double start = 0;
        int rc = tasks ? 0 : -ENOMEM;

        for (size_t round = 0; round <= rounds && rc == 0; round++) {
                if (round == 1)
                        start = bench_cpu();
                for (size_t i = 0; i < n; i++)
                        tasks[i] = eddy_create_task(return_at_once, NULL);
                for (size_t i = 0; i < n; i++)
                        rc |= eddy_join(tasks[i], NULL);
        }
        bench_each("spawn", bench_cpu() - start, (double)(rounds * n));
        free(tasks);
        return rc;
}

/* Bytes of this process: resident, exactly, and of page tables. */
static double memory_now(void)
{
        static const struct {
                const char *path, *format;
        } sources[] = {{"/proc/self/smaps_rollup", "Rss: %ld"}, {"/proc/self/status", "VmPTE: %ld"}};
        double sum = 0;
        char line[256];
        long kib;

        for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
                FILE *file = fopen(sources[i].path, "r");
                while (file && fgets(line, sizeof line, file))
                        if (sscanf(line, sources[i].format, &kib) == 1)
                                sum += (double)kib * 1024;
                if (file)
                        fclose(file);
        }
        return sum;
}

static double memory_before; /* any of the tasks */

/* The first of n tasks tells what they hold, once all have begun, and what a round of yields then takes. */
static intptr_t yield_and_measure(void *arg)
{
        size_t rounds = rounds_of(YIELDS);
        bool first = arg;
        int rc = eddy_yield();

        if (first)
                bench_figure("bytes", (memory_now() - memory_before) / (double)n, "B");
        double start = bench_cpu();
        for (size_t i = 0; i < rounds && rc == 0; i++)
                rc = eddy_yield();
        if (first)
                bench_each("yield", bench_cpu() - start, (double)(rounds * n));
        return rc;
}

static int yield(void)
{
        static bool first;
        eddy_group group;
        int rc = 0;

        memory_now(); /* what it takes itself is there before */
        memory_before = memory_now();
        eddy_group_open(&group);
        for (size_t i = 0; i < n && rc == 0; i++)
                rc = eddy_group_create_task(&group, yield_and_measure, i == 0 ? &first : NULL, NULL);
        int closed = eddy_group_close(&group);
        return rc < 0 ? rc : closed;
}

static void count_down(void *arg)
{
        --*(size_t *)arg;
}

static int64_t random_delay(double span_ns)
{
        static uint64_t state = 88172645463325252u;

        return (int64_t)((double)(bench_random(&state) % 1000000) * span_ns / 1e6);
}

/* Deadlines are random within a minute. Every timer is set, then every one cancelled, in the order of setting. */
static int set_and_cancel(eddy_loop *loop, eddy_timer *timers)
{
        size_t rounds = rounds_of(TIMERS);
        int64_t *delays = malloc(n * sizeof *delays);
        eddy_time now = eddy_now();
        double start = 0;

        if (!delays)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                delays[i] = 1000000000 + random_delay(60e9);
        for (size_t round = 0; round <= rounds; round++) {
                if (round == 1)
                        start = bench_cpu();
                for (size_t i = 0; i < n; i++)
                        eddy_call_at(loop, &timers[i], now + eddy_ns(delays[i]), count_down, NULL);
                for (size_t i = 0; i < n; i++)
                        eddy_timer_cancel(&timers[i]);
        }
        bench_each("timer_set_cancel", bench_cpu() - start, (double)(rounds * n));
        free(delays);
        return 0;
}

/* Deadlines are 500 ns apart, in random order; the loop sees them when the last has passed. */
static int fire(eddy_loop *loop, eddy_timer *timers)
{
        size_t rounds = n < FIRES / FIRE_ROUNDS ? FIRE_ROUNDS : rounds_of(FIRES);
        double span = (double)n * 500, spent = 0;
        int rc = 0;

        for (size_t round = 0; round < rounds && rc == 0; round++) {
                eddy_time begin = eddy_now() + eddy_ns((int64_t)span),
                          end = begin + eddy_ns((int64_t)span + 10000);
                size_t left = n;

                for (size_t i = 0; i < n; i++)
                        eddy_call_at(loop, &timers[i], begin + eddy_ns(random_delay(span)), count_down, &left);
                while (eddy_now() < end)
                        ;
                double start = bench_now();
                while (left > 0 && rc == 0)
                        rc = eddy_yield();
                spent += bench_now() - start;
        }
        bench_each("timer_fire", spent, (double)(rounds * n));
        return rc;
}

static int timers(void)
{
        eddy_loop *loop = eddy_running_loop();
        eddy_timer *timers = calloc(n, sizeof *timers);
        int rc = timers ? set_and_cancel(loop, timers) : -ENOMEM;

        if (rc == 0)
                rc = fire(loop, timers);
        free(timers);
        return rc;
}

static intptr_t app(void *arg)
{
        static const struct {
                const char *name;
                int (*run)(void);
        } questions[] = {{"spawn", spawn}, {"yield", yield}, {"timers", timers}};

        for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++)
                if (strcmp(arg, questions[i].name) == 0)
                        return questions[i].run();
        return -EINVAL;
}

int main(int argc, char **argv)
{
        n = argc == 3 ? (size_t)atol(argv[2]) : 0;
        intptr_t rc = n > 0 ? eddy_run(app, argv[1]) : -EINVAL;
        if (rc < 0)
                fprintf(stderr, "%s\n", eddy_explain(rc));
        return rc < 0;
}
