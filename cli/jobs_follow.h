/* To look at a job again and again until it is finished. */
#ifndef CLI_JOBS_FOLLOW_H
#define CLI_JOBS_FOLLOW_H

#include <eddy/jobs.h>

/** How long to rest after a look that has taken so long: a second, or twenty times as long where that is more, up to 30 s. So looking costs
 * a store a twentieth of its time at most. */
eddy_duration jobs_rest_after(eddy_duration cost);

/**
 * Look at a job until it is finished, once a second at most, and as soon as it is.
 *
 * @param on_look  called with each look; the last one is of the finished job
 * @return its state, or an error as of eddy_jobs_await()
 */
int jobs_follow(eddy_jobs *jobs, const char *id, int (*on_look)(const eddy_job_info *info, void *arg),
                void *arg);

#endif
