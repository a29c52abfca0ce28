/* eddy serve --tls: without libeddy-tls. */
#include "serve_tls.h"

#include "cli.h"

#include <stdio.h>

int serve_open_tls(eddy_tls **tls, const struct serve_options *options)
{
        (void)tls, (void)options;
        fputs("eddy serve: --tls is not there: eddy was built without OpenSSL\n", stderr);
        return CLI_FAILED;
}

int serve_open_client_tls(eddy_tls **tls)
{
        (void)tls;
        fputs("eddy serve: --proxy to https:// is not there: eddy was built without OpenSSL\n", stderr);
        return CLI_FAILED;
}

void serve_reload_tls(eddy_tls *tls)
{
        (void)tls;
}

void serve_close_tls(eddy_tls *tls)
{
        (void)tls;
}
