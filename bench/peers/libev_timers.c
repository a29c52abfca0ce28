/* libev in the timer rows: ev_timer. */
#include "../timers.h"
#include <ev.h>

static struct ev_loop *loop;
static ev_timer *timers;
static size_t fired;

static void fire(struct ev_loop *of, ev_timer *timer, int events)
{
        (void)of, (void)timer, (void)events;
        fired++;
}

static void refresh_clock(void)
{
        ev_now_update(loop);
}

static void set(size_t i, int64_t delay_ns)
{
        timers[i].at = (double)delay_ns / 1e9;
        ev_timer_start(loop, &timers[i]);
}

static void cancel(size_t i)
{
        ev_timer_stop(loop, &timers[i]);
}

static size_t run(void)
{
        ev_run(loop, 0);
        return fired;
}

int main(int argc, char **argv)
{
        loop = ev_default_loop(0);
        timers = calloc(TIMERS, sizeof *timers);
        if (!loop || !timers)
                return 1;
        for (size_t i = 0; i < TIMERS; i++)
                ev_init(&timers[i], fire);
        timers_bench(argc, argv, &(const timer_contestant){refresh_clock, set, cancel, run});
        return 0;
}
