/* How long jobs waited and ran, by those that ended lately. */
#ifndef CLI_JOBS_WEB_TIMES_H
#define CLI_JOBS_WEB_TIMES_H

#include <eddy/jobs.h>

enum {
        WEB_LATELY = 30, /* seconds, that is lately */
        WEB_BOUNDS = 17, /* of a histogram's buckets */
        WEB_SAMPLED =
            200 /* jobs of a queue in a look: where more have ended only the last ones are looked at */
};

extern const double web_bounds[WEB_BOUNDS]; /* seconds */

/* Spans of time, counted. */
struct web_histogram {
        uint64_t
            counts[WEB_BOUNDS + 1]; /* as far as each bound and beyond the one before; the last: beyond all */
        double sum;                 /* seconds */
};

/* The half and 95 of 100 were no longer than this, seconds; less than 0: there was none. */
struct web_quantiles {
        double half, most;
};

struct web_lately {
        struct web_quantiles wait, run;
};

extern const struct web_lately web_no_lately;

/* A queue's jobs. */
struct web_queue_times {
        char name[EDDY_JOB_ID_SIZE];
        size_t finished;                  /* its counter, when it was asked last */
        eddy_job_time newest;             /* the end of the last job of it that was looked at */
        struct web_histogram waits, runs; /* of all that were */
        bool has_lately;                  /* one of its samples is of lately */
        struct web_lately lately;
};

/* Zeroed it is empty. */
struct web_times {
        struct web_queue_times *queues; /* queue_count of them, none of which goes */
        size_t queue_count;
        struct web_lately lately;   /* of all */
        struct web_sample *samples; /* a ring of the last ones; NULL: there was none yet */
        size_t sample_count;        /* that there have ever been */
        eddy_job_time began;        /* what ended before is none of this one's; 0: nobody has looked yet */
        size_t turn;                /* at which place of the queues the next look begins to ask */
};

/** Look at jobs that have ended since the last look: 0, or an error. `queues` are all of the store's, and `now` is its clock's. Suspends. */
int web_times_look(struct web_times *times, eddy_jobs *jobs, const eddy_job_queue *queues, size_t n,
                   eddy_job_time now);

/** Those of a queue; NULL: none of it has been seen yet. `place` is where it is, most likely. */
const struct web_queue_times *web_times_find(const struct web_times *times, const char *name, size_t place);

void web_times_finish(struct web_times *times);

#endif
