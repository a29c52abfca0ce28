/* How a WebSocket comes to be. */
#ifndef WEBSOCKET_OPEN_H
#define WEBSOCKET_OPEN_H

#include <eddy/websocket.h>

/** What two sides have agreed on. */
struct agreement {
        const char *subprotocol; /* NULL: none */
        struct eddy_websocket_terms terms;
};

/** Make one, whose options have been read: 0 or -ENOMEM. */
int websocket_create(eddy_websocket **made, eddy_stream *stream, eddy_websocket_role role,
                     const struct agreement *agreement, const eddy_websocket_options *options);

#endif
