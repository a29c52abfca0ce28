/* A stream that has become another protocol's (RFC 8441): its handler has one end of a pair of sockets, and what comes out of the other
 * leaves as the answer's body. Nobody waits within it: each direction is held up where the other side is slow. */
#include "http/http2_connection.h"

struct http2_tunnel {
        struct http2_stream *stream; /* NULL: it has gone */
        eddy_transport *transport;   /* the end that is ours */
        size_t held;                 /* bytes for which the client gets no room yet */
        bool is_full;                /* whoever has the other end does not read */
};

static void give_room(struct http2_tunnel *tunnel)
{
        struct http2_stream *stream = tunnel->stream;

        if (tunnel->is_full || tunnel->held == 0 || stream->is_closed)
                return;
        nghttp2_session_consume_stream(stream->connection->session, stream->id, tunnel->held);
        tunnel->held = 0;
        http2_schedule(stream->connection);
}

static void data_received(eddy_transport *transport, void *self, const void *data, size_t n)
{
        struct http2_tunnel *tunnel = self;
        struct http2_stream *stream = tunnel->stream;

        if (!stream || stream->is_closed)
                return;
        if (bytes_put(&stream->out, data, n) < 0) {
                http2_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
                eddy_transport_abort(transport);
                return;
        }
        if (bytes_size(&stream->out) >= HTTP2_OUT_MAX)
                eddy_transport_pause_reading(transport);
        http2_stream_tell_more(stream);
}

static bool eof_received(eddy_transport *transport, void *self)
{
        struct http2_tunnel *tunnel = self;

        (void)transport;
        if (!tunnel->stream || tunnel->stream->is_closed)
                return false;
        tunnel->stream->has_end = true;
        http2_stream_tell_more(tunnel->stream);
        return true; /* the client's half may go on */
}

static void connection_lost(eddy_transport *transport, void *self, int reason)
{
        struct http2_tunnel *tunnel = self;
        struct http2_stream *stream = tunnel->stream;

        (void)transport;
        if (stream) {
                stream->tunnel = NULL;
                stream->was_tunnel = true;
                if (!stream->has_end)
                        http2_stream_reset(stream, NGHTTP2_CANCEL);
                else
                        http2_pass_over(stream);
                if (reason != EDDY_ELOOPCLOSED)
                        http2_schedule(stream->connection);
        }
        memory_free(tunnel);
}

static void pause_writing(eddy_transport *transport, void *self)
{
        struct http2_tunnel *tunnel = self;

        (void)transport;
        tunnel->is_full = true;
}

static void resume_writing(eddy_transport *transport, void *self)
{
        struct http2_tunnel *tunnel = self;

        (void)transport;
        tunnel->is_full = false;
        if (tunnel->stream)
                give_room(tunnel);
}

static const eddy_protocol tunnel_protocol = {
    .data_received = data_received,
    .eof_received = eof_received,
    .connection_lost = connection_lost,
    .pause_writing = pause_writing,
    .resume_writing = resume_writing,
};

int http2_tunnel_open(struct http2_stream *stream, eddy_stream **theirs)
{
        struct http2_tunnel *tunnel = memory_zalloc(sizeof *tunnel);
        eddy_stream *ends[2] = {NULL, NULL};
        int rc = tunnel ? eddy_stream_pair(ends) : -ENOMEM;

        if (rc == 0)
                rc = eddy_transport_from_stream(&tunnel->transport, ends[0], &tunnel_protocol, tunnel);
        eddy_stream_destroy(ends[0]);
        if (rc < 0) {
                eddy_stream_destroy(ends[1]);
                memory_free(tunnel);
                return rc;
        }
        tunnel->stream = stream;
        stream->tunnel = tunnel;
        *theirs = ends[1];
        return 0;
}

void http2_tunnel_take(struct http2_tunnel *tunnel, const void *data, size_t n)
{
        struct http2_stream *stream = tunnel->stream;

        /* Of other failures connection_lost() tells. */
        if (eddy_transport_write(tunnel->transport, data, n) == -ENOMEM)
                http2_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
        tunnel->held += n;
        give_room(tunnel);
        if (stream->has_sent_end && deadline_runs(&stream->silence))
                deadline_start(&stream->connection->service->http2_streams, &stream->silence);
}

void http2_tunnel_take_end(struct http2_tunnel *tunnel)
{
        eddy_transport_write_eof(tunnel->transport);
}

void http2_tunnel_close(struct http2_tunnel *tunnel)
{
        tunnel->stream->tunnel = NULL;
        tunnel->stream->was_tunnel = true;
        tunnel->stream = NULL;
        eddy_transport_close(tunnel->transport);
}

void http2_tunnel_resume(struct http2_tunnel *tunnel)
{
        eddy_transport_resume_reading(tunnel->transport);
}
