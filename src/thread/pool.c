#include "thread/pool.h"

#include "base/memory.h"
#include "base/sys.h"

enum { MOST_THREADS = 16 };

/** A loop's helper threads; made with the first job, and joined when the loop is closed. */
struct thread_pool {
        struct loop_resource resource;
        eddy_loop *loop;
        pthread_mutex_t lock;
        pthread_cond_t has_work;
        /* Under the lock: */
        eddy_link waiting;  /* jobs nobody has begun */
        eddy_link finished; /* jobs whose `done` is still to be called */
        unsigned thread_count, idle_count, waiting_count;
        bool is_stopping, is_delivery_sent;
        pthread_t threads[MOST_THREADS];
        eddy_handle delivery; /* sent to the loop when a job is finished */
};

static void deliver(void *arg)
{
        struct thread_pool *pool = arg;
        eddy_link finished, *link;

        list_init(&finished);
        pthread_mutex_lock(&pool->lock);
        list_splice(&finished, &pool->finished);
        pool->is_delivery_sent = false;
        pthread_mutex_unlock(&pool->lock);
        while ((link = list_pop(&finished))) {
                struct thread_job *job = container_of(link, struct thread_job, link);

                job->done(job);
        }
}

static void *work(void *arg)
{
        struct thread_pool *pool = arg;

        pthread_mutex_lock(&pool->lock);
        while (!pool->is_stopping) {
                eddy_link *link = list_pop(&pool->waiting);
                struct thread_job *job;

                if (!link) {
                        pool->idle_count++;
                        pthread_cond_wait(&pool->has_work, &pool->lock);
                        pool->idle_count--;
                        continue;
                }
                job = container_of(link, struct thread_job, link);
                job->is_waiting = false;
                pool->waiting_count--;
                pthread_mutex_unlock(&pool->lock);
                job->work(job);
                pthread_mutex_lock(&pool->lock);
                list_append(&pool->finished, &job->link);
                if (!pool->is_delivery_sent) {
                        pool->is_delivery_sent = true;
                        eddy_call_soon_threadsafe(pool->loop, &pool->delivery, deliver, pool);
                }
        }
        pthread_mutex_unlock(&pool->lock);
        return NULL;
}

static void drop_all(eddy_link *list)
{
        eddy_link *link;

        while ((link = list_pop(list))) {
                struct thread_job *job = container_of(link, struct thread_job, link);

                job->drop(job);
        }
}

static void close_pool(struct loop_resource *resource)
{
        struct thread_pool *pool = container_of(resource, struct thread_pool, resource);

        /* A forked child has none of its parent's threads, and its locks as they happened to be. */
        if (loop_is_inherited(pool->loop)) {
                pool->loop->threads = NULL;
                memory_free(pool);
                return;
        }
        pthread_mutex_lock(&pool->lock);
        pool->is_stopping = true;
        pthread_cond_broadcast(&pool->has_work);
        pthread_mutex_unlock(&pool->lock);
        for (unsigned i = 0; i < pool->thread_count; i++)
                pthread_join(pool->threads[i], NULL);
        /* The delivery may still be on its way: it must not arrive at a pool that is gone. */
        inbox_drain(&pool->loop->inbox, pool->loop->ready);
        eddy_handle_cancel(&pool->delivery);
        drop_all(&pool->waiting);
        drop_all(&pool->finished);
        pool->loop->threads = NULL;
        pthread_cond_destroy(&pool->has_work);
        pthread_mutex_destroy(&pool->lock);
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
        pthread_mutex_init(&pool->lock, NULL);
        pthread_cond_init(&pool->has_work, NULL);
        list_init(&pool->waiting);
        list_init(&pool->finished);
        loop_add_resource(loop, &pool->resource);
        return loop->threads = pool;
}

/** Start one more thread, all of whose signals are the other threads' to handle. */
static int start_thread(struct thread_pool *pool)
{
        sigset_t all, before;
        int rc;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        rc = sys_thread_create(&pool->threads[pool->thread_count], NULL, work, pool);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (rc == 0)
                pool->thread_count++;
        return rc;
}

int thread_pool_submit(eddy_loop *loop, struct thread_job *job)
{
        struct thread_pool *pool = get_pool(loop);
        int rc = 0;

        if (!pool)
                return -ENOMEM;
        pthread_mutex_lock(&pool->lock);
        /* An idle thread that was given a job may not have woken yet: it is no other job's. */
        if (pool->idle_count <= pool->waiting_count && pool->thread_count < MOST_THREADS)
                rc = start_thread(pool);
        if (rc == 0 || pool->thread_count > 0) {
                list_append(&pool->waiting, &job->link);
                job->is_waiting = true;
                pool->waiting_count++;
                pthread_cond_signal(&pool->has_work);
                rc = 0;
        }
        pthread_mutex_unlock(&pool->lock);
        return rc;
}

bool thread_pool_take_back(eddy_loop *loop, struct thread_job *job)
{
        struct thread_pool *pool = loop->threads;
        bool was_waiting;

        pthread_mutex_lock(&pool->lock);
        was_waiting = job->is_waiting;
        if (was_waiting) {
                list_remove(&job->link);
                job->is_waiting = false;
                pool->waiting_count--;
        }
        pthread_mutex_unlock(&pool->lock);
        return was_waiting;
}
