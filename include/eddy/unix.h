/* UNIX sockets: streams between processes of one machine, who is at the other end, and descriptors that travel.
 *
 * A path that begins with "@" is a name in Linux's abstract namespace: it has no file, needs no permission and
 * is gone with its socket. A file whose name really begins with "@" is "./@name". A path holds 107 bytes.
 */
#ifndef EDDY_UNIX_H
#define EDDY_UNIX_H

#include <eddy/server.h>

EDDY_BEGIN_DECLS

/**
 * Connect to a UNIX socket.
 *
 * @param stream   receives the connection; give it back with eddy_stream_destroy()
 * @param path     of the socket's file; or "@name"
 * @param options  of which `limit`, `tls` and `tls_name` count; may be NULL
 * @return 0
 * @retval -ENOENT, -ECONNREFUSED        there is no such socket; nobody listens on it any more
 * @retval -EACCES                       its file's mode, or a folder's, keeps the caller out
 * @retval -EINVAL, -ENAMETOOLONG        the path is empty; it is too long for a socket
 * @retval -EINVAL                       `tls` is a server's context, or wants a name and there is none
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted
 * @retval EDDY_ENOTASK                  called outside a coroutine
 * @retval -ENOMEM, -EMFILE              the system has nothing left
 *
 * Suspends while the server's backlog is full. asyncio.open_unix_connection().
 */
EDDY_API EDDY_ASYNC int eddy_open_unix_connection(eddy_stream **stream, const char *path,
                                                  const eddy_connect_options *options);

/**
 * Listen on a UNIX socket and start a coroutine for each connection.
 *
 * @param server   receives it; give it back with eddy_server_destroy()
 * @param handler  the coroutine's body
 * @param arg      passed to it; must live as long as connections do
 * @param path     of the file to create; or "@name". A socket that is there already is removed, as asyncio
 *                 does, also where another process still serves it: this server takes the name over
 * @param options  may be NULL; `mode` is set before anybody can connect; `reuse_port`, `family`, `hosts`
 *                 and `fds` do not count
 * @return 0
 * @retval -EADDRINUSE             the file exists and is no socket; the abstract name is taken
 * @retval -EACCES, -ENOENT ...    as from bind()
 * @retval -EINVAL, -ENAMETOOLONG  the path is empty; it is too long for a socket
 * @retval -EINVAL                 `tls` is a client's context
 * @retval EDDY_ENOLOOP            no loop runs in this thread
 * @retval -ENOMEM, -EMFILE        the system has nothing left
 *
 * Closing the server removes the file, unless it is another's by then or `keep_file` is set. Does not suspend.
 * asyncio.start_unix_server().
 */
EDDY_API int eddy_start_unix_server(eddy_server **server, eddy_connection_handler handler, void *arg,
                                    const char *path, const eddy_server_options *options);

/** Make two streams that are each other's peers; give each back with eddy_stream_destroy(). 0, EDDY_ENOLOOP,
 * -EMFILE or -ENOMEM, and then both are NULL. Does not suspend. socket.socketpair(). */
EDDY_API int eddy_stream_pair(eddy_stream *ends[2]);

/** Who is at the other end of a UNIX stream. */
typedef struct eddy_credentials {
        pid_t pid; /**< 0: in a process namespace that cannot be seen from here */
        uid_t uid;
        gid_t gid;
} eddy_credentials;

/**
 * Tell which process connected (or listens), as the kernel saw it at that moment.
 *
 * @return 0
 * @retval EDDY_ENOTSUP  the stream is no UNIX socket
 * @retval -EBADF        the stream is closed
 *
 * Does not suspend. get_extra_info("socket").getsockopt(SOL_SOCKET, SO_PEERCRED).
 */
EDDY_API int eddy_stream_peer_credentials(const eddy_stream *stream, eddy_credentials *credentials);

/** The most descriptors that one call sends. */
#define EDDY_MOST_DESCRIPTORS 253

/**
 * Send descriptors with bytes, behind what was written before, and return when the kernel has them all. The
 * peer gets duplicates.
 *
 * @param data   what they travel with: they arrive with its first byte
 * @param n      bytes; at least 1
 * @param fds    stay the caller's, and may be closed as soon as this returns
 * @param count  1 to EDDY_MOST_DESCRIPTORS
 * @return n
 * @retval -EINVAL                       n or count is out of range
 * @retval EDDY_ENOTSUP                  the stream is no UNIX socket
 * @retval -EBADF                        one of them is no descriptor; nothing was sent, and the stream goes on
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; some of it may have been sent
 * @retval EDDY_EBUSY                    another coroutine sends
 * @retval -ETOOMANYREFS                 too many descriptors are on their way already; else as -EBADF
 * @retval -EPIPE, -ECONNRESET ...       the peer is gone
 *
 * Suspends while the kernel's buffer is full. socket.send_fds().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_stream_send_fds(eddy_stream *stream, const void *data, size_t n,
                                                 const int fds[], size_t count);

/**
 * Read what there is, up to n bytes, and the descriptors that came with it.
 *
 * @param n      at least 1
 * @param fds    receives them, with FD_CLOEXEC; the caller's from then on, each to be closed
 * @param count  in: the room at fds; out: how many came, maybe none
 * @return how many bytes; 0 at the end of the stream
 * @retval EDDY_ENOTSUP  the stream is no UNIX socket
 * @retval EDDY_ELIMIT   more came than there is room for, or than this process may open: those that did come are
 *                       closed again, and the bytes are lost
 *
 * Else as eddy_stream_read(), -EINVAL where n is 0, and -ENOMEM. Bytes that another call has read into the
 * stream's buffer come first. Descriptors only come by this call: where another one reads the bytes that they
 * travel with, the kernel closes them. Interrupted, none is lost. socket.recv_fds().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_stream_receive_fds(eddy_stream *stream, void *buffer, size_t n, int fds[],
                                                    size_t *count);

EDDY_END_DECLS

#endif
