/* What leaves by TLS. What one iteration of the loop writes becomes as few records as it can, and leaves in one call; the first of it at
 * once, where the transport writes but once an iteration. */
#include "tls.h"

/* What is encrypted before it is sent, so that both happen while it is warm; and from when on nothing is gathered any more. */
enum { SLICE = 64 * 1024, LARGE = 16 * 1024 };

size_t tls_unsent(const struct tls *tls)
{
        size_t unsent = buffer_size(&tls->plain) + buffer_size(&tls->out);

        return tls_has_flow(tls) && !tls->lower->flow.write_error ? unsent + flow_unsent(&tls->lower->flow)
                                                                  : unsent;
}

bool tls_put(struct tls_ends *ends, const char *data, size_t n)
{
        struct tls *tls = container_of(ends, struct tls, ends);

        return tls->lower && !tls->has_detached && flow_keep(&tls->lower->flow, &tls->out, data, n) == 0;
}

/** Put `out` behind what the flow has to send: 0 or -ENOMEM. That may be one that closes when all has left. */
static int hand_over(struct flow *flow, struct buffer *out)
{
        struct buffer *room;

        if (flow_have_output(flow) < 0)
                return -ENOMEM;
        if (!flow->output->files && buffer_size(&flow->output->queued) == 0) {
                flow_give_back(flow, &flow->output->queued);
                flow->output->queued = *out;
                *out = (struct buffer){.memory = NULL};
                return 0;
        }
        room = flow_make_room(flow, buffer_size(out));
        if (!room)
                return -ENOMEM;
        memcpy(buffer_room(room), buffer_data(out), buffer_size(out));
        flow_note_added(flow, room, buffer_size(out));
        return 0;
}

void tls_send(struct tls *tls, bool at_once)
{
        struct flow *flow;
        struct iovec part;
        ssize_t sent = 0;

        if (buffer_size(&tls->out) == 0 || !tls_has_flow(tls) || tls->is_held)
                return;
        flow = &tls->lower->flow;
        part = (struct iovec){buffer_data(&tls->out), buffer_size(&tls->out)};
        if (!flow->is_closing && !flow->output && (at_once || !flow->loop->backend->impl->gathers))
                sent = flow_send_now(flow, &part, 1);
        if (sent > 0)
                buffer_consume(&tls->out, (size_t)sent);
        if (sent >= 0 && !flow->write_error && buffer_size(&tls->out) > 0) {
                if (hand_over(flow, &tls->out) < 0)
                        flow_fail(flow, -ENOMEM);
                flow_flush(flow);
        }
        flow_give_back(flow, &tls->out);
        if (flow->write_error)
                transport_settled(flow);
}

/** Keep what is written for later: 0, or -1 with MemoryError. */
static int gather(struct tls *tls, const void *data, size_t n)
{
        if (flow_keep(&tls->lower->flow, &tls->plain, data, n) == 0)
                return 0;
        PyErr_NoMemory();
        return -1;
}

/** Encrypt bytes and send them: 0, or -1 with an exception that the connection does not survive. */
static int encrypt(struct tls *tls, const char *data, size_t n)
{
        while (n > 0 && tls_has_flow(tls)) {
                size_t slice = n < SLICE ? n : SLICE, written = 0;
                int rc;

                forget_old_errors();
                rc = openssl.SSL_write_ex(tls->ssl, data, slice, &written);
                /* Half of something else has come, say, and the rest is read first. */
                if (rc != 1 && openssl.SSL_get_error(tls->ssl, rc) == SSL_ERROR_WANT_READ)
                        return gather(tls, data, n);
                if (rc != 1) {
                        tls_raise(tls);
                        return -1;
                }
                tls_send(tls, false);
                data += written;
                n -= written;
        }
        return 0;
}

int tls_flush(struct tls *tls)
{
        struct buffer plain = tls->plain;
        int rc;

        if (!plain.memory || !tls_has_flow(tls))
                return 0;
        tls->plain = (struct buffer){.memory = NULL};
        rc = encrypt(tls, buffer_data(&plain), buffer_size(&plain));
        flow_give_back(&tls->lower->flow, &plain);
        return rc;
}

void tls_flush_last(void *arg)
{
        struct tls *tls = arg;
        PyObject *self = Py_NewRef(tls_object(tls));

        if (tls_flush(tls) < 0 && tls_fatal_error(tls, "Fatal error on SSL protocol") < 0)
                loop_end_run(tls->loop);
        tls_settled(tls);
        Py_DECREF(self);
}

/* ------------------------------------------------------------------------------------------------
 * Marks. */

/** Call pause_writing() or resume_writing(): 0, or -1 with what ends the run. */
static int tell(struct tls *tls, PyObject *name, const char *message)
{
        return loop_check_marked(tls->loop, call_protocol(tls->protocol, NULL, name, NULL), tls_object(tls),
                                 tls_object(tls), message);
}

