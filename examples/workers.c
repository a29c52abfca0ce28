/*
 * An echo server on all processors, a loop on each: workers PORT [COUNT]. The kernel spreads the connections. Ctrl-C or
 * SIGTERM ends all; asyncio needs processes for this.
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
        return n;
}

static intptr_t serve(void *arg)
{
        const uint16_t *port = arg;
        eddy_server_options options = {.reuse_port = true};
        eddy_server *server;
        int rc = eddy_start_server(&server, echo, NULL, "127.0.0.1", *port, &options);
        if (rc < 0)
                return rc;
        printf("worker %d listens on port %u\n", eddy_worker_index(), *port);
        fflush(stdout);
        rc = eddy_server_serve_forever(server);
        eddy_server_destroy(server);
        return rc;
}

int main(int argc, char **argv)
{
        uint16_t port = argc > 1 ? (uint16_t)atoi(argv[1]) : 8888;
        unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : 0; /* one a processor */
        int rc = eddy_run_workers(count, serve, &port);
        if (rc == EDDY_CANCELLED) {
                puts("all have ended");
                return 0;
        }
        fprintf(stderr, "workers: %s\n", eddy_explain(rc));
        return 1;
}
