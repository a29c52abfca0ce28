#include "thread/executor.h"

#include "base/fork.h"
#include "base/memory.h"
#include "base/spin.h"
#include "base/sys.h"
#include "thread/condition.h"
#include "thread/start.h"
#include <stdio.h>

enum { MOST_THREADS = 1024, DEFAULT_MOST_THREADS = 32, THREADS_BEYOND_PROCESSORS = 4 };

#define DEFAULT_IDLE_TIMEOUT eddy_seconds(5)

/** A thread's place. A job goes to the thread that became idle last, whose caches are warm; the others may end. */
struct worker {
        eddy_link link; /* in executor->idle; in executor->vacant while there is no thread */
        eddy_executor *executor;
        pthread_cond_t wake;
        _Atomic(struct thread_job *) given; /* what to do next, by who took the worker out of `idle` */
        bool is_asleep;                     /* and must be woken; under the lock */
        struct spin spin;
};

struct eddy_executor {
        atomic_uint references;   /* the owner's, each thread's, each job's, each loop's whose default it is */
        unsigned fork_generation; /* of the process that made it, and in which alone it has threads */
        unsigned most_threads;
        eddy_duration idle_timeout;
        size_t stack_size;
        char name[THREAD_NAME_SIZE];
        atomic_uint watchers; /* threads in executor_wait() */
        pthread_mutex_t lock;
        pthread_cond_t ended; /* a job has, and there are watchers; or a thread */
        /* Under the lock: */
        eddy_link waiting; /* jobs nobody has begun: only while no worker is idle */
        eddy_link idle;    /* workers without a job, the last that had one first */
        eddy_link vacant;
        unsigned thread_count;
        bool is_shut_down;
        struct worker workers[];
};

static __thread struct thread_job *running_here;

struct thread_job *executor_current_job(void)
{
        return running_here;
}

eddy_executor *executor_ref(eddy_executor *executor)
{
        atomic_fetch_add(&executor->references, 1);
        return executor;
}

/** In a forked child its threads are none, and its lock is as it happened to be. */
static bool is_inherited(const eddy_executor *executor)
{
        return executor->fork_generation != fork_generation;
}

static void destroy(eddy_executor *executor)
{
        for (unsigned i = 0; i < executor->most_threads; i++)
                pthread_cond_destroy(&executor->workers[i].wake);
        pthread_cond_destroy(&executor->ended);
        pthread_mutex_destroy(&executor->lock);
        memory_free(executor);
}

void executor_unref(eddy_executor *executor)
{
        if (atomic_fetch_sub(&executor->references, 1) == 1)
                destroy(executor);
}

static bool has_been_given(void *worker)
{
        return atomic_load(&((struct worker *)worker)->given) != NULL;
}

/** A job that waits, for a thread that has none; NULL: there is none, and the thread is idle now. */
static struct thread_job *take_waiting(struct worker *self)
{
        eddy_executor *executor = self->executor;
        struct thread_job *job = NULL;
        eddy_link *link;

        pthread_mutex_lock(&executor->lock);
        link = list_pop(&executor->waiting);
        if (link) {
                job = container_of(link, struct thread_job, link);
                atomic_store(&job->state, JOB_RUNS);
        } else {
                atomic_store(&self->given, NULL);
                list_prepend(&executor->idle, &self->link);
        }
        pthread_mutex_unlock(&executor->lock);
        return job;
}

/** Sleep until there is a job for an idle thread, or none is expected any more. Under the lock. */
static void sleep_for_job(struct worker *self)
{
        eddy_executor *executor = self->executor;
        eddy_time begun = eddy_now(), deadline = condition_deadline(executor->idle_timeout);
        bool is_late = false;

        self->is_asleep = true;
        while (!has_been_given(self) && !executor->is_shut_down && !is_late)
                is_late = !condition_wait(&self->wake, &executor->lock, deadline);
        self->is_asleep = false;
        spin_slept(&self->spin, eddy_now() - begun, has_been_given(self));
}

