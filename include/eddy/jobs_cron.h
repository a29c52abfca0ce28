/* Schedules: jobs that a store enqueues by itself, time and again. Any worker of the store does so, each time once, however many there are;
 * docs/jobs-schedules.md says when. Of libeddy-jobs; errors are as eddy/jobs_store.h says.
 *
 *         rc = eddy_jobs_set_cron(jobs, &(eddy_job_cron){.name = "report", .expression = "0 6 * * mon-fri",
 *                                                        .zone = "Europe/Berlin", .spec.kind = "report"});
 */
#ifndef EDDY_JOBS_CRON_H
#define EDDY_JOBS_CRON_H

#include <eddy/jobs_store.h>

EDDY_BEGIN_DECLS

/** What comes of times at which no worker was there. */
typedef enum eddy_job_missed {
        EDDY_JOB_MISSED_ONCE, /**< one job for all of them, that of the newest */
        EDDY_JOB_MISSED_SKIP, /**< none, but for one of the last minute */
        EDDY_JOB_MISSED_ALL,  /**< a job each; of more than 1000 the newest, 1000 at most */
} eddy_job_missed;

/** A schedule. Zero is the default of each but `name`, `expression` and `spec.kind`. */
typedef struct eddy_job_cron {
        const char *name; /**< 1 to 100 bytes of UTF-8 without control characters */
        const char *
            expression; /**< "minute hour day month weekday" as of cron(8), with seconds before it where there are six; @hourly,
                                     @daily, @weekly, @monthly, @yearly; "@every 90s", counted from 1970-01-01 UTC */
        const char *zone; /**< an IANA name, such as "Europe/Berlin"; NULL: "UTC" */
        eddy_job_missed missed;
        eddy_job_spec
            spec; /**< of its jobs; without id, delay and at. Their ids are "cron:NAME:2026-12-24T18:00:00Z" */
        eddy_job_time next; /**< as eddy_jobs_crons() gives it: when its next job is due */
        eddy_job_time last; /**< likewise, of its last one; 0: there was none yet */
        void *reserved[4];  /**< zero */
} eddy_job_cron;

/**
 * Have jobs enqueued by a schedule from now on. A program says so each time it starts: where the schedule is there and the same
 * nothing changes; else it replaces that of its name.
 *
 * @param cron  copied
 * @return 0, or an error as above
 * @retval -EINVAL    a name or a number of it is wrong, the expression cannot be understood or never comes, or there is no such zone:
 *                    the detail says which
 * @retval -EMSGSIZE  the payload is too large
 * @retval -ENOSPC    the store is full
 *
 * Suspends. arq.cron().
 */
EDDY_API EDDY_ASYNC int eddy_jobs_set_cron(eddy_jobs *jobs, const eddy_job_cron *cron);

/** Forget a schedule, but not the jobs it has enqueued: 0, EDDY_ENOJOB where there is none, or an error as above. Suspends. */
EDDY_API EDDY_ASYNC int eddy_jobs_remove_cron(eddy_jobs *jobs, const char *name);

/** A store's schedules, by name. */
typedef struct eddy_job_cron_list {
        eddy_job_cron **crons; /**< count of them */
        size_t count;
        void *reserved[2]; /**< zero */
} eddy_job_cron_list;

/**
 * Have a store's schedules.
 *
 * @param list  receives them; give it back with eddy_job_cron_list_free(), also where this fails
 * @return 0, or an error as above
 *
 * Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_jobs_crons(eddy_jobs *jobs, eddy_job_cron_list *list);

/** Give a list's schedules back. Does not suspend. */
EDDY_API void eddy_job_cron_list_free(eddy_job_cron_list *list);

/**
 * When an expression comes next.
 *
 * @param zone   as of eddy_job_cron; NULL: "UTC"
 * @param after  a moment
 * @param next   receives the first one after it
 * @return 0, -EINVAL as of eddy_jobs_set_cron(), -ERANGE: it never comes again, or another error of reading the zone's file
 *
 * Does not suspend.
 */
EDDY_API int eddy_job_cron_next(const char *expression, const char *zone, eddy_job_time after,
                                eddy_job_time *next);

EDDY_END_DECLS

#endif
