#include "base/memory.h"
#include "base/misuse.h"
#include "loop/operation.h"
#include "stream/stream.h"
#include "transport/filter.h"
#include <poll.h>
#include <string.h>

/** The least that is asked of the kernel at a time when the bytes go into the stream's own buffer. */
enum { LEAST_ROOM = 4 * 1024 };

int stream_begin_receiving(struct task *self, eddy_stream *stream, eddy_op *op)
{
        if (self->interruption)
                return self->interruption;
        if (stream->flow.is_closing)
                return -EBADF;
        if (stream->flow.reader)
                return EDDY_EBUSY;
        if (stream->flow.has_ended)
                return stream->flow.read_error;
        stream->flow.reader = op;
        return 1;
}

ssize_t stream_end_receiving(struct task *self, eddy_stream *stream, ssize_t got)
{
        stream->flow.reader = NULL;
        if (got == 0)
                stream->flow.has_ended = true;
        if (got < 0 && got != self->interruption && got != EDDY_CANCELLED && got != -ENOMEM) {
                stream->flow.has_ended = true;
                stream->flow.read_error = (int)got;
                filter_tell_failure(&stream->flow, (int)got);
        }
        if (stream->flow.is_closing) {
                /* Who is given bytes of a stream that was destroyed would ask it for more. */
                if (got <= 0 || stream->flow.is_orphan)
                        got = self->interruption ? self->interruption : -EBADF;
                flow_settle(&stream->flow);
        }
        return got;
}

/** Nothing came of a FIFO that may never have had a writer: wait for one. 1 where there is more to be tried, 0 at the
 * end, or an error. */
static ssize_t await_writer(struct task *self, const eddy_stream *stream, eddy_op *op)
{
        ssize_t events;

        task_op_describe(op, self, OP_POLL, stream->flow.fd, NULL, POLLIN);
        events = task_finish_op(self, op, op_begin(op));
        return events < 0 ? events : events & POLLIN ? 1 : 0;
}

/** Receive into memory of the current task: a count, 0 at the end, or an error. */
static ssize_t receive_bytes(struct task *self, eddy_stream *stream, void *memory, size_t n)
{
        ssize_t got;
        eddy_op op;

        if (stream->flow.has_ended)
                return stream->flow.read_error;
        stream->flow.reader = &op;
        do {
                task_op_describe(&op, self, stream->flow.impl->receive, stream->flow.fd, memory, n);
                op.traits = stream->flow.receive_traits;
                got = task_finish_op(self, &op, flow_begin(&stream->flow, &op));
        } while (got == 0 && stream->flow.awaits_writer && (got = await_writer(self, stream, &op)) > 0);
        return stream_end_receiving(self, stream, got);
}

/** Take n bytes off the buffer's front; while it is empty it needs no memory. */
static void consume(eddy_stream *stream, size_t n)
{
        buffer_consume(&stream->in, n);
        if (buffer_size(&stream->in) == 0)
                flow_give_back(&stream->flow, &stream->in);
}

/** As stream_fill_at_once(), as a part of its caller. */
static inline __attribute__((always_inline)) ssize_t fill_at_once(struct task *self, eddy_stream *stream)
{
        struct buffer *in = &stream->in;
        int rc = flow_reserve(&stream->flow, in, LEAST_ROOM);
        eddy_op op;
        ssize_t got;

        if (rc < 0)
                return rc;
        task_op_describe(&op, self, stream->flow.impl->receive, stream->flow.fd, buffer_room(in),
                         buffer_room_size(in));
        op.traits = stream->flow.receive_traits | OP_DONT_WAIT;
        got = flow_begin(&stream->flow, &op);
        if (got > 0)
                in->end += (size_t)got;
        else
                consume(stream, 0);
        return got;
}

ssize_t stream_fill_at_once(struct task *self, eddy_stream *stream)
{
        return fill_at_once(self, stream);
}

/** Receive more into the stream's buffer. Who waits for it has no memory for it yet, so that idle connections have
 * none. */
static ssize_t fill_buffer(struct task *self, eddy_stream *stream)
{
        eddy_op op;
        ssize_t got = stream_begin_receiving(self, stream, &op);

        if (got <= 0)
                return got;
        do {
                task_op_describe(&op, self, OP_READABLE, stream->flow.fd, NULL, CHUNK_SIZE);
                op.traits = stream->flow.receive_traits;
                got = task_finish_op(self, &op, flow_begin(&stream->flow, &op));
                if (got < 0 || stream->flow.is_closing)
                        break;
                got = fill_at_once(self, stream);
                if (got == 0 && stream->flow.awaits_writer && (got = await_writer(self, stream, &op)) > 0)
                        got = -EAGAIN;
        } while (got == -EAGAIN);
        return stream_end_receiving(self, stream, got);
}

