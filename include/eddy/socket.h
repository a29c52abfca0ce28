/* Raw sockets: descriptors of the caller's own, with calls that suspend in place of blocking. In whatever mode they are,
 * the loop is not held up: connecting and accepting put them into non-blocking mode.
 *
 *         int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
 *         int rc = eddy_sock_connect(fd, &address);
 *         ...
 *         eddy_sock_close(fd);
 *
 * Several coroutines may wait for one descriptor: they are served first come, first served. Nothing keeps apart
 * the bytes of two that are in eddy_sock_sendall() or eddy_sock_sendfile() on one socket at once. Streams and
 * datagrams (eddy/stream.h, eddy/datagram.h) are easier.
 */
#ifndef EDDY_SOCKET_H
#define EDDY_SOCKET_H

#include <eddy/address.h>
#include <eddy/task.h>

EDDY_BEGIN_DECLS

/**
 * Receive what there is, up to n bytes.
 *
 * @return how many bytes; 0 at the end of a stream
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; nothing is lost
 * @retval -EBADF                        it is no descriptor, or was closed meanwhile
 * @retval EDDY_ENOTASK                  called outside a coroutine
 * @retval -ECONNRESET ...               as from recv()
 *
 * Suspends while there is nothing. loop.sock_recv(), loop.sock_recv_into().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_sock_recv(int fd, void *buffer, size_t n);

/** As eddy_sock_recv(), with the sender's address, unless `from` is NULL. A datagram is cut off after n bytes.
 * loop.sock_recvfrom(), loop.sock_recvfrom_into(). */
EDDY_API EDDY_ASYNC ssize_t eddy_sock_recvfrom(int fd, void *buffer, size_t n, eddy_address *from);

/**
 * Send n bytes, all of them.
 *
 * @return n
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; nobody knows how much was sent
 * @retval -EPIPE, -ECONNRESET ...       as from send(); never a signal
 *
 * Else as eddy_sock_recv(). Suspends while the kernel's buffer is full. loop.sock_sendall().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_sock_sendall(int fd, const void *data, size_t n);

/**
 * Send a datagram.
 *
 * @param to  NULL: to whom the socket is connected
 * @return n
 * @retval -EMSGSIZE          it is too long
 * @retval -ECONNREFUSED ...  as from sendto()
 *
 * Else as eddy_sock_recv(). Suspends while the kernel's buffer is full. loop.sock_sendto().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_sock_sendto(int fd, const void *data, size_t n, const eddy_address *to);

/**
 * Connect a socket.
 *
 * @return 0
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT      the caller was interrupted; the socket is of no more use
 * @retval -ECONNREFUSED, -EHOSTUNREACH ...  as from connect()
 *
 * Else as eddy_sock_recv(). Suspends. loop.sock_connect().
 */
EDDY_API EDDY_ASYNC int eddy_sock_connect(int fd, const eddy_address *address);

/**
 * Accept a connection.
 *
 * @param fd    a socket that listens
 * @param peer  receives the address of who connected; may be NULL
 * @return a descriptor in non-blocking mode, with FD_CLOEXEC; the caller's, see eddy_sock_close()
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; no connection is lost
 * @retval -EMFILE ...                   as from accept()
 *
 * Else as eddy_sock_recv(). Suspends while nobody connects. loop.sock_accept().
 */
EDDY_API EDDY_ASYNC int eddy_sock_accept(int fd, eddy_address *peer);

/**
 * Send part of a file.
 *
 * @param fd      the socket
 * @param file    a descriptor of a file that can be read at any place. It must stay open
 * @param offset  where the part begins
 * @param n       its length, bytes; SIZE_MAX: to the file's end
 * @return how many bytes were sent: less than n only where the file ends before
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; nobody knows how much was sent
 * @retval -ESPIPE, -EINVAL              the file is none of that kind
 * @retval -EPIPE, -ECONNRESET ...       as from send()
 *
 * Else as eddy_sock_recv(). Suspends as eddy_stream_sendfile() does. loop.sock_sendfile().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_sock_sendfile(int fd, int file, off_t offset, size_t n);

/** Close a descriptor that was used here, so that the loop forgets it: its number may come back as another file
 * at once, and whoever else holds the file wakes this loop no more. Coroutines that wait for it get -EBADF. 0;
 * EDDY_ENOLOOP, and it is open still; or -errno as from close(), and it is closed all the same. Does not suspend. */
EDDY_API int eddy_sock_close(int fd);

EDDY_END_DECLS

#endif
