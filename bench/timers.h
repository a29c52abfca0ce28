/* The timer rows' one method, around each contestant's own set, cancel and run.
 *
 * timer_set, timer_cancel: deadlines are random over a minute, a second from now on; every timer is set, then
 * every timer is cancelled in the order of setting. A first round is not timed, so that memory is touched and
 * tables have grown. timer_fire, in a process of its own: deadlines are random over half a second, a second
 * from now on, so that all are set before the first is due; then the loop runs until all have fired. All
 * figures are processor time. */
#ifndef EDDY_BENCH_TIMERS_H
#define EDDY_BENCH_TIMERS_H

#include "bench.h"

#define TIMERS 1000000

/** What a contestant must be able to do; `i` counts its timers from 0. */
typedef struct timer_contestant {
        void (*refresh_clock)(void); /* called before each round of setting; may be NULL */
        void (*set)(size_t i, int64_t delay_ns);
        void (*cancel)(size_t i);
        size_t (*run)(void); /* run the loop until TIMERS callbacks have run; how many did */
} timer_contestant;

static inline int64_t *timers_delays(double span_seconds)
{
        int64_t *delays = malloc(TIMERS * sizeof *delays);
        uint64_t state = 88172645463325252u;

        if (!delays)
                exit(1);
        for (size_t i = 0; i < TIMERS; i++)
                delays[i] = 1000000000 + (int64_t)(bench_random(&state) % (uint64_t)(span_seconds * 1e9));
        return delays;
}

/* Inlined with a constant contestant, so that its functions are called as directly as a user would. */
__attribute__((always_inline)) static inline double timers_set(const timer_contestant *contestant,
                                                               const int64_t *delays)
{
        if (contestant->refresh_clock)
                contestant->refresh_clock();
        double start = bench_cpu();
        for (size_t i = 0; i < TIMERS; i++)
                contestant->set(i, delays[i]);
        return bench_cpu() - start;
}

__attribute__((always_inline)) static inline double timers_cancel(const timer_contestant *contestant)
{
        double start = bench_cpu();
        for (size_t i = 0; i < TIMERS; i++)
                contestant->cancel(i);
        return bench_cpu() - start;
}

__attribute__((always_inline)) static inline void timers_set_and_cancel(const timer_contestant *contestant)
{
        int64_t *delays = timers_delays(60);

        timers_set(contestant, delays);
        timers_cancel(contestant);
        bench_each("timer_set", timers_set(contestant, delays), TIMERS);
        bench_each("timer_cancel", timers_cancel(contestant), TIMERS);
        free(delays);
}

__attribute__((always_inline)) static inline void timers_fire(const timer_contestant *contestant)
{
        int64_t *delays = timers_delays(0.5);

        timers_set(contestant, delays);
        double start = bench_cpu();
        if (contestant->run() != TIMERS)
                exit(1);
        bench_each("timer_fire", bench_cpu() - start, TIMERS);
        free(delays);
}

/* Run the rows that the arguments name. */
__attribute__((always_inline)) static inline void timers_bench(int argc, char **argv,
                                                               const timer_contestant *contestant)
{
        if (bench_wants(argc, argv, "timer_set"))
                timers_set_and_cancel(contestant);
        if (bench_wants(argc, argv, "timer_fire"))
                timers_fire(contestant);
}

#endif
