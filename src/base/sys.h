/* The system calls that eddy makes, each with its errno turned into a result, and each allowed to fail at a
 * test's wish. This is where errno ends: above this file nobody reads it. */
#ifndef BASE_SYS_H
#define BASE_SYS_H

#include "base/fault.h"
#include "base/sanitizer.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static inline ssize_t sys_result(ssize_t rc)
{
        if (rc >= 0)
                return rc;
        if (errno <= 0)
                __builtin_unreachable(); /* for those who analyse this: a failed call has a reason */
        return -errno;
}

/** How many bytes places in memory have together. */
static inline size_t sys_parts_size(const struct iovec *parts, int count)
{
        size_t size = 0;

        for (int i = 0; i < count; i++)
                size += parts[i].iov_len;
        return size;
}

enum { SYS_LEAST_DESCRIPTOR = STDERR_FILENO + 1 };

/** Give a descriptor another number than those of the standard streams; it is closed where there is none. Never inlined:
 * what has to be kept over its calls would be kept by whoever accepts and receives in one function. */
static __attribute__((noinline, cold, unused)) int sys_move_from_stdio(int fd)
{
        int moved =
            fault_fires("fcntl") ? -EMFILE : (int)sys_result(fcntl(fd, F_DUPFD_CLOEXEC, SYS_LEAST_DESCRIPTOR));

        close(fd);
        return moved;
}

/** What every descriptor that is made here goes through: one with a number of a standard stream, which a program that
 * was started without it has free, gets another. Else whoever writes to standard output would write to it. Closed by
 * exec(), and an error is passed on. */
static inline int sys_leave_stdio_free(int fd)
{
        return __builtin_expect(fd < 0 || fd >= SYS_LEAST_DESCRIPTOR, 1) ? fd : sys_move_from_stdio(fd);
}

/** The descriptor that a system call has made, or its error. */
static inline int sys_descriptor(int rc)
{
        return sys_leave_stdio_free((int)sys_result(rc));
}

/** Likewise of a call that makes two; one that is left is closed. */
static inline int sys_descriptors(int rc, int ends[2])
{
        rc = (int)sys_result(rc);
        if (rc < 0 || (ends[0] >= SYS_LEAST_DESCRIPTOR && ends[1] >= SYS_LEAST_DESCRIPTOR))
                return rc;
        ends[0] = sys_leave_stdio_free(ends[0]);
        ends[1] = sys_leave_stdio_free(ends[1]);
        if (ends[0] >= 0 && ends[1] >= 0)
                return 0;
        if (ends[0] >= 0)
                close(ends[0]);
        if (ends[1] >= 0)
                close(ends[1]);
        return ends[0] < 0 ? ends[0] : ends[1];
}

static inline int sys_epoll_create(void)
{
        return fault_fires("epoll_create1") ? -EMFILE : sys_descriptor(epoll_create1(EPOLL_CLOEXEC));
}

static inline int sys_epoll_ctl(int epoll, int verb, int fd, struct epoll_event *event)
{
        return fault_fires("epoll_ctl") ? -ENOMEM : (int)sys_result(epoll_ctl(epoll, verb, fd, event));
}

/** @param timeout  NULL: none */
static inline int sys_epoll_wait(int epoll, struct epoll_event *events, int n, const struct timespec *timeout)
{
        if (fault_fires("epoll_wait"))
                return -EINTR;
#ifdef SYS_epoll_pwait2
        /* ThreadSanitizer holds signals back from a wait that it does not know by name. */
        static atomic_bool is_old_kernel = SANITIZER_THREAD;

        if (!is_old_kernel) {
                long rc = syscall(SYS_epoll_pwait2, epoll, events, n, timeout, NULL, 0);

                /* Old sandboxes refuse what they do not know. */
                if (rc >= 0 || (errno != ENOSYS && errno != EPERM))
                        return (int)sys_result(rc);
                is_old_kernel = true;
        }
#endif
        /* Rounded up: a timer must not be early. Waking before a far one only means waiting again. */
        int ms = -1;

        if (timeout)
                ms = timeout->tv_sec > 1000000
                         ? 1000000000
                         : (int)(timeout->tv_sec * 1000 + (timeout->tv_nsec + 999999) / 1000000);
        return (int)sys_result(epoll_wait(epoll, events, n, ms));
}

/** Bytes that nobody can foresee, up to 256: 0 or -errno. */
static inline int sys_getrandom(void *bytes, size_t size)
{
        ssize_t got = fault_fires("getrandom") ? -ENOSYS : sys_result(getrandom(bytes, size, 0));

        return got < 0 ? (int)got : 0;
}

