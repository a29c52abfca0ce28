/* Flows on pipes, terminals and files: what read() and write() are for. */
#include "transport/pipe.h"

#include "base/sys_pipe.h"

static ssize_t begin_send_parts(struct flow *flow, eddy_op *op, const struct msghdr *message)
{
        return eddy_op_writev(op, flow->fd, message->msg_iov, (int)message->msg_iovlen);
}

/** The reader sees the end when the descriptor is closed; one that reads as well, as a terminal, has no other end. */
static void end_sending(struct flow *flow)
{
        if (!flow_reads(flow))
                flow->is_closing = true;
}

/** What a pipe holds is its reader's already. */
static void set_reset(struct flow *flow)
{
        (void)flow;
}

static bool close_pipe(struct flow *flow, bool is_last)
{
        int mode = flow->must_unset_mode ? sys_get_mode(flow->fd) : -1;

        if (mode >= 0)
                sys_set_mode(flow->fd, mode & ~O_NONBLOCK);
        (void)is_last;
        loop_close_descriptor(flow->loop, flow->fd);
        return true;
}

const struct flow_impl flow_pipe = {
    .receive = OP_READ,
    .send = OP_WRITE,
    .begin_send_parts = begin_send_parts,
    .end_sending = end_sending,
    .set_reset = set_reset,
    .close = close_pipe,
};

void flow_become_pipe(struct flow *flow, int mode)
{
        flow->impl = &flow_pipe;
        flow->send_traits |= OP_NO_FILE;
        if ((mode & O_ACCMODE) == O_WRONLY) {
                flow->has_ended = true;
                flow->read_error = -EBADF;
                flow->awaits_writer = true; /* that is, it is told of its reader's end */
        }
        if ((mode & O_ACCMODE) == O_RDONLY)
                flow->wants_eof = flow->has_sent_eof = true;
}

int shared_file_look_at(struct shared_file *file, int fd)
{
        int rc = sys_pipe_status(fd, &file->status);

        if (rc == 0)
                rc = file->mode = sys_get_mode(fd);
        if (rc < 0)
                return rc;
        file->has_lost_writer = false;
        file->may_block = S_ISFIFO(file->status.st_mode) && sys_pipe_knows_nowait(&file->status);
        return 0;
}

int shared_file_set_nonblocking(const struct shared_file *file, int fd)
{
        if (file->mode & O_NONBLOCK || shared_file_never_waits(file))
                return 0;
        return sys_set_mode(fd, file->mode | O_NONBLOCK);
}

void flow_become_file(struct flow *flow, const struct shared_file *file)
{
        bool is_fifo = S_ISFIFO(file->status.st_mode);

        flow_become_pipe(flow, file->mode);
        /* A pipe of packets, or a terminal by the line, gives less than was asked for, and has more. And one that was
         * opened anew when its writer had gone is told of no end: only reading finds it. */
        if (!is_fifo || file->mode & O_DIRECT || file->has_lost_writer)
                flow->receive_traits = flow->send_traits = 0;
        if (!shared_file_never_waits(file))
                flow->send_traits |= OP_NO_FILE;
        if (file->may_block) {
                flow->receive_traits |= OP_MAY_BLOCK;
                flow->send_traits |= OP_MAY_BLOCK;
        }
        flow->awaits_writer = is_fifo && !file->has_lost_writer;
}
