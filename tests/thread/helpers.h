/* What the tests of threads share. */
#ifndef TESTS_THREAD_HELPERS_H
#define TESTS_THREAD_HELPERS_H

#include "testing.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/** A function that blocks until a test lets it go on. */
struct gate {
        atomic_bool has_begun, is_open, was_cancelled, has_ended;
};

static inline intptr_t pass(void *arg)
{
        struct gate *gate = arg;

        atomic_store(&gate->has_begun, true);
        while (!atomic_load(&gate->is_open))
                usleep(100);
        atomic_store(&gate->was_cancelled, eddy_work_cancelled());
        atomic_store(&gate->has_ended, true);
        return 5;
}

/** Wait for what other threads do, and leave the processor to them. */
#define until_others(condition)                                                                                \
        while (!(condition))                                                                                   \
        assert_int_equal(eddy_sleep(eddy_us(100)), 0)

static inline void open_gate(void *gate)
{
        atomic_store(&((struct gate *)gate)->is_open, true);
}

/** Block until a condition holds that another thread sees to. */
static inline void await_flag(atomic_bool *flag)
{
        while (!atomic_load(flag))
                usleep(100);
}

#endif
