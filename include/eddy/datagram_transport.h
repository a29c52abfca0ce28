/* Datagram transports and their protocols: a socket of datagrams that calls, where an eddy_datagram is waited for.
 *
 *         static void datagram_received(eddy_datagram_transport *transport, void *self, const void *data, size_t n,
 *                                       const eddy_address *from)
 *         {
 *                 eddy_datagram_transport_sendto(transport, data, n, from);
 *         }
 *         static const eddy_datagram_protocol echo = {.datagram_received = datagram_received};
 *
 * All of it runs in the loop, and nothing here suspends unless it says so. Coroutines use eddy/datagram.h instead. asyncio's
 * DatagramTransport and DatagramProtocol.
 */
#ifndef EDDY_DATAGRAM_TRANSPORT_H
#define EDDY_DATAGRAM_TRANSPORT_H

#include <eddy/datagram.h>

EDDY_BEGIN_DECLS

/** A socket of datagrams. It is the loop's: valid from when it is made until connection_lost() returns. */
typedef struct eddy_datagram_transport eddy_datagram_transport;

/**
 * What a datagram transport calls: a table, which any number of them share, while `self` is each one's own. Where a function
 * is NULL nothing is done.
 *
 * connection_made() comes first, and connection_lost() last, once each, whatever happens. They come from the loop, never from
 * within a function of a transport's, and never one within another; but for pause_writing(), which comes within the
 * eddy_datagram_transport_sendto() that was too much, or within eddy_datagram_transport_set_write_limits(). Any of them may call
 * any function of the transport's, and stop the loop. Once it is closing nothing comes any more but connection_lost().
 */
typedef struct eddy_datagram_protocol {
        /** The transport is ready. BaseProtocol.connection_made(). */
        void (*connection_made)(eddy_datagram_transport *transport, void *self);

        /**
         * A datagram came, whole; its bytes, of which there may be none, are the transport's again when this returns.
         * DatagramProtocol.datagram_received().
         *
         * @param from  who sent it, likewise; its size is 0 where that is a UNIX socket without a name
         */
        void (*datagram_received)(eddy_datagram_transport *transport, void *self, const void *data, size_t n,
                                  const eddy_address *from);

        /**
         * Something was lost, and the transport goes on. DatagramProtocol.error_received().
         *
         * @param error  -ECONNREFUSED, -EHOSTUNREACH ...: an earlier datagram of a connected socket did not arrive; why one that
         *               had waited for room could not be sent; or -EMSGSIZE, too: one came that is longer than 256 KiB
         */
        void (*error_received)(eddy_datagram_transport *transport, void *self, int error);

        /** It is over; the transport is gone when this returns. BaseProtocol.connection_lost().
         *
         * @param reason  0: it was closed or aborted; EDDY_ELOOPCLOSED: with its loop; else why it can receive no more
         */
        void (*connection_lost)(eddy_datagram_transport *transport, void *self, int reason);

        /** More waits for room than the upper mark: better send no more. It is called again only after resume_writing().
         * BaseProtocol.pause_writing(). */
        void (*pause_writing)(eddy_datagram_transport *transport, void *self);

        /** After that: no more waits than the lower mark. BaseProtocol.resume_writing(). */
        void (*resume_writing)(eddy_datagram_transport *transport, void *self);

        void *reserved[4]; /**< NULL */
} eddy_datagram_protocol;

/**
 * Make a transport of a datagram socket. loop.create_datagram_endpoint(sock=...).
 *
 * @param transport  receives it; NULL: the protocol's functions are told
 * @param loop       whose it is; NULL: this thread's
 * @param fd         the transport's from now on, and put into non-blocking mode; the caller's still where this fails
 * @param protocol   must stay as long as the transport
 * @param self       passed to all of its functions
 * @return 0; -EPROTOTYPE where it is no datagram socket; -ENOMEM, or -errno
 * @retval EDDY_ENOLOOP, EDDY_EWRONGLOOP, EDDY_ELOOPCLOSED  as for any call on a loop
 */
EDDY_API int eddy_datagram_transport_from_socket(eddy_datagram_transport **transport, eddy_loop *loop, int fd,
                                                 const eddy_datagram_protocol *protocol, void *self);

