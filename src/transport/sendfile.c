/* Files that transports send. */
#include "base/memory.h"
#include "transport/file_part.h"
#include "transport/transport.h"

/** A part of a file that a transport was given. Once its outcome is known it may outlive the transport. */
struct transport_file {
        struct file_part part;
        eddy_handle turn;              /* what must not come within a call: that it is over */
        struct loop_resource resource; /* closed with its loop between the two */
        eddy_sendfile_done done;
        void *arg;
};

static void tell(struct transport_file *file)
{
        if (list_is_linked(&file->resource.link))
                list_remove(&file->resource.link);
        eddy_handle_cancel(&file->turn);
        file->done(file->arg, file->part.outcome);
        flow_finish_file(&file->part);
        memory_free(file);
}

static void take_turn(void *arg)
{
        tell(arg);
}

static void ended(struct file_part *part)
{
        struct transport_file *file = container_of(part, struct transport_file, part);

        if (part->outcome == EDDY_ELOOPCLOSED)
                tell(file);
        else
                loop_schedule(part->op.loop, &file->turn);
}

/** What has not ended hears of it by its flow, or its errand. */
static void close_with_loop(struct loop_resource *resource)
{
        struct transport_file *file = container_of(resource, struct transport_file, resource);

        if (file->part.outcome != EDDY_PENDING)
                tell(file);
}

int eddy_transport_sendfile(eddy_transport *transport, int file, off_t offset, size_t n,
                            eddy_sendfile_done done, void *arg)
{
        struct flow *flow = &transport->flow;
        struct transport_file *made = memory_zalloc(sizeof *made);
        int rc;

        if (!made)
                return -ENOMEM;
        made->part.ended = ended;
        made->turn.callback = take_turn;
        made->turn.arg = made;
        made->resource.close = close_with_loop;
        made->done = done;
        made->arg = arg;
        rc = file_part_init(&made->part, flow->loop, flow->fd, file, offset, n);
        if (rc == 0)
                rc = flow_add_file(flow, &made->part);
        if (rc == 0)
                loop_add_resource(flow->loop, &made->resource);
        else
                memory_free(made);
        return rc;
}
