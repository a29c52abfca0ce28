/* A process from the inside: a child whose end tasks wait for, in exit.c. Talking to it is in communicate.c, and the rest in
 * process.c. */
#ifndef PROCESS_PROCESS_H
#define PROCESS_PROCESS_H

#include "child/watched.h"

struct eddy_process {
        struct watched_child watched;
        eddy_stream *streams[3]; /* of standard input, output and error; NULL: no pipe */
        bool is_orphan;          /* its owner is done with it: freed when reaped, by the last user */
        unsigned users;          /* calls of coroutines that are under way */
        eddy_link waiters;       /* struct exit_waiter */
};

/** It has ended: wake all who wait for that. */
void exit_tell(eddy_process *process);

/** Suspend until it is reaped: 0, or what interrupted the task; -EBADF where it was destroyed before. */
int exit_wait(eddy_process *process);

/** Have those who wait for its end wait no more, for their process is destroyed. */
void exit_dismiss(eddy_process *process);

/** A call for it begins, and ends: in between its memory stays. */
void process_begin_use(eddy_process *process);
void process_end_use(eddy_process *process);

#endif
