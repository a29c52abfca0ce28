/* What the files of the extension share. Each file is about one kind of object; module.c puts them together.
 *
 * All of it runs with the interpreter's lock held, but for the loop's waiting. */
#ifndef EDDYLOOP_CORE_H
#define EDDYLOOP_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "loop/loop.h"
#include "transport/flow.h"

#if PY_VERSION_HEX < 0x030a0000
#error "eddyloop needs Python 3.10 or later"
#endif

struct watched;

/** Embedded in a transport, which its loop keeps alive, by a reference, until it is over. */
struct kept {
        eddy_link link; /* in loop->kept */
        PyObject *object;
};

/** eddyloop._core.Loop. */
typedef struct {
        PyObject ob_base;
        eddy_loop *loop; /* NULL: not initialised */
        bool is_debug, is_closing, is_closed;
        bool has_fast_streams;     /* asyncio's own readers and writers become ours */
        PyThreadState *thread;     /* while the loop waits, without the lock */
        PyObject *raised;          /* what ends the run: KeyboardInterrupt, SystemExit; NULL: nothing */
        PyObject *future_keywords; /* {"loop": this}, which makes a cycle until it is closed; or NULL */
        struct watched *watched;   /* by descriptor */
        int watched_count;
        /* A bytes object of which nobody else knows, that what comes next is received into; or NULL. */
        PyObject *spare;
        eddy_link kept;       /* transports */
        eddy_link sock_calls; /* that wait: see sock.h */
        char *scratch;        /* LOOP_SCRATCH_SIZE bytes for what is received; NULL before the first */
} PyLoop;

enum { LOOP_SCRATCH_SIZE = 512 * 1024 };

/** What follows asyncio's own part of a handle. */
struct handle_tail {
        eddy_timer timer; /* of a Handle, its first half alone is used */
};

extern PyTypeObject *loop_type, *handle_type, *timer_handle_type, *socket_transport_type, *tls_type;

int loop_add_type(PyObject *module);
int handle_add_types(PyObject *module);
int transport_add_type(PyObject *module);
int accept_add_type(PyObject *module);
int tls_add_type(PyObject *module);

/** What of asyncio's is used, found once. Owned by the module, which is never unloaded. */
struct imports {
        PyObject *helpers;   /* eddyloop._helpers: what is rare, in Python */
        PyObject *transport; /* asyncio.transports._FlowControlMixin, of which sendfile() wants one to be */
        PyObject *datagram_transport;               /* asyncio.DatagramTransport */
        PyObject *read_transport, *write_transport; /* asyncio.ReadTransport, asyncio.WriteTransport */
        PyObject *sendfile_fallback;                /* asyncio.constants._SendfileMode.FALLBACK */
        PyObject *handle;                           /* asyncio.Handle */
        PyObject *timer_handle;                     /* asyncio.TimerHandle */
        PyObject *buffered_protocol;                /* asyncio.BufferedProtocol */
        PyObject *future;                           /* asyncio.Future */
        PyObject *stock_loop;                       /* asyncio.SelectorEventLoop */
        PyObject *socket;                           /* socket.socket */
        PyObject *transport_socket;                 /* asyncio.trsock.TransportSocket */
        PyObject *try_native;                       /* asyncio.constants._SendfileMode.TRY_NATIVE */
        PyObject *empty_tuple;
        PyObject *stream_reader, *stream_writer, *stream_reader_protocol; /* asyncio's */
        PyObject *future_set_result;                                      /* asyncio.Future.set_result */
        PyObject *invalid_state_error;                                    /* asyncio.InvalidStateError */
        PyObject *newline;                                                /* b"\n" */
        size_t datagram_header;       /* what asyncio counts for each datagram that waits, beside its bytes */
        bool sends_empty_datagrams;   /* asyncio sends such as well */
        bool has_thread_safe_handles; /* asyncio's call_soon_threadsafe() returns handles of another kind */
};

extern struct imports imports;

/** Interned names. */
struct names {
        PyObject *context, *data_received, *eof_received, *get_buffer, *buffer_updated, *connection_made,
            *connection_lost, *pause_writing, *resume_writing, *close, *fileno, *socket, *sockname, *peername,
            *call_connection_lost, *start_reading, *is_closing, *set_result, *create_future, *future_blocking,
            *datagram_received, *error_received, *do_handshake, *unwrap;

