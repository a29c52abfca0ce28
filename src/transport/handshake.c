#include "transport/handshake.h"

#include "base/memory.h"

static void agreed(void *arg)
{
        struct handshake *handshake = arg;

        eddy_timer_cancel(&handshake->timer);
        handshake->done(handshake, handshake->is_late ? -ETIMEDOUT : (int)handshake->greeting.op.result);
}

static void give_up(void *arg)
{
        struct handshake *handshake = arg;

        handshake->is_late = filter_give_up_greeting(&handshake->greeting, -ETIMEDOUT);
        if (handshake->is_late)
                error_detail_fail(&handshake->greeting.detail, -ETIMEDOUT,
                                  "the peer did not agree on TLS within %g s",
                                  eddy_to_seconds(handshake->longest));
}

int handshake_begin(struct handshake *handshake, struct flow *flow, eddy_tls *tls, const char *name,
                    struct buffer *read)
{
        void *self;
        int rc = tls->impl->open(tls, name, &self);

        if (rc < 0)
                return rc;
        rc = filter_add(flow, tls->impl->filter, self, read);
        if (rc < 0) {
                tls->impl->filter->free(self);
                return rc;
        }
        filter_beneath(flow)->tls = tls->impl;
        op_init(&handshake->greeting.op, flow->loop, agreed, handshake);
        filter_await_greeting(flow, &handshake->greeting);
        handshake->longest = tls->impl->handshake_timeout(tls);
        if (handshake->longest != EDDY_FOREVER)
                eddy_call_later(flow->loop, &handshake->timer, handshake->longest, give_up, handshake);
        return 0;
}

bool handshake_abort(struct handshake *handshake)
{
        return filter_give_up_greeting(&handshake->greeting, -ECONNABORTED);
}

void handshake_finish(struct handshake *handshake)
{
        eddy_timer_cancel(&handshake->timer);
        memory_free(handshake->greeting.detail);
}

bool handshake_is_beneath(const struct flow *flow)
{
        return flow->impl->below && filter_beneath(flow)->tls;
}

int handshake_tell(const struct flow *flow, eddy_tls_info *info)
{
        for (; flow->impl->below; flow = flow->impl->below) {
                const struct filter *filter = filter_beneath(flow);

                if (filter->tls && filter->tls->tell(filter->self, info))
                        return 0;
        }
        return EDDY_EINVALIDSTATE;
}
