/*
 * TCP echo server using streams, as in asyncio's documentation: tcp_echo_server PORT
 *
 *         async def handle_echo(reader, writer):                 # asyncio
 *                 data = await reader.read(100)
 *                 message = data.decode()
 *                 addr = writer.get_extra_info('peername')
 *                 print(f"Received {message!r} from {addr!r}")
 *                 print(f"Send: {message!r}")
 *                 writer.write(data)
 *                 await writer.drain()
 *                 print("Close the connection")
 *                 writer.close()
 *
 *         server = await asyncio.start_server(handle_echo, '127.0.0.1', 8888)
 *         async with server:
 *                 await server.serve_forever()
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>

static intptr_t handle_echo(eddy_stream *stream, void *arg)
{
        (void)arg;
        char data[100];
        ssize_t n = eddy_stream_read(stream, data, sizeof data);
        if (n < 0)
                return n;
        printf("Received '%.*s' from %s\n", (int)n, data, eddy_stream_peer_name(stream));

        printf("Send: '%.*s'\n", (int)n, data);
        eddy_stream_write(stream, data, (size_t)n);
        int rc = eddy_stream_drain(stream);

        puts("Close the connection");
        return rc; /* and the stream closes */
}

static intptr_t app(void *port)
{
        eddy_server *server;
        int rc = eddy_start_server(&server, handle_echo, NULL, "127.0.0.1", *(uint16_t *)port, NULL);
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
                fprintf(stderr, "tcp_echo_server: %s\n", eddy_explain(rc));
        return rc < 0 && rc != EDDY_CANCELLED;
}