        /* Of streams. */
        PyObject *state, *paused, *transport, *n, *separator, *cancelled, *resume_reading, *pause_reading,
            *throw, *protocol, *reader, *is_connection_lost, *stream_reader_wr, *feed_data, *write;
};

extern struct names names;

/* ------------------------------------------------------------------------------------------------
 * Exceptions. */

/** Take the exception that is set, as an object. */
PyObject *exception_take(void);

/** Set an exception that exception_take() has taken, or another, whose reference is given; NULL: none. */
void exception_give(PyObject *exception);

/** An OSError of a negative errno, as a new object; NULL with an exception. */
PyObject *exception_of(int error);

/** Set an OSError of a negative errno, or what else an error of eddy's is: always NULL. */
void *raise_error(ssize_t error);

/** Whether the exception that is set ends a run: KeyboardInterrupt, SystemExit. */
static inline bool exception_ends_run(void)
{
        return PyErr_ExceptionMatches(PyExc_SystemExit) || PyErr_ExceptionMatches(PyExc_KeyboardInterrupt);
}

/** The name of an object's type, without its module. */
static inline const char *type_name(PyObject *object)
{
        const char *name = Py_TYPE(object)->tp_name, *dot = strrchr(name, '.');

        return dot ? dot + 1 : name;
}

/** What a weak reference, or NULL, refers to: a new reference, or NULL without an exception. */
PyObject *referent(PyObject *reference);

/** Whether a weak reference, or NULL, is one of this object. */
bool refers_to(PyObject *reference, const PyObject *object);

/** Call a function of eddyloop._helpers with arguments that Py_BuildValue() knows, in parentheses. */
PyObject *call_helper(const char *name, const char *format, ...);

/* ------------------------------------------------------------------------------------------------
 * Loops. */

/** Have the run end with the exception that is set, as soon as what runs now has returned. */
void loop_end_run(PyLoop *self);

/** An exception that is set ends the run, or else is told to the loop's exception handler, as one of a handle. */
void loop_callback_failed(PyLoop *self, PyObject *handle);

/** Take the exception that is set, which does not end the run, and tell it by a function of eddyloop._helpers that knows how: the
 * exception, a new reference. What telling it raises ends the run. */
PyObject *loop_tell(PyLoop *self, const char *helper, PyObject *transport, PyObject *protocol,
                    const char *text);

/** See what came of calling pause_writing() or resume_writing(), whose result is given: 0, or -1 with what ends the run. */
int loop_check_marked(PyLoop *self, PyObject *result, PyObject *transport, PyObject *protocol,
                      const char *failure);

/** 0, or -1 with RuntimeError where it is closed, or (NULL) there is none. */
int loop_check_usable(PyLoop *self);

/** Likewise, and where another thread runs it. */
int loop_check_here(PyLoop *self);

/** Arguments as a tuple: a new reference, or NULL with an exception. */
PyObject *tuple_of(PyObject *const *args, Py_ssize_t n);

/** As call_soon(callback, *args, context=context), of a C function's own and from any thread: 0 or -1. The reference of the arguments is
 * given; the context may be NULL. */
int loop_call_soon(PyLoop *self, PyObject *callback, PyObject *args, PyObject *context);

/** Likewise of an object's method, with one argument or (NULL) none. */
int loop_call_method_soon(PyLoop *self, PyObject *object, PyObject *name, PyObject *argument);

/** Where another thread runs it: have a method done by that, soon, with one argument or (NULL) none. None, or NULL with an exception. */
PyObject *loop_call_there(PyLoop *self, PyMethodDef *method, PyObject *object, PyObject *argument);

/** Call something in a context: a new reference, or NULL with its exception. */
PyObject *call_in_context(PyObject *context, PyObject *callback, PyObject *const *args, size_t n);

/** Call a method in a context, or (NULL) the current one, of args[1] with what follows, n in all; args[0] is used. */
PyObject *call_method_in_context(PyObject *context, PyObject *name, PyObject **args, size_t n);

/** A copy of the current context; NULL, without an exception, where there is no memory. */
PyObject *context_copy(void);

