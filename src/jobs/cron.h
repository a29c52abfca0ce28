/* Schedules, between what a program says, what a store keeps, and the worker that has them done. */
#ifndef JOBS_CRON_H
#define JOBS_CRON_H

#include "jobs/engine.h"
#include <eddy/jobs_cron.h>

/** Write what a store is to keep of a schedule whose `spec` has every default filled in: 0 or -ENOMEM. `definition` is the caller's, its data
 * given back with eddy_free(). */
int jobs_cron_write(const eddy_job_cron *cron, struct jobs_bytes *definition, int64_t *digest);

/** Read what a store has kept, into one block of memory; what another version wrote and nobody understands is left out. NULL: no memory. */
eddy_job_cron *jobs_cron_read(const struct jobs_cron *stored);

/** Give a look's schedules back. */
void jobs_cron_look_free(struct jobs_cron_look *look);

/** A task's body, until it is cancelled: schedules whose time has come have their jobs enqueued. `worker` points to one's pointer. */
intptr_t jobs_cron_run(void *worker);

struct eddy_job_worker;

/** A schedule was set, or may have been. */
void jobs_cron_hint(struct eddy_job_worker *worker);

#endif
