#include "base/misuse.h"
#include "sync/waitlist.h"

void eddy_semaphore_init(eddy_semaphore *semaphore, size_t value)
{
        *semaphore = (eddy_semaphore)EDDY_SEMAPHORE_INIT(value);
}

void eddy_bounded_semaphore_init(eddy_semaphore *semaphore, size_t value)
{
        *semaphore = (eddy_semaphore)EDDY_BOUNDED_SEMAPHORE_INIT(value);
}

void eddy_semaphore_finish(eddy_semaphore *semaphore)
{
        semaphore->value = 0;
        waitlist_finish(&semaphore->waiters);
}

int eddy_semaphore_try_acquire(eddy_semaphore *semaphore)
{
        int rc = waitlist_check(&semaphore->waiters);

        if (rc < 0)
                return rc;
        if (semaphore->value == 0)
                return -EAGAIN;
        semaphore->value--;
        return 0;
}

int eddy_semaphore_acquire(eddy_semaphore *semaphore)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        rc = eddy_semaphore_try_acquire(semaphore);
        return rc == -EAGAIN ? waitlist_wait(&semaphore->waiters, self) : rc;
}

int eddy_semaphore_release(eddy_semaphore *semaphore)
{
        int rc = waitlist_check(&semaphore->waiters);
        struct waitlist_entry *first;

        if (rc < 0)
                return rc;
        if (semaphore->value == semaphore->limit)
                return eddy_fail(misuse(EDDY_EINVALIDSTATE), "all %zu places of the semaphore are free already",
                                 semaphore->limit);
        first = waitlist_take(&semaphore->waiters);
        if (first)
                waitlist_wake(first, 0);
        else
                semaphore->value++;
        return 0;
}

bool eddy_semaphore_locked(const eddy_semaphore *semaphore)
{
        return semaphore->value == 0;
}

size_t eddy_semaphore_value(const eddy_semaphore *semaphore)
{
        return semaphore->value;
}
