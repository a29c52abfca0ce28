/* asyncio.StreamReader's subclass. */
#include "streams.h"

PyTypeObject *stream_reader_type;

/** asyncio's own methods, by reading. */
static PyObject *asyncios[READ_NEXT_LINE + 1];

PyObject *reader_method_of_asyncio(enum reading reading)
{
        return asyncios[reading];
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
        struct reader reader;
        int is_at_end;

        (void)unused;
        if (reader_open(&reader, self) < 0)
                return NULL;
        is_at_end = reader_put_back(&reader) < 0 ? -1 : reader_is(&reader, AT_EOF);
        if (is_at_end > 0)
                is_at_end = PyByteArray_GET_SIZE(reader_buffer(&reader)) == 0;
        reader_close(&reader);
        return is_at_end < 0 ? NULL : PyBool_FromLong(is_at_end);
}

/** Its writer's drain() asks for it first of all. */
static PyObject *exception(PyObject *self, PyObject *unused)
{
        struct reader reader;
        PyObject *value;

        (void)unused;
        if (reader_open(&reader, self) < 0)
                return NULL;
        if (!reader.state->has_writer)
                reader.state->has_writer = adopt_writer(self);
        value = Py_XNewRef(reader_get(&reader, EXCEPTION));
        reader_close(&reader);
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

int stream_reader_add_type(PyObject *module)
{
        static const char *const of_asyncio[] = {"read", "readexactly", "readline", "readuntil", "__anext__"};

        for (int i = 0; i <= READ_NEXT_LINE; i++)
                if (!(asyncios[i] = PyObject_GetAttrString(imports.stream_reader, of_asyncio[i])))
                        return -1;
        if (reader_state_add_type() < 0)
                return -1;
        stream_reader_type =
            stream_subclass(module, "StreamReader", imports.stream_reader, methods, reader_properties);
        return stream_reader_type ? 0 : -1;
}
