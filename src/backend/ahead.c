/* Multishot receiving and accepting: the kernel is asked once, and brings whatever comes.
 *
 * Bytes come into buffers that all descriptors share, and are copied to whoever asks for them: for small messages
 * that is cheaper than to ask the kernel each time. Where a buffer comes full the next operations receive into
 * memory of their own, until one comes back with less than a buffer takes. */
#include "backend/uring.h"
#include "base/memory.h"
#include "base/sys_uring.h"
#include <string.h>

enum {
        FIRST_BUFFERS = 64,
        BUFFER_COUNT = 1024, /* a power of two */
        BUFFER_SIZE = 2048,
        BUFFER_GROUP = 0,
        MOST_BUFFERS_AHEAD = 8, /* of one descriptor that nobody reads */
        MOST_ACCEPTED_AHEAD = 64,
};

static const size_t ring_size = BUFFER_COUNT * sizeof(struct io_uring_buf);

/** Let the kernel have a buffer (again). */
static void give_buffer(struct receive_buffers *buffers, unsigned number)
{
        char *memory = buffers->memory + (size_t)number * BUFFER_SIZE;

        buffers->received[number].is_held = false;
        io_uring_buf_ring_add(buffers->ring, memory, BUFFER_SIZE, (unsigned short)number,
                              io_uring_buf_ring_mask(BUFFER_COUNT), 0);
        io_uring_buf_ring_advance(buffers->ring, 1);
}

/** Use more buffers than before: few are kept in the cache, and take little memory. False: these are all. */
static bool use_more(struct receive_buffers *buffers)
{
        unsigned before = buffers->in_use;

        if (before == BUFFER_COUNT)
                return false;
        buffers->in_use = before ? before * 2 : FIRST_BUFFERS;
        for (unsigned i = before; i < buffers->in_use; i++)
                give_buffer(buffers, i);
        return true;
}

static int allocate(struct receive_buffers *buffers)
{
        char *memory;

        buffers->received = memory_zalloc(BUFFER_COUNT * sizeof *buffers->received);
        if (!buffers->received)
                return -ENOMEM;
        memory = sys_map(ring_size + (size_t)BUFFER_COUNT * BUFFER_SIZE);
        if (!memory) {
                memory_free(buffers->received);
                buffers->received = NULL;
                return -ENOMEM;
        }
        buffers->ring = (struct io_uring_buf_ring *)(void *)memory;
        buffers->memory = memory + ring_size;
        return 0;
}

int buffers_register(struct uring *uring)
{
        struct receive_buffers *buffers = &uring->buffers;
        struct io_uring_buf_reg registration = {.ring_entries = BUFFER_COUNT, .bgid = BUFFER_GROUP};
        int rc = buffers->received ? 0 : allocate(buffers);

        if (rc < 0)
                return rc;
        registration.ring_addr = (uintptr_t)buffers->ring;
        io_uring_buf_ring_init(buffers->ring);
        rc = sys_uring_register_buffers(&uring->ring, &registration);
        if (rc < 0)
                return rc;
        for (unsigned i = 0; i < buffers->in_use; i++)
                if (!buffers->received[i].is_held)
                        give_buffer(buffers, i);
        if (!buffers->in_use)
                use_more(buffers);
        return 0;
}

void buffers_finish(struct receive_buffers *buffers)
{
        if (!buffers->received)
                return;
        munmap(buffers->ring, ring_size + (size_t)BUFFER_COUNT * BUFFER_SIZE);
        memory_free(buffers->received);
}

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

static void add_received(struct receive_buffers *buffers, struct ahead *ahead, unsigned number, unsigned size)
{
        buffers->received[number] = (struct received){.end = (uint16_t)size, .is_held = true};
        if (ahead->count++ == 0)
                ahead->first = (uint16_t)number;
        else
                buffers->received[ahead->last].next = (uint16_t)number;
        ahead->last = (uint16_t)number;
}

