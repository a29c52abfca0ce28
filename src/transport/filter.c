/* The life of a filter: put under a flow, taken out, closed. */
#include "transport/filter.h"

#include "base/memory.h"
#include "base/misuse.h"
#include "base/sys_socket.h"
#include "transport/linger.h"

static void destroy(struct filter *filter)
{
        if (filter->codec->free)
                filter->codec->free(filter->self);
        flow_finish_input(&filter->lower, &filter->input);
        flow_give_back(&filter->lower, &filter->in);
        flow_finish(&filter->lower);
        memory_free(filter);
}

void filter_complete(eddy_op *op, ssize_t result)
{
        op->pending = false;
        op_defer(op, result);
}

/* The flow above. */

/** Whoever asks next finds it, where this one does not wait. An idle connection keeps no memory for what came before. */
static void await_more(struct filter *filter)
{
        if (filter->in.memory && buffer_size(&filter->in) == 0)
                flow_give_back(&filter->lower, &filter->in);
        flow_resume_input(&filter->input);
}

static ssize_t begin(struct flow *flow, eddy_op *op)
{
        struct filter *filter = filter_beneath(flow);
        bool receives = op->kind == OP_RECV || op->kind == OP_READABLE;
        ssize_t outcome = receives ? filter_receive(filter, op) : filter_send(filter, op);

        if (outcome != -EAGAIN)
                return outcome;
        if (receives && !filter->is_held)
                await_more(filter);
        if (op->traits & OP_DONT_WAIT)
                return outcome;
        op->pending = true;
        op->extra = &filter->host;
        *(receives ? &filter->receiving : &filter->sending) = op;
        return EDDY_PENDING;
}

static void cancel(struct op_host *host, eddy_op *op)
{
        struct filter *filter = container_of(host, struct filter, host);

        if (filter->receiving == op) {
                filter->receiving = NULL;
                if (!filter->is_greeting)
                        flow_pause_input(&filter->input);
        } else if (filter->sending == op) {
                filter->sending = NULL;
        } else if (filter->greeting && op == &filter->greeting->op) {
                filter->greeting = NULL;
        }
        filter_complete(op, EDDY_CANCELLED);
}

static ssize_t begin_send_parts(struct flow *flow, eddy_op *op, const struct msghdr *message)
{
        op_describe(op, OP_SENDMSG, flow->fd, message, 0, 0);
        return begin(flow, op);
}

void filter_end_sending(struct filter *filter)
{
        if (!filter_mark_end(filter)) {
                filter->is_in_call = true;
                flow_write_eof(&filter->lower);
                filter->is_in_call = false;
        }
        if (filter->lower.write_error)
                flow_fail(filter->upper, filter->lower.write_error);
}

static void end_sending(struct flow *flow)
{
        struct filter *filter = filter_beneath(flow);

        if (!flow->write_error && !filter->is_greeting) /* what it marked would not be whole */
                filter_end_sending(filter);
}

static void set_reset(struct flow *flow)
{
        filter_beneath(flow)->is_aborted = true;
}

static ssize_t send_last(struct flow *flow, const void *data, size_t size)
{
        return filter_encode(filter_beneath(flow), data, size);
}

/** Mark the end of what was written, unless it is not whole or was marked before. */
static void finish_sending(struct filter *filter)
{
        const struct flow *upper = filter->upper;

        if (!filter->is_aborted && !filter->is_greeting && !upper->write_error && upper->is_closing &&
            !filter->lower.is_closing && !upper->has_sent_eof && !filter->has_finished &&
            !loop_is_inherited(upper->loop))
                filter_mark_end(filter);
}

/** Whether the other side may still have something to say. */
static bool may_linger(const struct filter *filter)
{
        const struct flow *lower = &filter->lower;

        return filter->codec->linger && !filter->is_aborted && !filter->has_ended && !lower->has_ended &&
               !lower->is_closing && lower->write_error == 0;
}

