/* Throwing into the coroutines of streams, and closing them. What has come for one that ends so is its reader's again. */
#include "streams.h"

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

        if (!coroutine_may_run(self))
                return NULL;
        exception = awaitable_thrown(args, n);
        if (!exception)
                return NULL;
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
