/* A process from the inside. Making it is in child.c, its end in exit.c, talking to it in communicate.c, and the rest
 * in process.c. */
#ifndef PROCESS_PROCESS_H
#define PROCESS_PROCESS_H

#include "loop/loop.h"
#include "process/child.h"
#include <pthread.h>

struct eddy_process {
        struct loop_resource resource; /* linked until it is reaped */
        eddy_loop *loop;
        struct child child;
        eddy_stream *streams[3]; /* of standard input, output and error; NULL: no pipe */

        /* How its end is noticed: by its pidfd, or by a thread that waits for it. */
        eddy_op exit_op;
        eddy_timer again;       /* it is dead, and may not be reaped yet */
        eddy_duration patience; /* until it is looked at again */
        bool has_thread;
        pthread_t thread;
        eddy_handle thread_handle;

        bool has_ended; /* and is reaped */
        bool is_orphan; /* its owner is done with it: freed when reaped, by the last user */
        unsigned users; /* calls of coroutines that are under way */
        int returncode;
        eddy_link waiters; /* struct exit_wait */
};

/** Begin to watch for the end of a process that has just been made; once noticed it is reaped, and who waits is told.
 * 0, or an error, and then it is killed and reaped already. */
int exit_watch(eddy_process *process);

/** Suspend until it is reaped: 0, or what interrupted the task; -EBADF where it was destroyed before. */
int exit_wait(eddy_process *process);

/** Have those who wait for its end wait no more, for their process is destroyed. */
void exit_dismiss(eddy_process *process);

/** A call for it begins, and ends: in between its memory stays. */
void process_begin_use(eddy_process *process);
void process_end_use(eddy_process *process);

/** Free it where nobody needs it any more. */
void process_settle(eddy_process *process);

#endif
