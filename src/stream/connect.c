#include "base/misuse.h"
#include "base/sys.h"
#include "stream/race.h"
#include "stream/socket.h"
#include "stream/stream.h"
#include <eddy/unix.h>

/** Make a stream of a socket that is connected, or close it: 0 or -ENOMEM. */
static int make_stream(eddy_stream **stream, eddy_loop *loop, int fd, int family, size_t limit)
{
        *stream = stream_create(loop, fd, family, limit);
        if (*stream) {
                flow_set_nodelay(fd, family);
                return 0;
        }
        loop_close_descriptor(loop, fd);
        return -ENOMEM;
}

int eddy_open_connection(eddy_stream **stream, const char *host, uint16_t port,
                         const eddy_connect_options *options)
{
        static const eddy_connect_options defaults;
        struct task *self;
        struct addrinfo *found;
        int family, rc = task_enter(&self);

        *stream = NULL;
        if (rc < 0)
                return rc;
        if (!options)
                options = &defaults;
        rc = address_resolve(self, host, port, options->family, 0, &found);
        if (rc < 0)
                return rc;
        rc = race_connect(self, host, found, options, &family);
        freeaddrinfo(found);
        return rc < 0 ? rc : make_stream(stream, self->future.loop, rc, family, options->limit);
}

/** A socket that is connected to a path: a descriptor or an error. */
static int connect_to_path(struct task *self, const char *path)
{
        eddy_address address;
        int rc = eddy_address_from_path(&address, path), fd;

        if (rc < 0)
                return rc;
        fd = sys_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return fd;
        rc = socket_connect(self, fd, &address);
        if (rc == 0)
                return fd;
        loop_close_descriptor(self->future.loop, fd);
        return rc;
}

int eddy_open_unix_connection(eddy_stream **stream, const char *path, const eddy_connect_options *options)
{
        struct task *self;
        int rc = task_enter(&self);

        *stream = NULL;
        if (rc < 0)
                return rc;
        rc = connect_to_path(self, path);
        if (rc >= 0)
                return make_stream(stream, self->future.loop, rc, AF_UNIX, options ? options->limit : 0);
        if (rc == self->interruption)
                return rc;
        return eddy_fail(rc, "cannot connect to %s: %s", path, eddy_strerror(rc));
}
