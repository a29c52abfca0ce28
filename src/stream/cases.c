/* Streams in a select: one that can be read, one whose peer has gone. One that is NULL never has anything to tell. */
#include "base/misuse.h"
#include "stream/stream.h"
#include "sync/select.h"
#include <poll.h>

/** Where such a case waits; lies in its reserved storage. */
struct place {
        eddy_op op;
        struct stream_waiter waiter; /* of one whose peer is to go */
        bool is_reader;              /* the operation is the stream's reader */
        int outcome;                 /* 0 or the error */
};

_Static_assert(sizeof(struct place) <= sizeof((eddy_case *)0)->reserved, "a case has room for its place");

static struct place *place_of(const eddy_case *one)
{
        return (struct place *)(uintptr_t)one->reserved;
}

static struct task *task_of_case(const eddy_case *one)
{
        return one->selection->task;
}

struct task *stream_selecting(const eddy_op *op)
{
        return task_of_case(op->handle.arg);
}

static bool is_of_loop(const struct task *self, const eddy_case *one)
{
        return self && self->future.loop == one->what.stream->flow.loop;
}

static int check_loop(struct task *self, const eddy_case *one)
{
        return !one->what.stream || is_of_loop(self, one) ? 0 : misuse(EDDY_EWRONGLOOP);
}

static int outcome_of(struct task *self, eddy_case *one)
{
        (void)self;
        return place_of(one)->outcome;
}

/** Likewise, and let others run now and then. */
static int outcome_in_turn(struct task *self, eddy_case *one)
{
        int outcome = place_of(one)->outcome;

        if (outcome == 0 && is_of_loop(self, one))
                return (int)stream_take_turn(self, one->what.stream, 0);
        if (self)
                task_take_turn(self);
        return outcome;
}

static enum select_readiness happens(eddy_case *one, int outcome)
{
        place_of(one)->outcome = outcome;
        return NOW;
}

/** Whatever an operation comes to is told by its callback. */
static void wait_for(eddy_op *op, ssize_t begun)
{
        if (begun != EDDY_PENDING)
                op_defer(op, begun);
}

/** See to it that an operation calls nobody any more. Suspends where the kernel has it in hand. */
static void end_operation(struct task *self, eddy_op *op)
{
        eddy_op_cancel(op);
        if (op->pending) {
                op->handle.callback = coro_resume;
                op->handle.arg = &self->coro;
                task_finish_op(self, op, EDDY_PENDING);
        }
        eddy_handle_cancel(&op->handle);
}

/* ------------------------------------------------------------------------------------------------
 * One that can be read: its buffer has something, for which what is there is received. */

/** Whether there is something to be read now, or nothing more to come: 1, 0 or an error; -EAGAIN: not yet. */
static ssize_t find_bytes(struct task *self, eddy_stream *stream)
{
        stream_drop_what_is_gone(stream);
        while (buffer_size(&stream->in) == 0) {
                ssize_t got;

                if (stream->flow.has_ended)
                        return stream->flow.read_error;
                got = stream_fill_at_once(self, stream);
                if (got <= 0)
                        return got == 0 && stream->flow.awaits_writer ? -EAGAIN : got;
                stream_drop_what_is_gone(stream);
        }
        return 1;
}

static enum select_readiness look_for_bytes(struct task *self, eddy_case *one)
{
        eddy_stream *stream = one->what.stream;
        ssize_t found;

        if (!stream)
                return NOT_NOW;
        if (stream->flow.is_closing)
                return happens(one, -EBADF);
        if (stream->flow.reader)
                return happens(one, EDDY_EBUSY);
        if (!is_of_loop(self, one))
                return buffer_size(&stream->in) > stream->handed_out ? happens(one, 0) : NOT_NOW;
        found = find_bytes(self, stream);
        if (found == -EAGAIN)
                return NOT_NOW;
        if (found <= 0)
                found = stream_end_receiving(self, stream, found);
        return happens(one, found < 0 ? (int)found : 0);
}

static void bytes_came(void *arg);

/** Wait for bytes: OP_READABLE, or OP_POLL for the first writer of a FIFO. */
static void await_bytes(eddy_case *one, enum op_kind kind, size_t size)
{
        struct flow *flow = &one->what.stream->flow;
        eddy_op *op = &place_of(one)->op;

        op_init(op, flow->loop, bytes_came, one);
        op_describe(op, kind, flow->fd, NULL, size, 0);
        op->traits = flow->receive_traits;
        wait_for(op, flow_begin(flow, op));
}

/** The operation is done. */
static void bytes_came(void *arg)
{
        eddy_case *one = arg;
        eddy_stream *stream = one->what.stream;
        struct place *place = place_of(one);
        ssize_t result = place->op.result;

        if (select_is_over(one))
                return;
        if (result >= 0 && !stream->flow.is_closing) {
                if (place->op.kind == OP_POLL && !(result & POLLIN))
                        result = 0;
                else if ((result = find_bytes(task_of_case(one), stream)) == -EAGAIN) {
                        bool is_fifo = stream->flow.awaits_writer;

                        await_bytes(one, is_fifo ? OP_POLL : OP_READABLE, is_fifo ? POLLIN : CHUNK_SIZE);
                        return;
                }
        }
        place->outcome = (int)result;
        select_choose(one);
}

