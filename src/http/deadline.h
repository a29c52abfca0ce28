/* How long clients may take. A service gives all of them the same time, so whoever begins last is late last: one list
 * in that order and one timer do for thousands of connections, and for a request that is in time nothing is set. */
#ifndef HTTP_DEADLINE_H
#define HTTP_DEADLINE_H

#include <eddy/loop.h>

struct deadline;

/** Those of one length. */
struct deadlines {
        eddy_link running; /* struct deadline, the next to pass first */
        eddy_duration delay;
        /** One has passed, and runs no more. It may be started anew in this. */
        void (*passed)(struct deadline *deadline);
        eddy_timer timer; /* for the first, or for one before it that was met */
        bool is_armed;
};

/** Embedded by who has one; zeroed at first. */
struct deadline {
        eddy_link link; /* in deadlines->running while it runs */
        eddy_time when;
};

void deadlines_init(struct deadlines *all, eddy_duration delay, void (*passed)(struct deadline *deadline));

/** The last connection has ended, and so may the loop. */
void deadlines_rest(struct deadlines *all);

/** It passes when the delay has, counted from now; where it ran, that is forgotten. */
void deadline_start(struct deadlines *all, struct deadline *deadline);

/** It was met. Also of one that does not run. */
void deadline_stop(struct deadline *deadline);

static inline bool deadline_runs(const struct deadline *deadline)
{
        return deadline->link.next != NULL;
}

#endif
