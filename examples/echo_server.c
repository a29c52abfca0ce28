/*
 * A TCP server that sends back what it gets: echo_server PORT (0: any free one). Ctrl-C ends it.
 *
 *         async def echo(reader, writer):                        # asyncio
 *                 while data := await reader.read(4096):
 *                         writer.write(data)
 *                         await writer.drain()
 *
 *         server = await asyncio.start_server(echo, "127.0.0.1", port)
 *         await server.serve_forever()
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>

static intptr_t echo(eddy_stream *stream, void *arg)
{
        (void)arg;
        char buffer[4096];
        ssize_t n;
        while ((n = eddy_stream_read(stream, buffer, sizeof buffer)) > 0) {
                n = eddy_stream_write_all(stream, buffer, (size_t)n);
                if (n < 0)
                        break;
        }
        return n; /* and the stream is closed */
}

static intptr_t app(void *arg)
{
        uint16_t *port = arg;
        eddy_server *server;
        int rc = eddy_start_server(&server, echo, NULL, "127.0.0.1", *port, NULL);
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
        uint16_t port = argc > 1 ? (uint16_t)atoi(argv[1]) : 8888;
        intptr_t rc = eddy_run(app, &port);
        if (rc < 0 && rc != EDDY_CANCELLED) {
                fprintf(stderr, "echo_server: %s\n", eddy_strerror(rc));
                return 1;
        }
        return 0;
}
