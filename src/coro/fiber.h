/* What the tools that watch a program's memory must be told of stacks and switches. In a build without them, and
 * outside valgrind, all of this is nothing. */
#ifndef CORO_FIBER_H
#define CORO_FIBER_H

#include "base/sanitizer.h"
#include "coro/stack.h"

#if SANITIZER_ADDRESS
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if SANITIZER_THREAD
#include <sanitizer/tsan_interface.h>
/* Under a name of ours, for gcc has another idea of its type. */
void fiber_tsan_func_exit(void) __asm__("__tsan_func_exit");
#endif
#ifdef HAVE_VALGRIND
#include <valgrind/valgrind.h>
#endif

/** Where the loop itself runs, as the tools see it. */
struct fiber_home {
        const void *bottom;
        size_t size;
        void *fiber;
        bool is_left; /* it is being switched away from, so whoever arrives learns its place */
};

static inline void fiber_know_stack(struct stack *stack)
{
#ifdef HAVE_VALGRIND
        stack->valgrind_id = (unsigned)VALGRIND_STACK_REGISTER(stack->bottom, stack);
#endif
#if SANITIZER_THREAD
        stack->fiber = __tsan_create_fiber(0);
#endif
        (void)stack;
}

/** Call it when a stack is taken, and before it is unmapped: its last user never returned from its bottom frames, which are
 * still marked, and would be where something else is mapped. */
static inline void fiber_reuse_stack(struct stack *stack)
{
#if SANITIZER_ADDRESS
        __asan_unpoison_memory_region(stack->bottom, stack_usable_size(stack));
#endif
        (void)stack;
}

static inline void fiber_forget_stack(struct stack *stack)
{
#ifdef HAVE_VALGRIND
        VALGRIND_STACK_DEREGISTER(stack->valgrind_id);
#endif
#if SANITIZER_THREAD
        __tsan_destroy_fiber(stack->fiber);
#endif
        fiber_reuse_stack(stack);
}

/** Call it before the last switch away from a stack, in the function that is its bottom. That never returns, and
 * without this its calls would pile up with each use of the stack. */
static inline __attribute__((always_inline)) void fiber_leave_for_good(void)
{
#if SANITIZER_THREAD
        fiber_tsan_func_exit();
#endif
}

/** Call it right before a switch. Inlined, for its call and its return must not be seen on two fibers.
 *
 * @param keep  receives what fiber_after_switch() wants; NULL where the context that is left never runs again
 * @param to    the stack that is switched to; NULL: the loop's own
 */
static inline __attribute__((always_inline)) void fiber_before_switch(void **keep, const struct stack *to,
                                                                      struct fiber_home *home)
{
#if SANITIZER_ADDRESS
        if (to)
                __sanitizer_start_switch_fiber(keep, to->bottom, stack_usable_size(to));
        else
                __sanitizer_start_switch_fiber(keep, home->bottom, home->size);
#endif
#if SANITIZER_THREAD
        if (home->is_left)
                home->fiber = __tsan_get_current_fiber();
        __tsan_switch_to_fiber(to ? to->fiber : home->fiber, 0);
#endif
        (void)keep, (void)to, (void)home;
}

/** Call it right after a switch has come here.
 *
 * @param kept  what fiber_before_switch() stored when this context was left; NULL at its first run
 */
static inline __attribute__((always_inline)) void fiber_after_switch(void *kept, struct fiber_home *home)
{
#if SANITIZER_ADDRESS
        const void *bottom;
        size_t size;

        __sanitizer_finish_switch_fiber(kept, &bottom, &size);
        if (home->is_left) {
                home->bottom = bottom;
                home->size = size;
        }
#endif
#if SANITIZER_WATCHES_MEMORY
        home->is_left = false;
#endif
        (void)kept, (void)home;
}

#endif
