/* The life of a transport of datagrams, and its type. The loop owns a reference of it from when it is made until it is lost. */
#include "datagram.h"

#include "watch.h"

/* ------------------------------------------------------------------------------------------------
 * The end. */

/** Ask the kernel for nothing any more. */
static void let_go_of_kernel(struct datagram_transport *transport)
{
        if (!transport->loop)
                return;
        op_end(&transport->reading);
        op_end(&transport->writing);
        loop_forget_descriptor(transport->loop->loop, transport->fd);
}

/** Have its protocol told, in the next turn. */
static void lose_later(struct datagram_transport *transport, PyObject *exception)
{
        transport->lost++;
        let_go_of_kernel(transport);
        if (loop_call_method_soon(transport->loop, datagram_transport_object(transport),
                                  names.call_connection_lost, exception ? exception : Py_None) < 0)
                loop_end_run(transport->loop);
}

void datagram_force_close(struct datagram_transport *transport, PyObject *exception)
{
        if (transport->lost || !transport->loop)
                return;
        transport->is_closing = true;
        datagram_drop_queue(transport);
        lose_later(transport, exception);
}

/** The loop lets go of it. */
static void let_go(struct datagram_transport *transport)
{
        if (list_is_linked(&transport->resource.link))
                list_remove(&transport->resource.link);
        loop_let_go(&transport->kept);
}

/** Tell the protocol, and close the socket. */
static PyObject *call_connection_lost(PyObject *self, PyObject *exception)
{
        struct datagram_transport *transport = datagram_transport_of(self);
        PyObject *result, *raised = NULL;

        if (!transport->loop || !transport->protocol)
                Py_RETURN_NONE;
        result = PyObject_CallMethodOneArg(transport->protocol, names.connection_lost, exception);
        if (!result)
                raised = exception_take();
        if (transport->loop) {
                let_go_of_kernel(transport);
                loop_unset_transport(transport->loop, self, transport->fd);
        }
        close_python_socket(&transport->socket);
        datagram_drop(transport);
        datagram_drop_queue(transport);
        Py_CLEAR(transport->protocol);
        Py_CLEAR(transport->context);
        Py_CLEAR(transport->writing_context);
        Py_CLEAR(transport->loop);
        let_go(transport);
        exception_give(raised);
        return result;
}

void datagram_lose(struct datagram_transport *transport)
{
        PyLoop *loop = (PyLoop *)Py_NewRef((PyObject *)transport->loop);
        PyObject *result;

        transport->lost++;
        result = call_connection_lost(datagram_transport_object(transport), Py_None);
        if (!result)
                datagram_tell(transport, loop, "_sendto_ready");
        Py_XDECREF(result);
        Py_DECREF((PyObject *)loop);
}

static void loop_closed(struct loop_resource *resource)
{
        struct datagram_transport *transport = container_of(resource, struct datagram_transport, resource);

        transport->is_closing = true;
        transport->lost++;
        let_go_of_kernel(transport);
        let_go(transport);
}

/* ------------------------------------------------------------------------------------------------
 * Failures. */

void datagram_fail(struct datagram_transport *transport, const char *message)
{
        PyObject *exception;
        PyLoop *loop = transport->loop;

        if (exception_ends_run()) {
                loop_end_run(loop);
                return;
        }
        exception =
            loop_tell(loop, "fatal_error", datagram_transport_object(transport), transport->protocol, message);
        datagram_force_close(transport, exception);
        Py_DECREF(exception);
}

void datagram_tell(struct datagram_transport *transport, PyLoop *loop, const char *what)
{
        if (exception_ends_run())
                loop_end_run(loop);
        else
                Py_XDECREF(loop_tell(loop, "callback_raised", datagram_transport_object(transport),
                                     transport->protocol ? transport->protocol : Py_None, what));
}

