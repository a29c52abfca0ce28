#include "net/socket.h"

#include "base/sys_socket.h"
#include <netinet/tcp.h>

int socket_family(int fd, int *family)
{
        socklen_t size = sizeof *family;

        return sys_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, family, &size);
}

int socket_adopt(int fd, int type, int *family)
{
        int actual, rc;
        socklen_t size = sizeof actual;

        rc = sys_getsockopt(fd, SOL_SOCKET, SO_TYPE, &actual, &size);
        if (rc == 0 && actual != type)
                rc = -EPROTOTYPE;
        if (rc == 0)
                rc = socket_family(fd, family);
        return rc < 0 ? rc : sys_set_nonblocking(fd);
}

void socket_set_nodelay(int fd, int family)
{
        int on = 1;

        /* That this fails harms nothing. */
        if (family == AF_INET || family == AF_INET6)
                sys_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void socket_set_cork(int fd, bool is_on)
{
        sys_setsockopt(fd, IPPROTO_TCP, TCP_CORK, &(int){is_on}, sizeof(int));
}
