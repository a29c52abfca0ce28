/* A transport, and its type. The loop owns a reference of it from when it is made until it is lost. */
#include "transport.h"

#include "streams.h"

#include "watch.h"

PyTypeObject *socket_transport_type;
static PyTypeObject *read_pipe_type, *write_pipe_type;

static void loop_closed(struct flow *flow)
{
        transport_finish(container_of(flow, struct transport, flow));
}

const struct flow_client transport_client = {
    .settled = transport_settled,
    .lend = transport_lend,
    .came = transport_came,
    .loop_closed = loop_closed,
    .what = NULL,
};

/* ------------------------------------------------------------------------------------------------
 * Methods. */

static void take_turn(void *arg)
{
        struct transport *transport = arg;

        if (transport->input.is_paused && !transport->is_paused)
                flow_resume_input(&transport->input);
        transport_take_turn(transport);
}

/** Whoever has it read from now on, it is in a copy of the context of now: 0, or -1 with an exception. */
static int take_context(struct transport *transport)
{
        if (!transport->keeps_context)
                Py_XSETREF(transport->context, PyContext_CopyCurrent());
        return transport->context ? 0 : -1;
}

static PyObject *start_reading(PyObject *self, PyObject *unused)
{
        struct transport *transport = transport_of(self);

        (void)unused;
        if (transport->flow.is_closing || transport->has_begun)
                Py_RETURN_NONE;
        if (loop_check_here(transport->loop) < 0)
                return NULL;
        if (take_context(transport) < 0)
                return NULL;
        transport->has_begun = true;
        flow_start_input(&transport->flow, &transport->input);
        Py_RETURN_NONE;
}

void transport_pause_reading(struct transport *transport)
{
        if (!transport->flow.is_closing && !transport->is_paused) {
                transport->is_paused = true;
                flow_pause_input(&transport->input);
        }
}

void transport_resume_reading(struct transport *transport)
{
        if (!transport->flow.is_closing && transport->is_paused) {
                transport->is_paused = false;
                flow_resume_input(&transport->input);
        }
}

static PyObject *pause_reading(PyObject *self, PyObject *unused)
{
        (void)unused;
        if (!transport_of(self)->flow.is_closing && !transport_of(self)->is_paused &&
            loop_check_here(transport_of(self)->loop) < 0)
                return NULL;
        transport_pause_reading(transport_of(self));
        Py_RETURN_NONE;
}

static PyObject *resume_reading(PyObject *self, PyObject *unused)
{
        struct transport *transport = transport_of(self);

        (void)unused;
        if (transport->flow.is_closing || !transport->is_paused)
                Py_RETURN_NONE;
        if (loop_check_here(transport->loop) < 0)
                return NULL;
        transport->is_paused = false;
        if (!transport->has_begun) {
                flow_resume_input(&transport->input);
                return start_reading(self, NULL);
        }
        if (take_context(transport) < 0)
                return NULL;
        flow_resume_input(&transport->input);
        Py_RETURN_NONE;
}

static PyObject *is_reading(PyObject *self, PyObject *unused)
{
        const struct transport *transport = transport_of(self);

        (void)unused;
        return PyBool_FromLong(!transport->flow.is_closing && !transport->is_paused);
}

static PyObject *is_closing(PyObject *self, PyObject *unused)
{
        (void)unused;
        return PyBool_FromLong(transport_of(self)->flow.is_closing);
}

/** Whether it is for another thread to end it: the loop's. */
static bool is_elsewhere(const struct transport *transport)
{
        return !transport_is_lost(transport) && !loop_is_here(transport->loop);
}

static PyObject *close_transport(PyObject *self, PyObject *unused)
{
        static PyMethodDef there = {"close", close_transport, METH_NOARGS, NULL};

        (void)unused;
        if (is_elsewhere(transport_of(self)))
                return loop_call_there(transport_of(self)->loop, &there, self, NULL);
        transport_close(transport_of(self));
        Py_RETURN_NONE;
}

static PyObject *force_close(PyObject *self, PyObject *exception)
{
        static PyMethodDef there = {"_force_close", force_close, METH_O, NULL};

        if (is_elsewhere(transport_of(self)))
                return loop_call_there(transport_of(self)->loop, &there, self, exception);
        transport_force_close(transport_of(self), exception);
        Py_RETURN_NONE;
}

