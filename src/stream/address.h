/* Addresses: from names, and as text. */
#ifndef STREAM_ADDRESS_H
#define STREAM_ADDRESS_H

#include "task/task.h"
#include <netdb.h>
#include <sys/socket.h>

enum { ADDRESS_TEXT_SIZE = 64 };

/** Write "127.0.0.1:80" or "[::1]:80"; "" for other families. */
void address_print(const struct sockaddr *address, char text[ADDRESS_TEXT_SIZE]);

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

#endif
