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

enum { SYS_PIPE_UNTRIED = -1 };

/** Which flags pipes know here, of RWF_NOWAIT and RWF_NOSIGNAL. Tests take them away. */
extern atomic_int sys_pipe_flags;

/** Whether a pipe can be asked not to wait, whatever its mode: one without a name, since Linux 6.4. */
bool sys_pipe_knows_nowait(const struct stat *pipe);

/** As read() of a pipe, but -EAGAIN where it would wait, also in blocking mode, where sys_pipe_knows_nowait(). */
ssize_t sys_read_nowait(int fd, void *buffer, size_t size);

/* How a file is written to. */
enum {
        SYS_WRITE_NOWAIT = 1,  /* of a pipe, likewise */
        SYS_WRITE_NO_FILE = 2, /* it is no regular file, and RLIMIT_FSIZE not in its way: spares a look */
};

/** As writev(), but what has no reader any more is told by -EPIPE alone, what is too long for a file by -EFBIG alone, and
 * neither by a signal. */
ssize_t sys_write_quietly(int fd, const struct iovec *parts, int count, unsigned how);

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
