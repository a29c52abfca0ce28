/* To wait for a job's end: the store says when, and is asked now and then in case that was missed. */
#include "jobs/jobs.h"

#include "base/memory.h"

struct awaiter {
        struct jobs_listener listener;
        eddy_event event;
        const char *id;
};

static void wake(struct jobs_listener *listener, enum jobs_hint hint, const char *name)
{
        struct awaiter *awaiter = (struct awaiter *)listener;

        if (hint == JOBS_HINT_ANY || (hint == JOBS_HINT_FINISHED && (!name || strcmp(name, awaiter->id) == 0)))
                eddy_event_set(&awaiter->event);
}

/* 0: it has been finished, or it is time to look. */
static int wait_for_hint(struct awaiter *awaiter)
{
        int rc = 0;

        EDDY_TIMEOUT_SCOPE(eddy_seconds(5))
                rc = eddy_event_wait(&awaiter->event);
        eddy_event_clear(&awaiter->event);
        return rc == EDDY_TIMEOUT && eddy_interrupted() == 0 ? 0 : rc;
}

static int await_finish(eddy_jobs *jobs, struct awaiter *awaiter, eddy_job_info **info)
{
        int rc = jobs->engine->type->follow(jobs->engine, awaiter->id);

        while (rc == 0) {
                rc = jobs->engine->type->get(jobs->engine, awaiter->id, info);
                if (rc < 0)
                        break;
                if (eddy_job_state_is_finished((*info)->state))
                        return (int)(*info)->state;
                memory_free(*info);
                *info = NULL;
                rc = wait_for_hint(awaiter);
        }
        return rc;
}

int eddy_jobs_await(eddy_jobs *jobs, const char *id, eddy_job_info **info)
{
        struct awaiter awaiter = {.listener.on_hint = wake, .id = id};
        eddy_job_info *own = NULL;
        int rc = jobs_enter(jobs);

        if (info)
                *info = NULL;
        if (rc == 0)
                rc = jobs_check_id(id);
        if (rc < 0)
                return rc;
        eddy_event_init(&awaiter.event);
        list_append(&jobs->listeners, &awaiter.listener.link);
        rc = await_finish(jobs, &awaiter, info ? info : &own);
        list_remove(&awaiter.listener.link);
        eddy_event_finish(&awaiter.event);
        memory_free(own);
        return rc;
}
