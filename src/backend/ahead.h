/* What comes of a descriptor before it is asked for: the kernel was asked once, and brings whatever comes. */
#ifndef BACKEND_AHEAD_H
#define BACKEND_AHEAD_H

#include "backend/received.h"
#include "backend/ring.h"
#include <eddy/operation.h>

struct uring;
struct uring_descriptor;

/** What the kernel brings of a descriptor before it is asked for: bytes received, or connections accepted. */
struct ahead {
        eddy_link askers;              /* operations that wait for more */
        eddy_op *direct;               /* the one that receives into its own buffer; NULL: none does */
        struct buffer accepted;        /* descriptors */
        struct received_list received; /* bytes */
        struct standing standing;      /* what has the kernel bring it */
        bool is_bulk;                  /* more comes at a time than a buffer takes */
        bool wants_direct;             /* no buffer was left */
        int end;                       /* 0 or an error: nothing comes behind what is there; else 1 */
};

void ahead_init(struct ahead *ahead);
void ahead_finish(struct ahead *ahead);

/** Begin an operation that is served from what comes ahead. */
ssize_t ahead_begin(struct uring *uring, struct uring_descriptor *descriptor, eddy_op *op);

/** Ask the kernel for what askers wait for, if that has not been done. */
void ahead_arm(struct uring *uring, struct uring_descriptor *descriptor);

/** A completion of what ahead_arm() submitted. */
void ahead_received(struct uring *uring, struct uring_descriptor *descriptor, const struct io_uring_cqe *cqe);
void ahead_accepted(struct uring *uring, struct uring_descriptor *descriptor, const struct io_uring_cqe *cqe);

/** The same of a descriptor that is closed by now. */
void ahead_discard(struct uring *uring, const struct io_uring_cqe *cqe);

/** An operation has received into its own buffer, or waited until it can, or was cancelled. Any may be told. */
void ahead_received_directly(struct uring *uring, struct uring_descriptor *descriptor, const eddy_op *op);

/** The descriptor is about to be closed. */
void ahead_abandon(struct uring *uring, struct uring_descriptor *descriptor);

#endif
