/* A job that runs: a task of its own, from its handler's beginning to the verdict. It is in no group, which a task that cannot be made
 * would end for all. */
#include "jobs/running.h"

#include "base/memory.h"
#include "jobs/shift.h"
#include "jobs/text.h"
#include "jobs/words.h"
#include <stdio.h>

enum {
        ERROR_MOST = 1024,        /* bytes of an attempt's error */
        NO_MEMORY_DELAY = 1,      /* seconds, until a job is tried again that no task could be made for */
        CHANCE_IN_BACKOFF = 5,    /* one part of so many */
        AGE_IN_UNKNOWN_DELAY = 2, /* how long a job waits that nobody knows: its age by this */
};

void jobs_place_free(struct eddy_job *job)
{
        eddy_job_worker *worker = job->worker;

        jobs_words_free(job);
        memory_free(job->taken);
        memory_free(job->result);
        memory_free(job->text);
        list_remove(&job->link);
        *job = (struct eddy_job){.worker = worker};
        list_append(&worker->free, &job->link);
        worker->held_count--;
}

/* The verdict is there. */
static void leave(struct eddy_job *job)
{
        eddy_job_worker *worker = job->worker;

        list_remove(&job->link);
        list_append(&worker->ended, &job->link);
        jobs_shift_wake(worker);
}

/* Where there is no memory for the words, the error's own meaning does. */
static void fail(struct eddy_job *job, intptr_t rc, const char *words)
{
        char text[ERROR_MOST + 8];

        snprintf(text, sizeof text, "%s", words);
        jobs_text_clean(text, ERROR_MOST);
        memory_free(job->text);
        job->text = memory_strdup(text);
        job->error = job->text ? job->text : eddy_strerror(rc);
        job->verdict = JOBS_RETRY;
}

/* Doubled for each attempt that failed. */
static eddy_duration backoff(struct eddy_job *job)
{
        const struct jobs_taken *taken = job->taken;
        eddy_duration delay = taken->backoff;

        for (int i = 1; i < taken->attempt && delay < taken->max_backoff && delay > 0; i++)
                delay = delay > taken->max_backoff / 2 ? taken->max_backoff : 2 * delay;
        delay = delay < taken->max_backoff ? delay : taken->max_backoff;
        return delay - (eddy_duration)((double)(delay / CHANCE_IN_BACKOFF) * jobs_chance(job->worker));
}

/* What the handler has returned says why the attempt failed. */
static void explain(struct eddy_job *job, int rc, bool is_late)
{
        char text[128];

        if (rc == EDDY_TIMEOUT && is_late) {
                snprintf(text, sizeof text, "the attempt took longer than %.10g s",
                         eddy_to_seconds(job->taken->timeout));
                fail(job, rc, text);
        } else if (rc == EDDY_EJOBDECIDED) {
                fail(job, rc, "the handler returned EDDY_EJOBDECIDED, but has decided nothing");
        } else if (!eddy_is_error(rc)) {
                snprintf(text, sizeof text, "the handler returned %d, which is no error's number", rc);
                fail(job, rc, text);
        } else {
                fail(job, rc, eddy_explain(rc));
        }
        job->delay = backoff(job);
}

/* Where the handler was asked to end and did, its failure says nothing of the job. */
static void excuse(struct eddy_job *job, bool is_late)
{
        if (job->end == JOBS_END_CANCELLED && (job->verdict == JOBS_RETRY || job->verdict == JOBS_SNOOZE))
                job->verdict = JOBS_CANCEL;
        else if (job->end && job->verdict == JOBS_RETRY && !job->has_decided && !is_late)
                job->verdict = JOBS_RETURN;
}

static void judge(struct eddy_job *job, int rc, bool is_late)
{
        if (rc == EDDY_EJOBDECIDED && job->has_decided) {
                excuse(job, is_late);
                return;
        }
        job->has_decided = false; /* and did something else */
        job->verdict = JOBS_DONE;
        job->error = NULL;
        if (rc < 0)
                explain(job, rc, is_late);
        excuse(job, is_late);
}

static const struct jobs_handler *find_handler(const eddy_job_worker *worker, const char *kind)
{
        const struct jobs_handler *any = NULL;

        for (const eddy_link *link = worker->handlers.next; link != &worker->handlers; link = link->next) {
                const struct jobs_handler *handler = (const struct jobs_handler *)link;
                if (!handler->kind)
                        any = handler;
                else if (strcmp(handler->kind, kind) == 0)
                        return handler;
        }
        return any;
}

