/* eddy in the TLS rows: servers written as their users would. Prints its port and serves until killed.
 *
 *         eddy_tls tls_echo             with a buffer of the handler's own
 *         eddy_tls tls_echo_lend        with what the stream lends, so that who is idle has no buffer
 *         eddy_tls tls_protocol_echo    by a protocol, without coroutines
 *         eddy_tls tls_greet            who comes gets a byte, and is left
 *
 * The environment's CERTIFICATE is the file of its certificate and key. */
#include "eddy_echo.h"

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

static intptr_t greet(eddy_stream *stream, void *arg)
{
        (void)arg;
        return eddy_stream_write_all(stream, "a", 1);
}

static const eddy_protocol protocol = {.data_received = bench_echo_back};

/** Start the server that is asked for. */
static int start(eddy_server **server, const char *what, const eddy_server_options *options)
{
        eddy_connection_handler handler = echo;

        if (strcmp(what, "tls_protocol_echo") == 0)
                return eddy_create_server(server, &protocol, NULL, NULL, "127.0.0.1", 0, options);
        if (strcmp(what, "tls_echo_lend") == 0)
                handler = bench_echo_lend;
        else if (strcmp(what, "tls_greet") == 0)
                handler = greet;
        return eddy_start_server(server, handler, NULL, "127.0.0.1", 0, options);
}

static intptr_t app(void *what)
{
        eddy_server_options options = {0};
        eddy_server *server;
        int rc = eddy_tls_create_server(&options.tls,
                                        &(eddy_tls_options){.certificate_file = getenv("CERTIFICATE")});

        if (rc == 0)
                rc = start(&server, what, &options);
        if (rc < 0)
                return rc;
        bench_port(eddy_server_port(server));
        rc = eddy_server_serve_forever(server);
        eddy_server_destroy(server);
        return rc;
}

int main(int argc, char **argv)
{
        return bench_run(app, argc > 1 ? argv[1] : "tls_echo");
}
