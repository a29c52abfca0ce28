/* WebSocket (RFC 6455), server and client, with compression (RFC 7692). A library of its own: link with eddy-websocket.
 *
 *         eddy_websocket *ws;
 *         eddy_websocket_message message;
 *
 *         rc = eddy_websocket_connect(&ws, "ws://127.0.0.1:8080/chat", NULL);
 *         if (rc == 0)
 *                 rc = eddy_websocket_send(ws, EDDY_WEBSOCKET_TEXT, "hello", 5);
 *         while (rc >= 0 && (rc = eddy_websocket_receive(ws, &message)) > 0)
 *                 printf("%s\n", message.data);
 *         eddy_websocket_destroy(ws);
 *
 * A server's half of the handshake, eddy_websocket_accept(), is in eddy/websocket_server.h.
 */
#ifndef EDDY_WEBSOCKET_H
#define EDDY_WEBSOCKET_H

#include <eddy.h>

EDDY_BEGIN_DECLS

#define EDDY_EWEBSOCKET                                                                                        \
        (-3980) /**< the other side did not agree to a WebSocket; the detail says what it answered */

/** A connection that carries messages. One coroutine receives, any number send. */
typedef struct eddy_websocket eddy_websocket;

/** Which end one is: a client masks what it sends. */
typedef enum eddy_websocket_role { EDDY_WEBSOCKET_SERVER, EDDY_WEBSOCKET_CLIENT } eddy_websocket_role;

/** What a message is. */
typedef enum eddy_websocket_type {
        EDDY_WEBSOCKET_TEXT = 1,   /**< UTF-8; it has been checked */
        EDDY_WEBSOCKET_BINARY = 2, /**< bytes */
        EDDY_WEBSOCKET_CLOSE = 8   /**< the other side has closed; its data is the reason */
} eddy_websocket_type;

/** A whole message. Valid until the next receiving call, or the destruction. */
typedef struct eddy_websocket_message {
        eddy_websocket_type type;
        const char *data; /**< a NUL lies behind it */
        size_t size;      /**< bytes */
        void *reserved[2];
} eddy_websocket_message;

/** How to agree, and what holds for a connection. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_websocket_options {
        size_t
            max_message; /**< the longest that eddy_websocket_receive() takes, bytes, when it is no longer compressed;
                                 0: 1 MiB; SIZE_MAX: any */
        const char *const
            *subprotocols; /**< NULL behind the last. A client's: what it would like, the best first; a
                                              server's: what it speaks. NULL: none */
        const char *const
            *headers; /**< further ones of the handshake, "Name: value" each, NULL behind the last */
        const char *const
            *origins; /**< of a server, whose pages may connect, "https://example.org" each, NULL behind the
                                         last; "*": any. NULL: the host's own, whatever its scheme */
        int *status;  /**< of a client, receives what the server answered, such as 101 or 403; 0: nothing */
        eddy_duration open_timeout;  /**< for connecting and the handshake together; 0: 10 s */
        eddy_duration close_timeout; /**< for the other side to answer a close; 0: 10 s */
        eddy_duration ping_interval; /**< between pings; 0: 20 s; EDDY_FOREVER: none are sent */
        eddy_duration
            ping_timeout; /**< for anything to come after a ping; 0: 20 s; EDDY_FOREVER: nothing is demanded */
        bool no_compression;      /**< neither offer nor accept permessage-deflate */
        bool no_context_takeover; /**< each message is compressed alone: less memory, and worse */
        int window_bits;       /**< 9 to 15: compress, and have the other side compress, in windows of 2 to the
                                          power of this many bytes; 0: 12 */
        int compression_level; /**< zlib's, 1 to 9; 0: its default */
        size_t compress_from;  /**< shorter messages are sent as they are; bytes; 0: 256; SIZE_MAX: all are */
        eddy_tls *tls;         /**< of a client, for wss:// */
        const char *tls_name;  /**< of a client, whom the server's certificate has to be for; NULL: the host */
        void *reserved[4];     /**< zero */
} eddy_websocket_options;

