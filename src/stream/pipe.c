/* Streams on pipes, terminals and files: what read() and write() are for. */
#include "base/misuse.h"
#include "base/sys_pipe.h"
#include "stream/socket.h"
#include "stream/stream.h"
#include <stdio.h>

static ssize_t begin_send_parts(eddy_op *op, int fd, const struct msghdr *message)
{
        return eddy_op_writev(op, fd, message->msg_iov, (int)message->msg_iovlen);
}

static bool reads(const eddy_stream *stream)
{
        return stream->read_error != -EBADF;
}

/** The reader sees the end when the descriptor is closed; one that reads as well, as a terminal, has no other end. */
static void end_sending(eddy_stream *stream)
{
        if (!reads(stream))
                stream->is_closing = true;
}

/** What a pipe holds is its reader's already. */
static void set_reset(eddy_stream *stream)
{
        (void)stream;
}

static void close_pipe(eddy_stream *stream)
{
        int mode = stream->must_unset_mode ? sys_get_mode(stream->fd) : -1;

        if (mode >= 0)
                sys_set_mode(stream->fd, mode & ~O_NONBLOCK);
        loop_close_descriptor(stream->loop, stream->fd);
}

const struct stream_impl stream_pipe = {
    .receive = OP_READ,
    .send = OP_WRITE,
    .begin_send_parts = begin_send_parts,
    .end_sending = end_sending,
    .set_reset = set_reset,
    .close = close_pipe,
};

eddy_stream *stream_create_pipe(eddy_loop *loop, int fd, int mode, size_t limit)
{
        eddy_stream *stream = stream_create(loop, fd, AF_UNSPEC, limit);

        if (!stream)
                return NULL;
        stream->impl = &stream_pipe;
        if ((mode & O_ACCMODE) == O_WRONLY) {
                stream->has_ended = true;
                stream->read_error = -EBADF;
        }
        if ((mode & O_ACCMODE) == O_RDONLY)
                stream->wants_eof = stream->has_sent_eof = true;
        return stream;
}

/** Make a stream of what fstat() and fcntl() have told of a descriptor: 0 or -ENOMEM. */
static int create(eddy_stream **created, int fd, const struct stat *status, int mode, size_t limit)
{
        eddy_stream *stream = stream_create_pipe(loop_running_here, fd, mode, limit);

        *created = stream;
        if (!stream)
                return -ENOMEM;
        /* A pipe of packets, or a terminal by the line, gives less than was asked for, and has more. */
        if (!S_ISFIFO(status->st_mode) || mode & O_DIRECT)
                stream->receive_traits = stream->send_traits = 0;
        return 0;
}

/** Whether a file is read and written without waiting, and its mode is nobody's concern. */
static bool never_waits(const struct stat *status)
{
        return S_ISREG(status->st_mode) || S_ISBLK(status->st_mode) || S_ISDIR(status->st_mode);
}

int eddy_stream_from_pipe(eddy_stream **created, int fd, size_t limit)
{
        struct stat status;
        int mode, rc;

        *created = NULL;
        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        rc = sys_pipe_status(fd, &status);
        if (rc < 0)
                return rc;
        if (S_ISSOCK(status.st_mode))
                return eddy_stream_from_socket(created, fd, limit);
        mode = rc = sys_get_mode(fd);
        if (rc >= 0 && !(mode & O_NONBLOCK) && !never_waits(&status))
                rc = sys_set_mode(fd, mode | O_NONBLOCK);
        return rc < 0 ? rc : create(created, fd, &status, mode, limit);
}

/** A descriptor of our own for a file that other processes share, whose mode is to stay as it is. A pipe or terminal
 * that is opened anew has a mode of its own. Where that cannot be, it is set for all until the stream is closed. */
static int open_shared(int fd, const struct stat *status, int mode, bool *must_unset_mode)
{
        char path[32];
        int own = -ENXIO, rc;

        *must_unset_mode = false;
        if (never_waits(status) || S_ISSOCK(status->st_mode))
                return sys_duplicate(fd);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        own = sys_reopen(path, (mode & O_ACCMODE) | O_NONBLOCK | O_NOCTTY);
        if (own >= 0)
                return own;
        own = sys_duplicate(fd);
        if (own < 0 || mode & O_NONBLOCK)
                return own;
        rc = sys_set_mode(own, mode | O_NONBLOCK);
        if (rc < 0) {
                sys_close(own);
                return rc;
        }
        *must_unset_mode = true;
        return own;
}

int eddy_open_stdio(eddy_stream **created, int fd, size_t limit)
{
        struct stat status;
        bool must_unset_mode;
        int own, mode, family, rc;

        *created = NULL;
        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        rc = sys_pipe_status(fd, &status);
        if (rc < 0)
                return rc;
        mode = sys_get_mode(fd);
        if (mode < 0)
                return mode;
        own = open_shared(fd, &status, mode, &must_unset_mode);
        if (own < 0)
                return own;
        /* Sockets are asked not to wait each time; their mode does not matter. */
        if (S_ISSOCK(status.st_mode)) {
                rc = socket_family(own, &family);
                if (rc == 0)
                        *created = stream_create(loop_running_here, own, family, limit);
                if (rc == 0 && !*created)
                        rc = -ENOMEM;
                if (rc == 0)
                        (*created)->receive_traits &=
                            (unsigned char)~OP_EXCLUSIVE; /* others may read it, too */
                if (rc == 0)
                        stream_set_nodelay(own, family);
        } else {
                rc = create(created, own, &status, mode, limit);
        }
        if (rc == 0) {
                (*created)->must_unset_mode = must_unset_mode;
                return 0;
        }
        if (must_unset_mode)
                sys_set_mode(own, mode);
        sys_close(own);
        return rc;
}
