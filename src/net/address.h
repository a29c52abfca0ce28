/* Addresses between those who find them and those who use them; eddy/address.h has the rest. */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

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

#endif