void datagram_show_error(struct datagram_transport *transport, PyObject *error, PyObject *context)
{
        PyObject *function = error ? PyObject_GetAttr(transport->protocol, names.error_received) : NULL;
        PyLoop *loop = (PyLoop *)Py_NewRef((PyObject *)transport->loop);
        PyObject *result = NULL;

        if (function)
                result = context ? call_in_context(context, function, &error, 1)
                                 : PyObject_CallOneArg(function, error);
        Py_XDECREF(function);
        Py_XDECREF(error);
        if (!result && context)
                datagram_tell(transport, loop, "_read_ready");
        Py_XDECREF(result);
        Py_DECREF((PyObject *)loop);
}

/* ------------------------------------------------------------------------------------------------
 * Methods. */

static PyObject *start_reading(PyObject *self, PyObject *unused)
{
        struct datagram_transport *transport = datagram_transport_of(self);

        (void)unused;
        if (!transport->loop || transport->lost || transport->is_closing)
                Py_RETURN_NONE;
        if (loop_check_here(transport->loop) < 0)
                return NULL;
        Py_XSETREF(transport->context, PyContext_CopyCurrent());
        if (!transport->context)
                return NULL;
        transport->has_begun = true;
        datagram_go_on(transport);
        Py_RETURN_NONE;
}

static PyObject *pause_reading(PyObject *self, PyObject *unused)
{
        struct datagram_transport *transport = datagram_transport_of(self);

        (void)unused;
        if (!transport->is_closing && !transport->is_paused) {
                if (loop_check_here(transport->loop) < 0)
                        return NULL;
                transport->is_paused = true;
                op_end(&transport->reading);
        }
        Py_RETURN_NONE;
}

static PyObject *resume_reading(PyObject *self, PyObject *unused)
{
        struct datagram_transport *transport = datagram_transport_of(self);

        if (transport->is_closing || !transport->is_paused)
                Py_RETURN_NONE;
        if (loop_check_here(transport->loop) < 0)
                return NULL;
        transport->is_paused = false;
        return start_reading(self, unused);
}

static PyObject *is_reading(PyObject *self, PyObject *unused)
{
        const struct datagram_transport *transport = datagram_transport_of(self);

        (void)unused;
        return PyBool_FromLong(!transport->is_closing && !transport->is_paused);
}

static PyObject *is_closing(PyObject *self, PyObject *unused)
{
        (void)unused;
        return PyBool_FromLong(datagram_transport_of(self)->is_closing);
}

static PyObject *close_transport(PyObject *self, PyObject *unused)
{
        static PyMethodDef there = {"close", close_transport, METH_NOARGS, NULL};
        struct datagram_transport *transport = datagram_transport_of(self);

        (void)unused;
        if (transport->is_closing || !transport->loop)
                Py_RETURN_NONE;
        if (!loop_is_here(transport->loop))
                return loop_call_there(transport->loop, &there, self, NULL);
        transport->is_closing = true;
        op_end(&transport->reading);
        if (transport->queue_count == 0)
                lose_later(transport, NULL);
        Py_RETURN_NONE;
}

static PyObject *force_close(PyObject *self, PyObject *exception)
{
        static PyMethodDef there = {"_force_close", force_close, METH_O, NULL};
        struct datagram_transport *transport = datagram_transport_of(self);

        if (transport->loop && !loop_is_here(transport->loop))
                return loop_call_there(transport->loop, &there, self, exception);
        datagram_force_close(transport, exception);
        Py_RETURN_NONE;
}

static PyObject *abort_transport(PyObject *self, PyObject *unused)
{
        (void)unused;
        return force_close(self, Py_None);
}

static PyObject *get_protocol(PyObject *self, PyObject *unused)
{
        PyObject *protocol = datagram_transport_of(self)->protocol;

        (void)unused;
        return Py_NewRef(protocol ? protocol : Py_None);
}

