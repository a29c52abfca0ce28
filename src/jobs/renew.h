/* The leases of jobs that run. */
#ifndef JOBS_RENEW_H
#define JOBS_RENEW_H

#include "jobs/worker.h"

/** As jobs_shift_init(). */
int jobs_renewal_init(eddy_job_worker *worker);
void jobs_renewal_finish(eddy_job_worker *worker);

/** Prepare for a run. */
void jobs_renewal_begin(eddy_job_worker *worker);

/** A task's body, with a pointer to the worker's: until it is cancelled. */
intptr_t jobs_renewal_run(void *pointer);

/** A job's handler has said something, which is sent within a second. */
void jobs_renewal_said(struct eddy_job *job);

/** Renew all leases now, since hints that somebody cancels a job may have been missed. */
void jobs_renewal_ask(eddy_job_worker *worker);

/** Look again when the next one is due: a job has come whose lease began a while ago. */
void jobs_renewal_wake(eddy_job_worker *worker);

#endif
