/* The loop: callbacks, timers, and running. asyncio's BaseEventLoop stands above it (eddyloop/loop.py) with all that need not be
 * fast. */
#include "core.h"

#include "sock.h"

#include <structmember.h>

PyTypeObject *loop_type;

static PyLoop *loop_of(PyObject *self)
{
        return (PyLoop *)self;
}

int loop_check_usable(PyLoop *self)
{
        if (self && self->loop && !self->is_closing)
                return 0;
        PyErr_SetString(PyExc_RuntimeError, !self         ? "it belongs to no loop, or not any more"
                                            : !self->loop ? "the loop's __init__() was not called"
                                                          : "Event loop is closed");
        return -1;
}

int loop_check_here(PyLoop *self)
{
        if (loop_check_usable(self) < 0)
                return -1;
        if (loop_is_here(self))
                return 0;
        PyErr_SetString(PyExc_RuntimeError,
                        "Non-thread-safe operation invoked on an event loop other than the current one");
        return -1;
}

/* ------------------------------------------------------------------------------------------------
 * Failures. */

void loop_end_run(PyLoop *self)
{
        PyObject *raised = exception_take();

        if (self->raised)
                Py_DECREF(raised);
        else
                self->raised = raised;
        eddy_loop_leave(self->loop);
}

void loop_callback_failed(PyLoop *self, PyObject *handle)
{
        PyObject *exception, *result;

        if (exception_ends_run()) {
                loop_end_run(self);
                return;
        }
        exception = exception_take();
        result = call_helper("callback_failed", "(OOO)", self, handle, exception);
        Py_DECREF(exception);
        if (result)
                Py_DECREF(result);
        else
                loop_end_run(self);
}

PyObject *loop_tell(PyLoop *self, const char *helper, PyObject *transport, PyObject *protocol, const char *text)
{
        PyObject *exception = exception_take();
        PyObject *result = call_helper(helper, "(OOOOs)", self, transport, protocol, exception, text);

        if (!result)
                loop_end_run(self);
        Py_XDECREF(result);
        return exception;
}

int loop_check_marked(PyLoop *self, PyObject *result, PyObject *transport, PyObject *protocol,
                      const char *failure)
{
        PyObject *exception;

        if (!result && exception_ends_run())
                return -1;
        if (!result) {
                exception = exception_take();
                result =
                    call_helper("protocol_failed", "(OOOOs)", self, transport, protocol, exception, failure);
                Py_DECREF(exception);
        }
        Py_XDECREF(result);
        return result ? 0 : -1;
}

/* ------------------------------------------------------------------------------------------------
 * What others ask it for. */

/** What every future asks for, and every task. */
static PyObject *get_debug(PyObject *op, PyObject *unused)
{
        (void)unused;
        return PyBool_FromLong(loop_of(op)->is_debug);
}

static PyObject *create_future(PyObject *op, PyObject *unused)
{
        PyLoop *self = loop_of(op);
        PyTypeObject *type = (PyTypeObject *)imports.future;
        PyObject *future;

        (void)unused;
        if (!self->future_keywords && !(self->future_keywords = Py_BuildValue("{sO}", "loop", op)))
                return NULL;
        future = type->tp_new(type, imports.empty_tuple, self->future_keywords);
        if (future && type->tp_init(future, imports.empty_tuple, self->future_keywords) < 0)
                Py_CLEAR(future);
        return future;
}

/** Whether the above is what a loop's create_future() is. */
static bool has_own_create_future(PyObject *loop)
{
        static PyTypeObject *known; /* a class of loops, and its state, of which it is known that it has */
        static unsigned version;
        PyTypeObject *type = Py_TYPE(loop);
        PyObject *method;
        bool is_own;

        if (type == known && type->tp_version_tag == version && version)
                return true;
        if (!PyType_IsSubtype(type, loop_type))
                return false;
        method = PyObject_GetAttr((PyObject *)type, names.create_future);
        is_own = method && Py_TYPE(method) == &PyMethodDescr_Type &&
                 ((PyMethodDescrObject *)method)->d_method->ml_meth == create_future;
        Py_XDECREF(method);
        PyErr_Clear();
        known = is_own ? type : NULL;
        version = type->tp_version_tag;
        return is_own;
}

PyObject *loop_create_future(PyObject *loop)
{
        return has_own_create_future(loop) ? create_future(loop, NULL)
                                           : PyObject_CallMethodNoArgs(loop, names.create_future);
}

void loop_keep(PyLoop *self, struct kept *kept, PyObject *object)
{
        if (list_is_linked(&kept->link))
                return;
        kept->object = Py_NewRef(object);
        list_append(&self->kept, &kept->link);
}

void loop_let_go(struct kept *kept)
{
        if (!list_is_linked(&kept->link))
                return;
        list_remove(&kept->link);
        Py_DECREF(kept->object);
}

