/* Who waits for the end of a process. */
#include "loop/debug.h"
#include "process/process.h"
#include "task/task.h"

/** A task that waits for the end. */
struct exit_waiter {
        struct wait wait;
        eddy_link link; /* in process->waiters until it is woken */
        struct task *task;
};

void exit_tell(eddy_process *process)
{
        eddy_link *link;

        while ((link = list_pop(&process->waiters)))
                task_wake(container_of(link, struct exit_waiter, link)->task);
}

int exit_wait(eddy_process *process)
{
        struct task *self = task_current();
        struct exit_waiter waiter = {.wait.interrupt = task_end_wait, .task = self};
        int rc;

        list_append(&process->waiters, &waiter.link);
        rc = task_wait(self, &waiter.wait);
        if (list_is_linked(&waiter.link))
                list_remove(&waiter.link);
        return rc < 0 || process->watched.has_ended ? rc : -EBADF;
}

void exit_dismiss(eddy_process *process)
{
        for (const eddy_link *link = process->waiters.next; link != &process->waiters; link = link->next)
                debug_warn_used(process->watched.loop, "process",
                                container_of(link, struct exit_waiter, link)->task->coro.name);
        exit_tell(process);
}
