/* The TLS transport's type. */
#include "tls.h"

#include "streams.h"

PyTypeObject *tls_type;

struct tls *tls_of_protocol(PyObject *protocol)
{
        return PyObject_TypeCheck(protocol, tls_type) ? tls_of(protocol) : NULL;
}

void tls_detach(struct tls *tls)
{
        if (tls->has_detached)
                return;
        tls->has_detached = true;
        eddy_handle_cancel(&tls->turn);
        eddy_handle_cancel(&tls->flush);
        tls->in_size = 0;
        if (!tls->lower)
                return;
        flow_give_back(&tls->lower->flow, &tls->kept);
        flow_give_back(&tls->lower->flow, &tls->plain);
        flow_give_back(&tls->lower->flow, &tls->out);
}

void tls_let_go(struct tls *tls)
{
        if (tls->raw)
                openssl_disconnect(tls->ssl);
        Py_CLEAR(tls->raw);
        Py_CLEAR(tls->object);
        Py_CLEAR(tls->context);
        Py_CLEAR(*subclass_extra_of(tls_object(tls)));
}

/* ------------------------------------------------------------------------------------------------
 * The type. */

/** SSLTransport(loop, protocol, context, object, incoming, outgoing, waiter, call_connection_made, handshake_timeout,
 * shutdown_timeout): NotImplementedError where asyncio.sslproto has to be used. */
static int init(PyObject *self, PyObject *args, PyObject *kwargs)
{
        struct tls *tls = tls_of(self);
        PyObject *loop, *protocol, *context, *object, *incoming, *outgoing, *waiter, *handshake, *shutdown,
            *result;
        int calls_made;

        (void)kwargs;
        if (!PyArg_ParseTuple(args, "O!OOOOOOpOO", loop_type, &loop, &protocol, &context, &object, &incoming,
                              &outgoing, &waiter, &calls_made, &handshake, &shutdown))
                return -1;
        if (tls->raw) {
                PyErr_SetString(PyExc_RuntimeError, "the transport's __init__() was called twice");
                return -1;
        }
        tls->is_closed = true; /* until it is a transport */
        tls->ends = (struct tls_ends){.take = tls_take, .put = tls_put};
        tls->raw = openssl_connect(object, incoming, outgoing, &tls->ends, &tls->ssl);
        if (!tls->raw)
                return -1;
        tls->object = Py_NewRef(object);
        *subclass_extra_of(self) = Py_BuildValue("{sO}", "sslcontext", context);
        result = *subclass_extra_of(self) ? tls_set_protocol(self, protocol) : NULL;
        if (!result)
                return -1;
        Py_DECREF(result);
        tls->turn.callback = tls_take_turn;
        tls->flush.callback = tls_flush_last;
        tls->turn.arg = tls->flush.arg = tls;
        tls->told = calls_made ? TLS_TOLD_NOTHING : TLS_TOLD_MADE;
        tls->high_water = TLS_HIGH_WATER * 1024;
        tls->low_water = tls->high_water / 4;
        tls->read_high_water = TLS_READ_HIGH_WATER * 1024;
        tls->read_low_water = tls->read_high_water / 4;
        tls->context = Py_NewRef(context);
        tls->waiter = waiter == Py_None ? NULL : Py_NewRef(waiter);
        tls->handshake_timeout = Py_NewRef(handshake);
        tls->shutdown_timeout = Py_NewRef(shutdown);
        tls->loop = (PyLoop *)Py_NewRef(loop);
        tls->stream = adopt_reader(tls->loop, protocol);
        tls->is_closed = false;
        return 0;
}