static int visit_kept(const PyLoop *self, visitproc visit, void *arg)
{
        for (const eddy_link *link = self->kept.next; link != &self->kept; link = link->next)
                Py_VISIT(container_of(link, struct kept, link)->object);
        return 0;
}

char *loop_scratch(PyLoop *self)
{
        if (!self->scratch)
                self->scratch = PyMem_Malloc(LOOP_SCRATCH_SIZE);
        return self->scratch;
}

/* ------------------------------------------------------------------------------------------------
 * Running. */

static void before_wait(void *arg)
{
        ((PyLoop *)arg)->thread = PyEval_SaveThread();
}

static void after_wait(void *arg)
{
        PyLoop *self = arg;

        PyEval_RestoreThread(self->thread);
        if (PyErr_CheckSignals() < 0)
                loop_end_run(self);
}

static const eddy_host host = {.before_wait = before_wait, .after_wait = after_wait};

/** Run until it is stopped; who calls it has seen to all else that asyncio promises. */
static PyObject *run(PyObject *op, PyObject *unused)
{
        PyLoop *self = loop_of(op);
        int rc;

        (void)unused;
        if (loop_check_usable(self) < 0)
                return NULL;
        rc = eddy_loop_run_forever(self->loop);
        if (self->raised) {
                PyObject *raised = self->raised;

                self->raised = NULL;
                exception_give(raised);
                return NULL;
        }
        if (rc < 0)
                return raise_error(rc);
        Py_RETURN_NONE;
}

static PyObject *stop(PyObject *op, PyObject *unused)
{
        PyLoop *self = loop_of(op);

        (void)unused;
        if (self->loop && !self->is_closed)
                self->loop->is_stopping = true;
        Py_RETURN_NONE;
}

/** Whether what waits is a handle of Python's, of which the queue owns a reference. */
static bool is_of_handle(const eddy_handle *handle)
{
        return handle->callback == handle_run_queued || handle->callback == loop_set_timer_here;
}

/** Make what a loop of Python's stands on: 0 or an error. */
static int create_core(PyLoop *self, eddy_loop **created)
{
        int rc = eddy_loop_create(created);

        return rc < 0 ? rc : eddy_loop_set_host(*created, &host, self);
}

/** Move what is Python's from one queue to another. */
static void move_handles(eddy_link *to, eddy_link *from)
{
        eddy_link *link, *next;

        for (link = from->next; link != from; link = next) {
                next = link->next;
                if (!is_of_handle(container_of(link, eddy_handle, link)))
                        continue;
                list_remove(link);
                list_append(to, link);
        }
}

/** Likewise with all that waits in a loop. */
static void move_waiting(eddy_loop *to, eddy_loop *from)
{
        eddy_link timers, *link;

        list_init(&timers);
        move_handles(to->ready, &from->stranded);
        move_handles(to->ready, from->running);
        move_handles(to->ready, from->ready);
        timer_wheel_drain(&from->timers, &timers);
        while ((link = list_pop(&timers))) {
                eddy_timer *timer = container_of(link, eddy_timer, handle.link);

                if (is_of_handle(&timer->handle))
                        timer_wheel_add(&to->timers, timer);
        }
}

/** In a child made by fork(): go on without what is the parent's. What is scheduled and watched comes along; transports, whose
 * sockets both have now, are the parent's alone. */
static PyObject *leave_parent(PyObject *op, PyObject *unused)
{
        PyLoop *self = loop_of(op);
        eddy_loop *inherited = self->loop;
        int rc;

        (void)unused;
        if (loop_check_usable(self) < 0)
                return NULL;
        if (!loop_is_inherited(inherited))
                Py_RETURN_FALSE;
        rc = create_core(self, &self->loop);
        if (rc < 0) {
                self->loop = inherited;
                return raise_error(rc);
        }
        move_waiting(self->loop, inherited);
        loop_watch_anew(self);
        loop_renew_sock_calls(self);
        eddy_loop_destroy(inherited);
        Py_RETURN_TRUE;
}

/** What waits in a queue is never run: its references are given back. */
static void drop_queue(eddy_link *queue)
{
        eddy_link *link;

        while ((link = list_pop(queue))) {
                eddy_handle *handle = container_of(link, eddy_handle, link);

                if (is_of_handle(handle))
                        Py_DECREF((PyObject *)handle->arg);
        }
}

/** Take all that waits out of the loop's queues. */
static void drop_waiting(PyLoop *self)
{
        eddy_link dropped;

        list_init(&dropped);
        inbox_drain(&self->loop->inbox, &dropped);
        list_splice(&dropped, self->loop->running);
        list_splice(&dropped, self->loop->ready);
        timer_wheel_drain(&self->loop->timers, &dropped);
        list_splice(&dropped, &self->loop->stranded);
        drop_queue(&dropped);
}

