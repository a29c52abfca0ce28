/* Contexts: what certificates, issuers and options come to, read anew where files have changed. */
#include "tls/context.h"

#include "base/memory.h"
#include "tls/connection.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

/** Forward secret, and authenticated as a whole. */
static const char safe_ciphers[] =
    "@SECLEVEL=2:ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL:!aDSS";

struct tls_context *context_of(eddy_tls *tls)
{
        return container_of(tls, struct tls_context, base);
}

/* What OpenSSL makes of it. */

/** OpenSSL has refused a file: why. */
static int refuse_file(const char *what, const char *path)
{
        unsigned long error = ERR_peek_error();
        const char *words = ERR_reason_error_string(error);
        int rc = -EINVAL;

        if (ERR_GET_LIB(error) == ERR_LIB_SYS)
                rc = -ERR_GET_REASON(error);
        else if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
                return -ENOMEM;
        ERR_clear_error();
        if (rc != -EINVAL)
                return eddy_fail(rc, "%s '%s': %s", what, path, eddy_strerror(rc));
        return eddy_fail(rc, "%s '%s' is not to be used: %s", what, path, words ? words : "it holds none");
}

static int give_password(char *password, int size, int is_written, void *arg)
{
        const struct tls_context *context = arg;

        (void)is_written;
        return context->options.get_password
                   ? context->options.get_password(password, size, context->options.arg)
                   : -1;
}

static int load_certificate(SSL_CTX *openssl, const char *file, const char *key_file)
{
        if (!key_file)
                key_file = file;
        if (SSL_CTX_use_certificate_chain_file(openssl, file) != 1)
                return refuse_file("the certificate", file);
        if (SSL_CTX_use_PrivateKey_file(openssl, key_file, SSL_FILETYPE_PEM) != 1)
                return refuse_file("the key", key_file);
        return 0;
}

static int load_revoked(SSL_CTX *openssl, const char *file)
{
        X509_STORE *store = SSL_CTX_get_cert_store(openssl);
        X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());

        if (!lookup)
                return -ENOMEM;
        if (X509_load_crl_file(lookup, file, X509_FILETYPE_PEM) < 1)
                return refuse_file("the list of what was revoked", file);
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
        return 0;
}

static bool verifies(const struct tls_context *context)
{
        eddy_tls_verify verify = context->options.verify;

        if (verify == EDDY_TLS_VERIFY_DEFAULT)
                return !context->is_server;
        return verify != EDDY_TLS_VERIFY_INSECURE;
}

/** Whom to trust: 0 or an error. */
static int load_issuers(const struct tls_context *context, SSL_CTX *openssl)
{
        const eddy_tls_options *options = &context->options;
        STACK_OF(X509_NAME) * names;

        if (!options->ca_file && !options->ca_directory)
                return SSL_CTX_set_default_verify_paths(openssl) == 1 ? 0 : -ENOMEM;
        if (options->ca_file && SSL_CTX_load_verify_file(openssl, options->ca_file) != 1)
                return refuse_file("the certificate of an issuer", options->ca_file);
        if (options->ca_directory && SSL_CTX_load_verify_dir(openssl, options->ca_directory) != 1)
                return refuse_file("the directory of issuers", options->ca_directory);
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(openssl), X509_V_FLAG_PARTIAL_CHAIN);
        if (!context->is_server || !options->ca_file)
                return 0;
        names = SSL_load_client_CA_file(options->ca_file);
        if (!names)
                return refuse_file("the certificate of an issuer", options->ca_file);
        SSL_CTX_set_client_CA_list(openssl, names);
        return 0;
}

static int note_problem(int is_good, X509_STORE_CTX *verifying)
{
        const SSL *ssl = X509_STORE_CTX_get_ex_data(verifying, SSL_get_ex_data_X509_STORE_CTX_idx());

        if (!is_good)
                connection_explain_certificate(SSL_get_app_data(ssl), verifying);
        return is_good;
}

static int load_verifying(const struct tls_context *context, SSL_CTX *openssl)
{
        int mode = SSL_VERIFY_PEER, rc;

        if (!verifies(context))
                return 0;
        if (context->is_server && context->options.verify == EDDY_TLS_VERIFY_REQUIRED)
                mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
        SSL_CTX_set_verify(openssl, mode, note_problem);
        rc = load_issuers(context, openssl);
        if (rc == 0 && context->options.crl_file)
                rc = load_revoked(openssl, context->options.crl_file);
        return rc;
}

