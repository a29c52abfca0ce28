#include "jobs_clock.h"

enum { KNOWN_SECONDS = 10 };

int jobs_clock_learn(struct jobs_clock *clock, eddy_jobs *jobs)
{
        eddy_job_time then;
        int rc;

        if (clock->learned != 0 && eddy_now() < eddy_time_add(clock->learned, eddy_seconds(KNOWN_SECONDS)))
                return 0;
        rc = eddy_jobs_clock(jobs, &then);
        if (rc == 0)
                *clock = (struct jobs_clock){.learned = eddy_now(), .then = then};
        return rc;
}

eddy_job_time jobs_clock_now(const struct jobs_clock *clock)
{
        return clock->then + (eddy_now() - clock->learned) / 1000;
}
