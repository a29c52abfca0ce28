/* What programs call a TLS transport for, but for writing (tls_write.c). */
#include "tls.h"

#include "streams.h"

static PyObject *set_read_limits(PyObject *self, PyObject *args, PyObject *kwargs)
{
        struct tls *tls = tls_of(self);

        if (take_limits(args, kwargs, TLS_READ_HIGH_WATER, &tls->read_high_water, &tls->read_low_water) < 0)
                return NULL;
        Py_RETURN_NONE;
}

static PyObject *get_read_limits(PyObject *self, PyObject *unused)
{
        const struct tls *tls = tls_of(self);

        (void)unused;
        return Py_BuildValue("(nn)", (Py_ssize_t)tls->read_low_water, (Py_ssize_t)tls->read_high_water);
}

static PyObject *get_read_size(PyObject *self, PyObject *unused)
{
        (void)unused;
        return PyLong_FromSize_t(tls_unread(tls_of(self)));
}

/** 0, or -1 with RuntimeError where another thread runs its loop. */
static int check_here(const struct tls *tls)
{
        return tls_has_flow(tls) ? loop_check_here(tls->loop) : 0;
}

static PyObject *pause_reading(PyObject *self, PyObject *unused)
{
        struct tls *tls = tls_of(self);

        (void)unused;
        if (check_here(tls) < 0)
                return NULL;
        tls->is_paused = true;
        tls_direct_reading(tls);
        Py_RETURN_NONE;
}

static PyObject *resume_reading(PyObject *self, PyObject *unused)
{
        struct tls *tls = tls_of(self);

        (void)unused;
        if (check_here(tls) < 0)
                return NULL;
        if (tls->is_paused) {
                tls->is_paused = false;
                tls_take_turn_later(tls); /* in which it is seen whether more is to come */
        }
        Py_RETURN_NONE;
}

static PyObject *is_reading(PyObject *self, PyObject *unused)
{
        (void)unused;
        return PyBool_FromLong(!tls_of(self)->is_paused);
}

static PyObject *is_closing(PyObject *self, PyObject *unused)
{
        (void)unused;
        return PyBool_FromLong(tls_of(self)->is_closed);
}

/** Whether it is for another thread to end it: the loop's. */
static bool is_elsewhere(const struct tls *tls)
{
        return tls_has_flow(tls) && !loop_is_here(tls->loop);
}

static PyObject *close_transport(PyObject *self, PyObject *unused)
{
        static PyMethodDef there = {"close", close_transport, METH_NOARGS, NULL};
        struct tls *tls = tls_of(self);

        (void)unused;
        if (is_elsewhere(tls))
                return loop_call_there(tls->loop, &there, self, NULL);
        if (!tls->is_closed) {
                tls->is_closed = true;
                if (tls_start_shutdown(tls) < 0)
                        return NULL;
                Py_RETURN_NONE;
        }
        /* Who closes what is closed is done with it, and nothing is left for the collector: protocol and transport know each other. */
        tls->is_done_with = true;
        if (tls->told == TLS_TOLD_LOST)
                tls_let_go(tls);
        Py_RETURN_NONE;
}

static PyObject *force_close(PyObject *self, PyObject *exception)
{
        static PyMethodDef there = {"_force_close", force_close, METH_O, NULL};
        struct tls *tls = tls_of(self);

        if (is_elsewhere(tls))
                return loop_call_there(tls->loop, &there, self, exception);
        if (tls->state == TLS_WRAPPED && tls_flush(tls) < 0 &&
            tls_fatal_error(tls, "Fatal error on SSL protocol") < 0)
                return NULL;
        tls->is_closed = true;
        tls_abort(tls, exception);
        Py_RETURN_NONE;
}

static PyObject *abort_transport(PyObject *self, PyObject *unused)
{
        (void)unused;
        return force_close(self, Py_None);
}

static PyObject *write_eof(PyObject *self, PyObject *unused)
{
        (void)self, (void)unused;
        PyErr_SetNone(PyExc_NotImplementedError);
        return NULL;
}

static PyObject *can_write_eof(PyObject *self, PyObject *unused)
{
        (void)self, (void)unused;
        Py_RETURN_FALSE;
}