static void log_key(const SSL *ssl, const char *line)
{
        const struct tls_connection *connection = SSL_get_app_data(ssl);
        FILE *file = fopen(connection->context->options.key_log_file, "ae");

        if (!file)
                return;
        fprintf(file, "%s\n", line);
        fclose(file);
}

static int set_versions_and_ciphers(const struct tls_context *context, SSL_CTX *openssl)
{
        const eddy_tls_options *options = &context->options;
        int lowest = options->lowest == EDDY_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
        int highest = options->highest == EDDY_TLS_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;

        if (lowest > highest)
                return eddy_fail(-EINVAL, "the lowest version of TLS is above the highest");
        SSL_CTX_set_min_proto_version(openssl, lowest);
        SSL_CTX_set_max_proto_version(openssl, highest);
        if (SSL_CTX_set_cipher_list(openssl, options->ciphers ? options->ciphers : safe_ciphers) != 1) {
                ERR_clear_error();
                return eddy_fail(-EINVAL, "there are no such ciphers: '%s'", options->ciphers);
        }
        return 0;
}

/* Choosing for who asks. */

static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *size,
                           const unsigned char *offered, unsigned offered_size, void *arg)
{
        const struct tls_context *context = arg;

        (void)ssl;
        if (SSL_select_next_proto((unsigned char **)(uintptr_t)chosen, size, context->alpn, context->alpn_size,
                                  offered, offered_size) == OPENSSL_NPN_NEGOTIATED)
                return SSL_TLSEXT_ERR_OK;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/** The one whose certificate has a name; else the first. */
static const struct identity *identity_for(const struct contents *contents, const char *name)
{
        for (size_t i = 0; name && i < contents->count; i++)
                if (contents->identities[i].certificate &&
                    X509_check_host(contents->identities[i].certificate, name, 0,
                                    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1)
                        return &contents->identities[i];
        return &contents->identities[0];
}

static void use(SSL *ssl, struct tls_context *context, const char *name)
{
        pthread_mutex_lock(&context->lock);
        SSL_set_SSL_CTX(ssl, identity_for(context->contents, name)->openssl);
        pthread_mutex_unlock(&context->lock);
}

static int choose_by_name(SSL *ssl, int *alert, void *arg)
{
        const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        struct tls_connection *connection = SSL_get_app_data(ssl);
        eddy_tls *chosen = NULL;

        (void)alert, (void)arg;
        if (connection->context->options.choose)
                chosen = connection->context->options.choose(name, connection->context->options.arg);
        if (chosen) {
                eddy_tls_unref(&connection->context->base);
                connection->context = context_of(eddy_tls_ref(chosen));
        }
        if (name || chosen)
                use(ssl, connection->context, name);
        return SSL_TLSEXT_ERR_OK;
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
        const struct tls_connection *connection = SSL_get_app_data(ssl);

        return connection->name && sessions_keep(&connection->context->sessions, connection->name, session);
}

static void set_up(struct tls_context *context, SSL_CTX *openssl)
{
        static const unsigned char same_for_all[] = "eddy";

        SSL_CTX_set_options(openssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
        SSL_CTX_set_mode(openssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_CTX_set_default_passwd_cb(openssl, give_password);
        SSL_CTX_set_default_passwd_cb_userdata(openssl, context);
        if (context->options.key_log_file)
                SSL_CTX_set_keylog_callback(openssl, log_key);
        if (context->is_server) {
                SSL_CTX_set_session_cache_mode(openssl, SSL_SESS_CACHE_OFF); /* tickets hold all of it */
                SSL_CTX_set_session_id_context(openssl, same_for_all, sizeof same_for_all - 1);
                SSL_CTX_set_tlsext_servername_callback(openssl, choose_by_name);
                if (context->alpn)
                        SSL_CTX_set_alpn_select_cb(openssl, choose_protocol, context);
        } else {
                SSL_CTX_set_session_cache_mode(openssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
                SSL_CTX_sess_set_new_cb(openssl, keep_session);
        }
}

/** 0 or an error. */
static int make_identity(struct tls_context *context, const eddy_tls_certificate *certificate,
                         struct identity *identity)
{
        SSL_CTX *openssl = SSL_CTX_new(context->is_server ? TLS_server_method() : TLS_client_method());
        int rc;

        identity->openssl = openssl;
        if (!openssl)
                return -ENOMEM;
        set_up(context, openssl);
        if (!context->is_server && context->alpn &&
            SSL_CTX_set_alpn_protos(openssl, context->alpn, context->alpn_size) != 0)
                return -ENOMEM;
        rc = set_versions_and_ciphers(context, openssl);
        if (rc == 0 && certificate->file)
                rc = load_certificate(openssl, certificate->file, certificate->key_file);
        if (rc == 0)
                rc = load_verifying(context, openssl);
        identity->certificate = SSL_CTX_get0_certificate(openssl);
        return rc;
}

static void free_contents(struct contents *contents)
{
        for (size_t i = 0; contents && i < contents->count; i++)
                SSL_CTX_free(contents->identities[i].openssl);
        memory_free(contents);
}

enum { TICKET_KEYS_SIZE = 80 };

/** Have all of them, and those who come after a reload, take the same tickets. */
static void share_ticket_keys(struct contents *contents, const struct contents *before)
{
        unsigned char keys[TICKET_KEYS_SIZE];
        SSL_CTX *from = before ? before->identities[0].openssl : contents->identities[0].openssl;

        if (SSL_CTX_get_tlsext_ticket_keys(from, keys, sizeof keys) != 1)
                return;
        for (size_t i = 0; i < contents->count; i++)
                SSL_CTX_set_tlsext_ticket_keys(contents->identities[i].openssl, keys, sizeof keys);
        OPENSSL_cleanse(keys, sizeof keys);
}

/** Read all files: 0 or an error. */
static int read_contents(struct tls_context *context, struct contents **made)
{
        const eddy_tls_options *options = &context->options;
        const eddy_tls_certificate first = {options->certificate_file, options->key_file};
        size_t count = 1 + options->more_count;
        struct contents *contents = memory_zalloc(sizeof *contents + count * sizeof contents->identities[0]);
        int rc = contents ? 0 : -ENOMEM;

        if (rc == 0)
                contents->count = count;
        ERR_clear_error();
        for (size_t i = 0; rc == 0 && i < count; i++)
                rc = make_identity(context, i ? &options->more[i - 1] : &first, &contents->identities[i]);
        ERR_clear_error();
        if (rc < 0) {
                free_contents(contents);
                return rc;
        }
        if (context->is_server)
                share_ticket_keys(contents, context->contents);
        *made = contents;
        return 0;
}

SSL *context_begin(struct tls_context *context)
{
        SSL *ssl;

        pthread_mutex_lock(&context->lock);
        ssl = SSL_new(context->contents->identities[0].openssl);
        pthread_mutex_unlock(&context->lock);
        return ssl;
}

/* Its life. */

static int copy_text(const char **text)
{
        if (*text)
                *text = memory_strdup(*text);
        return *text ? 0 : -ENOMEM;
}

/** Have texts of our own: 0 or -ENOMEM. Those that were not copied are not ours to free. */
static int copy_texts(eddy_tls_options *options)
{
        const char **texts[] = {&options->certificate_file, &options->key_file, &options->ca_file,
                                &options->ca_directory,     &options->crl_file, &options->ciphers,
                                &options->key_log_file};
        eddy_tls_certificate *more = NULL;
        int rc = 0;

        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
                if (*texts[i] && copy_text(texts[i]) < 0)
                        rc = -ENOMEM;
        if (options->more_count > 0)
                more = memory_zalloc(options->more_count * sizeof *more);
        for (size_t i = 0; more && i < options->more_count; i++) {
                more[i] = options->more[i];
                if (copy_text(&more[i].file) < 0 || (more[i].key_file && copy_text(&more[i].key_file) < 0))
                        rc = -ENOMEM;
        }
        if (options->more_count > 0 && !more)
                rc = -ENOMEM;
        options->more = more;
        if (!more)
                options->more_count = 0;
        return rc;
}

static void free_text(const char *text)
{
        memory_free((void *)(uintptr_t)text);
}

static void free_texts(eddy_tls_options *options)
{
        const char *texts[] = {options->certificate_file, options->key_file, options->ca_file,
                               options->ca_directory,     options->crl_file, options->ciphers,
                               options->key_log_file};

        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
                free_text(texts[i]);
        for (size_t i = 0; i < options->more_count; i++) {
                free_text(options->more[i].file);
                free_text(options->more[i].key_file);
        }
        memory_free((void *)(uintptr_t)options->more);
}

/** Write the protocols as TLS does: each behind its length. 0 or an error. */
static int write_alpn(struct tls_context *context, const char *const *protocols)
{
        size_t size = 0;

        for (size_t i = 0; protocols && protocols[i]; i++) {
                size_t n = strlen(protocols[i]);
                unsigned char *longer;

                if (n == 0 || n > 255)
                        return eddy_fail(-EINVAL, "a protocol's name has from 1 to 255 bytes, and '%s' has %zu",
                                         protocols[i], n);
                longer = memory_realloc(context->alpn, size + 1 + n);
                if (!longer)
                        return -ENOMEM;
                longer[size] = (unsigned char)n;
                memcpy(longer + size + 1, protocols[i], n);
                size += 1 + n;
                context->alpn = longer;
                context->alpn_size = (unsigned)size;
        }
        return 0;
}

static void destroy(struct tls_context *context)
{
        sessions_finish(&context->sessions);
        free_contents(context->contents);
        free_texts(&context->options);
        memory_free(context->alpn);
        pthread_mutex_destroy(&context->lock);
        memory_free(context);
}

eddy_tls *eddy_tls_ref(eddy_tls *tls)
{
        atomic_fetch_add(&context_of(tls)->references, 1);
        return tls;
}

void eddy_tls_unref(eddy_tls *tls)
{
        if (tls && atomic_fetch_sub(&context_of(tls)->references, 1) == 1)
                destroy(context_of(tls));
}

static eddy_duration handshake_timeout(const eddy_tls *tls)
{
        return container_of((eddy_tls *)(uintptr_t)tls, struct tls_context, base)->options.handshake_timeout;
}

static const struct tls_impl impl = {
    .filter = &tls_filter,
    .open = connection_open,
    .handshake_timeout = handshake_timeout,
    .tell = connection_tell,
    .ref = eddy_tls_ref,
    .unref = eddy_tls_unref,
};

static int set_options(struct tls_context *context, const eddy_tls_options *options)
{
        int rc;

        if (options)
                context->options = *options;
        context->options.alpn = NULL; /* it is kept in another form */
        rc = copy_texts(&context->options);
        if (context->options.handshake_timeout == 0)
                context->options.handshake_timeout = eddy_seconds(60);
        if (context->options.shutdown_timeout == 0)
                context->options.shutdown_timeout = eddy_seconds(5);
        if (rc == 0 && options)
                rc = write_alpn(context, options->alpn);
        if (rc == 0 && context->is_server && !context->options.certificate_file && !context->options.choose)
                rc = eddy_fail(-EINVAL, "a server needs a certificate");
        return rc;
}

static int create(eddy_tls **tls, const eddy_tls_options *options, bool is_server)
{
        struct tls_context *context = memory_zalloc(sizeof *context);
        int rc;

        *tls = NULL;
        if (!context)
                return -ENOMEM;
        context->base.impl = &impl;
        context->references = 1;
        context->is_server = is_server;
        sessions_init(&context->sessions);
        pthread_mutex_init(&context->lock, NULL);
        rc = set_options(context, options);
        if (rc == 0)
                rc = read_contents(context, &context->contents);
        if (rc < 0)
                destroy(context);
        else
                *tls = &context->base;
        return rc;
}

int eddy_tls_create_client(eddy_tls **tls, const eddy_tls_options *options)
{
        return create(tls, options, false);
}

int eddy_tls_create_server(eddy_tls **tls, const eddy_tls_options *options)
{
        return create(tls, options, true);
}

int eddy_tls_reload(eddy_tls *tls)
{
        struct tls_context *context = context_of(tls);
        struct contents *contents, *before;
        int rc = read_contents(context, &contents);

        if (rc < 0)
                return rc;
        pthread_mutex_lock(&context->lock);
        before = context->contents;
        context->contents = contents;
        pthread_mutex_unlock(&context->lock);
        free_contents(before);
        return 0;
}
