/* One connection's TLS: what the filter is given as `self`. */
#ifndef TLS_CONNECTION_H
#define TLS_CONNECTION_H

#include "tls/context.h"

enum { TLS_FIRST_BYTES = 24 };

struct tls_connection {
        SSL *ssl;
        struct tls_context *context;
        const char *in; /* what OpenSSL reads, while decode() runs */
        size_t in_size;
        char *out; /* where it writes, while encode() runs */
        size_t out_size;
        char *said; /* what it wrote where there was no room; NULL: nothing */
        size_t said_begin, said_end;
        bool has_agreed;
        bool is_greeting;              /* nothing is written before more has come */
        bool is_chosen;                /* of a server: what the client's name leads to */
        bool is_asked_for_certificate; /* of a client which has none */
        bool holds_back;               /* `said` are tickets, which wait for the first bytes that are written */
        bool has_finished;             /* it has said so */
        int failure;                   /* nothing more is to be had of it; 0: it has not failed */
        unsigned char first_size;
        char first[TLS_FIRST_BYTES]; /* what came first, for who is no TLS */
        char *why;                   /* it has failed; NULL: the number says all */
        char *alpn;                  /* what was agreed on, once it was asked for */
        char *name;                  /* whom a client has asked for; NULL: nobody */
        char *subject, *issuer;      /* of the peer's certificate, once they were asked for */
        unsigned char *certificate;
};

extern const eddy_filter tls_filter;

/** Have what all connections need: 0 or -ENOMEM. */
int connection_prepare(void);

/** What OpenSSL reads from and writes to; NULL without memory. */
BIO *connection_bio(struct tls_connection *connection);

/** Move what was kept into a place: how much of it. */
ssize_t connection_move_said(struct tls_connection *connection, void *out, size_t size);

/** As tls_impl.open() and tell(). */
int connection_open(eddy_tls *tls, const char *name, void **self);
bool connection_tell(void *self, eddy_tls_info *info);

/** Keep a sentence on a failure: its code. */
__attribute__((format(printf, 3, 4))) int connection_fail(struct tls_connection *connection, int rc,
                                                          const char *format, ...);

/** Keep a sentence on what is wrong with the other side's certificate. */
void connection_explain_certificate(struct tls_connection *connection, X509_STORE_CTX *verifying);

/** Whether what came first is TLS, or nothing came; else keep a sentence on what it was. */
bool connection_speaks_tls(struct tls_connection *connection);

/** Keep a sentence on why OpenSSL has failed, which its queue of errors says, and empty that: the code. */
int connection_explain(struct tls_connection *connection);

#endif
