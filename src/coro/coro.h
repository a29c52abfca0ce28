/* Coroutines: functions on stacks of their own that the loop resumes. What they are for is their owner's: a task
 * embeds one. */
#ifndef CORO_CORO_H
#define CORO_CORO_H

#include "coro/fiber.h"
#include "coro/stack.h"
#include "coro/switch.h"
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
        void *sp;            /* where it is suspended, once it has a stack */
        struct stack *stack; /* NULL: it has none yet */
        eddy_handle resume;  /* scheduled to resume it: coro_resume(), or coro_begin() while it has no stack */
        const struct coro_impl *impl;
        const char *name;
        uint32_t stack_size; /* 0: the default */
        bool own_fpu_mode;
        bool has_begun;
};

/** What a loop keeps for its coroutines. */
struct coroutines {
        struct coro home; /* the loop itself, suspended while a coroutine runs; it has no stack of ours */
        struct fiber_home fiber_home;
        struct stack_pool stacks;
        size_t default_size; /* what the common stacks were asked to be */
        uint64_t fpu_mode;   /* for all who have not their own */

        /* A question to a suspended coroutine, answered on its stack; see coro_ask(). */
        void (*question)(void *arg);
        void *question_arg;
        struct coro *asker;
        void *asker_sp;
};

/** Give a loop coroutines, until it closes: 0 or -ENOMEM. */
int coroutines_init(eddy_loop *loop, size_t stack_size);

/** A loop's coroutines; NULL where it has none yet. */
static inline struct coroutines *coroutines_of(const eddy_loop *loop)
{
        return loop->tenants[ROOM_COROUTINES].kept;
}

/** Give a coroutine its stack before it runs, with a copy of some bytes at its top.
 *
 * @return where the copy is, or NULL without memory
 */
void *coro_place(struct coro *coro, eddy_loop *loop, const void *bytes, size_t size);

/** Handle callbacks: run a coroutine, that has begun or that has not, until it suspends. Where another coroutine
 * gives way, it is resumed directly, without a call of these. */
void coro_resume(void *coro);
void coro_begin(void *coro);

/** The coroutine that a handle resumes; NULL: none. */
static inline struct coro *coro_of(const eddy_handle *handle)
{
        return handle->callback == coro_resume || handle->callback == coro_begin ? handle->arg : NULL;
}

/** Prepare a coroutine that has not begun; a stack size of 0 is the default. */
static inline void coro_init(struct coro *coro, const struct coro_impl *impl, const char *name,
                             uint32_t stack_size)
{
        coro->stack = NULL;
        coro->resume.link.next = NULL;
        coro->resume.callback = coro_begin;
        coro->resume.arg = coro;
        coro->impl = impl;
        coro->name = name;
        coro->stack_size = stack_size;
        coro->own_fpu_mode = coro->has_begun = false;
}

/** The slow ways to go on: with whoever is next where that is no coroutine that has a stack (a new one, or the
 * loop), with a floating point mode of one's own, and answering a question. */
struct coro *coro_take_other(eddy_loop *loop);
void coro_give_way_with_own_fpu_mode(struct coroutines *coroutines, struct coro *self, struct coro *next);
void coro_answer(struct coroutines *coroutines, struct coro *self);

/** Find the handle of the next coroutine. False: whatever is next, the loop must have its turn. */
static inline __attribute__((always_inline)) bool coro_find_next(eddy_loop *loop, eddy_handle **next)
{
        return __builtin_expect(!loop->must_return, 1) && loop_find_next(loop, next);
}

/** Whom a coroutine that gives way hands on to: another one, or the loop. */
static inline __attribute__((always_inline)) struct coro *coro_take_next(eddy_loop *loop)
{
        eddy_handle *next;

        if (__builtin_expect(!coro_find_next(loop, &next) || next->callback != coro_resume, 0))
                return coro_take_other(loop);
        loop_take_next(loop);
        return next->arg;
}

/** Switch from a coroutine to whoever is next, and come back when resumed. */
static inline __attribute__((always_inline)) void coro_give_way(struct coroutines *coroutines,
                                                                struct coro *self, struct coro *next)
{
        void *kept = NULL;

        coro_running_here = next;
        fiber_before_switch(&kept, next->stack, &coroutines->fiber_home);
        switch_context(&self->sp, next->sp);
        fiber_after_switch(kept, &coroutines->fiber_home);
        if (__builtin_expect(coroutines->question != NULL, 0))
                coro_answer(coroutines, self);
}

/** Suspend the current coroutine until somebody schedules its resume handle (or another whose callback and
 * argument are the same). Inline: each call saved on the way down saves a return on the way up. */
static inline __attribute__((always_inline)) void coro_suspend(struct coro *self)
{
        /* Not by way of the coroutine: the loop is known long before it is. */
        eddy_loop *loop = loop_running_here;
        struct coro *next = coro_take_next(loop);

        if (next == self)
                return;
        if (__builtin_expect(self->own_fpu_mode, 0))
                coro_give_way_with_own_fpu_mode(coroutines_of(loop), self, next);
        else
                coro_give_way(coroutines_of(loop), self, next);
}

/** Run a coroutine that has not begun until it first suspends, then return to the caller. */
void coro_run_now(eddy_loop *loop, struct coro *coro);

/** Call a function on the stack of a suspended coroutine, so that it can look at where that is. */
void coro_ask(eddy_loop *loop, struct coro *coro, void (*question)(void *arg), void *arg);

#endif
