/* Completions on epoll: try the call, wait for readiness only where the kernel says EAGAIN, then try again.
 *
 * A descriptor that only operations use is registered once, edge-triggered for both directions, so that a
 * request costs no epoll_ctl; what is known of its readiness is remembered between edges. A descriptor with
 * watchers is registered level-triggered for just what is wanted, because watchers are called again and again
 * while it is ready. */
#include "backend/backend.h"

#include "base/context.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/sys.h"
#include "base/sys_pipe.h"
#include <stdatomic.h>
#include <string.h>

/** One direction of a descriptor. */
struct side {
        eddy_handle watcher; /* callback NULL: nobody watches; else it runs what is bound */
        struct bound_callback bound;
        eddy_link operations; /* pending, first come first served */
        bool is_ready;        /* a call may succeed: nobody has told us EAGAIN since the last edge */
};

/** What is known of a descriptor. Kept for the next file of the same number. */
struct descriptor {
        struct side sides[2]; /* by watch_direction */
        uint32_t armed;       /* what epoll was told; 0: not registered */
        int fd;
        uint32_t generation; /* of files that had this number: events of earlier ones may come late, where a
                              * duplicate keeps them open */
        bool has_ended;      /* hung up or failed: reading never again means waiting */
};

struct epoll_state {
        struct backend base;
        int epoll;
        int wakeup;                      /* eventfd, edge-triggered, so that it is never read */
        struct descriptor **descriptors; /* by number */
        int descriptor_count;
        size_t armed_count; /* registered descriptors; with none, a wait of no length can be left out */
        struct epoll_event events[256];
};

static const uint32_t read_events = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
static const uint32_t write_events = EPOLLOUT | EPOLLHUP | EPOLLERR;

static enum watch_direction direction_of(const eddy_op *op)
{
        switch (op->kind) {
        case OP_ACCEPT:
        case OP_RECV:
        case OP_READ:
        case OP_RECVMSG:
        case OP_RECVMMSG:
                return WATCH_READ;
        case OP_POLL:
                return op->size & POLLIN ? WATCH_READ : WATCH_WRITE;
        default:
                return WATCH_WRITE;
        }
}

static int grow(struct epoll_state *state, int fd)
{
        int count = state->descriptor_count ? state->descriptor_count : 64;
        struct descriptor **descriptors;

        while (count <= fd)
                count *= 2;
        descriptors = memory_realloc(state->descriptors, (size_t)count * sizeof *descriptors);
        if (!descriptors)
                return -ENOMEM;
        memset(descriptors + state->descriptor_count, 0,
               (size_t)(count - state->descriptor_count) * sizeof *descriptors);
        state->descriptors = descriptors;
        state->descriptor_count = count;
        return 0;
}

static void forget(struct descriptor *descriptor)
{
        descriptor->generation++;
        descriptor->armed = 0;
        descriptor->has_ended = false;
        descriptor->sides[WATCH_READ].is_ready = descriptor->sides[WATCH_WRITE].is_ready = true;
}

static struct descriptor *known_descriptor(const struct epoll_state *state, int fd)
{
        return fd >= 0 && fd < state->descriptor_count ? state->descriptors[fd] : NULL;
}

static int find_descriptor(struct epoll_state *state, int fd, struct descriptor **found)
{
        struct descriptor *descriptor = known_descriptor(state, fd);

        if (descriptor) {
                *found = descriptor;
                return 0;
        }
        if (fd < 0)
                return -EBADF;
        if (fd >= state->descriptor_count && grow(state, fd) < 0)
                return -ENOMEM;
        descriptor = memory_zalloc(sizeof *descriptor);
        if (!descriptor)
                return -ENOMEM;
        descriptor->fd = fd;
        list_init(&descriptor->sides[WATCH_READ].operations);
        list_init(&descriptor->sides[WATCH_WRITE].operations);
        forget(descriptor);
        *found = state->descriptors[fd] = descriptor;
        return 0;
}

