/* loop.sock_recv() and the others. What is not a plain socket.socket, or is called by keywords, is left to asyncio's own; so is the
 * making of addresses that only Python's socket knows. */
#include "sock.h"

#include "base/sys.h"

static struct watched *known(const struct sock_call *call)
{
        return &call->loop->watched[call->fd];
}

/** A stream stops short only where there is no more; of a UNIX socket, also behind a descriptor. */
static unsigned char traits_of(const struct sock_call *call)
{
        return known(call)->type == SOCK_STREAM && known(call)->family != AF_UNIX ? OP_SHORT_IS_ALL : 0;
}

/** Do what an operation describes, this moment: as op_begin(). */
static ssize_t do_now(struct sock_call *call, enum op_kind kind, const void *data, size_t size)
{
        op_init(&call->op, call->loop->loop, sock_call_came, call);
        op_describe(&call->op, kind, call->fd, data, size, 0);
        call->op.traits = OP_DONT_WAIT | traits_of(call);
        return op_begin(&call->op);
}

static ssize_t wait_readable(struct sock_call *call)
{
        op_describe(&call->op, OP_READABLE, call->fd, NULL, 0, 0);
        call->op.traits = traits_of(call);
        return op_begin(&call->op);
}

/** What cannot be done, or not yet. */
static enum sock_step not_done(ssize_t error)
{
        if (error == -EAGAIN)
                return SOCK_MUST_WAIT;
        raise_error(error);
        return SOCK_FAILED;
}

/** Have Python's socket do it, which knows all addresses and says what is wrong with arguments. */
static enum sock_step do_in_python(struct sock_call *call, const char *method, PyObject **result)
{
        PyObject *name = PyUnicode_InternFromString(method);
        PyObject *args[] = {call->socket, call->first, call->second};

        *result = name ? PyObject_VectorcallMethod(name, args, call->second ? 3 : 2, NULL) : NULL;
        Py_XDECREF(name);
        if (*result)
                return SOCK_DONE;
        if (!PyErr_ExceptionMatches(PyExc_BlockingIOError) && !PyErr_ExceptionMatches(PyExc_InterruptedError))
                return SOCK_FAILED;
        PyErr_Clear();
        return SOCK_MUST_WAIT;
}

static ssize_t poll_for_reading(struct sock_call *call)
{
        op_describe(&call->op, OP_POLL, call->fd, NULL, POLLIN, 0);
        return op_begin(&call->op);
}

static ssize_t poll_for_writing(struct sock_call *call)
{
        op_describe(&call->op, OP_POLL, call->fd, NULL, POLLOUT, 0);
        return op_begin(&call->op);
}

/* ------------------------------------------------------------------------------------------------
 * Receiving. */

/** So much is received in memory of the loop's and then copied, which costs less than memory for all that might have come. */
enum { MOST_COPIED = 16 * 1024 };

/** Receive `wanted` bytes at most as bytes: how many, or an error; the bytes only where some, or the end, came. */
static ssize_t receive_bytes(struct sock_call *call, size_t wanted, struct msghdr *message, PyObject **bytes)
{
        bool may_be_less = known(call)->type == SOCK_STREAM || wanted <= LOOP_SCRATCH_SIZE;
        bool is_copied = wanted > 512 && may_be_less && !known(call)->comes_large;
        size_t room = is_copied && wanted > LOOP_SCRATCH_SIZE ? LOOP_SCRATCH_SIZE : wanted;
        char *memory;
        ssize_t n;

        *bytes = is_copied ? NULL : PyBytes_FromStringAndSize(NULL, (Py_ssize_t)wanted);
        memory = is_copied ? loop_scratch(call->loop) : *bytes ? PyBytes_AS_STRING(*bytes) : NULL;
        if (!memory)
                return -ENOMEM;
        if (message) {
                *message->msg_iov = (struct iovec){memory, room};
                n = do_now(call, OP_RECVMSG, message, room);
        } else {
                n = do_now(call, OP_RECV, memory, room);
        }
        if (n < 0) {
                Py_CLEAR(*bytes);
                return n;
        }
        known(call)->comes_large = n > MOST_COPIED;
        if (is_copied)
                *bytes = PyBytes_FromStringAndSize(memory, n);
        else if ((size_t)n < wanted)
                _PyBytes_Resize(bytes, n);
        return *bytes ? n : -ENOMEM;
}

