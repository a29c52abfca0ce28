/* What a loop runs: callbacks, and timers. */
#include "core.h"

#include <math.h>

/** asyncio's own calls have a string of their own for it up to Python 3.11. */
static bool is_context(PyObject *name)
{
        return name == names.context || PyUnicode_Compare(name, names.context) == 0;
}

/** Whether arguments are given by name that are most often given by their place. */
static bool has_names(PyObject *kwnames)
{
        return kwnames && !(PyTuple_GET_SIZE(kwnames) == 1 && is_context(PyTuple_GET_ITEM(kwnames, 0)));
}

/** The context of other calls; NULL where none is given. */
static PyObject *given_context(PyObject *const *args, Py_ssize_t n, PyObject *kwnames)
{
        return kwnames ? args[n] : NULL;
}

PyObject *tuple_of(PyObject *const *args, Py_ssize_t n)
{
        PyObject *packed;

        if (n == 0)
                return Py_NewRef(imports.empty_tuple);
        packed = PyTuple_New(n);
        for (Py_ssize_t i = 0; packed && i < n; i++)
                PyTuple_SET_ITEM(packed, i, Py_NewRef(args[i]));
        return packed;
}

/** Make a call whose arguments are given by name. */
static PyObject *call_by_names(PyObject *self, const char *method, PyObject *const *args, Py_ssize_t n,
                               PyObject *kwnames)
{
        PyObject *given = PyDict_New(), *placed = tuple_of(args, n), *result = NULL;
        bool is_whole = given && placed;

        for (Py_ssize_t i = 0; is_whole && i < PyTuple_GET_SIZE(kwnames); i++)
                is_whole = PyDict_SetItem(given, PyTuple_GET_ITEM(kwnames, i), args[n + i]) == 0;
        if (is_whole)
                result = call_helper("call_by_names", "(OsOO)", self, method, placed, given);
        Py_XDECREF(given);
        Py_XDECREF(placed);
        return result;
}

/** What debug mode checks of a call: 0, or -1 with its exception. */
static __attribute__((noinline)) int check_call(PyLoop *self, PyObject *callback, const char *method,
                                                bool is_threadsafe)
{
        PyObject *result = call_helper("check_call", "(OOsi)", self, callback, method, (int)is_threadsafe);

        Py_XDECREF(result);
        return result ? 0 : -1;
}

static bool may_call(PyLoop *self, Py_ssize_t n, Py_ssize_t wanted, PyObject *callback, const char *method,
                     bool is_threadsafe)
{
        if (n < wanted) {
                PyErr_Format(PyExc_TypeError, "%s() missing %zd required positional argument%s", method,
                             wanted - n, wanted - n > 1 ? "s" : "");
                return false;
        }
        if (loop_check_usable(self) < 0)
                return false;
        return !self->is_debug || check_call(self, callback, method, is_threadsafe) == 0;
}

/** Put a handle in the queue, which owns a reference of it; from any thread. 0, or -1 with an exception. */
static int schedule(PyLoop *self, PyObject *handle)
{
        Py_INCREF(handle);
        if (loop_is_here(self)) {
                inbox_drain(&self->loop->inbox, self->loop->ready); /* others sent theirs before */
                loop_schedule(self->loop, &handle_tail(handle)->timer.handle);
                return 0;
        }
        if (inbox_send(&self->loop->inbox, &handle_tail(handle)->timer.handle) == 0)
                return 0;
        Py_DECREF(handle);
        PyErr_SetString(PyExc_RuntimeError, "Event loop is closed");
        return -1;
}

/** From Python 3.14 on, who cancels in another thread what runs waits until it has run, which asyncio's own handle sees to: that is what
 * is run then. The arguments' reference is given. */
static PyObject *soon_thread_safe(PyLoop *self, PyObject *callback, PyObject *args, PyObject *context)
{
        PyObject *handle = NULL, *run = NULL;

        if (args)
                handle = call_helper("thread_safe_handle", "(OOOO)", callback, args, self,
                                     context ? context : Py_None);
        Py_XDECREF(args);
        if (handle)
                run = PyObject_GetAttrString(handle, "_run");
        if (handle && loop_call_soon(self, run, Py_NewRef(imports.empty_tuple), NULL) < 0)
                Py_CLEAR(handle);
        Py_XDECREF(run);
        return handle;
}

static PyObject *soon(PyObject *op, PyObject *const *args, Py_ssize_t n, PyObject *kwnames, const char *method,
                      bool is_threadsafe)
{
        PyLoop *self = (PyLoop *)op;
        PyObject *handle;

        if (has_names(kwnames))
                return call_by_names(op, method, args, n, kwnames);
        if (!may_call(self, n, 1, n > 0 ? args[0] : NULL, method, is_threadsafe))
                return NULL;
        if (is_threadsafe && imports.has_thread_safe_handles)
                return soon_thread_safe(self, args[0], tuple_of(args + 1, n - 1),
                                        given_context(args, n, kwnames));
        handle = handle_create(self, args[0], tuple_of(args + 1, n - 1), given_context(args, n, kwnames));
        if (handle && schedule(self, handle) < 0)
                Py_CLEAR(handle);
        return handle;
}

