/* What a reader is made of. asyncio has it in the reader's __dict__; ours has it in a structure, as long as nobody asks for the
 * __dict__: then it is all put there, and stays there. */
#include "streams.h"

#include <structmember.h>

static PyTypeObject *state_type;

/** By enum attribute. */
static PyObject *attribute_names[ATTRIBUTES];

/** object.__dict__["__class__"]. */
static PyObject *class_of_objects;

/** Take what is in the __dict__ into a state of its own, which is then found in there. */
static int create_state(struct reader *reader, PyObject *object)
{
        struct reader_state *state = PyObject_GC_New(struct reader_state, state_type);

        if (!state)
                return -1;
        reader->state = state;
        memset((char *)state + sizeof(PyObject), 0, sizeof *state - sizeof(PyObject));
        PyObject_GC_Track(state);
        state->reader = PyWeakref_NewRef(object, NULL);
        if (!state->reader)
                return -1;
        for (int i = 0; i < ATTRIBUTES; i++) {
                state->values[i] = Py_XNewRef(PyDict_GetItemWithError(reader->dict, attribute_names[i]));
                if (!state->values[i] && PyErr_Occurred())
                        return -1;
        }
        if (PyDict_SetItem(reader->dict, names.state, (PyObject *)state) < 0)
                return -1;
        for (int i = 0; i < ATTRIBUTES; i++)
                if (state->values[i] && PyDict_DelItem(reader->dict, attribute_names[i]) < 0)
                        return -1;
        state->attributes = PyDict_Contains(reader->dict, names.feed_data) ? 0 : PyDict_GET_SIZE(reader->dict);
        return 0;
}

/** 0, or -1 with an exception and nothing to close. */
static int open_state(struct reader *reader, PyObject *object)
{
        PyObject *state;

        reader->state = NULL;
        reader->dict = PyObject_GenericGetDict(object, NULL);
        if (!reader->dict)
                return -1;
        state = PyDict_GetItemWithError(reader->dict, names.state);
        if (state && Py_TYPE(state) == state_type) {
                reader->state = (struct reader_state *)Py_NewRef(state);
                return 0;
        }
        if (!PyErr_Occurred() && create_state(reader, object) == 0)
                return 0;
        reader_close(reader);
        return -1;
}

int reader_open(struct reader *reader, PyObject *object)
{
        if (open_state(reader, object) < 0)
                return -1;
        if (reader_buffer(reader))
                return 0;
        reader_close(reader);
        return -1;
}

int reader_open_again(struct reader *reader, PyObject *object, struct reader_state *state)
{
        if (state->is_exposed || !state->values[BUFFER] || !PyByteArray_CheckExact(state->values[BUFFER]))
                return reader_open(reader, object);
        reader->dict = NULL;
        reader->state = (struct reader_state *)Py_NewRef(state);
        return 0;
}

void reader_close(struct reader *reader)
{
        Py_XDECREF(reader->state);
        Py_XDECREF(reader->dict);
}

PyObject *reader_get_from_dict(struct reader *reader, enum attribute attribute)
{
        PyObject *value = NULL;

        if (reader->state->is_exposed)
                value = PyDict_GetItemWithError(reader->dict, attribute_names[attribute]);
        if (!value && !PyErr_Occurred())
                PyErr_Format(PyExc_AttributeError, "'StreamReader' object has no attribute '%U'",
                             attribute_names[attribute]);
        return value;
}

int reader_set(struct reader *reader, enum attribute attribute, PyObject *value)
{
        if (reader->state->is_exposed)
                return PyDict_SetItem(reader->dict, attribute_names[attribute], value);
        Py_XSETREF(reader->state->values[attribute], Py_NewRef(value));
        return 0;
}

PyObject *reader_buffer_otherwise(struct reader *reader)
{
        PyObject *buffer = reader_get(reader, BUFFER);

        if (buffer && !PyByteArray_Check(buffer)) {
                PyErr_Format(PyExc_TypeError, "the buffer of a StreamReader is a bytearray, not %s",
                             Py_TYPE(buffer)->tp_name);
                return NULL;
        }
        return buffer;
}

int reader_is_otherwise(struct reader *reader, enum attribute attribute)
{
        PyObject *value = reader_get(reader, attribute);

        if (value == Py_False || value == Py_None)
                return 0;
        return value ? PyObject_IsTrue(value) : -1;
}

Py_ssize_t reader_limit(struct reader *reader)
{
        PyObject *limit = reader_get(reader, LIMIT);
        Py_ssize_t n;

        if (!limit)
                return -1;
        n = PyNumber_AsSsize_t(limit, NULL);
        return n < 0 && !PyErr_Occurred() ? 0 : n;
}

int reader_put_back(struct reader *reader)
{
        struct coroutine *waiting = reader->state->waiting;
        PyObject *bytes = waiting ? waiting->in_hand : NULL, *buffer;
        Py_ssize_t n, before;
        char *place;

        if (!bytes)
                return 0;
        buffer = reader_buffer(reader);
        if (!buffer)
                return -1;
        n = PyBytes_GET_SIZE(bytes);
        before = PyByteArray_GET_SIZE(buffer);
        if (PyByteArray_Resize(buffer, before + n) < 0)
                return -1;
        place = PyByteArray_AS_STRING(buffer);
        memmove(place + n, place, (size_t)before);
        memcpy(place, PyBytes_AS_STRING(bytes), (size_t)n);
        Py_CLEAR(waiting->in_hand);
        return 0;
}

/* ------------------------------------------------------------------------------------------------
 * As Python sees it. */

