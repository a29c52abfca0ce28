/* Agreeing on TLS with the other side of a flow. */
#ifndef TRANSPORT_HANDSHAKE_H
#define TRANSPORT_HANDSHAKE_H

#include "transport/filter.h"
#include "transport/tls.h"

/** Embedded by who waits for it. */
struct handshake {
        struct greeting greeting; /* whose detail stays until handshake_finish() */
        eddy_timer timer;
        eddy_duration longest; /* that is waited */
        bool is_late;

        /** Called later: with 0, EDDY_CANCELLED where the flow was closed or aborted meanwhile, or the error. */
        void (*done)(struct handshake *handshake, int outcome);
};

/** Put TLS under a flow, as filter_add() does, and begin to agree on it: 0, or an error, and then all is as before. The flow fails where
 * both sides do not agree, or not within the context's time.
 *
 * @param name  of a client: whom the other side has to be; NULL: that is left open
 * @param read  as for filter_add()
 */
int handshake_begin(struct handshake *handshake, struct flow *flow, eddy_tls *tls, const char *name,
                    struct buffer *read);

/** Abort the flow, unless it is over: whether it is not. */
bool handshake_abort(struct handshake *handshake);

/** It is over. */
void handshake_finish(struct handshake *handshake);

/** Whether what is right beneath a flow is TLS. */
bool handshake_is_beneath(const struct flow *flow);

/** What both sides have agreed on, of the TLS beneath a flow: 0, or EDDY_EINVALIDSTATE. */
int handshake_tell(const struct flow *flow, eddy_tls_info *info);

#endif