/** Drop what is here of a line that was too long. */
static void drop_part_of_line(eddy_stream *stream)
{
        size_t size = buffer_size(&stream->in);
        const char *bytes = buffer_data(&stream->in), *end = size > 0 ? memchr(bytes, '\n', size) : NULL;

        consume(stream, end ? (size_t)(end + 1 - bytes) : size);
        stream->drops_line = !end;
}

/** Drop what is still to come of a line that was too long: 0 behind its end, or the error. */
static __attribute__((noinline, cold)) int drop_line(struct task *self, eddy_stream *stream)
{
        ssize_t got;

        for (;;) {
                drop_part_of_line(stream);
                if (!stream->drops_line)
                        return 0;
                got = fill_buffer(self, stream);
                if (got <= 0)
                        break;
        }
        if (got == 0) /* else the stream may be gone */
                stream->drops_line = false;
        return (int)got;
}

void stream_drop_shown(eddy_stream *stream)
{
        if (stream->handed_out == 0)
                return;
        consume(stream, stream->handed_out);
        stream->handed_out = 0;
}

void stream_drop_what_is_gone(eddy_stream *stream)
{
        stream_drop_shown(stream);
        if (stream->drops_line)
                drop_part_of_line(stream);
}

/** Every call for reading looks here first: 0 or why it may not read. What the one before showed its caller is gone. */
static int check_reading(eddy_stream *stream, struct task **self)
{
        int rc = task_enter(self);

        if (rc < 0)
                return rc;
        if (stream->flow.is_closing)
                return -EBADF;
        if (stream->flow.reader)
                return EDDY_EBUSY;
        if ((*self)->future.loop != stream->flow.loop)
                return misuse(EDDY_EWRONGLOOP);
        stream_drop_shown(stream);
        return 0;
}

int stream_begin_reading(eddy_stream *stream, struct task **self)
{
        int rc = check_reading(stream, self);

        return rc == 0 && __builtin_expect(stream->drops_line, 0) ? drop_line(*self, stream) : rc;
}

static size_t take(eddy_stream *stream, void *memory, size_t n)
{
        size_t size = buffer_size(&stream->in);

        n = n < size ? n : size;
        if (n == 0)
                return 0;
        memcpy(memory, buffer_data(&stream->in), n);
        consume(stream, n);
        return n;
}

/** Show the caller the next n bytes without copying them. */
static ssize_t hand_out(eddy_stream *stream, size_t n, const char **data)
{
        *data = n > 0 ? buffer_data(&stream->in) : ""; /* at the end there is no memory to show */
        stream->handed_out = n & (SIZE_MAX >> 1);
        return (ssize_t)n;
}

ssize_t eddy_stream_read(eddy_stream *stream, void *memory, size_t n)
{
        struct task *self;
        int rc = check_reading(stream, &self);

        if (rc < 0 || n == 0)
                return rc;
        if (__builtin_expect(stream->drops_line, 0) && (rc = drop_line(self, stream)) < 0)
                return rc;
        if (buffer_size(&stream->in) > 0)
                return (ssize_t)take(stream, memory, n);
        return receive_bytes(self, stream, memory, n);
}

ssize_t eddy_stream_read_some(eddy_stream *stream, const char **data)
{
        struct task *self;
        ssize_t n = stream_begin_reading(stream, &self);

        *data = NULL;
        if (n == 0 && buffer_size(&stream->in) == 0) {
                n = fill_buffer(self, stream);
                if (n == 0)
                        return 0;
        }
        return n < 0 ? n : hand_out(stream, buffer_size(&stream->in), data);
}

ssize_t eddy_stream_read_exactly(eddy_stream *stream, void *memory, size_t n)
{
        struct task *self;
        int rc = stream_begin_reading(stream, &self);

        if (rc < 0)
                return rc;
        /* Through the stream's buffer, so that nothing is lost where the end or an interruption comes first. */
        while (buffer_size(&stream->in) < n) {
                ssize_t got = fill_buffer(self, stream);

                if (got <= 0)
                        return got == 0 ? EDDY_EINCOMPLETE : got;
        }
        return (ssize_t)take(stream, memory, n);
}

/** Which of several separators ends first in some bytes, and of those that end together the longest; NULL: none is
 * there.
 *
 * @param found  receives where it begins
 */
