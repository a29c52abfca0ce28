/* asyncio.StreamReader's subclass. What has come is in the bytearray that asyncio has as _buffer, or else it is in hand: in the bytes
 * object that a waiting read will have as its result. Who looks at the buffer finds it there. */
#include "streams.h"

#include <structmember.h>

PyTypeObject *stream_reader_type;

static PyTypeObject *state_type;

/** asyncio's own methods, by reading. */
static PyObject *asyncios[READ_NEXT_LINE + 1];

PyObject *stream_attribute(PyObject *dict, PyObject *name)
{
        PyObject *value = PyDict_GetItemWithError(dict, name);

        if (!value && !PyErr_Occurred())
                PyErr_SetObject(PyExc_AttributeError, name);
        return value;
}

/* ------------------------------------------------------------------------------------------------
 * What a reader is made of. */

/** A view of a reader, for the time of a call. */
struct view {
        PyObject *dict;             /* owned */
        struct reader_state *state; /* owned */
        PyObject *buffer;           /* borrowed of the __dict__ */
};

static int view_state(struct view *view)
{
        PyObject *state = PyDict_GetItemWithError(view->dict, names.state);
        struct reader_state *created;

        if (state && Py_TYPE(state) == state_type) {
                view->state = (struct reader_state *)Py_NewRef(state);
                return 0;
        }
        if (PyErr_Occurred())
                return -1;
        created = PyObject_New(struct reader_state, state_type);
        if (!created)
                return -1;
        created->waiting = NULL;
        created->has_writer = false;
        view->state = created;
        if (PyDict_SetItem(view->dict, names.state, (PyObject *)created) < 0)
                return -1;
        created->attributes = PyDict_Contains(view->dict, names.feed_data) ? 0 : PyDict_GET_SIZE(view->dict);
        return 0;
}

static int view_buffer(struct view *view)
{
        view->buffer = stream_attribute(view->dict, names.buffer);
        if (!view->buffer)
                return -1;
        if (PyByteArray_Check(view->buffer))
                return 0;
        PyErr_Format(PyExc_TypeError, "the buffer of a StreamReader is a bytearray, not %s",
                     Py_TYPE(view->buffer)->tp_name);
        return -1;
}

/** 0, or -1 with an exception and nothing to close. */
static int view_open(struct view *view, PyObject *reader)
{
        view->dict = PyObject_GenericGetDict(reader, NULL);
        view->state = NULL;
        if (view->dict && view_state(view) == 0 && view_buffer(view) == 0)
                return 0;
        Py_XDECREF(view->state);
        Py_XDECREF(view->dict);
        return -1;
}

static void view_close(struct view *view)
{
        Py_DECREF(view->state);
        Py_DECREF(view->dict);
}

/** Whether an attribute is true; -1 with an exception. */
static int is_true(const struct view *view, PyObject *name)
{
        PyObject *value = stream_attribute(view->dict, name);

        if (value == Py_False || value == Py_None)
                return 0;
        return value ? PyObject_IsTrue(value) : -1;
}

/** The limit, as far as a Py_ssize_t goes; -1 with an exception. */
static Py_ssize_t limit_of(const struct view *view)
{
        PyObject *limit = stream_attribute(view->dict, names.limit);
        Py_ssize_t n;

        if (!limit)
                return -1;
        n = PyNumber_AsSsize_t(limit, NULL);
        return n < 0 && !PyErr_Occurred() ? 0 : n;
}

static int append(PyObject *buffer, const char *data, Py_ssize_t n)
{
        Py_ssize_t before = PyByteArray_GET_SIZE(buffer);

        if (PyByteArray_Resize(buffer, before + n) < 0)
                return -1;
        memcpy(PyByteArray_AS_STRING(buffer) + before, data, (size_t)n);
        return 0;
}