/** The argument that says how much; -1 with an exception. */
static Py_ssize_t size_wanted(const struct sock_call *call, const char *function)
{
        Py_ssize_t wanted = PyNumber_AsSsize_t(call->first, PyExc_OverflowError);

        if (wanted < 0 && !PyErr_Occurred())
                PyErr_Format(PyExc_ValueError, "negative buffersize in %s", function);
        return wanted;
}

static enum sock_step try_recv(struct sock_call *call, PyObject **result)
{
        Py_ssize_t wanted = size_wanted(call, "recv");
        ssize_t n;

        if (wanted < 0)
                return SOCK_FAILED;
        if (wanted == 0) {
                *result = PyBytes_FromStringAndSize(NULL, 0);
                return *result ? SOCK_DONE : SOCK_FAILED;
        }
        n = receive_bytes(call, (size_t)wanted, NULL, result);
        return n < 0 ? not_done(n) : SOCK_DONE;
}

/** See that there is a buffer to receive into: false with an exception. */
static bool have_room(struct sock_call *call)
{
        return call->view.obj || PyObject_GetBuffer(call->first, &call->view, PyBUF_WRITABLE) == 0;
}

static enum sock_step try_recv_into(struct sock_call *call, PyObject **result)
{
        ssize_t n = 0;

        if (!have_room(call)) {
                PyErr_Clear();
                return do_in_python(call, "recv_into", result);
        }
        if (call->view.len > 0)
                n = do_now(call, OP_RECV, call->view.buf, (size_t)call->view.len);
        if (n < 0)
                return not_done(n);
        *result = PyLong_FromSsize_t(n);
        return *result ? SOCK_DONE : SOCK_FAILED;
}

/** (what, address), of which the first is given. */
static enum sock_step with_address(PyObject *what, const union address *address, const struct msghdr *message,
                                   PyObject **result)
{
        PyObject *object = what ? address_object(address, message->msg_namelen) : NULL;

        *result = object ? PyTuple_Pack(2, what, object) : NULL;
        Py_XDECREF(what);
        Py_XDECREF(object);
        return *result ? SOCK_DONE : SOCK_FAILED;
}

static enum sock_step try_recvfrom(struct sock_call *call, PyObject **result)
{
        union address address;
        struct iovec part;
        struct msghdr message = {.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &part, .msg_iovlen = 1};
        PyObject *bytes;
        Py_ssize_t wanted;
        ssize_t n;

        if (!address_is_known(known(call)->family))
                return do_in_python(call, "recvfrom", result);
        wanted = size_wanted(call, "recvfrom");
        if (wanted < 0)
                return SOCK_FAILED;
        n = receive_bytes(call, (size_t)wanted, &message, &bytes);
        return n < 0 ? not_done(n) : with_address(bytes, &address, &message, result);
}

static enum sock_step try_recvfrom_into(struct sock_call *call, PyObject **result)
{
        union address address;
        struct iovec part;
        struct msghdr message = {.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &part, .msg_iovlen = 1};
        Py_ssize_t wanted = call->second ? PyNumber_AsSsize_t(call->second, PyExc_OverflowError) : 0;
        ssize_t n;

        if (wanted == -1 && PyErr_Occurred())
                return SOCK_FAILED;
        if (!address_is_known(known(call)->family) || wanted < 0 || !have_room(call) || wanted > call->view.len) {
                PyErr_Clear();
                return do_in_python(call, "recvfrom_into", result);
        }
        part = (struct iovec){call->view.buf, (size_t)(wanted ? wanted : call->view.len)};
        n = do_now(call, OP_RECVMSG, &message, part.iov_len);
        return n < 0 ? not_done(n) : with_address(PyLong_FromSsize_t(n), &address, &message, result);
}

static ssize_t wait_to_receive(struct sock_call *call)
{
        return address_is_known(known(call)->family) ? wait_readable(call) : poll_for_reading(call);
}

/* ------------------------------------------------------------------------------------------------
 * Sending. */

static const char *rest(const struct sock_call *call, size_t *size)
{
        *size = (size_t)call->view.len - call->done;
        return (const char *)call->view.buf + call->done;
}

