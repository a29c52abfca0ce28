/* Objects of one size, handed out again as soon as they come back. Not for several threads. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/memory.h"
#include "base/sanitizer.h"

struct pool_chunk;

struct pool_item {
        struct pool_item *next;
};

/** Owned by what embeds it. Its memory goes back to the system only at pool_finish(). */
struct pool {
        size_t item_size;
        struct pool_item *free;    /* came back; the hottest first */
        struct pool_chunk *chunks; /* what items are cut from */
        char *fresh, *fresh_end;   /* what is not cut yet of the newest chunk */
};

void pool_init(struct pool *pool, size_t item_size);
void pool_finish(struct pool *pool);

/** A new item, from a chunk. */
void *pool_cut(struct pool *pool);

/** An item, not cleared; NULL without memory. */
static inline void *pool_take(struct pool *pool)
{
        struct pool_item *item = pool->free;

        if (!item)
                return pool_cut(pool);
        pool->free = item->next;
        return item;
}

static inline void pool_give(struct pool *pool, void *pointer)
{
        struct pool_item *item = pointer;

        /* Under a sanitizer each item is an allocation of its own, so that use after free shows. */
        if (SANITIZER_WATCHES_MEMORY) {
                memory_free(item);
                return;
        }
        item->next = pool->free;
        pool->free = item;
}

#endif
