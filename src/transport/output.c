/* What leaves by a flow: gathered in an iteration and sent at its end, or at once where it is much. */
#include "base/sys.h"
#include "transport/file_part.h"
#include "transport/flow.h"
#include <limits.h>
#include <string.h>

void flow_fail(struct flow *flow, int error)
{
        if (!flow->write_error)
                flow->write_error = error;
        if (!flow->output)
                return;
        flow_give_back(flow, &flow->output->queued);
        flow_drop_files(flow);
        /* What the kernel may still look at stays until it has let go, and whoever is to count it has. */
        if (!flow_holds_sending(flow))
                flow_give_back(flow, &flow->output->sending);
}

void flow_drop_output(struct flow *flow)
{
        struct flow_output *output = flow->output;

        if (!output)
                return;
        eddy_handle_cancel(&output->flush);
        flow_give_back(flow, &output->queued);
        flow_give_back(flow, &output->sending);
        pool_give(&flow_memory(flow->loop)->outputs, output);
        flow->output = NULL;
}

bool flow_turn_over(struct flow_output *output)
{
        struct buffer emptied = output->sending;

        if (buffer_size(&output->sending) > 0)
                return true;
        output->sending = output->queued;
        output->queued = emptied;
        return buffer_size(&output->sending) > 0;
}

/** Take note of how sending `sending` went. */
static void note_sent(struct flow *flow, ssize_t sent)
{
        if (sent < 0)
                flow_fail(flow, (int)sent);
        else
                buffer_consume(&flow->output->sending, (size_t)sent);
}

static void sent_some(void *arg)
{
        struct flow *flow = arg;

        if (flow->write_error)
                flow_fail(flow, flow->write_error);
        else
                note_sent(flow, flow->output->op.result);
        flow_flush(flow);
        flow_settle(flow);
}

/** Begin to send `sending`, for nobody who waits for it. */
static ssize_t begin_sending(struct flow *flow)
{
        struct flow_output *output = flow->output;
        size_t size = buffer_size(&output->sending);

        op_init(&output->op, flow->loop, sent_some, flow);
        op_describe(&output->op, flow->impl->send, flow->fd, buffer_data(&output->sending), size, 0);
        output->leaves_by_calls |= size >= OP_WORTH_A_CALL;
        output->op.traits = flow->send_traits | (output->leaves_by_calls ? OP_BY_CALL : 0);
        return flow_begin(flow, &output->op);
}

void flow_flush(struct flow *flow)
{
        if (!flow->output)
                return;
        eddy_handle_cancel(&flow->output->flush);
        while (!flow_holds_sending(flow)) {
                ssize_t sent;

                if (!flow_turn_over(flow->output)) {
                        if (flow->output->files)
                                flow_begin_file(flow->output);
                        else
                                flow_drop_output(flow);
                        return;
                }
                sent = begin_sending(flow);
                if (sent == EDDY_PENDING)
                        return;
                note_sent(flow, sent);
        }
}

void flow_send_last(struct flow *flow)
{
        struct flow_output *output = flow->output;
        bool was_pending = output->op.pending;
        ssize_t sent = 0;

        eddy_op_cancel(&output->op);
        if (eddy_handle_cancel(&output->op.handle) && !was_pending)
                note_sent(flow, output->op.result);
        while (flow->impl->send_last && sent >= 0 && !flow->write_error && flow_turn_over(output)) {
                const struct buffer *sending = &output->sending;

                sent = flow->impl->send_last(flow, buffer_data(sending), buffer_size(sending));
                if (sent > 0)
                        note_sent(flow, sent);
        }
}

static void flush_and_settle(void *arg)
{
        struct flow *flow = arg;

        flow_flush(flow);
        flow_settle(flow);
}

int flow_have_output(struct flow *flow)
{
        if (flow->output)
                return 0;
        flow->output = pool_take(&flow_memory(flow->loop)->outputs);
        if (!flow->output)
                return -ENOMEM;
        memset(flow->output, 0, sizeof *flow->output);
        return 0;
}

struct buffer *flow_make_room(struct flow *flow, size_t n)
{
        struct buffer *last;