static PyObject *abort_transport(PyObject *self, PyObject *unused)
{
        (void)unused;
        return force_close(self, Py_None);
}

static PyObject *can_write_eof(PyObject *self, PyObject *unused)
{
        (void)self, (void)unused;
        Py_RETURN_TRUE;
}

static PyObject *get_protocol(PyObject *self, PyObject *unused)
{
        PyObject *protocol = transport_of(self)->protocol;

        (void)unused;
        return Py_NewRef(protocol ? protocol : Py_None);
}

static PyObject *set_protocol(PyObject *self, PyObject *protocol)
{
        struct transport *transport = transport_of(self);
        int is_buffered = PyObject_IsInstance(protocol, imports.buffered_protocol);

        if (is_buffered < 0)
                return NULL;
        if (transport->tls && protocol != transport->protocol)
                tls_detach(transport->tls);
        transport->tls = tls_of_protocol(protocol);
        Py_XSETREF(transport->protocol, Py_NewRef(protocol));
        is_buffered = is_buffered && transport->kind == SOCKET_TRANSPORT;
        transport->is_buffered = is_buffered;
        transport->input.is_lent_to = is_buffered;
        Py_XSETREF(transport->stream, transport->loop ? adopt_reader(transport->loop, protocol) : NULL);
        Py_RETURN_NONE;
}

static PyObject *represent(PyObject *self)
{
        const struct transport *transport = transport_of(self);
        bool is_left_open = transport->loop && transport->loop->is_closed;

        if (transport->kind != SOCKET_TRANSPORT)
                return call_helper(
                    "pipe_repr", "(siiiinn)", Py_TYPE(self)->tp_name, !transport->socket,
                    transport->flow.is_closing && !is_left_open, is_left_open, transport->fd,
                    transport->kind == READ_PIPE_TRANSPORT
                        ? (Py_ssize_t)(transport->has_begun && !transport->is_paused)
                        : (Py_ssize_t)(transport->flow.output != NULL),
                    transport->kind == READ_PIPE_TRANSPORT ? -1 : (Py_ssize_t)flow_unsent(&transport->flow));
        return call_helper("transport_repr", "(siiinn)", Py_TYPE(self)->tp_name, transport->has_ended,
                           transport->flow.is_closing, transport->has_begun && !transport->is_paused,
                           (Py_ssize_t)transport->fd, (Py_ssize_t)flow_unsent(&transport->flow));
}

/* ------------------------------------------------------------------------------------------------
 * The type. */

/** What it is by its type. */
static enum transport_kind kind_of(PyObject *self)
{
        if (PyObject_TypeCheck(self, read_pipe_type))
                return READ_PIPE_TRANSPORT;
        return PyObject_TypeCheck(self, write_pipe_type) ? WRITE_PIPE_TRANSPORT : SOCKET_TRANSPORT;
}

/** SocketTransport(loop, sock, fd, family, protocol, extra, server, context=None); a pipe that is no socket has the family -1. */
static int init(PyObject *self, PyObject *args, PyObject *kwargs)
{
        struct transport *transport = transport_of(self);
        PyObject *loop, *socket, *protocol, *extra, *server, *context = Py_None, *result;
        int fd, family, rc;

        (void)kwargs;
        if (!PyArg_ParseTuple(args, "O!OiiOOO|O", loop_type, &loop, &socket, &fd, &family, &protocol, &extra,
                              &server, &context))
                return -1;
        if (transport->flow.loop) {
                PyErr_SetString(PyExc_RuntimeError, "the transport's __init__() was called twice");
                return -1;
        }
        if (loop_check_usable((PyLoop *)loop) < 0 || PyObject_SetAttrString(self, "_extra", extra) < 0 ||
            loop_set_transport((PyLoop *)loop, self, socket, fd) < 0)
                return -1;
        transport->kind = (unsigned char)kind_of(self);
        transport->fd = fd;
        result = set_protocol(self, protocol);
        if (!result)
                return -1;
        Py_DECREF(result);
        rc = flow_init(&transport->flow, &transport_client, ((PyLoop *)loop)->loop, fd,
                       family < 0 ? AF_UNSPEC : family);
        if (rc < 0) {
                raise_error(rc);
                return -1;
        }
        transport->flow.impl = &transport_socket;
        rc = transport->kind == SOCKET_TRANSPORT ? 0 : transport_become_pipe(transport, family);
        if (rc < 0) {
                flow_finish(&transport->flow);
                raise_error(rc);
                return -1;
        }
        transport->turn.callback = take_turn;
        transport->turn.arg = transport;
        transport->high_water = FLOW_DEFAULT_HIGH_WATER;
        transport->low_water = FLOW_DEFAULT_HIGH_WATER / 4;
        transport->loop = (PyLoop *)Py_NewRef(loop);
        transport->stream = adopt_reader(transport->loop, protocol);
        transport->socket = Py_NewRef(socket);
        transport->server = server == Py_None ? NULL : Py_NewRef(server);
        transport->keeps_context = context != Py_None;
        if (transport->keeps_context)
                transport->context = Py_NewRef(context);
        loop_keep(transport->loop, &transport->kept, self);
        return 0;
}