static PyObject *set_protocol(PyObject *self, PyObject *protocol)
{
        Py_XSETREF(datagram_transport_of(self)->protocol, Py_NewRef(protocol));
        Py_RETURN_NONE;
}

static PyObject *get_size(PyObject *self, PyObject *unused)
{
        (void)unused;
        return PyLong_FromSize_t(datagram_transport_of(self)->unsent);
}

static PyObject *get_limits(PyObject *self, PyObject *unused)
{
        const struct datagram_transport *transport = datagram_transport_of(self);

        (void)unused;
        return Py_BuildValue("(nn)", (Py_ssize_t)transport->low_water, (Py_ssize_t)transport->high_water);
}

static PyObject *represent(PyObject *self)
{
        const struct datagram_transport *transport = datagram_transport_of(self);

        return call_helper("transport_repr", "(siiinn)", Py_TYPE(self)->tp_name, !transport->socket,
                           transport->is_closing,
                           transport->has_begun && !transport->is_paused && !transport->is_closing,
                           (Py_ssize_t)transport->fd, (Py_ssize_t)transport->unsent);
}

/* ------------------------------------------------------------------------------------------------
 * The type. */

/** DatagramTransport(loop, sock, fd, family, protocol, extra, address). */
static int init(PyObject *self, PyObject *args, PyObject *kwargs)
{
        struct datagram_transport *transport = datagram_transport_of(self);
        PyObject *loop, *socket, *protocol, *extra, *address, *peer;
        int fd, family, is_connected;

        (void)kwargs;
        if (!PyArg_ParseTuple(args, "O!OiiOO!O", loop_type, &loop, &socket, &fd, &family, &protocol,
                              &PyDict_Type, &extra, &address))
                return -1;
        if (transport->resource.close) {
                PyErr_SetString(PyExc_RuntimeError, "the transport's __init__() was called twice");
                return -1;
        }
        if (loop_check_usable((PyLoop *)loop) < 0)
                return -1;
        peer = PyDict_GetItemString(extra, "peername");
        is_connected = peer ? PyObject_IsTrue(peer) : 0;
        if (is_connected < 0 || PyObject_SetAttrString(self, "_extra", extra) < 0 ||
            loop_set_transport((PyLoop *)loop, self, socket, fd) < 0)
                return -1;
        op_init(&transport->reading, ((PyLoop *)loop)->loop, datagram_came, transport);
        op_init(&transport->writing, ((PyLoop *)loop)->loop, datagram_may_leave, transport);
        transport->loop = (PyLoop *)Py_NewRef(loop);
        transport->protocol = Py_NewRef(protocol);
        transport->socket = Py_NewRef(socket);
        transport->address = Py_NewRef(address);
        transport->fd = fd;
        transport->family = family;
        transport->is_connected = is_connected;
        transport->batch = 2;
        transport->high_water = FLOW_DEFAULT_HIGH_WATER;
        transport->low_water = FLOW_DEFAULT_HIGH_WATER / 4;
        transport->resource.close = loop_closed;
        loop_add_resource(transport->loop->loop, &transport->resource);
        loop_keep(transport->loop, &transport->kept, self);
        return 0;
}

static int traverse(PyObject *self, visitproc visit, void *arg)
{
        const struct datagram_transport *transport = datagram_transport_of(self);

        Py_VISIT(Py_TYPE(self));
        Py_VISIT(transport->loop);
        Py_VISIT(transport->protocol);
        Py_VISIT(transport->socket);
        Py_VISIT(transport->address);
        Py_VISIT(transport->context);
        Py_VISIT(transport->writing_context);
        Py_VISIT(transport->dict);
        Py_VISIT(*subclass_extra_of(self));
        return 0;
}

