#include "base/misuse.h"
#include "stream/stream.h"
#include <string.h>

/** Whether a stream takes more: 0 or why not. */
static int check(const eddy_stream *stream)
{
        if (stream->write_error)
                return stream->write_error;
        return stream->is_closing || stream->wants_eof ? -EPIPE : 0;
}

void stream_fail(eddy_stream *stream, int error)
{
        if (!stream->write_error)
                stream->write_error = error;
        buffer_consume(&stream->queued, buffer_size(&stream->queued));
        /* What the kernel may still look at stays until it has let go, and whoever is to count it has. */
        if (!stream_is_sending(stream))
                buffer_consume(&stream->sending, buffer_size(&stream->sending));
}

/** What was queued is sent next. */
static void turn_over(eddy_stream *stream)
{
        struct buffer emptied = stream->sending;

        stream->sending = stream->queued;
        stream->queued = emptied;
}

/** Take note of how sending `sending` went. */
static void note_sent(eddy_stream *stream, ssize_t sent)
{
        if (sent < 0)
                stream_fail(stream, (int)sent);
        else
                buffer_consume(&stream->sending, (size_t)sent);
}

void stream_flush(eddy_stream *stream)
{
        eddy_op *op = &stream->send_op;

        eddy_handle_cancel(&stream->flush);
        while (!stream_is_sending(stream)) {
                ssize_t sent;

                if (buffer_size(&stream->sending) == 0) {
                        if (buffer_size(&stream->queued) == 0)
                                return;
                        turn_over(stream);
                }
                op->handle.callback = stream_sent;
                op->handle.arg = stream;
                sent = stream->impl->begin_send(op, stream->fd, buffer_data(&stream->sending),
                                                buffer_size(&stream->sending));
                if (sent == EDDY_PENDING)
                        return;
                note_sent(stream, sent);
        }
}

void stream_sent(void *arg)
{
        eddy_stream *stream = arg;

        if (stream->write_error)
                stream_fail(stream, stream->write_error);
        else
                note_sent(stream, stream->send_op.result);
        stream_flush(stream);
        stream_settle(stream);
}

static void flush_and_settle(void *arg)
{
        eddy_stream *stream = arg;

        stream_flush(stream);
        stream_settle(stream);
}

/** At the end of the iteration, send all that was written in it at once. */
static void schedule_flush(eddy_stream *stream)
{
        if (!stream_is_sending(stream) && !list_is_linked(&stream->flush.link) && stream_unsent(stream) > 0)
                eddy_call_soon(stream->loop, &stream->flush, flush_and_settle, stream);
}

int eddy_stream_write(eddy_stream *stream, const void *data, size_t n)
{
        int rc = check(stream);

        if (rc == 0)
                rc = buffer_append(&stream->queued, data, n);
        if (rc == 0)
                schedule_flush(stream);
        return rc;
}

int eddy_stream_writev(eddy_stream *stream, const struct iovec *parts, int count)
{
        size_t total = 0;
        int rc = check(stream);

        for (int i = 0; i < count; i++)
                total += parts[i].iov_len;
        if (rc == 0)
                rc = buffer_reserve(&stream->queued, total);
        if (rc < 0)
                return rc;
        for (int i = 0; i < count; i++)
                buffer_append(&stream->queued, parts[i].iov_base, parts[i].iov_len);
        schedule_flush(stream);
        return 0;
}

int eddy_stream_drain(eddy_stream *stream)
{
        struct task *self = task_current();

        if (!self)
                return misuse(EDDY_ENOTASK);
        if (stream->write_error)
                return stream->write_error;
        if (stream_unsent(stream) <= stream->high_water)
                return self->interruption;
        return stream_wait(self, stream, stream->low_water, false);
}

/** Send what is in `sending`, and behind it from the caller's memory: how many of the caller's bytes left. */
static ssize_t send_both(struct task *self, eddy_stream *stream, const void *data, size_t n)
{
        eddy_op *op = &stream->send_op;
        size_t before = buffer_size(&stream->sending);
        struct iovec parts[] = {
            {.iov_base = buffer_data(&stream->sending), .iov_len = before},
            {.iov_base = (void *)(uintptr_t)data, .iov_len = n},
        };
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        ssize_t sent;

        if (before == 0)
                sent = stream->impl->begin_send(op, stream->fd, data, n);
        else
                sent = stream->impl->begin_send_parts(op, stream->fd, &message);
        sent = task_finish_op(self, op, sent);
        if (sent < 0)
                return sent;
        if ((size_t)sent < before) {
                buffer_consume(&stream->sending, (size_t)sent);
                return 0;
        }
        buffer_consume(&stream->sending, before);
        return sent - (ssize_t)before;
}

int stream_claim(struct task *self, eddy_stream *stream)
{
        int rc = self->interruption ? self->interruption : check(stream);

        if (rc < 0)
                return rc;
        if (stream->writer)
                return EDDY_EBUSY;
        /* Something is on its way already, and this comes behind it. */
        if (stream_is_sending(stream)) {
                rc = stream_wait(self, stream, 0, false);
                if (rc == 0)
                        rc = stream->writer ? EDDY_EBUSY : check(stream);
                if (rc < 0)
                        return rc;
        }
        eddy_handle_cancel(&stream->flush);
        if (buffer_size(&stream->sending) == 0 && buffer_size(&stream->queued) > 0)
                turn_over(stream);
        stream->writer = self;
        stream->send_op.handle.callback = coro_resume;
        stream->send_op.handle.arg = &self->coro;
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

        while (done < n || buffer_size(&stream->sending) > 0) {
                ssize_t sent = send_both(self, stream, (const char *)data + done, n - done);

                if (sent < 0 || stream->write_error)
                        return stream_sending_error(self, stream, sent);
                done += (size_t)sent;
                if (!list_is_empty(&stream->waiters))
                        stream_settle(stream);
        }
        return 0;
}

void stream_unclaim(struct task *self, eddy_stream *stream, int rc)
{
        stream->writer = NULL;
        if (rc < 0 && (stream->write_error || rc != self->interruption))
                stream_fail(stream, rc);
        stream_flush(stream);
        stream_settle(stream);
}

ssize_t eddy_stream_write_all(eddy_stream *stream, const void *data, size_t n)
{
        struct task *self = task_current();
        int rc;

        if (!self)
                return misuse(EDDY_ENOTASK);
        rc = stream_claim(self, stream);
        if (rc < 0)
                return rc;
        rc = stream_send_claimed(self, stream, data, n);
        stream_unclaim(self, stream, rc);
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
