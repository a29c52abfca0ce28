/* What comes by TLS: decrypted straight into what the protocol is given. */
#include "tls.h"

#include "streams.h"

/* What a record is at most. */
enum { RECORD_MOST = 16 * 1024 + 256 + 5 };

/** Decrypt what is there, into memory, until that is full: how it ended, and how many bytes were had before. */
enum outcome { WANTS_MORE, HAS_ENDED, HAS_FAILED };

bool tls_has_more(const struct tls *tls)
{
        return tls_has_flow(tls) && !tls->has_ended &&
               (tls_unread(tls) > 0 || openssl.SSL_pending(tls->ssl) > 0);
}

static enum outcome decrypt(struct tls *tls, char *memory, size_t size, size_t *n)
{
        size_t got = 0;
        int rc;

        *n = 0;
        forget_old_errors();
        do {
                rc = openssl.SSL_read_ex(tls->ssl, memory + *n, size - *n, &got);
                if (rc != 1) {
                        int error = openssl.SSL_get_error(tls->ssl, rc);

                        if (error == SSL_ERROR_WANT_READ)
                                return WANTS_MORE;
                        tls->has_ended = true;
                        return error == SSL_ERROR_ZERO_RETURN ? HAS_ENDED : HAS_FAILED;
                }
                *n += got;
                tls->within = 0;
        } while (*n < size && tls_has_more(tls));
        return WANTS_MORE;
}

/** What it came to, the bytes having been shown: 0, or -1 with an exception. What failed was taken note of when it did. */
static int conclude(struct tls *tls, enum outcome outcome, PyObject *failure)
{
        if (outcome == HAS_FAILED) {
                if (!tls_has_flow(tls)) {
                        Py_DECREF(failure);
                        return 0;
                }
                tls_send(tls, true); /* which says why */
                exception_give(failure);
                return -1;
        }
        if (outcome == HAS_ENDED) {
                int rc = tls_call_eof_received(tls);

                return rc < 0 ? rc : tls_start_shutdown(tls);
        }
        return 0;
}

/** Show a protocol `data`, which is given; or tell it how much is in its buffer: 0 or -1. */
static int show(PyObject *protocol, PyObject *name, PyObject *data)
{
        PyObject *result;

        if (!data)
                return -1;
        result = call_protocol(protocol, NULL, name, data);
        Py_DECREF(data);
        Py_XDECREF(result);
        return result ? 0 : -1;
}

/** Show the protocol bytes, which are given; or its reader, where that is ours: 0 or -1. */
static int show_bytes(struct tls *tls, PyObject *data)
{
        int is_shown = 0;

        if (tls->stream)
                is_shown = stream_feed(tls->stream, tls->protocol, PyBytes_AS_STRING(data),
                                       PyBytes_GET_SIZE(data), data);
        if (is_shown == 0)
                return show(tls->protocol, names.data_received, data);
        Py_DECREF(data);
        return is_shown < 0 ? -1 : 0;
}

static PyObject *note_failure(struct tls *tls, enum outcome outcome)
{
        if (outcome != HAS_FAILED)
                return NULL;
        tls_raise(tls);
        return exception_take();
}

static int read_bytes(struct tls *tls)
{
        size_t within = tls->within < RECORD_MOST ? tls->within : RECORD_MOST, n;
        size_t most = within + tls_unread(tls) + (size_t)openssl.SSL_pending(tls->ssl);
        PyObject *data = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)most), *failure;
        enum outcome outcome;

        if (!data)
                return -1;
        outcome = decrypt(tls, PyBytes_AS_STRING(data), most, &n);
        failure = note_failure(tls, outcome);
        if (n == 0) {
                Py_DECREF(data);
        } else if (_PyBytes_Resize(&data, (Py_ssize_t)n) < 0 || show_bytes(tls, data) < 0) {
                Py_XDECREF(failure);
                return -1;
        }
        return conclude(tls, outcome, failure);
}

