/* Completions on epoll.
 *
 * A descriptor that only operations use is registered once, edge-triggered for both directions, so that a
 * request costs no epoll_ctl; what is known of its readiness is remembered between edges. A descriptor with
 * watchers is registered level-triggered for just what is wanted, because watchers are called again and again
 * while it is ready. */
#include "backend/readiness.h"

#include "base/memory.h"
#include "base/sys.h"

struct epoll_descriptor {
        struct descriptor base;
        uint32_t armed; /* what the kernel is asked to tell; 0: nothing */
};

struct epoll_state {
        struct readiness readiness;
        int epoll;
        size_t armed_count; /* registered descriptors; with none, a wait of no length can be left out */
        struct epoll_event events[256];
};

/** The data of the wakeup's events; those of a descriptor are its number, below its generation. */
#define WAKEUP UINT64_MAX

static const uint32_t read_events = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
static const uint32_t write_events = EPOLLOUT | EPOLLHUP | EPOLLERR;
static const uint32_t end_events = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;

static struct epoll_descriptor *epoll_descriptor(struct descriptor *descriptor)
{
        return container_of(descriptor, struct epoll_descriptor, base);
}

static uint32_t wanted_events(const struct epoll_descriptor *descriptor)
{
        const struct side *read = &descriptor->base.sides[WATCH_READ];
        const struct side *write = &descriptor->base.sides[WATCH_WRITE];
        bool waits_for_read = !list_is_empty(&read->operations);
        bool waits_for_write = !list_is_empty(&write->operations);
        bool waits_for_gone = !list_is_empty(&descriptor->base.until_gone);

        if (read->watcher || write->watcher)
                return (read->watcher || waits_for_read ? EPOLLIN | EPOLLRDHUP : 0) |
                       (write->watcher || waits_for_write ? EPOLLOUT : 0) | (waits_for_gone ? EPOLLRDHUP : 0);
        if (waits_for_read || waits_for_write || waits_for_gone || descriptor->armed & EPOLLET)
                return EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET;
        return 0;
}

static int set_events(const struct epoll_state *state, int verb, const struct descriptor *descriptor,
                      uint32_t events)
{
        struct epoll_event event = {
            .events = events, .data.u64 = (uint64_t)descriptor->generation << 32 | (uint32_t)descriptor->fd};

        return sys_epoll_ctl(state->epoll, verb, descriptor->fd, &event);
}

static int epoll_arm(struct readiness *readiness, struct descriptor *descriptor)
{
        struct epoll_state *state = (struct epoll_state *)readiness;
        uint32_t *armed = &epoll_descriptor(descriptor)->armed;
        uint32_t wanted = wanted_events(epoll_descriptor(descriptor));
        int verb, rc;

        if (wanted == *armed)
                return 0;
        if (backend_is_inherited(&readiness->base))
                return EDDY_EWRONGLOOP;
        verb = !wanted ? EPOLL_CTL_DEL : *armed ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
        rc = set_events(state, verb, descriptor, wanted);
        /* Either it was closed without our being told, and its file may live on elsewhere, or it cannot be taken out:
         * what is told of it is not to be taken for what comes next. */
        if (rc == -ENOENT || rc == -EBADF || (rc < 0 && !wanted))
                descriptor->generation++;
        /* The number came back, or came back without our being told. */
        if (rc == -ENOENT && verb == EPOLL_CTL_MOD)
                rc = set_events(state, EPOLL_CTL_ADD, descriptor, wanted);
        else if (rc == -EEXIST)
                rc = set_events(state, EPOLL_CTL_MOD, descriptor, wanted);
        if (rc < 0 && wanted)
                return rc;
        state->armed_count += (size_t)(wanted != 0) - (size_t)(*armed != 0);
        *armed = wanted;
        descriptor->is_told_all = wanted & EPOLLET;
        return 0;
}

static __attribute__((noinline)) ssize_t epoll_close(struct epoll_state *state, const eddy_op *op)
{
        int fd = op->fd;
        struct descriptor *descriptor = readiness_known(&state->readiness, fd);

        if (descriptor) {
                readiness_abandon(&state->readiness, descriptor);
                /* The kernel forgets it only with its file, which may live on: in a child, in a duplicate, in
                 * whoever it was passed to. */
                if (epoll_descriptor(descriptor)->armed) {
                        set_events(state, EPOLL_CTL_DEL, descriptor, 0);
                        epoll_descriptor(descriptor)->armed = 0;
                        state->armed_count--;
                }
                readiness_forget(descriptor);
        }
        return op->flags & OP_KEEP_OPEN ? 0 : sys_close(fd);
}

