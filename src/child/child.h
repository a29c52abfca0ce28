/* Child processes: made, signalled, reaped. Nothing here knows a loop. */
#ifndef CHILD_CHILD_H
#define CHILD_CHILD_H

#include <eddy/process.h>

/** A child that runs, and has not been reaped. */
struct child {
        pid_t pid;
        int pidfd; /* -1: this system has none */
};

/**
 * Start a program.
 *
 * @param standard  what is to be its descriptors 0, 1 and 2; -1: as here
 * @param options   which standard_open() has found good, as argv
 * @return 0, or why it could not be executed, with its detail
 */
int child_spawn(struct child *child, char *const argv[], const int standard[3],
                const eddy_process_options *options);

/** Take a child's exit status, which lets the system forget it.
 *
 * @param options     WNOHANG, or 0
 * @param returncode  receives its exit status, or -N where signal N ended it
 * @return whether it has ended
 */
bool child_reap(const struct child *child, int options, int *returncode);

/** Send a signal to a child that has not been reaped: 0 or -errno. */
int child_signal(const struct child *child, int signum);

#endif
