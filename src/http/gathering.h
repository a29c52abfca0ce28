/* Bytes that come one after the other, and how many is not known before. */
#ifndef HTTP_GATHERING_H
#define HTTP_GATHERING_H

#include "base/memory.h"

/** Zeroed: none, and without memory, which is the owner's to free. */
struct gathering {
        char *text;
        size_t size, capacity;
};

/** See that there is room for one more byte at least: 0 or -ENOMEM. */
static inline int gathering_reserve(struct gathering *all)
{
        enum { FIRST = 4096 };
        size_t capacity = all->capacity ? 2 * all->capacity : FIRST;
        char *text;

        if (all->size < all->capacity)
                return 0;
        text = memory_realloc(all->text, capacity);
        if (!text)
                return -ENOMEM;
        all->text = text;
        all->capacity = capacity;
        return 0;
}

#endif
