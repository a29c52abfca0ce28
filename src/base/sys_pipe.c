/* Writing without SIGPIPE. Sockets have MSG_NOSIGNAL; other files have a flag since Linux 6.18. Before that the
 * signal is held back from this thread while it writes, and taken away where it came. */
#include "base/sys_pipe.h"

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif

static ssize_t write_with_signal_blocked(int fd, const struct iovec *parts, int count)
{
        static const struct timespec no_time;
        sigset_t only, before, waiting;
        ssize_t rc;

        sigemptyset(&only);
        sigaddset(&only, SIGPIPE);
        sigpending(&waiting);
        pthread_sigmask(SIG_BLOCK, &only, &before);
        rc = sys_result(writev(fd, parts, count));
        /* One that waited before, where somebody blocks it, is not ours to take. */
        if (rc == -EPIPE && !sigismember(&waiting, SIGPIPE))
                while (sigtimedwait(&only, NULL, &no_time) < 0 && errno == EINTR)
                        ;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return rc;
}

ssize_t sys_write_quietly(int fd, const struct iovec *parts, int count)
{
        static atomic_bool is_old_kernel;
        ssize_t rc;

        if (fault_fires("writev"))
                return -EIO;
        if (!atomic_load_explicit(&is_old_kernel, memory_order_relaxed)) {
                rc = fault_fires("pwritev2") ? -EOPNOTSUPP
                                             : sys_result(pwritev2(fd, parts, count, -1, RWF_NOSIGNAL));
                /* ENOSYS and EPERM come of emulators and sandboxes that do not know the call. */
                if (rc != -EOPNOTSUPP && rc != -ENOSYS && rc != -EPERM)
                        return rc;
                atomic_store_explicit(&is_old_kernel, true, memory_order_relaxed);
        }
        return write_with_signal_blocked(fd, parts, count);
}
