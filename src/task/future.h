/* Futures from the inside. */
#ifndef TASK_FUTURE_H
#define TASK_FUTURE_H

#include "loop/loop.h"
#include <eddy/future.h>

/** What few futures have. */
enum future_trait {
        FUTURE_OWN_NAME = 1, /* of a task: its name is memory of its own */
        FUTURE_IS_VALUE =
            2, /* result is a value, even where it looks like an error. Of a task that runs: what it
                              * announced by eddy_value(), so if that is what it returns */
};

/** Who is told, at once, that a future is done. Embedded in what waits. */
struct waiter {
        eddy_link link; /* in future->waiters until it is told */
        void (*wake)(struct waiter *waiter, eddy_future *future);
};

struct eddy_future {
        eddy_loop *loop; /* holds a reference */
        intptr_t
            result; /* once it is done; until a task begins, the argument of its function; while it runs, what
                          * it announced by eddy_value() */
        eddy_link waiters;
        struct error_detail
            *detail; /* the sentence behind its failure; in a task that runs, its last failure's */
        uint32_t references;
        bool is_done;
        bool is_task;
        bool was_looked_at; /* somebody has seen the outcome, or will be told of it otherwise */
        uint8_t traits;     /* enum future_trait */
};

static inline void future_init(eddy_future *future, eddy_loop *loop, intptr_t result, uint32_t references,
                               bool is_task)
{
        future->loop = loop;
        future->result = result;
        list_init(&future->waiters);
        future->detail = NULL;
        future->references = references;
        future->is_done = false;
        future->is_task = is_task;
        future->was_looked_at = false;
        future->traits = 0;
        loop_ref(loop);
}

/** Whether its loop runs in another thread: nobody here may touch it. */
static inline bool future_is_elsewhere(const eddy_future *future)
{
        return future->loop->is_running && loop_running_here != future->loop;
}

/** Whether a future that is done ended with an error rather than with a value. */
static inline bool future_has_failed(const eddy_future *future)
{
        return eddy_is_error(future->result) && !(future->traits & FUTURE_IS_VALUE);
}

/** What a future that is done failed with, or 0. */
static inline int future_failure(const eddy_future *future)
{
        return future_has_failed(future) ? (int)future->result : 0;
}

/** Its last reference is gone. */
void future_free(eddy_future *future);

/** As eddy_unref(), for what is not NULL. */
static inline void future_unref(eddy_future *future)
{
        if (--future->references == 0)
                future_free(future);
}

/** Give a future its outcome and tell its waiters, in order. It must be pending. */
void future_complete(eddy_future *future, intptr_t result);

/** As future_complete(), in a loop that is not closed. */
static inline void future_complete_in_loop(eddy_future *future, intptr_t result)
{
        eddy_link *link;

        future->result = result;
        future->is_done = true;
        while ((link = list_pop(&future->waiters))) {
                struct waiter *waiter = container_of(link, struct waiter, link);

                waiter->wake(waiter, future);
        }
}

#endif