/** The next job of an idle thread; NULL: there will be none, and its place is vacant. */
static struct thread_job *wait_for_job(struct worker *self)
{
        eddy_executor *executor = self->executor;
        struct thread_job *job;

        if (spin_until(&self->spin, has_been_given, self, EDDY_FOREVER))
                return atomic_load(&self->given);
        pthread_mutex_lock(&executor->lock);
        sleep_for_job(self);
        job = atomic_load(&self->given);
        if (!job) {
                list_remove(&self->link);
                list_prepend(&executor->vacant, &self->link);
                executor->thread_count--;
                pthread_cond_broadcast(&executor->ended);
        }
        pthread_mutex_unlock(&executor->lock);
        return job;
}

/** A job's loop has been told, and may be watching for that as it closes. */
static void tell_watchers(eddy_executor *executor)
{
        if (atomic_load(&executor->watchers) == 0)
                return;
        pthread_mutex_lock(&executor->lock);
        pthread_cond_broadcast(&executor->ended);
        pthread_mutex_unlock(&executor->lock);
}

static void *run(void *arg)
{
        struct worker *self = arg;
        eddy_executor *executor = self->executor;
        struct thread_job *job = atomic_load(&self->given), *next;

        thread_set_name(executor->name);
        for (; job; job = next ? next : wait_for_job(self)) {
                running_here = job;
                job->work(job);
                running_here = NULL;
                /* Idle before the loop hears of it: what it submits then finds this thread, and needs no other. */
                next = take_waiting(self);
                thread_job_arrive(job);
                tell_watchers(executor);
        }
        executor_unref(executor);
        return NULL;
}

/** Start one more thread, with its first job. */
static int start_worker(eddy_executor *executor, struct thread_job *job)
{
        struct worker *worker = container_of(list_pop(&executor->vacant), struct worker, link);
        int rc;

        atomic_store(&worker->given, job);
        worker->spin = (struct spin){.is_promising = false};
        executor_ref(executor);
        rc = thread_start(NULL, executor->stack_size, run, worker);
        if (rc < 0) {
                list_prepend(&executor->vacant, &worker->link);
                executor_unref(executor);
                return rc;
        }
        executor->thread_count++;
        return 0;
}

int executor_submit(eddy_executor *executor, struct thread_job *job)
{
        struct worker *worker = NULL;
        int rc = 0;

        if (is_inherited(executor))
                return EDDY_ESHUTDOWN;
        pthread_mutex_lock(&executor->lock);
        atomic_store(&job->state, JOB_RUNS);
        if (executor->is_shut_down) {
                rc = EDDY_ESHUTDOWN;
        } else if (!list_is_empty(&executor->idle)) {
                worker = container_of(list_pop(&executor->idle), struct worker, link);
                atomic_store(&worker->given, job);
                if (!worker->is_asleep)
                        worker = NULL;
        } else if (list_is_empty(&executor->vacant) || (rc = start_worker(executor, job)) < 0) {
                if (executor->thread_count > 0) {
                        atomic_store(&job->state, JOB_WAITS);
                        list_append(&executor->waiting, &job->link);
                        rc = 0;
                }
        }
        pthread_mutex_unlock(&executor->lock);
        /* Only now, so that it does not wake to wait for the lock. */
        if (worker)
                pthread_cond_signal(&worker->wake);
        return rc;
}

bool executor_take_back(eddy_executor *executor, struct thread_job *job)
{
        bool waits;

        pthread_mutex_lock(&executor->lock);
        waits = atomic_load(&job->state) == JOB_WAITS;
        if (waits)
                list_remove(&job->link);
        pthread_mutex_unlock(&executor->lock);
        return waits;
}

bool executor_wait(eddy_executor *executor, bool (*is_over)(void *arg), void *arg, eddy_time deadline)
{
        bool over, is_late = false;

        pthread_mutex_lock(&executor->lock);
        atomic_fetch_add(&executor->watchers, 1);
        while (!(over = is_over(arg)) && !is_late)
                is_late = !condition_wait(&executor->ended, &executor->lock, deadline);
        atomic_fetch_sub(&executor->watchers, 1);
        pthread_mutex_unlock(&executor->lock);
        return over;
}