/** The loop, which is to let go of it, stays known. */
static int clear(PyObject *self)
{
        struct datagram_transport *transport = datagram_transport_of(self);

        Py_CLEAR(transport->protocol);
        Py_CLEAR(transport->socket);
        Py_CLEAR(transport->address);
        Py_CLEAR(transport->context);
        Py_CLEAR(transport->writing_context);
        Py_CLEAR(transport->dict);
        Py_CLEAR(transport->received_from.object);
        Py_CLEAR(transport->sent_to.object);
        Py_CLEAR(*subclass_extra_of(self));
        return 0;
}

static void finalize(PyObject *self)
{
        struct datagram_transport *transport = datagram_transport_of(self);
        PyObject *raised = exception_take(), *result;

        if (transport->socket) {
                result = call_helper("warn_unclosed", "(O)", self);
                if (!result)
                        PyErr_WriteUnraisable(self);
                Py_XDECREF(result);
                close_python_socket(&transport->socket);
        }
        exception_give(raised);
}

static int drop_and_clear(PyObject *self)
{
        datagram_drop(datagram_transport_of(self));
        datagram_drop_queue(datagram_transport_of(self));
        Py_CLEAR(datagram_transport_of(self)->loop);
        return clear(self);
}

static void dealloc(PyObject *self)
{
        subclass_dealloc(self, &datagram_transport_of(self)->weak_references, drop_and_clear);
}

static PyMethodDef methods[] = {
    {"sendto", (PyCFunction)(void *)datagram_sendto, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"get_write_buffer_size", get_size, METH_NOARGS, NULL},
    {"get_write_buffer_limits", get_limits, METH_NOARGS, NULL},
    {"set_write_buffer_limits", (PyCFunction)(void *)datagram_set_limits, METH_VARARGS | METH_KEYWORDS, NULL},
    {"pause_reading", pause_reading, METH_NOARGS, NULL},
    {"resume_reading", resume_reading, METH_NOARGS, NULL},
    {"is_reading", is_reading, METH_NOARGS, NULL},
    {"close", close_transport, METH_NOARGS, NULL},
    {"abort", abort_transport, METH_NOARGS, NULL},
    {"is_closing", is_closing, METH_NOARGS, NULL},
    {"get_protocol", get_protocol, METH_NOARGS, NULL},
    {"set_protocol", set_protocol, METH_O, NULL},
    {"_force_close", force_close, METH_O, NULL},
    {"_start_reading", start_reading, METH_NOARGS, NULL},
    {"_call_connection_lost", call_connection_lost, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"_loop", T_OBJECT, offsetof(struct datagram_transport, loop), READONLY, NULL},
    {"_protocol", T_OBJECT, offsetof(struct datagram_transport, protocol), READONLY, NULL},
    {"_sock", T_OBJECT, offsetof(struct datagram_transport, socket), READONLY, NULL},
    {"_address", T_OBJECT, offsetof(struct datagram_transport, address), READONLY, NULL},
    {"_sock_fd", T_INT, offsetof(struct datagram_transport, fd), READONLY, NULL},
    {"_closing", T_BOOL, offsetof(struct datagram_transport, is_closing), READONLY, NULL},
    {"_protocol_paused", T_BOOL, offsetof(struct datagram_transport, is_full), READONLY, NULL},
    {"__dictoffset__", T_PYSSIZET, offsetof(struct datagram_transport, dict), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(struct datagram_transport, weak_references), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_init, init},         {Py_tp_dealloc, dealloc},
    {Py_tp_finalize, finalize}, {Py_tp_traverse, traverse},
    {Py_tp_clear, clear},       {Py_tp_repr, represent},
    {Py_tp_methods, methods},   {Py_tp_members, members},
    {Py_tp_getset, properties}, {0, NULL},
};

int datagram_add_type(PyObject *module)
{
        PyTypeObject *type;

        subclass_place(members);
        type = subclass_create(module, "eddyloop._core.DatagramTransport",
                               PyTuple_Pack(2, imports.transport, imports.datagram_transport), slots,
                               sizeof(struct datagram_transport));
        Py_XDECREF((PyObject *)type);
        return type ? 0 : -1;
}
