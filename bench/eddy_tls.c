/* eddy in the TLS rows: an echo server written as its users would. Prints its port and serves until killed.
 *
 *         eddy_tls CERTIFICATE [protocol] */
#include "eddy_bench.h"

static intptr_t echo(eddy_stream *stream, void *arg)
{
        char buffer[16 * 1024];
        ssize_t n;

        (void)arg;
        while ((n = eddy_stream_read(stream, buffer, sizeof buffer)) > 0) {
                n = eddy_stream_write_all(stream, buffer, (size_t)n);
                if (n < 0)
                        break;
        }
        return n;
}

static void echo_back(eddy_transport *transport, void *self, const void *data, size_t n)
{
        (void)self;
        eddy_transport_write(transport, data, n);
}

static const eddy_protocol protocol = {.data_received = echo_back};

static bool by_protocol;

static intptr_t app(void *certificate)
{
        eddy_server_options options = {0};
        eddy_server *server;
        int rc = eddy_tls_create_server(&options.tls, &(eddy_tls_options){.certificate_file = certificate});

        if (rc == 0 && by_protocol)
                rc = eddy_create_server(&server, &protocol, NULL, NULL, "127.0.0.1", 0, &options);
        else if (rc == 0)
                rc = eddy_start_server(&server, echo, NULL, "127.0.0.1", 0, &options);
        if (rc < 0)
                return rc;
        bench_port(eddy_server_port(server));
        rc = eddy_server_serve_forever(server);
        eddy_server_destroy(server);
        return rc;
}

int main(int argc, char **argv)
{
        by_protocol = argc > 2;
        return bench_run(app, argc > 1 ? argv[1] : "certificate.pem");
}
