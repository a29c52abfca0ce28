#include "thread/pool.h"

#include "base/memory.h"
#include "task/task.h"
#include "thread/condition.h"
#include "thread/executor.h"
#include <eddy/compose.h>
#include <stdio.h>

/** A loop's jobs on other threads; made with the first, and closed with the loop, whose thread alone touches it. */
struct thread_pool {
        struct loop_resource resource;
        eddy_loop *loop;
        eddy_link jobs;          /* submitted, and not arrived */
        size_t default_jobs;     /* those of them that the default executor does */
        eddy_executor *executor; /* the default one, a reference; NULL until it is needed */
        bool is_own;             /* nobody else knows that executor */
        bool is_shut_down;       /* the loop takes no more jobs for it */
        eddy_future *drained;    /* to be done when it has no job of this loop; NULL: nobody waits */
};

/** The job is the loop's again. */
static void take(struct thread_pool *pool, struct thread_job *job)
{
        list_remove(&job->loop_link);
        executor_unref(job->executor);
        if (job->is_default && --pool->default_jobs == 0 && pool->drained && !pool->drained->is_done)
                future_complete(pool->drained, 0);
}

static void arrive(void *arg)
{
        struct thread_job *job = arg;

        take(job->loop->threads, job);
        if (job->was_refused)
                job->refuse(job);
        else
                job->done(job);
}

void thread_job_arrive(struct thread_job *job)
{
        enum job_state state = JOB_RUNS;

        if (!atomic_compare_exchange_strong(&job->state, &state, JOB_ARRIVES)) {
                job->end_late(job);
                return;
        }
        /* Cannot be refused: the loop does not close before its jobs have arrived or were left. */
        eddy_call_soon_threadsafe(job->loop, &job->arrival, arrive, job);
}

static void note_arrivals_in(eddy_link *queue)
{
        for (eddy_link *link = queue->next; link != queue; link = link->next) {
                eddy_handle *handle = container_of(link, eddy_handle, link);

                if (handle->callback == arrive)
                        ((struct thread_job *)handle->arg)->has_arrived = true;
        }
}

/** See which jobs have been sent to a loop that closes, and runs no callbacks any more. Not by looking at the jobs:
 * they are their threads' until the inbox has been drained. */
static void note_arrivals(eddy_loop *loop)
{
        inbox_drain(&loop->inbox, loop->ready);
        note_arrivals_in(loop->running);
        note_arrivals_in(loop->ready);
}

static bool job_has_arrived(void *arg)
{
        struct thread_job *job = arg;

        note_arrivals(job->loop);
        return job->has_arrived;
}

static bool default_jobs_have_arrived(void *arg)
{
        struct thread_pool *pool = arg;

        note_arrivals(pool->loop);
        for (eddy_link *link = pool->jobs.next; link != &pool->jobs; link = link->next) {
                struct thread_job *job = container_of(link, struct thread_job, loop_link);

                if (job->is_default && !job->has_arrived)
                        return false;
        }
        return true;
}

static void report_default_jobs(struct thread_pool *pool, const char *fate)
{
        for (eddy_link *link = pool->jobs.next; link != &pool->jobs; link = link->next) {
                struct thread_job *job = container_of(link, struct thread_job, loop_link);
                char message[256];
                eddy_exception exception = {.message = message, .error = EDDY_TIMEOUT, .detail = ""};

                if (!job->is_default || atomic_load(&job->state) == JOB_ARRIVES)
                        continue;
                snprintf(message, sizeof message, "job '%s' still runs on its thread%s",
                         job->name ? job->name : "?", job->leave ? fate : "");
                eddy_loop_call_exception_handler(pool->loop, &exception);
        }
}

/** See to the end of a job whose loop closes: drop it, or leave it to its thread if that may be. */
static void finish_job(struct thread_pool *pool, struct thread_job *job)
{
        eddy_executor *executor = executor_ref(job->executor);
        enum job_state runs = JOB_RUNS;
        bool may_leave = !job_has_arrived(job) && job->leave;

        take(pool, job);
        if (may_leave)
                job->leave(job);
        /* Left, it may be gone at once. */
        if (!may_leave || !atomic_compare_exchange_strong(&job->state, &runs, JOB_IS_LEFT)) {
                executor_wait(executor, job_has_arrived, job, EDDY_FOREVER);
                eddy_handle_cancel(&job->arrival);
                job->drop(job);
        }
        executor_unref(executor);
}

static void drop_waiting(struct thread_pool *pool)
{
        eddy_link *link = pool->jobs.next;

        while (link != &pool->jobs) {
                struct thread_job *job = container_of(link, struct thread_job, loop_link);

                link = link->next;
                if (thread_pool_take_back(pool->loop, job))
                        job->drop(job);
        }
}

static void release_executor(struct thread_pool *pool, eddy_time deadline)
{
        if (!pool->executor)
                return;
        if (pool->is_own) {
                eddy_executor_shutdown(pool->executor, 0);
                executor_wait_for_threads(pool->executor, deadline);
        }
        executor_unref(pool->executor);
        pool->executor = NULL;
}

