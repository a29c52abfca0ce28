/* eddy serve --tls: by libeddy-tls. */
#include "serve_tls.h"

#include "cli.h"

#include <eddy/http_server.h>
#include <stdio.h>
#include <unistd.h>

static int make(eddy_tls **tls, const char *host, const eddy_tls_options *options)
{
        char name[256] = "localhost", fingerprint[EDDY_TLS_FINGERPRINT_SIZE];
        int rc;

        if (!host && gethostname(name, sizeof name - 1) == 0)
                host = name;
        rc = eddy_tls_create_self_signed_with(tls, host, fingerprint, options);
        if (rc == 0)
                printf("self-signed certificate, SHA-256 %s\n", fingerprint);
        return rc;
}

int serve_open_tls(eddy_tls **tls, const struct serve_options *options)
{
        const eddy_tls_options wanted = {
            .certificate_file = options->certificate_file,
            .key_file = options->key_file,
            .alpn = eddy_http_alpn(),
            .handshake_timeout = eddy_seconds(options->timeout),
        };
        int rc =
            wanted.certificate_file ? eddy_tls_create_server(tls, &wanted) : make(tls, options->bind, &wanted);

        if (rc == 0)
                return CLI_OK;
        fprintf(stderr, "eddy serve: %s\n", eddy_explain(rc));
        return CLI_FAILED;
}

int serve_open_client_tls(eddy_tls **tls)
{
        int rc = eddy_tls_create_client(tls, NULL);

        if (rc == 0)
                return CLI_OK;
        fprintf(stderr, "eddy serve: %s\n", eddy_explain(rc));
        return CLI_FAILED;
}

void serve_reload_tls(eddy_tls *tls)
{
        int rc = eddy_tls_reload(tls);

        if (rc < 0)
                fprintf(stderr, "eddy serve: the certificate is the one from before: %s\n", eddy_explain(rc));
}

void serve_close_tls(eddy_tls *tls)
{
        eddy_tls_unref(tls);
}
