/*
 * The UDP echo client of asyncio's documentation: udp_echo_client PORT. Where asyncio has a protocol with
 * callbacks, these lines stand in the order in which they run.
 *
 *         transport, protocol = await loop.create_datagram_endpoint(    # asyncio
 *                 lambda: EchoClientProtocol(message, on_con_lost),
 *                 remote_addr=('127.0.0.1', 9999))
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int exchange(eddy_datagram *datagram, const char *message)
{
        char data[1500];
        printf("Send: %s\n", message);
        ssize_t n = eddy_datagram_send(datagram, message, strlen(message));
        /* A datagram may get lost, so an answer is never waited for without a deadline. */
        if (n >= 0)
                EDDY_TIMEOUT_SCOPE(eddy_seconds(5))
                        n = eddy_datagram_receive(datagram, data, sizeof data, NULL, NULL);
        if (n < 0) {
                printf("Error received: %s\n", eddy_strerror(n));
                return (int)n;
        }
        printf("Received: %.*s\n", (int)n, data);
        return 0;
}

static intptr_t app(void *arg)
{
        uint16_t *port = arg;
        eddy_datagram *datagram;
        int rc = eddy_open_datagram(&datagram,
                                    &(eddy_datagram_options){.remote_host = "127.0.0.1", .remote_port = *port});
        if (rc < 0)
                return rc;
        rc = exchange(datagram, "Hello World!");
        printf("Close the socket\n");
        eddy_datagram_destroy(datagram);
        printf("Connection closed\n");
        return rc;
}

int main(int argc, char **argv)
{
        uint16_t port = argc > 1 ? (uint16_t)atoi(argv[1]) : 9999;
        return eddy_run(app, &port) < 0;
}
