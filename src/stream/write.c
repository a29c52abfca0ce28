#include "base/misuse.h"
#include "stream/stream.h"
#include "transport/filter.h"

int eddy_stream_write(eddy_stream *stream, const void *data, size_t n)
{
        return filter_tell(&stream->flow,
                           flow_writev(&stream->flow, &(struct iovec){(void *)(uintptr_t)data, n}, 1));
}

int eddy_stream_writev(eddy_stream *stream, const struct iovec *parts, int count)
{
        return filter_tell(&stream->flow, flow_writev(&stream->flow, parts, count));
}

int eddy_stream_write_eof(eddy_stream *stream)
{
        return filter_tell(&stream->flow, flow_write_eof(&stream->flow));
}

int eddy_stream_drain(eddy_stream *stream)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        if (stream->flow.write_error || flow_unsent_in_all(&stream->flow) <= stream->flow.high_water)
                return filter_tell(&stream->flow, stream->flow.write_error);
        return stream_wait(self, stream, stream->flow.low_water, false);
}

/** Send what is in `sending`, and behind it from the caller's memory: how many of the caller's bytes left. */
static ssize_t send_both(struct task *self, eddy_stream *stream, const void *data, size_t n)
{
        struct buffer *before = &stream->flow.output->sending;
        size_t size = buffer_size(before);
        struct iovec parts[] = {
            {.iov_base = buffer_data(before), .iov_len = size},
            {.iov_base = (void *)(uintptr_t)data, .iov_len = n},
        };
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        ssize_t sent = stream->flow.impl->begin_send_parts(&stream->flow, stream->flow.writer, &message);

        sent = task_finish_op(self, stream->flow.writer, sent);
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
        eddy_op *op = stream->flow.writer;

        op_describe(op, stream->flow.impl->send, stream->flow.fd, data, n, 0);
        return task_finish_op(self, op, flow_begin(&stream->flow, op));
}

int stream_claim(struct task *self, eddy_stream *stream, eddy_op *op)
{
        int rc = self->interruption ? self->interruption : flow_check_writing(&stream->flow);

        if (rc == 0 && self->future.loop != stream->flow.loop)
                rc = misuse(EDDY_EWRONGLOOP);
        if (rc < 0)
                return filter_tell_failure(&stream->flow, rc);
        if (stream->flow.writer)
                return EDDY_EBUSY;
        /* Something is on its way already, and this comes behind it. */
        while (flow_is_sending(&stream->flow)) {
                rc = stream_wait(self, stream, 0, false);
                if (rc == 0)
                        rc = stream->flow.writer ? EDDY_EBUSY : flow_check_writing(&stream->flow);
                if (rc < 0)
                        return rc;
        }
        if (stream->flow.output) {
                eddy_handle_cancel(&stream->flow.output->flush);
                flow_turn_over(stream->flow.output);
        }
        task_op_describe(op, self, stream->flow.impl->send, stream->flow.fd, NULL, 0);
        op->traits = stream->flow.send_traits;
        stream->flow.writer = op;
        return 0;
}

int stream_sending_error(const struct task *self, const eddy_stream *stream, ssize_t error)
{
        if (error < 0 && error == self->interruption)
                return (int)error;
        /* An operation that ended with the stream was aborted. */
        return filter_tell(&stream->flow, stream->flow.write_error ? stream->flow.write_error : (int)error);
}

int stream_send_claimed(struct task *self, eddy_stream *stream, const void *data, size_t n)
{
        size_t done = 0;

        for (;;) {
                const char *rest = (const char *)data + done;
                ssize_t sent;

                if (stream->flow.output && buffer_size(&stream->flow.output->sending) > 0)
                        sent = send_both(self, stream, rest, n - done);
                else if (done < n)
                        sent = send_one(self, stream, rest, n - done);
                else
                        return 0;
                if (sent < 0 || stream->flow.write_error)
                        return stream_sending_error(self, stream, sent);
                done += (size_t)sent;
                if (!list_is_empty(&stream->waiters))
                        flow_settle(&stream->flow);
        }
}

int stream_unclaim(struct task *self, eddy_stream *stream, int rc)
{
        stream->flow.writer = NULL;
        if (rc < 0 && (stream->flow.write_error || rc != self->interruption))
                flow_fail(&stream->flow, rc);
        if (rc == 0 && stream->flow.is_orphan)
                rc = -EBADF;
        flow_flush(&stream->flow);
        flow_settle(&stream->flow);
        return rc;
}

/** Send what the kernel takes at once, for which nothing needs to be claimed: how much, or an error. 0 as well where
 * something else comes first. */
static ssize_t send_at_once(struct task *self, eddy_stream *stream, const void *data, size_t n)
{
        eddy_op op;
        ssize_t sent;

        if (stream->flow.writer || stream->flow.output || self->future.loop != stream->flow.loop)
                return 0;
        task_op_describe(&op, self, stream->flow.impl->send, stream->flow.fd, data, n);
        op.traits = stream->flow.send_traits | OP_DONT_WAIT;
        sent = flow_begin(&stream->flow, &op);
        if (sent == -EAGAIN)
                return 0;
        if (sent < 0) {
                flow_fail(&stream->flow, (int)sent);
                filter_tell_failure(&stream->flow, (int)sent);
                flow_settle(&stream->flow);
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
                rc = filter_tell(&stream->flow, flow_check_writing(&stream->flow));
        if (rc < 0)
                return rc;
        if (n > 0) {
                sent = send_at_once(self, stream, data, n);
                if (sent < 0) {
                        task_take_turn(self);
                        return sent;
                }
                if ((size_t)sent == n)
                        return stream_take_turn(self, stream, sent);
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
        stream->flow.high_water = high;
        stream->flow.low_water = low;
        return 0;
}

size_t eddy_stream_write_buffer_size(const eddy_stream *stream)
{
        /* What has failed leaves no more, though the kernel may still hold it. */
        return stream->flow.write_error ? 0 : flow_unsent_in_all(&stream->flow);
}
