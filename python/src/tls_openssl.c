#include "tls_openssl.h"

#include <dlfcn.h>

struct openssl openssl;
struct openssl_errors openssl_errors;

static BIO_METHOD *method;
static PyTypeObject *ssl_socket_type; /* _ssl._SSLSocket */
static PyTypeObject *memory_bio_type;

enum {
        BIO_TYPE_SOURCE_SINK = 0x0400,
        BIO_CTRL_FLUSH = 11,
        BIO_FLAGS_READ = 1,
        BIO_FLAGS_SHOULD_RETRY = 8,
        BIO_RETRY_FLAGS = 15,
};

/* ------------------------------------------------------------------------------------------------
 * The BIO. */

static int take(BIO *bio, char *memory, size_t size, size_t *got)
{
        struct tls_ends *ends = openssl.BIO_get_data(bio);

        openssl.BIO_clear_flags(bio, BIO_RETRY_FLAGS);
        *got = ends ? ends->take(ends, memory, size) : 0;
        if (*got > 0)
                return 1;
        openssl.BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
        return 0;
}

static int put(BIO *bio, const char *data, size_t n, size_t *written)
{
        struct tls_ends *ends = openssl.BIO_get_data(bio);

        openssl.BIO_clear_flags(bio, BIO_RETRY_FLAGS);
        *written = n;
        return ends && ends->put(ends, data, n);
}

static long control(BIO *bio, int what, long number, void *pointer)
{
        (void)bio, (void)number, (void)pointer;
        return what == BIO_CTRL_FLUSH;
}

static int make_method(void)
{
        method = openssl.BIO_meth_new(BIO_TYPE_SOURCE_SINK, "eddyloop");
        return method && openssl.BIO_meth_set_read_ex(method, take) &&
                       openssl.BIO_meth_set_write_ex(method, put) && openssl.BIO_meth_set_ctrl(method, control)
                   ? 0
                   : -1;
}

/* ------------------------------------------------------------------------------------------------
 * The functions. */

static const struct {
        const char *name;
        size_t offset;
} wanted[] = {
#define FUNCTION(name)                                                                                         \
        {                                                                                                      \
#name, offsetof(struct openssl, name)                                                          \
        }
    FUNCTION(SSL_read_ex),           FUNCTION(SSL_write_ex),      FUNCTION(SSL_get_error),
    FUNCTION(SSL_pending),           FUNCTION(SSL_set_bio),       FUNCTION(SSL_get_rbio),
    FUNCTION(SSL_get_wbio),          FUNCTION(ERR_peek_error),    FUNCTION(ERR_clear_error),
    FUNCTION(OpenSSL_version_num),   FUNCTION(BIO_meth_new),      FUNCTION(BIO_meth_set_read_ex),
    FUNCTION(BIO_meth_set_write_ex), FUNCTION(BIO_meth_set_ctrl), FUNCTION(BIO_new),
    FUNCTION(BIO_set_data),          FUNCTION(BIO_get_data),      FUNCTION(BIO_set_init),
    FUNCTION(BIO_set_flags),         FUNCTION(BIO_clear_flags),
#undef FUNCTION
};

/** Fill in the functions that a library, or one that it is linked to, has: NULL, or the name of one that cannot be used. Where the
 * program as a whole has another one of the name, that would be _ssl's. */
static const char *find_functions(void *library)
{
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
                void *found = dlsym(library, wanted[i].name);
                void *global = dlsym(RTLD_DEFAULT, wanted[i].name);

                if (!found || (global && global != found))
                        return wanted[i].name;
                memcpy((char *)&openssl + wanted[i].offset, &found, sizeof found);
        }
        return NULL;
}

/** 0, or -1 with an exception. */
static int find_errors(void)
{
        const struct {
                PyObject **error;
                const char *module, *name;
        } errors[] = {
            {&openssl_errors.error, "ssl", "SSLError"},
            {&openssl_errors.want_read, "ssl", "SSLWantReadError"},
            {&openssl_errors.syscall, "ssl", "SSLSyscallError"},
            {&openssl_errors.certificate, "ssl", "CertificateError"},
            {&openssl_errors.timeout, "asyncio", "TimeoutError"},
        };

        for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
                PyObject *found = PyImport_ImportModule(errors[i].module);

                if (found)
                        Py_SETREF(found, PyObject_GetAttrString(found, errors[i].name));
                if (!found)
                        return -1;
                Py_XSETREF(*errors[i].error, found);
        }
        return 0;
}

