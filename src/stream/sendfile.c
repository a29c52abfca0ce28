/* Files that are sent. Neither sendfile() nor epoll can wait for a disk beside the loop, so the kernel is asked first
 * whether what comes next lies in memory, and a helper thread brings what does not. */
#include "base/memory.h"
#include "base/misuse.h"
#include "base/sys_file.h"
#include "base/sys_socket.h"
#include "file/request.h"
#include "loop/operation.h"
#include "stream/socket.h"
#include "stream/stream.h"
#include <eddy/socket.h>
#include <limits.h>

/** What is sent in one call, and brought into memory by one trip of a thread. */
enum { PIECE = 256 * 1024, COPIED_PIECE = 64 * 1024 };

/** How far apart a file is asked whether it lies in memory: by so much the kernel reads ahead. What is nearer to a place that
 * was asked about is taken to be where that is. */
enum { STEP = 128 * 1024, NEAR = 16 * 1024 };

enum { NOT_ASKED = -1 };

/** A part of a file that is being sent. */
struct file_part {
        int fd;
        off_t offset; /* of what comes next */
        size_t left;
        off_t asked;      /* up to where it was asked whether it lies in memory, or NOT_ASKED */
        struct flow *to;  /* NULL: a socket that is none */
        bool cannot_tell; /* the kernel does not know of this file what lies in memory */
        bool is_copied;   /* it goes through our memory: the kernel cannot send this file, or not to there */
};

/** Whether a byte of a file is on the disk and not in memory, as far as the kernel can tell. */
static bool is_cold(struct file_part *part, off_t place)
{
        char byte;
        ssize_t n = sys_preadv_nowait(part->fd, &(struct iovec){&byte, 1}, 1, place);

        part->cannot_tell = n < 0 && n != -EAGAIN;
        if (n == 0) /* the file has ended before */
                part->asked = INT64_MAX;
        return n == -EAGAIN;
}

/** Look at places of a part up to `end` that were not asked about: whether one of them is cold. */
static bool finds_cold(struct file_part *part, off_t end)
{
        if (part->asked == NOT_ASKED) {
                part->asked = part->offset;
                if (is_cold(part, part->offset))
                        return true;
        }
        while (!part->cannot_tell && end - part->asked > NEAR) {
                part->asked = end - part->asked > STEP ? part->asked + STEP : end;
                if (is_cold(part, part->asked - 1))
                        return true;
        }
        return false;
}

/** Have a thread bring what is sent next into memory: 0 or what interrupted that. */
static int bring(struct task *self, int fd, struct file_part *part, size_t size)
{
        struct file_request request = {
            .kind = FILE_BRING, .fd = part->fd, .offset = part->offset, .size = size};
        struct stat before, after;
        int rc = sys_fstat(fd, &before);

        if (rc < 0)
                return rc;
        file_ask(&request); /* where no thread can be had, or the disk fails, sending meets that again */
        if (self->interruption)
                return self->interruption;
        /* No operation has held the socket's number, which may be another one's now. */
        if (sys_fstat(fd, &after) < 0 || after.st_ino != before.st_ino || after.st_dev != before.st_dev)
                return -EBADF;
        part->asked = part->offset + (off_t)size;
        if (is_cold(part, part->offset)) /* and ever will be: some file systems say nothing else */
                part->cannot_tell = true;
        return 0;
}

/** See to it that what is sent next lies in memory: 0; what interrupted that; -EBADF where the socket was closed meanwhile.
 * Suspends where it does not. */
static int warm(struct task *self, int fd, struct file_part *part)
{
        size_t size = part->left < PIECE ? part->left : PIECE;

        if (self->interruption)
                return self->interruption;
        if (part->cannot_tell || part->offset > INT64_MAX - PIECE)
                return 0;
        return finds_cold(part, part->offset + (off_t)size) ? bring(self, fd, part, size) : 0;
}

/** Send some bytes through memory. */
static ssize_t send_copied(struct task *self, eddy_op *op, int fd, const struct file_part *part)
{
        size_t size = part->left < COPIED_PIECE ? part->left : COPIED_PIECE;
        struct flow *to = part->to;
        char *memory = memory_alloc(size);
        ssize_t n;

        if (!memory)
                return -ENOMEM;
        n = sys_pread(part->fd, memory, size, part->offset);
        if (n > 0) {
                task_op_describe(op, self, to ? to->impl->send : OP_SEND, fd, memory, (size_t)n);
                if (to)
                        op->traits = to->send_traits & (OP_MAY_BLOCK | OP_NO_FILE | OP_HOSTED);
                n = socket_finish_op(self, op, to ? flow_begin(to, op) : op_begin(op));
        }
        memory_free(memory);
        return n;
}

/** Have the kernel send some, once there is room. */
static ssize_t send_directly(struct task *self, eddy_op *op, int fd, const struct file_part *part)
{
        size_t size = part->left < PIECE ? part->left : PIECE;

        return socket_finish_op(self, op, eddy_op_sendfile(op, fd, part->fd, part->offset, size));
}

/** Whether others share where it goes, and may put that into blocking mode: sendfile() cannot be asked not to wait. */
static bool may_block(const struct file_part *part)
{
        return !part->to || part->to->send_traits & OP_MAY_BLOCK;
}

/** Send the next piece: how many bytes, 0 at the file's end, or an error. Suspends while there is no room. */
static ssize_t send_piece(struct task *self, eddy_op *op, int fd, struct file_part *part)
{
        ssize_t n = -EINVAL;

        if (!part->is_copied && may_block(part))
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
            .asked = NOT_ASKED,
            .to = &stream->flow,
            /* A pipe that others share may block, and a filter wants to see it. */
            .is_copied = stream->flow.impl != &flow_socket,
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
                sent = warm(self, stream->flow.fd, &part);
                if (sent == 0 && !stream->flow.write_error)
                        sent = send_piece(self, &op, stream->flow.fd, &part);
                if (sent < 0 || stream->flow.write_error)
                        sent = stream_sending_error(self, stream, sent);
                if (sent <= 0)
                        break;
        }
        /* A file that cannot be read is no failure of the stream; one of the socket's comes back at the next
         * write. */
        rc = stream_unclaim(self, stream, stream->flow.write_error);
        if (sent >= 0 && rc < 0)
                return rc;
        return sent < 0 ? sent : (ssize_t)(n - part.left);
}

ssize_t eddy_sock_sendfile(int fd, int file, off_t offset, size_t n)
{
        struct task *self;
        struct file_part part = {
            .fd = file,
            .offset = offset,
            .left = n,
            .asked = NOT_ASKED,
        };
        ssize_t sent = begin_sendfile(&self, offset, n);
        eddy_op op;

        if (sent < 0)
                return sent;
        task_op_init(&op, self);
        while (part.left > 0) {
                sent = warm(self, fd, &part);
                if (sent == 0)
                        sent = send_piece(self, &op, fd, &part);
                if (sent <= 0)
                        break;
        }
        return sent < 0 ? sent : (ssize_t)(n - part.left);
}
