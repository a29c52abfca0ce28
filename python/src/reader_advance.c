/* What the coroutines of a reader do. Each looks at the buffer, and waits for bytes where there are too few. */
#include "streams.h"

/** Take bytes out at the front of a buffer that has so many. */
static PyObject *take_from(PyObject *buffer, Py_ssize_t n)
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

/** Have the transport go on where it is paused and few enough are left. */
static int resume_transport(struct reader *reader, Py_ssize_t most)
{
        int is_paused = reader_is(reader, PAUSED);
        PyObject *transport, *buffer = reader_buffer(reader), *result;

        if (!buffer)
                return -1;
        if (is_paused <= 0 || (most >= 0 && PyByteArray_GET_SIZE(buffer) > most))
                return is_paused < 0 ? -1 : 0;
        transport = reader_get(reader, TRANSPORT);
        if (!transport || reader_set(reader, PAUSED, Py_False) < 0)
                return -1;
        Py_INCREF(transport);
        result = PyObject_CallMethodNoArgs(transport, names.resume_reading);
        Py_DECREF(transport);
        Py_XDECREF(result);
        return result ? 0 : -1;
}

static int heed_lower_mark(struct reader *reader)
{
        int is_paused = reader_is(reader, PAUSED);
        Py_ssize_t limit;

        if (is_paused <= 0)
                return is_paused;
        limit = reader_limit(reader);
        return limit < 0 ? -1 : resume_transport(reader, limit);
}

/** A result, once the transport has been told that there is room: `bytes` is given, and may be NULL with an exception. */
static PySendResult give(struct reader *reader, PyObject *bytes, PyObject **result)
{
        if (bytes && heed_lower_mark(reader) < 0)
                Py_CLEAR(bytes);
        *result = bytes;
        return bytes ? PYGEN_RETURN : PYGEN_ERROR;
}

/** Wait for bytes: there must be a future that feed_data() completes. */
static PySendResult await_bytes(struct coroutine *self, struct reader *reader)
{
        PyObject *loop, *future, *iterator;

        if (resume_transport(reader, -1) < 0)
                return PYGEN_ERROR;
        loop = reader_get(reader, LOOP);
        future = loop ? loop_create_future(loop) : NULL;
        if (!future)
                return PYGEN_ERROR;
        iterator = Py_TYPE(future)->tp_as_async && Py_TYPE(future)->tp_as_async->am_await
                       ? Py_TYPE(future)->tp_as_async->am_await(future)
                       : PyObject_CallMethod(future, "__await__", NULL);
        if (!iterator || reader_set(reader, WAITER, future) < 0) {
                Py_XDECREF(iterator);
                Py_DECREF(future);
                return PYGEN_ERROR;
        }
        self->inner = iterator;
        self->future = future;
        Py_XSETREF(self->state, (struct reader_state *)Py_NewRef(reader->state));
        reader->state->waiting = self;
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
        self->inner = PyObject_Vectorcall(reader_method_of_asyncio(self->reading), stack, n, NULL);
        Py_DECREF(argument);
        return self->inner ? PYGEN_NEXT : PYGEN_ERROR;
}

/** Wait, where nothing speaks against it: else asyncio's own says what. */
static PySendResult wait_for_more(struct coroutine *self, struct reader *reader, PyObject **result)
{
        int is_at_end = reader_is(reader, AT_EOF);
        PyObject *waiter = is_at_end < 0 ? NULL : reader_get(reader, WAITER);

        if (!waiter)
                return PYGEN_ERROR;
        if (is_at_end && self->reading == READ)
                return give(reader, PyBytes_FromStringAndSize(NULL, 0), result);
        if (is_at_end || waiter != Py_None)
                return delegated(self);
        return await_bytes(self, reader);
}

static PySendResult advance_read(struct coroutine *self, struct reader *reader, PyObject **result)
{
        PyObject *buffer = reader_buffer(reader);
        Py_ssize_t length = PyByteArray_GET_SIZE(buffer);

        if (length == 0)
                return wait_for_more(self, reader, result);
        return give(reader, take_from(buffer, length < self->n ? length : self->n), result);
}

