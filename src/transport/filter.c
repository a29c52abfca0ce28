/* Filters. What is written to the flow above is encoded into the queue of one below, which has the descriptor from then on;
 * what comes there is decoded when it is asked for above. */
#include "transport/filter.h"

#include "base/memory.h"
#include "base/misuse.h"
#include <string.h>

/** What encode() may add to some bytes. */
enum { MOST_ADDED = 1024 };

struct filter {
        struct flow_impl impl; /* of `upper` */
        struct op_host host;   /* of its operations */
        struct flow *upper;    /* NULL: taken out, and the kernel has not let go yet */
        struct flow lower;
        struct flow_input input; /* of `lower` */
        const eddy_filter *codec;
        void *self;
        struct buffer in;             /* came, and is not decoded */
        bool needs_more;              /* decode() has nothing before more comes */
        bool has_ended;               /* it has seen the end */
        int failure;                  /* it has failed */
        bool is_aborted;              /* nothing more is to leave */
        bool is_in_call;              /* on `lower`, of whose outcome its caller sees by himself */
        eddy_op *receiving, *sending; /* the upper flow's; NULL: none is pending */
};

static struct filter *filter_beneath(const struct flow *flow)
{
        return container_of(flow->impl, struct filter, impl);
}

static struct filter *filter_above(struct flow *lower)
{
        return container_of(lower, struct filter, lower);
}

static void destroy(struct filter *filter)
{
        if (filter->codec->free)
                filter->codec->free(filter->self);
        flow_finish_input(&filter->lower, &filter->input);
        flow_give_back(&filter->lower, &filter->in);
        flow_finish(&filter->lower);
        memory_free(filter);
}

static void complete(eddy_op *op, ssize_t result)
{
        op->pending = false;
        op->traits &= (unsigned char)~OP_HOSTED;
        op->result = result;
        loop_schedule(op->loop, &op->handle);
}

/* What comes. */

/** Keep bytes until they are decoded: 0 or -ENOMEM. */
static int keep(const struct flow *lower, struct buffer *in, const void *data, size_t n)
{
        int rc = flow_reserve(lower, in, n);

        if (rc < 0)
                return rc;
        memcpy(buffer_room(in), data, n);
        in->end += n;
        return 0;
}

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
        return got;
}

/** Nothing more comes: a count, EDDY_EFINISHED, or an error. */
static ssize_t decode_last(struct filter *filter, void *memory, size_t size)
{
        size_t used = 0;
        ssize_t got;

        if (filter->lower.read_error)
                return filter->lower.read_error;
        got = filter->codec->decode(filter->self, NULL, &used, memory, size);
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
        if (got == 0 && !filter->lower.has_ended)
                return -EAGAIN;
        if (got == 0)
                got = decode_last(filter, memory, size);
        if (got == EDDY_EFINISHED) {
                filter->has_ended = true;
                return 0;
        }
        fail(filter, got);
        return got;
}

static ssize_t receive(struct filter *filter, eddy_op *op)
{
        if (op->kind != OP_READABLE)
                return decode(filter, op->buffer, op->size);
        return filter->needs_more && !filter->lower.has_ended && !filter->failure ? -EAGAIN : 0;
}

/** See whether the operation that waits for something has it now. */
static void serve_receiver(struct filter *filter)
{
        eddy_op *op = filter->receiving;
        ssize_t got = op ? receive(filter, op) : -EAGAIN;

        if (got == -EAGAIN)
                return;
        filter->receiving = NULL;
        complete(op, got);
}

/** Something came, which is decoded where it lies as far as somebody waits for it. */
static void show(struct filter *filter, void *data, size_t n)
{
        struct buffer rest;

        filter->needs_more = false;
        if (buffer_size(&filter->in) > 0) {
                fail(filter, keep(&filter->lower, &filter->in, data, n));
                serve_receiver(filter);
                return;
        }
        flow_give_back(&filter->lower, &filter->in);
        filter->in = (struct buffer){.memory = data, .end = n, .capacity = n};
        serve_receiver(filter);
        rest = filter->in;
        filter->in = (struct buffer){.memory = NULL};
        if (buffer_size(&rest) > 0)
                fail(filter, keep(&filter->lower, &filter->in, buffer_data(&rest), buffer_size(&rest)));
}

static void came(struct flow *lower, void *data, ssize_t n)
{
        struct filter *filter = filter_above(lower);

        if (n > 0)
                show(filter, data, (size_t)n);
        else
                serve_receiver(filter);
        if (!filter->receiving)
                flow_pause_input(&filter->input);
}

