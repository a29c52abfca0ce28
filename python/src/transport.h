/* A transport of a stream socket: asyncio's, on a flow of the engine's. */
#ifndef EDDYLOOP_TRANSPORT_H
#define EDDYLOOP_TRANSPORT_H

#include "core.h"

struct tls;

/** What follows asyncio's own part of a transport. */
struct transport {
        struct flow flow;
        struct flow_input input;
        eddy_link held;      /* in the loop's transports: it owns a reference */
        eddy_handle turn;    /* for what must not come within a call */
        PyLoop *loop;        /* an owned reference, like all that follow; NULL where it is lost */
        PyObject *protocol;  /* likewise */
        struct tls *tls;     /* the protocol, where that is TLS; NULL: it is a program's */
        PyObject *socket;
        PyObject *server;    /* whose connection it is, or NULL */
        PyObject *context;   /* in which its protocol is called with what has come */
        PyObject *writing_context; /* in which resume_writing() is called */
        PyObject *exception; /* why it will be lost; NULL: for no fault */
        PyObject *empty_waiter; /* a future of who waits until all has left, or NULL */
        PyObject *dict, *weak_references;
        Py_buffer place;     /* what a BufferedProtocol has lent */
        bool has_place, is_buffered, has_begun, is_paused, is_full, has_written_eof;
        bool is_ending; /* connection_lost() is scheduled */
        bool has_ended;
        bool gathers;            /* it writes more than once an iteration: the first waits for the rest */
        unsigned iteration;      /* of the loop, in which it wrote last */
        unsigned writes;         /* in that */
        unsigned writes_in_vain; /* since connection_lost() is scheduled */
        size_t high_water, low_water;
};

struct transport *transport_of(PyObject *object);
PyObject *transport_object(struct transport *transport);

/** End a transport for an exception, or (NULL) for no fault; what was written is dropped. */
void transport_force_close(struct transport *transport, PyObject *exception);

/** The exception that is set came of a protocol's function: end the run, or tell of it and the transport is lost. */
void transport_fail(struct transport *transport, const char *message);

/** Whether connection_lost() is scheduled, or over. */
static inline bool transport_is_lost(const struct transport *transport)
{
        return transport->is_ending || !transport->loop;
}

/** As the methods of these names. */
void transport_pause_reading(struct transport *transport);
void transport_resume_reading(struct transport *transport);

/** Take note of a write: whether it is to leave at once. */
bool transport_leaves_at_once(struct transport *transport);

/** Call a function of a protocol's in a context, or (NULL) the current one, with one argument, or (NULL) none: a new reference, or NULL
 * with its exception. */
PyObject *call_protocol(PyObject *protocol, PyObject *context, PyObject *name, PyObject *argument);

/* TLS above it, in tls.c. */

/** n bytes came: 0, or -1 with an exception of its protocol's. */
int tls_came(struct tls *tls, const void *data, size_t n);

/** Something has left. */
void tls_settled(struct tls *tls);

/** The flow goes: what was to use it is dropped. */
void tls_detach(struct tls *tls);

/** The TLS that a protocol is; NULL: it is none. */
struct tls *tls_of_protocol(PyObject *protocol);

/** It is closed: let go of it. */
void transport_finish(struct transport *transport);

/** The flow's client. */
extern const struct flow_client transport_client;

/** What is beneath: a Python socket, which is closed by itself. */
extern const struct flow_impl transport_socket;

/* transport_write.c */
/** Write parts, which are `total` bytes: 0, or -1 with an exception. */
typedef int put_function(void *arg, struct iovec *parts, int count, size_t total);

/** Have all that a list, or anything else to iterate over, has be written as one: None or NULL. */
PyObject *write_all(PyObject *list, put_function *put_parts, void *arg);

PyObject *transport_write(PyObject *self, PyObject *data);
PyObject *transport_writelines(PyObject *self, PyObject *list);
PyObject *transport_write_eof(PyObject *self, PyObject *unused);
PyObject *transport_set_limits(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *transport_get_limits(PyObject *self, PyObject *unused);
PyObject *transport_get_size(PyObject *self, PyObject *unused);
PyObject *transport_make_empty_waiter(PyObject *self, PyObject *unused);
PyObject *transport_reset_empty_waiter(PyObject *self, PyObject *unused);

/** Something has left, or failed. */
void transport_settled(struct flow *flow);

/** Whether a transport that closes has its protocol go on writing before, which may have kept something back, as asyncio.sslproto does;
 * its turn is near then. */
bool transport_has_to_resume(struct transport *transport);

/** Have the protocol go on writing, and tell who waits until all has left, where it is time. */
void transport_take_turn(void *transport);

/* transport_read.c */
void *transport_lend(struct flow *flow, size_t *size);
void transport_came(struct flow *flow, void *data, ssize_t n);

#endif
