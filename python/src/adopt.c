/* Which streams are ours: those whose protocol and reader are asyncio's own, as long as nobody has put other functions into asyncio's
 * classes than those that were there at first. */
#include "streams.h"

/** asyncio's classes, and what each has by name: (class, its __dict__'s copy) pairs in a tuple. NULL: they were not asyncio's own to
 * begin with. */
static PyObject *originals;

static PyObject *drain_code; /* of asyncio's StreamWriter.drain() */

/* ------------------------------------------------------------------------------------------------
 * Subclasses. */

static int add_methods(PyTypeObject *type, PyMethodDef *methods)
{
        for (PyMethodDef *method = methods; method->ml_name; method++) {
                PyObject *descriptor = PyDescr_NewMethod(type, method);
                int rc =
                    descriptor ? PyObject_SetAttrString((PyObject *)type, method->ml_name, descriptor) : -1;

                Py_XDECREF(descriptor);
                if (rc < 0)
                        return -1;
        }
        return 0;
}

/** What a class is made of: properties, which asyncio's class is good enough for. */
static PyObject *create_namespace(PyTypeObject *base, PyGetSetDef *properties)
{
        PyObject *namespace = Py_BuildValue("{s:(),s:s}", "__slots__", "__module__", "eddyloop");

        for (PyGetSetDef *property = properties; namespace && property && property->name; property++) {
                PyObject *descriptor = PyDescr_NewGetSet(base, property);

                if (!descriptor || PyDict_SetItemString(namespace, property->name, descriptor) < 0)
                        Py_CLEAR(namespace);
                Py_XDECREF(descriptor);
        }
        return namespace;
}

PyTypeObject *stream_subclass(PyObject *module, const char *name, PyObject *base, PyMethodDef *methods,
                              PyGetSetDef *properties)
{
        PyObject *namespace = create_namespace((PyTypeObject *)base, properties);
        PyObject *type =
            namespace ? PyObject_CallFunction((PyObject *)&PyType_Type, "s(O)O", name, base, namespace) : NULL;

        Py_XDECREF(namespace);
        if (type && add_methods((PyTypeObject *)type, methods) == 0 &&
            PyModule_AddObjectRef(module, name, type) == 0)
                return (PyTypeObject *)type;
        Py_XDECREF(type);
        return NULL;
}

/* ------------------------------------------------------------------------------------------------
 * What is asyncio's own. */

int adopt_prepare(void)
{
        PyObject *drain = PyObject_GetAttrString(imports.stream_writer, "drain");

        if (!drain)
                return -1;
        drain_code = PyObject_GetAttrString(drain, "__code__");
        Py_DECREF(drain);
        if (!drain_code)
                return -1;
        originals = call_helper("original_stream_classes", "()");
        return originals ? 0 : -1;
}

/** Whether a class has what it had at first. */
static bool is_original(PyObject *type, PyObject *before)
{
        PyObject *now = PyObject_GetAttrString(type, "__dict__"), *name, *value;
        Py_ssize_t position = 0;
        bool is_same = now;

        while (is_same && PyDict_Next(before, &position, &name, &value)) {
                PyObject *found = PyObject_GetItem(now, name);

                is_same = found == value;
                Py_XDECREF(found);
        }
        Py_XDECREF(now);
        PyErr_Clear();
        return is_same;
}

static bool are_original(void)
{
        if (!originals || originals == Py_None)
                return false;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(originals); i++) {
                PyObject *pair = PyTuple_GET_ITEM(originals, i);

                if (!is_original(PyTuple_GET_ITEM(pair, 0), PyTuple_GET_ITEM(pair, 1)))
                        return false;
        }
        return true;
}

/* ------------------------------------------------------------------------------------------------
 * Adopting. */

/** A protocol's reader: a new reference; NULL, without an exception, where there is none. */
static PyObject *reader_of(PyObject *protocol_dict)
{
        PyObject *weak = PyDict_GetItemWithError(protocol_dict, names.stream_reader_wr), *reader = NULL;

        if (!weak || !PyWeakref_Check(weak)) {
                PyErr_Clear();
                return NULL;
        }
#if PY_VERSION_HEX >= 0x030d0000
        if (PyWeakref_GetRef(weak, &reader) < 0)
                PyErr_Clear();
#else
        reader = PyWeakref_GET_OBJECT(weak);
        reader = reader == Py_None ? NULL : Py_NewRef(reader);
#endif
        return reader;
}

/** Have an object be of another class: whether it is. */
static bool set_class(PyObject *object, PyTypeObject *type)
{
        int rc = PyObject_SetAttrString(object, "__class__", (PyObject *)type);

        if (rc < 0)
                PyErr_Clear();
        return rc == 0;
}

static bool is_ours(PyObject *reader)
{
        if (Py_TYPE(reader) == stream_reader_type)
                return true;
        return (PyObject *)Py_TYPE(reader) == imports.stream_reader && are_original() &&
               set_class(reader, stream_reader_type);
}

struct reader_state *adopt_reader(PyLoop *loop, PyObject *protocol)
{
        struct reader_state *state = NULL;
        struct reader opened;
        PyObject *dict, *reader;

        if ((PyObject *)Py_TYPE(protocol) != imports.stream_reader_protocol || !loop->has_fast_streams)
                return NULL;
        dict = PyObject_GenericGetDict(protocol, NULL);
        reader = dict && PyDict_Contains(dict, names.data_received) == 0 ? reader_of(dict) : NULL;
        if (reader && is_ours(reader) && reader_open(&opened, reader) == 0) {
                state = (struct reader_state *)Py_NewRef(opened.state);
                reader_close(&opened);
        }
        Py_XDECREF(reader);
        Py_XDECREF(dict);
        PyErr_Clear();
        return state;
}

/** Have the reader of a protocol that another one stands before be ours, where it is to be. */
PyObject *loop_adopt_stream(PyObject *self, PyObject *protocol)
{
        Py_XDECREF(adopt_reader((PyLoop *)self, protocol));
        Py_RETURN_NONE;
}

/** The local variable `self` of a frame: a new reference, or NULL. */
static PyObject *self_of(PyFrameObject *frame)
{
        PyObject *locals = PyObject_GetAttrString((PyObject *)frame, "f_locals");
        PyObject *self = locals ? PyMapping_GetItemString(locals, "self") : NULL;

        Py_XDECREF(locals);
        PyErr_Clear();
        return self;
}

bool adopt_writer(PyObject *reader)
{
        PyFrameObject *frame = PyEval_GetFrame();
        PyObject *code = frame ? (PyObject *)PyFrame_GetCode(frame) : NULL, *writer, *dict;

        Py_XDECREF(code);
        if (!code || code != drain_code)
                return false;
        writer = self_of(frame);
        if (writer && (PyObject *)Py_TYPE(writer) == imports.stream_writer && are_original()) {
                dict = PyObject_GenericGetDict(writer, NULL);
                if (dict && PyDict_GetItemWithError(dict, names.reader) == reader)
                        set_class(writer, stream_writer_type);
                Py_XDECREF(dict);
        }
        Py_XDECREF(writer);
        PyErr_Clear();
        return true;
}