/** As much at a time as is wanted, or a chunk: what is not decoded at once is to be kept. */
static void *lend(struct flow *lower, size_t *size)
{
        const eddy_op *op = filter_above(lower)->receiving;
        size_t wanted = op && op->kind != OP_READABLE ? op->size : 0;

        *size = wanted < CHUNK_SIZE ? CHUNK_SIZE : wanted < *size ? wanted : *size;
        return NULL;
}

/* What leaves. */

/** Encode some bytes into the queue below: how many came of them, or an error.
 *
 * @param n  in: how many there are; out: how many were used
 */
static ssize_t encode_some(struct filter *filter, const char *data, size_t *n)
{
        struct flow *lower = &filter->lower;
        size_t room = *n + MOST_ADDED < CHUNK_SIZE ? *n + MOST_ADDED : (size_t)CHUNK_SIZE;
        struct buffer *queued;
        ssize_t got = flow_make_room(lower, room);

        if (got < 0)
                return got;
        queued = &lower->output->queued;
        got = filter->codec->encode(filter->self, data, n, buffer_room(queued), buffer_room_size(queued));
        if (got > 0)
                queued->end += (size_t)got;
        return got == 0 && *n == 0 ? -EIO : got;
}

/** Encode bytes: how many, or an error. */
static ssize_t encode(struct filter *filter, const char *data, size_t n)
{
        size_t done = 0;

        while (done < n) {
                size_t used = n - done;
                ssize_t got = encode_some(filter, data + done, &used);

                if (got < 0)
                        return done ? (ssize_t)done : got;
                done += used;
        }
        return (ssize_t)n;
}

static ssize_t encode_parts(struct filter *filter, const struct iovec *parts, size_t count)
{
        size_t done = 0;

        for (size_t i = 0; i < count && done < filter->lower.high_water; i++) {
                size_t most = filter->lower.high_water - done,
                       n = parts[i].iov_len < most ? parts[i].iov_len : most;
                ssize_t got = encode(filter, parts[i].iov_base, n);

                if (got < 0)
                        return done ? (ssize_t)done : got;
                done += (size_t)got;
        }
        return (ssize_t)done;
}

/** Take what is to be sent, and have it leave: how much; -EAGAIN where too much is on its way; or an error. */
static ssize_t send_through(struct filter *filter, const eddy_op *op)
{
        const struct iovec whole = {.iov_base = op->buffer, .iov_len = op->size};
        const struct msghdr *message = op->buffer;
        struct flow *lower = &filter->lower;
        ssize_t taken;

        if (lower->write_error)
                return lower->write_error;
        if (flow_unsent(lower) > lower->high_water)
                return -EAGAIN;
        taken = op->kind == OP_SEND ? encode_parts(filter, &whole, 1)
                                    : encode_parts(filter, message->msg_iov, message->msg_iovlen);
        flow_flush(lower);
        return lower->write_error ? lower->write_error : taken;
}

static void serve_sender(struct filter *filter)
{
        eddy_op *op = filter->sending;
        ssize_t taken = op ? send_through(filter, op) : -EAGAIN;

        if (taken == -EAGAIN)
                return;
        filter->sending = NULL;
        complete(op, taken);
}

/** Mark the end: false where the filter has no mark. */
static bool mark_end(struct filter *filter)
{
        struct flow *lower = &filter->lower;
        ssize_t got;

        if (!filter->codec->finish)
                return false;
        do {
                got = flow_make_room(lower, MOST_ADDED);
                if (got == 0)
                        got = filter->codec->finish(filter->self, buffer_room(&lower->output->queued),
                                                    buffer_room_size(&lower->output->queued));
                if (got > 0)
                        lower->output->queued.end += (size_t)got;
        } while (got > 0);
        if (got < 0)
                flow_fail(filter->upper, (int)got);
        flow_flush(lower);
        return true;
}

/* The flow above. */

static ssize_t begin(struct flow *flow, eddy_op *op)
{
        struct filter *filter = filter_beneath(flow);
        bool receives = op->kind == OP_RECV || op->kind == OP_READABLE;
        ssize_t outcome = receives ? receive(filter, op) : send_through(filter, op);

        if (outcome != -EAGAIN || op->traits & OP_DONT_WAIT)
                return outcome;
        op->pending = true;
        op->traits |= OP_HOSTED;
        op->extra = &filter->host;
        if (!receives) {
                filter->sending = op;
                return EDDY_PENDING;
        }
        filter->receiving = op;
        flow_resume_input(&filter->input);
        return EDDY_PENDING;
}

