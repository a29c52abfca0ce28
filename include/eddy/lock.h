/* Locks: one task at a time. What all synchronisation has in common is told in eddy/sync.h. */
#ifndef EDDY_LOCK_H
#define EDDY_LOCK_H

#include <eddy/waitlist.h>

EDDY_BEGIN_DECLS

/** A lock that one task holds at a time. The caller's memory; fields are private. */
typedef struct eddy_lock {
        eddy_waitlist waiters; /* nobody while it is free */
        eddy_task *holder;     /* NULL: free; else only compared, for it might end without releasing */
        void *reserved;
} eddy_lock;

/** A lock that is free. */
#define EDDY_LOCK_INIT EDDY_ZERO_BUT_(.holder = NULL)

/** Prepare a lock, as EDDY_LOCK_INIT does. asyncio.Lock(). */
EDDY_API void eddy_lock_init(eddy_lock *lock);

/**
 * End a lock. Tasks that wait for it get EDDY_EFINISHED, and do not touch it again.
 *
 * Call it in the thread of its loop; where tasks wait, while that runs. Does not suspend.
 */
EDDY_API void eddy_lock_finish(eddy_lock *lock);

/**
 * Acquire a lock. Release it with eddy_lock_release().
 *
 * @return 0: it is the caller's
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted, before or while it waited; it does not hold the lock
 * @retval EDDY_EFINISHED                the lock was finished; its memory may be gone
 * @retval EDDY_ESELFAWAIT               the caller holds it already, and would wait for itself
 * @retval EDDY_ENOTASK                  called outside a coroutine
 * @retval EDDY_EWRONGLOOP               the lock belongs to another loop
 *
 * Suspends while another task holds it. A task that ends without releasing it leaves it locked. Lock.acquire().
 */
EDDY_API EDDY_ASYNC int eddy_lock_acquire(eddy_lock *lock);

/** As eddy_lock_acquire(), without suspending: -EAGAIN where some task holds the lock. */
EDDY_API int eddy_lock_try_acquire(eddy_lock *lock);

/**
 * Release a lock: it is the next waiter's at once, even before that runs.
 *
 * @return 0
 * @retval EDDY_EINVALIDSTATE  nobody holds it
 * @retval -EPERM              another task holds it. asyncio lets anybody release a lock; here who holds it is
 *                             known and checked, for in C a wrong release goes unnoticed and lets two in. What
 *                             one task takes and another gives back is a semaphore
 * @retval EDDY_EFINISHED      it was finished
 * @retval EDDY_EWRONGLOOP     it belongs to another loop
 *
 * Does not suspend. Lock.release().
 */
EDDY_API int eddy_lock_release(eddy_lock *lock);

/** Whether some task holds it. Lock.locked(). */
EDDY_API bool eddy_lock_locked(const eddy_lock *lock);

/**
 * Hold a lock during the statement or block that follows:
 *
 *         int rc;
 *         EDDY_LOCK_SCOPE(&lock, rc) {
 *                 ...
 *         }
 *         if (rc < 0) ...
 *
 * `rc`, an int or ssize_t of the caller's, receives what eddy_lock_acquire() returns.
 * Where that is an error the block does
 * not run; within it `rc` is the caller's to use. Leaving the block by return or goto releases the lock too; break
 * and continue leave the block, and nothing else. Whoever releases the lock inside has it acquired again by the
 * end. The lock's memory must outlive the block. Only longjmp(), and the end of the loop under its tasks, pass by
 * the release.
 */
#define EDDY_LOCK_SCOPE(lock, rc)                                                                              \
        EDDY_SYNC_SCOPE_(eddy_lock, lock, rc, EDDY_UNIQUE_(eddy_object_), EDDY_UNIQUE_(eddy_scope_),           \
                         EDDY_UNIQUE_(eddy_once_))

static inline void eddy_lock_leave_(eddy_lock *const *lock)
{
        if (*lock)
                eddy_lock_release(*lock);
}

EDDY_END_DECLS

#endif
