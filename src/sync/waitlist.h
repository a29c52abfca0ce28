/* Tasks that wait for their turn: what every kind of object in this folder is built on.
 *
 * Whoever ends a wait takes its entry out of the list and wakes the task; from then on the wait is over, and an
 * interruption comes too late for it. An interruption takes the entry out itself. So what is found in a list can
 * be handed something, which it is sure to take. */
#ifndef SYNC_WAITLIST_H
#define SYNC_WAITLIST_H

#include "task/task.h"
#include <eddy/sync.h>

/** One task that waits. Lies on its stack. */
struct waitlist_entry {
        struct wait wait;
        eddy_link link; /* in a list until its turn comes */
        struct task *task;
        int outcome; /* of the wait, where nothing interrupted it */
};

static inline struct waitlist_entry *waitlist_entry_of(eddy_link *link)
{
        return container_of(link, struct waitlist_entry, link);
}

/** An entry for a task whose wait ends by `interrupt` where it is interrupted. */
static inline struct waitlist_entry waitlist_entry(struct task *task,
                                                   bool (*interrupt)(struct wait *wait, struct task *task))
{
        return (struct waitlist_entry){.wait.interrupt = interrupt, .task = task};
}

/** The slow way of waitlist_check(): make it the running loop's if it is nobody's. */
int waitlist_bind(eddy_waitlist *list);

/** Whether a list may be used here and now: 0, EDDY_EFINISHED or EDDY_EWRONGLOOP. Its first user's loop is its
 * own. */
static inline int waitlist_check(eddy_waitlist *list)
{
        eddy_loop *loop = loop_running_here;

        return __builtin_expect(loop && list->loop == loop, 1) ? 0 : waitlist_bind(list);
}

static inline bool waitlist_is_empty(const eddy_waitlist *list)
{
        return !list->loop || list_is_empty(&list->entries);
}

/** Suspend the current task at the end of a list that is bound: 0, what interrupted it, or the outcome that it was
 * woken with. */
int waitlist_wait(eddy_waitlist *list, struct task *self);

/** Take the first entry out, or NULL. */
static inline struct waitlist_entry *waitlist_take(eddy_waitlist *list)
{
        return waitlist_is_empty(list) ? NULL : waitlist_entry_of(list_pop(&list->entries));
}

/** End the wait of an entry that is in no list. */
static inline void waitlist_wake(struct waitlist_entry *entry, int outcome)
{
        entry->outcome = outcome;
        task_wake(entry->task);
}

void waitlist_wake_all(eddy_waitlist *list, int outcome);

/** Wake all with EDDY_EFINISHED; from now on so ends every use. */
void waitlist_finish(eddy_waitlist *list);

#endif
