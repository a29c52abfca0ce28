/* Addresses from names; eddy/address.h has what is known without asking anybody. */
#ifndef STREAM_ADDRESS_H
#define STREAM_ADDRESS_H

#include "task/task.h"
#include <eddy/address.h>
#include <netdb.h>
#include <string.h>

/** One of the addresses that were found. */
static inline eddy_address address_from_info(const struct addrinfo *info)
{
        eddy_address address = {.size = info->ai_addrlen};

        memcpy(&address.storage, info->ai_addr, info->ai_addrlen);
        return address;
}

/** A socket's own or its peer's address as text; "" where there is none. */
static inline const char *address_name(int (*find)(eddy_address *, int), int fd, char text[])
{
        eddy_address address;

        return find(&address, fd) < 0 ? "" : eddy_address_print(&address, text);
}

/** The addresses of a host and port, from getaddrinfo(), on a helper thread where the host is a name.
 *
 * @param host   NULL: every address of this machine (flags has AI_PASSIVE) or itself
 * @param found  receives them; give them back with freeaddrinfo()
 * @return 0, EDDY_ERESOLVE with a detail, -ENOMEM, -EAGAIN, or how the task was interrupted
 *
 * Suspends.
 */
int address_resolve(struct task *self, const char *host, uint16_t port, int family, int flags,
                    struct addrinfo **found);

/** Bind a socket to the first address of a host of this machine; nothing where host is NULL and port 0.
 *
 * Suspends and fails as address_resolve(), and as bind().
 */
int address_bind(struct task *self, int fd, int family, const char *host, uint16_t port);

#endif
