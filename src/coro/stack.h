/* Stacks: cut from slabs, each with a guard below, recycled hot and given back when idle. */
#ifndef CORO_STACK_H
#define CORO_STACK_H

#include <eddy/loop.h>

/** One stack. Lies at its own upper end, beside the first frames, so that both share a page. */
struct stack {
        struct stack *next_free; /* in slab->free */
        struct stack_slab *slab;
        char *bottom;       /* the lowest byte above the guard */
        void *runner;       /* see run_on_stack(); NULL: another one has to begin */
        void *fiber;        /* ThreadSanitizer's name for it */
        const char *detour; /* the name of the detour that it serves; NULL: it is a coroutine's */
        unsigned valgrind_id;
};

/** Stacks of one size. */
struct stack_class {
        eddy_link link;      /* in stack_pool.classes */
        size_t stack_size;   /* guard included */
        eddy_link available; /* slabs with a free stack, the hottest first */
        eddy_link full;
        unsigned slab_count;
};

/** One mapping that holds several stacks. */
struct stack_slab {
        eddy_link link; /* in class->available or class->full */
        struct stack_class *class;
        char *memory;
        void *mapping;
        size_t mapping_size;
        unsigned count; /* stacks it has room for */
        unsigned made;  /* of them, so many have their guard */
        unsigned used;
        struct stack *free;
        bool was_idle; /* no stack of it was used when the pool was last trimmed */
};

/** A loop's stacks. */
struct stack_pool {
        eddy_loop *loop;           /* NULL: none; idle slabs then stay until the pool is finished */
        struct stack_class common; /* of the default size; the others are in classes */
        eddy_link classes;
        struct stack *spare; /* of the common size, given back last: kept apart for who comes next */
        eddy_timer trim;     /* set while a slab has no used stack */
};

enum { STACK_MIN_SIZE = 16 * 1024, STACK_DEFAULT_SIZE = 256 * 1024 };

void stack_pool_init(struct stack_pool *pool, eddy_loop *loop, size_t default_size);
void stack_pool_finish(struct stack_pool *pool);

/** As stack_take() and stack_give(), past the spare one. */
struct stack *stack_take_from_slab(struct stack_pool *pool, size_t size);
void stack_give_to_slab(struct stack_pool *pool, struct stack *stack);

/** A stack of at least so many bytes, guard included (0: the default); NULL, with a detail, where the system
 * has none left. */
static inline struct stack *stack_take(struct stack_pool *pool, size_t size)
{
        struct stack *stack = pool->spare;

        if (!stack || size)
                return stack_take_from_slab(pool, size);
        pool->spare = NULL;
        return stack;
}

/** Give a stack back. Its memory stays as it is until something else runs. */
static inline void stack_give(struct stack_pool *pool, struct stack *stack)
{
        if (pool->spare || stack->slab->class != &pool->common)
                stack_give_to_slab(pool, stack);
        else
                pool->spare = stack;
}

/** Whether an address lies in the guard below a stack. */
bool stack_guard_holds(const struct stack *stack, const void *address);

/** Bytes between the guard and the top. */
size_t stack_usable_size(const struct stack *stack);

#endif
