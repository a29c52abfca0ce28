/* What a store of jobs is made of: one struct of functions for each kind of store, all held to tests/jobs/contract.
 *
 * An engine decides everything that two workers could disagree about, in one atomic step of the store, by the store's own clock:
 * who takes a job, whether its lease has ended, what is due. What surrounds it (jobs.c, worker.c) knows no store.
 *
 * Each function is called in a coroutine and suspends, unless it says otherwise. Interrupted, it may have been done or not, as
 * where the connection broke: whoever calls says the same again where it matters, and each function bears that. It returns 0 or
 * an error of eddy/jobs_store.h, with a detail. Names, sizes and numbers have been checked by who calls.
 *
 * The life of a job, in all engines:
 *
 * - A job whose `due` has not come is SCHEDULED. Of those that are due and have one key, one has the key's turn; the others are
 *   HELD. Without a key, or with the turn, a job is READY. The turn passes on, to the HELD one with the highest priority and of
 *   these the oldest, when the job is finished, discarded, or, where it yields its key, SCHEDULED again.
 * - Taking it: RUNNING, `attempt` and `fence` one more, `lease` from now, nothing left of the progress and note of the attempt before. Of a
 *   queue's READY jobs the highest priority comes first, and of these the oldest (the order of enqueueing, which a retry does not change). None
 *   of a paused queue, no more than its `most_running` and `rate` say: within no period, wherever it begins, more than `rate`. What is used up
 *   of a rate stays so unless it or its period is set to another value.
 * - A RUNNING job whose lease has ended: "lost" in its history; READY again, or DEAD where attempt >= attempts.
 * - An attempt's first line in the history is "began" with its worker, of when it was taken. Taking it writes none: the line comes with the
 *   first of its log, or with that by which it ends otherwise than DONE.
 * - A verdict counts only with the fence that the job was taken with, and of the job that was taken: ids may be used again.
 * - A RUNNING job that was asked to end is CANCELLED where it would run again: by RETRY, SNOOZE, RETURN, or the end of its lease. Its
 *   history says how the attempt ended, then "cancelled"; its `due` and `attempt` stay. However it ends, it is no longer asked to.
 * - `unique` belongs to the job that was enqueued with it until that is finished and `unique_for` has passed since it was enqueued.
 */
#ifndef JOBS_ENGINE_H
#define JOBS_ENGINE_H

#include <eddy/jobs_admin.h>
#include <eddy/jobs_store.h>

/* What an engine may say at any time: a hint, which costs a look and no more. */
enum jobs_hint {
        JOBS_HINT_WORK,     /* the queue of that name, or with NULL any, has jobs that a worker could take */
        JOBS_HINT_FINISHED, /* the job of that id, or with NULL any, is finished */
        JOBS_HINT_CANCEL,   /* the job of that id, which runs, was asked to end */
        JOBS_HINT_CRON,     /* a schedule was set; no name */
        JOBS_HINT_ANY,      /* hints may have been missed, or the engine cannot say which: look at everything */
};

/* An open engine; each has its own fields behind this. */
struct jobs_engine {
        const struct jobs_engine_type *type;
        /* Its loop calls this outside any task. `name` lives until it returns; NULL with JOBS_HINT_ANY. */
        void (*on_hint)(void *arg, enum jobs_hint hint, const char *name);
        void *arg;
};

/* What becomes of a job that was taken. */
enum jobs_verdict {
        JOBS_DONE,
        JOBS_RETRY,  /* SCHEDULED after `delay`; "failed" in its history. DEAD where attempt >= attempts */
        JOBS_DIE,    /* DEAD; "failed" in its history */
        JOBS_CANCEL, /* CANCELLED */
        JOBS_SNOOZE, /* SCHEDULED after `delay`; `attempt` one less; "snoozed" in its history */
        JOBS_RETURN, /* READY; `attempt` one less; "returned" in its history */
};

/* What a handler has said since the last time. */
struct jobs_words {
        double progress;  /* as of eddy_job_info: less than 0 takes back what was said before */
        const char *note; /* NULL: as it was */
        /* Lines, a newline behind each, without time and attempt, which the engine puts before; NULL: none. What of them is there already,
         * for the reply was lost that said so, is not added again: before them this attempt's log had `log_at` lines. */
        const char *log;
        size_t log_at;
};