static void cancel(struct op_host *host, eddy_op *op)
{
        struct filter *filter = container_of(host, struct filter, host);

        if (filter->receiving == op) {
                filter->receiving = NULL;
                flow_pause_input(&filter->input);
        } else {
                filter->sending = NULL;
        }
        complete(op, EDDY_CANCELLED);
}

static ssize_t begin_send_parts(struct flow *flow, eddy_op *op, const struct msghdr *message)
{
        op_describe(op, OP_SENDMSG, flow->fd, message, 0, 0);
        return begin(flow, op);
}

static void end_sending(struct flow *flow)
{
        struct filter *filter = filter_beneath(flow);

        if (mark_end(filter))
                return;
        filter->is_in_call = true;
        flow_write_eof(&filter->lower);
        filter->is_in_call = false;
}

static void set_reset(struct flow *flow)
{
        filter_beneath(flow)->is_aborted = true;
}

static ssize_t send_last(struct flow *flow, const void *data, size_t size)
{
        return encode(filter_beneath(flow), data, size);
}

/** Have the flow below closed: whether it is. */
static bool close_below(struct filter *filter, bool is_last)
{
        struct flow *upper = filter->upper, *lower = &filter->lower;

        if (!filter->is_aborted && upper->is_closing && !lower->is_closing && !upper->has_sent_eof &&
            !loop_is_inherited(upper->loop))
                mark_end(filter);
        filter->is_in_call = true;
        if (is_last) {
                lower->is_closing = upper->is_closing;
                flow_close_with_loop(lower);
        } else if (filter->is_aborted) {
                flow_abort(lower);
        } else {
                flow_close(lower);
        }
        filter->is_in_call = false;
        return lower->is_closed;
}

static bool close_flow(struct flow *flow, bool is_last)
{
        struct filter *filter = filter_beneath(flow);

        if (!close_below(filter, is_last))
                return false;
        if (!flow->write_error)
                flow->write_error = flow_closing_error(&filter->lower);
        flow->impl = filter->lower.impl;
        destroy(filter);
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
        serve_sender(filter);
        if (lower->write_error && !filter->upper->write_error)
                flow_fail(filter->upper, lower->write_error);
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
    .lend = lend,
    .came = came,
    .loop_closed = loop_closed,
};

int filter_add(struct flow *flow, const eddy_filter *codec, void *self, struct buffer *read)
{
        struct filter *filter;
        int rc = loop_check(flow->loop);

        if (rc == 0 && flow_file(flow) != &flow_socket)
                rc = EDDY_ENOTSUP;
        if (rc == 0)
                rc = flow->has_ended && !(read && buffer_size(read) > 0) ? -EPIPE : flow_check_writing(flow);
        if (rc < 0)
                return rc;
        filter = memory_zalloc(sizeof *filter);
        if (!filter)
                return -ENOMEM;
        rc = flow_init(&filter->lower, &lower_client, flow->loop, flow->fd, flow->family);
        if (rc < 0) {
                memory_free(filter);
                return rc;
        }
        list_remove(&filter->lower.resource.link); /* it is closed by who is above */
        filter->impl = filter_impl;
        filter->impl.below = &filter->lower;
        filter->host.cancel = cancel;
        filter->upper = flow;
        filter->codec = codec;
        filter->self = self;
        if (read) {
                filter->in = *read;
                *read = (struct buffer){.memory = NULL};
        }
        filter->needs_more = buffer_size(&filter->in) == 0;
        flow_move(&filter->lower, flow);
        flow->impl = &filter->impl;
        flow->has_ended = false;
        flow->read_error = 0;
        flow->receive_traits = flow->send_traits = 0;
        filter->input.is_paused = true;
        flow_start_input(&filter->lower, &filter->input);
        return 0;
}

int filter_remove(struct flow *flow, struct buffer *read)
{
        struct filter *filter;
        int rc = loop_check(flow->loop);

        if (rc < 0)
                return rc;
        if (flow->is_closing)
                return -EPIPE;
        if (!flow->impl->below)
                return misuse(EDDY_EINVALIDSTATE);
        filter = filter_beneath(flow);
        flow_flush(flow);
        if (flow->output)
                return EDDY_EBUSY;
        rc = buffer_size(&filter->in) > 0 ? keep(flow, read, buffer_data(&filter->in), buffer_size(&filter->in))
                                          : 0;
        if (rc < 0)
                return rc;
        if (filter->receiving)
                cancel(&filter->host, filter->receiving);
        flow_move(flow, &filter->lower);
        filter->upper = NULL;
        loop_add_resource(flow->loop, &filter->lower.resource);
        flow_leave(&filter->lower);
        return 0;
}
