/* How a transport ends: closed, aborted, or failed. The protocol is told in the next iteration, and then the socket is closed. */
#include "transport.h"

#include "watch.h"

static void do_nothing(struct flow *flow)
{
        (void)flow;
}

/** Have connection_lost() called: where something had to happen before, in the context in which that was asked for. */
static void lose_soon(struct transport *transport)
{
        PyObject *callback = PyObject_GetAttr(transport_object(transport), names.call_connection_lost);
        PyObject *exception = transport->exception ? transport->exception : Py_None;

        if (loop_call_soon(transport->loop, callback, PyTuple_Pack(1, exception),
                           transport_context_of_writing(transport)) < 0)
                loop_end_run(transport->loop);
        Py_XDECREF(callback);
}

bool transport_close_socket(struct flow *flow, bool is_last)
{
        struct transport *transport = container_of(flow, struct transport, flow);

        if (transport->has_ended)
                return true;
        if (transport->is_full && !flow->write_error && !is_last) {
                /* Who was to pause may go on even now, and write the last of it. */
                transport_have_turn(transport);
                return false;
        }
        if (!transport->is_ending)
                loop_forget_descriptor(flow->loop, flow->fd);
        if (is_last)
                return true;
        if (transport->is_ending)
                return false;
        transport->is_ending = true;
        if (!transport->exception && flow->write_error && flow->write_error != -ECONNABORTED)
                transport->exception = exception_of(flow->write_error); /* not all has left */
        lose_soon(transport);
        return false;
}

struct flow_impl transport_socket, transport_pipe;

void transport_prepare_flows(void)
{
        transport_socket = flow_socket;
        transport_pipe = flow_pipe;
        transport_socket.set_reset = transport_pipe.set_reset = transport_pipe.end_sending = do_nothing;
        transport_socket.send_last = transport_pipe.send_last = NULL;
        transport_socket.close = transport_pipe.close = transport_close_socket;
}

void transport_finish(struct transport *transport)
{
        if (transport->tls)
                tls_detach(transport->tls);
        transport->tls = NULL;
        flow_finish_input(&transport->flow, &transport->input);
        eddy_handle_cancel(&transport->turn);
        flow_finish(&transport->flow);
        if (transport->has_place)
                PyBuffer_Release(&transport->place);
        transport->has_place = false;
        loop_let_go(&transport->kept);
}

void transport_leave_server(struct transport *transport)
{
        PyObject *result;

        if (!transport->server)
                return;
        result = call_helper("detach", "(OO)", transport->server, transport_object(transport));
        if (!result)
                PyErr_WriteUnraisable(transport->server);
        Py_XDECREF(result);
        Py_CLEAR(transport->server);
}

void transport_let_protocol_go(struct transport *transport)
{
        if (transport->tls)
                tls_detach(transport->tls);
        transport->tls = NULL;
        Py_CLEAR(transport->protocol);
        Py_CLEAR(transport->stream);
}

PyObject *transport_call_connection_lost(PyObject *self, PyObject *exception)
{
        struct transport *transport = transport_of(self);
        PyObject *result, *waiter = Py_XNewRef(transport->empty_waiter);

        if (transport->has_ended || !transport->loop) {
                Py_XDECREF(waiter);
                Py_RETURN_NONE;
        }
        result = PyObject_CallMethodOneArg(transport->protocol, names.connection_lost, exception);
        transport->has_ended = true;
        if (result) {
                close_python_socket(&transport->socket);
                transport_leave_server(transport);
                if (waiter)
                        Py_XSETREF(result, call_helper("fail_waiter", "(O)", waiter));
        } else {
                PyObject *raised = exception_take();

                close_python_socket(&transport->socket);
                transport_leave_server(transport);
                exception_give(raised);
        }
        Py_XDECREF(waiter);
        loop_unset_transport(transport->loop, self, transport->fd);
        transport_let_protocol_go(transport);
        Py_CLEAR(transport->context);
        Py_CLEAR(transport->writing_context);
        Py_CLEAR(transport->exception);
        if (!transport->flow.is_closed)
                flow_settle(&transport->flow);
        Py_CLEAR(transport->loop);
        return result;
}

void transport_close(struct transport *transport)
{
        if (!transport->loop)
                return;
        if (!transport->flow.output && !transport->flow.is_closing)
                Py_CLEAR(transport->writing_context); /* of what has left */
        flow_close(&transport->flow);
        if (!transport_is_lost(transport) && !transport->writing_context)
                transport->writing_context = context_copy();
}

/** What was written in this iteration would be the kernel's by now, were it not for what gathers it: as much as that takes is sent. */
static void send_gathered(struct flow *flow)
{
        struct buffer *queued = flow->output ? &flow->output->queued : NULL;

        if (!flow->is_closing && queued && buffer_size(queued) > 0 && !flow_is_sending(flow) &&
            !flow->output->files)
                flow_send_now(flow, &(struct iovec){buffer_data(queued), buffer_size(queued)}, 1);
}

/** End it; its protocol hears of that in a context, which is given and may be NULL. */
static void force_close_in(struct transport *transport, PyObject *exception, PyObject *context)
{
        if (transport_is_lost(transport)) {
                Py_XDECREF(context);
                return;
        }
        send_gathered(&transport->flow);
        Py_XSETREF(transport->writing_context, context);
        if (!transport->exception && exception != Py_None)
                transport->exception = Py_XNewRef(exception);
        flow_abort(&transport->flow);
}

void transport_force_close(struct transport *transport, PyObject *exception)
{
        force_close_in(transport, exception, context_copy());
}

/* ------------------------------------------------------------------------------------------------
 * Failures. */

/** Whether the exception that is set ends the run, which is said then; what more comes waits for the transport's turn. */
static bool ends_run(struct transport *transport)
{
        if (!exception_ends_run())
                return false;
        loop_end_run(transport->loop);
        flow_pause_input(&transport->input);
        transport_have_turn(transport);
        return true;
}

void transport_fail(struct transport *transport, const char *message)
{
        PyObject *exception, *context;

        if (ends_run(transport))
                return;
        exception = loop_tell(transport->loop,
                              transport->kind == READ_PIPE_TRANSPORT ? "fatal_pipe_error" : "fatal_error",
                              transport_object(transport), transport->protocol, message);
        context = transport->writing_context ? transport->writing_context : transport->context;
        force_close_in(transport, exception, context ? Py_NewRef(context) : context_copy());
        Py_DECREF(exception);
}

void transport_tell(struct transport *transport, const char *method)
{
        if (ends_run(transport))
                return;
        Py_XDECREF(loop_tell(transport->loop, "callback_raised", transport_object(transport),
                             transport->protocol, method));
}
