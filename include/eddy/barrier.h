/* Barriers: tasks wait until there are enough of them. What all synchronisation has in common is told in eddy/sync.h. */
#ifndef EDDY_BARRIER_H
#define EDDY_BARRIER_H

#include <eddy/waitlist.h>

EDDY_BEGIN_DECLS

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
