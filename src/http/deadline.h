/* How long clients may take. A service gives all of them the same time, so whoever begins last is late last: one list
 * in that order and one timer do for thousands of connections, and for a request that is in time nothing is set.
 *
 * Who is to receive and makes progress is not late: when its time has passed, it has it anew if it has acknowledged
 * bytes meanwhile. A slow reader's kernel acknowledges in steps, a good part of its window at a time, so whoever has
 * taken a large step may keep silent for some times more: `timeout` for each 16 KiB of the step, of which 64 count. */
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
        int fd;             /* to which bytes are sent; -1: the client is to send */
        unsigned patience;  /* how many times more it may pass without progress */
        uint64_t taken;     /* the bytes that were acknowledged when it was looked at last */
};

void deadlines_init(struct deadlines *all, eddy_duration delay);

/** The last connection has ended, and so may the loop. */
void deadlines_rest(struct deadlines *all);

/** Open its scope, in which it may run again and again, and close it. */
void deadline_open(struct deadline *deadline);
void deadline_close(struct deadline *deadline);

/** What was late is over, and interrupts nothing any more. */
void deadline_renew(struct deadline *deadline);

/** The client has the service's delay from now on, for all that it is to send. */
void deadline_start(struct deadlines *all, struct deadline *deadline);

/** As deadline_start(), and anew as long as the client takes what is sent to it. */
void deadline_start_sending(struct deadlines *all, struct deadline *deadline, int fd);

/** It is the client's turn no more: 0, or EDDY_TIMEOUT where it was late. Then the scope stays interrupted. */
int deadline_stop(struct deadline *deadline);

#endif
