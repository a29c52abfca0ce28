/* Coroutines sent to a loop from other threads, and what those threads wait for. */
#include "base/error.h"
#include "base/memory.h"
#include "executor/condition.h"
#include "task/task.h"
#include <eddy/thread.h>
#include <stdatomic.h>

/** Who asked to be called. */
struct callback {
        eddy_link link; /* in remote->callbacks */
        eddy_remote_callback callback;
        void *arg;
};

/** Who is told in another loop. Its loop's, but for the link. */
struct listener {
        eddy_link link; /* in remote->listeners until it is told; under the remote's lock */
        eddy_remote *remote;
        eddy_loop *loop;
        eddy_handle news; /* sent to the loop */
        struct loop_resource resource;
};

struct eddy_remote {
        atomic_uint references; /* the sender's, and the loop's until it is done */
        eddy_loop *loop;        /* valid until it is done */
        pthread_mutex_t lock;
        pthread_cond_t ended;
        /* Under the lock: */
        bool is_done, is_cancelled;
        intptr_t result;
        bool is_value; /* also where it looks like an error */
        struct error_detail *detail;
        eddy_link callbacks;
        eddy_link listeners;

        eddy_handle canceller; /* sent to the loop at the first cancellation, taken back when it is done */

        /* The loop's: */
        eddy_task *task; /* NULL before it is created */
        struct waiter waiter;
        eddy_handle completion; /* scheduled when the task has ended: callbacks must not run on its stack */
        struct loop_resource resource;
        eddy_fn fn;
        void *arg;
        const char *name;
        size_t args_size; /* 0: arg is passed and not args */
        max_align_t args[];
};

enum { LARGEST_ARGS = 1024 };

static void unref(eddy_remote *remote)
{
        if (atomic_fetch_sub(&remote->references, 1) != 1)
                return;
        pthread_cond_destroy(&remote->ended);
        pthread_mutex_destroy(&remote->lock);
        memory_free(remote->detail);
        memory_free(remote);
}

/** Tell everybody of the outcome. On the loop's thread. */
static void complete(eddy_remote *remote, intptr_t result, const struct error_detail *detail)
{
        eddy_link callbacks, *link;

        list_init(&callbacks);
        pthread_mutex_lock(&remote->lock);
        remote->result = result;
        if (detail)
                error_detail_set(&remote->detail, detail->rc, detail->text);
        remote->is_done = true;
        list_splice(&callbacks, &remote->callbacks);
        while ((link = list_pop(&remote->listeners))) {
                struct listener *listener = container_of(link, struct listener, link);

                /* Under the lock, so that its loop is there: one that closes stops listening first. */
                eddy_call_soon_threadsafe(listener->loop, &listener->news, listener->news.callback, listener);
        }
        pthread_cond_broadcast(&remote->ended);
        pthread_mutex_unlock(&remote->lock);
        /* Nobody sends it any more. */
        eddy_handle_cancel(&remote->canceller);
        while ((link = list_pop(&callbacks))) {
                struct callback entry = *container_of(link, struct callback, link);

                memory_free(container_of(link, struct callback, link));
                entry.callback(remote, entry.arg);
        }
        unref(remote);
}

/** The task has ended, or will not. */
static void let_go(eddy_remote *remote)
{
        eddy_task *task = remote->task;
        bool failed = task->is_done && future_has_failed(task);

        remote->is_value = task->is_done && !failed;
        complete(remote, task->is_done ? task->result : EDDY_ELOOPCLOSED, failed ? task->detail : NULL);
        eddy_unref(task);
}

static void finish(void *arg)
{
        eddy_remote *remote = arg;

        list_remove(&remote->resource.link);
        let_go(remote);
}

static void task_ended(struct waiter *waiter, eddy_future *task)
{
        eddy_remote *remote = container_of(waiter, eddy_remote, waiter);

        task->was_looked_at = true;
        loop_schedule(task->loop, &remote->completion);
}

/** The loop closes. */
static void close_remote(struct loop_resource *resource)
{
        eddy_remote *remote = container_of(resource, eddy_remote, resource);

        eddy_handle_cancel(&remote->completion);
        if (!remote->task->is_done)
                list_remove(&remote->waiter.link);
        let_go(remote);
}

/** The loop was closed before it took notice. */
static void refuse(void *arg)
{
        complete(arg, EDDY_ELOOPCLOSED, NULL);
}

static void begin(void *arg)
{
        eddy_remote *remote = arg;
        eddy_task_options options = {.name = remote->name, .loop = remote->loop};

        if (remote->args_size) {
                options.args = remote->args;
                options.args_size = remote->args_size;
        }
        remote->task = eddy_task_create(&options, remote->fn, remote->arg);
        if (!remote->task) {
                complete(remote, -ENOMEM, NULL);
                return;
        }
        remote->completion.callback = finish;
        remote->completion.arg = remote;
        remote->waiter.wake = task_ended;
        list_append(&remote->task->waiters, &remote->waiter.link);
        remote->resource.close = close_remote;
        loop_add_resource(remote->loop, &remote->resource);
}

