#include "transport/transport.h"

#include "base/memory.h"
#include "net/socket.h"
#include "transport/filter.h"
#include "transport/pipe.h"
#include <poll.h>

static eddy_transport *transport_of(struct flow *flow)
{
        return container_of(flow, eddy_transport, flow);
}

/** Keep why it will be lost, unless that is known. */
static void note_reason(eddy_transport *transport, int reason)
{
        const char *why;

        if (transport->reason)
                return;
        why = filter_explain(&transport->flow, reason);
        if (why)
                error_detail_set(&transport->detail, reason, why);
        transport->reason = reason;
}

/** Have it closed for a reason of its own, and what was written dropped. */
static void fail(eddy_transport *transport, int reason)
{
        note_reason(transport, reason);
        flow_abort(&transport->flow);
}

/** The first of it. */
static void make(eddy_transport *transport)
{
        transport->is_made = true;
        if (transport->protocol->connection_made)
                transport->protocol->connection_made(transport, transport->self);
}

/** The last of it. */
static void lose(eddy_transport *transport)
{
        transport_forget_securing(transport);
        error_detail_adopt(transport->detail);
        if (transport->is_made && transport->protocol->connection_lost)
                transport->protocol->connection_lost(transport, transport->self, transport->reason);
        if (transport->gone)
                transport->gone(transport);
        /* Of an input that ended as this did, and of what connection_lost() asked for in vain. */
        flow_finish_input(&transport->flow, &transport->input);
        eddy_handle_cancel(&transport->turn);
        flow_finish(&transport->flow);
        memory_free(transport->detail);
        memory_free(transport);
}

/** Have the protocol told where more is unsent than should be. */
static void heed_upper_mark(eddy_transport *transport)
{
        const struct flow *flow = &transport->flow;

        if (!transport->is_made || transport->is_full || flow->is_closing ||
            flow_unsent_in_all(flow) <= flow->high_water)
                return;
        transport->is_full = true;
        if (transport->protocol->pause_writing)
                transport->protocol->pause_writing(transport, transport->self);
}

/** Whether writing is to go on that was to pause. */
static bool has_room_again(const eddy_transport *transport)
{
        const struct flow *flow = &transport->flow;

        return transport->is_full && !flow->is_closing && flow_unsent_in_all(flow) <= flow->low_water;
}

/** What must not come within a call. */
static void take_turn(void *arg)
{
        eddy_transport *transport = arg;

        /* Both sides are still to agree; or they did not, and that is to be told first. */
        if (transport->securing && (!transport->is_made || transport->flow.is_closed))
                return;
        if (!transport->is_made && !transport->is_given_up) {
                make(transport);
                if (!transport->flow.is_closing)
                        flow_start_input(&transport->flow, &transport->input);
                heed_upper_mark(transport);
        }
        if (transport->flow.is_closed) {
                lose(transport);
        } else if (has_room_again(transport)) {
                transport->is_full = false;
                if (transport->protocol->resume_writing)
                        transport->protocol->resume_writing(transport, transport->self);
        }
}

static void schedule_turn(eddy_transport *transport)
{
        if (!list_is_linked(&transport->turn.link))
                loop_schedule(transport->flow.loop, &transport->turn);
}

static void settled(struct flow *flow)
{
        eddy_transport *transport = transport_of(flow);

        note_reason(transport, flow_closing_error(flow));
        if (flow->write_error && !flow->is_closing) {
                if (transport->securing) /* then it is closed as the other side can understand */
                        return;
                flow_abort(flow); /* and so on in there */
                return;
        }
        transport->is_over = flow->is_closed;
        if (flow->is_closed || has_room_again(transport))
                schedule_turn(transport);
}

void transport_go_on(eddy_transport *transport)
{
        if (!transport->is_made)
                schedule_turn(transport);
        settled(&transport->flow);
}

static void *lend(struct flow *flow, size_t *size)
{
        eddy_transport *transport = transport_of(flow);
        void *place;

        if (!transport->protocol->get_buffer)
                return NULL;
        place = transport->protocol->get_buffer(transport, transport->self, size);
        if (!place || *size == 0)
                fail(transport, -ENOBUFS);
        return place;
}

