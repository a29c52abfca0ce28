/* eddy in the echo rows: a server written as its users would. Prints its port and serves until killed. */
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

static intptr_t app(void *arg)
{
        eddy_server *server;
        int rc = eddy_start_server(&server, echo, NULL, "127.0.0.1", 0, NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        bench_port(eddy_server_port(server));
        rc = eddy_server_serve_forever(server);
        eddy_server_destroy(server);
        return rc;
}

int main(void)
{
        return bench_run(app, NULL);
}
