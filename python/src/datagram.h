/* A transport of datagrams: asyncio's, on operations of the core's. Its life is in datagram.c. */
#ifndef EDDYLOOP_DATAGRAM_H
#define EDDYLOOP_DATAGRAM_H

#include "address.h"
#include "loop/operation.h"
#include "subclass.h"

enum { MOST_DATAGRAMS = 8, LARGEST_OF_INTERNET = 64 * 1024, LARGEST_DATAGRAM = 256 * 1024 };

/** One that has come, or waits to leave. */
struct datagram {
        PyObject *data;
        PyObject *address; /* None: it has none */
};

/** What follows asyncio's own part of a transport. */
struct datagram_transport {
        struct loop_resource resource; /* it ends with the core's loop */
        struct kept kept;              /* from when it is made until it is lost */
        PyLoop *loop;                  /* an owned reference, like all that follow; NULL where it is lost */
        PyObject *protocol;
        PyObject *socket;
        PyObject *address;         /* to which alone it sends, or None */
        PyObject *context;         /* in which its protocol is called with what has come */
        PyObject *writing_context; /* in which the rest is told */
        PyObject *dict, *weak_references;
        struct address_cache received_from, sent_to;
        eddy_op reading, writing;
        int fd, family;
        bool is_connected; /* it has a peer, to which the kernel sends */
        bool is_closing, is_paused, has_begun, is_full;
        unsigned lost;  /* connection_lost() is scheduled, and so often it was written to since */
        unsigned batch; /* so many are asked for at once */
        struct datagram came[MOST_DATAGRAMS]; /* and are yet to be shown */
        unsigned first, count;
        struct datagram *queue; /* to leave: a ring */
        size_t queue_first, queue_count, queue_room;
        size_t unsent; /* bytes, with what each one counts for itself */
        size_t high_water, low_water;
};

static inline struct datagram_transport *datagram_transport_of(PyObject *object)
{
        return subclass_part(object);
}

static inline PyObject *datagram_transport_object(struct datagram_transport *transport)
{
        return subclass_object(transport);
}

int datagram_add_type(PyObject *module);

/** End it for an exception, or (NULL) for no fault; what was written is dropped. */
void datagram_force_close(struct datagram_transport *transport, PyObject *exception);

/** The exception that is set is none of the system's: end the run, or tell of it and the transport is lost. */
void datagram_fail(struct datagram_transport *transport, const char *message);

/** The exception that is set is one of the protocol's, or one that asyncio's handles tell of: the transport goes on. */
void datagram_tell(struct datagram_transport *transport, PyLoop *loop, const char *what);

/** Show an error of the system's, which is given, to the protocol in a context, or (NULL) in this one. */
void datagram_show_error(struct datagram_transport *transport, PyObject *error, PyObject *context);

/** All that was written has left, of one that is closing: tell its protocol now. */
void datagram_lose(struct datagram_transport *transport);

/** Wait for what comes, unless that is so or nobody wants it. */
void datagram_go_on(struct datagram_transport *transport);

/** Callbacks of the operations. */
void datagram_came(void *transport);
void datagram_may_leave(void *transport);

/** Forget all that has come or waits to leave. */
void datagram_drop(struct datagram_transport *transport);
void datagram_drop_queue(struct datagram_transport *transport);

/* Methods of datagram_write.c. */
PyObject *datagram_sendto(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);
PyObject *datagram_set_limits(PyObject *self, PyObject *args, PyObject *kwargs);

#endif
