/* The awaitable: a coroutine to all who look. It is tried when its task first runs it; where it has to wait, an operation of the core's
 * tells when to try again, and takes nothing itself, so that a task that is cancelled loses nothing. */
#include "sock.h"

PyTypeObject *sock_call_type;

static struct sock_call *call_of(PyObject *object)
{
        return (struct sock_call *)(void *)object;
}

PyObject *sock_call_create(PyLoop *loop, const struct sock_kind *kind, PyObject *socket, PyObject *first,
                           PyObject *second)
{
        struct sock_call *call = PyObject_GC_New(struct sock_call, sock_call_type);

        if (!call)
                return NULL;
        memset((char *)call + offsetof(struct sock_call, kind), 0,
               sizeof *call - offsetof(struct sock_call, kind));
        call->kind = kind;
        call->loop = (PyLoop *)Py_NewRef((PyObject *)loop);
        call->socket = Py_NewRef(socket);
        call->first = Py_XNewRef(first);
        call->second = Py_XNewRef(second);
        PyObject_GC_Track((PyObject *)call);
        return (PyObject *)call;
}

/* ------------------------------------------------------------------------------------------------
 * Waiting. */

static void stop_waiting(struct sock_call *call)
{
        list_remove(&call->waiting);
        sock_known(call)->waiting--;
}

/** It waits no longer: the core lets go of it, and the loop's reference is given back. */
static void end_wait(struct sock_call *call)
{
        bool was_pending = call->op.pending;

        if (!list_is_linked(&call->waiting))
                return;
        stop_waiting(call);
        if (!call->loop->is_closed)
                op_end(&call->op);
        /* Whoever cancels may close the socket next, and the kernel is not to keep it open. */
        if (was_pending && !call->loop->is_closed)
                loop_let_go_of_socket(call->loop, call->socket, call->fd);
        Py_DECREF((PyObject *)call);
}

/** Have its task go on. */
static void wake(struct sock_call *call)
{
        PyObject *future = call->future, *result;
        PyLoop *loop = call->loop;

        stop_waiting(call);
        Py_INCREF(future);
        Py_INCREF((PyObject *)loop);
        Py_DECREF((PyObject *)call);
        result = PyObject_CallMethodOneArg(future, names.set_result, Py_None);
        if (!result && PyErr_ExceptionMatches(imports.invalid_state_error))
                PyErr_Clear(); /* it is cancelled, and its task about to hear of it */
        else if (!result)
                loop_end_run(loop);
        Py_XDECREF(result);
        Py_DECREF(future);
        Py_DECREF((PyObject *)loop);
}

void sock_call_came(void *arg)
{
        struct sock_call *call = arg;

        if (!call->kind->came || call->kind->came(call))
                wake(call);
}

/** Begin to wait: 1, 0 where there is no need to, or -1 with an exception. */
static int begin_wait(struct sock_call *call)
{
        ssize_t begun;

        if (loop_ensure_no_transport(call->loop, NULL, call->fd) < 0)
                return -1;
        Py_XSETREF(call->future, loop_create_future((PyObject *)call->loop));
        if (!call->future)
                return -1;
        op_init(&call->op, call->loop->loop, sock_call_came, call);
        begun = call->kind->wait(call);
        if (begun < 0 && begun != EDDY_PENDING) {
                raise_error(begun);
                return -1;
        }
        if (begun >= 0 && call->kind->came)
                return 0;
        /* It is said to be worth while, though it was not a moment ago: others have their turn first. */
        if (begun >= 0)
                op_defer(&call->op, begun);
        Py_INCREF((PyObject *)call);
        list_append(&call->loop->sock_calls, &call->waiting);
        sock_known(call)->waiting++;
        return 1;
}

void loop_forget_sock_calls(PyLoop *self)
{
        while (!list_is_empty(&self->sock_calls)) {
                struct sock_call *call = container_of(self->sock_calls.next, struct sock_call, waiting);

                Py_INCREF((PyObject *)call);
                end_wait(call);
                Py_DECREF((PyObject *)call);
        }
}

