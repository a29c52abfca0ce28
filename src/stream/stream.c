#include "stream/stream.h"

#include "base/memory.h"
#include "base/misuse.h"
#include "base/sys.h"
#include "loop/debug.h"
#include "stream/address.h"
#include "stream/socket.h"
#include <netinet/tcp.h>

/** A task that waits for room in a stream, or for its end. */
struct stream_wait {
        struct wait wait;
        eddy_link link; /* in stream->waiters */
        struct task *task;
        size_t level;
        bool until_closed;
};

int stream_reserve(eddy_stream *stream, struct buffer *buffer, size_t n)
{
        char *memory;

        if (buffer->memory || n > CHUNK_SIZE)
                return buffer_reserve(buffer, n);
        memory = chunk_take(&stream->memory->chunks);
        if (!memory)
                return -ENOMEM;
        *buffer = (struct buffer){.memory = memory, .capacity = CHUNK_SIZE};
        return 0;
}

void stream_give_back(eddy_stream *stream, struct buffer *buffer)
{
        if (buffer->capacity == CHUNK_SIZE)
                chunk_give(&stream->memory->chunks, buffer->memory);
        else
                memory_free(buffer->memory);
        *buffer = (struct buffer){.memory = NULL};
}

static void release_stream(eddy_stream *stream)
{
        eddy_loop *loop = stream->loop;

        if (list_is_linked(&stream->resource.link))
                list_remove(&stream->resource.link);
        stream_give_back(stream, &stream->in);
        stream_drop_output(stream);
        memory_free(stream->text);
        pool_give(&stream->memory->streams, stream);
        loop_unref(loop);
}

static ssize_t begin_send_parts(eddy_op *op, int fd, const struct msghdr *message)
{
        return eddy_op_sendmsg(op, fd, message, 0);
}

static void end_sending(eddy_stream *stream)
{
        sys_shutdown(stream->fd, SHUT_WR);
}

