/* eddy in the timer rows: timers in the caller's memory, as eddy_call_at() has them. */
#include "eddy_bench.h"
#include "timers.h"

static eddy_loop *loop;
static eddy_timer *timers;
static eddy_time now;
static size_t fired;

static void fire(void *arg)
{
        (void)arg;
        if (++fired == TIMERS)
                eddy_loop_stop(loop);
}

static void refresh_clock(void)
{
        now = eddy_now();
}

static void set(size_t i, int64_t delay_ns)
{
        eddy_call_at(loop, &timers[i], now + eddy_ns(delay_ns), fire, NULL);
}

static void cancel(size_t i)
{
        eddy_timer_cancel(&timers[i]);
}

static size_t run(void)
{
        eddy_loop_run_forever(loop);
        return fired;
}

int main(int argc, char **argv)
{
        int rc = eddy_loop_create(&loop);
        timers = calloc(TIMERS, sizeof *timers);
        if (rc < 0 || !timers)
                return 1;
        bench_check_backend(loop);
        timers_bench(argc, argv, &(const timer_contestant){refresh_clock, set, cancel, run});
        return 0;
}
