/* Calls in a context, which lives as long as these. */
#include "core.h"

PyObject *call_in_context(PyObject *context, PyObject *callback, PyObject *const *args, size_t n)
{
        PyObject *result;

        if (PyContext_Enter(context) < 0)
                return NULL;
        result = PyObject_Vectorcall(callback, args, n, NULL);
        if (PyContext_Exit(context) < 0)
                Py_CLEAR(result);
        return result;
}

PyObject *call_method_in_context(PyObject *context, PyObject *name, PyObject **args, size_t n)
{
        PyObject *result;

        if (context && PyContext_Enter(context) < 0)
                return NULL;
        Py_XINCREF(context);
        Py_INCREF(args[1]);
        result = PyObject_VectorcallMethod(name, args + 1, n | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
        Py_DECREF(args[1]);
        if (context && PyContext_Exit(context) < 0)
                Py_CLEAR(result);
        Py_XDECREF(context);
        return result;
}

PyObject *context_copy(void)
{
        PyObject *context = PyContext_CopyCurrent();

        if (!context)
                PyErr_Clear();
        return context;
}

int run_in_context(PyObject *context, int (*run)(void *arg), void *arg)
{
        int rc;

        if (PyContext_Enter(context) < 0)
                return -1;
        Py_INCREF(context);
        rc = run(arg);
        if (PyContext_Exit(context) < 0)
                rc = -1;
        Py_DECREF(context);
        return rc;
}
