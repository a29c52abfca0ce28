/* Durable jobs: work that is enqueued now and done later, elsewhere, at least once. The store is an SQLite file, Redis or
 * PostgreSQL. Libraries of their own: link with eddy-jobs, which loads that of the store's kind.
 *
 *         eddy_jobs *jobs;
 *         rc = eddy_jobs_open(&jobs, "sqlite:jobs.db", NULL);
 *         if (rc == 0)
 *                 rc = eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "resize", .payload = "a.jpg", .size = 5}, NULL);
 *         eddy_jobs_close(jobs);
 *
 * eddy/jobs_store.h has what enqueues, waits and looks, eddy/jobs_admin.h what changes jobs and queues, eddy/jobs_worker.h
 * what does the work, eddy/jobs_cron.h what has it done time and again.
 */
#ifndef EDDY_JOBS_H
#define EDDY_JOBS_H

#include <eddy/jobs_admin.h>
#include <eddy/jobs_cron.h>
#include <eddy/jobs_store.h>
#include <eddy/jobs_worker.h>

#endif