/** Take bytes out at the front of a buffer that has so many. */
static PyObject *take(PyObject *buffer, Py_ssize_t n)
{
        PyObject *bytes = PyBytes_FromStringAndSize(PyByteArray_AS_STRING(buffer), n);
        int rc;

        if (!bytes)
                return NULL;
        if (n == PyByteArray_GET_SIZE(buffer))
                rc = n == 0 ? 0 : PyByteArray_Resize(buffer, 0);
        else
                rc = PySequence_DelSlice(buffer, 0, n);
        if (rc < 0)
                Py_CLEAR(bytes);
        return bytes;
}

/** What is in hand goes to the buffer's front, where asyncio has it. */
static int put_back(struct view *view)
{
        struct coroutine *waiting = view->state->waiting;
        PyObject *bytes = waiting ? waiting->in_hand : NULL;
        Py_ssize_t n, before;
        char *place;

        if (!bytes)
                return 0;
        n = PyBytes_GET_SIZE(bytes);
        before = PyByteArray_GET_SIZE(view->buffer);
        if (PyByteArray_Resize(view->buffer, before + n) < 0)
                return -1;
        place = PyByteArray_AS_STRING(view->buffer);
        memmove(place + n, place, (size_t)before);
        memcpy(place, PyBytes_AS_STRING(bytes), (size_t)n);
        Py_CLEAR(waiting->in_hand);
        return 0;
}

/** Have the transport go on where it is paused and few enough are left. */
static int resume_transport(struct view *view, Py_ssize_t most)
{
        int is_paused = is_true(view, names.paused);
        PyObject *transport, *result;

        if (is_paused <= 0 || (most >= 0 && PyByteArray_GET_SIZE(view->buffer) > most))
                return is_paused;
        transport = stream_attribute(view->dict, names.transport);
        if (!transport || PyDict_SetItem(view->dict, names.paused, Py_False) < 0)
                return -1;
        Py_INCREF(transport);
        result = PyObject_CallMethodNoArgs(transport, names.resume_reading);
        Py_DECREF(transport);
        Py_XDECREF(result);
        return result ? 0 : -1;
}

static int heed_lower_mark(struct view *view)
{
        int is_paused = is_true(view, names.paused);
        Py_ssize_t limit;

        if (is_paused <= 0)
                return is_paused;
        limit = limit_of(view);
        return limit < 0 ? -1 : resume_transport(view, limit);
}

/* ------------------------------------------------------------------------------------------------
 * Reading. */

/** A result, once the transport has been told that there is room: `bytes` is given, and may be NULL with an exception. */
static PySendResult give(struct view *view, PyObject *bytes, PyObject **result)
{
        if (bytes && heed_lower_mark(view) < 0)
                Py_CLEAR(bytes);
        *result = bytes;
        return bytes ? PYGEN_RETURN : PYGEN_ERROR;
}

/** Wait for bytes: there must be a future that feed_data() completes. */
static PySendResult await_bytes(struct coroutine *self, struct view *view)
{
        PyObject *loop, *future, *iterator;

        if (resume_transport(view, -1) < 0)
                return PYGEN_ERROR;
        loop = stream_attribute(view->dict, names.loop);
        future = loop ? PyObject_CallMethodNoArgs(loop, names.create_future) : NULL;
        if (!future)
                return PYGEN_ERROR;
        iterator = Py_TYPE(future)->tp_as_async && Py_TYPE(future)->tp_as_async->am_await
                       ? Py_TYPE(future)->tp_as_async->am_await(future)
                       : PyObject_CallMethod(future, "__await__", NULL);
        if (!iterator || PyDict_SetItem(view->dict, names.waiter, future) < 0) {
                Py_XDECREF(iterator);
                Py_DECREF(future);
                return PYGEN_ERROR;
        }
        self->inner = iterator;
        self->future = future;
        Py_XSETREF(self->state, (struct reader_state *)Py_NewRef(view->state));
        view->state->waiting = self;
        return PYGEN_NEXT;
}

