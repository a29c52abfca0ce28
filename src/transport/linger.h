/* Closing that does not cut off the other side. */
#ifndef TRANSPORT_LINGER_H
#define TRANSPORT_LINGER_H

#include "transport/flow.h"

/** Keep what is beneath a flow until the other side has ended too, for some time at most, and then close it; what comes is dropped. A
 * loop keeps 256 of them, and closes the oldest for the next.
 * The flow has sent its end, and has to be left (flow_leave()). 0 or -ENOMEM. */
int linger(struct flow *flow, eddy_duration longest);

#endif
