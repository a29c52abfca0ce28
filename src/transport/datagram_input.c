/* What comes by a datagram transport: received into memory of the loop's, so that who is silent pins none, and a batch a
 * readiness, so that others have their turn. */
#include "base/memory.h"
#include "loop/operation.h"
#include "transport/datagram_transport.h"

/** The longest that come whole: no UDP datagram is longer, and few of UNIX sockets. */
enum { IP_ROOM = 64 * 1024, UNIX_ROOM = 256 * 1024 };

/** What a loop's transports share. Its pages are touched only by what comes. */
struct arrivals {
        struct mmsghdr heads[DATAGRAM_BATCH];
        struct iovec parts[DATAGRAM_BATCH];
        eddy_address senders[DATAGRAM_BATCH];
        char bytes[DATAGRAM_BATCH * IP_ROOM];
};

static void free_arrivals(eddy_loop *loop)
{
        memory_free(loop->tenants[ROOM_DATAGRAMS].kept);
}

static const struct loop_tenant_impl arrivals_impl = {.close = free_arrivals};

int datagram_input_prepare(eddy_loop *loop)
{
        struct arrivals *arrivals;

        if (loop->tenants[ROOM_DATAGRAMS].kept)
                return 0;
        arrivals = memory_alloc(sizeof *arrivals);
        if (!arrivals)
                return -ENOMEM;
        loop_move_in(loop, ROOM_DATAGRAMS, &arrivals_impl, arrivals);
        return 0;
}

/** Prepare to receive datagrams of so many bytes at most: how many of them. */
static unsigned make_room(struct arrivals *arrivals, size_t room)
{
        unsigned n = (unsigned)(sizeof arrivals->bytes / room);

        for (unsigned i = 0; i < n; i++) {
                arrivals->parts[i] = (struct iovec){.iov_base = arrivals->bytes + i * room, .iov_len = room};
                arrivals->heads[i].msg_hdr = (struct msghdr){
                    .msg_name = &arrivals->senders[i].storage,
                    .msg_namelen = sizeof arrivals->senders[i].storage,
                    .msg_iov = &arrivals->parts[i],
                    .msg_iovlen = 1,
                };
        }
        return n;
}

/** Receive what is there, and no more: how many, -EAGAIN or an error. */
static int receive_batch(eddy_datagram_transport *transport, struct arrivals *arrivals, size_t room)
{
        eddy_op *op = &transport->input;

        op_describe(op, OP_RECVMMSG, transport->fd, arrivals->heads, make_room(arrivals, room), 0);
        op->traits = OP_SHORT_IS_ALL | OP_DONT_WAIT;
        return (int)op_begin(op);
}

static void show(eddy_datagram_transport *transport, const struct mmsghdr *head, eddy_address *sender)
{
        const struct msghdr *message = &head->msg_hdr;

        if (message->msg_flags & MSG_TRUNC) {
                datagram_tell_error(transport, -EMSGSIZE);
                return;
        }
        sender->size = message->msg_namelen;
        if (sender->size == 0)
                sender->any.sa_family = AF_UNSPEC;
        if (transport->protocol->datagram_received)
                transport->protocol->datagram_received(transport, transport->self, message->msg_iov->iov_base,
                                                       head->msg_len, sender);
}

/** Whether receiving fails for good, and not because of some datagram. */
static bool is_fatal(int error)
{
        return error == -EBADF || error == -ENOTSOCK;
}

static void receive(void *arg)
{
        eddy_datagram_transport *transport = arg;
        struct arrivals *arrivals = transport->loop->tenants[ROOM_DATAGRAMS].kept;
        int got = (int)transport->input.result;

        if (got < 0) { /* it cannot be waited for */
                datagram_fail(transport, got);
                return;
        }
        got = receive_batch(transport, arrivals, transport->family == AF_UNIX ? UNIX_ROOM : IP_ROOM);
        if (is_fatal(got))
                datagram_fail(transport, got);
        else if (got < 0 && got != -EAGAIN)
                datagram_tell_error(transport, got);
        for (int i = 0; i < got && !transport->is_closing; i++)
                show(transport, &arrivals->heads[i], &arrivals->senders[i]);
        if (!transport->is_closing)
                datagram_input_await(transport);
}

void datagram_input_await(eddy_datagram_transport *transport)
{
        eddy_op *op = &transport->input;
        ssize_t begun;

        op_init(op, transport->loop, receive, transport);
        op_describe(op, OP_READABLE, transport->fd, NULL, 0, 0);
        begun = op_begin(op);
        if (begun != EDDY_PENDING)
                op_defer(op, begun);
}
