#include "transport/datagram_transport.h"

#include "base/memory.h"
#include "loop/operation.h"
#include "net/socket.h"
#include "transport/transport.h"

void datagram_schedule_turn(eddy_datagram_transport *transport)
{
        if (!list_is_linked(&transport->turn.link))
                loop_schedule(transport->loop, &transport->turn);
}

void datagram_end_operation(eddy_op *op)
{
        eddy_op_cancel(op);
        eddy_handle_cancel(&op->handle);
}

/** Whether sending is to go on that was to pause. */
static bool has_room_again(const eddy_datagram_transport *transport)
{
        return transport->is_full && !transport->is_closing && transport->unsent <= transport->low_water;
}

void datagram_settle(eddy_datagram_transport *transport)
{
        if (transport->is_closing && transport->fd >= 0 && list_is_empty(&transport->queued)) {
                loop_close_descriptor(transport->loop, transport->fd);
                transport->fd = -1;
                datagram_schedule_turn(transport);
        }
        if (has_room_again(transport))
                datagram_schedule_turn(transport);
}

void datagram_fail(eddy_datagram_transport *transport, int reason)
{
        transport->reason = reason;
        eddy_datagram_transport_abort(transport);
}

void datagram_tell_error(eddy_datagram_transport *transport, int error)
{
        if (!transport->is_closing && transport->protocol->error_received)
                transport->protocol->error_received(transport, transport->self, error);
}

/** The first of it. */
static void make(eddy_datagram_transport *transport)
{
        transport->is_made = true;
        if (transport->protocol->connection_made)
                transport->protocol->connection_made(transport, transport->self);
}

/** The last of it. */
static void lose(eddy_datagram_transport *transport)
{
        if (transport->protocol->connection_lost)
                transport->protocol->connection_lost(transport, transport->self, transport->reason);
        if (transport->gone)
                transport->gone(transport);
        eddy_handle_cancel(&transport->turn);
        if (list_is_linked(&transport->resource.link))
                list_remove(&transport->resource.link);
        memory_free(transport);
}

void datagram_heed_upper_mark(eddy_datagram_transport *transport)
{
        if (!transport->is_made || transport->is_full || transport->is_closing ||
            transport->unsent <= transport->high_water)
                return;
        transport->is_full = true;
        if (transport->protocol->pause_writing)
                transport->protocol->pause_writing(transport, transport->self);
}

static void tell_refusal(eddy_datagram_transport *transport)
{
        int refusal = transport->refusal;

        transport->refusal = 0;
        if (refusal)
                datagram_tell_error(transport, refusal);
}

static void resume_writing(eddy_datagram_transport *transport)
{
        if (!has_room_again(transport))
                return;
        transport->is_full = false;
        if (transport->protocol->resume_writing)
                transport->protocol->resume_writing(transport, transport->self);
}

/** What must not come within a call. */
static void take_turn(void *arg)
{
        eddy_datagram_transport *transport = arg;

        if (!transport->is_made) {
                make(transport);
                if (!transport->is_closing)
                        datagram_input_await(transport);
                datagram_heed_upper_mark(transport);
        }
        tell_refusal(transport);
        resume_writing(transport);
        if (transport->fd < 0)
                lose(transport);
}

/** The loop is closed: what the kernel takes now of the rest of one that was closed before is the last to leave. */
static void close_with_loop(struct loop_resource *resource)
{
        eddy_datagram_transport *transport = container_of(resource, eddy_datagram_transport, resource);

        datagram_end_operation(&transport->input);
        if (transport->is_closing && !loop_is_inherited(transport->loop))
                datagram_output_send_last(transport);
        datagram_output_drop(transport);
        if (transport->fd >= 0) {
                loop_close_descriptor(transport->loop, transport->fd);
                transport->fd = -1;
                transport->reason = EDDY_ELOOPCLOSED;
        }
        transport->is_closing = true;
        if (!transport->is_made)
                make(transport);
        lose(transport);
}

int datagram_transport_create(eddy_datagram_transport **created, eddy_loop *loop, int fd, int family,
                              const eddy_datagram_protocol *protocol, void *self)
{
        eddy_datagram_transport *transport = NULL;

        if (datagram_input_prepare(loop) == 0)
                transport = memory_zalloc(sizeof *transport);
        *created = transport;
        if (!transport)
                return -ENOMEM;
        transport->resource.close = close_with_loop;
        transport->resource.what = "datagram transport";
        transport->loop = loop;
        transport->fd = fd;
        transport->family = family;
        transport->high_water = FLOW_DEFAULT_HIGH_WATER;
        transport->low_water = FLOW_DEFAULT_HIGH_WATER / 4;
        transport->turn.callback = take_turn;
        transport->turn.arg = transport;
        list_init(&transport->queued);
        eddy_datagram_transport_set_protocol(transport, protocol, self);
        loop_add_resource(loop, &transport->resource);
        datagram_schedule_turn(transport);
        return 0;
}

int eddy_datagram_transport_from_socket(eddy_datagram_transport **transport, eddy_loop *loop, int fd,
                                        const eddy_datagram_protocol *protocol, void *self)
{
        eddy_datagram_transport *made = NULL;
        int family, rc = loop_check_open(loop = loop_meant(loop));

        if (rc == 0)
                rc = socket_adopt(fd, SOCK_DGRAM, &family);
        if (rc == 0)
                rc = datagram_transport_create(&made, loop, fd, family, protocol, self);
        if (transport)
                *transport = made;
        return rc;
}

static void begin_closing(eddy_datagram_transport *transport)
{
        transport->is_closing = true;
        datagram_end_operation(&transport->input);
        datagram_settle(transport);
}

void eddy_datagram_transport_close(eddy_datagram_transport *transport)
{
        if (!transport->is_closing && !loop_is_inherited(transport->loop))
                begin_closing(transport);
}

void eddy_datagram_transport_abort(eddy_datagram_transport *transport)
{
        if (transport->fd < 0 || loop_is_inherited(transport->loop))
                return;
        datagram_output_drop(transport);
        begin_closing(transport);
}

bool eddy_datagram_transport_is_closing(const eddy_datagram_transport *transport)
{
        return transport->is_closing;
}

int eddy_datagram_transport_set_write_limits(eddy_datagram_transport *transport, size_t high, size_t low)
{
        if (low > high)
                return -EINVAL;
        transport->high_water = high;
        transport->low_water = low;
        datagram_heed_upper_mark(transport);
        datagram_settle(transport);
        return 0;
}

size_t eddy_datagram_transport_write_buffer_size(const eddy_datagram_transport *transport)
{
        return transport->unsent;
}

int eddy_datagram_transport_fd(const eddy_datagram_transport *transport)
{
        return transport->fd;
}

void eddy_datagram_transport_set_protocol(eddy_datagram_transport *transport,
                                          const eddy_datagram_protocol *protocol, void *self)
{
        transport->protocol = protocol;
        transport->self = self;
}

const eddy_datagram_protocol *eddy_datagram_transport_protocol(const eddy_datagram_transport *transport,
                                                               void **self)
{
        if (self)
                *self = transport->self;
        return transport->protocol;
}