static int traverse(PyObject *self, visitproc visit, void *arg)
{
        const struct transport *transport = transport_of(self);

        Py_VISIT(Py_TYPE(self));
        Py_VISIT(transport->loop);
        Py_VISIT(transport->protocol);
        Py_VISIT(transport->stream);
        Py_VISIT(transport->socket);
        Py_VISIT(transport->server);
        Py_VISIT(transport->context);
        Py_VISIT(transport->writing_context);
        Py_VISIT(transport->exception);
        Py_VISIT(transport->empty_waiter);
        Py_VISIT(transport->dict);
        Py_VISIT(*subclass_extra_of(self));
        return 0;
}

static int clear(PyObject *self)
{
        struct transport *transport = transport_of(self);

        Py_CLEAR(transport->loop);
        transport_let_protocol_go(transport);
        Py_CLEAR(transport->socket);
        Py_CLEAR(transport->server);
        Py_CLEAR(transport->context);
        Py_CLEAR(transport->writing_context);
        Py_CLEAR(transport->exception);
        Py_CLEAR(transport->empty_waiter);
        Py_CLEAR(transport->dict);
        Py_CLEAR(*subclass_extra_of(self));
        return 0;
}

static void finalize(PyObject *self)
{
        struct transport *transport = transport_of(self);
        PyObject *raised = exception_take(), *result;

        if (transport->socket) {
                result = call_helper("warn_unclosed", "(O)", self);
                if (!result)
                        PyErr_WriteUnraisable(self);
                Py_XDECREF(result);
                close_python_socket(&transport->socket);
                transport_leave_server(transport);
        }
        exception_give(raised);
}

static void dealloc(PyObject *self)
{
        subclass_dealloc(self, &transport_of(self)->weak_references, clear);
}

