#include "base/misuse.h"
#include "base/sys.h"
#include "loop/operation.h"
#include "stream/stream.h"
#include <limits.h>
#include <string.h>

/** Whether a stream takes more: 0 or why not. */
static int check_writing(const eddy_stream *stream)
{
        if (stream->write_error)
                return stream->write_error;
        return stream->is_closing || stream->wants_eof ? -EPIPE : 0;
}

void stream_fail(eddy_stream *stream, int error)
{
        if (!stream->write_error)
                stream->write_error = error;
        if (!stream->output)
                return;
        stream_give_back(stream, &stream->output->queued);
        /* What the kernel may still look at stays until it has let go, and whoever is to count it has. */
        if (!stream_is_sending(stream))
                stream_give_back(stream, &stream->output->sending);
}

void stream_drop_output(eddy_stream *stream)
{
        struct stream_output *output = stream->output;

        if (!output)
                return;
        eddy_handle_cancel(&output->flush);
        stream_give_back(stream, &output->queued);
        stream_give_back(stream, &output->sending);
        pool_give(&stream->memory->outputs, output);
        stream->output = NULL;
}

/** Have `sending` hold what is to be sent next; false where nothing is. */
static bool turn_over(struct stream_output *output)
{
        struct buffer emptied = output->sending;

        if (buffer_size(&output->sending) > 0)
                return true;
        output->sending = output->queued;
        output->queued = emptied;
        return buffer_size(&output->sending) > 0;
}

/** Take note of how sending `sending` went. */
static void note_sent(eddy_stream *stream, ssize_t sent)
{
        if (sent < 0)
                stream_fail(stream, (int)sent);
        else
                buffer_consume(&stream->output->sending, (size_t)sent);
}

/** Begin to send `sending`, for nobody who waits for it. */
static ssize_t begin_sending(eddy_stream *stream)
{
        struct stream_output *output = stream->output;

        op_init(&output->op, stream->loop, stream_sent, stream);
        op_describe(&output->op, stream->impl->send, stream->fd, buffer_data(&output->sending),
                    buffer_size(&output->sending), 0);
        output->op.traits = stream->send_traits;
        return op_begin(&output->op);
}

void stream_flush(eddy_stream *stream)
{
        if (!stream->output)
                return;
        eddy_handle_cancel(&stream->output->flush);
        while (!stream_is_sending(stream)) {
                ssize_t sent;

                if (!turn_over(stream->output)) {
                        stream_drop_output(stream);
                        return;
                }
                sent = begin_sending(stream);
                if (sent == EDDY_PENDING)
                        return;
                note_sent(stream, sent);
        }
}

void stream_send_last(eddy_stream *stream)
{
        struct stream_output *output = stream->output;
        bool was_pending = output->op.pending;
        ssize_t sent = 0;

        eddy_op_cancel(&output->op);
        if (eddy_handle_cancel(&output->op.handle) && !was_pending)
                note_sent(stream, output->op.result);
        while (stream->impl == &stream_socket && sent >= 0 && !stream->write_error && turn_over(output)) {
                const struct buffer *sending = &output->sending;

                sent = sys_send(stream->fd, buffer_data(sending), buffer_size(sending),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
                if (sent > 0)
                        note_sent(stream, sent);
        }
}

void stream_sent(void *arg)
{
        eddy_stream *stream = arg;

        if (stream->write_error)
                stream_fail(stream, stream->write_error);
        else
                note_sent(stream, stream->output->op.result);
        stream_flush(stream);
        stream_settle(stream);
}

static void flush_and_settle(void *arg)
{
        eddy_stream *stream = arg;

        stream_flush(stream);
        stream_settle(stream);
}

/** Have a stream keep what is written: 0 or -ENOMEM. */
static int have_output(eddy_stream *stream)
{
        if (stream->output)
                return 0;
        stream->output = pool_take(&stream->memory->outputs);
        if (!stream->output)
                return -ENOMEM;
        memset(stream->output, 0, sizeof *stream->output);
        return 0;
}

/** Make room for n bytes that are written: 0 or -ENOMEM. */
static int prepare_to_queue(eddy_stream *stream, size_t n)
{
        int rc = have_output(stream);

        return rc < 0 ? rc : stream_reserve(stream, &stream->output->queued, n);
}

/** At the end of the iteration, send all that was written in it at once. */
static void schedule_flush(eddy_stream *stream)
{
        struct stream_output *output = stream->output;

        if (stream_is_sending(stream) || list_is_linked(&output->flush.link))
                return;
        output->flush.callback = flush_and_settle;
        output->flush.arg = stream;
        loop_schedule(stream->loop, &output->flush);
}

/** Send what the kernel takes at once, which so needs no copy: how much, or an error. */
static ssize_t send_parts_at_once(eddy_stream *stream, const struct iovec *parts, int count)
{
        const struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
                                       .msg_iovlen = (size_t)count};
        ssize_t sent;
        eddy_op op;

        eddy_op_init(&op, stream->loop, NULL, NULL);
        op.traits = stream->send_traits | OP_DONT_WAIT;
        sent = stream->impl->begin_send_parts(&op, stream->fd, &message);
        if (sent == -EAGAIN)
                return 0;
        if (sent < 0)
                stream_fail(stream, (int)sent);
        return sent;
}

