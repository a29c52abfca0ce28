/* The ring of the io_uring backend: submitting, collecting, waiting and resting. It knows nothing of who asks for what:
 * that is told by a struct of functions. */
#ifndef BACKEND_RING_H
#define BACKEND_RING_H

#include "base/buffer.h"
#include <eddy/time.h>
#include <liburing.h>

struct ring;

/** What a ring asks of its owner. */
struct ring_impl {
        /** It has just been opened, and nothing was submitted to it yet: 0, or an error, and then it is closed. */
        int (*prepare)(struct ring *ring);

        /** Something is done. */
        void (*finish)(struct ring *ring, const struct io_uring_cqe *cqe);

        /** Submit whatever should have been submitted: all of it where the loop begins to run. */
        void (*catch_up)(struct ring *ring);

        /** Nothing that was submitted will be answered: it is to be submitted anew. */
        void (*forget)(struct ring *ring);
};

/** Part of its owner. */
struct ring {
        const struct ring_impl *impl;
        struct io_uring io_uring;
        unsigned owner;    /* the thread that alone may submit; 0: none yet */
        size_t in_flight;  /* submissions whose last completion has not come */
        bool is_open;      /* there is one */
        bool is_awake;     /* the loop runs; else the kernel is asked for nothing */
        bool is_behind;    /* something could not be submitted yet */
        struct buffer due; /* keys of what is to be cancelled, where that could not be submitted yet */
};

/** A request that stays in the kernel until it ends, by itself or at our wish. */
struct standing {
        unsigned char tag; /* what its completions are of, in the asker's terms; 0: there is none */
        bool is_leaving;   /* it was asked to end */
};

/** Open one, whose impl is set: 0 or an error. */
int ring_open(struct ring *ring);

/** Close it for good. */
void ring_finish(struct ring *ring);

/** A submission to fill in, that completions with this user data answer. NULL: there is none now, and catch_up() is
 * called before the next wait.
 *
 * @param key  not RING_NOBODY
 */
struct io_uring_sqe *ring_submission(struct ring *ring, uint64_t key);

/** Completions of the ring's own submissions, of which nobody is told. */
#define RING_NOBODY UINT64_MAX

/** Ask the kernel to end what was submitted with a key. */
void ring_cancel(struct ring *ring, uint64_t key);

/** Submit at once what is prepared. */
void ring_flush(struct ring *ring);

/** Submit, and collect what is done, waiting for it so long at most: 0 or an error. */
int ring_wait(struct ring *ring, eddy_duration timeout);

/** Have the kernel let go of everything; the next wait submits it anew. */
void ring_rest(struct ring *ring);

#endif
