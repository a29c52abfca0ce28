#include <eddy/socket.h>

#include "base/misuse.h"
#include "base/sys_socket.h"
#include "loop/operation.h"
#include "stream/socket.h"
#include <eddy/compose.h>

/** A UNIX socket knows only of whom it is connected to whether there is room; else nobody will tell. */
static int wait_for_unix_peer(void)
{
        return eddy_sleep(eddy_ms(1));
}

int socket_wait_for_room(struct task *self, int fd, const struct sockaddr *to)
{
        eddy_op op;
        ssize_t rc;

        if (to && to->sa_family == AF_UNIX)
                return wait_for_unix_peer();
        task_op_init(&op, self);
        rc = socket_finish_op(self, &op, eddy_op_poll(&op, fd, POLLOUT));
        return rc < 0 ? (int)rc : 0;
}

int socket_connect(struct task *self, int fd, const eddy_address *address)
{
        eddy_op op;
        int rc;

        if (self->interruption)
                return self->interruption;
        task_op_init(&op, self);
        do
                rc = (int)socket_finish_op(self, &op, eddy_op_connect(&op, fd, &address->any, address->size));
        /* Refused because the server's backlog is full. */
        while (rc == -EAGAIN && address->any.sa_family == AF_UNIX && (rc = wait_for_unix_peer()) == 0);
        return rc;
}

ssize_t socket_receive(struct task *self, int fd, struct msghdr *message)
{
        eddy_op op;

        if (self->interruption)
                return self->interruption;
        task_op_init(&op, self);
        return socket_finish_op(self, &op, eddy_op_recvmsg(&op, fd, message, 0));
}

ssize_t socket_send(struct task *self, const int *fd, const struct msghdr *message)
{
        ssize_t n;

        if (self->interruption)
                return self->interruption;
        while ((n = sys_sendmsg(*fd, message, MSG_DONTWAIT | MSG_NOSIGNAL)) == -EAGAIN) {
                int rc = socket_wait_for_room(self, *fd, message->msg_name);

                if (rc < 0)
                        return rc;
        }
        return socket_take_turn(self, n);
}

ssize_t eddy_sock_recv(int fd, void *buffer, size_t n)
{
        struct task *self;
        int rc = task_enter(&self);
        eddy_op op;

        if (rc < 0)
                return rc;
        task_op_describe(&op, self, OP_RECV, fd, buffer, n);
        return socket_finish_op(self, &op, op_begin(&op));
}

ssize_t eddy_sock_recvfrom(int fd, void *buffer, size_t n, eddy_address *from)
{
        struct task *self;
        eddy_address address = {.size = 0};
        struct iovec part = {.iov_base = buffer, .iov_len = n};
        struct msghdr message = {
            .msg_name = &address.storage,
            .msg_namelen = sizeof address.storage,
            .msg_iov = &part,
            .msg_iovlen = 1,
        };
        ssize_t got = task_enter(&self);

        if (got < 0)
                return got;
        got = socket_receive(self, fd, &message);
        if (got < 0 || !from)
                return got;
        *from = address;
        from->size = message.msg_namelen;
        return got;
}

ssize_t eddy_sock_sendall(int fd, const void *data, size_t n)
{
        struct task *self;
        ssize_t sent = task_enter(&self);
        size_t done = 0;
        eddy_op op;

        if (sent < 0)
                return sent;
        do {
                if (self->interruption)
                        return self->interruption;
                task_op_describe(&op, self, OP_SEND, fd, (const char *)data + done, n - done);
                sent = socket_finish_op(self, &op, op_begin(&op));
                if (sent < 0)
                        return sent;
                done += (size_t)sent;
        } while (done < n);
        return (ssize_t)n;
}

ssize_t eddy_sock_sendto(int fd, const void *data, size_t n, const eddy_address *to)
{
        struct task *self;
        struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = n};
        struct msghdr message = {
            .msg_name = (void *)(uintptr_t)to,
            .msg_namelen = to ? to->size : 0,
            .msg_iov = &part,
            .msg_iovlen = 1,
        };
        int rc = task_enter(&self);

        return rc < 0 ? rc : socket_send(self, &fd, &message);
}

int eddy_sock_connect(int fd, const eddy_address *address)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc == 0)
                rc = sys_set_nonblocking(fd); /* connect() has no flag for it */
        return rc < 0 ? rc : socket_connect(self, fd, address);
}

int eddy_sock_accept(int fd, eddy_address *peer)
{
        struct task *self;
        eddy_address address = {.size = sizeof address.storage};
        int accepted = task_enter(&self);
        eddy_op op;

        if (accepted == 0)
                accepted = sys_set_nonblocking(fd); /* nor has accept() */
        if (accepted < 0)
                return accepted;
        task_op_init(&op, self);
        accepted = (int)socket_finish_op(self, &op, eddy_op_accept(&op, fd, &address.any, &address.size));
        if (accepted >= 0 && peer)
                *peer = address;
        return accepted;
}

int eddy_sock_close(int fd)
{
        eddy_op op;

        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        eddy_op_init(&op, loop_running_here, NULL, NULL);
        return (int)eddy_op_close(&op, fd);
}
