/* Addresses from names, for coroutines that listen. */
#ifndef STREAM_RESOLVE_H
#define STREAM_RESOLVE_H

#include "task/task.h"
#include <eddy/resolve.h>

/** The addresses of a host and port, from getaddrinfo(), on a helper thread where the host is a name.
 *
 * @param host   NULL: every address of this machine (flags has AI_PASSIVE) or itself
 * @param resolver  NULL: the loop's
 * @param found  receives them; give them back with eddy_freeaddrinfo()
 * @return 0, EDDY_ERESOLVE with a detail, -ENOMEM, -EAGAIN, or how the task was interrupted
 *
 * Suspends.
 */
int address_resolve(struct task *self, const char *host, uint16_t port, int family, int flags,
                    const eddy_resolver *resolver, struct addrinfo **found);

#endif
