/* Flows on pipes, terminals and files: what read() and write() are for. */
#include "base/sys_pipe.h"
#include "transport/flow.h"

static ssize_t begin_send_parts(eddy_op *op, int fd, const struct msghdr *message)
{
        return eddy_op_writev(op, fd, message->msg_iov, (int)message->msg_iovlen);
}

static bool reads(const struct flow *flow)
{
        return flow->read_error != -EBADF;
}

/** The reader sees the end when the descriptor is closed; one that reads as well, as a terminal, has no other end. */
static void end_sending(struct flow *flow)
{
        if (!reads(flow))
                flow->is_closing = true;
}

/** What a pipe holds is its reader's already. */
static void set_reset(struct flow *flow)
{
        (void)flow;
}

static void close_pipe(struct flow *flow)
{
        int mode = flow->must_unset_mode ? sys_get_mode(flow->fd) : -1;

        if (mode >= 0)
                sys_set_mode(flow->fd, mode & ~O_NONBLOCK);
        loop_close_descriptor(flow->loop, flow->fd);
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
        }
        if ((mode & O_ACCMODE) == O_RDONLY)
                flow->wants_eof = flow->has_sent_eof = true;
}