/** Whether so many bytes are worth a call of their own, and nothing comes before them. */
static bool is_worth_a_call(const eddy_stream *stream, size_t total, int count)
{
        return total >= CHUNK_SIZE && count <= IOV_MAX && stream_unsent(stream) == 0 &&
               !stream_is_sending(stream);
}

/** Queue all but the first bytes. There is room. */
static void queue_rest(struct buffer *queued, const struct iovec *parts, int count, size_t sent)
{
        for (int i = 0; i < count; i++) {
                size_t skipped = sent < parts[i].iov_len ? sent : parts[i].iov_len;

                sent -= skipped;
                buffer_append(queued, (const char *)parts[i].iov_base + skipped, parts[i].iov_len - skipped);
        }
}

int eddy_stream_write(eddy_stream *stream, const void *data, size_t n)
{
        return eddy_stream_writev(stream, &(struct iovec){(void *)(uintptr_t)data, n}, 1);
}

int eddy_stream_writev(eddy_stream *stream, const struct iovec *parts, int count)
{
        size_t total = sys_parts_size(parts, count);
        ssize_t sent = 0;
        int rc = check_writing(stream);

        if (rc == 0)
                rc = loop_check(stream->loop);
        if (rc == 0 && total > 0)
                rc = prepare_to_queue(stream, total);
        if (rc < 0 || total == 0)
                return rc;
        if (is_worth_a_call(stream, total, count))
                sent = send_parts_at_once(stream, parts, count);
        if (sent >= 0)
                queue_rest(&stream->output->queued, parts, count, (size_t)sent);
        if (stream_unsent(stream) > 0)
                schedule_flush(stream);
        else
                stream_drop_output(stream);
        return sent < 0 ? (int)sent : 0;
}

int eddy_stream_drain(eddy_stream *stream)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        if (stream->write_error || stream_unsent(stream) <= stream->high_water)
                return stream->write_error;
        return stream_wait(self, stream, stream->low_water, false);
}

/** Send what is in `sending`, and behind it from the caller's memory: how many of the caller's bytes left. */
static ssize_t send_both(struct task *self, eddy_stream *stream, const void *data, size_t n)
{
        struct buffer *before = &stream->output->sending;
        size_t size = buffer_size(before);
        struct iovec parts[] = {
            {.iov_base = buffer_data(before), .iov_len = size},
            {.iov_base = (void *)(uintptr_t)data, .iov_len = n},
        };
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        ssize_t sent = stream->impl->begin_send_parts(stream->writer, stream->fd, &message);

        sent = task_finish_op(self, stream->writer, sent);
        if (sent < 0)
                return sent;
        if ((size_t)sent < size) {
                buffer_consume(before, (size_t)sent);
                return 0;
        }
        buffer_consume(before, size);
        return sent - (ssize_t)size;
}

/** Send from the caller's memory. */
static ssize_t send_one(struct task *self, eddy_stream *stream, const void *data, size_t n)
{
        eddy_op *op = stream->writer;

        op_describe(op, stream->impl->send, stream->fd, data, n, 0);
        return task_finish_op(self, op, op_begin(op));
}

