#include "coro/stack.h"

#include "base/list.h"
#include "base/memory.h"
#include "base/sys.h"
#include "coro/fiber.h"
#include <stdatomic.h>

/* Linux 6.13. Guards of this kind are marks in the page table and split no mapping, so that their number is
 * not bounded by vm.max_map_count. */
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

enum {
        /* Each slab is twice as large as the one before, up to 16 times as large as the first. */
        FIRST_SLAB_STACKS = 16,
        MOST_DOUBLINGS = 4,
        /* Tops at one page offset would share a few cache sets, so they are spread over half a page. */
        STAGGER_STEP = 64,
        STAGGER_COUNT = 32,
};

static const eddy_duration idle_time = 1000000000;

static size_t page_size(void)
{
        static atomic_size_t size;

        if (!size)
                size = (size_t)sysconf(_SC_PAGESIZE);
        return size;
}

static size_t round_to_pages(size_t size)
{
        return (size + page_size() - 1) & ~(page_size() - 1);
}

/** An eighth of the stack: a frame must be larger than that to step over it, and -fstack-clash-protection
 * probes each page of such a frame. */
static size_t guard_size(size_t stack_size)
{
        size_t size = stack_size / 8 & ~(page_size() - 1);

        return size < page_size() ? page_size() : size;
}

static void class_init(struct stack_class *class, size_t stack_size)
{
        *class = (struct stack_class){.stack_size = round_to_pages(stack_size)};
        list_init(&class->available);
        list_init(&class->full);
}

void stack_pool_init(struct stack_pool *pool, eddy_loop *loop, size_t default_size)
{
        *pool = (struct stack_pool){.loop = loop};
        class_init(&pool->common, default_size);
        list_init(&pool->classes);
}

/** The place of a slab's stack, made or to be made. */
static struct stack *stack_at(const struct stack_slab *slab, unsigned index)
{
        size_t size = slab->class->stack_size;
        char *top = slab->memory + (index + 1) * size - (size_t)(index % STAGGER_COUNT * STAGGER_STEP);

        return (struct stack *)(void *)(top - sizeof(struct stack));
}

static void destroy_slab(struct stack_slab *slab)
{
        /* Also the one that is spare, and those of tasks that will never end. */
        for (unsigned i = 0; i < slab->made; i++)
                fiber_forget_stack(stack_at(slab, i));
        slab->class->slab_count--;
        list_remove(&slab->link);
        munmap(slab->mapping, slab->mapping_size);
        memory_free(slab);
}

static void class_finish(struct stack_class *class)
{
        while (!list_is_empty(&class->available))
                destroy_slab(container_of(class->available.next, struct stack_slab, link));
        while (!list_is_empty(&class->full))
                destroy_slab(container_of(class->full.next, struct stack_slab, link));
}

void stack_pool_finish(struct stack_pool *pool)
{
        eddy_link *link;

        eddy_timer_cancel(&pool->trim);
        class_finish(&pool->common);
        while ((link = list_pop(&pool->classes))) {
                struct stack_class *class = container_of(link, struct stack_class, link);

                class_finish(class);
                memory_free(class);
        }
}

static struct stack_class *find_class(struct stack_pool *pool, size_t size)
{
        struct stack_class *class;

        size = round_to_pages(size);
        if (size == 0 || size == pool->common.stack_size)
                return &pool->common;
        if (size < STACK_MIN_SIZE)
                size = STACK_MIN_SIZE;
        for (eddy_link *link = pool->classes.next; link != &pool->classes; link = link->next) {
                class = container_of(link, struct stack_class, link);
                if (class->stack_size == size)
                        return class;
        }
        class = memory_alloc(sizeof *class);
        if (!class)
                return NULL;
        class_init(class, size);
        list_append(&pool->classes, &class->link);
        return class;
}

static struct stack_slab *create_slab(struct stack_class *class)
{
        struct stack_slab *slab = memory_zalloc(sizeof *slab);
        unsigned count = (unsigned)FIRST_SLAB_STACKS
                         << (class->slab_count < MOST_DOUBLINGS ? class->slab_count : MOST_DOUBLINGS);

        if (!slab)
                return NULL;
        slab->class = class;
        slab->count = count;
        /* Aligned to a stack's size, so that a stack's guard and its top share one page of the page table. */
        slab->mapping_size = ((size_t)count + 1) * class->stack_size;
        slab->mapping = sys_map(slab->mapping_size);
        if (!slab->mapping) {
                memory_free(slab);
                return NULL;
        }
        slab->memory =
            (char *)slab->mapping + (class->stack_size - (uintptr_t)slab->mapping % class->stack_size);
        /* A huge page would turn 4 KiB of a stack into 2 MiB. Where the kernel has none, it refuses, rightly. */
        sys_madvise(slab->mapping, slab->mapping_size, MADV_NOHUGEPAGE);
        list_prepend(&class->available, &slab->link);
        class->slab_count++;
        return slab;
}

