/* What a datagram transport has to send and the kernel no room for: kept in order, each a message. */
#include "base/memory.h"
#include "base/sys_socket.h"
#include "loop/operation.h"
#include "transport/datagram_transport.h"

/** A datagram that waits for room. */
struct outgoing {
        eddy_link link;
        eddy_address to; /* size 0: to whom the socket is connected */
        size_t size;
        char data[];
};

static void drop(eddy_datagram_transport *transport, struct outgoing *outgoing)
{
        transport->unsent -= sizeof *outgoing + outgoing->size;
        list_remove(&outgoing->link);
        memory_free(outgoing);
}

static struct outgoing *first_queued(const eddy_datagram_transport *transport)
{
        return list_is_empty(&transport->queued) ? NULL
                                                 : container_of(transport->queued.next, struct outgoing, link);
}

void datagram_output_drop(eddy_datagram_transport *transport)
{
        datagram_end_operation(&transport->room);
        eddy_timer_cancel(&transport->again);
        while (!list_is_empty(&transport->queued))
                drop(transport, first_queued(transport));
}

/** Try to send a datagram: 0, -EAGAIN where there is no room, or why it cannot be sent. */
static int send_now(eddy_datagram_transport *transport, const void *data, size_t n, const eddy_address *to)
{
        struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = n};
        const struct msghdr message = {
            .msg_name = to ? (void *)(uintptr_t)&to->storage : NULL,
            .msg_namelen = to ? to->size : 0,
            .msg_iov = &part,
            .msg_iovlen = 1,
        };
        const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
        ssize_t sent = sys_sendmsg(transport->fd, &message, flags);

        /* Of an earlier one, which the kernel had not told yet; of this one nobody has heard. */
        if (sent == -ECONNREFUSED && transport->family != AF_UNIX) {
                transport->refusal = (int)sent;
                datagram_schedule_turn(transport);
                sent = sys_sendmsg(transport->fd, &message, flags);
        }
        return sent < 0 ? (int)sent : 0;
}

static int send_queued(eddy_datagram_transport *transport, const struct outgoing *outgoing)
{
        return send_now(transport, outgoing->data, outgoing->size, outgoing->to.size ? &outgoing->to : NULL);
}

static void flush(void *arg);

/** Wait until the first that is queued may be sent, after the kernel has said that it has no room. */
static void await_room(eddy_datagram_transport *transport)
{
        eddy_op *op = &transport->room;
        ssize_t begun = -EAGAIN;

        /* A UNIX socket knows only of whom it is connected to whether there is room; else nobody will tell. */
        if (transport->family != AF_UNIX || first_queued(transport)->to.size == 0) {
                op_init(op, transport->loop, flush, transport);
                op_describe(op, OP_POLL, transport->fd, NULL, POLLOUT, 0);
                begun = op_begin(op);
        }
        /* Where there is room after all, it is none of the kind that lacks, and would be told again and again. */
        if (begun != EDDY_PENDING)
                eddy_call_later(transport->loop, &transport->again, eddy_ms(1), flush, transport);
}

/** Whether those that are queued are being seen to. */
static bool is_waiting(const eddy_datagram_transport *transport)
{
        return transport->is_flushing || transport->room.pending ||
               list_is_linked(&transport->room.handle.link) || eddy_timer_pending(&transport->again);
}

/** Send what is queued, up to a batch: 0, or -EAGAIN where there is no room. */
static int send_batch(eddy_datagram_transport *transport)
{
        struct outgoing *first;

        for (int i = 0; i < DATAGRAM_BATCH && (first = first_queued(transport)); i++) {
                int rc = send_queued(transport, first);

                if (rc == -EAGAIN)
                        return rc;
                drop(transport, first);
                if (rc < 0)
                        datagram_tell_error(transport, rc);
        }
        return 0;
}

/** There may be room. */
static void flush(void *arg)
{
        eddy_datagram_transport *transport = arg;
        int rc;

        transport->is_flushing = true;
        rc = send_batch(transport);
        transport->is_flushing = false;
        if (rc == -EAGAIN)
                await_room(transport);
        else if (first_queued(transport)) /* others have their turn before */
                eddy_call_soon(transport->loop, &transport->room.handle, flush, transport);
        datagram_settle(transport);
}

/** Keep a datagram until there is room: 0 or -ENOMEM. */
static int queue(eddy_datagram_transport *transport, const void *data, size_t n, const eddy_address *to)
{
        struct outgoing *outgoing =
            n <= SIZE_MAX - sizeof *outgoing ? memory_alloc(sizeof *outgoing + n) : NULL;

        if (!outgoing)
                return -ENOMEM;
        outgoing->to.size = 0;
        if (to)
                outgoing->to = *to;
        outgoing->size = n;
        if (n > 0)
                memcpy(outgoing->data, data, n);
        list_append(&transport->queued, &outgoing->link);
        transport->unsent += sizeof *outgoing + n;
        if (!is_waiting(transport))
                await_room(transport);
        return 0;
}

static int check_sending(const eddy_datagram_transport *transport)
{
        if (transport->is_closing)
                return -EPIPE;
        return loop_is_inherited(transport->loop) ? -EBADF : loop_check(transport->loop);
}

int eddy_datagram_transport_sendto(eddy_datagram_transport *transport, const void *data, size_t n,
                                   const eddy_address *to)
{
        int rc = check_sending(transport);

        if (rc < 0)
                return rc;
        if (list_is_empty(&transport->queued))
                rc = send_now(transport, data, n, to);
        else
                rc = -EAGAIN;
        if (rc != -EAGAIN)
                return rc;
        rc = queue(transport, data, n, to);
        if (rc == 0)
                datagram_heed_upper_mark(transport);
        return rc;
}

void datagram_output_send_last(eddy_datagram_transport *transport)
{
        struct outgoing *first;

        while ((first = first_queued(transport)) && send_queued(transport, first) != -EAGAIN)
                drop(transport, first);
}
