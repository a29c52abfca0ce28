/* A context from the inside: options that can be read again, and what OpenSSL has made of them. */
#ifndef TLS_CONTEXT_H
#define TLS_CONTEXT_H

#include "tls/sessions.h"
#include "tls/tickets.h"
#include "transport/tls.h"
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

/** What a session has to be of if it is to be resumed. It is made by chance, for it tells apart also what processes make that share
 * the keys of their tickets. */
struct session_mark {
        unsigned char bytes[16];
};

/** What a reload replaces as a whole: of each certificate what OpenSSL has made of it and the options. */
struct contents {
        /* Where certificates are verified it is of these contents alone, so that what was agreed on by other rules is of no use; else
         * the context's. */
        struct session_mark mark;
        size_t count;
        SSL_CTX *identities[]; /* the first is of who asks for no name, or for one that none has */
};

struct tls_context {
        struct eddy_tls base;
        atomic_uint references;
        bool verifies;            /* the other side's certificate */
        struct session_mark mark; /* no other context has it, nor any contents */
        eddy_tls_options options; /* its texts are our own */
        unsigned char *alpn;      /* as TLS writes it */
        unsigned alpn_size;
        int key_log;               /* the descriptor; -1: none */
        struct sessions sessions;  /* of a client: what may be resumed, by what `contents` say */
        struct tickets tickets;    /* of a server */
        pthread_mutex_t reloading; /* one at a time, so that what is read last stays */
        pthread_mutex_t lock;      /* of `contents` */
        struct contents *contents;
};

/** The context that a connection is of. */
struct tls_context *context_of(eddy_tls *tls);

/** A connection's SSL of a context; NULL without memory. */
SSL *context_begin(struct tls_context *context);

/** Keep a client's session for the next connection, unless its own began before the last reload: whether it is kept. */
bool context_keep_session(struct tls_context *context, const SSL *ssl, const char *name, SSL_SESSION *session);

/** Make what OpenSSL needs of a certificate, whose file may be NULL, and the options: 0 or an error. */
int identity_create(struct tls_context *context, const eddy_tls_certificate *certificate,
                    const struct session_mark *mark, SSL_CTX **identity);

/** The functions by which a server chooses for a client, of its hello. */
void choosing_prepare(struct tls_context *context, SSL_CTX *identity);

#endif
