/* The store's clock, by which its moments are: who looks may have another one. */
#ifndef CLI_JOBS_CLOCK_H
#define CLI_JOBS_CLOCK_H

#include <eddy/jobs.h>

/* What is known of it; zeroed nothing is. */
struct jobs_clock {
        eddy_time learned;  /* when it was asked for last; 0: never */
        eddy_job_time then; /* what it said */
};

/** Ask for it, unless that has been done within ten seconds, in which no two clocks part: 0, or an error as of eddy_jobs_clock(). Suspends. */
int jobs_clock_learn(struct jobs_clock *clock, eddy_jobs *jobs);

/** What it says now. It has been learned. */
eddy_job_time jobs_clock_now(const struct jobs_clock *clock);

#endif
