/* Multishot receiving and accepting: the kernel is asked once, and brings whatever comes.
 *
 * Bytes come into buffers that all descriptors share, and are copied to whoever asks for them: for small messages
 * that is cheaper than to ask the kernel each time. Where a buffer comes full the next operations receive into
 * memory of their own, until one of these comes back with less than a buffer takes. */
#include "backend/ahead.h"

#include "backend/carried.h"
#include "base/sys.h"

enum {
        MOST_BUFFERS_AHEAD = 8, /* of one descriptor that nobody reads */
        MOST_ACCEPTED_AHEAD = 64,
};

void ahead_init(struct ahead *ahead)
{
        list_init(&ahead->askers);
        ahead->end = 1;
}

void ahead_finish(struct ahead *ahead)
{
        for (; buffer_size(&ahead->accepted) > 0; buffer_consume(&ahead->accepted, sizeof(int)))
                sys_close(*(const int *)(void *)buffer_data(&ahead->accepted));
        buffer_finish(&ahead->accepted);
}

static int take_accepted(struct ahead *ahead)
{
        int fd = *(const int *)(void *)buffer_data(&ahead->accepted);

        buffer_consume(&ahead->accepted, sizeof fd);
        return fd;
}

/** Serve an operation from what is there; EDDY_PENDING: nothing is. */
static ssize_t take_ahead(struct uring *uring, struct ahead *ahead, const eddy_op *op)
{
        int end = ahead->end;

        if (ahead->received.count == 0 && buffer_size(&ahead->accepted) == 0 && end > 0)
                return EDDY_PENDING;
        if (op->kind == OP_READABLE)
                return 0;
        if (op->kind == OP_RECV && fault_fires("recv"))
                return -ECONNRESET;
        if (op->kind == OP_ACCEPT && fault_fires("accept4"))
                return -EMFILE;
        if (ahead->received.count > 0)
                return (ssize_t)received_take(&uring->buffers, &ahead->received, op->buffer, op->size);
        if (buffer_size(&ahead->accepted) > 0)
                return take_accepted(ahead);
        /* A listening socket can be asked again when it has failed; a stream has ended for good, unless it was only
         * memory that it failed for. */
        if (op->kind == OP_ACCEPT || end == -ENOMEM)
                ahead->end = 1;
        return end;
}

static void serve_askers(struct uring *uring, struct ahead *ahead)
{
        while (!list_is_empty(&ahead->askers)) {
                eddy_op *op = container_of(ahead->askers.next, eddy_op, link);
                ssize_t result = take_ahead(uring, ahead, op);

                if (result == EDDY_PENDING)
                        return;
                complete(&uring->readiness.base, op, result);
        }
}

static void stop_bringing(struct uring *uring, struct uring_descriptor *descriptor)
{
        standing_stop(&descriptor->ahead.standing, uring, descriptor);
}

