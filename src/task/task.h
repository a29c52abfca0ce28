/* Tasks from the inside: how one waits, is woken and is interrupted. */
#ifndef TASK_TASK_H
#define TASK_TASK_H

#include "base/context.h"
#include "base/pool.h"
#include "coro/coro.h"
#include "loop/operation.h"
#include "task/future.h"
#include <eddy/group.h>

struct task;

/** What a suspended task waits for. Lies on its stack. */
struct wait {
        /** End the wait early: see to it that the task is woken soon. May come more than once. False where the
         * wait is over already. */
        bool (*interrupt)(struct wait *wait, struct task *task);
        bool was_interrupted;
};

/** What makes a coroutine a task. */
extern const struct coro_impl task_coro;

struct task {
        eddy_future future; /* first, so that a task is a future */
        struct coro coro;
        eddy_fn fn;              /* its argument lies in future.result */
        struct context *context; /* what its context variables are set to; NULL: to nothing */
        eddy_link all;           /* in tasks->all until it is done */
        eddy_link group_link;    /* in group->running, then in group->failed */
        eddy_group *group;
        eddy_scope *scopes; /* the innermost one that is open */
        struct wait *wait;  /* while suspended */
        int interruption;   /* what suspending calls are refused with, as scopes and cancellations stand */
        unsigned cancellations;
};

/** A loop's tasks. */
struct tasks {
        eddy_link all;        /* not done, in order of creation */
        eddy_link generators; /* not ended, in order of creation */
        struct pool pool;
        eddy_task_factory factory; /* NULL: none */
        void *factory_arg;
};

enum { TASK_LARGEST_ARGS = 1024 };

/** Give a loop that has none yet its tasks: 0 or -ENOMEM. */
int tasks_init(eddy_loop *loop);

/** A loop's tasks; NULL where it has none yet. */
static inline struct tasks *tasks_of(const eddy_loop *loop)
{
        return loop->tenants[ROOM_TASKS].kept;
}

/** Have a loop's factory decide how a task is to be, where it has one. */
void task_ask_factory(eddy_loop *loop, eddy_task_options *options, eddy_fn fn);

/** What a stack must be asked to be where a user asks for nothing: 0, or not what is common in a loop (NULL:
 * outside loops). */
size_t task_stack_size(const eddy_loop *loop);

static inline struct task *task_of(eddy_future *future)
{
        return (struct task *)future;
}

/** Of a task that has not begun, its copy of the arguments that it was given. */
static inline void *task_args(eddy_task *task)
{
        return (void *)task->result;
}

/** The task that runs in this thread, or NULL. */
static inline struct task *task_current(void)
{
        struct coro *coro = coro_running_here;

        return coro ? container_of(coro, struct task, coro) : NULL;
}

/** What every call that may suspend begins with: find the task that calls. 0; EDDY_ENOTASK; or what interrupts it, for
 * an interruption that is in force refuses each such call, whether it would have to suspend or not. Exempt are only
 * calls that await what is done already, and those that give something back: they do so first. */
static inline int task_enter(struct task **self)
{
        *self = task_current();
        return __builtin_expect(*self != NULL, 1) ? (*self)->interruption : misuse(EDDY_ENOTASK);
}

/** As task_enter(), for calls that need a task only where they must wait: what interrupts the task that calls, or 0. */
static inline int task_interruption(void)
{
        const struct task *self = task_current();

        return self ? self->interruption : 0;
}

/** Let a suspended task go on; once is enough. */
static inline void task_wake(struct task *task)
{
        if (!list_is_linked(&task->coro.resume.link))
                loop_schedule(task->future.loop, &task->coro.resume);
}

/** End a task's wait early, if it is not over already. */
static inline void task_interrupt(struct wait *wait, struct task *task)
{
        if (wait->interrupt(wait, task))
                wait->was_interrupted = true;
}

/** Suspend the current task until it is woken: 0, or what interrupted it. */
int task_wait(struct task *self, struct wait *wait);

/** What task_wait() does, for task_wait_here(). */
static inline __attribute__((always_inline)) int task_suspend(struct task *self, struct wait *wait)
{
        wait->was_interrupted = false;
        if (__builtin_expect(self->interruption, 0))
                task_interrupt(wait, self);
        if (__builtin_expect(list_is_linked(&self->coro.resume.link), 0)) {
                list_remove(&self->coro.resume.link);
        } else {
                self->wait = wait;
                coro_suspend(&self->coro);
                self->wait = NULL;
        }
        return __builtin_expect(wait->was_interrupted, 0) ? self->interruption : 0;
}

