/* Datagram sockets that call a protocol, opened by a coroutine. */
#include "base/memory.h"
#include "base/sys.h"
#include "net/datagram_open.h"
#include "stream/datagram.h"
#include "transport/datagram_transport.h"
#include <eddy/compose.h>

/** What belongs to a transport and lies above it; gone with it. */
struct endpoint {
        eddy_datagram_transport *transport; /* NULL: lost */
        bool is_awaited;                    /* by who opens it */
        struct socket_file file;
};

static void free_endpoint(struct endpoint *endpoint)
{
        socket_file_remove(&endpoint->file);
        memory_free(endpoint);
}

static void gone(eddy_datagram_transport *transport)
{
        struct endpoint *endpoint = transport->owner;

        endpoint->transport = NULL;
        if (!endpoint->is_awaited)
                free_endpoint(endpoint);
}

/** Make a transport of a socket, or close it and remove its file: what belongs to it, or NULL without memory. */
static struct endpoint *make_endpoint(eddy_loop *loop, int fd, int family, const struct socket_file *file,
                                      const eddy_datagram_protocol *protocol, void *state)
{
        struct endpoint *endpoint = memory_zalloc(sizeof *endpoint);
        struct socket_file unwanted = *file;

        if (endpoint &&
            datagram_transport_create(&endpoint->transport, loop, fd, family, protocol, state) == 0) {
                endpoint->file = *file;
                endpoint->transport->gone = gone;
                endpoint->transport->owner = endpoint;
                return endpoint;
        }
        sys_close(fd);
        socket_file_remove(&unwanted);
        memory_free(endpoint);
        return NULL;
}

/** Likewise, and wait until its protocol knows of it: 0 or -ENOMEM. */
static int open_endpoint(struct task *self, eddy_datagram_transport **transport, int fd, int family,
                         const struct socket_file *file, const eddy_datagram_protocol *protocol, void *state)
{
        struct endpoint *endpoint = make_endpoint(self->future.loop, fd, family, file, protocol, state);

        if (!endpoint)
                return -ENOMEM;
        endpoint->is_awaited = true;
        EDDY_SHIELD_SCOPE /* it takes a turn, and nothing of anybody's */
                eddy_yield();
        endpoint->is_awaited = false;
        if (transport)
                *transport = endpoint->transport;
        if (!endpoint->transport)
                free_endpoint(endpoint);
        return 0;
}

int eddy_create_datagram_endpoint(eddy_datagram_transport **transport, const eddy_datagram_protocol *protocol,
                                  void *state, const eddy_datagram_options *options)
{
        const struct socket_file none = {.path = NULL};
        struct task *self;
        int family = AF_UNSPEC, fd = task_enter(&self);

        if (transport)
                *transport = NULL;
        if (fd == 0)
                fd = datagram_open(self, options, &family);
        return fd < 0 ? fd : open_endpoint(self, transport, fd, family, &none, protocol, state);
}

int eddy_create_unix_datagram_endpoint(eddy_datagram_transport **transport,
                                       const eddy_datagram_protocol *protocol, void *state,
                                       const char *local_path, const char *remote_path)
{
        struct socket_file file = {.path = NULL};
        struct task *self;
        int fd = task_enter(&self);

        if (transport)
                *transport = NULL;
        if (fd == 0)
                fd = datagram_open_unix(&file, local_path, remote_path);
        return fd < 0 ? fd : open_endpoint(self, transport, fd, AF_UNIX, &file, protocol, state);
}
