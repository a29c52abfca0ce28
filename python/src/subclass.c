#include "subclass.h"

Py_ssize_t subclass_tail, subclass_extra;

int subclass_prepare(void)
{
        subclass_tail = (((PyTypeObject *)imports.transport)->tp_basicsize + 15) & ~(Py_ssize_t)15;
        subclass_extra = find_slot(imports.transport, "_extra");
        return subclass_extra < 0 ? -1 : 0;
}

void subclass_place(PyMemberDef *members)
{
        for (; members->name; members++)
                members->offset += subclass_tail;
}

PyTypeObject *subclass_create(PyObject *module, const char *name, PyObject *bases, PyType_Slot *slots,
                              size_t size)
{
        PyType_Spec spec = {
            .name = name,
            .basicsize = (int)(subclass_tail + (Py_ssize_t)size),
            .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
            .slots = slots,
        };
        PyObject *type = bases ? PyType_FromSpecWithBases(&spec, bases) : NULL;

        Py_XDECREF(bases);
        if (type && PyModule_AddObjectRef(module, strrchr(name, '.') + 1, type) < 0)
                Py_CLEAR(type);
        return (PyTypeObject *)type;
}

void subclass_dealloc(PyObject *self, PyObject **weak_references, inquiry clear)
{
        PyTypeObject *type = Py_TYPE(self);

        if (PyObject_CallFinalizerFromDealloc(self) < 0)
                return;
        PyObject_GC_UnTrack(self);
        if (*weak_references)
                PyObject_ClearWeakRefs(self);
        clear(self);
        type->tp_free(self);
        Py_DECREF(type);
}

void close_python_socket(PyObject **held)
{
        PyObject *socket = *held, *result;

        *held = NULL;
        if (!socket)
                return;
        result = PyObject_CallMethodNoArgs(socket, names.close);
        if (!result)
                PyErr_WriteUnraisable(socket);
        Py_XDECREF(result);
        Py_DECREF(socket);
}
