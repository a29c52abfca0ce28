/* A stream from the inside. Reading is in read.c, writing in write.c, its life in stream.c. */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include "task/task.h"
#include "transport/flow.h"
#include <eddy/address.h>
#include <eddy/stream.h>

enum { STREAM_DEFAULT_LIMIT = 64 * 1024 };

/** A flow that tasks wait for. The operations of its reader and its writer lie on the stacks of theirs. */
struct eddy_stream {
        struct flow flow;
        struct buffer in;       /* came with others that were wanted; without memory while empty */
        size_t handed_out : 63; /* of it, what read_until() showed its caller: gone at the next read */
        bool drops_line : 1;    /* the rest of a line that was too long is still to come, and not to be had */
        size_t limit;           /* what may lie before a separator */
        eddy_link waiters;      /* struct stream_waiter, each until its task has run */
        char *text;             /* the last name that was asked for */
};

/** A task that waits for something to happen to a stream, and has no operation on it: for room, for its end, for its peer's, for a
 * file to have left; or for its next turn. */
struct stream_waiter {
        eddy_link link; /* in stream->waiters */
        struct task *task;

        /** See whether it is over. NULL: it is told in another way. */
        void (*settled)(struct stream_waiter *waiter, const struct flow *flow);
};

/** A descriptor in non-blocking mode as a stream, of a connected socket; NULL without memory.
 *
 * @param family  AF_UNSPEC: of no socket
 */
eddy_stream *stream_create(eddy_loop *loop, int fd, int family, size_t limit);

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

/** What the last call for reading has shown its caller is his no more. */
void stream_drop_shown(eddy_stream *stream);

/** Receive what is there already into the stream's buffer, for its reader: a count, 0 at the end, -EAGAIN where nothing is, or
 * an error. */
ssize_t stream_fill_at_once(struct task *self, eddy_stream *stream);

/** The task that waits in a select for what this operation is to bring. */
struct task *stream_selecting(const eddy_op *op);

/** Drop what the call before showed its caller, and what is here of a line that was too long. */
void stream_drop_what_is_gone(eddy_stream *stream);

/** See to it that a filter can be put under a stream: 0, or EDDY_EBUSY where a task is in the middle of something. */
int stream_prepare_filter(eddy_stream *stream);

/** Whether a task is in a call that writes, or waits for room. */
bool stream_is_written_to(const eddy_stream *stream);

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

/** After a call that came to its outcome at once: let others run, now and then. The outcome, or -EBADF where one of them has destroyed the
 * stream, which is gone then. */
ssize_t stream_take_turn(struct task *self, eddy_stream *stream, ssize_t outcome);

/** Suspend until at most `level` bytes are unsent, or the stream is closed: 0, the stream's failure, or how the
 * task was interrupted. Where the stream was destroyed meanwhile it may be gone, and who waited for room gets -EBADF. */
int stream_wait(struct task *self, eddy_stream *stream, size_t level, bool until_closed);

#endif
