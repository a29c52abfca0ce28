#include "coro/coro.h"

#include "base/memory.h"
#include "coro/overflow.h"
#include <string.h>

static void close_coroutines(eddy_loop *loop)
{
        stack_pool_finish(&coroutines_of(loop)->stacks);
        memory_free(coroutines_of(loop));
        loop->tenants[ROOM_COROUTINES].kept = NULL;
}

static const struct loop_tenant_impl coroutines_impl = {.close = close_coroutines};

int coroutines_init(eddy_loop *loop, size_t stack_size)
{
        struct coroutines *coroutines = memory_zalloc(sizeof *coroutines);

        if (!coroutines)
                return -ENOMEM;
        stack_pool_init(&coroutines->stacks, loop, stack_size);
        coroutines->default_size = stack_size;
        coroutines->fpu_mode = switch_fpu_mode();
        loop_move_in(loop, ROOM_COROUTINES, &coroutines_impl, coroutines);
        overflow_handle_signals();
        return 0;
}

static _Noreturn void run_on_stack(void *arg);

/** Give a coroutine its stack. */
static inline void settle(struct coro *coro, struct stack *stack)
{
        coro->stack = stack;
        coro->resume.callback = coro_resume;
}

/** Let a new coroutine begin at the top of a stack, with some bytes left free there; returns where they are. */
static void *begin_runner(struct coroutines *coroutines, struct coro *coro, struct stack *stack,
                          size_t reserved)
{
        void *top;

        fiber_reuse_stack(stack);
        top = (void *)(((uintptr_t)stack - reserved) & ~(uintptr_t)15);
        settle(coro, stack);
        coro->sp = switch_prepare(top, run_on_stack, stack, &coroutines->home.sp);
        return top;
}

/** Give a new coroutine its stack, so that it can be switched to. False where there is none. */
static inline bool prepare(struct coroutines *coroutines, struct coro *coro)
{
        struct stack *stack = stack_take(&coroutines->stacks, coro->stack_size);

        if (!stack)
                return false;
        /* Who watches the program's memory has been told that the runner was left for good. */
        if (stack->runner && !SANITIZER_WATCHES_MEMORY) {
                settle(coro, stack);
                coro->sp = stack->runner;
        } else {
                begin_runner(coroutines, coro, stack, 0);
        }
        return true;
}

struct coro *coro_take_other(eddy_loop *loop)
{
        eddy_handle *next;

        while (coro_find_next(loop, &next)) {
                struct coro *coro = coro_of(next);

                if (!coro)
                        break;
                loop_take_next(loop);
                if (next->callback == coro_resume || prepare(coroutines_of(loop), coro))
                        return coro;
                coro->impl->refuse(coro);
        }
        return &coroutines_of(loop)->home;
}

/** Have the next coroutine, if it is new, begin on a stack whose coroutine has ended; NULL: it is not. */
static inline __attribute__((always_inline)) struct coro *take_newcomer(eddy_loop *loop, struct stack *stack)
{
        eddy_handle *next;
        struct coro *coro;

        if (!coro_find_next(loop, &next) || next->callback != coro_begin)
                return NULL;
        coro = next->arg;
        if (coro->stack_size || stack->slab->class != &coroutines_of(loop)->stacks.common)
                return NULL;
        loop_take_next(loop);
        settle(coro, stack);
        coro_running_here = coro;
        return coro;
}

/** Give back the stack that runs, and go on with another coroutine. Returns when a new one begins on the stack. */
static inline __attribute__((always_inline)) void leave_stack(eddy_loop *loop, struct stack *stack)
{
        struct coroutines *coroutines = coroutines_of(loop);
        struct coro *next = coro_take_next(loop);

        stack_give(&coroutines->stacks, stack);
        coro_running_here = next;
        fiber_leave_for_good();
        fiber_before_switch(NULL, next->stack, &coroutines->fiber_home);
        switch_context(&stack->runner, next->sp);
}

/** Runs one coroutine after the other on a stack. While that is nobody's it stays there, suspended, so that the
 * next one need not begin at the bottom. */
static _Noreturn void run_on_stack(void *arg)
{
        eddy_loop *loop = loop_running_here;
        struct stack *stack = arg;
        struct coro *coro = coro_running_here;

        fiber_after_switch(NULL, &coroutines_of(loop)->fiber_home);
        for (;;) {
                bool own_fpu_mode = coro->own_fpu_mode;

                coro->has_begun = true;
                coro->impl->run(coro);
                if (__builtin_expect(own_fpu_mode, 0))
                        switch_set_fpu_mode(coroutines_of(loop)->fpu_mode);
                coro_running_here = NULL; /* it may be gone, and is not to be told of failures */
                coro = take_newcomer(loop, stack);
                if (!coro) {
                        leave_stack(loop, stack);
                        coro = coro_running_here;
                }
        }
}

void *coro_place(struct coro *coro, eddy_loop *loop, const void *bytes, size_t size)
{
        struct stack *stack = stack_take(&coroutines_of(loop)->stacks, coro->stack_size);

        return stack ? memcpy(begin_runner(coroutines_of(loop), coro, stack, size), bytes, size) : NULL;
}

/** Switch from the loop's own stack to a coroutine. */
static void leave_home(eddy_loop *loop, struct coro *coro)
{
        struct coroutines *coroutines = coroutines_of(loop);
        void *kept = NULL;

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

void coro_begin(void *arg)
{
        eddy_loop *loop = loop_running_here;
        struct coro *coro = arg;

        if (prepare(coroutines_of(loop), coro))
                leave_home(loop, coro);
        else
                coro->impl->refuse(coro);
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
                coro->resume.callback(coro);
                loop->must_return = must_return;
                return;
        }
        /* Whoever gives way next hands on to the first that is ready: that shall be the caller. */
        loop->must_return = false;
        list_prepend(loop->running, &self->resume.link);
        list_prepend(loop->running, &coro->resume.link);
        coro_suspend(self);
        loop->must_return = must_return;
}

void coro_ask(eddy_loop *loop, struct coro *coro, void (*question)(void *arg), void *arg)
{
        struct coroutines *coroutines = coroutines_of(loop);
        void *kept = NULL;

        coroutines->question = question;
        coroutines->question_arg = arg;
        coroutines->asker = coro_running_here;
        coroutines->fiber_home.is_left = !coro_running_here;
        fiber_before_switch(&kept, coro->stack, &coroutines->fiber_home);
        switch_context(&coroutines->asker_sp, coro->sp);
        fiber_after_switch(kept, &coroutines->fiber_home);
}
