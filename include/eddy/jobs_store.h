/* A store of durable jobs: to open it, to enqueue, to await and to look. Of libeddy-jobs.
 *
 * What a function says of errors holds for all of them:
 *
 * - EDDY_EJOBS: the store refused or is broken; the detail has its own words.
 * - EDDY_EJOBSAWAY: the store could not be reached in time. What was sent may have been done or not.
 * - EDDY_CANCELLED, EDDY_TIMEOUT: the caller was interrupted. What was asked for may have been done or not.
 * - EDDY_ENOTASK, EDDY_EWRONGLOOP: called outside a coroutine, or from another loop. -ENOMEM: no memory.
 */
#ifndef EDDY_JOBS_STORE_H
#define EDDY_JOBS_STORE_H

#include <eddy.h>

EDDY_BEGIN_DECLS

#define EDDY_EJOBS     (-3880) /**< the store of jobs refused, or is broken; the detail has its words */
#define EDDY_EJOBSAWAY (-3881) /**< the store of jobs cannot be reached */
#define EDDY_ENOJOB    (-3882) /**< there is no such job, or no longer */
#define EDDY_EJOBSTATE (-3883) /**< the job is in a state in which that cannot be done */
#define EDDY_EJOBLOST  (-3884) /**< the job's lease has ended, and it is another worker's */
#define EDDY_EJOBSFORMAT                                                                                       \
        (-3885) /**< the store is of another version of the format; the detail says what to do */
#define EDDY_EJOBDECIDED (-3886) /**< what a handler returns that has said what becomes of its job */

/** A moment of the store's clock: microseconds since 1970. 0: none. */
typedef int64_t eddy_job_time;

/** Bytes of a job's id, with its NUL. */
#define EDDY_JOB_ID_SIZE 128

/** An open store, of one loop. */
typedef struct eddy_jobs eddy_jobs;

/** How to open a store. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_jobs_options {
        const char *
            prefix; /**< of its keys in Redis, and its schema in PostgreSQL: letters, digits and _; NULL: eddy_jobs */
        eddy_tls *
            tls; /**< for rediss://, which is refused without; others do not look at it. eddy_tls_create_client() makes
                        * one, and with NULL for its options it trusts whom the system trusts. Kept as long as it is needed */
        eddy_duration patience; /**< how long a call waits for a store that is away; 0: 30 s */
        bool must_exist;        /**< a store that is not there is not made */
        bool
            migrates; /**< a store that an older version made is brought up to this one's format, for good; false: it
                        * is refused with EDDY_EJOBSFORMAT. What is in it stays as it is. Older programs that have it
                        * open get EDDY_EJOBSFORMAT from then on, which ends their workers */
        /** The store was lost, or could not be had again; the next attempt comes after `delay`. Called by the loop, outside any
         * task, so it must not suspend; nor must it close the store. */
        void (*on_loss)(int error, const char *detail, eddy_duration delay, void *arg);
        void *arg;         /**< passed to it */
        void *reserved[4]; /**< zero */
} eddy_jobs_options;

/**
 * Open a store, and make it where there is none.
 *
 * @param jobs     receives it; give it back with eddy_jobs_close(). NULL where this fails
 * @param url      "sqlite:FILE", "redis://…", "rediss://…", "postgres://…" or "postgresql://…", as of eddy_redis_options.url and
 *                 eddy_postgres_connect(); "memory:" for tests: it is this process's, and gone when it is closed. NULL: what the
 *                 environment's EDDY_JOBS says, else the file eddy/jobs.db in the user's folder for state (XDG_STATE_HOME), which
 *                 is made; eddy_jobs_url() says which
 * @param options  copied; may be NULL
 * @return 0
 * @retval -EINVAL           the URL or a name is wrong, or it is rediss:// and there is no `tls`
 * @retval EDDY_ENOTSUP      what the store's kind needs is not installed; the detail names it
 * @retval EDDY_EJOBSFORMAT  it was made by another version of eddy, or is none of jobs at all
 * @retval EDDY_EJOBS, -ENOENT, -EACCES, -ECONNREFUSED ...  it cannot be opened, or is not there
 * @retval EDDY_EJOBSAWAY, EDDY_CANCELLED, EDDY_TIMEOUT, EDDY_ENOTASK, -ENOMEM
 *
 * Suspends. arq.create_pool().
 */
EDDY_API EDDY_ASYNC int eddy_jobs_open(eddy_jobs **jobs, const char *url, const eddy_jobs_options *options);

/** Close a store; in its loop's thread, before the loop is closed, when no other call of it and no worker is left. NULL is allowed.
 * Suspends, in a shield, until what the store still does is done. */
EDDY_API EDDY_ASYNC void eddy_jobs_close(eddy_jobs *jobs);

/** Which store it is, without a password. Lives as long as the store. */
EDDY_API const char *eddy_jobs_url(const eddy_jobs *jobs);

/** What is to be done, and how. Zero is the default of each but `kind`. Names are 1 to 100 bytes of UTF-8 without control characters. */
typedef struct eddy_job_spec {
        const char *kind;    /**< which handler does it */
        const void *payload; /**< what the handler is told: any bytes, by custom JSON; copied */
        size_t size; /**< of it, bytes; at most 16 MiB, and better a thousand: put large things elsewhere */
        const char *queue; /**< NULL: "default" */
        const char *
            id; /**< at most 127 bytes; NULL: a new one. Where such a job is there already nothing is added, so that
                                    who does not know whether it was enqueued may say it again */
        const char *
            key; /**< of all jobs with this key one runs at a time, in the order they were enqueued; NULL: none */
        const char *unique; /**< where a job with this one is not finished yet, nothing is added; NULL: none */
        eddy_duration unique_for; /**< and for so long since that was enqueued, finished or not */
        eddy_duration delay;      /**< not before this has passed */
        eddy_job_time at;         /**< not before this moment */
        eddy_duration timeout;    /**< for each attempt; 0: none */
        eddy_duration
            backoff; /**< before the second attempt, doubled for each; 0: 10 s. A fifth of each is left to chance */
        eddy_duration max_backoff; /**< 0: 1 hour */
        int priority;              /**< -100 to 100; of a queue's jobs the higher come first */
        int attempts;              /**< how often it is tried at most; 0: 20 */
        bool yields_key;           /**< while it waits for its next attempt others with its key may run */
        void *reserved[4];         /**< zero */
} eddy_job_spec;

