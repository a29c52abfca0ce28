#include "base/memory.h"
#include "base/misuse.h"
#include "task/crowd.h"
#include <eddy/compose.h>

/** One future on its way to be handed out. */
struct eddy_completion_entry {
        struct waiter waiter;
        eddy_link done; /* in completion->done between its end and its turn */
        eddy_completion *completion;
        eddy_future *future;
};

/** The consumer while it is suspended. Lies on its stack. */
struct eddy_completion_wait {
        struct wait wait;
        struct task *task;
        bool is_closed; /* the completion is no more */
};

static void entry_done(struct waiter *waiter, eddy_future *future)
{
        struct eddy_completion_entry *entry = container_of(waiter, struct eddy_completion_entry, waiter);

        (void)future;
        list_append(&entry->completion->done, &entry->done);
        if (entry->completion->waiting)
                task_wake(entry->completion->waiting->task);
}

int eddy_as_completed(eddy_completion *completion, eddy_future *const futures[], size_t n)
{
        const struct task *self = task_current();

        *completion = (eddy_completion){.count = n};
        list_init(&completion->done);
        if (!self)
                return misuse(EDDY_ENOTASK);
        for (size_t i = 0; i < n; i++) {
                int rc = crowd_check(self, futures[i]);

                if (rc < 0)
                        return rc;
        }
        completion->entries = memory_alloc((n ? n : 1) * sizeof completion->entries[0]);
        if (!completion->entries)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                struct eddy_completion_entry *entry = &completion->entries[i];

                *entry = (struct eddy_completion_entry){
                    .waiter.wake = entry_done,
                    .completion = completion,
                    .future = futures[i],
                };
                if (entry->future->is_done)
                        list_append(&completion->done, &entry->done);
                else
                        list_append(&entry->future->waiters, &entry->waiter.link);
        }
        return 0;
}

int eddy_completion_next(eddy_completion *completion, eddy_future **future)
{
        struct eddy_completion_wait waiting = {.wait.interrupt = task_end_wait};
        eddy_link *link;
        int rc = task_enter(&waiting.task);

        *future = NULL;
        if (rc < 0)
                return rc;
        if (!completion->entries || completion->handed_out == completion->count)
                return 0;
        if (completion->waiting)
                return EDDY_EBUSY;
        if (list_is_empty(&completion->done)) {
                /* cppcheck-suppress autoVariables ; it is taken back before this returns */
                completion->waiting = &waiting;
                rc = task_wait(waiting.task, &waiting.wait);
                if (waiting.is_closed)
                        return rc < 0 ? rc : EDDY_EFINISHED;
                completion->waiting = NULL;
                if (rc < 0)
                        return rc;
        }
        link = list_pop(&completion->done);
        completion->handed_out++;
        *future = container_of(link, struct eddy_completion_entry, done)->future;
        return 1;
}

void eddy_completion_close(eddy_completion *completion)
{
        for (size_t i = 0; completion->entries && i < completion->count; i++)
                if (list_is_linked(&completion->entries[i].waiter.link))
                        list_remove(&completion->entries[i].waiter.link);
        memory_free(completion->entries);
        completion->entries = NULL;
        if (!completion->waiting)
                return;
        completion->waiting->is_closed = true;
        task_wake(completion->waiting->task);
        completion->waiting = NULL;
}
