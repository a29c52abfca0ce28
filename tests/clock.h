/* The clock of a test's process, which the test puts forward: so what takes minutes is tested at once, and nothing that is to be in time is
 * late on a busy machine. */
#ifndef TESTS_CLOCK_H
#define TESTS_CLOCK_H

/** A scene's limit would pass, too; so this comes before the helpers. */
#define SCENE_LIMIT EDDY_FOREVER

#include "stream/helpers.h"

#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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

/** Let what is under way arrive, then so much time pass, and then what is due be done. */
static inline void pass(eddy_time duration)
{
        give_way();
        put_forward += duration;
        give_way();
}

static inline intptr_t hurry(void *arg)
{
        (void)arg;
        while (eddy_interrupted() == 0) {
                put_forward += eddy_seconds(50);
                give_way();
        }
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
