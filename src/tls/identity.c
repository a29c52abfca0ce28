/* What OpenSSL makes connections of: a certificate, whom to trust, and how TLS is to be spoken. */
#include "base/sys_file.h"
#include "tls/connection.h"
#include "tls/files.h"
#include "tls/trust.h"
#include <eddy/error.h>
#include <openssl/err.h>

/** Forward secret, and authenticated as a whole. */
static const char safe_ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL:!aDSS";

static int set_versions_and_ciphers(const eddy_tls_options *options, SSL_CTX *openssl)
{
        int lowest = options->lowest == EDDY_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
        int highest = options->highest == EDDY_TLS_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;

        SSL_CTX_set_min_proto_version(openssl, lowest);
        SSL_CTX_set_max_proto_version(openssl, highest);
        SSL_CTX_set_security_level(openssl, 2); /* which ciphers may say otherwise */
        if (SSL_CTX_set_cipher_list(openssl, options->ciphers ? options->ciphers : safe_ciphers) == 1)
                return 0;
        return options->ciphers ? eddy_fail(-EINVAL, "there are no such ciphers: '%s'", options->ciphers)
                                : -ENOMEM;
}

/** Whether who verifies knows for which host that has to be: without memory for the name OpenSSL goes on without one. */
static bool knows_host(const struct tls_connection *connection, X509_STORE_CTX *verifying)
{
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(verifying);
        char *address;
        bool is_known;

        if (connection->context->base.is_server || connection->context->options.skips_host_name ||
            !connection->name)
                return true;
        if (X509_VERIFY_PARAM_get0_host(param, 0))
                return true;
        address = X509_VERIFY_PARAM_get1_ip_asc(param);
        is_known = address;
        OPENSSL_free(address);
        return is_known;
}

static int note_problem(int is_good, X509_STORE_CTX *verifying)
{
        const SSL *ssl = X509_STORE_CTX_get_ex_data(verifying, SSL_get_ex_data_X509_STORE_CTX_idx());

        if (is_good)
                return knows_host(SSL_get_app_data(ssl), verifying);
        /* Whoever has issued the certificate itself has to be spoken of; of those above, only where it is known what they revoked. */
        if (X509_STORE_CTX_get_error(verifying) == X509_V_ERR_UNABLE_TO_GET_CRL &&
            X509_STORE_CTX_get_error_depth(verifying) > 0)
                return 1;
        connection_explain_certificate(SSL_get_app_data(ssl), verifying);
        return 0;
}

static int set_verifying(const struct tls_context *context, SSL_CTX *openssl)
{
        int mode = SSL_VERIFY_PEER, rc;

        if (!context->verifies)
                return 0;
        if (context->base.is_server && context->options.verify == EDDY_TLS_VERIFY_REQUIRED)
                mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
        SSL_CTX_set_verify(openssl, mode, note_problem);
        rc = files_load_issuers(openssl, &context->options, context->base.is_server);
        if (rc == 0 && context->options.crl_file)
                rc = files_load_revoked(openssl, context->options.crl_file);
        return rc;
}

/** Write a line at once, so that those of other threads and processes are not mixed with it. */
static void log_key(const SSL *ssl, const char *line)
{
        const struct tls_connection *connection = SSL_get_app_data(ssl);
        const struct iovec parts[] = {
            {.iov_base = (char *)(uintptr_t)line, .iov_len = strlen(line)},
            {.iov_base = (char[]){'\n'}, .iov_len = 1},
        };

        sys_writev(connection->context->key_log, parts, 2);
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
        const struct tls_connection *connection = SSL_get_app_data(ssl);

        return connection->name && trust_note(session) &&
               context_keep_session(connection->context, ssl, connection->name, session);
}

/** A client is asked for a certificate, and has none: that is what it may be told of later in few words. */
static int note_wish(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
        struct tls_connection *connection = SSL_get_app_data(ssl);

        (void)certificate, (void)key;
        connection->is_asked_for_certificate = true;
        return 0;
}

static int set_client(const struct tls_context *context, SSL_CTX *openssl)
{
        SSL_CTX_set_session_cache_mode(openssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(openssl, keep_session);
        SSL_CTX_set_client_cert_cb(openssl, note_wish);
        if (context->alpn && SSL_CTX_set_alpn_protos(openssl, context->alpn, context->alpn_size) != 0)
                return -ENOMEM;
        return 0;
}

static int set_server(struct tls_context *context, const struct session_mark *mark, SSL_CTX *openssl)
{
        SSL_CTX_set_session_cache_mode(openssl, SSL_SESS_CACHE_OFF); /* tickets hold all of it */
        choosing_prepare(context, openssl);
        tickets_prepare(openssl);
        if (SSL_CTX_set_session_id_context(openssl, mark->bytes, sizeof mark->bytes) != 1)
                return -ENOMEM;
        return trust_prepare(openssl);
}

int identity_create(struct tls_context *context, const eddy_tls_certificate *certificate,
                    const struct session_mark *mark, SSL_CTX **identity)
{
        SSL_CTX *openssl = SSL_CTX_new(context->base.is_server ? TLS_server_method() : TLS_client_method());
        int rc;

        *identity = openssl;
        if (!openssl)
                return -ENOMEM;
        SSL_CTX_set_options(openssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
        SSL_CTX_set_mode(openssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        if (context->key_log >= 0)
                SSL_CTX_set_keylog_callback(openssl, log_key);
        rc = context->base.is_server ? set_server(context, mark, openssl) : set_client(context, openssl);
        if (rc == 0)
                rc = set_versions_and_ciphers(&context->options, openssl);
        if (rc == 0 && certificate->file)
                rc = files_load_certificate(openssl, &context->options, certificate);
        if (rc == 0)
                rc = set_verifying(context, openssl);
        return rc;
}
