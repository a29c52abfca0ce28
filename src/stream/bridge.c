/* From transports to streams and back: what is beneath the one is the other's from then on. */
#include "base/misuse.h"
#include "stream/stream.h"
#include "transport/transport.h"

/** Whether a flow can be handed on by who runs now: 0 or why not. */
static int check_handing_on(const struct flow *flow)
{
        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        if (flow->loop != loop_running_here)
                return misuse(EDDY_EWRONGLOOP);
        if (flow->is_closing)
                return -EBADF;
        if (flow->read_error && flow_reads(flow))
                return flow->read_error;
        return flow->write_error;
}

int eddy_stream_from_transport(eddy_stream **created, eddy_transport *transport, const void *unread, size_t n,
                               size_t limit)
{
        struct flow *flow = &transport->flow;
        const struct buffer *rest = &transport->input.rest;
        struct buffer in = {.memory = NULL};
        eddy_stream *stream = NULL;
        int rc = check_handing_on(flow);

        *created = NULL;
        if (rc == 0 && transport->securing)
                rc = EDDY_EBUSY;
        if (rc < 0)
                return rc;
        rc = flow_keep(flow, &in, unread, n);
        if (rc == 0)
                rc = flow_keep(flow, &in, buffer_data(rest), buffer_size(rest));
        if (rc == 0)
                stream = stream_create(flow->loop, flow->fd, flow->family, limit);
        if (!stream) {
                flow_give_back(flow, &in);
                return -ENOMEM;
        }
        stream->in = in;
        transport_hand_over(transport, &stream->flow);
        *created = stream;
        return 0;
}

int eddy_transport_from_stream(eddy_transport **created, eddy_stream *stream, const eddy_protocol *protocol,
                               void *self)
{
        struct flow *flow = &stream->flow;
        eddy_transport *transport;
        int rc = check_handing_on(flow);

        if (created)
                *created = NULL;
        if (rc == 0 && (flow->reader || flow->writer || !list_is_empty(&stream->waiters)))
                rc = EDDY_EBUSY;
        if (rc < 0)
                return rc;
        stream_drop_what_is_gone(stream);
        rc = transport_create(&transport, flow->loop, flow->fd, flow->family, protocol, self);
        if (rc < 0)
                return rc;
        transport->input.rest = stream->in;
        stream->in = (struct buffer){.memory = NULL};
        flow_move(&transport->flow, flow);
        transport->flow.has_ended = !flow_reads(&transport->flow); /* it is to be told */
        flow_leave(flow);
        if (created)
                *created = transport;
        return 0;
}
