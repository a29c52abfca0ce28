/* Executors from the inside: threads, and the work that waits for them. They know neither loops nor tasks: whoever has
 * work done says what is called when it is over. */
#ifndef EXECUTOR_EXECUTOR_H
#define EXECUTOR_EXECUTOR_H

#include "base/list.h"
#include <eddy/thread.h>
#include <stdatomic.h>

/** What a thread is to do. Embedded in what it is about, which lives until `over` is called. */
struct work {
        void (*run)(struct work *work); /* on a thread */

        /** On the same thread, when that is free for more; `has_run` is false where the executor was shut down and does
         * not do what waits, and then it is called by who shut it down. */
        void (*over)(struct work *work, bool has_run);

        bool may_be_refused;      /* by a shutdown that cancels; else it is done all the same */
        atomic_bool is_cancelled; /* nobody waits for it any more */

        /* The executor's. */
        eddy_link link; /* in executor->waiting */
        bool waits;     /* for a thread; under the lock */
};

/** As eddy_executor_create(), with threads beyond options->max_threads where executor_relieve() finds a need, but no more
 * than `utmost_threads`. 0: never. */
int executor_create(eddy_executor **executor, const eddy_executor_options *options, unsigned utmost_threads);

eddy_executor *executor_ref(eddy_executor *executor);
void executor_unref(eddy_executor *executor);

enum { EXECUTOR_IS_BUSY = 1 };

/** Have work done: 0, EXECUTOR_IS_BUSY where it has to wait for a thread, EDDY_ESHUTDOWN or -EAGAIN. */
int executor_submit(eddy_executor *executor, struct work *work);

/** Take work back if it has not begun; whether that is so. Else it is told that nobody waits for it. */
bool executor_take_back(eddy_executor *executor, struct work *work);

/** Where work waits and none has begun since this was asked last: start a thread for each, beyond what is common. Whether
 * some waits still. */
bool executor_relieve(eddy_executor *executor);

/** Block until `is_over` holds, which is asked now and whenever work is over or a thread has ended; false where the
 * deadline came first. */
bool executor_wait(eddy_executor *executor, bool (*is_over)(void *arg), void *arg, eddy_time deadline);

/** Block until all threads have ended; it must be shut down. */
bool executor_wait_for_threads(eddy_executor *executor, eddy_time deadline);

/** The work that this thread does, or NULL. */
struct work *executor_current_work(void);

#endif
