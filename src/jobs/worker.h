/* A worker and the jobs it has, as its parts share them:
 *
 * - shift.c    the turns: tells the store what became of jobs, takes others
 * - running.c  a job's task, from its handler's beginning to the verdict
 * - renew.c    leases of jobs that run, and what handlers say meanwhile
 * - sweep.c    finished jobs are forgotten
 * - cron_fire.c  schedules whose time has come
 * - stop.c     the end: signals, grace, the rest goes back
 */
#ifndef JOBS_WORKER_H
#define JOBS_WORKER_H

#include "jobs/choose.h"
#include "jobs/jobs.h"

/* Jobs of one request to the store at most: it does what it is asked in one step, during which others wait. */
enum { JOBS_AT_ONCE = 1000 };

/* What does a kind of job. */
struct jobs_handler {
        eddy_link link;   /* in worker->handlers */
        const char *kind; /* its own copy; NULL: every other one */
        eddy_job_handler call;
        void *arg;
};

/* Why a job's task was cancelled. One may replace another that stands before it. */
enum jobs_end {
        JOBS_END_NONE,
        JOBS_END_WORKER,    /* its worker ends */
        JOBS_END_LEASE,     /* its lease could not be renewed, and another worker may have it */
        JOBS_END_CANCELLED, /* somebody asked for it */
        JOBS_END_LOST,      /* another worker has it */
};

/* What a handler says while it runs; there once it has said something. */
struct jobs_said {
        char note[256], sending_note[256]; /* what is sent does not change meanwhile */
        char *log;         /* lines that have not been sent, `size` bytes and a NUL; NULL: none */
        char *sending_log; /* with a renewal that is under way */
        size_t size, room;
        size_t logged, lines; /* bytes and lines of this attempt, sent or not */
        bool has_note;        /* else the note is what it was before this attempt */
};

/* A place for a job. A worker has as many as its concurrency says. */
struct eddy_job {
        eddy_link link; /* in one of the worker's lists */
        eddy_job_worker *worker;
        struct jobs_taken *taken;
        eddy_task *task;     /* NULL: it does not run */
        eddy_time lease_end; /* by the monotonic clock; the store's comes no sooner */
        enum jobs_end end;
        bool is_renewing; /* a renewal is under way, which looks at what is said; its verdict waits */

        /* What its handler says: words.c. */
        double progress;
        struct jobs_said *said;
        bool
            is_asking; /* to be renewed soon, since its handler has said something, or it may have been cancelled */
        bool has_decided; /* `verdict`, `delay` and `text` are the handler's */
        void *result;
        size_t result_size;

        /* What becomes of it. */
        enum jobs_verdict verdict;
        eddy_duration delay;
        const char *error; /* why it failed: `text`, or what stays; NULL: nothing to say */
        char *text;
};

/* The turns. */
struct jobs_shift {
        eddy_event wake;   /* something may be to be done */
        bool has_hint;     /* there may be work */
        bool is_listening; /* the store gives hints */
        bool is_open;      /* a turn was sent whose answer nobody has heard: it is to be sent again */
        bool has_missed; /* somebody cancels a job that is not here, or comes with the turn that is under way */
        unsigned empty;  /* looks in a row that found nothing */
        eddy_time emptied;      /* when the last one did */
        unsigned failures;      /* turns in a row that failed */
        unsigned refusals;      /* of these in a row those that waiting is not likely to mend */
        eddy_time look;         /* when to look though nobody says that there is work */
        eddy_time look_at_hint; /* when to look at the soonest where somebody does */
        eddy_time failed;       /* when a turn failed last */
        eddy_time again;        /* when to try again */
        eddy_time listened;     /* when listening was tried last */
        eddy_time sent;         /* when the turn was sent first: from when on its leases count at the soonest */
        struct jobs_turn turn;
        struct jobs_outcome *outcomes; /* room for as many as there are places, but no more than JOBS_AT_ONCE */
        eddy_link telling;             /* the jobs of the turn's outcomes, in order */
};

/* The renewals. */
struct jobs_renewal {
        eddy_event wake;
        eddy_time said;            /* when the first of the jobs that ask did so; 0: none */
        eddy_time again;           /* no sooner than this */
        struct jobs_lease *leases; /* room as for outcomes */
        struct eddy_job **jobs;    /* whose they are */
};

/* The schedules. */
struct jobs_crons {
        eddy_event wake;      /* one was set */
        eddy_time complained; /* when it was said last that one cannot be done; 0: never */
};

struct eddy_job_worker {
        struct jobs_listener listener; /* first, so that a listener is a worker */
        eddy_jobs *jobs;
        eddy_job_worker_options options; /* with every default filled in */
        char name[EDDY_JOB_ID_SIZE];
        struct jobs_choice choice;
        eddy_link handlers;
        uint64_t chance; /* random numbers come of it */

        struct eddy_job *places;          /* options.concurrency of them */
        eddy_link free, running, ended;   /* ended: their verdicts are to be told */
        size_t running_count, held_count; /* held: not free */

        struct jobs_shift shift;
        struct jobs_renewal renewal;
        struct jobs_crons crons;

        eddy_event changed; /* something that who runs the worker waits for may be so */
        bool is_running, is_stopping;
        unsigned stops;         /* how often it was asked to end */
        int failure;            /* why it cannot go on */
        char why[512];          /* in words */
        eddy_duration farewell; /* how long what is left is told to the store at the end */
        eddy_duration sweep;    /* from one sweep to the next */
};

/** A number from 0 to 1, but not 1. */
double jobs_chance(eddy_job_worker *worker);

/** Tell the program what became of a job. */
void jobs_event(struct eddy_job *job, eddy_job_event event, const char *text);

#endif