static PyObject *get_protocol(PyObject *self, PyObject *unused)
{
        PyObject *protocol = tls_of(self)->protocol;

        (void)unused;
        return Py_NewRef(protocol ? protocol : Py_None);
}

PyObject *tls_set_protocol(PyObject *self, PyObject *protocol)
{
        struct tls *tls = tls_of(self);
        int is_buffered = PyObject_IsInstance(protocol, imports.buffered_protocol);

        if (is_buffered < 0)
                return NULL;
        Py_XSETREF(tls->protocol, Py_NewRef(protocol));
        Py_XSETREF(tls->stream, tls->loop ? adopt_reader(tls->loop, protocol) : NULL);
        tls->is_buffered = is_buffered;
        Py_RETURN_NONE;
}

static PyObject *get_extra_info(PyObject *self, PyObject *args, PyObject *kwargs)
{
        static char *keywords[] = {"name", "default", NULL};
        PyObject *name, *missing = Py_None, *found;

        if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O", keywords, &name, &missing))
                return NULL;
        found = *subclass_extra_of(self) ? PyDict_GetItemWithError(*subclass_extra_of(self), name) : NULL;
        if (found)
                return Py_NewRef(found);
        if (PyErr_Occurred())
                return NULL;
        if (tls_of(self)->lower)
                return PyObject_CallMethod(transport_object(tls_of(self)->lower), "get_extra_info", "OO", name,
                                           missing);
        return Py_NewRef(missing);
}

/** What came before TLS was begun, and is a part of it. */
static PyObject *feed(PyObject *self, PyObject *data)
{
        struct tls *tls = tls_of(self);
        Py_buffer view;
        int rc;

        if (!tls_has_flow(tls))
                Py_RETURN_NONE;
        if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0)
                return NULL;
        rc = tls_came(tls, view.buf, (size_t)view.len);
        PyBuffer_Release(&view);
        if (rc < 0)
                return NULL;
        Py_RETURN_NONE;
}

PyMethodDef tls_methods[] = {
    {"write", tls_write, METH_O, NULL},
    {"writelines", tls_writelines, METH_O, NULL},
    {"write_eof", write_eof, METH_NOARGS, NULL},
    {"can_write_eof", can_write_eof, METH_NOARGS, NULL},
    {"get_write_buffer_size", tls_get_size, METH_NOARGS, NULL},
    {"get_write_buffer_limits", tls_get_limits, METH_NOARGS, NULL},
    {"set_write_buffer_limits", (PyCFunction)(void *)tls_set_limits, METH_VARARGS | METH_KEYWORDS, NULL},
    {"get_read_buffer_size", get_read_size, METH_NOARGS, NULL},
    {"get_read_buffer_limits", get_read_limits, METH_NOARGS, NULL},
    {"set_read_buffer_limits", (PyCFunction)(void *)set_read_limits, METH_VARARGS | METH_KEYWORDS, NULL},
    {"pause_reading", pause_reading, METH_NOARGS, NULL},
    {"resume_reading", resume_reading, METH_NOARGS, NULL},
    {"is_reading", is_reading, METH_NOARGS, NULL},
    {"close", close_transport, METH_NOARGS, NULL},
    {"abort", abort_transport, METH_NOARGS, NULL},
    {"is_closing", is_closing, METH_NOARGS, NULL},
    {"get_protocol", get_protocol, METH_NOARGS, NULL},
    {"set_protocol", tls_set_protocol, METH_O, NULL},
    {"get_extra_info", (PyCFunction)(void *)get_extra_info, METH_VARARGS | METH_KEYWORDS, NULL},
    {"_force_close", force_close, METH_O, NULL},
    {"_feed", feed, METH_O, NULL},
    /* As a protocol, of the transport below. */
    {"connection_made", tls_connection_made, METH_O, NULL},
    {"connection_lost", tls_connection_lost, METH_O, NULL},
    {"eof_received", tls_eof_received, METH_NOARGS, NULL},
    {"pause_writing", tls_pause_writing, METH_NOARGS, NULL},
    {"resume_writing", tls_resume_writing, METH_NOARGS, NULL},
    {"_check_handshake_timeout", tls_check_handshake_timeout, METH_NOARGS, NULL},
    {"_check_shutdown_timeout", tls_check_shutdown_timeout, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};