/** Have asyncio's own coroutine do it. */
static PySendResult delegated(struct coroutine *self)
{
        PyObject *argument = self->separator ? Py_NewRef(self->separator) : PyLong_FromSsize_t(self->n);
        PyObject *stack[] = {self->owner, argument};
        size_t n = self->reading == READ_LINE || self->reading == READ_NEXT_LINE ? 1 : 2;

        if (!argument)
                return PYGEN_ERROR;
        self->inner = PyObject_Vectorcall(asyncios[self->reading], stack, n, NULL);
        Py_DECREF(argument);
        return self->inner ? PYGEN_NEXT : PYGEN_ERROR;
}

/** Wait, where nothing speaks against it: else asyncio's own says what. */
static PySendResult wait_for_more(struct coroutine *self, struct view *view, PyObject **result)
{
        int is_at_end = is_true(view, names.eof);
        PyObject *waiter = is_at_end < 0 ? NULL : stream_attribute(view->dict, names.waiter);

        if (!waiter)
                return PYGEN_ERROR;
        if (is_at_end && self->reading == READ)
                return give(view, PyBytes_FromStringAndSize(NULL, 0), result);
        if (is_at_end || waiter != Py_None)
                return delegated(self);
        return await_bytes(self, view);
}

static PySendResult advance_read(struct coroutine *self, struct view *view, PyObject **result)
{
        Py_ssize_t length = PyByteArray_GET_SIZE(view->buffer);

        if (length == 0)
                return wait_for_more(self, view, result);
        return give(view, take(view->buffer, length < self->n ? length : self->n), result);
}

static PySendResult advance_read_exactly(struct coroutine *self, struct view *view, PyObject **result)
{
        if (PyByteArray_GET_SIZE(view->buffer) < self->n)
                return wait_for_more(self, view, result);
        return give(view, take(view->buffer, self->n), result);
}

/** Where a separator is in bytes, or -1. */
static Py_ssize_t find(const char *data, Py_ssize_t n, PyObject *separator)
{
        Py_ssize_t length = PyBytes_GET_SIZE(separator);
        const char *found = length == 1 ? memchr(data, PyBytes_AS_STRING(separator)[0], (size_t)n)
                                        : memmem(data, (size_t)n, PyBytes_AS_STRING(separator), (size_t)length);

        return found ? found - data : -1;
}

static PySendResult advance_read_until(struct coroutine *self, struct view *view, PyObject **result)
{
        Py_ssize_t length = PyByteArray_GET_SIZE(view->buffer), n = PyBytes_GET_SIZE(self->separator);
        Py_ssize_t limit = limit_of(view), at = -1;

        if (limit < 0)
                return PYGEN_ERROR;
        if (self->searched > length)
                self->searched = length;
        if (length - self->searched >= n) {
                at = find(PyByteArray_AS_STRING(view->buffer) + self->searched, length - self->searched,
                          self->separator);
                if (at >= 0)
                        at += self->searched;
                else
                        self->searched = length + 1 - n;
        }
        if (at > limit || self->searched > limit)
                return delegated(self);
        if (at < 0)
                return wait_for_more(self, view, result);
        return give(view, take(view->buffer, at + n), result);
}

static PySendResult advance(struct coroutine *self, struct view *view, PyObject **result)
{
        PyObject *exception;

        if (!self->has_begun) {
                exception = stream_attribute(view->dict, names.exception);
                if (!exception)
                        return PYGEN_ERROR;
                if (exception != Py_None)
                        return delegated(self);
                self->has_begun = true;
                if (self->n == 0 && !self->separator) {
                        *result = PyBytes_FromStringAndSize(NULL, 0);
                        return *result ? PYGEN_RETURN : PYGEN_ERROR;
                }
        }
        if (put_back(view) < 0)
                return PYGEN_ERROR;
        switch (self->reading) {
        case READ:
                return advance_read(self, view, result);
        case READ_EXACTLY:
                return advance_read_exactly(self, view, result);
        default:
                return advance_read_until(self, view, result);
        }
}

