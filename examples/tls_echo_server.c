/*
 * An echo server by TLS: tls_echo_server PORT CERTIFICATE KEY (0: any free port). SIGHUP has it read its files again, as after
 * a renewal: who is there stays, and who comes sees the new certificate. Ctrl-C ends it.
 *
 *         context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)          # asyncio
 *         context.load_cert_chain(certificate, key)
 *         loop.add_signal_handler(signal.SIGHUP, context.load_cert_chain, certificate, key)
 *         server = await asyncio.start_server(echo, "127.0.0.1", port, ssl=context)
 *         await server.serve_forever()
 */
#include <eddy.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct settings {
        uint16_t port;
        eddy_tls_options options;
};

static intptr_t echo(eddy_stream *stream, void *arg)
{
        (void)arg;
        char buffer[16 * 1024];
        ssize_t n;
        while ((n = eddy_stream_read(stream, buffer, sizeof buffer)) > 0) {
                n = eddy_stream_write_all(stream, buffer, (size_t)n);
                if (n < 0)
                        break;
        }
        return n;
}

static void reload(void *tls)
{
        int rc = eddy_tls_reload(tls);
        if (rc < 0) /* and all is as before */
                printf("not reloaded: %s\n", eddy_explain(rc));
        else
                puts("reloaded");
        fflush(stdout);
}

static int serve(eddy_tls *tls, uint16_t port)
{
        eddy_server *server;
        int rc = eddy_add_signal_handler(eddy_running_loop(), SIGHUP, reload, tls);
        if (rc == 0)
                rc = eddy_start_server(&server, echo, NULL, "127.0.0.1", port,
                                       &(eddy_server_options){.tls = tls});
        if (rc < 0)
                return rc;
        printf("listening on port %u\n", eddy_server_port(server));
        fflush(stdout);
        rc = eddy_server_serve_forever(server);
        eddy_server_destroy(server);
        return rc;
}

static intptr_t app(void *arg)
{
        const struct settings *settings = arg;
        eddy_tls *tls;
        int rc = eddy_tls_create_server(&tls, &settings->options);
        if (rc < 0)
                return rc;
        rc = serve(tls, settings->port);
        eddy_remove_signal_handler(eddy_running_loop(), SIGHUP);
        eddy_tls_unref(tls);
        return rc;
}

int main(int argc, char **argv)
{
        if (argc != 4) {
                fputs("usage: tls_echo_server PORT CERTIFICATE KEY\n", stderr);
                return 2;
        }
        struct settings settings = {
            .port = (uint16_t)atoi(argv[1]),
            /* Many clients leave without a word, and an echo is none the worse for it. */
            .options = {.certificate_file = argv[2], .key_file = argv[3], .takes_cut_for_end = true},
        };
        intptr_t rc = eddy_run(app, &settings);
        if (rc < 0 && rc != EDDY_CANCELLED) {
                fprintf(stderr, "tls_echo_server: %s\n", eddy_explain(rc));
                return 1;
        }
        return 0;
}