static int heed_upper_mark(struct tls *tls)
{
        size_t unsent = tls_unsent(tls);

        if (tls->is_full || unsent == 0 || unsent < tls->high_water || !tls->protocol)
                return 0;
        tls->is_full = true;
        return tell(tls, names.pause_writing, "protocol.pause_writing() failed");
}

int tls_heed_lower_mark(struct tls *tls)
{
        if (!tls->is_full || tls_unsent(tls) > tls->low_water || !tls->protocol)
                return 0;
        tls->is_full = false;
        return tell(tls, names.resume_writing, "protocol.resume_writing() failed");
}

void tls_settled(struct tls *tls)
{
        if (tls->is_full && tls_unsent(tls) <= tls->low_water)
                tls_take_turn_later(tls);
}

/* ------------------------------------------------------------------------------------------------
 * Writing. */

static int gather_all(struct tls *tls, const struct iovec *parts, int count)
{
        for (int i = 0; i < count; i++)
                if (gather(tls, parts[i].iov_base, parts[i].iov_len) < 0)
                        return -1;
        return 0;
}

/** Encrypt and send now, or at the end of the iteration: 0, or -1 with an exception that the connection does not survive. */
static int put_wrapped(struct tls *tls, const struct iovec *parts, int count, size_t total)
{
        bool is_now = transport_leaves_at_once(tls->lower);

        if (!tls->plain.memory && count == 1 && (is_now || total >= LARGE))
                return encrypt(tls, parts->iov_base, parts->iov_len);
        if (gather_all(tls, parts, count) < 0)
                return -1;
        if (is_now || buffer_size(&tls->plain) >= SLICE)
                return tls_flush(tls);
        if (!list_is_linked(&tls->flush.link))
                loop_schedule_last(tls->lower->flow.loop, &tls->flush);
        return 0;
}

/** It is closed: tell who goes on writing, in the end. */
static int write_in_vain(struct tls *tls)
{
        PyObject *result;

        if (tls->writes_in_vain++ < 5)
                return 0;
        result = call_helper("warn_of_tls_writes", "()");
        Py_XDECREF(result);
        return result ? 0 : -1;
}

/** Write: 0, or -1 with an exception that is the caller's own. */
static int put(void *arg, struct iovec *parts, int count, size_t total)
{
        struct tls *tls = arg;
        int rc;

        if ((tls->state != TLS_HANDSHAKE && tls->state != TLS_WRAPPED) || !tls_has_flow(tls))
                return write_in_vain(tls);
        if (loop_check_here(tls->loop) < 0)
                return -1;
        if (tls->state == TLS_HANDSHAKE)
                rc = gather_all(tls, parts, count);
        else
                rc = put_wrapped(tls, parts, count, total);
        if (rc < 0)
                return tls_fatal_error(tls, "Fatal error on SSL protocol");
        return heed_upper_mark(tls);
}

PyObject *tls_write(PyObject *self, PyObject *data)
{
        if (!PyBytes_Check(data) && !PyByteArray_Check(data) && !PyMemoryView_Check(data))
                return PyErr_Format(PyExc_TypeError, "data: expecting a bytes-like instance, got %s",
                                    Py_TYPE(data)->tp_name);
        if (put_object(data, put, tls_of(self)) < 0)
                return NULL;
        Py_RETURN_NONE;
}

PyObject *tls_writelines(PyObject *self, PyObject *list)
{
        if (put_list(list, put, tls_of(self)) < 0)
                return NULL;
        Py_RETURN_NONE;
}

PyObject *tls_pause_writing(PyObject *self, PyObject *unused)
{
        (void)unused;
        tls_of(self)->is_held = true;
        Py_RETURN_NONE;
}

PyObject *tls_resume_writing(PyObject *self, PyObject *unused)
{
        struct tls *tls = tls_of(self);

        (void)unused;
        tls->is_held = false;
        tls_send(tls, false);
        tls_settled(tls);
        Py_RETURN_NONE;
}

PyObject *tls_get_size(PyObject *self, PyObject *unused)
{
        (void)unused;
        return PyLong_FromSize_t(tls_unsent(tls_of(self)));
}

PyObject *tls_get_limits(PyObject *self, PyObject *unused)
{
        const struct tls *tls = tls_of(self);

        (void)unused;
        return Py_BuildValue("(nn)", (Py_ssize_t)tls->low_water, (Py_ssize_t)tls->high_water);
}

PyObject *tls_set_limits(PyObject *self, PyObject *args, PyObject *kwargs)
{
        struct tls *tls = tls_of(self);

        if (take_limits(args, kwargs, TLS_HIGH_WATER, &tls->high_water, &tls->low_water) < 0 ||
            heed_upper_mark(tls) < 0)
                return NULL;
        tls_settled(tls);
        Py_RETURN_NONE;
}
