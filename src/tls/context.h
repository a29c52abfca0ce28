/* A context from the inside: options that can be read again, and what OpenSSL has made of them. */
#ifndef TLS_CONTEXT_H
#define TLS_CONTEXT_H

#include "tls/sessions.h"
#include "transport/tls.h"
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

/** What OpenSSL has made of the options, for the name that is a client's to ask for. */
struct identity {
        SSL_CTX *openssl;
        X509 *certificate; /* `openssl` keeps it; NULL: none */
};

/** What a reload replaces as a whole. */
struct contents {
        size_t count;
        struct identity identities[]; /* the first is of who asks for no name, or for one that none has */
};

struct tls_context {
        struct eddy_tls base;
        atomic_uint references;
        bool is_server;
        eddy_tls_options options; /* its texts are our own */
        unsigned char *alpn;      /* as TLS writes it */
        unsigned alpn_size;
        struct sessions sessions; /* of a client: what may be resumed */
        pthread_mutex_t lock;     /* of `contents` */
        struct contents *contents;
};

/** The context that a connection is of. */
struct tls_context *context_of(eddy_tls *tls);

/** A connection's SSL of a context; NULL without memory. */
SSL *context_begin(struct tls_context *context);

#endif