static void cancel(void *arg)
{
        eddy_remote *remote = arg;

        eddy_cancel(remote->task);
}

eddy_remote *eddy_remote_create(eddy_loop *loop, const eddy_remote_options *options, eddy_fn fn, void *arg)
{
        static const eddy_remote_options defaults;
        eddy_remote *remote;
        size_t args_size;
        int rc;

        if (!options)
                options = &defaults;
        args_size = options->args ? options->args_size : 0;
        remote = memory_zalloc(sizeof *remote + args_size);
        if (!remote)
                return NULL;
        atomic_store(&remote->references, 2);
        remote->loop = loop = loop_meant(loop);
        pthread_mutex_init(&remote->lock, NULL);
        condition_init(&remote->ended);
        list_init(&remote->callbacks);
        list_init(&remote->listeners);
        remote->fn = fn;
        remote->arg = arg;
        remote->name = options->name;
        remote->args_size = args_size;
        if (args_size)
                memcpy(remote->args, options->args, args_size);
        if (args_size > LARGEST_ARGS)
                rc = -EINVAL;
        else
                rc = loop ? inbox_send_owned(&loop->inbox, begin, refuse, remote) : misuse(EDDY_ENOLOOP);
        if (rc < 0)
                complete(remote, rc, NULL);
        return remote;
}

/** Hand over the outcome of one that is done, of which nothing changes any more. */
static int hand_over(const eddy_remote *remote, intptr_t *result)
{
        error_detail_adopt(remote->detail);
        if (!result)
                return remote->is_value ? 0 : (int)remote->result;
        *result = remote->result;
        return 0;
}

int eddy_remote_wait(eddy_remote *remote, eddy_duration timeout, intptr_t *result)
{
        eddy_time deadline = eddy_time_add(eddy_now(), timeout);
        bool is_done;

        if (!remote)
                return -ENOMEM;
        pthread_mutex_lock(&remote->lock);
        if (!remote->is_done && loop_running_here == remote->loop) {
                pthread_mutex_unlock(&remote->lock);
                return misuse(EDDY_EWRONGLOOP);
        }
        while (!remote->is_done && condition_wait(&remote->ended, &remote->lock, deadline))
                ;
        is_done = remote->is_done;
        pthread_mutex_unlock(&remote->lock);
        return is_done ? hand_over(remote, result) : EDDY_TIMEOUT;
}

bool eddy_remote_done(eddy_remote *remote)
{
        bool is_done;

        if (!remote)
                return false;
        pthread_mutex_lock(&remote->lock);
        is_done = remote->is_done;
        pthread_mutex_unlock(&remote->lock);
        return is_done;
}

bool eddy_remote_cancel(eddy_remote *remote)
{
        bool is_done;

        if (!remote)
                return false;
        pthread_mutex_lock(&remote->lock);
        is_done = remote->is_done;
        if (!is_done && !remote->is_cancelled) {
                remote->is_cancelled = true;
                /* Under the lock, so that the loop is there. It refuses only while it closes, and will tell. */
                eddy_call_soon_threadsafe(remote->loop, &remote->canceller, cancel, remote);
        }
        pthread_mutex_unlock(&remote->lock);
        return !is_done;
}

int eddy_remote_add_done_callback(eddy_remote *remote, eddy_remote_callback callback, void *arg)
{
        struct callback *entry;
        bool is_done;

        if (!remote)
                return -ENOMEM;
        entry = memory_zalloc(sizeof *entry);
        if (!entry)
                return -ENOMEM;
        entry->callback = callback;
        entry->arg = arg;
        pthread_mutex_lock(&remote->lock);
        is_done = remote->is_done;
        if (!is_done)
                list_append(&remote->callbacks, &entry->link);
        pthread_mutex_unlock(&remote->lock);
        if (is_done) {
                memory_free(entry);
                callback(remote, arg);
        }
        return 0;
}

/* Waiting for it in a loop. */

/** Have a callback called in this thread's loop when the remote is done: false where it is already. */
static bool begin_listening(struct listener *listener, eddy_callback callback,
                            void (*close)(struct loop_resource *resource))
{
        eddy_remote *remote = listener->remote;
        bool is_done;

        pthread_mutex_lock(&remote->lock);
        is_done = remote->is_done;
        if (!is_done) {
                listener->news.callback = callback;
                listener->resource.close = close;
                list_append(&remote->listeners, &listener->link);
                loop_add_resource(listener->loop, &listener->resource);
        }
        pthread_mutex_unlock(&remote->lock);
        return !is_done;
}

