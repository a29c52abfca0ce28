/* The inside of the io_uring backend, shared by its files: ring.c, on which stand uring.c and ahead.c. */
#ifndef BACKEND_URING_H
#define BACKEND_URING_H

#include "backend/readiness.h"
#include "base/buffer.h"
#include <liburing.h>

/** What a completion is of: the low bits of its user data. The rest is an operation's address, or tells a
 * descriptor, so that nothing is looked at that may be gone. */
enum tag {
        TAG_OPERATION,
        TAG_READABLE,
        TAG_WRITABLE,
        TAG_RECEIVED,
        TAG_ACCEPTED,
        TAG_WAKEUP,
        TAG_CANCEL,
        TAG_BITS = 3,
};

/** eddy_op.state of an operation that the kernel itself carries out */
enum {
        OP_SUBMITTED = 1,
        OP_CANCELLED = 2,
        OP_ABANDONED = 4, /* its descriptor is closed, and the number may be another file's */
};

/** A buffer that the kernel received into, while it waits to be read. */
struct received {
        uint16_t next;  /* the next of the same descriptor */
        uint16_t start; /* what has been read of it */
        uint16_t end;
        bool is_held;
};

/** The buffers that the kernel receives into, before anybody says where to. */
struct receive_buffers {
        struct io_uring_buf_ring *ring;
        char *memory;
        struct received *received; /* by number */
        unsigned in_use;           /* the first so many; more, as soon as these were too few */
};

/** What the kernel brings of a descriptor before it is asked for: bytes received, or connections accepted. */
struct ahead {
        eddy_link askers;       /* operations that wait for more */
        eddy_op *direct;        /* the one that receives into its own buffer; NULL: none does */
        struct buffer accepted; /* descriptors */
        uint16_t first, last;   /* received, by number; nothing where `count` is 0 */
        uint16_t count;
        enum tag armed;    /* what the kernel is asked to bring; TAG_OPERATION: nothing */
        bool is_leaving;   /* and it is asked to stop doing so */
        bool is_bulk;      /* more comes at a time than a buffer takes */
        bool wants_direct; /* no buffer was left */
        int end;           /* 0 or an error: nothing comes behind what is there; else 1 */
};

struct uring_descriptor {
        struct descriptor base;
        eddy_link operations; /* that the kernel carries out */
        struct ahead ahead;
};

struct uring {
        struct readiness readiness;
        struct io_uring ring;
        struct receive_buffers buffers;
        unsigned owner;   /* the thread that alone may submit; 0: none yet */
        size_t in_flight; /* submissions whose last completion has not come */
        bool is_open;     /* there is a ring */
        bool is_awake;    /* the loop runs; else the kernel is asked for nothing */
        bool is_behind;   /* something could not be submitted yet */
        bool is_wakeup_armed;
        struct buffer due; /* keys of what is to be cancelled, where that could not be submitted yet */
};

static inline struct uring_descriptor *uring_descriptor(struct descriptor *descriptor)
{
        return container_of(descriptor, struct uring_descriptor, base);
}

static inline uint64_t uring_key(const struct descriptor *descriptor, enum tag tag)
{
        return (uint64_t)descriptor->generation << 32 | (uint64_t)(unsigned)descriptor->fd << TAG_BITS | tag;
}

/** A submission to fill in, that completions with this user data answer. NULL: there is none now, and everything is
 * looked through for what was to be submitted before the next wait. */
struct io_uring_sqe *uring_submission(struct uring *uring, uint64_t key);

/** Ask the kernel to end what was submitted with a key. */
void uring_cancel_key(struct uring *uring, uint64_t key);

/** A new ring, and the end of the one there is: 0 or an error. */
int ring_open(struct uring *uring);
void ring_close(struct uring *uring);

/** Submit at once what is prepared. */
void ring_flush(struct uring *uring);

/** The backend's wait() and rest(). */
int ring_wait(struct backend *backend, eddy_duration timeout);
void ring_rest(struct backend *backend);

/** A completion, of whatever it is. */
void uring_finish(struct uring *uring, const struct io_uring_cqe *cqe);

/** Submit whatever should have been submitted: all of it where the loop begins to run. */
void uring_catch_up(struct uring *uring);

/** Nothing that was submitted will be answered: it will be submitted anew. */
void uring_forget_submitted(struct uring *uring);

/** Have the kernel carry out an operation that is in its descriptor's list. */
void uring_submit(struct uring *uring, eddy_op *op);

/** Set up the buffers of a new ring: 0 or an error. Those that hold what nobody has read yet stay as they are. */
int buffers_register(struct uring *uring);
void buffers_finish(struct receive_buffers *buffers);

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
void ahead_discard(struct uring *uring, enum tag tag, const struct io_uring_cqe *cqe);

/** An operation has received into its own buffer, or waited until it can. */
void ahead_received_directly(struct uring *uring, struct uring_descriptor *descriptor, const eddy_op *op);

/** The descriptor is about to be closed. */
void ahead_abandon(struct uring *uring, struct uring_descriptor *descriptor);

#endif
