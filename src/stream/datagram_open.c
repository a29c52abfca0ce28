#include "base/misuse.h"
#include "base/sys.h"
#include "net/address.h"
#include "net/socket.h"
#include "stream/datagram.h"
#include "stream/resolve.h"

static int configure(int fd, const eddy_datagram_options *options)
{
        int on = 1, rc = 0;

        if (options->reuse_port)
                rc = sys_setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        if (rc == 0 && options->broadcast)
                rc = sys_setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
        return rc;
}

/** A socket that is bound and maybe connected: a descriptor or an error.
 *
 * @param address  of the remote end where the options name one, else of the local one
 */
static int open_socket(struct task *self, const eddy_address *address, bool is_remote,
                       const eddy_datagram_options *options)
{
        int family = address->any.sa_family;
        int fd = sys_socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc;

        if (fd < 0)
                return fd;
        rc = configure(fd, options);
        if (rc == 0 && is_remote)
                rc = address_bind(self, fd, family, options->local_host, options->local_port);
        if (rc == 0)
                rc = (is_remote ? sys_connect : sys_bind)(fd, &address->any, address->size);
        if (rc == 0)
                return fd;
        sys_close(fd);
        return rc;
}

/** Try a host's addresses in turn: a descriptor or an error. */
static int open_by_host(struct task *self, bool is_remote, const eddy_datagram_options *options, int *family)
{
        const char *host = is_remote ? options->remote_host : options->local_host;
        uint16_t port = is_remote ? options->remote_port : options->local_port;
        char text[EDDY_ADDRESS_TEXT_SIZE];
        struct addrinfo *found;
        int fd = address_resolve(self, host, port, options->family, is_remote ? 0 : AI_PASSIVE, &found);

        if (fd < 0)
                return fd;
        fd = EDDY_ERESOLVE;
        for (const struct addrinfo *one = found; one && fd < 0 && !self->interruption; one = one->ai_next) {
                eddy_address address = address_from_info(one);

                *family = one->ai_family;
                fd = open_socket(self, &address, is_remote, options);
                if (fd < 0 && !self->interruption)
                        eddy_fail(fd, "cannot %s %s: %s", is_remote ? "connect to" : "receive on",
                                  eddy_address_print(&address, text), eddy_strerror(fd));
        }
        eddy_freeaddrinfo(found);
        return fd;
}

/** A descriptor or an error. */
static int open_on_every_address(struct task *self, const eddy_datagram_options *options, int *family)
{
        eddy_address address;

        *family = options->family ? options->family : AF_INET;
        eddy_address_from_ip(&address, *family == AF_INET6 ? "::" : NULL, options->local_port);
        return open_socket(self, &address, false, options);
}

int datagram_open(struct task *self, const eddy_datagram_options *options, int *family)
{
        static const eddy_datagram_options defaults;
        bool is_remote;

        if (!options)
                options = &defaults;
        is_remote = options->remote_host || options->remote_port;
        if (is_remote || options->local_host)
                return open_by_host(self, is_remote, options, family);
        return open_on_every_address(self, options, family);
}

static int connect_to_path(int fd, const char *path)
{
        eddy_address address;
        int rc = eddy_address_from_path(&address, path);

        return rc < 0 ? rc : sys_connect(fd, &address.any, address.size);
}

int datagram_open_unix(struct socket_file *file, const char *local_path, const char *remote_path)
{
        int fd = sys_socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc = 0;

        if (fd < 0)
                return fd;
        if (local_path)
                rc = socket_file_bind(file, fd, local_path, 0);
        if (rc == 0 && remote_path)
                rc = connect_to_path(fd, remote_path);
        if (rc == 0)
                return fd;
        sys_close(fd);
        socket_file_remove(file);
        return rc;
}

/** Make a datagram of a socket, or close it: 0 or -ENOMEM. */
static int make_datagram(eddy_datagram **datagram, eddy_loop *loop, int fd, int family)
{
        *datagram = datagram_create(loop, fd, family);
        if (*datagram)
                return 0;
        sys_close(fd);
        return -ENOMEM;
}

int eddy_open_datagram(eddy_datagram **datagram, const eddy_datagram_options *options)
{
        struct task *self;
        int fd = task_enter(&self), family;

        *datagram = NULL;
        if (fd == 0)
                fd = datagram_open(self, options, &family);
        return fd < 0 ? fd : make_datagram(datagram, self->future.loop, fd, family);
}

int eddy_open_unix_datagram(eddy_datagram **datagram, const char *local_path, const char *remote_path)
{
        struct socket_file file = {.path = NULL};
        int fd, rc;

        *datagram = NULL;
        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        fd = datagram_open_unix(&file, local_path, remote_path);
        if (fd < 0)
                return fd;
        rc = make_datagram(datagram, loop_running_here, fd, AF_UNIX);
        if (rc == 0)
                (*datagram)->file = file;
        else
                socket_file_remove(&file);
        return rc;
}

int eddy_datagram_from_socket(eddy_datagram **datagram, int fd)
{
        int family, rc;

        *datagram = NULL;
        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        rc = socket_adopt(fd, SOCK_DGRAM, &family);
        if (rc < 0)
                return rc;
        *datagram = datagram_create(loop_running_here, fd, family);
        return *datagram ? 0 : -ENOMEM;
}
