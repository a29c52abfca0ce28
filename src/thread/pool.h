/* Work that blocks, done on helper threads: the loop's side of it. */
#ifndef THREAD_POOL_H
#define THREAD_POOL_H

#include "loop/loop.h"
#include <eddy/thread.h>

/** How far a job has come. */
enum job_state {
        JOB_WAITS,   /* for a thread, which changes only under its executor's lock */
        JOB_RUNS,    /* on a thread, or given to one */
        JOB_ARRIVES, /* it has run, or never will, and its loop is told or will soon be */
        JOB_IS_LEFT  /* its loop is closed, and it still runs */
};

/** A piece of work. Embedded in what it is about; must live until `done` or `drop` is called, in the loop. */
struct thread_job {
        eddy_link link;                       /* in executor->waiting */
        void (*work)(struct thread_job *job); /* on a helper thread */
        void (*done)(struct thread_job *job);
        void (*drop)(struct thread_job *job); /* in place of done, where the loop is closed before */

        /* May be NULL. */
        const char *name; /* for messages */

        /** In place of done, where its executor was shut down and does not do what waits. NULL: then it is done all the
         * same. */
        void (*refuse)(struct thread_job *job);

        /** Where it still runs and its loop closes without waiting: let go of what is the loop's. `end_late` follows,
         * or `drop`. NULL: the loop waits for it however long it takes. */
        void (*leave)(struct thread_job *job);
        void (*end_late)(struct thread_job *job); /* on its thread, when it has run; set with leave */

        /* Set when it is submitted. */
        eddy_loop *loop;
        eddy_executor *executor; /* holds a reference until it arrives */
        eddy_link loop_link;     /* in pool->jobs until it arrives */
        eddy_handle arrival;     /* sent to the loop when it has run */
        _Atomic(enum job_state) state;
        atomic_bool is_cancelled; /* nobody waits for it any more */
        bool is_default;          /* the loop's default executor does it */
        bool was_refused;
        bool has_arrived; /* known only where its loop closes */
};

/** Have a job done by the loop's default executor: 0, -ENOMEM, -EAGAIN or EDDY_ESHUTDOWN. */
int thread_pool_submit(eddy_loop *loop, struct thread_job *job);

/** Have a job done by some executor; NULL: the default one. */
int thread_pool_submit_to(eddy_loop *loop, eddy_executor *executor, struct thread_job *job);

/** Take a submitted job back that no thread has begun: true where it was so, and nothing will be called. Else it is
 * told that nobody waits for it, in case it asks. */
bool thread_pool_take_back(eddy_loop *loop, struct thread_job *job);

#endif
