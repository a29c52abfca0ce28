/* TLS under streams. */
#include "stream/tls.h"

#include "base/misuse.h"
#include "transport/handshake.h"

/** A task that waits until both sides have agreed. */
struct agreeing {
        struct handshake handshake;
        struct wait wait;
        struct stream_waiter waiter;
        struct loop_resource resource;
        bool is_over;
        int outcome;
};

static void agreed(struct handshake *handshake, int outcome)
{
        struct agreeing *agreeing = container_of(handshake, struct agreeing, handshake);

        agreeing->is_over = true;
        agreeing->outcome = outcome;
        task_wake(agreeing->waiter.task);
}

static bool interrupt(struct wait *wait, struct task *task)
{
        (void)task;
        return handshake_abort(&container_of(wait, struct agreeing, wait)->handshake);
}

/** The loop is closed: the task never runs again. */
static void forget(struct loop_resource *resource)
{
        handshake_finish(&container_of(resource, struct agreeing, resource)->handshake);
}

/** Wait for the other side: 0 or the error. The stream may be gone when this returns one. */
static int agree(struct task *self, eddy_stream *stream, struct agreeing *agreeing)
{
        list_append(&stream->waiters, &agreeing->waiter.link);
        loop_add_first_resource(stream->flow.loop, &agreeing->resource);
        while (!agreeing->is_over)
                task_wait(self, &agreeing->wait);
        list_remove(&agreeing->resource.link);
        list_remove(&agreeing->waiter.link);
        if (agreeing->outcome == EDDY_CANCELLED)
                agreeing->outcome = self->interruption ? self->interruption : -EBADF;
        else if (agreeing->outcome < 0)
                error_detail_adopt(agreeing->handshake.greeting.detail);
        else if (stream->flow.is_orphan)
                agreeing->outcome = -EBADF;
        if (stream->flow.is_orphan)
                flow_settle(&stream->flow);
        return agreeing->outcome;
}

int stream_start_tls(struct task *self, eddy_stream *stream, eddy_tls *tls, const char *name)
{
        struct agreeing agreeing = {
            .handshake.done = agreed,
            .wait.interrupt = interrupt,
            .waiter.task = self,
            .resource.close = forget,
        };
        int rc = self->interruption ? self->interruption : stream_prepare_filter(stream);

        if (rc == 0)
                rc = handshake_begin(&agreeing.handshake, &stream->flow, tls, name, &stream->in);
        if (rc == 0)
                rc = agree(self, stream, &agreeing);
        handshake_finish(&agreeing.handshake);
        return rc;
}

int eddy_stream_start_tls(eddy_stream *stream, eddy_tls *tls, const char *name)
{
        struct task *self;
        int rc = task_enter(&self);

        return rc < 0 ? rc : stream_start_tls(self, stream, tls, name);
}

/** Wait for the other side's end: 0 or the error. */
static int await_end(struct task *self, eddy_stream *stream)
{
        char byte;
        ssize_t got = eddy_stream_read(stream, &byte, 1);

        if (got > 0)
                return eddy_fail(EDDY_EPROTOCOL, "the peer has sent bytes where TLS was to end");
        if (got == 0 && flow_unsent(&stream->flow) > 0)
                got = stream_wait(self, stream, 0, false);
        return (int)got;
}

int eddy_stream_end_tls(eddy_stream *stream)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc == 0 && !handshake_is_beneath(&stream->flow))
                rc = misuse(EDDY_EINVALIDSTATE);
        if (rc == 0)
                rc = stream_prepare_filter(stream);
        if (rc == 0 && buffer_size(&stream->in) > 0)
                rc = EDDY_EBUSY;
        if (rc < 0)
                return rc;
        rc = flow_write_eof(&stream->flow);
        if (rc == 0)
                rc = await_end(self, stream);
        if (rc == 0)
                rc = eddy_stream_remove_filter(stream);
        if (rc < 0 && rc != -EBADF) /* closed by another task, or destroyed and gone */
                eddy_stream_abort(stream);
        return rc;
}

int eddy_stream_tls_info(const eddy_stream *stream, eddy_tls_info *info)
{
        return handshake_tell(&stream->flow, info);
}
