/* The coroutines of streams. One that has what it is for ends at once, and costs no future; one that must wait waits for one future,
 * as asyncio's does. What fails, and what is rare, is done by asyncio's own coroutine, which one of these then stands for. */
#include "streams.h"

static PyTypeObject *coroutine_type;

static const char *const coroutine_names[] = {
    [READ] = "read",
    [READ_EXACTLY] = "readexactly",
    [READ_LINE] = "readline",
    [READ_UNTIL] = "readuntil",
    [READ_NEXT_LINE] = "__anext__",
    [DRAIN] = "drain",
};

/* ------------------------------------------------------------------------------------------------
 * Creating: some are kept for the next ones. */

enum { KEPT = 64 };

static struct {
        struct coroutine *coroutines[KEPT];
        int count;
} store;

PyObject *coroutine_create(PyObject *owner, enum reading reading, Py_ssize_t n, PyObject *separator)
{
        struct coroutine *self;

#ifndef Py_GIL_DISABLED
        if (store.count > 0) {
                self = store.coroutines[--store.count];
                PyObject_Init((PyObject *)self, coroutine_type);
        } else
#endif
        {
                self = PyObject_GC_New(struct coroutine, coroutine_type);
                if (!self)
                        return NULL;
                self->future = self->inner = self->in_hand = NULL;
                self->state = NULL;
        }
        self->owner = Py_NewRef(owner);
        self->separator = Py_XNewRef(separator);
        self->n = n;
        self->searched = 0;
        self->reading = reading;
        self->progress = NOT_BEGUN;
        self->has_begun = false;
        PyObject_GC_Track(self);
        return (PyObject *)self;
}

/* ------------------------------------------------------------------------------------------------
 * Running. */

static PySendResult advance(struct coroutine *self, PyObject **result)
{
        return self->reading == DRAIN ? writer_advance(self, result) : reader_advance(self, result);
}

/** A StopIteration that comes out of a coroutine would look like its result. */
static void hide_stop_iteration(void)
{
        PyObject *cause, *exception;

        if (!PyErr_ExceptionMatches(PyExc_StopIteration))
                return;
        cause = exception_take();
        PyErr_SetString(PyExc_RuntimeError, "coroutine raised StopIteration");
        exception = exception_take();
        PyException_SetCause(exception, Py_NewRef(cause));
        PyException_SetContext(exception, cause);
        exception_give(exception);
}

PySendResult coroutine_end(struct coroutine *self, PySendResult how)
{
        self->progress = ENDED;
        if (how == PYGEN_ERROR)
                hide_stop_iteration();
        return how;
}

/** Go on with what it waits for. Where that has ended, only `how` and the result say so. */
static PySendResult go_on_inside(struct coroutine *self, PyObject *argument, PyObject **result)
{
        PyObject *inner = Py_NewRef(self->inner);
        PySendResult how;

        self->progress = RUNNING;
        how = PyIter_Send(inner, argument, result);
        Py_DECREF(inner);
        self->progress = WAITING;
        if (how != PYGEN_NEXT)
                Py_CLEAR(self->inner);
        return how;
}

/** What it has waited for is there: whether that is all. */
static bool has_come(struct coroutine *self, PySendResult *how, PyObject **result)
{
        bool is_delegate = !self->future;

        if (*how == PYGEN_ERROR) {
                PyObject *exception = exception_take();

                if (reader_leave(self) < 0)
                        Py_DECREF(exception);
                else
                        exception_give(exception);
                return true;
        }
        if (is_delegate)
                return true;
        Py_CLEAR(*result);
        if (!reader_take_in_hand(self, result))
                return false;
        *how = *result ? PYGEN_RETURN : PYGEN_ERROR;
        return true;
}

/** Begin or go on: either it has its result, or it waits. */
static PySendResult run(struct coroutine *self, PyObject *argument, PyObject **result)
{
        PySendResult how;

        if (self->progress == WAITING) {
                how = go_on_inside(self, argument, result);
                if (how == PYGEN_NEXT)
                        return how;
                if (has_come(self, &how, result))
                        return coroutine_end(self, how);
        }
        self->progress = RUNNING;
        how = advance(self, result);
        if (how != PYGEN_NEXT)
                return coroutine_end(self, how);
        self->progress = WAITING;
        how = go_on_inside(self, Py_None, result);
        if (how == PYGEN_NEXT)
                return how;
        /* A future that is done already, or asyncio's coroutine that has no need to wait. */
        return has_come(self, &how, result) ? coroutine_end(self, how) : run(self, Py_None, result);
}

bool coroutine_may_run(struct coroutine *self)
{
        return awaitable_may_run(self->owner ? self->progress : ENDED);
}

static PySendResult am_send(PyObject *op, PyObject *argument, PyObject **result)
{
        struct coroutine *self = (struct coroutine *)op;

        *result = NULL;
        if (!coroutine_may_run(self) || !awaitable_may_send(self->progress, argument))
                return PYGEN_ERROR;
        return run(self, argument, result);
}

static PyObject *next(PyObject *self)
{
        PyObject *result;
        PySendResult how = am_send(self, Py_None, &result);

        return awaitable_as_iterator(how, result, false);
}

