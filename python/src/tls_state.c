/* What TLS does when: asyncio.sslproto's states, in its order and with its messages. Handshakes and ends are left to ssl.SSLObject, whose
 * callbacks and exceptions are the ones that programs know. */
#include "tls.h"

/** In debug mode: a line for the log. */
static int log_debug(struct tls *tls, const char *what)
{
        PyObject *result;

        if (!tls->loop->is_debug)
                return 0;
        result = call_helper("tls_debug", "(Os)", tls_object(tls), what);
        Py_XDECREF(result);
        return result ? 0 : -1;
}

/** Tell who waits for the handshake: 0 or -1. */
static int wake_waiter(struct tls *tls, PyObject *exception)
{
        PyObject *waiter = tls->waiter, *result;

        if (!waiter)
                return 0;
        tls->waiter = NULL;
        result = call_helper("tls_wake", "(OO)", waiter, exception ? exception : Py_None);
        Py_DECREF(waiter);
        Py_XDECREF(result);
        return result ? 0 : -1;
}

static void stop_timer(struct tls *tls)
{
        PyObject *timer = tls->timer;

        tls->timer = NULL;
        if (timer)
                handle_cancel(timer);
        Py_XDECREF(timer);
}

/** Have a method called in so many seconds: 0 or -1. */
static int start_timer(struct tls *tls, PyObject *seconds, const char *method)
{
        PyObject *callback = PyObject_GetAttrString(tls_object(tls), method);

        stop_timer(tls);
        if (callback)
                tls->timer = PyObject_CallMethod((PyObject *)tls->loop, "call_later", "OO", seconds, callback);
        Py_XDECREF(callback);
        return tls->timer ? 0 : -1;
}

int tls_fatal_error(struct tls *tls, const char *message)
{
        PyObject *exception, *lower, *result;

        if (!PyErr_ExceptionMatches(PyExc_Exception))
                return -1;
        exception = exception_take();
        lower = tls->lower ? Py_NewRef(transport_object(tls->lower)) : Py_NewRef(Py_None);
        if (tls_has_flow(tls))
                transport_force_close(tls->lower, exception);
        result = call_helper("fatal_error", "(OOOOs)", tls->loop, lower, tls_object(tls), exception, message);
        Py_DECREF(lower);
        Py_DECREF(exception);
        Py_XDECREF(result);
        return result ? 0 : -1;
}

void tls_raise(struct tls *tls)
{
        /* OpenSSL fails again, and what it failed with is still there for _ssl to find. */
        PyObject *result = PyObject_CallMethod(tls->raw, "read", "i", 1);

        if (!result)
                return;
        Py_DECREF(result);
        PyErr_SetString(openssl_errors.error, "TLS has failed");
}

int tls_call_eof_received(struct tls *tls)
{
        PyObject *result;
        int keeps = -1;

        if (tls->told != TLS_TOLD_MADE || !tls->protocol)
                return 0;
        tls->told = TLS_TOLD_EOF;
        result = call_protocol(tls->protocol, NULL, names.eof_received, NULL);
        if (result)
                keeps = PyObject_IsTrue(result);
        Py_XDECREF(result);
        if (keeps > 0) {
                result = call_helper("warn_of_keeping_open", "()");
                Py_XDECREF(result);
                keeps = result ? 0 : -1;
        }
        return keeps < 0 ? tls_fatal_error(tls, "Error calling eof_received()") : 0;
}

/* ------------------------------------------------------------------------------------------------
 * The handshake. */

/** It has failed, by the exception that is set: 0 or -1. */
static int fail_handshake(struct tls *tls)
{
        bool is_certificate = PyErr_ExceptionMatches(openssl_errors.certificate);
        PyObject *exception;
        int rc;

        if (!PyErr_ExceptionMatches(PyExc_Exception))
                return -1;
        exception = exception_take();
        stop_timer(tls);
        tls_send(tls, true); /* which says why */
        tls->state = TLS_UNWRAPPED;
        exception_give(Py_NewRef(exception));
        rc = tls_fatal_error(tls, is_certificate ? "SSL handshake failed on verifying the certificate"
                                                 : "SSL handshake failed");
        if (rc == 0)
                rc = wake_waiter(tls, exception);
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
        stop_timer(tls);
        tls->state = TLS_WRAPPED;
        if (note_peer(tls) < 0)
                return fail_handshake(tls);
        if (tls->told == TLS_TOLD_NOTHING) {
                tls->told = TLS_TOLD_MADE;
                result = call_protocol(tls->protocol, NULL, names.connection_made, tls_object(tls));
                Py_XDECREF(result);
                if (!result)
                        return -1;
        }
        if (wake_waiter(tls, NULL) < 0)
                return -1;
        if (tls_flush(tls) < 0 && tls_fatal_error(tls, "Fatal error on SSL protocol") < 0)
                return -1;
        tls_send(tls, false);
        return tls_read(tls);
}

/** Whether the exception that is set says only that more has to come; it is cleared then. */
static bool wants_more(void)
{
        bool wants = PyErr_ExceptionMatches(openssl_errors.want_read) || PyErr_ExceptionMatches(openssl_errors.syscall);

        if (wants)
                PyErr_Clear();
        return wants;
}

static int shake_hands(struct tls *tls)
{
        PyObject *result = PyObject_CallMethodNoArgs(tls->object, names.do_handshake);

        if (result) {
                Py_DECREF(result);
                return finish_handshake(tls);
        }
        if (wants_more()) {
                tls_send(tls, false);
                return 0;
        }
        return PyErr_ExceptionMatches(openssl_errors.error) ? fail_handshake(tls) : -1;
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
        if (log_debug(tls, "starts SSL handshake") < 0 ||
            start_timer(tls, tls->handshake_timeout, "_check_handshake_timeout") < 0 || shake_hands(tls) < 0)
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
                     "SSL handshake is taking longer than %S seconds: aborting the connection", tls->handshake_timeout);
        if (tls_fatal_error(tls, "Fatal error on transport") < 0)
                return NULL;
        Py_RETURN_NONE;
}

