/* What is asked of a socket before anything is made of it. */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <stdbool.h>

/** The family of a socket: 0 or -errno. */
int socket_family(int fd, int *family);

/** Have a look at a socket that comes from elsewhere, and put it into non-blocking mode.
 *
 * @param type    what it has to be
 * @param family  receives what it is of
 * @return 0, -EPROTOTYPE where it is of another type, or -errno
 */
int socket_adopt(int fd, int type, int *family);

/** Have what is written leave at once: eddy gathers it, so none of it shall wait for the acknowledgement of what was sent
 * before. Sockets that are accepted have this from the one that listens. */
void socket_set_nodelay(int fd, int family);

/** Have a TCP socket hold back packets that are not full, or no more. */
void socket_set_cork(int fd, bool is_on);

#endif
