/* Operations by readiness, and watchers: try the call, wait where the kernel says EAGAIN, then try again. How the
 * kernel is asked to tell of readiness is each backend's own affair; the rest is said here for all. */
#ifndef BACKEND_READINESS_H
#define BACKEND_READINESS_H

#include "backend/backend.h"
#include "base/context.h"
#include "base/list.h"
#include "base/pool.h"
#include <poll.h>

/** Who watches one direction of a descriptor. */
struct watcher {
        eddy_handle handle; /* runs what is bound */
        struct bound_callback bound;
};

/** One direction of a descriptor. */
struct side {
        eddy_link operations;    /* pending, first come first served */
        struct watcher *watcher; /* NULL: nobody, which is most often so */
};

/** What is known of a descriptor. Kept for the next file of the same number. */
struct descriptor {
        struct side sides[2]; /* by watch_direction */
        eddy_link until_gone; /* operations that wait for the other side to go, whoever else reads or writes */
        int fd;
        uint32_t generation; /* of files that had this number: what is told of earlier ones may come late */
        bool is_ready[2];    /* by direction: nobody was told EAGAIN since the kernel told of it */
        bool has_ended;      /* hung up or failed: reading never again means waiting */
        bool is_told_all;    /* of both directions, whoever waits: no operation needs it armed */
};

/** What a backend that uses this begins with. */
struct readiness {
        struct backend base;
        const struct readiness_impl *impl;
        struct pool pool;                /* what descriptors are made of */
        struct descriptor **descriptors; /* by number */
        int descriptor_count;
};

struct readiness_impl {
        size_t descriptor_size; /* of the backend's own structure, which begins with a struct descriptor */

        /** Prepare what the backend adds to a descriptor; NULL: it adds nothing. */
        void (*init)(struct descriptor *descriptor);

        /** Who waits for a descriptor, or watches it, has changed: ask the kernel for what is wanted now. 0 or an
         * error. */
        int (*arm)(struct readiness *readiness, struct descriptor *descriptor);
};

/** Free what is known of all descriptors. */
void readiness_finish(struct readiness *readiness);

/** What is known of a descriptor, or NULL. */
static inline struct descriptor *readiness_known(const struct readiness *readiness, int fd)
{
        return fd >= 0 && fd < readiness->descriptor_count ? readiness->descriptors[fd] : NULL;
}

/** Begin to know a descriptor: 0, -EBADF or -ENOMEM. */
int readiness_add(struct readiness *readiness, int fd, struct descriptor **added);

/** What is known of a descriptor, which begins here where nothing was: 0, -EBADF or -ENOMEM. */
static inline int readiness_find(struct readiness *readiness, int fd, struct descriptor **found)
{
        *found = readiness_known(readiness, fd);
        return *found ? 0 : readiness_add(readiness, fd, found);
}

/** The backend's begin() for an operation on a descriptor that is known. */
ssize_t readiness_begin(struct readiness *readiness, struct descriptor *descriptor, eddy_op *op);

/** The backend's watch(). */
int readiness_watch(struct readiness *readiness, int fd, enum watch_direction direction, eddy_callback callback,
                    void *arg);

/** A descriptor is about to be closed: nothing is waited for any more. */
void readiness_abandon(struct readiness *readiness, struct descriptor *descriptor);

/** What waits for it can be told of nothing any more: operations end with an error, and who watches is called, to
 * find out by himself. */
void readiness_fail(struct readiness *readiness, struct descriptor *descriptor, int error);

/** Its number is free for another file. The backend asks the kernel for nothing of it any more. */
void readiness_forget(struct descriptor *descriptor);

static inline bool side_is_wanted(const struct side *side)
{
        return side->watcher || !list_is_empty(&side->operations);
}

/** Finish what waits for a side that is ready now, and call who watches. */
void readiness_serve(struct readiness *readiness, const struct descriptor *descriptor, struct side *side,
                     bool *is_ready);

/** Whether a descriptor is ready for some of poll()'s events: those that it is, -EAGAIN, or an error. */
ssize_t readiness_poll(int fd, unsigned events);

/** Finish what waits for the other side to go, with events that tell so, or an error; -EAGAIN: it has not. */
void readiness_tell_gone(struct readiness *readiness, struct descriptor *descriptor, ssize_t events);

/** One side of a descriptor may have become ready. The backend arms it anew. */
static inline void readiness_advance(struct readiness *readiness, struct descriptor *descriptor,
                                     enum watch_direction direction)
{
        struct side *side = &descriptor->sides[direction];

        descriptor->is_ready[direction] = true;
        if (side_is_wanted(side))
                readiness_serve(readiness, descriptor, side, &descriptor->is_ready[direction]);
}

/** A descriptor was hung up, or has failed, or is at a mark of urgent data, where receiving stops short as well. */
static inline void readiness_end(struct readiness *readiness, struct descriptor *descriptor)
{
        descriptor->has_ended = true;
        if (!list_is_empty(&descriptor->until_gone))
                readiness_tell_gone(readiness, descriptor, readiness_poll(descriptor->fd, POLLRDHUP));
}

/** A pending operation is done. */
static inline void complete(struct backend *backend, eddy_op *op, ssize_t result)
{
        list_remove(&op->link);
        op->pending = false;
        op->result = result;
        list_append(*backend->ready, &op->handle.link);
}

#endif
