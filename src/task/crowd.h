/* A crowd: several futures that one task waits for. */
#ifndef TASK_CROWD_H
#define TASK_CROWD_H

#include "task/task.h"

/** One future of a crowd. */
struct crowd_member {
        struct waiter waiter; /* linked while the future is not done */
        struct crowd *crowd;
};

enum { CROWD_INLINE_MEMBERS = 8 };

/** Lies on the stack of the task that waits. */
struct crowd {
        struct wait wait;
        struct task *task;
        eddy_future *const *futures;
        struct crowd_member *members;
        size_t count, pending;
        eddy_future *first_failed; /* in time; a cancelled one is among them */
        bool has_error;            /* one has failed otherwise than by cancellation */
        bool (*is_enough)(const struct crowd *crowd);
        struct crowd_member inline_members[CROWD_INLINE_MEMBERS];
};

/** Whether a task may wait for a future: 0, -ENOMEM (it is NULL), EDDY_EWRONGLOOP or EDDY_ESELFAWAIT. */
int crowd_check(const struct task *self, const eddy_future *future);

/** Begin to watch futures: 0, -ENOMEM (also where one is NULL), EDDY_EWRONGLOOP or EDDY_ESELFAWAIT. */
int crowd_init(struct crowd *crowd, struct task *self, eddy_future *const futures[], size_t n,
               bool (*is_enough)(const struct crowd *crowd));

/** Suspend until there is enough, or the wait's interrupt function ends it: 0 or the interruption. */
int crowd_wait(struct crowd *crowd);

/** Watch no more. */
void crowd_finish(struct crowd *crowd);

/** Whether all are done. */
bool crowd_is_complete(const struct crowd *crowd);

#endif
