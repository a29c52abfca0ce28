/* Select from the inside: what a case is of says a struct of functions, so that select knows neither queues nor streams. */
#ifndef SYNC_SELECT_H
#define SYNC_SELECT_H

#include "task/task.h"
#include <eddy/select.h>

/** A select that waits. Lies on its task's stack. */
struct eddy_selection {
        struct wait wait;
        struct task *task;
        eddy_case *cases;
        size_t count;
        eddy_case *chosen; /* the one that happened; NULL: it still waits, or was interrupted */
};

/** Whether a case can happen. */
enum select_readiness {
        NOT_NOW,
        NOW,
        IF_NO_OTHER_CAN,
};

/** What a case is of. Where it waits lies in its reserved storage. */
struct eddy_case_source {
        /** The kernel is asked for it, and so others are given their turn now and then: by happen(), or where another case happens. */
        bool asks_kernel;

        /** Whether it can happen now. `self` is NULL outside coroutines, here and in happen(). */
        enum select_readiness (*look)(struct task *self, eddy_case *one);

        /** Have it happen, which can: its `rc`. */
        int (*happen)(struct task *self, eddy_case *one);

        /** Whether a task may wait for it: 0 or an error. NULL: any may. */
        int (*check)(struct task *self, const eddy_case *one);

        /** Begin to wait: from now on it may be chosen, but not before this returns. */
        void (*join)(eddy_case *one);

        /** Another was chosen, or the task interrupted: wait no more, so that nothing is taken. NULL: nothing is, anyway,
         * and part() is enough. */
        void (*leave)(eddy_case *one);

        /** Its task runs again, whatever happened: give back what waiting took. May suspend. NULL: that was nothing. */
        void (*part)(struct task *self, eddy_case *one);

        /** What it came to, which was chosen: its `rc`. */
        int (*collect)(struct task *self, eddy_case *one);
};

/** Make a case, but for what it waits for. Its reserved storage stays as it is: a select may be made millions of times. */
static inline void select_make(eddy_case *one, const struct eddy_case_source *source, void *place)
{
        one->rc = 0;
        one->source = source;
        one->place = place;
        one->selection = NULL;
}

/** The case that waits in this place. */
static inline eddy_case *select_case_at(void *place)
{
        return container_of(place, eddy_case, reserved);
}

/** Whether a select that waited for a case has its outcome already. */
static inline bool select_is_over(const eddy_case *one)
{
        return one->selection->chosen || one->selection->wait.was_interrupted;
}

/** A case has happened to a select that waits, unless that is over. */
void select_choose(eddy_case *one);

#endif
