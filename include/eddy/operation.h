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
 * Who would rather have every outcome by the callback hands those that are known at once to eddy_op_defer().
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
        void *extra; /* what else a kind needs: the room for an address, how many parts, where in a file */
        void *reserved;
} eddy_op;

/** Prepare an operation; it can be begun again each time it is done. The callback runs in the loop. */
EDDY_API void eddy_op_init(eddy_op *op, eddy_loop *loop, eddy_callback callback, void *arg);

/** What the caller promises of a descriptor, or asks of an operation: see eddy_op_set_traits(). */
enum eddy_op_traits {
        /** Receiving less than was asked for means that no more has come, and sending less that there is no room: true of
         * stream sockets but for AF_UNIX's, and of batches of datagrams. Saves the call that would be told EAGAIN. */
        EDDY_OP_SHORT_IS_ALL = 1,

        /** Nobody else receives from, accepts from or sends to the descriptor, nor is it read in any other way, until it is
         * closed by eddy_op_close(). So the kernel may do it by itself, where the loop is on io_uring: sends are
         * submitted, and bytes and connections are had before they are asked for, with one request for many. What came
         * and was not asked for is gone when the descriptor is closed. For streams other than AF_UNIX's and servers. */
        EDDY_OP_EXCLUSIVE = 2,

        /** It ends at once with -EAGAIN where it would have to wait. On io_uring an exclusive eddy_op_send() always would. */
        EDDY_OP_DONT_WAIT = 4,
};

/**
 * Say more of the requests that follow on this operation; eddy_op_init() begins with none of these.
 *
 * @param traits  of enum eddy_op_traits, or 0. With EDDY_OP_EXCLUSIVE, eddy_op_accept() takes no peer, eddy_op_recv() no
 *                flags, and eddy_op_recvmsg(), eddy_op_recvmmsg() and eddy_op_read() are refused: -EINVAL. Whatever
 *                receives from such a descriptor is to have it, eddy_op_readable() included
 * @return 0
 * @retval EDDY_EBUSY  it is pending, or its callback is still to come; it stays as it is
 * @retval -EINVAL     there is no such trait
 */
EDDY_API int eddy_op_set_traits(eddy_op *op, unsigned traits);

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

/**
 * Send bytes of a file, which the kernel takes from there, perhaps fewer than n; never raises SIGPIPE.
 *
 * @param fd      a socket with O_NONBLOCK. Where others share it and have put it into blocking mode, the loop stands still
 *                until there is room: sendfile() has no flag against that
 * @param file    a regular file, or a device that can be mapped; its own offset is neither used nor changed. What is
 *                not in memory is waited for here, by the loop: eddy_stream_sendfile() has a thread bring it
 * @param offset  where in the file
 * @return a count, 0 at the file's end; EDDY_PENDING, or -errno
 * @retval -EINVAL, -ESPIPE  the kernel cannot send this file, or not to there: copy it
 */
EDDY_API ssize_t eddy_op_sendfile(eddy_op *op, int fd, int file, off_t offset, size_t n);

/**
 * Let the peer see the end, or receive no more; never pending. What was sent before, and has been taken, still leaves.
 * An exclusive send that is pending has not been taken: wait for it.
 *
 * @param how  SHUT_RD, SHUT_WR or SHUT_RDWR
 * @return 0 or -errno as from shutdown()
 */
EDDY_API ssize_t eddy_op_shutdown(eddy_op *op, int fd, int how);

/**
 * Wait until receiving may bring something, be it the end or an error; so no buffer is needed while nothing has come.
 *
 * @param fd      a descriptor that only operations read, so that the loop knows what these were told
 * @param surely  it is worth a system call to know, and not only to have no reason to doubt it
 * @return 0, EDDY_PENDING, or -errno. Receiving may all the same find nothing: where somebody else was faster, at a mark
 *         of urgent data, and before anything was received where `surely` is false
 */
EDDY_API ssize_t eddy_op_readable(eddy_op *op, int fd, bool surely);

/**
 * Wait until the other side has gone: it has sent its end, has closed or reset the connection, or that has failed. Takes
 * nothing: bytes that came before stay to be received. Others may read and write meanwhile, or wait for the same.
 *
 * A TCP peer that only sends no more cannot be told from one that is gone for good, until something is sent to it. One that
 * vanished without a word is gone when TCP gives up: after 15 minutes of resending, or never where nothing is sent and there
 * is no SO_KEEPALIVE. A pipe's writer sees its last reader go, and a reader its last writer.
 *
 * @return the events that tell so (POLLRDHUP: it sends no more; POLLHUP: both directions are over; POLLERR: it was reset, or
 *         a pipe has lost its reader), EDDY_PENDING, or -errno
 * @retval -EPERM  it is a regular file
 */
EDDY_API ssize_t eddy_op_gone(eddy_op *op, int fd);

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
 * Have the callback come with an outcome that is known already, in the loop's next iteration: where a request had its
 * outcome at once and others are to have their turn before it is looked at, or it is to be looked at in one place.
 *
 *         n = eddy_op_recv(&op, fd, buffer, sizeof buffer, 0);
 *         if (n != EDDY_PENDING)
 *                 eddy_op_defer(&op, n);        // received() has it next
 *
 * @param result  what the callback finds in op->result
 * @return 0
 * @retval EDDY_EBUSY       it is pending, or its callback is still to come
 * @retval EDDY_EWRONGLOOP  its loop runs in another thread
 */
EDDY_API int eddy_op_defer(eddy_op *op, ssize_t result);

/** Whether to give way now, asked after each outcome that was known at once by who would go on: true about each 64th time. A
 * client that sends faster than it is answered would otherwise keep the loop from everybody else. */
EDDY_API bool eddy_op_should_give_way(const eddy_op *op);

/**
 * Ask for a pending operation to end. Its callback still comes, with EDDY_CANCELLED or, where the kernel was
 * faster, with its outcome; until then its buffer must stay.
 */
EDDY_API void eddy_op_cancel(eddy_op *op);

EDDY_END_DECLS

#endif