static uint32_t wanted_events(const struct descriptor *descriptor)
{
        const struct side *read = &descriptor->sides[WATCH_READ], *write = &descriptor->sides[WATCH_WRITE];
        bool waits_for_read = !list_is_empty(&read->operations);
        bool waits_for_write = !list_is_empty(&write->operations);

        if (read->watcher.callback || write->watcher.callback)
                return (read->watcher.callback || waits_for_read ? EPOLLIN | EPOLLRDHUP : 0) |
                       (write->watcher.callback || waits_for_write ? EPOLLOUT : 0);
        if (waits_for_read || waits_for_write || descriptor->armed & EPOLLET)
                return EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET;
        return 0;
}

/** Tell epoll what is wanted of a descriptor now. */
static int arm(struct epoll_state *state, struct descriptor *descriptor)
{
        uint32_t wanted = wanted_events(descriptor);
        struct epoll_event event = {
            .events = wanted, .data.u64 = (uint64_t)descriptor->generation << 32 | (uint32_t)descriptor->fd};
        int verb, rc;

        if (wanted == descriptor->armed)
                return 0;
        if (backend_is_inherited(&state->base))
                return EDDY_EWRONGLOOP;
        verb = !wanted ? EPOLL_CTL_DEL : descriptor->armed ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
        rc = sys_epoll_ctl(state->epoll, verb, descriptor->fd, &event);
        /* The number was closed and came back, or came back without our being told. */
        if (rc == -ENOENT && verb == EPOLL_CTL_MOD)
                rc = sys_epoll_ctl(state->epoll, EPOLL_CTL_ADD, descriptor->fd, &event);
        else if (rc == -EEXIST)
                rc = sys_epoll_ctl(state->epoll, EPOLL_CTL_MOD, descriptor->fd, &event);
        if (rc < 0 && wanted)
                return rc;
        state->armed_count += (size_t)(wanted != 0) - (size_t)(descriptor->armed != 0);
        descriptor->armed = wanted;
        return 0;
}

static ssize_t poll_now(int fd, unsigned events)
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