PySendResult reader_advance(struct coroutine *self, PyObject **result)
{
        struct view view;
        PySendResult how;

        if (view_open(&view, self->owner) < 0)
                return PYGEN_ERROR;
        how = advance(self, &view, result);
        view_close(&view);
        return how;
}

/** Nothing comes for it any more. */
static void take_out(struct coroutine *self)
{
        if (self->state->waiting == self)
                self->state->waiting = NULL;
        Py_CLEAR(self->state);
}

/** It waits no more: the view is opened where it did; 1 if so, 0 if it did not, -1 with an exception. */
static int stop_waiting(struct coroutine *self, struct view *view)
{
        PyObject *future = self->future;
        int rc = 0;

        if (!future)
                return 0;
        self->future = NULL;
        Py_CLEAR(self->inner);
        if (view_open(view, self->owner) < 0) {
                take_out(self);
                Py_DECREF(future);
                return -1;
        }
        if (PyDict_GetItemWithError(view->dict, names.waiter) == future)
                rc = PyDict_SetItem(view->dict, names.waiter, Py_None);
        Py_DECREF(future);
        if (rc == 0)
                return 1;
        take_out(self);
        view_close(view);
        return -1;
}

int reader_leave(struct coroutine *self)
{
        struct view view;
        int rc = stop_waiting(self, &view);

        if (rc <= 0)
                return rc;
        if (self->in_hand)
                rc = put_back(&view);
        take_out(self);
        Py_CLEAR(self->in_hand);
        view_close(&view);
        return rc < 0 ? -1 : 0;
}

bool reader_take_in_hand(struct coroutine *self, PyObject **result)
{
        struct view view;
        int rc = stop_waiting(self, &view);
        PyObject *bytes = self->in_hand;

        if (rc > 0) {
                take_out(self);
                self->in_hand = NULL;
                if (bytes)
                        give(&view, bytes, result);
                view_close(&view);
        }
        return bytes || rc < 0;
}

/* ------------------------------------------------------------------------------------------------
 * Feeding. */

/** How many of the first bytes that come end what a coroutine waits for; 0: they are not enough, or more is to be looked at. */
static Py_ssize_t find_end(const struct coroutine *waiting, const struct view *view, const char *data,
                           Py_ssize_t n)
{
        Py_ssize_t limit, at;

        switch (waiting->reading) {
        case READ:
                return n < waiting->n ? n : waiting->n;
        case READ_EXACTLY:
                return n >= waiting->n ? waiting->n : 0;
        default:
                if (waiting->searched > 0)
                        return 0;
                limit = limit_of(view);
                at = find(data, n, waiting->separator);
                return at >= 0 && at <= limit ? at + PyBytes_GET_SIZE(waiting->separator) : 0;
        }
}

/** Put bytes where they belong: in a waiting coroutine's hand, if it has got the only eyes on them. */
static int put(struct view *view, const char *data, Py_ssize_t n, PyObject *whole)
{
        struct coroutine *waiting = view->state->waiting;
        Py_ssize_t taken = 0;

        if (put_back(view) < 0)
                return -1;
        if (waiting && PyByteArray_GET_SIZE(view->buffer) == 0 && Py_REFCNT(view->buffer) == 1 &&
            Py_REFCNT(view->dict) == 2 &&
            PyDict_GetItemWithError(view->dict, names.waiter) == waiting->future) {
                taken = find_end(waiting, view, data, n);
                if (taken > 0) {
                        waiting->in_hand =
                            whole && taken == n ? Py_NewRef(whole) : PyBytes_FromStringAndSize(data, taken);
                        if (!waiting->in_hand)
                                return -1;
                }
        }
        return taken == n ? 0 : append(view->buffer, data + taken, n - taken);
}

