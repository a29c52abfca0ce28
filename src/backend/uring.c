/* Completions on io_uring: what is begun in an iteration of the loop is submitted with the one call that waits.
 *
 * Sending and receiving are the kernel's. A stream's bytes and a server's connections come by themselves once they
 * were asked for (ahead.c). All else is tried by its system call, as on epoll, and a poll request tells when to try
 * again. The ring itself is ring.c's. */
#include "backend/uring.h"

#include "backend/carried.h"
#include "base/memory.h"
#include "base/sys_file.h"
#include <string.h>

static ssize_t begin_in_kernel(struct uring *uring, struct uring_descriptor *descriptor, eddy_op *op)
{
        if (op->traits & OP_DONT_WAIT)
                return -EAGAIN;
        if (fault_fires("io_uring"))
                return -ECONNRESET;
        carried_begin(uring, descriptor, op);
        return EDDY_PENDING;
}

/** Have a request stand as long as it is wanted: what is to be filled in where it is made now, else NULL. */
static struct io_uring_sqe *keep_standing(struct uring *uring, struct uring_descriptor *descriptor,
                                          struct standing *standing, unsigned char tag, bool is_wanted)
{
        if (!is_wanted)
                standing_stop(standing, uring, descriptor);
        if (!is_wanted || standing->tag)
                return NULL;
        return standing_submit(standing, uring, descriptor, tag);
}

static void arm_poll(struct uring *uring, struct uring_descriptor *descriptor, enum watch_direction direction)
{
        const struct side *side = &descriptor->base.sides[direction];
        bool reads = direction == WATCH_READ;
        bool was_asked = descriptor->polls[direction].tag;
        struct io_uring_sqe *sqe = keep_standing(uring, descriptor, &descriptor->polls[direction],
                                                 reads ? TAG_READABLE : TAG_WRITABLE, side_is_wanted(side));
        unsigned events;

        if (side->watcher && was_asked)
                descriptor->is_doubtful[direction] = true;
        if (!sqe)
                return;
        /* Urgent data is told of once: it stays, and would be told of again and again. */
        events = reads ? POLLIN | POLLRDHUP : POLLOUT;
        if (reads && !descriptor->base.has_ended && !side->watcher)
                events |= POLLPRI;
        io_uring_prep_poll_add(sqe, descriptor->base.fd, events);
}

/** Have the kernel tell when the other side has gone, if anybody waits for that. */
static void arm_gone(struct uring *uring, struct uring_descriptor *descriptor)
{
        struct io_uring_sqe *sqe = keep_standing(uring, descriptor, &descriptor->gone_poll, TAG_GONE,
                                                 !list_is_empty(&descriptor->base.until_gone));

        if (sqe)
                io_uring_prep_poll_add(sqe, descriptor->base.fd, POLLRDHUP);
}

static int uring_arm(struct readiness *readiness, struct descriptor *base)
{
        struct uring_descriptor *descriptor = uring_descriptor(base);

        arm_poll((struct uring *)readiness, descriptor, WATCH_READ);
        arm_poll((struct uring *)readiness, descriptor, WATCH_WRITE);
        arm_gone((struct uring *)readiness, descriptor);
        return 0;
}

static bool is_polled(const struct uring_descriptor *descriptor)
{
        return descriptor->polls[WATCH_READ].tag || descriptor->polls[WATCH_WRITE].tag ||
               descriptor->gone_poll.tag;
}

/** What the kernel was asked for by polls is of no interest any more, or will not be answered. */
static void forget_polls(struct uring_descriptor *descriptor)
{
        memset(descriptor->polls, 0, sizeof descriptor->polls);
        descriptor->gone_poll = (struct standing){.tag = 0};
}

static void init_descriptor(struct descriptor *base)
{
        struct uring_descriptor *descriptor = uring_descriptor(base);

        list_init(&descriptor->operations);
        ahead_init(&descriptor->ahead);
}

/** Have the kernel end all that it was asked for of a descriptor: whether there was anything. */
static bool cancel_all(struct uring *uring, struct uring_descriptor *descriptor)
{
        bool holds =
            descriptor->ahead.standing.tag || is_polled(descriptor) || !list_is_empty(&descriptor->operations);

        carried_abandon(uring, descriptor);
        ahead_abandon(uring, descriptor);
        readiness_abandon(&uring->readiness, &descriptor->base);
        uring_arm(&uring->readiness, &descriptor->base);
        forget_polls(descriptor);
        readiness_forget(&descriptor->base);
        return holds;
}

static ssize_t uring_close(struct uring *uring, const eddy_op *op)
{
        struct descriptor *descriptor = readiness_known(&uring->readiness, op->fd);

        /* The kernel keeps a file open as long as it is asked for something of it: its peer would hear of the end
         * only in the next iteration, and a socket that listens would go on to do so. */
        if (descriptor && cancel_all(uring, uring_descriptor(descriptor)))
                ring_flush(&uring->ring);
        return op->flags & OP_KEEP_OPEN ? 0 : sys_close(op->fd);
}

