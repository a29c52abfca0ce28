/* The turns of a worker: what became of jobs is told, and others are taken. */
#ifndef JOBS_SHIFT_H
#define JOBS_SHIFT_H

#include "jobs/worker.h"

/** Room for as many jobs as there are places: 0 or -ENOMEM. jobs_shift_finish() also where this fails. */
int jobs_shift_init(eddy_job_worker *worker);
void jobs_shift_finish(eddy_job_worker *worker);

/** Prepare for a run. */
void jobs_shift_begin(eddy_job_worker *worker);

/** A task's body, with a pointer to the worker's: until it is cancelled or sets the worker's `failure`. */
intptr_t jobs_shift_run(void *pointer);

/** There may be something to do; there may be work. Neither suspends. */
void jobs_shift_wake(eddy_job_worker *worker);
void jobs_shift_hint(eddy_job_worker *worker);

/** Do not wait to try again what failed. */
void jobs_shift_hurry(eddy_job_worker *worker);

/** With jobs_shift_run() over: tell what is left to be told, once more, for a turn that was refused may have been so for what it asked.
 * Suspends. */
void jobs_shift_tell_last(eddy_job_worker *worker);

/** Whether nothing is left to be told, and no turn's answer to be heard. */
bool jobs_shift_is_told(const eddy_job_worker *worker);

#endif
