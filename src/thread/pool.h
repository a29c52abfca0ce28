/* Work that blocks, done on helper threads of a loop. */
#ifndef THREAD_POOL_H
#define THREAD_POOL_H

#include "loop/loop.h"

/** A piece of work. Embedded in what it is about; must live until `done` or `drop` is called, in the loop. */
struct thread_job {
        eddy_link link;
        void (*work)(struct thread_job *job); /* on a helper thread */
        void (*done)(struct thread_job *job);
        void (*drop)(struct thread_job *job); /* in place of done, where the loop is closed before */
        bool is_waiting;                      /* no thread has begun it; the pool's */
};

/** Have a job done: 0, -ENOMEM or -EAGAIN. */
int thread_pool_submit(eddy_loop *loop, struct thread_job *job);

/** Take a submitted job back that no thread has begun: true where it was so, and nothing will be called. */
bool thread_pool_take_back(eddy_loop *loop, struct thread_job *job);

#endif