/** Put all into the __dict__, for good. */
static int expose(struct reader *reader)
{
        for (int i = 0; !reader->state->is_exposed && i < ATTRIBUTES; i++)
                if (reader->state->values[i] &&
                    PyDict_SetItem(reader->dict, attribute_names[i], reader->state->values[i]) < 0)
                        return -1;
        reader->state->is_exposed = true;
        for (int i = 0; i < ATTRIBUTES; i++)
                Py_CLEAR(reader->state->values[i]);
        return 0;
}

static PyObject *get_dict(PyObject *self, void *unused)
{
        struct reader reader;
        PyObject *dict = NULL;

        (void)unused;
        if (open_state(&reader, self) < 0)
                return NULL;
        if (reader_put_back(&reader) == 0 && expose(&reader) == 0)
                dict = Py_NewRef(reader.dict);
        reader_close(&reader);
        return dict;
}

static int set_dict(PyObject *self, PyObject *value, void *unused)
{
        PyObject *dict = get_dict(self, unused);

        Py_XDECREF(dict);
        return dict ? PyObject_GenericSetDict(self, value, unused) : -1;
}

static PyObject *get_class(PyObject *self, void *unused)
{
        (void)unused;
        return Py_NewRef((PyObject *)Py_TYPE(self));
}

/** Another class would look for all in the __dict__. */
static int set_class(PyObject *self, PyObject *value, void *unused)
{
        PyObject *dict = get_dict(self, unused);

        Py_XDECREF(dict);
        return dict ? Py_TYPE(class_of_objects)->tp_descr_set(class_of_objects, self, value) : -1;
}

static PyObject *get_attribute(PyObject *self, void *attribute)
{
        struct reader reader;
        PyObject *value = NULL;

        if (open_state(&reader, self) < 0)
                return NULL;
        if ((intptr_t)attribute != BUFFER || reader_put_back(&reader) == 0)
                value = Py_XNewRef(reader_get(&reader, (enum attribute)(intptr_t)attribute));
        reader_close(&reader);
        return value;
}

static int unset(struct reader *reader, enum attribute attribute)
{
        if (!reader_get(reader, attribute))
                return -1;
        if (reader->state->is_exposed)
                return PyDict_DelItem(reader->dict, attribute_names[attribute]);
        Py_CLEAR(reader->state->values[attribute]);
        return 0;
}

static int set_attribute(PyObject *self, PyObject *value, void *attribute)
{
        struct reader reader;
        int rc = 0;

        if (open_state(&reader, self) < 0)
                return -1;
        if ((intptr_t)attribute == BUFFER)
                rc = reader_put_back(&reader);
        if (rc == 0 && value)
                rc = reader_set(&reader, (enum attribute)(intptr_t)attribute, value);
        else if (rc == 0)
                rc = unset(&reader, (enum attribute)(intptr_t)attribute);
        reader_close(&reader);
        return rc;
}

PyGetSetDef reader_properties[] = {
    {"__class__", get_class, set_class, NULL, NULL},
    {"__dict__", get_dict, set_dict, NULL, NULL},
    {"_limit", get_attribute, set_attribute, NULL, (void *)LIMIT},
    {"_loop", get_attribute, set_attribute, NULL, (void *)LOOP},
    {"_buffer", get_attribute, set_attribute, NULL, (void *)BUFFER},
    {"_eof", get_attribute, set_attribute, NULL, (void *)AT_EOF},
    {"_waiter", get_attribute, set_attribute, NULL, (void *)WAITER},
    {"_exception", get_attribute, set_attribute, NULL, (void *)EXCEPTION},
    {"_transport", get_attribute, set_attribute, NULL, (void *)TRANSPORT},
    {"_paused", get_attribute, set_attribute, NULL, (void *)PAUSED},
    {NULL, NULL, NULL, NULL, NULL},
};

/* ------------------------------------------------------------------------------------------------
 * The type. */

static int traverse(PyObject *self, visitproc visit, void *arg)
{
        Py_VISIT(Py_TYPE(self));
        for (int i = 0; i < ATTRIBUTES; i++)
                Py_VISIT(((struct reader_state *)self)->values[i]);
        Py_VISIT(((struct reader_state *)self)->reader);
        return 0;
}

static int clear(PyObject *self)
{
        for (int i = 0; i < ATTRIBUTES; i++)
                Py_CLEAR(((struct reader_state *)self)->values[i]);
        Py_CLEAR(((struct reader_state *)self)->reader);
        return 0;
}

static void dealloc(PyObject *self)
{
        PyTypeObject *type = Py_TYPE(self);

        PyObject_GC_UnTrack(self);
        clear(self);
        PyObject_GC_Del(self);
        Py_DECREF(type);
}

int reader_state_add_type(void)
{
        static PyType_Slot slots[] = {
            {Py_tp_dealloc, dealloc}, {Py_tp_traverse, traverse}, {Py_tp_clear, clear}, {0, NULL}};
        static PyType_Spec spec = {
            .name = "eddyloop._core.StreamReaderState",
            .basicsize = (int)sizeof(struct reader_state),
            .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
            .slots = slots,
        };
        PyObject *of_objects;

        for (int i = 0; i < ATTRIBUTES; i++) {
                attribute_names[i] = PyUnicode_InternFromString(reader_properties[2 + i].name);
                if (!attribute_names[i])
                        return -1;
        }
        of_objects = PyObject_GetAttrString((PyObject *)&PyBaseObject_Type, "__dict__");
        class_of_objects = of_objects ? PyMapping_GetItemString(of_objects, "__class__") : NULL;
        Py_XDECREF(of_objects);
        state_type = (PyTypeObject *)PyType_FromSpec(&spec);
        return state_type && class_of_objects ? 0 : -1;
}
