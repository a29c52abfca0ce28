/* The end of a process: noticed, reaped and told. Where the system has pidfds, the end makes one readable; else a
 * thread of its own waits for each child, and leaves the reaping to the loop, so that the child's number is nobody
 * else's as long as the loop does not know of its end. */
#include "base/sys_process.h"
#include "loop/debug.h"
#include "process/process.h"
#include "task/task.h"
#include "executor/start.h"

/** How long a child that nobody may reap is left alone before it is looked at again, at most. */
#define LONGEST_PATIENCE eddy_ms(100)

/** A task that waits for the end. */
struct exit_waiter {
        struct wait wait;
        eddy_link link; /* in process->waiters until it is woken */
        struct task *task;
};

static void wake_all(eddy_process *process)
{
        eddy_link *link;

        while ((link = list_pop(&process->waiters)))
                task_wake(container_of(link, struct exit_waiter, link)->task);
}

/** It is reaped: tell all who wait. */
static void exit_tell(eddy_process *process)
{
        process->has_ended = true;
        list_remove(&process->resource.link);
        if (process->child.pidfd >= 0)
                loop_close_descriptor(process->loop, process->child.pidfd);
        process->child.pidfd = -1;
        wake_all(process);
        process_settle(process);
}

static int exit_notice(eddy_process *process);

/** End a process that cannot be watched, or whose loop ends. One that may not be killed, or not be reaped since a
 * debugger holds it, is left to whoever is its parent after us. */
static void end_now(eddy_process *process)
{
        int options = child_signal(&process->child, SIGKILL) == 0 ? 0 : WNOHANG;

        if (options == 0 && process->child.pidfd >= 0) {
                sys_pidfd_wait(process->child.pidfd);
                options = WNOHANG;
        }
        if (!child_reap(&process->child, options, &process->returncode))
                process->returncode = EDDY_EXIT_UNKNOWN;
        exit_tell(process);
}

static void exit_noticed(void *arg);

/** It is dead, and a debugger holds it: nobody may reap it until that lets go, and nothing tells when that is. Its pidfd
 * stays readable meanwhile. */
static void look_again_later(eddy_process *process)
{
        process->patience *= 2;
        if (process->patience == 0)
                process->patience = eddy_ms(1);
        else if (process->patience > LONGEST_PATIENCE)
                process->patience = LONGEST_PATIENCE;
        eddy_call_later(process->loop, &process->again, process->patience, exit_noticed, process);
}

static void exit_noticed(void *arg)
{
        eddy_process *process = arg;

        if (child_reap(&process->child, WNOHANG, &process->returncode))
                exit_tell(process);
        else if (process->exit_op.result > 0)
                look_again_later(process);
        else if (exit_notice(process) < 0) /* the wait for it failed */
                end_now(process);
}

static void on_thread_end(void *arg)
{
        eddy_process *process = arg;

        pthread_join(process->thread, NULL);
        process->has_thread = false;
        child_reap(&process->child, 0, &process->returncode);
        exit_tell(process);
}

static void *wait_for_end(void *arg)
{
        eddy_process *process = arg;
        siginfo_t info;

        sys_waitid(P_PID, (id_t)process->child.pid, &info, WEXITED | WNOWAIT);
        eddy_call_soon_threadsafe(process->loop, &process->thread_handle, on_thread_end, process);
        return NULL;
}

/** Have its end noticed: 0 or an error. */
static int exit_notice(eddy_process *process)
{
        ssize_t rc = -EBADF;

        if (process->child.pidfd >= 0)
                rc = eddy_op_poll(&process->exit_op, process->child.pidfd, POLLIN);
        if (rc > 0) {
                process->exit_op.result = rc;
                loop_schedule(process->loop, &process->exit_op.handle);
        }
        if (rc > 0 || rc == EDDY_PENDING)
                return 0;
        rc = thread_start(&process->thread, 0, wait_for_end, process);
        process->has_thread = rc == 0;
        return (int)rc;
}

/** The loop ends, and with it whoever could notice the child's end. */
static void close_with_loop(struct loop_resource *resource)
{
        eddy_process *process = container_of(resource, eddy_process, resource);

        /* The loop's close has taken it out already. */
        list_init(&resource->link);
        eddy_op_cancel(&process->exit_op);
        eddy_handle_cancel(&process->exit_op.handle);
        eddy_timer_cancel(&process->again);
        /* In a forked child it is the parent's child, and the parent's thread. */
        if (loop_is_inherited(process->loop)) {
                process->returncode = EDDY_EXIT_UNKNOWN;
                exit_tell(process);
                return;
        }
        /* One that may not be killed is waited for, since the thread is. */
        if (process->has_thread) {
                child_signal(&process->child, SIGKILL);
                pthread_join(process->thread, NULL);
                process->has_thread = false;
                inbox_drain(&process->loop->inbox, process->loop->ready);
                eddy_handle_cancel(&process->thread_handle);
        }
        end_now(process);
}

int exit_watch(eddy_process *process)
{
        int rc;

        process->resource.close = close_with_loop;
        process->resource.what = "process";
        loop_add_resource(process->loop, &process->resource);
        eddy_op_init(&process->exit_op, process->loop, exit_noticed, process);
        rc = exit_notice(process);
        if (rc < 0)
                end_now(process);
        return rc;
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
        return rc < 0 || process->has_ended ? rc : -EBADF;
}

void exit_dismiss(eddy_process *process)
{
        for (const eddy_link *link = process->waiters.next; link != &process->waiters; link = link->next)
                debug_warn_used(process->loop, "process",
                                container_of(link, struct exit_waiter, link)->task->coro.name);
        wake_all(process);
}
