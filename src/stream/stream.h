/* A stream from the inside. Reading is in read.c, writing in write.c, its life in stream.c. */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include "base/buffer.h"
#include "loop/loop.h"
#include "task/task.h"
#include <eddy/address.h>
#include <eddy/stream.h>

enum { STREAM_DEFAULT_LIMIT = 64 * 1024, STREAM_DEFAULT_HIGH_WATER = 64 * 1024 };

/** What kind of file a stream is on, and how the kernel is asked there. */
struct stream_impl {
        ssize_t (*begin_receive)(eddy_op *op, int fd, void *buffer, size_t size);
        ssize_t (*begin_send)(eddy_op *op, int fd, const void *data, size_t size);

        /** Send from two places at once; `message` and its parts stay until the operation is done. */
        ssize_t (*begin_send_parts)(eddy_op *op, int fd, const struct msghdr *message);

        /** Let the reader see the end, all that was written having left. */
        void (*end_sending)(eddy_stream *stream);

        /** Make closing drop what the kernel has not sent yet. */
        void (*set_reset)(eddy_stream *stream);

        /** Give the descriptor back. */
        void (*close)(eddy_stream *stream);
};

extern const struct stream_impl stream_socket, stream_pipe;

struct eddy_stream {
        struct loop_resource resource;
        const struct stream_impl *impl;
        eddy_loop *loop;
        int fd; /* -1 once closed */
        int family;

        /* Reading: bytes that came with others that were wanted wait in `in`. */
        eddy_op recv_op;
        struct task *reader; /* whose recv_op is */
        struct buffer in;
        size_t handed_out; /* of `in`, what read_until() showed its caller: gone at the next read */
        size_t limit;
        bool has_ended;
        int read_error; /* receiving has failed for good */

        /* Writing: `queued` is what was written; it becomes `sending` as a whole, whose bytes may not move. */
        eddy_op send_op;
        struct task *writer; /* whose send_op is, while it is in write_all(); NULL: the stream's own */
        struct buffer queued, sending;
        eddy_handle flush; /* scheduled when something is queued and nothing is on its way */
        eddy_link waiters; /* struct stream_wait: for room, or for the end */
        size_t high_water, low_water;
        int write_error;

        bool wants_eof, has_sent_eof;
        bool is_closing, is_closed;
        bool is_orphan;       /* its owner is done with it: freed when closed */
        bool must_unset_mode; /* O_NONBLOCK was set on a file that others share: it goes when this is closed */
        char text[EDDY_ADDRESS_TEXT_SIZE]; /* the last name that was asked for */
};

/** Bytes that are written and not yet the kernel's. */
static inline size_t stream_unsent(const eddy_stream *stream)
{
        return buffer_size(&stream->queued) + buffer_size(&stream->sending);
}

/** Whether bytes of `sending` are the kernel's to look at, or how many it took has not been heard of yet. */
static inline bool stream_is_sending(const eddy_stream *stream)
{
        return stream->send_op.pending || list_is_linked(&stream->send_op.handle.link) || stream->writer;
}

/** A descriptor in non-blocking mode as a stream, of a connected socket unless its `impl` is changed; NULL without
 * memory.
 *
 * @param family  AF_UNSPEC: of no socket
 */
eddy_stream *stream_create(eddy_loop *loop, int fd, int family, size_t limit);

/** Whether an operation of receiving may begin on stream->recv_op: 1, or what the caller is told at once, 0 at
 * the end of the stream. */
int stream_begin_receiving(struct task *self, eddy_stream *stream);

/** Take note of what that operation brought: what the caller is told. */
ssize_t stream_end_receiving(struct task *self, eddy_stream *stream, ssize_t got);

/** Have the sending half for oneself, once all is on its way that was before: 0, EDDY_EBUSY, or why it takes no
 * more. Suspends while something is on its way. */
int stream_claim(struct task *self, eddy_stream *stream);

/** Of a claimed stream, send what was written before, and then n bytes from the caller's memory: 0 or the
 * error. */
int stream_send_claimed(struct task *self, eddy_stream *stream, const void *data, size_t n);

/** What the caller is told where an operation on the send_op of a claimed stream has failed, or the stream has.
 * */
int stream_sending_error(const struct task *self, const eddy_stream *stream, ssize_t error);

/** Give the sending half back. What was written meanwhile comes next, unless rc says that sending has failed.
 * */
void stream_unclaim(struct task *self, eddy_stream *stream, int rc);

/** A pipe or the like as a stream; its descriptor stays as it is.
 *
 * @param mode  O_RDONLY, O_WRONLY or O_RDWR
 * @return NULL without memory
 */
eddy_stream *stream_create_pipe(eddy_loop *loop, int fd, int mode, size_t limit);

/** Read to the end, and keep all in the stream's buffer: 0, or as eddy_stream_read_all(). */
int stream_collect(eddy_stream *stream, size_t max);

/** Put a NUL behind what is in the buffer, for stream_take_all(): 0 or -ENOMEM. */
int stream_terminate(eddy_stream *stream);

/** Take the buffer with all that is in it, to be given back with memory_free(). It has been terminated. */
char *stream_take_all(eddy_stream *stream, size_t *size);

/** Try to send what is queued, unless something is on its way. */
void stream_flush(eddy_stream *stream);

/** Sending failed: forget what cannot be sent, once nobody is at it. */
void stream_fail(eddy_stream *stream, int error);

/** After any step of sending or reading: wake who has waited for it, and end what has only waited for it. */
void stream_settle(eddy_stream *stream);

/** Suspend until at most `level` bytes are unsent, or the stream is closed: 0, the stream's failure, or how the
 * task was interrupted. */
int stream_wait(struct task *self, eddy_stream *stream, size_t level, bool until_closed);

/** The end of a stream's sending operation that no task awaits. */
void stream_sent(void *stream);

#endif