static void join_readers(eddy_case *one)
{
        struct place *place = place_of(one);

        if (!one->what.stream)
                return;
        /* What it is told if another case is chosen. */
        place->outcome = EDDY_CANCELLED;
        place->is_reader = !one->what.stream->flow.reader;
        if (place->is_reader) {
                one->what.stream->flow.reader = &place->op;
                await_bytes(one, OP_READABLE, CHUNK_SIZE);
        } else {
                op_init(&place->op, one->what.stream->flow.loop, bytes_came, one);
                op_defer(&place->op, EDDY_EBUSY);
        }
}

static void part_from_readers(struct task *self, eddy_case *one)
{
        struct place *place = place_of(one);

        if (!one->what.stream)
                return;
        end_operation(self, &place->op);
        if (place->is_reader)
                place->outcome = (int)stream_end_receiving(self, one->what.stream, place->outcome);
        if (place->outcome > 0)
                place->outcome = 0;
}

static const struct eddy_case_source source_readable = {
    .asks_kernel = true,
    .look = look_for_bytes,
    .happen = outcome_in_turn,
    .check = check_loop,
    .join = join_readers,
    .part = part_from_readers,
    .collect = outcome_of,
};

eddy_case eddy_case_readable(eddy_stream *stream)
{
        eddy_case made;

        select_make(&made, &source_readable, NULL);
        made.what.stream = stream;
        return made;
}

/* ------------------------------------------------------------------------------------------------
 * One whose peer has gone. */

static void peer_has_gone(void *arg)
{
        eddy_case *one = arg;
        ssize_t events = place_of(one)->op.result;

        if (select_is_over(one))
                return;
        place_of(one)->outcome = events < 0 ? (int)events : 0;
        select_choose(one);
}

static void describe_gone(eddy_case *one, unsigned traits)
{
        const struct flow *flow = &one->what.stream->flow;
        eddy_op *op = &place_of(one)->op;

        op_init(op, flow->loop, peer_has_gone, one);
        op_describe(op, OP_GONE, flow->fd, NULL, 0, 0);
        op->traits = (unsigned char)traits;
}

static enum select_readiness look_for_peer(struct task *self, eddy_case *one)
{
        ssize_t events;

        if (!one->what.stream)
                return NOT_NOW;
        if (one->what.stream->flow.is_closing)
                return happens(one, -EBADF);
        if (!is_of_loop(self, one))
                return NOT_NOW;
        describe_gone(one, OP_DONT_WAIT);
        events = op_begin(&place_of(one)->op);
        return events == -EAGAIN ? NOT_NOW : happens(one, events < 0 ? (int)events : 0);
}

static void stream_closes(struct stream_waiter *waiter, const struct flow *flow)
{
        eddy_case *one = select_case_at(container_of(waiter, struct place, waiter));

        if (!flow->is_closing || select_is_over(one))
                return;
        place_of(one)->outcome = -EBADF;
        select_choose(one);
}

static void join_gone(eddy_case *one)
{
        struct place *place = place_of(one);

        if (!one->what.stream)
                return;
        place->outcome = 0;
        place->waiter.task = task_of_case(one);
        place->waiter.settled = stream_closes;
        list_append(&one->what.stream->waiters, &place->waiter.link);
        describe_gone(one, 0);
        wait_for(&place->op, op_begin(&place->op));
}

static void part_from_gone(struct task *self, eddy_case *one)
{
        struct place *place = place_of(one);
        eddy_stream *stream = one->what.stream;

        if (!stream)
                return;
        end_operation(self, &place->op);
        list_remove(&place->waiter.link);
        /* Who is told that the peer of a stream that was destroyed has gone would read from it. */
        if (place->outcome == EDDY_CANCELLED || (place->outcome == 0 && stream->flow.is_orphan))
                place->outcome = -EBADF;
        if (stream->flow.is_closing)
                flow_settle(&stream->flow);
}

static const struct eddy_case_source source_gone = {
    .asks_kernel = true,
    .look = look_for_peer,
    .happen = outcome_in_turn,
    .check = check_loop,
    .join = join_gone,
    .part = part_from_gone,
    .collect = outcome_of,
};

eddy_case eddy_case_gone(eddy_stream *stream)
{
        eddy_case made;

        select_make(&made, &source_gone, NULL);
        made.what.stream = stream;
        return made;
}

int eddy_stream_wait_gone(eddy_stream *stream)
{
        struct task *self;
        eddy_case gone = eddy_case_gone(stream);
        int rc = task_enter(&self);

        if (rc == 0)
                rc = eddy_select(&gone, 1);
        return rc < 0 ? rc : gone.rc;
}