static int traverse(PyObject *self, visitproc visit, void *arg)
{
        struct tls *tls = tls_of(self);

        Py_VISIT(Py_TYPE(self));
        if (tls->lower)
                Py_VISIT(transport_object(tls->lower));
        Py_VISIT(tls->loop);
        Py_VISIT(tls->protocol);
        Py_VISIT(tls->stream);
        Py_VISIT(tls->context);
        Py_VISIT(tls->object);
        Py_VISIT(tls->raw);
        Py_VISIT(tls->waiter);
        Py_VISIT(tls->handshake_timeout);
        Py_VISIT(tls->shutdown_timeout);
        Py_VISIT(tls->timer);
        Py_VISIT(tls->dict);
        Py_VISIT(*subclass_extra_of(self));
        return 0;
}

static int clear(PyObject *self)
{
        struct tls *tls = tls_of(self);

        tls_detach(tls);
        tls_let_go(tls);
        tls->state = TLS_UNWRAPPED;
        if (tls->lower) {
                struct transport *lower = tls->lower;

                tls->lower = NULL;
                if (lower->tls == tls)
                        lower->tls = NULL;
                Py_DECREF(transport_object(lower));
        }
        Py_CLEAR(tls->loop);
        Py_CLEAR(tls->protocol);
        Py_CLEAR(tls->stream);
        Py_CLEAR(tls->waiter);
        Py_CLEAR(tls->handshake_timeout);
        Py_CLEAR(tls->shutdown_timeout);
        Py_CLEAR(tls->timer);
        Py_CLEAR(tls->dict);
        return 0;
}

static void finalize(PyObject *self)
{
        struct tls *tls = tls_of(self);
        PyObject *raised = exception_take(), *result;

        if (!tls->is_closed && tls->loop) {
                tls->is_closed = true;
                result = call_helper("warn_unclosed_tls", "()");
                if (!result)
                        PyErr_WriteUnraisable(self);
                Py_XDECREF(result);
        }
        exception_give(raised);
}

static void dealloc(PyObject *self)
{
        subclass_dealloc(self, &tls_of(self)->weak_references, clear);
}

static PyMemberDef members[] = {
    {"_loop", T_OBJECT, offsetof(struct tls, loop), READONLY, NULL},
    {"_app_protocol", T_OBJECT, offsetof(struct tls, protocol), READONLY, NULL},
    {"_sslcontext", T_OBJECT, offsetof(struct tls, context), READONLY, NULL},
    {"_sslobj", T_OBJECT, offsetof(struct tls, object), READONLY, NULL},
    {"_protocol_paused", T_BOOL, offsetof(struct tls, is_full), READONLY, NULL},
    {"_closed", T_BOOL, offsetof(struct tls, is_closed), READONLY, NULL},
    {"__dictoffset__", T_PYSSIZET, offsetof(struct tls, dict), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(struct tls, weak_references), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyObject *get_self(PyObject *self, void *unused)
{
        (void)unused;
        return Py_NewRef(self);
}

static PyObject *get_lower(PyObject *self, void *unused)
{
        struct transport *lower = tls_of(self)->lower;

        (void)unused;
        return Py_NewRef(lower ? transport_object(lower) : Py_None);
}

static PyGetSetDef properties[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {"_ssl_protocol", get_self, NULL, "In asyncio two objects; programs look beneath.", NULL},
    {"_app_transport", get_self, NULL, NULL, NULL},
    {"_transport", get_lower, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_init, init},         {Py_tp_dealloc, dealloc},   {Py_tp_finalize, finalize},
    {Py_tp_traverse, traverse}, {Py_tp_clear, clear},       {Py_tp_methods, tls_methods},
    {Py_tp_members, members},   {Py_tp_getset, properties}, {0, NULL},
};

int tls_add_type(PyObject *module)
{
        subclass_place(members);
        tls_type = subclass_create(module, "eddyloop._core.SSLTransport", PyTuple_Pack(1, imports.transport),
                                   slots, sizeof(struct tls));
        if (!tls_type || PyObject_SetAttrString((PyObject *)tls_type, "_start_tls_compatible", Py_True) < 0)
                return -1;
        return PyObject_SetAttrString((PyObject *)tls_type, "_sendfile_compatible", imports.sendfile_fallback);
}
