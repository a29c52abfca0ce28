/* Transports and protocols: a connection that calls, where a stream is waited for.
 *
 *         static void data_received(eddy_transport *transport, void *self, const void *data, size_t n)
 *         {
 *                 eddy_transport_write(transport, data, n);
 *         }
 *         static const eddy_protocol echo = {.data_received = data_received};
 *
 * For what has no use for a coroutine per connection, and for putting other libraries on the loop. All of it runs in the
 * loop, and nothing here suspends unless it says so. Coroutines use eddy/stream.h instead. asyncio's transports and protocols.
 */
#ifndef EDDY_TRANSPORT_H
#define EDDY_TRANSPORT_H

#include <eddy/server.h>

EDDY_BEGIN_DECLS

/** A connection, or one end of a pipe. It is the loop's: valid from when it is made until connection_lost() returns. */
typedef struct eddy_transport eddy_transport;

/**
 * What a transport calls: a table, which any number of them share, while `self` is each one's own. Where a function is NULL
 * nothing is done.
 *
 * connection_made() comes first, and connection_lost() last, once each, whatever happens. They come from the loop, never from
 * within a function of a transport's, and never one within another; but for pause_writing(), which comes within the write that
 * was too much, or within eddy_transport_set_write_limits(). Any of them may call any function of the transport's, and stop the loop.
 */
typedef struct eddy_protocol {
        /** The transport is ready. BaseProtocol.connection_made(). */
        void (*connection_made)(eddy_transport *transport, void *self);

        /** Bytes came, n > 0, which are the transport's again when this returns. Protocol.data_received(). */
        void (*data_received)(eddy_transport *transport, void *self, const void *data, size_t n);

        /**
         * Say where what has come is to be put; then buffer_updated() is called instead of data_received(). A place is asked for
         * only when something has come, so that who is silent has none. BufferedProtocol.get_buffer().
         *
         * @param size  in: what could well be used; out: what there is, at least 1
         * @return the place; NULL: there is none, and the connection is lost with -ENOBUFS
         */
        void *(*get_buffer)(eddy_transport *transport, void *self, size_t *size);

        /** So many bytes were put where get_buffer() said. BufferedProtocol.buffer_updated(). */
        void (*buffer_updated)(eddy_transport *transport, void *self, size_t n);

        /** The peer sends no more. True: the connection stays, to be written to; false, and without this function: it is closed
         * when what was written has left. Protocol.eof_received(). */
        bool (*eof_received)(eddy_transport *transport, void *self);

        /** It is over; the transport is gone when this returns. BaseProtocol.connection_lost().
         *
         * @param reason  0: it was closed or aborted, or the peer closed it; EDDY_ELOOPCLOSED: with its loop; else why it failed
         */
        void (*connection_lost)(eddy_transport *transport, void *self, int reason);

        /** More is unsent than the upper mark: better write no more. It is called again only after resume_writing().
         * BaseProtocol.pause_writing(). */
        void (*pause_writing)(eddy_transport *transport, void *self);

        /** After that: no more is unsent than the lower mark. BaseProtocol.resume_writing(). */
        void (*resume_writing)(eddy_transport *transport, void *self);

        /** The peer has gone while receiving was paused, which is not noticed without this function: it sends no more, or the connection
         * broke, which loses what is written. What it sent before is still received by who goes on. Once for each pause. An end within TLS lies
         * behind what is not received: of such a connection its socket's end is noticed. */
        void (*peer_gone)(eddy_transport *transport, void *self, bool is_broken);

        void *reserved[4]; /**< NULL */
} eddy_protocol;

/**
 * Make a transport of a connected stream socket. loop.connect_accepted_socket(), loop.create_connection(sock=...).
 *
 * @param transport  receives it; NULL: the protocol's functions are told
 * @param loop       whose it is; NULL: this thread's
 * @param fd         the transport's from now on, and put into non-blocking mode; the caller's still where this fails
 * @param protocol   must stay as long as the transport
 * @param self       passed to all of its functions
 * @return 0; -EPROTOTYPE where it is no stream socket; -ENOMEM, or -errno
 * @retval EDDY_ENOLOOP, EDDY_EWRONGLOOP, EDDY_ELOOPCLOSED  as for any call on a loop
 */
EDDY_API int eddy_transport_from_socket(eddy_transport **transport, eddy_loop *loop, int fd,
                                        const eddy_protocol *protocol, void *self);

/**
 * Make a transport of one end of a pipe, a FIFO, a terminal or another device, in the direction in which it is open. A pipe or
 * FIFO that is open for writing alone tells of its reader's end by connection_lost(). loop.connect_read_pipe(), loop.connect_write_pipe().
 *
 * @param fd  the transport's from now on, and put into non-blocking mode; the caller's still where this fails
 * @return 0; -ENOMEM, or -errno; otherwise as eddy_transport_from_socket()
 */
