/* Tasks that enqueue at the same time: what they have goes to the store together. */
#ifndef JOBS_TOGETHER_H
#define JOBS_TOGETHER_H

#include "jobs/engine.h"

struct jobs_together {
        eddy_link waiting; /* requests, in the order that they came */
        size_t under_way;  /* calls of the engine, and who has been told to make one */
        bool is_led;       /* somebody has been told so, and will see who waits then */
};

/** The engine's enqueue(), with what others want meanwhile. */
int jobs_together_enqueue(eddy_jobs *jobs, const eddy_job_spec *specs, size_t n, eddy_job_added *added);

#endif