struct jobs_outcome {
        const char *id;
        uint64_t fence;
        eddy_job_time
            created; /* as of the job that was taken: another one that has its id by now is not this worker's. 0: any */
        enum jobs_verdict verdict;
        eddy_duration delay;
        const char *error; /* of RETRY and DIE: one line */
        const void *result;
        size_t result_size;
        struct jobs_words words;
        /* Receives 0; EDDY_EJOBLOST where its fence is not the job's, or it is not RUNNING; EDDY_ENOJOB. 0, too, where this very
         * verdict was there already: it is told again after a lost reply. */
        int rc;
};

/* A job that was taken: one block of memory, given back with eddy_free(). Texts are NULL where there are none. */
struct jobs_taken {
        char *id, *kind, *queue, *key;
        char *payload; /* NUL behind */
        size_t payload_size;
        uint64_t fence;
        eddy_duration timeout, backoff, max_backoff;
        eddy_job_time created, due;
        int attempt, attempts;
};

/* A worker's turn: it says what became of jobs, and takes others, in one round trip. */
struct jobs_turn {
        struct jobs_outcome *outcomes; /* outcome_count of them */
        size_t outcome_count;
        const char *const *queues; /* queue_count of them: taken from the first that has any, then the next */
        size_t queue_count;
        size_t most; /* jobs to take; 0: none */
        eddy_duration lease;
        const char *worker;
        /* A number that this worker gives each turn, not 0. Where a turn comes again with the same one, after a lost reply, those jobs
         * that it took the first time are given once more, with the fences that they have, in place of others. */
        uint64_t number;
        struct jobs_taken **taken; /* room for `most`; receives taken_count of them, the caller's */
        size_t taken_count;
        eddy_duration
            next; /* receives how long until something of these queues will be due, or a lease end: EDDY_FOREVER: not known.
                               0: there may be more at once */
};

/* A lease to be renewed. */
struct jobs_lease {
        const char *id;
        uint64_t fence;
        eddy_job_time created; /* as of jobs_outcome */
        struct jobs_words words;
        int rc; /* receives 0, EDDY_EJOBLOST, EDDY_ENOJOB, or EDDY_CANCELLED: renewed, and asked to end */
};

enum jobs_action { JOBS_ACT_RETRY, JOBS_ACT_CANCEL, JOBS_ACT_DISCARD };

/* What of a queue is to be set. */
struct jobs_queue_change {
        const eddy_job_queue_options *options; /* NULL: as they are */
        int pauses;                            /* 1, 0; or -1: as it is */
};

/* Texts and bytes before they are in one block. */
struct jobs_bytes {
        const void *data; /* NULL: none */
        size_t size;
};

/* A schedule, as an engine keeps it under its name: it does not look into `definition`, which docs/jobs-format.md describes. A block of
 * memory. */
struct jobs_cron {
        const char *name;
        struct jobs_bytes definition;
        int64_t digest;     /* of the definition: those of two that differ differ */
        eddy_job_time next; /* when its next job is due */
        eddy_job_time last; /* when its last one was; 0: there was none */
};

/* Which schedules to look at. */
struct jobs_cron_look {
        const char *name; /* that of this name alone; NULL: all */
        bool only_due;    /* whose `next` has come, the longest ago first */
        struct jobs_cron **
            crons; /* receives those there are, the caller's, also where this fails; in any order but for only_due */
        size_t count, room; /* 0 before */
        eddy_job_time now;  /* receives the store's clock, as of the look */
        eddy_job_time
            soonest; /* receives, with only_due, the least `next` that has not come; 0: there is none */
};

/* What is to be done when a schedule's time has come. */
struct jobs_cron_fire {
        const char *name;
        int64_t digest;           /* which it is to have still */
        eddy_job_time next;       /* and which `next` */
        eddy_job_time later;      /* which it has then: greater */
        eddy_job_time last;       /* and which `last` */
        const eddy_job_spec *job; /* to be enqueued, with every default filled in; NULL: none */
};

/* A kind of store. */
struct jobs_engine_type {
        size_t size;      /* of this struct: another one is of another version, where engines are loaded */
        const char *name; /* "sqlite" */

        /* Open what `url` says; on_hint and arg are set. `engine` is NULL where this fails. */
        int (*open)(struct jobs_engine **engine, const char *url, const eddy_jobs_options *options,
                    void (*on_hint)(void *arg, enum jobs_hint hint, const char *name), void *arg);
        /* Give it back. In a shield. Lists and hints have ended when it returns. */
        void (*close)(struct jobs_engine *engine);

        /* All or none, in one step, in their order: `specs` have every default filled in, `id` among them, and `added` is there,
         * whose ids are set to those of the specs. */
        int (*enqueue)(struct jobs_engine *engine, const eddy_job_spec *specs, size_t n, eddy_job_added *added);