/** What became of a job that was to be enqueued. */
typedef struct eddy_job_added {
        char id[EDDY_JOB_ID_SIZE]; /**< its own, or that of the one that was there */
        bool was_there;            /**< nothing was added, since of its `id` or `unique` there is one */
        void *reserved[2];         /**< zero */
} eddy_job_added;

/**
 * Enqueue a job: once this has returned 0, the store has it, as durably as the store has anything (see docs/jobs.md).
 *
 * @param spec   what is to be done
 * @param added  receives its id; may be NULL
 * @return 0, also where it was there already; or an error as above
 * @retval -EINVAL    a name is wrong, or a number out of range; the detail says which
 * @retval -EMSGSIZE  the payload is too large
 * @retval -ENOSPC    the store is full
 *
 * Suspends. ArqRedis.enqueue_job().
 */
EDDY_API EDDY_ASYNC int eddy_jobs_enqueue(eddy_jobs *jobs, const eddy_job_spec *spec, eddy_job_added *added);

/**
 * Enqueue many jobs in one round trip: all, or where this fails none.
 *
 * @param specs  n of them
 * @param added  receives what became of each, in order; may be NULL
 * @return 0, or an error as of eddy_jobs_enqueue()
 *
 * Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_jobs_enqueue_many(eddy_jobs *jobs, const eddy_job_spec *specs, size_t n,
                                               eddy_job_added *added);

/** Where in its life a job is. */
typedef enum eddy_job_state {
        EDDY_JOB_SCHEDULED, /**< it waits for its time: at first, or for its next attempt */
        EDDY_JOB_HELD,      /**< another one with its key comes first */
        EDDY_JOB_READY,     /**< it waits for a worker */
        EDDY_JOB_RUNNING,
        EDDY_JOB_DONE,
        EDDY_JOB_DEAD, /**< it was tried as often as it was to be, or given up */
        EDDY_JOB_CANCELLED,
} eddy_job_state;

/** How many there are. */
#define EDDY_JOB_STATES (EDDY_JOB_CANCELLED + 1)

/** Such as "ready"; "unknown" for no state. */
EDDY_API const char *eddy_job_state_name(eddy_job_state state);

/** Whether nothing more becomes of it by itself: EDDY_JOB_DONE, EDDY_JOB_DEAD and EDDY_JOB_CANCELLED. */
EDDY_API bool eddy_job_state_is_finished(eddy_job_state state);

/** All that the store knows of a job. Texts and bytes are its own, and those there are none of NULL. */
typedef struct eddy_job_info {
        const char *id, *kind, *queue, *key, *unique;
        const char *worker; /**< who has it, or had it last */
        const char *note;   /**< what its handler said last of its progress, in the attempt that began last */
        /** What happened to it, oldest first, a line each: "MICROSECONDS ATTEMPT WHAT TEXT", where WHAT is `failed`, `lost` (its worker),
         * `log`, `retried`, `cancelled`, `snoozed`, `returned` or, with its worker, `began`: that is the first line of each attempt that has
         * any, which one that is done without a word has not. The newest 64 KiB are kept, in whole lines. "": nothing */
        const char *history;
        const void *payload, *result; /**< NUL behind each */
        size_t payload_size, result_size;
        eddy_job_time created, due, started, finished;
        eddy_job_time lease; /**< until when its worker has it */
        eddy_duration timeout, backoff, max_backoff;
        double progress; /**< 0 to 1; less than 0: unknown */
        eddy_job_state state;
        int priority;
        int attempt;        /**< how often it was begun */
        int attempts;       /**< how often it is at most */
        bool is_cancelling; /**< its worker has been asked to end it */
        bool yields_key;
} eddy_job_info;

/**
 * Look at a job.
 *
 * @param info  receives what there is to know, the caller's, given back with eddy_free(). NULL where this fails
 * @return 0, or an error as above
 * @retval EDDY_ENOJOB  there is none, or it has been swept
 *
 * Suspends. Job.info().
 */
EDDY_API EDDY_ASYNC int eddy_jobs_get(eddy_jobs *jobs, const char *id, eddy_job_info **info);

/**
 * Wait until a job is done, dead or cancelled.
 *
 * @param info  as of eddy_jobs_get(); may be NULL
 * @return its state, one of these three; or an error as of eddy_jobs_get()
 *
 * Bound it with EDDY_TIMEOUT_SCOPE(). Suspends. Job.result().
 */
EDDY_API EDDY_ASYNC int eddy_jobs_await(eddy_jobs *jobs, const char *id, eddy_job_info **info);

/**
 * Have the store's clock, by which all its moments are: with Redis and PostgreSQL the server's, which may be far from this machine's.
 *
 * @param now  receives what it says while it is asked, which costs a round trip; 0 where this fails
 * @return 0, or an error as above
 *
 * Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_jobs_clock(eddy_jobs *jobs, eddy_job_time *now);

EDDY_END_DECLS

#endif
