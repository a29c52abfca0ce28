/* Synchronisation: how tasks of one loop wait for each other. Locks, events, conditions, semaphores, barriers.
 *
 *         static eddy_lock lock = EDDY_LOCK_INIT;
 *
 *         int rc;
 *         EDDY_LOCK_SCOPE(&lock, rc)              // async with lock:
 *                 rc = eddy_sleep(eddy_ms(10));   // nobody else is in here meanwhile
 *
 * Who waits longest is served first, and nobody who comes later gets in between. What a waiter gets is handed to
 * it directly: a lock, a place in a semaphore, a wake-up. A task that is cancelled before that is out of the line
 * at once, and the next one has its turn. One that is cancelled after it, even before it runs, returns 0 and has
 * what it waited for; its next call tells it. So nothing that was handed over is ever lost.
 *
 * What is free is had without suspending, but not by a task that is interrupted already: it is refused.
 *
 * An object belongs to the first loop that uses it until it is finished, and is used while that loop runs, in its
 * thread; from elsewhere the answer is EDDY_EWRONGLOOP. Other threads have it used by way of
 * eddy_call_soon_threadsafe(). It is not moved or copied. None of its functions fails for lack of memory.
 *
 * Objects are the caller's memory. Those that hold nothing need not be finished; `finish` is for those that tasks
 * may still wait for, and wakes them with EDDY_EFINISHED. They do not touch the object again, so that its memory
 * may go at once. Until it is initialised again all that its functions return is EDDY_EFINISHED.
 */
#ifndef EDDY_SYNC_H
#define EDDY_SYNC_H

#include <eddy/timeout.h>

EDDY_BEGIN_DECLS