void loop_renew_sock_calls(PyLoop *self)
{
        eddy_link waiting, *link;

        list_init(&waiting);
        list_splice(&waiting, &self->sock_calls);
        while ((link = list_pop(&waiting))) {
                struct sock_call *call = container_of(link, struct sock_call, waiting);

                list_append(&self->sock_calls, &call->waiting);
                op_end(&call->op);
                call->outcome = call->message ? EDDY_PENDING : 0;
                wake(call);
        }
}

int loop_visit_sock_calls(PyLoop *self, visitproc visit, void *arg)
{
        for (eddy_link *link = self->sock_calls.next; link != &self->sock_calls; link = link->next)
                Py_VISIT((PyObject *)container_of(link, struct sock_call, waiting));
        return 0;
}

/* ------------------------------------------------------------------------------------------------
 * Being run. */

/** Let go of all that it needed. */
static void finish(struct sock_call *call)
{
        call->progress = ENDED;
        end_wait(call);
        Py_CLEAR(call->future);
        if (call->view.obj)
                PyBuffer_Release(&call->view);
        PyMem_Free(call->message);
        call->message = NULL;
}

/** Take the socket's number, and see that all is as it should be: 0, or -1 with an exception. */
static int begin(struct sock_call *call)
{
        if (loop_check_here(call->loop) < 0)
                return -1;
        if (call->loop->is_debug) {
                PyObject *done = call_helper("check_nonblocking", "(O)", call->socket);

                Py_XDECREF(done);
                if (!done)
                        return -1;
        }
        return 0;
}

/** Whether its socket is open, with the same number as before; else with the OSError of a closed one. */
static bool find_socket(struct sock_call *call)
{
        int fd;

        if (loop_descriptor_of(call->socket, &fd) < 0)
                return false;
        if (fd < 0 || (call->progress == WAITING && fd != call->fd)) {
                raise_error(-EBADF);
                return false;
        }
        call->fd = fd;
        return loop_know_socket(call->loop, call->socket, fd);
}

/** Go on: PYGEN_NEXT with the future that is to be waited for, PYGEN_RETURN with the result, or PYGEN_ERROR. */
static PySendResult go_on(struct sock_call *call, PyObject **result)
{
        bool is_good = (call->progress == WAITING ? loop_check_here(call->loop) : begin(call)) == 0;

        is_good = is_good && find_socket(call);
        call->progress = RUNNING;
        *result = NULL;
        while (is_good) {
                enum sock_step step = call->kind->attempt(call, result);
                int waits;

                if (step == SOCK_DONE) {
                        finish(call);
                        return PYGEN_RETURN;
                }
                if (step == SOCK_FAILED)
                        break;
                waits = begin_wait(call);
                if (waits < 0)
                        break;
                if (waits == 0)
                        continue;
                call->progress = WAITING;
                if (PyObject_SetAttr(call->future, names.future_blocking, Py_True) < 0)
                        break;
                *result = Py_NewRef(call->future);
                return PYGEN_NEXT;
        }
        finish(call);
        return PYGEN_ERROR;
}

static PySendResult resume(PyObject *self, PyObject *value, PyObject **result)
{
        struct sock_call *call = call_of(self);

        *result = NULL;
        if (!awaitable_may_run(call->progress) || !awaitable_may_send(call->progress, value))
                return PYGEN_ERROR;
        /* Whoever runs it without having waited for the future: tasks do not. */
        if (call->progress == WAITING && list_is_linked(&call->waiting))
                end_wait(call);
        return go_on(call, result);
}

static PyObject *next(PyObject *self)
{
        PyObject *result;
        PySendResult outcome = resume(self, Py_None, &result);

        return awaitable_as_iterator(outcome, result, false);
}

static PyObject *send_value(PyObject *self, PyObject *value)
{
        PyObject *result;
        PySendResult outcome = resume(self, value, &result);

        return awaitable_as_iterator(outcome, result, true);
}

