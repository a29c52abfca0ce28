#include "transport/linger.h"

#include "base/memory.h"
#include "base/sys.h"

/** Who still sends so much is not about to end. */
enum { MOST_DROPPED = 64 * 1024 };

/** Of a loop's: a quarter of the descriptors that Linux lets a process have, unless it asks for more. */
enum { MOST_LINGERING = 256 };

struct lingering {
        struct flow flow;
        eddy_link link; /* in the loop's; those that are closed already are in none */
        struct flow_input input;
        eddy_timer timer;
        size_t dropped;
};

static struct lingering *lingering_of(struct flow *flow)
{
        return container_of(flow, struct lingering, flow);
}

/** It is to be closed, and no other has to go for it. */
static void leave(struct lingering *lingering)
{
        if (!list_is_linked(&lingering->link))
                return;
        list_remove(&lingering->link);
        flow_memory(lingering->flow.loop)->lingering_count--;
}

static void finish(struct flow *flow)
{
        struct lingering *lingering = lingering_of(flow);

        leave(lingering);
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

        leave(lingering);
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

/** What has come, and nobody has looked at, would have the kernel reset the connection. */
static void drop_what_came(struct lingering *lingering)
{
        char bytes[4096];
        ssize_t n;

        do {
                n = sys_recv(lingering->flow.fd, bytes, sizeof bytes, MSG_DONTWAIT);
                if (n > 0)
                        lingering->dropped += (size_t)n;
        } while (n > 0 && lingering->dropped <= MOST_DROPPED);
}

static void close_with_loop(struct loop_resource *resource)
{
        struct flow *flow = container_of(resource, struct flow, resource);

        if (!flow->is_closed && !loop_is_inherited(flow->loop))
                drop_what_came(lingering_of(flow));
        flow_close_with_loop(flow);
}

/** Keep one more, and the oldest no longer where there are too many: clients who never end shall not have all descriptors. */
static void enter(struct lingering *lingering)
{
        struct flow_memory *memory = flow_memory(lingering->flow.loop);

        list_append(&memory->lingering, &lingering->link);
        if (++memory->lingering_count > MOST_LINGERING)
                close_lingering(container_of(memory->lingering.next, struct lingering, link));
}

int linger(struct flow *flow, eddy_duration longest)
{
        struct lingering *lingering = memory_zalloc(sizeof *lingering);

        if (!lingering)
                return -ENOMEM;
        if (flow_init(&lingering->flow, &client, flow->loop, flow->fd, flow->family) < 0) {
                memory_free(lingering);
                return -ENOMEM;
        }
        lingering->flow.resource.close = close_with_loop;
        flow_turn_reader(flow);
        flow_move(&lingering->flow, flow);
        flow_start_input(&lingering->flow, &lingering->input);
        if (longest != EDDY_FOREVER)
                close_later(lingering, longest);
        enter(lingering);
        return 0;
}
