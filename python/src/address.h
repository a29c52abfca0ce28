/* Addresses of sockets, as the kernel has them and as Python does. */
#ifndef EDDYLOOP_ADDRESS_H
#define EDDYLOOP_ADDRESS_H

#include "core.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

/** Room for the addresses that are made here. */
union address {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
};

/** The last address that was seen, in both forms: most often the next is the same. */
struct address_cache {
        union address address;
        socklen_t size;
        PyObject *object; /* NULL: nothing was seen yet */
};

/** Whether addresses of a family are made here; others are for Python's own socket to make. */
static inline bool address_is_known(int family)
{
        return family == AF_INET || family == AF_INET6 || family == AF_UNIX;
}

/** An address of the kernel's in Python's form: a new reference, or NULL with an exception. */
PyObject *address_object(const union address *address, socklen_t size);

/** Likewise; it is the same object as before where it is the same address. */
PyObject *address_object_cached(struct address_cache *cache, const union address *address, socklen_t size);

/** An address of Python's in the kernel's form, where that needs no question to anybody and nothing is wrong with it: its size, or 0
 * without an exception, and then Python's own socket knows what to do. */
socklen_t address_of(PyObject *object, int family, union address *address);

/** Likewise, of what may be the address that was seen last. */
socklen_t address_of_cached(struct address_cache *cache, PyObject *object, int family, union address *address);

#endif
