/* What a child's standard input, output and error are made of. */
#ifndef CHILD_STANDARD_H
#define CHILD_STANDARD_H

#include <eddy/process.h>
#include <fcntl.h>

enum { STANDARD_FDS = 3 };

struct standard {
        int fds[STANDARD_FDS];   /* what is the child's; -1: as here */
        int pipes[STANDARD_FDS]; /* our ends, in non-blocking mode; -1: there is no pipe, or somebody took it */
        bool ours[STANDARD_FDS]; /* of the child's: to be closed here once it has them */
};

/** Make all that options ask for, where a child can be had as they and its arguments have it: 0 or an error. Whatever it
 * comes to, standard_close() is to follow. */
int standard_open(struct standard *standard, char *const argv[], const eddy_process_options *options);

/** Close what is the child's, and of ours what nobody took. */
void standard_close(struct standard *standard);

/** The mode in which our end of a pipe is open. */
static inline int standard_mode(int fd)
{
        return fd == 0 ? O_WRONLY : O_RDONLY;
}

#endif
