/* Conditions: tasks wait for a change of what a lock guards. What all synchronisation has in common is told in eddy/sync.h. */
#ifndef EDDY_CONDITION_H
#define EDDY_CONDITION_H

#include <eddy/lock.h>

EDDY_BEGIN_DECLS

/** A lock, and tasks that wait for a change of what it guards. The caller's memory; fields are private. */
typedef struct eddy_condition {
        eddy_waitlist waiters; /* not notified yet */
        eddy_lock *lock;       /* NULL: its own */
        eddy_lock own;
        void *reserved;
} eddy_condition;

/** A condition with a lock of its own. */
#define EDDY_CONDITION_INIT EDDY_ZERO_BUT_(.lock = NULL)

/**
 * Prepare a condition.
 *
 * @param lock  guards what is waited for; several conditions may share it; finished after them. NULL: one of the
 *              condition's own, as EDDY_CONDITION_INIT gives it
 *
 * asyncio.Condition(lock).
 */
EDDY_API void eddy_condition_init(eddy_condition *condition, eddy_lock *lock);

/** End a condition, and the lock if it is its own, as eddy_lock_finish() does. */
EDDY_API void eddy_condition_finish(eddy_condition *condition);

/** Its lock, given or own, for EDDY_LOCK_SCOPE(). */
EDDY_API eddy_lock *eddy_condition_lock(eddy_condition *condition);

/** Acquire its lock: eddy_lock_acquire(). Condition.acquire(). */
EDDY_API EDDY_ASYNC int eddy_condition_acquire(eddy_condition *condition);

/** Release its lock: eddy_lock_release(). Condition.release(). */
EDDY_API int eddy_condition_release(eddy_condition *condition);

/** Whether some task holds its lock. Condition.locked(). */
EDDY_API bool eddy_condition_locked(const eddy_condition *condition);

/**
 * Release the lock, wait to be notified, and acquire the lock again.
 *
 * @return 0: notified
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted before; no notification was used up
 * @retval EDDY_EINVALIDSTATE, -EPERM    nobody, or another task, holds the lock: nothing was done
 * @retval EDDY_EFINISHED                condition or lock was finished; the memory of both may be gone
 * @retval EDDY_ENOTASK                  called outside a coroutine
 * @retval EDDY_EWRONGLOOP               it belongs to another loop
 *
 * Whatever it returns, the caller holds the lock as it did before, except after EDDY_EFINISHED: an interruption
 * does not reach the wait for the lock. Who was notified may find the state changed once more, so look again;
 * eddy_condition_wait_for() does.
 *
 * Suspends. Condition.wait().
 */
EDDY_API EDDY_ASYNC int eddy_condition_wait(eddy_condition *condition);

/**
 * Wait until a predicate holds. It is asked at once, and whenever the caller is notified.
 *
 * @param predicate  called with the lock held; must not suspend
 * @param arg        passed to it
 * @return 0: the predicate holds
 *
 * Else as eddy_condition_wait(). Suspends unless the predicate holds. Condition.wait_for().
 */
EDDY_API EDDY_ASYNC int eddy_condition_wait_for(eddy_condition *condition, bool (*predicate)(void *arg),
                                                void *arg);

/**
 * Have tasks go on that wait for the condition, those first that wait longest. Each needs the lock to do so, and
 * gets it after those who are in line for it already.
 *
 * @param n  at most so many
 * @return 0
 * @retval EDDY_EINVALIDSTATE, -EPERM  nobody, or another task, holds the lock
 * @retval EDDY_EFINISHED              it was finished
 * @retval EDDY_EWRONGLOOP             it belongs to another loop
 *
 * Does not suspend. Condition.notify(n).
 */
EDDY_API int eddy_condition_notify(eddy_condition *condition, size_t n);

/** As eddy_condition_notify(), for all who wait. Condition.notify_all(). */
EDDY_API int eddy_condition_notify_all(eddy_condition *condition);

EDDY_END_DECLS

#endif
