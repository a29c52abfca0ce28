/*
 * A server that talks only with who has a certificate of a given issuer: tls_client_certificate PORT CERTIFICATE KEY CA-FILE
 * (0: any free port). Ctrl-C ends it.
 *
 *         context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca_file)   # asyncio
 *         context.load_cert_chain(certificate, key)
 *         context.verify_mode = ssl.CERT_REQUIRED
 *
 * A client shows its own by the same options: .certificate_file and .key_file of eddy_tls_create_client().
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static intptr_t greet(eddy_stream *stream, void *arg)
{
        (void)arg;
        eddy_tls_info info;
        int rc = eddy_stream_tls_info(stream, &info);
        if (rc < 0)
                return rc;
        printf("%s came, by %s\n", info.subject, info.issuer);
        fflush(stdout);
        char greeting[512];
        snprintf(greeting, sizeof greeting, "hello, %s\n", info.subject);
        return eddy_stream_write_all(stream, greeting, strlen(greeting));
}

/* As by eddy_server_options.tls, but that who is turned away is told of, too. */
static intptr_t admit(eddy_stream *stream, void *tls)
{
        int rc = eddy_stream_start_tls(stream, tls, NULL);
        if (rc == 0)
                return greet(stream, NULL);
        printf("turned away: %s\n", eddy_explain(rc));
        fflush(stdout);
        return 0;
}

struct settings {
        uint16_t port;
        eddy_tls_options options;
};

static intptr_t app(void *arg)
{
        const struct settings *settings = arg;
        eddy_tls *tls;
        int rc = eddy_tls_create_server(&tls, &settings->options);
        if (rc < 0)
                return rc;
        eddy_server *server;
        rc = eddy_start_server(&server, admit, tls, "127.0.0.1", settings->port, NULL);
        if (rc == 0) {
                printf("listening on port %u\n", eddy_server_port(server));
                fflush(stdout);
                rc = eddy_server_serve_forever(server);
                eddy_server_destroy(server);
        }
        eddy_tls_unref(tls);
        return rc;
}

int main(int argc, char **argv)
{
        if (argc != 5) {
                fputs("usage: tls_client_certificate PORT CERTIFICATE KEY CA-FILE\n", stderr);
                return 2;
        }
        struct settings settings = {
            .port = (uint16_t)atoi(argv[1]),
            .options = {.certificate_file = argv[2],
                        .key_file = argv[3],
                        .ca_file = argv[4],
                        .verify = EDDY_TLS_VERIFY_REQUIRED},
        };
        intptr_t rc = eddy_run(app, &settings);
        if (rc < 0 && rc != EDDY_CANCELLED) {
                fprintf(stderr, "tls_client_certificate: %s\n", eddy_explain(rc));
                return 1;
        }
        return 0;
}
