/* Durable jobs as who looks after them sees them: lists, counts, queues and their limits, and jobs to retry, cancel or discard. Of
 * libeddy-jobs; errors are as eddy/jobs_store.h says. */
#ifndef EDDY_JOBS_ADMIN_H
#define EDDY_JOBS_ADMIN_H

#include <eddy/jobs_store.h>

EDDY_BEGIN_DECLS

/** Which jobs to list. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_job_filter {
        const char *queue; /**< NULL: of all */
        const char *kind;  /**< NULL: of all */
        unsigned states;   /**< 1u << EDDY_JOB_READY and so on; 0: all */
        const char *after; /**< `next` of the page before; NULL: from the newest on */
        size_t most;       /**< 0: 100 */
        void *reserved[4]; /**< zero */
} eddy_job_filter;

/** A page of jobs, newest first. */
typedef struct eddy_job_list {
        eddy_job_info **jobs; /**< count of them */
        size_t count;
        char next[EDDY_JOB_ID_SIZE]; /**< `after` of the next page; "": this is the last */
        void *reserved[2];           /**< zero */
} eddy_job_list;

/** List jobs.
 *
 * @param list  receives them; give it back with eddy_job_list_free(), also where this fails
 * @return 0, or an error as above
 *
 * Jobs that are enqueued or finished meanwhile may be missed or come twice. Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_jobs_list(eddy_jobs *jobs, const eddy_job_filter *filter, eddy_job_list *list);

/**
 * Have the jobs that were finished lately, the last one first, without their payloads and results, which may be large. It costs what these jobs and the
 * queues do, however many others there are, so it may be asked again and again.
 *
 * @param queue  of this one alone; NULL: of all
 * @param since  at this moment, of the store's clock, or later
 * @param most   1 to 1000
 * @param list   as of eddy_jobs_list(), without a `next`: where it has `most` there may be more
 * @return 0, -EINVAL, or an error as above
 *
 * Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_jobs_finished(eddy_jobs *jobs, const char *queue, eddy_job_time since, size_t most,
                                           eddy_job_list *list);

/** Give a list's jobs back. Does not suspend. */
EDDY_API void eddy_job_list_free(eddy_job_list *list);

/**
 * Have a job that is dead, cancelled, done or scheduled tried now, once more at least. Where its unique name is another one's by now both run,
 * and the name stays that one's.
 *
 * @return 0, or an error as above
 * @retval EDDY_ENOJOB     there is none
 * @retval EDDY_EJOBSTATE  it runs, or waits for nothing but a worker or its key
 *
 * Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_jobs_retry(eddy_jobs *jobs, const char *id);

/**
 * Cancel a job: it will not begin; where it runs, its handler's task is cancelled.
 *
 * @return 0; of one that runs only that it was asked: eddy_jobs_await() tells
 * @retval EDDY_ENOJOB     there is none
 * @retval EDDY_EJOBSTATE  it is finished
 *
 * Suspends. Job.abort().
 */
EDDY_API EDDY_ASYNC int eddy_jobs_cancel(eddy_jobs *jobs, const char *id);

/** Forget a job that does not run: 0, EDDY_ENOJOB, EDDY_EJOBSTATE where it runs, or an error as above. Suspends. */
EDDY_API EDDY_ASYNC int eddy_jobs_discard(eddy_jobs *jobs, const char *id);

/** How a queue is to be. Zero is the default of each; numbers of jobs are 1,000,000,000 at most. */
typedef struct eddy_job_queue_options {
        size_t most_running;     /**< jobs of it that run at a time, wherever; 0: any number */
        size_t rate;             /**< jobs of it that begin within each `period`; 0: any number */
        eddy_duration period;    /**< 0: 1 s */
        eddy_duration keep_done; /**< how long done and cancelled jobs stay; 0: 1 day; less: not at all */
        eddy_duration keep_dead; /**< how long dead ones stay; 0: 30 days; less: not at all */
        void *reserved[4];       /**< zero */
} eddy_job_queue_options;

/** Set how a queue is to be, for all workers from their next job on: 0, -EINVAL where a name is wrong or a number out of range, or an error as
 * above. Suspends. */
EDDY_API EDDY_ASYNC int eddy_jobs_set_queue(eddy_jobs *jobs, const char *queue,
                                            const eddy_job_queue_options *options);

/** Let no job of a queue begin, or let them begin again: 0, or an error as above. What runs goes on. Suspends. */
EDDY_API EDDY_ASYNC int eddy_jobs_pause(eddy_jobs *jobs, const char *queue);
EDDY_API EDDY_ASYNC int eddy_jobs_resume(eddy_jobs *jobs, const char *queue);

/** A queue, as it is. */
typedef struct eddy_job_queue {
        char name[EDDY_JOB_ID_SIZE];
        eddy_job_queue_options options; /**< as they were set */
        size_t counts[EDDY_JOB_STATES]; /**< jobs of each state */
        size_t finished;                /**< jobs that were finished since the store was made */
        size_t failed;                  /**< and attempts that failed */
        eddy_duration age; /**< how long the oldest of the ready ones has been that; 0: there is none */
        bool is_paused;
        void *reserved[4]; /**< zero */
} eddy_job_queue;

/**
 * Have a store's queues and their counts.
 *
 * @param queues  receives them, by name, the caller's, given back with eddy_free()
 * @param n       receives how many
 * @return 0, or an error as above
 *
 * Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_jobs_queues(eddy_jobs *jobs, eddy_job_queue **queues, size_t *n);

EDDY_END_DECLS

#endif
