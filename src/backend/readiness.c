#include "backend/readiness.h"

#include "base/memory.h"
#include "base/sys.h"
#include "base/sys_pipe.h"
#include "base/sys_socket.h"
#include <string.h>

static int grow_table(struct readiness *readiness, int fd)
{
        int count = readiness->descriptor_count ? readiness->descriptor_count : 64;
        struct descriptor **descriptors;

        while (count <= fd)
                count *= 2;
        descriptors = memory_realloc(readiness->descriptors, (size_t)count * sizeof *descriptors);
        if (!descriptors)
                return -ENOMEM;
        memset(descriptors + readiness->descriptor_count, 0,
               (size_t)(count - readiness->descriptor_count) * sizeof *descriptors);
        readiness->descriptors = descriptors;
        readiness->descriptor_count = count;
        return 0;
}

void readiness_forget(struct descriptor *descriptor)
{
        descriptor->generation++;
        descriptor->has_ended = descriptor->is_told_all = false;
        descriptor->is_ready[WATCH_READ] = descriptor->is_ready[WATCH_WRITE] = true;
}

int readiness_add(struct readiness *readiness, int fd, struct descriptor **added)
{
        struct descriptor *descriptor;

        if (fd < 0)
                return -EBADF;
        if (fd >= readiness->descriptor_count && grow_table(readiness, fd) < 0)
                return -ENOMEM;
        if (!readiness->pool.item_size)
                pool_init(&readiness->pool, readiness->impl->descriptor_size);
        descriptor = pool_take(&readiness->pool);
        if (!descriptor)
                return -ENOMEM;
        memset(descriptor, 0, readiness->impl->descriptor_size);
        descriptor->fd = fd;
        list_init(&descriptor->sides[WATCH_READ].operations);
        list_init(&descriptor->sides[WATCH_WRITE].operations);
        list_init(&descriptor->until_gone);
        if (readiness->impl->init)
                readiness->impl->init(descriptor);
        readiness_forget(descriptor);
        *added = readiness->descriptors[fd] = descriptor;
        return 0;
}

ssize_t readiness_poll(int fd, unsigned events)
{
        struct pollfd request = {.fd = fd, .events = (short)events};
        int rc = sys_poll(&request, 1);

        if (rc <= 0)
                return rc < 0 ? rc : -EAGAIN;
        return request.revents & POLLNVAL ? -EBADF : request.revents;
}

static ssize_t connect_result(int fd)
{
        int error;
        socklen_t size = sizeof error;
        int rc = sys_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);

        return rc < 0 ? rc : -error;
}

static unsigned how_to_write(const eddy_op *op)
{
        return (op->traits & OP_MAY_BLOCK ? SYS_WRITE_NOWAIT : 0) |
               (op->traits & OP_NO_FILE ? SYS_WRITE_NO_FILE : 0);
}

/** Look whether there is what an operation polls for: the events, -EAGAIN, or an error. */
static ssize_t poll_for(const eddy_op *op)
{
        return readiness_poll(op->fd, op->kind == OP_GONE ? POLLRDHUP : (unsigned)op->size);
}

