/*
 * The UDP echo server of asyncio's documentation, by a protocol: protocol_udp_echo PORT (0: any free one). Ctrl-C ends it.
 *
 *         class EchoServerProtocol:                              # asyncio
 *             def connection_made(self, transport):
 *                 self.transport = transport
 *
 *             def datagram_received(self, data, addr):
 *                 print('Received %r from %s' % (data.decode(), addr))
 *                 print('Send %r to %s' % (data.decode(), addr))
 *                 self.transport.sendto(data, addr)
 *
 *         transport, protocol = await loop.create_datagram_endpoint(
 *             EchoServerProtocol, local_addr=('127.0.0.1', 9999))
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>

static void connection_made(eddy_datagram_transport *transport, void *self)
{
        eddy_address own;
        (void)self;
        int rc = eddy_address_of_socket(&own, eddy_datagram_transport_fd(transport));
        if (rc < 0) {
                fprintf(stderr, "protocol_udp_echo: %s\n", eddy_strerror(rc));
                eddy_datagram_transport_abort(transport);
                return;
        }
        printf("Starting UDP server on port %u\n", eddy_address_port(&own));
        fflush(stdout);
}

static void datagram_received(eddy_datagram_transport *transport, void *self, const void *data, size_t n,
                              const eddy_address *from)
{
        char text[EDDY_ADDRESS_TEXT_SIZE];
        (void)self;
        eddy_address_print(from, text);
        printf("Received '%.*s' from %s\n", (int)n, (const char *)data, text);
        printf("Send '%.*s' to %s\n", (int)n, (const char *)data, text);
        fflush(stdout);
        int rc = eddy_datagram_transport_sendto(transport, data, n, from);
        if (rc < 0)
                fprintf(stderr, "protocol_udp_echo: %s\n", eddy_strerror(rc));
}

static void connection_lost(eddy_datagram_transport *transport, void *lost, int reason)
{
        (void)transport, (void)reason;
        eddy_event_set(lost);
}

static const eddy_datagram_protocol protocol = {
    .connection_made = connection_made,
    .datagram_received = datagram_received,
    .connection_lost = connection_lost,
};

static intptr_t app(void *arg)
{
        const uint16_t *port = arg;
        eddy_datagram_options options = {.local_host = "127.0.0.1", .local_port = *port};
        eddy_datagram_transport *transport;
        eddy_event lost;
        eddy_event_init(&lost);
        int rc = eddy_create_datagram_endpoint(&transport, &protocol, &lost, &options);
        if (rc < 0)
                return rc;
        rc = eddy_event_wait(&lost);
        if (!eddy_event_is_set(&lost)) { /* Ctrl-C */
                eddy_datagram_transport_close(transport);
                EDDY_SHIELD_SCOPE
                        eddy_event_wait(&lost);
        }
        eddy_event_finish(&lost);
        return rc;
}

int main(int argc, char **argv)
{
        uint16_t port = argc > 1 ? (uint16_t)atoi(argv[1]) : 9999;
        intptr_t rc = eddy_run(app, &port);
        if (rc < 0 && rc != EDDY_CANCELLED) {
                fprintf(stderr, "protocol_udp_echo: %s\n", eddy_explain(rc));
                return 1;
        }
        return 0;
}