PyObject *loop_call_soon_method(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames)
{
        return soon(self, args, n, kwnames, "call_soon", false);
}

PyObject *loop_call_soon_threadsafe(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames)
{
        return soon(self, args, n, kwnames, "call_soon_threadsafe", true);
}

int loop_call_soon(PyLoop *self, PyObject *callback, PyObject *args, PyObject *context)
{
        PyObject *handle = NULL;
        int rc;

        if (callback && loop_check_usable(self) == 0)
                handle = handle_create(self, callback, args, context);
        else
                Py_XDECREF(args);
        if (!handle)
                return -1;
        rc = schedule(self, handle);
        Py_DECREF(handle);
        return rc;
}

/** Likewise of a callback that is given, with one argument or none. */
static int call_given_soon(PyLoop *self, PyObject *callback, PyObject *argument)
{
        int rc = loop_call_soon(self, callback,
                                argument ? PyTuple_Pack(1, argument) : Py_NewRef(imports.empty_tuple), NULL);

        Py_XDECREF(callback);
        return rc;
}

int loop_call_method_soon(PyLoop *self, PyObject *object, PyObject *name, PyObject *argument)
{
        return call_given_soon(self, PyObject_GetAttr(object, name), argument);
}

PyObject *loop_call_there(PyLoop *self, PyMethodDef *method, PyObject *object, PyObject *argument)
{
        if (call_given_soon(self, PyCFunction_New(method, object), argument) < 0)
                return NULL;
        Py_RETURN_NONE;
}

/** A moment of the loop's clock in nanoseconds, never early. */
static eddy_time moment_of(double seconds)
{
        double nanoseconds = ceil(seconds * 1e9);

        if (!(nanoseconds < 9e18))
                return isnan(seconds) ? 0 : EDDY_FOREVER;
        return nanoseconds > 0 ? (eddy_time)nanoseconds : 0;
}

static double seconds_of(eddy_time time)
{
        return (double)time / 1e9;
}

void loop_set_timer_here(void *arg)
{
        PyObject *handle = arg;
        eddy_timer *timer = &handle_tail(handle)->timer;

        if (handle_is_cancelled(handle))
                Py_DECREF(handle);
        else
                eddy_call_at(NULL, timer, timer->when, handle_run_queued, handle);
}

/** Set a timer for `when`, which is given. */
static PyObject *set_timer(PyLoop *self, PyObject *when, PyObject *const *args, Py_ssize_t n, PyObject *context)
{
        double seconds = when ? PyFloat_AsDouble(when) : -1;
        PyObject *handle = NULL;
        eddy_timer *timer;

        if (seconds != -1 || !PyErr_Occurred())
                handle = timer_handle_create(self, when, args[0], tuple_of(args + 1, n - 1), context);
        Py_XDECREF(when);
        if (!handle)
                return NULL;
        timer = &handle_tail(handle)->timer;
        timer->when = moment_of(seconds);
        if (timer->when == EDDY_FOREVER)
                return handle;
        if (loop_is_here(self)) {
                eddy_call_at(self->loop, timer, timer->when, handle_run_queued, handle);
                Py_INCREF(handle);
        } else {
                timer->handle.callback = loop_set_timer_here;
                if (schedule(self, handle) < 0)
                        Py_CLEAR(handle);
        }
        return handle;
}

PyObject *loop_call_at(PyObject *op, PyObject *const *args, Py_ssize_t n, PyObject *kwnames)
{
        PyLoop *self = (PyLoop *)op;

        if (has_names(kwnames))
                return call_by_names(op, "call_at", args, n, kwnames);
        if (n > 0 && args[0] == Py_None) {
                PyErr_SetString(PyExc_TypeError, "when cannot be None");
                return NULL;
        }
        if (!may_call(self, n, 2, n > 1 ? args[1] : NULL, "call_at", false))
                return NULL;
        return set_timer(self, Py_NewRef(args[0]), args + 1, n - 1, given_context(args, n, kwnames));
}

PyObject *loop_call_later(PyObject *op, PyObject *const *args, Py_ssize_t n, PyObject *kwnames)
{
        PyLoop *self = (PyLoop *)op;
        PyObject *now, *when;

        if (has_names(kwnames))
                return call_by_names(op, "call_later", args, n, kwnames);
        if (n > 0 && args[0] == Py_None) {
                PyErr_SetString(PyExc_TypeError, "delay must not be None");
                return NULL;
        }
        if (!may_call(self, n, 2, n > 1 ? args[1] : NULL, "call_at", false))
                return NULL;
        now = PyFloat_FromDouble(seconds_of(eddy_now()));
        when = now ? PyNumber_Add(now, args[0]) : NULL;
        Py_XDECREF(now);
        return when ? set_timer(self, when, args + 1, n - 1, given_context(args, n, kwnames)) : NULL;
}

PyObject *loop_get_time(PyObject *self, PyObject *unused)
{
        (void)self, (void)unused;
        return PyFloat_FromDouble(seconds_of(eddy_now()));
}
