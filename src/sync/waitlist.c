#include "sync/waitlist.h"

#include "base/misuse.h"

int waitlist_bind(eddy_waitlist *list)
{
        if (list->is_finished)
                return EDDY_EFINISHED;
        if (list->loop)
                return misuse(EDDY_EWRONGLOOP);
        if (loop_running_here) {
                list->loop = loop_running_here;
                list_init(&list->entries);
        }
        return 0;
}

static bool waitlist_leave(struct wait *wait, struct task *task)
{
        struct waitlist_entry *entry = container_of(wait, struct waitlist_entry, wait);

        if (!list_is_linked(&entry->link))
                return wait->was_interrupted;
        list_remove(&entry->link);
        task_wake(task);
        return true;
}

int waitlist_wait(eddy_waitlist *list, struct task *self)
{
        struct waitlist_entry entry = waitlist_entry(self, waitlist_leave);
        int interruption;

        list_append(&list->entries, &entry.link);
        interruption = task_wait(self, &entry.wait);
        return interruption ? interruption : entry.outcome;
}

void waitlist_wake_all(eddy_waitlist *list, int outcome)
{
        struct waitlist_entry *entry;

        while ((entry = waitlist_take(list)))
                waitlist_wake(entry, outcome);
}

void waitlist_finish(eddy_waitlist *list)
{
        /* A loop that does not run here may be closed, and the stacks of its tasks be no more. */
        if (list->loop == loop_running_here)
                waitlist_wake_all(list, EDDY_EFINISHED);
        else if (!waitlist_is_empty(list))
                misuse(EDDY_EWRONGLOOP);
        *list = (eddy_waitlist){.is_finished = true};
}