/** Make a set in which the wakeup alone is registered: a descriptor or an error. */
static int open_set(int wakeup)
{
        struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = WAKEUP};
        int set = sys_epoll_create(), rc;

        if (set < 0)
                return set;
        rc = sys_epoll_ctl(set, EPOLL_CTL_ADD, wakeup, &event);
        if (rc == 0)
                return set;
        sys_close(set);
        return rc;
}

/** Begin anew with an empty set: the kernel tells of a file that nobody here has a number of any more, so that it
 * cannot be taken out. Somebody closed it without our being told, while it lives on elsewhere. */
static __attribute__((noinline)) void renew(struct epoll_state *state)
{
        struct readiness *readiness = &state->readiness;
        int set = open_set(readiness->base.wakeup);

        if (set < 0)
                return; /* it is tried again, as soon as there is news of that file */
        sys_close(state->epoll);
        state->epoll = set;
        state->armed_count = 0;
        for (int fd = 0; fd < readiness->descriptor_count; fd++) {
                struct descriptor *descriptor = readiness->descriptors[fd];
                int rc;

                if (!descriptor || !epoll_descriptor(descriptor)->armed)
                        continue;
                epoll_descriptor(descriptor)->armed = 0;
                descriptor->is_told_all = false;
                rc = epoll_arm(readiness, descriptor);
                if (rc < 0)
                        readiness_fail(readiness, descriptor, rc);
        }
}

/** Begin the first operation on a descriptor. Apart, since what it needs would cost all the others. */
static __attribute__((noinline)) ssize_t begin_first(struct epoll_state *state, eddy_op *op)
{
        struct descriptor *descriptor;
        int rc = readiness_add(&state->readiness, op->fd, &descriptor);

        return rc < 0 ? rc : readiness_begin(&state->readiness, descriptor, op);
}

static ssize_t epoll_begin(struct backend *backend, eddy_op *op)
{
        struct epoll_state *state = (struct epoll_state *)backend;
        struct descriptor *descriptor = readiness_known(&state->readiness, op->fd);

        if (op->kind == OP_CLOSE)
                return epoll_close(state, op);
        return descriptor ? readiness_begin(&state->readiness, descriptor, op) : begin_first(state, op);
}

static void epoll_cancel(struct backend *backend, eddy_op *op)
{
        complete(backend, op, EDDY_CANCELLED);
}

static int epoll_watch(struct backend *backend, int fd, enum watch_direction direction, eddy_callback callback,
                       void *arg)
{
        return readiness_watch((struct readiness *)backend, fd, direction, callback, arg);
}

static int epoll_backend_wait(struct backend *backend, eddy_duration timeout)
{
        struct epoll_state *state = (struct epoll_state *)backend;
        struct timespec limit = {timeout / 1000000000, timeout % 1000000000};
        bool is_haunted = false;
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
                struct descriptor *descriptor = readiness_known(&state->readiness, (int)(uint32_t)key);
                uint32_t events = state->events[i].events;

                if (!descriptor || descriptor->generation != key >> 32) {
                        is_haunted |= key != WAKEUP;
                        continue;
                }
                if (events & end_events)
                        readiness_end(&state->readiness, descriptor);
                if (events & read_events)
                        readiness_advance(&state->readiness, descriptor, WATCH_READ);
                if (events & write_events)
                        readiness_advance(&state->readiness, descriptor, WATCH_WRITE);
                /* What only the finished ones wanted would otherwise be told again and again beside a watcher. */
                if (!(epoll_descriptor(descriptor)->armed & EPOLLET))
                        epoll_arm(&state->readiness, descriptor);
        }
        if (is_haunted)
                renew(state);
        return 0;
}

static void epoll_destroy(struct backend *backend)
{
        struct epoll_state *state = (struct epoll_state *)backend;

        readiness_finish(&state->readiness);
        sys_close(state->epoll);
        memory_free(state);
}

static const struct readiness_impl epoll_readiness = {
    .descriptor_size = sizeof(struct epoll_descriptor),
    .arm = epoll_arm,
};

static int epoll_create_backend(struct backend **backend, int wakeup)
{
        struct epoll_state *state = memory_zalloc(sizeof *state);
        int rc;

        if (!state)
                return -ENOMEM;
        state->readiness.base.impl = &epoll_backend;
        state->readiness.impl = &epoll_readiness;
        rc = state->epoll = open_set(wakeup);
        if (rc < 0) {
                memory_free(state);
                return rc;
        }
        *backend = &state->readiness.base;
        return 0;
}

const struct backend_impl epoll_backend = {
    .name = "epoll",
    .create = epoll_create_backend,
    .destroy = epoll_destroy,
    .begin = epoll_begin,
    .cancel = epoll_cancel,
    .watch = epoll_watch,
    .wait = epoll_backend_wait,
};
