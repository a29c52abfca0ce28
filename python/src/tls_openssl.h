/* The OpenSSL that Python's own _ssl is linked to, whose functions are looked up there: none is linked, and no header is needed. */
#ifndef EDDYLOOP_TLS_OPENSSL_H
#define EDDYLOOP_TLS_OPENSSL_H

#include "core.h"

typedef struct ssl_st SSL;
typedef struct bio_st BIO;
typedef struct bio_method_st BIO_METHOD;

enum { SSL_ERROR_WANT_READ = 2, SSL_ERROR_SYSCALL = 5, SSL_ERROR_ZERO_RETURN = 6 };

/** Its functions, by their names. */
struct openssl {
        int (*SSL_read_ex)(SSL *, void *, size_t, size_t *);
        int (*SSL_write_ex)(SSL *, const void *, size_t, size_t *);
        int (*SSL_get_error)(const SSL *, int);
        int (*SSL_pending)(const SSL *);
        void (*SSL_set_bio)(SSL *, BIO *, BIO *);
        BIO *(*SSL_get_rbio)(const SSL *);
        BIO *(*SSL_get_wbio)(const SSL *);
        unsigned long (*ERR_peek_error)(void);
        void (*ERR_clear_error)(void);
        unsigned long (*OpenSSL_version_num)(void);
        BIO_METHOD *(*BIO_meth_new)(int, const char *);
        int (*BIO_meth_set_read_ex)(BIO_METHOD *, int (*)(BIO *, char *, size_t, size_t *));
        int (*BIO_meth_set_write_ex)(BIO_METHOD *, int (*)(BIO *, const char *, size_t, size_t *));
        int (*BIO_meth_set_ctrl)(BIO_METHOD *, long (*)(BIO *, int, long, void *));
        BIO *(*BIO_new)(const BIO_METHOD *);
        void (*BIO_set_data)(BIO *, void *);
        void *(*BIO_get_data)(BIO *);
        void (*BIO_set_init)(BIO *, int);
        void (*BIO_set_flags)(BIO *, int);
        void (*BIO_clear_flags)(BIO *, int);
};

extern struct openssl openssl;

/** The module ssl's exceptions, and asyncio's TimeoutError. */
struct openssl_errors {
        PyObject *error, *want_read, *syscall, *certificate, *timeout;
};

extern struct openssl_errors openssl_errors;

/** Whom a BIO of ours reads from and writes to. Both are called without the interpreter's lock, too. */
struct tls_ends {
        /** How much was put into memory; 0: nothing is there. */
        size_t (*take)(struct tls_ends *ends, char *memory, size_t size);

        /** Whether there was memory to keep it. */
        bool (*put)(struct tls_ends *ends, const char *data, size_t n);
};

/** Find the functions, for a module _ssl and its version of OpenSSL: None, or a sentence that says why they cannot be used. */
PyObject *openssl_find(PyObject *module, PyObject *args);

/** Put a BIO of ours in place of the memory BIOs that an ssl.SSLObject was made with: what it has of _ssl's, as a new reference, which
 * owns the SSL; NULL with an exception, NotImplementedError where it is not what it seems. */
PyObject *openssl_connect(PyObject *object, PyObject *incoming, PyObject *outgoing, struct tls_ends *ends,
                          SSL **ssl);

/** Have its BIO read from and write to nobody any more. */
void openssl_disconnect(SSL *ssl);

/** See to it that what SSL_get_error() tells is of the next call. */
static inline void forget_old_errors(void)
{
        if (openssl.ERR_peek_error() != 0)
                openssl.ERR_clear_error();
}

#endif
