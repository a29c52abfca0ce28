/* Work that blocks, done on helper threads: the loop's side of it. It knows no task. */
#ifndef EXECUTOR_POOL_H
#define EXECUTOR_POOL_H

#include "executor/executor.h"
#include "loop/loop.h"

/** Whose threads. What waits for others, for a user's own reasons or for a name server, must not hold up what does not, so
 * none are shared. */
enum pool_kind {
        POOL_DEFAULT, /* users' own work: the loop's default executor */
        POOL_NAMES,   /* look-ups of names */
        POOL_FILES,   /* files, paths and folders */
        POOL_KINDS,
        POOL_OTHER = POOL_KINDS /* an executor of a user's, in whose threads the loop has no part */
};

/** Whether it has come back. */
enum errand_state {
        ERRAND_IS_OUT,
        ERRAND_ARRIVES, /* it has run, or never will, and its loop is told or will soon be */
        ERRAND_IS_LEFT  /* its loop is closed, and it still runs */
};

/** A piece of work that a loop sends out. Embedded in what it is about; must live until `done` or `drop` is called, in the
 * loop. */
struct errand {
        struct work work;
        void (*run)(struct errand *errand); /* on a helper thread */
        void (*done)(struct errand *errand);
        void (*drop)(struct errand *errand); /* in place of done, where the loop is closed before */

        /* May be NULL. */
        const char *name; /* for messages */

        /** In place of done, where its executor was shut down and does not do what waits. NULL: then it is done all the
         * same. */
        void (*refuse)(struct errand *errand);

        /** Where it still runs and its loop closes without waiting: let go of what is the loop's. `end_late` follows,
         * or `drop`. NULL: the loop waits for it however long it takes. */
        void (*leave)(struct errand *errand);
        void (*end_late)(struct errand *errand); /* on its thread, when it has run; set with leave */

        /* Set when it is submitted. */
        eddy_loop *loop;
        eddy_executor *executor; /* holds a reference until it arrives */
        eddy_link link;          /* in pool->errands until it arrives */
        eddy_handle arrival;     /* sent to the loop when it has run */
        _Atomic(enum errand_state) state;
        enum pool_kind kind;
        bool was_refused;
        bool has_arrived,
            is_forgotten; /* known only where its loop closes; forgotten: nobody waited for it any more */
};

/** Send an errand out to threads of the loop's own: 0, -ENOMEM, -EAGAIN or EDDY_ESHUTDOWN. */
int thread_pool_submit(eddy_loop *loop, enum pool_kind kind, struct errand *errand);

/** Have an executor of a user's do it. */
int thread_pool_submit_to(eddy_loop *loop, eddy_executor *executor, struct errand *errand);

/** Take back an errand that no thread has begun: true where it was so, and nothing will be called. Else it is told that
 * nobody waits for it, in case it asks. */
bool thread_pool_take_back(struct errand *errand);

/** Its loop closes: drop an errand now, and wait for the thread that has begun it. */
void thread_pool_close_errand(struct errand *errand);

/** Who is told when no users' work is out. Embedded in what waits. */
struct drain {
        eddy_link link; /* in pool->drains until it is told */
        void (*drained)(struct drain *drain);
};

/** Refuse further users' work: 0 or -ENOMEM. */
int thread_pool_shut_down(eddy_loop *loop);

/** Have it told when what is out has come back; false: nothing is out. */
bool thread_pool_await_drain(eddy_loop *loop, struct drain *drain);

/** Tell the loop's exception handler of users' work that is out; `fate` ends the sentence. */
void thread_pool_report(eddy_loop *loop, const char *fate);

/** End the threads of the loop's default executor: there is no work for them any more. */
void thread_pool_release_default(eddy_loop *loop, eddy_time deadline);

#endif
