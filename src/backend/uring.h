/* What the files of the io_uring backend share. Each stands on those before it: ring.c; received.c; carried.c, ahead.c,
 * uring.c. */
#ifndef BACKEND_URING_H
#define BACKEND_URING_H

#include "backend/ahead.h"
#include "backend/readiness.h"
#include "backend/received.h"
#include "backend/ring.h"

/** What a completion is of: the low bits of its user data. The rest is an operation's address, or tells a
 * descriptor, so that nothing is looked at that may be gone. */
enum tag {
        TAG_OPERATION,
        TAG_READABLE,
        TAG_WRITABLE,
        TAG_RECEIVED,
        TAG_ACCEPTED,
        TAG_WAKEUP,
        TAG_GONE,
        TAG_BITS = 3,
};

struct uring_descriptor {
        struct descriptor base;
        eddy_link operations;      /* that the kernel carries out */
        struct standing polls[2];  /* by watch_direction */
        bool is_doubtful[2];       /* likewise: who watches has come after the kernel was asked */
        struct standing gone_poll; /* polls for the other side to go */
        struct ahead ahead;
};

struct uring {
        struct readiness readiness;
        struct ring ring;
        struct received_buffers buffers;
        bool is_wakeup_armed;
};

static inline struct uring_descriptor *uring_descriptor(struct descriptor *descriptor)
{
        return container_of(descriptor, struct uring_descriptor, base);
}

static inline uint64_t uring_key(const struct descriptor *descriptor, enum tag tag)
{
        return (uint64_t)descriptor->generation << 32 | (uint64_t)(unsigned)descriptor->fd << TAG_BITS | tag;
}

static inline enum tag uring_tag(uint64_t key)
{
        return key & ((1u << TAG_BITS) - 1);
}

/** A submission to fill in for a standing request of a descriptor, of which there is none; NULL: it must wait. */
static inline struct io_uring_sqe *standing_submit(struct standing *standing, struct uring *uring,
                                                   const struct uring_descriptor *descriptor, enum tag tag)
{
        struct io_uring_sqe *sqe = ring_submission(&uring->ring, uring_key(&descriptor->base, tag));

        if (sqe)
                standing->tag = (unsigned char)tag;
        return sqe;
}

/** Have it end soon, if there is one; its last completion still comes. */
static inline void standing_stop(struct standing *standing, struct uring *uring,
                                 const struct uring_descriptor *descriptor)
{
        if (standing->tag && !standing->is_leaving)
                ring_cancel(&uring->ring, uring_key(&descriptor->base, standing->tag));
        standing->is_leaving = standing->tag;
}

#endif
