/* TLS as a filter: OpenSSL reads from what decode() is shown, and writes into what encode() is to fill. */
#include "tls/connection.h"

#include "base/memory.h"
#include "tls/errors.h"
#include "tls/trust.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

/** What a record is longer than its bytes, with what may come before it. */
enum { RECORD_MORE = 256, RECORD_MOST = 16 * 1024 };

__attribute__((constructor)) static void register_errors(void)
{
        static const eddy_error_name names[] = {
            {EDDY_ETLS, "EDDY_ETLS", "both sides do not agree on TLS"},
            {EDDY_ECERTIFICATE, "EDDY_ECERTIFICATE", "the peer's certificate is not to be trusted"},
        };
        static eddy_error_block block = {.names = names, .count = sizeof names / sizeof names[0]};

        eddy_register_errors(&block);
}

static ssize_t fail(struct tls_connection *connection)
{
        connection->holds_back = false;
        connection->failure = connection_explain(connection);
        return connection->failure;
}

/** The other side has closed the connection without having said so before. */
static ssize_t cut(struct tls_connection *connection)
{
        if (!connection_speaks_tls(connection))
                return EDDY_ETLS;
        if (!connection->has_agreed)
                return connection_fail(connection, EDDY_EINCOMPLETE,
                                       "the peer closed the connection before both sides agreed on TLS");
        return connection->context->options.takes_cut_for_end ? EDDY_EFINISHED : EDDY_EINCOMPLETE;
}

/** What a call of OpenSSL's that has not succeeded came to: 0 where it wants more, or an error. */
static ssize_t outcome(struct tls_connection *connection, int returned)
{
        switch (SSL_get_error(connection->ssl, returned)) {
        case SSL_ERROR_WANT_READ:
                return 0;
        case SSL_ERROR_ZERO_RETURN:
                return connection->has_agreed ? EDDY_EFINISHED : cut(connection);
        default:
                return fail(connection);
        }
}

static void note_first(struct tls_connection *connection)
{
        size_t n = TLS_FIRST_BYTES - connection->first_size;

        if (n > connection->in_size)
                n = connection->in_size;
        memcpy(connection->first + connection->first_size, connection->in, n);
        connection->first_size = (unsigned char)(connection->first_size + n);
}

/** Go on with the handshake: 0 or an error. */
static ssize_t shake_hands(struct tls_connection *connection)
{
        int rc;

        note_first(connection);
        rc = SSL_do_handshake(connection->ssl);
        if (rc != 1)
                return outcome(connection, rc);
        connection->is_greeting = false;
        if (connection->has_agreed)
                return 0;
        connection->has_agreed = true;
        /* What a server says last are tickets, for a client that may never read: it closes, they come to a socket that is closed, and
         * the kernel drops what it has sent. With the first bytes that are written they come to one that reads. */
        connection->holds_back =
            SSL_is_server(connection->ssl) && SSL_version(connection->ssl) == TLS1_3_VERSION;
        return 0;
}

static ssize_t decode(void *self, const void *in, size_t *n, void *out, size_t size)
{
        struct tls_connection *connection = self;
        size_t got = 0;
        ssize_t rc;
        int returned;

        if (!in)
                return cut(connection);
        if (*n == 0 && !connection->is_greeting && SSL_pending(connection->ssl) == 0)
                return 0;
        connection->in = in;
        connection->in_size = *n;
        forget_others_errors();
        if (connection->is_greeting) {
                rc = shake_hands(connection);
        } else {
                returned = SSL_read_ex(connection->ssl, out, size, &got);
                rc = returned == 1 ? (ssize_t)got : outcome(connection, returned);
        }
        *n -= connection->in_size;
        return rc;
}

/** Encrypt bytes: how many, or an error. */
static ssize_t encrypt(struct tls_connection *connection, const void *in, size_t n)
{
        size_t written = 0;
        int returned = SSL_write_ex(connection->ssl, in, n, &written);

        if (returned == 1)
                return (ssize_t)written;
        if (SSL_get_error(connection->ssl, returned) != SSL_ERROR_WANT_READ)
                return fail(connection);
        connection->is_greeting = true; /* half of a ticket has come, say, and the rest is read first */
        return 0;
}

static ssize_t encode(void *self, const void *in, size_t *n, void *out, size_t size)
{
        struct tls_connection *connection = self;
        ssize_t before, written;
        size_t most;

        if (connection->failure) /* which OpenSSL would not say twice */
                return connection->failure;
        before = connection_move_said(connection, out, size);
        most = size - (size_t)before;
        connection->holds_back = false;
        if (connection->said || most <= RECORD_MORE) {
                *n = 0;
                return before;
        }
        most = most - RECORD_MORE < RECORD_MOST ? most - RECORD_MORE : RECORD_MOST;
        connection->out = (char *)out + before;
        connection->out_size = size - (size_t)before;
        forget_others_errors();
        written = encrypt(connection, in, *n < most ? *n : most);
        connection->out_size = 0;
        if (written < 0)
                return written;
        *n = (size_t)written;
        return connection->out - (char *)out;
}

static ssize_t answer(void *self, void *out, size_t size)
{
        struct tls_connection *connection = self;

        return connection->holds_back ? 0 : connection_move_said(connection, out, size);
}

