#include "sync/lock.h"

void eddy_condition_init(eddy_condition *condition, eddy_lock *lock)
{
        *condition = (eddy_condition){.lock = lock};
}

void eddy_condition_finish(eddy_condition *condition)
{
        waitlist_finish(&condition->waiters);
        if (!condition->lock)
                eddy_lock_finish(&condition->own);
}

eddy_lock *eddy_condition_lock(eddy_condition *condition)
{
        return condition->lock ? condition->lock : &condition->own;
}

int eddy_condition_acquire(eddy_condition *condition)
{
        return eddy_lock_acquire(eddy_condition_lock(condition));
}

int eddy_condition_release(eddy_condition *condition)
{
        return eddy_lock_release(eddy_condition_lock(condition));
}

bool eddy_condition_locked(const eddy_condition *condition)
{
        return eddy_lock_locked(condition->lock ? condition->lock : &condition->own);
}

/** Whether a task holds the lock of a condition that may be used here: 0 or why not. */
static int check(eddy_condition *condition, const struct task *self)
{
        int rc = waitlist_check(&condition->waiters);

        return rc < 0 ? rc : lock_check_holder(eddy_condition_lock(condition), self);
}

/** A task that waits for a condition: in its list, then in line for the lock. One suspension for both, so that
 * who is notified does not run only to wait once more. */
struct condition_wait {
        struct waitlist_entry entry;
        eddy_lock *lock;
        bool is_over; /* notified or interrupted: in line for the lock, or its holder */
};

/** Send a task that was taken out of the condition's list to the lock. */
static void end_wait(struct condition_wait *waiting)
{
        waiting->is_over = true;
        lock_enqueue(waiting->lock, &waiting->entry);
}

static bool condition_interrupt(struct wait *wait, struct task *task)
{
        struct condition_wait *waiting = container_of(wait, struct condition_wait, entry.wait);

        (void)task;
        if (waiting->is_over || !list_is_linked(&waiting->entry.link))
                return wait->was_interrupted;
        list_remove(&waiting->entry.link);
        end_wait(waiting);
        return true;
}

int eddy_condition_wait(eddy_condition *condition)
{
        eddy_lock *lock = eddy_condition_lock(condition);
        struct condition_wait waiting = {.lock = lock};
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        rc = check(condition, self);
        if (rc < 0)
                return rc;
        waiting.entry = waitlist_entry(self, condition_interrupt);
        list_append(&condition->waiters.entries, &waiting.entry.link);
        lock_hand_over(lock);
        rc = task_wait(self, &waiting.entry.wait);
        /* Whatever else it was: EDDY_EFINISHED says that the lock is not held. */
        return waiting.entry.outcome < 0 ? waiting.entry.outcome : rc;
}

int eddy_condition_wait_for(eddy_condition *condition, bool (*predicate)(void *arg), void *arg)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc == 0)
                rc = check(condition, self);
        while (rc == 0 && !predicate(arg))
                rc = eddy_condition_wait(condition);
        return rc;
}

int eddy_condition_notify(eddy_condition *condition, size_t n)
{
        int rc = check(condition, task_current());
        struct waitlist_entry *entry;

        if (rc < 0)
                return rc;
        while (n-- > 0 && (entry = waitlist_take(&condition->waiters)))
                end_wait(container_of(entry, struct condition_wait, entry));
        return 0;
}

int eddy_condition_notify_all(eddy_condition *condition)
{
        return eddy_condition_notify(condition, SIZE_MAX);
}
