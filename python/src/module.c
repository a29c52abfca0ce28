/* eddyloop._core: what of an asyncio loop is hot, on eddy's callback level. */
#include "datagram.h"
#include "sock.h"
#include "streams.h"
#include "tls_openssl.h"

struct imports imports;
struct names names;

PyObject *exception_take(void)
{
#if PY_VERSION_HEX >= 0x030c0000
        return PyErr_GetRaisedException();
#else
        PyObject *type, *value, *traceback;

        PyErr_Fetch(&type, &value, &traceback);
        PyErr_NormalizeException(&type, &value, &traceback);
        if (value && traceback)
                PyException_SetTraceback(value, traceback);
        Py_XDECREF(type);
        Py_XDECREF(traceback);
        return value;
#endif
}

void exception_give(PyObject *exception)
{
        if (!exception)
                return;
#if PY_VERSION_HEX >= 0x030c0000
        PyErr_SetRaisedException(exception);
#else
        PyErr_Restore(Py_NewRef(Py_TYPE(exception)), exception, PyException_GetTraceback(exception));
#endif
}

PyObject *exception_of(int error)
{
        if (error <= -4000)
                return PyObject_CallFunction(PyExc_RuntimeError, "s", eddy_strerror(error));
        return PyObject_CallFunction(PyExc_OSError, "is", -error, strerror(-error));
}

void *raise_error(ssize_t error)
{
        PyObject *exception;

        if (error == -ENOMEM)
                return PyErr_NoMemory();
        exception = exception_of((int)error);
        exception_give(exception);
        return NULL;
}

PyObject *referent(PyObject *reference)
{
        PyObject *object = NULL;

        if (!reference)
                return NULL;
#if PY_VERSION_HEX >= 0x030d0000
        if (PyWeakref_GetRef(reference, &object) < 0)
                PyErr_Clear();
#else
        object = PyWeakref_GetObject(reference);
        if (object == Py_None)
                return NULL;
        Py_XINCREF(object);
#endif
        return object;
}

bool refers_to(PyObject *reference, const PyObject *object)
{
        PyObject *found = referent(reference);

        Py_XDECREF(found);
        return found && found == object;
}

PyObject *call_helper(const char *name, const char *format, ...)
{
        PyObject *function = PyObject_GetAttrString(imports.helpers, name), *args = NULL, *result = NULL;
        va_list list;

        if (function) {
                va_start(list, format);
                args = Py_VaBuildValue(format, list);
                va_end(list);
        }
        if (args)
                result = PyObject_CallObject(function, args);
        Py_XDECREF(args);
        Py_XDECREF(function);
        return result;
}

static int intern(void)
{
        const struct {
                PyObject **name;
                const char *text;
        } wanted[] = {
            {&names.context, "context"},
            {&names.data_received, "data_received"},
            {&names.eof_received, "eof_received"},
            {&names.get_buffer, "get_buffer"},
            {&names.buffer_updated, "buffer_updated"},
            {&names.connection_made, "connection_made"},
            {&names.connection_lost, "connection_lost"},
            {&names.pause_writing, "pause_writing"},
            {&names.resume_writing, "resume_writing"},
            {&names.close, "close"},
            {&names.fileno, "fileno"},
            {&names.socket, "socket"},
            {&names.sockname, "sockname"},
            {&names.peername, "peername"},
            {&names.call_connection_lost, "_call_connection_lost"},
            {&names.start_reading, "_start_reading"},
            {&names.state, "_eddyloop"},
            {&names.paused, "_paused"},
            {&names.transport, "_transport"},
            {&names.n, "n"},
            {&names.separator, "separator"},
            {&names.create_future, "create_future"},
            {&names.cancelled, "cancelled"},
            {&names.set_result, "set_result"},
            {&names.resume_reading, "resume_reading"},
            {&names.pause_reading, "pause_reading"},
            {&names.throw, "throw"},
            {&names.protocol, "_protocol"},
            {&names.reader, "_reader"},
            {&names.is_connection_lost, "_connection_lost"},
            {&names.stream_reader_wr, "_stream_reader_wr"},
            {&names.feed_data, "feed_data"},
            {&names.is_closing, "is_closing"},
            {&names.write, "write"},
            {&names.datagram_received, "datagram_received"},
            {&names.error_received, "error_received"},
            {&names.future_blocking, "_asyncio_future_blocking"},
            {&names.do_handshake, "do_handshake"},
            {&names.unwrap, "unwrap"},
        };

        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
                if (!(*wanted[i].name = PyUnicode_InternFromString(wanted[i].text)))
                        return -1;
        return 0;
}

