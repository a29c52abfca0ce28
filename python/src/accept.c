/* Servers: accepting connections, and making each one's transport. An acceptor is what a listening socket's handle calls. */
#include "address.h"
#include "sock.h"
#include "transport.h"
#include "watch.h"

#include "base/sys.h"
#include <netinet/tcp.h>

/** eddyloop._core.Acceptor. */
struct acceptor {
        PyObject ob_base;
        PyLoop *loop; /* an owned reference, like all that follow */
        PyObject *factory, *socket, *server;
        int fd, family, type;
        Py_ssize_t backlog;
        bool has_no_delay;
        struct address_cache name; /* of its connections on this side: most often the same */
};

static PyTypeObject *acceptor_type;

static struct acceptor *acceptor_of(PyObject *object)
{
        return (struct acceptor *)(void *)object;
}

/* ------------------------------------------------------------------------------------------------
 * A connection. */

/** What a transport tells of its socket: the dictionary, or NULL with an exception. */
static PyObject *describe(struct acceptor *acceptor, PyObject *socket, int fd, PyObject *peer)
{
        PyObject *extra = PyDict_New(), *shown = PyObject_CallOneArg(imports.transport_socket, socket),
                 *name = NULL;
        union address address;
        socklen_t size = sizeof address;
        int rc = -1;

        if (getsockname(fd, &address.any, &size) == 0)
                name = address_object_cached(&acceptor->name, &address, size);
        else
                name = Py_NewRef(Py_None);
        if (extra && shown && name)
                rc = PyDict_SetItem(extra, names.peername, peer);
        if (rc == 0)
                rc = PyDict_SetItem(extra, names.socket, shown);
        if (rc == 0)
                rc = PyDict_SetItem(extra, names.sockname, name);
        if (rc < 0)
                Py_CLEAR(extra);
        Py_XDECREF(shown);
        Py_XDECREF(name);
        return extra;
}

/** Make the transport of a connection: a new reference, or NULL with an exception. */
static PyObject *make_transport(struct acceptor *acceptor, PyObject *socket, int fd, PyObject *peer,
                                PyObject *protocol, PyObject *context)
{
        PyObject *extra = describe(acceptor, socket, fd, peer), *transport = NULL;

        if (extra && acceptor->has_no_delay)
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        if (extra)
                transport =
                    PyObject_CallFunction((PyObject *)socket_transport_type, "OOiiOOOO", acceptor->loop, socket,
                                          fd, acceptor->family, protocol, extra, acceptor->server, context);
        Py_XDECREF(extra);
        return transport;
}

/** Have its server know of a transport: 0, or -1 with an exception, and it does not. */
static int attach(struct acceptor *acceptor, PyObject *transport)
{
        PyObject *attached;

        if (acceptor->server == Py_None)
                return 0;
        attached = call_helper("attach", "(OO)", acceptor->server, transport);
        if (!attached)
                Py_CLEAR(transport_of(transport)->server);
        Py_XDECREF(attached);
        return attached ? 0 : -1;
}

/** Whether the listening socket is still the same, and open; false also with an exception. */
static bool is_listening(const struct acceptor *acceptor)
{
        int fd;

        return loop_descriptor_of(acceptor->socket, &fd) == 0 && fd == acceptor->fd &&
               !acceptor->loop->is_closed;
}

/** A connection that has come, and what is made for it; all are owned references. */
struct guest {
        struct acceptor *acceptor;
        PyObject *socket, *peer, *protocol, *transport;
        PyObject *context; /* that it keeps; None: it keeps none */
        int fd;
};

/** Have a method called in its context, with arguments that are given: 0, or -1 with an exception. */
static int call_soon(const struct guest *guest, PyObject *object, PyObject *name, PyObject *args)
{
        PyObject *method = PyObject_GetAttr(object, name);
        int rc = loop_call_soon(guest->acceptor->loop, method, args, guest->context);

        Py_XDECREF(method);
        return rc;
}

/** Begin with a connection: 0, or -1 with an exception. */
static int begin(struct guest *guest)
{
        struct acceptor *acceptor = guest->acceptor;

        guest->protocol = PyObject_CallNoArgs(acceptor->factory);
        if (!guest->protocol)
                return -1;
        if (!is_listening(acceptor)) {
                if (!PyErr_Occurred())
                        PyErr_SetString(PyExc_ConnectionAbortedError, "the server was closed meanwhile");
                return -1;
        }
        guest->transport =
            make_transport(acceptor, guest->socket, guest->fd, guest->peer, guest->protocol, guest->context);
        if (!guest->transport || attach(acceptor, guest->transport) < 0)
                return -1;
        if (call_soon(guest, guest->protocol, names.connection_made, PyTuple_Pack(1, guest->transport)) < 0)
                return -1;
        return call_soon(guest, guest->transport, names.start_reading, Py_NewRef(imports.empty_tuple));
}

/** Tell of what has gone wrong with a connection, as asyncio does in debug mode alone: 0, or -1 with what ends the run. */
static int give_up(const struct guest *guest)
{
        PyObject *exception, *told;

        if (exception_ends_run())
                return -1;
        exception = exception_take();
        told = call_helper("connection_failed", "(OOOOO)", guest->acceptor->loop, exception, guest->socket,
                           guest->protocol ? guest->protocol : Py_None,
                           guest->transport ? guest->transport : Py_None);
        Py_DECREF(exception);
        Py_XDECREF(told);
        return told ? 0 : -1;
}

/** Callback: likewise, and where it fails, tell of it: 0, or -1 with what ends the run. */
static int receive(void *arg)
{
        struct guest *guest = arg;

        return begin(guest) == 0 ? 0 : give_up(guest);
}

