#include "base/pool.h"

struct pool_chunk {
        struct pool_chunk *next;
        _Alignas(16) char items[];
};

enum { CHUNK_SIZE = 64 * 1024 };

void pool_init(struct pool *pool, size_t item_size)
{
        *pool = (struct pool){.item_size = (item_size + 7) & ~(size_t)7};
}

void pool_finish(struct pool *pool)
{
        while (pool->chunks) {
                struct pool_chunk *chunk = pool->chunks;

                pool->chunks = chunk->next;
                memory_free(chunk);
        }
}

void *pool_cut(struct pool *pool)
{
        struct pool_chunk *chunk;
        char *item;

        if (SANITIZER_WATCHES_MEMORY)
                return memory_alloc(pool->item_size);
        if (!pool->fresh || pool->fresh + pool->item_size > pool->fresh_end) {
                chunk = memory_alloc(CHUNK_SIZE);
                if (!chunk)
                        return NULL;
                chunk->next = pool->chunks;
                pool->chunks = chunk;
                pool->fresh = chunk->items;
                pool->fresh_end = (char *)chunk + CHUNK_SIZE;
        }
        item = pool->fresh;
        pool->fresh += pool->item_size;
        return item;
}