static PySendResult advance_read_exactly(struct coroutine *self, struct reader *reader, PyObject **result)
{
        PyObject *buffer = reader_buffer(reader);

        if (PyByteArray_GET_SIZE(buffer) < self->n)
                return wait_for_more(self, reader, result);
        return give(reader, take_from(buffer, self->n), result);
}

static PySendResult advance_read_until(struct coroutine *self, struct reader *reader, PyObject **result)
{
        PyObject *buffer = reader_buffer(reader);
        Py_ssize_t length = PyByteArray_GET_SIZE(buffer), n = PyBytes_GET_SIZE(self->separator);
        Py_ssize_t limit = reader_limit(reader), at = -1;

        if (limit < 0)
                return PYGEN_ERROR;
        if (self->searched > length)
                self->searched = length;
        if (length - self->searched >= n) {
                at = find_separator(PyByteArray_AS_STRING(buffer) + self->searched, length - self->searched,
                                    self->separator);
                if (at >= 0)
                        at += self->searched;
                else
                        self->searched = length + 1 - n;
        }
        if (at > limit || self->searched > limit)
                return delegated(self);
        if (at < 0)
                return wait_for_more(self, reader, result);
        return give(reader, take_from(buffer, at + n), result);
}

static PySendResult advance(struct coroutine *self, struct reader *reader, PyObject **result)
{
        PyObject *exception;

        if (!self->has_begun) {
                exception = reader_get(reader, EXCEPTION);
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
        if (reader_put_back(reader) < 0)
                return PYGEN_ERROR;
        switch (self->reading) {
        case READ:
                return advance_read(self, reader, result);
        case READ_EXACTLY:
                return advance_read_exactly(self, reader, result);
        default:
                return advance_read_until(self, reader, result);
        }
}

PySendResult reader_advance(struct coroutine *self, PyObject **result)
{
        struct reader reader;
        PySendResult how;

        if (reader_open(&reader, self->owner) < 0)
                return PYGEN_ERROR;
        how = advance(self, &reader, result);
        reader_close(&reader);
        return how;
}

void reader_forget(struct coroutine *self)
{
        if (self->state && self->state->waiting == self)
                self->state->waiting = NULL;
        Py_CLEAR(self->state);
}

/** It waits no more: the reader is opened where it did; 1 if so, 0 if it did not, -1 with an exception. */
static int stop_waiting(struct coroutine *self, struct reader *reader)
{
        PyObject *future = self->future;
        int rc = 0;

        if (!future)
                return 0;
        self->future = NULL;
        Py_CLEAR(self->inner);
        if (reader_open_again(reader, self->owner, self->state) < 0) {
                reader_forget(self);
                Py_DECREF(future);
                return -1;
        }
        if (reader_get(reader, WAITER) == future)
                rc = reader_set(reader, WAITER, Py_None);
        Py_DECREF(future);
        if (rc == 0)
                return 1;
        reader_forget(self);
        reader_close(reader);
        return -1;
}

int reader_leave(struct coroutine *self)
{
        struct reader reader;
        int rc = stop_waiting(self, &reader);

        if (rc <= 0)
                return rc;
        if (self->in_hand)
                rc = reader_put_back(&reader);
        reader_forget(self);
        Py_CLEAR(self->in_hand);
        reader_close(&reader);
        return rc < 0 ? -1 : 0;
}

bool reader_take_in_hand(struct coroutine *self, PyObject **result)
{
        struct reader reader;
        int rc = stop_waiting(self, &reader);
        PyObject *bytes = self->in_hand;

        if (rc > 0) {
                reader_forget(self);
                self->in_hand = NULL;
                if (bytes)
                        give(&reader, bytes, result);
                reader_close(&reader);
        }
        return bytes || rc < 0;
}