/** Have the flow below closed, or what is beneath it linger: whether that is done. */
static bool close_below(struct filter *filter)
{
        struct flow *lower = &filter->lower;

        if (may_linger(filter) && flow_write_eof(lower) == 0) {
                if (!lower->has_sent_eof)
                        return false;
                if (linger(lower, filter->codec->linger(filter->self)) == 0)
                        return true;
        }
        if (filter->is_aborted)
                flow_abort(lower);
        else
                flow_close(lower);
        return lower->is_closed;
}

/** Be done with a filter, which the kernel may not be. */
static void leave(struct filter *filter)
{
        filter->upper = NULL;
        loop_add_resource(filter->lower.loop, &filter->lower.resource);
        flow_leave(&filter->lower);
}

static void close_with_loop(struct filter *filter)
{
        filter->lower.is_closing = filter->upper->is_closing;
        filter->is_in_call = true;
        flow_close_with_loop(&filter->lower);
        filter->is_in_call = false;
}

static bool close_flow(struct flow *flow, bool is_last)
{
        struct filter *filter = filter_beneath(flow);
        bool is_done = is_last;

        /* What left is not whole, and shall not look so; unless the other side knows of that. */
        if (flow->write_error && !filter->failure)
                filter->is_aborted = true;
        if (filter->greeting && !is_last)
                cancel(&filter->host, &filter->greeting->op);
        finish_sending(filter);
        if (is_last) {
                close_with_loop(filter);
        } else {
                filter->is_in_call = true;
                is_done = close_below(filter);
                filter->is_in_call = false;
        }
        if (!is_done)
                return false;
        if (!flow->write_error)
                flow->write_error = flow_closing_error(&filter->lower);
        flow->impl = filter->lower.impl;
        if (filter->lower.is_closed)
                destroy(filter);
        else
                leave(filter);
        return true;
}

static void moved(struct flow *to)
{
        filter_beneath(to)->upper = to;
}

static const struct flow_impl filter_impl = {
    .receive = OP_RECV,
    .send = OP_SEND,
    .begin = begin,
    .begin_send_parts = begin_send_parts,
    .end_sending = end_sending,
    .set_reset = set_reset,
    .send_last = send_last,
    .close = close_flow,
    .moved = moved,
};

/* The flow below. */

/** What is sent below goes nowhere any more, of which the writer may have heard nothing, nor the reader. The other side may have said why,
 * and then closed: that is read, and then the end. */
static void heed_failure(struct filter *filter)
{
        int error = filter->lower.write_error;

        if (!error || filter->upper->write_error)
                return;
        if (filter->is_greeting && error != -EPIPE && error != -ECONNRESET) {
                filter_end_greeting(filter, error);
                return;
        }
        if (!filter->is_greeting)
                flow_fail(filter->upper, error);
        sys_shutdown(filter->lower.fd, SHUT_RD);
}

static void settled(struct flow *lower)
{
        struct filter *filter = filter_above(lower);

        if (filter->is_in_call)
                return;
        if (!filter->upper) {
                if (lower->is_closed)
                        destroy(filter);
                return;
        }
        filter_serve_sender(filter);
        filter_release(filter);
        heed_failure(filter);
        flow_settle(filter->upper);
}

static void loop_closed(struct flow *lower)
{
        struct filter *filter = filter_above(lower);

        if (!filter->upper)
                destroy(filter);
}

static const struct flow_client lower_client = {
    .settled = settled,
    .lend = filter_lend,
    .came = filter_came,
    .loop_closed = loop_closed,
};

/** Whether a flow can have a filter from now on: 0 or why not. */
static int check_flow(const struct flow *flow, bool has_read_some)
{
        int rc = loop_is_inherited(flow->loop) ? -EBADF : loop_check(flow->loop);

        if (rc < 0)
                return rc;
        if (flow_file(flow) != &flow_socket)
                return EDDY_ENOTSUP;
        return flow->has_ended && !has_read_some ? -EPIPE : flow_check_writing(flow);
}

/** A filter that is beneath nothing yet; NULL without memory. */
static struct filter *make_filter(struct flow *upper, const eddy_filter *codec, void *self)
{
        struct filter *filter = memory_zalloc(sizeof *filter);

