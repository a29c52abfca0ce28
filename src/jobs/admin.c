/* Jobs and queues as who looks after them sees them. */
#include "jobs/jobs.h"

#include "base/memory.h"

enum { LISTED_MOST = 100000, FINISHED_MOST = 1000, LIMIT_MOST = 1000000000 };

int eddy_jobs_get(eddy_jobs *jobs, const char *id, eddy_job_info **info)
{
        int rc = jobs_enter(jobs);

        *info = NULL;
        if (rc == 0)
                rc = jobs_check_id(id);
        return rc < 0 ? rc : jobs->engine->type->get(jobs->engine, id, info);
}

/* A look at schedules tells its moment; of this name there is none, for control characters are none of a name's. */
int eddy_jobs_clock(eddy_jobs *jobs, eddy_job_time *now)
{
        struct jobs_cron_look look = {.name = "\n"};
        int rc = jobs_enter(jobs);

        if (rc == 0)
                rc = jobs->engine->type->look_at_crons(jobs->engine, &look);
        memory_free(look.crons);
        *now = rc == 0 ? look.now : 0;
        return rc;
}

int eddy_jobs_list(eddy_jobs *jobs, const eddy_job_filter *filter, eddy_job_list *list)
{
        eddy_job_filter filled = filter ? *filter : (eddy_job_filter){0};
        int rc = jobs_enter(jobs);

        *list = (eddy_job_list){0};
        filled.states = filled.states ? filled.states : (1u << EDDY_JOB_STATES) - 1;
        filled.most = filled.most == 0 ? 100 : filled.most < LISTED_MOST ? filled.most : LISTED_MOST;
        if (filled.after && !filled.after[0])
                filled.after = NULL;
        return rc < 0 ? rc : jobs->engine->type->list(jobs->engine, &filled, list);
}

/* Engines leave out what is large, and may give what is at hand. */
static void leave_out_bytes(const eddy_job_list *list)
{
        for (size_t i = 0; i < list->count; i++) {
                list->jobs[i]->payload = "";
                list->jobs[i]->result = NULL;
                list->jobs[i]->payload_size = list->jobs[i]->result_size = 0;
        }
}

int eddy_jobs_finished(eddy_jobs *jobs, const char *queue, eddy_job_time since, size_t most,
                       eddy_job_list *list)
{
        int rc = jobs_enter(jobs);

        *list = (eddy_job_list){0};
        if (rc == 0 && queue)
                rc = jobs_check_name(queue, "a queue's name");
        if (rc == 0 && (most == 0 || most > FINISHED_MOST))
                rc = eddy_fail(-EINVAL, "1 to %d finished jobs can be had, and not %zu", FINISHED_MOST, most);
        if (rc == 0)
                rc = jobs->engine->type->list_finished(jobs->engine, queue, since, most, list);
        leave_out_bytes(list);
        return rc;
}

void eddy_job_list_free(eddy_job_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                memory_free(list->jobs[i]);
        memory_free(list->jobs);
        *list = (eddy_job_list){0};
}

static int act(eddy_jobs *jobs, enum jobs_action action, const char *id)
{
        int rc = jobs_enter(jobs);

        if (rc == 0)
                rc = jobs_check_id(id);
        return rc < 0 ? rc : jobs->engine->type->act(jobs->engine, action, id);
}

int eddy_jobs_retry(eddy_jobs *jobs, const char *id)
{
        return act(jobs, JOBS_ACT_RETRY, id);
}

int eddy_jobs_cancel(eddy_jobs *jobs, const char *id)
{
        return act(jobs, JOBS_ACT_CANCEL, id);
}

int eddy_jobs_discard(eddy_jobs *jobs, const char *id)
{
        return act(jobs, JOBS_ACT_DISCARD, id);
}

static int change(eddy_jobs *jobs, const char *queue, const struct jobs_queue_change *change)
{
        int rc = jobs_enter(jobs);

        if (rc == 0)
                rc = jobs_check_name(queue, "a queue's name");
        return rc < 0 ? rc : jobs->engine->type->set_queue(jobs->engine, queue, change);
}

/* No store's numbers come near to their ends then. */
static int check_limit(const char *name, size_t limit)
{
        if (limit <= LIMIT_MOST)
                return 0;
        return eddy_fail(-EINVAL, "a queue's %s is %d at most, or 0 for any number, and not %zu", name,
                         LIMIT_MOST, limit);
}

int eddy_jobs_set_queue(eddy_jobs *jobs, const char *queue, const eddy_job_queue_options *options)
{
        int rc = check_limit("most_running", options->most_running);

        if (rc == 0)
                rc = check_limit("rate", options->rate);
        if (rc < 0)
                return rc;
        if (options->period < 0)
                return eddy_fail(-EINVAL, "a period is less than 0");
        return change(jobs, queue, &(struct jobs_queue_change){.options = options, .pauses = -1});
}

int eddy_jobs_pause(eddy_jobs *jobs, const char *queue)
{
        return change(jobs, queue, &(struct jobs_queue_change){.pauses = 1});
}

int eddy_jobs_resume(eddy_jobs *jobs, const char *queue)
{
        return change(jobs, queue, &(struct jobs_queue_change){.pauses = 0});
}

int eddy_jobs_queues(eddy_jobs *jobs, eddy_job_queue **queues, size_t *n)
{
        int rc = jobs_enter(jobs);

        *queues = NULL;
        *n = 0;
        return rc < 0 ? rc : jobs->engine->type->queues(jobs->engine, queues, n);
}