/** Run a function, which returns 0 or -1 with an exception, in a context: likewise. */
int run_in_context(PyObject *context, int (*run)(void *arg), void *arg);

/** Whether it is the loop's thread that asks, or nobody runs it. */
static inline bool loop_is_here(const PyLoop *self)
{
        return loop_running_here == self->loop || !self->loop->is_running;
}

/** Where one of the slots of a class written in Python lies; -1 with ImportError where there is none. */
Py_ssize_t find_slot(PyObject *type, const char *name);

/** Keep something, and keep it no more; either may be called twice. */
void loop_keep(PyLoop *self, struct kept *kept, PyObject *object);
void loop_let_go(struct kept *kept);

/** The arguments of set_write_buffer_limits(), whose upper one is so many KiB where none is given: 0, or -1 with an exception. */
int take_limits(PyObject *args, PyObject *kwargs, int kilobytes, size_t *upper, size_t *lower);

/** As its create_future(): a new reference, or NULL with an exception. */
PyObject *loop_create_future(PyObject *loop);

/** Memory of the loop's, LOOP_SCRATCH_SIZE bytes, for what does not outlast the call; NULL without memory. */
char *loop_scratch(PyLoop *self);

/** Callback: a timer was asked for in another thread. The queue's reference becomes that of the timer. */
void loop_set_timer_here(void *handle);

/* Methods of schedule.c. */
PyObject *loop_call_soon_method(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);
PyObject *loop_call_soon_threadsafe(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);
PyObject *loop_call_later(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);
PyObject *loop_call_at(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);
PyObject *loop_get_time(PyObject *self, PyObject *unused);

/* Methods of other files. Those that are unasked do not look whether a transport has the descriptor. */
PyObject *loop_add_reader(PyObject *self, PyObject *const *args, Py_ssize_t n);
PyObject *loop_add_writer(PyObject *self, PyObject *const *args, Py_ssize_t n);
PyObject *loop_remove_reader(PyObject *self, PyObject *file);
PyObject *loop_remove_writer(PyObject *self, PyObject *file);
PyObject *loop_add_reader_unasked(PyObject *self, PyObject *const *args, Py_ssize_t n);
PyObject *loop_add_writer_unasked(PyObject *self, PyObject *const *args, Py_ssize_t n);
PyObject *loop_remove_reader_unasked(PyObject *self, PyObject *file);
PyObject *loop_remove_writer_unasked(PyObject *self, PyObject *file);
PyObject *loop_ensure_fd_no_transport(PyObject *self, PyObject *file);
PyObject *loop_get_transport(PyObject *self, PyObject *number);
PyObject *loop_note_transport(PyObject *self, PyObject *const *args, Py_ssize_t n);
PyObject *loop_sock_recv(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);
PyObject *loop_sock_recv_into(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);
PyObject *loop_sock_recvfrom(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);
PyObject *loop_sock_recvfrom_into(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);
PyObject *loop_sock_sendall(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);
PyObject *loop_sock_sendto(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);
PyObject *loop_sock_accept(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);
PyObject *loop_sock_connect(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);
PyObject *loop_adopt_stream(PyObject *self, PyObject *protocol);

/** Have what is watched watched by a new core. */
void loop_watch_anew(PyLoop *self);

/** Forget all watched descriptors. */
void loop_forget_watched(PyLoop *self);
int loop_visit_watched(PyLoop *self, visitproc visit, void *arg);

/* ------------------------------------------------------------------------------------------------
 * Handles. */

/** A new handle: its arguments' reference is given, and is lost where this fails. The context is None or NULL for a copy of the
 * current one. */
PyObject *handle_create(PyLoop *loop, PyObject *callback, PyObject *args, PyObject *context);
PyObject *timer_handle_create(PyLoop *loop, PyObject *when, PyObject *callback, PyObject *args,
                              PyObject *context);

/** What follows asyncio's part of a handle of ours. */
struct handle_tail *handle_tail(PyObject *handle);

/** Run what a handle of ours stands for, unless it is cancelled. */
void handle_run(PyObject *handle);

/** Callback: likewise, and give back the reference that the loop's queue has. */
void handle_run_queued(void *handle);

/** Mark as cancelled, and take it out of where it waits. */
void handle_cancel(PyObject *handle);

bool handle_is_cancelled(PyObject *handle);

#endif
