/* What leaves by a transport. What one iteration of the loop writes leaves in one call; the first of it at once, where the transport
 * writes but once an iteration and calls are what sending is made of. */
#include "transport.h"

#include <sys/socket.h>

/** Have the protocol told where more is unsent than should be. 0, or -1 with what ends the run. */
static int heed_upper_mark(struct transport *transport)
{
        PyObject *result;

        if (transport->is_full || flow_unsent(&transport->flow) <= transport->high_water)
                return 0;
        transport->is_full = true;
        result = PyObject_CallMethodNoArgs(transport->protocol, names.pause_writing);
        return loop_check_marked(transport->loop, result, transport_object(transport), transport->protocol,
                                 "protocol.pause_writing() failed");
}

bool transport_leaves_at_once(struct transport *transport)
{
        const eddy_loop *loop = transport->flow.loop;

        if (transport->iteration != loop->iteration || !loop->is_running) {
                transport->gathers = transport->writes > 1;
                transport->iteration = loop->iteration;
                transport->writes = 0;
        }
        transport->writes++;
        if (transport->kind != SOCKET_TRANSPORT)
                return !transport->flow.output;
        return !transport->gathers && transport->writes == 1 && !transport->flow.output &&
               !loop->backend->impl->gathers;
}

/** The parts without so many bytes of the first ones. */
static struct iovec *skip(struct iovec *parts, int *count, size_t n)
{
        for (; *count > 0 && n >= parts->iov_len; parts++, --*count)
                n -= parts->iov_len;
        if (*count > 0) {
                parts->iov_base = (char *)parts->iov_base + n;
                parts->iov_len -= n;
        }
        return parts;
}

/** Write to a transport that is closing, while what was written before leaves: asyncio's do. 0 or -ENOMEM. */
static int add_while_closing(struct flow *flow, const struct iovec *parts, int count)
{
        for (int i = 0; i < count; i++) {
                struct buffer *room = flow_make_room(flow, parts[i].iov_len);

                if (!room)
                        return -ENOMEM;
                memcpy(buffer_room(room), parts[i].iov_base, parts[i].iov_len);
                flow_note_added(flow, room, parts[i].iov_len);
        }
        flow_flush(flow);
        return 0;
}

int transport_put(struct transport *transport, struct iovec *parts, int count)
{
        struct flow *flow = &transport->flow;
        ssize_t rc = 0;

        if (loop_check_here(transport->loop) < 0)
                return -1;
        if (flow->is_closing) {
                rc = add_while_closing(flow, parts, count);
        } else {
                if (transport_leaves_at_once(transport))
                        rc = flow_send_now(flow, parts, count);
                if (rc > 0)
                        parts = skip(parts, &count, (size_t)rc);
                if (rc >= 0 && count > 0)
                        rc = flow_writev(flow, parts, count);
        }
        if (flow->write_error) {
                transport_settled(flow);
                return 0;
        }
        if (rc < 0) {
                raise_error(rc);
                return -1;
        }
        if (flow->output && flow_unsent(flow) > transport->high_water)
                flow_flush(flow);
        if (!flow->output)
                return 0;
        if (!transport->writing_context)
                transport->writing_context = PyContext_CopyCurrent();
        if (!transport->writing_context)
                return -1;
        return heed_upper_mark(transport);
}

/** What must hold of a write: 0, or -1 with an exception. */
static int may_write(struct transport *transport, const char *function)
{
        if (transport->has_written_eof) {
                PyErr_Format(PyExc_RuntimeError, "Cannot call %s() after write_eof()", function);
                return -1;
        }
        if (transport->empty_waiter) {
                PyErr_Format(PyExc_RuntimeError, "unable to %s; sendfile is in progress", function);
                return -1;
        }
        return 0;
}

int transport_write_in_vain(struct transport *transport)
{
        PyObject *result;

        if (transport->writes_in_vain++ < (transport->kind == SOCKET_TRANSPORT ? 4 : 5))
                return 0;
        result = call_helper(transport->kind == SOCKET_TRANSPORT ? "warn_of_writes" : "warn_of_writes_to_pipe",
                             "()");
        Py_XDECREF(result);
        return result ? 0 : -1;
}

int put_in_vain(void *transport, struct iovec *parts, int count, size_t total)
{
        (void)parts, (void)count, (void)total;
        return transport_write_in_vain(transport);
}

