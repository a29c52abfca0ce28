/* OpenSSL's queue of errors, which is one for each thread and everybody in it. */
#ifndef TLS_ERRORS_H
#define TLS_ERRORS_H

#include <openssl/err.h>
#include <stdbool.h>

/** OpenSSL takes for its own what others have left there. Looking is cheaper than clearing. */
static inline void forget_others_errors(void)
{
        if (ERR_peek_error())
                ERR_clear_error();
}

/** What a queue of errors came to. */
struct tls_errors {
        unsigned long error; /* the first of the library asked for, else the first of all; 0: there was none */
        int system;          /* the first errno; 0: there was none */
        bool has_no_memory;
};

/** Empty the queue, which was empty before what has failed. ERR_LIB_NONE asks for no library. */
struct tls_errors errors_take(int library);

#endif
