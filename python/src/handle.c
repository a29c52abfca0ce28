/* asyncio.Handle and asyncio.TimerHandle as the loop's own subclasses, with a place in its queues. What asyncio keeps in them stays
 * in asyncio's slots, whose places are looked up once, so that everything that looks at a handle finds what it knows. */
#include "core.h"

#include <structmember.h>

PyTypeObject *handle_type, *timer_handle_type;

/** Where asyncio's slots lie. */
static struct {
        Py_ssize_t callback, args, cancelled, loop, source_traceback, repr, context, scheduled, when;
        Py_ssize_t handle_tail, timer_tail; /* where ours begins */
} at;

static inline PyObject **slot(PyObject *self, Py_ssize_t offset)
{
        return (PyObject **)(void *)((char *)self + offset);
}

static inline void slot_fill(PyObject *self, Py_ssize_t offset, PyObject *value)
{
        *slot(self, offset) = Py_NewRef(value);
}

static inline void slot_set(PyObject *self, Py_ssize_t offset, PyObject *value)
{
        PyObject *old = *slot(self, offset);

        *slot(self, offset) = Py_NewRef(value);
        Py_XDECREF(old);
}

struct handle_tail *handle_tail(PyObject *handle)
{
        return (void *)((char *)handle + (Py_TYPE(handle) == handle_type ? at.handle_tail : at.timer_tail));
}

static PyLoop *loop_of(PyObject *handle)
{
        return (PyLoop *)*slot(handle, at.loop);
}

/* ------------------------------------------------------------------------------------------------
 * Creating. Handles come and go by the million, so some are kept for the next ones. */

enum { KEPT = 256 };

struct store {
        PyObject *handles[KEPT];
        int count;
};

static struct store handle_store, timer_store;

static PyObject *take(struct store *store, PyTypeObject *type)
{
        PyObject *self;

#ifndef Py_GIL_DISABLED
        if (store->count > 0) {
                self = store->handles[--store->count];
                return PyObject_Init(self, type);
        }
#endif
        self = type->tp_alloc(type, 0);
        if (self) {
                PyObject_GC_UnTrack(self);
                memset(handle_tail(self), 0, sizeof(struct handle_tail));
        }
        return self;
}

/** Fill in what all handles have. */
static PyObject *fill(PyObject *self, PyLoop *loop, PyObject *callback, PyObject *args, PyObject *context)
{
        context = !context || context == Py_None ? PyContext_CopyCurrent() : Py_NewRef(context);
        if (!self || !context || !args) {
                Py_XDECREF(args);
                Py_XDECREF(context);
                Py_XDECREF(self);
                return NULL;
        }
        *slot(self, at.context) = context;
        *slot(self, at.args) = args;
        slot_fill(self, at.callback, callback);
        slot_fill(self, at.cancelled, Py_False);
        slot_fill(self, at.loop, (PyObject *)loop);
        slot_fill(self, at.source_traceback, Py_None);
        slot_fill(self, at.repr, Py_None);
        handle_tail(self)->timer.handle.arg = self;
        handle_tail(self)->timer.handle.callback = handle_run_queued;
        return self;
}

/** In debug mode: note down who asks. */
static PyObject *trace(PyObject *self)
{
        if (self && loop_of(self)->is_debug) {
                PyObject *trace = call_helper("extract_stack", "()");

                if (!trace) {
                        Py_DECREF(self);
                        return NULL;
                }
                slot_set(self, at.source_traceback, trace);
                Py_DECREF(trace);
        }
        return self;
}

PyObject *handle_create(PyLoop *loop, PyObject *callback, PyObject *args, PyObject *context)
{
        PyObject *self = fill(take(&handle_store, handle_type), loop, callback, args, context);

        if (self)
                PyObject_GC_Track(self);
        return trace(self);
}

PyObject *timer_handle_create(PyLoop *loop, PyObject *when, PyObject *callback, PyObject *args,
                              PyObject *context)
{
        PyObject *self = fill(take(&timer_store, timer_handle_type), loop, callback, args, context);

        if (!self)
                return NULL;
        slot_fill(self, at.when, when);
        slot_fill(self, at.scheduled, Py_True);
        PyObject_GC_Track(self);
        return trace(self);
}

/* ------------------------------------------------------------------------------------------------
 * Running and cancelling. */

bool handle_is_cancelled(PyObject *handle)
{
        return *slot(handle, at.cancelled) == Py_True;
}

void handle_run(PyObject *handle)
{
        PyObject *callback = *slot(handle, at.callback), *args = *slot(handle, at.args);
        PyObject *result;

        if (handle_is_cancelled(handle) || !callback || !args)
                return;
        /* It may be cancelled by what it calls. */
        Py_INCREF(callback);
        Py_INCREF(args);
        if (loop_of(handle)->is_debug)
                result = call_helper("run_in_debug_mode", "(OO)", loop_of(handle), handle);
        else
                result = call_in_context(*slot(handle, at.context), callback, ((PyTupleObject *)args)->ob_item,
                                         (size_t)PyTuple_GET_SIZE(args));
        if (result)
                Py_DECREF(result);
        else
                loop_callback_failed(loop_of(handle), handle);
        Py_DECREF(callback);
        Py_DECREF(args);
}

void handle_run_queued(void *arg)
{
        PyObject *handle = arg;

        if (Py_TYPE(handle) == timer_handle_type)
                slot_set(handle, at.scheduled, Py_False);
        handle_run(handle);
        Py_DECREF(handle);
}

/** In debug mode: keep what a handle was, for the log. */
static void keep_repr(PyObject *self)
{
        PyObject *raised = PyErr_Occurred() ? exception_take() : NULL; /* of who cancels because of it */
        PyObject *repr = PyObject_Repr(self);

        if (repr) {
                slot_set(self, at.repr, repr);
                Py_DECREF(repr);
        } else {
                PyErr_Clear(); /* as at the interpreter's end: it was for a log */
        }
        exception_give(raised);
}

