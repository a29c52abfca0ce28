/* The clock of a test's process, which the test puts forward: so what takes minutes is tested at once, and nothing that is to be in time is
 * late on a busy machine. */
#ifndef TESTS_CLOCK_H
#define TESTS_CLOCK_H

#include <eddy/task.h>
#include <eddy/time.h>

#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/** A scene's limit would pass, too. */
#define SCENE_LIMIT EDDY_FOREVER

static _Atomic eddy_time put_forward;

int clock_gettime(clockid_t which, struct timespec *now)
{
        int rc = (int)syscall(SYS_clock_gettime, which, now);

        if (rc == 0 && which == CLOCK_MONOTONIC) {
                eddy_time time = (eddy_time)now->tv_sec * 1000000000 + now->tv_nsec + put_forward;

                *now = (struct timespec){.tv_sec = (time_t)(time / 1000000000), .tv_nsec = time % 1000000000};
        }
        return rc;
}

/** Let what is under way arrive, and what is due be done. */
static inline int take_turns(void)
{
        int rc = 0;

        for (int i = 0; i < 1000 && rc == 0; i++)
                rc = eddy_yield();
        return rc;
}

/** Let so much time pass between two turns. */
static inline void pass(eddy_time duration)
{
        take_turns();
        put_forward += duration;
        take_turns();
}

static inline intptr_t hurry(void *arg)
{
        (void)arg;
        do
                put_forward += eddy_seconds(50);
        while (take_turns() == 0);
        return 0;
}

/** Let time pass by the loop's turns, while something else is waited for, until slow_down(). */
static inline eddy_task *hurry_up(void)
{
        return eddy_create_task(hurry, NULL);
}

static inline void slow_down(eddy_task *hurrying)
{
        eddy_cancel(hurrying);
        eddy_await(hurrying, NULL);
        eddy_unref(hurrying);
}

#endif
