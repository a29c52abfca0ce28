/* How TLS begins. That is left to ssl.SSLObject, whose callbacks and exceptions are the ones that programs know. */
#include "tls.h"

int tls_fail_handshake(struct tls *tls)
{
        bool is_certificate = PyErr_ExceptionMatches(openssl_errors.certificate);
        PyObject *exception;
        int rc;

        if (!PyErr_ExceptionMatches(PyExc_Exception))
                return -1;
        exception = exception_take();
        tls_stop_timer(tls);
        tls_send(tls, true); /* which says why */
        tls->state = TLS_UNWRAPPED;
        exception_give(Py_NewRef(exception));
        rc = tls_fatal_error(tls, is_certificate ? "SSL handshake failed on verifying the certificate"
                                                 : "SSL handshake failed");
        if (rc == 0)
                rc = tls_wake_waiter(tls, exception);
        Py_DECREF(exception);
        return rc;
}

/** Note down what is known of the other side now: 0 or -1. */
static int note_peer(struct tls *tls)
{
        PyObject *result = call_helper("tls_note_peer", "(OO)", tls_object(tls), tls->object);

        Py_XDECREF(result);
        return result ? 0 : -1;
}

static int finish_handshake(struct tls *tls)
{
        PyObject *result;

        if (!tls_has_flow(tls))
                return 0;
        tls_stop_timer(tls);
        tls->state = TLS_WRAPPED;
        if (note_peer(tls) < 0)
                return tls_fail_handshake(tls);
        if (tls->told == TLS_TOLD_NOTHING) {
                tls->told = TLS_TOLD_MADE;
                result = call_protocol(tls->protocol, NULL, names.connection_made, tls_object(tls));
                Py_XDECREF(result);
                if (!result)
                        return -1;
        }
        if (tls_wake_waiter(tls, NULL) < 0)
                return -1;
        if (tls_flush(tls) < 0 && tls_fatal_error(tls, "Fatal error on SSL protocol") < 0)
                return -1;
        tls_send(tls, false);
        return tls_read(tls);
}

int tls_shake_hands(struct tls *tls)
{
        PyObject *result = PyObject_CallMethodNoArgs(tls->object, names.do_handshake);

        if (result) {
                Py_DECREF(result);
                return finish_handshake(tls);
        }
        if (tls_wants_more()) {
                tls_send(tls, false);
                return 0;
        }
        return PyErr_ExceptionMatches(openssl_errors.error) ? tls_fail_handshake(tls) : -1;
}

/** connection_made(transport): the transport below is there. */
PyObject *tls_connection_made(PyObject *self, PyObject *lower)
{
        struct tls *tls = tls_of(self);

        if (!PyObject_TypeCheck(lower, socket_transport_type))
                return PyErr_Format(PyExc_TypeError, "a transport of eddyloop's is needed, not %R", lower);
        if (tls->lower)
                return PyErr_Format(PyExc_RuntimeError, "TLS has a transport already");
        Py_INCREF(lower);
        tls->lower = transport_of(lower);
        tls->state = TLS_HANDSHAKE;
        if (tls_log_debug(tls, "starts SSL handshake") < 0 ||
            tls_start_timer(tls, tls->handshake_timeout, "_check_handshake_timeout") < 0 ||
            tls_shake_hands(tls) < 0)
                return NULL;
        Py_RETURN_NONE;
}

PyObject *tls_check_handshake_timeout(PyObject *self, PyObject *unused)
{
        struct tls *tls = tls_of(self);

        (void)unused;
        if (tls->state != TLS_HANDSHAKE)
                Py_RETURN_NONE;
        PyErr_Format(PyExc_ConnectionAbortedError,
                     "SSL handshake is taking longer than %S seconds: aborting the connection",
                     tls->handshake_timeout);
        if (tls_fatal_error(tls, "Fatal error on transport") < 0)
                return NULL;
        Py_RETURN_NONE;
}
