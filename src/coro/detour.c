#include "coro/detour.h"

#include "base/memory.h"
#include "coro/overflow.h"
#include <string.h>

__thread struct stack *detour_stack_outside;

/** A thread's stacks where it runs no loop. */
struct stacks_outside {
        struct stack_pool pool;
        size_t in_use;
};

/** There while one is in use. Not in thread-local storage itself, of which a library can have next to nothing. */
static __thread struct stacks_outside *stacks_outside;

static void finish_if_unused(struct stacks_outside *stacks)
{
        if (stacks->in_use > 0)
                return;
        stack_pool_finish(&stacks->pool);
        memory_free(stacks);
        stacks_outside = NULL;
}

static struct stack *take_outside(size_t size)
{
        struct stack *stack;

        if (!stacks_outside) {
                stacks_outside = memory_zalloc(sizeof *stacks_outside);
                if (!stacks_outside)
                        return NULL;
                stack_pool_init(&stacks_outside->pool, NULL, STACK_DEFAULT_SIZE);
                overflow_handle_signals();
        }
        stack = stack_take(&stacks_outside->pool, size);
        if (stack)
                stacks_outside->in_use++;
        else
                finish_if_unused(stacks_outside);
        return stack;
}

static void give_outside(struct stack *stack)
{
        stack_give(&stacks_outside->pool, stack);
        stacks_outside->in_use--;
        finish_if_unused(stacks_outside);
}

static _Noreturn void run_on_stack(void *arg)
{
        struct detour *detour = arg;
        void *never;
        int result;

        fiber_after_switch(NULL, &detour->caller);
        result = detour->run(detour);
        *detour->in_use = detour->before;
        fiber_leave_for_good();
        fiber_before_switch(NULL, NULL, &detour->caller);
        switch_back(&never, detour->caller_sp, result);
        __builtin_unreachable();
}

void *detour_init(struct detour *detour, struct stack_pool *pool, size_t stack_size, const char *name,
                  int (*run)(struct detour *detour), const void *bytes, size_t size)
{
        void *top;

        *detour = (struct detour){.pool = pool, .run = run};
        detour->stack = pool ? stack_take(pool, stack_size) : take_outside(stack_size);
        if (!detour->stack)
                return NULL;
        detour->stack->detour = name;
        detour->stack->runner = NULL;
        fiber_reuse_stack(detour->stack);
        top = (void *)(((uintptr_t)detour->stack - size) & ~(uintptr_t)15);
        detour->sp = switch_prepare(top, run_on_stack, detour, &detour->caller_sp);
        return size ? memcpy(top, bytes, size) : top;
}

void detour_finish(struct detour *detour)
{
        struct stack *stack = detour->stack;

        if (!stack)
                return;
        stack->detour = NULL;
        detour->stack = NULL;
        if (detour->pool)
                stack_give(detour->pool, stack);
        else
                give_outside(stack);
}
