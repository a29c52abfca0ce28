/* A transport from the inside: a flow that calls a protocol. */
#ifndef TRANSPORT_TRANSPORT_H
#define TRANSPORT_TRANSPORT_H

#include "transport/flow.h"
#include <eddy/tls.h>
#include <eddy/transport.h>

struct eddy_transport {
        struct flow flow;
        struct flow_input input;
        const eddy_protocol *protocol;
        void *self;       /* the protocol's state */
        eddy_handle turn; /* for what must not come within a call: being made, lost, and writing again */
        int reason;       /* of connection_lost() */
        struct error_detail *detail; /* of that; NULL: it has none */
        bool is_made;                /* connection_made() has been called */
        bool is_given_up;            /* both sides did not agree on TLS before it was made, so it never is */
        bool is_over;                /* the flow is closed, and the turn to say so will come */
        bool is_full;                /* pause_writing() has, and resume_writing() not since */
        struct securing *securing;   /* both sides are to agree on TLS; NULL: they are not */

        /** Told when it is gone, if it is somebody's: a server's. */
        void (*gone)(eddy_transport *transport);
        eddy_link link; /* the server's */
        void *owner;
};

/** Make a transport of a connected socket in non-blocking mode: 0 or -ENOMEM, and then the descriptor stays the caller's. */
int transport_create(eddy_transport **created, eddy_loop *loop, int fd, int family,
                     const eddy_protocol *protocol, void *self);

/** Have TLS beneath a transport: 0 or an error, and then all is as before. Where it was not made yet, it is when both sides have agreed;
 * where they do not, a transport that was not made is gone without a word to its protocol, and another one lost.
 *
 * @param done  may be NULL
 */
int transport_secure(eddy_transport *transport, eddy_tls *tls, const char *name, eddy_tls_done done, void *arg);

/** Both sides have agreed, or it is closed because they have not: what has waited for that comes. */
void transport_go_on(eddy_transport *transport);

/** Be done with one that was not made, and of which its protocol is never to hear. */
void transport_give_up(eddy_transport *transport);

/** The transport is gone: whoever waits for both sides to agree is told. */
void transport_forget_securing(eddy_transport *transport);

/** Give what is beneath a transport to another flow. Its protocol is told nothing any more, and it is gone soon. */
void transport_hand_over(eddy_transport *transport, struct flow *to);

#endif
