#include "transport/linger.h"

#include "base/memory.h"

/** Who still sends so much is not about to end. */
enum { MOST_DROPPED = 64 * 1024 };

struct lingering {
        struct flow flow;
        struct flow_input input;
        eddy_timer timer;
        size_t dropped;
};

static struct lingering *lingering_of(struct flow *flow)
{
        return container_of(flow, struct lingering, flow);
}

static void finish(struct flow *flow)
{
        struct lingering *lingering = lingering_of(flow);

        eddy_timer_cancel(&lingering->timer);
        flow_finish_input(flow, &lingering->input);
        flow_finish(flow);
        memory_free(lingering);
}

static void settled(struct flow *flow)
{
        if (flow->is_closed)
                finish(flow);
}

static void *lend(struct flow *flow, size_t *size)
{
        (void)flow, (void)size;
        return NULL;
}

static void close_lingering(void *arg)
{
        struct lingering *lingering = arg;

        flow_close(&lingering->flow);
}

/** Have it closed later: maybe at once, but not within a call. */
static void close_later(struct lingering *lingering, eddy_duration delay)
{
        eddy_timer_cancel(&lingering->timer);
        eddy_call_later(lingering->flow.loop, &lingering->timer, delay, close_lingering, lingering);
}

static void came(struct flow *flow, void *data, ssize_t n)
{
        struct lingering *lingering = lingering_of(flow);

        (void)data;
        if (n > 0)
                lingering->dropped += (size_t)n;
        if (n > 0 && lingering->dropped <= MOST_DROPPED)
                return;
        flow_pause_input(&lingering->input); /* or what comes puts it off for ever */
        close_later(lingering, 0);
}

static const struct flow_client client = {
    .settled = settled,
    .lend = lend,
    .came = came,
    .loop_closed = finish,
};

int linger(struct flow *flow, eddy_duration longest)
{
        struct lingering *lingering = memory_zalloc(sizeof *lingering);

        if (!lingering)
                return -ENOMEM;
        if (flow_init(&lingering->flow, &client, flow->loop, flow->fd, flow->family) < 0) {
                memory_free(lingering);
                return -ENOMEM;
        }
        flow_turn_reader(flow);
        flow_move(&lingering->flow, flow);
        flow_start_input(&lingering->flow, &lingering->input);
        if (longest != EDDY_FOREVER)
                close_later(lingering, longest);
        return 0;
}