static const struct iovec *find_separator(const char *bytes, size_t size, const struct iovec *separators,
                                          size_t n, const char **found)
{
        const struct iovec *first = NULL;
        const char *least = NULL;

        for (const struct iovec *one = separators; one < separators + n; one++) {
                const char *begin = memmem(bytes, size, one->iov_base, one->iov_len), *end;

                if (!begin)
                        continue;
                end = begin + one->iov_len;
                if (first && (end > least || (end == least && one->iov_len <= first->iov_len)))
                        continue;
                first = one;
                least = end;
                *found = begin;
        }
        return first;
}

/** The longest of several separators; 0 where one is empty, or there are none. */
static size_t longest_separator(const struct iovec *separators, size_t n)
{
        size_t longest = 0;

        for (size_t i = 0; i < n; i++) {
                if (separators[i].iov_len == 0)
                        return 0;
                longest = separators[i].iov_len > longest ? separators[i].iov_len : longest;
        }
        return longest;
}

ssize_t eddy_stream_read_until_any(eddy_stream *stream, const struct iovec separators[], size_t n,
                                   const char **data, size_t *which)
{
        struct task *self;
        int rc = stream_begin_reading(stream, &self);
        size_t searched = 0, longest;

        *data = NULL;
        if (rc < 0)
                return rc;
        longest = longest_separator(separators, n);
        if (longest == 0)
                return -EINVAL;
        for (;;) {
                size_t size = buffer_size(&stream->in);
                const char *bytes = buffer_data(&stream->in), *found = NULL;
                const struct iovec *separator = NULL;
                ssize_t got;

                if (bytes)
                        separator = find_separator(bytes + searched, size - searched, separators, n, &found);
                if (separator && which)
                        *which = (size_t)(separator - separators);
                if (separator && (size_t)(found - bytes) <= stream->limit)
                        return hand_out(stream, (size_t)(found - bytes) + separator->iov_len, data);
                searched = size >= longest ? size - longest + 1 : 0;
                if (found || searched > stream->limit)
                        return EDDY_ELIMIT;
                got = fill_buffer(self, stream);
                if (got <= 0)
                        return got == 0 ? EDDY_EINCOMPLETE : got;
        }
}

ssize_t eddy_stream_read_until(eddy_stream *stream, const void *separator, size_t separator_size,
                               const char **data)
{
        const struct iovec only = {.iov_base = (void *)(uintptr_t)separator, .iov_len = separator_size};

        return eddy_stream_read_until_any(stream, &only, 1, data, NULL);
}

ssize_t eddy_stream_read_line(eddy_stream *stream, const char **line)
{
        ssize_t n = eddy_stream_read_until(stream, "\n", 1, line);

        if (n == EDDY_EINCOMPLETE && !stream->flow.read_error)
                return hand_out(stream, buffer_size(&stream->in), line);
        if (n != EDDY_ELIMIT)
                return n;
        /* The line is dropped to its end. What of it has not come is waited for by the next call, not by this one. */
        drop_part_of_line(stream);
        return EDDY_ELIMIT;
}

int stream_collect(eddy_stream *stream, size_t max)
{
        struct task *self;
        int rc = stream_begin_reading(stream, &self);
        ssize_t got;

        if (rc < 0)
                return rc;
        while ((got = fill_buffer(self, stream)) > 0)
                if (buffer_size(&stream->in) > max)
                        return EDDY_ELIMIT;
        if (got < 0)
                return (int)got;
        return buffer_size(&stream->in) > max ? EDDY_ELIMIT : 0;
}

ssize_t eddy_stream_read_all(eddy_stream *stream, char **data, size_t max)
{
        int rc = stream_collect(stream, max);
        size_t size;

        *data = NULL;
        if (rc < 0)
                return rc;
        size = buffer_size(&stream->in);
        *data = memory_alloc(size + 1);
        if (!*data)
                return -ENOMEM;
        take(stream, *data, size);
        (*data)[size] = '\0';
        return (ssize_t)size;
}

int stream_terminate(eddy_stream *stream)
{
        int rc = flow_reserve(&stream->flow, &stream->in, 1);

        if (rc == 0)
                *buffer_room(&stream->in) = '\0';
        return rc;
}

char *stream_take_all(eddy_stream *stream, size_t *size)
{
        struct buffer *in = &stream->in;
        char *memory = in->memory;

        *size = buffer_size(in);
        memmove(memory, buffer_data(in), *size + 1);
        *in = (struct buffer){.memory = NULL};
        return memory;
}

bool eddy_stream_at_eof(const eddy_stream *stream)
{
        return stream->flow.has_ended && buffer_size(&stream->in) == stream->handed_out;
}