        /* Take the verdicts, move what is due (scheduled jobs, ended leases: some hundred at most), take jobs. */
        int (*turn)(struct jobs_engine *engine, struct jobs_turn *turn);
        int (*renew)(struct jobs_engine *engine, struct jobs_lease *leases, size_t n, eddy_duration lease);

        /* EDDY_ENOJOB, or one block of memory. */
        int (*get)(struct jobs_engine *engine, const char *id, eddy_job_info **info);
        /* `filter` has its defaults filled in; `list` is empty, and may have jobs in it where this fails. */
        int (*list)(struct jobs_engine *engine, const eddy_job_filter *filter, eddy_job_list *list);
        /* Jobs that are finished, at `since` or later, the last first, of all queues where `queue` is NULL; `list` as of list(), without
         * a `next`, and without payloads and results as far as that saves something. Its cost does not grow with jobs that are not
         * among them. */
        int (*list_finished)(struct jobs_engine *engine, const char *queue, eddy_job_time since, size_t most,
                             eddy_job_list *list);
        int (*act)(struct jobs_engine *engine, enum jobs_action action, const char *id);

        /* Have JOBS_HINT_WORK, JOBS_HINT_CANCEL and JOBS_HINT_CRON come from now on. Again: nothing. */
        int (*listen)(struct jobs_engine *engine);
        /* Have JOBS_HINT_FINISHED (or _ANY) come when this job is finished: 0, also where it is already, or EDDY_ENOJOB. */
        int (*follow)(struct jobs_engine *engine, const char *id);

        int (*set_queue)(struct jobs_engine *engine, const char *queue, const struct jobs_queue_change *change);
        int (*queues)(struct jobs_engine *engine, eddy_job_queue **queues, size_t *n);

        /* Forget finished jobs whose time to stay is over, a thousand at most: how many, or an error. */
        int (*sweep)(struct jobs_engine *engine);

        /* Schedules. */

        /* One round trip, whose cost does not grow with the schedules that are not due where only_due asks. */
        int (*look_at_crons)(struct jobs_engine *engine, struct jobs_cron_look *look);
        /* In one step: where there is none of this name it is added, with `last` 0; where there is one of another digest it gets this
         * definition and digest, and without `keeps_next` this `next`; where the digest is the same nothing changes. `last` is not
         * looked at. JOBS_HINT_CRON. */
        int (*set_cron)(struct jobs_engine *engine, const struct jobs_cron *cron, bool keeps_next);
        /* EDDY_ENOJOB where there is none. */
        int (*remove_cron)(struct jobs_engine *engine, const char *name);
        /* In one step: where the schedule is there with this digest and this `next` it gets `later` and `last`, and the job is enqueued
         * exactly as by enqueue() (where its id is there, or its `unique`, nothing is added): 1. Else nothing changes: 0, the same moment was
         * another worker's, or the schedule is another one by now. What fails (-ENOSPC) changes nothing. Told again after a lost
         * reply it is 0, for it was done. JOBS_HINT_WORK as of enqueue(). */
        int (*fire_cron)(struct jobs_engine *engine, const struct jobs_cron_fire *fire);
};

/* Where an engine's functions put what they give: info.c */

/* Lay a job out in one block: numbers are those of `numbers`, texts and bytes those given, all copied. NULL: no memory. */
eddy_job_info *jobs_info_create(const eddy_job_info *numbers, const struct jobs_bytes texts[8],
                                struct jobs_bytes payload, struct jobs_bytes result);

/* The order of `texts` above. */
enum { JOBS_ID, JOBS_KIND, JOBS_QUEUE, JOBS_KEY, JOBS_UNIQUE, JOBS_WORKER, JOBS_NOTE, JOBS_HISTORY };

/* As jobs_info_create(), of what is taken; `texts` has the first four. */
struct jobs_taken *jobs_taken_create(const struct jobs_taken *numbers, const struct jobs_bytes texts[4],
                                     struct jobs_bytes payload);

/* Add a job to a list whose `jobs` has room for `room`: 0 or -ENOMEM, and then `info` is freed. NULL: -ENOMEM. */
int jobs_list_add(eddy_job_list *list, size_t *room, eddy_job_info *info);

/* Add a schedule to a look, with copies of its texts: 0 or -ENOMEM. */
int jobs_cron_add(struct jobs_cron_look *look, const struct jobs_cron *numbers, struct jobs_bytes name,
                  struct jobs_bytes definition);

#endif