static PyObject *send_method(PyObject *self, PyObject *argument)
{
        PyObject *result;
        PySendResult how = am_send(self, argument, &result);

        return awaitable_as_iterator(how, result, true);
}

/* ------------------------------------------------------------------------------------------------
 * Awaiting. */

static PyObject *am_await(PyObject *op)
{
        struct coroutine *self = (struct coroutine *)op;

        if (self->progress == WAITING) {
                PyErr_SetString(PyExc_RuntimeError, "coroutine is being awaited already");
                return NULL;
        }
        return Py_NewRef(op);
}

static PyObject *await_method(PyObject *self, PyObject *unused)
{
        (void)unused;
        return am_await(self);
}

/* ------------------------------------------------------------------------------------------------
 * The type. */

static int traverse(PyObject *op, visitproc visit, void *arg)
{
        struct coroutine *self = (struct coroutine *)op;

        Py_VISIT(Py_TYPE(op));
        Py_VISIT(self->owner);
        Py_VISIT(self->future);
        Py_VISIT(self->inner);
        Py_VISIT(self->state);
        Py_VISIT(self->separator);
        return 0;
}

/** Of what the collector has found, nobody is to have what came for it. */
static int clear(PyObject *op)
{
        struct coroutine *self = (struct coroutine *)op;

        reader_forget(self);
        Py_CLEAR(self->future);
        Py_CLEAR(self->in_hand);
        Py_CLEAR(self->inner);
        Py_CLEAR(self->owner);
        return 0;
}

static void warn_not_awaited(struct coroutine *self)
{
        PyObject *raised = exception_take();

        if (PyErr_WarnFormat(PyExc_RuntimeWarning, 1, "coroutine '%s.%s' was never awaited",
                             self->reading == DRAIN ? "StreamWriter" : "StreamReader",
                             coroutine_names[self->reading]) < 0)
                PyErr_WriteUnraisable(NULL);
        exception_give(raised);
}

/** What has come for one that is no more is its reader's. */
static void leave(struct coroutine *self)
{
        PyObject *raised;

        if (!self->future)
                return;
        raised = exception_take();
        if (reader_leave(self) < 0)
                PyErr_WriteUnraisable(NULL);
        exception_give(raised);
}

static void dealloc(PyObject *op)
{
        struct coroutine *self = (struct coroutine *)op;
        PyTypeObject *type = Py_TYPE(op);

        PyObject_GC_UnTrack(op);
        if (self->progress == NOT_BEGUN)
                warn_not_awaited(self);
        leave(self);
        clear(op);
        Py_CLEAR(self->separator);
        awaitable_forget_result();
#ifndef Py_GIL_DISABLED
        if (store.count < KEPT)
                store.coroutines[store.count++] = self;
        else
#endif
                PyObject_GC_Del(op);
        Py_DECREF(type);
}

static PyObject *represent(PyObject *op)
{
        struct coroutine *self = (struct coroutine *)op;

        return PyUnicode_FromFormat("<coroutine object %s.%s at %p>",
                                    self->reading == DRAIN ? "StreamWriter" : "StreamReader",
                                    coroutine_names[self->reading], op);
}

static PyObject *get_name(PyObject *op, void *unused)
{
        (void)unused;
        return PyUnicode_FromString(coroutine_names[((struct coroutine *)op)->reading]);
}

static PyObject *get_qualified_name(PyObject *op, void *unused)
{
        struct coroutine *self = (struct coroutine *)op;

        (void)unused;
        return PyUnicode_FromFormat("%s.%s", self->reading == DRAIN ? "StreamWriter" : "StreamReader",
                                    coroutine_names[self->reading]);
}

static PyObject *get_running(PyObject *op, void *unused)
{
        (void)unused;
        return PyBool_FromLong(((struct coroutine *)op)->progress == RUNNING);
}

static PyMethodDef methods[] = {
    {"send", send_method, METH_O, NULL},
    {"throw", (PyCFunction)(void *)coroutine_throw, METH_FASTCALL, NULL},
    {"close", coroutine_close, METH_NOARGS, NULL},
    {"__await__", await_method, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"__name__", get_name, NULL, NULL, NULL},
    {"__qualname__", get_qualified_name, NULL, NULL, NULL},
    {"cr_running", get_running, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, dealloc}, {Py_tp_traverse, traverse},
    {Py_tp_clear, clear},     {Py_tp_repr, represent},
    {Py_tp_methods, methods}, {Py_tp_getset, properties},
    {Py_am_await, am_await},  {Py_am_send, (void *)am_send},
    {Py_tp_iternext, next},   {0, NULL},
};

int coroutine_add_type(PyObject *module)
{
        PyType_Spec spec = {
            .name = "eddyloop._core.StreamCoroutine",
            .basicsize = (int)sizeof(struct coroutine),
            .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
            .slots = slots,
        };

        coroutine_type = (PyTypeObject *)PyType_FromSpec(&spec);
        return coroutine_type ? PyModule_AddObjectRef(module, "StreamCoroutine", (PyObject *)coroutine_type)
                              : -1;
}
