/* Streams: a connection read and written as if its calls blocked. */
#ifndef EDDY_STREAM_H
#define EDDY_STREAM_H

#include <eddy/resolve.h>
#include <eddy/task.h>
#include <sys/socket.h>
#include <sys/uio.h>

EDDY_BEGIN_DECLS

typedef struct eddy_stream eddy_stream;

/** Whom one trusts, and who one is, over TLS: a context of eddy/tls.h. */
typedef struct eddy_tls eddy_tls;

/** How a connection is to be made. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_connect_options {
        size_t limit;                /**< longest line, bytes, its end not counted; 0: 64 KiB */
        const char *local_host;      /**< address to connect from; NULL: any */
        uint16_t local_port;         /**< port to connect from; 0: any */
        uint16_t first_family_count; /**< addresses of the first one's family to try before another's; 0: 1 */
        int family;                  /**< AF_INET or AF_INET6; 0: either */
        eddy_duration happy_eyeballs_delay; /**< an address's head start over the next; 0: 250 ms */
        const eddy_resolver *resolver;      /**< who looks names up, until the call returns; NULL: the loop's */
        eddy_tls *tls;                      /**< speak TLS, from the first byte on; NULL: do not */
        const char *tls_name; /**< whom the other side's certificate has to be for; NULL: the host */
        void *reserved[1];    /**< zero */
} eddy_connect_options;

/**
 * Connect to a host. Where it has several addresses, the first that answers is taken (RFC 8305): each is tried
 * when the one before has failed, or has not answered within the happy eyeballs delay, and IPv6 and IPv4 take
 * turns. A delay of EDDY_FOREVER tries one after the other, as asyncio does unless told otherwise.
 *
 * @param stream   receives the connection; give it back with eddy_stream_destroy()
 * @param host     a name or a numeric address
 * @param port     in host order
 * @param options  may be NULL
 * @return 0
 * @retval EDDY_ERESOLVE                 the host has no address; eddy_error_detail() says why
 * @retval -ECONNREFUSED, -EHOSTUNREACH ... the refusal that came last
 * @retval -EINVAL                       `tls` is a server's context, or the name that is asked for is none
 * @retval -EADDRNOTAVAIL                what is to be connected from has no address of the family, or is another's
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted
 * @retval EDDY_ENOTASK                  called outside a coroutine
 * @retval -ENOMEM, -EMFILE              the system has nothing left
 *
 * Suspends. Where it fails or is interrupted, every descriptor that it had is closed when it returns.
 * asyncio.open_connection().
 */
EDDY_API EDDY_ASYNC int eddy_open_connection(eddy_stream **stream, const char *host, uint16_t port,
                                             const eddy_connect_options *options);

/**
 * Make a stream of a connected socket.
 *
 * @param fd     the stream's from now on where this succeeds, and put into non-blocking mode
 * @param limit  longest line, bytes, its end not counted; 0: 64 KiB
 * @return 0, -ENOMEM, EDDY_ENOLOOP, or -errno where fd is no stream socket
 *
 * asyncio.open_connection(sock=...).
 */
EDDY_API int eddy_stream_from_socket(eddy_stream **stream, int fd, size_t limit);

/**
 * Make a stream of a pipe, a FIFO, a terminal or another file. It reads, writes or both, as the descriptor was opened
 * to; what it does not do fails: reading with -EBADF, writing with -EPIPE.
 *
 * @param fd     the stream's from now on where this succeeds, and put into non-blocking mode, which whoever shares
 *               the open file gets too: for those that a program was started with there is eddy_open_stdio()
 * @param limit  longest line, bytes, its end not counted; 0: 64 KiB
 * @return 0, -ENOMEM, EDDY_ENOLOOP, or -errno as from fstat() and fcntl()
 *
 * eddy_stream_write_eof() closes a stream that only writes. A reader that is gone is told by -EPIPE, never by SIGPIPE, a
 * file that may not grow further by -EFBIG, never by SIGXFSZ, and a disk that is full by -ENOSPC, all at once. A FIFO that
 * nobody has opened for writing yet is waited for, and ends with its last writer. Regular files never make it wait, but
 * for the disk. A socket is as by eddy_stream_from_socket().
 * loop.connect_read_pipe(), loop.connect_write_pipe().
 */
