#include "address.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

static PyObject *internet_object(const union address *address)
{
        char text[INET6_ADDRSTRLEN];
        bool is_6 = address->any.sa_family == AF_INET6;

        if (!inet_ntop(address->any.sa_family, is_6 ? (const void *)&address->in6.sin6_addr : &address->in.sin_addr, text,
                       sizeof text))
                return PyErr_SetFromErrno(PyExc_OSError);
        if (!is_6)
                return Py_BuildValue("(si)", text, ntohs(address->in.sin_port));
        return Py_BuildValue("(siII)", text, ntohs(address->in6.sin6_port), ntohl(address->in6.sin6_flowinfo),
                             address->in6.sin6_scope_id);
}

/** A path as text; a name in the abstract namespace as bytes, which begin with a 0. */
static PyObject *unix_object(const union address *address, socklen_t size)
{
        size_t length = size > offsetof(struct sockaddr_un, sun_path) ? size - offsetof(struct sockaddr_un, sun_path) : 0;
        const char *path = address->un.sun_path;

        if (length > 0 && path[0] == '\0')
                return PyBytes_FromStringAndSize(path, (Py_ssize_t)length);
        return PyUnicode_DecodeFSDefaultAndSize(path, (Py_ssize_t)strnlen(path, length));
}

PyObject *address_object(const union address *address, socklen_t size)
{
        if (size == 0)
                return Py_NewRef(Py_None);
        return address->any.sa_family == AF_UNIX ? unix_object(address, size) : internet_object(address);
}

PyObject *address_object_cached(struct address_cache *cache, const union address *address, socklen_t size)
{
        PyObject *object;

        if (cache->object && cache->size == size && memcmp(&cache->address, address, size) == 0)
                return Py_NewRef(cache->object);
        object = address_object(address, size);
        if (!object)
                return NULL;
        cache->size = size;
        memcpy(&cache->address, address, size);
        Py_XSETREF(cache->object, Py_NewRef(object));
        return object;
}

/** A number of a tuple's; false where it has none there that fits. */
static bool take_number(PyObject *tuple, Py_ssize_t at, unsigned long most, unsigned long *number)
{
        PyObject *item = PyTuple_GET_ITEM(tuple, at);
        int is_over;
        long long value;

        if (!PyLong_Check(item))
                return false;
        value = PyLong_AsLongLongAndOverflow(item, &is_over);
        *number = (unsigned long)value;
        return !is_over && value >= 0 && (unsigned long long)value <= most;
}

static socklen_t internet_of(PyObject *object, int family, union address *address)
{
        Py_ssize_t n = PyTuple_Check(object) ? PyTuple_GET_SIZE(object) : 0;
        unsigned long port, flow = 0, scope = 0;
        const char *host;
        Py_ssize_t length;

        if (n < 2 || n > (family == AF_INET ? 2 : 4) || !PyUnicode_Check(PyTuple_GET_ITEM(object, 0)) ||
            !PyUnicode_IS_COMPACT_ASCII(PyTuple_GET_ITEM(object, 0)) || !take_number(object, 1, UINT16_MAX, &port) ||
            (n > 2 && !take_number(object, 2, 0xfffff, &flow)) || (n > 3 && !take_number(object, 3, UINT32_MAX, &scope)))
                return 0;
        host = PyUnicode_AsUTF8AndSize(PyTuple_GET_ITEM(object, 0), &length);
        if (!host || strlen(host) != (size_t)length) {
                PyErr_Clear();
                return 0;
        }
        memset(address, 0, sizeof *address);
        address->any.sa_family = (sa_family_t)family;
        if (family == AF_INET) {
                address->in.sin_port = htons((uint16_t)port);
                return inet_pton(AF_INET, host, &address->in.sin_addr) == 1 ? sizeof address->in : 0;
        }
        address->in6.sin6_port = htons((uint16_t)port);
        address->in6.sin6_flowinfo = htonl((uint32_t)flow);
        address->in6.sin6_scope_id = (uint32_t)scope;
        return inet_pton(AF_INET6, host, &address->in6.sin6_addr) == 1 ? sizeof address->in6 : 0;
}

static socklen_t unix_of(PyObject *object, union address *address)
{
        PyObject *path = NULL;
        size_t length;
        bool is_abstract;

        if (PyBytes_Check(object))
                path = Py_NewRef(object);
        else if (PyUnicode_Check(object))
                path = PyUnicode_EncodeFSDefault(object);
        if (!path) {
                PyErr_Clear();
                return 0;
        }
        length = (size_t)PyBytes_GET_SIZE(path);
        is_abstract = length > 0 && PyBytes_AS_STRING(path)[0] == '\0';
        if (length == 0 || length + !is_abstract > sizeof address->un.sun_path) {
                Py_DECREF(path);
                return 0;
        }
        address->un.sun_family = AF_UNIX;
        memcpy(address->un.sun_path, PyBytes_AS_STRING(path), length);
        if (!is_abstract)
                address->un.sun_path[length++] = '\0';
        Py_DECREF(path);
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

socklen_t address_of(PyObject *object, int family, union address *address)
{
        if (family == AF_INET || family == AF_INET6)
                return internet_of(object, family, address);
        return family == AF_UNIX ? unix_of(object, address) : 0;
}

socklen_t address_of_cached(struct address_cache *cache, PyObject *object, int family, union address *address)
{
        socklen_t size;

        if (cache->object == object && cache->size > 0) {
                memcpy(address, &cache->address, cache->size);
                return cache->size;
        }
        size = address_of(object, family, address);
        if (size > 0) {
                cache->size = size;
                memcpy(&cache->address, address, size);
                Py_XSETREF(cache->object, Py_NewRef(object));
        }
        return size;
}
