/* loop.sock_connect() and loop.sock_accept(). */
#include "sock.h"

#include <poll.h>

/** A refused connect in asyncio's words; its address is in Python's form. */
static enum sock_step refuse(const struct sock_call *call)
{
        PyObject *text = PyUnicode_FromFormat("Connect call failed %S", call->first);
        PyObject *exception =
            text ? PyObject_CallFunction(PyExc_OSError, "iO", (int)-call->outcome, text) : NULL;

        Py_XDECREF(text);
        exception_give(exception);
        return SOCK_FAILED;
}

static enum sock_step try_connect(struct sock_call *call, PyObject **result)
{
        struct sock_message *message = call->message;

        if (message && call->outcome == EDDY_PENDING) {
                message->size = 0; /* it is under way, but nobody will tell */
                return SOCK_MUST_WAIT;
        }
        if (message) { /* it was waited for, and the outcome is known */
                if (call->outcome == EDDY_CANCELLED)
                        call->outcome = -EBADF;
                if (call->outcome < 0)
                        return refuse(call);
                *result = Py_NewRef(Py_None);
                return SOCK_DONE;
        }
        message = call->message = PyMem_Calloc(1, sizeof *message);
        if (!message) {
                PyErr_NoMemory();
                return SOCK_FAILED;
        }
        message->size = address_of(call->first, sock_known(call)->family, &message->address);
        if (message->size == 0)
                return sock_do_in_python(call, "connect", result);
        return SOCK_MUST_WAIT;
}

/** What an operation that has ended says of the connection: 0 or an error. */
static ssize_t connection_outcome(const struct sock_call *call, ssize_t outcome)
{
        int error = 0;

        if (call->op.kind == OP_POLL && outcome > 0)
                return getsockopt(call->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error}) < 0
                           ? -errno
                           : -error;
        return outcome;
}

static ssize_t wait_for_connection(struct sock_call *call)
{
        struct sock_message *message = call->message;
        ssize_t begun;

        if (message->size == 0) /* it is under way */
                op_describe(&call->op, OP_POLL, call->fd, NULL, POLLOUT, 0);
        else
                op_describe(&call->op, OP_CONNECT, call->fd, &message->address, message->size, 0);
        begun = op_begin(&call->op);
        if (begun != EDDY_PENDING)
                begun = call->outcome = connection_outcome(call, begun);
        return begun;
}

static bool connected(struct sock_call *call)
{
        call->outcome = connection_outcome(call, call->op.result);
        return true;
}

/* ------------------------------------------------------------------------------------------------
 * Accepting. */

PyObject *socket_of_accepted(int fd, int family, int type, PyObject *listener)
{
        PyObject *protocol = PyObject_GetAttrString(listener, "proto");
        PyObject *socket =
            protocol ? PyObject_CallFunction(imports.socket, "iiOi", family, type | SOCK_NONBLOCK, protocol, fd)
                     : NULL;

        Py_XDECREF(protocol);
        if (!socket)
                close(fd);
        return socket;
}

static enum sock_step try_accept(struct sock_call *call, PyObject **result)
{
        union address address;
        socklen_t size = sizeof address;
        struct watched *watched = sock_known(call);
        PyObject *socket, *object;
        ssize_t fd;

        if (!address_is_known(watched->family)) {
                *result = call_helper("accept", "(O)", call->socket);
                if (!*result)
                        return SOCK_FAILED;
                if (*result != Py_None)
                        return SOCK_DONE;
                Py_CLEAR(*result);
                return SOCK_MUST_WAIT;
        }
        op_init(&call->op, call->loop->loop, sock_call_came, call);
        op_describe(&call->op, OP_ACCEPT, call->fd, NULL, 0, 0);
        call->op.buffer = &address;
        call->op.extra = &size;
        call->op.traits = OP_DONT_WAIT;
        fd = op_begin(&call->op);
        if (fd < 0)
                return sock_not_done(fd);
        socket = socket_of_accepted((int)fd, watched->family, watched->type, call->socket);
        object = socket ? address_object(&address, size) : NULL;
        *result = object ? PyTuple_Pack(2, socket, object) : NULL;
        Py_XDECREF(socket);
        Py_XDECREF(object);
        return *result ? SOCK_DONE : SOCK_FAILED;
}

const struct sock_kind sock_connect_kind = {"sock_connect", try_connect, wait_for_connection, connected},
                       sock_accept_kind = {"sock_accept", try_accept, sock_wait_to_receive, NULL};