/** Complete a future that nobody has cancelled. */
static int complete(PyObject *future)
{
        PyObject *stack[] = {future, Py_None}, *result;

        if ((PyObject *)Py_TYPE(future) == imports.future)
                result = PyObject_Vectorcall(imports.future_set_result, stack, 2, NULL);
        else
                result = PyObject_CallMethodOneArg(future, names.set_result, Py_None);
        if (!result && PyErr_ExceptionMatches(imports.invalid_state_error)) {
                PyObject *raised = exception_take();

                result = PyObject_CallMethodNoArgs(future, names.cancelled);
                if (result == Py_False) {
                        Py_CLEAR(result);
                        exception_give(raised);
                } else {
                        Py_DECREF(raised);
                }
        }
        Py_XDECREF(result);
        return result ? 0 : -1;
}

/** Have who waits run on. */
static int wake(struct view *view)
{
        PyObject *waiter = stream_attribute(view->dict, names.waiter);
        int rc;

        if (!waiter || waiter == Py_None)
                return waiter ? 0 : -1;
        Py_INCREF(waiter);
        rc = PyDict_SetItem(view->dict, names.waiter, Py_None);
        if (rc == 0)
                rc = complete(waiter);
        Py_DECREF(waiter);
        return rc;
}

/** Have the transport pause. One that cannot is forgotten. */
static int pause_transport(struct view *view, PyObject *transport)
{
        PyObject *result;

        Py_INCREF(transport);
        result = PyObject_CallMethodNoArgs(transport, names.pause_reading);
        Py_DECREF(transport);
        if (result) {
                Py_DECREF(result);
                return PyDict_SetItem(view->dict, names.paused, Py_True);
        }
        if (!PyErr_ExceptionMatches(PyExc_NotImplementedError))
                return -1;
        PyErr_Clear();
        return PyDict_SetItem(view->dict, names.transport, Py_None);
}

static int heed_upper_mark(struct view *view)
{
        const struct coroutine *waiting = view->state->waiting;
        Py_ssize_t limit = limit_of(view), length;
        PyObject *transport;
        int is_paused;

        if (limit < 0 || view_buffer(view) < 0)
                return -1;
        length = PyByteArray_GET_SIZE(view->buffer) +
                 (waiting && waiting->in_hand ? PyBytes_GET_SIZE(waiting->in_hand) : 0);
        if (length / 2 < limit || (length / 2 == limit && length % 2 == 0))
                return 0;
        transport = stream_attribute(view->dict, names.transport);
        is_paused = is_true(view, names.paused);
        if (!transport || is_paused < 0)
                return -1;
        return transport == Py_None || is_paused ? 0 : pause_transport(view, transport);
}

static int feed(struct view *view, const char *data, Py_ssize_t n, PyObject *whole)
{
        int is_at_end = is_true(view, names.eof);

        if (is_at_end > 0)
                PyErr_SetString(PyExc_AssertionError, "feed_data after feed_eof");
        if (is_at_end != 0)
                return -1;
        if (n == 0)
                return 0;
        if (put(view, data, n, whole) < 0 || wake(view) < 0)
                return -1;
        return heed_upper_mark(view);
}

int reader_feed(PyObject *reader, const char *data, Py_ssize_t n, PyObject *whole)
{
        struct view view;
        int rc;

        if (view_open(&view, reader) < 0)
                return -1;
        rc = feed(&view, data, n, whole);
        view_close(&view);
        return rc;
}

int reader_feed_directly(PyObject *reader, const char *data, Py_ssize_t n)
{
        struct view view;
        int rc = 0;

        if (view_open(&view, reader) < 0)
                return -1;
        if (PyDict_GET_SIZE(view.dict) == view.state->attributes || !PyDict_Contains(view.dict, names.feed_data))
                rc = feed(&view, data, n, NULL) < 0 ? -1 : 1;
        view_close(&view);
        return rc;
}

