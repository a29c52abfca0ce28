/*
 * A TCP proxy by protocols, without a coroutine for each connection: protocol_proxy PORT TARGET_HOST TARGET_PORT
 *
 *         class Side(asyncio.Protocol):                          # asyncio
 *                 def data_received(self, data):
 *                         self.other.transport.write(data)
 *                 def eof_received(self):
 *                         self.other.transport.write_eof()
 *                         return True
 *                 def pause_writing(self):
 *                         self.other.transport.pause_reading()
 *                 def resume_writing(self):
 *                         self.other.transport.resume_reading()
 *
 * PORT may be 0, any free one. Ctrl-C ends it.
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>

struct proxy {
        uint16_t port, target_port;
        const char *target_host;
};

struct side {
        struct tunnel *tunnel;
        struct side *other;
        eddy_transport *transport; /* NULL: not yet, or no more */
        bool has_ended;            /* it sends no more */
};

struct tunnel {
        const struct proxy *proxy;
        struct side client, target;
        eddy_task *connecting; /* to the target; NULL: not yet, or no more */
        int holders;           /* the client's transport, the task and the target's transport */
};

static void let_go(struct tunnel *tunnel)
{
        if (--tunnel->holders == 0)
                free(tunnel);
}

static void close_side(struct side *side)
{
        if (side->transport)
                eddy_transport_close(side->transport);
}

static void abort_side(struct side *side)
{
        if (side->transport)
                eddy_transport_abort(side->transport);
}

/* Bytes were lost, so that neither may take what it got for the whole. */
static void break_off(struct side *side)
{
        abort_side(side);
        abort_side(side->other);
}

static void data_received(eddy_transport *transport, void *self, const void *data, size_t n)
{
        struct side *side = self;
        (void)transport;
        if (eddy_transport_write(side->other->transport, data, n) < 0)
                break_off(side);
}

/* The first end is passed on, and the other direction stays open; the second is that of both. */
static bool eof_received(eddy_transport *transport, void *self)
{
        struct side *side = self;
        (void)transport;
        side->has_ended = true;
        if (side->other->has_ended)
                close_side(side->other);
        else if (eddy_transport_write_eof(side->other->transport) < 0)
                break_off(side);
        return !side->other->has_ended;
}

/* Who reads slowly has the one who writes to him wait. */
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

static void connection_lost(eddy_transport *transport, void *self, int reason)
{
        struct side *side = self;
        (void)transport;
        if (!side)
                return;
        side->transport = NULL;
        if (reason < 0)
                abort_side(side->other);
        else
                close_side(side->other);
        eddy_cancel(side->tunnel->connecting);
        let_go(side->tunnel);
}

static void target_made(eddy_transport *transport, void *self)
{
        struct side *target = self;
        target->tunnel->holders++;
        target->transport = transport;
        if (target->other->transport)
                eddy_transport_resume_reading(target->other->transport);
        else
                eddy_transport_abort(transport); /* the client was lost meanwhile */
}

static const eddy_protocol target_protocol = {
    .connection_made = target_made,
    .data_received = data_received,
    .eof_received = eof_received,
    .connection_lost = connection_lost,
    .pause_writing = pause_writing,
    .resume_writing = resume_writing,
};

struct attempt {
        const struct proxy *proxy;
        struct side *target;
};

/* Connecting suspends, and so it is a task; it ends as soon as there is a connection. */
static intptr_t connect_to_target(void *arg)
{
        struct attempt *attempt = arg;
        return eddy_create_connection(NULL, &target_protocol, attempt->target, attempt->proxy->target_host,
                                      attempt->proxy->target_port, NULL);
}

/* This comes also where the task never began, because there was no memory for its stack. */
static void connecting_ended(eddy_future *task, void *arg)
{
        struct tunnel *tunnel = arg;
        int rc = eddy_future_result(task, NULL);
        if (rc < 0)
                abort_side(&tunnel->client);
        if (rc < 0 && rc != EDDY_CANCELLED)
                fprintf(stderr, "no connection to %s port %u: %s\n", tunnel->proxy->target_host,
                        tunnel->proxy->target_port, eddy_strerror(rc));
        eddy_unref(task);
        tunnel->connecting = NULL;
        let_go(tunnel);
}

static int start_connecting(struct tunnel *tunnel)
{
        eddy_task *task = eddy_spawn(connect_to_target, &(struct attempt){tunnel->proxy, &tunnel->target});
        int rc = eddy_future_add_done_callback(task, connecting_ended, tunnel);
        if (rc < 0) {
                eddy_cancel(task); /* before it has begun: it touches nothing of ours */
                eddy_unref(task);
                return rc;
        }
        tunnel->connecting = task;
        tunnel->holders++;
        return 0;
}

static void *make_tunnel(void *proxy)
{
        struct tunnel *tunnel = calloc(1, sizeof *tunnel);
        if (!tunnel)
                return NULL;
        tunnel->proxy = proxy;
        tunnel->client = (struct side){.tunnel = tunnel, .other = &tunnel->target};
        tunnel->target = (struct side){.tunnel = tunnel, .other = &tunnel->client};
        return &tunnel->client;
}

/* What the client says stays in the kernel until there is somebody to say it to. */
static void client_made(eddy_transport *transport, void *self)
{
        struct side *client = self;
        if (!client) { /* there was no memory for it */
                eddy_transport_abort(transport);
                return;
        }
        struct tunnel *tunnel = client->tunnel;
        tunnel->holders++;
        client->transport = transport;
        eddy_transport_pause_reading(transport);
        if (start_connecting(tunnel) < 0)
                eddy_transport_abort(transport);
}

static const eddy_protocol client_protocol = {
    .connection_made = client_made,
    .data_received = data_received,
    .eof_received = eof_received,
    .connection_lost = connection_lost,
    .pause_writing = pause_writing,
    .resume_writing = resume_writing,
};

static intptr_t app(void *arg)
{
        struct proxy *proxy = arg;
        eddy_server *server;
        int rc =
            eddy_create_server(&server, &client_protocol, make_tunnel, proxy, "127.0.0.1", proxy->port, NULL);
        if (rc < 0)
                return rc;
        printf("listening on port %u\n", eddy_server_port(server));
        fflush(stdout);
        rc = eddy_server_serve_forever(server);
        eddy_server_destroy(server);
        return rc;
}

int main(int argc, char **argv)
{
        if (argc != 4) {
                fputs("usage: protocol_proxy PORT TARGET_HOST TARGET_PORT\n", stderr);
                return 2;
        }
        struct proxy proxy = {
            .port = (uint16_t)atoi(argv[1]), .target_host = argv[2], .target_port = (uint16_t)atoi(argv[3])};
        intptr_t rc = eddy_run(app, &proxy);
        if (rc < 0 && rc != EDDY_CANCELLED) {
                fprintf(stderr, "protocol_proxy: %s\n", eddy_explain(rc));
                return 1;
        }
        return 0;
}
