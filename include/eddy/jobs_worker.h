/* A worker: takes durable jobs from a store and has coroutines do them. Of libeddy-jobs.
 *
 *         static int resize(eddy_job *job, void *arg)
 *         {
 *                 size_t size;
 *                 const char *name = eddy_job_payload(job, &size);
 *                 return resize_picture(name);               // less than 0: it is tried again, later
 *         }
 *
 *         rc = eddy_job_worker_create(&worker, jobs, NULL);
 *         if (rc == 0)
 *                 rc = eddy_job_worker_handle(worker, "resize", resize, NULL);
 *         if (rc == 0)
 *                 rc = eddy_job_worker_run(worker);          // until SIGTERM
 *         eddy_job_worker_destroy(worker);
 */
#ifndef EDDY_JOBS_WORKER_H
#define EDDY_JOBS_WORKER_H

#include <eddy/jobs_store.h>

EDDY_BEGIN_DECLS

/** A job that runs. It is its handler's until that returns, and what its functions give lives as long. */
typedef struct eddy_job eddy_job;

/**
 * What does a kind of job, a coroutine of its own for each. Cancelled where the job is cancelled, its lease is lost, its attempt's
 * time is over (EDDY_TIMEOUT), or the worker cannot wait any longer for it to end; eddy_error_detail() then says which.
 *
 * @return 0 or more: it is done. An error: the attempt failed, which is stored with eddy_explain()'s words, and is tried again
 *         as the job's spec says. What eddy_job_snooze(), eddy_job_retry() and eddy_job_give_up() return
 *
 * It must not block the loop: leases are renewed by it. What takes long without suspending belongs on another thread
 * (eddy_to_thread()), or the job is given to another worker meanwhile.
 */
typedef int (*eddy_job_handler)(eddy_job *job, void *arg);

/** A queue of a worker's, and how often its turn comes. */
typedef struct eddy_job_share {
        const char *queue;
        unsigned weight;   /**< beside those of others; 0: 1 */
        void *reserved[2]; /**< zero */
} eddy_job_share;

/** What a worker tells of a job: that its handler begins, and once the store has it what became of it. */
typedef enum eddy_job_event {
        EDDY_JOB_EVENT_BEGUN,
        EDDY_JOB_EVENT_DONE,
        EDDY_JOB_EVENT_RETRY, /**< an attempt failed; another one comes */
        EDDY_JOB_EVENT_DEAD,
        EDDY_JOB_EVENT_CANCELLED,
        EDDY_JOB_EVENT_SNOOZED,
        EDDY_JOB_EVENT_RETURNED, /**< the worker ends, and another one is to do it */
        EDDY_JOB_EVENT_LOST, /**< it is another worker's by now, or was discarded: what this one did does not count */
} eddy_job_event;

/** How a worker is to be. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_job_worker_options {
        size_t concurrency;           /**< jobs that it does at a time; 0: 10 */
        const eddy_job_share *queues; /**< queue_count of them; NULL: "default" alone */
        size_t queue_count;
        bool
            is_strict; /**< the queues' order decides: of a later one is taken only where the earlier have none */
        bool has_no_signals; /**< SIGINT and SIGTERM are not its concern */
        const char *name; /**< for those who look, its own alone; NULL: host, process and a number by chance */
        eddy_duration
            lease; /**< after which a job of a worker that is silent is another one's; 0: 30 s. It is renewed at a third of it. 10 ms at
                      * least, and better a second: where a round trip to the store takes longer nothing is ever begun */
        eddy_duration poll;  /**< how often the store is asked that has said nothing; 0: 5 s */
        eddy_duration grace; /**< for the jobs that run when the worker is to end; 0: 30 s; less: none */
        /** Something became of a job. `text` is why an attempt failed or a kind that nobody knows goes back, else NULL. Called in one of the
         * worker's tasks; must not suspend. Where the store could not be told nothing comes after EDDY_JOB_EVENT_BEGUN. */
        void (*on_event)(eddy_job *job, eddy_job_event event, const char *text, void *arg);
        void *arg;         /**< passed to it */
        void *reserved[4]; /**< zero */
} eddy_job_worker_options;

typedef struct eddy_job_worker eddy_job_worker;

/**
 * Create a worker.
 *
 * @param worker   receives it; give it back with eddy_job_worker_destroy(). NULL where this fails
 * @param jobs     must stay until then
 * @param options  copied; may be NULL
 * @return 0
 * @retval -EINVAL  a name is wrong, or a number out of range; the detail says which
 * @retval -ENOMEM  no memory
 *
 * Does not suspend. arq.Worker().
 */
EDDY_API int eddy_job_worker_create(eddy_job_worker **worker, eddy_jobs *jobs,
                                    const eddy_job_worker_options *options);

