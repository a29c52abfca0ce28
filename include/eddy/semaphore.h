/* Semaphores: so many tasks at a time. What all synchronisation has in common is told in eddy/sync.h. */
#ifndef EDDY_SEMAPHORE_H
#define EDDY_SEMAPHORE_H

#include <eddy/waitlist.h>

EDDY_BEGIN_DECLS

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

EDDY_END_DECLS

#endif