EDDY_API int eddy_stream_from_pipe(eddy_stream **stream, int fd, size_t limit);

/**
 * Make a stream of standard input, output or error, whatever that is: a terminal, a pipe, a file, a socket.
 *
 * @param fd     STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO or another that is shared with other processes; it stays
 *               the caller's, and open
 * @param limit  longest line, bytes, its end not counted; 0: 64 KiB
 * @return 0, -ENOMEM, EDDY_ENOLOOP, -EMFILE, or -EBADF where fd is not open
 *
 * The mode of what is shared stays as it is, so that the shell finds its terminal as it left it: pipes and terminals
 * are opened anew (through /proc), sockets are asked each time not to wait, and so are pipes that cannot be opened anew
 * (Linux 6.4). Only where all of that is refused, as for another user's terminal, non-blocking mode is set until the
 * stream is closed. A FIFO that nobody has opened for writing yet is waited for; one whose writers have gone ends. What is
 * written and has not left when the loop is closed is lost: drain or close the stream before. Mix it with <stdio.h>
 * on the same descriptor only with care: neither knows what the other holds.
 */
EDDY_API int eddy_open_stdio(eddy_stream **stream, int fd, size_t limit);

/**
 * Read what there is, up to n bytes.
 *
 * @return how many bytes; 0 at the end of the stream (or where n is 0)
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; nothing is lost
 * @retval EDDY_EBUSY                    another coroutine reads this stream
 * @retval -EBADF                        the stream is closed
 * @retval -ECONNRESET ...               as from recv()
 *
 * Suspends while there is nothing. StreamReader.read(n).
 */
EDDY_API EDDY_ASYNC ssize_t eddy_stream_read(eddy_stream *stream, void *buffer, size_t n);

/**
 * Read what there is, without a copy and without a buffer of the caller's. The stream lends it, and has no memory for
 * bytes while it waits for them: this is how a server holds many connections that are mostly silent.
 *
 * @param data  receives where the bytes are: in the stream's buffer until its next call for reading
 * @return how many bytes, up to some 16 KiB; 0 at the end of the stream
 *
 * Else as eddy_stream_read(), and -ENOMEM. asyncio.BufferedProtocol, turned round: the stream has the buffer.
 */
EDDY_API EDDY_ASYNC ssize_t eddy_stream_read_some(eddy_stream *stream, const char **data);

/**
 * Read exactly n bytes.
 *
 * @return n
 * @retval EDDY_EINCOMPLETE  the stream ended before; what came can still be had from eddy_stream_read()
 *
 * Else as eddy_stream_read(). Interrupted, it keeps what came for the next call. StreamReader.readexactly().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_stream_read_exactly(eddy_stream *stream, void *buffer, size_t n);

/**
 * Read up to and including a separator.
 *
 * @param separator  1 or more bytes
 * @param data       receives where the bytes are: in the stream's buffer until its next call for reading
 * @return how many bytes, separator included
 * @retval EDDY_EINCOMPLETE  the stream ended without a separator; the rest can be had from eddy_stream_read()
 * @retval EDDY_ELIMIT       more lies before the separator than the stream's limit, which counts neither the separator nor
 *                           what comes behind it; the bytes stay for another way of reading
 *
 * Else as eddy_stream_read(). StreamReader.readuntil().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_stream_read_until(eddy_stream *stream, const void *separator,
                                                   size_t separator_size, const char **data);

/**
 * As eddy_stream_read_until(), up to and including the first of several separators:
 *
 *         struct iovec ends[] = {{"\r\n", 2}, {"\n", 1}};
 *         n = eddy_stream_read_until_any(stream, ends, 2, &data, NULL);
 *
 * @param separators  n of them, each of 1 or more bytes. The one that ends first counts, and of those that end together
 *                    the longest
 * @param which       receives which it was; may be NULL
 * @retval -EINVAL    n is 0, or a separator empty
 *
 * StreamReader.readuntil((a, b)).
 */
EDDY_API EDDY_ASYNC ssize_t eddy_stream_read_until_any(eddy_stream *stream, const struct iovec separators[],
                                                       size_t n, const char **data, size_t *which);

