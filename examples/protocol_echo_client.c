/*
 * TCP echo client by a protocol, as in asyncio's documentation: protocol_echo_client PORT
 *
 *         class EchoClientProtocol(asyncio.Protocol):            # asyncio
 *                 def __init__(self, message, on_con_lost):
 *                         self.message = message
 *                         self.on_con_lost = on_con_lost
 *
 *                 def connection_made(self, transport):
 *                         transport.write(self.message.encode())
 *                         print('Data sent: {!r}'.format(self.message))
 *
 *                 def data_received(self, data):
 *                         print('Data received: {!r}'.format(data.decode()))
 *
 *                 def connection_lost(self, exc):
 *                         print('The server closed the connection')
 *                         self.on_con_lost.set_result(True)
 *
 *         transport, protocol = await loop.create_connection(
 *                 lambda: EchoClientProtocol(message, on_con_lost), '127.0.0.1', 8888)
 *         await on_con_lost
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct client {
        const char *message;
        eddy_event lost;
        int reason;
};

static void connection_made(eddy_transport *transport, void *self)
{
        struct client *client = self;
        eddy_transport_write(transport, client->message, strlen(client->message));
        printf("Data sent: '%s'\n", client->message);
}

static void data_received(eddy_transport *transport, void *self, const void *data, size_t n)
{
        (void)transport, (void)self;
        printf("Data received: '%.*s'\n", (int)n, (const char *)data);
}

static void connection_lost(eddy_transport *transport, void *self, int reason)
{
        struct client *client = self;
        (void)transport; /* gone when this returns */
        puts("The server closed the connection");
        client->reason = reason;
        eddy_event_set(&client->lost);
}

static const eddy_protocol protocol = {
    .connection_made = connection_made,
    .data_received = data_received,
    .connection_lost = connection_lost,
};

static intptr_t app(void *port)
{
        struct client client = {.message = "Hello World!"};
        eddy_transport *transport;
        eddy_event_init(&client.lost);
        int rc = eddy_create_connection(&transport, &protocol, &client, "127.0.0.1", *(uint16_t *)port, NULL);
        if (rc < 0)
                return rc;
        rc = eddy_event_wait(&client.lost);
        if (!eddy_event_is_set(&client.lost)) { /* we are cancelled, and its state lies on our stack */
                eddy_transport_abort(transport);
                EDDY_SHIELD_SCOPE
                        eddy_event_wait(&client.lost);
        }
        eddy_event_finish(&client.lost);
        return rc < 0 ? rc : client.reason;
}

int main(int argc, char **argv)
{
        uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8888);
        intptr_t rc = eddy_run(app, &port);
        if (rc < 0)
                fprintf(stderr, "protocol_echo_client: %s\n", eddy_explain(rc));
        return rc < 0;
}