/* ------------------------------------------------------------------------------------------------
 * Closing. */

/** Both sides have said that nothing more comes: 0 or -1. */
static int finish_shutdown(struct tls *tls)
{
        PyObject *close;
        int rc;

        tls_send(tls, false);
        if (tls_call_eof_received(tls) < 0)
                return -1;
        stop_timer(tls);
        if (!tls->lower)
                return 0;
        close = PyObject_GetAttr(transport_object(tls->lower), names.close);
        rc = loop_call_soon(tls->loop, close, Py_NewRef(imports.empty_tuple));
        Py_XDECREF(close);
        return rc;
}

static int shut_down(struct tls *tls)
{
        PyObject *result = NULL;

        if (!tls->has_seen_eof) {
                result = PyObject_CallMethodNoArgs(tls->object, names.unwrap);
                if (!result && wants_more()) {
                        tls_send(tls, false);
                        return 0;
                }
                if (!result && PyErr_ExceptionMatches(openssl_errors.error)) {
                        stop_timer(tls);
                        return tls_fatal_error(tls, "Fatal error on transport");
                }
                if (!result)
                        return -1;
                Py_DECREF(result);
        }
        return finish_shutdown(tls);
}

/** Show what has come, send what was written, and then say that it was all: 0 or -1. */
static int flush_and_shut_down(struct tls *tls)
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
        return shut_down(tls);
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
        rc = start_timer(tls, tls->shutdown_timeout, "_check_shutdown_timeout");
        if (rc == 0)
                rc = flush_and_shut_down(tls);
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
        int rc = log_debug(tls, "received EOF");

        (void)unused;
        tls->has_seen_eof = true;
        if (rc == 0 && tls->state == TLS_HANDSHAKE) {
                PyErr_SetNone(PyExc_ConnectionResetError);
                rc = fail_handshake(tls);
        } else if (rc == 0 && tls->state == TLS_WRAPPED) {
                tls->state = TLS_FLUSHING;
                if (tls->is_paused)
                        Py_RETURN_TRUE;
                rc = flush_and_shut_down(tls);
        } else if (rc == 0 && tls->state == TLS_FLUSHING) {
                rc = tls_flush(tls);
                tls->state = TLS_SHUTDOWN;
                if (rc == 0)
                        rc = shut_down(tls);
        } else if (rc == 0 && tls->state == TLS_SHUTDOWN) {
                rc = shut_down(tls);
        }
        if (rc < 0)
                return NULL;
        Py_RETURN_NONE;
}

/** connection_lost(exception): of the transport below. */
PyObject *tls_connection_lost(PyObject *self, PyObject *exception)
{
        struct tls *tls = tls_of(self);
        PyObject *callback;
        int rc = 0;

        tls->is_closed = true;
        tls->writes_in_vain++;
        if (tls->state != TLS_HANDSHAKE && (tls->told == TLS_TOLD_MADE || tls->told == TLS_TOLD_EOF)) {
                tls->told = TLS_TOLD_LOST;
                callback = PyObject_GetAttr(tls->protocol, names.connection_lost);
                rc = loop_call_soon(tls->loop, callback, PyTuple_Pack(1, exception));
                Py_XDECREF(callback);
        }
        tls->state = TLS_UNWRAPPED;
        tls_detach(tls);
        if (tls->lower) {
                Py_DECREF(transport_object(tls->lower));
                tls->lower = NULL;
        }
        Py_CLEAR(tls->protocol);
        stop_timer(tls);
        if (tls->is_done_with)
                tls_let_go(tls);
        if (rc < 0 || wake_waiter(tls, exception == Py_None ? NULL : exception) < 0)
                return NULL;
        Py_RETURN_NONE;
}

/* ------------------------------------------------------------------------------------------------
 * Turns. */

int tls_step(struct tls *tls)
{
        if (!tls_has_flow(tls))
                return 0;
        switch (tls->state) {
        case TLS_HANDSHAKE:
                return shake_hands(tls);
        case TLS_WRAPPED:
                return tls_read(tls);
        case TLS_FLUSHING:
                return flush_and_shut_down(tls);
        case TLS_SHUTDOWN:
                return shut_down(tls);
        default:
                return 0;
        }
}

void tls_take_turn_later(struct tls *tls)
{
        if (tls_has_flow(tls) && !list_is_linked(&tls->turn.link))
                loop_schedule(tls->lower->flow.loop, &tls->turn);
}

static int take_turn(struct tls *tls)
{
        int rc = tls_heed_lower_mark(tls);

        if (rc == 0 && !tls->is_paused && tls->state != TLS_HANDSHAKE)
                rc = tls_step(tls);
        tls_direct_reading(tls);
        return rc;
}

void tls_take_turn(void *arg)
{
        struct tls *tls = arg;
        PyObject *self = Py_NewRef(tls_object(tls)), *lower, *context;
        int rc;

        if (!tls_has_flow(tls)) {
                Py_DECREF(self);
                return;
        }
        lower = Py_NewRef(transport_object(tls->lower));
        context = Py_XNewRef(tls->lower->context);
        rc = context ? PyContext_Enter(context) : 0;
        if (rc == 0) {
                rc = take_turn(tls);
                if (context && PyContext_Exit(context) < 0)
                        rc = -1;
        }
        if (rc < 0)
                transport_fail(transport_of(lower), "Fatal error: protocol.buffer_updated() call failed.");
        Py_XDECREF(context);
        Py_DECREF(lower);
        Py_DECREF(self);
}
