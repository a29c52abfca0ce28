#include "stream/connect.h"

#include "base/misuse.h"
#include "base/sys.h"
#include "net/socket.h"
#include "stream/race.h"
#include "stream/resolve.h"
#include "stream/socket.h"
#include "stream/stream.h"
#include <eddy/unix.h>

/** Make a stream of a socket that is connected, or close it: 0 or -ENOMEM. */
static int make_stream(eddy_stream **stream, eddy_loop *loop, int fd, int family, size_t limit)
{
        *stream = stream_create(loop, fd, family, limit);
        if (*stream) {
                socket_set_nodelay(fd, family);
                return 0;
        }
        loop_close_descriptor(loop, fd);
        return -ENOMEM;
}

int connect_to_host(struct task *self, const char *host, uint16_t port, const eddy_connect_options *options,
                    int *family)
{
        static const eddy_connect_options defaults;
        struct addrinfo *found;
        int rc;

        if (!options)
                options = &defaults;
        rc = address_resolve(self, host, port, options->family, 0, &found);
        if (rc < 0)
                return rc;
        rc = race_connect(self, host, found, options, family);
        eddy_freeaddrinfo(found);
        return rc;
}

static int try_path(struct task *self, const char *path)
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

int connect_to_path(struct task *self, const char *path)
{
        int rc = try_path(self, path);

        if (rc >= 0 || rc == self->interruption)
                return rc;
        return eddy_fail(rc, "cannot connect to %s: %s", path, eddy_strerror(rc));
}

int eddy_open_connection(eddy_stream **stream, const char *host, uint16_t port,
                         const eddy_connect_options *options)
{
        struct task *self;
        int family = AF_UNSPEC, rc = task_enter(&self);

        *stream = NULL;
        if (rc == 0)
                rc = connect_to_host(self, host, port, options, &family);
        if (rc < 0)
                return rc;
        return make_stream(stream, self->future.loop, rc, family, options ? options->limit : 0);
}

int eddy_open_unix_connection(eddy_stream **stream, const char *path, const eddy_connect_options *options)
{
        struct task *self;
        int rc = task_enter(&self);

        *stream = NULL;
        if (rc == 0)
                rc = connect_to_path(self, path);
        if (rc < 0)
                return rc;
        return make_stream(stream, self->future.loop, rc, AF_UNIX, options ? options->limit : 0);
}