/** Copy what has been received to where it is asked for. */
static ssize_t take_received(struct receive_buffers *buffers, struct ahead *ahead, const eddy_op *op)
{
        size_t done = 0;

        while (done < op->size && ahead->count > 0) {
                unsigned number = ahead->first;
                struct received *received = &buffers->received[number];
                size_t n = (size_t)(received->end - received->start);

                if (n > op->size - done)
                        n = op->size - done;
                memcpy((char *)op->buffer + done,
                       buffers->memory + (size_t)number * BUFFER_SIZE + received->start, n);
                done += n;
                received->start = (uint16_t)(received->start + n);
                if (received->start < received->end)
                        break;
                ahead->first = received->next;
                ahead->count--;
                give_buffer(buffers, number);
        }
        return (ssize_t)done;
}

static int take_accepted(struct ahead *ahead)
{
        int fd = *(const int *)(void *)buffer_data(&ahead->accepted);

        buffer_consume(&ahead->accepted, sizeof fd);
        return fd;
}

/** Serve an operation from what is there; EDDY_PENDING: nothing is. */
static ssize_t take(struct uring *uring, struct ahead *ahead, const eddy_op *op)
{
        int end = ahead->end;

        if (ahead->count == 0 && buffer_size(&ahead->accepted) == 0 && end > 0)
                return EDDY_PENDING;
        if (op->kind == OP_READABLE)
                return 0;
        if (op->kind == OP_RECV && fault_fires("recv"))
                return -ECONNRESET;
        if (op->kind == OP_ACCEPT && fault_fires("accept4"))
                return -EMFILE;
        if (ahead->count > 0)
                return take_received(&uring->buffers, ahead, op);
        if (buffer_size(&ahead->accepted) > 0)
                return take_accepted(ahead);
        /* A listening socket can be asked again when it has failed; a stream has ended for good, unless it was only
         * memory that it failed for. */
        if (op->kind == OP_ACCEPT || end == -ENOMEM)
                ahead->end = 1;
        return end;
}

static void serve(struct uring *uring, struct ahead *ahead)
{
        while (!list_is_empty(&ahead->askers)) {
                eddy_op *op = container_of(ahead->askers.next, eddy_op, link);
                ssize_t result = take(uring, ahead, op);

                if (result == EDDY_PENDING)
                        return;
                complete(&uring->readiness.base, op, result);
        }
}

static void stop(struct uring *uring, struct uring_descriptor *descriptor)
{
        struct ahead *ahead = &descriptor->ahead;

        if (ahead->armed && !ahead->is_leaving)
                uring_cancel_key(uring, uring_key(&descriptor->base, ahead->armed));
        ahead->is_leaving = ahead->armed;
}