int put_parts(void *transport, struct iovec *parts, int count, size_t total)
{
        (void)total;
        return transport_is_lost(transport) ? transport_write_in_vain(transport)
                                            : transport_put(transport, parts, count);
}

int put_object(PyObject *data, put_function *put, void *arg)
{
        struct iovec part;
        Py_buffer view;
        int rc = 0;

        if (PyBytes_Check(data)) {
                part = (struct iovec){PyBytes_AS_STRING(data), (size_t)PyBytes_GET_SIZE(data)};
                return part.iov_len > 0 ? put(arg, &part, 1, part.iov_len) : 0;
        }
        if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0)
                return -1;
        part = (struct iovec){view.buf, (size_t)view.len};
        if (part.iov_len > 0)
                rc = put(arg, &part, 1, part.iov_len);
        PyBuffer_Release(&view);
        return rc;
}

/* What may be written, in the words of the version's own loop. */
#if PY_VERSION_HEX >= 0x030e0000
#define WRITABLE "bytes, bytearray, or memoryview object"
#else
#define WRITABLE "bytes-like object"
#endif

PyObject *transport_write(PyObject *self, PyObject *data)
{
        struct transport *transport = transport_of(self);

        if (!PyBytes_Check(data) && !PyByteArray_Check(data) && !PyMemoryView_Check(data))
                return PyErr_Format(PyExc_TypeError, "data argument must be a " WRITABLE ", not '%s'",
                                    type_name(data));
        if (may_write(transport, "write") < 0)
                return NULL;
        if (put_object(data, put_parts, transport) < 0)
                return NULL;
        Py_RETURN_NONE;
}

/** Have the items of a sequence written, whose views are given back. */
static int put_items(PyObject *const *items, Py_ssize_t n, put_function *put, void *arg)
{
        Py_buffer *views = PyMem_Calloc((size_t)n, sizeof *views);
        struct iovec *parts = PyMem_Calloc((size_t)n, sizeof *parts);
        Py_ssize_t held = 0;
        size_t total = 0;
        int rc = views && parts ? 0 : -1;

        if (rc < 0)
                PyErr_NoMemory();
        for (; rc == 0 && held < n; held++) {
                rc = PyObject_GetBuffer(items[held], &views[held], PyBUF_SIMPLE);
                if (rc < 0)
                        break;
                parts[held] = (struct iovec){views[held].buf, (size_t)views[held].len};
                total += parts[held].iov_len;
        }
        if (rc == 0 && total > 0)
                rc = put(arg, parts, (int)n, total);
        while (held-- > 0)
                PyBuffer_Release(&views[held]);
        PyMem_Free(views);
        PyMem_Free(parts);
        return rc;
}

int put_list(PyObject *list, put_function *put, void *arg)
{
        int rc = PyObject_IsTrue(list);
        PyObject *items;

        if (rc <= 0)
                return rc;
        items = PySequence_Tuple(list); /* and not the list: an item's __buffer__() may change that */
        if (!items)
                return -1;
        rc = 0;
        if (PyTuple_GET_SIZE(items) > 0)
                rc = put_items(((PyTupleObject *)items)->ob_item, PyTuple_GET_SIZE(items), put, arg);
        Py_DECREF(items);
        return rc;
}

PyObject *transport_writelines(PyObject *self, PyObject *list)
{
        struct transport *transport = transport_of(self);

        if (may_write(transport, "writelines") < 0 || put_list(list, put_parts, transport) < 0)
                return NULL;
        Py_RETURN_NONE;
}

PyObject *transport_write_eof(PyObject *self, PyObject *unused)
{
        struct transport *transport = transport_of(self);

        (void)unused;
        if (!transport->flow.is_closing && !transport->has_written_eof) {
                if (loop_check_here(transport->loop) < 0)
                        return NULL;
                transport->has_written_eof = true;
                flow_write_eof(&transport->flow);
        }
        Py_RETURN_NONE;
}

/* ------------------------------------------------------------------------------------------------
 * Marks, and who waits. */

