/* What comes to a transport. */
#include "transport.h"

#include "streams.h"

PyObject *call_protocol(PyObject *protocol, PyObject *context, PyObject *name, PyObject *argument)
{
        PyObject *args[] = {NULL, protocol, argument};

        return call_method_in_context(context, name, args, argument ? 2 : 1);
}

static void give_place_back(struct transport *transport)
{
        if (transport->has_place)
                PyBuffer_Release(&transport->place);
        transport->has_place = false;
}

/** Have a BufferedProtocol say where what has come is put: whether it did, else what failed. */
static bool find_place(struct transport *transport, const char **failed)
{
        PyObject *wanted = PyLong_FromLong(-1);
        PyObject *place =
            wanted ? call_protocol(transport->protocol, transport->context, names.get_buffer, wanted) : NULL;
        Py_ssize_t size = place ? PyObject_Size(place) : -1;

        *failed = "Fatal error: protocol.get_buffer() call failed.";
        Py_XDECREF(wanted);
        if (size == 0)
                PyErr_SetString(PyExc_RuntimeError, "get_buffer() returned an empty buffer");
        if (size > 0 && PyObject_GetBuffer(place, &transport->place, PyBUF_WRITABLE) == 0) {
                transport->has_place = true;
        } else if (size > 0) {
                *failed = "Fatal read error on socket transport";
                PyErr_Format(PyExc_TypeError,
                             "recv_into() argument 1 must be read-write bytes-like object, not %s",
                             type_name(place));
        }
        Py_XDECREF(place);
        return transport->has_place;
}

/** Bytes are received into one spare object of so many, which the C library does not map anew each time. From some size on the
 * protocol is given that very object, which costs less than to copy. */
enum { SPARE_SIZE = 120 * 1024, WORTH_GIVING = 8 * 1024 };

static void *lend_spare(PyLoop *loop, size_t *size)
{
        if (!loop->spare)
                loop->spare = PyBytes_FromStringAndSize(NULL, SPARE_SIZE);
        if (!loop->spare) {
                PyErr_Clear();
                return NULL; /* the flow has memory of its own */
        }
        *size = SPARE_SIZE;
        return PyBytes_AS_STRING(loop->spare);
}

/** What has come as an object of its own. */
static PyObject *take_bytes(PyLoop *loop, const char *data, size_t n)
{
        PyObject *bytes = loop->spare;

        if (n < WORTH_GIVING || !bytes || data != PyBytes_AS_STRING(bytes))
                return PyBytes_FromStringAndSize(data, (Py_ssize_t)n);
        loop->spare = NULL;
        _PyBytes_Resize(&bytes, (Py_ssize_t)n);
        return bytes;
}

void *transport_lend(struct flow *flow, size_t *size)
{
        struct transport *transport = container_of(flow, struct transport, flow);
        const char *failed;

        if (!transport->is_buffered)
                return lend_spare(transport->loop, size);
        give_place_back(transport);
        if (!find_place(transport, &failed)) {
                transport_fail(transport, failed);
                return NULL;
        }
        if (flow->is_closing || transport->is_paused) { /* by get_buffer() */
                give_place_back(transport);
                return NULL;
        }
        *size = (size_t)transport->place.len;
        return transport->place.buf;
}

/** Show the protocol bytes: 1, or -1 with an exception. */
static int show_bytes(struct transport *transport, PyObject *bytes)
{
        PyObject *result = call_protocol(transport->protocol, transport->context, names.data_received, bytes);

        Py_XDECREF(result);
        return result ? 1 : -1;
}

/** As stream_feed(). */
static int show_to_reader(struct transport *transport, const char *data, size_t n)
{
        struct reader_state *stream = transport->stream;
        PyObject *bytes = NULL;
        int is_shown;

        if (n >= WORTH_GIVING && stream_wants_whole(stream, (Py_ssize_t)n)) {
                bytes = take_bytes(transport->loop, data, n);
                if (!bytes)
                        return -1;
                data = PyBytes_AS_STRING(bytes);
        }
        is_shown = stream_feed(stream, transport->protocol, data, (Py_ssize_t)n, bytes);
        if (is_shown == 0 && bytes)
                is_shown = show_bytes(transport, bytes);
        Py_XDECREF(bytes);
        return is_shown;
}

struct piece {
        struct tls *tls;
        const void *data;
        size_t n;
};

static int show_piece(void *arg)
{
        const struct piece *piece = arg;

        return tls_came(piece->tls, piece->data, piece->n);
}

/** Show TLS what came; in the context of the connection, as all that its protocol hears of. */
static void show_tls(struct transport *transport, const void *data, size_t n)
{
        struct piece piece = {transport->tls, data, n};

        if (run_in_context(transport->context, show_piece, &piece) < 0)
                transport_fail(transport, "Fatal error: protocol.buffer_updated() call failed.");
}

static void show(struct transport *transport, const void *data, size_t n)
{
        PyObject *argument, *result = NULL;
        int is_shown = transport->stream ? show_to_reader(transport, data, n) : 0;

        if (is_shown > 0)
                return;
        if (is_shown < 0) {
                argument = NULL;
        } else if (transport->has_place) {
                give_place_back(transport);
                argument = PyLong_FromSize_t(n);
                if (argument)
                        result = call_protocol(transport->protocol, transport->context, names.buffer_updated,
                                               argument);
        } else {
                argument = take_bytes(transport->loop, data, n);
                if (argument)
                        result = call_protocol(transport->protocol, transport->context, names.data_received,
                                               argument);
        }
        Py_XDECREF(argument);
        if (result)
                Py_DECREF(result);
        else if (transport->kind == READ_PIPE_TRANSPORT)
                transport_tell(transport, "_read_ready");
        else
                transport_fail(transport, transport->is_buffered
                                              ? "Fatal error: protocol.buffer_updated() call failed."
                                              : "Fatal error: protocol.data_received() call failed.");
}

void transport_end_in_context(struct transport *transport, int (*end)(void *transport))
{
        if (run_in_context(transport->context, end, transport) < 0)
                loop_end_run(transport->loop);
}

static int close_transport(void *transport)
{
        transport_close(transport);
        return 0;
}

/** Why sending has failed, where that is known but was not told yet; else 0. Who reads the end of a connection that was reset finds
 * no error, since sending has taken that. */
static ssize_t find_write_failure(const struct flow *flow)
{
        const struct flow_output *output = flow->output;

        return output && list_is_linked(&output->op.handle.link) && output->op.result < 0 ? output->op.result
                                                                                          : 0;
}

static void show_end(struct transport *transport)
{
        PyObject *answer = call_protocol(transport->protocol, transport->context, names.eof_received, NULL);
        int keeps = answer ? PyObject_IsTrue(answer) : -1;

        Py_XDECREF(answer);
        if (keeps < 0)
                transport_fail(transport, "Fatal error: protocol.eof_received() call failed.");
        else if (!keeps)
                transport_end_in_context(transport, close_transport);
}

void transport_came(struct flow *flow, void *data, ssize_t n)
{
        struct transport *transport = container_of(flow, struct transport, flow);

        if (n > 0) {
                if (transport->tls)
                        show_tls(transport, data, (size_t)n);
                else
                        show(transport, data, (size_t)n);
                return;
        }
        give_place_back(transport);
        if (n == 0 && transport->kind == READ_PIPE_TRANSPORT) {
                transport_end_in_context(transport, transport_end_pipe);
                return;
        }
        if (n == 0)
                n = find_write_failure(flow);
        if (n == 0) {
                show_end(transport);
                return;
        }
        raise_error(n);
        transport_fail(transport, transport_failure(transport, true));
}