int stream_claim(struct task *self, eddy_stream *stream, eddy_op *op)
{
        int rc = self->interruption ? self->interruption : check_writing(stream);

        if (rc == 0 && self->future.loop != stream->loop)
                rc = misuse(EDDY_EWRONGLOOP);
        if (rc < 0)
                return rc;
        if (stream->writer)
                return EDDY_EBUSY;
        /* Something is on its way already, and this comes behind it. */
        if (stream_is_sending(stream)) {
                rc = stream_wait(self, stream, 0, false);
                if (rc == 0)
                        rc = stream->writer ? EDDY_EBUSY : check_writing(stream);
                if (rc < 0)
                        return rc;
        }
        if (stream->output) {
                eddy_handle_cancel(&stream->output->flush);
                turn_over(stream->output);
        }
        task_op_describe(op, self, stream->impl->send, stream->fd, NULL, 0);
        op->traits = stream->send_traits;
        stream->writer = op;
        return 0;
}

int stream_sending_error(const struct task *self, const eddy_stream *stream, ssize_t error)
{
        if (error < 0 && error == self->interruption)
                return (int)error;
        /* An operation that ended with the stream was aborted. */
        return stream->write_error ? stream->write_error : (int)error;
}

int stream_send_claimed(struct task *self, eddy_stream *stream, const void *data, size_t n)
{
        size_t done = 0;

        for (;;) {
                const char *rest = (const char *)data + done;
                ssize_t sent;

                if (stream->output && buffer_size(&stream->output->sending) > 0)
                        sent = send_both(self, stream, rest, n - done);
                else if (done < n)
                        sent = send_one(self, stream, rest, n - done);
                else
                        return 0;
                if (sent < 0 || stream->write_error)
                        return stream_sending_error(self, stream, sent);
                done += (size_t)sent;
                if (!list_is_empty(&stream->waiters))
                        stream_settle(stream);
        }
}

int stream_unclaim(struct task *self, eddy_stream *stream, int rc)
{
        stream->writer = NULL;
        if (rc < 0 && (stream->write_error || rc != self->interruption))
                stream_fail(stream, rc);
        if (rc == 0 && stream->is_orphan)
                rc = -EBADF;
        stream_flush(stream);
        stream_settle(stream);
        return rc;
}

/** Send what the kernel takes at once, for which nothing needs to be claimed: how much, or an error. 0 as well where
 * something else comes first. */
static ssize_t send_at_once(struct task *self, eddy_stream *stream, const void *data, size_t n)
{
        eddy_op op;
        ssize_t sent;

        if (stream->writer || stream->output || self->future.loop != stream->loop)
                return 0;
        task_op_describe(&op, self, stream->impl->send, stream->fd, data, n);
        op.traits = stream->send_traits | OP_DONT_WAIT;
        sent = op_begin(&op);
        if (sent == -EAGAIN)
                return 0;
        if (sent < 0) {
                stream_fail(stream, (int)sent);
                stream_settle(stream);
        }
        return sent;
}

ssize_t eddy_stream_write_all(eddy_stream *stream, const void *data, size_t n)
{
        struct task *self;
        ssize_t sent = 0;
        eddy_op op;
        int rc = task_enter(&self);

        if (rc == 0)
                rc = check_writing(stream);
        if (rc < 0)
                return rc;
        if (n > 0) {
                sent = send_at_once(self, stream, data, n);
                if (sent < 0 || (size_t)sent == n) {
                        task_take_turn(self);
                        return sent;
                }
        }
        rc = stream_claim(self, stream, &op);
        if (rc < 0)
                return rc;
        rc = stream_send_claimed(self, stream, (const char *)data + sent, n - (size_t)sent);
        rc = stream_unclaim(self, stream, rc);
        return rc < 0 ? rc : (ssize_t)n;
}

int eddy_stream_set_write_limits(eddy_stream *stream, size_t high, size_t low)
{
        if (low > high)
                return -EINVAL;
        stream->high_water = high;
        stream->low_water = low;
        return 0;
}

size_t eddy_stream_write_buffer_size(const eddy_stream *stream)
{
        /* What has failed leaves no more, though the kernel may still hold it. */
        return stream->write_error ? 0 : stream_unsent(stream);
}

int eddy_stream_write_eof(eddy_stream *stream)
{
        if (stream->write_error)
                return stream->write_error;
        if (stream->is_closing)
                return -EPIPE;
        stream->wants_eof = true;
        stream_flush(stream);
        stream_settle(stream);
        return 0;
}
