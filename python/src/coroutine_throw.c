/* Throwing into the coroutines of streams, and closing them. What has come for one that ends so is its reader's again. */
#include "streams.h"

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

/** Throw into asyncio's coroutine, which this one stands for. */
static PyObject *throw_inside(struct coroutine *self, PyObject *exception)
{
        PyObject *inner = Py_NewRef(self->inner), *result;

        self->progress = RUNNING;
        result = PyObject_CallMethodOneArg(inner, names.throw, exception);
        Py_DECREF(inner);
        self->progress = WAITING;
        if (result)
                return result;
        Py_CLEAR(self->inner);
        if (!PyErr_ExceptionMatches(PyExc_StopIteration))
                coroutine_end(self, PYGEN_ERROR);
        self->progress = ENDED;
        return NULL;
}

PyObject *coroutine_throw(PyObject *op, PyObject *const *args, Py_ssize_t n)
{
        struct coroutine *self = (struct coroutine *)op;
        PyObject *exception, *result = NULL;

        if (n < 1 || n > 3) {
                PyErr_Format(PyExc_TypeError, "throw expected 1 to 3 arguments, got %zd", n);
                return NULL;
        }
        if (!coroutine_may_run(self))
                return NULL;
        exception = exception_of_arguments(args, n);
        if (!exception)
                return NULL;
        if (n > 2 && args[2] != Py_None && PyException_SetTraceback(exception, args[2]) < 0) {
                Py_DECREF(exception);
                return NULL;
        }
        if (self->progress == WAITING && !self->future && self->inner) {
                result = throw_inside(self, exception);
                Py_DECREF(exception);
        } else if (reader_leave(self) < 0) {
                coroutine_end(self, PYGEN_ERROR);
                Py_DECREF(exception);
        } else {
                exception_give(exception);
                coroutine_end(self, PYGEN_ERROR);
        }
        return result;
}

PyObject *coroutine_close(PyObject *op, PyObject *unused)
{
        struct coroutine *self = (struct coroutine *)op;
        PyObject *inner = NULL, *result = NULL;
        int rc;

        (void)unused;
        if (self->progress == ENDED)
                Py_RETURN_NONE;
        if (!coroutine_may_run(self))
                return NULL;
        if (!self->future)
                inner = Py_XNewRef(self->inner);
        rc = reader_leave(self);
        self->progress = ENDED;
        if (rc == 0)
                result = inner ? PyObject_CallMethodNoArgs(inner, names.close) : Py_NewRef(Py_None);
        Py_XDECREF(inner);
        return result;
}