/** The loop closes. In a forked child the other loop's thread is none, and the lock is as it happened to be. */
static void stop_listening(struct listener *listener)
{
        eddy_remote *remote = listener->remote;

        if (loop_is_inherited(listener->loop))
                return;
        pthread_mutex_lock(&remote->lock);
        if (list_is_linked(&listener->link))
                list_remove(&listener->link);
        pthread_mutex_unlock(&remote->lock);
        inbox_drain(&listener->loop->inbox, listener->loop->ready);
        eddy_handle_cancel(&listener->news);
}

/** A task that awaits a remote. */
struct awaiting {
        struct listener listener;
        struct wait wait;
        struct task *task;
        bool is_over;
};

static void end_awaiting(void *arg)
{
        struct awaiting *awaiting = container_of(arg, struct awaiting, listener);

        list_remove(&awaiting->listener.resource.link);
        awaiting->is_over = true;
        task_wake(awaiting->task);
}

static void close_awaiting(struct loop_resource *resource)
{
        stop_listening(container_of(resource, struct listener, resource));
}

/** Who is interrupted interrupts what it awaits, and sees its end. */
static bool pass_on(struct wait *wait, struct task *task)
{
        struct awaiting *awaiting = container_of(wait, struct awaiting, wait);

        (void)task;
        if (!awaiting->is_over)
                eddy_remote_cancel(awaiting->listener.remote);
        return !awaiting->is_over;
}

int eddy_remote_await(eddy_remote *remote, intptr_t *result)
{
        struct task *self = task_current();
        struct awaiting awaiting = {.wait.interrupt = pass_on, .task = self};
        int rc = 0;

        if (!self)
                return misuse(EDDY_ENOTASK);
        if (!remote)
                return -ENOMEM;
        if (remote->loop == self->future.loop && remote->task == &self->future && !eddy_remote_done(remote))
                return misuse(EDDY_ESELFAWAIT);
        awaiting.listener.remote = remote;
        awaiting.listener.loop = self->future.loop;
        if (begin_listening(&awaiting.listener, end_awaiting, close_awaiting))
                rc = task_wait(self, &awaiting.wait);
        /* A value is handed over all the same, for who is told of an interruption has taken nothing. A failure that
         * there is no place for stays to be asked for. */
        if (rc == 0 || remote->is_value)
                return hand_over(remote, result);
        if (result)
                hand_over(remote, result);
        return rc;
}

/** A future that follows a remote; gone when that is done. */
struct follower {
        struct listener listener;
        struct waiter waiter; /* told where the future is done before */
        eddy_future *future;  /* holds a reference; NULL: it is done */
};

static void let_follower_go(struct follower *follower, intptr_t result)
{
        eddy_future *future = follower->future;

        if (future) {
                list_remove(&follower->waiter.link);
                future_complete(future, result);
                eddy_unref(future);
        }
        unref(follower->listener.remote);
        memory_free(follower);
}

/** The remote is done. */
static void pass_outcome(struct follower *follower)
{
        const eddy_remote *remote = follower->listener.remote;
        eddy_future *future = follower->future;

        if (future && remote->detail)
                error_detail_set(&future->detail, remote->detail->rc, remote->detail->text);
        if (future && remote->is_value)
                future->traits |= FUTURE_IS_VALUE;
        let_follower_go(follower, remote->result);
}

static void end_following(void *arg)
{
        struct follower *follower = container_of(arg, struct follower, listener);

        list_remove(&follower->listener.resource.link);
        pass_outcome(follower);
}

static void close_follower(struct loop_resource *resource)
{
        struct follower *follower = container_of(resource, struct follower, listener.resource);

        stop_listening(&follower->listener);
        let_follower_go(follower, EDDY_CANCELLED);
}

/** The future is done before the remote: it was cancelled, or its owner knows better. */
static void forsake(struct waiter *waiter, eddy_future *future)
{
        struct follower *follower = container_of(waiter, struct follower, waiter);

        follower->future = NULL;
        eddy_remote_cancel(follower->listener.remote);
        eddy_unref(future);
}

eddy_future *eddy_wrap_remote(eddy_remote *remote)
{
        eddy_future *future = remote ? eddy_future_create(NULL) : NULL;
        struct follower *follower;

        if (!future)
                return NULL;
        follower = memory_zalloc(sizeof *follower);
        if (!follower) {
                eddy_unref(future);
                return NULL;
        }
        atomic_fetch_add(&remote->references, 1);
        follower->listener.remote = remote;
        follower->listener.loop = future->loop;
        follower->waiter.wake = forsake;
        follower->future = eddy_ref(future);
        list_append(&future->waiters, &follower->waiter.link);
        if (!begin_listening(&follower->listener, end_following, close_follower))
                pass_outcome(follower);
        return future;
}

void eddy_remote_release(eddy_remote *remote)
{
        if (remote)
                unref(remote);
}