static enum sock_step try_sendall(struct sock_call *call, PyObject **result)
{
        ssize_t sent = call->outcome;
        const char *data;
        size_t size;

        if (!call->view.obj) {
                if (PyObject_GetBuffer(call->first, &call->view, PyBUF_SIMPLE) < 0)
                        return SOCK_FAILED;
                data = rest(call, &size);
                sent = do_now(call, OP_SEND, data, size);
        }
        if (sent < 0 && sent != -EAGAIN)
                return not_done(sent);
        if (sent > 0)
                call->done += (size_t)sent;
        call->outcome = 0;
        if (call->done < (size_t)call->view.len)
                return SOCK_MUST_WAIT;
        *result = Py_NewRef(Py_None);
        return SOCK_DONE;
}

static ssize_t wait_to_send(struct sock_call *call)
{
        size_t size;
        const char *data = rest(call, &size);

        op_describe(&call->op, OP_SEND, call->fd, data, size, 0);
        call->op.traits = traits_of(call);
        call->outcome = op_begin(&call->op);
        return call->outcome == EDDY_PENDING ? EDDY_PENDING : 0;
}

/** Send on until all has left. */
static bool sent_some(struct sock_call *call)
{
        size_t size;
        const char *data;

        call->outcome = call->op.result;
        while (call->outcome > 0) {
                call->done += (size_t)call->outcome;
                call->outcome = 0;
                data = rest(call, &size);
                if (size == 0)
                        break;
                op_describe(&call->op, OP_SEND, call->fd, data, size, 0);
                call->outcome = op_begin(&call->op);
                if (call->outcome == EDDY_PENDING)
                        return false;
        }
        if (call->outcome == EDDY_CANCELLED)
                call->outcome = 0; /* the number is another's: its socket will say that it is closed */
        return true;
}

static enum sock_step try_sendto(struct sock_call *call, PyObject **result)
{
        struct sock_message *message = call->message;
        ssize_t sent;

        if (!message) {
                message = call->message = PyMem_Calloc(1, sizeof *message);
                if (!message) {
                        PyErr_NoMemory();
                        return SOCK_FAILED;
                }
                message->size = address_of(call->second, known(call)->family, &message->address);
                if (message->size > 0 && PyObject_GetBuffer(call->first, &call->view, PyBUF_SIMPLE) < 0) {
                        PyErr_Clear();
                        message->size = 0;
                }
                message->part = (struct iovec){call->view.buf, (size_t)call->view.len};
                message->header = (struct msghdr){.msg_name = &message->address,
                                                  .msg_namelen = message->size,
                                                  .msg_iov = &message->part,
                                                  .msg_iovlen = 1};
        }
        if (message->size == 0)
                return do_in_python(call, "sendto", result);
        sent = do_now(call, OP_SENDMSG, &message->header, message->part.iov_len);
        if (sent < 0)
                return not_done(sent);
        *result = PyLong_FromSsize_t(sent);
        return *result ? SOCK_DONE : SOCK_FAILED;
}

/* ------------------------------------------------------------------------------------------------
 * Connecting. */

/** A refused connect in asyncio's words; its address is in Python's form. */
static enum sock_step refuse(const struct sock_call *call)
{
        PyObject *text = PyUnicode_FromFormat("Connect call failed %S", call->first);
        PyObject *exception = text ? PyObject_CallFunction(PyExc_OSError, "iO", (int)-call->outcome, text) : NULL;

        Py_XDECREF(text);
        if (exception)
                exception_give(exception);
        return SOCK_FAILED;
}

static enum sock_step try_connect(struct sock_call *call, PyObject **result)
{
        struct sock_message *message = call->message;

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
        message->size = address_of(call->first, known(call)->family, &message->address);
        if (message->size == 0)
                return do_in_python(call, "connect", result);
        return SOCK_MUST_WAIT;
}