/**
 * Open a UDP socket, as eddy_open_datagram() does, and make a transport of it. When this returns 0, connection_made() has been
 * called.
 *
 * @param transport  receives it; NULL where this fails, or where connection_made() has closed it and it is lost already. NULL:
 *                   the protocol's functions are told
 * @param options    as of eddy_open_datagram()
 * @return 0, or as eddy_open_datagram()
 *
 * Suspends. loop.create_datagram_endpoint().
 */
EDDY_API EDDY_ASYNC int eddy_create_datagram_endpoint(eddy_datagram_transport **transport,
                                                      const eddy_datagram_protocol *protocol, void *self,
                                                      const eddy_datagram_options *options);

/** Likewise of a UNIX socket, with the paths of eddy_open_unix_datagram(). 0, or as that. Suspends.
 * loop.create_datagram_endpoint(family=AF_UNIX). */
EDDY_API EDDY_ASYNC int eddy_create_unix_datagram_endpoint(eddy_datagram_transport **transport,
                                                           const eddy_datagram_protocol *protocol, void *self,
                                                           const char *local_path, const char *remote_path);

/**
 * Send a datagram: at once, or where there is no room for it now, behind those that wait for some already. One that has waited
 * and cannot be sent is told by error_received(). DatagramTransport.sendto().
 *
 * @param data  copied, where it has to wait
 * @param n     bytes, maybe 0
 * @param to    whom to; NULL: to whom the socket is connected
 * @return 0, or why it was not sent
 * @retval -EMSGSIZE                 it is longer than a datagram can be
 * @retval -EDESTADDRREQ, -ENOTCONN  the socket is not connected, and `to` is NULL
 * @retval -EPIPE                    the transport is closing
 * @retval -ENETUNREACH, -EACCES, -ENOBUFS, -ENOMEM ...  as from sendto()
 * @retval EDDY_EWRONGLOOP           its loop runs in another thread
 */
EDDY_API int eddy_datagram_transport_sendto(eddy_datagram_transport *transport, const void *data, size_t n,
                                            const eddy_address *to);

/** Send what waits for room, then close. Nothing more is received; connection_lost() comes later. BaseTransport.close(). */
EDDY_API void eddy_datagram_transport_close(eddy_datagram_transport *transport);

/** Close now, and drop what waits; connection_lost() comes later, with 0. DatagramTransport.abort(). */
EDDY_API void eddy_datagram_transport_abort(eddy_datagram_transport *transport);

/** Whether it is closed, or about to be. BaseTransport.is_closing(). */
EDDY_API bool eddy_datagram_transport_is_closing(const eddy_datagram_transport *transport);

/**
 * Say when sending is to pause and to go on. WriteTransport.set_write_buffer_limits().
 *
 * @param high  bytes that may wait for room, 64 KiB at first; 0: any datagram that waits is too much
 * @param low   at how many sending goes on, 16 KiB at first
 * @return 0, or -EINVAL where low > high
 */
EDDY_API int eddy_datagram_transport_set_write_limits(eddy_datagram_transport *transport, size_t high,
                                                      size_t low);

/** Bytes that wait for room; each datagram counts with what is kept beside its bytes, so that empty ones do, too.
 * WriteTransport.get_write_buffer_size(). */
EDDY_API size_t eddy_datagram_transport_write_buffer_size(const eddy_datagram_transport *transport);

/** Its descriptor, to be asked and set by; -1 once it is closed. get_extra_info('socket'); for names see eddy/address.h. */
EDDY_API int eddy_datagram_transport_fd(const eddy_datagram_transport *transport);

/** Have another protocol called from now on. One that takes over while sending is paused is told resume_writing().
 * BaseTransport.set_protocol(). */
EDDY_API void eddy_datagram_transport_set_protocol(eddy_datagram_transport *transport,
                                                   const eddy_datagram_protocol *protocol, void *self);

/** The protocol that is called. BaseTransport.get_protocol().
 *
 * @param self  receives what it is given; may be NULL
 */
EDDY_API const eddy_datagram_protocol *
eddy_datagram_transport_protocol(const eddy_datagram_transport *transport, void **self);

EDDY_END_DECLS

#endif
