#include "sync/lock.h"

#include "base/misuse.h"

void eddy_lock_init(eddy_lock *lock)
{
        *lock = (eddy_lock)EDDY_LOCK_INIT;
}

void eddy_lock_finish(eddy_lock *lock)
{
        lock->holder = NULL;
        waitlist_finish(&lock->waiters);
}

/** As eddy_lock_acquire(), where there is more to it than taking a lock that is free and in use here. */
static __attribute__((noinline)) int acquire_in_turn(eddy_lock *lock)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        rc = waitlist_check(&lock->waiters);
        if (rc < 0)
                return rc;
        if (lock->holder == &self->future)
                return eddy_fail(misuse(EDDY_ESELFAWAIT), "task '%s' holds the lock already",
                                 eddy_task_name(&self->future));
        if (lock->holder)
                return waitlist_wait(&lock->waiters, self);
        lock->holder = &self->future;
        return 0;
}

int eddy_lock_acquire(eddy_lock *lock)
{
        struct task *self = task_current();

        if (__builtin_expect(
                !self || self->interruption || lock->holder || lock->waiters.loop != self->future.loop, 0))
                return acquire_in_turn(lock);
        lock->holder = &self->future;
        return 0;
}

int eddy_lock_try_acquire(eddy_lock *lock)
{
        struct task *self = task_current();
        int rc;

        if (!self)
                return misuse(EDDY_ENOTASK);
        rc = waitlist_check(&lock->waiters);
        if (rc < 0)
                return rc;
        if (lock->holder)
                return -EAGAIN;
        lock->holder = &self->future;
        return 0;
}

int lock_check_holder(eddy_lock *lock, const struct task *self)
{
        int rc;

        if (self && lock->holder == &self->future)
                return 0;
        rc = waitlist_check(&lock->waiters);
        if (rc < 0)
                return rc;
        if (!lock->holder)
                return eddy_fail(misuse(EDDY_EINVALIDSTATE), "nobody holds the lock");
        return eddy_fail(misuse(-EPERM), "another task holds the lock");
}

void lock_hand_over(eddy_lock *lock)
{
        eddy_link *first = list_pop(&lock->waiters.entries);

        lock->holder = NULL;
        if (first) {
                struct waitlist_entry *entry = waitlist_entry_of(first);

                lock->holder = &entry->task->future;
                waitlist_wake(entry, 0);
        }
}

/** As eddy_lock_release(), where the caller may not, or somebody waits. */
static __attribute__((noinline)) int release_in_turn(eddy_lock *lock, const struct task *self)
{
        int rc = lock_check_holder(lock, self);

        if (rc == 0)
                lock_hand_over(lock);
        return rc;
}

int eddy_lock_release(eddy_lock *lock)
{
        const struct task *self = task_current();

        if (__builtin_expect(!self || lock->holder != &self->future || !list_is_empty(&lock->waiters.entries),
                             0))
                return release_in_turn(lock, self);
        lock->holder = NULL;
        return 0;
}

void lock_enqueue(eddy_lock *lock, struct waitlist_entry *entry)
{
        list_append(&lock->waiters.entries, &entry->link);
        if (!lock->holder)
                lock_hand_over(lock);
}

bool eddy_lock_locked(const eddy_lock *lock)
{
        return lock->holder != NULL;
}
