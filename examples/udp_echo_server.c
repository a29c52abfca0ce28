/*
 * The UDP echo server of asyncio's documentation: udp_echo_server PORT (0: any free one). Ctrl-C ends it.
 *
 *         class EchoServerProtocol:                              # asyncio
 *             def datagram_received(self, data, addr):
 *                 print('Received %r from %s' % (data.decode(), addr))
 *                 print('Send %r to %s' % (data.decode(), addr))
 *                 self.transport.sendto(data, addr)
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>

static int echo(eddy_datagram *datagram)
{
        char data[1500], text[EDDY_ADDRESS_TEXT_SIZE];
        eddy_address from;
        for (;;) {
                ssize_t n = eddy_datagram_receive(datagram, data, sizeof data, &from, NULL);
                if (n < 0)
                        return (int)n;
                eddy_address_print(&from, text);
                printf("Received '%.*s' from %s\n", (int)n, data, text);
                printf("Send '%.*s' to %s\n", (int)n, data, text);
                fflush(stdout);
                n = eddy_datagram_send_to(datagram, data, (size_t)n, &from);
                if (n < 0)
                        return (int)n;
        }
}

static intptr_t app(void *arg)
{
        uint16_t *port = arg;
        eddy_datagram *datagram;
        int rc = eddy_open_datagram(&datagram,
                                    &(eddy_datagram_options){.local_host = "127.0.0.1", .local_port = *port});
        if (rc < 0)
                return rc;
        eddy_address own;
        rc = eddy_address_of_socket(&own, eddy_datagram_fd(datagram));
        if (rc == 0) {
                printf("Starting UDP server on port %u\n", eddy_address_port(&own));
                fflush(stdout);
                rc = echo(datagram);
        }
        eddy_datagram_destroy(datagram);
        return rc;
}

int main(int argc, char **argv)
{
        uint16_t port = argc > 1 ? (uint16_t)atoi(argv[1]) : 9999;
        intptr_t rc = eddy_run(app, &port);
        if (rc < 0 && rc != EDDY_CANCELLED) {
                fprintf(stderr, "udp_echo_server: %s\n", eddy_explain(rc));
                return 1;
        }
        return 0;
}
