/* What leaves by a transport of datagrams: at once, or from a queue when there is room. */
#include "datagram.h"

#include "base/sys.h"

/** Have the protocol told where more is unsent than should be, or it is to go on: 0, or -1 with what ends the run. */
static int tell_protocol(struct datagram_transport *transport, PyObject *name, const char *message)
{
        PyObject *protocol = Py_NewRef(transport->protocol);
        int rc = loop_check_marked(transport->loop, PyObject_CallMethodNoArgs(protocol, name),
                                   datagram_transport_object(transport), protocol, message);

        Py_DECREF(protocol);
        return rc;
}

static int heed_upper_mark(struct datagram_transport *transport)
{
        if (transport->is_full || transport->unsent <= transport->high_water)
                return 0;
        transport->is_full = true;
        return tell_protocol(transport, names.pause_writing, "protocol.pause_writing() failed");
}

static int heed_lower_mark(struct datagram_transport *transport)
{
        if (!transport->is_full || transport->unsent > transport->low_water)
                return 0;
        transport->is_full = false;
        return tell_protocol(transport, names.resume_writing, "protocol.resume_writing() failed");
}

/** Send by Python's socket, which looks names up and says what is wrong: 0, -EAGAIN, or -1 with an exception. */
static ssize_t send_in_python(struct datagram_transport *transport, PyObject *data, PyObject *address)
{
        PyObject *sent = transport->is_connected
                             ? PyObject_CallMethod(transport->socket, "send", "(O)", data)
                             : PyObject_CallMethod(transport->socket, "sendto", "(OO)", data, address);

        if (sent) {
                Py_DECREF(sent);
                return 0;
        }
        if (!PyErr_ExceptionMatches(PyExc_BlockingIOError) && !PyErr_ExceptionMatches(PyExc_InterruptedError))
                return -1;
        PyErr_Clear();
        return -EAGAIN;
}

/** Send one now: 0, -EAGAIN, or -1 with an exception. */
static ssize_t send_now(struct datagram_transport *transport, PyObject *data, PyObject *address)
{
        union address place;
        Py_buffer view;
        struct iovec part;
        struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
        ssize_t sent;

        if (!transport->is_connected) {
                if (transport->received_from.object == address && transport->received_from.size > 0) {
                        header.msg_name = &transport->received_from.address;
                        header.msg_namelen = transport->received_from.size;
                } else {
                        header.msg_name = &place;
                        header.msg_namelen =
                            address_of_cached(&transport->sent_to, address, transport->family, &place);
                }
                if (header.msg_namelen == 0)
                        return send_in_python(transport, data, address);
        }
        if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0)
                return -1;
        part = (struct iovec){view.buf, (size_t)view.len};
        do
                sent = transport->is_connected
                           ? sys_send(transport->fd, part.iov_base, part.iov_len, MSG_DONTWAIT | MSG_NOSIGNAL)
                           : sys_sendmsg(transport->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
        while (sent == -EINTR);
        PyBuffer_Release(&view);
        if (sent >= 0 || sent == -EAGAIN)
                return sent < 0 ? sent : 0;
        raise_error(sent);
        return -1;
}

/** What sending has set an exception for: one of the system's is the protocol's affair. */
static void send_failed(struct datagram_transport *transport, PyObject *context)
{
        if (PyErr_ExceptionMatches(PyExc_OSError))
                datagram_show_error(transport, exception_take(), context);
        else
                datagram_fail(transport, "Fatal write error on datagram transport");
}

/* ------------------------------------------------------------------------------------------------
 * The queue. */

static size_t counts(PyObject *data)
{
        return (size_t)PyBytes_GET_SIZE(data) + imports.datagram_header;
}

/** Put one in; 0 or -1 with an exception. */
static int queue(struct datagram_transport *transport, PyObject *data, PyObject *address)
{
        PyObject *copy = PyBytes_Check(data) ? Py_NewRef(data) : PyBytes_FromObject(data);

        if (!copy)
                return -1;
        if (transport->queue_count == transport->queue_room) {
                size_t room = transport->queue_room ? 2 * transport->queue_room : 16;
                struct datagram *larger = PyMem_Calloc(room, sizeof *larger);

                if (!larger) {
                        Py_DECREF(copy);
                        PyErr_NoMemory();
                        return -1;
                }
                for (size_t i = 0; i < transport->queue_count; i++)
                        larger[i] = transport->queue[(transport->queue_first + i) % transport->queue_room];
                PyMem_Free(transport->queue);
                transport->queue = larger;
                transport->queue_first = 0;
                transport->queue_room = room;
        }
        transport->queue[(transport->queue_first + transport->queue_count++) % transport->queue_room] =
            (struct datagram){copy, Py_NewRef(address)};
        transport->unsent += counts(copy);
        return 0;
}

/** Take the first out, which is the caller's then. */
static struct datagram take_first(struct datagram_transport *transport)
{
        struct datagram datagram = transport->queue[transport->queue_first];

        transport->queue_first = (transport->queue_first + 1) % transport->queue_room;
        transport->queue_count--;
        transport->unsent -= counts(datagram.data);
        return datagram;
}

/** It was not its turn yet. */
static void put_back(struct datagram_transport *transport, struct datagram datagram)
{
        transport->queue_first = (transport->queue_first + transport->queue_room - 1) % transport->queue_room;
        transport->queue[transport->queue_first] = datagram;
        transport->queue_count++;
        transport->unsent += counts(datagram.data);
}

static void release(struct datagram datagram)
{
        Py_DECREF(datagram.data);
        Py_DECREF(datagram.address);
}

void datagram_drop_queue(struct datagram_transport *transport)
{
        while (transport->queue_count > 0)
                release(take_first(transport));
        PyMem_Free(transport->queue);
        transport->queue = NULL;
        transport->queue_first = transport->queue_room = 0;
}