/** Whether the kernel is to send by itself; what is gathered from several places and may not wait is large, and rather sent at
 * once than copied. */
static bool is_the_kernels(const eddy_op *op)
{
        return (op->kind == OP_SEND && !(op->traits & OP_BY_CALL)) ||
               (op->kind == OP_SENDMSG && !(op->traits & OP_DONT_WAIT));
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

static ssize_t uring_begin(struct backend *backend, eddy_op *op)
{
        struct uring *uring = (struct uring *)backend;
        struct descriptor *descriptor;
        int rc;

        if (op->kind == OP_CLOSE)
                return uring_close(uring, op);
        if (backend_is_inherited(backend))
                return EDDY_EWRONGLOOP;
        rc = readiness_find(&uring->readiness, op->fd, &descriptor);
        if (rc == 0 && op->kind == OP_GONE)
                rc = check_watchable(op->fd);
        if (rc < 0)
                return rc;
        if (op->traits & OP_EXCLUSIVE &&
            (op->kind == OP_RECV || op->kind == OP_READABLE || op->kind == OP_ACCEPT))
                return ahead_begin(uring, uring_descriptor(descriptor), op);
        if (op->traits & OP_EXCLUSIVE && is_the_kernels(op))
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
                carried_cancel(uring, op);
                return;
        }
        complete(backend, op, EDDY_CANCELLED);
        if (!descriptor)
                return;
        uring_arm(&uring->readiness, descriptor);
        ahead_received_directly(uring, uring_descriptor(descriptor), op);
}

static int uring_watch(struct backend *backend, int fd, enum watch_direction direction, eddy_callback callback,
                       void *arg)
{
        struct uring *uring = (struct uring *)backend;
        struct descriptor *descriptor = readiness_known(&uring->readiness, fd);
        int rc = 0;

        if (backend_is_inherited(backend))
                return EDDY_EWRONGLOOP;
        if (callback && !(descriptor && is_polled(uring_descriptor(descriptor))))
                rc = check_watchable(fd);
        if (rc == 0)
                rc = readiness_watch(&uring->readiness, fd, direction, callback, arg);
        /* Who stops watching may close the file next, and not through us: it would stay open until the next wait. */
        if (rc > 0 && !callback && is_polled(uring_descriptor(descriptor)) &&
            !side_is_wanted(&descriptor->sides[WATCH_READ]) && !side_is_wanted(&descriptor->sides[WATCH_WRITE]))
                ring_flush(&uring->ring);
        return rc;
}

static int uring_wait(struct backend *backend, eddy_duration timeout)
{
        return backend_is_inherited(backend) ? EDDY_EWRONGLOOP
                                             : ring_wait(&((struct uring *)backend)->ring, timeout);
}

static void uring_rest(struct backend *backend)
{
        if (!backend_is_inherited(backend))
                ring_rest(&((struct uring *)backend)->ring);
}

/* ------------------------------------------------------------------------------------------------
 * What the ring asks. */

static struct uring *uring_of(struct ring *ring)
{
        return container_of(ring, struct uring, ring);
}

static int uring_prepare(struct ring *ring)
{
        return received_register(&uring_of(ring)->buffers, &ring->io_uring);
}

static void uring_catch_up(struct ring *ring)
{
        struct uring *uring = uring_of(ring);
        struct readiness *readiness = &uring->readiness;
        struct io_uring_sqe *sqe;

        if (!uring->is_wakeup_armed && (sqe = ring_submission(ring, TAG_WAKEUP))) {
                io_uring_prep_poll_multishot(sqe, readiness->base.wakeup, POLLIN);
                uring->is_wakeup_armed = true;
        }
        for (int fd = 0; fd < readiness->descriptor_count; fd++) {
                struct descriptor *descriptor = readiness->descriptors[fd];

                if (!descriptor)
                        continue;
                uring_arm(readiness, descriptor);
                ahead_arm(uring, uring_descriptor(descriptor));
                carried_catch_up(uring, uring_descriptor(descriptor));
        }
}

static void finish_operation(struct uring *uring, eddy_op *op, ssize_t result)
{
        struct descriptor *descriptor = readiness_known(&uring->readiness, op->fd);

        if (carried_finish(uring, op, result))
                ahead_received_directly(uring, uring_descriptor(descriptor), op);
}

