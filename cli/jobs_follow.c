#include "jobs_follow.h"

enum { COST_SHARE = 20, REST_MOST = 30 /* seconds */ };

eddy_duration jobs_rest_after(eddy_duration cost)
{
        const eddy_duration least = eddy_seconds(1), most = eddy_seconds(REST_MOST);

        return cost > most / COST_SHARE ? most : cost > least / COST_SHARE ? COST_SHARE * cost : least;
}

/* A state that is final, or 0, or an error. */
static int look(eddy_jobs *jobs, const char *id, int (*on_look)(const eddy_job_info *info, void *arg),
                void *arg)
{
        eddy_job_info *info;
        int rc = eddy_jobs_get(jobs, id, &info);

        if (rc == 0)
                rc = on_look(info, arg);
        if (rc == 0 && info->state >= EDDY_JOB_DONE)
                rc = (int)info->state;
        eddy_free(info);
        return rc;
}

/* Until it is finished, or it is time to look: 0, or an error. */
static int rest(eddy_jobs *jobs, const char *id, eddy_duration delay)
{
        int rc = 0;

        EDDY_TIMEOUT_SCOPE(delay)
                rc = eddy_jobs_await(jobs, id, NULL);
        return rc >= 0 || (rc == EDDY_TIMEOUT && eddy_interrupted() == 0) ? 0 : rc;
}

int jobs_follow(eddy_jobs *jobs, const char *id, int (*on_look)(const eddy_job_info *info, void *arg),
                void *arg)
{
        int rc = 0;

        while (rc == 0) {
                eddy_time begin = eddy_now();
                rc = look(jobs, id, on_look, arg);
                if (rc == 0)
                        rc = rest(jobs, id, jobs_rest_after(eddy_now() - begin));
        }
        return rc;
}
