/* Groups: children that end before the block that started them does. */
#include "base/error.h"
#include "base/memory.h"
#include "base/misuse.h"
#include "task/task.h"
#include <eddy/group.h>

static struct task *child_of(eddy_link *link)
{
        return container_of(link, struct task, group_link);
}

int eddy_group_open(eddy_group *group)
{
        struct task *self = task_current();

        *group = (eddy_group){.running_count = 0};
        list_init(&group->running);
        list_init(&group->failed);
        if (!self)
                return misuse(EDDY_ENOTASK);
        group->scope = (eddy_scope){.outer = self->scopes, .task = &self->future};
        self->scopes = &group->scope;
        return 0;
}

/** The body has failed or a task has, or one could not be started: the others shall end, and the opener come to close
 * the group. */
static void group_fail(eddy_group *group)
{
        eddy_group_cancel(group);
        group->scope.code = EDDY_CANCELLED;
        /* A generator that does not run keeps its scopes for when it does. */
        if (group->scope.task)
                task_update(task_of(group->scope.task));
}

int eddy_group_start(eddy_group *group, const eddy_task_options *options, eddy_fn fn, void *arg,
                     eddy_task **started)
{
        eddy_task_options chosen = options ? *options : (eddy_task_options){.name = NULL};
        eddy_task *task;
        bool is_eager;

        if (started)
                *started = NULL;
        if (group->is_closing)
                return EDDY_EGROUPCLOSED;
        if (!group->scope.task)
                return misuse(EDDY_ENOTASK);
        task_ask_factory(group->scope.task->loop, &chosen, fn);
        chosen.loop = group->scope.task->loop;
        is_eager = chosen.eager;
        chosen.eager = false;
        task = eddy_task_create(&chosen, fn, arg);
        if (!task) {
                group->refused = -ENOMEM;
                group_fail(group);
                return -ENOMEM;
        }
        task_of(task)->group = group;
        list_append(&group->running, &task_of(task)->group_link);
        group->running_count++;
        if (started)
                *started = eddy_ref(task);
        /* It must be the group's before it runs, for it may end right away. */
        if (is_eager) {
                eddy_handle_cancel(&task_of(task)->coro.resume);
                coro_run_now(task->loop, &task_of(task)->coro);
        }
        eddy_unref(task);
        return 0;
}

int eddy_group_create_named_task(const char *name, eddy_group *group, eddy_fn fn, void *arg, eddy_task **task)
{
        return eddy_group_start(group, &(eddy_task_options){.name = name}, fn, arg, task);
}

int eddy_group_spawn_named_task(const char *name, eddy_group *group, eddy_task **task, eddy_fn fn,
                                const void *args, size_t args_size)
{
        return eddy_group_start(group, &(eddy_task_options){.name = name, .args = args, .args_size = args_size},
                                fn, NULL, task);
}

void eddy_group_cancel(eddy_group *group)
{
        eddy_link *link = group->running.next;

        group->is_closing = true;
        while (link != &group->running) {
                struct task *child = child_of(link);

                /* Cancelling only schedules, so the next child stays where it is. */
                link = link->next;
                eddy_cancel(&child->future);
        }
}

int eddy_group_fail(eddy_group *group, int error)
{
        const char *why;

        if (!eddy_is_error(error))
                return -EINVAL;
        if (group->first_failure || (group->is_closing && !group->scope.task))
                return EDDY_EGROUPCLOSED;
        group->first_failure = error;
        group->is_body_failure = true;
        why = eddy_explain(error);
        if (why != eddy_strerror(error))
                error_detail_set((struct error_detail **)&group->why, error, why);
        group_fail(group);
        return 0;
}

void group_child_done(struct task *child)
{
        eddy_group *group = child->group;
        struct task *opener = task_of(group->scope.task);
        int failure = future_failure(&child->future);

        list_remove(&child->group_link);
        child->group = NULL;
        group->running_count--;
        if (failure && failure != EDDY_CANCELLED) {
                eddy_ref(&child->future);
                list_append(&group->failed, &child->group_link);
                if (!group->first_failure) {
                        group->first_failure = failure;
                        group_fail(group);
                }
        }
        if (group->is_waiting && group->running_count == 0)
                task_wake(opener);
}

/** The opener while it waits for its children. */
struct group_wait {
        struct wait wait;
        eddy_group *group;
};

static bool cancel_children(struct wait *wait, struct task *task)
{
        eddy_group *group = container_of(wait, struct group_wait, wait)->group;

        (void)task;
        if (!group->is_closing)
                eddy_group_cancel(group);
        return true;
}

/** What interrupts the opener apart from its group's own failure. */
static int interruption_from_outside(eddy_group *group, const struct task *opener)
{
        int own = group->scope.code, code;

        group->scope.code = 0;
        code = task_interruption_in(opener, opener->scopes);
        group->scope.code = own;
        return code;
}

int eddy_group_wait(eddy_group *group)
{
        struct group_wait waiting = {.wait.interrupt = cancel_children, .group = group};
        struct task *self = task_current();
        int interruption;

        if (!self || !group->scope.task)
                return misuse(EDDY_ENOTASK);
        if (group->scope.task != &self->future)
                return EDDY_EINVALIDSTATE;
        group->is_waiting = true;
        while (group->running_count > 0)
                task_wait(self, &waiting.wait);
        group->is_waiting = false;
        interruption = interruption_from_outside(group, self);
        if (interruption)
                return interruption;
        if (group->why)
                error_detail_adopt(group->why);
        if (group->first_failure && !group->is_body_failure)
                task_look(self, &child_of(group->failed.next)->future, NULL);
        return group->first_failure ? group->first_failure : group->refused;
}

eddy_task *eddy_group_failed(const eddy_group *group, const eddy_task *previous)
{
        const eddy_link *link = previous ? &((const struct task *)previous)->group_link : &group->failed;

        if (link->next == &group->failed)
                return NULL;
        child_of(link->next)->future.was_looked_at = true;
        return &child_of(link->next)->future;
}

/** What the group was failed with has no task that it could be seen at. */
static void report_body_failure(const eddy_group *group)
{
        const struct error_detail *why = group->why;
        eddy_exception exception = {
            .message = "a group was failed, and its opener interrupted",
            .error = group->first_failure,
            .detail = why ? why->text : "",
        };

        eddy_loop_call_exception_handler(NULL, &exception);
}

int eddy_group_close(eddy_group *group)
{
        struct task *opener = task_of(group->scope.task);
        int rc = eddy_group_wait(group);
        eddy_link *link;

        if (!opener || opener != task_current())
                return rc;
        group->is_closing = true;
        task_remove_scope(opener, &group->scope);
        task_update(opener);
        /* What was neither returned nor listed goes to the exception handler. */
        if (group->is_body_failure && group->first_failure != rc && group->first_failure != EDDY_CANCELLED)
                report_body_failure(group);
        memory_free(group->why);
        group->why = NULL;
        while ((link = list_pop(&group->failed)))
                eddy_unref(&child_of(link)->future);
        return rc;
}