/** How this system guards; found out with the first stack. */
enum guard_kind { GUARD_UNKNOWN, GUARD_BY_MARKS, GUARD_BY_PROTECTION };

/** Emulators take advice that they do not know for a hint, and report success. */
static bool is_guarded(char *bottom)
{
        return sys_madvise(bottom, page_size(), MADV_POPULATE_READ) == -EFAULT;
}

static int install_guard(char *bottom, size_t size)
{
        static _Atomic(enum guard_kind) kind;
        int rc = -EINVAL;

        if (kind != GUARD_BY_PROTECTION) {
                rc = sys_madvise(bottom, size, MADV_GUARD_INSTALL);
                if (rc == 0 && kind == GUARD_UNKNOWN)
                        kind = is_guarded(bottom) ? GUARD_BY_MARKS : GUARD_BY_PROTECTION;
                else if (rc == -EINVAL)
                        kind = GUARD_BY_PROTECTION;
        }
        if (kind != GUARD_BY_PROTECTION)
                return rc;
        rc = sys_mprotect(bottom, size, PROT_NONE);
        if (rc == -ENOMEM)
                eddy_fail(rc, "no more coroutine stacks: the kernel's limit of mappings is reached; "
                              "raise vm.max_map_count, or use Linux 6.13 or newer");
        return rc;
}

/** Make a slab's next stack, guard first. */
static struct stack *make_stack(struct stack_slab *slab)
{
        size_t size = slab->class->stack_size, guard = guard_size(size);
        char *memory = slab->memory + slab->made * size;
        struct stack *stack = stack_at(slab, slab->made);

        if (install_guard(memory, guard) < 0)
                return NULL;
        slab->made++;
        *stack = (struct stack){.slab = slab, .bottom = memory + guard};
        fiber_know_stack(stack);
        return stack;
}

struct stack *stack_take_from_slab(struct stack_pool *pool, size_t size)
{
        struct stack_class *class = size ? find_class(pool, size) : &pool->common;
        struct stack_slab *slab;
        struct stack *stack;

        if (!class)
                return NULL;
        if (list_is_empty(&class->available) && !create_slab(class)) {
                eddy_fail(-ENOMEM, "no address space for more coroutine stacks of %zu bytes",
                          class->stack_size);
                return NULL;
        }
        slab = container_of(class->available.next, struct stack_slab, link);
        stack = slab->free;
        if (stack)
                slab->free = stack->next_free;
        else if (!(stack = make_stack(slab)))
                return NULL;
        slab->used++;
        if (slab->used == slab->count) {
                list_remove(&slab->link);
                list_append(&class->full, &slab->link);
        }
        return stack;
}

static void set_trim(struct stack_pool *pool);

/** Unmap the slabs that have not been used since the last time. */
static bool trim_class(struct stack_class *class)
{
        bool is_any_idle = false;
        eddy_link *link = class->available.next;

        while (link != &class->available) {
                struct stack_slab *slab = container_of(link, struct stack_slab, link);

                link = link->next;
                if (slab->used > 0)
                        continue;
                if (slab->was_idle) {
                        destroy_slab(slab);
                        continue;
                }
                slab->was_idle = true;
                is_any_idle = true;
        }
        return is_any_idle;
}

static void trim(void *arg)
{
        struct stack_pool *pool = arg;
        bool is_any_idle = trim_class(&pool->common);

        for (eddy_link *link = pool->classes.next; link != &pool->classes; link = link->next)
                is_any_idle |= trim_class(container_of(link, struct stack_class, link));
        if (is_any_idle)
                set_trim(pool);
}

static void set_trim(struct stack_pool *pool)
{
        eddy_call_later(pool->loop, &pool->trim, idle_time, trim, pool);
}

void stack_give_to_slab(struct stack_pool *pool, struct stack *stack)
{
        struct stack_slab *slab = stack->slab;

        stack->next_free = slab->free;
        slab->free = stack;
        if (slab->used-- == slab->count) {
                list_remove(&slab->link);
                list_prepend(&slab->class->available, &slab->link);
        }
        if (slab->used > 0)
                return;
        slab->was_idle = false;
        if (pool->loop && !list_is_linked(&pool->trim.handle.link))
                set_trim(pool);
}

bool stack_guard_holds(const struct stack *stack, const void *address)
{
        size_t guard = guard_size(stack->slab->class->stack_size);

        return (const char *)address < stack->bottom && (const char *)address >= stack->bottom - guard;
}

size_t stack_usable_size(const struct stack *stack)
{
        return (size_t)((const char *)stack - stack->bottom);
}