static bool has_no_threads(void *executor)
{
        return ((eddy_executor *)executor)->thread_count == 0;
}

bool executor_wait_for_threads(eddy_executor *executor, eddy_time deadline)
{
        return executor_wait(executor, has_no_threads, executor, deadline);
}

/** Tell the loops of jobs that will never begin. */
static void refuse_all(eddy_executor *executor, eddy_link *refused)
{
        eddy_link *link;

        while ((link = list_pop(refused))) {
                struct thread_job *job = container_of(link, struct thread_job, link);

                thread_job_arrive(job);
        }
        tell_watchers(executor);
}

/** Take out of `waiting` what may be refused. */
static void collect_refused(eddy_executor *executor, eddy_link *refused)
{
        eddy_link *link = executor->waiting.next;

        while (link != &executor->waiting) {
                struct thread_job *job = container_of(link, struct thread_job, link);

                link = link->next;
                if (!job->refuse)
                        continue;
                list_remove(&job->link);
                job->was_refused = true;
                atomic_store(&job->state, JOB_RUNS); /* nobody takes it back any more */
                list_append(refused, &job->link);
        }
}

void eddy_executor_shutdown(eddy_executor *executor, unsigned flags)
{
        eddy_link refused;

        if (is_inherited(executor))
                return;
        list_init(&refused);
        pthread_mutex_lock(&executor->lock);
        executor->is_shut_down = true;
        for (eddy_link *link = executor->idle.next; link != &executor->idle; link = link->next)
                pthread_cond_signal(&container_of(link, struct worker, link)->wake);
        if (flags & EDDY_SHUTDOWN_CANCEL)
                collect_refused(executor, &refused);
        pthread_mutex_unlock(&executor->lock);
        refuse_all(executor, &refused);
        if (flags & EDDY_SHUTDOWN_WAIT)
                executor_wait_for_threads(executor, EDDY_FOREVER);
}

static unsigned default_most_threads(void)
{
        unsigned count = (unsigned)sys_processor_count() + THREADS_BEYOND_PROCESSORS;

        return count < DEFAULT_MOST_THREADS ? count : DEFAULT_MOST_THREADS;
}

int eddy_executor_create(eddy_executor **created, const eddy_executor_options *options)
{
        static const eddy_executor_options defaults;
        eddy_executor *executor;
        unsigned most;

        if (!options)
                options = &defaults;
        if (options->max_threads > MOST_THREADS || options->idle_timeout < 0)
                return -EINVAL;
        most = options->max_threads ? options->max_threads : default_most_threads();
        executor = memory_zalloc(sizeof *executor + most * sizeof executor->workers[0]);
        if (!executor)
                return -ENOMEM;
        atomic_store(&executor->references, 1);
        executor->fork_generation = fork_generation;
        executor->most_threads = most;
        executor->idle_timeout = options->idle_timeout ? options->idle_timeout : DEFAULT_IDLE_TIMEOUT;
        executor->stack_size = options->stack_size;
        snprintf(executor->name, sizeof executor->name, "%s", options->name ? options->name : "eddy-worker");
        pthread_mutex_init(&executor->lock, NULL);
        condition_init(&executor->ended);
        list_init(&executor->waiting);
        list_init(&executor->idle);
        list_init(&executor->vacant);
        for (unsigned i = 0; i < most; i++) {
                executor->workers[i].executor = executor;
                condition_init(&executor->workers[i].wake);
                list_append(&executor->vacant, &executor->workers[i].link);
        }
        *created = executor;
        return 0;
}

void eddy_executor_destroy(eddy_executor *executor)
{
        if (!executor)
                return;
        if (is_inherited(executor)) {
                memory_free(executor);
                return;
        }
        eddy_executor_shutdown(executor, EDDY_SHUTDOWN_WAIT);
        executor_unref(executor);
}

unsigned eddy_executor_thread_count(eddy_executor *executor)
{
        unsigned count;

        pthread_mutex_lock(&executor->lock);
        count = executor->thread_count;
        pthread_mutex_unlock(&executor->lock);
        return count;
}
