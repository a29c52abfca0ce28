/* Detours: a function on a stack of its own that runs as a part of whoever enters it, and that can come back in
 * the midst, to be entered again there. A generator's body is one.
 *
 * For all others it is as if the function had been called: a coroutine that suspends in a detour is suspended,
 * and resumed there, and a trace goes on from the detour's bottom with who has entered it. All that must be
 * said is which stack is in use, for those that watch the program's memory. */
#ifndef CORO_DETOUR_H
#define CORO_DETOUR_H

#include "coro/fiber.h"
#include "coro/stack.h"
#include "coro/switch.h"

/** Embedded in what runs it. */
struct detour {
        void *sp;                 /* where it goes on when it is entered */
        void *caller_sp;          /* where its caller goes on when it is left */
        struct stack *stack;      /* NULL: it has none, or no more */
        struct stack_pool *pool;  /* where its stack is from */
        struct fiber_home caller; /* where the caller runs, as the tools see it */
        int (*run)(struct detour *detour);
        struct stack **in_use; /* by its caller; see detour_enter() */
        struct stack *before;
};

/** On which stack of ours the thread runs outside coroutines; NULL: on none. */
extern __thread struct stack *detour_stack_outside;

/** Prepare a detour.
 *
 * @param pool   NULL: one of the thread's own, for it runs no loop
 * @param name   for messages
 * @param run    runs on its stack; what it returns its caller gets, and the detour has been left for good
 * @param bytes  copied to the top of its stack
 * @return where the copy is; NULL without memory
 */
void *detour_init(struct detour *detour, struct stack_pool *pool, size_t stack_size, const char *name,
                  int (*run)(struct detour *detour), const void *bytes, size_t size);

/** Give its stack back; it must have been left for good, or never entered. */
void detour_finish(struct detour *detour);

/** Whether the caller of this runs in the detour itself, and not further in or further out. */
static inline __attribute__((always_inline)) bool detour_is_here(const struct detour *detour)
{
        const char *here = __builtin_frame_address(0);

        return detour->stack && here >= detour->stack->bottom && here < (const char *)detour->stack;
}

/** Run a detour until it leaves, or its function returns. Make it the last that a function does: what comes
 * after would have to undo the surprise at the processor's return addresses.
 *
 * @param in_use  where it is kept which stack the caller is on: his coroutine's, or &detour_stack_outside
 * @param result  what detour_leave() returns to the detour; not seen where that only begins
 * @return what the detour leaves with
 */
static inline __attribute__((always_inline)) int detour_enter(struct detour *detour, struct stack **in_use,
                                                              int result)
{
        void *kept = NULL;

        detour->in_use = in_use;
        detour->before = *in_use;
        *in_use = detour->stack;
        detour->caller.is_left = true;
        fiber_before_switch(&kept, detour->stack, &detour->caller);
        result = switch_into(&detour->caller_sp, detour->sp, result);
        fiber_after_switch(kept, &detour->caller);
        return result;
}

/** Go back to who entered it, until it is entered again; the last that a function does, as well.
 *
 * @param result  what his detour_enter() returns
 * @return what he enters with
 */
static inline __attribute__((always_inline)) int detour_leave(struct detour *detour, int result)
{
        void *kept = NULL;

        *detour->in_use = detour->before;
        fiber_before_switch(&kept, NULL, &detour->caller);
        result = switch_back(&detour->sp, detour->caller_sp, result);
        fiber_after_switch(kept, &detour->caller);
        return result;
}

#endif
