/* eddy in the echo rows: a server written as its users would. Prints its port and serves until killed.
 *
 *         eddy_echo [echo]           with a buffer of the handler's own
 *         eddy_echo echo_lend        with what the stream lends, so that who is idle has no buffer
 *         eddy_echo protocol_echo    by a protocol, without coroutines
 *         eddy_echo buffered_echo    by one with a buffer of its own */
#include "eddy_echo.h"

static intptr_t echo(eddy_stream *stream, void *arg)
{
        char buffer[4096];
        ssize_t n;

        (void)arg;
        while ((n = eddy_stream_read(stream, buffer, sizeof buffer)) > 0) {
                n = eddy_stream_write_all(stream, buffer, (size_t)n);
                if (n < 0)
                        break;
        }
        return n;
}

static char shared[64 * 1024];

static void *lend_shared(eddy_transport *transport, void *self, size_t *size)
{
        (void)transport, (void)self;
        *size = sizeof shared;
        return shared;
}

static void echo_shared(eddy_transport *transport, void *self, size_t n)
{
        bench_echo_back(transport, self, shared, n);
}

static const eddy_protocol protocol = {.data_received = bench_echo_back},
                           buffered = {.get_buffer = lend_shared, .buffer_updated = echo_shared};

/** Start the server that is asked for. */
static int start(eddy_server **server, const char *what)
{
        if (strcmp(what, "protocol_echo") == 0)
                return eddy_create_server(server, &protocol, NULL, NULL, "127.0.0.1", 0, NULL);
        if (strcmp(what, "buffered_echo") == 0)
                return eddy_create_server(server, &buffered, NULL, NULL, "127.0.0.1", 0, NULL);
        return eddy_start_server(server, strcmp(what, "echo_lend") == 0 ? bench_echo_lend : echo, NULL,
                                 "127.0.0.1", 0, NULL);
}

static intptr_t app(void *what)
{
        eddy_server *server;
        int rc = start(&server, what);

        if (rc < 0)
                return rc;
        bench_port(eddy_server_port(server));
        rc = eddy_server_serve_forever(server);
        eddy_server_destroy(server);
        return rc;
}

int main(int argc, char **argv)
{
        return bench_run(app, argc > 1 ? argv[1] : "echo");
}