/* Another worker may know it, such as one of the next version: it goes back without having cost an attempt, and is away the longer the older
 * it is. Ages are by the store's clock alone. */
static void pass_on(struct eddy_job *job)
{
        const struct jobs_taken *taken = job->taken;
        eddy_duration age = eddy_us(taken->due - taken->created) / AGE_IN_UNKNOWN_DELAY;

        job->verdict = JOBS_SNOOZE;
        job->error = "no handler for this kind";
        job->delay = age > taken->backoff ? age : taken->backoff;
        job->delay = job->delay < taken->max_backoff ? job->delay : taken->max_backoff;
        jobs_log(job, "%s has no handler for %s", job->worker->name, taken->kind);
}

static int call_handler(struct eddy_job *job, const struct jobs_handler *handler, bool *is_late)
{
        eddy_timeout timeout;
        int rc;

        if (job->taken->timeout <= 0)
                return handler->call(job, handler->arg);
        eddy_timeout_open(&timeout, job->taken->timeout);
        rc = handler->call(job, handler->arg);
        *is_late = eddy_timeout_expired(&timeout);
        eddy_timeout_close(&timeout);
        return rc;
}

static intptr_t job_run(void *arg)
{
        struct eddy_job *job = *(struct eddy_job **)arg;
        eddy_job_worker *worker = job->worker;
        const struct jobs_handler *handler = find_handler(worker, job->taken->kind);
        bool is_late = false;
        int rc;

        if (job->end) {
                job->verdict = job->end == JOBS_END_CANCELLED ? JOBS_CANCEL : JOBS_RETURN;
        } else if (!handler) {
                pass_on(job);
        } else {
                jobs_event(job, EDDY_JOB_EVENT_BEGUN, NULL);
                rc = call_handler(job, handler, &is_late);
                judge(job, rc, is_late);
        }
        eddy_unref(job->task);
        job->task = NULL;
        worker->running_count--;
        leave(job);
        eddy_event_set(&worker->changed);
        return 0;
}

/* With an argument of its own it has its stack here already, or there is no task: else it might end without ever having begun. */
static bool start(struct eddy_job *job)
{
        const struct jobs_handler *handler = find_handler(job->worker, job->taken->kind);
        eddy_task_options options = {.name = handler && handler->kind ? handler->kind : "eddy_job",
                                     .args = &job,
                                     .args_size = sizeof job};

        job->task = eddy_task_create(&options, job_run, NULL);
        return job->task != NULL;
}

void jobs_running_begin(eddy_job_worker *worker, struct jobs_taken *taken, eddy_time lease_end)
{
        struct eddy_job *job = (struct eddy_job *)list_take_first(&worker->free);

        job->taken = taken;
        job->lease_end = lease_end;
        job->progress = -1;
        worker->held_count++;
        list_append(&worker->running, &job->link);
        if (worker->is_stopping || lease_end <= eddy_now()) {
                job->verdict = JOBS_RETURN;
                leave(job);
        } else if (start(job)) {
                worker->running_count++;
        } else {
                /* Not at once, or it would come again and again. */
                job->verdict = JOBS_SNOOZE;
                job->error = "no memory for its task";
                job->delay = eddy_seconds(NO_MEMORY_DELAY);
                leave(job);
        }
}

void jobs_running_end(struct eddy_job *job, enum jobs_end why)
{
        static const char *const words[] = {
            [JOBS_END_WORKER] = "the worker ends",
            [JOBS_END_LEASE] = "the job's lease could not be renewed, and another worker may have it",
            [JOBS_END_CANCELLED] = "the job was cancelled",
            [JOBS_END_LOST] = "the job is another worker's",
        };

        if (why <= job->end)
                return;
        job->end = why;
        eddy_cancel_with(job->task, words[why]);
}

void jobs_running_end_all(eddy_job_worker *worker, enum jobs_end why)
{
        for (eddy_link *link = worker->running.next; link != &worker->running; link = link->next)
                jobs_running_end((struct eddy_job *)link, why);
}

struct eddy_job *jobs_running_find(eddy_job_worker *worker, const char *id)
{
        for (eddy_link *link = worker->running.next; link != &worker->running; link = link->next)
                if (strcmp(((struct eddy_job *)link)->taken->id, id) == 0)
                        return (struct eddy_job *)link;
        return NULL;
}
