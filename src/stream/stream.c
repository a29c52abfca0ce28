#include "stream/stream.h"

#include "base/memory.h"
#include "base/misuse.h"
#include "loop/debug.h"
#include "net/address.h"
#include "net/socket.h"
#include "transport/filter.h"

/** A task that waits for room in a stream, or for its end. */
struct stream_wait {
        struct wait wait;
        struct stream_waiter waiter;
        size_t level;
        bool until_closed;
};

/** The memory of a loop's streams, which comes with the first. */
static struct pool *pool_of(const eddy_loop *loop)
{
        return loop->tenants[ROOM_STREAMS].kept;
}

static void free_memory(eddy_loop *loop)
{
        pool_finish(pool_of(loop));
        memory_free(pool_of(loop));
}

static const struct loop_tenant_impl memory_impl = {.free = free_memory};

/** Memory for a stream; NULL without. */
static eddy_stream *allocate(eddy_loop *loop)
{
        struct pool *pool = pool_of(loop);

        if (!pool) {
                pool = memory_alloc(sizeof *pool);
                if (!pool)
                        return NULL;
                pool_init(pool, sizeof(struct eddy_stream));
                loop_move_in(loop, ROOM_STREAMS, &memory_impl, pool);
        }
        return pool_take(pool);
}

static void release_stream(eddy_stream *stream)
{
        eddy_loop *loop = stream->flow.loop;

        flow_give_back(&stream->flow, &stream->in);
        memory_free(stream->text);
        loop_ref(loop);
        flow_finish(&stream->flow);
        pool_give(pool_of(loop), stream);
        loop_unref(loop);
}

/** Whether a task is in a call on a stream: what it still does with it comes when it runs next. */
static bool is_used(const eddy_stream *stream)
{
        return stream->flow.reader || stream->flow.writer || !list_is_empty(&stream->waiters);
}

static void wake_where_over(struct stream_waiter *waiter, const struct flow *flow)
{
        const struct stream_wait *waiting = container_of(waiter, struct stream_wait, waiter);
        bool is_over = waiting->until_closed
                           ? flow->is_closed
                           : flow_unsent_in_all(flow) <= waiting->level || flow->write_error || flow->is_orphan;

        if (is_over)
                task_wake(waiter->task);
}

bool stream_is_written_to(const eddy_stream *stream)
{
        for (const eddy_link *link = stream->waiters.next; link != &stream->waiters; link = link->next) {
                const struct stream_waiter *waiter = container_of(link, struct stream_waiter, link);

                if (!waiter->settled || (waiter->settled == wake_where_over &&
                                         !container_of(waiter, struct stream_wait, waiter)->until_closed))
                        return true;
        }
        return stream->flow.writer != NULL;
}

static void wake_waiters(eddy_stream *stream)
{
        for (eddy_link *link = stream->waiters.next; link != &stream->waiters; link = link->next) {
                struct stream_waiter *waiter = container_of(link, struct stream_waiter, link);

                if (waiter->settled)
                        waiter->settled(waiter, &stream->flow);
        }
}

static void settled(struct flow *flow)
{
        eddy_stream *stream = container_of(flow, eddy_stream, flow);

        wake_waiters(stream);
        /* Tasks that never run again leave their calls when the loop is closed. */
        if (!flow->is_closed || is_used(stream))
                return;
        if (flow->is_orphan)
                release_stream(stream);
        else if (list_is_linked(&flow->resource.link))
                list_remove(&flow->resource.link);
}

static void loop_closed(struct flow *flow)
{
        eddy_stream *stream = container_of(flow, eddy_stream, flow);

        list_init(&stream->waiters);
        if (flow->is_orphan)
                release_stream(stream);
}

static const struct flow_client stream_client = {
    .settled = settled,
    .loop_closed = loop_closed,
    .what = "stream",
};

eddy_stream *stream_create(eddy_loop *loop, int fd, int family, size_t limit)
{
        eddy_stream *stream = allocate(loop);

        if (!stream)
                return NULL;
        memset(stream, 0, sizeof *stream);
        if (flow_init(&stream->flow, &stream_client, loop, fd, family) < 0) {
                pool_give(pool_of(loop), stream);
                return NULL;
        }
        stream->limit = limit ? limit : STREAM_DEFAULT_LIMIT;
        list_init(&stream->waiters);
        return stream;
}

