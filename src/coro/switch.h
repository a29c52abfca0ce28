/* The context switch, one file an architecture. A context that does not run is its stack pointer alone: what it
 * must keep lies on its stack. Every architecture has
 *
 *     void switch_context(void **save, void *to);
 *
 * which stores the running context and goes on with another. It keeps what the calling convention makes the
 * callee's, but for the floating point control words, which belong to the whole thread: a coroutine that changes
 * them says so (eddy_task_options.own_fpu_mode) and coro.c keeps them for it, so that nobody else pays.
 *
 *     void *switch_prepare(void *top, switch_entry *entry, void *arg, void **outer);
 *
 * which makes a context on an empty stack that ends at `top`; `outer` is where the context is saved that
 * unwinders shall go on with at its end: the loop's.
 *
 *     int switch_into(void **save, void *to, int result);
 *     int switch_back(void **save, void *to, int result);
 *
 * which switch in the same way, but return `result` from the call of the other one, or of switch_into() itself,
 * with which the context that is gone on with was left: for two sides that are not the same code, such as a
 * generator and its consumer. They are meant to be the last that a function does, as a call in its return
 * statement. Of the pair, one always goes and one always comes back, so that the processor foresees where each
 * leads.
 *
 *     uint64_t switch_fpu_mode(void);
 *     void switch_set_fpu_mode(uint64_t mode);
 *
 * for the floating point control words. */
#ifndef CORO_SWITCH_H
#define CORO_SWITCH_H

#include <stdint.h>

/** What a new context runs; never returns. */
typedef void switch_entry(void *arg);

#if defined(EDDY_UCONTEXT)
#include "coro/switch_ucontext.h"
#elif defined(__x86_64__)
#include "coro/switch_x86_64.h"
#elif defined(__aarch64__)
#include "coro/switch_aarch64.h"
#else
#error "no context switch for this architecture; configure with -Ducontext=true"
#endif

#endif
