/* A child whose end a loop notices: it is reaped at once, and its owner told. Nothing here knows a task. */
#ifndef CHILD_WATCHED_H
#define CHILD_WATCHED_H

#include "child/child.h"
#include "loop/loop.h"
#include <pthread.h>

/** Embedded by its owner; zeroed before child_watch(), but for `child`. */
struct watched_child {
        struct child child;
        struct loop_resource resource; /* linked until it is reaped */
        eddy_loop *loop;

        /* How its end is noticed: by its pidfd, or by a thread that waits for it. */
        eddy_op op;
        eddy_timer again;       /* it is dead, and may not be reaped yet */
        eddy_duration patience; /* until it is looked at again */
        bool has_thread;
        pthread_t thread;
        eddy_handle thread_handle;

        bool has_ended; /* and is reaped */
        int returncode;

        /** Told when it has ended, from the loop or as that is closed. Its memory may be freed here. */
        void (*ended)(struct watched_child *watched);
};

/** Begin to watch for the end of a child that has just been made. 0, or an error, and then it is killed and reaped
 * already, and nobody is told.
 *
 * @param what  what debug mode calls it, where its owner has not given it back when the loop is closed; NULL: its owner
 *              need not
 */
int child_watch(struct watched_child *watched, eddy_loop *loop, const char *what,
                void (*ended)(struct watched_child *watched));

/** What it returned: 0, or EDDY_EINVALIDSTATE while it runs. */
int child_returncode(const struct watched_child *watched, int *returncode);

/** Send it a signal: 0, -ESRCH where it has ended, EDDY_EWRONGLOOP where it is a forked parent's child, or -errno. */
int child_send_signal(const struct watched_child *watched, int signum);

#endif
