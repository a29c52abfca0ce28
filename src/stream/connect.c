#include "base/misuse.h"
#include "base/sys.h"
#include "stream/address.h"
#include "stream/socket.h"
#include "stream/stream.h"
#include <eddy/unix.h>

/** Make a stream of a socket that is connected, or close it: 0 or -ENOMEM. */
static int finish(eddy_stream **stream, eddy_loop *loop, int fd, int family, size_t limit)
{
        *stream = stream_create(loop, fd, family, limit);
        if (*stream)
                return 0;
        loop_close_descriptor(loop, fd);
        return -ENOMEM;
}

/** Connect to one address: a descriptor or an error. */
static int connect_to(struct task *self, const eddy_address *address, const eddy_connect_options *options)
{
        int family = address->any.sa_family;
        int fd = sys_socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc = 0;

        if (fd < 0)
                return fd;
        if (family != AF_UNIX)
                rc = address_bind(self, fd, family, options->local_host, options->local_port);
        if (rc == 0)
                rc = socket_connect(self, fd, address);
        if (rc == 0)
                return fd;
        loop_close_descriptor(self->future.loop, fd);
        return rc;
}

static const eddy_connect_options defaults;

int eddy_open_connection(eddy_stream **stream, const char *host, uint16_t port,
                         const eddy_connect_options *options)
{
        struct task *self = task_current();
        struct addrinfo *found;
        char text[EDDY_ADDRESS_TEXT_SIZE];
        int fd = EDDY_ERESOLVE, family = 0, rc;

        *stream = NULL;
        if (!self)
                return misuse(EDDY_ENOTASK);
        if (!options)
                options = &defaults;
        rc = address_resolve(self, host, port, options->family, 0, &found);
        if (rc < 0)
                return rc;
        for (const struct addrinfo *one = found; one && fd < 0 && !self->interruption; one = one->ai_next) {
                eddy_address address = address_from_info(one);

                family = one->ai_family;
                fd = connect_to(self, &address, options);
                if (fd < 0 && !self->interruption)
                        eddy_fail(fd, "cannot connect to %s (%s): %s", host ? host : "this machine",
                                  eddy_address_print(&address, text), eddy_strerror(fd));
        }
        freeaddrinfo(found);
        return fd < 0 ? fd : finish(stream, self->future.loop, fd, family, options->limit);
}

int eddy_open_unix_connection(eddy_stream **stream, const char *path, const eddy_connect_options *options)
{
        struct task *self = task_current();
        eddy_address address;
        int rc, fd;

        *stream = NULL;
        if (!self)
                return misuse(EDDY_ENOTASK);
        rc = eddy_address_from_path(&address, path);
        fd = rc < 0 ? rc : connect_to(self, &address, options ? options : &defaults);
        if (fd < 0)
                return fd == self->interruption
                           ? fd
                           : eddy_fail(fd, "cannot connect to %s: %s", path, eddy_strerror(fd));
        return finish(stream, self->future.loop, fd, AF_UNIX, options ? options->limit : 0);
}