        if (flow_have_output(flow) < 0)
                return NULL;
        last = flow->output->files ? &flow->output->last_file->after : &flow->output->queued;
        return flow_reserve(flow, last, n) < 0 ? NULL : last;
}

void flow_note_added(struct flow *flow, struct buffer *room, size_t n)
{
        room->end += n;
        if (room != &flow->output->queued)
                flow->output->after_files += n;
}

/** At the end of the iteration, send all that was written in it at once. */
static void schedule_flush(struct flow *flow)
{
        struct flow_output *output = flow->output;

        if (flow_is_sending(flow) || list_is_linked(&output->flush.link))
                return;
        output->flush.callback = flush_and_settle;
        output->flush.arg = flow;
        loop_schedule_last(flow->loop, &output->flush);
}

/** What sending at once came to: how much the kernel took, or the flow's failure. */
static ssize_t note_sent_at_once(struct flow *flow, ssize_t sent)
{
        if (sent == -EAGAIN)
                return 0;
        if (sent < 0)
                flow_fail(flow, (int)sent);
        return sent;
}

/** Send what the kernel takes at once, which so needs no copy: how much, or an error. It takes no more than so many parts. */
static ssize_t send_parts_at_once(struct flow *flow, const struct iovec *parts, int count)
{
        const struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
                                       .msg_iovlen = count < IOV_MAX ? (size_t)count : IOV_MAX};
        eddy_op op;

        eddy_op_init(&op, flow->loop, NULL, NULL);
        op.traits = flow->send_traits | OP_DONT_WAIT;
        return note_sent_at_once(flow, flow->impl->begin_send_parts(flow, &op, &message));
}

ssize_t flow_send_now(struct flow *flow, const struct iovec *parts, int count)
{
        int rc = flow_check_adding(flow);
        eddy_op op;

        if (rc < 0)
                return rc;
        if (count > 1)
                return send_parts_at_once(flow, parts, count);
        op_init(&op, flow->loop, NULL, NULL);
        op_describe(&op, flow->impl->send, flow->fd, parts->iov_base, parts->iov_len, 0);
        op.traits = flow->send_traits | OP_DONT_WAIT | OP_BY_CALL;
        return note_sent_at_once(flow, flow_begin(flow, &op));
}

/** Whether so many bytes are worth a call of their own, and nothing comes before them. */
static bool is_worth_a_call(const struct flow *flow, size_t total)
{
        return total >= OP_WORTH_A_CALL && flow_unsent(flow) == 0 && !flow_is_sending(flow);
}

/** Queue all but the first bytes. There is room. */
static void queue_rest(struct flow *flow, struct buffer *room, const struct iovec *parts, int count,
                       size_t sent)
{
        for (int i = 0; i < count; i++) {
                size_t skipped = sent < parts[i].iov_len ? sent : parts[i].iov_len;
                size_t rest = parts[i].iov_len - skipped;

                sent -= skipped;
                if (rest > 0)
                        memcpy(buffer_room(room), (const char *)parts[i].iov_base + skipped, rest);
                flow_note_added(flow, room, rest);
        }
}

int flow_writev(struct flow *flow, const struct iovec *parts, int count)
{
        size_t total = sys_parts_size(parts, count);
        struct buffer *room;
        ssize_t sent = 0;
        int rc = flow_check_adding(flow);

        if (rc < 0 || total == 0)
                return rc;
        room = flow_make_room(flow, total);
        if (!room)
                return -ENOMEM;
        if (is_worth_a_call(flow, total))
                sent = send_parts_at_once(flow, parts, count);
        if (sent >= 0)
                queue_rest(flow, room, parts, count, (size_t)sent);
        if (flow_unsent(flow) > 0)
                schedule_flush(flow);
        else
                flow_drop_output(flow);
        return sent < 0 ? (int)sent : 0;
}

int flow_write_eof(struct flow *flow)
{
        if (flow->write_error)
                return flow->write_error;
        if (flow->is_closing || loop_is_inherited(flow->loop))
                return -EPIPE;
        flow->wants_eof = true;
        flow_flush(flow);
        flow_settle(flow);
        return 0;
}
