/* Writing without signals to what may be a pipe, for which Linux has a flag since 6.18: nothing needs to be held back
 * then. A regular file may reach the limit on its size besides, against which there is none. */
#include "base/sys_pipe.h"

#include "base/quiet.h"

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif

static ssize_t write_with_signals_held_back(int fd, const struct iovec *parts, int count)
{
        struct quiet quiet;
        ssize_t rc;

        quiet_begin(&quiet);
        rc = sys_result(writev(fd, parts, count));
        quiet_end(&quiet, rc, sys_parts_size(parts, count));
        return rc;
}

ssize_t sys_write_quietly(int fd, const struct iovec *parts, int count, bool is_pipe)
{
        static atomic_bool is_old_kernel;
        ssize_t rc;

        if (fault_fires("writev"))
                return -EIO;
        if (is_pipe && !atomic_load_explicit(&is_old_kernel, memory_order_relaxed)) {
                rc = fault_fires("pwritev2") ? -EOPNOTSUPP
                                             : sys_result(pwritev2(fd, parts, count, -1, RWF_NOSIGNAL));
                /* ENOSYS and EPERM come of emulators and sandboxes that do not know the call. */
                if (rc != -EOPNOTSUPP && rc != -ENOSYS && rc != -EPERM)
                        return rc;
                atomic_store_explicit(&is_old_kernel, true, memory_order_relaxed);
        }
        return write_with_signals_held_back(fd, parts, count);
}
