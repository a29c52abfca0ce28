/* Completions on io_uring: what is begun in an iteration of the loop is submitted with the one call that waits.
 *
 * Sending and receiving are the kernel's. A stream's bytes and a server's connections come by themselves once they
 * were asked for (ahead.c). All else is tried by its system call, as on epoll, and a poll request tells when to try
 * again. The ring itself is ring.c's. */
#include "backend/uring.h"

#include "base/memory.h"
#include "base/sys_file.h"
#include "base/sys_uring.h"

/** The bits of descriptor->armed: a poll request is in the kernel, or is to end. */
static uint32_t armed_bit(enum watch_direction direction)
{
        return 1u << direction;
}

static uint32_t leaving_bit(enum watch_direction direction)
{
        return 4u << direction;
}

void uring_submit(struct uring *uring, eddy_op *op)
{
        struct io_uring_sqe *sqe = uring_submission(uring, (uintptr_t)op | TAG_OPERATION);
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

static ssize_t begin_in_kernel(struct uring *uring, struct uring_descriptor *descriptor, eddy_op *op)
{
        if (op->traits & OP_DONT_WAIT)
                return -EAGAIN;
        if (fault_fires("io_uring"))
                return -ECONNRESET;
        op->state = 0;
        op->pending = true;
        list_append(&descriptor->operations, &op->link);
        uring_submit(uring, op);
        return EDDY_PENDING;
}

static void arm_poll(struct uring *uring, struct descriptor *descriptor, enum watch_direction direction)
{
        bool reads = direction == WATCH_READ;
        uint64_t key = uring_key(descriptor, reads ? TAG_READABLE : TAG_WRITABLE);
        uint32_t armed = armed_bit(direction), leaving = leaving_bit(direction);
        const struct side *side = &descriptor->sides[direction];
        bool is_wanted = side_is_wanted(side);
        unsigned events;
        struct io_uring_sqe *sqe;

        if (is_wanted && !(descriptor->armed & armed)) {
                sqe = uring_submission(uring, key);
                if (!sqe)
                        return;
                /* Urgent data is told of once: it stays, and would be told of again and again. */
                events = reads ? POLLIN | POLLRDHUP : POLLOUT;
                if (reads && !descriptor->has_ended && !side->watcher)
                        events |= POLLPRI;
                io_uring_prep_poll_add(sqe, descriptor->fd, events);
                descriptor->armed |= armed;
        } else if (!is_wanted && descriptor->armed & armed && !(descriptor->armed & leaving)) {
                uring_cancel_key(uring, key);
                descriptor->armed |= leaving;
        }
}

static int uring_arm(struct readiness *readiness, struct descriptor *descriptor)
{
        arm_poll((struct uring *)readiness, descriptor, WATCH_READ);
        arm_poll((struct uring *)readiness, descriptor, WATCH_WRITE);
        return 0;
}

static void init_descriptor(struct descriptor *base)
{
        struct uring_descriptor *descriptor = uring_descriptor(base);

        list_init(&descriptor->operations);
        ahead_init(&descriptor->ahead);
}

static void cancel_in_kernel(struct uring *uring, eddy_op *op)
{
        if (!(op->state & OP_CANCELLED))
                uring_cancel_key(uring, (uintptr_t)op | TAG_OPERATION);
        op->state |= OP_CANCELLED;
}

/** Have the kernel end all that it was asked for of a descriptor: whether there was anything. */
static bool cancel_all(struct uring *uring, struct uring_descriptor *descriptor)
{
        bool holds =
            descriptor->ahead.armed || descriptor->base.armed || !list_is_empty(&descriptor->operations);
        eddy_link *link, *next;

        for (link = descriptor->operations.next; link != &descriptor->operations; link = next) {
                eddy_op *op = container_of(link, eddy_op, link);

                next = link->next;
                op->state |= OP_ABANDONED;
                if (op->state & OP_SUBMITTED)
                        cancel_in_kernel(uring, op);
                else
                        complete(&uring->readiness.base, op, EDDY_CANCELLED);
        }
        ahead_abandon(uring, descriptor);
        readiness_abandon(&uring->readiness, &descriptor->base);
        uring_arm(&uring->readiness, &descriptor->base);
        readiness_forget(&descriptor->base);
        return holds;
}

static ssize_t begin_close(struct uring *uring, int fd)
{
        struct descriptor *descriptor = readiness_known(&uring->readiness, fd);

        /* The kernel keeps a file open as long as it is asked for something of it: its peer would hear of the end
         * only in the next iteration, and a socket that listens would go on to do so. */
        if (descriptor && cancel_all(uring, uring_descriptor(descriptor)))
                ring_flush(uring);
        return sys_close(fd);
}

static ssize_t uring_begin(struct backend *backend, eddy_op *op)
{
        struct uring *uring = (struct uring *)backend;
        struct descriptor *descriptor;
        int rc;

        if (op->kind == OP_CLOSE)
                return begin_close(uring, op->fd);
        if (backend_is_inherited(backend))
                return EDDY_EWRONGLOOP;
        rc = readiness_find(&uring->readiness, op->fd, &descriptor);
        if (rc < 0)
                return rc;
        if (op->traits & OP_EXCLUSIVE &&
            (op->kind == OP_RECV || op->kind == OP_READABLE || op->kind == OP_ACCEPT))
                return ahead_begin(uring, uring_descriptor(descriptor), op);
        if (op->traits & OP_EXCLUSIVE && (op->kind == OP_SEND || op->kind == OP_SENDMSG))
                return begin_in_kernel(uring, uring_descriptor(descriptor), op);
        return readiness_begin(&uring->readiness, descriptor, op);
}

static void uring_cancel(struct backend *backend, eddy_op *op)
{
        struct uring *uring = (struct uring *)backend;
        struct descriptor *descriptor = readiness_known(&uring->readiness, op->fd);

        if (backend_is_inherited(backend)) {
                complete(backend, op, EDDY_CANCELLED); /* the ring is our parent's */
                return;
        }
        if (op->state & OP_SUBMITTED) {
                cancel_in_kernel(uring, op);
                return;
        }
        complete(backend, op, EDDY_CANCELLED);
        if (!descriptor)
                return;
        uring_arm(&uring->readiness, descriptor);
        if (uring_descriptor(descriptor)->ahead.direct == op)
                ahead_received_directly(uring, uring_descriptor(descriptor), op);
}

/** Whether a descriptor can be watched: 0, -EBADF, or -EPERM where it is always ready, as epoll says. */
static int check_watchable(int fd)
{
        struct stat status;
        int rc = sys_fstat(fd, &status);

        if (rc < 0)
                return rc;
        return S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ? -EPERM : 0;
}

static int uring_watch(struct backend *backend, int fd, enum watch_direction direction, eddy_callback callback,
                       void *arg)
{
        struct readiness *readiness = (struct readiness *)backend;
        const struct descriptor *descriptor = readiness_known(readiness, fd);
        int rc = 0;

        if (backend_is_inherited(backend))
                return EDDY_EWRONGLOOP;
        if (callback && !(descriptor && descriptor->armed))
                rc = check_watchable(fd);
        if (rc == 0)
                rc = readiness_watch(readiness, fd, direction, callback, arg);
        /* Who stops watching may close the file next, and not through us: it would stay open until the next wait. */
        if (rc > 0 && !callback && descriptor->armed && !side_is_wanted(&descriptor->sides[WATCH_READ]) &&
            !side_is_wanted(&descriptor->sides[WATCH_WRITE]))
                ring_flush((struct uring *)readiness);
        return rc;
}

void uring_catch_up(struct uring *uring)
{
        struct readiness *readiness = &uring->readiness;
        struct buffer due = uring->due;
        struct io_uring_sqe *sqe;

        uring->is_behind = false;
        uring->due = (struct buffer){.memory = NULL};
        for (; buffer_size(&due) > 0; buffer_consume(&due, sizeof(uint64_t)))
                uring_cancel_key(uring, *(const uint64_t *)(void *)buffer_data(&due));
        buffer_finish(&due);
        if (!uring->is_wakeup_armed && (sqe = uring_submission(uring, TAG_WAKEUP))) {
                io_uring_prep_poll_multishot(sqe, readiness->base.wakeup, POLLIN);
                uring->is_wakeup_armed = true;
        }
        for (int fd = 0; fd < readiness->descriptor_count; fd++) {
                struct uring_descriptor *descriptor;

                if (!readiness->descriptors[fd])
                        continue;
                descriptor = uring_descriptor(readiness->descriptors[fd]);
                uring_arm(readiness, &descriptor->base);
                ahead_arm(uring, descriptor);
                for (eddy_link *link = descriptor->operations.next; link != &descriptor->operations;
                     link = link->next)
                        if (!(container_of(link, eddy_op, link)->state & OP_SUBMITTED))
                                uring_submit(uring, container_of(link, eddy_op, link));
        }
}

static void finish_operation(struct uring *uring, eddy_op *op, ssize_t result)
{
        struct descriptor *descriptor = readiness_known(&uring->readiness, op->fd);
        unsigned state = op->state;

        op->state = 0;
        /* Not at its owner's wish: the loop rests, or a signal came. */
        if (result == -EINTR)
                result = -ECANCELED;
        if (result == -ECANCELED && !(state & OP_CANCELLED)) {
                uring_submit(uring, op);
                return;
        }
        complete(&uring->readiness.base, op, op->kind == OP_READABLE && result > 0 ? 0 : result);
        if (uring_descriptor(descriptor)->ahead.direct == op)
                ahead_received_directly(uring, uring_descriptor(descriptor), op);
}

void uring_forget_submitted(struct uring *uring)
{
        struct readiness *readiness = &uring->readiness;

        for (int fd = 0; fd < readiness->descriptor_count; fd++) {
                struct uring_descriptor *descriptor;
                eddy_link *link, *next;

                if (!readiness->descriptors[fd])
                        continue;
                descriptor = uring_descriptor(readiness->descriptors[fd]);
                descriptor->base.armed = 0;
                descriptor->ahead.armed = TAG_OPERATION;
                descriptor->ahead.is_leaving = false;
                for (link = descriptor->operations.next; link != &descriptor->operations; link = next) {
                        next = link->next;
                        finish_operation(uring, container_of(link, eddy_op, link), -ECANCELED);
                }
        }
}

static void finish_poll(struct uring *uring, struct descriptor *descriptor, enum watch_direction direction,
                        int result)
{
        descriptor->armed &= ~(armed_bit(direction) | leaving_bit(direction));
        /* Where the loop rests, what is ready now need not be so when it runs again. */
        if (result != -ECANCELED && uring->is_awake) {
                if (result > 0 && result & (POLLRDHUP | POLLHUP | POLLERR | POLLPRI))
                        descriptor->has_ended = true;
                readiness_advance(&uring->readiness, descriptor, direction);
        }
        /* Submitted when those who watch have run, and so not told what they are about to take. Where it is no file
         * any more, it would be told so for ever. */
        if (result >= 0 || result == -ECANCELED)
                arm_poll(uring, descriptor, direction);
}

void uring_finish(struct uring *uring, const struct io_uring_cqe *cqe)
{
        uint64_t key = cqe->user_data;
        enum tag tag = key & ((1u << TAG_BITS) - 1);
        struct descriptor *descriptor;

        if (tag == TAG_CANCEL)
                return;
        uring->in_flight -= !(cqe->flags & IORING_CQE_F_MORE);
        if (tag == TAG_OPERATION) {
                finish_operation(uring, (eddy_op *)(uintptr_t)key, cqe->res);
                return;
        }
        if (tag == TAG_WAKEUP) {
                uring->is_wakeup_armed = cqe->flags & IORING_CQE_F_MORE;
                uring->is_behind |= !uring->is_wakeup_armed;
                return;
        }
        descriptor = readiness_known(&uring->readiness, (int)((uint32_t)key >> TAG_BITS));
        if (descriptor->generation != key >> 32) {
                ahead_discard(uring, tag, cqe);
                if (cqe->flags & IORING_CQE_F_MORE)
                        uring_cancel_key(uring, key); /* there was no memory to note that it is to end */
                return;
        }
        if (tag == TAG_RECEIVED)
                ahead_received(uring, uring_descriptor(descriptor), cqe);
        else if (tag == TAG_ACCEPTED)
                ahead_accepted(uring, uring_descriptor(descriptor), cqe);
        else
                finish_poll(uring, descriptor, tag == TAG_READABLE ? WATCH_READ : WATCH_WRITE, cqe->res);
}

static void uring_destroy(struct backend *backend)
{
        struct uring *uring = (struct uring *)backend;

        for (int fd = 0; fd < uring->readiness.descriptor_count; fd++)
                if (uring->readiness.descriptors[fd])
                        ahead_finish(&uring_descriptor(uring->readiness.descriptors[fd])->ahead);
        ring_close(uring);
        buffers_finish(&uring->buffers);
        buffer_finish(&uring->due);
        readiness_finish(&uring->readiness);
        memory_free(uring);
}

static const struct readiness_impl uring_readiness = {
    .descriptor_size = sizeof(struct uring_descriptor),
    .init = init_descriptor,
    .arm = uring_arm,
};

static int uring_create(struct backend **backend, int wakeup)
{
        struct uring *uring = memory_zalloc(sizeof *uring);
        int rc = -ENOMEM;

        if (!uring)
                return rc;
        (void)wakeup; /* armed with the first wait */
        uring->readiness.base.impl = &uring_backend;
        uring->readiness.impl = &uring_readiness;
        rc = ring_open(uring);
        if (rc < 0) {
                buffers_finish(&uring->buffers);
                memory_free(uring);
                return rc;
        }
        *backend = &uring->readiness.base;
        return 0;
}

const struct backend_impl uring_backend = {
    .name = "uring",
    .create = uring_create,
    .destroy = uring_destroy,
    .begin = uring_begin,
    .cancel = uring_cancel,
    .watch = uring_watch,
    .wait = ring_wait,
    .rest = ring_rest,
};