/* ------------------------------------------------------------------------------------------------
 * Methods. What is called in another way than usual, asyncio's own is called with. */

static PyObject *call_asyncios(enum reading reading, PyObject *self, PyObject *const *args, Py_ssize_t n,
                               PyObject *kwnames)
{
        Py_ssize_t count = n + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0);
        PyObject *small[4], **stack = count < 4 ? small : PyMem_Calloc((size_t)count + 1, sizeof *stack),
                            *result;

        if (!stack)
                return PyErr_NoMemory();
        stack[0] = self;
        memcpy(stack + 1, args, (size_t)count * sizeof *stack);
        result = PyObject_Vectorcall(asyncios[reading], stack, (size_t)n + 1, kwnames);
        if (stack != small)
                PyMem_Free(stack);
        return result;
}

/** The one argument, given by position or by name; NULL: there is none, or it is called in another way. */
static PyObject *only_argument(PyObject *const *args, Py_ssize_t n, PyObject *kwnames, PyObject *name)
{
        if (n == 1 && !kwnames)
                return args[0];
        if (n == 0 && kwnames && PyTuple_GET_SIZE(kwnames) == 1 && PyTuple_GET_ITEM(kwnames, 0) == name)
                return args[0];
        return NULL;
}

/** So many bytes, in a coroutine of ours where that is a usual number. */
static PyObject *read_some(enum reading reading, PyObject *self, PyObject *const *args, Py_ssize_t n,
                           PyObject *kwnames)
{
        PyObject *argument = only_argument(args, n, kwnames, names.n);
        Py_ssize_t wanted = -1;

        if (argument && PyLong_Check(argument)) {
                wanted = PyLong_AsSsize_t(argument);
                if (wanted == -1 && PyErr_Occurred())
                        PyErr_Clear();
        }
        if (wanted < 0)
                return call_asyncios(reading, self, args, n, kwnames);
        return coroutine_create(self, reading, wanted, NULL);
}

static PyObject *read_method(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames)
{
        return read_some(READ, self, args, n, kwnames);
}

static PyObject *readexactly(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames)
{
        return read_some(READ_EXACTLY, self, args, n, kwnames);
}

static PyObject *readuntil(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames)
{
        PyObject *separator =
            n == 0 && !kwnames ? imports.newline : only_argument(args, n, kwnames, names.separator);

        if (!separator || !PyBytes_CheckExact(separator) || PyBytes_GET_SIZE(separator) == 0)
                return call_asyncios(READ_UNTIL, self, args, n, kwnames);
        return coroutine_create(self, READ_UNTIL, 0, separator);
}

static PyObject *readline(PyObject *self, PyObject *unused)
{
        (void)unused;
        return coroutine_create(self, READ_LINE, 0, imports.newline);
}

static PyObject *anext(PyObject *self, PyObject *unused)
{
        (void)unused;
        return coroutine_create(self, READ_NEXT_LINE, 0, imports.newline);
}

static PyObject *feed_data(PyObject *self, PyObject *data)
{
        Py_buffer view;
        int rc;

        if (PyBytes_CheckExact(data)) {
                rc = reader_feed(self, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), data);
        } else {
                if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0)
                        return NULL;
                rc = reader_feed(self, view.buf, view.len, NULL);
                PyBuffer_Release(&view);
        }
        if (rc < 0)
                return NULL;
        Py_RETURN_NONE;
}

static PyObject *at_eof(PyObject *self, PyObject *unused)
{
        struct view view;
        int is_at_end;

        (void)unused;
        if (view_open(&view, self) < 0)
                return NULL;
        is_at_end = is_true(&view, names.eof);
        if (is_at_end > 0 &&
            (PyByteArray_GET_SIZE(view.buffer) > 0 || (view.state->waiting && view.state->waiting->in_hand)))
                is_at_end = 0;
        view_close(&view);
        return is_at_end < 0 ? NULL : PyBool_FromLong(is_at_end);
}

