/* asyncio's streams without Python on their way: StreamReader and StreamWriter as subclasses whose methods are C.
 *
 * They add nothing to what an object of theirs is made of, so that an object of asyncio's becomes one of them by its class alone
 * (adopt.c). What C does not do itself, because it is rare or because it fails, asyncio's own method does, called on the same
 * object: so all that asyncio knows of a reader is to be found under asyncio's names, with the values that asyncio would have there. */
#ifndef EDDYLOOP_STREAMS_H
#define EDDYLOOP_STREAMS_H

#include "awaitable.h"

/** What a coroutine does. */
enum reading { READ, READ_EXACTLY, READ_LINE, READ_UNTIL, READ_NEXT_LINE, DRAIN };

/** A coroutine of a reader's or a writer's. */
struct coroutine {
        PyObject ob_base;
        PyObject *owner;  /* the reader or writer */
        PyObject *future; /* that the reader's _waiter is while this waits for bytes; NULL: it waits for none */
        PyObject *inner; /* is run meanwhile: the future's iterator, or a coroutine of asyncio's that does it */
        struct reader_state *state; /* that knows of it while it waits for bytes */
        PyObject *in_hand;   /* bytes that have come for it: to asyncio, the first of the reader's buffer */
        PyObject *separator; /* bytes; NULL: it has none */
        Py_ssize_t n;        /* bytes wanted */
        Py_ssize_t searched; /* bytes of the buffer in which no separator begins */
        enum reading reading;
        enum progress progress;
        bool has_begun;
};

/** What asyncio knows of a reader, in the order of reader_properties. */
enum attribute { LIMIT, LOOP, BUFFER, AT_EOF, WAITER, EXCEPTION, TRANSPORT, PAUSED, ATTRIBUTES };

struct reader_state {
        PyObject ob_base;
        PyObject *values[ATTRIBUTES]; /* NULL: it has none, or all are in the __dict__ */
        PyObject *reader;             /* whose __dict__ owns this: a weak reference */
        struct coroutine *waiting;    /* for bytes, or has been given them; not owned: it takes itself out */
        Py_ssize_t attributes;        /* that its __dict__ has, where nobody has given it more */
        bool is_exposed;              /* all is in the __dict__, since somebody has that */
        bool has_writer;              /* its writer is one of ours */
};

extern PyTypeObject *stream_reader_type, *stream_writer_type;
extern PyGetSetDef reader_properties[];

int coroutine_add_type(PyObject *module);
int reader_state_add_type(void);
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

/** Do what it is for as far as that goes: PYGEN_RETURN with the result, PYGEN_NEXT where `inner` is to be run first, PYGEN_ERROR. */
PySendResult reader_advance(struct coroutine *self, PyObject **result);
PySendResult writer_advance(struct coroutine *self, PyObject **result);

/** Whether it can be run, closed or thrown into; with an exception where not. */
bool coroutine_may_run(struct coroutine *self);

/** It has ended, in this way, which is returned. */
PySendResult coroutine_end(struct coroutine *self, PySendResult how);

PyObject *coroutine_throw(PyObject *self, PyObject *const *args, Py_ssize_t n);
PyObject *coroutine_close(PyObject *self, PyObject *unused);

/** It waits for bytes no more: what has come for it is its result, or (false) there is none. */
bool reader_take_in_hand(struct coroutine *self, PyObject **result);

/** It waits for bytes no more, and what has come for it is the reader's again: 0, or -1 with an exception. */
int reader_leave(struct coroutine *self);

/** Nothing comes for it any more. */
void reader_forget(struct coroutine *self);

/** asyncio's own method: borrowed. */
PyObject *reader_method_of_asyncio(enum reading reading);

/* ------------------------------------------------------------------------------------------------
 * What a reader is made of. */

/** A reader, for the time of a call. Both are owned; its __dict__ may be left out where the state is not exposed. */
struct reader {
        PyObject *dict;
        struct reader_state *state;
};

/** 0, or -1 with an exception and nothing to close. A reader that has just been opened has a bytearray as its buffer. */
int reader_open(struct reader *reader, PyObject *object);

/** Likewise where its state is known already. */
int reader_open_again(struct reader *reader, PyObject *object, struct reader_state *state);
void reader_close(struct reader *reader);

PyObject *reader_get_from_dict(struct reader *reader, enum attribute attribute);

/** An attribute: borrowed, or NULL with AttributeError. */
static inline PyObject *reader_get(struct reader *reader, enum attribute attribute)
{
        PyObject *value = reader->state->values[attribute];

        return value ? value : reader_get_from_dict(reader, attribute);
}

int reader_set(struct reader *reader, enum attribute attribute, PyObject *value);

PyObject *reader_buffer_otherwise(struct reader *reader);

/** The bytearray that it has as its buffer: borrowed, or NULL with an exception. */
static inline PyObject *reader_buffer(struct reader *reader)
{
        PyObject *buffer = reader->state->values[BUFFER];

        return buffer && PyByteArray_CheckExact(buffer) ? buffer : reader_buffer_otherwise(reader);
}

int reader_is_otherwise(struct reader *reader, enum attribute attribute);

/** Whether an attribute is true; -1 with an exception. */
static inline int reader_is(struct reader *reader, enum attribute attribute)
{
        return reader->state->values[attribute] == Py_False ? 0 : reader_is_otherwise(reader, attribute);
}

/** The limit, as far as a Py_ssize_t goes; -1 with an exception. */
Py_ssize_t reader_limit(struct reader *reader);

/** What is in a coroutine's hand goes to the buffer's front, where asyncio has it. */
int reader_put_back(struct reader *reader);

/* ------------------------------------------------------------------------------------------------
 * Feeding. */

/** As feed_data(), of bytes in memory, or (`whole` is not NULL) of a bytes object: 0, or -1 with an exception. */
int reader_feed(PyObject *object, const char *data, Py_ssize_t n, PyObject *whole);

/** Likewise of a transport that knows the state of its protocol's reader: 1 where that is done, 0 where the protocol itself must be
 * asked, since somebody has given it or the reader a method of its own, or looks at the reader's __dict__; -1 with an exception. */
int stream_feed(struct reader_state *state, PyObject *protocol, const char *data, Py_ssize_t n,
                PyObject *whole);

/** Whether a coroutine waits that would have all of so many bytes as its result. */
bool stream_wants_whole(const struct reader_state *state, Py_ssize_t n);

/** Where a separator is in bytes, or -1. */
Py_ssize_t find_separator(const char *data, Py_ssize_t n, PyObject *separator);

/* ------------------------------------------------------------------------------------------------
 * Which are ours. */

/** Have a protocol's reader be ours, where both are asyncio's own and nobody has changed what they do: its state, a new reference,
 * or NULL, without an exception, where the reader is none of ours. */
struct reader_state *adopt_reader(PyLoop *loop, PyObject *protocol);

/** Where it is drain() of a writer that is asyncio's which asks its reader for an exception, have that writer be ours, too: whether
 * it was. */
bool adopt_writer(PyObject *reader);

#endif
