/* The loop's inside, for the layers above: coroutines take ready handles from it, streams hang on it. */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include "backend/backend.h"
#include "base/list.h"
#include "base/misuse.h"
#include "base/spin.h"
#include "loop/inbox.h"
#include "loop/timer.h"
#include <eddy/loop.h>

/** What must be closed with the loop, such as a server nobody closed. Embedded in it. */
struct loop_resource {
        eddy_link link;   /* in loop->resources */
        const char *what; /* what its user should have given back before; NULL: nothing */
        void (*close)(struct loop_resource *resource);
};

/** What the loop asks of those who keep something in it, of whom it knows nothing else. */
struct loop_tenant_impl {
        void (*close)(eddy_loop *loop); /* with the loop, when no callback is left; NULL: nothing to do */
        void (*free)(eddy_loop *loop);  /* with its last future; NULL: likewise */

        /** What a handle resumes, kept until let_go(); NULL where that is nothing of this tenant's. For debug mode, which
         * asks tasks. */
        void *(*hold)(eddy_handle *handle);

        /** Give it back; a `took` other than 0 is how long it ran without giving way, and told. */
        void (*let_go)(void *held, eddy_duration took);
};

/** What a level above keeps in a loop. It moves in with its first use. */
struct loop_tenant {
        void *kept; /* NULL: nobody is here */
        const struct loop_tenant_impl *impl;
};

/** The rooms, from the ground up: who lives further up closes before those whom it stands on. */
enum loop_room {
        ROOM_NAMES,
        ROOM_FLOWS,
        ROOM_DATAGRAMS,
        ROOM_COROUTINES,
        ROOM_TASKS,
        ROOM_THREADS,
        ROOM_STREAMS,
        LOOP_ROOMS
};

struct coro;

struct eddy_loop {
        eddy_link *running; /* what this iteration still has to run */
        eddy_link *ready;   /* what the next one will; they change places between iterations */
        eddy_link queues[2];
        unsigned ran; /* handles since the backend was last asked */
        unsigned handles_a_poll;
        unsigned iteration; /* how many there were, so that who acts once in each knows */
        bool is_stopping, is_leaving, is_running, is_closing, is_closed;
        bool must_return; /* no coroutine may hand on to the next: a callback waits on the loop's stack, or each
                           * is to be timed by itself */
        eddy_time now;
        const eddy_host *host; /* NULL: the loop is nobody's guest */
        void *host_arg;
        eddy_link last; /* of a guest: see loop_schedule_last() */
        eddy_link
            come; /* of a guest: outcomes that were known at once, behind what is scheduled, where others come */
        struct backend *backend;
        struct inbox inbox; /* what other threads sent */
        struct spin spin;   /* before it sleeps */
        eddy_link resources;
        eddy_link signal_watches;
        eddy_link stranded; /* in a forked child: what was scheduled in the parent, and is not to run here */
        size_t references;  /* 1 of the owner, and 1 of each future */

        struct loop_tenant tenants[LOOP_ROOMS];
        eddy_duration executor_timeout; /* how long closing waits for users' calls on helper threads */
        struct loop_debug *debug;       /* NULL: not in debug mode */
        eddy_exception_handler exception_handler;
        void *exception_arg;
        uint64_t lots; /* see loop_draw() */

        struct timer_wheel timers; /* last, and not cleared with the rest: it is large */
};

/** How long closing a loop waits for users' calls on helper threads, where nobody says otherwise. asyncio's, too. */
#define LOOP_EXECUTOR_TIMEOUT eddy_seconds(300)

/** The loop that runs in this thread. Loops never change threads while they run. */
extern __thread eddy_loop *loop_running_here;

/** The coroutine that runs in this thread; NULL while none does. It is src/coro's, and lies here because a fork
 * ends it together with the loop. */
extern __thread struct coro *coro_running_here;

/** The loop that a user means: NULL is this thread's. */
static inline eddy_loop *loop_meant(const eddy_loop *loop)
{
        return __builtin_expect(loop != NULL, 1) ? (eddy_loop *)(uintptr_t)loop : eddy_get_loop();
}

/** Whether this thread may use a loop now: 0, EDDY_ENOLOOP (there is none), EDDY_ELOOPCLOSED, or EDDY_EWRONGLOOP where
 * it runs in another. */
