/* A transport from the inside: a flow that calls a protocol. */
#ifndef TRANSPORT_TRANSPORT_H
#define TRANSPORT_TRANSPORT_H

#include "transport/flow.h"
#include <eddy/transport.h>

struct eddy_transport {
        struct flow flow;
        struct flow_input input;
        const eddy_protocol *protocol;
        void *self;       /* the protocol's state */
        eddy_handle turn; /* for what must not come within a call: being made, lost, and writing again */
        int reason;       /* of connection_lost() */
        bool is_made;     /* connection_made() has been called */
        bool is_over;     /* the flow is closed, and the turn to say so will come */
        bool is_full;     /* pause_writing() has, and resume_writing() not since */

        /** Told when it is gone, if it is somebody's: a server's. */
        void (*gone)(eddy_transport *transport);
        eddy_link link; /* the server's */
        void *owner;
};

/** Make a transport of a connected socket in non-blocking mode: 0 or -ENOMEM, and then the descriptor stays the caller's. */
int transport_create(eddy_transport **created, eddy_loop *loop, int fd, int family,
                     const eddy_protocol *protocol, void *self);

/** Whether a transport can be made for a loop, for which NULL stands for this thread's: 0 or why not. */
int transport_check_loop(eddy_loop **loop);

#endif