EDDY_API int eddy_transport_from_pipe(eddy_transport **transport, eddy_loop *loop, int fd,
                                      const eddy_protocol *protocol, void *self);

/**
 * Connect to a host, as eddy_open_connection() does, and make a transport of it. When this returns 0, connection_made() has
 * been called.
 *
 * @param transport  receives it; NULL where this fails, or where it is lost already, as when connection_made() has closed it. NULL:
 *                   the protocol's functions are told
 * @param options    as of eddy_open_connection(); `limit` means nothing here
 * @return 0, or as eddy_open_connection()
 *
 * Suspends. loop.create_connection().
 */
EDDY_API EDDY_ASYNC int eddy_create_connection(eddy_transport **transport, const eddy_protocol *protocol,
                                               void *self, const char *host, uint16_t port,
                                               const eddy_connect_options *options);

/** Likewise to a UNIX socket. 0, or as eddy_open_unix_connection(). Suspends. loop.create_unix_connection(). */
EDDY_API EDDY_ASYNC int eddy_create_unix_connection(eddy_transport **transport, const eddy_protocol *protocol,
                                                    void *self, const char *path,
                                                    const eddy_connect_options *options);

/** What a server asks for each connection that it has accepted: the state that all of the protocol's functions are given. It is
 * called with the server's `arg`, and does not suspend; whether it may return NULL is the protocol's to know. asyncio's protocol_factory. */
typedef void *(*eddy_protocol_factory)(void *arg);

/**
 * Listen on a port, and give each connection a transport with this protocol. eddy_server_close_clients() closes these, and
 * eddy_server_abort_clients() aborts them; eddy_server_wait_closed() waits for the last connection_lost().
 *
 * @param server    receives it; give it back with eddy_server_destroy()
 * @param protocol  must stay as long as the connections
 * @param factory   makes the state of each; NULL: `arg` is the state of all
 * @param arg       passed to it
 * @param options   as of eddy_start_server(); `limit` and `stack_size` mean nothing here
 * @return 0, or as eddy_start_server()
 *
 * Suspends while a host name is looked up. loop.create_server().
 */
EDDY_API EDDY_ASYNC int eddy_create_server(eddy_server **server, const eddy_protocol *protocol,
                                           eddy_protocol_factory factory, void *arg, const char *host,
                                           uint16_t port, const eddy_server_options *options);

/** Likewise on a UNIX socket. 0, or as eddy_start_unix_server(). Does not suspend. loop.create_unix_server(). */
EDDY_API int eddy_create_unix_server(eddy_server **server, const eddy_protocol *protocol,
                                     eddy_protocol_factory factory, void *arg, const char *path,
                                     const eddy_server_options *options);

/**
 * Write all of it, or nothing. What one iteration of the loop writes leaves in one call; much leaves at once.
 * WriteTransport.write().
 *
 * @param data  copied, as far as it cannot leave at once
 * @return 0; -EPIPE after the end or once it is closing; -ENOMEM, and then nothing was written; or why the connection has
 *         failed, which connection_lost() tells too
 * @retval EDDY_EWRONGLOOP  its loop runs in another thread
 */
EDDY_API int eddy_transport_write(eddy_transport *transport, const void *data, size_t n);

/** Write from several places, all of it or nothing; as eddy_transport_write(). WriteTransport.writelines(). */
EDDY_API int eddy_transport_writev(eddy_transport *transport, const struct iovec *parts, int count);

/** Told what has become of a file that was to be sent: how many bytes of it were, fewer than was asked for only where it ends before;
 * or the error. */
typedef void (*eddy_sendfile_done)(void *arg, ssize_t sent);

/**
 * Send part of a file: behind what was written before, and before what is written from now on, which waits until `done` has returned.
 * The kernel takes it from the page cache, where no filter is in between. loop.sendfile(), at callback level.
 *
 * The file's bytes are none of eddy_transport_write_buffer_size() and the marks. A file that ends early, or cannot be
 * read, is no failure of the connection: who has promised its length aborts, in `done`.
 *
 * @param file    a descriptor of a file that can be read at any place, which must stay open until `done` is called; its own
 *                position is neither used nor changed
 * @param offset  where the part begins
 * @param n       its length, bytes; SIZE_MAX: to the file's end
 * @param done    called once, from the loop, whatever happens, unless this fails: with how many bytes were sent; -ECONNABORTED,
 *                -EPIPE, -ECONNRESET ... where the connection has failed before; EDDY_ELOOPCLOSED where the loop is closed
 *                before; -ESPIPE, -EINVAL, -EIO ... where the file is none of that kind, or cannot be read. It is called
 *                before connection_lost(); and even before connection_made(), where the loop is closed before it has run
 * @param arg     passed to it
 * @return 0; -EINVAL where there can be no such part; otherwise as eddy_transport_write()
 *
 * Does not suspend. What is not in the page cache is brought there by a helper thread, as by eddy_stream_sendfile().
 */
