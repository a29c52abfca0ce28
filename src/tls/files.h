/* Files of certificates, keys and issuers, each read into what OpenSSL makes connections of. All return 0 or an error, whose detail
 * says which file it was. */
#ifndef TLS_FILES_H
#define TLS_FILES_H

#include <eddy/tls.h>
#include <openssl/ssl.h>

/** One's own certificate, and the key that belongs to it. */
int files_load_certificate(SSL_CTX *openssl, const eddy_tls_options *options,
                           const eddy_tls_certificate *certificate);

/** Whom to trust. */
int files_load_issuers(SSL_CTX *openssl, const eddy_tls_options *options, bool is_server);

/** What has been revoked. */
int files_load_revoked(SSL_CTX *openssl, const char *file);

#endif
