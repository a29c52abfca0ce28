/* Servers: a coroutine for every connection. */
#ifndef EDDY_SERVER_H
#define EDDY_SERVER_H

#include <eddy/stream.h>

EDDY_BEGIN_DECLS

typedef struct eddy_server eddy_server;

/**
 * What serves one connection. The stream is closed and given back when it returns, as by eddy_stream_destroy(), also
 * where another coroutine is in a call on it; an error that it returns goes to the loop's exception handler, but for a peer's disappearance (-ECONNRESET, -EPIPE), cancellation and
 * timeout.
 */
typedef intptr_t (*eddy_connection_handler)(eddy_stream *stream, void *arg);

/** How a server is to be. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_server_options {
        int backlog;       /**< connections the kernel keeps waiting; 0: 1024 */
        bool reuse_port;   /**< SO_REUSEPORT, for several loops on one port */
        bool keep_alive;   /**< SO_KEEPALIVE: TCP peers that are gone without a word are noticed, in time */
        bool is_idle;      /**< bind, and let nobody connect before eddy_server_start_serving() */
        int family;        /**< AF_INET or AF_INET6; 0: either */
        unsigned fd_count; /**< how many `fds` there are */
        size_t limit;      /**< longest line, bytes, its end not counted; 0: 64 KiB */
        size_t stack_size; /**< of each handler's task; 0: eddy_set_stack_size()'s */
        size_t max_connections;   /**< served at a time; more wait in the backlog; 0: no bound */
        mode_t mode;              /**< of a UNIX server's file; 0: as the process's umask has it */
        bool keep_file;           /**< leave a UNIX server's file there when it closes */
        const char *const *hosts; /**< in place of `host`, which is NULL then: several, and NULL at their end */
        const int *fds;           /**< sockets to listen on in place of a host: bound, of TCP or UNIX */
        const eddy_resolver *resolver; /**< who looks names up, until the call returns; NULL: the loop's */
        eddy_tls *tls;                 /**< speak TLS with who connects; the server keeps it. NULL: do not */
        void *reserved[3];             /**< zero */
} eddy_server_options;

/**
 * Listen on a port and start a coroutine for each connection.
 *
 * @param server   receives it; give it back with eddy_server_destroy()
 * @param handler  the coroutine's body
 * @param arg      passed to it; must live as long as connections do
 * @param host     a name or numeric address to listen on; NULL: every address of this machine
 * @param port     in host order; 0: any free one, see eddy_server_port()
 * @param options  may be NULL
 * @return 0
 * @retval -EADDRINUSE, -EACCES, -EADDRNOTAVAIL ... as from bind()
 * @retval EDDY_ERESOLVE                            the host has no address
 * @retval -EINVAL                                  more than one of `host`, `hosts` and `fds` is given, or one that is empty
 * @retval -EINVAL                                  `tls` is a client's context
 * @retval -EPROTOTYPE, -ENOTSOCK, -EBADF           what was given is no stream socket, no socket, not open
 * @retval EDDY_ENOTASK                             called outside a coroutine
 *
 * Suspends while a host name is looked up. Connections are accepted from now on, unless the options say otherwise.
 *
 * A port of 0 is one port for all addresses. Several hosts of one address are one (`hosts`). Sockets that are given (`fds`)
 * are the server's from now on where this succeeds, and closed with it; where it fails they stay the caller's, and open.
 * They may listen already, as those of eddy_listen_fds() do, and then keep their backlog unless the options have one; the
 * file of a UNIX socket stays, for it is whoever's who made it.
 * asyncio.start_server(), also with a sequence of hosts, with sock=, and with start_serving=False.
 */
EDDY_API EDDY_ASYNC int eddy_start_server(eddy_server **server, eddy_connection_handler handler, void *arg,
                                          const char *host, uint16_t port, const eddy_server_options *options);

/** Let those connect who want to, where the options said not to at first: 0, or the error of listen(), and then it may be
 * tried again. A server that does so already, or is closed, is left as it is. Does not suspend. Server.start_serving(). */
EDDY_API int eddy_server_start_serving(eddy_server *server);

/**
 * The sockets that a server listens on.
 *
 * @param fds  receives the first n; they stay the server's. NULL where n is 0
 * @return how many there are; 0 of one that is closed
 *
 * Server.sockets.
 */
EDDY_API size_t eddy_server_sockets(const eddy_server *server, int fds[], size_t n);

/**
 * The sockets that this program was started with, by systemd or another that passes them so (LISTEN_PID, LISTEN_FDS).
 *
 * @param first  receives the first one's descriptor; the others have the numbers after it
 * @return how many there are, for eddy_server_options' `fds`; 0: none, or they are another process's
 * @retval -EINVAL  the environment has no number there
 * @retval -EBADF   one of them is not open
 *
 * They are closed in what this program executes from now on. The environment is left as it is, so that a child by fork()
 * alone finds none. Callable from anywhere.
 */
EDDY_API int eddy_listen_fds(int *first);

/** The port it listens on; 0 for a UNIX server, and one that is closed. server.sockets[0].getsockname()[1]. */
EDDY_API uint16_t eddy_server_port(const eddy_server *server);

/** Whether it accepts connections: it is neither idle nor closed. Server.is_serving(). */
EDDY_API bool eddy_server_is_serving(const eddy_server *server);

/** How many connections are being served. */
EDDY_API size_t eddy_server_connections(const eddy_server *server);

/**
 * Serve until cancelled, as eddy_server_start_serving(); then close the server and cancel its connections, and wait for
 * their ends. Those of protocols (eddy_create_server()) are closed, and what their peers do not take at once is dropped.
 *
 * @return EDDY_CANCELLED or EDDY_TIMEOUT, as the caller was interrupted; 0 where somebody closed the server; -EBADF where
 *         somebody destroyed it; or as eddy_server_start_serving()
 *
 * Suspends. Server.serve_forever().
 */
EDDY_API EDDY_ASYNC int eddy_server_serve_forever(eddy_server *server);

/** Accept no more; connections that exist go on. Server.close(). */
EDDY_API void eddy_server_close(eddy_server *server);

/** Cancel the coroutines of all connections, which close when they return; close those of protocols, once all has left.
 * Server.close_clients(). */
EDDY_API void eddy_server_close_clients(eddy_server *server);

/** Reset all connections now, and cancel their coroutines. Server.abort_clients(). */
EDDY_API void eddy_server_abort_clients(eddy_server *server);

/** Wait until a server is closed and its last connection has ended. 0, -EBADF where somebody has destroyed it by then, or
 * how the caller was interrupted. Suspends. Server.wait_closed(). */
EDDY_API EDDY_ASYNC int eddy_server_wait_closed(eddy_server *server);

/** Close a server if nobody has, and give it back; connections that exist go on. Coroutines that wait for it get -EBADF,
 * and may not use it any more. NULL is allowed. Does not suspend. */
EDDY_API void eddy_server_destroy(eddy_server *server);

EDDY_END_DECLS

#endif
