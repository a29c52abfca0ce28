/* Operations: each function describes one request and hands it to the backend. */
#include "loop/operation.h"

#include "base/sys.h"

void eddy_op_init(eddy_op *op, eddy_loop *loop, eddy_callback callback, void *arg)
{
        *op = (eddy_op){.handle = {.callback = callback, .arg = arg}, .loop = loop};
}

static ssize_t begin(eddy_op *op, enum op_kind kind, int fd, void *buffer, size_t size, int flags)
{
        int rc = loop_check(op->loop);

        if (rc < 0)
                return rc;
        if (op->pending || list_is_linked(&op->handle.link))
                return EDDY_EBUSY;
        op->kind = (unsigned char)kind;
        op->fd = fd;
        op->buffer = buffer;
        op->size = size;
        op->flags = flags;
        return op_begin(op);
}

ssize_t eddy_op_accept(eddy_op *op, int fd, struct sockaddr *peer, socklen_t *size)
{
        op->reserved[0] = size;
        return begin(op, OP_ACCEPT, fd, peer, 0, 0);
}

ssize_t eddy_op_connect(eddy_op *op, int fd, const struct sockaddr *peer, socklen_t size)
{
        return begin(op, OP_CONNECT, fd, (void *)(uintptr_t)peer, size, 0);
}

ssize_t eddy_op_recv(eddy_op *op, int fd, void *buffer, size_t size, int flags)
{
        return begin(op, OP_RECV, fd, buffer, size, flags);
}

ssize_t eddy_op_send(eddy_op *op, int fd, const void *data, size_t size, int flags)
{
        return begin(op, OP_SEND, fd, (void *)(uintptr_t)data, size, flags);
}

static size_t parts_size(const struct iovec *parts, size_t count)
{
        size_t size = 0;

        for (size_t i = 0; i < count; i++)
                size += parts[i].iov_len;
        return size;
}

ssize_t eddy_op_recvmsg(eddy_op *op, int fd, struct msghdr *message, int flags)
{
        return begin(op, OP_RECVMSG, fd, message, parts_size(message->msg_iov, message->msg_iovlen), flags);
}

ssize_t eddy_op_recvmmsg(eddy_op *op, int fd, struct mmsghdr *messages, unsigned n)
{
        return begin(op, OP_RECVMMSG, fd, messages, n, 0);
}

ssize_t eddy_op_sendmsg(eddy_op *op, int fd, const struct msghdr *message, int flags)
{
        return begin(op, OP_SENDMSG, fd, (void *)(uintptr_t)message,
                     parts_size(message->msg_iov, message->msg_iovlen), flags);
}

ssize_t eddy_op_read(eddy_op *op, int fd, void *buffer, size_t size)
{
        return begin(op, OP_READ, fd, buffer, size, 0);
}

ssize_t eddy_op_write(eddy_op *op, int fd, const void *data, size_t size)
{
        return begin(op, OP_WRITE, fd, (void *)(uintptr_t)data, size, 0);
}

ssize_t eddy_op_writev(eddy_op *op, int fd, const struct iovec *parts, int count)
{
        if (count < 0)
                return -EINVAL;
        op->reserved[0] = (void *)(uintptr_t)count;
        return begin(op, OP_WRITEV, fd, (void *)(uintptr_t)parts, parts_size(parts, (size_t)count), 0);
}

ssize_t eddy_op_poll(eddy_op *op, int fd, unsigned events)
{
        if (events != POLLIN && events != POLLOUT)
                return -EINVAL;
        return begin(op, OP_POLL, fd, NULL, events, 0);
}

ssize_t eddy_op_close(eddy_op *op, int fd)
{
        /* A closed loop knows nothing of it any more, and one of before a fork() may not be used, but its owner wants
         * it closed all the same. */
        if (op->loop->is_closed || loop_is_inherited(op->loop))
                return sys_close(fd);
        return begin(op, OP_CLOSE, fd, NULL, 0, 0);
}

void loop_close_descriptor(eddy_loop *loop, int fd)
{
        eddy_op op;

        eddy_op_init(&op, loop, NULL, NULL);
        eddy_op_close(&op, fd);
}

void eddy_op_cancel(eddy_op *op)
{
        if (op->pending)
                op->loop->backend->impl->cancel(op->loop->backend, op);
}