static inline int loop_check(const eddy_loop *loop)
{
        if (__builtin_expect(!loop, 0))
                return misuse(EDDY_ENOLOOP);
        if (loop->is_closed)
                return misuse(EDDY_ELOOPCLOSED);
        return loop->is_running && loop_running_here != loop ? misuse(EDDY_EWRONGLOOP) : 0;
}

/** As loop_check(), for what is to go on after the call: a loop that is being closed takes no more of it. */
static inline int loop_check_open(const eddy_loop *loop)
{
        int rc = loop_check(loop);

        return rc == 0 && loop->is_closing ? EDDY_ELOOPCLOSED : rc;
}

/** Whether a loop was made by a process that this one was forked from. */
static inline bool loop_is_inherited(const eddy_loop *loop)
{
        return backend_is_inherited(loop->backend);
}

/** How many handles may run before the backend is asked, where the iterations themselves are shorter: what a
 * system call costs is shared by so many, and no event waits for more. None, where the loop is a guest. */
enum { LOOP_HANDLES_A_POLL = 128 };

/** A guest that never has to wait pretends to in one of so many iterations, so that its host's others have their turn. */
enum { LOOP_TURNS_A_BREAK = 64 };

/** Begin the next iteration; this one has nothing left to run. */
static inline void loop_turn_over(eddy_loop *loop)
{
        eddy_link *empty = loop->running;

        loop->running = loop->ready;
        loop->ready = empty;
}

/** Find the next handle to run, of this iteration or, where it has ended and no poll is due, of the next one.
 * False: the loop must have its turn. */
static inline bool loop_find_next(eddy_loop *loop, eddy_handle **next)
{
        if (list_is_empty(loop->running)) {
                if (list_is_empty(loop->ready) || loop->ran >= loop->handles_a_poll || loop->is_stopping)
                        return false;
                loop_turn_over(loop);
        }
        *next = container_of(loop->running->next, eddy_handle, link);
        return true;
}

/** Whether a callback waits for its turn. */
static inline bool loop_has_ready(const eddy_loop *loop)
{
        return !list_is_empty(loop->ready) || !list_is_empty(&loop->come);
}

/** Take what loop_find_next() has found. */
static inline void loop_take_next(eddy_loop *loop)
{
        list_take_first(loop->running);
        loop->ran++;
}

/** Schedule a handle whose callback and argument are set, and that does not wait already. */
static inline void loop_schedule(eddy_loop *loop, eddy_handle *handle)
{
        list_append(loop->ready, &handle->link);
}

/** Schedule likewise what belongs to the end of this iteration: it does its work once, for all who have asked for it
 * meanwhile. A guest's iterations each cost a call to the kernel, so there it runs before that, at the end of this very one. */
static inline void loop_schedule_last(eddy_loop *loop, eddy_handle *handle)
{
        list_append(__builtin_expect(loop->host != NULL, 0) ? &loop->last : loop->ready, &handle->link);
}

/** A number below n, by chance: for what is to be fair, not for what is to be secret. */
static inline size_t loop_draw(eddy_loop *loop, size_t n)
{
        loop->lots = loop->lots * 6364136223846793005U + 1442695040888963407U;
        return (size_t)((loop->lots >> 32) * n >> 32);
}

/** Close a descriptor that operations may have used. */
void loop_close_descriptor(eddy_loop *loop, int fd);

/** Likewise, but somebody else closes it: the loop knows nothing of it any more. */
void loop_forget_descriptor(eddy_loop *loop, int fd);

static inline void loop_ref(eddy_loop *loop)
{
        loop->references++;
}

/** Free the loop's memory: its last user is gone, and it is closed by then. */
void loop_free(eddy_loop *loop);

static inline void loop_unref(eddy_loop *loop)
{
        if (--loop->references == 0)
                loop_free(loop);
}

/** Keep something in a loop. Its `impl` empties the room where it frees what is kept. */
static inline void loop_move_in(eddy_loop *loop, enum loop_room room, const struct loop_tenant_impl *impl,
                                void *kept)
{
        loop->tenants[room] = (struct loop_tenant){.kept = kept, .impl = impl};
}

void loop_add_resource(eddy_loop *loop, struct loop_resource *resource);

/** Likewise, to be closed before all that are there. */
void loop_add_first_resource(eddy_loop *loop, struct loop_resource *resource);

#endif
