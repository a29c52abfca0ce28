/* Filters from the inside: a flow over a flow. What is written to the one above is encoded into the queue of one below, which has the
 * descriptor from then on; what comes there is decoded when it is asked for above. A filter's life is in filter.c, what comes in
 * filter_input.c, what leaves in filter_output.c. */
#ifndef TRANSPORT_FILTER_H
#define TRANSPORT_FILTER_H

#include "base/error.h"
#include "loop/operation.h"
#include "transport/flow.h"
#include <eddy/filter.h>

/** What encoding adds to 16 KiB, at most; and how much of a filter's own answers may wait to leave before it is shown no more. */
enum { FILTER_ADDED = 1024, FILTER_AT_ONCE = 16 * 1024, FILTER_MOST_ANSWERED = 64 * 1024 };

/** Embedded by who waits until both sides of a filter have agreed. */
struct greeting {
        eddy_op op;                  /* whose callback tells, with 0, EDDY_CANCELLED, or why they have not */
        struct error_detail *detail; /* of that; who waits frees it */
};

struct filter {
        struct flow_impl impl; /* of `upper` */
        struct op_host host;   /* of its operations */
        struct flow *upper;    /* NULL: taken out, and the kernel has not let go yet */
        struct flow lower;
        struct flow_input input; /* of `lower` */
        const eddy_filter *codec;
        void *self;
        const struct tls_impl *tls;   /* what it is a connection of; NULL: it is no TLS */
        struct buffer in;             /* came, and is not decoded */
        size_t answered;              /* what it has said itself, since nothing waited to leave below */
        bool is_held;                 /* too much of that waits for more to be decoded or received */
        bool needs_more;              /* decode() has nothing before more comes */
        bool is_greeting;             /* both sides are still to agree, before anything is read or written */
        bool has_ended;               /* it has seen the other side's end */
        bool has_finished;            /* it has marked its own */
        int failure;                  /* it has failed */
        int sending_failure;          /* encode() or finish() has; what came may still be read */
        bool is_aborted;              /* nothing more is to leave */
        bool is_in_call;              /* on `lower`, of whose outcome its caller sees by himself */
        eddy_op *receiving, *sending; /* the upper flow's; NULL: none is pending */
        struct greeting *greeting;    /* of who waits until both sides have agreed; NULL: nobody does */
};

/** The filter of the flow above, which has one. */
static inline struct filter *filter_beneath(const struct flow *flow)
{
        return container_of(flow->impl, struct filter, impl);
}

/** The filter of the flow below. */
static inline struct filter *filter_above(struct flow *lower)
{
        return container_of(lower, struct filter, lower);
}

/** Whether both sides are still, or again, to agree, as the codec has it. */
static inline bool filter_must_greet(const struct filter *filter)
{
        return filter->codec->is_greeting && filter->codec->is_greeting(filter->self);
}

/** End an operation of the flow above. */
void filter_complete(eddy_op *op, ssize_t result);

/** Have what the filter itself has to say leave. */
void filter_answer(struct filter *filter);

/** Go on with what both sides are to agree on before anything is read and written: with what came, if anything. */
void filter_greet(struct filter *filter);

/** Both sides have agreed, or not, which is the outcome. */
void filter_end_greeting(struct filter *filter, ssize_t outcome);

/** Mark the end of what is written, or let the other side see that of the connection. */
void filter_end_sending(struct filter *filter);

/** Tell who waits for it what that came to. */
void filter_tell_greeter(struct filter *filter, int outcome);

/** Something has left below: receive again, if it was for that to leave that nothing was. */
void filter_release(struct filter *filter);

/** Receive for an operation of the flow above: its outcome, or -EAGAIN where more has to come. */
ssize_t filter_receive(struct filter *filter, eddy_op *op);

/** What a codec's function returned. It may not wait: what says so there is an error here. */
static inline ssize_t filter_outcome(ssize_t got)
{
        return got == -EAGAIN || got == EDDY_PENDING ? -EIO : got;
}

/** The client's part of what comes to the flow below. */
void *filter_lend(struct flow *lower, size_t *size);
void filter_came(struct flow *lower, void *data, ssize_t n);

/** Encode bytes into the queue below: how many, or an error. */
ssize_t filter_encode(struct filter *filter, const char *data, size_t n);

/** Take what an operation is to send, and have it leave: how much; -EAGAIN where too much is on its way; or an error. */
ssize_t filter_send(struct filter *filter, const eddy_op *op);

/** Something has left below: see whether the operation that waits for room has it now. */
void filter_serve_sender(struct filter *filter);

/** Mark the end: false where the filter has no mark. */
bool filter_mark_end(struct filter *filter);

/** Put a filter under a flow, of which nobody is in the middle of a write: 0 or an error. Who reads turns to it.
 *
 * @param read  what has come and was not read; it is the filter's where this succeeds. NULL: nothing
 */
int filter_add(struct flow *flow, const eddy_filter *codec, void *self, struct buffer *read);

/** Wait for the filter beneath a flow, which was put there just now: the greeting's operation, which is initialised, will end. */
void filter_await_greeting(struct flow *flow, struct greeting *greeting);

/** Stop waiting, and have the flow fail for a reason, unless both sides have agreed already: whether they have not. */
bool filter_give_up_greeting(struct greeting *greeting, int reason);

/** What a failure of a flow is, as a sentence of the filter's whose own it is; NULL: it is none's, or that knows no more than the
 * number. */
const char *filter_explain(const struct flow *flow, int failure);

/** Make that the detail of what the caller is told: the failure. */
int filter_tell_failure(const struct flow *flow, int failure);

/** What a call on a flow came to, with that detail where it has failed. */
static inline int filter_tell(const struct flow *flow, int rc)
{
        return __builtin_expect(rc < 0, 0) ? filter_tell_failure(flow, rc) : rc;
}

/** Take out the one that was put there last: 0 or an error.
 *
 * @param read  what came behind the filter's bytes is put behind those in there
 */
int filter_remove(struct flow *flow, struct buffer *read);

#endif
