/*
 * TCP echo server by a protocol, as in asyncio's documentation: protocol_echo_server PORT
 *
 *         class EchoServerProtocol(asyncio.Protocol):            # asyncio
 *                 def connection_made(self, transport):
 *                         peername = transport.get_extra_info('peername')
 *                         print('Connection from {}'.format(peername))
 *                         self.transport = transport
 *
 *                 def data_received(self, data):
 *                         message = data.decode()
 *                         print('Data received: {!r}'.format(message))
 *                         print('Send: {!r}'.format(message))
 *                         self.transport.write(data)
 *                         print('Close the client socket')
 *                         self.transport.close()
 *
 *         server = await loop.create_server(EchoServerProtocol, '127.0.0.1', 8888)
 *         async with server:
 *                 await server.serve_forever()
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>

static void connection_made(eddy_transport *transport, void *self)
{
        (void)self;
        eddy_address peer;
        char text[EDDY_ADDRESS_TEXT_SIZE] = "?";
        if (eddy_address_of_peer(&peer, eddy_transport_fd(transport)) == 0)
                eddy_address_print(&peer, text);
        printf("Connection from %s\n", text);
}

static void data_received(eddy_transport *transport, void *self, const void *data, size_t n)
{
        (void)self;
        printf("Data received: '%.*s'\n", (int)n, (const char *)data);
        printf("Send: '%.*s'\n", (int)n, (const char *)data);
        eddy_transport_write(transport, data, n);

        puts("Close the client socket");
        eddy_transport_close(transport); /* when all has left */
}

static const eddy_protocol echo = {
    .connection_made = connection_made,
    .data_received = data_received,
};

static intptr_t app(void *port)
{
        eddy_server *server;
        int rc = eddy_create_server(&server, &echo, NULL, NULL, "127.0.0.1", *(uint16_t *)port, NULL);
        if (rc < 0)
                return rc;
        printf("Serving on 127.0.0.1 port %u\n", eddy_server_port(server));
        fflush(stdout);
        rc = eddy_server_serve_forever(server);
        eddy_server_destroy(server);
        return rc;
}

int main(int argc, char **argv)
{
        uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8888);
        intptr_t rc = eddy_run(app, &port);
        if (rc < 0 && rc != EDDY_CANCELLED)
                fprintf(stderr, "protocol_echo_server: %s\n", eddy_explain(rc));
        return rc < 0 && rc != EDDY_CANCELLED;
}
