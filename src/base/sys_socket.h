/* The system calls on sockets; as in sys.h. */
#ifndef BASE_SYS_SOCKET_H
#define BASE_SYS_SOCKET_H

#include "base/quiet.h"
#include "base/sys.h"
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>

static inline int sys_socketpair(int type, int ends[2])
{
        return fault_fires("socketpair") ? -EMFILE : sys_descriptors(socketpair(AF_UNIX, type, 0, ends), ends);
}

static inline int sys_set_nonblocking(int fd)
{
        int flags = fault_fires("fcntl") ? -EBADF : (int)sys_result(fcntl(fd, F_GETFL));

        if (flags < 0 || flags & O_NONBLOCK)
                return flags < 0 ? flags : 0;
        return (int)sys_result(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

/** Whether calls that have no flag against it wait. One that is none does not. */
static inline bool sys_is_blocking(int fd)
{
        int flags = fault_fires("fcntl") ? -EBADF : (int)sys_result(fcntl(fd, F_GETFL));

        return flags >= 0 && !(flags & O_NONBLOCK);
}

/** As many of n datagrams as there is room for: how many, or -EAGAIN. */
static inline int sys_sendmmsg(int fd, struct mmsghdr *messages, unsigned n)
{
        return fault_fires("sendmmsg")
                   ? -ENOBUFS
                   : (int)sys_result(sendmmsg(fd, messages, n, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/** Without signals, which sendfile() has no flag against. */
static inline ssize_t sys_sendfile(int fd, int file, off_t *offset, size_t n)
{
        struct quiet quiet;
        ssize_t rc;

        if (fault_fires("sendfile"))
                return -EINVAL;
        quiet_begin(&quiet);
        do
                rc = sys_result(sendfile(fd, file, offset, n));
        while (rc == -EINTR);
        quiet_end(&quiet, rc, n);
        return rc;
}

/** Whether something is to be received: 1, also at its end or where it has failed; 0; or an error. */
static inline int sys_has_come(int fd)
{
        char byte;
        ssize_t n = fault_fires("recv") ? -ENOBUFS : sys_result(recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT));

        return n == -EAGAIN ? 0 : n >= 0 ? 1 : (int)n;
}

/** How many bytes the peer has not acknowledged, or not read where it is on this machine; or an error. */
static inline int sys_unsent(int fd)
{
        int size = 0, rc = fault_fires("ioctl") ? -EBADF : (int)sys_result(ioctl(fd, TIOCOUTQ, &size));

        return rc < 0 ? rc : size;
}

/** The number of a network interface; -ENODEV where there is none of this name. */
static inline int sys_interface_index(const char *name)
{
        int index = fault_fires("if_nametoindex") ? 0 : (int)if_nametoindex(name);

        return index > 0 ? index : -ENODEV;
}

/** The name of a network interface; false where there is none of this number. */
static inline bool sys_interface_name(uint32_t index, char name[IF_NAMESIZE])
{
        return !fault_fires("if_indextoname") && if_indextoname(index, name);
}

#endif
