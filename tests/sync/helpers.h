/* What the tests of src/sync share. */
#ifndef TESTS_SYNC_HELPERS_H
#define TESTS_SYNC_HELPERS_H

#include "../testing.h"

#include <eddy.h>
#include <pthread.h>

/** Let everything that is ready run, and what that made ready too. */
static inline void settle(void)
{
        for (int i = 0; i < 8; i++)
                assert_int_equal(eddy_yield(), 0);
}

/** A task's outcome, once it has ended. */
static inline intptr_t outcome_of(eddy_task *task)
{
        intptr_t result;

        assert_int_equal(eddy_join(task, &result), 0);
        return result;
}

/** Run a function in a thread of its own, where no loop runs, and see its end. */
static inline void in_another_thread(void *(*fn)(void *arg), void *arg)
{
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, fn, arg), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
}

#endif
