/* Datagrams: UDP and UNIX sockets that carry messages, each whole or not at all, in no certain order.
 *
 *         eddy_datagram *datagram;
 *         eddy_address from;
 *         char buffer[1500];
 *         eddy_open_datagram(&datagram, &(eddy_datagram_options){.local_port = 9999});
 *         ssize_t n = eddy_datagram_receive(datagram, buffer, sizeof buffer, &from, NULL);
 *         eddy_datagram_send_to(datagram, buffer, (size_t)n, &from);
 *
 * Any number of coroutines may receive from, and send to, one of them at once: each datagram goes to one of
 * them, first come, first served. Where asyncio calls a protocol's datagram_received() and error_received(),
 * eddy_datagram_receive() returns.
 */
#ifndef EDDY_DATAGRAM_H
#define EDDY_DATAGRAM_H

#include <eddy/resolve.h>
#include <eddy/task.h>

EDDY_BEGIN_DECLS

typedef struct eddy_datagram eddy_datagram;

/** How a datagram socket is to be. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_datagram_options {
        const char *local_host;  /**< name or address to receive on; NULL: every address of this machine */
        uint16_t local_port;     /**< in host order; 0: any free one */
        const char *remote_host; /**< whom to connect to, so that only its datagrams come; NULL: nobody */
        uint16_t remote_port;    /**< in host order; without a host: of this machine */
        int family;              /**< AF_INET or AF_INET6; 0: as the hosts have it, else AF_INET */
        bool reuse_port;         /**< SO_REUSEPORT, for several sockets on one port */
        bool broadcast;          /**< allow sending to broadcast addresses */
        const eddy_resolver *resolver; /**< who looks names up, until the call returns; NULL: the loop's */
        void *reserved[3];             /**< zero */
} eddy_datagram_options;

/**
 * Open a UDP socket.
 *
 * @param datagram  receives it; give it back with eddy_datagram_destroy()
 * @param options   may be NULL
 * @return 0
 * @retval EDDY_ERESOLVE                    a host has no address; eddy_error_detail() says why
 * @retval -EADDRINUSE, -EADDRNOTAVAIL ...  as from bind() and connect(), for the address that was tried last
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT     the caller was interrupted
 * @retval EDDY_ENOTASK                     called outside a coroutine
 * @retval -ENOMEM, -EMFILE                 the system has nothing left
 *
 * Each address of a host is tried in turn, and of a host to be connected from each that is of the same family. Suspends while
 * names are looked up, both at once. loop.create_datagram_endpoint().
 */
EDDY_API EDDY_ASYNC int eddy_open_datagram(eddy_datagram **datagram, const eddy_datagram_options *options);

/**
 * Open a UNIX datagram socket.
 *
 * @param datagram     receives it; give it back with eddy_datagram_destroy()
 * @param local_path   the file to create, or "@name" (see eddy/unix.h); NULL: none, and nobody can answer. A
 *                     socket that is there already is removed, and closing removes this one
 * @param remote_path  whom to be connected to; NULL: nobody
 * @return 0
 * @retval -ENOENT, -ECONNREFUSED  nobody is there to connect to
 * @retval -EADDRINUSE, -EACCES, -ENAMETOOLONG ... as from bind()
 * @retval EDDY_ENOLOOP            no loop runs in this thread
 * @retval -ENOMEM, -EMFILE        the system has nothing left
 *
 * Does not suspend. loop.create_datagram_endpoint(family=AF_UNIX).
 */
EDDY_API int eddy_open_unix_datagram(eddy_datagram **datagram, const char *local_path, const char *remote_path);

/**
 * Make use of a datagram socket that is there.
 *
 * @param fd  the datagram's from now on where this succeeds, and put into non-blocking mode
 * @return 0, -ENOMEM, EDDY_ENOLOOP, or -errno where fd is no datagram socket
 *
 * loop.create_datagram_endpoint(sock=...).
 */
EDDY_API int eddy_datagram_from_socket(eddy_datagram **datagram, int fd);

/**
 * Receive one datagram.
 *
 * @param buffer        receives its first n bytes; more are cut off
 * @param from          receives who sent it; may be NULL
 * @param is_truncated  receives whether it was longer than n; may be NULL
 * @return how many bytes, maybe 0
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; nothing is lost
 * @retval -ECONNREFUSED, -EHOSTUNREACH ... an earlier datagram of a connected socket did not arrive; the socket
 *                                       goes on. DatagramProtocol.error_received()
 * @retval -EBADF                        it is closed, or was meanwhile
 * @retval EDDY_ENOTASK                  called outside a coroutine
 *
 * Suspends while there is none. DatagramProtocol.datagram_received().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_datagram_receive(eddy_datagram *datagram, void *buffer, size_t n,
                                                  eddy_address *from, bool *is_truncated);

/** One of many datagrams. */
typedef struct eddy_message {
        void *data;        /**< the caller's memory */
        size_t room;       /**< bytes at data, for receiving */
        size_t size;       /**< bytes of the datagram */
        eddy_address peer; /**< who sent it, or to whom; size 0: to whom the socket is connected */
        bool is_truncated; /**< received: it was longer than room */
} eddy_message;

