/* Jobs into the store. */
#include "jobs/jobs.h"

static int enqueue(void *arg, const eddy_job_spec *specs, size_t n, eddy_job_added *added)
{
        struct jobs_engine *engine = ((eddy_jobs *)arg)->engine;

        return engine->type->enqueue(engine, specs, n, added);
}

static int enqueue_together(void *arg, const eddy_job_spec *specs, size_t n, eddy_job_added *added)
{
        return jobs_together_enqueue(arg, specs, n, added);
}

int eddy_jobs_enqueue_many(eddy_jobs *jobs, const eddy_job_spec *specs, size_t n, eddy_job_added *added)
{
        int rc = jobs_enter(jobs);

        if (rc < 0 || n == 0)
                return rc;
        return jobs_enqueue_checked(specs, n, added, jobs_together_takes(specs, n) ? enqueue_together : enqueue,
                                    jobs);
}

int eddy_jobs_enqueue(eddy_jobs *jobs, const eddy_job_spec *spec, eddy_job_added *added)
{
        return eddy_jobs_enqueue_many(jobs, spec, 1, added);
}
