/* The system calls that make, signal and reap processes; as in sys.h. */
#ifndef BASE_SYS_PROCESS_H
#define BASE_SYS_PROCESS_H

#include "base/sys.h"
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* ThreadSanitizer takes every clone() for a fork(), and what happens in a child that shares our memory for our own
 * doing. It does not know the C library's other name. */
#if SANITIZER_THREAD
int sys_clone_unseen(int (*fn)(void *), void *stack_top, int flags, void *arg, ...) __asm__("__clone");
#else
#define sys_clone_unseen clone
#endif

/** How many descriptors this process may have. */
static inline size_t sys_descriptor_limit(void)
{
        struct rlimit limit;

        return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? 1024 : (size_t)limit.rlim_cur;
}

/** waitid()'s name for a pidfd, which is an enumerator in newer C libraries. */
enum { SYS_P_PIDFD = 3 };

/** Run a function in a new process on a stack of its own: its number. Before Linux 5.2 `pidfd` stays as it is. */
static inline pid_t sys_clone(int (*fn)(void *), void *stack_top, int flags, void *arg, int *pidfd)
{
        pid_t pid;

        if (fault_fires("clone"))
                return -EAGAIN;
        if (flags & CLONE_PIDFD && fault_fires("CLONE_PIDFD"))
                flags &= ~CLONE_PIDFD;
        pid = (pid_t)sys_result(sys_clone_unseen(fn, stack_top, flags, arg, pidfd));
        if (pid > 0 && flags & CLONE_PIDFD)
                *pidfd = sys_leave_stdio_free(*pidfd);
        return pid;
}

static inline int sys_pidfd_open(pid_t pid)
{
        return fault_fires("pidfd_open") ? -EMFILE : sys_descriptor((int)syscall(SYS_pidfd_open, pid, 0));
}

static inline int sys_pidfd_send_signal(int pidfd, int signum)
{
        return fault_fires("pidfd_send_signal")
                   ? -EPERM
                   : (int)sys_result(syscall(SYS_pidfd_send_signal, pidfd, signum, NULL, 0));
}

/** Wait until a process is dead, which is not to say that it may be reaped: a debugger may hold it. */
static inline int sys_pidfd_wait(int pidfd)
{
        struct pollfd request = {.fd = pidfd, .events = POLLIN};
        int rc;

        do
                rc = fault_fires("poll") ? -EINTR : (int)sys_result(poll(&request, 1, -1));
        while (rc == -EINTR);
        return rc;
}

static inline int sys_kill(pid_t pid, int signum)
{
        return fault_fires("kill") ? -EPERM : (int)sys_result(kill(pid, signum));
}

/** Never -EINTR. */
static inline int sys_waitid(int kind, id_t id, siginfo_t *info, int options)
{
        int rc;

        do
                rc =
                    fault_fires("waitid") ? -EINTR : (int)sys_result(waitid((idtype_t)kind, id, info, options));
        while (rc == -EINTR);
        return rc;
}

#endif