/** Make the call that an operation stands for; -EAGAIN: not ready. */
static ssize_t attempt(eddy_op *op, struct side *side, bool has_ended)
{
        ssize_t rc;

        do {
                switch (op->kind) {
                case OP_ACCEPT:
                        rc = sys_accept(op->fd, op->buffer, op->reserved[0]);
                        break;
                case OP_RECV:
                        rc = sys_recv(op->fd, op->buffer, op->size, op->flags | MSG_DONTWAIT);
                        break;
                case OP_RECVMSG:
                        rc = sys_recvmsg(op->fd, op->buffer, op->flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
                        break;
                case OP_RECVMMSG:
                        rc = sys_recvmmsg(op->fd, op->buffer, (unsigned)op->size);
                        break;
                case OP_SEND:
                        rc = sys_send(op->fd, op->buffer, op->size, op->flags | MSG_DONTWAIT | MSG_NOSIGNAL);
                        break;
                case OP_SENDMSG:
                        rc = sys_sendmsg(op->fd, op->buffer, op->flags | MSG_DONTWAIT | MSG_NOSIGNAL);
                        break;
                case OP_READ:
                        rc = sys_read(op->fd, op->buffer, op->size);
                        break;
                case OP_WRITE:
                        rc = sys_write_quietly(op->fd, &(struct iovec){op->buffer, op->size}, 1);
                        break;
                case OP_WRITEV:
                        rc = sys_write_quietly(op->fd, op->buffer, (int)(uintptr_t)op->reserved[0]);
                        break;
                case OP_POLL:
                        return poll_now(op->fd, (unsigned)op->size);
                default:
                        return connect_result(op->fd);
                }
        } while (rc == -EINTR);
        if (rc == -EAGAIN)
                side->is_ready = false;
        else if (op->traits & OP_SHORT_IS_ALL && rc > 0 && (size_t)rc < op->size && !has_ended)
                side->is_ready = false;
        return rc;
}

static ssize_t begin_connect(eddy_op *op)
{
        ssize_t rc = sys_connect(op->fd, op->buffer, (socklen_t)op->size);

        /* A connect that was interrupted goes on, as one that takes its time. -EAGAIN is none of these: a UNIX
         * socket whose listener has no room is refused at once, and nobody will tell of room. */
        return rc == -EINTR ? EDDY_PENDING : rc;
}

static void complete(struct epoll_state *state, eddy_op *op, ssize_t result)
{
        list_remove(&op->link);
        op->pending = false;
        op->result = result;
        list_append(*state->base.ready, &op->handle.link);
}

static void unwatch(struct side *side)
{
        if (list_is_linked(&side->watcher.link))
                list_remove(&side->watcher.link);
        bound_clear(&side->bound);
        side->watcher.callback = NULL;
}

/** Its descriptor is closed: nothing is waited for any more. */
static void abandon(struct epoll_state *state, struct side *side)
{
        while (!list_is_empty(&side->operations))
                complete(state, container_of(side->operations.next, eddy_op, link), EDDY_CANCELLED);
        unwatch(side);
}

static ssize_t begin_close(struct epoll_state *state, int fd)
{
        struct descriptor *descriptor = known_descriptor(state, fd);

        if (descriptor) {
                abandon(state, &descriptor->sides[WATCH_READ]);
                abandon(state, &descriptor->sides[WATCH_WRITE]);
                state->armed_count -= descriptor->armed != 0;
                forget(descriptor);
        }
        return sys_close(fd);
}

static ssize_t epoll_begin(struct backend *backend, eddy_op *op)
{
        struct epoll_state *state = (struct epoll_state *)backend;
        struct descriptor *descriptor;
        struct side *side;
        ssize_t rc;
        bool is_first;

        if (op->kind == OP_CLOSE)
                return begin_close(state, op->fd);
        rc = find_descriptor(state, op->fd, &descriptor);
        if (rc < 0)
                return rc;
        side = &descriptor->sides[direction_of(op)];
        is_first = list_is_empty(&side->operations);
        if (op->kind == OP_CONNECT) {
                rc = begin_connect(op);
                if (rc != EDDY_PENDING)
                        return rc;
        } else if (op->kind == OP_POLL || (is_first && (side->is_ready || descriptor->has_ended))) {
                rc = attempt(op, side, descriptor->has_ended);
                if (rc != -EAGAIN)
                        return rc;
        }
        list_append(&side->operations, &op->link);
        rc = arm(state, descriptor);
        if (rc < 0) {
                list_remove(&op->link);
                return rc;
        }
        op->pending = true;
        return EDDY_PENDING;
}

static void epoll_cancel(struct backend *backend, eddy_op *op)
{
        complete((struct epoll_state *)backend, op, EDDY_CANCELLED);
}

static int epoll_watch(struct backend *backend, int fd, enum watch_direction direction, eddy_callback callback,
                       void *arg)
{
        struct epoll_state *state = (struct epoll_state *)backend;
        struct descriptor *descriptor = known_descriptor(state, fd);
        struct side *side;
        bool was_watched;
        int rc;

        if (!descriptor && !callback)
                return 0;
        rc = find_descriptor(state, fd, &descriptor);
        if (rc < 0)
                return rc;
        side = &descriptor->sides[direction];
        was_watched = side->watcher.callback;
        if (callback) {
                bound_clear(&side->bound);
                bound_set(&side->bound, callback, arg);
                side->watcher.callback = bound_run;
                side->watcher.arg = &side->bound;
        } else {
                unwatch(side);
        }
        rc = arm(state, descriptor);
        if (rc < 0) {
                unwatch(side);
                return rc;
        }
        return was_watched;
}

/** One side of a descriptor may have become ready: finish what waits there, and call who watches. */
static void advance(struct epoll_state *state, struct descriptor *descriptor, enum watch_direction direction)
{
        struct side *side = &descriptor->sides[direction];

        side->is_ready = true;
        while (!list_is_empty(&side->operations) && (side->is_ready || descriptor->has_ended)) {
                eddy_op *op = container_of(side->operations.next, eddy_op, link);
                ssize_t rc = attempt(op, side, descriptor->has_ended);

                if (rc == -EAGAIN)
                        break;
                complete(state, op, rc);
        }
        if (side->watcher.callback && !list_is_linked(&side->watcher.link))
                list_append(*state->base.ready, &side->watcher.link);
        /* What only the finished ones wanted would otherwise be told again and again beside a watcher. */
        if (!(descriptor->armed & EPOLLET))
                arm(state, descriptor);
}

static int epoll_backend_wait(struct backend *backend, eddy_duration timeout)
{
        struct epoll_state *state = (struct epoll_state *)backend;
        struct timespec limit = {timeout / 1000000000, timeout % 1000000000};
        int n;

        if (backend_is_inherited(backend))
                return EDDY_EWRONGLOOP;
        if (timeout == 0 && state->armed_count == 0)
                return 0;
        n = sys_epoll_wait(state->epoll, state->events, sizeof state->events / sizeof state->events[0],
                           timeout == EDDY_FOREVER ? NULL : &limit);
        if (n < 0)
                return n == -EINTR ? 0 : n;
        for (int i = 0; i < n; i++) {
                uint64_t key = state->events[i].data.u64;
                struct descriptor *descriptor = known_descriptor(state, (int)(uint32_t)key);
                uint32_t events = state->events[i].events;

                if (!descriptor || descriptor->generation != key >> 32)
                        continue;
                /* At a mark of urgent data, too, receiving stops short. */
                if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI))
                        descriptor->has_ended = true;
                if (events & read_events)
                        advance(state, descriptor, WATCH_READ);
                if (events & write_events)
                        advance(state, descriptor, WATCH_WRITE);
        }
        return 0;
}

