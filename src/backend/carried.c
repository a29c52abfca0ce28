#include "backend/carried.h"

#include "base/sys.h"

static uint64_t key_of(const eddy_op *op)
{
        return (uintptr_t)op | TAG_OPERATION;
}

static void carried_submit(struct uring *uring, eddy_op *op)
{
        struct io_uring_sqe *sqe = ring_submission(&uring->ring, key_of(op));
        unsigned size = op->size < INT32_MAX ? (unsigned)op->size : INT32_MAX;

        if (!sqe)
                return;
        op->state = OP_SUBMITTED;
        switch (op->kind) {
        case OP_RECV:
                io_uring_prep_recv(sqe, op->fd, op->buffer, size, op->flags);
                break;
        case OP_READABLE:
                io_uring_prep_poll_add(sqe, op->fd, POLLIN | POLLRDHUP);
                break;
        case OP_SEND:
                io_uring_prep_send(sqe, op->fd, op->buffer, size, op->flags | MSG_NOSIGNAL);
                break;
        default:
                io_uring_prep_sendmsg(sqe, op->fd, op->buffer, (unsigned)op->flags | MSG_NOSIGNAL);
        }
}

void carried_begin(struct uring *uring, struct uring_descriptor *descriptor, eddy_op *op)
{
        op->state = 0;
        op->pending = true;
        list_append(&descriptor->operations, &op->link);
        carried_submit(uring, op);
}

void carried_catch_up(struct uring *uring, const struct uring_descriptor *descriptor)
{
        for (eddy_link *link = descriptor->operations.next; link != &descriptor->operations; link = link->next)
                if (!(container_of(link, eddy_op, link)->state & OP_SUBMITTED))
                        carried_submit(uring, container_of(link, eddy_op, link));
}

void carried_cancel(struct uring *uring, eddy_op *op)
{
        if (!(op->state & OP_CANCELLED))
                ring_cancel(&uring->ring, key_of(op));
        op->state |= OP_CANCELLED;
}

void carried_abandon(struct uring *uring, struct uring_descriptor *descriptor)
{
        eddy_link *link, *next;

        for (link = descriptor->operations.next; link != &descriptor->operations; link = next) {
                eddy_op *op = container_of(link, eddy_op, link);

                next = link->next;
                if (op->state & OP_SUBMITTED)
                        carried_cancel(uring, op);
                else
                        complete(&uring->readiness.base, op, EDDY_CANCELLED);
        }
}

bool carried_finish(struct uring *uring, eddy_op *op, ssize_t result)
{
        unsigned state = op->state;

        op->state = 0;
        /* Not at its owner's wish: the loop rests, or a signal came. */
        if (result == -EINTR)
                result = -ECANCELED;
        if (result == -ECANCELED && !(state & OP_CANCELLED)) {
                carried_submit(uring, op);
                return false;
        }
        complete(&uring->readiness.base, op, op->kind == OP_READABLE && result > 0 ? 0 : result);
        return true;
}