static PyObject *throw_into(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
        struct sock_call *call = call_of(self);
        PyObject *exception;

        if (!awaitable_may_run(call->progress))
                return NULL;
        exception = awaitable_thrown(args, n);
        if (!exception)
                return NULL;
        finish(call);
        exception_give(exception);
        return NULL;
}

static PyObject *close_call(PyObject *self, PyObject *unused)
{
        (void)unused;
        if (call_of(self)->progress != ENDED && !awaitable_may_run(call_of(self)->progress))
                return NULL;
        finish(call_of(self));
        Py_RETURN_NONE;
}

/* ------------------------------------------------------------------------------------------------
 * The type. */

static int traverse(PyObject *self, visitproc visit, void *arg)
{
        struct sock_call *call = call_of(self);

        Py_VISIT(Py_TYPE(self));
        Py_VISIT(call->loop);
        Py_VISIT(call->socket);
        Py_VISIT(call->first);
        Py_VISIT(call->second);
        Py_VISIT(call->future);
        Py_VISIT(call->view.obj);
        return 0;
}

static int clear(PyObject *self)
{
        struct sock_call *call = call_of(self);

        if (call->loop)
                finish(call);
        Py_CLEAR(call->loop);
        Py_CLEAR(call->socket);
        Py_CLEAR(call->first);
        Py_CLEAR(call->second);
        return 0;
}

static void finalize(PyObject *self)
{
        struct sock_call *call = call_of(self);
        PyObject *raised;

        if (call->progress != NOT_BEGUN)
                return;
        raised = exception_take();
        if (PyErr_WarnFormat(PyExc_RuntimeWarning, 1, "coroutine 'Loop.%s' was never awaited",
                             call->kind->name) < 0)
                PyErr_WriteUnraisable(self);
        exception_give(raised);
}

static void dealloc(PyObject *self)
{
        PyTypeObject *type = Py_TYPE(self);

        if (call_of(self)->progress == NOT_BEGUN && PyObject_CallFinalizerFromDealloc(self) < 0)
                return;
        PyObject_GC_UnTrack(self);
        clear(self);
        awaitable_forget_result();
        PyObject_GC_Del(self);
        Py_DECREF(type);
}

static PyObject *represent(PyObject *self)
{
        return PyUnicode_FromFormat("<coroutine object Loop.%s at %p>", call_of(self)->kind->name, self);
}

static PyObject *get_name(PyObject *self, void *unused)
{
        (void)unused;
        return PyUnicode_FromString(call_of(self)->kind->name);
}

static PyObject *get_qualified_name(PyObject *self, void *unused)
{
        (void)unused;
        return PyUnicode_FromFormat("Loop.%s", call_of(self)->kind->name);
}

static PyObject *get_running(PyObject *self, void *unused)
{
        (void)unused;
        return PyBool_FromLong(call_of(self)->progress == RUNNING);
}

static PyObject *get_awaited(PyObject *self, void *unused)
{
        PyObject *future = call_of(self)->future;

        (void)unused;
        return Py_NewRef(future ? future : Py_None);
}

static PyMethodDef methods[] = {
    {"send", send_value, METH_O, NULL},
    {"throw", (PyCFunction)(void *)throw_into, METH_FASTCALL, NULL},
    {"close", close_call, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"__name__", get_name, NULL, NULL, NULL},
    {"__qualname__", get_qualified_name, NULL, NULL, NULL},
    {"cr_running", get_running, NULL, NULL, NULL},
    {"cr_await", get_awaited, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, dealloc},
    {Py_tp_finalize, finalize},
    {Py_tp_traverse, traverse},
    {Py_tp_clear, clear},
    {Py_tp_repr, represent},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_iternext, next},
    {Py_am_await, PyObject_SelfIter},
    {Py_am_send, (void *)resume},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "eddyloop._core.SockCall",
    .basicsize = sizeof(struct sock_call),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

int sock_add_types(PyObject *module)
{
        sock_call_type = (PyTypeObject *)PyType_FromSpec(&spec);
        return sock_call_type ? PyModule_AddObjectRef(module, "SockCall", (PyObject *)sock_call_type) : -1;
}
