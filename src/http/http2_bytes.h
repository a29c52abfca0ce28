/* Bytes that are put at the end and taken at the front. */
#ifndef HTTP_HTTP2_BYTES_H
#define HTTP_HTTP2_BYTES_H

#include "base/memory.h"

/** Zeroed: none, and without memory, which is the owner's to free. */
struct bytes {
        char *data;
        size_t start, end, capacity;
};

static inline size_t bytes_size(const struct bytes *bytes)
{
        return bytes->end - bytes->start;
}

/** n of them are done with. */
static inline void bytes_drop(struct bytes *bytes, size_t n)
{
        bytes->start += n;
        if (bytes->start == bytes->end)
                bytes->start = bytes->end = 0;
}

/** 0 or -ENOMEM, and then all is as before. */
static inline int bytes_put(struct bytes *bytes, const void *data, size_t n)
{
        enum { FIRST = 1024 };
        size_t size = bytes_size(bytes), capacity = bytes->capacity ? bytes->capacity : FIRST;
        char *longer;

        if (n == 0)
                return 0;
        if (bytes->capacity - bytes->end < n && bytes->start > 0) {
                memmove(bytes->data, bytes->data + bytes->start, size);
                bytes->start = 0;
                bytes->end = size;
        }
        if (bytes->capacity - bytes->end < n) {
                while (capacity < size + n)
                        capacity *= 2;
                longer = memory_realloc(bytes->data, capacity);
                if (!longer)
                        return -ENOMEM;
                bytes->data = longer;
                bytes->capacity = capacity;
        }
        memcpy(bytes->data + bytes->end, data, n);
        bytes->end += n;
        return 0;
}

#endif