static inline int sys_eventfd(void)
{
        return fault_fires("eventfd") ? -EMFILE : sys_descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

static inline ssize_t sys_read(int fd, void *buffer, size_t size)
{
        return fault_fires("read") ? -EIO : sys_result(read(fd, buffer, size));
}

static inline ssize_t sys_recv(int fd, void *buffer, size_t size, int flags)
{
        return fault_fires("recv") ? -ECONNRESET : sys_result(recv(fd, buffer, size, flags));
}

static inline ssize_t sys_send(int fd, const void *data, size_t size, int flags)
{
        return fault_fires("send") ? -ECONNRESET : sys_result(send(fd, data, size, flags));
}

static inline ssize_t sys_sendmsg(int fd, const struct msghdr *message, int flags)
{
        return fault_fires("sendmsg") ? -ECONNRESET : sys_result(sendmsg(fd, message, flags));
}

static inline ssize_t sys_recvmsg(int fd, struct msghdr *message, int flags)
{
        return fault_fires("recvmsg") ? -ECONNRESET : sys_result(recvmsg(fd, message, flags));
}

/** Up to n datagrams that are there: how many, or -EAGAIN. */
static inline int sys_recvmmsg(int fd, struct mmsghdr *messages, unsigned n)
{
        const int flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;

        return fault_fires("recvmmsg") ? -ENOMEM : (int)sys_result(recvmmsg(fd, messages, n, flags, NULL));
}

static inline int sys_socket(int family, int type, int protocol)
{
        return fault_fires("socket") ? -EMFILE : sys_descriptor(socket(family, type, protocol));
}

static inline int sys_bind(int fd, const struct sockaddr *address, socklen_t size)
{
        return fault_fires("bind") ? -EADDRINUSE : (int)sys_result(bind(fd, address, size));
}

static inline int sys_listen(int fd, int backlog)
{
        return fault_fires("listen") ? -EADDRINUSE : (int)sys_result(listen(fd, backlog));
}

static inline int sys_accept(int fd, struct sockaddr *peer, socklen_t *size)
{
        return fault_fires("accept4") ? -EMFILE
                                      : sys_descriptor(accept4(fd, peer, size, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

static inline int sys_connect(int fd, const struct sockaddr *peer, socklen_t size)
{
        return fault_fires("connect") ? -ECONNREFUSED : (int)sys_result(connect(fd, peer, size));
}

static inline int sys_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
        return fault_fires("getsockopt") ? -ENOBUFS : (int)sys_result(getsockopt(fd, level, name, value, size));
}

static inline int sys_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
        return fault_fires("setsockopt") ? -ENOBUFS : (int)sys_result(setsockopt(fd, level, name, value, size));
}

static inline int sys_getsockname(int fd, struct sockaddr *address, socklen_t *size)
{
        return fault_fires("getsockname") ? -ENOBUFS : (int)sys_result(getsockname(fd, address, size));
}

static inline int sys_getpeername(int fd, struct sockaddr *address, socklen_t *size)
{
        return fault_fires("getpeername") ? -ENOBUFS : (int)sys_result(getpeername(fd, address, size));
}

/** One that fails has its effect all the same: else a peer would wait for what no system keeps from it. */
static inline int sys_shutdown(int fd, int how)
{
        int rc = (int)sys_result(shutdown(fd, how));

        return fault_fires("shutdown") ? -ENOTCONN : rc;
}

/** For helper threads: a loop has timers. */
static inline void sys_sleep(long ms)
{
        struct timespec moment = {ms / 1000, ms % 1000 * 1000000};

        nanosleep(&moment, NULL);
}

static inline int sys_poll(struct pollfd *fds, nfds_t n)
{
        return fault_fires("poll") ? -ENOMEM : (int)sys_result(poll(fds, n, 0));
}

/** A close that fails has closed all the same, so this fault closes too. */
static inline int sys_close(int fd)
{
        int rc = (int)sys_result(close(fd));

        return fault_fires("close") ? -EIO : rc;
}

/** Memory of no file; NULL where there is none. */
static inline void *sys_map(size_t size)
{
        void *memory;

        if (fault_fires("mmap"))
                return NULL;
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        return memory == MAP_FAILED ? NULL : memory;
}

static inline int sys_madvise(void *memory, size_t size, int advice)
{
        return fault_fires("madvise") ? -ENOMEM : (int)sys_result(madvise(memory, size, advice));
}

static inline int sys_mprotect(void *memory, size_t size, int protection)
{
        return fault_fires("mprotect") ? -ENOMEM : (int)sys_result(mprotect(memory, size, protection));
}

static inline int sys_sigaction(int signum, const struct sigaction *action, struct sigaction *before)
{
        return fault_fires("sigaction") ? -EINVAL : (int)sys_result(sigaction(signum, action, before));
}

static inline int sys_at_fork(void (*in_child)(void))
{
        return fault_fires("pthread_atfork") ? -ENOMEM : -pthread_atfork(NULL, NULL, in_child);
}

static inline int sys_thread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
                                    void *arg)
{
        return fault_fires("pthread_create") ? -EAGAIN : -pthread_create(thread, attributes, fn, arg);
}

/** The processors that this thread may run on. */
static inline int sys_get_affinity(cpu_set_t *allowed)
{
        return fault_fires("sched_getaffinity")
                   ? -EINVAL
                   : (int)sys_result(sched_getaffinity(0, sizeof *allowed, allowed));
}

static inline int sys_set_affinity(const cpu_set_t *allowed)
{
        return fault_fires("sched_setaffinity")
                   ? -EINVAL
                   : (int)sys_result(sched_setaffinity(0, sizeof *allowed, allowed));
}

/** How many those are; 1 where the system does not tell. */
static inline int sys_processor_count(void)
{
        cpu_set_t allowed;

        return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
}

/** An EAI_ code, not an errno. */
static inline int sys_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                                  struct addrinfo **addresses)
{
        return fault_fires("getaddrinfo") ? EAI_MEMORY : getaddrinfo(host, service, hints, addresses);
}

/** Likewise; the names are of NI_MAXHOST and NI_MAXSERV bytes. */
static inline int sys_getnameinfo(const struct sockaddr *address, socklen_t size, char *host, char *service,
                                  int flags)
{
        return fault_fires("getnameinfo")
                   ? EAI_MEMORY
                   : getnameinfo(address, size, host, NI_MAXHOST, service, NI_MAXSERV, flags);
}

#endif