static void set_reset(eddy_stream *stream)
{
        const struct linger reset = {.l_onoff = 1};

        sys_setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

static void close_socket(eddy_stream *stream)
{
        loop_close_descriptor(stream->loop, stream->fd);
}

const struct stream_impl stream_socket = {
    .receive = OP_RECV,
    .send = OP_SEND,
    .begin_send_parts = begin_send_parts,
    .end_sending = end_sending,
    .set_reset = set_reset,
    .close = close_socket,
};

/** End an operation. Its callback does not run, unless the kernel has it in hand (io_uring): then it runs when the kernel
 * has let go, and the stream is not closed before. */
static void end_operation(eddy_op *op)
{
        eddy_op_cancel(op);
        eddy_handle_cancel(&op->handle);
}

/** The loop is closed: no task is left, and nothing more will leave. */
static void close_with_loop(struct loop_resource *resource)
{
        eddy_stream *stream = container_of(resource, eddy_stream, resource);
        struct stream_output *output = stream->output;

        if (stream->reader)
                end_operation(stream->reader);
        if (stream->writer)
                end_operation(stream->writer);
        if (output) {
                if (stream->is_closing && !loop_is_inherited(stream->loop))
                        stream_send_last(stream);
                end_operation(&output->op);
                eddy_handle_cancel(&output->flush);
        }
        if (!stream->is_closed)
                stream->impl->close(stream);
        stream->fd = -1;
        stream->is_closing = stream->is_closed = true;
        stream->reader = stream->writer = NULL;
        list_init(&stream->waiters);
        if (stream->is_orphan)
                release_stream(stream);
}

void stream_set_nodelay(int fd, int family)
{
        int on = 1;

        /* That this fails harms nothing. */
        if (family == AF_INET || family == AF_INET6)
                sys_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void free_memory(eddy_loop *loop)
{
        struct stream_memory *memory = loop->tenants[ROOM_STREAMS].kept;

        pool_finish(&memory->streams);
        pool_finish(&memory->outputs);
        chunks_finish(&memory->chunks);
        memory_free(memory);
}

static const struct loop_tenant_impl memory_impl = {.free = free_memory};

/** The memory of a loop's streams, which is had with the first; NULL without. */
static struct stream_memory *have_memory(eddy_loop *loop)
{
        struct stream_memory *memory = loop->tenants[ROOM_STREAMS].kept;

        if (memory)
                return memory;
        memory = memory_zalloc(sizeof *memory);
        if (!memory)
                return NULL;
        pool_init(&memory->streams, sizeof(struct eddy_stream));
        pool_init(&memory->outputs, sizeof(struct stream_output));
        loop_move_in(loop, ROOM_STREAMS, &memory_impl, memory);
        return memory;
}

eddy_stream *stream_create(eddy_loop *loop, int fd, int family, size_t limit)
{
        struct stream_memory *memory = have_memory(loop);
        eddy_stream *stream = memory ? pool_take(&memory->streams) : NULL;

        if (!stream)
                return NULL;
        memset(stream, 0, sizeof *stream);
        stream->memory = memory;
        loop_ref(loop);
        stream->resource.close = close_with_loop;
        stream->resource.what = "stream";
        stream->impl = &stream_socket;
        stream->loop = loop;
        stream->fd = fd;
        stream->family = (unsigned char)family;
        stream->limit = limit ? limit : STREAM_DEFAULT_LIMIT;
        stream->high_water = STREAM_DEFAULT_HIGH_WATER;
        stream->low_water = STREAM_DEFAULT_HIGH_WATER / 4;
        list_init(&stream->waiters);
        stream->send_traits = OP_SHORT_IS_ALL | OP_EXCLUSIVE;
        /* Receiving from a UNIX socket stops short behind bytes that came with a descriptor. */
        stream->receive_traits = family == AF_UNIX ? 0 : OP_SHORT_IS_ALL;
        if (family == AF_INET || family == AF_INET6)
                stream->receive_traits |= OP_EXCLUSIVE;
        loop_add_resource(loop, &stream->resource);
        return stream;
}

int eddy_stream_from_socket(eddy_stream **created, int fd, size_t limit)
{
        int family, rc;

        *created = NULL;
        rc = socket_adopt(fd, SOCK_STREAM, &family);
        if (rc < 0)
                return rc;
        *created = stream_create(loop_running_here, fd, family, limit);
        if (!*created)
                return -ENOMEM;
        (*created)->send_traits |= OP_MAY_BLOCK;
        stream_set_nodelay(fd, family);
        return 0;
}

/** Whether a task is in a call on a stream: what it still does with it comes when it runs next. */
static bool is_used(const eddy_stream *stream)
{
        return stream->reader || stream->writer || !list_is_empty(&stream->waiters);
}

static void close_descriptor(eddy_stream *stream)
{
        stream_drop_output(stream);
        stream->impl->close(stream);
        stream->fd = -1;
        stream->is_closed = true;
        /* Tasks that never run again leave their calls when the loop is closed. */
        if (!is_used(stream))
                list_remove(&stream->resource.link);
}

static void wake_waiters(eddy_stream *stream)
{
        for (eddy_link *link = stream->waiters.next; link != &stream->waiters; link = link->next) {
                struct stream_wait *waiting = container_of(link, struct stream_wait, link);
                bool is_over = waiting->until_closed ? stream->is_closed
                                                     : stream_unsent(stream) <= waiting->level ||
                                                           stream->write_error || stream->is_orphan;

                if (is_over)
                        task_wake(waiting->task);
        }
}

void stream_settle(eddy_stream *stream)
{
        bool is_busy = stream_is_sending(stream) || stream_unsent(stream) > 0;

        if (stream->wants_eof && !stream->has_sent_eof && !is_busy) {
                stream->has_sent_eof = true;
                stream->impl->end_sending(stream);
        }
        if (stream->is_closing && !stream->is_closed && !is_busy &&
            !(stream->reader && stream->reader->pending))
                close_descriptor(stream);
        wake_waiters(stream);
        if (stream->is_closed && stream->is_orphan && !is_used(stream))
                release_stream(stream);
}

/** What closing came to: that an aborted stream lost bytes is no failure of it. */
static int closing_error(const eddy_stream *stream)
{
        return stream->write_error == -ECONNABORTED ? 0 : stream->write_error;
}

int stream_wait(struct task *self, eddy_stream *stream, size_t level, bool until_closed)
{
        struct stream_wait waiting = {
            .wait.interrupt = task_end_wait,
            .task = self,
            .level = level,
            .until_closed = until_closed,
        };
        int rc;

        if (self->interruption)
                return self->interruption;
        list_append(&stream->waiters, &waiting.link);
        rc = task_wait(self, &waiting.wait);
        list_remove(&waiting.link);
        if (rc == 0)
                rc = until_closed ? closing_error(stream) : stream->is_orphan ? -EBADF : stream->write_error;
        if (stream->is_orphan)
                stream_settle(stream);
        return rc;
}

static void cancel_reader(eddy_stream *stream)
{
        if (stream->reader)
                eddy_op_cancel(stream->reader);
}

void eddy_stream_close(eddy_stream *stream)
{
        if (stream->is_closing)
                return;
        stream->is_closing = true;
        cancel_reader(stream);
        /* Now and not in the next iteration: there may be none. */
        stream_flush(stream);
        stream_settle(stream);
}

void eddy_stream_abort(eddy_stream *stream)
{
        if (stream->is_closed)
                return;
        stream->is_closing = true;
        stream->impl->set_reset(stream);
        cancel_reader(stream);
        /* A task that sends has to hear that it is over; else nobody has to hear how much of it left. */
        if (stream->writer)
                eddy_op_cancel(stream->writer);
        else if (stream->output)
                end_operation(&stream->output->op);
        stream_fail(stream, -ECONNABORTED);
        stream_settle(stream);
}

bool eddy_stream_is_closing(const eddy_stream *stream)
{
        return stream->is_closing;
}

int eddy_stream_wait_closed(eddy_stream *stream)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        if (!stream->is_closing)
                return EDDY_EINVALIDSTATE;
        if (stream->is_closed)
                return closing_error(stream);
        return stream_wait(self, stream, 0, true);
}

/** A task whose operation is in a stream: it is what the operation resumes. */
static void warn_of_operation(const eddy_stream *stream, const eddy_op *op)
{
        if (op)
                debug_warn_used(stream->loop, "stream", ((const struct coro *)op->handle.arg)->name);
}

/** Warn of the tasks that are in calls on a stream. */
static void warn_of_users(const eddy_stream *stream)
{
        warn_of_operation(stream, stream->reader);
        warn_of_operation(stream, stream->writer);
        for (const eddy_link *link = stream->waiters.next; link != &stream->waiters; link = link->next)
                debug_warn_used(stream->loop, "stream",
                                container_of(link, struct stream_wait, link)->task->coro.name);
}

void eddy_stream_destroy(eddy_stream *stream)
{
        if (!stream)
                return;
        warn_of_users(stream);
        stream->is_orphan = true;
        stream->resource.what = NULL;
        if (stream->is_closing)
                stream_settle(stream);
        else
                eddy_stream_close(stream);
}

int eddy_stream_fd(const eddy_stream *stream)
{
        return stream->fd;
}

static const char *name(eddy_stream *stream, int (*find)(eddy_address *address, int fd))
{
        if (!stream->text)
                stream->text = memory_alloc(EDDY_ADDRESS_TEXT_SIZE);
        return stream->text ? address_name(find, stream->fd, stream->text) : "";
}

const char *eddy_stream_peer_name(eddy_stream *stream)
{
        return name(stream, eddy_address_of_peer);
}

const char *eddy_stream_own_name(eddy_stream *stream)
{
        return name(stream, eddy_address_of_socket);
}