/**
 * Read a line.
 *
 * @param line  receives where it is: in the stream's buffer until its next call for reading; not terminated
 * @return its length with its "\n", which only a last line may lack; 0 at the end of the stream
 * @retval EDDY_ELIMIT  it is longer than the stream's limit, its "\n" not counted, and all of it is dropped, also what has not
 *                      come yet: whatever reads next begins behind its end. asyncio hands out that rest as a line
 *
 * Else as eddy_stream_read(). StreamReader.readline().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_stream_read_line(eddy_stream *stream, const char **line);

/**
 * Read until the end of the stream.
 *
 * @param data  receives the bytes, and a NUL behind them; give them back with eddy_free()
 * @param max   the most to take
 * @return how many bytes
 * @retval EDDY_ELIMIT  there are more than max; those that came can be had from eddy_stream_read()
 *
 * Else as eddy_stream_read(), and -ENOMEM. StreamReader.read(-1).
 */
EDDY_API EDDY_ASYNC ssize_t eddy_stream_read_all(eddy_stream *stream, char **data, size_t max);

/** Whether everything up to the stream's end has been read. StreamReader.at_eof(). */
EDDY_API bool eddy_stream_at_eof(const eddy_stream *stream);

/**
 * Have bytes sent. What is written in one iteration of the loop leaves in one system call where it can. What is
 * large and finds nothing before it leaves at once, as far as there is room for it.
 *
 * @param data  copied, but for what leaves at once
 * @return 0
 * @retval -ENOMEM         no memory: nothing of it will be sent
 * @retval -EPIPE          after eddy_stream_write_eof() or eddy_stream_close()
 * @retval -ECONNRESET ... an earlier write has failed
 *
 * Does not suspend; follow it with eddy_stream_drain(). StreamWriter.write().
 */
EDDY_API int eddy_stream_write(eddy_stream *stream, const void *data, size_t n);

/** As eddy_stream_write(), gathered from several places: all or nothing. StreamWriter.writelines(). */
EDDY_API int eddy_stream_writev(eddy_stream *stream, const struct iovec *parts, int count);

/**
 * Wait until what is still to be sent is no more than the low water mark, if it is above the high one.
 *
 * @return 0
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; what was written still leaves
 * @retval -EPIPE, -ECONNRESET ...       the peer is gone
 *
 * Suspends if so. StreamWriter.drain().
 */
EDDY_API EDDY_ASYNC int eddy_stream_drain(eddy_stream *stream);

/**
 * Send bytes from the caller's memory, behind what was written before, and return when the kernel has them all.
 *
 * @return n
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; some of it may have been sent
 * @retval EDDY_EBUSY                    another coroutine is in this call
 * @retval -EPIPE, -ECONNRESET ...       the peer is gone
 *
 * Suspends while the kernel's buffer is full. No copy is made.
 */
EDDY_API EDDY_ASYNC ssize_t eddy_stream_write_all(eddy_stream *stream, const void *data, size_t n);

/**
 * Send part of a file, behind what was written before or is being sent, and return when the kernel has it all. The kernel
 * sends from its page cache where it can; else the bytes go through a small buffer.
 *
 * @param file    a descriptor of a file that can be read at any place; its own position stays. It must stay open
 * @param offset  where the part begins
 * @param n       its length, bytes; SIZE_MAX: to the file's end
 * @return how many bytes were sent: less than n only where the file ends before, also because it shrank
 * @retval -ESPIPE, -EINVAL, -EIO ...    the file is none of that kind, or cannot be read; part of it may have
 *                                       been sent
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; part of it may have been sent
 * @retval -EPIPE, -ECONNRESET ...       the peer is gone
 *
 * Suspends while the kernel's buffer is full, and while a helper thread brings into the page cache what is not there,
 * which is waited for also by a caller that is interrupted. A file system that does not know what is there (many network
 * file systems) holds up the loop, for at most 256 KiB at a time. To a socket that others have put into blocking mode it
 * goes through a buffer, too. loop.sendfile().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_stream_sendfile(eddy_stream *stream, int file, off_t offset, size_t n);

/**
 * Set the marks of back-pressure.
 *
 * @param high  bytes waiting from which eddy_stream_drain() suspends; 64 KiB at first
 * @param low   bytes waiting at which it goes on; at most high; a quarter of it at first
 * @return 0 or -EINVAL
 *
 * transport.set_write_buffer_limits().
 */
