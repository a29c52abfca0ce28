/* Operations: each function describes one request and hands it to the backend. */
#include "loop/operation.h"

#include "base/sys.h"
#include <string.h>

void eddy_op_init(eddy_op *op, eddy_loop *loop, eddy_callback callback, void *arg)
{
        memset(op, 0, sizeof *op);
        op_init(op, loop_meant(loop), callback, arg);
}

static bool is_under_way(const eddy_op *op)
{
        return op->pending || list_is_linked(&op->handle.link);
}

int eddy_op_set_traits(eddy_op *op, unsigned traits)
{
        if (traits & ~(unsigned)OP_PUBLIC_TRAITS)
                return -EINVAL;
        if (is_under_way(op))
                return EDDY_EBUSY;
        op->traits = (unsigned char)traits;
        return 0;
}

/** Whether an operation may be used for something new: 0 or why not. */
static int check_free(const eddy_op *op)
{
        int rc = loop_check(op->loop);

        return rc < 0 ? rc : is_under_way(op) ? EDDY_EBUSY : 0;
}

/** Whether a request can be one of a descriptor that the kernel receives from, or accepts from, by itself. */
static bool fits_exclusive(enum op_kind kind, const void *data, int flags)
{
        switch (kind) {
        case OP_ACCEPT:
                return !data;
        case OP_RECV:
                return flags == 0;
        case OP_RECVMSG:
        case OP_RECVMMSG:
        case OP_READ:
                return false;
        default:
                return true;
        }
}

/** Begin an operation where that is allowed; else it stays as it is, for it may be pending. */
static ssize_t request(eddy_op *op, enum op_kind kind, int fd, const void *data, size_t size, int flags,
                       void *extra)
{
        int rc = check_free(op);

        if (rc == 0 && op->traits & OP_EXCLUSIVE && !fits_exclusive(kind, data, flags))
                rc = -EINVAL;
        if (rc < 0)
                return rc;
        op_describe(op, kind, fd, data, size, flags);
        op->extra = extra;
        return op_begin(op);
}

ssize_t eddy_op_accept(eddy_op *op, int fd, struct sockaddr *peer, socklen_t *size)
{
        return request(op, OP_ACCEPT, fd, peer, 0, 0, size);
}

ssize_t eddy_op_connect(eddy_op *op, int fd, const struct sockaddr *peer, socklen_t size)
{
        return request(op, OP_CONNECT, fd, peer, size, 0, NULL);
}

ssize_t eddy_op_recv(eddy_op *op, int fd, void *buffer, size_t size, int flags)
{
        return request(op, OP_RECV, fd, buffer, size, flags, NULL);
}

ssize_t eddy_op_send(eddy_op *op, int fd, const void *data, size_t size, int flags)
{
        return request(op, OP_SEND, fd, data, size, flags, NULL);
}

ssize_t eddy_op_recvmsg(eddy_op *op, int fd, struct msghdr *message, int flags)
{
        return request(op, OP_RECVMSG, fd, message, sys_parts_size(message->msg_iov, (int)message->msg_iovlen),
                       flags, NULL);
}

ssize_t eddy_op_recvmmsg(eddy_op *op, int fd, struct mmsghdr *messages, unsigned n)
{
        return request(op, OP_RECVMMSG, fd, messages, n, 0, NULL);
}

ssize_t eddy_op_sendmsg(eddy_op *op, int fd, const struct msghdr *message, int flags)
{
        return request(op, OP_SENDMSG, fd, message, sys_parts_size(message->msg_iov, (int)message->msg_iovlen),
                       flags, NULL);
}

ssize_t eddy_op_read(eddy_op *op, int fd, void *buffer, size_t size)
{
        return request(op, OP_READ, fd, buffer, size, 0, NULL);
}

ssize_t eddy_op_write(eddy_op *op, int fd, const void *data, size_t size)
{
        return request(op, OP_WRITE, fd, data, size, 0, NULL);
}

ssize_t eddy_op_writev(eddy_op *op, int fd, const struct iovec *parts, int count)
{
        if (count < 0)
                return -EINVAL;
        return request(op, OP_WRITEV, fd, parts, sys_parts_size(parts, count), 0, (void *)(uintptr_t)count);
}

_Static_assert(sizeof(off_t) <= sizeof((eddy_op *)0)->extra, "an operation has room for an offset");

ssize_t eddy_op_sendfile(eddy_op *op, int fd, int file, off_t offset, size_t n)
{
        return request(op, OP_SENDFILE, fd, NULL, n, file, (void *)(intptr_t)offset);
}

ssize_t eddy_op_shutdown(eddy_op *op, int fd, int how)
{
        int rc = check_free(op);

        return rc < 0 ? rc : sys_shutdown(fd, how);
}

ssize_t eddy_op_readable(eddy_op *op, int fd, bool surely)
{
        ssize_t rc = check_free(op);

        if (rc < 0)
                return rc;
        op->traits |= surely ? OP_SURELY : 0;
        rc = request(op, OP_READABLE, fd, NULL, 0, 0, NULL);
        op->traits &= (unsigned char)~OP_SURELY;
        return rc;
}

ssize_t eddy_op_gone(eddy_op *op, int fd)
{
        return request(op, OP_GONE, fd, NULL, 0, 0, NULL);
}

ssize_t eddy_op_poll(eddy_op *op, int fd, unsigned events)
{
        if (events != POLLIN && events != POLLOUT)
                return -EINVAL;
        return request(op, OP_POLL, fd, NULL, events, 0, NULL);
}

ssize_t eddy_op_close(eddy_op *op, int fd)
{
        /* Where there is no loop, or a closed one, nothing is known of it, and one of before a fork() may not be used,
         * but its owner wants it closed all the same. */
        if (!op->loop || op->loop->is_closed || loop_is_inherited(op->loop))
                return sys_close(fd);
        return request(op, OP_CLOSE, fd, NULL, 0, 0, NULL);
}

void loop_close_descriptor(eddy_loop *loop, int fd)
{
        eddy_op op;

        eddy_op_init(&op, loop, NULL, NULL);
        eddy_op_close(&op, fd);
}

void loop_forget_descriptor(eddy_loop *loop, int fd)
{
        eddy_op op;

        eddy_op_init(&op, loop, NULL, NULL);
        if (!loop->is_closed && !loop_is_inherited(loop))
                request(&op, OP_CLOSE, fd, NULL, 0, OP_KEEP_OPEN, NULL);
}

int eddy_op_defer(eddy_op *op, ssize_t result)
{
        int rc = check_free(op);

        if (rc == 0)
                op_defer(op, result);
        return rc;
}

bool eddy_op_should_give_way(const eddy_op *op)
{
        return op->loop && op_should_give_way(op->loop);
}

void eddy_op_cancel(eddy_op *op)
{
        if (!op->pending)
                return;
        if (op->traits & OP_HOSTED)
                ((struct op_host *)op->extra)->cancel(op->extra, op);
        else
                op->loop->backend->impl->cancel(op->loop->backend, op);
}