static void begin_bringing(struct uring *uring, struct uring_descriptor *descriptor, enum tag tag)
{
        struct io_uring_sqe *sqe = standing_submit(&descriptor->ahead.standing, uring, descriptor, tag);
        int fd = descriptor->base.fd;

        if (!sqe)
                return;
        if (tag == TAG_ACCEPTED) {
                io_uring_prep_multishot_accept(sqe, fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                return;
        }
        io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
        sqe->flags |= IOSQE_BUFFER_SELECT;
        sqe->buf_group = RECEIVED_BUFFER_GROUP;
}

/** Have the first asker receive into its own memory, or be told when it can. */
static void receive_directly(struct uring *uring, struct uring_descriptor *descriptor)
{
        eddy_op *op = container_of(list_pop(&descriptor->ahead.askers), eddy_op, link);

        descriptor->ahead.direct = op;
        descriptor->ahead.wants_direct = false;
        carried_begin(uring, descriptor, op);
}

void ahead_arm(struct uring *uring, struct uring_descriptor *descriptor)
{
        struct ahead *ahead = &descriptor->ahead;
        const eddy_op *op = container_of(ahead->askers.next, eddy_op, link);
        bool is_direct;

        if (list_is_empty(&ahead->askers) || ahead->direct)
                return;
        is_direct = ahead->wants_direct || (ahead->is_bulk && op->size > RECEIVED_BUFFER_SIZE);
        if (ahead->standing.tag) {
                if (is_direct)
                        stop_bringing(uring, descriptor);
        } else if (is_direct) {
                receive_directly(uring, descriptor);
        } else {
                begin_bringing(uring, descriptor, op->kind == OP_ACCEPT ? TAG_ACCEPTED : TAG_RECEIVED);
        }
}

static ssize_t attempt_now(const eddy_op *op)
{
        ssize_t rc;

        switch (op->kind) {
        case OP_ACCEPT:
                return sys_accept(op->fd, NULL, NULL);
        case OP_READABLE:
                rc = readiness_poll(op->fd, POLLIN);
                return rc > 0 ? 0 : rc;
        default:
                return sys_recv(op->fd, op->buffer, op->size, MSG_DONTWAIT);
        }
}

/** Take by a system call what may be there, where the kernel has not been asked to bring it. */
static ssize_t take_now(struct ahead *ahead, const eddy_op *op)
{
        ssize_t rc;

        if (ahead->standing.tag || ahead->direct)
                return -EAGAIN;
        do
                rc = attempt_now(op);
        while (rc == -EINTR);
        if (op->kind == OP_RECV && rc > 0)
                ahead->is_bulk = rc >= RECEIVED_BUFFER_SIZE;
        return rc;
}

ssize_t ahead_begin(struct uring *uring, struct uring_descriptor *descriptor, eddy_op *op)
{
        struct ahead *ahead = &descriptor->ahead;

        if (list_is_empty(&ahead->askers) && !ahead->direct) {
                ssize_t result = take_ahead(uring, ahead, op);

                if (result != EDDY_PENDING)
                        return result;
        }
        if (op->traits & OP_DONT_WAIT)
                return take_now(ahead, op);
        op->pending = true;
        list_append(&ahead->askers, &op->link);
        ahead_arm(uring, descriptor);
        return EDDY_PENDING;
}

/** Whether the kernel brings more is told with each completion. */
static void note_last(struct ahead *ahead, const struct io_uring_cqe *cqe)
{
        if (!(cqe->flags & IORING_CQE_F_MORE))
                ahead->standing = (struct standing){.tag = 0};
}

void ahead_received(struct uring *uring, struct uring_descriptor *descriptor, const struct io_uring_cqe *cqe)
{
        struct ahead *ahead = &descriptor->ahead;
        unsigned number = cqe->flags >> IORING_CQE_BUFFER_SHIFT;

        if (cqe->flags & IORING_CQE_F_BUFFER && cqe->res <= 0)
                received_give(&uring->buffers, number);
        note_last(ahead, cqe);
        if (cqe->res > 0) {
                received_add(&uring->buffers, &ahead->received, number, (unsigned)cqe->res);
                ahead->is_bulk |= cqe->res == RECEIVED_BUFFER_SIZE; /* one that is not full is the rest of it */
        } else if (cqe->res == -ENOBUFS) {
                ahead->wants_direct = !received_use_more(&uring->buffers);
        } else if (cqe->res != -ECANCELED) {
                ahead->end = cqe->res;
        }
        serve_askers(uring, ahead);
        if (ahead->received.count >= MOST_BUFFERS_AHEAD)
                stop_bringing(uring, descriptor);
        ahead_arm(uring, descriptor);
}

void ahead_received_directly(struct uring *uring, struct uring_descriptor *descriptor, const eddy_op *op)
{
        struct ahead *ahead = &descriptor->ahead;

        if (ahead->direct != op)
                return;
        ahead->direct = NULL;
        if (op->kind == OP_RECV)
                ahead->is_bulk = op->result >= RECEIVED_BUFFER_SIZE;
        ahead_arm(uring, descriptor);
}

void ahead_accepted(struct uring *uring, struct uring_descriptor *descriptor, const struct io_uring_cqe *cqe)
{
        struct ahead *ahead = &descriptor->ahead;
        const int fd = sys_leave_stdio_free(cqe->res);

        if (fd >= 0 && buffer_append(&ahead->accepted, &fd, sizeof fd) < 0)
                sys_close(fd);
        note_last(ahead, cqe);
        if (fd < 0 && fd != -ECANCELED)
                ahead->end = fd;
        serve_askers(uring, ahead);
        if (buffer_size(&ahead->accepted) >= MOST_ACCEPTED_AHEAD * sizeof fd)
                stop_bringing(uring, descriptor);
        ahead_arm(uring, descriptor);
}

void ahead_discard(struct uring *uring, const struct io_uring_cqe *cqe)
{
        enum tag tag = uring_tag(cqe->user_data);

        if (cqe->flags & IORING_CQE_F_BUFFER)
                received_give(&uring->buffers, cqe->flags >> IORING_CQE_BUFFER_SHIFT);
        if (tag == TAG_ACCEPTED && cqe->res >= 0)
                sys_close(cqe->res);
        if (cqe->flags & IORING_CQE_F_MORE)
                ring_cancel(&uring->ring, cqe->user_data); /* there was no memory to note that it is to end */
}

void ahead_abandon(struct uring *uring, struct uring_descriptor *descriptor)
{
        struct ahead *ahead = &descriptor->ahead;

        while (!list_is_empty(&ahead->askers))
                complete(&uring->readiness.base, container_of(ahead->askers.next, eddy_op, link),
                         EDDY_CANCELLED);
        stop_bringing(uring, descriptor);
        received_drop(&uring->buffers, &ahead->received);
        ahead_finish(ahead);
        *ahead = (struct ahead){.end = 1};
        list_init(&ahead->askers);
}
