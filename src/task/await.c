/* What one task waits for at a time: a future, a while, an operation. */
#include "base/misuse.h"
#include "task/task.h"
#include <eddy/compose.h>

/** A task that awaits a future. */
struct awaiting {
        struct wait wait;
        struct waiter waiter;
        struct task *task;
        eddy_future *future;
        unsigned forwarded; /* cancellations of the task that were passed on */
};

static void wake_awaiting(struct waiter *waiter, eddy_future *future)
{
        (void)future;
        task_wake(container_of(waiter, struct awaiting, waiter)->task);
}

static bool cancel_awaited(struct wait *wait, struct task *task);

/** What a task awaits; NULL: it waits for something else, or not at all. */
static struct awaiting *awaiting_of(const struct task *task)
{
        if (!task->wait || task->wait->interrupt != cancel_awaited)
                return NULL;
        return container_of(task->wait, struct awaiting, wait);
}

/** Take note that a task's wait is interrupted: whether what it awaits is to hear of it. */
static bool begin_forwarding(struct awaiting *awaiting)
{
        /* Each cancellation is a wish of its own, but a deadline after one is none. */
        if (awaiting->wait.was_interrupted && awaiting->task->cancellations <= awaiting->forwarded)
                return false;
        awaiting->forwarded = awaiting->task->cancellations;
        if (awaiting->future->is_done)
                return false;
        awaiting->wait.was_interrupted = true;
        return true;
}

/** Cancel a future, and what that awaits, and so on: a loop, for such chains may be longer than a stack is deep. And
 * they may be circles: whoever meets the mark that moves on after 1, 2, 4 ... steps has been there. */
static void cancel_chain(eddy_future *future)
{
        const eddy_future *mark = future;
        size_t steps = 0, limit = 1;

        for (;;) {
                struct awaiting *awaiting = future->is_task ? awaiting_of(task_of(future)) : NULL;

                if (!awaiting) {
                        eddy_cancel(future);
                        return;
                }
                awaiting->task->cancellations++;
                awaiting->task->interruption = task_interruption_in(awaiting->task, awaiting->task->scopes);
                if (!awaiting->task->interruption || !begin_forwarding(awaiting))
                        return;
                future = awaiting->future;
                if (future == mark)
                        return;
                if (++steps == limit) {
                        mark = future;
                        limit *= 2;
                        steps = 0;
                }
        }
}

/** Who is interrupted interrupts what it awaits, and sees its end. */
static bool cancel_awaited(struct wait *wait, struct task *task)
{
        struct awaiting *awaiting = container_of(wait, struct awaiting, wait);

        (void)task;
        if (begin_forwarding(awaiting))
                cancel_chain(awaiting->future);
        return wait->was_interrupted;
}

const eddy_future *task_awaits(const struct task *task)
{
        const struct awaiting *awaiting = awaiting_of(task);

        return awaiting ? awaiting->future : NULL;
}

/** What awaiting comes to where the task was interrupted meanwhile: a value is handed over all the same, for who is told
 * of an interruption has taken nothing. A failure that there is no place to tell in stays to be looked at: by who has
 * the future, or when that goes by the exception handler. */
static __attribute__((noinline)) int end_interrupted(struct task *self, eddy_future *future, intptr_t *result,
                                                     int interruption)
{
        bool is_value = !future_has_failed(future);

        if (is_value || result)
                task_look(self, future, result);
        return is_value ? 0 : interruption;
}

static int await_end(struct task *self, eddy_future *future, intptr_t *result)
{
        struct awaiting awaiting;
        int rc;

        if (future == &self->future)
                return misuse(EDDY_ESELFAWAIT);
        if (future->loop != self->future.loop)
                return misuse(EDDY_EWRONGLOOP);
        awaiting.wait.interrupt = cancel_awaited;
        awaiting.waiter.wake = wake_awaiting;
        awaiting.task = self;
        awaiting.future = future;
        awaiting.forwarded = 0;
        list_append(&future->waiters, &awaiting.waiter.link);
        rc = task_wait_here(self, &awaiting.wait);
        if (__builtin_expect(rc < 0, 0))
                return end_interrupted(self, future, result, rc);
        return task_hand_over(self, future, result);
}

int eddy_await(eddy_future *future, intptr_t *result)
{
        struct task *self = task_current();

        if (!self)
                return misuse(EDDY_ENOTASK);
        if (!future)
                return -ENOMEM;
        if (!future->is_done)
                return await_end(self, future, result);
        return task_hand_over(self, future, result);
}

int eddy_join(eddy_future *future, intptr_t *result)
{
        int rc = eddy_await(future, result);

        if (future)
                future_unref(future);
        return rc;
}

int eddy_wait_for(eddy_future *future, eddy_duration timeout, intptr_t *result)
{
        eddy_timeout scope;
        int rc;

        if (eddy_done(future))
                return eddy_await(future, result);
        rc = eddy_timeout_open(&scope, timeout);
        if (rc < 0)
                return rc;
        rc = eddy_await(future, result);
        eddy_timeout_close(&scope);
        return rc;
}

intptr_t eddy_await_value(eddy_future *future)
{
        int rc = eddy_await(future, NULL);

        return rc < 0 ? rc : future->result;
}

intptr_t eddy_join_value(eddy_future *future)
{
        intptr_t result = eddy_await_value(future);

        eddy_unref(future);
        return result;
}

intptr_t eddy_wait_for_value(eddy_future *future, eddy_duration timeout)
{
        int rc = eddy_wait_for(future, timeout, NULL);

        return rc < 0 ? rc : future->result;
}

/** A task that sleeps; its timer resumes it. */
struct sleeping {
        struct wait wait;
        eddy_timer timer;
};

static bool end_sleep(struct wait *wait, struct task *task)
{
        eddy_timer_cancel(&container_of(wait, struct sleeping, wait)->timer);
        task_wake(task);
        return true;
}

int eddy_sleep(eddy_duration delay)
{
        struct task *self = task_current();
        struct sleeping sleeping = {.wait.interrupt = end_sleep};

        if (delay <= 0 || !self || self->interruption)
                return eddy_yield();
        eddy_call_later(self->future.loop, &sleeping.timer, delay, coro_resume, &self->coro);
        return task_wait(self, &sleeping.wait);
}

/** A task that waits for an operation, which resumes it when it is done. */
struct operating {
        struct wait wait;
        eddy_op *op;
};

static bool cancel_operation(struct wait *wait, struct task *task)
{
        eddy_op *op = container_of(wait, struct operating, wait)->op;
        bool was_pending = op->pending;

        (void)task;
        eddy_op_cancel(op);
        return was_pending;
}

void task_take_turn(struct task *self)
{
        if (op_should_give_way(self->future.loop))
                eddy_yield();
}

ssize_t task_finish_op(struct task *self, eddy_op *op, ssize_t begun)
{
        struct operating operating = {.wait.interrupt = cancel_operation, .op = op};
        int interruption;

        if (begun != EDDY_PENDING) {
                task_take_turn(self);
                return begun;
        }
        interruption = task_wait_here(self, &operating.wait);
        return op->result == EDDY_CANCELLED && interruption ? interruption : op->result;
}
