/* How TLS ends: by the program, by the other side, or with the transport below. */
#include "tls.h"

/** Both sides have said that nothing more comes: 0 or -1. */
static int finish_shutdown(struct tls *tls)
{
        tls_send(tls, false);
        if (tls_call_eof_received(tls) < 0)
                return -1;
        if (!tls->lower) {
                tls_stop_timer(tls);
                return 0;
        }
        /* What was written leaves before that closes, for which one that does not read is not waited for ever. */
        if (!tls->timer && tls_start_timer(tls, tls->shutdown_timeout, "_check_shutdown_timeout") < 0)
                return -1;
        return loop_call_method_soon(tls->loop, transport_object(tls->lower), names.close, NULL);
}

int tls_shut_down(struct tls *tls)
{
        PyObject *result = NULL;

        if (!tls->has_seen_eof) {
                result = PyObject_CallMethodNoArgs(tls->object, names.unwrap);
                if (!result && tls_wants_more()) {
                        tls_send(tls, false);
                        return 0;
                }
                if (!result && PyErr_ExceptionMatches(openssl_errors.error)) {
                        tls_stop_timer(tls);
                        return tls_fatal_error(tls, "Fatal error on transport");
                }
                if (!result)
                        return -1;
                Py_DECREF(result);
        }
        return finish_shutdown(tls);
}

int tls_flush_and_shut_down(struct tls *tls)
{
        do {
                if (tls_read(tls) < 0)
                        return -1;
        } while (tls->state == TLS_FLUSHING && !tls->is_paused && tls_has_more(tls));
        if (tls->state != TLS_FLUSHING || !tls_has_flow(tls))
                return 0;
        if (tls_flush(tls) < 0)
                return tls_fatal_error(tls, "Fatal error on SSL protocol");
        tls->state = TLS_SHUTDOWN;
        return tls_shut_down(tls);
}

int tls_start_shutdown(struct tls *tls)
{
        int rc;

        if (tls->state != TLS_HANDSHAKE && tls->state != TLS_WRAPPED)
                return 0;
        tls->is_closed = true;
        if (tls->state == TLS_HANDSHAKE) {
                tls_abort(tls, NULL);
                return 0;
        }
        tls->state = TLS_FLUSHING;
        rc = tls_start_timer(tls, tls->shutdown_timeout, "_check_shutdown_timeout");
        if (rc == 0)
                rc = tls_flush_and_shut_down(tls);
        tls_direct_reading(tls);
        return rc;
}

PyObject *tls_check_shutdown_timeout(PyObject *self, PyObject *unused)
{
        struct tls *tls = tls_of(self);
        PyObject *exception;

        (void)unused;
        if ((tls->state != TLS_FLUSHING && tls->state != TLS_SHUTDOWN) || !tls_has_flow(tls))
                Py_RETURN_NONE;
        exception = PyObject_CallFunction(openssl_errors.timeout, "s", "SSL shutdown timed out");
        if (!exception)
                return NULL;
        transport_force_close(tls->lower, exception);
        Py_DECREF(exception);
        Py_RETURN_NONE;
}

void tls_abort(struct tls *tls, PyObject *exception)
{
        tls->state = TLS_UNWRAPPED;
        if (tls_has_flow(tls))
                transport_force_close(tls->lower, exception ? exception : Py_None);
}

/** eof_received(): of the transport below. Whether that is to stay open. */
PyObject *tls_eof_received(PyObject *self, PyObject *unused)
{
        struct tls *tls = tls_of(self);
        int rc = tls_log_debug(tls, "received EOF");

        (void)unused;
        tls->has_seen_eof = true;
        if (rc == 0 && tls->state == TLS_HANDSHAKE) {
                PyErr_SetNone(PyExc_ConnectionResetError);
                rc = tls_fail_handshake(tls);
        } else if (rc == 0 && tls->state == TLS_WRAPPED) {
                tls->state = TLS_FLUSHING;
                if (tls->is_paused)
                        Py_RETURN_TRUE;
                rc = tls_flush_and_shut_down(tls);
        } else if (rc == 0 && tls->state == TLS_FLUSHING) {
                rc = tls_flush(tls);
                tls->state = TLS_SHUTDOWN;
                if (rc == 0)
                        rc = tls_shut_down(tls);
        } else if (rc == 0 && tls->state == TLS_SHUTDOWN) {
                rc = tls_shut_down(tls);
        }
        if (rc < 0)
                return NULL;
        Py_RETURN_NONE;
}

/** connection_lost(exception): of the transport below. */
PyObject *tls_connection_lost(PyObject *self, PyObject *exception)
{
        struct tls *tls = tls_of(self);
        int rc = 0;

        tls->is_closed = true;
        tls->writes_in_vain++;
        if (tls->state != TLS_HANDSHAKE && (tls->told == TLS_TOLD_MADE || tls->told == TLS_TOLD_EOF)) {
                tls->told = TLS_TOLD_LOST;
                rc = loop_call_method_soon(tls->loop, tls->protocol, names.connection_lost, exception);
        }
        tls->state = TLS_UNWRAPPED;
        tls_detach(tls);
        if (tls->lower) {
                Py_DECREF(transport_object(tls->lower));
                tls->lower = NULL;
        }
        Py_CLEAR(tls->protocol);
        Py_CLEAR(tls->stream);
        tls_stop_timer(tls);
        if (tls->is_done_with)
                tls_let_go(tls);
        if (rc < 0 || tls_wake_waiter(tls, exception == Py_None ? NULL : exception) < 0)
                return NULL;
        Py_RETURN_NONE;
}
