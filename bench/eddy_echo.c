/* eddy in the echo rows: a server written as its users would. Prints its port and serves until killed.
 *
 *         eddy_echo [echo]       with a buffer of the handler's own
 *         eddy_echo echo_lend    with what the stream lends, so that who is idle has no buffer */
#include "eddy_bench.h"

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

static intptr_t echo_lend(eddy_stream *stream, void *arg)
{
        const char *data;
        ssize_t n;

        (void)arg;
        while ((n = eddy_stream_read_some(stream, &data)) > 0) {
                n = eddy_stream_write_all(stream, data, (size_t)n);
                if (n < 0)
                        break;
        }
        return n;
}

static intptr_t app(void *arg)
{
        bool lends = *(bool *)arg;
        eddy_server *server;
        int rc = eddy_start_server(&server, lends ? echo_lend : echo, NULL, "127.0.0.1", 0, NULL);

        if (rc < 0)
                return rc;
        bench_port(eddy_server_port(server));
        rc = eddy_server_serve_forever(server);
        eddy_server_destroy(server);
        return rc;
}

int main(int argc, char **argv)
{
        bool lends = argc > 1 && strcmp(argv[1], "echo_lend") == 0;

        return bench_run(app, &lends);
}
