/* TLS over a socket's transport: the transport that a program sees, which is the protocol of the one below. Of asyncio.sslproto it has
 * the states, the messages and what follows what. Bytes go between the flow below, OpenSSL and the protocol without any Python: what came
 * lies in the loop's buffer, from which OpenSSL takes it by a BIO of ours, and is decrypted into the bytes object that the protocol gets,
 * or into its buffer; what is written is encrypted from where it lies. Handshakes and ends are left to ssl.SSLObject, whose callbacks and
 * exceptions are the ones that programs know.
 *
 * Calling _ssl's methods and those of its memory BIOs instead would need no knowledge of _ssl, but they make and take apart arguments, give
 * up the interpreter's lock and take it again, and copy once more each: an echo of 64 bytes takes 1.9 us by them, and 1.2 by this; one of
 * 10 KiB 8.4 and 7.2. */
#ifndef EDDYLOOP_TLS_H
#define EDDYLOOP_TLS_H

#include "tls_openssl.h"
#include "transport.h"

/* asyncio's marks, in KiB. */
enum { TLS_HIGH_WATER = PY_VERSION_HEX < 0x030b0000 ? 64 : 512, TLS_READ_HIGH_WATER = 256 };

enum tls_state {
        TLS_UNWRAPPED, /* not begun, or over */
        TLS_HANDSHAKE,
        TLS_WRAPPED,
        TLS_FLUSHING, /* it is closed: what has come is still shown */
        TLS_SHUTDOWN, /* both sides say that nothing more comes */
};

/** What the program's protocol has been told. */
enum tls_told { TLS_TOLD_NOTHING, TLS_TOLD_MADE, TLS_TOLD_EOF, TLS_TOLD_LOST };

/** What follows asyncio's own part of a transport. All objects are owned references. */
struct tls {
        struct tls_ends ends;    /* of its BIO */
        SSL *ssl;                /* `raw` owns it */
        struct transport *lower; /* NULL: not there yet, or lost */
        const char *in;          /* what came, while it is looked at */
        size_t in_size;
        size_t within;       /* bytes of a record that OpenSSL has, and more of it is to come */
        struct buffer kept;  /* came before that, and could not be decrypted yet */
        struct buffer plain; /* written, and not encrypted yet */
        struct buffer out;   /* encrypted, on its way to the flow */
        eddy_handle turn;    /* for what must not come within a call */
        eddy_handle flush;   /* at the end of an iteration */
        PyLoop *loop;
        PyObject *protocol;          /* the program's; NULL: it is lost */
        struct reader_state *stream; /* of the protocol's reader, where that is ours; or NULL */
        PyObject *context;           /* ssl.SSLContext */
        PyObject *object;            /* ssl.SSLObject */
        PyObject *raw;               /* _ssl._SSLSocket, which that has */
        PyObject *waiter;            /* for the handshake; NULL: nobody waits */
        PyObject *handshake_timeout, *shutdown_timeout; /* seconds */
        PyObject *timer; /* the handle of what limits the handshake, or closing */
        PyObject *dict, *weak_references;
        enum tls_state state;
        enum tls_told told;
        bool is_buffered, is_paused, is_full, has_seen_eof;
        bool is_closed;    /* as asyncio means it: the program, or the other side, has ended it */
        bool has_ended;    /* the other side has said that nothing more comes, or what it said was wrong */
        bool is_done_with; /* the program has closed it again */
        bool is_held;      /* nothing is to leave: pause_writing() of the transport below */
        bool has_detached; /* the flow below is gone */
        unsigned writes_in_vain;
        size_t high_water, low_water;
        size_t read_high_water, read_low_water; /* noted down; reading pauses when anything has to be kept */
};

static inline struct tls *tls_of(PyObject *object)
{
        return subclass_part(object);
}

static inline PyObject *tls_object(struct tls *tls)
{
        return subclass_object(tls);
}

/** Whether bytes can go to the flow below. */
static inline bool tls_has_flow(const struct tls *tls)
{
        return tls->lower && !tls->has_detached && !transport_is_lost(tls->lower);
}

/** Bytes that came and were not looked at. */
static inline size_t tls_unread(const struct tls *tls)
{
        return buffer_size(&tls->kept) + tls->in_size;
}

/** What was written and is not the kernel's yet. */
size_t tls_unsent(const struct tls *tls);