EDDY_API int eddy_transport_sendfile(eddy_transport *transport, int file, off_t offset, size_t n,
                                     eddy_sendfile_done done, void *arg);

/** Write no more: the peer sees the end when all has left. 0; EDDY_ENOTSUP where only closing does that; or as
 * eddy_transport_write(). WriteTransport.write_eof(). */
EDDY_API int eddy_transport_write_eof(eddy_transport *transport);

/** Whether eddy_transport_write_eof() is possible: not on what is read as well and is no socket. WriteTransport.can_write_eof(). */
EDDY_API bool eddy_transport_can_write_eof(const eddy_transport *transport);

/** Send what was written, then close. Nothing more is received; connection_lost() comes later. Transport.close(). */
EDDY_API void eddy_transport_close(eddy_transport *transport);

/** Close now, and drop what was written; connection_lost() comes later, with 0. WriteTransport.abort(). */
EDDY_API void eddy_transport_abort(eddy_transport *transport);

/** Whether it is closed, or about to be. Transport.is_closing(). */
EDDY_API bool eddy_transport_is_closing(const eddy_transport *transport);

/** Receive no more for now; what was being received still comes at most once. Nor is it noticed meanwhile that the peer has
 * gone, unless writing fails or the protocol has peer_gone(). Twice is as once. ReadTransport.pause_reading(). */
EDDY_API void eddy_transport_pause_reading(eddy_transport *transport);

/** Receive again. ReadTransport.resume_reading(). */
EDDY_API void eddy_transport_resume_reading(eddy_transport *transport);

/** Whether it receives: it was not paused, has not ended, and is not closing. ReadTransport.is_reading(). */
EDDY_API bool eddy_transport_is_reading(const eddy_transport *transport);

/**
 * Say when writing is to pause and to go on. WriteTransport.set_write_buffer_limits().
 *
 * @param high  bytes that may be unsent, 64 KiB at first; 0: any are too much
 * @param low   at how many writing goes on, 16 KiB at first
 * @return 0, or -EINVAL where low > high
 */
EDDY_API int eddy_transport_set_write_limits(eddy_transport *transport, size_t high, size_t low);

/** Bytes that are written and have not left. WriteTransport.get_write_buffer_size(). */
EDDY_API size_t eddy_transport_write_buffer_size(const eddy_transport *transport);

/** Its descriptor, to be asked and set by; -1 once it is closed. get_extra_info('socket'); for names see eddy/address.h. */
EDDY_API int eddy_transport_fd(const eddy_transport *transport);

/** Have another protocol called from now on, as after a change of language. One that takes over while writing is paused is told
 * resume_writing(), and what get_buffer() was asked for goes where the one before said. BaseTransport.set_protocol(). */
EDDY_API void eddy_transport_set_protocol(eddy_transport *transport, const eddy_protocol *protocol, void *self);

/** The protocol that is called. BaseTransport.get_protocol().
 *
 * @param self  receives what it is given; may be NULL
 */
EDDY_API const eddy_protocol *eddy_transport_protocol(const eddy_transport *transport, void **self);

/**
 * Go on with a transport as a stream, for coroutines to read and write. The transport is gone by that, within one of its protocol's
 * functions too: none of them is called any more, connection_lost() neither, and what was its state is the caller's. What was
 * written and has not left leaves, filters stay, and so does the descriptor.
 *
 * @param stream  receives it; give it back with eddy_stream_destroy()
 * @param unread  what the transport has shown and the stream is to read first, `n` bytes of it; NULL where n is 0
 * @param limit   longest line, bytes, its end not counted; 0: 64 KiB
 * @return 0; -EBADF where it is closing; why it has failed; -ENOMEM, and then the transport is as before
 * @retval EDDY_EBUSY  both sides are still to agree on TLS (eddy_transport_start_tls())
 * @retval EDDY_ENOLOOP, EDDY_EWRONGLOOP  as for any call on a loop
 *
 * Of a server's connection: it is the server's no more. Does not suspend.
 */
EDDY_API int eddy_stream_from_transport(eddy_stream **stream, eddy_transport *transport, const void *unread,
                                        size_t n, size_t limit);

/**
 * Go on with a stream as a transport. What has come and was not read is shown first, what was written and has not left leaves, and filters
 * stay. The stream is closed by that, and still to be given back: what nobody has to give back, as the stream of a server's handler,
 * nobody has to now.
 *
 * @param transport  receives it; NULL: the protocol's functions are told
 * @param protocol   must stay as long as the transport
 * @param self       passed to all of its functions
 * @return 0; EDDY_EBUSY where a task is in a call on the stream; otherwise as eddy_stream_from_transport()
 *
 * Does not suspend.
 */
EDDY_API int eddy_transport_from_stream(eddy_transport **transport, eddy_stream *stream,
                                        const eddy_protocol *protocol, void *self);

EDDY_END_DECLS

#endif
