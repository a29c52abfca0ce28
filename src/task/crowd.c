#include "task/crowd.h"

#include "base/memory.h"
#include "base/misuse.h"

static void note_done(struct crowd *crowd, eddy_future *future)
{
        crowd->pending--;
        if (!crowd->first_failed && future_has_failed(future))
                crowd->first_failed = future;
        if (future_has_failed(future) && future->result != EDDY_CANCELLED)
                crowd->has_error = true;
}

static void member_done(struct waiter *waiter, eddy_future *future)
{
        struct crowd *crowd = container_of(waiter, struct crowd_member, waiter)->crowd;

        note_done(crowd, future);
        if (crowd->is_enough(crowd))
                task_wake(crowd->task);
}

int crowd_check(const struct task *self, const eddy_future *future)
{
        if (!future)
                return -ENOMEM;
        if (future == &self->future)
                return misuse(EDDY_ESELFAWAIT);
        return future->loop == self->future.loop ? 0 : misuse(EDDY_EWRONGLOOP);
}

int crowd_init(struct crowd *crowd, struct task *self, eddy_future *const futures[], size_t n,
               bool (*is_enough)(const struct crowd *crowd))
{
        crowd->task = self;
        crowd->futures = futures;
        crowd->members = crowd->inline_members;
        crowd->count = crowd->pending = n;
        crowd->first_failed = NULL;
        crowd->has_error = false;
        crowd->is_enough = is_enough;
        for (size_t i = 0; i < n; i++) {
                int rc = crowd_check(self, futures[i]);

                if (rc < 0)
                        return rc;
        }
        if (n > CROWD_INLINE_MEMBERS) {
                crowd->members = memory_alloc(n * sizeof crowd->members[0]);
                if (!crowd->members)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < n; i++) {
                crowd->members[i] = (struct crowd_member){.waiter.wake = member_done, .crowd = crowd};
                if (futures[i]->is_done)
                        note_done(crowd, futures[i]);
                else
                        list_append(&futures[i]->waiters, &crowd->members[i].waiter.link);
        }
        return 0;
}

int crowd_wait(struct crowd *crowd)
{
        return crowd->is_enough(crowd) ? 0 : task_wait(crowd->task, &crowd->wait);
}

void crowd_finish(struct crowd *crowd)
{
        for (size_t i = 0; i < crowd->count; i++)
                if (list_is_linked(&crowd->members[i].waiter.link))
                        list_remove(&crowd->members[i].waiter.link);
        if (crowd->members != crowd->inline_members)
                memory_free(crowd->members);
}

bool crowd_is_complete(const struct crowd *crowd)
{
        return crowd->pending == 0;
}