static PyObject *refuse(const char *reason)
{
        return PyUnicode_FromString(reason);
}

PyObject *openssl_find(PyObject *module, PyObject *args)
{
        PyObject *ssl_socket, *memory_bio;
        const char *path, *missing;
        unsigned long version;
        void *library;

        (void)module;
        if (!PyArg_ParseTuple(args, "skOO", &path, &version, &ssl_socket, &memory_bio))
                return NULL;
        if (!PyType_Check(ssl_socket) || !PyType_Check(memory_bio))
                return refuse("_ssl is not what it was");
        if (method)
                Py_RETURN_NONE;
        library = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
        if (!library)
                return refuse("_ssl is no library that is loaded");
        missing = find_functions(library);
        if (missing)
                return PyUnicode_FromFormat("%s cannot be found as _ssl does", missing);
        /* The library stays open, which has it stay loaded. */
        if (openssl.OpenSSL_version_num() != version)
                return refuse("the OpenSSL that was found is not _ssl's");
        if (find_errors() < 0)
                return NULL;
        if (make_method() < 0)
                return PyErr_NoMemory();
        ssl_socket_type = (PyTypeObject *)Py_NewRef(ssl_socket);
        memory_bio_type = (PyTypeObject *)Py_NewRef(memory_bio);
        Py_RETURN_NONE;
}

/* ------------------------------------------------------------------------------------------------
 * Objects of _ssl's, of which the first members are the same in all versions of Python so far. */

struct ssl_socket {
        PyObject ob_base;
        PyObject *socket; /* a weak reference; NULL: it has memory BIOs */
        SSL *ssl;
        PyObject *context;
};

struct memory_bio {
        PyObject ob_base;
        BIO *bio;
};

/** The SSL of an object that was made for two memory BIOs; NULL where anything is not as it has to be. All that is known of it besides
 * is compared before the pointer is used. */
static SSL *find_ssl(PyObject *raw, PyObject *context, PyObject *incoming, PyObject *outgoing)
{
        const struct ssl_socket *socket = (void *)raw;

        if (Py_TYPE(raw) != ssl_socket_type || ssl_socket_type->tp_basicsize < (Py_ssize_t)sizeof *socket ||
            !Py_IS_TYPE(incoming, memory_bio_type) || !Py_IS_TYPE(outgoing, memory_bio_type) ||
            memory_bio_type->tp_basicsize < (Py_ssize_t)sizeof(struct memory_bio))
                return NULL;
        if (socket->socket || !socket->ssl || socket->context != context)
                return NULL;
        if (openssl.SSL_get_rbio(socket->ssl) != ((struct memory_bio *)incoming)->bio ||
            openssl.SSL_get_wbio(socket->ssl) != ((struct memory_bio *)outgoing)->bio)
                return NULL;
        return socket->ssl;
}

/** Put a BIO of ours into an SSL: 0, or -1 with MemoryError. */
static int put_bio(SSL *ssl, struct tls_ends *ends)
{
        BIO *bio = openssl.BIO_new(method);

        if (!bio) {
                PyErr_NoMemory();
                return -1;
        }
        openssl.BIO_set_data(bio, ends);
        openssl.BIO_set_init(bio, 1);
        openssl.SSL_set_bio(ssl, bio, bio);
        return 0;
}

PyObject *openssl_connect(PyObject *object, PyObject *incoming, PyObject *outgoing, struct tls_ends *ends,
                          SSL **ssl)
{
        PyObject *raw = PyObject_GetAttrString(object, "_sslobj");
        PyObject *context = raw ? PyObject_GetAttrString(raw, "context") : NULL;

        *ssl = context ? find_ssl(raw, context, incoming, outgoing) : NULL;
        if (!*ssl && (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_AttributeError)))
                PyErr_SetString(PyExc_NotImplementedError, "the SSL object is none of _ssl's");
        if (!*ssl || put_bio(*ssl, ends) < 0)
                Py_CLEAR(raw);
        Py_XDECREF(context);
        return raw;
}

void openssl_disconnect(SSL *ssl)
{
        openssl.BIO_set_data(openssl.SSL_get_rbio(ssl), NULL);
}