static void came(struct flow *flow, void *data, ssize_t n)
{
        eddy_transport *transport = transport_of(flow);
        const eddy_protocol *protocol = transport->protocol;

        if (n == 0 && !flow_reads(flow)) /* nobody reads what is written to a pipe */
                fail(transport, flow_unsent_in_all(flow) > 0 || flow_is_sending(flow) ? -EPIPE : 0);
        else if (n > 0 && protocol->get_buffer && protocol->buffer_updated)
                protocol->buffer_updated(transport, transport->self, (size_t)n);
        else if (n > 0 && protocol->data_received)
                protocol->data_received(transport, transport->self, data, (size_t)n);
        else if (n < 0)
                fail(transport, (int)n);
        else if (n == 0 && !(protocol->eof_received && protocol->eof_received(transport, transport->self)))
                flow_close(flow);
}

/** Whether the connection broke: whoever has received the error, a filter or the kernel ahead of us, has taken it off the socket, and then
 * TCP is over in both directions without our end having been sent. */
static bool is_broken(const struct flow *flow, unsigned events)
{
        while (flow->impl->below)
                flow = flow->impl->below;
        return events & POLLERR || (events & POLLHUP && flow->family != AF_UNIX && !flow->has_sent_eof);
}

static void gone(struct flow *flow, unsigned events)
{
        eddy_transport *transport = transport_of(flow);

        if (transport->protocol->peer_gone)
                transport->protocol->peer_gone(transport, transport->self, is_broken(flow, events));
}

static void loop_closed(struct flow *flow)
{
        eddy_transport *transport = transport_of(flow);

        eddy_handle_cancel(&transport->turn);
        if (!transport->is_made && !transport->is_given_up && !transport->securing)
                make(transport);
        if (!transport->reason && !transport->is_over)
                transport->reason = EDDY_ELOOPCLOSED;
        lose(transport);
}

static const struct flow_client client = {
    .settled = settled,
    .lend = lend,
    .came = came,
    .gone = gone,
    .loop_closed = loop_closed,
    .what = "transport",
};

int transport_create(eddy_transport **created, eddy_loop *loop, int fd, int family,
                     const eddy_protocol *protocol, void *self)
{
        eddy_transport *transport = memory_zalloc(sizeof *transport);

        *created = transport;
        if (!transport)
                return -ENOMEM;
        if (flow_init(&transport->flow, &client, loop, fd, family) < 0) {
                memory_free(transport);
                *created = NULL;
                return -ENOMEM;
        }
        eddy_transport_set_protocol(transport, protocol, self);
        transport->turn.callback = take_turn;
        transport->turn.arg = transport;
        schedule_turn(transport);
        return 0;
}

int eddy_transport_from_socket(eddy_transport **transport, eddy_loop *loop, int fd,
                               const eddy_protocol *protocol, void *self)
{
        eddy_transport *made = NULL;
        int family, rc = loop_check_open(loop = loop_meant(loop));

        if (transport)
                *transport = NULL;
        if (rc == 0)
                rc = socket_adopt(fd, SOCK_STREAM, &family);
        if (rc == 0)
                rc = transport_create(&made, loop, fd, family, protocol, self);
        if (rc < 0)
                return rc;
        socket_set_nodelay(fd, family);
        if (transport)
                *transport = made;
        return 0;
}

int eddy_transport_from_pipe(eddy_transport **transport, eddy_loop *loop, int fd, const eddy_protocol *protocol,
                             void *self)
{
        struct shared_file file;
        eddy_transport *made = NULL;
        int rc = loop_check_open(loop = loop_meant(loop));

        if (transport)
                *transport = NULL;
        if (rc == 0)
                rc = shared_file_look_at(&file, fd);
        if (rc == 0 && S_ISSOCK(file.status.st_mode))
                return eddy_transport_from_socket(transport, loop, fd, protocol, self);
        if (rc == 0)
                rc = shared_file_set_nonblocking(&file, fd);
        if (rc == 0)
                rc = transport_create(&made, loop, fd, AF_UNSPEC, protocol, self);
        if (rc < 0)
                return rc;
        flow_become_file(&made->flow, &file);
        if (transport)
                *transport = made;
        return 0;
}

