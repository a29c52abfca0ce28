/* What the loop asks of the kernel: begin operations, watch descriptors, wait for what is done. One struct of
 * functions for each way of doing it. */
#ifndef BACKEND_BACKEND_H
#define BACKEND_BACKEND_H

#include "base/fork.h"
#include <eddy/operation.h>

enum op_kind {
        /* What stands in the line of those who read. */
        OP_ACCEPT,
        OP_RECV,
        OP_RECVMSG,
        OP_RECVMMSG,
        OP_READ,
        OP_READABLE, /* wait until receiving, of `size` bytes perhaps, may bring something: 0. For descriptors that
                      * only operations read, so that what these were told is known; asking costs no system call */

        /* What stands in the line of those who write. */
        OP_SEND,
        OP_SENDMSG,
        OP_WRITE,
        OP_WRITEV,
        OP_SENDFILE,

        /* What is begun whoever stands there, and whatever is known of readiness. */
        OP_CONNECT,
        OP_POLL,
        OP_GONE, /* wait until the other side has sent its end, or it was hung up or has failed: the events that tell so */
        OP_CLOSE, /* unless it is to be forgotten only (OP_KEEP_OPEN): somebody else closes it */
};

/* eddy_op.flags of OP_CLOSE */
enum { OP_KEEP_OPEN = 1 };

/* eddy_op.traits */
enum {
        OP_SHORT_IS_ALL = EDDY_OP_SHORT_IS_ALL,
        OP_EXCLUSIVE = EDDY_OP_EXCLUSIVE,
        OP_DONT_WAIT = EDDY_OP_DONT_WAIT,
        OP_PUBLIC_TRAITS = OP_SHORT_IS_ALL | OP_EXCLUSIVE | OP_DONT_WAIT,
        /** Others share the file, and may have it in blocking mode: it must be asked not to wait. */
        OP_MAY_BLOCK = 8,
        /** Written to is no regular file, which has a limit of its size. */
        OP_NO_FILE = 16,
        /** Of OP_READABLE: it is worth a system call to know that something has come, and not only may have. */
        OP_SURELY = 32,
        /** No backend's: see struct op_host. */
        OP_HOSTED = 64,
        /** It is, or is the rest of, what is worth a system call of its own: it is tried by one, and again when there is room. */
        OP_BY_CALL = 128,
};

/** So many bytes are worth a system call of their own: gathering them for a later one costs more. */
enum { OP_WORTH_A_CALL = 16 * 1024 };

enum watch_direction { WATCH_READ, WATCH_WRITE };

/** The part that every backend begins with. Owned by the loop. */
struct backend {
        const struct backend_impl *impl;
        eddy_link **ready; /* the list that handles of what is done are appended to */
        unsigned fork_generation;
        int wakeup;       /* an eventfd that ends a wait(); written and never read */
        char reason[120]; /* why it is this one */
};

struct backend_impl {
        const char *name;
        bool
            gathers; /* what is sent in an iteration shares one call, so that to wait for the end of it costs nothing */

        /** Make one, which sets its impl alone of struct backend: 0, or why this system cannot have it. */
        int (*create)(struct backend **backend, int wakeup);
        void (*destroy)(struct backend *backend);

        /** Begin the operation that op describes: its outcome, or EDDY_PENDING and the handle comes later. */
        ssize_t (*begin)(struct backend *backend, eddy_op *op);

        /** Have a pending operation end soon; its handle comes all the same. */
        void (*cancel)(struct backend *backend, eddy_op *op);

        /** Run a callback whenever fd is ready; NULL: no more. 1 where there was one before, 0, or an error. */
        int (*watch)(struct backend *backend, int fd, enum watch_direction direction, eddy_callback callback,
                     void *arg);

        /** Collect what is done, waiting for it so long at most; 0 or an error, EDDY_EWRONGLOOP in a forked child. */
        int (*wait)(struct backend *backend, eddy_duration timeout);

        /** The loop has stopped running: the kernel is to let go of all memory, while what is pending stays so until
         * the next wait(). NULL: it never holds any. */
        void (*rest)(struct backend *backend);
};

extern const struct backend_impl epoll_backend;
#ifdef HAVE_URING
extern const struct backend_impl uring_backend;
#endif

/** Make the backend that EDDY_BACKEND names, or else the best that this system has: 0 or an error with its detail. */
int backend_create(struct backend **backend, eddy_link **ready);
void backend_destroy(struct backend *backend);

/** End a wait(); from any thread and from signal handlers. */
void backend_wake(struct backend *backend);

/** Whether a parent of this process made it, and shares with us what the kernel knows of it: that is to stay as it
 * is. */
static inline bool backend_is_inherited(const struct backend *backend)
{
        return backend->fork_generation != fork_generation;
}

#endif
