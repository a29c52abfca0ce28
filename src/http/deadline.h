/* How long clients may take. A service gives all of them the same time, so whoever begins last is late last: one list
 * in that order and one timer do for thousands of connections, and for a request that is in time nothing is set. */
#ifndef HTTP_DEADLINE_H
#define HTTP_DEADLINE_H

#include <eddy/loop.h>
#include <eddy/timeout.h>

/** Those of a service. */
struct deadlines {
        eddy_link running; /* struct deadline, the next to pass first */
        eddy_duration delay;
        eddy_timer timer; /* for the first, or for one before it that was met */
        bool is_armed;
};

/** That of a connection. Owned by its coroutine. */
struct deadline {
        eddy_link link; /* in deadlines->running while it runs */
        eddy_time when;
        eddy_timeout scope; /* what is interrupted when it passes */
};

void deadlines_init(struct deadlines *all, eddy_duration delay);

/** The last connection has ended, and so may the loop. */
void deadlines_rest(struct deadlines *all);

/** Open its scope, in which it may run again and again, and close it. */
void deadline_open(struct deadline *deadline);
void deadline_close(struct deadline *deadline);

/** The client has the service's delay from now on. */
void deadline_start(struct deadlines *all, struct deadline *deadline);

/** It is the client's turn no more: 0, or EDDY_TIMEOUT where it was late. Then the scope stays interrupted. */
int deadline_stop(struct deadline *deadline);

#endif
