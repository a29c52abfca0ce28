/* What a server chooses for a client, of its hello: the certificate or context for the name it asks for, and the protocol above.
 *
 * The name is looked at before OpenSSL looks at anything else. So another context's versions, rules and sessions are what counts for
 * the whole connection: a session that one context has agreed on is never resumed under another one. */
#include "base/memory.h"
#include "tls/connection.h"
#include "tls/errors.h"
#include <eddy/error.h>
#include <openssl/x509v3.h>

/** Whether a name can be a host's, and so the file's that somebody keeps for it. */
static bool is_host(const char *name, size_t size)
{
        return *name != '.' &&
               strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == size;
}

/** The name that a client asks for, which is RFC 6066's list of one: whether there is one. OpenSSL refuses what is malformed. */
static bool find_name(SSL *ssl, char name[static TLSEXT_MAXLEN_host_name + 1])
{
        enum { BEFORE = 5 }; /* the list's length, the entry's type and its length */
        const unsigned char *list;
        size_t size;

        if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &list, &size) != 1 || size <= BEFORE ||
            size > BEFORE + TLSEXT_MAXLEN_host_name || list[2] != TLSEXT_NAMETYPE_host_name ||
            (size_t)(list[3] << 8 | list[4]) != size - BEFORE)
                return false;
        memcpy(name, list + BEFORE, size - BEFORE);
        name[size - BEFORE] = '\0';
        return is_host(name, size - BEFORE);
}

/** The one whose certificate has a name; else the first. */
static SSL_CTX *identity_for(const struct contents *contents, const char *name)
{
        for (size_t i = 0; name && i < contents->count; i++) {
                X509 *certificate = SSL_CTX_get0_certificate(contents->identities[i]);

                if (certificate &&
                    X509_check_host(certificate, name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1)
                        return contents->identities[i];
        }
        return contents->identities[0];
}

/** Have a connection be of an identity, of which OpenSSL by itself takes over the certificates only: whether there was memory. */
static bool use(SSL *ssl, SSL_CTX *identity)
{
        if (SSL_set_SSL_CTX(ssl, identity) != identity)
                return false;
        SSL_set_verify(ssl, SSL_CTX_get_verify_mode(identity), SSL_CTX_get_verify_callback(identity));
        SSL_set_min_proto_version(ssl, (int)SSL_CTX_get_min_proto_version(identity));
        SSL_set_max_proto_version(ssl, (int)SSL_CTX_get_max_proto_version(identity));
        return true;
}

static int choose_identity(struct tls_connection *connection)
{
        struct tls_context *context = connection->context;
        SSL_CTX *identity;
        int rc = 0;

        pthread_mutex_lock(&context->lock);
        identity = identity_for(context->contents, connection->name);
        if (!SSL_CTX_get0_certificate(identity))
                rc = connection_fail(connection, EDDY_ETLS, "there is no certificate for '%s'",
                                     connection->name ? connection->name : "");
        else if (!use(connection->ssl, identity))
                rc = -ENOMEM;
        pthread_mutex_unlock(&context->lock);
        return rc;
}

/** Go over to the context that the user chooses: 0 or an error. */
static int choose_context(struct tls_connection *connection)
{
        const eddy_tls_options *options = &connection->context->options;
        eddy_tls *chosen = options->choose ? options->choose(connection->name, options->arg) : NULL;

        forget_others_errors();
        if (!chosen)
                return 0;
        if (!chosen->is_server)
                return connection_fail(connection, EDDY_ETLS, "the context that was chosen is a client's");
        eddy_tls_ref(chosen);
        eddy_tls_unref(&connection->context->base);
        connection->context = context_of(chosen);
        return 0;
}

/** OpenSSL's callback: a client has said hello. */
static int begin(SSL *ssl, int *alert, void *arg)
{
        struct tls_connection *connection = SSL_get_app_data(ssl);
        char name[TLSEXT_MAXLEN_host_name + 1];
        int rc = 0;

        (void)arg;
        if (connection->is_chosen) /* it was asked to say hello once more, and says the same */
                return SSL_CLIENT_HELLO_SUCCESS;
        connection->is_chosen = true;
        if (find_name(ssl, name)) {
                connection->name = memory_strdup(name);
                rc = connection->name ? 0 : -ENOMEM;
        }
        if (rc == 0)
                rc = choose_context(connection);
        if (rc == 0)
                rc = choose_identity(connection);
        if (rc == 0)
                return SSL_CLIENT_HELLO_SUCCESS;
        *alert = rc == EDDY_ETLS ? SSL_AD_UNRECOGNIZED_NAME : SSL_AD_INTERNAL_ERROR;
        return SSL_CLIENT_HELLO_ERROR;
}

/** OpenSSL's callback: whether the client is told that its wish for a name was heard. */
static int confirm_name(SSL *ssl, int *alert, void *arg)
{
        (void)ssl, (void)alert, (void)arg;
        return SSL_TLSEXT_ERR_OK;
}

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

void choosing_prepare(struct tls_context *context, SSL_CTX *identity)
{
        SSL_CTX_set_client_hello_cb(identity, begin, NULL);
        SSL_CTX_set_tlsext_servername_callback(identity, confirm_name);
        if (context->alpn)
                SSL_CTX_set_alpn_select_cb(identity, choose_protocol, context);
}
