/* Coroutines: functions on stacks of their own that the loop resumes. What they are for is their owner's: a task
 * embeds one. */
#ifndef CORO_CORO_H
#define CORO_CORO_H

#include "coro/fiber.h"
#include "coro/stack.h"
#include "loop/loop.h"

struct coro;

/** What a kind of coroutine does. */
struct coro_impl {
        /** Runs on the coroutine's stack; when it returns, the coroutine is over, and its memory may be gone. */
        void (*run)(struct coro *coro);

        /** Called in place of run, on another stack, where there was no memory for one. */
        void (*refuse)(struct coro *coro);
};

/** A coroutine. It gets its stack when it first runs, so that waiting for that costs none. */
struct coro {
        void *sp;            /* where it is suspended */
        struct stack *stack; /* NULL before it is first run */
        eddy_handle resume;  /* scheduled to resume it; callback is coro_resume() */
        const struct coro_impl *impl;
        const char *name;
        uint32_t stack_size; /* 0: the default */
        bool own_fpu_mode;
        bool has_begun;
};

/** What a loop keeps for its coroutines. */
struct coroutines {
        struct coro *current; /* NULL while the loop's own stack runs */
        struct coro home;     /* the loop itself, suspended while a coroutine runs; it has no stack of ours */
        struct fiber_home fiber_home;
        struct stack_pool stacks;
        uint64_t fpu_mode; /* for all who have not their own */

        /* A question to a suspended coroutine, answered on its stack; see coro_ask(). */
        void (*question)(void *arg);
        void *question_arg;
        struct coro *asker;
        void *asker_sp;
};

/** Give a loop coroutines: 0 or -ENOMEM. */
int coroutines_init(eddy_loop *loop, size_t stack_size);
void coroutines_finish(eddy_loop *loop);


/** Give a coroutine its stack before it runs, with a copy of some bytes at its top.
 *
 * @return where the copy is, or NULL without memory
 */
void *coro_place(struct coro *coro, eddy_loop *loop, const void *bytes, size_t size);

/** Handle callback: run a coroutine until it suspends. Where another coroutine gives way, it is resumed
 * directly, without a call of this. */
void coro_resume(void *coro);

/** Prepare a coroutine that has not begun. */
static inline void coro_init(struct coro *coro, const struct coro_impl *impl, const char *name)
{
        coro->sp = NULL;
        coro->stack = NULL;
        coro->resume.link.next = NULL;
        coro->resume.callback = coro_resume;
        coro->resume.arg = coro;
        coro->impl = impl;
        coro->name = name;
        coro->stack_size = 0;
        coro->own_fpu_mode = coro->has_begun = false;
}

/** Suspend the current coroutine until somebody schedules its resume handle (or another whose callback and
 * argument are the same). */
void coro_suspend(struct coro *current);

/** Run a coroutine that has not begun until it first suspends, then return to the caller. */
void coro_run_now(eddy_loop *loop, struct coro *coro);

/** Call a function on the stack of a suspended coroutine, so that it can look at where that is. */
void coro_ask(eddy_loop *loop, struct coro *coro, void (*question)(void *arg), void *arg);

#endif
