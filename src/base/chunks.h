/* Blocks of memory for bytes on their way, all of one size, handed out again while they are warm. */
#ifndef BASE_CHUNKS_H
#define BASE_CHUNKS_H

#include "base/memory.h"
#include "base/sanitizer.h"

/* A record of TLS, of 16 KiB, fits with all that is added to it. */
enum { CHUNK_SIZE = 17 * 1024, CHUNKS_KEPT = 32 };

/* For what is short, so that many who say little at once stay within what is warm. */
enum { SMALL_CHUNK_SIZE = 2 * 1024, SMALL_CHUNKS_KEPT = 256 };

/* For what is long: four such records, which are as much as is written before a writer waits. */
enum { LARGE_CHUNK_SIZE = 4 * CHUNK_SIZE, LARGE_CHUNKS_KEPT = 16 };

struct chunk {
        struct chunk *next;
};

/** Owned by what embeds it. */
struct chunks {
        size_t size;         /* of each */
        unsigned most;       /* that are kept */
        unsigned count;      /* that are now */
        struct chunk *first; /* came back; the hottest first */
};

static inline void chunks_init(struct chunks *chunks, size_t size, unsigned most)
{
        *chunks = (struct chunks){.size = size, .most = most};
}

/** So many bytes, not cleared; NULL without memory. They are the allocator's: whoever keeps them for good gives them
 * back by memory_free(). */
static inline void *chunk_take(struct chunks *chunks)
{
        struct chunk *chunk = chunks->first;

        if (!chunk)
                return memory_alloc(chunks->size);
        chunks->first = chunk->next;
        chunks->count--;
        return chunk;
}

static inline void chunk_give(struct chunks *chunks, void *memory)
{
        struct chunk *chunk = memory;

        /* Under a sanitizer at once, so that use after free shows. */
        if (SANITIZER_WATCHES_MEMORY || chunks->count == chunks->most) {
                memory_free(memory);
                return;
        }
        chunk->next = chunks->first;
        chunks->first = chunk;
        chunks->count++;
}

static inline void chunks_finish(struct chunks *chunks)
{
        while (chunks->first) {
                struct chunk *chunk = chunks->first;

                chunks->first = chunk->next;
                memory_free(chunk);
        }
}

#endif