/**
 * Connect to a server, and agree with it on a WebSocket.
 *
 * @param ws       receives the connection; give it back with eddy_websocket_destroy(). NULL where this fails
 * @param url      "ws://host:port/path?query", or wss:// for which options.tls is needed
 * @param options  may be NULL; used during this call only, but for options.tls
 * @return 0
 * @retval EDDY_EWEBSOCKET  the server answered something else, which the detail and options.status tell, such as
 *                          "the server answered 403 Forbidden"; or 101 with what was not asked for
 * @retval EDDY_EINCOMPLETE the server closed the connection before its answer was whole
 * @retval EDDY_EPROTOCOL   what it answered is no HTTP, or longer than 16 KiB
 * @retval EDDY_TIMEOUT     options.open_timeout, or a deadline of the caller, passed
 * @retval EDDY_CANCELLED   the caller was cancelled
 * @retval -EINVAL          the URL or an option is wrong; the detail says what
 * @retval EDDY_ERESOLVE, -ECONNREFUSED, EDDY_ECERTIFICATE, EDDY_ETLS ...  no connection, as from eddy_open_connection()
 * @retval EDDY_ENOTASK     called outside a coroutine
 * @retval -ENOMEM          no memory
 *
 * Redirections are not followed. Suspends. aiohttp.ClientSession.ws_connect(), websockets.connect(), new WebSocket().
 */
EDDY_API EDDY_ASYNC int eddy_websocket_connect(eddy_websocket **ws, const char *url,
                                               const eddy_websocket_options *options);

/**
 * As eddy_websocket_connect(), by a connection that there is: of a UNIX socket, or through a proxy.
 *
 * @param stream  the WebSocket's from now on where this succeeds; else it stays the caller's, to be destroyed. It speaks TLS
 *                already where that is wanted: options.tls is not looked at
 * @param url     what to ask for, and of whom (the Host header)
 *
 * Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_websocket_connect_stream(eddy_websocket **ws, eddy_stream *stream, const char *url,
                                                      const eddy_websocket_options *options);

/** A request that may ask for a WebSocket, of any HTTP server. */
typedef struct eddy_websocket_request {
        const char *method; /**< such as "GET" */
        /** The nth line, counted from 0, of its header of a name in any case; NULL where there are not so many */
        const char *(*header)(void *arg, const char *name, unsigned nth);
        void *arg;         /**< passed to it */
        void *reserved[2]; /**< zero */
} eddy_websocket_request;

/** What was agreed on of permessage-deflate; private. `alone`: each message of that side is compressed for itself. A window of 8
 * bits is none that zlib makes: with that, nothing is compressed. */
struct eddy_websocket_terms {
        bool is_on, own_alone, other_alone;
        signed char own_bits, other_bits;
};

/** What a server answers. It points into itself: do not copy it. */
typedef struct eddy_websocket_handshake {
        int status;                 /**< 101, or why not: 400, 403, 405, 426; 500 with -EINVAL */
        const char *reason;         /**< why not, a sentence; "" with 101 */
        const char *const *headers; /**< of the answer, "Name: value" each, NULL behind the last */
        const char *subprotocol;    /**< that was chosen, one of the options'; NULL: none */
        const char *list_[12];
        char accept_[64], chosen_[160], extension_[168];
        struct eddy_websocket_terms terms_;
        void *reserved[4];
} eddy_websocket_handshake;

/**
 * Look at a request, and say what to answer. Pure: for servers that are not eddy's.
 *
 * @param handshake  receives the answer
 * @param request    used during this call only
 * @param options    may be NULL. Its headers and subprotocols must stay until the answer has been sent
 * @return 0: answer 101 with handshake->headers, and then eddy_websocket_from_stream()
 * @retval EDDY_EWEBSOCKET  answer handshake->status with handshake->headers; the detail is handshake->reason
 * @retval -EINVAL          there are more than six headers among the options, or window_bits is none
 *
 * Does not suspend. websockets.server.ServerProtocol.accept().
 */
EDDY_API int eddy_websocket_negotiate(eddy_websocket_handshake *handshake,
                                      const eddy_websocket_request *request,
                                      const eddy_websocket_options *options);

