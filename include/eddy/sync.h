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

#include <eddy/barrier.h>   // IWYU pragma: export
#include <eddy/condition.h> // IWYU pragma: export
#include <eddy/event.h>     // IWYU pragma: export
#include <eddy/lock.h>      // IWYU pragma: export
#include <eddy/semaphore.h> // IWYU pragma: export

#endif