static ssize_t finish(void *self, void *out, size_t size)
{
        struct tls_connection *connection = self;
        bool may_finish = !connection->has_finished && !connection->failure && connection->has_agreed;

        connection->holds_back = false;
        if (may_finish && SSL_in_init(connection->ssl)) {
                connection->is_greeting = true; /* as of encrypt() */
                return connection_move_said(connection, out, size);
        }
        connection->has_finished = true;
        if (may_finish) {
                forget_others_errors();
                if (SSL_shutdown(connection->ssl) < 0)
                        return fail(connection);
        }
        return connection_move_said(connection, out, size);
}

static bool is_greeting(void *self)
{
        const struct tls_connection *connection = self;

        return connection->is_greeting;
}

static eddy_duration linger(void *self)
{
        const struct tls_connection *connection = self;

        return connection->context->options.shutdown_timeout;
}

static const char *explain(void *self)
{
        const struct tls_connection *connection = self;

        return connection->why;
}

static void close_connection(void *self)
{
        struct tls_connection *connection = self;

        SSL_free(connection->ssl);
        eddy_tls_unref(&connection->context->base);
        memory_free(connection->said);
        memory_free(connection->why);
        memory_free(connection->name);
        memory_free(connection->alpn);
        memory_free(connection->subject);
        memory_free(connection->issuer);
        OPENSSL_free(connection->certificate);
        memory_free(connection);
}

const eddy_filter tls_filter = {
    .decode = decode,
    .encode = encode,
    .finish = finish,
    .answer = answer,
    .is_greeting = is_greeting,
    .linger = linger,
    .explain = explain,
    .free = close_connection,
};

/* Its beginning. */

/** Keep a host's name as certificates and servers know it: without the dot at its end, or the network that an address is in.
 * 0 or an error. One that begins with a dot would stand for every host below it. */
static int keep_name(struct tls_connection *connection, const char *name)
{
        size_t n = strchr(name, ':') ? strcspn(name, "%") : strlen(name);

        if (n > 1 && name[n - 1] == '.')
                n--;
        for (size_t i = 0; i < n; i++)
                if (name[i] <= ' ' || name[i] > '~' || name[0] == '.')
                        return eddy_fail(-EINVAL, "'%s' is no host name", name);
        connection->name = memory_strdup(name);
        if (!connection->name)
                return -ENOMEM;
        connection->name[n] = '\0';
        return 0;
}

/** Ask for a name, and have the certificate be for it: 0 or an error. */
static int set_name(struct tls_connection *connection, const char *name)
{
        X509_VERIFY_PARAM *param = SSL_get0_param(connection->ssl);
        int rc = keep_name(connection, name);
        bool is_address;

        if (rc < 0)
                return rc;
        name = connection->name;
        is_address = X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1;
        if (!is_address && strlen(name) > TLSEXT_MAXLEN_host_name)
                return eddy_fail(-EINVAL, "'%s' is no host name", name);
        if (!is_address && SSL_set_tlsext_host_name(connection->ssl, name) != 1)
                return -ENOMEM;
        if (connection->context->options.skips_host_name)
                return X509_VERIFY_PARAM_set1_ip(param, NULL, 0) == 1 ? 0 : -ENOMEM;
        SSL_set_hostflags(connection->ssl,
                          X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        return is_address || SSL_set1_host(connection->ssl, name) == 1 ? 0 : -ENOMEM;
}

static void resume(struct tls_connection *connection)
{
        SSL_SESSION *session = sessions_find(&connection->context->sessions, connection->name);

        if (session && trust_lasts(session))
                SSL_set_session(connection->ssl, session);
        SSL_SESSION_free(session);
}

/** Say who is on the other side, and speak first: 0 or an error. */
static int begin_client(struct tls_connection *connection, const char *name)
{
        const eddy_tls_options *options = &connection->context->options;
        int rc = 0;

        if (name && *name)
                rc = set_name(connection, name);
        else if (!options->skips_host_name && options->verify != EDDY_TLS_VERIFY_INSECURE)
                rc = eddy_fail(-EINVAL, "for which host the certificate has to be is not said");
        if (rc < 0)
                return rc;
        if (connection->name)
                resume(connection);
        SSL_set_connect_state(connection->ssl);
        ERR_clear_error(); /* a name was no address, say */
        rc = SSL_do_handshake(connection->ssl);
        return (int)outcome(connection, rc);
}

static int begin(struct tls_connection *connection, const char *name)
{
        BIO *bio;

        forget_others_errors();
        connection->ssl = context_begin(connection->context);
        bio = connection->ssl ? connection_bio(connection) : NULL;
        if (!bio)
                return -ENOMEM;
        SSL_set_bio(connection->ssl, bio, bio);
        if (SSL_set_app_data(connection->ssl, connection) != 1)
                return -ENOMEM;
        if (!connection->context->base.is_server)
                return begin_client(connection, name);
        if (name)
                return eddy_fail(-EINVAL, "a server's context is not for connecting to '%s'", name);
        SSL_set_accept_state(connection->ssl);
        return 0;
}

int connection_open(eddy_tls *tls, const char *name, void **self)
{
        struct tls_connection *connection = memory_zalloc(sizeof *connection);
        int rc;

        if (!connection)
                return -ENOMEM;
        connection->context = context_of(eddy_tls_ref(tls));
        connection->is_greeting = true;
        rc = begin(connection, name);
        if (rc < 0) {
                if (connection->why)
                        eddy_fail(rc, "%s", connection->why);
                close_connection(connection);
                ERR_clear_error();
                return rc;
        }
        *self = connection;
        return 0;
}
