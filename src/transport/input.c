/* What comes by a flow without being asked for. Memory is had only when there is something, so that who is silent pins none;
 * and once a readiness, so that others have their turn. */
#include "base/memory.h"
#include "transport/flow.h"
#include <poll.h>
#include <string.h>

static void look(void *arg);

static bool has_rest(const struct flow_input *input)
{
        return input->rest.memory;
}

/** Wait until something may have come: OP_READABLE, or OP_POLL with what is polled for. */
static void await_something(struct flow_input *input, enum op_kind kind, size_t size)
{
        struct flow *flow = input->flow;
        ssize_t begun;

        op_init(&input->op, flow->loop, look, input);
        op_describe(&input->op, kind, flow->fd, NULL, size, 0);
        input->op.traits = flow->receive_traits | (input->is_lent_to ? OP_SURELY : 0);
        begun = has_rest(input) ? 0 : flow_begin(flow, &input->op);
        if (begun != EDDY_PENDING)
                op_defer(&input->op, begun);
}

static ssize_t take_rest(struct flow_input *input, void *memory, size_t size)
{
        size_t left = buffer_size(&input->rest), n = left < size ? left : size;

        memcpy(memory, buffer_data(&input->rest), n);
        buffer_consume(&input->rest, n);
        if (n == left)
                flow_give_back(input->flow, &input->rest);
        return (ssize_t)n;
}

/** Receive what is there, and no more: a count, 0 at the end, -EAGAIN or an error. */
static ssize_t receive(struct flow_input *input, void *memory, size_t size)
{
        struct flow *flow = input->flow;

        if (__builtin_expect(has_rest(input), 0))
                return take_rest(input, memory, size);
        op_init(&input->op, flow->loop, look, input);
        op_describe(&input->op, flow->impl->receive, flow->fd, memory, size, 0);
        input->op.traits = flow->receive_traits | OP_DONT_WAIT;
        return flow_begin(flow, &input->op);
}

/** Where what has come is put; NULL without memory. */
static void *find_place(struct flow *flow, size_t *size)
{
        struct flow_memory *memory = flow_memory(flow->loop);
        void *place;

        *size = FLOW_RECEIVED_SIZE;
        place = flow->client->lend(flow, size);
        if (place || flow->is_closing)
                return place;
        if (!memory->received)
                memory->received = memory_alloc(FLOW_RECEIVED_SIZE);
        return memory->received;
}

/** The input is over: with the end, 0, or an error. */
static void end_input(struct flow *flow, ssize_t reason)
{
        flow->has_ended = true;
        if (!flow->read_error)
                flow->read_error = (int)reason;
        flow->reader = NULL;
        flow->client->came(flow, NULL, reason);
}

/** Take nothing, and wait until the peer has gone. */
static void await_gone(struct flow_input *input)
{
        struct flow *flow = input->flow;
        ssize_t begun;

        op_init(&input->op, flow->loop, look, input);
        op_describe(&input->op, OP_GONE, flow->fd, NULL, 0, 0);
        begun = op_begin(&input->op);
        if (begun != EDDY_PENDING)
                op_defer(&input->op, begun);
}

/** Wait for more, or that the peer goes, unless that is so already or nobody wants it. */
static void go_on(struct flow_input *input)
{
        const struct flow *flow = input->flow;

        if (input->is_showing || flow->has_ended || flow->is_closing || input->op.pending ||
            list_is_linked(&input->op.handle.link))
                return;
        if (!input->is_paused)
                await_something(input, OP_READABLE, CHUNK_SIZE);
        else if (input->notices_gone)
                await_gone(input);
}

/** Receive what is there into the client's memory or the loop's, and show it: as receive(). */
static ssize_t receive_and_show(struct flow_input *input)
{
        struct flow *flow = input->flow;
        size_t size;
        void *memory = find_place(flow, &size);
        ssize_t got;

        if (flow->is_closing || input->is_paused)
                return -EAGAIN;
        got = memory ? receive(input, memory, size) : -ENOMEM;
        if (got > 0)
                flow->client->came(flow, memory, got);
        return got;
}

/** Something may have come. */
static void take(struct flow_input *input)
{
        struct flow *flow = input->flow;
        ssize_t got;

        input->is_showing = true;
        got = receive_and_show(input);
        input->is_showing = false;
        if (got == 0 && flow->awaits_writer)
                await_something(input, OP_POLL, POLLIN);
        else if (got <= 0 && got != -EAGAIN)
                end_input(flow, got);
        else
                go_on(input);
}

/** The peer has gone; or an error says that nobody can wait for that. */
static void see_gone(struct flow_input *input, ssize_t events)
{
        struct flow *flow = input->flow;

        if (!input->is_paused)
                go_on(input);
        else if (events > 0)
                flow->client->gone(flow, (unsigned)events);
}

/** The operation is done. */
static void look(void *arg)
{
        struct flow_input *input = arg;
        struct flow *flow = input->flow;
        ssize_t outcome = input->op.result;

        if (flow->is_closing)
                flow_settle(flow);
        else if (outcome == EDDY_CANCELLED)
                go_on(input); /* elsewhere, or with something else */
        else if (input->op.kind == OP_GONE)
                see_gone(input, outcome);
        else if (outcome < 0)
                end_input(flow, outcome);
        else if (input->is_paused && flow_reads(flow))
                go_on(input); /* what it is will be seen again */
        else if (input->op.kind == OP_POLL && !(outcome & POLLIN))
                end_input(flow, 0);
        else
                take(input);
}

void flow_start_input(struct flow *flow, struct flow_input *input)
{
        bool is_written_to = flow->has_ended && flow->awaits_writer;

        input->flow = flow;
        if (flow->has_ended && !is_written_to && !has_rest(input))
                return;
        op_init(&input->op, flow->loop, look, input);
        flow->reader = &input->op;
        if (is_written_to)
                await_something(input, OP_POLL, POLLIN); /* which never comes, but an error does */
        else
                go_on(input);
}

void flow_pause_input(struct flow_input *input)
{
        input->is_paused = true;
}

void flow_resume_input(struct flow_input *input)
{
        input->is_paused = false;
        if (!input->flow)
                return;
        if (input->op.pending && input->op.kind == OP_GONE)
                eddy_op_cancel(&input->op);
        go_on(input);
}

void flow_return_input(struct flow *flow, struct flow_input *input)
{
        if (input->flow && !flow->reader)
                flow_start_input(flow, input);
}

void flow_finish_input(const struct flow *flow, struct flow_input *input)
{
        eddy_handle_cancel(&input->op.handle);
        flow_give_back(flow, &input->rest);
}