/**
 * Make a WebSocket of a stream whose two sides have agreed on it.
 *
 * @param ws         receives it; give it back with eddy_websocket_destroy()
 * @param stream     the WebSocket's from now on where this succeeds
 * @param role       which side this is
 * @param handshake  what a server answered; NULL: neither compression nor a subprotocol was agreed on
 * @param options    may be NULL; used during this call only
 * @return 0
 * @retval -EINVAL       an option is wrong
 * @retval EDDY_ENOLOOP  no loop runs in this thread
 * @retval -ENOMEM       no memory
 *
 * Does not suspend.
 */
EDDY_API int eddy_websocket_from_stream(eddy_websocket **ws, eddy_stream *stream, eddy_websocket_role role,
                                        const eddy_websocket_handshake *handshake,
                                        const eddy_websocket_options *options);

/**
 * Wait for the next message, whole. Pings are answered meanwhile.
 *
 * @param message  receives it: in memory of the WebSocket's, until the next receiving call
 * @return 1: a message; 0: the other side has closed, and message->type is EDDY_WEBSOCKET_CLOSE, its data the reason. Its
 *         close was answered; eddy_websocket_close_code() tells the code
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted: nothing is lost, and the next call goes on, also with
 *                           half a message
 * @retval EDDY_EINCOMPLETE  the connection ended without a close: code 1006
 * @retval EDDY_ELIMIT       the message is longer than options.max_message, or 64 KiB came compressed with nothing in them: 1009
 *                           was sent
 * @retval EDDY_EPROTOCOL    the other side broke the protocol: 1002 was sent, or 1007 where a message cannot be decompressed; the
 *                           detail says how
 * @retval -EILSEQ           a text is not UTF-8: 1007 was sent
 * @retval -ETIMEDOUT        nothing came within options.ping_timeout of a ping
 * @retval EDDY_EBUSY        another coroutine receives
 * @retval -ECONNRESET ...   the connection failed: code 1006
 * @retval -ENOMEM           no memory for the message; the next call tries again, in vain where zlib had none
 * @retval -EBADF            it was destroyed meanwhile
 * @retval EDDY_ENOTASK      called outside a coroutine
 *
 * Where a message was begun with eddy_websocket_read(), its rest is what comes. Every error but those of interruptions,
 * EDDY_EBUSY and -ENOMEM is the end, and is told again by each later call. Suspends. WebSocketResponse.receive(), recv().
 */
EDDY_API EDDY_ASYNC int eddy_websocket_receive(eddy_websocket *ws, eddy_websocket_message *message);

/**
 * Read the current message, or wait for the next, piece by piece; of any length, with no more memory than the caller's.
 *
 * @param buffer  receives up to n bytes
 * @param n       at least 1
 * @param type    receives the message's type; or EDDY_WEBSOCKET_CLOSE, and then the result is 0
 * @return how many bytes; 0 at the end of the message, once for each, or where the other side has closed
 * @retval -EINVAL  n is 0
 *
 * Else as eddy_websocket_receive(). A character of a text may be in two pieces; that the whole is UTF-8 is known at its
 * end. Suspends. Conn.NextReader() of Go.
 */
EDDY_API EDDY_ASYNC ssize_t eddy_websocket_read(eddy_websocket *ws, void *buffer, size_t n,
                                                eddy_websocket_type *type);

/**
 * Send a message.
 *
 * @param type  EDDY_WEBSOCKET_TEXT, whose data the caller warrants to be UTF-8, or EDDY_WEBSOCKET_BINARY
 * @param data  free again when this returns
 * @return 0: it leaves, whole, behind those that were sent before
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted, and nothing of it is sent
 * @retval -EPIPE          the WebSocket is closed or closing, by whomever; also where this happened while it waited
 * @retval EDDY_EINVALIDSTATE  the caller is within a message of pieces
 * @retval -EINVAL         the type is none to be sent
 * @retval -ENOMEM         no memory: nothing of it is sent
 * @retval -EBADF          it was destroyed meanwhile
 * @retval -ECONNRESET ... as eddy_websocket_receive(), where the connection has failed
 * @retval EDDY_ENOTASK    called outside a coroutine
 *
 * Suspends while another coroutine sends a message of pieces, and while more waits to be sent than the stream's mark
 * (64 KiB): so a slow reader holds up who sends, and memory is bounded. ws.send(), send_str(), send_bytes().
 */