static int log_connection(const struct guest *guest)
{
        PyObject *done =
            call_helper("log_connection", "(OOO)", guest->acceptor->server, guest->peer, guest->socket);

        Py_XDECREF(done);
        return done ? 0 : -1;
}

/** A connection has come, whose descriptor is given: 0, or -1 with an exception. It has a context of its own. */
static int welcome(struct acceptor *acceptor, int fd, const union address *address, socklen_t size)
{
        struct guest guest = {.acceptor = acceptor, .fd = fd};
        PyObject *context = NULL;
        int rc = -1;

        guest.socket = socket_of_accepted(fd, acceptor->family, acceptor->type, acceptor->socket);
        guest.peer = guest.socket ? address_object(address, size) : NULL;
        if (guest.peer && (!acceptor->loop->is_debug || log_connection(&guest) == 0))
                context = PyContext_CopyCurrent();
        guest.context = PY_VERSION_HEX >= 0x030f0000 ? context : Py_None;
        if (context)
                rc = run_in_context(context, receive, &guest);
        Py_XDECREF(context);
        Py_XDECREF(guest.socket);
        Py_XDECREF(guest.peer);
        Py_XDECREF(guest.protocol);
        Py_XDECREF(guest.transport);
        return rc;
}

/* ------------------------------------------------------------------------------------------------
 * Accepting. */

static bool is_out_of_resources(int error)
{
        return error == -EMFILE || error == -ENFILE || error == -ENOBUFS || error == -ENOMEM;
}

/** Say that there are no descriptors left, and try again later. */
static PyObject *rest(struct acceptor *acceptor, int error)
{
        PyObject *exception = exception_of(error), *result = NULL;

        if (exception)
                result = call_helper("out_of_resources", "(OOOOOn)", acceptor->loop, exception,
                                     acceptor->factory, acceptor->socket, acceptor->server, acceptor->backlog);
        Py_XDECREF(exception);
        return result;
}

/** Called by the handle: accept what has come, as much as the backlog is long. */
static PyObject *call(PyObject *self, PyObject *args, PyObject *kwargs)
{
        struct acceptor *acceptor = acceptor_of(self);

        (void)args, (void)kwargs;
        for (Py_ssize_t i = 0; i < acceptor->backlog && is_listening(acceptor); i++) {
                union address address;
                socklen_t size = sizeof address;
                int fd = sys_accept(acceptor->fd, &address.any, &size);

                if (fd == -EAGAIN || fd == -EINTR || fd == -ECONNABORTED)
                        break;
                if (is_out_of_resources(fd))
                        return rest(acceptor, fd);
                if (fd < 0)
                        return raise_error(fd);
                if (welcome(acceptor, fd, &address, size) < 0)
                        return NULL;
        }
        if (PyErr_Occurred())
                return NULL;
        Py_RETURN_NONE;
}

/* ------------------------------------------------------------------------------------------------
 * The type. */

/** Acceptor(loop, protocol_factory, sock, fd, family, type, proto, server, backlog). */
static PyObject *create(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
        PyObject *loop, *factory, *socket, *server;
        int fd, family, kind, protocol;
        Py_ssize_t backlog;
        struct acceptor *acceptor;

        (void)kwargs;
        if (!PyArg_ParseTuple(args, "O!OOiiiiOn", loop_type, &loop, &factory, &socket, &fd, &family, &kind,
                              &protocol, &server, &backlog))
                return NULL;
        acceptor = (struct acceptor *)(void *)type->tp_alloc(type, 0);
        if (!acceptor)
                return NULL;
        acceptor->loop = (PyLoop *)Py_NewRef(loop);
        acceptor->factory = Py_NewRef(factory);
        acceptor->socket = Py_NewRef(socket);
        acceptor->server = Py_NewRef(server);
        acceptor->fd = fd;
        acceptor->family = family;
        acceptor->type = kind;
        acceptor->backlog = backlog;
        acceptor->has_no_delay =
            protocol == IPPROTO_TCP && kind == SOCK_STREAM && (family == AF_INET || family == AF_INET6);
        return (PyObject *)acceptor;
}

static int traverse(PyObject *self, visitproc visit, void *arg)
{
        const struct acceptor *acceptor = acceptor_of(self);

        Py_VISIT(Py_TYPE(self));
        Py_VISIT(acceptor->loop);
        Py_VISIT(acceptor->factory);
        Py_VISIT(acceptor->socket);
        Py_VISIT(acceptor->server);
        return 0;
}

static int clear(PyObject *self)
{
        struct acceptor *acceptor = acceptor_of(self);

        Py_CLEAR(acceptor->loop);
        Py_CLEAR(acceptor->factory);
        Py_CLEAR(acceptor->socket);
        Py_CLEAR(acceptor->server);
        Py_CLEAR(acceptor->name.object);
        return 0;
}

static void dealloc(PyObject *self)
{
        PyTypeObject *type = Py_TYPE(self);

        PyObject_GC_UnTrack(self);
        clear(self);
        type->tp_free(self);
        Py_DECREF(type);
}

static PyObject *represent(PyObject *self)
{
        return PyUnicode_FromFormat("<Acceptor of %R>", acceptor_of(self)->socket);
}

static PyType_Slot slots[] = {
    {Py_tp_new, create},
    {Py_tp_dealloc, dealloc},
    {Py_tp_traverse, traverse},
    {Py_tp_clear, clear},
    {Py_tp_call, call},
    {Py_tp_repr, represent},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "eddyloop._core.Acceptor",
    .basicsize = sizeof(struct acceptor),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

int accept_add_type(PyObject *module)
{
        acceptor_type = (PyTypeObject *)PyType_FromSpec(&spec);
        return acceptor_type ? PyModule_AddObjectRef(module, "Acceptor", (PyObject *)acceptor_type) : -1;
}