static void epoll_wake(struct backend *backend)
{
        const uint64_t one = 1;
        ssize_t rc = 0;

        if (!backend_is_inherited(backend))
                rc = write(((struct epoll_state *)backend)->wakeup, &one, sizeof one);
        (void)rc; /* fails only where the counter is full, and then the loop has been woken */
}

static void epoll_destroy(struct backend *backend)
{
        struct epoll_state *state = (struct epoll_state *)backend;

        for (int fd = 0; fd < state->descriptor_count; fd++) {
                struct descriptor *descriptor = state->descriptors[fd];

                if (!descriptor)
                        continue;
                bound_clear(&descriptor->sides[WATCH_READ].bound);
                bound_clear(&descriptor->sides[WATCH_WRITE].bound);
                memory_free(descriptor);
        }
        memory_free(state->descriptors);
        sys_close(state->wakeup);
        sys_close(state->epoll);
        memory_free(state);
}

static int epoll_create_backend(struct backend **backend, eddy_link **ready)
{
        struct epoll_state *state = memory_zalloc(sizeof *state);
        struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = UINT64_MAX};
        int rc = -ENOMEM;

        if (!state)
                return rc;
        state->base = (struct backend){&epoll_backend, ready, fork_generation};
        rc = state->epoll = sys_epoll_create();
        if (rc < 0)
                goto error_epoll;
        rc = state->wakeup = sys_eventfd();
        if (rc < 0)
                goto error_eventfd;
        rc = sys_epoll_ctl(state->epoll, EPOLL_CTL_ADD, state->wakeup, &event);
        if (rc < 0)
                goto error_add;
        *backend = &state->base;
        return 0;

error_add:
        sys_close(state->wakeup);
error_eventfd:
        sys_close(state->epoll);
error_epoll:
        memory_free(state);
        return rc;
}

const struct backend_impl epoll_backend = {
    .name = "epoll",
    .create = epoll_create_backend,
    .destroy = epoll_destroy,
    .begin = epoll_begin,
    .cancel = epoll_cancel,
    .watch = epoll_watch,
    .wait = epoll_backend_wait,
    .wake = epoll_wake,
};
