/* Operations: one request to the kernel each, completed once. The form that epoll and io_uring share.
 *
 *         eddy_op op;
 *         eddy_op_init(&op, loop, received, &op);
 *         ssize_t n = eddy_op_recv(&op, fd, buffer, sizeof buffer, 0);
 *         if (n != EDDY_PENDING) ...            // it is done, and no callback comes
 *
 * A function that begins an operation returns its outcome where that is known at once: a value or an error.
 * Otherwise it returns EDDY_PENDING, `op` and what it points to belong to the kernel, and when the callback
 * runs `op->result` holds the outcome. One that is pending, or whose callback is still to come, is refused with
 * EDDY_EBUSY and goes on as if nothing had been; so it is with EDDY_EWRONGLOOP where the loop runs in another thread.
 * Coroutines use eddy/stream.h instead.
 */
#ifndef EDDY_OPERATION_H
#define EDDY_OPERATION_H

#include <eddy/loop.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct mmsghdr; /* which the C library shows where _GNU_SOURCE is defined */

EDDY_BEGIN_DECLS

/** One operation. The caller's memory; must stay where it is while pending. Only `result` is public. */
typedef struct eddy_op {
        eddy_handle handle; /* scheduled when the operation is done */
        ssize_t result;     /**< the outcome, when the callback runs */
        eddy_loop *loop;
        eddy_link link; /* in the backend's list of this descriptor's waiters while pending */
        int fd;
        unsigned char kind;
        bool pending;
        unsigned char traits;
        unsigned char state; /* the backend's */
        int flags;
        void *buffer;
        size_t size;
        void *extra; /* what else a kind needs: accept, the room for the address; writev, how many parts */
        void *reserved;
} eddy_op;

/** Prepare an operation; it can be begun again each time it is done. The callback runs in the loop. */
EDDY_API void eddy_op_init(eddy_op *op, eddy_loop *loop, eddy_callback callback, void *arg);

/**
 * Accept a connection.
 *
 * @param fd    a listening socket with O_NONBLOCK
 * @param peer  receives the peer's address, or NULL; filled with `*size` bytes at most
 * @param size  in: the room at peer; out: the address's size
 * @return a descriptor, with O_NONBLOCK and FD_CLOEXEC; or EDDY_PENDING, or -errno as from accept4()
 */
EDDY_API ssize_t eddy_op_accept(eddy_op *op, int fd, struct sockaddr *peer, socklen_t *size);

/** Connect a socket that has O_NONBLOCK. 0, EDDY_PENDING, or -errno as from connect(). */
EDDY_API ssize_t eddy_op_connect(eddy_op *op, int fd, const struct sockaddr *peer, socklen_t size);

/** Receive bytes; 0 at the stream's end. A count, EDDY_PENDING, or -errno as from recv(). */
EDDY_API ssize_t eddy_op_recv(eddy_op *op, int fd, void *buffer, size_t size, int flags);

/**
 * Receive a datagram with its sender's address, bytes into several places, or what else comes with them.
 *
 * @param message  filled in as by recvmsg() when the operation is done; descriptors in it have FD_CLOEXEC
 * @return a count, EDDY_PENDING, or -errno as from recvmsg()
 */
EDDY_API ssize_t eddy_op_recvmsg(eddy_op *op, int fd, struct msghdr *message, int flags);

/** Receive up to n datagrams that are there, at least one: how many, EDDY_PENDING, or -errno as from recvmmsg(). */
EDDY_API ssize_t eddy_op_recvmmsg(eddy_op *op, int fd, struct mmsghdr *messages, unsigned n);

/** Send bytes, perhaps fewer than `size`; never raises SIGPIPE. A count, EDDY_PENDING, or -errno. */
EDDY_API ssize_t eddy_op_send(eddy_op *op, int fd, const void *data, size_t size, int flags);

/** Send from several places at once; never raises SIGPIPE. A count, EDDY_PENDING, or -errno. */
EDDY_API ssize_t eddy_op_sendmsg(eddy_op *op, int fd, const struct msghdr *message, int flags);

/**
 * Read from a pipe, a terminal or anything else that read() takes; 0 at its end. A count, EDDY_PENDING, or -errno.
 *
 * @param fd  has O_NONBLOCK; a regular file needs none, and is read at once where its offset stands
 */
EDDY_API ssize_t eddy_op_read(eddy_op *op, int fd, void *buffer, size_t size);

/** Write to such a descriptor, perhaps fewer than `size`; never raises SIGPIPE. A count, EDDY_PENDING, or -errno. */
EDDY_API ssize_t eddy_op_write(eddy_op *op, int fd, const void *data, size_t size);

/** Write from several places at once; never raises SIGPIPE. A count, EDDY_PENDING, or -errno.
 *
 * @param parts  stays where it is until the operation is done, as what it points to does
 */
EDDY_API ssize_t eddy_op_writev(eddy_op *op, int fd, const struct iovec *parts, int count);

/** Wait for either POLLIN or POLLOUT, once. The events that came, EDDY_PENDING, -EINVAL for anything else, or
 * -errno. */
EDDY_API ssize_t eddy_op_poll(eddy_op *op, int fd, unsigned events);

/**
 * Close a descriptor that operations have used, and forget what the loop knows of it. Its number may come back
 * as another file at once, so descriptors used with operations must be closed here. Operations that are pending
 * on it end with EDDY_CANCELLED, and its watchers are removed. Whoever else still holds the file (a duplicate, a
 * child, somebody it was passed to), nothing of it wakes this loop again.
 *
 * @return 0, or -errno as from close(); the descriptor is gone either way
 * @retval EDDY_EBUSY       `op` is pending; the descriptor is still open
 * @retval EDDY_EWRONGLOOP  its loop runs in another thread; likewise
 */
EDDY_API ssize_t eddy_op_close(eddy_op *op, int fd);

/**
 * Ask for a pending operation to end. Its callback still comes, with EDDY_CANCELLED or, where the kernel was
 * faster, with its outcome; until then its buffer must stay.
 */
EDDY_API void eddy_op_cancel(eddy_op *op);

EDDY_END_DECLS

#endif