#ifdef EDDY_FAULTS
/** Tests count suspensions by the calls of task_wait(). */
static inline int task_wait_here(struct task *self, struct wait *wait)
{
        return task_wait(self, wait);
}
#else
/** As task_wait(), without a call on the way down and a return on the way up. */
static inline __attribute__((always_inline)) int task_wait_here(struct task *self, struct wait *wait)
{
        return task_suspend(self, wait);
}
#endif

/** An interrupt function for waits that need nothing but waking: nothing where the task is awake already. */
bool task_end_wait(struct wait *wait, struct task *task);

/** An interrupt function for waits that must see their end, and see it soon. */
bool task_keep_waiting(struct wait *wait, struct task *task);

/** Work out anew whether a task is interrupted, and if so end what it waits for. After any change of its scopes
 * and cancellations. */
void task_update(struct task *task);

/** What code in `scope` would be interrupted with: its own reason, or an outer one that is not shielded off. */
int task_interruption_in(const struct task *task, const eddy_scope *scope);

/** Take a scope out of a task's, even if inner ones are still open: their owner left them, or closes them late. */
void task_remove_scope(struct task *task, eddy_scope *scope);

/** Count one more request to end, with a message or without (NULL). */
void task_cancel(eddy_future *future, const char *message);

/** Have a task say why it failed, as another future does, unless it has a message that it was cancelled with. */
void task_adopt_detail(struct task *self, const eddy_future *future);

/** What a call that awaits returns of a future that is done, where nobody else hears of its failure: that, and a
 * cancellation without a word gets a detail which says whose it was; 0 where it ended with a value. */
int task_failure_of(struct task *self, const eddy_future *future);

/** Look at a future's outcome on behalf of a task, which takes over the detail of a failure. */
static inline void task_look(struct task *self, eddy_future *future, intptr_t *result)
{
        future->was_looked_at = true;
        if (result)
                *result = future->result;
        if (__builtin_expect(future->detail != NULL, 0))
                task_adopt_detail(self, future);
}

/** As task_look(), for a call that returns a failure where there is no place for the outcome: what it returns. */
static inline int task_hand_over(struct task *self, eddy_future *future, intptr_t *result)
{
        intptr_t outcome = future->result;

        task_look(self, future, result);
        return result || __builtin_expect(!eddy_is_error(outcome), 1) ? 0 : task_failure_of(self, future);
}

/** What a task's own memory needs when its last reference goes. */
static inline void task_free(eddy_future *future)
{
        if (__builtin_expect(future->traits & FUTURE_OWN_NAME, 0))
                memory_free_text(task_of(future)->coro.name);
        pool_give(&tasks_of(future->loop)->pool, future);
}

/** Prepare an operation that resumes a task when it is done. */
static inline void task_op_init(eddy_op *op, struct task *self)
{
        op_init(op, self->future.loop, coro_resume, &self->coro);
}

/** Prepare an operation likewise, and describe it, for op_begin(): one that `data` and `size` tell all of. */
static inline void task_op_describe(eddy_op *op, struct task *self, enum op_kind kind, int fd, const void *data,
                                    size_t size)
{
        task_op_init(op, self);
        op_describe(op, kind, fd, data, size, 0);
}

/** After a call that had its outcome at once: let others run, now and then. */
void task_take_turn(struct task *self);

/** Wait for an operation that has begun.
 *
 * @param begun  what beginning it returned: if it is not EDDY_PENDING, this is the outcome
 * @return the outcome; what interrupted the task only where the operation was cancelled and did nothing
 */
ssize_t task_finish_op(struct task *self, eddy_op *op, ssize_t begun);

/** What a suspended task awaits; NULL where that is no future. */
const eddy_future *task_awaits(const struct task *task);

/** What debug mode asks of tasks; see struct loop_tenant_impl. */
void *task_hold(eddy_handle *handle);
void task_let_go(void *task, eddy_duration took);

/** A child of a group has ended. */
void group_child_done(struct task *task);

#endif
