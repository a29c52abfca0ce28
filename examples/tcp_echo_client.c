/*
 * TCP echo client using streams, as in asyncio's documentation: tcp_echo_client PORT
 *
 *         reader, writer = await asyncio.open_connection('127.0.0.1', 8888)      # asyncio
 *         print(f'Send: {message!r}')
 *         writer.write(message.encode())
 *         await writer.drain()
 *         data = await reader.read(100)
 *         print(f'Received: {data.decode()!r}')
 *         print('Close the connection')
 *         writer.close()
 *         await writer.wait_closed()
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int exchange(eddy_stream *stream, const char *message)
{
        printf("Send: '%s'\n", message);
        eddy_stream_write(stream, message, strlen(message));
        int rc = eddy_stream_drain(stream);
        if (rc < 0)
                return rc;

        char data[100];
        ssize_t n = eddy_stream_read(stream, data, sizeof data);
        if (n < 0)
                return (int)n;
        printf("Received: '%.*s'\n", (int)n, data);

        puts("Close the connection");
        eddy_stream_close(stream);
        return eddy_stream_wait_closed(stream);
}

static intptr_t tcp_echo_client(void *port)
{
        eddy_stream *stream;
        int rc = eddy_open_connection(&stream, "127.0.0.1", *(uint16_t *)port, NULL);
        if (rc < 0)
                return rc;
        rc = exchange(stream, "Hello World!");
        eddy_stream_destroy(stream);
        return rc;
}

int main(int argc, char **argv)
{
        uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8888);
        intptr_t rc = eddy_run(tcp_echo_client, &port);
        if (rc < 0)
                fprintf(stderr, "tcp_echo_client: %s\n", eddy_explain(rc));
        return rc < 0;
}
