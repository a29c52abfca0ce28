#include "executor/executor.h"

#include "base/fork.h"
#include "base/memory.h"
#include "base/spin.h"
#include "base/sys.h"
#include "executor/condition.h"
#include "executor/start.h"
#include <stdio.h>

enum { MOST_THREADS = 1024, DEFAULT_MOST_THREADS = 32, THREADS_BEYOND_PROCESSORS = 4 };

#define DEFAULT_IDLE_TIMEOUT eddy_seconds(5)

/** A thread's place. Work goes to the thread that became idle last, whose caches are warm; the others may end. */
struct worker {
        eddy_link link; /* in executor->idle; in executor->vacant while there is no thread */
        eddy_executor *executor;
        pthread_cond_t wake;
        _Atomic(struct work *) given; /* what to do next, by who took the worker out of `idle` */
        bool is_asleep;               /* and must be woken; under the lock */
        struct spin spin;
};

struct eddy_executor {
        atomic_uint references;   /* the owner's, each thread's, each work's, each loop's that uses it */
        unsigned fork_generation; /* of the process that made it, and in which alone it has threads */
        unsigned most_threads;    /* that are started for what comes */
        unsigned utmost_threads;  /* that are started for what nobody gets round to */
        eddy_duration idle_timeout;
        size_t stack_size;
        char name[THREAD_NAME_SIZE];
        atomic_uint watchers; /* threads in executor_wait() */
        pthread_mutex_t lock;
        pthread_cond_t ended; /* work has, and there are watchers; or a thread */
        /* Under the lock: */
        eddy_link waiting; /* work that nobody has begun: only while no worker is idle */
        eddy_link idle;    /* workers without work, the last that had some first */
        eddy_link vacant;
        unsigned made_count; /* workers that are initialised */
        unsigned thread_count;
        unsigned begun_count, begun_before; /* work, all in all; and when executor_relieve() was asked last */
        bool is_shut_down;
        struct worker workers[];
};

static __thread struct work *running_here;

struct work *executor_current_work(void)
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
        for (unsigned i = 0; i < executor->made_count; i++)
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

/** Take the first that waits. Under the lock. */
static struct work *pop_waiting(eddy_executor *executor)
{
        struct work *work = container_of(list_pop(&executor->waiting), struct work, link);

        work->waits = false;
        executor->begun_count++;
        return work;
}

/** Work that waits, for a thread that has none; NULL: there is none, and the thread is idle now. */
static struct work *take_waiting(struct worker *self)
{
        eddy_executor *executor = self->executor;
        struct work *work = NULL;

        pthread_mutex_lock(&executor->lock);
        if (!list_is_empty(&executor->waiting)) {
                work = pop_waiting(executor);
        } else {
                atomic_store(&self->given, NULL);
                list_prepend(&executor->idle, &self->link);
        }
        pthread_mutex_unlock(&executor->lock);
        return work;
}

/** Sleep until there is work for an idle thread, or none is expected any more. Under the lock. */
static void sleep_for_work(struct worker *self)
{
        eddy_executor *executor = self->executor;
        eddy_time begun = eddy_now(), deadline = eddy_time_add(eddy_now(), executor->idle_timeout);
        bool is_late = false;

        self->is_asleep = true;
        while (!has_been_given(self) && !executor->is_shut_down && !is_late)
                is_late = !condition_wait(&self->wake, &executor->lock, deadline);
        self->is_asleep = false;
        spin_slept(&self->spin, eddy_now() - begun, has_been_given(self));
}

/** The next work of an idle thread; NULL: there will be none, and its place is vacant. */
static struct work *wait_for_work(struct worker *self)
{
        eddy_executor *executor = self->executor;
        struct work *work;

        if (spin_until(&self->spin, has_been_given, self, EDDY_FOREVER))
                return atomic_load(&self->given);
        pthread_mutex_lock(&executor->lock);
        sleep_for_work(self);
        work = atomic_load(&self->given);
        if (!work) {
                list_remove(&self->link);
                list_prepend(&executor->vacant, &self->link);
                executor->thread_count--;
                pthread_cond_broadcast(&executor->ended);
        }
        pthread_mutex_unlock(&executor->lock);
        return work;
}

/** Work is over, and somebody may be watching for that. */
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
        struct work *work = atomic_load(&self->given), *next;

        thread_set_name(executor->name);
        for (; work; work = next ? next : wait_for_work(self)) {
                running_here = work;
                work->run(work);
                running_here = NULL;
                /* Idle before anybody hears of it: what is submitted then finds this thread, and needs no other. */
                next = take_waiting(self);
                work->over(work, true);
                tell_watchers(executor);
        }
        executor_unref(executor);
        return NULL;
}

/** A place for one more thread. Under the lock. */
static struct worker *take_place(eddy_executor *executor)
{
        struct worker *worker;

        if (!list_is_empty(&executor->vacant))
                return container_of(list_pop(&executor->vacant), struct worker, link);
        worker = &executor->workers[executor->made_count++];
        *worker = (struct worker){.executor = executor};
        condition_init(&worker->wake);
        return worker;
}

