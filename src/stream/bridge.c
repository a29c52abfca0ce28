/* From transports to streams and back: what is beneath the one is the other's from then on. */
#include "base/memory.h"
#include "base/misuse.h"
#include "stream/stream.h"
#include "transport/transport.h"
#include <string.h>

/** Whether a flow can be handed on by who runs now: 0 or why not. */
static int check_flow(const struct flow *flow)
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

/** Append what there is room for. */
static void append(struct buffer *in, const void *data, size_t n)
{
        if (n == 0)
                return;
        memcpy(buffer_room(in), data, n);
        in->end += n;
}

int eddy_stream_from_transport(eddy_stream **created, eddy_transport *transport, const void *unread, size_t n,
                               size_t limit)
{
        struct flow *flow = &transport->flow;
        const struct buffer *rest = transport->input.rest;
        size_t rest_size = rest ? buffer_size(rest) : 0;
        struct buffer in = {.memory = NULL};
        eddy_stream *stream;
        int rc = check_flow(flow);

        *created = NULL;
        if (rc == 0 && n + rest_size > 0)
                rc = flow_reserve(flow, &in, n + rest_size);
        if (rc < 0)
                return rc;
        stream = stream_create(flow->loop, flow->fd, flow->family, limit);
        if (!stream) {
                flow_give_back(flow, &in);
                return -ENOMEM;
        }
        append(&in, unread, n);
        if (rest)
                append(&in, buffer_data(rest), rest_size);
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
        struct buffer *rest = NULL;
        int rc = check_flow(flow);

        if (created)
                *created = NULL;
        if (rc == 0 && (flow->reader || flow->writer || !list_is_empty(&stream->waiters)))
                rc = EDDY_EBUSY;
        if (rc < 0)
                return rc;
        stream_drop_shown(stream);
        if (buffer_size(&stream->in) > 0) {
                rest = memory_zalloc(sizeof *rest);
                if (!rest)
                        return -ENOMEM;
        }
        rc = transport_create(&transport, flow->loop, flow->fd, flow->family, protocol, self);
        if (rc < 0) {
                memory_free(rest);
                return rc;
        }
        if (rest) {
                *rest = stream->in;
                stream->in = (struct buffer){.memory = NULL};
        }
        flow_move(&transport->flow, flow);
        transport->flow.has_ended = !flow_reads(&transport->flow); /* it is to be told */
        transport->input.rest = rest;
        flow_leave(flow);
        if (created)
                *created = transport;
        return 0;
}
