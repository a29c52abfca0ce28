/* Files that are sent, for coroutines: src/transport sends them, and tasks wait. */
#include "base/misuse.h"
#include "stream/stream.h"
#include "transport/file_part.h"
#include "transport/filter.h"
#include <eddy/socket.h>

/** A task that waits until a part of a file has been sent. */
struct file_wait {
        struct wait wait;
        struct stream_waiter waiter; /* of who sends by a stream */
        struct task *task;
        struct file_part part;
};

static void wake(struct file_part *part)
{
        if (!part->op.loop->is_closing) /* else nothing runs any more */
                task_wake(container_of(part, struct file_wait, part)->task);
}

/** The kernel, or a thread, may be at it still: the task goes on when it has let go. */
static bool cancel(struct wait *wait, struct task *task)
{
        struct file_part *part = &container_of(wait, struct file_wait, wait)->part;
        bool was_pending = part->outcome == EDDY_PENDING;

        (void)task;
        flow_cancel_file(part);
        return was_pending;
}

/** Wait until a part that was begun has ended: its outcome. */
static ssize_t wait_for(struct task *self, struct file_wait *waiting)
{
        int interruption;

        if (waiting->part.outcome != EDDY_PENDING) {
                task_take_turn(self);
                return waiting->part.outcome;
        }
        waiting->part.ended = wake;
        interruption = task_wait_here(self, &waiting->wait);
        return waiting->part.outcome == EDDY_CANCELLED ? interruption : waiting->part.outcome;
}

static void init_wait(struct file_wait *waiting, struct task *self)
{
        *waiting = (struct file_wait){
            .wait.interrupt = cancel,
            .waiter = {.task = self},
            .task = self,
        };
}

ssize_t eddy_stream_sendfile(eddy_stream *stream, int file, off_t offset, size_t n)
{
        struct flow *flow = &stream->flow;
        struct task *self;
        struct file_wait waiting;
        ssize_t rc = task_enter(&self);

        if (rc < 0)
                return rc;
        init_wait(&waiting, self);
        rc = file_part_init(&waiting.part, flow->loop, flow->fd, file, offset, n);
        if (rc == 0 && flow->loop != self->future.loop)
                rc = misuse(EDDY_EWRONGLOOP);
        if (rc == 0)
                rc = filter_tell(flow, flow_add_file(flow, &waiting.part));
        if (rc < 0)
                return rc;
        list_append(&stream->waiters, &waiting.waiter.link);
        rc = wait_for(self, &waiting);
        if (rc < 0)
                filter_tell_failure(flow, (int)rc);
        list_remove(&waiting.waiter.link);
        if (rc >= 0 && flow->is_orphan)
                rc = -EBADF;
        if (waiting.part.flow)
                flow_finish_file(&waiting.part);
        else
                flow_settle(flow);
        return rc;
}

ssize_t eddy_sock_sendfile(int fd, int file, off_t offset, size_t n)
{
        struct task *self;
        struct file_wait waiting;
        ssize_t rc = task_enter(&self);

        if (rc < 0)
                return rc;
        init_wait(&waiting, self);
        rc = file_part_init(&waiting.part, self->future.loop, fd, file, offset, n);
        if (rc < 0)
                return rc;
        file_part_begin(&waiting.part);
        return wait_for(self, &waiting);
}