/**
 * Say what does a kind of job. A job of a kind of which nobody said so goes back, with a line in its log and without having cost an attempt,
 * for its backoff at first and for longer the older it is: another worker may know it, such as one of the program's next version.
 *
 * @param kind     copied; NULL: every kind that has no handler of its own
 * @param handler  called for each job
 * @param arg      passed to it
 * @return 0, -EINVAL where the name is wrong, -EEXIST where it has one, EDDY_EINVALIDSTATE where it runs, or -ENOMEM
 *
 * Does not suspend.
 */
EDDY_API int eddy_job_worker_handle(eddy_job_worker *worker, const char *kind, eddy_job_handler handler,
                                    void *arg);

/**
 * Work until eddy_job_worker_stop() is called, SIGINT or SIGTERM comes, or the caller is interrupted. Then no more jobs begin, those that run
 * have `grace`, and what is left is cancelled and goes back to the store without having cost an attempt. A handler that does not end when it is
 * cancelled is waited for.
 *
 * @return 0: it was stopped; or an error as eddy/jobs_store.h says
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted: the jobs had no grace, and went back
 * @retval EDDY_EJOBSFORMAT, EDDY_EJOBS  the store is broken in a way that waiting does not mend
 * @retval EDDY_EINVALIDSTATE            it runs already
 *
 * A second signal ends the grace; a third does what it does without this. A store that goes away is waited for; what jobs come to meanwhile is
 * told to it when it is back. At the end it is told for 5 s at most: what it does not hear then it finds out when the leases end. In a loop that may not have signals (-EBUSY: another loop has them) they are not its concern. Suspends. Worker.main().
 */
EDDY_API EDDY_ASYNC int eddy_job_worker_run(eddy_job_worker *worker);

/** Have eddy_job_worker_run() end; called again: at once, without grace. Before that was called it ends as soon as it begins. In its loop's
 * thread; callbacks of the loop may call it. Does not suspend. */
EDDY_API void eddy_job_worker_stop(eddy_job_worker *worker);

/** Give a worker back that does not run. NULL is allowed. Does not suspend. */
EDDY_API void eddy_job_worker_destroy(eddy_job_worker *worker);

/* What a handler asks of its job. None of these suspends. */

/** Which job it is; what kind; from which queue; its key, or NULL. */
EDDY_API const char *eddy_job_id(const eddy_job *job);
EDDY_API const char *eddy_job_kind(const eddy_job *job);
EDDY_API const char *eddy_job_queue_name(const eddy_job *job);
EDDY_API const char *eddy_job_key(const eddy_job *job);

/** What it was enqueued with, NUL behind. `size` receives its bytes; may be NULL. */
EDDY_API const void *eddy_job_payload(const eddy_job *job, size_t *size);

/** Which attempt this is, from 1 on; and how many there are at most. */
EDDY_API int eddy_job_attempt(const eddy_job *job);
EDDY_API int eddy_job_attempts(const eddy_job *job);

/** How long this attempt may take in all; EDDY_FOREVER: without bound. */
EDDY_API eddy_duration eddy_job_timeout(const eddy_job *job);

/** When it was enqueued, and when it was due. */
EDDY_API eddy_job_time eddy_job_created(const eddy_job *job);
EDDY_API eddy_job_time eddy_job_due(const eddy_job *job);

/* What a handler says. All of it is stored within a second or two, at the latest with its end, where the store is there; text as a line of UTF-8, in
 * which other bytes become blanks and question marks. Where there is no memory for it, it is not kept. None of these suspends. */

/** How far it is.
 *
 * @param fraction  0 to 1; less than 0: nobody knows, whatever was said before
 * @param format    of a note for people, as for printf(); at most 255 bytes are kept
 */
__attribute__((format(printf, 3, 4), nonnull(3))) EDDY_API void
eddy_job_progress(eddy_job *job, double fraction, const char *format, ...);

/** A line of its log, of which 1 KiB is kept. Of one attempt the first 16 KiB are. */
__attribute__((format(printf, 2, 3), nonnull(2))) EDDY_API void eddy_job_log(eddy_job *job, const char *format,
                                                                             ...);

/** What comes of it where it is done. Copied: 0, -EMSGSIZE beyond 16 MiB, or -ENOMEM. The last one counts. */
EDDY_API int eddy_job_set_result(eddy_job *job, const void *data, size_t size);

/** Be asked again after a delay, without having cost an attempt. What the handler is to return. */
EDDY_API int eddy_job_snooze(eddy_job *job, eddy_duration delay);

/** This attempt failed, and the next one, if there is one, is to come after a delay instead of the spec's. The text, of which 1 KiB is kept, says
 * why. What the handler is to return. */
__attribute__((format(printf, 3, 4), nonnull(3))) EDDY_API int
eddy_job_retry(eddy_job *job, eddy_duration delay, const char *format, ...);

/** It failed for good, and there are no more attempts; the text says why. What the handler is to return. */
__attribute__((format(printf, 2, 3), nonnull(2))) EDDY_API int eddy_job_give_up(eddy_job *job,
                                                                                const char *format, ...);

EDDY_END_DECLS

#endif
