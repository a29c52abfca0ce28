/* What comes to a transport of datagrams. As many as are there are had in one call; they are shown one a turn of the loop, as asyncio
 * does, or the next at once where that turn would have nothing else to run. */
#include "datagram.h"

#include <poll.h>
#include <string.h>

/** Put one behind what has come; its objects are given. */
static void add(struct datagram_transport *transport, PyObject *data, PyObject *address)
{
        transport->came[(transport->first + transport->count++) % MOST_DATAGRAMS] =
            (struct datagram){data, address};
}

/** An error that the system does not have: a datagram was cut. */
static void show_cut(struct datagram_transport *transport)
{
        datagram_show_error(transport, exception_of(-EMSGSIZE), transport->context);
}

/** Receive by Python's socket, which knows its addresses: 1, 0 where nothing has come, or an error. */
static ssize_t receive_in_python(struct datagram_transport *transport)
{
        PyObject *pair = PyObject_CallMethod(transport->socket, "recvfrom", "i", LARGEST_DATAGRAM);

        if (pair && PyTuple_Check(pair) && PyTuple_GET_SIZE(pair) == 2) {
                add(transport, Py_NewRef(PyTuple_GET_ITEM(pair, 0)), Py_NewRef(PyTuple_GET_ITEM(pair, 1)));
                Py_DECREF(pair);
                return 1;
        }
        Py_XDECREF(pair);
        if (PyErr_ExceptionMatches(PyExc_BlockingIOError) || PyErr_ExceptionMatches(PyExc_InterruptedError))
                PyErr_Clear();
        else if (PyErr_ExceptionMatches(PyExc_OSError))
                datagram_show_error(transport, exception_take(), transport->context);
        else
                datagram_fail(transport, "Fatal read error on datagram transport");
        return 0;
}

/** Take what a batch of the kernel's has brought: false with an exception. */
static bool take(struct datagram_transport *transport, const struct mmsghdr *messages, unsigned n)
{
        unsigned cut = 0;

        for (unsigned i = 0; i < n; i++) {
                const struct msghdr *header = &messages[i].msg_hdr;
                PyObject *data, *address;

                if (header->msg_flags & MSG_TRUNC) {
                        cut++;
                        continue;
                }
                data = PyBytes_FromStringAndSize(header->msg_iov->iov_base, messages[i].msg_len);
                address = data ? address_object_cached(&transport->received_from, header->msg_name,
                                                       header->msg_namelen)
                               : NULL;
                if (!address) {
                        Py_XDECREF(data);
                        return false;
                }
                add(transport, data, address);
        }
        while (cut-- > 0 && transport->protocol)
                show_cut(transport);
        return true;
}

/** Receive what is there, or as much as is asked for at once. */
static void receive(struct datagram_transport *transport)
{
        struct mmsghdr messages[MOST_DATAGRAMS];
        struct iovec parts[MOST_DATAGRAMS];
        union address addresses[MOST_DATAGRAMS];
        char *memory = loop_scratch(transport->loop);
        size_t size = transport->family == AF_UNIX ? LARGEST_DATAGRAM : LARGEST_OF_INTERNET;
        unsigned n = transport->family == AF_UNIX ? 2 : transport->batch;
        eddy_op *op = &transport->reading;
        ssize_t got;

        for (unsigned i = 0; i < n; i++) {
                parts[i] = (struct iovec){memory + i * size, size};
                messages[i].msg_hdr = (struct msghdr){.msg_name = &addresses[i],
                                                      .msg_namelen = sizeof addresses[i],
                                                      .msg_iov = &parts[i],
                                                      .msg_iovlen = 1};
        }
        op_init(op, transport->loop->loop, datagram_came, transport);
        op_describe(op, OP_RECVMMSG, transport->fd, messages, n, 0);
        op->traits = OP_SHORT_IS_ALL | OP_DONT_WAIT;
        got = memory ? op_begin(op) : -ENOMEM;
        if (got == -EAGAIN)
                return;
        if (got < 0) {
                datagram_show_error(transport, exception_of((int)got), transport->context);
                return;
        }
        transport->batch = (unsigned)got == n ? MOST_DATAGRAMS : 2;
        if (!take(transport, messages, (unsigned)got))
                datagram_fail(transport, "Fatal read error on datagram transport");
}

static void show(struct datagram_transport *transport)
{
        struct datagram datagram = transport->came[transport->first];
        PyObject *stack[] = {NULL, transport->protocol, datagram.data, datagram.address};
        PyLoop *loop = (PyLoop *)Py_NewRef((PyObject *)transport->loop);
        PyObject *result;

        transport->first = (transport->first + 1) % MOST_DATAGRAMS;
        transport->count--;
        result = call_method_in_context(transport->context, names.datagram_received, stack, 3);
        Py_DECREF(datagram.data);
        Py_DECREF(datagram.address);
        if (!result)
                datagram_tell(transport, loop, "_read_ready");
        Py_XDECREF(result);
        Py_DECREF((PyObject *)loop);
}

/** Whether the next turn of the loop would have nothing to do before it came to this transport again. */
static bool is_next(const struct datagram_transport *transport)
{
        const eddy_loop *loop = transport->loop->loop;

        return list_is_empty(loop->running) && list_is_empty(loop->ready) && !loop->is_stopping &&
               !loop->is_leaving;
}

static bool is_wanted(const struct datagram_transport *transport)
{
        return transport->loop && !transport->lost && !transport->is_closing && !transport->is_paused;
}

void datagram_came(void *arg)
{
        struct datagram_transport *transport = arg;
        PyObject *object = Py_NewRef(datagram_transport_object(transport));

        if (is_wanted(transport) && transport->count == 0) {
                if (address_is_known(transport->family))
                        receive(transport);
                else
                        receive_in_python(transport);
        }
        while (is_wanted(transport) && transport->count > 0) {
                show(transport);
                if (transport->loop && !is_next(transport))
                        break;
        }
        datagram_go_on(transport);
        Py_DECREF(object);
}

void datagram_go_on(struct datagram_transport *transport)
{
        eddy_op *op = &transport->reading;
        ssize_t begun = 0;

        if (!is_wanted(transport) || !transport->has_begun || op->pending || list_is_linked(&op->handle.link))
                return;
        op_init(op, transport->loop->loop, datagram_came, transport);
        if (address_is_known(transport->family))
                op_describe(op, OP_READABLE, transport->fd, NULL, 0, 0);
        else
                op_describe(op, OP_POLL, transport->fd, NULL, POLLIN, 0);
        if (transport->count == 0)
                begun = op_begin(op);
        if (begun != EDDY_PENDING)
                op_defer(op, begun);
}

void datagram_drop(struct datagram_transport *transport)
{
        while (transport->count > 0) {
                struct datagram datagram = transport->came[transport->first];

                transport->first = (transport->first + 1) % MOST_DATAGRAMS;
                transport->count--;
                Py_DECREF(datagram.data);
                Py_DECREF(datagram.address);
        }
}