/** Have the queue looked at when there is room, or (`is_now`) in the next turn. */
static void wait_for_room(struct datagram_transport *transport, bool is_now)
{
        eddy_op *op = &transport->writing;
        ssize_t begun = 0;

        if (op->pending || list_is_linked(&op->handle.link))
                return;
        op_init(op, transport->loop->loop, datagram_may_leave, transport);
        op_describe(op, OP_POLL, transport->fd, NULL, POLLOUT, 0);
        if (!is_now)
                begun = op_begin(op);
        if (begun != EDDY_PENDING)
                op_defer(op, begun);
}

/** Send from the queue what there is room for: whether all has left. */
static bool send_queue(struct datagram_transport *transport)
{
        while (transport->queue_count > 0) {
                struct datagram datagram = take_first(transport);
                ssize_t sent = send_now(transport, datagram.data, datagram.address);

                if (sent == -EAGAIN && !transport->lost) {
                        put_back(transport, datagram);
                        wait_for_room(transport, false);
                        break;
                }
                release(datagram);
                if (sent == -1) {
                        send_failed(transport, transport->writing_context);
                        if (transport->loop && !transport->lost)
                                wait_for_room(transport, true);
                        return false;
                }
        }
        return true;
}

void datagram_may_leave(void *arg)
{
        struct datagram_transport *transport = arg;
        PyObject *object = Py_NewRef(datagram_transport_object(transport));

        if (transport->loop && !transport->lost && send_queue(transport)) {
                if (heed_lower_mark(transport) < 0)
                        loop_end_run(transport->loop);
                if (transport->loop && transport->queue_count == 0 && transport->is_closing && !transport->lost)
                        datagram_lose(transport);
        }
        Py_DECREF(object);
}

/* ------------------------------------------------------------------------------------------------
 * Methods. */

/** What must hold of an address: 1, 0 where sending is in vain, or -1 with an exception. */
static int check_address(struct datagram_transport *transport, PyObject **address)
{
        int is_set = PyObject_IsTrue(transport->address);

        if (is_set < 0)
                return -1;
        if (is_set) {
                int is_same =
                    *address == Py_None ? 1 : PyObject_RichCompareBool(*address, transport->address, Py_EQ);

                if (is_same <= 0) {
                        if (is_same == 0)
                                PyErr_Format(PyExc_ValueError, "Invalid address: must be None or %S",
                                             transport->address);
                        return -1;
                }
                *address = transport->address;
        }
        if (!transport->loop || (transport->lost && is_set)) {
                PyObject *done =
                    transport->lost >= 5 ? call_helper("warn_of_writes", "()") : Py_NewRef(Py_None);

                transport->lost++;
                Py_XDECREF(done);
                return done ? 0 : -1;
        }
        return 1;
}

static int put(struct datagram_transport *transport, PyObject *data, PyObject *address)
{
        if (loop_check_here(transport->loop) < 0)
                return -1;
        if (transport->queue_count == 0) {
                ssize_t sent = send_now(transport, data, address);

                if (sent == 0)
                        return 0;
                if (sent == -1) {
                        if (exception_ends_run())
                                return -1;
                        send_failed(transport, NULL);
                        return PyErr_Occurred() ? -1 : 0;
                }
                Py_XSETREF(transport->writing_context, PyContext_CopyCurrent());
                if (!transport->writing_context)
                        return -1;
                if (!transport->lost)
                        wait_for_room(transport, false);
        }
        if (queue(transport, data, address) < 0)
                return -1;
        return heed_upper_mark(transport);
}

PyObject *datagram_sendto(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames)
{
        struct datagram_transport *transport = datagram_transport_of(self);
        PyObject *given[] = {n > 0 ? args[0] : NULL, n > 1 ? args[1] : Py_None};
        int rc;

        for (Py_ssize_t i = 0; kwnames && i < PyTuple_GET_SIZE(kwnames); i++) {
                PyObject *name = PyTuple_GET_ITEM(kwnames, i);
                int at = PyUnicode_CompareWithASCIIString(name, "data") == 0   ? 0
                         : PyUnicode_CompareWithASCIIString(name, "addr") == 0 ? 1
                                                                               : -1;

                if (at < 0 || at < n)
                        return PyErr_Format(PyExc_TypeError, "sendto() got an unexpected keyword argument '%U'",
                                            name);
                given[at] = args[n + i];
        }
        if (!given[0] || n > 2) {
                PyErr_SetString(PyExc_TypeError,
                                n > 2 ? "sendto() takes from 2 to 3 positional arguments"
                                      : "sendto() missing 1 required positional argument: 'data'");
                return NULL;
        }
        if (!PyBytes_Check(given[0]) && !PyByteArray_Check(given[0]) && !PyMemoryView_Check(given[0]))
                return PyErr_Format(PyExc_TypeError, "data argument must be a bytes-like object, not '%s'",
                                    Py_TYPE(given[0])->tp_name);
        if (!imports.sends_empty_datagrams && PyObject_Size(given[0]) == 0)
                Py_RETURN_NONE;
        rc = check_address(transport, &given[1]);
        if (rc > 0)
                rc = put(transport, given[0], given[1]);
        if (rc < 0)
                return NULL;
        Py_RETURN_NONE;
}

PyObject *datagram_set_limits(PyObject *self, PyObject *args, PyObject *kwargs)
{
        struct datagram_transport *transport = datagram_transport_of(self);

        if (take_limits(args, kwargs, FLOW_DEFAULT_HIGH_WATER / 1024, &transport->high_water,
                        &transport->low_water) < 0 ||
            (transport->protocol && heed_upper_mark(transport) < 0))
                return NULL;
        Py_RETURN_NONE;
}
