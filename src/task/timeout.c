/* Scopes: what interrupts a stretch of a task's life, and what keeps interruptions out of it. */
#include "base/misuse.h"
#include "task/task.h"
#include <eddy/timeout.h>

static void open_scope(eddy_scope *scope, struct task *task, bool is_shielded)
{
        *scope = (eddy_scope){.outer = task->scopes, .task = &task->future, .is_shielded = is_shielded};
        task->scopes = scope;
        if (is_shielded)
                task_update(task);
}

static void close_scope(eddy_scope *scope)
{
        struct task *task = task_of(scope->task);

        task_remove_scope(task, scope);
        if (task->interruption || scope->is_shielded)
                task_update(task);
}

static void timeout_expire(void *arg)
{
        eddy_timeout *timeout = arg;

        timeout->scope.code = EDDY_TIMEOUT;
        /* A generator that does not run keeps its scopes for when it does. */
        if (timeout->scope.task)
                task_update(task_of(timeout->scope.task));
}

static void set_deadline(eddy_timeout *timeout, eddy_time when)
{
        eddy_loop *loop = timeout->scope.task->loop;

        eddy_timer_cancel(&timeout->timer);
        timeout->timer.when = when;
        if (when <= loop->now)
                timeout_expire(timeout);
        else
                eddy_call_at(loop, &timeout->timer, when, timeout_expire, timeout);
}

int eddy_timeout_open_at(eddy_timeout *timeout, eddy_time when)
{
        struct task *self = task_current();

        *timeout = (eddy_timeout){.timer.when = when};
        if (!self)
                return misuse(EDDY_ENOTASK);
        open_scope(&timeout->scope, self, false);
        set_deadline(timeout, when);
        return 0;
}

int eddy_timeout_open(eddy_timeout *timeout, eddy_duration delay)
{
        return eddy_timeout_open_at(timeout, delay <= 0 ? 0 : eddy_time_add(eddy_now(), delay));
}

int eddy_timeout_reschedule(eddy_timeout *timeout, eddy_time when)
{
        if (!timeout->scope.task || timeout->scope.code)
                return EDDY_EINVALIDSTATE;
        set_deadline(timeout, when);
        return 0;
}

eddy_time eddy_timeout_when(const eddy_timeout *timeout)
{
        return timeout->timer.when;
}

bool eddy_timeout_expired(const eddy_timeout *timeout)
{
        return timeout->scope.code != 0;
}

int eddy_timeout_close(eddy_timeout *timeout)
{
        const struct task *task;

        if (!timeout->scope.task)
                return timeout->scope.code;
        task = task_of(timeout->scope.task);
        eddy_timer_cancel(&timeout->timer);
        close_scope(&timeout->scope);
        return timeout->scope.code && task->interruption ? task->interruption : timeout->scope.code;
}

int eddy_shield_open(eddy_scope *scope)
{
        struct task *self = task_current();

        *scope = (eddy_scope){.task = NULL};
        if (!self)
                return misuse(EDDY_ENOTASK);
        open_scope(scope, self, true);
        return 0;
}

int eddy_shield_close(eddy_scope *scope)
{
        struct task *task = task_of(scope->task);

        if (!task)
                return 0;
        close_scope(scope);
        return task->interruption;
}
