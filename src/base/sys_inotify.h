/* The system calls of watching; as in sys.h. */
#ifndef BASE_SYS_INOTIFY_H
#define BASE_SYS_INOTIFY_H

#include "base/sys.h"
#include <sys/inotify.h>

static inline int sys_inotify_init(void)
{
        return fault_fires("inotify_init1") ? -EMFILE : sys_descriptor(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
}

static inline int sys_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
        return fault_fires("inotify_add_watch") ? -ENOSPC : (int)sys_result(inotify_add_watch(fd, path, mask));
}

/** One that fails has its effect all the same: else what nobody knows of would be watched. */
static inline int sys_inotify_rm_watch(int fd, int number)
{
        int rc = (int)sys_result(inotify_rm_watch(fd, number));

        return fault_fires("inotify_rm_watch") ? -EINVAL : rc;
}

#endif