EDDY_API int eddy_stream_set_write_limits(eddy_stream *stream, size_t high, size_t low);

/** Bytes written and not yet with the kernel. transport.get_write_buffer_size(). */
EDDY_API size_t eddy_stream_write_buffer_size(const eddy_stream *stream);

/** End the sending half when what is written has left; reading goes on. 0 or the error of an earlier write.
 * StreamWriter.write_eof(). */
EDDY_API int eddy_stream_write_eof(eddy_stream *stream);

/** Close when what is written has left. Reading ends now: what has come and was not read is dropped, unlike in
 * asyncio, and a coroutine that reads gets -EBADF. StreamWriter.close(). */
EDDY_API void eddy_stream_close(eddy_stream *stream);

/** Close now, drop what is not sent, and reset the connection. transport.abort(). */
EDDY_API void eddy_stream_abort(eddy_stream *stream);

/** Whether it is closed or closing. StreamWriter.is_closing(). */
EDDY_API bool eddy_stream_is_closing(const eddy_stream *stream);

/**
 * Wait until a stream that is closing is closed.
 *
 * @return 0
 * @retval -ECONNRESET ...               what was written could not be sent
 * @retval EDDY_EINVALIDSTATE            nobody has closed it
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted
 *
 * Suspends while bytes are leaving. StreamWriter.wait_closed().
 */
EDDY_API EDDY_ASYNC int eddy_stream_wait_closed(eddy_stream *stream);

/**
 * Wait until the peer has gone, without reading: it has sent its end, closed or reset the connection, or that has failed.
 * For who computes for long, and would stop where nobody waits for the outcome.
 *
 * @return 0: it has gone; reading tells whether by an error
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted
 * @retval -EBADF                        the stream is closed
 * @retval EDDY_EWRONGLOOP               it belongs to another loop
 * @retval -ENOMEM, -EPERM               the kernel does not tell; -EPERM: it is a regular file
 *
 * Any number of coroutines may wait, beside one that reads and one that writes, and bytes that came before the end stay to be
 * read. What is to be seen is the peer's end: a TCP peer that only sends no more, and still reads, looks like one that has
 * closed, until something is written to it. So do not wait for that where your protocol has clients that send their end and
 * then read. One that vanished without a word (its cable, its power) is noticed when TCP gives up: after some 15 minutes where
 * bytes are unacknowledged, by SO_KEEPALIVE, or never. A pipe's writer sees its last reader go, and a reader its last writer.
 *
 * Suspends until then. In a select: eddy_case_gone(). aiohttp's handler cancellation, Go's http.Request.Context().
 */
EDDY_API EDDY_ASYNC int eddy_stream_wait_gone(eddy_stream *stream);

/**
 * Close a stream if nobody has, and give it back; bytes still leave. NULL is allowed.
 *
 * A coroutine that is in a call on it gets -EBADF, and may not use it any more: at once where it reads or waits for room,
 * and where it sends, when what it sends has left. Only eddy_stream_wait_closed() waits on and tells how closing went.
 * In debug mode all this is warned of. Does not suspend.
 */
EDDY_API void eddy_stream_destroy(eddy_stream *stream);

/** Its descriptor, for getsockopt() and the like; it stays the stream's. get_extra_info("socket"). */
EDDY_API int eddy_stream_fd(const eddy_stream *stream);

/** The peer's address, such as "127.0.0.1:8080", "[::1]:8080", "/run/a.sock" or "@name"; "" where there is
 * none, as of a UNIX socket's clients: who they are tells eddy_stream_peer_credentials(). Valid until the next
 * call for a name. get_extra_info("peername"). */
EDDY_API const char *eddy_stream_peer_name(eddy_stream *stream);

/** The own address, in the same form. get_extra_info("sockname"). */
EDDY_API const char *eddy_stream_own_name(eddy_stream *stream);

EDDY_END_DECLS

#endif
