/* What comes through a filter: decoded where it lies as far as somebody waits for it, and else kept. */
#include "transport/filter.h"

static void fail(struct filter *filter, ssize_t error)
{
        if (error < 0 && !filter->failure)
                filter->failure = (int)error;
}

/** Decode what came: a count, 0 where more has to come, or an error. */
static ssize_t decode_some(struct filter *filter, void *memory, size_t size)
{
        size_t used = buffer_size(&filter->in);
        const char *in = used ? buffer_data(&filter->in) : "";
        ssize_t got = filter->codec->decode(filter->self, in, &used, memory, size);

        buffer_consume(&filter->in, used);
        filter->needs_more = got == 0;
        return filter_outcome(got);
}

/** Nothing more comes: a count, EDDY_EFINISHED, or an error. */
static ssize_t decode_last(struct filter *filter, void *memory, size_t size)
{
        size_t used = 0;
        ssize_t got;

        if (filter->lower.read_error)
                return filter->lower.read_error;
        got = filter_outcome(filter->codec->decode(filter->self, NULL, &used, memory, size));
        if (got == 0)
                got = buffer_size(&filter->in) > 0 ? EDDY_EINCOMPLETE : EDDY_EFINISHED;
        return got;
}

/** As flow_begin() of what receives; -EAGAIN where more has to come. */
static ssize_t decode(struct filter *filter, void *memory, size_t size)
{
        ssize_t got = 0;

        if (filter->has_ended || filter->failure)
                return filter->failure;
        if (!filter->needs_more)
                got = decode_some(filter, memory, size);
        if (got == 0 && filter->lower.has_ended)
                got = decode_last(filter, memory, size);
        filter_answer(filter);
        if (got == 0)
                return filter->failure ? filter->failure : -EAGAIN;
        if (got == EDDY_EFINISHED) {
                filter->has_ended = true;
                return 0;
        }
        fail(filter, got);
        return got;
}

/** Whether the other side asks more than it takes answers: it could have us keep any number of them. */
static bool owes_much(struct filter *filter)
{
        const struct flow *lower = &filter->lower;

        if (flow_unsent(lower) == 0)
                filter->answered = 0;
        return filter->answered > FILTER_MOST_ANSWERED && lower->write_error == 0;
}

ssize_t filter_receive(struct filter *filter, eddy_op *op)
{
        filter->is_held = owes_much(filter);
        if (filter->is_greeting || filter->is_held)
                return -EAGAIN;
        if (op->kind != OP_READABLE)
                return decode(filter, op->buffer, op->size);
        return filter->needs_more && !filter->lower.has_ended && !filter->failure ? -EAGAIN : 0;
}

/** See whether the operation that waits for something has it now. */
static void serve_receiver(struct filter *filter)
{
        eddy_op *op = filter->receiving;
        ssize_t got = op ? filter_receive(filter, op) : -EAGAIN;

        if (got == -EAGAIN)
                return;
        filter->receiving = NULL;
        filter_complete(op, got);
}

void filter_release(struct filter *filter)
{
        if (!filter->is_held || owes_much(filter))
                return;
        filter->is_held = false;
        if (!filter->receiving)
                return;
        flow_resume_input(&filter->input);
        serve_receiver(filter);
}

void filter_tell_greeter(struct filter *filter, int outcome)
{
        struct greeting *greeting = filter->greeting;
        const char *why = filter_explain(filter->upper, outcome);

        if (!greeting)
                return;
        if (why)
                error_detail_set(&greeting->detail, outcome, why);
        filter->greeting = NULL;
        filter_complete(&greeting->op, outcome);
}

void filter_end_greeting(struct filter *filter, ssize_t outcome)
{
        struct flow *upper = filter->upper;

        filter->is_greeting = false;
        filter->needs_more = false;
        fail(filter, outcome);
        if (outcome < 0)
                flow_fail(upper, (int)outcome);
        else if (filter->lower.write_error)
                flow_fail(upper, filter->lower.write_error);
        filter_tell_greeter(filter, (int)outcome);
        filter_serve_sender(filter);
        serve_receiver(filter);
        if (upper->has_sent_eof && !upper->write_error) /* which was to wait for this */
                filter_end_sending(filter);
}

void filter_greet(struct filter *filter)
{
        ssize_t got = filter->failure;
        char nothing;

        if (got == 0 && !filter->needs_more)
                got = decode_some(filter, &nothing, sizeof nothing);
        if (got == 0 && filter->lower.has_ended && filter_must_greet(filter))
                got = decode_last(filter, &nothing, sizeof nothing);
        filter_answer(filter);
        if (got == 0)
                got = filter->failure;
        if (got == 0 && !filter_must_greet(filter))
                filter_end_greeting(filter, 0);
        else if (got != 0)
                filter_end_greeting(filter, got < 0 && got != EDDY_EFINISHED ? got : -EPROTO);
}

static void take(struct filter *filter)
{
        if (filter->is_greeting)
                filter_greet(filter);
        serve_receiver(filter);
}

/** Something came, which is decoded where it lies as far as somebody waits for it. */
static void show(struct filter *filter, void *data, size_t n)
{
        struct buffer rest;

        filter->needs_more = false;
        if (buffer_size(&filter->in) > 0) {
                fail(filter, flow_keep(&filter->lower, &filter->in, data, n));
                take(filter);
                return;
        }
        flow_give_back(&filter->lower, &filter->in);
        filter->in = (struct buffer){.memory = data, .end = n, .capacity = n};
        take(filter);
        rest = filter->in;
        filter->in = (struct buffer){.memory = NULL};
        if (buffer_size(&rest) == 0)
                return;
        fail(filter, flow_keep(&filter->lower, &filter->in, buffer_data(&rest), buffer_size(&rest)));
        if (filter->failure)
                take(filter);
}

void filter_came(struct flow *lower, void *data, ssize_t n)
{
        struct filter *filter = filter_above(lower);

        if (n > 0)
                show(filter, data, (size_t)n);
        else
                take(filter);
        if ((!filter->receiving || filter->is_held) && !filter->is_greeting)
                flow_pause_input(&filter->input);
}

void *filter_lend(struct flow *lower, size_t *size)
{
        const eddy_op *op = filter_above(lower)->receiving;
        size_t wanted = op && op->kind != OP_READABLE ? op->size : 0;

        /* What is wanted, or what is decoded at once, as the other side has encoded it: what is not decoded at once is to be kept. */
        wanted = (wanted < FILTER_AT_ONCE ? (size_t)FILTER_AT_ONCE : wanted) + FILTER_ADDED;
        *size = wanted < *size ? wanted : *size;
        return NULL;
}