void handle_cancel(PyObject *self)
{
        eddy_handle *handle = &handle_tail(self)->timer.handle;

        if (handle_is_cancelled(self))
                return;
        slot_set(self, at.cancelled, Py_True);
        if (loop_of(self)->is_debug)
                keep_repr(self);
        slot_set(self, at.callback, Py_None);
        slot_set(self, at.args, Py_None);
        /* Only the loop's thread may touch its queues; else it is dropped when its turn comes. */
        if (!eddy_handle_pending(handle) || !loop_is_here(loop_of(self)))
                return;
        eddy_handle_cancel(handle);
        if (Py_TYPE(self) == timer_handle_type)
                slot_set(self, at.scheduled, Py_False);
        Py_DECREF(self);
}

static PyObject *cancel(PyObject *self, PyObject *unused)
{
        (void)unused;
        Py_INCREF(self);
        handle_cancel(self);
        Py_DECREF(self);
        Py_RETURN_NONE;
}

static PyObject *cancelled(PyObject *self, PyObject *unused)
{
        (void)unused;
        return PyBool_FromLong(handle_is_cancelled(self));
}

/* ------------------------------------------------------------------------------------------------
 * The types. */

static int traverse(PyObject *self, visitproc visit, void *arg)
{
        const Py_ssize_t offsets[] = {at.callback, at.args, at.loop, at.source_traceback, at.context};

        Py_VISIT(Py_TYPE(self));
        for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++)
                Py_VISIT(*slot(self, offsets[i]));
        return 0;
}

/** The loop, which is to cancel it, stays known. */
static int clear(PyObject *self)
{
        const Py_ssize_t offsets[] = {at.callback, at.args, at.source_traceback, at.context};

        for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++)
                Py_CLEAR(*slot(self, offsets[i]));
        return 0;
}

static void clear_all(PyObject *self)
{
        clear(self);
        Py_CLEAR(*slot(self, at.loop));
        Py_CLEAR(*slot(self, at.repr));
        Py_CLEAR(*slot(self, at.cancelled));
        if (Py_TYPE(self) == timer_handle_type) {
                Py_CLEAR(*slot(self, at.when));
                Py_CLEAR(*slot(self, at.scheduled));
        }
}

static void dealloc(PyObject *self)
{
        PyTypeObject *type = Py_TYPE(self);
        struct store *store = type == handle_type ? &handle_store : &timer_store;

        PyObject_GC_UnTrack(self);
        if (*slot(self, type->tp_weaklistoffset))
                PyObject_ClearWeakRefs(self);
        clear_all(self);
#ifndef Py_GIL_DISABLED
        if (store->count < KEPT)
                store->handles[store->count++] = self;
        else
#endif
                type->tp_free(self);
        Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"cancel", cancel, METH_NOARGS, NULL},
    {"cancelled", cancelled, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, dealloc},
    {Py_tp_traverse, traverse},
    {Py_tp_clear, clear},
    {Py_tp_methods, methods},
    {0, NULL},
};

Py_ssize_t find_slot(PyObject *type, const char *name)
{
        PyObject *member = PyObject_GetAttrString(type, name);
        Py_ssize_t offset = -1;

        if (member && Py_TYPE(member) == &PyMemberDescr_Type)
                offset = ((PyMemberDescrObject *)member)->d_member->offset;
        else if (member)
                PyErr_Format(PyExc_ImportError,
                             "eddyloop does not know this Python's asyncio: %R has no slot %s", type, name);
        Py_XDECREF(member);
        return offset;
}

static int find_slots(void)
{
        const struct {
                PyObject *type;
                const char *name;
                Py_ssize_t *offset;
        } wanted[] = {
            {imports.handle, "_callback", &at.callback},
            {imports.handle, "_args", &at.args},
            {imports.handle, "_cancelled", &at.cancelled},
            {imports.handle, "_loop", &at.loop},
            {imports.handle, "_source_traceback", &at.source_traceback},
            {imports.handle, "_repr", &at.repr},
            {imports.handle, "_context", &at.context},
            {imports.timer_handle, "_scheduled", &at.scheduled},
            {imports.timer_handle, "_when", &at.when},
        };

        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
                if ((*wanted[i].offset = find_slot(wanted[i].type, wanted[i].name)) < 0)
                        return -1;
        return 0;
}

static PyTypeObject *create_type(const char *name, PyObject *base, Py_ssize_t *tail)
{
        PyType_Spec spec = {
            .name = name,
            .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
            .slots = slots,
        };
        PyObject *bases = PyTuple_Pack(1, base);
        PyObject *type = NULL;

        *tail = (((PyTypeObject *)base)->tp_basicsize + 7) & ~(Py_ssize_t)7;
        spec.basicsize = (int)(*tail + (Py_ssize_t)sizeof(struct handle_tail));
        if (bases)
                type = PyType_FromSpecWithBases(&spec, bases);
        Py_XDECREF(bases);
        return (PyTypeObject *)type;
}

int handle_add_types(PyObject *module)
{
        if (find_slots() < 0)
                return -1;
        handle_type = create_type("eddyloop.Handle", imports.handle, &at.handle_tail);
        timer_handle_type =
            handle_type ? create_type("eddyloop.TimerHandle", imports.timer_handle, &at.timer_tail) : NULL;
        if (!timer_handle_type)
                return -1;
        if (PyModule_AddObjectRef(module, "Handle", (PyObject *)handle_type) < 0)
                return -1;
        return PyModule_AddObjectRef(module, "TimerHandle", (PyObject *)timer_handle_type);
}
