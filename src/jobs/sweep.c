/* Finished jobs are forgotten when their time is over: now and then, in small portions, so that others are not kept waiting. Each worker
 * does so, at moments left to chance. */
#include "jobs/sweep.h"

#include "jobs/worker.h"

enum { PORTION = 1000 /* jobs, as of jobs_engine_type.sweep */, PAUSE_MS = 100 };

static void sweep(eddy_job_worker *worker)
{
        struct jobs_engine *engine = worker->jobs->engine;

        while (engine->type->sweep(engine) >= PORTION && eddy_sleep(eddy_ms(PAUSE_MS)) == 0)
                continue;
}

intptr_t jobs_sweep_run(void *arg)
{
        eddy_job_worker *worker = *(eddy_job_worker **)arg;
        double part = jobs_chance(worker);

        /* What fails is tried again with the next one: there is no hurry. */
        while (eddy_sleep((eddy_duration)((double)worker->sweep * part)) == 0) {
                sweep(worker);
                part = 0.8 + 0.4 * jobs_chance(worker);
        }
        return 0;
}
