/* What all of our coroutines do alike. */
#include "awaitable.h"

bool awaitable_may_run(enum progress progress)
{
        if (progress == RUNNING)
                PyErr_SetString(PyExc_ValueError, "coroutine already executing");
        else if (progress == ENDED)
                PyErr_SetString(PyExc_RuntimeError, "cannot reuse already awaited coroutine");
        else
                return true;
        return false;
}

bool awaitable_may_send(enum progress progress, PyObject *value)
{
        if (progress != NOT_BEGUN || value == Py_None)
                return true;
        PyErr_SetString(PyExc_TypeError, "can't send non-None value to a just-started coroutine");
        return false;
}

/* ------------------------------------------------------------------------------------------------
 * Results. */

#if PY_VERSION_HEX >= 0x030c0000
/** The exception that the interpreter takes a result from at once; it is used again where nobody else has it. */
static PyStopIterationObject *stop_iteration;

static bool is_fresh(const PyStopIterationObject *exception)
{
        return Py_REFCNT(exception) == 1 && !exception->traceback && !exception->context && !exception->cause &&
               !exception->notes && !exception->dict;
}

void awaitable_forget_result(void)
{
        if (!stop_iteration || !stop_iteration->value)
                return;
        if (is_fresh(stop_iteration)) {
                Py_CLEAR(stop_iteration->value);
                Py_SETREF(stop_iteration->args, Py_NewRef(imports.empty_tuple));
        } else {
                Py_CLEAR(stop_iteration);
        }
}

static void raise_stop_iteration(PyObject *value)
{
        PyObject *args;

        awaitable_forget_result();
        if (!stop_iteration)
                stop_iteration = (PyStopIterationObject *)PyObject_CallNoArgs(PyExc_StopIteration);
        args = stop_iteration ? PyTuple_Pack(1, value) : NULL;
        if (!args)
                return;
        Py_SETREF(stop_iteration->args, args);
        Py_XSETREF(stop_iteration->value, Py_NewRef(value));
        PyErr_SetRaisedException(Py_NewRef(stop_iteration));
}
#else
void awaitable_forget_result(void)
{
}

static void raise_stop_iteration(PyObject *value)
{
        exception_give(PyObject_CallOneArg(PyExc_StopIteration, value));
}
#endif

PyObject *awaitable_as_iterator(PySendResult how, PyObject *result, bool is_call)
{
        if (how != PYGEN_RETURN)
                return result;
        if (result != Py_None)
                raise_stop_iteration(result);
        else if (is_call)
                PyErr_SetNone(PyExc_StopIteration);
        Py_DECREF(result);
        return NULL;
}

/* ------------------------------------------------------------------------------------------------
 * Exceptions. */

/** The exception that arguments of throw() stand for: a new reference, or NULL with an exception. */
static PyObject *exception_of_arguments(PyObject *const *args, Py_ssize_t n)
{
        PyObject *value = n > 1 ? args[1] : Py_None, *exception;

        if (PyExceptionInstance_Check(args[0])) {
                if (value == Py_None)
                        return Py_NewRef(args[0]);
                PyErr_SetString(PyExc_TypeError, "instance exception may not have a separate value");
                return NULL;
        }
        if (!PyExceptionClass_Check(args[0]))
                return PyErr_Format(
                    PyExc_TypeError,
                    "exceptions must be classes or instances deriving from BaseException, not %s",
                    Py_TYPE(args[0])->tp_name);
        if (PyExceptionInstance_Check(value) && PyObject_IsInstance(value, args[0]) == 1)
                return Py_NewRef(value);
        if (value == Py_None)
                exception = PyObject_CallNoArgs(args[0]);
        else if (PyTuple_Check(value))
                exception = PyObject_CallObject(args[0], value);
        else
                exception = PyObject_CallOneArg(args[0], value);
        if (exception && !PyExceptionInstance_Check(exception)) {
                PyErr_Format(PyExc_TypeError,
                             "calling %R should have returned an instance of BaseException, not %s", args[0],
                             Py_TYPE(exception)->tp_name);
                Py_CLEAR(exception);
        }
        return exception;
}

PyObject *awaitable_thrown(PyObject *const *args, Py_ssize_t n)
{
        PyObject *exception;

        if (n < 1 || n > 3)
                return PyErr_Format(PyExc_TypeError, "throw expected 1 to 3 arguments, got %zd", n);
        exception = exception_of_arguments(args, n);
        if (exception && n > 2 && args[2] != Py_None && PyException_SetTraceback(exception, args[2]) < 0)
                Py_CLEAR(exception);
        return exception;
}
