/* libuv in the timer rows: uv_timer, whose grain is a millisecond. */
#include "../timers.h"
#include <uv.h>

static uv_loop_t *loop;
static uv_timer_t *timers;
static size_t fired;

static void fire(uv_timer_t *timer)
{
        (void)timer;
        fired++;
}

static void refresh_clock(void)
{
        uv_update_time(loop);
}

static void set(size_t i, int64_t delay_ns)
{
        uv_timer_start(&timers[i], fire, (uint64_t)delay_ns / 1000000, 0);
}

static void cancel(size_t i)
{
        uv_timer_stop(&timers[i]);
}

static size_t run(void)
{
        uv_run(loop, UV_RUN_DEFAULT);
        return fired;
}

int main(int argc, char **argv)
{
        loop = uv_default_loop();
        timers = calloc(TIMERS, sizeof *timers);
        if (!loop || !timers)
                return 1;
        for (size_t i = 0; i < TIMERS; i++)
                uv_timer_init(loop, &timers[i]);
        timers_bench(argc, argv, &(const timer_contestant){refresh_clock, set, cancel, run});
        return 0;
}
