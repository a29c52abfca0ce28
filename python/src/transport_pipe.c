/* Transports of pipes, and of what asyncio uses as such: FIFOs, terminals, sockets. What they have in common with sockets' is there. */
#include "transport.h"

#include "base/sys_pipe.h"
#include "loop/operation.h"
#include "transport/pipe.h"

int transport_become_pipe(struct transport *transport, int family)
{
        struct flow *flow = &transport->flow;
        struct shared_file file;
        int rc;

        if (family >= 0) {
                flow->receive_traits = flow->send_traits = 0; /* others may have it, too */
                return 0;
        }
        rc = shared_file_look_at(&file, flow->fd);
        if (rc < 0)
                return rc;
        flow_become_file(flow, &file);
        flow->impl = &transport_pipe;
        return 0;
}

/* ------------------------------------------------------------------------------------------------
 * Reading. */

int transport_end_pipe(void *arg)
{
        struct transport *transport = arg;

        if (loop_call_method_soon(transport->loop, transport->protocol, names.eof_received, NULL) < 0)
                loop_end_run(transport->loop);
        transport_close(transport);
        return 0;
}

/* ------------------------------------------------------------------------------------------------
 * Writing. */

static int break_pipe(void *arg)
{
        struct transport *transport = arg;
        PyObject *exception = NULL;

        if (flow_unsent(&transport->flow) > 0)
                exception = PyObject_CallNoArgs(PyExc_BrokenPipeError);
        transport_force_close(transport, exception);
        Py_XDECREF(exception);
        return 0;
}

/** Callback: whoever reads has gone; or, of a socket, has sent something. */
static void reader_gone(void *arg)
{
        struct transport *transport = arg;
        PyObject *object;

        if (transport->flow.is_closing) {
                flow_settle(&transport->flow);
                return;
        }
        object = Py_NewRef(transport_object(transport));
        transport->flow.reader = NULL;
        transport_end_in_context(transport, break_pipe);
        Py_DECREF(object);
}

PyObject *transport_watch_reader(PyObject *self, PyObject *unused)
{
        struct transport *transport = transport_of(self);
        struct flow *flow = &transport->flow;
        eddy_op *op = &transport->input.op;
        ssize_t begun;

        (void)unused;
        if (flow->is_closing || transport->has_begun || (flow->impl == &transport_pipe && !flow->awaits_writer))
                Py_RETURN_NONE;
        if (loop_check_here(transport->loop) < 0)
                return NULL;
        transport->context = PyContext_CopyCurrent();
        if (!transport->context)
                return NULL;
        transport->has_begun = true;
        op_init(op, flow->loop, reader_gone, transport);
        op_describe(op, OP_POLL, flow->fd, NULL, POLLIN, 0);
        flow->reader = op;
        begun = op_begin(op);
        if (begun != EDDY_PENDING)
                op_defer(op, begun);
        Py_RETURN_NONE;
}

/** Whether it is not to be written to any more. */
static bool is_over(const struct transport *transport)
{
        return transport->flow.is_closing || transport_is_lost(transport);
}

PyObject *transport_write_to_pipe(PyObject *self, PyObject *data)
{
        struct transport *transport = transport_of(self);

        if (!PyBytes_Check(data) && !PyByteArray_Check(data) && !PyMemoryView_Check(data))
                return PyErr_Format(PyExc_AssertionError, "%R", data);
        if (put_object(data, is_over(transport) ? put_in_vain : put_parts, transport) < 0)
                return NULL;
        Py_RETURN_NONE;
}

PyObject *transport_write_list_to_pipe(PyObject *self, PyObject *list)
{
        struct transport *transport = transport_of(self);

        if (put_list(list, is_over(transport) ? put_in_vain : put_parts, transport) < 0)
                return NULL;
        Py_RETURN_NONE;
}