static void uring_forget(struct ring *ring)
{
        struct uring *uring = uring_of(ring);
        struct readiness *readiness = &uring->readiness;

        uring->is_wakeup_armed = false;
        for (int fd = 0; fd < readiness->descriptor_count; fd++) {
                struct uring_descriptor *descriptor;
                eddy_link *link, *next;

                if (!readiness->descriptors[fd])
                        continue;
                descriptor = uring_descriptor(readiness->descriptors[fd]);
                forget_polls(descriptor);
                descriptor->ahead.standing = (struct standing){.tag = 0};
                for (link = descriptor->operations.next; link != &descriptor->operations; link = next) {
                        next = link->next;
                        finish_operation(uring, container_of(link, eddy_op, link), -ECANCELED);
                }
        }
}

/** Whether what was asked for somebody else, and is told to who came after, still holds. */
static bool still_holds(struct uring_descriptor *descriptor, enum watch_direction direction)
{
        bool is_doubtful = descriptor->is_doubtful[direction];

        descriptor->is_doubtful[direction] = false;
        return !is_doubtful ||
               readiness_poll(descriptor->base.fd,
                              direction == WATCH_READ ? POLLIN | POLLPRI | POLLRDHUP : POLLOUT) != -EAGAIN;
}

static void finish_poll(struct uring *uring, struct uring_descriptor *descriptor,
                        enum watch_direction direction, int result)
{
        descriptor->polls[direction] = (struct standing){.tag = 0};
        /* Where the loop rests, what is ready now need not be so when it runs again. */
        if (result != -ECANCELED && uring->ring.is_awake && still_holds(descriptor, direction)) {
                if (result > 0 && result & (POLLRDHUP | POLLHUP | POLLERR | POLLPRI))
                        readiness_end(&uring->readiness, &descriptor->base);
                readiness_advance(&uring->readiness, &descriptor->base, direction);
        }
        /* Submitted when those who watch have run, and so not told what they are about to take. Where it is no file
         * any more, it would be told so for ever. */
        if (result >= 0 || result == -ECANCELED)
                arm_poll(uring, descriptor, direction);
}

static void finish_gone(struct uring *uring, struct uring_descriptor *descriptor, int result)
{
        descriptor->gone_poll = (struct standing){.tag = 0};
        if (result >= 0 && uring->ring.is_awake)
                readiness_end(&uring->readiness, &descriptor->base);
        else if (result < 0 && result != -ECANCELED)
                readiness_tell_gone(&uring->readiness, &descriptor->base, result);
        arm_gone(uring, descriptor);
}

static void uring_finish(struct ring *ring, const struct io_uring_cqe *cqe)
{
        struct uring *uring = uring_of(ring);
        uint64_t key = cqe->user_data;
        enum tag tag = uring_tag(key);
        struct descriptor *descriptor;

        if (tag == TAG_OPERATION) {
                finish_operation(uring, (eddy_op *)(uintptr_t)key, cqe->res);
                return;
        }
        if (tag == TAG_WAKEUP) {
                uring->is_wakeup_armed = cqe->flags & IORING_CQE_F_MORE;
                ring->is_behind |= !uring->is_wakeup_armed;
                return;
        }
        descriptor = readiness_known(&uring->readiness, (int)((uint32_t)key >> TAG_BITS));
        if (descriptor->generation != key >> 32)
                ahead_discard(uring, cqe);
        else if (tag == TAG_RECEIVED)
                ahead_received(uring, uring_descriptor(descriptor), cqe);
        else if (tag == TAG_ACCEPTED)
                ahead_accepted(uring, uring_descriptor(descriptor), cqe);
        else if (tag == TAG_GONE)
                finish_gone(uring, uring_descriptor(descriptor), cqe->res);
        else
                finish_poll(uring, uring_descriptor(descriptor), tag == TAG_READABLE ? WATCH_READ : WATCH_WRITE,
                            cqe->res);
}

static const struct ring_impl uring_ring = {
    .prepare = uring_prepare,
    .finish = uring_finish,
    .catch_up = uring_catch_up,
    .forget = uring_forget,
};

/* ------------------------------------------------------------------------------------------------ */

static void uring_destroy(struct backend *backend)
{
        struct uring *uring = (struct uring *)backend;

        for (int fd = 0; fd < uring->readiness.descriptor_count; fd++)
                if (uring->readiness.descriptors[fd])
                        ahead_finish(&uring_descriptor(uring->readiness.descriptors[fd])->ahead);
        ring_finish(&uring->ring);
        received_finish(&uring->buffers);
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
        uring->ring.impl = &uring_ring;
        rc = ring_open(&uring->ring);
        if (rc < 0) {
                received_finish(&uring->buffers);
                memory_free(uring);
                return rc;
        }
        *backend = &uring->readiness.base;
        return 0;
}

const struct backend_impl uring_backend = {
    .name = "uring",
    .gathers = true,
    .create = uring_create,
    .destroy = uring_destroy,
    .begin = uring_begin,
    .cancel = uring_cancel,
    .watch = uring_watch,
    .wait = uring_wait,
    .rest = uring_rest,
};
