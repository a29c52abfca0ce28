/* asyncio.StreamWriter's subclass: writing goes to the transport, and drain() where nothing is to be waited for is over at once. */
#include "streams.h"

#include "transport.h"

PyTypeObject *stream_writer_type;

static PyObject *asyncios_drain;

/** One of a writer's attributes: a new reference, or NULL with AttributeError. */
static PyObject *attribute(PyObject *self, PyObject *name)
{
        PyObject *dict = PyObject_GenericGetDict(self, NULL);
        PyObject *value = dict ? Py_XNewRef(PyDict_GetItemWithError(dict, name)) : NULL;

        Py_XDECREF(dict);
        if (!value && !PyErr_Occurred())
                PyErr_Format(PyExc_AttributeError, "'StreamWriter' object has no attribute '%U'", name);
        return value;
}

static PyObject *write_method(PyObject *self, PyObject *data)
{
        PyObject *transport = attribute(self, names.transport), *result;

        if (!transport)
                return NULL;
        if (is_plain_transport(transport)) {
                result = transport_write(transport, data);
        } else {
                result = PyObject_CallMethodOneArg(transport, names.write, data);
                if (result)
                        Py_SETREF(result, Py_NewRef(Py_None));
        }
        Py_DECREF(transport);
        return result;
}

static bool is_open(PyObject *transport)
{
        PyObject *answer;
        bool is_open;

        if (is_plain_transport(transport))
                return !transport_of(transport)->flow.is_closing;
        answer = PyObject_CallMethodNoArgs(transport, names.is_closing);
        is_open = answer == Py_False;
        Py_XDECREF(answer);
        return is_open;
}

/** Whether a protocol has nothing to wait for. */
static bool is_flowing(PyObject *protocol)
{
        PyObject *dict;
        bool is_flowing;

        if ((PyObject *)Py_TYPE(protocol) != imports.stream_reader_protocol)
                return false;
        dict = PyObject_GenericGetDict(protocol, NULL);
        is_flowing = dict && PyDict_GetItemWithError(dict, names.paused) == Py_False &&
                     PyDict_GetItemWithError(dict, names.is_connection_lost) == Py_False;
        Py_XDECREF(dict);
        return is_flowing;
}

/** Whether a reader has no exception to tell of. */
static bool is_sound(PyObject *object)
{
        struct reader reader;
        bool is_sound;

        if (object == Py_None)
                return true;
        if (Py_TYPE(object) != stream_reader_type || reader_open(&reader, object) < 0)
                return false;
        is_sound = reader_get(&reader, EXCEPTION) == Py_None;
        reader_close(&reader);
        return is_sound;
}

/** Whether a transport of ours and what belongs to it have nothing to wait for: it knows all that their attributes would say. */
static bool is_known_to_flow(PyObject *reader, PyObject *transport, PyObject *protocol)
{
        const struct transport *known = is_plain_transport(transport) ? transport_of(transport) : NULL;
        const struct reader_state *state = known ? known->stream : NULL;

        return state && refers_to(state->reader, reader) && state->values[EXCEPTION] == Py_None &&
               known->protocol == protocol && !known->is_full && !known->flow.is_closing;
}

/** Whether drain() has nothing to do. Whatever speaks against it, an exception too, asyncio's own will meet again. */
static bool may_go_on(PyObject *dict)
{
        PyObject *reader = PyDict_GetItemWithError(dict, names.reader);
        PyObject *transport = PyDict_GetItemWithError(dict, names.transport);
        PyObject *protocol = PyDict_GetItemWithError(dict, names.protocol);
        bool may;

        if (!reader || !transport || !protocol)
                return false;
        if (is_known_to_flow(reader, transport, protocol))
                return true;
        Py_INCREF(transport);
        Py_INCREF(protocol);
        may = is_sound(reader) && is_open(transport) && is_flowing(protocol);
        Py_DECREF(protocol);
        Py_DECREF(transport);
        return may;
}

PySendResult writer_advance(struct coroutine *self, PyObject **result)
{
        PyObject *dict = PyObject_GenericGetDict(self->owner, NULL);
        bool may = dict && may_go_on(dict);

        if (!dict)
                return PYGEN_ERROR;
        Py_DECREF(dict);
        if (!may) {
                PyErr_Clear();
                self->inner = PyObject_CallOneArg(asyncios_drain, self->owner);
                return self->inner ? PYGEN_NEXT : PYGEN_ERROR;
        }
        *result = Py_NewRef(Py_None);
        return PYGEN_RETURN;
}

static PyObject *drain(PyObject *self, PyObject *unused)
{
        (void)unused;
        return coroutine_create(self, DRAIN, 0, NULL);
}

static PyMethodDef methods[] = {
    {"write", write_method, METH_O, NULL},
    {"drain", drain, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

int stream_writer_add_type(PyObject *module)
{
        asyncios_drain = PyObject_GetAttrString(imports.stream_writer, "drain");
        stream_writer_type = asyncios_drain
                                 ? stream_subclass(module, "StreamWriter", imports.stream_writer, methods, NULL)
                                 : NULL;
        return stream_writer_type ? 0 : -1;
}