static void close_loop(PyLoop *self)
{
        if (self->is_closing || !self->loop)
                return;
        self->is_closing = true; /* and takes nothing from who is dropped */
        drop_waiting(self);
        loop_forget_sock_calls(self);
        Py_CLEAR(self->future_keywords);
        loop_forget_watched(self);
        self->is_closed = true;
        eddy_loop_close(self->loop); /* whoever sends from now on is refused */
}

/** No loop could be made: an OSError with the core's own sentence, which knows what of the environment is at odds. */
static int raise_explained(int rc)
{
        PyObject *exception = NULL;

        if (rc == -ENOMEM)
                PyErr_NoMemory();
        else if (rc > -4000)
                exception = PyObject_CallFunction(PyExc_OSError, "is", -rc, eddy_explain(rc));
        else
                exception = PyObject_CallFunction(PyExc_RuntimeError, "s", eddy_explain(rc));
        exception_give(exception);
        return -1;
}

static int init(PyObject *op, PyObject *args, PyObject *kwargs)
{
        PyLoop *self = loop_of(op);
        int rc;

        if (!PyArg_ParseTuple(args, "") || (kwargs && PyDict_GET_SIZE(kwargs) > 0))
                return -1;
        if (self->loop) {
                PyErr_SetString(PyExc_RuntimeError, "the loop's __init__() was called twice");
                return -1;
        }
        rc = create_core(self, &self->loop);
        return rc < 0 ? raise_explained(rc) : 0;
}

/* ------------------------------------------------------------------------------------------------
 * The type. */

static int visit_queue(const eddy_link *queue, visitproc visit, void *arg)
{
        for (const eddy_link *link = queue->next; link != queue; link = link->next) {
                const eddy_handle *handle = container_of(link, eddy_handle, link);

                if (is_of_handle(handle))
                        Py_VISIT((PyObject *)handle->arg);
        }
        return 0;
}

struct timer_visit {
        visitproc visit;
        void *arg;
};

static int visit_timer(eddy_timer *timer, void *arg)
{
        const struct timer_visit *visited = arg;

        return is_of_handle(&timer->handle) ? visited->visit(timer->handle.arg, visited->arg) : 0;
}

/** What the loop keeps is not looked at while it runs: it is kept by that alone, and its queues belong to the thread that does. */
static int traverse(PyObject *op, visitproc visit, void *arg)
{
        PyLoop *self = loop_of(op);
        struct timer_visit timers = {visit, arg};
        int rc;

        Py_VISIT(Py_TYPE(op));
        Py_VISIT(self->raised);
        Py_VISIT(self->future_keywords);
        if (!self->loop || self->is_closed || self->loop->is_running)
                return 0;
        rc = visit_queue(self->loop->running, visit, arg);
        if (rc == 0)
                rc = visit_queue(self->loop->ready, visit, arg);
        if (rc == 0)
                rc = timer_wheel_each(&self->loop->timers, visit_timer, &timers);
        if (rc == 0)
                rc = loop_visit_watched(self, visit, arg);
        if (rc == 0)
                rc = loop_visit_sock_calls(self, visit, arg);
        if (rc == 0)
                rc = visit_kept(self, visit, arg);
        return rc;
}

static int clear(PyObject *op)
{
        PyLoop *self = loop_of(op);

        Py_CLEAR(self->raised);
        Py_CLEAR(self->spare);
        Py_CLEAR(self->future_keywords);
        if (self->loop && !self->loop->is_running)
                close_loop(self);
        return 0;
}

static void dealloc(PyObject *op)
{
        PyLoop *self = loop_of(op);
        PyTypeObject *type = Py_TYPE(op);

        PyObject_GC_UnTrack(op);
        clear(op);
        eddy_loop_destroy(self->loop);
        PyMem_Free(self->scratch);
        type->tp_free(op);
        Py_DECREF(type);
}

static void init_lists(PyLoop *self)
{
        list_init(&self->kept);
        list_init(&self->sock_calls);
}

static PyObject *create(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
        PyObject *self = type->tp_alloc(type, 0);

        (void)args, (void)kwargs;
        if (self)
                init_lists(loop_of(self));
        return self;
}

static PyObject *get_backend(PyObject *op, void *unused)
{
        (void)unused;
        return PyUnicode_FromString(loop_of(op)->loop ? eddy_loop_backend(loop_of(op)->loop) : "closed");
}

static PyObject *get_backend_reason(PyObject *op, void *unused)
{
        (void)unused;
        return PyUnicode_FromString(loop_of(op)->loop ? eddy_loop_backend_reason(loop_of(op)->loop) : "");
}

