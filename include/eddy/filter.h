/* Filters: what changes the bytes of a connection on their way, in both directions, while everything above it stays as it is.
 *
 *         static const eddy_filter rot13 = {.decode = rotate, .encode = rotate};
 *         eddy_stream_add_filter(stream, &rot13, NULL);
 *
 * For compression, for encryption that has no library of eddy's, and for looking at what passes. A filter may be put under
 * a stream or transport that is in use, over another one, and taken out again.
 */
#ifndef EDDY_FILTER_H
#define EDDY_FILTER_H

#include <eddy/stream.h>
#include <eddy/transport.h>

EDDY_BEGIN_DECLS

/**
 * What a filter does: functions from bytes to bytes, which any number of connections share, while `self` is each one's own.
 * They know no connection, and call none of its functions; they may keep bytes back, and give them later.
 */
typedef struct eddy_filter {
        /**
         * Turn bytes that came into bytes that are read.
         *
         * `in` is what came, `*n` bytes of it, and when this returns `*n` is how many of them were used; the others are shown
         * again, with more behind them. `out` has room for `size` bytes, at least 1. The function returns how many it has put
         * there; 0 where there is nothing to be read before more comes; EDDY_EFINISHED at the end that the other side's finish()
         * has marked: nothing more is read until the filter is taken out; or an error, which is the end of reading. It is called
         * until it says one of these, so that what it holds back is had. An `in` of NULL: the other side has ended without
         * a mark. 0 where this is as it should be, else what it is, such as EDDY_EINCOMPLETE, which bytes that were not used are
         * in any case.
         */
        ssize_t (*decode)(void *self, const void *in, size_t *n, void *out, size_t size);

        /** Turn bytes that are written into bytes that leave, likewise: how many were put into `out`, whose size is 1 KiB more
         * than `*n`, or 17 KiB; or an error. Whoever uses none of the bytes and puts nothing there has failed with -EIO; so has
         * whoever returns -EAGAIN, here and above, for a filter does not wait. */
        ssize_t (*encode)(void *self, const void *in, size_t *n, void *out, size_t size);

        /** Nothing more will be written: put what was held back and what marks the end into `out`, of at least 1 KiB, until 0 is
         * returned. NULL: the other side is shown the end of the connection itself, which then cannot be written to without
         * the filter either. Where the connection has failed nothing is marked, nor before both sides have agreed (is_greeting()). */
        ssize_t (*finish)(void *self, void *out, size_t size);

        /** What the filter itself has to say to the other side: put what is to leave now into `out`, of at least 1 KiB, until 0 is
         * returned; or an error. Called when it is put in place, and whenever decode() has been; not after finish(). While
         * more than 64 KiB of it waits to leave, nothing is decoded, so that the other side cannot ask for more than it takes. NULL: it
         * only ever answers what it is asked. */
        ssize_t (*answer)(void *self, void *out, size_t size);

        /** Whether both sides are still to agree, by decode() and answer(), before anything is read or written. Until then
         * decode() is shown what comes whether anybody reads or not, reads nothing, and what is written waits; where it
         * fails, so does all that is written. It may be so again later: encode(), which then uses nothing and puts nothing there, or finish()
         * finds that more has to come before. A connection that is closed before, with nothing written, is just closed. NULL: they
         * need not. */
        bool (*is_greeting)(void *self);

        /** How long a connection that is closed is kept until the other side has ended it too. What comes meanwhile is dropped; had it
         * come to a socket that is closed, the kernel would have told the other side of a reset, and that might have dropped what
         * it had not read. Nobody waits for it, and of more than 256 in a loop the oldest is closed. NULL: no time. */
        eddy_duration (*linger)(void *self);

        /** Why it has failed, as a sentence without a full stop, which stays until free(). NULL, or where there is no such function:
         * the number says all. */
        const char *(*explain)(void *self);

        /** The last call: the connection is closed, or the filter taken out, which the kernel may be some moments behind. NULL:
         * there is nothing to be done. */
        void (*free)(void *self);

        void *reserved[4]; /**< NULL */
} eddy_filter;

/**
 * Put a filter under a stream. What was written before leaves as it is; what has come and was not read goes through the filter,
 * as all that comes later. What the last call for reading has shown is the stream's again.
 *
 * @param filter  must stay as long as it is in use
 * @param self    passed to its functions, the last of which is free()
 * @return 0; or why the stream has failed
 * @retval EDDY_EBUSY            a task is in a call that reads, writes, or waits for room
 * @retval EDDY_ENOTSUP          the stream is no socket's
 * @retval -EPIPE                it has been ended or closed, or the peer has ended and all of it was read
 * @retval -ENOMEM               no memory; here as in all failures `self` stays the caller's
 * @retval EDDY_EWRONGLOOP, EDDY_ELOOPCLOSED  as for any call on a loop
 *
 * Does not suspend. StreamWriter.start_tls(), for any filter.
 */
EDDY_API int eddy_stream_add_filter(eddy_stream *stream, const eddy_filter *filter, void *self);

/**
 * Take out the filter that was added last. What was written goes through it before what is written next; what it holds back of that
 * leaves by its finish(), so by eddy_stream_write_eof() before this. What has come and it has not used is read as it is; so both
 * sides have to know where the filter ends, best by its own mark: eddy_stream_write_eof() leaves one, and whoever reads
 * sees the end there. Both go on without it.
 *
 * @return 0; or why the stream has failed, the filter's encode() maybe just now
 * @retval EDDY_EBUSY           a task is in a call that reads, writes, or waits for room, or what was written has not gone
 *                              through: drain before
 * @retval EDDY_EINVALIDSTATE   there is no filter
 * @retval -EPIPE               the stream is closed, and the filter goes with it
 * @retval -ENOMEM              no memory for what it has not used
 */
EDDY_API int eddy_stream_remove_filter(eddy_stream *stream);

/** Put a filter under a transport, as eddy_stream_add_filter() under a stream, but that no task can be in a call. What its
 * data_received() is being shown was the last without it. Its get_buffer() may be asked in vain, where what came is half a
 * frame. Does not suspend. loop.start_tls(), for any filter. */
EDDY_API int eddy_transport_add_filter(eddy_transport *transport, const eddy_filter *filter, void *self);

/** Take it out, as eddy_stream_remove_filter(). EDDY_EBUSY: what was written has not gone through, of which the protocol's
 * resume_writing() tells when it has; or both sides are still to agree on TLS. From within eof_received(), which is how a filter's mark of its end is told, too. */
EDDY_API int eddy_transport_remove_filter(eddy_transport *transport);

EDDY_END_DECLS

#endif
