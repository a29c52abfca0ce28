/* A stream from the inside. Reading is in read.c, writing in write.c, its life in stream.c. */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include "base/buffer.h"
#include "base/chunks.h"
#include "base/pool.h"
#include "loop/loop.h"
#include "task/task.h"
#include <eddy/address.h>
#include <eddy/stream.h>

enum { STREAM_DEFAULT_LIMIT = 64 * 1024, STREAM_DEFAULT_HIGH_WATER = 64 * 1024 };

/** What kind of file a stream is on, and how the kernel is asked there. */
struct stream_impl {
        enum op_kind receive, send;

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

/** Memory that goes from one of a loop's streams to the next. */
struct stream_memory {
        struct pool streams, outputs;
        struct chunks chunks;
};

/** What was written and has not left. A stream has one, from its loop's pool, only while there is some. */
struct stream_output {
        eddy_op op;                    /* sends `sending`, where no task does */
        struct buffer queued, sending; /* `queued` becomes `sending` as a whole, whose bytes may not move */
        eddy_handle flush;             /* scheduled when something is queued and nothing is on its way */
};

/** Small, since there is one for every idle connection: what is needed only while something happens lies elsewhere. And
 * what every call looks at comes first, so that it shares a cache line. */
struct eddy_stream {
        int fd;                      /* -1 once closed */
        int read_error, write_error; /* that half has failed for good */
        unsigned char family;        /* AF_UNSPEC: of no socket */
        bool has_ended;              /* no more will be received */
        bool wants_eof, has_sent_eof;
        bool is_closing, is_closed;
        bool is_orphan; /* its owner is done with it: freed when it is closed and no call is in it */
        bool
            must_unset_mode : 1; /* O_NONBLOCK was set on a file that others share: it goes when this is closed */
        bool awaits_writer : 1; /* of a FIFO: to read nothing is the end only where a writer has been */
        bool drops_line : 1;    /* the rest of a line that was too long is still to come, and not to be had */
        unsigned char receive_traits, send_traits; /* of its operations */
        eddy_loop *loop;
        const struct stream_impl *impl;
        eddy_op *reader; /* the operation of the task that receives, on its stack; NULL: none does */
        eddy_op *writer; /* likewise of the task that has the sending half for itself */
        struct stream_output *output;

        struct stream_memory *memory; /* the loop's */
        struct buffer in;             /* came with others that were wanted; without memory while empty */
        size_t handed_out;            /* of it, what read_until() showed its caller: gone at the next read */
        size_t limit;                 /* what may lie before a separator */
        eddy_link waiters; /* struct stream_wait: for room, or for the end; each until its task has run */
        size_t high_water, low_water;
        struct loop_resource resource;
        char *text; /* the last name that was asked for */
};

/** Bytes that are written and not yet the kernel's. */
static inline size_t stream_unsent(const eddy_stream *stream)
{
        const struct stream_output *output = stream->output;

        return output ? buffer_size(&output->queued) + buffer_size(&output->sending) : 0;
}

/** Whether bytes of `sending` are the kernel's to look at, or how many it took has not been heard of yet. */
static inline bool stream_is_sending(const eddy_stream *stream)
{
        const struct stream_output *output = stream->output;

        return stream->writer || (output && (output->op.pending || list_is_linked(&output->op.handle.link)));
}

/** A descriptor in non-blocking mode as a stream, of a connected socket unless its `impl` is changed; NULL without
 * memory.
 *
 * @param family  AF_UNSPEC: of no socket
 */
eddy_stream *stream_create(eddy_loop *loop, int fd, int family, size_t limit);

/** Have what is written leave at once: it is gathered here, so none of it shall wait for the acknowledgement of what
 * was sent before. Sockets that are accepted have this from the one that listens. */
void stream_set_nodelay(int fd, int family);

/** Begin to receive for a task: 1, or what the caller is told at once, 0 at the end of the stream.
 *
 * @param op  the task's, on its stack; the stream's reader until stream_end_receiving()
 */
int stream_begin_receiving(struct task *self, eddy_stream *stream, eddy_op *op);

/** Take note of what that operation brought: what the caller is told. Where that is an error, the stream may be gone. */
ssize_t stream_end_receiving(struct task *self, eddy_stream *stream, ssize_t got);

/** Begin a call for reading, where what is left of a line that was too long is out of the way: 0, or why it may not
 * read. What the call before showed its caller is gone. May suspend. */
int stream_begin_reading(eddy_stream *stream, struct task **self);

/** Have the sending half for oneself, once all is on its way that was before: 0, EDDY_EBUSY, or why it takes no
 * more. Suspends while something is on its way.
 *
 * @param op  the task's, on its stack, for all that it sends until stream_unclaim()
 */
int stream_claim(struct task *self, eddy_stream *stream, eddy_op *op);

/** Of a claimed stream, send what was written before, and then n bytes from the caller's memory: 0 or the
 * error. */
int stream_send_claimed(struct task *self, eddy_stream *stream, const void *data, size_t n);

/** What the caller is told where an operation on a claimed stream has failed, or the stream has. */
int stream_sending_error(const struct task *self, const eddy_stream *stream, ssize_t error);

/** Give the sending half back. What was written meanwhile comes next, unless rc says that sending has failed. The
 * stream may be gone when this returns.
 *
 * @return rc, or -EBADF where the stream was destroyed meanwhile
 */
int stream_unclaim(struct task *self, eddy_stream *stream, int rc);

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

/** The loop is closed, and with it a stream that was to close when all has left: send what the kernel takes now. */
void stream_send_last(eddy_stream *stream);

/** Forget all that was written and has not left, and what was kept for it. Nothing of it is on its way. */
void stream_drop_output(eddy_stream *stream);

/** Sending failed: forget what cannot be sent, once nobody is at it. */
void stream_fail(eddy_stream *stream, int error);

/** After any step of sending or reading: wake who has waited for it, and end what has only waited for it. A stream that
 * was destroyed may be gone when this returns. */
void stream_settle(eddy_stream *stream);

/** Make room for n bytes in a buffer of the stream's: 0 or -ENOMEM. */
int stream_reserve(eddy_stream *stream, struct buffer *buffer, size_t n);

/** Give back the memory of a buffer, with what may be in it. */
void stream_give_back(eddy_stream *stream, struct buffer *buffer);

/** Suspend until at most `level` bytes are unsent, or the stream is closed: 0, the stream's failure, or how the
 * task was interrupted. Where the stream was destroyed meanwhile it may be gone, and who waited for room gets -EBADF. */
int stream_wait(struct task *self, eddy_stream *stream, size_t level, bool until_closed);

/** The end of a stream's sending operation that no task awaits. */
void stream_sent(void *stream);

#endif