/** Have a protocol say where what has come is put: 0 or -1. */
static int find_place(struct tls *tls, PyObject *protocol, Py_buffer *place)
{
        PyObject *hint = PyLong_FromSize_t(tls_unread(tls));
        PyObject *buffer = hint ? call_protocol(protocol, NULL, names.get_buffer, hint) : NULL;
        int rc = buffer ? PyObject_GetBuffer(buffer, place, PyBUF_WRITABLE) : -1;

        Py_XDECREF(hint);
        Py_XDECREF(buffer);
        if (rc < 0 || place->len > 0)
                return rc;
        PyBuffer_Release(place);
        PyErr_SetString(PyExc_RuntimeError, "get_buffer() returned an empty buffer");
        return -1;
}

/** It may have another protocol set, of which this hears nothing yet. */
static int read_into_buffer(struct tls *tls, PyObject *protocol)
{
        enum outcome outcome = WANTS_MORE;
        PyObject *failure;
        Py_buffer place;
        size_t n = 0;

        if (find_place(tls, protocol, &place) < 0)
                return -1;
        if (tls_has_flow(tls)) /* still */
                outcome = decrypt(tls, place.buf, (size_t)place.len, &n);
        failure = note_failure(tls, outcome);
        if (tls_has_more(tls))
                tls_take_turn_later(tls);
        PyBuffer_Release(&place);
        if (n > 0 && show(protocol, names.buffer_updated, PyLong_FromSize_t(n)) < 0) {
                Py_XDECREF(failure);
                return -1;
        }
        return conclude(tls, outcome, failure);
}

static int read_some(struct tls *tls)
{
        PyObject *protocol = Py_NewRef(tls->protocol);
        int rc = tls->is_buffered ? read_into_buffer(tls, protocol) : read_bytes(tls);

        Py_DECREF(protocol);
        return rc;
}

static int read_and_write(struct tls *tls)
{
        int rc = 0;

        if (tls->is_paused)
                return 0;
        if (tls_has_more(tls))
                rc = read_some(tls);
        if (rc == 0)
                rc = tls_flush(tls); /* which may have waited for what came */
        if (rc == 0)
                tls_send(tls, false);
        return rc;
}

int tls_read(struct tls *tls)
{
        if ((tls->state != TLS_WRAPPED && tls->state != TLS_FLUSHING) || !tls_has_flow(tls))
                return 0;
        return read_and_write(tls) == 0 ? 0 : tls_fatal_error(tls, "Fatal error on SSL protocol");
}

/* ------------------------------------------------------------------------------------------------
 * The flow below. */

size_t tls_take(struct tls_ends *ends, char *memory, size_t size)
{
        struct tls *tls = container_of(ends, struct tls, ends);
        size_t n = tls->kept.memory ? buffer_size(&tls->kept) : tls->in_size;

        if (n > size)
                n = size;
        if (tls->kept.memory) {
                memcpy(memory, buffer_data(&tls->kept), n);
                buffer_consume(&tls->kept, n);
                if (buffer_size(&tls->kept) == 0)
                        flow_give_back(&tls->lower->flow, &tls->kept);
        } else if (n > 0) {
                memcpy(memory, tls->in, n);
                tls->in += n;
                tls->in_size -= n;
        }
        tls->within += n;
        return n;
}

int tls_came(struct tls *tls, const void *data, size_t n)
{
        PyObject *self = Py_NewRef(tls_object(tls));
        int rc;

        tls->in = data;
        tls->in_size = n;
        rc = tls_step(tls);
        if (tls->in_size > 0 && tls_has_flow(tls) &&
            flow_keep(&tls->lower->flow, &tls->kept, tls->in, tls->in_size) < 0 && rc == 0) {
                PyErr_NoMemory();
                rc = -1;
        }
        tls->in = NULL;
        tls->in_size = 0;
        tls_direct_reading(tls);
        Py_DECREF(self);
        return rc;
}

void tls_direct_reading(struct tls *tls)
{
        bool is_wanted;

        if (!tls_has_flow(tls))
                return;
        if (tls->state == TLS_WRAPPED || tls->state == TLS_FLUSHING)
                is_wanted = !tls->is_paused && tls_unread(tls) == 0;
        else
                is_wanted = true;
        if (is_wanted)
                transport_resume_reading(tls->lower);
        else
                transport_pause_reading(tls->lower);
}