static PyMethodDef methods[] = {
    {"write", transport_write, METH_O, NULL},
    {"writelines", transport_writelines, METH_O, NULL},
    {"write_eof", transport_write_eof, METH_NOARGS, NULL},
    {"can_write_eof", can_write_eof, METH_NOARGS, NULL},
    {"get_write_buffer_size", transport_get_size, METH_NOARGS, NULL},
    {"get_write_buffer_limits", transport_get_limits, METH_NOARGS, NULL},
    {"set_write_buffer_limits", (PyCFunction)(void *)transport_set_limits, METH_VARARGS | METH_KEYWORDS, NULL},
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
    {"_call_connection_lost", transport_call_connection_lost, METH_O, NULL},
    {"_make_empty_waiter", transport_make_empty_waiter, METH_NOARGS, NULL},
    {"_reset_empty_waiter", transport_reset_empty_waiter, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef read_pipe_methods[] = {
    {"pause_reading", pause_reading, METH_NOARGS, NULL},
    {"resume_reading", resume_reading, METH_NOARGS, NULL},
    {"is_reading", is_reading, METH_NOARGS, NULL},
    {"close", abort_transport, METH_NOARGS, NULL},
    {"is_closing", is_closing, METH_NOARGS, NULL},
    {"get_protocol", get_protocol, METH_NOARGS, NULL},
    {"set_protocol", set_protocol, METH_O, NULL},
    {"_close", force_close, METH_O, NULL},
    {"_start_reading", start_reading, METH_NOARGS, NULL},
    {"_call_connection_lost", transport_call_connection_lost, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef write_pipe_methods[] = {
    {"write", transport_write_to_pipe, METH_O, NULL},
    {"writelines", transport_write_list_to_pipe, METH_O, NULL},
    {"write_eof", close_transport, METH_NOARGS, NULL},
    {"can_write_eof", can_write_eof, METH_NOARGS, NULL},
    {"get_write_buffer_size", transport_get_size, METH_NOARGS, NULL},
    {"get_write_buffer_limits", transport_get_limits, METH_NOARGS, NULL},
    {"set_write_buffer_limits", (PyCFunction)(void *)transport_set_limits, METH_VARARGS | METH_KEYWORDS, NULL},
    {"close", close_transport, METH_NOARGS, NULL},
    {"abort", abort_transport, METH_NOARGS, NULL},
    {"is_closing", is_closing, METH_NOARGS, NULL},
    {"get_protocol", get_protocol, METH_NOARGS, NULL},
    {"set_protocol", set_protocol, METH_O, NULL},
    {"_close", force_close, METH_O, NULL},
    {"_start_reading", transport_watch_reader, METH_NOARGS, NULL},
    {"_call_connection_lost", transport_call_connection_lost, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"_loop", T_OBJECT, offsetof(struct transport, loop), READONLY, NULL},
    {"_protocol", T_OBJECT, offsetof(struct transport, protocol), READONLY, NULL},
    {"_fileno", T_INT, offsetof(struct transport, fd), READONLY, NULL},
    {"_server", T_OBJECT, offsetof(struct transport, server), READONLY, NULL},
    {"_sock_fd", T_INT, offsetof(struct transport, fd), READONLY, NULL},
    {"_paused", T_BOOL, offsetof(struct transport, is_paused), READONLY, NULL},
    {"_protocol_paused", T_BOOL, offsetof(struct transport, is_full), READONLY, NULL},
    {"_closing", T_BOOL, offsetof(struct transport, flow.is_closing), READONLY, NULL},
    {"__dictoffset__", T_PYSSIZET, offsetof(struct transport, dict), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(struct transport, weak_references), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyObject *get_socket(PyObject *self, void *unused)
{
        PyObject *socket = transport_of(self)->socket;

        (void)unused;
        return Py_NewRef(socket ? socket : Py_None);
}

/** Somebody takes it over: None, so that it is not closed here. */
static int set_socket(PyObject *self, PyObject *socket, void *unused)
{
        (void)unused;
        Py_XSETREF(transport_of(self)->socket, socket && socket != Py_None ? Py_NewRef(socket) : NULL);
        return 0;
}

static PyGetSetDef properties[] = {
    {"_pipe", get_socket, set_socket, NULL, NULL},
    {"_sock", get_socket, set_socket, NULL, NULL},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

/** A type of ours below one of asyncio's, or two; it is also put into the module. */
static PyTypeObject *create_type(PyObject *module, const char *name, PyObject *bases, PyMethodDef *with)
{
        PyType_Slot slots[] = {
            {Py_tp_init, init},         {Py_tp_dealloc, dealloc},
            {Py_tp_finalize, finalize}, {Py_tp_traverse, traverse},
            {Py_tp_clear, clear},       {Py_tp_repr, represent},
            {Py_tp_methods, with},      {Py_tp_members, members},
            {Py_tp_getset, properties}, {0, NULL},
        };

        return subclass_create(module, name, bases, slots, sizeof(struct transport));
}

int transport_add_type(PyObject *module)
{
        transport_prepare_flows();
        subclass_place(members);
        socket_transport_type =
            create_type(module, "eddyloop._core.SocketTransport", PyTuple_Pack(1, imports.transport), methods);
        read_pipe_type = create_type(module, "eddyloop._core.ReadPipeTransport",
                                     PyTuple_Pack(1, imports.read_transport), read_pipe_methods);
        write_pipe_type =
            create_type(module, "eddyloop._core.WritePipeTransport",
                        PyTuple_Pack(2, imports.transport, imports.write_transport), write_pipe_methods);
        if (!socket_transport_type || !read_pipe_type || !write_pipe_type)
                return -1;
        /* What asyncio asks of a transport's class: start_tls() may come, and sendfile() by the kernel. */
        if (PyObject_SetAttrString((PyObject *)socket_transport_type, "_start_tls_compatible", Py_True) < 0)
                return -1;
        return PyObject_SetAttrString((PyObject *)socket_transport_type, "_sendfile_compatible",
                                      imports.try_native);
}
