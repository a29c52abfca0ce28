/* The system calls on pipes, terminals and whatever else is read and written by read() and write(); as in sys.h. */
#ifndef BASE_SYS_PIPE_H
#define BASE_SYS_PIPE_H

#include "base/sys.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

static inline int sys_pipe(int ends[2])
{
        return fault_fires("pipe2") ? -EMFILE : sys_descriptors(pipe2(ends, O_CLOEXEC), ends);
}

/** As writev(), but what has no reader any more is told by -EPIPE alone and never by SIGPIPE, and a file that is too
 * large by -EFBIG and never by SIGXFSZ.
 *
 * @param is_pipe  it is known to be one, which makes it cheaper
 */
ssize_t sys_write_quietly(int fd, const struct iovec *parts, int count, bool is_pipe);

static inline int sys_get_mode(int fd)
{
        return fault_fires("fcntl") ? -EIO : (int)sys_result(fcntl(fd, F_GETFL));
}

static inline int sys_set_mode(int fd, int mode)
{
        return fault_fires("fcntl") ? -EIO : (int)sys_result(fcntl(fd, F_SETFL, mode));
}

/** Not for children. */
static inline int sys_set_cloexec(int fd)
{
        return fault_fires("fcntl") ? -EBADF : (int)sys_result(fcntl(fd, F_SETFD, FD_CLOEXEC));
}

/** A duplicate that is no standard stream's, closed by exec(). */
static inline int sys_duplicate(int fd)
{
        return fault_fires("fcntl") ? -EMFILE
                                    : (int)sys_result(fcntl(fd, F_DUPFD_CLOEXEC, SYS_LEAST_DESCRIPTOR));
}

static inline int sys_pipe_status(int fd, struct stat *status)
{
        return fault_fires("fstat") ? -EIO : (int)sys_result(fstat(fd, status));
}

static inline int sys_reopen(const char *path, int flags)
{
        return fault_fires("open") ? -EMFILE : sys_descriptor(open(path, flags | O_CLOEXEC));
}

#endif