/** Go on as far as what has come allows: 0, or -1 with an exception of a protocol's. */
int tls_step(struct tls *tls);

/** Begin to close: 0 or -1 likewise. */
int tls_start_shutdown(struct tls *tls);

/** The other side has said that it is done: tell the protocol once. 0, or -1 with what ends the run. */
int tls_call_eof_received(struct tls *tls);

/** It fails by the exception that is set: 0, or -1 with one that ends the run. */
int tls_fatal_error(struct tls *tls, const char *message);

/** Have the exception set that _ssl raises for what a call of OpenSSL's has just failed with. */
void tls_raise(struct tls *tls);

/** As the transport's _force_close(). */
void tls_abort(struct tls *tls, PyObject *exception);

/** It is lost, and the program done with it: forget its context, and what is known of the other side. */
void tls_let_go(struct tls *tls);

/** Receive, or not, as it is wanted now. */
void tls_direct_reading(struct tls *tls);

/** Have its turn come in the next iteration. */
void tls_take_turn_later(struct tls *tls);

/** Callback: it comes. */
void tls_take_turn(void *tls);

/* tls_methods.c */
extern PyMethodDef tls_methods[];
PyObject *tls_set_protocol(PyObject *self, PyObject *protocol);

/* tls_state.c */
/** In debug mode: a line for the log. 0 or -1. */
int tls_log_debug(struct tls *tls, const char *what);

/** Tell who waits for the handshake: 0 or -1. */
int tls_wake_waiter(struct tls *tls, PyObject *exception);

/** Have a method called in so many seconds, and none before: 0 or -1. */
int tls_start_timer(struct tls *tls, PyObject *seconds, const char *method);
void tls_stop_timer(struct tls *tls);

/** Whether the exception that is set says only that more has to come; it is cleared then. */
bool tls_wants_more(void);

/* tls_handshake.c */
/** Go on with the handshake: 0, or -1 with an exception of a protocol's. */
int tls_shake_hands(struct tls *tls);

/** It has failed, by the exception that is set: 0 or -1. */
int tls_fail_handshake(struct tls *tls);

/* tls_close.c */
/** Show what has come, send what was written, and then say that it was all: 0 or -1. */
int tls_flush_and_shut_down(struct tls *tls);

/** Go on with saying it, and hear the same: 0 or -1. */
int tls_shut_down(struct tls *tls);

/* What the transport below calls, and timers. */
PyObject *tls_connection_made(PyObject *self, PyObject *lower);
PyObject *tls_connection_lost(PyObject *self, PyObject *exception);
PyObject *tls_eof_received(PyObject *self, PyObject *unused);
PyObject *tls_check_handshake_timeout(PyObject *self, PyObject *unused);
PyObject *tls_check_shutdown_timeout(PyObject *self, PyObject *unused);

/* tls_read.c */
/** Decrypt what is there and show it to the protocol: 0, or -1 with an exception that the connection does not survive. */
int tls_read(struct tls *tls);

/** Whether there is something to be decrypted, which may be too little. */
bool tls_has_more(const struct tls *tls);

/* tls_write.c */
PyObject *tls_write(PyObject *self, PyObject *data);
PyObject *tls_writelines(PyObject *self, PyObject *list);
PyObject *tls_set_limits(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *tls_get_limits(PyObject *self, PyObject *unused);
PyObject *tls_pause_writing(PyObject *self, PyObject *unused);
PyObject *tls_resume_writing(PyObject *self, PyObject *unused);
PyObject *tls_get_size(PyObject *self, PyObject *unused);

/** Encrypt what was written, and send it: 0, or -1 with an exception that the connection does not survive. */
int tls_flush(struct tls *tls);

/** Send what OpenSSL has put out, which may be its own: handshakes, alerts. `at_once`: nothing comes behind it. */
void tls_send(struct tls *tls, bool at_once);

/** What its BIO does. */
size_t tls_take(struct tls_ends *ends, char *memory, size_t size);
bool tls_put(struct tls_ends *ends, const char *data, size_t n);

/** Callback: at the end of an iteration. */
void tls_flush_last(void *tls);

/** Have the protocol go on writing, where it is time: 0, or -1 with what ends the run. */
int tls_heed_lower_mark(struct tls *tls);

#endif