/** Make a call that is not of those that streams live on; here, so that these need not make room for what it needs. */
static __attribute__((noinline)) ssize_t make_rarer_call(const eddy_op *op)
{
        switch (op->kind) {
        case OP_ACCEPT:
                return sys_accept(op->fd, op->buffer, op->extra);
        case OP_RECVMSG:
                return sys_recvmsg(op->fd, op->buffer, op->flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        case OP_RECVMMSG:
                return sys_recvmmsg(op->fd, op->buffer, (unsigned)op->size);
        case OP_SENDMSG:
                return sys_sendmsg(op->fd, op->buffer, op->flags | MSG_DONTWAIT | MSG_NOSIGNAL);
        case OP_READ:
                return op->traits & OP_MAY_BLOCK ? sys_read_nowait(op->fd, op->buffer, op->size)
                                                 : sys_read(op->fd, op->buffer, op->size);
        case OP_WRITE:
                return sys_write_quietly(op->fd, &(struct iovec){op->buffer, op->size}, 1, how_to_write(op));
        case OP_WRITEV:
                return sys_write_quietly(op->fd, op->buffer, (int)(uintptr_t)op->extra, how_to_write(op));
        case OP_SENDFILE:
                return sys_sendfile(op->fd, op->flags, &(off_t){(intptr_t)op->extra}, op->size);
        default:
                return connect_result(op->fd);
        }
}

/** Make the call that an operation stands for; -EAGAIN: not ready. */
static ssize_t attempt(eddy_op *op, bool *is_ready, bool has_ended)
{
        ssize_t rc;

        if (op->kind == OP_POLL)
                return poll_for(op);
        if (op->kind == OP_READABLE)
                return *is_ready ? 0 : -EAGAIN;
        do {
                if (op->kind == OP_RECV)
                        rc = sys_recv(op->fd, op->buffer, op->size, op->flags | MSG_DONTWAIT);
                else if (op->kind == OP_SEND)
                        rc = sys_send(op->fd, op->buffer, op->size, op->flags | MSG_DONTWAIT | MSG_NOSIGNAL);
                else
                        rc = make_rarer_call(op);
        } while (rc == -EINTR);
        if (rc == -EAGAIN)
                *is_ready = false;
        else if (op->traits & OP_SHORT_IS_ALL && rc > 0 && (size_t)rc < op->size && !has_ended &&
                 op->kind != OP_SENDFILE)
                *is_ready = false;
        return rc;
}

static ssize_t begin_connect(eddy_op *op)
{
        ssize_t rc = sys_connect(op->fd, op->buffer, (socklen_t)op->size);

        /* A connect that was interrupted goes on, as one that takes its time. -EAGAIN is none of these: a UNIX
         * socket whose listener has no room is refused at once, and nobody will tell of room. */
        return rc == -EINTR ? EDDY_PENDING : rc;
}

static void unwatch(struct side *side)
{
        if (!side->watcher)
                return;
        if (list_is_linked(&side->watcher->handle.link))
                list_remove(&side->watcher->handle.link);
        bound_clear(&side->watcher->bound);
        memory_free(side->watcher);
        side->watcher = NULL;
}

/** Watch a side, or watch it for somebody else: 0 or -ENOMEM. */
static int set_watcher(struct side *side, eddy_callback callback, void *arg)
{
        if (!side->watcher)
                side->watcher = memory_zalloc(sizeof *side->watcher);
        if (!side->watcher)
                return -ENOMEM;
        /* What was to tell somebody else: whoever comes is told by the kernel once more, if it still holds. */
        if (list_is_linked(&side->watcher->handle.link))
                list_remove(&side->watcher->handle.link);
        bound_clear(&side->watcher->bound);
        bound_set(&side->watcher->bound, callback, arg);
        side->watcher->handle.callback = bound_run;
        side->watcher->handle.arg = &side->watcher->bound;
        return 0;
}

static void end_operations(struct readiness *readiness, eddy_link *operations, ssize_t result)
{
        while (!list_is_empty(operations))
                complete(&readiness->base, container_of(operations->next, eddy_op, link), result);
}

static void abandon(struct readiness *readiness, struct side *side)
{
        end_operations(readiness, &side->operations, EDDY_CANCELLED);
        unwatch(side);
}

void readiness_abandon(struct readiness *readiness, struct descriptor *descriptor)
{
        abandon(readiness, &descriptor->sides[WATCH_READ]);
        abandon(readiness, &descriptor->sides[WATCH_WRITE]);
        end_operations(readiness, &descriptor->until_gone, EDDY_CANCELLED);
}

/** Have an operation wait until it is worth while to try it: EDDY_PENDING or an error. */
static ssize_t wait_in(eddy_link *operations, struct readiness *readiness, struct descriptor *descriptor,
                       eddy_op *op)
{
        int rc;

        if (op->traits & OP_DONT_WAIT)
                return -EAGAIN;
        list_append(operations, &op->link);
        rc = descriptor->is_told_all ? 0 : readiness->impl->arm(readiness, descriptor);
        if (rc < 0) {
                list_remove(&op->link);
                return rc;
        }
        op->pending = true;
        return EDDY_PENDING;
}

/** Begin what is begun whoever stands in a line. */
static __attribute__((noinline)) ssize_t begin_at_once(struct readiness *readiness,
                                                       struct descriptor *descriptor, eddy_op *op)
{
        bool reads = op->kind == OP_POLL && op->size & POLLIN;
        eddy_link *operations = op->kind == OP_GONE
                                    ? &descriptor->until_gone
                                    : &descriptor->sides[reads ? WATCH_READ : WATCH_WRITE].operations;
        ssize_t rc = op->kind == OP_CONNECT ? begin_connect(op) : poll_for(op);

        if (rc == -EAGAIN && op->kind != OP_CONNECT)
                rc = EDDY_PENDING;
        return rc == EDDY_PENDING ? wait_in(operations, readiness, descriptor, op) : rc;
}

/** Whether an operation is worth trying, which nobody waits before. */
static bool may_succeed(const struct descriptor *descriptor, bool is_ready, const eddy_op *op)
{
        if (is_ready || descriptor->has_ended)
                return true;
        /* The kernel may not have been asked to tell of it, as it is for one that waits. */
        return op->traits & OP_DONT_WAIT && !descriptor->is_told_all;
}

ssize_t readiness_begin(struct readiness *readiness, struct descriptor *descriptor, eddy_op *op)
{
        bool reads = op->kind <= OP_READABLE;
        eddy_link *operations = &descriptor->sides[reads ? WATCH_READ : WATCH_WRITE].operations;
        bool *is_ready = &descriptor->is_ready[reads ? WATCH_READ : WATCH_WRITE];

        if (op->kind >= OP_CONNECT)
                return begin_at_once(readiness, descriptor, op);
        if (list_is_empty(operations) && may_succeed(descriptor, *is_ready, op)) {
                ssize_t rc;

                if (op->traits & OP_SURELY)
                        *is_ready = readiness_poll(op->fd, POLLIN) != -EAGAIN;
                rc = attempt(op, is_ready, descriptor->has_ended);
                if (rc != -EAGAIN)
                        return rc;
        }
        return wait_in(operations, readiness, descriptor, op);
}

int readiness_watch(struct readiness *readiness, int fd, enum watch_direction direction, eddy_callback callback,
                    void *arg)
{
        struct descriptor *descriptor = readiness_known(readiness, fd);
        struct side *side;
        bool was_watched;
        int rc;

        if (!descriptor && !callback)
                return 0;
        rc = readiness_find(readiness, fd, &descriptor);
        if (rc < 0)
                return rc;
        side = &descriptor->sides[direction];
        was_watched = side->watcher;
        if (callback)
                rc = set_watcher(side, callback, arg);
        else
                unwatch(side);
        if (rc == 0)
                rc = readiness->impl->arm(readiness, descriptor);
        if (rc < 0) {
                unwatch(side);
                return rc;
        }
        return was_watched;
}

static void call_watcher(struct readiness *readiness, struct side *side)
{
        if (side->watcher && !list_is_linked(&side->watcher->handle.link))
                list_append(*readiness->base.ready, &side->watcher->handle.link);
}

void readiness_serve(struct readiness *readiness, const struct descriptor *descriptor, struct side *side,
                     bool *is_ready)
{
        while (!list_is_empty(&side->operations) && (*is_ready || descriptor->has_ended)) {
                eddy_op *op = container_of(side->operations.next, eddy_op, link);
                ssize_t rc = attempt(op, is_ready, descriptor->has_ended);

                if (rc == -EAGAIN)
                        break;
                complete(&readiness->base, op, rc);
        }
        call_watcher(readiness, side);
}

void readiness_tell_gone(struct readiness *readiness, struct descriptor *descriptor, ssize_t events)
{
        if (events != -EAGAIN)
                end_operations(readiness, &descriptor->until_gone, events);
}

void readiness_fail(struct readiness *readiness, struct descriptor *descriptor, int error)
{
        for (int i = WATCH_READ; i <= WATCH_WRITE; i++) {
                end_operations(readiness, &descriptor->sides[i].operations, error);
                call_watcher(readiness, &descriptor->sides[i]);
        }
        end_operations(readiness, &descriptor->until_gone, error);
}

void readiness_finish(struct readiness *readiness)
{
        for (int fd = 0; fd < readiness->descriptor_count; fd++) {
                struct descriptor *descriptor = readiness->descriptors[fd];

                if (!descriptor)
                        continue;
                unwatch(&descriptor->sides[WATCH_READ]);
                unwatch(&descriptor->sides[WATCH_WRITE]);
                pool_give(&readiness->pool, descriptor);
        }
        pool_finish(&readiness->pool);
        memory_free(readiness->descriptors);
}
