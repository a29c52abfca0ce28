/* A growing run of bytes, taken from the front and added to at the back. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

/** Zeroed: empty, and without memory. */
struct buffer {
        char *memory;
        size_t start, end; /* the bytes in it */
        size_t capacity;
};

static inline size_t buffer_size(const struct buffer *buffer)
{
        return buffer->end - buffer->start;
}

static inline char *buffer_data(const struct buffer *buffer)
{
        return buffer->memory + buffer->start;
}

/** Where to write, after buffer_reserve(). */
static inline char *buffer_room(const struct buffer *buffer)
{
        return buffer->memory + buffer->end;
}

static inline size_t buffer_room_size(const struct buffer *buffer)
{
        return buffer->capacity - buffer->end;
}

/** Make room for n more bytes; 0 or -ENOMEM. Moves the bytes. */
int buffer_reserve(struct buffer *buffer, size_t n);

/** 0 or -ENOMEM. */
int buffer_append(struct buffer *buffer, const void *data, size_t n);

/** Take n bytes from the front. */
void buffer_consume(struct buffer *buffer, size_t n);

/** Give its memory back. */
void buffer_finish(struct buffer *buffer);

#endif