static PyMethodDef methods[] = {
    {"call_soon", (PyCFunction)(void *)loop_call_soon_method, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"call_soon_threadsafe", (PyCFunction)(void *)loop_call_soon_threadsafe, METH_FASTCALL | METH_KEYWORDS,
     NULL},
    {"call_later", (PyCFunction)(void *)loop_call_later, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"call_at", (PyCFunction)(void *)loop_call_at, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"time", loop_get_time, METH_NOARGS, NULL},
    {"get_debug", get_debug, METH_NOARGS, NULL},
    {"create_future", create_future, METH_NOARGS, NULL},
    {"stop", stop, METH_NOARGS, NULL},
    {"_run", run, METH_NOARGS, NULL},
    {"_leave_parent", leave_parent, METH_NOARGS, NULL},
    {"_adopt_stream", loop_adopt_stream, METH_O, NULL},
    {"add_reader", (PyCFunction)(void *)loop_add_reader, METH_FASTCALL, NULL},
    {"add_writer", (PyCFunction)(void *)loop_add_writer, METH_FASTCALL, NULL},
    {"remove_reader", loop_remove_reader, METH_O, NULL},
    {"remove_writer", loop_remove_writer, METH_O, NULL},
    {"_add_reader", (PyCFunction)(void *)loop_add_reader_unasked, METH_FASTCALL, NULL},
    {"_add_writer", (PyCFunction)(void *)loop_add_writer_unasked, METH_FASTCALL, NULL},
    {"_remove_reader", loop_remove_reader_unasked, METH_O, NULL},
    {"_remove_writer", loop_remove_writer_unasked, METH_O, NULL},
    {"_ensure_fd_no_transport", loop_ensure_fd_no_transport, METH_O, NULL},
    {"_get_transport", loop_get_transport, METH_O, NULL},
    {"_note_transport", (PyCFunction)(void *)loop_note_transport, METH_FASTCALL, NULL},
    {"sock_recv", (PyCFunction)(void *)loop_sock_recv, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"sock_recv_into", (PyCFunction)(void *)loop_sock_recv_into, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"sock_recvfrom", (PyCFunction)(void *)loop_sock_recvfrom, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"sock_recvfrom_into", (PyCFunction)(void *)loop_sock_recvfrom_into, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"sock_sendall", (PyCFunction)(void *)loop_sock_sendall, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"sock_sendto", (PyCFunction)(void *)loop_sock_sendto, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"sock_accept", (PyCFunction)(void *)loop_sock_accept, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"sock_connect", (PyCFunction)(void *)loop_sock_connect, METH_FASTCALL | METH_KEYWORDS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyObject *get_debug_flag(PyObject *op, void *unused)
{
        (void)unused;
        return get_debug(op, NULL);
}

static int set_debug_flag(PyObject *op, PyObject *value, void *unused)
{
        int is_debug = value ? PyObject_IsTrue(value) : 0;

        (void)unused;
        if (is_debug >= 0)
                loop_of(op)->is_debug = is_debug;
        return is_debug < 0 ? -1 : 0;
}

static PyMemberDef members[] = {
    {"fast_streams", T_BOOL, offsetof(PyLoop, has_fast_streams), 0,
     "Whether asyncio's own streams of connections that are made from now on read and write without Python."},
    {NULL, 0, 0, 0, NULL},
};

/** Where __init__() has failed, there is nothing to close. */
static PyObject *get_closed(PyObject *op, void *unused)
{
        (void)unused;
        return PyBool_FromLong(!loop_of(op)->loop || loop_of(op)->is_closing);
}

/** asyncio's own close() says that it is, and so it is. */
static int set_closed(PyObject *op, PyObject *value, void *unused)
{
        (void)unused;
        if (value && PyObject_IsTrue(value) > 0)
                close_loop(loop_of(op));
        return 0;
}

static PyGetSetDef properties[] = {
    {"_closed", get_closed, set_closed, NULL, NULL},
    {"_debug", get_debug_flag, set_debug_flag, NULL, NULL},
    {"backend", get_backend, NULL, "How the loop waits: \"uring\" or \"epoll\"; \"closed\".", NULL},
    {"backend_reason", get_backend_reason, NULL, "Why it is that, as a sentence.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, create},        {Py_tp_init, init},         {Py_tp_dealloc, dealloc},
    {Py_tp_traverse, traverse}, {Py_tp_clear, clear},       {Py_tp_methods, methods},
    {Py_tp_members, members},   {Py_tp_getset, properties}, {0, NULL},
};

static PyType_Spec spec = {
    .name = "eddyloop._core.Loop",
    .basicsize = sizeof(PyLoop),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

int loop_add_type(PyObject *module)
{
        loop_type = (PyTypeObject *)PyType_FromSpec(&spec);
        return loop_type ? PyModule_AddObjectRef(module, "Loop", (PyObject *)loop_type) : -1;
}
