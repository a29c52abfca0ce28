/* Users' functions on helper threads, and the futures of what they return. */
#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "executor/condition.h"
#include "executor/pool.h"
#include "task/task.h"

/** A call of a user's function. Its thread's while it runs, but for what is marked as the loop's. */
struct call {
        struct errand errand;
        struct waiter waiter;    /* the loop's: told where the future is done before */
        eddy_future *future;     /* the loop's: holds a reference; NULL: nobody cares for the result */
        struct context *context; /* of whoever asked for it */
        eddy_fn fn;
        void *arg;
        intptr_t result;
        struct error_detail *detail;
        max_align_t args[]; /* the copy */
};

static struct call *call_of(struct errand *errand)
{
        return container_of(errand, struct call, errand);
}

static void run(struct errand *errand)
{
        struct call *call = call_of(errand);
        struct context_visit visit;

        /* What this thread's last call said of its failure is not said of this one's. */
        error_detail_forget();
        context_enter(&visit, call->context);
        call->result = call->fn(call->arg);
        context_leave(&visit);
        if (eddy_is_error(call->result) && *eddy_error_detail())
                error_detail_set(&call->detail, call->result, eddy_explain(call->result));
}

static void destroy(struct call *call)
{
        context_unref(call->context);
        memory_free(call->detail);
        memory_free(call);
}

/** Give the future its outcome, if nobody else has, and let go of it. */
static void complete(struct call *call, intptr_t result)
{
        eddy_future *future = call->future;

        if (!future)
                return;
        call->future = NULL;
        list_remove(&call->waiter.link);
        if (call->detail)
                error_detail_set(&future->detail, call->detail->rc, call->detail->text);
        future_complete(future, result);
        eddy_unref(future);
}

static void done(struct errand *errand)
{
        struct call *call = call_of(errand);

        complete(call, call->result);
        destroy(call);
}

static void refuse(struct errand *errand)
{
        complete(call_of(errand), EDDY_CANCELLED);
        destroy(call_of(errand));
}

static void leave(struct errand *errand)
{
        complete(call_of(errand), EDDY_CANCELLED);
}

static void end_late(struct errand *errand)
{
        destroy(call_of(errand));
}

/** The future is done before the call: it was cancelled, or its owner knows better. */
static void forgo(struct waiter *waiter, eddy_future *future)
{
        struct call *call = container_of(waiter, struct call, waiter);

        call->future = NULL;
        if (thread_pool_take_back(&call->errand))
                destroy(call);
        eddy_unref(future);
}

static struct call *create_call(const eddy_work_options *options, eddy_fn fn, void *arg)
{
        struct call *call = memory_zalloc(sizeof *call + (options->args ? options->args_size : 0));

        if (!call)
                return NULL;
        call->errand = (struct errand){
            .run = run,
            .done = done,
            .drop = refuse,
            .refuse = refuse,
            .leave = leave,
            .end_late = end_late,
            .name = options->name,
        };
        call->waiter.wake = forgo;
        call->context = context_capture();
        call->fn = fn;
        call->arg = arg;
        if (options->args)
                call->arg = memcpy(call->args, options->args, options->args_size);
        return call;
}

/** 0 with a future that is pending, or why no thread takes the call. */
static int submit(const eddy_work_options *options, eddy_fn fn, void *arg, eddy_future *future)
{
        struct call *call = create_call(options, fn, arg);
        int rc;

        if (!call)
                return -ENOMEM;
        rc = options->executor ? thread_pool_submit_to(future->loop, options->executor, &call->errand)
                               : thread_pool_submit(future->loop, POOL_DEFAULT, &call->errand);
        if (rc < 0) {
                destroy(call);
                return rc;
        }
        call->future = eddy_ref(future);
        list_append(&future->waiters, &call->waiter.link);
        return 0;
}

static const eddy_work_options default_options;

eddy_future *eddy_executor_submit(const eddy_work_options *options, eddy_fn fn, void *arg)
{
        eddy_loop *loop;
        eddy_future *future;
        int rc;

        if (!options)
                options = &default_options;
        loop = loop_meant(options->loop);
        rc = loop_check(loop);
        if (rc < 0) {
                eddy_fail(rc, "call '%s' cannot be made: %s", options->name ? options->name : "?",
                          eddy_strerror(rc));
                return NULL;
        }
        future = eddy_future_create(loop);
        if (!future)
                return NULL;
        rc = submit(options, fn, arg, future);
        if (rc == -ENOMEM) {
                eddy_unref(future);
                return NULL;
        }
        if (rc < 0)
                future_complete(future, rc);
        return future;
}

int eddy_to_thread_with(const eddy_work_options *options, eddy_fn fn, void *arg, intptr_t *result)
{
        struct task *self;
        eddy_future *future;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        future = eddy_future_create(self->future.loop);
        if (!future)
                return -ENOMEM;
        rc = submit(options ? options : &default_options, fn, arg, future);
        if (rc == 0)
                return eddy_join(future, result);
        eddy_unref(future);
        return rc;
}

bool eddy_work_cancelled(void)
{
        struct work *work = executor_current_work();

        return work && atomic_load(&work->is_cancelled);
}

/** A task that waits until no users' work is out. */
struct draining {
        struct drain drain;
        struct wait wait;
        struct task *task;
};

static void drained(struct drain *drain)
{
        task_wake(container_of(drain, struct draining, drain)->task);
}

static void time_is_up(void *task)
{
        task_wake(task);
}

/** Suspend until no users' work is out: 0, EDDY_TIMEOUT, or what interrupted the task. */
static int wait_until_drained(struct task *self, eddy_duration timeout)
{
        struct draining draining = {.drain.drained = drained, .wait.interrupt = task_end_wait, .task = self};
        eddy_timer timer = {.when = 0};
        int rc;

        if (!thread_pool_await_drain(self->future.loop, &draining.drain))
                return 0;
        if (timeout != EDDY_FOREVER)
                eddy_call_later(self->future.loop, &timer, timeout, time_is_up, self);
        rc = task_wait(self, &draining.wait);
        eddy_timer_cancel(&timer);
        if (!list_is_linked(&draining.drain.link))
                return 0;
        list_remove(&draining.drain.link);
        if (rc < 0)
                return rc;
        thread_pool_report(self->future.loop, "");
        return EDDY_TIMEOUT;
}

int eddy_shutdown_default_executor(eddy_duration timeout)
{
        eddy_time deadline = eddy_time_add(eddy_now(), timeout);
        struct task *self;
        int interruption = task_enter(&self), rc;

        if (!self)
                return interruption;
        rc = thread_pool_shut_down(self->future.loop);
        if (rc == 0)
                rc = interruption ? interruption : wait_until_drained(self, timeout);
        /* Its threads are all idle: this does not block. */
        if (rc == 0)
                thread_pool_release_default(self->future.loop, deadline);
        return rc;
}