static void close_pool(struct loop_resource *resource)
{
        struct thread_pool *pool = container_of(resource, struct thread_pool, resource);
        eddy_time deadline = condition_deadline(pool->loop->executor_timeout);

        /* A forked child has none of its parent's threads, nor their jobs. */
        if (loop_is_inherited(pool->loop)) {
                if (pool->is_own)
                        eddy_executor_destroy(pool->executor);
                goto out;
        }
        drop_waiting(pool);
        if (pool->default_jobs > 0 && !executor_wait(pool->executor, default_jobs_have_arrived, pool, deadline))
                report_default_jobs(pool, ", and is left to it: its loop closes");
        while (!list_is_empty(&pool->jobs))
                finish_job(pool, container_of(pool->jobs.next, struct thread_job, loop_link));
        release_executor(pool, deadline);
out:
        eddy_unref(pool->drained);
        pool->loop->threads = NULL;
        memory_free(pool);
}

static struct thread_pool *get_pool(eddy_loop *loop)
{
        struct thread_pool *pool = loop->threads;

        if (pool)
                return pool;
        pool = memory_zalloc(sizeof *pool);
        if (!pool)
                return NULL;
        pool->loop = loop;
        pool->resource.close = close_pool;
        list_init(&pool->jobs);
        loop_add_resource(loop, &pool->resource);
        return loop->threads = pool;
}

/** Find a loop's default executor, which is made when it is first needed. */
static int find_default_executor(struct thread_pool *pool, eddy_executor **executor)
{
        int rc = 0;

        if (pool->is_shut_down)
                return EDDY_ESHUTDOWN;
        if (!pool->executor) {
                rc = eddy_executor_create(&pool->executor, NULL);
                pool->is_own = true;
        }
        *executor = pool->executor;
        return rc;
}

int thread_pool_submit_to(eddy_loop *loop, eddy_executor *executor, struct thread_job *job)
{
        struct thread_pool *pool = get_pool(loop);
        bool is_default = !executor;
        int rc;

        if (!pool)
                return -ENOMEM;
        if (is_default) {
                rc = find_default_executor(pool, &executor);
                if (rc < 0)
                        return rc;
        }
        job->loop = loop;
        job->executor = executor_ref(executor);
        job->arrival.link.next = NULL;
        job->is_default = is_default;
        job->was_refused = job->has_arrived = false;
        atomic_store(&job->is_cancelled, false);
        list_append(&pool->jobs, &job->loop_link);
        pool->default_jobs += is_default;
        rc = executor_submit(executor, job);
        if (rc < 0)
                take(pool, job);
        return rc;
}

int thread_pool_submit(eddy_loop *loop, struct thread_job *job)
{
        return thread_pool_submit_to(loop, NULL, job);
}

bool thread_pool_take_back(eddy_loop *loop, struct thread_job *job)
{
        if (!executor_take_back(job->executor, job)) {
                atomic_store(&job->is_cancelled, true);
                return false;
        }
        take(loop->threads, job);
        return true;
}

int eddy_set_default_executor(eddy_loop *loop, eddy_executor *executor)
{
        struct thread_pool *pool;
        int rc = loop_check(loop);

        if (rc < 0)
                return rc;
        pool = get_pool(loop);
        if (!pool)
                return -ENOMEM;
        if (pool->is_shut_down)
                return EDDY_ESHUTDOWN;
        if (pool->default_jobs > 0)
                return EDDY_EBUSY;
        release_executor(pool, EDDY_FOREVER);
        pool->executor = executor ? executor_ref(executor) : NULL;
        pool->is_own = false;
        return 0;
}

/** Suspend until the default executor has no job of this loop. */
static int wait_until_drained(struct thread_pool *pool, eddy_duration timeout)
{
        eddy_future *drained;
        ssize_t rc;

        if (!pool->drained)
                pool->drained = eddy_future_create(NULL);
        drained = eddy_ref(pool->drained);
        rc = eddy_wait(&drained, 1, EDDY_ALL_COMPLETED, timeout);
        eddy_unref(drained);
        return rc < 0 ? (int)rc : rc == 0 ? EDDY_TIMEOUT : 0;
}

int eddy_shutdown_default_executor(eddy_duration timeout)
{
        struct task *self = task_current();
        eddy_time deadline = condition_deadline(timeout);
        struct thread_pool *pool;
        int rc = 0;

        if (!self)
                return misuse(EDDY_ENOTASK);
        pool = get_pool(self->future.loop);
        if (!pool)
                return -ENOMEM;
        pool->is_shut_down = true;
        if (pool->default_jobs > 0)
                rc = wait_until_drained(pool, timeout);
        if (rc == EDDY_TIMEOUT && !self->interruption)
                report_default_jobs(pool, "");
        /* Its threads are all idle: this does not block. */
        if (rc == 0)
                release_executor(pool, deadline);
        return rc;
}
