/* A loop's thread from the inside. */
#ifndef THREAD_LOOP_THREAD_H
#define THREAD_LOOP_THREAD_H

#include <eddy/thread.h>

/** As eddy_loop_thread_start(), as a worker of that index. */
int loop_thread_start(eddy_loop_thread **thread, const eddy_loop_thread_options *options, int worker_index);

/** Ask a loop's thread to end, and do not wait for it. */
void loop_thread_interrupt(eddy_loop_thread *thread);

/** Let the calling thread run on one processor only, counted from 1; 0: leave it as it is. 0 or -EINVAL. */
int thread_pin(int processor);

/** Which worker the calling thread is; -1: none. */
extern __thread int worker_index_here;

#endif
