/* Addresses of hosts and services, looked up without holding up the loop. Who asks is called back; several who ask for the
 * same at a time share one look-up. */
#ifndef NET_NAMES_H
#define NET_NAMES_H

#include "base/error.h"
#include "loop/loop.h"
#include <eddy/resolve.h>

struct lookup;

/** What is asked for. */
struct name_request {
        const char *host, *service;    /* either may be NULL */
        struct addrinfo hints;         /* its numbers */
        const eddy_resolver *resolver; /* NULL: the loop's */
};

/** Somebody who asks. Embedded, and its owner's to keep until it is answered or forgotten. */
struct name_query {
        /** Called once, from the loop, where names_ask() returned EDDY_PENDING. */
        void (*answered)(struct name_query *query);

        eddy_link link;              /* in lookup->askers */
        struct lookup *lookup;       /* NULL: nothing is on its way */
        int rc;                      /* the answer: 0 or the error */
        struct addrinfo *found;      /* to be given back with eddy_freeaddrinfo(), or left to names_forget() */
        struct error_detail *detail; /* of the error; NULL: it has none */
};

/** Ask for addresses; what is numeric is known at once.
 *
 * @param query    with `answered` set
 * @param request  copied
 * @return EDDY_PENDING; or the answer: 0, EDDY_ERESOLVE, -ENOMEM, -EAGAIN, or EDDY_ELOOPCLOSED
 */
int names_ask(struct name_query *query, eddy_loop *loop, const struct name_request *request);

/** As names_ask(), for the addresses that a socket may have, each once. host NULL: every address of this machine (`flags` has
 * AI_PASSIVE) or itself. */
int names_ask_for_port(struct name_query *query, eddy_loop *loop, const char *host, uint16_t port, int family,
                       int flags, const eddy_resolver *resolver);

/** Be done with a query that was made, answered or not: what it has goes, and it will not be answered any more. */
void names_forget(struct name_query *query);

#endif
