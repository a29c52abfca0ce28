/* The kernel spreads connections over the sockets that share a port (SO_REUSEPORT). They are made before the processes and outlive each: of one
 * that crashes nobody is lost who waits to be accepted. */
#include "serve_listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static in_port_t *port_of(struct sockaddr *address)
{
        return address->sa_family == AF_INET6 ? &((struct sockaddr_in6 *)address)->sin6_port
                                              : &((struct sockaddr_in *)address)->sin_port;
}

/* A bound socket, or -errno. */
static int open_socket(const struct addrinfo *address, bool is_shared)
{
        const int on = 1;
        int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                        address->ai_protocol);
        int rc;

        if (fd < 0)
                return -errno;
        rc = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (rc == 0 && is_shared)
                rc = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        if (rc == 0 && address->ai_family == AF_INET6)
                rc = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        if (rc == 0)
                rc = bind(fd, address->ai_addr, address->ai_addrlen);
        if (rc == 0)
                return fd;
        rc = -errno;
        close(fd);
        return rc;
}

/* Whether nobody has the port: one that is shared would be shared with another program, too, and its users would find either. */
static int try_port(const struct addrinfo *address)
{
        int fd = open_socket(address, false);

        if (fd >= 0)
                close(fd);
        return fd < 0 ? fd : 0;
}

static int listen_on(struct listen_sockets *sockets, struct addrinfo *address)
{
        struct sockaddr_storage bound;
        socklen_t size = sizeof bound;
        int fd = open_socket(address, true);

        if (fd < 0)
                return fd;
        sockets->fds[sockets->count++] = fd; /* closed with the others, in any case */
        if (listen(fd, BACKLOG) < 0 || getsockname(fd, (struct sockaddr *)&bound, &size) < 0)
                return -errno;
        *port_of(address->ai_addr) = *port_of((struct sockaddr *)&bound);
        return ntohs(*port_of(address->ai_addr));
}

/* All processes on one address. What this machine has no protocol for is left out. */
static int listen_at(struct listen_sockets *sockets, unsigned processes, struct addrinfo *address, int port)
{
        int rc = 0;

        if (sockets[0].count == LISTEN_ADDRESSES_MAX)
                return port;
        *port_of(address->ai_addr) = htons((uint16_t)port);
        if (port != 0)
                rc = try_port(address);
        for (unsigned i = 0; i < processes && rc >= 0; i++)
                rc = listen_on(&sockets[i], address);
        return rc == -EAFNOSUPPORT ? port : rc;
}

int listen_open(struct listen_sockets *sockets, unsigned processes, const char *host, uint16_t port)
{
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
        struct addrinfo *addresses;
        char service[8];
        int rc = port;

        memset(sockets, 0, processes * sizeof *sockets);
        snprintf(service, sizeof service, "%u", port);
        if (getaddrinfo(host, service, &hints, &addresses) != 0)
                return -ENOENT;
        for (struct addrinfo *at = addresses; at && rc >= 0; at = at->ai_next)
                rc = listen_at(sockets, processes, at, rc);
        freeaddrinfo(addresses);
        if (rc >= 0 && sockets[0].count == 0)
                rc = -ENOENT;
        for (unsigned i = 0; i < processes && rc < 0; i++)
                listen_close(&sockets[i]);
        return rc;
}

void listen_close(struct listen_sockets *sockets)
{
        while (sockets->count > 0)
                close(sockets->fds[--sockets->count]);
}
