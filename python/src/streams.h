/* asyncio's streams without Python on their way: StreamReader and StreamWriter as subclasses whose methods are C.
 *
 * They add nothing to what an object of theirs is made of, so that an object of asyncio's becomes one of them by its class alone
 * (adopt.c). All that asyncio knows of a reader stays in its __dict__, under asyncio's names: what C does not do itself, because it
 * is rare or because it fails, asyncio's own method does, called on the same object. */
#ifndef EDDYLOOP_STREAMS_H
#define EDDYLOOP_STREAMS_H

#include "core.h"

/** What a coroutine does. */
enum reading { READ, READ_EXACTLY, READ_LINE, READ_UNTIL, READ_NEXT_LINE, DRAIN };

enum progress { NOT_BEGUN, RUNNING, WAITING, ENDED };

/** A coroutine of a reader's or a writer's. */
struct coroutine {
        PyObject_HEAD PyObject *owner; /* the reader or writer */
        PyObject *future; /* that the reader's _waiter is while this waits for bytes; NULL: it waits for none */
        PyObject *
            inner; /* what is run meanwhile: the future's iterator, or the coroutine of asyncio's that does it instead */
        struct reader_state *state; /* that knows of it while it waits for bytes */
        PyObject *
            in_hand; /* bytes that have come for it, which in asyncio's eyes are the first of the reader's buffer */
        PyObject *separator; /* bytes; NULL: it has none */
        Py_ssize_t n;        /* bytes wanted */
        Py_ssize_t searched; /* bytes of the buffer in which no separator begins */
        enum reading reading;
        enum progress progress;
        bool has_begun;
};

/** What a reader has beside what asyncio knows of: in its __dict__, too. */
struct reader_state {
        PyObject_HEAD struct coroutine
            *waiting;    /* for bytes, or has been given them; not owned: it takes itself out */
        Py_ssize_t attributes; /* that the reader has, where nobody has given it more */
        bool has_writer; /* its writer is one of ours */
};

extern PyTypeObject *stream_reader_type, *stream_writer_type;

int coroutine_add_type(PyObject *module);
int stream_reader_add_type(PyObject *module);
int stream_writer_add_type(PyObject *module);
int adopt_prepare(void);

/** A subclass of one of asyncio's classes that adds no more than methods and properties; it is also put into the module. */
PyTypeObject *stream_subclass(PyObject *module, const char *name, PyObject *base, PyMethodDef *methods,
                              PyGetSetDef *properties);

/* ------------------------------------------------------------------------------------------------
 * Coroutines. */

/** A new coroutine; the separator is NULL for none. */
PyObject *coroutine_create(PyObject *owner, enum reading reading, Py_ssize_t n, PyObject *separator);

/** Do what it is for as far as that goes: PYGEN_RETURN with the result, PYGEN_NEXT where it is to wait: for `future`, for `inner`
 * if that is set, or PYGEN_ERROR. */
PySendResult reader_advance(struct coroutine *self, PyObject **result);
PySendResult writer_advance(struct coroutine *self, PyObject **result);

/** It waits for bytes no more: what has come for it is its result, or (false) there is none. */
bool reader_take_in_hand(struct coroutine *self, PyObject **result);

/** It waits for bytes no more, and what has come for it is the reader's again: 0, or -1 with an exception. */
int reader_leave(struct coroutine *self);

/* ------------------------------------------------------------------------------------------------
 * Readers. */

/** As feed_data(), of bytes in memory, or (`whole` is not NULL) of a bytes object: 0, or -1 with an exception. */
int reader_feed(PyObject *reader, const char *data, Py_ssize_t n, PyObject *whole);

/** Likewise of a transport: 1 where that is done, 0 where somebody has given the reader a feed_data() of its own, -1 with an
 * exception. */
int reader_feed_directly(PyObject *reader, const char *data, Py_ssize_t n);

/** One of the attributes in an object's __dict__: borrowed, or NULL with AttributeError. */
PyObject *stream_attribute(PyObject *dict, PyObject *name);

/* ------------------------------------------------------------------------------------------------
 * Which are ours. */

/** Have a protocol's reader be ours, where both are asyncio's own and nobody has changed what they do: how many attributes the
 * protocol has, or 0 where the reader is none of ours. */
Py_ssize_t adopt_reader(PyLoop *loop, PyObject *protocol);

/** Where it is drain() of a writer that is asyncio's which asks its reader for an exception, have that writer be ours, too: whether
 * it was. */
bool adopt_writer(PyObject *reader);

/** Show bytes to a protocol whose reader is ours, and which had so many attributes when it was adopted: 1 where that is done, 0 where the protocol itself must be asked, -1 with an
 * exception. */
int adopted_feed(PyObject *protocol, Py_ssize_t attributes, const void *data, size_t n);

#endif
