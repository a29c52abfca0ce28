#include "coro/coro.h"

#include "base/memory.h"
#include "coro/overflow.h"
#include <string.h>

int coroutines_init(eddy_loop *loop, size_t stack_size)
{
        struct coroutines *coroutines = memory_zalloc(sizeof *coroutines);

        if (!coroutines)
                return -ENOMEM;
        stack_pool_init(&coroutines->stacks, loop, stack_size);
        coroutines->default_size = stack_size;
        coroutines->fpu_mode = switch_fpu_mode();
        loop->coroutines = coroutines;
        overflow_handle_signals();
        return 0;
}

void coroutines_finish(eddy_loop *loop)
{
        stack_pool_finish(&loop->coroutines->stacks);
        memory_free(loop->coroutines);
        loop->coroutines = NULL;
}

static _Noreturn void run_on_stack(void *arg);

/** Give a new coroutine its stack, so that it can be switched to.
 *
 * @param reserved  bytes to leave free at the stack's top
 * @return where they are, or NULL where there is no stack
 */
static inline void *prepare(struct coroutines *coroutines, struct coro *coro, size_t reserved)
{
        void *top;

        coro->stack = stack_take(&coroutines->stacks, coro->stack_size);
        if (!coro->stack)
                return NULL;
        fiber_reuse_stack(coro->stack);
        top = (void *)(((uintptr_t)coro->stack - reserved) & ~(uintptr_t)15);
        coro->sp = switch_prepare(top, run_on_stack, coro->stack, &coroutines->home.sp);
        return top;
}

struct coro *coro_prepare_next(eddy_loop *loop, struct coro *next)
{
        while (!next->sp && !prepare(loop->coroutines, next, 0)) {
                next->impl->refuse(next);
                next = coro_take_next(loop);
        }
        return next;
}

/** The end of a coroutine: its stack goes on with the next one, if that is new; else it is given back. */
static inline __attribute__((always_inline)) struct coro *finish(eddy_loop *loop, struct stack *stack)
{
        struct coroutines *coroutines = loop->coroutines;
        struct coro *next = coro_take_next(loop);
        void *never;

        if (!next->sp) {
                if (next->stack_size == 0 && stack->slab->class == &coroutines->stacks.common) {
                        next->stack = stack;
                        coro_running_here = next;
                        return next;
                }
                coro_running_here = NULL; /* who ended may be gone, and is not to be told of failures */
                next = coro_prepare_next(loop, next);
        }
        stack_give(&coroutines->stacks, stack);
        coro_running_here = next;
        fiber_leave_for_good();
        fiber_before_switch(NULL, next->stack, &coroutines->fiber_home);
        switch_context(&never, next->sp);
        __builtin_unreachable();
}

static _Noreturn void run_on_stack(void *arg)
{
        eddy_loop *loop = loop_running_here;
        struct coro *coro = coro_running_here;

        fiber_after_switch(NULL, &loop->coroutines->fiber_home);
        for (;;) {
                bool own_fpu_mode = coro->own_fpu_mode;

                coro->has_begun = true;
                coro->impl->run(coro);
                if (__builtin_expect(own_fpu_mode, 0))
                        switch_set_fpu_mode(loop->coroutines->fpu_mode);
                coro = finish(loop, arg);
        }
}

void *coro_place(struct coro *coro, eddy_loop *loop, const void *bytes, size_t size)
{
        void *copy = prepare(loop->coroutines, coro, size);

        return copy ? memcpy(copy, bytes, size) : NULL;
}

/** Switch from the loop's own stack to a coroutine. */
static void leave_home(eddy_loop *loop, struct coro *coro)
{
        struct coroutines *coroutines = loop->coroutines;
        void *kept = NULL;

        if (!coro->sp && !prepare(coroutines, coro, 0)) {
                coro->impl->refuse(coro);
                return;
        }
        coro_running_here = coro;
        coroutines->fiber_home.is_left = true;
        fiber_before_switch(&kept, coro->stack, &coroutines->fiber_home);
        switch_context(&coroutines->home.sp, coro->sp);
        fiber_after_switch(kept, &coroutines->fiber_home);
        coro_running_here = NULL;
}

void coro_resume(void *coro)
{
        leave_home(loop_running_here, coro);
}

void coro_answer(struct coroutines *coroutines, struct coro *self)
{
        while (coroutines->question) {
                void (*question)(void *arg) = coroutines->question;
                void *kept = NULL;

                coroutines->question = NULL;
                question(coroutines->question_arg);
                fiber_before_switch(&kept, coroutines->asker ? coroutines->asker->stack : NULL,
                                    &coroutines->fiber_home);
                switch_context(&self->sp, coroutines->asker_sp);
                fiber_after_switch(kept, &coroutines->fiber_home);
        }
}

void coro_give_way_with_own_fpu_mode(struct coroutines *coroutines, struct coro *self, struct coro *next)
{
        uint64_t mode = switch_fpu_mode();

        switch_set_fpu_mode(coroutines->fpu_mode);
        coro_give_way(coroutines, self, next);
        switch_set_fpu_mode(mode);
}

void coro_run_now(eddy_loop *loop, struct coro *coro)
{
        struct coro *self = coro_running_here;
        bool must_return;

        must_return = loop->must_return;
        if (!self) {
                loop->must_return = true;
                leave_home(loop, coro);
                loop->must_return = must_return;
                return;
        }
        /* Whoever gives way next hands on to the first that is ready: that shall be the caller. */
        loop->must_return = false;
        loop_untake(loop, &self->resume);
        loop_untake(loop, &coro->resume);
        coro_suspend(self);
        loop->must_return = must_return;
}

void coro_ask(eddy_loop *loop, struct coro *coro, void (*question)(void *arg), void *arg)
{
        struct coroutines *coroutines = loop->coroutines;
        void *kept = NULL;

        coroutines->question = question;
        coroutines->question_arg = arg;
        coroutines->asker = coro_running_here;
        coroutines->fiber_home.is_left = !coro_running_here;
        fiber_before_switch(&kept, coro->stack, &coroutines->fiber_home);
        switch_context(&coroutines->asker_sp, coro->sp);
        fiber_after_switch(kept, &coroutines->fiber_home);
}
