/* Operations that the kernel itself carries out, where others are tried by their system call. */
#ifndef BACKEND_CARRIED_H
#define BACKEND_CARRIED_H

#include "backend/uring.h"

/** eddy_op.state of such an operation */
enum {
        OP_SUBMITTED = 1,
        OP_CANCELLED = 2,
};

/** Have the kernel carry out an operation of this descriptor, which is pending from now on. */
void carried_begin(struct uring *uring, struct uring_descriptor *descriptor, eddy_op *op);

/** Submit those that could not be submitted yet. */
void carried_catch_up(struct uring *uring, const struct uring_descriptor *descriptor);

/** End one that is submitted, soon. */
void carried_cancel(struct uring *uring, eddy_op *op);

/** The descriptor is about to be closed. */
void carried_abandon(struct uring *uring, struct uring_descriptor *descriptor);

/** A completion. False: not at its owner's wish, and it is submitted anew. */
bool carried_finish(struct uring *uring, eddy_op *op, ssize_t result);

#endif
