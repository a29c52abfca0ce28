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

        if (part->op.loop->is_closing)
                tell(file);
        else
                loop_schedule(part->op.loop, &file->turn);
}

/** It closes before any flow, since a protocol hears of its files before it is lost. */
static void close_with_loop(struct loop_resource *resource)
{
        struct transport_file *file = container_of(resource, struct transport_file, resource);

        if (file->part.flow)
                flow_close_files(file->part.flow);
        else
                tell(file);
}

int eddy_transport_sendfile(eddy_transport *transport, int file, off_t offset, size_t n,
                            eddy_sendfile_done done, void *arg)
{
        struct flow *flow = &transport->flow;
        struct transport_file *sending = memory_zalloc(sizeof *sending);
        int rc;

        if (!sending)
                return -ENOMEM;
        sending->part.ended = ended;
        sending->turn.callback = take_turn;
        sending->turn.arg = sending;
        sending->resource.close = close_with_loop;
        sending->done = done;
        sending->arg = arg;
        rc = file_part_init(&sending->part, flow->loop, flow->fd, file, offset, n);
        if (rc == 0) {
                loop_add_first_resource(flow->loop, &sending->resource);
                rc = flow_add_file(flow, &sending->part);
                if (rc < 0)
                        list_remove(&sending->resource.link);
        }
        if (rc < 0)
                memory_free(sending);
        return rc;
}
