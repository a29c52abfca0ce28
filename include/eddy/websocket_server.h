/* WebSockets on an HTTP server: for programs that link with eddy-websocket and eddy-http.
 *
 *         static int chat(eddy_http_exchange *exchange, void *arg)
 *         {
 *                 eddy_websocket_message message;
 *                 eddy_websocket *ws;
 *                 int rc = eddy_websocket_accept(&ws, exchange, NULL);
 *
 *                 if (rc < 0)
 *                         return rc == EDDY_EWEBSOCKET ? 0 : rc;
 *                 while ((rc = eddy_websocket_receive(ws, &message)) > 0)
 *                         eddy_websocket_send(ws, message.type, message.data, message.size);
 *                 eddy_websocket_destroy(ws);
 *                 return 0;
 *         }
 */
#ifndef EDDY_WEBSOCKET_SERVER_H
#define EDDY_WEBSOCKET_SERVER_H

#include <eddy/http_server.h>
#include <eddy/websocket.h>

EDDY_BEGIN_DECLS

static inline const char *eddy_websocket_header_(void *exchange, const char *name, unsigned nth)
{
        return eddy_http_exchange_header_nth((eddy_http_exchange *)exchange, name, nth);
}

/**
 * Accept a request as a WebSocket: answer 101, and have the connection from then on. A request that is none, or that may not be
 * one, is answered here: 426, 400, or 403 where a page of another origin asks (options.origins).
 *
 * @param ws        receives it; give it back with eddy_websocket_destroy(), which the handler may leave to another coroutine.
 *                  NULL where this fails
 * @param exchange  not answered yet
 * @param options   may be NULL; used during this call only
 * @return 0
 * @retval EDDY_EWEBSOCKET  it was refused, and has its answer; the detail says why. The handler is done, and returns 0
 * @retval -EINVAL          an option is wrong; nothing was answered
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; nothing was answered
 * @retval EDDY_EINVALIDSTATE  it has been answered
 * @retval EDDY_ENOTASK     called outside a coroutine
 * @retval -ENOMEM, -ECONNRESET ...  as eddy_http_reply()
 *
 * Suspends. WebSocketResponse.prepare() of aiohttp, Upgrader.Upgrade() of Go.
 */
EDDY_ASYNC static inline int eddy_websocket_accept(eddy_websocket **ws, eddy_http_exchange *exchange,
                                                   const eddy_websocket_options *options)
{
        eddy_websocket_request request = EDDY_ZERO_BUT_(.method = NULL);
        eddy_http_answer answer = EDDY_ZERO_BUT_(.status = 0);
        eddy_websocket_handshake handshake;
        eddy_stream *stream = NULL;
        int rc, told;

        *ws = NULL;
        request.method = eddy_http_exchange_method(exchange);
        request.header = eddy_websocket_header_;
        request.arg = exchange;
        rc = eddy_websocket_negotiate(&handshake, &request, options);
        if (rc == EDDY_EWEBSOCKET) {
                answer.status = handshake.status;
                answer.headers = handshake.headers;
                answer.body = handshake.reason;
                answer.body_size = __builtin_strlen(handshake.reason);
                told = eddy_http_reply(exchange, &answer);
                return told < 0 ? told : eddy_fail(rc, "%s", handshake.reason);
        }
        if (rc == 0)
                rc = eddy_http_exchange_upgrade(exchange, handshake.headers, &stream);
        if (rc < 0)
                return rc;
        rc = eddy_websocket_from_stream(ws, stream, EDDY_WEBSOCKET_SERVER, &handshake, options);
        if (rc < 0)
                eddy_stream_destroy(stream);
        return rc;
}

EDDY_END_DECLS

#endif
