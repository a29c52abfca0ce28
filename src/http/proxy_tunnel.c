/* Bytes of another protocol, both ways: what one side sends is written to the other, and held up where that has no room. Where one sends no
 * more, it still may receive. */
#include "base/list.h"
#include "http/proxy.h"
#include <eddy/compose.h>

struct tunnel;

/* One side; gone with its transport. */
struct side {
        struct tunnel *tunnel;
        struct side *other;
        eddy_transport *transport; /* NULL: it is lost */
        bool has_ended;            /* it sends no more */
};

/* On the stack of the task that waits for both to be lost. */
struct tunnel {
        eddy_http_proxy *proxy;
        struct side client, server;
        eddy_event lost;
        struct deadline silence;
};

static void go_on_in_time(struct tunnel *tunnel)
{
        deadline_start(&tunnel->proxy->tunnels, &tunnel->silence);
}

static void data_received(eddy_transport *transport, void *self, const void *data, size_t n)
{
        struct side *side = self;
        eddy_transport *other = side->other->transport;

        go_on_in_time(side->tunnel);
        /* Of other failures connection_lost() tells. */
        if (!other || eddy_transport_write(other, data, n) == -ENOMEM)
                eddy_transport_abort(transport);
}

static bool eof_received(eddy_transport *transport, void *self)
{
        struct side *side = self, *other = side->other;

        (void)transport;
        side->has_ended = true;
        if (!other->transport)
                return false;
        if (other->has_ended) {
                eddy_transport_close(other->transport);
                return false;
        }
        if (eddy_transport_write_eof(other->transport) == EDDY_ENOTSUP)
                eddy_transport_close(other->transport);
        return true;
}

static void connection_lost(eddy_transport *transport, void *self, int reason)
{
        struct side *side = self, *other = side->other;

        (void)transport;
        side->transport = NULL;
        if (other->transport) {
                if (reason || !side->has_ended)
                        eddy_transport_abort(other->transport);
                else
                        eddy_transport_close(other->transport);
        }
        eddy_event_set(&side->tunnel->lost);
}

static void pause_writing(eddy_transport *transport, void *self)
{
        struct side *side = self;

        (void)transport;
        if (side->other->transport)
                eddy_transport_pause_reading(side->other->transport);
}

static void resume_writing(eddy_transport *transport, void *self)
{
        struct side *side = self;

        (void)transport;
        if (side->other->transport)
                eddy_transport_resume_reading(side->other->transport);
}

static const eddy_protocol tunnel_protocol = {
    .data_received = data_received,
    .eof_received = eof_received,
    .connection_lost = connection_lost,
    .pause_writing = pause_writing,
    .resume_writing = resume_writing,
};

static void end(struct tunnel *tunnel)
{
        if (tunnel->client.transport)
                eddy_transport_abort(tunnel->client.transport);
        if (tunnel->server.transport)
                eddy_transport_abort(tunnel->server.transport);
}

void proxy_tunnel_expire(struct deadline *deadline)
{
        end(container_of(deadline, struct tunnel, silence));
}

/* The server's side becomes the tunnel's, with what has come behind its head. */
static void take_server(struct tunnel *tunnel, struct proxy_connection *connection)
{
        eddy_transport *transport = connection->transport, *client = tunnel->client.transport;
        size_t n = connection->end - connection->start;

        if (n > 0 && eddy_transport_write(client, connection->input->bytes + connection->start, n) == -ENOMEM)
                eddy_transport_abort(client);
        connection->start = connection->end = 0;
        if (!transport) {
                eddy_transport_close(client);
                return;
        }
        connection->transport = NULL;
        connection->failure = -ECONNRESET;
        tunnel->server.transport = transport;
        tunnel->server.has_ended = connection->has_ended;
        eddy_transport_set_protocol(transport, &tunnel_protocol, &tunnel->server);
        eddy_transport_resume_reading(transport);
        if (connection->has_ended)
                eddy_transport_write_eof(client);
}

int proxy_tunnel_run(struct proxy_pass *pass, eddy_stream *stream)
{
        struct tunnel tunnel = {.proxy = pass->proxy};
        int rc = eddy_transport_from_stream(&tunnel.client.transport, stream, &tunnel_protocol, &tunnel.client);

        eddy_stream_destroy(stream);
        if (rc < 0)
                return rc;
        tunnel.client.tunnel = tunnel.server.tunnel = &tunnel;
        tunnel.client.other = &tunnel.server;
        tunnel.server.other = &tunnel.client;
        take_server(&tunnel, pass->connection);
        go_on_in_time(&tunnel);
        while (rc == 0 && (tunnel.client.transport || tunnel.server.transport)) {
                eddy_event_clear(&tunnel.lost);
                rc = eddy_event_wait(&tunnel.lost);
        }
        if (rc < 0)
                end(&tunnel);
        EDDY_SHIELD_SCOPE
                while (tunnel.client.transport || tunnel.server.transport) {
                        eddy_event_clear(&tunnel.lost);
                        eddy_event_wait(&tunnel.lost);
                }
        deadline_stop(&tunnel.silence);
        return rc;
}