/** What a call came to: where that is why the transport will be lost, with its sentence. */
static int told(const eddy_transport *transport, int rc)
{
        if (rc < 0 && rc == transport->reason)
                error_detail_adopt(transport->detail);
        return rc;
}

int eddy_transport_write(eddy_transport *transport, const void *data, size_t n)
{
        return eddy_transport_writev(transport, &(struct iovec){(void *)(uintptr_t)data, n}, 1);
}

int eddy_transport_writev(eddy_transport *transport, const struct iovec *parts, int count)
{
        int rc = flow_writev(&transport->flow, parts, count);

        if (rc == 0)
                heed_upper_mark(transport);
        else if (transport->flow.write_error)
                settled(&transport->flow);
        return told(transport, rc);
}

bool eddy_transport_can_write_eof(const eddy_transport *transport)
{
        const struct flow *flow = &transport->flow;

        return flow_file(flow) == &flow_socket || !flow_reads(flow);
}

int eddy_transport_write_eof(eddy_transport *transport)
{
        if (!eddy_transport_can_write_eof(transport))
                return EDDY_ENOTSUP;
        return told(transport, flow_write_eof(&transport->flow));
}

void eddy_transport_close(eddy_transport *transport)
{
        flow_close(&transport->flow);
}

void eddy_transport_abort(eddy_transport *transport)
{
        flow_abort(&transport->flow);
}

bool eddy_transport_is_closing(const eddy_transport *transport)
{
        return transport->flow.is_closing;
}

void eddy_transport_pause_reading(eddy_transport *transport)
{
        flow_pause_input(&transport->input);
}

void eddy_transport_resume_reading(eddy_transport *transport)
{
        flow_resume_input(&transport->input);
}

bool eddy_transport_is_reading(const eddy_transport *transport)
{
        return !transport->input.is_paused && !transport->flow.has_ended && !transport->flow.is_closing;
}

int eddy_transport_set_write_limits(eddy_transport *transport, size_t high, size_t low)
{
        if (low > high)
                return -EINVAL;
        transport->flow.high_water = high;
        transport->flow.low_water = low;
        heed_upper_mark(transport);
        if (has_room_again(transport))
                schedule_turn(transport);
        return 0;
}

size_t eddy_transport_write_buffer_size(const eddy_transport *transport)
{
        return transport->flow.write_error ? 0 : flow_unsent_in_all(&transport->flow);
}

int eddy_transport_fd(const eddy_transport *transport)
{
        return transport->flow.fd;
}

void eddy_transport_set_protocol(eddy_transport *transport, const eddy_protocol *protocol, void *self)
{
        transport->protocol = protocol;
        transport->self = self;
        transport->input.is_lent_to = protocol->get_buffer != NULL;
        transport->input.notices_gone = protocol->peer_gone != NULL;
}

const eddy_protocol *eddy_transport_protocol(const eddy_transport *transport, void **self)
{
        if (self)
                *self = transport->self;
        return transport->protocol;
}

int eddy_transport_add_filter(eddy_transport *transport, const eddy_filter *filter, void *self)
{
        return filter_add(&transport->flow, filter, self, &transport->input.rest);
}

int eddy_transport_remove_filter(eddy_transport *transport)
{
        struct flow *flow = &transport->flow;
        bool had_ended = flow->has_ended;
        int rc = filter_remove(flow, &transport->input.rest);

        if (rc < 0)
                return rc;
        if (!had_ended || transport->input.rest.memory)
                flow->has_ended = !flow_reads(flow); /* it is to be told behind what is left */
        flow_return_input(flow, &transport->input);
        return 0;
}

void transport_hand_over(eddy_transport *transport, struct flow *to)
{
        static const eddy_protocol silent;

        eddy_transport_set_protocol(transport, &silent, NULL);
        flow_move(to, &transport->flow);
        flow_leave(&transport->flow);
}
