/* Streams on pipes, terminals and files: what read() and write() are for. */
#include "transport/pipe.h"
#include "base/misuse.h"
#include "base/sys_pipe.h"
#include "net/socket.h"
#include "stream/stream.h"
#include <stdio.h>
#include <sys/sysmacros.h>

eddy_stream *stream_create_pipe(eddy_loop *loop, int fd, int mode, size_t limit)
{
        eddy_stream *stream = stream_create(loop, fd, AF_UNSPEC, limit);

        if (!stream)
                return NULL;
        flow_become_pipe(&stream->flow, mode);
        return stream;
}

/** Make a stream of a file that is no socket: 0 or -ENOMEM. */
static int create_of_file(eddy_stream **created, int fd, const struct shared_file *file, size_t limit)
{
        *created = stream_create(loop_running_here, fd, AF_UNSPEC, limit);
        if (!*created)
                return -ENOMEM;
        flow_become_file(&(*created)->flow, file);
        return 0;
}

int eddy_stream_from_pipe(eddy_stream **created, int fd, size_t limit)
{
        struct shared_file file;
        int rc;

        *created = NULL;
        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        rc = shared_file_look_at(&file, fd);
        if (rc < 0)
                return rc;
        if (S_ISSOCK(file.status.st_mode))
                return eddy_stream_from_socket(created, fd, limit);
        rc = shared_file_set_nonblocking(&file, fd);
        return rc < 0 ? rc : create_of_file(created, fd, &file, limit);
}

/** Whether a file can be opened anew by its name in /proc, as the same with a mode of its own. The master of a terminal
 * would be another terminal's. */
static bool can_reopen(const struct shared_file *file)
{
        const dev_t ptmx = makedev(5, 2);
        const struct stat *status = &file->status;

        return !shared_file_never_waits(file) && !S_ISSOCK(status->st_mode) &&
               !(S_ISCHR(status->st_mode) && status->st_rdev == ptmx);
}

/** A descriptor of our own for a file that other processes share, whose mode is to stay as it is. A pipe or terminal
 * that is opened anew has a mode of its own; where that cannot be, a pipe is asked each time not to wait, and where that
 * cannot be either, the mode is set for all until the stream is closed. */
static int open_shared(int fd, struct shared_file *file, bool *must_unset_mode)
{
        bool is_told_each_time =
            shared_file_never_waits(file) || S_ISSOCK(file->status.st_mode) || file->may_block;
        char path[32];
        int own = -ENXIO, rc;

        *must_unset_mode = false;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (can_reopen(file))
                own = sys_reopen(path, (file->mode & O_ACCMODE) | O_NONBLOCK | O_NOCTTY);
        if (own >= 0) {
                file->may_block = false;
                return own;
        }
        own = sys_duplicate(fd);
        if (own < 0 || file->mode & O_NONBLOCK || is_told_each_time)
                return own;
        rc = sys_set_mode(own, file->mode | O_NONBLOCK);
        if (rc < 0) {
                sys_close(own);
                return rc;
        }
        *must_unset_mode = true;
        return own;
}

/** Whether a FIFO that is read has had a writer, and has none. One that is opened anew does not know of those before. */
static bool has_lost_writer(int fd, const struct shared_file *file)
{
        struct pollfd request = {.fd = fd, .events = POLLIN};

        return S_ISFIFO(file->status.st_mode) && (file->mode & O_ACCMODE) == O_RDONLY &&
               sys_poll(&request, 1) > 0 && request.revents & POLLHUP;
}

/** Make a stream of a socket that others share: 0 or an error. */
static int create_shared_socket(eddy_stream **created, int fd, size_t limit)
{
        int family, rc = socket_family(fd, &family);

        if (rc < 0)
                return rc;
        *created = stream_create(loop_running_here, fd, family, limit);
        if (!*created)
                return -ENOMEM;
        /* Others may read it, too. It is asked each time not to wait; its mode does not matter, but to sendfile(). */
        (*created)->flow.receive_traits &= (unsigned char)~OP_EXCLUSIVE;
        (*created)->flow.send_traits |= OP_MAY_BLOCK;
        socket_set_nodelay(fd, family);
        return 0;
}

int eddy_open_stdio(eddy_stream **created, int fd, size_t limit)
{
        struct shared_file file;
        bool must_unset_mode;
        int own, rc;

        *created = NULL;
        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        rc = shared_file_look_at(&file, fd);
        if (rc < 0)
                return rc;
        own = open_shared(fd, &file, &must_unset_mode);
        if (own < 0)
                return own;
        file.has_lost_writer = has_lost_writer(fd, &file);
        rc = S_ISSOCK(file.status.st_mode) ? create_shared_socket(created, own, limit)
                                           : create_of_file(created, own, &file, limit);
        if (rc == 0) {
                (*created)->flow.must_unset_mode = must_unset_mode;
                return 0;
        }
        if (must_unset_mode)
                sys_set_mode(own, file.mode);
        sys_close(own);
        return rc;
}