EDDY_API EDDY_ASYNC int eddy_websocket_send(eddy_websocket *ws, eddy_websocket_type type, const void *data,
                                            size_t n);

/**
 * Begin a message of pieces, for what is long or not known yet. Others that send wait until eddy_websocket_end().
 *
 * As eddy_websocket_send(). Suspends while another coroutine sends one. Conn.NextWriter() of Go.
 */
EDDY_API EDDY_ASYNC int eddy_websocket_begin(eddy_websocket *ws, eddy_websocket_type type);

/**
 * Send a piece, which leaves now, as a frame of its own.
 *
 * @retval EDDY_EINVALIDSTATE  the caller has begun no message
 *
 * Else as eddy_websocket_send(): who is interrupted may send the same piece again. Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_websocket_write(eddy_websocket *ws, const void *data, size_t n);

/**
 * End a message of pieces. Whoever has begun one calls this, or else closes or destroys the WebSocket: until then others that
 * send wait. Where that is closed, they are told at once (-EPIPE).
 *
 * @return 0
 * @retval EDDY_EINVALIDSTATE  the caller has begun no message
 * @retval -ENOMEM             the message is not ended; call again
 * @retval -EPIPE, -ECONNRESET ...  as eddy_websocket_send(); others may send, and will get the same
 *
 * Does not suspend, so that who is cancelled can end what he began.
 */
EDDY_API int eddy_websocket_end(eddy_websocket *ws);

/**
 * Close: send a close, and wait until the other side has answered it and the connection is closed. Messages that
 * still come are dropped, unless a coroutine receives them.
 *
 * @param code    1000 (done), 1001 (going away), 1011 (internal error), ..., or 3000 to 4999, which are the program's; 0: 1000
 * @param reason  UTF-8 of up to 123 bytes; NULL: none
 * @return 0, also where it was closed already
 * @retval EDDY_EINCOMPLETE  the other side has not answered within options.close_timeout, or closed without answering; the
 *                           connection was cut, and the code is 1006
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted: on entry, nothing was sent; else the close was. Call
 *                           again, or destroy it
 * @retval -EINVAL           the code may not be sent (1004, 1005, 1006, 1015 ...), or the reason is too long or not UTF-8
 * @retval -EBADF            it was destroyed meanwhile
 * @retval EDDY_ENOTASK      called outside a coroutine
 *
 * Where the connection has failed it waits likewise for the other side to end, so that it hears why. Suspends.
 * ws.close().
 */
EDDY_API EDDY_ASYNC int eddy_websocket_close(eddy_websocket *ws, int code, const char *reason);

/** The code with which it was closed: the other side's, 1005 where that gave none; else the one that its violation was answered
 * with, such as 1002, 1007 or 1009; 1006 where the connection was lost; 0 while it is open. */
EDDY_API int eddy_websocket_close_code(const eddy_websocket *ws);

/** The reason that came with it; "" for none. Valid until the destruction. */
EDDY_API const char *eddy_websocket_close_reason(const eddy_websocket *ws);

/** The subprotocol that was agreed on; NULL for none. Valid until the destruction. ws.protocol. */
EDDY_API const char *eddy_websocket_subprotocol(const eddy_websocket *ws);

/** Whether permessage-deflate was agreed on. */
EDDY_API bool eddy_websocket_is_compressed(const eddy_websocket *ws);

/** The stream beneath, for its peer's name and the like; it stays the WebSocket's. */
EDDY_API eddy_stream *eddy_websocket_stream(const eddy_websocket *ws);

/**
 * Give it back; what was sent still leaves, and without a close the other side sees 1006. Coroutines that are in a call on it
 * get -EBADF, and may not use it any more. NULL is allowed. Does not suspend.
 */
EDDY_API void eddy_websocket_destroy(eddy_websocket *ws);

EDDY_END_DECLS

#endif
