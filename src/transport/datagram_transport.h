/* A datagram transport from the inside: a socket of datagrams that calls a protocol. Its life is in datagram_transport.c, what
 * comes in datagram_input.c, what leaves in datagram_output.c. */
#ifndef TRANSPORT_DATAGRAM_TRANSPORT_H
#define TRANSPORT_DATAGRAM_TRANSPORT_H

#include "loop/loop.h"
#include <eddy/datagram_transport.h>

/** How many datagrams are received, or sent, before others have their turn. */
enum { DATAGRAM_BATCH = 16 };

struct eddy_datagram_transport {
        struct loop_resource resource;
        eddy_loop *loop;
        const eddy_datagram_protocol *protocol;
        void *self; /* the protocol's state */
        int fd;     /* -1 once closed */
        int family;

        eddy_op input;    /* waits for something to come, and then receives it */
        eddy_link queued; /* struct outgoing: what the kernel had no room for, in order */
        size_t unsent;    /* bytes, what is kept beside them included */
        eddy_op room;     /* waits until there is some; or where nobody tells, */
        eddy_timer again; /* for the time to try again */
        eddy_handle turn; /* for what must not come within a call: being made, lost, and writing again */
        size_t high_water, low_water;
        int refusal;      /* of an earlier datagram, that sending another brought to light: to be told */
        int reason;       /* of connection_lost() */
        bool is_made;     /* connection_made() has been called */
        bool is_full;     /* pause_writing() has, and resume_writing() not since */
        bool is_flushing; /* what waits is being sent */
        bool is_closing;

        /** Told when it is gone, if it is somebody's. */
        void (*gone)(eddy_datagram_transport *transport);
        void *owner;
};

/** Make a transport of a datagram socket in non-blocking mode: 0 or -ENOMEM, and then the descriptor stays the caller's. */
int datagram_transport_create(eddy_datagram_transport **created, eddy_loop *loop, int fd, int family,
                              const eddy_datagram_protocol *protocol, void *self);

/** Have its turn come, for what must not come within a call. */
void datagram_schedule_turn(eddy_datagram_transport *transport);

/** End an operation that only waits: its callback does not run. */
void datagram_end_operation(eddy_op *op);

/** After any step of sending, and on closing: do what has only waited for that. */
void datagram_settle(eddy_datagram_transport *transport);

/** Have it closed for a reason of its own. */
void datagram_fail(eddy_datagram_transport *transport, int reason);

/** Tell the protocol what went wrong, unless it is closing. */
void datagram_tell_error(eddy_datagram_transport *transport, int error);

/** Have the protocol told where more waits than should. */
void datagram_heed_upper_mark(eddy_datagram_transport *transport);

/** See to it that a loop has a place for what comes: 0 or -ENOMEM. */
int datagram_input_prepare(eddy_loop *loop);

/** Wait until something may have come; where it has, others have their turn before. */
void datagram_input_await(eddy_datagram_transport *transport);

/** The loop is closed, and with it a transport that was to close when all has left: send what the kernel takes now. */
void datagram_output_send_last(eddy_datagram_transport *transport);

/** Wait for room no more, and forget what has. */
void datagram_output_drop(eddy_datagram_transport *transport);

#endif
