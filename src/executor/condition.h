/* Condition variables whose deadlines are moments of eddy_now(). */
#ifndef EXECUTOR_CONDITION_H
#define EXECUTOR_CONDITION_H

#include <eddy/time.h>
#include <pthread.h>
#include <time.h>

static inline void condition_init(pthread_cond_t *condition)
{
        pthread_condattr_t attributes;

        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(condition, &attributes);
        pthread_condattr_destroy(&attributes);
}

/** Wait once, under the lock, until a moment of eddy_now() or for ever; false where that has passed. It may end without
 * a reason. */
static inline bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, eddy_time deadline)
{
        struct timespec moment = {deadline / 1000000000, deadline % 1000000000};

        if (deadline == EDDY_FOREVER)
                return pthread_cond_wait(condition, lock) == 0;
        return pthread_cond_timedwait(condition, lock, &moment) == 0;
}

#endif
