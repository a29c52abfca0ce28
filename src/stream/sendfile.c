#include "base/memory.h"
#include "base/misuse.h"
#include "base/sys_file.h"
#include "base/sys_socket.h"
#include "loop/operation.h"
#include "stream/socket.h"
#include "stream/stream.h"
#include <eddy/socket.h>
#include <limits.h>

/** What is sent in one call: the longest that a disk which is asked for it holds the loop up. */
enum { PIECE = 256 * 1024, COPIED_PIECE = 64 * 1024 };

/** A part of a file that is being sent. */
struct file_part {
        int fd;
        off_t offset; /* of what comes next */
        size_t left;
        const struct stream_impl *to;
        bool
            may_block; /* others share where it goes, and may put that into blocking mode: sendfile() cannot be asked not
                         * to wait */
        unsigned char traits; /* of operations that send copies */
        bool is_copied; /* it goes through our memory: the kernel cannot send this file, or not to there */
};

/** Send some bytes through memory. */
static ssize_t send_copied(struct task *self, eddy_op *op, int fd, const struct file_part *part)
{
        size_t size = part->left < COPIED_PIECE ? part->left : COPIED_PIECE;
        char *memory = memory_alloc(size);
        ssize_t n;

        if (!memory)
                return -ENOMEM;
        n = sys_pread(part->fd, memory, size, part->offset);
        if (n > 0) {
                task_op_describe(op, self, part->to->send, fd, memory, (size_t)n);
                op->traits = part->traits;
                n = socket_finish_op(self, op, op_begin(op));
        }
        memory_free(memory);
        return n;
}

/** Have the kernel send some, once there is room. */
static ssize_t send_directly(struct task *self, eddy_op *op, int fd, const struct file_part *part)
{
        size_t size = part->left < PIECE ? part->left : PIECE;
        off_t offset = part->offset;
        ssize_t n;

        while ((n = sys_sendfile(fd, part->fd, &offset, size)) == -EAGAIN) {
                n = socket_finish_op(self, op, eddy_op_poll(op, fd, POLLOUT));
                if (n < 0)
                        return n;
        }
        return socket_take_turn(self, n);
}

/** Send the next piece: how many bytes, 0 at the file's end, or an error. Suspends while there is no room. */
static ssize_t send_piece(struct task *self, eddy_op *op, int fd, struct file_part *part)
{
        ssize_t n = -EINVAL;

        if (self->interruption)
                return self->interruption;
        if (!part->is_copied && part->may_block)
                part->is_copied = sys_is_blocking(fd);
        if (!part->is_copied) {
                n = send_directly(self, op, fd, part);
                part->is_copied = n == -EINVAL || n == -ENOSYS;
        }
        if (part->is_copied)
                n = send_copied(self, op, fd, part);
        if (n > 0) {
                part->offset += n;
                part->left -= (size_t)n;
        }
        return n;
}

/** Every call begins here: 0 or why a part cannot be sent. */
static int begin_sendfile(struct task **self, off_t offset, size_t n)
{
        int rc = task_enter(self);

        return rc < 0 ? rc : offset < 0 || (n > SSIZE_MAX && n != SIZE_MAX) ? -EINVAL : 0;
}

ssize_t eddy_stream_sendfile(eddy_stream *stream, int file, off_t offset, size_t n)
{
        struct task *self;
        struct file_part part = {
            .fd = file,
            .offset = offset,
            .left = n,
            .to = stream->impl,
            .may_block = stream->send_traits & OP_MAY_BLOCK,
            .traits = stream->send_traits & (OP_MAY_BLOCK | OP_NO_FILE),
            .is_copied = stream->impl != &stream_socket, /* a pipe that others share may block */
        };
        int rc = begin_sendfile(&self, offset, n);
        ssize_t sent = 0;
        eddy_op op;

        if (rc == 0)
                rc = stream_claim(self, stream, &op);
        if (rc < 0)
                return rc;
        rc = stream_send_claimed(self, stream, NULL, 0);
        if (rc < 0)
                return stream_unclaim(self, stream, rc);
        while (part.left > 0) {
                sent = send_piece(self, &op, stream->fd, &part);
                if (sent < 0 || stream->write_error)
                        sent = stream_sending_error(self, stream, sent);
                if (sent <= 0)
                        break;
        }
        /* A file that cannot be read is no failure of the stream; one of the socket's comes back at the next
         * write. */
        rc = stream_unclaim(self, stream, stream->write_error);
        if (sent >= 0 && rc < 0)
                return rc;
        return sent < 0 ? sent : (ssize_t)(n - part.left);
}

ssize_t eddy_sock_sendfile(int fd, int file, off_t offset, size_t n)
{
        struct task *self;
        struct file_part part = {
            .fd = file, .offset = offset, .left = n, .to = &stream_socket, .may_block = true};
        ssize_t sent = begin_sendfile(&self, offset, n);
        eddy_op op;

        if (sent < 0)
                return sent;
        task_op_init(&op, self);
        while (part.left > 0 && (sent = send_piece(self, &op, fd, &part)) > 0)
                ;
        return sent < 0 ? sent : (ssize_t)(n - part.left);
}