void transport_settled(struct flow *flow)
{
        struct transport *transport = container_of(flow, struct transport, flow);

        if (flow->write_error && !flow->is_closing) {
                raise_error(flow->write_error);
                transport_fail(transport, transport_failure(transport, false));
                return;
        }
        if (flow->is_closed) {
                transport_finish(transport);
                return;
        }
        if (transport->tls)
                tls_settled(transport->tls);
        if ((transport->is_full && flow_unsent(flow) <= transport->low_water) ||
            (!flow->output && !flow->is_closing && (transport->empty_waiter || transport->writing_context)))
                transport_have_turn(transport);
}

/** Have the protocol go on writing. */
static void resume(struct transport *transport)
{
        PyObject *result;

        transport->is_full = false;
        if (!transport->protocol)
                return;
        result = call_protocol(transport->protocol, transport_context_of_writing(transport),
                               names.resume_writing, NULL);
        if (loop_check_marked(transport->loop, result, transport_object(transport), transport->protocol,
                              "protocol.resume_writing() failed") < 0)
                loop_end_run(transport->loop);
}

void transport_take_turn(void *arg)
{
        struct transport *transport = arg;
        PyObject *object = Py_NewRef(transport_object(transport));
        bool is_empty = !transport->flow.output;

        if (transport->is_full && transport->loop && flow_unsent(&transport->flow) <= transport->low_water)
                resume(transport);
        if (is_empty && !transport->flow.output && !transport->flow.is_closing)
                Py_CLEAR(transport->writing_context);
        if (is_empty && transport->empty_waiter && transport->loop) {
                PyObject *result = call_helper("set_result", "(O)", transport->empty_waiter);

                if (result)
                        Py_DECREF(result);
                else
                        loop_end_run(transport->loop);
        }
        if (transport->flow.is_closing && !transport->is_ending)
                flow_settle(&transport->flow);
        Py_DECREF(object);
}

PyObject *transport_get_size(PyObject *self, PyObject *unused)
{
        const struct flow *flow = &transport_of(self)->flow;

        (void)unused;
        return PyLong_FromSize_t(flow->write_error ? 0 : flow_unsent(flow));
}

PyObject *transport_get_limits(PyObject *self, PyObject *unused)
{
        struct transport *transport = transport_of(self);

        (void)unused;
        return Py_BuildValue("(nn)", (Py_ssize_t)transport->low_water, (Py_ssize_t)transport->high_water);
}

int take_limits(PyObject *args, PyObject *kwargs, int kilobytes, size_t *upper, size_t *lower)
{
        static char *keywords[] = {"high", "low", NULL};
        PyObject *high = Py_None, *low = Py_None, *limits;
        Py_ssize_t numbers[2];

        if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO", keywords, &high, &low))
                return -1;
        limits = call_helper("write_limits", "(OOi)", high, low, kilobytes);
        if (!limits)
                return -1;
        numbers[0] = PyLong_AsSsize_t(PyTuple_GET_ITEM(limits, 0));
        numbers[1] = PyLong_AsSsize_t(PyTuple_GET_ITEM(limits, 1));
        Py_DECREF(limits);
        if (PyErr_Occurred())
                return -1;
        *upper = (size_t)numbers[0];
        *lower = (size_t)numbers[1];
        return 0;
}

PyObject *transport_set_limits(PyObject *self, PyObject *args, PyObject *kwargs)
{
        struct transport *transport = transport_of(self);

        if (take_limits(args, kwargs, FLOW_DEFAULT_HIGH_WATER / 1024, &transport->high_water,
                        &transport->low_water) < 0 ||
            (transport->protocol && heed_upper_mark(transport) < 0))
                return NULL;
        Py_RETURN_NONE;
}

PyObject *transport_make_empty_waiter(PyObject *self, PyObject *unused)
{
        struct transport *transport = transport_of(self);
        PyObject *waiter;

        (void)unused;
        if (transport->empty_waiter) {
                PyErr_SetString(PyExc_RuntimeError, "Empty waiter is already set");
                return NULL;
        }
        if (loop_check_here(transport->loop) < 0)
                return NULL;
        flow_flush(&transport->flow);
        waiter = loop_create_future((PyObject *)transport->loop);
        if (!waiter)
                return NULL;
        transport->empty_waiter = Py_NewRef(waiter);
        transport_settled(&transport->flow);
        return waiter;
}

PyObject *transport_reset_empty_waiter(PyObject *self, PyObject *unused)
{
        (void)unused;
        Py_CLEAR(transport_of(self)->empty_waiter);
        Py_RETURN_NONE;
}
