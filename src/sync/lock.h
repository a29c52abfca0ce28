/* Locks from the inside, for conditions. */
#ifndef SYNC_LOCK_H
#define SYNC_LOCK_H

#include "sync/waitlist.h"

/** Whether a task holds a lock: 0, or why not, as from eddy_lock_release(). */
int lock_check_holder(eddy_lock *lock, const struct task *self);

/** Release a lock that is held: the first in line has it, or nobody. */
void lock_hand_over(eddy_lock *lock);

/** Put the entry of a suspended task in line, which is woken when the lock is its own. */
void lock_enqueue(eddy_lock *lock, struct waitlist_entry *entry);

#endif
