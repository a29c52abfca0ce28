/* Events: tasks wait until something has happened. What all synchronisation has in common is told in eddy/sync.h. */
#ifndef EDDY_EVENT_H
#define EDDY_EVENT_H

#include <eddy/waitlist.h>

EDDY_BEGIN_DECLS

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

EDDY_END_DECLS

#endif