/** What an operation that has ended says of the connection: 0 or an error. */
static ssize_t connection_outcome(const struct sock_call *call, ssize_t outcome)
{
        int error = 0;

        if (call->op.kind == OP_POLL && outcome > 0)
                return getsockopt(call->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error}) < 0 ? -errno : -error;
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
        PyObject *socket = protocol ? PyObject_CallFunction(imports.socket, "iiOi", family, type | SOCK_NONBLOCK, protocol, fd)
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
        struct watched *watched = known(call);
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
        op_describe(&call->op, OP_ACCEPT, call->fd, &address, 0, 0);
        call->op.extra = &size;
        call->op.traits = OP_DONT_WAIT;
        fd = op_begin(&call->op);
        if (fd < 0)
                return not_done(fd);
        socket = socket_of_accepted((int)fd, watched->family, watched->type, call->socket);
        object = socket ? address_object(&address, size) : NULL;
        *result = object ? PyTuple_Pack(2, socket, object) : NULL;
        Py_XDECREF(socket);
        Py_XDECREF(object);
        return *result ? SOCK_DONE : SOCK_FAILED;
}

/* ------------------------------------------------------------------------------------------------
 * The methods. */

static const struct sock_kind
    recv_kind = {"sock_recv", try_recv, wait_readable, NULL},
    recv_into_kind = {"sock_recv_into", try_recv_into, wait_readable, NULL},
    recvfrom_kind = {"sock_recvfrom", try_recvfrom, wait_to_receive, NULL},
    recvfrom_into_kind = {"sock_recvfrom_into", try_recvfrom_into, wait_to_receive, NULL},
    sendall_kind = {"sock_sendall", try_sendall, wait_to_send, sent_some},
    sendto_kind = {"sock_sendto", try_sendto, poll_for_writing, NULL},
    connect_kind = {"sock_connect", try_connect, wait_for_connection, connected},
    accept_kind = {"sock_accept", try_accept, wait_to_receive, NULL};

/** What is asked of a socket: its call, or where that is not for us, asyncio's own coroutine. */
static PyObject *call(PyObject *self, const struct sock_kind *kind, PyObject *const *args, Py_ssize_t n, PyObject *kwnames,
                      Py_ssize_t least, Py_ssize_t most)
{
        PyObject *function, *result;
        PyObject **all;

        if (n >= least && n <= most && !kwnames && (PyObject *)Py_TYPE(args[0]) == imports.socket)
                return sock_call_create((PyLoop *)self, kind, args[0], n > 1 ? args[1] : NULL, n > 2 ? args[2] : NULL);
        function = PyObject_GetAttrString(imports.stock_loop, kind->name);
        n += kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
        all = function ? PyMem_Calloc((size_t)n + 1, sizeof *all) : NULL;
        if (!all) {
                Py_XDECREF(function);
                return function ? PyErr_NoMemory() : NULL;
        }
        all[0] = self;
        memcpy(all + 1, args, (size_t)n * sizeof *all);
        n -= kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
        result = PyObject_Vectorcall(function, all, (size_t)n + 1, kwnames);
        PyMem_Free(all);
        Py_DECREF(function);
        return result;
}

#define METHOD(name, least, most)                                                                                   \
        PyObject *loop_sock_##name(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames)          \
        {                                                                                                           \
                return call(self, &name##_kind, args, n, kwnames, least, most);                                     \
        }

METHOD(recv, 2, 2)
METHOD(recv_into, 2, 2)
METHOD(recvfrom, 2, 2)
METHOD(recvfrom_into, 2, 3)
METHOD(sendall, 2, 2)
METHOD(sendto, 3, 3)
METHOD(accept, 1, 1)

/** An address that has to be looked up first is a coroutine's. */
PyObject *loop_sock_connect(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames)
{
        union address address;
        PyObject *family;
        int number;

        if (n != 2 || kwnames || (PyObject *)Py_TYPE(args[0]) != imports.socket)
                return call(self, &connect_kind, args, n, kwnames, 2, 2);
        family = PyObject_GetAttrString(args[0], "family");
        number = family ? (int)PyLong_AsLong(family) : -1;
        Py_XDECREF(family);
        if (number == -1 && PyErr_Occurred())
                return NULL;
        if ((number == AF_INET || number == AF_INET6) && address_of(args[1], number, &address) == 0)
                return call_helper("resolve_and_connect", "(OOO)", self, args[0], args[1]);
        return call(self, &connect_kind, args, n, NULL, 2, 2);
}
