/* A job that runs. */
#ifndef JOBS_RUNNING_H
#define JOBS_RUNNING_H

#include "jobs/worker.h"

/** Put a job that was taken into a free place, which there is; it is `taken`'s owner from now on. Its handler begins soon, unless the worker
 * ends, or the lease has. */
void jobs_running_begin(eddy_job_worker *worker, struct jobs_taken *taken, eddy_time lease_end);

/** Have a job's handler end. */
void jobs_running_end(struct eddy_job *job, enum jobs_end why);
void jobs_running_end_all(eddy_job_worker *worker, enum jobs_end why);

/** The job of that id that runs, or NULL. */
struct eddy_job *jobs_running_find(eddy_job_worker *worker, const char *id);

/** Make a place free. */
void jobs_place_free(struct eddy_job *job);

#endif
