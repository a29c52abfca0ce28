/* What the loop asks of the kernel: begin operations, watch descriptors, wait for what is done. One struct of
 * functions for each way of doing it. */
#ifndef BACKEND_BACKEND_H
#define BACKEND_BACKEND_H

#include "base/fork.h"
#include <eddy/operation.h>

enum op_kind {
        OP_ACCEPT,
        OP_CONNECT,
        OP_RECV,
        OP_RECVMSG,
        OP_RECVMMSG,
        OP_SEND,
        OP_SENDMSG,
        OP_READ,
        OP_WRITE,
        OP_WRITEV,
        OP_POLL,
        OP_READABLE, /* wait until reading may bring something: 0. For descriptors that only operations read, so that
                      * what these were told is known and asking costs no system call */
        OP_CLOSE,
};

/* eddy_op.traits */
enum {
        /** A short count means that the kernel has, or takes, no more: true of stream sockets and of batches of
         * datagrams, and it saves the call that would be told EAGAIN. */
        OP_SHORT_IS_ALL = 1,

        /** It ends at once with -EAGAIN where it would have to wait: its caller has something else to do first. */
        OP_DONT_WAIT = 2,
};

enum watch_direction { WATCH_READ, WATCH_WRITE };

/** The part that every backend begins with. Owned by the loop. */
struct backend {
        const struct backend_impl *impl;
        eddy_link **ready; /* the list that handles of what is done are appended to */
        unsigned fork_generation;
};

struct backend_impl {
        const char *name;

        /** 0, or why this system cannot have it. */
        int (*create)(struct backend **backend, eddy_link **ready);
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

        /** End a wait(); from any thread and from signal handlers. */
        void (*wake)(struct backend *backend);
};

extern const struct backend_impl epoll_backend;

/** Whether a parent of this process made it, and shares with us what the kernel knows of it: that is to stay as it
 * is. */
static inline bool backend_is_inherited(const struct backend *backend)
{
        return backend->fork_generation != fork_generation;
}

#endif
