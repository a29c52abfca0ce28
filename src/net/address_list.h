/* Lists of addresses that are eddy's own, whoever found them. */
#ifndef NET_ADDRESS_LIST_H
#define NET_ADDRESS_LIST_H

#include <netdb.h>

/** Copy a list, which may be empty: 0 or -ENOMEM. The copy goes back with eddy_freeaddrinfo(). */
int address_list_copy(struct addrinfo **copy, const struct addrinfo *list);

#endif
