/* What comes, as frames: of bytes of the stream, with control frames seen to on the way. */
#ifndef WEBSOCKET_INPUT_H
#define WEBSOCKET_INPUT_H

#include "websocket/websocket.h"

/** Take what is known of the frame's payload, unmasked: up to n bytes, 0 where there is no more of it, or an error. May suspend. */
ssize_t input_take_payload(eddy_websocket *ws, uint8_t *to, size_t n);

/** Go on to the next frame of data: 1; 0 where the other side has closed; or the error. Suspends. */
int input_take_frame(eddy_websocket *ws);

static inline size_t input_least(uint64_t a, size_t b)
{
        return a < b ? (size_t)a : b;
}

#endif
