/* Tasks that enqueue at the same time: what they have goes to the store together. */
#ifndef JOBS_TOGETHER_H
#define JOBS_TOGETHER_H

#include "jobs/engine.h"

struct jobs_together {
        eddy_link waiting; /* requests, in the order that they came */
        size_t under_way;  /* calls of the engine, and who has been told to make one */
        bool is_led;       /* somebody has been told so, and will see who waits then */
        eddy_event ended;  /* no call is under way any more */
};

void jobs_together_init(struct jobs_together *together);

/** When nobody enqueues any more: wait for what was sent for those who were interrupted. Suspends, in the caller's shield. */
void jobs_together_finish(struct jobs_together *together);

/** Whether jobs, as their caller has them, may go with those of others. */
bool jobs_together_takes(const eddy_job_spec *specs, size_t n);

/** The engine's enqueue() of such jobs, with what others want meanwhile. */
int jobs_together_enqueue(eddy_jobs *jobs, const eddy_job_spec *specs, size_t n, eddy_job_added *added);

#endif
