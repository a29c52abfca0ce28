/* Coroutines that wait for signals. */
#include "base/misuse.h"
#include "loop/signal.h"
#include "task/task.h"
#include <signal.h>

/** A task in eddy_signal_watch_next(). */
struct signal_wait {
        struct wait wait;
        eddy_link link; /* in watch->waiters until it is woken */
        struct task *task;
        bool is_over; /* the watch was closed, and may be gone */
};

static void wake_first(eddy_signal_watch *watch)
{
        struct signal_wait *first = container_of(list_pop(&watch->waiters), struct signal_wait, link);

        task_wake(first->task);
}

/** Wake one waiter for each signal that came; who finds that it was taken before waits again. */
static void notify(eddy_signal_watch *watch)
{
        if (!list_is_empty(&watch->waiters))
                wake_first(watch);
}

int eddy_signal_watch_open(eddy_signal_watch *watch, const int signums[], size_t n)
{
        *watch = (eddy_signal_watch){.notify = notify};
        list_init(&watch->waiters);
        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        for (size_t i = 0; i < n; i++) {
                if (signums[i] < 1 || signums[i] >= NSIG)
                        return -EINVAL;
                watch->wanted |= signal_bit(signums[i]);
        }
        return watch->wanted ? signal_watch(loop_running_here, watch) : -EINVAL;
}

/** Suspend until a signal may have come: 0, EDDY_EFINISHED, or what interrupted the task. */
static int wait_once(struct task *self, eddy_signal_watch *watch)
{
        struct signal_wait waiting = {.wait.interrupt = task_end_wait, .task = self};
        int rc;

        list_append(&watch->waiters, &waiting.link);
        rc = task_wait(self, &waiting.wait);
        if (list_is_linked(&waiting.link))
                list_remove(&waiting.link);
        return waiting.is_over ? EDDY_EFINISHED : rc;
}

int eddy_signal_watch_next(eddy_signal_watch *watch)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        if (!list_is_linked(&watch->link))
                return EDDY_EFINISHED;
        while (!watch->came) {
                rc = wait_once(self, watch);
                if (rc < 0)
                        return rc;
        }
        return signal_take_lowest(&watch->came);
}

void eddy_signal_watch_close(eddy_signal_watch *watch)
{
        if (!list_is_linked(&watch->link))
                return;
        signal_unwatch(watch);
        while (!list_is_empty(&watch->waiters)) {
                container_of(watch->waiters.next, struct signal_wait, link)->is_over = true;
                wake_first(watch);
        }
}

int eddy_signal_wait(const int signums[], size_t n)
{
        eddy_signal_watch watch;
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        rc = eddy_signal_watch_open(&watch, signums, n);
        if (rc < 0)
                return rc;
        rc = eddy_signal_watch_next(&watch);
        eddy_signal_watch_close(&watch);
        return rc;
}
