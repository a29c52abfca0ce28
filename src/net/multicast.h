/* Datagrams to groups: what is set of a socket for it. Each is 0 or the error; eddy/datagram.h says what it is for. */
#ifndef NET_MULTICAST_H
#define NET_MULTICAST_H

#include <stdbool.h>

/** @param interface  by name; NULL: the system's choice */
int multicast_join(int fd, int family, const char *group, const char *interface);
int multicast_leave(int fd, int family, const char *group, const char *interface);

int multicast_set_ttl(int fd, int family, int ttl);
int multicast_set_loop(int fd, int family, bool loop);
int multicast_set_interface(int fd, int family, const char *interface);

#endif
