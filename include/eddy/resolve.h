/* Names: the addresses of hosts, and the hosts of addresses, as the system's resolver has them.
 *
 *         struct addrinfo *found;
 *         int rc = eddy_getaddrinfo("localhost", "http", NULL, &found);
 */
#ifndef EDDY_RESOLVE_H
#define EDDY_RESOLVE_H

#include <eddy/address.h>
#include <eddy/task.h>
#include <netdb.h>

EDDY_BEGIN_DECLS

/**
 * Look up the addresses of a host and a service.
 *
 * @param host     a name or a numeric address; NULL: this machine
 * @param service  a name such as "http", or a port; NULL: none
 * @param hints    what is wanted, as for getaddrinfo(); NULL: addresses for TCP, of either family
 * @param found    receives them, a list of ai_next; give it back with freeaddrinfo(). NULL on failure
 * @return 0
 * @retval EDDY_ERESOLVE                 there is none; eddy_error_detail() says why
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted, and has nothing to give back
 * @retval EDDY_ENOTASK                  called outside a coroutine
 * @retval -ENOMEM, -EAGAIN              no memory, or no thread to wait for the resolver
 *
 * Suspends, unless all is numeric: a helper thread calls getaddrinfo(). These threads do nothing else, so that neither
 * calls nor files that block hold up a look-up, nor the other way round; and where up to 32 of them wait for name servers
 * in vain, more are started for who comes, to 512. A look-up whose asker was interrupted goes on by itself, and
 * holds up no end: with its loop it is left, with a line in debug mode. loop.getaddrinfo().
 */
EDDY_API EDDY_ASYNC int eddy_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                                         struct addrinfo **found);

/**
 * Look up the host and the service of an address.
 *
 * @param host     receives the name, or the number where there is none; NULL: not wanted
 * @param service  likewise; NULL: not wanted
 * @param flags    NI_NAMEREQD, NI_NUMERICHOST, NI_NUMERICSERV, NI_DGRAM ..., as for getnameinfo()
 * @return 0
 * @retval EDDY_ERESOLVE  there is none, or it does not fit; eddy_error_detail() says why
 *
 * Else as eddy_getaddrinfo(). loop.getnameinfo().
 */
EDDY_API EDDY_ASYNC int eddy_getnameinfo(const eddy_address *address, char *host, size_t host_size,
                                         char *service, size_t service_size, int flags);

EDDY_END_DECLS

#endif
