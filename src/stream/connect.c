#include "base/misuse.h"
#include "base/sys.h"
#include "stream/address.h"
#include "stream/stream.h"
#include <netinet/in.h>
#include <netinet/tcp.h>

static int bind_locally(struct task *self, int fd, int family, const eddy_connect_options *options)
{
        struct addrinfo *found;
        int rc;

        if (!options->local_host && !options->local_port)
                return 0;
        rc = address_resolve(self, options->local_host, options->local_port, family, AI_PASSIVE, &found);
        if (rc < 0)
                return rc;
        rc = sys_bind(fd, found->ai_addr, found->ai_addrlen);
        freeaddrinfo(found);
        return rc;
}

/** Connect to one address: a descriptor or an error. */
static int connect_to(struct task *self, const struct addrinfo *address, const eddy_connect_options *options)
{
        int fd = sys_socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
        eddy_op op;
        ssize_t rc;

        if (fd < 0)
                return fd;
        rc = bind_locally(self, fd, address->ai_family, options);
        if (rc == 0)
                rc = sys_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (rc == 0) {
                task_op_init(&op, self);
                rc = task_finish_op(self, &op, eddy_op_connect(&op, fd, address->ai_addr, address->ai_addrlen));
        }
        if (rc == 0)
                return fd;
        loop_close_descriptor(self->future.loop, fd);
        return (int)rc;
}

int eddy_open_connection(eddy_stream **stream, const char *host, uint16_t port,
                         const eddy_connect_options *options)
{
        static const eddy_connect_options defaults;
        struct task *self = task_current();
        struct addrinfo *found;
        char text[ADDRESS_TEXT_SIZE];
        int fd = EDDY_ERESOLVE, rc;

        *stream = NULL;
        if (!self)
                return misuse(EDDY_ENOTASK);
        if (!options)
                options = &defaults;
        rc = address_resolve(self, host, port, options->family, 0, &found);
        if (rc < 0)
                return rc;
        for (const struct addrinfo *one = found; one && fd < 0; one = one->ai_next) {
                fd = connect_to(self, one, options);
                if (fd < 0 && !self->interruption) {
                        address_print(one->ai_addr, text);
                        eddy_fail(fd, "cannot connect to %s (%s): %s", host ? host : "this machine", text,
                                  eddy_strerror(fd));
                }
                if (self->interruption)
                        break;
        }
        freeaddrinfo(found);
        if (fd < 0)
                return fd;
        *stream = stream_create(self->future.loop, fd, options->limit);
        if (*stream)
                return 0;
        loop_close_descriptor(self->future.loop, fd);
        return -ENOMEM;
}