static int import(void)
{
        const struct {
                PyObject **object;
                const char *module, *name;
        } wanted[] = {
            {&imports.transport, "asyncio.transports", "_FlowControlMixin"},
            {&imports.datagram_transport, "asyncio", "DatagramTransport"},
            {&imports.read_transport, "asyncio", "ReadTransport"},
            {&imports.write_transport, "asyncio", "WriteTransport"},
            {&imports.handle, "asyncio", "Handle"},
            {&imports.timer_handle, "asyncio", "TimerHandle"},
            {&imports.buffered_protocol, "asyncio", "BufferedProtocol"},
            {&imports.future, "asyncio", "Future"},
            {&imports.invalid_state_error, "asyncio", "InvalidStateError"},
            {&imports.stream_reader, "asyncio.streams", "StreamReader"},
            {&imports.stream_writer, "asyncio.streams", "StreamWriter"},
            {&imports.stream_reader_protocol, "asyncio.streams", "StreamReaderProtocol"},
            {&imports.stock_loop, "asyncio", "SelectorEventLoop"},
            {&imports.socket, "socket", "socket"},
            {&imports.transport_socket, "asyncio.trsock", "TransportSocket"},
        };

        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
                PyObject *module = PyImport_ImportModule(wanted[i].module);

                *wanted[i].object = module ? PyObject_GetAttrString(module, wanted[i].name) : NULL;
                Py_XDECREF(module);
                if (!*wanted[i].object)
                        return -1;
        }
        imports.empty_tuple = PyTuple_New(0);
        imports.future_set_result = PyObject_GetAttr(imports.future, names.set_result);
        imports.newline = PyBytes_FromString("\n");
        imports.helpers = PyImport_ImportModule("eddyloop._helpers");
        if (!imports.helpers)
                return -1;
        imports.try_native = PyObject_GetAttrString(imports.helpers, "TRY_NATIVE");
        imports.sendfile_fallback = PyObject_GetAttrString(imports.helpers, "FALLBACK");
        imports.has_thread_safe_handles = PyObject_HasAttrString(imports.helpers, "thread_safe_handle");
        return imports.empty_tuple && imports.future_set_result && imports.newline && imports.try_native &&
                       imports.sendfile_fallback
                   ? 0
                   : -1;
}

/** What asyncio does with datagrams differs between its versions. */
static int learn_of_datagrams(void)
{
        PyObject *rules = call_helper("datagram_rules", "()");
        Py_ssize_t header;
        int sends_empty;

        if (!rules || !PyArg_ParseTuple(rules, "pn", &sends_empty, &header)) {
                Py_XDECREF(rules);
                return -1;
        }
        imports.sends_empty_datagrams = sends_empty;
        imports.datagram_header = (size_t)header;
        Py_DECREF(rules);
        return 0;
}

static int exec_module(PyObject *module)
{
        static bool has_begun;

        if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
                PyErr_SetString(PyExc_ImportError, "eddyloop cannot be used in a subinterpreter");
                return -1;
        }
        /* What there is of it is used by loops that were made before. */
        if (has_begun) {
                PyErr_SetString(PyExc_ImportError,
                                "eddyloop._core was imported before: keep the module that there was");
                return -1;
        }
        has_begun = true;
        if (intern() < 0 || import() < 0 || learn_of_datagrams() < 0)
                return -1;
        if (PyModule_AddStringConstant(module, "__version__", EDDY_VERSION) < 0)
                return -1;
        if (subclass_prepare() < 0 || handle_add_types(module) < 0 || loop_add_type(module) < 0)
                return -1;
        if (sock_add_types(module) < 0 || datagram_add_type(module) < 0 || accept_add_type(module) < 0)
                return -1;
        if (transport_add_type(module) < 0 || tls_add_type(module) < 0 || coroutine_add_type(module) < 0)
                return -1;
        if (stream_reader_add_type(module) < 0 || stream_writer_add_type(module) < 0)
                return -1;
        return adopt_prepare();
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)exec_module},
    {0, NULL},
};

static PyMethodDef functions[] = {
    {"_find_openssl", openssl_find, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "eddyloop._core",
    .m_methods = functions,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__core(void);

PyMODINIT_FUNC PyInit__core(void)
{
        return PyModuleDef_Init(&definition);
}
