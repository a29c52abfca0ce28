/* Executors from the inside: threads, and the jobs that wait for them. */
#ifndef THREAD_EXECUTOR_H
#define THREAD_EXECUTOR_H

#include "thread/pool.h"

eddy_executor *executor_ref(eddy_executor *executor);
void executor_unref(eddy_executor *executor);

/** Have a job done: 0, EDDY_ESHUTDOWN or -EAGAIN. */
int executor_submit(eddy_executor *executor, struct thread_job *job);

/** Take a job back if it has not begun; whether that is so. */
bool executor_take_back(eddy_executor *executor, struct thread_job *job);

/** Block until `is_over` holds, which is asked now and after the end of each job and thread; false where the deadline
 * came first. */
bool executor_wait(eddy_executor *executor, bool (*is_over)(void *arg), void *arg, eddy_time deadline);

/** Block until all threads have ended; it must be shut down. */
bool executor_wait_for_threads(eddy_executor *executor, eddy_time deadline);

/** The job that runs on this thread, or NULL. */
struct thread_job *executor_current_job(void);

/** Tell a job's loop, from any thread, that it has run or never will. */
void thread_job_arrive(struct thread_job *job);

#endif