static void arm(struct uring *uring, struct uring_descriptor *descriptor, enum tag tag)
{
        struct io_uring_sqe *sqe = uring_submission(uring, uring_key(&descriptor->base, tag));
        int fd = descriptor->base.fd;

        if (!sqe)
                return;
        descriptor->ahead.armed = tag;
        if (tag == TAG_ACCEPTED) {
                io_uring_prep_multishot_accept(sqe, fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                return;
        }
        io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
        sqe->flags |= IOSQE_BUFFER_SELECT;
        sqe->buf_group = BUFFER_GROUP;
}

/** Have the first asker receive into its own memory, or be told when it can. */
static void receive_directly(struct uring *uring, struct uring_descriptor *descriptor)
{
        eddy_op *op = container_of(list_pop(&descriptor->ahead.askers), eddy_op, link);

        descriptor->ahead.direct = op;
        descriptor->ahead.wants_direct = false;
        list_append(&descriptor->operations, &op->link);
        uring_submit(uring, op);
}

void ahead_arm(struct uring *uring, struct uring_descriptor *descriptor)
{
        struct ahead *ahead = &descriptor->ahead;
        const eddy_op *op = container_of(ahead->askers.next, eddy_op, link);
        bool is_direct;

        if (list_is_empty(&ahead->askers) || ahead->direct)
                return;
        is_direct = ahead->wants_direct || (ahead->is_bulk && op->size > BUFFER_SIZE);
        if (!ahead->armed && is_direct)
                receive_directly(uring, descriptor);
        else if (!ahead->armed)
                arm(uring, descriptor, op->kind == OP_ACCEPT ? TAG_ACCEPTED : TAG_RECEIVED);
        else if (is_direct)
                stop(uring, descriptor);
}

/** Receive by a system call what may be there, where the kernel has not been asked to bring it. */
static ssize_t receive_now(struct ahead *ahead, const eddy_op *op)
{
        ssize_t rc;

        if (ahead->armed || ahead->direct)
                return -EAGAIN;
        do
                rc = sys_recv(op->fd, op->buffer, op->size, MSG_DONTWAIT);
        while (rc == -EINTR);
        if (rc > 0)
                ahead->is_bulk = rc >= BUFFER_SIZE;
        return rc;
}

ssize_t ahead_begin(struct uring *uring, struct uring_descriptor *descriptor, eddy_op *op)
{
        struct ahead *ahead = &descriptor->ahead;

        if (list_is_empty(&ahead->askers) && !ahead->direct) {
                ssize_t result = take(uring, ahead, op);

                if (result != EDDY_PENDING)
                        return result;
        }
        if (op->traits & OP_DONT_WAIT)
                return receive_now(ahead, op);
        op->pending = true;
        list_append(&ahead->askers, &op->link);
        ahead_arm(uring, descriptor);
        return EDDY_PENDING;
}

/** Whether the kernel brings more is told with each completion. */
static void note_last(struct ahead *ahead, const struct io_uring_cqe *cqe)
{
        if (cqe->flags & IORING_CQE_F_MORE)
                return;
        ahead->armed = TAG_OPERATION;
        ahead->is_leaving = false;
}

void ahead_received(struct uring *uring, struct uring_descriptor *descriptor, const struct io_uring_cqe *cqe)
{
        struct ahead *ahead = &descriptor->ahead;
        unsigned number = cqe->flags >> IORING_CQE_BUFFER_SHIFT;

        if (cqe->flags & IORING_CQE_F_BUFFER && cqe->res <= 0)
                give_buffer(&uring->buffers, number);
        note_last(ahead, cqe);
        if (cqe->res > 0) {
                add_received(&uring->buffers, ahead, number, (unsigned)cqe->res);
                ahead->is_bulk = cqe->res == BUFFER_SIZE;
        } else if (cqe->res == -ENOBUFS) {
                ahead->wants_direct = !use_more(&uring->buffers);
        } else if (cqe->res != -ECANCELED) {
                ahead->end = cqe->res;
        }
        serve(uring, ahead);
        if (ahead->count >= MOST_BUFFERS_AHEAD)
                stop(uring, descriptor);
        ahead_arm(uring, descriptor);
}

void ahead_received_directly(struct uring *uring, struct uring_descriptor *descriptor, const eddy_op *op)
{
        struct ahead *ahead = &descriptor->ahead;

        ahead->direct = NULL;
        if (op->kind == OP_RECV)
                ahead->is_bulk = op->result >= BUFFER_SIZE;
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
        serve(uring, ahead);
        if (buffer_size(&ahead->accepted) >= MOST_ACCEPTED_AHEAD * sizeof fd)
                stop(uring, descriptor);
        ahead_arm(uring, descriptor);
}

void ahead_discard(struct uring *uring, enum tag tag, const struct io_uring_cqe *cqe)
{
        if (cqe->flags & IORING_CQE_F_BUFFER)
                give_buffer(&uring->buffers, cqe->flags >> IORING_CQE_BUFFER_SHIFT);
        if (tag == TAG_ACCEPTED && cqe->res >= 0)
                sys_close(cqe->res);
}

void ahead_abandon(struct uring *uring, struct uring_descriptor *descriptor)
{
        struct ahead *ahead = &descriptor->ahead;

        while (!list_is_empty(&ahead->askers))
                complete(&uring->readiness.base, container_of(ahead->askers.next, eddy_op, link),
                         EDDY_CANCELLED);
        stop(uring, descriptor);
        for (; ahead->count > 0; ahead->count--) {
                unsigned number = ahead->first;

                ahead->first = uring->buffers.received[number].next;
                give_buffer(&uring->buffers, number);
        }
        ahead_finish(ahead);
        *ahead = (struct ahead){.end = 1};
        list_init(&ahead->askers);
}