/** Its writer's drain() asks for it first of all. */
static PyObject *exception(PyObject *self, PyObject *unused)
{
        struct view view;
        PyObject *value;

        (void)unused;
        if (view_open(&view, self) < 0)
                return NULL;
        if (!view.state->has_writer)
                view.state->has_writer = adopt_writer(self);
        value = Py_XNewRef(stream_attribute(view.dict, names.exception));
        view_close(&view);
        return value;
}

static PyMethodDef methods[] = {
    {"read", (PyCFunction)(void *)read_method, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"readexactly", (PyCFunction)(void *)readexactly, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"readuntil", (PyCFunction)(void *)readuntil, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"readline", readline, METH_NOARGS, NULL},
    {"__anext__", anext, METH_NOARGS, NULL},
    {"feed_data", feed_data, METH_O, NULL},
    {"at_eof", at_eof, METH_NOARGS, NULL},
    {"exception", exception, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

/** Nothing is in hand any more, since somebody looks. */
static PyObject *get_dict(PyObject *self, void *unused)
{
        struct view view;
        PyObject *dict = PyObject_GenericGetDict(self, unused), *state, *buffer;

        if (!dict)
                return NULL;
        state = PyDict_GetItemWithError(dict, names.state);
        buffer = PyDict_GetItemWithError(dict, names.buffer);
        if (state && Py_TYPE(state) == state_type && buffer && PyByteArray_Check(buffer)) {
                view = (struct view){dict, (struct reader_state *)state, buffer};
                if (put_back(&view) < 0)
                        Py_CLEAR(dict);
        } else if (PyErr_Occurred()) {
                Py_CLEAR(dict);
        }
        return dict;
}

static int set_dict(PyObject *self, PyObject *value, void *unused)
{
        PyObject *dict = get_dict(self, unused);

        if (!dict)
                return -1;
        Py_DECREF(dict);
        return PyObject_GenericSetDict(self, value, unused);
}

static PyObject *get_buffer(PyObject *self, void *unused)
{
        PyObject *dict = get_dict(self, unused), *buffer;

        if (!dict)
                return NULL;
        buffer = Py_XNewRef(stream_attribute(dict, names.buffer));
        Py_DECREF(dict);
        return buffer;
}

static int set_buffer(PyObject *self, PyObject *value, void *unused)
{
        PyObject *dict = get_dict(self, unused);
        int rc;

        if (!dict)
                return -1;
        rc = value ? PyDict_SetItem(dict, names.buffer, value) : PyDict_DelItem(dict, names.buffer);
        Py_DECREF(dict);
        return rc;
}

static PyGetSetDef properties[] = {
    {"__dict__", get_dict, set_dict, NULL, NULL},
    {"_buffer", get_buffer, set_buffer, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static void dealloc_state(PyObject *self)
{
        PyTypeObject *type = Py_TYPE(self);

        PyObject_Free(self);
        Py_DECREF(type);
}

static PyType_Slot state_slots[] = {{Py_tp_dealloc, dealloc_state}, {0, NULL}};

static PyType_Spec state_spec = {
    .name = "eddyloop._core.StreamReaderState",
    .basicsize = (int)sizeof(struct reader_state),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = state_slots,
};

int stream_reader_add_type(PyObject *module)
{
        static const char *const of_asyncio[] = {"read", "readexactly", "readline", "readuntil", "__anext__"};

        for (int i = 0; i <= READ_NEXT_LINE; i++)
                if (!(asyncios[i] = PyObject_GetAttrString(imports.stream_reader, of_asyncio[i])))
                        return -1;
        state_type = (PyTypeObject *)PyType_FromSpec(&state_spec);
        stream_reader_type =
            state_type ? stream_subclass(module, "StreamReader", imports.stream_reader, methods, properties)
                       : NULL;
        return stream_reader_type ? 0 : -1;
}
