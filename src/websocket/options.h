/* Options: whether they are right, and what they mean where they are zero. */
#ifndef WEBSOCKET_OPTIONS_H
#define WEBSOCKET_OPTIONS_H

#include <eddy/websocket.h>

enum { MAX_SUBPROTOCOL = 120, MAX_HEADERS = 6 };

/** A copy without zeroes that mean something else: 0, or -EINVAL. */
int options_read(eddy_websocket_options *to, const eddy_websocket_options *from);

#endif
