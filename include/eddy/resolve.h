/* Names: the addresses of hosts, and the hosts of addresses, as the system's resolver has them, or one of the user's.
 *
 *         struct addrinfo *found;
 *         int rc = eddy_getaddrinfo("localhost", "http", NULL, &found);
 *
 *         eddy_freeaddrinfo(found);
 */
#ifndef EDDY_RESOLVE_H
#define EDDY_RESOLVE_H

#include <eddy/address.h>
#include <eddy/loop.h>
#include <netdb.h>

EDDY_BEGIN_DECLS

/**
 * Look up the addresses of a host and a service.
 *
 * @param host     a name or a numeric address; NULL: this machine
 * @param service  a name such as "http", or a port; NULL: none
 * @param hints    what is wanted, as for getaddrinfo(); NULL: addresses for TCP, of either family
 * @param found    receives them, a list of ai_next; give it back with eddy_freeaddrinfo(). NULL on failure
 * @return 0
 * @retval EDDY_ERESOLVE                 there is none; eddy_error_detail() says why
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted, and has nothing to give back
 * @retval EDDY_ENOTASK                  called outside a coroutine
 * @retval -ENOMEM, -EAGAIN              no memory, or no thread to wait for the resolver
 *
 * Suspends, unless all is numeric: a helper thread calls getaddrinfo(). These threads do nothing else, so that neither
 * calls nor files that block hold up a look-up, nor the other way round; and where up to 32 of them wait for name servers
 * in vain, more are started for who comes, to 512. Who asks while the same is being looked up for others in this loop gets
 * its own copy of what they get. A look-up whose askers were all interrupted goes on by itself, and holds up no end: with
 * its loop it is left, with a line in debug mode; who asks then begins anew. With a resolver of the user's
 * (eddy_loop_set_resolver()) that is asked instead of a thread. loop.getaddrinfo().
 */
EDDY_API EDDY_ASYNC int eddy_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                                         struct addrinfo **found);

/** Give back addresses that were found, a list or a part of one. They are eddy's own: the C library's freeaddrinfo() is not
 * for them. NULL is allowed. */
EDDY_API void eddy_freeaddrinfo(struct addrinfo *found);

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

/** A question that a resolver of the user's is asked. */
typedef struct eddy_lookup eddy_lookup;

/**
 * A resolver of the user's: c-ares, DNS over HTTPS, a table of names in a test. It runs in the loop, and must not block.
 *
 * `begin` is asked a question, and answers by eddy_lookup_done(), within the call or whenever it likes. The host is never
 * NULL, nor numeric; the service may be NULL. Hints are as for getaddrinfo(): family, socket type, flags such as AI_PASSIVE.
 * All of them are there until the question is answered or cancelled. What it returns is passed to `cancel`.
 *
 * `cancel` is called where nobody waits for an answer any more, because of a deadline, a cancellation, or the loop's end:
 * once, and not for what is answered. NULL: there is nothing to stop.
 *
 * Several who ask one resolver for the same at a time are one question.
 */
typedef struct eddy_resolver {
        void *(*begin)(eddy_lookup *lookup, const char *host, const char *service, const struct addrinfo *hints,
                       void *arg);
        void (*cancel)(void *request, void *arg); /**< NULL: nothing to do */
        void *arg;                                /**< passed to both */
        void *reserved[4];                        /**< zero */
} eddy_resolver;

/**
 * Answer what a resolver was asked, in the loop's thread.
 *
 * @param lookup  what `begin` was given; only compared, so that it may be answered when it is long over
 * @param rc      0, EDDY_ERESOLVE or another error, which is what askers get; EDDY_CANCELLED and EDDY_TIMEOUT become
 *                EDDY_ERESOLVE, for they would mean the asker's own. eddy_fail() before tells them more
 * @param found   the addresses, with their ports, copied; NULL: none
 * @return 0
 * @retval EDDY_EINVALIDSTATE  it is answered, or cancelled, or of another thread's loop: nothing has happened
 *
 * Askers go on in the loop, not within this call. Never suspends; other threads send a callback to the loop.
 */
EDDY_API int eddy_lookup_done(eddy_lookup *lookup, int rc, const struct addrinfo *found);

/**
 * Have a loop's names looked up by a resolver of the user's from now on: eddy_getaddrinfo(), connections, servers,
 * datagrams. Addresses that are numeric need none, and names of addresses (eddy_getnameinfo()) stay the system's.
 *
 * @param resolver  copied; its `arg` must live until the loop is closed, or another is set and nothing is out. NULL: the
 *                  system's
 * @return 0, -ENOMEM, EDDY_ENOLOOP, EDDY_ELOOPCLOSED or EDDY_EWRONGLOOP
 *
 * loop.getaddrinfo() overridden.
 */
EDDY_API int eddy_loop_set_resolver(eddy_loop *loop, const eddy_resolver *resolver);

EDDY_END_DECLS

#endif