        if (!filter)
                return NULL;
        if (flow_init(&filter->lower, &lower_client, upper->loop, upper->fd, upper->family) < 0) {
                memory_free(filter);
                return NULL;
        }
        list_remove(&filter->lower.resource.link); /* it is closed by who is above */
        filter->impl = filter_impl;
        filter->impl.below = &filter->lower;
        filter->host.cancel = cancel;
        filter->upper = upper;
        filter->codec = codec;
        filter->self = self;
        filter->is_greeting = filter_must_greet(filter);
        filter->input.is_paused = !filter->is_greeting;
        return filter;
}

int filter_add(struct flow *flow, const eddy_filter *codec, void *self, struct buffer *read)
{
        struct filter *filter;
        int rc = check_flow(flow, read && buffer_size(read) > 0);

        if (rc < 0)
                return rc;
        filter = make_filter(flow, codec, self);
        if (!filter)
                return -ENOMEM;
        if (read) {
                filter->in = *read;
                *read = (struct buffer){.memory = NULL};
        }
        filter->needs_more = buffer_size(&filter->in) == 0;
        flow_turn_reader(flow);
        flow_move(&filter->lower, flow);
        flow_start_input(&filter->lower, &filter->input);
        flow->impl = &filter->impl;
        flow->has_ended = false;
        flow->read_error = 0;
        flow->receive_traits = flow->send_traits = OP_HOSTED;
        filter_answer(filter);
        if (filter->is_greeting)
                filter_greet(filter);
        return 0;
}

void filter_await_greeting(struct flow *flow, struct greeting *greeting)
{
        struct filter *filter = filter_beneath(flow);

        greeting->op.traits = OP_HOSTED;
        greeting->op.extra = &filter->host;
        filter->greeting = greeting;
        if (filter->is_greeting)
                greeting->op.pending = true;
        else
                filter_tell_greeter(filter, filter->failure);
}

bool filter_give_up_greeting(struct greeting *greeting, int reason)
{
        struct filter *filter = container_of((struct op_host *)greeting->op.extra, struct filter, host);

        if (!greeting->op.pending)
                return false;
        flow_fail(filter->upper, reason);
        flow_abort(filter->upper);
        return true;
}

const char *filter_explain(const struct flow *flow, int failure)
{
        const char *why = NULL;

        for (; failure < 0 && !why && flow->impl->below; flow = flow->impl->below) {
                const struct filter *filter = filter_beneath(flow);

                if (filter->codec->explain &&
                    (failure == filter->failure || failure == filter->sending_failure))
                        why = filter->codec->explain(filter->self);
        }
        return why;
}

int filter_tell_failure(const struct flow *flow, int failure)
{
        const char *why = filter_explain(flow, failure);

        return why ? eddy_fail(failure, "%s", why) : failure;
}

/** Have all that was written go through a filter that is to be taken out: 0, EDDY_EBUSY, or the flow's failure. */
static int empty(struct flow *flow)
{
        flow_flush(flow);
        if (flow->write_error)
                return flow->write_error;
        return flow->output ? EDDY_EBUSY : 0;
}

int filter_remove(struct flow *flow, struct buffer *read)
{
        struct filter *filter;
        int rc = loop_is_inherited(flow->loop) ? -EBADF : loop_check(flow->loop);

        if (rc < 0)
                return rc;
        if (flow->is_closing)
                return -EPIPE;
        if (!flow->impl->below)
                return misuse(EDDY_EINVALIDSTATE);
        filter = filter_beneath(flow);
        rc = filter->greeting ? EDDY_EBUSY : filter_tell(flow, empty(flow));
        if (rc == 0)
                rc = flow_keep(flow, read, buffer_data(&filter->in), buffer_size(&filter->in));
        if (rc == 0) {
                if (filter->receiving)
                        cancel(&filter->host, filter->receiving);
                flow_move(flow, &filter->lower);
                leave(filter);
        }
        flow_settle(flow);
        return rc;
}