/** Start one more thread, with its first work. Under the lock. */
static int start_worker(eddy_executor *executor, struct work *work)
{
        struct worker *worker = take_place(executor);
        int rc;

        atomic_store(&worker->given, work);
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

static void queue_up(eddy_executor *executor, struct work *work)
{
        if (list_is_empty(&executor->waiting))
                executor->begun_before = executor->begun_count;
        work->waits = true;
        list_append(&executor->waiting, &work->link);
}

int executor_submit(eddy_executor *executor, struct work *work)
{
        struct worker *worker = NULL;
        int rc = 0;

        if (is_inherited(executor))
                return EDDY_ESHUTDOWN;
        pthread_mutex_lock(&executor->lock);
        work->waits = false;
        atomic_store(&work->is_cancelled, false);
        if (executor->is_shut_down) {
                rc = EDDY_ESHUTDOWN;
        } else if (!list_is_empty(&executor->idle)) {
                worker = container_of(list_pop(&executor->idle), struct worker, link);
                atomic_store(&worker->given, work);
                if (!worker->is_asleep)
                        worker = NULL;
        } else if (executor->thread_count >= executor->most_threads ||
                   (rc = start_worker(executor, work)) < 0) {
                if (executor->thread_count > 0) {
                        queue_up(executor, work);
                        rc = EXECUTOR_IS_BUSY;
                }
        }
        executor->begun_count += rc == 0;
        pthread_mutex_unlock(&executor->lock);
        /* Only now, so that it does not wake to wait for the lock. */
        if (worker)
                pthread_cond_signal(&worker->wake);
        return rc;
}

bool executor_take_back(eddy_executor *executor, struct work *work)
{
        bool waits;

        pthread_mutex_lock(&executor->lock);
        waits = work->waits;
        work->waits = false;
        if (waits)
                list_remove(&work->link);
        else
                atomic_store(&work->is_cancelled, true);
        pthread_mutex_unlock(&executor->lock);
        return waits;
}

bool executor_relieve(eddy_executor *executor)
{
        bool some_wait;

        pthread_mutex_lock(&executor->lock);
        if (executor->begun_count == executor->begun_before) {
                while (!list_is_empty(&executor->waiting) &&
                       executor->thread_count < executor->utmost_threads) {
                        struct work *work = pop_waiting(executor);

                        if (start_worker(executor, work) < 0) {
                                work->waits = true;
                                list_prepend(&executor->waiting, &work->link);
                                break;
                        }
                }
        }
        executor->begun_before = executor->begun_count;
        some_wait = !list_is_empty(&executor->waiting);
        pthread_mutex_unlock(&executor->lock);
        return some_wait;
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

/** Tell of work that will never begin. */
static void refuse_all(eddy_executor *executor, eddy_link *refused)
{
        eddy_link *link;

        while ((link = list_pop(refused))) {
                struct work *work = container_of(link, struct work, link);

                work->over(work, false);
        }
        tell_watchers(executor);
}

/** Take out of `waiting` what may be refused. */
static void collect_refused(eddy_executor *executor, eddy_link *refused)
{
        eddy_link *link = executor->waiting.next;

        while (link != &executor->waiting) {
                struct work *work = container_of(link, struct work, link);

                link = link->next;
                if (!work->may_be_refused)
                        continue;
                list_remove(&work->link);
                work->waits = false; /* nobody takes it back any more */
                list_append(refused, &work->link);
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

int executor_create(eddy_executor **created, const eddy_executor_options *options, unsigned utmost_threads)
{
        unsigned most = options->max_threads ? options->max_threads : default_most_threads();
        unsigned utmost = most > utmost_threads ? most : utmost_threads;
        eddy_executor *executor;

        if (options->max_threads > MOST_THREADS || options->idle_timeout < 0)
                return -EINVAL;
        executor = memory_alloc(sizeof *executor + utmost * sizeof executor->workers[0]);
        if (!executor)
                return -ENOMEM;
        memset(executor, 0, sizeof *executor); /* and no worker, before it is needed */
        atomic_store(&executor->references, 1);
        executor->fork_generation = fork_generation;
        executor->most_threads = most;
        executor->utmost_threads = utmost;
        executor->idle_timeout = options->idle_timeout ? options->idle_timeout : DEFAULT_IDLE_TIMEOUT;
        executor->stack_size = options->stack_size;
        snprintf(executor->name, sizeof executor->name, "%s", options->name ? options->name : "eddy-worker");
        pthread_mutex_init(&executor->lock, NULL);
        condition_init(&executor->ended);
        list_init(&executor->waiting);
        list_init(&executor->idle);
        list_init(&executor->vacant);
        *created = executor;
        return 0;
}

int eddy_executor_create(eddy_executor **created, const eddy_executor_options *options)
{
        static const eddy_executor_options defaults;

        return executor_create(created, options ? options : &defaults, 0);
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

        if (is_inherited(executor))
                return 0;
        pthread_mutex_lock(&executor->lock);
        count = executor->thread_count;
        pthread_mutex_unlock(&executor->lock);
        return count;
}