/** Tasks that wait for one thing, in the order in which they came. A part of what follows; fields are private. */
typedef struct eddy_waitlist {
        eddy_loop *loop;   /* whose tasks; NULL before the first use, and `entries` is not set up */
        eddy_link entries; /* on the stacks of the tasks that wait */
        bool is_finished;
} eddy_waitlist;

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
#define EDDY_SYNC_SCOPE_(type, given, rc, object, scope, once)                                                 \
        for (type *object = (given),                                                                           \
                  *scope __attribute__((cleanup(type##_leave_))) =                                             \
                      ((rc) = type##_acquire(object)) == 0 ? object : NULL,                                    \
                  *once = scope;                                                                               \
             once; once = NULL)

static inline void eddy_lock_leave_(eddy_lock *const *lock)
{
        if (*lock)
                eddy_lock_release(*lock);
}

/** Something that happens once, or is so for a while, and that tasks wait for. The caller's memory; fields are
 * private. */
typedef struct eddy_event {
        eddy_waitlist waiters;
        bool is_set;
        void *reserved;
} eddy_event;

/** An event that is not set. */
#define EDDY_EVENT_INIT EDDY_ZERO_BUT_(.is_set = false)

/** Prepare an event, as EDDY_EVENT_INIT does. asyncio.Event(). */
EDDY_API void eddy_event_init(eddy_event *event);

/** End an event, as eddy_lock_finish() does a lock. */
EDDY_API void eddy_event_finish(eddy_event *event);

/**
 * Set an event: all who wait for it go on, even where it is cleared before they run.
 *
 * @return 0
 * @retval EDDY_EFINISHED   it was finished
 * @retval EDDY_EWRONGLOOP  it belongs to another loop
 *
 * Does not suspend; callbacks of the loop may call it. Event.set().
 */
EDDY_API int eddy_event_set(eddy_event *event);

/** Take it back: who comes now waits for the next eddy_event_set(). 0, EDDY_EFINISHED or EDDY_EWRONGLOOP.
 * Event.clear(). */
EDDY_API int eddy_event_clear(eddy_event *event);

/** Whether it is set. Event.is_set(). */
EDDY_API bool eddy_event_is_set(const eddy_event *event);

/**
 * Wait until an event is set.
 *
 * @return 0: it is, or has been meanwhile
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted before
 * @retval EDDY_EFINISHED                it was finished; its memory may be gone
 * @retval EDDY_ENOTASK                  called outside a coroutine
 * @retval EDDY_EWRONGLOOP               it belongs to another loop
 *
 * Suspends unless it is set. Event.wait().
 */
EDDY_API EDDY_ASYNC int eddy_event_wait(eddy_event *event);

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

/** A number of places that tasks take and give back. The caller's memory; fields are private. */
typedef struct eddy_semaphore {
        eddy_waitlist waiters; /* nobody while there is a free place */
        size_t value;          /* free places */
        size_t limit;          /* never more of them */
        void *reserved;
} eddy_semaphore;

/** A semaphore with `n` free places. */
#define EDDY_SEMAPHORE_INIT(n)                                                                                 \
        {                                                                                                      \
                .value = (n), .limit = SIZE_MAX                                                                \
        }

/** A bounded semaphore with `n` free places. */
#define EDDY_BOUNDED_SEMAPHORE_INIT(n)                                                                         \
        {                                                                                                      \
                .value = (n), .limit = (n)                                                                     \
        }

/** Prepare a semaphore, as EDDY_SEMAPHORE_INIT() does. asyncio.Semaphore(value). */
EDDY_API void eddy_semaphore_init(eddy_semaphore *semaphore, size_t value);

/** Prepare a semaphore that never has more free places than now, as EDDY_BOUNDED_SEMAPHORE_INIT() does.
 * asyncio.BoundedSemaphore(value). */
EDDY_API void eddy_bounded_semaphore_init(eddy_semaphore *semaphore, size_t value);

/** End a semaphore, as eddy_lock_finish() does a lock. */
EDDY_API void eddy_semaphore_finish(eddy_semaphore *semaphore);

/**
 * Take a place. Give it back with eddy_semaphore_release().
 *
 * @return 0: it is the caller's
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted, before or while it waited; it has no place
 * @retval EDDY_EFINISHED                the semaphore was finished; its memory may be gone
 * @retval EDDY_ENOTASK                  called outside a coroutine
 * @retval EDDY_EWRONGLOOP               it belongs to another loop
 *
 * Suspends while there is none. Semaphore.acquire().
 */
EDDY_API EDDY_ASYNC int eddy_semaphore_acquire(eddy_semaphore *semaphore);

/** As eddy_semaphore_acquire(), without suspending: -EAGAIN where no place is free. Callbacks of the loop may call
 * it. */
EDDY_API int eddy_semaphore_try_acquire(eddy_semaphore *semaphore);

/**
 * Give a place back: it is the next waiter's at once, even before that runs.
 *
 * @return 0
 * @retval EDDY_EINVALIDSTATE  it would have more free places than it may: ValueError of a BoundedSemaphore
 * @retval EDDY_EFINISHED      it was finished
 * @retval EDDY_EWRONGLOOP     it belongs to another loop
 *
 * Does not suspend. Any task may call it, and callbacks of the loop. Semaphore.release().
 */
EDDY_API int eddy_semaphore_release(eddy_semaphore *semaphore);

/** Whether no place is free. Semaphore.locked(). */
EDDY_API bool eddy_semaphore_locked(const eddy_semaphore *semaphore);

/** How many places are free. */
EDDY_API size_t eddy_semaphore_value(const eddy_semaphore *semaphore);

/** Have a place of a semaphore during the statement or block that follows, as EDDY_LOCK_SCOPE() holds a lock. */
#define EDDY_SEMAPHORE_SCOPE(semaphore, rc)                                                                    \
        EDDY_SYNC_SCOPE_(eddy_semaphore, semaphore, rc, EDDY_UNIQUE_(eddy_object_), EDDY_UNIQUE_(eddy_scope_), \
                         EDDY_UNIQUE_(eddy_once_))

static inline void eddy_semaphore_leave_(eddy_semaphore *const *semaphore)
{
        if (*semaphore)
                eddy_semaphore_release(*semaphore);
}

/** A point that tasks pass together, again and again. The caller's memory; fields are private. */
typedef struct eddy_barrier {
        eddy_waitlist outside; /* came while the last party was still leaving */
        eddy_link inside;      /* in order of arrival, until they have left */
        int parties;
        int count; /* inside */
        unsigned char phase;
        void *reserved[2];
} eddy_barrier;

/**
 * Prepare a barrier.
 *
 * @param parties  how many tasks pass it together; at least 1
 * @return 0, or -EINVAL; the barrier is then as one that is finished
 *
 * asyncio.Barrier(parties).
 */
EDDY_API int eddy_barrier_init(eddy_barrier *barrier, int parties);

/** End a barrier, as eddy_lock_finish() does a lock. Those whose party is complete still return their index. */
EDDY_API void eddy_barrier_finish(eddy_barrier *barrier);

/**
 * Wait until the party is complete; then all pass. Who comes while a party is still leaving belongs to the next.
 *
 * @return the caller's index, 0 to parties - 1, in the order of arrival; each is given to one task
 * @retval EDDY_EBROKENBARRIER           the barrier is broken, or was broken or reset while the caller waited
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted before; the party waits for another in its place
 * @retval EDDY_EFINISHED                the barrier was finished; its memory may be gone
 * @retval EDDY_ENOTASK                  called outside a coroutine
 * @retval EDDY_EWRONGLOOP               it belongs to another loop
 *
 * Suspends unless the caller completes the party. Barrier.wait().
 */
EDDY_API EDDY_ASYNC int eddy_barrier_wait(eddy_barrier *barrier);

/**
 * Send those away who wait for their party to be complete, with EDDY_EBROKENBARRIER, and begin anew, broken or not.
 *
 * @return 0
 * @retval EDDY_EFINISHED   it was finished
 * @retval EDDY_EWRONGLOOP  it belongs to another loop
 *
 * Does not suspend. Barrier.reset().
 */
EDDY_API int eddy_barrier_reset(eddy_barrier *barrier);

/** Break a barrier: all who wait, and all who will, get EDDY_EBROKENBARRIER, until it is reset. 0 or an error as
 * from eddy_barrier_reset(). Barrier.abort(). */
EDDY_API int eddy_barrier_abort(eddy_barrier *barrier);

/** How many tasks pass it together. Barrier.parties. */
EDDY_API int eddy_barrier_parties(const eddy_barrier *barrier);

/** How many tasks wait for their party to be complete. Barrier.n_waiting. */
EDDY_API int eddy_barrier_n_waiting(const eddy_barrier *barrier);

/** Whether it is broken. Barrier.broken. */
EDDY_API bool eddy_barrier_broken(const eddy_barrier *barrier);

/** What it does, for messages: "filling", "draining" while a party that was complete leaves, "resetting" while one
 * that was sent away does, or "broken". repr(barrier) says so. */
EDDY_API const char *eddy_barrier_phase(const eddy_barrier *barrier);

EDDY_END_DECLS

#endif
