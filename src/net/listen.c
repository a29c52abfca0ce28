#include "net/listen.h"

#include "base/sys_socket.h"
#include "net/socket.h"

enum { DEFAULT_BACKLOG = 1024 };

int listen_start(int fd, const eddy_server_options *options)
{
        int is_listening = 0, rc = 0;
        socklen_t size = sizeof is_listening;

        if (options->backlog)
                return sys_listen(fd, options->backlog);
        /* Whoever had it listen has chosen the backlog. */
        rc = sys_getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size);
        return rc < 0 || is_listening ? rc : sys_listen(fd, DEFAULT_BACKLOG);
}

static int listen_unless_idle(int fd, const eddy_server_options *options)
{
        return options->is_idle ? 0 : listen_start(fd, options);
}

/** Set what connections have from the socket that listens: 0 or the error. */
static int configure_connections(int fd, int family, const eddy_server_options *options)
{
        int on = 1;

        socket_set_nodelay(fd, family);
        if (!options->keep_alive || family == AF_UNIX)
                return 0;
        return sys_setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

int listen_on_address(const struct addrinfo *info, uint16_t port, const eddy_server_options *options)
{
        int fd = sys_socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, rc = 0;
        eddy_address address = address_from_info(info);

        if (fd < 0)
                return fd;
        if (info->ai_family == AF_INET6) {
                address.in6.sin6_port = htons(port);
                rc = sys_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        } else {
                address.in.sin_port = htons(port);
        }
        if (rc == 0)
                rc = sys_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (rc == 0 && options->reuse_port)
                rc = sys_setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        if (rc == 0)
                rc = configure_connections(fd, info->ai_family, options);
        if (rc == 0)
                rc = sys_bind(fd, &address.any, address.size);
        if (rc == 0)
                rc = listen_unless_idle(fd, options);
        if (rc == 0)
                return fd;
        sys_close(fd);
        return rc;
}

int listen_on_path(const char *path, const eddy_server_options *options, struct socket_file *file)
{
        int fd = sys_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc;

        if (fd < 0)
                return fd;
        rc = socket_file_bind(file, fd, path, options->mode);
        if (rc == 0)
                rc = listen_unless_idle(fd, options);
        if (rc < 0) {
                socket_file_remove(file);
                sys_close(fd);
                return rc;
        }
        if (options->keep_file)
                socket_file_forget(file);
        return fd;
}

int listen_on_socket(int fd, const eddy_server_options *options, int *family)
{
        int rc = socket_adopt(fd, SOCK_STREAM, family);

        if (rc == 0)
                rc = configure_connections(fd, *family, options);
        return rc < 0 ? rc : listen_unless_idle(fd, options);
}