/**
 * Receive what datagrams there are, in one system call.
 *
 * @param messages  n of them, with `data` and `room` set; those that were received have the rest set, so that
 *                  they can be given to eddy_datagram_send_many() as they are
 * @param n         at most 64 are received at once
 * @return how many, at least 1 unless n is 0
 *
 * Else as eddy_datagram_receive(). Suspends while there is none.
 */
EDDY_API EDDY_ASYNC ssize_t eddy_datagram_receive_many(eddy_datagram *datagram, eddy_message messages[],
                                                       size_t n);

/**
 * Send a datagram to whom the socket is connected.
 *
 * @return n
 * @retval -EMSGSIZE                     it is longer than a datagram can be
 * @retval -EDESTADDRREQ, -ENOTCONN      the socket is not connected
 * @retval -ECONNREFUSED ...             an earlier datagram did not arrive, and this one was not sent
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; it was not sent
 * @retval -EBADF                        it is closed, or was meanwhile
 * @retval EDDY_ENOTASK                  called outside a coroutine
 *
 * Suspends while the kernel's buffer is full. transport.sendto().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_datagram_send(eddy_datagram *datagram, const void *data, size_t n);

/** As eddy_datagram_send(), to an address; the socket need not be connected. -EACCES for a broadcast address
 * that the options do not allow. transport.sendto(data, addr). */
EDDY_API EDDY_ASYNC ssize_t eddy_datagram_send_to(eddy_datagram *datagram, const void *data, size_t n,
                                                  const eddy_address *to);

/**
 * Send datagrams, in as few system calls as can be.
 *
 * @param messages  n of them, with `data`, `size` and `peer` set
 * @return how many were sent: less than n where one could not be, or the caller was interrupted; the next call
 *             says why
 *
 * Where the first cannot be sent, as eddy_datagram_send(). Suspends while the kernel's buffer is full.
 */
EDDY_API EDDY_ASYNC ssize_t eddy_datagram_send_many(eddy_datagram *datagram, const eddy_message messages[],
                                                    size_t n);

/**
 * Send bytes as datagrams of one size, which the kernel or the network card divides (UDP_SEGMENT): much cheaper
 * than one by one.
 *
 * @param n        bytes: at most 64 segments and 65,507 bytes
 * @param segment  bytes of each datagram but the last, which may be shorter; 1 at least
 * @param to       NULL: to whom the socket is connected
 * @return n
 * @retval -EINVAL, -EMSGSIZE  n is too much, or segment too long for the way, or 0
 *
 * Else as eddy_datagram_send().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_datagram_send_segments(eddy_datagram *datagram, const void *data, size_t n,
                                                        uint16_t segment, const eddy_address *to);

/**
 * Receive what is sent to a multicast group, too.
 *
 * @param group      its address, such as "239.1.2.3" or "ff02::1:3"
 * @param interface  where to listen, such as "eth0"; NULL: where the system would send to it
 * @return 0
 * @retval -EINVAL      group is no multicast address of the socket's family
 * @retval -ENODEV      there is no such interface, or none at all
 * @retval -EADDRINUSE  it is joined already
 */
EDDY_API int eddy_datagram_join(eddy_datagram *datagram, const char *group, const char *interface);

/** Leave a multicast group that was joined, with the same arguments. 0, or -EADDRNOTAVAIL where it was not. */
EDDY_API int eddy_datagram_leave(eddy_datagram *datagram, const char *group, const char *interface);

/** How many routers what is sent to groups may pass, 0 to 255; 1 at first: none. 0 or -EINVAL. */
EDDY_API int eddy_datagram_set_multicast_ttl(eddy_datagram *datagram, int ttl);

/** Whether what is sent to groups also comes to receivers on this machine, as it does at first. 0 or -errno. */
EDDY_API int eddy_datagram_set_multicast_loop(eddy_datagram *datagram, bool loop);

/** Through which interface to send to groups; NULL: the system's choice. 0 or -ENODEV. */
EDDY_API int eddy_datagram_set_multicast_interface(eddy_datagram *datagram, const char *interface);

/** Its descriptor, for setsockopt() and the like; it stays the datagram's. get_extra_info("socket"). */
EDDY_API int eddy_datagram_fd(const eddy_datagram *datagram);

/** The address that it receives on, as text; "" where there is none. Valid until the next call for a name.
 * get_extra_info("sockname"). */
EDDY_API const char *eddy_datagram_own_name(eddy_datagram *datagram);

/** The address that it is connected to, in the same form. get_extra_info("peername"). */
EDDY_API const char *eddy_datagram_peer_name(eddy_datagram *datagram);

/** Close it: every datagram sent so far is the kernel's already. Coroutines that wait for it get -EBADF.
 * transport.close(), transport.abort(). */
EDDY_API void eddy_datagram_close(eddy_datagram *datagram);

/** Close it if nobody has, and give it back. Coroutines that wait for it get -EBADF, and may not use it any more. NULL is
 * allowed. Does not suspend. */
EDDY_API void eddy_datagram_destroy(eddy_datagram *datagram);

EDDY_END_DECLS

#endif
