/* What comes for a reader. It goes to the bytearray that asyncio has as _buffer, or else to the hand of the coroutine that waits: it is
 * then the bytes object that this will have as its result. Who looks at the buffer before finds it there. */
#include "streams.h"

static int append(PyObject *buffer, const char *data, Py_ssize_t n)
{
        Py_ssize_t before = PyByteArray_GET_SIZE(buffer);

        if (PyByteArray_Resize(buffer, before + n) < 0)
                return -1;
        memcpy(PyByteArray_AS_STRING(buffer) + before, data, (size_t)n);
        return 0;
}

/** Where a separator is in bytes, or -1. */
Py_ssize_t find_separator(const char *data, Py_ssize_t n, PyObject *separator)
{
        Py_ssize_t length = PyBytes_GET_SIZE(separator);
        const char *found = length == 1 ? memchr(data, PyBytes_AS_STRING(separator)[0], (size_t)n)
                                        : memmem(data, (size_t)n, PyBytes_AS_STRING(separator), (size_t)length);

        return found ? found - data : -1;
}

/** How many of the first bytes that come end what a coroutine waits for; 0: they are not enough, or more is to be looked at. */
static Py_ssize_t find_end(const struct coroutine *waiting, struct reader *reader, const char *data,
                           Py_ssize_t n)
{
        Py_ssize_t limit, at;

        switch (waiting->reading) {
        case READ:
                return n < waiting->n ? n : waiting->n;
        case READ_EXACTLY:
                return n >= waiting->n ? waiting->n : 0;
        default:
                limit = reader_limit(reader);
                at = find_separator(data, n, waiting->separator);
                return at >= 0 && at <= limit ? at + PyBytes_GET_SIZE(waiting->separator) : 0;
        }
}

/** Put bytes where they belong: in a waiting coroutine's hand, if it has got the only eyes on them. */
static int put(struct reader *reader, const char *data, Py_ssize_t n, PyObject *whole)
{
        struct coroutine *waiting = reader->state->waiting;
        PyObject *buffer = reader_buffer(reader);
        Py_ssize_t taken = 0;

        if (reader_put_back(reader) < 0)
                return -1;
        if (waiting && PyByteArray_GET_SIZE(buffer) == 0 && Py_REFCNT(buffer) == 1 &&
            !reader->state->is_exposed && reader_get(reader, WAITER) == waiting->future)
                taken = find_end(waiting, reader, data, n);
        if (taken > 0) {
                waiting->in_hand =
                    whole && taken == n ? Py_NewRef(whole) : PyBytes_FromStringAndSize(data, taken);
                if (!waiting->in_hand)
                        return -1;
        }
        return taken == n ? 0 : append(buffer, data + taken, n - taken);
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
static int wake(struct reader *reader)
{
        PyObject *waiter = reader_get(reader, WAITER);
        int rc;

        if (!waiter || waiter == Py_None)
                return waiter ? 0 : -1;
        Py_INCREF(waiter);
        rc = reader_set(reader, WAITER, Py_None);
        if (rc == 0)
                rc = complete(waiter);
        Py_DECREF(waiter);
        return rc;
}

/** Have the transport pause. One that cannot is forgotten. */
static int pause_transport(struct reader *reader, PyObject *transport)
{
        PyObject *result;

        Py_INCREF(transport);
        result = PyObject_CallMethodNoArgs(transport, names.pause_reading);
        Py_DECREF(transport);
        if (result) {
                Py_DECREF(result);
                return reader_set(reader, PAUSED, Py_True);
        }
        if (!PyErr_ExceptionMatches(PyExc_NotImplementedError))
                return -1;
        PyErr_Clear();
        return reader_set(reader, TRANSPORT, Py_None);
}

static int heed_upper_mark(struct reader *reader)
{
        const struct coroutine *waiting = reader->state->waiting;
        Py_ssize_t limit = reader_limit(reader), length;
        PyObject *transport, *buffer = reader_buffer(reader);
        int is_paused;

        if (limit < 0 || !buffer)
                return -1;
        length = PyByteArray_GET_SIZE(buffer) +
                 (waiting && waiting->in_hand ? PyBytes_GET_SIZE(waiting->in_hand) : 0);
        if (length / 2 < limit || (length / 2 == limit && length % 2 == 0))
                return 0;
        transport = reader_get(reader, TRANSPORT);
        is_paused = reader_is(reader, PAUSED);
        if (!transport || is_paused < 0)
                return -1;
        return transport == Py_None || is_paused ? 0 : pause_transport(reader, transport);
}

static int feed(struct reader *reader, const char *data, Py_ssize_t n, PyObject *whole)
{
        int is_at_end = reader_is(reader, AT_EOF);

        if (is_at_end > 0)
                PyErr_SetString(PyExc_AssertionError, "feed_data after feed_eof");
        if (is_at_end != 0)
                return -1;
        if (n == 0)
                return 0;
        if (put(reader, data, n, whole) < 0 || wake(reader) < 0)
                return -1;
        return heed_upper_mark(reader);
}

int reader_feed(PyObject *object, const char *data, Py_ssize_t n, PyObject *whole)
{
        struct reader reader;
        int rc;

        if (reader_open(&reader, object) < 0)
                return -1;
        rc = feed(&reader, data, n, whole);
        reader_close(&reader);
        return rc;
}

/** Whether the reader has a method of its own, or is made of something unknown. */
static bool is_unusual(struct reader_state *state, PyObject *object)
{
        PyObject *dict;
        bool has_more;

        if (state->is_exposed || !state->values[BUFFER] || !PyByteArray_CheckExact(state->values[BUFFER]) ||
            Py_TYPE(object) != stream_reader_type)
                return true;
        dict = PyObject_GenericGetDict(object, NULL);
        has_more =
            !dict || (PyDict_GET_SIZE(dict) != state->attributes && PyDict_Contains(dict, names.feed_data));
        Py_XDECREF(dict);
        PyErr_Clear();
        return has_more;
}

static bool has_own_method(PyObject *protocol)
{
        PyObject *dict = PyObject_GenericGetDict(protocol, NULL);
        bool has_own = !dict || PyDict_Contains(dict, names.data_received) != 0;

        Py_XDECREF(dict);
        PyErr_Clear();
        return has_own;
}

bool stream_wants_whole(const struct reader_state *state, Py_ssize_t n)
{
        const struct coroutine *waiting = state->waiting;

        return waiting && !waiting->in_hand &&
               (waiting->reading == READ ? waiting->n >= n
                                         : waiting->reading == READ_EXACTLY && waiting->n == n);
}

int stream_feed(struct reader_state *state, PyObject *protocol, const char *data, Py_ssize_t n, PyObject *whole)
{
        struct reader reader = {NULL, state};
        PyObject *object;
        int rc = 0;

        if (has_own_method(protocol))
                return 0;
        object = referent(state->reader);
        if (!object)
                return 1; /* nobody has the reader any more */
        Py_INCREF(state);
        if (!is_unusual(state, object))
                rc = feed(&reader, data, n, whole) < 0 ? -1 : 1;
        Py_DECREF(state);
        Py_DECREF(object);
        return rc;
}
