/* What TLS does when: asyncio.sslproto's states, in its order and with its messages. */
#include "tls.h"

int tls_log_debug(struct tls *tls, const char *what)
{
        PyObject *result;

        if (!tls->loop->is_debug)
                return 0;
        result = call_helper("tls_debug", "(Os)", tls_object(tls), what);
        Py_XDECREF(result);
        return result ? 0 : -1;
}

int tls_wake_waiter(struct tls *tls, PyObject *exception)
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

/** A handle that may be of somebody's who has a call_later() of his own. */
static void cancel(PyObject *handle)
{
        PyObject *raised, *result;

        if (Py_IS_TYPE(handle, timer_handle_type)) {
                handle_cancel(handle);
                return;
        }
        raised = exception_take();
        result = PyObject_CallMethod(handle, "cancel", NULL);
        if (!result)
                PyErr_WriteUnraisable(handle);
        Py_XDECREF(result);
        exception_give(raised);
}

void tls_stop_timer(struct tls *tls)
{
        PyObject *timer = tls->timer;

        tls->timer = NULL;
        if (timer)
                cancel(timer);
        Py_XDECREF(timer);
}

int tls_start_timer(struct tls *tls, PyObject *seconds, const char *method)
{
        PyObject *callback = PyObject_GetAttrString(tls_object(tls), method);

        tls_stop_timer(tls);
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

bool tls_wants_more(void)
{
        bool wants =
            PyErr_ExceptionMatches(openssl_errors.want_read) || PyErr_ExceptionMatches(openssl_errors.syscall);

        if (wants)
                PyErr_Clear();
        return wants;
}

/* ------------------------------------------------------------------------------------------------
 * Turns. */

int tls_step(struct tls *tls)
{
        if (!tls_has_flow(tls))
                return 0;
        switch (tls->state) {
        case TLS_HANDSHAKE:
                return tls_shake_hands(tls);
        case TLS_WRAPPED:
                return tls_read(tls);
        case TLS_FLUSHING:
                return tls_flush_and_shut_down(tls);
        case TLS_SHUTDOWN:
                return tls_shut_down(tls);
        default:
                return 0;
        }
}

void tls_take_turn_later(struct tls *tls)
{
        if (tls_has_flow(tls) && !list_is_linked(&tls->turn.link))
                loop_schedule(tls->lower->flow.loop, &tls->turn);
}

static int take_turn(void *arg)
{
        struct tls *tls = arg;
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

        if (tls_has_flow(tls)) {
                lower = Py_NewRef(transport_object(tls->lower));
                context = tls->lower->context;
                rc = context ? run_in_context(context, take_turn, tls) : take_turn(tls);
                if (rc < 0)
                        transport_fail(transport_of(lower),
                                       "Fatal error: protocol.buffer_updated() call failed.");
                Py_DECREF(lower);
        }
        Py_DECREF(self);
}
