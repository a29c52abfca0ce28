/* The certificate of `eddy serve --tls`; serve_no_tls.c is in place of serve_tls.c where there is no libeddy-tls. */
#ifndef SERVE_TLS_H
#define SERVE_TLS_H

#include "serve_options.h"

#include <eddy/tls.h>

/** Read the certificate; or, where there is none, make one for the host that is listened on (NULL: for this machine), and print its
 * fingerprint. Who is silent before TLS is agreed on has as long as who is silent behind it. An exit code; where that is not CLI_OK it
 * has been said why. */
int serve_open_tls(eddy_tls **tls, const struct serve_options *options);

/** What asks other servers by TLS, whose certificates must be trusted. An exit code; where that is not CLI_OK it has been said why. */
int serve_open_client_tls(eddy_tls **tls);

/** Read it again, or say why that failed; then all is as before. */
void serve_reload_tls(eddy_tls *tls);

/** Give it back; NULL is allowed. */
void serve_close_tls(eddy_tls *tls);

#endif