int eddy_stream_from_socket(eddy_stream **created, int fd, size_t limit)
{
        int family, rc;

        *created = NULL;
        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        rc = socket_adopt(fd, SOCK_STREAM, &family);
        if (rc < 0)
                return rc;
        *created = stream_create(loop_running_here, fd, family, limit);
        if (!*created)
                return -ENOMEM;
        (*created)->flow.send_traits |= OP_MAY_BLOCK;
        socket_set_nodelay(fd, family);
        return 0;
}

ssize_t stream_take_turn(struct task *self, eddy_stream *stream, ssize_t outcome)
{
        struct stream_waiter waiter = {.task = self};

        if (!op_should_give_way(self->future.loop))
                return outcome;
        list_append(&stream->waiters, &waiter.link);
        eddy_yield();
        list_remove(&waiter.link);
        if (stream->flow.is_orphan) {
                flow_settle(&stream->flow);
                return -EBADF;
        }
        return outcome;
}

int stream_wait(struct task *self, eddy_stream *stream, size_t level, bool until_closed)
{
        struct stream_wait waiting = {
            .wait.interrupt = task_end_wait,
            .waiter = {.task = self, .settled = wake_where_over},
            .level = level,
            .until_closed = until_closed,
        };
        int rc;

        if (self->interruption)
                return self->interruption;
        list_append(&stream->waiters, &waiting.waiter.link);
        rc = task_wait(self, &waiting.wait);
        list_remove(&waiting.waiter.link);
        if (rc == 0)
                rc = until_closed             ? flow_closing_error(&stream->flow)
                     : stream->flow.is_orphan ? -EBADF
                                              : filter_tell(&stream->flow, stream->flow.write_error);
        if (stream->flow.is_orphan)
                flow_settle(&stream->flow);
        return rc;
}

void eddy_stream_close(eddy_stream *stream)
{
        flow_close(&stream->flow);
}

void eddy_stream_abort(eddy_stream *stream)
{
        flow_abort(&stream->flow);
}

bool eddy_stream_is_closing(const eddy_stream *stream)
{
        return stream->flow.is_closing;
}

int eddy_stream_wait_closed(eddy_stream *stream)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        if (!stream->flow.is_closing)
                return EDDY_EINVALIDSTATE;
        if (stream->flow.is_closed)
                return flow_closing_error(&stream->flow);
        return stream_wait(self, stream, 0, true);
}

static void warn_of_task(const eddy_stream *stream, const struct coro *task)
{
        debug_warn_used(stream->flow.loop, "stream", task->name);
}

/** A task whose operation is in a stream: the operation resumes it, or tells its select. */
static void warn_of_operation(const eddy_stream *stream, const eddy_op *op)
{
        if (op)
                warn_of_task(stream,
                             op->handle.callback == coro_resume ? op->handle.arg : &stream_selecting(op)->coro);
}

/** Warn of the tasks that are in calls on a stream. */
static void warn_of_users(const eddy_stream *stream)
{
        warn_of_operation(stream, stream->flow.reader);
        warn_of_operation(stream, stream->flow.writer);
        for (const eddy_link *link = stream->waiters.next; link != &stream->waiters; link = link->next)
                warn_of_task(stream, &container_of(link, struct stream_waiter, link)->task->coro);
}

void eddy_stream_destroy(eddy_stream *stream)
{
        if (!stream)
                return;
        warn_of_users(stream);
        stream->flow.is_orphan = true;
        stream->flow.resource.what = NULL;
        if (stream->flow.is_closing)
                flow_settle(&stream->flow);
        else
                eddy_stream_close(stream);
}

int eddy_stream_fd(const eddy_stream *stream)
{
        return stream->flow.fd;
}

static const char *name(eddy_stream *stream, int (*find)(eddy_address *address, int fd))
{
        if (!stream->text)
                stream->text = memory_alloc(EDDY_ADDRESS_TEXT_SIZE);
        return stream->text ? address_name(find, stream->flow.fd, stream->text) : "";
}

const char *eddy_stream_peer_name(eddy_stream *stream)
{
        return name(stream, eddy_address_of_peer);
}

const char *eddy_stream_own_name(eddy_stream *stream)
{
        return name(stream, eddy_address_of_socket);
}
