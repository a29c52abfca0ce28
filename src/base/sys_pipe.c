/* Reading and writing files that others share. Sockets are asked by MSG_DONTWAIT not to wait and by MSG_NOSIGNAL to raise
 * no signal; there are flags for that since Linux 6.4 (RWF_NOWAIT, of pipes without a name) and 6.18 (RWF_NOSIGNAL).
 * Before, signals are held back while the thread writes. */
#include "base/sys_pipe.h"

#include "base/quiet.h"
#include <sys/resource.h>

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif

/** Whether an error says that the system does not know a flag, or the call. ENOSYS and EPERM come of emulators and
 * sandboxes. */
static bool is_unknown(ssize_t rc)
{
        return rc == -EOPNOTSUPP || rc == -ENOSYS || rc == -EPERM;
}

atomic_int sys_pipe_flags = SYS_PIPE_UNTRIED;

/** The file system of pipes without a name. */
static _Atomic dev_t pipe_device;

/** Try both flags on a pipe of our own. */
static int try_flags(void)
{
        const int flags[] = {RWF_NOSIGNAL, RWF_NOWAIT};
        struct stat status;
        int ends[2], known = 0;
        char byte = 0;
        struct iovec part = {&byte, 1};

        if (sys_pipe(ends) < 0)
                return 0;
        if (sys_pipe_status(ends[0], &status) == 0)
                atomic_store(&pipe_device, status.st_dev);
        for (int i = 0; i < 2; i++)
                if (pwritev2(ends[1], &part, 1, -1, flags[i]) == 1)
                        known |= flags[i];
        sys_close(ends[0]);
        sys_close(ends[1]);
        return known;
}

static bool knows(int flag)
{
        int known = atomic_load_explicit(&sys_pipe_flags, memory_order_acquire);

        if (__builtin_expect(known == SYS_PIPE_UNTRIED, 0)) {
                known = try_flags();
                atomic_store_explicit(&sys_pipe_flags, known, memory_order_release);
        }
        return known & flag;
}

bool sys_pipe_knows_nowait(const struct stat *pipe)
{
        return knows(RWF_NOWAIT) && pipe->st_dev == atomic_load(&pipe_device);
}

ssize_t sys_read_nowait(int fd, void *buffer, size_t size)
{
        ssize_t rc;

        if (fault_fires("read"))
                return -EIO;
        rc = sys_result(preadv2(fd, &(struct iovec){buffer, size}, 1, -1, RWF_NOWAIT));
        return is_unknown(rc) ? sys_result(read(fd, buffer, size)) : rc;
}

static ssize_t write_with_signals_held(int fd, const struct iovec *parts, int count, int flags)
{
        struct quiet quiet;
        ssize_t rc;

        quiet_begin(&quiet);
        rc = sys_result(flags ? pwritev2(fd, parts, count, -1, flags) : writev(fd, parts, count));
        quiet_end(&quiet, rc, sys_parts_size(parts, count));
        return rc;
}

/** Whether a file may grow as it likes, so that no signal comes of that. */
static bool is_unlimited(void)
{
        struct rlimit limit;

        return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
}

ssize_t sys_write_quietly(int fd, const struct iovec *parts, int count, unsigned how)
{
        int flags = how & SYS_WRITE_NOWAIT ? RWF_NOWAIT : 0;
        ssize_t rc;

        if (fault_fires("writev"))
                return -EIO;
        if (knows(RWF_NOSIGNAL) && (how & SYS_WRITE_NO_FILE || is_unlimited())) {
                rc = sys_result(pwritev2(fd, parts, count, -1, flags | RWF_NOSIGNAL));
                /* Some devices know no flags. */
                if (!is_unknown(rc))
                        return rc;
        }
        rc = write_with_signals_held(fd, parts, count, flags);
        return flags && is_unknown(rc) ? write_with_signals_held(fd, parts, count, 0) : rc;
}
