/* A transport of a stream socket: asyncio's, on a flow of the engine's. */
#ifndef EDDYLOOP_TRANSPORT_H
#define EDDYLOOP_TRANSPORT_H

#include "subclass.h"

enum transport_kind { SOCKET_TRANSPORT, READ_PIPE_TRANSPORT, WRITE_PIPE_TRANSPORT };

struct tls;

/** What follows asyncio's own part of a transport. */
struct transport {
        struct flow flow;
        struct flow_input input;
        struct kept kept;            /* until it is lost */
        eddy_handle turn;            /* for what must not come within a call */
        PyLoop *loop;                /* an owned reference, like all that follow; NULL where it is lost */
        PyObject *protocol;          /* likewise */
        struct reader_state *stream; /* of the protocol's reader, where that is one of ours; or NULL */
        struct tls *tls;             /* the protocol, where that is TLS; NULL: it is a program's */
        PyObject *socket;            /* or the pipe */
        PyObject *server;            /* whose connection it is, or NULL */
        PyObject *context;           /* in which its protocol is called with what has come */
        PyObject *writing_context;   /* of resume_writing(), and of connection_lost() that must wait */
        PyObject *exception;         /* why it will be lost; NULL: for no fault */
        PyObject *empty_waiter;      /* a future of who waits until all has left, or NULL */
        PyObject *dict, *weak_references;
        Py_buffer place;    /* what a BufferedProtocol has lent */
        int fd;             /* its number, which is told of even when it is closed */
        unsigned char kind; /* enum transport_kind */
        bool keeps_context; /* which was given: all is called in that, as from Python 3.15 on */
        bool has_place, is_buffered, has_begun, is_paused, is_full, has_written_eof;
        bool is_ending; /* connection_lost() is scheduled */
        bool has_ended;
        bool gathers;            /* it writes more than once an iteration: the first waits for the rest */
        unsigned iteration;      /* of the loop, in which it wrote last */
        unsigned writes;         /* in that */
        unsigned writes_in_vain; /* since connection_lost() is scheduled */
        size_t high_water, low_water;
};

static inline struct transport *transport_of(PyObject *object)
{
        return subclass_part(object);
}

static inline PyObject *transport_object(struct transport *transport)
{
        return subclass_object(transport);
}

/** In which its protocol hears of what it wrote. */
static inline PyObject *transport_context_of_writing(const struct transport *transport)
{
        return transport->keeps_context ? transport->context : transport->writing_context;
}

/** Whether it is a transport of ours, of which nobody has replaced a method. */
static inline bool is_plain_transport(PyObject *object)
{
        return Py_TYPE(object) == socket_transport_type && !transport_of(object)->dict;
}

/** End a transport when all that was written has left. */
void transport_close(struct transport *transport);

/** End a transport for an exception, or (NULL) for no fault; what was written is dropped. */
void transport_force_close(struct transport *transport, PyObject *exception);

/** End it in the context of what comes, where asyncio schedules what its protocol hears of it. */
void transport_end_in_context(struct transport *transport, int (*end)(void *transport));

/** The exception that is set came of a protocol's function: end the run, or tell of it and the transport is lost. */
void transport_fail(struct transport *transport, const char *message);

/** Whether connection_lost() is scheduled, or over; or the loop is closed. */
static inline bool transport_is_lost(const struct transport *transport)
{
        return transport->is_ending || transport->flow.is_closed || !transport->loop;
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

/** What is beneath: a Python socket, or file, which is closed by itself. Filled in once. */
extern struct flow_impl transport_socket, transport_pipe;

/** The kernel is asked for nothing of it any more; then the protocol is told, and the socket is closed by itself, behind that. */
bool transport_close_socket(struct flow *flow, bool is_last);

/** What a failure of reading, or of writing, is called. */
static inline const char *transport_failure(const struct transport *transport, bool is_read)
{
        if (transport->kind == SOCKET_TRANSPORT)
                return is_read ? "Fatal read error on socket transport"
                               : "Fatal write error on socket transport";
        return is_read ? "Fatal read error on pipe transport" : "Fatal write error on pipe transport";
}

/** A protocol's function that asyncio calls from a handle has raised the exception that is set: tell of it, and go on. */
void transport_tell(struct transport *transport, const char *method);

/* transport_end.c */

/** Tell the protocol, and close the socket. */
PyObject *transport_call_connection_lost(PyObject *self, PyObject *exception);
void transport_leave_server(struct transport *transport);
void transport_let_protocol_go(struct transport *transport);

/** Fill in transport_socket and transport_pipe: the core's own, but for the end, for asyncio's transports send no reset, and a pipe's end is
 * seen when it is closed. */
void transport_prepare_flows(void);

/* transport_write.c */
PyObject *transport_write(PyObject *self, PyObject *data);
PyObject *transport_writelines(PyObject *self, PyObject *list);
PyObject *transport_write_eof(PyObject *self, PyObject *unused);
PyObject *transport_set_limits(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *transport_get_limits(PyObject *self, PyObject *unused);
PyObject *transport_get_size(PyObject *self, PyObject *unused);
PyObject *transport_make_empty_waiter(PyObject *self, PyObject *unused);
PyObject *transport_reset_empty_waiter(PyObject *self, PyObject *unused);

/** Write, at once or in the end: 0, or -1 with an exception that is the caller's own. That of the connection is its protocol's. */
int transport_put(struct transport *transport, struct iovec *parts, int count);

/** Write parts, which are `total` bytes: 0, or -1 with an exception. */
typedef int put_function(void *arg, struct iovec *parts, int count, size_t total);

/** Have the bytes of an object be written: 0, or -1 with an exception. */
int put_object(PyObject *data, put_function *put, void *arg);

/** Have all that a list, or anything else to iterate over, has be written as one: 0, or -1 with an exception. */
int put_list(PyObject *list, put_function *put, void *arg);

/** Write to a transport; in vain where it is lost, or in any case. */
put_function put_parts, put_in_vain;

/** It is lost already: tell who goes on writing, in the end. 0, or -1 with an exception. */
int transport_write_in_vain(struct transport *transport);

/** Something has left, or failed. */
void transport_settled(struct flow *flow);

/** Have transport_take_turn() called in the next iteration. */
static inline void transport_have_turn(struct transport *transport)
{
        if (!list_is_linked(&transport->turn.link))
                loop_schedule(transport->flow.loop, &transport->turn);
}

/** Have the protocol go on writing, and tell who waits until all has left, where it is time. */
void transport_take_turn(void *transport);

/* transport_pipe.c */
PyObject *transport_write_to_pipe(PyObject *self, PyObject *data);
PyObject *transport_write_list_to_pipe(PyObject *self, PyObject *list);
PyObject *transport_watch_reader(PyObject *self, PyObject *unused);

/** Make a transport's flow that of a pipe, or a socket that is used as one: 0 or an error. */
int transport_become_pipe(struct transport *transport, int family);

/** The end of a pipe has come: 0. */
int transport_end_pipe(void *transport);

/* transport_read.c */
void *transport_lend(struct flow *flow, size_t *size);
void transport_came(struct flow *flow, void *data, ssize_t n);

#endif
