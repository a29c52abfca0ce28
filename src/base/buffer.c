#include "base/buffer.h"

#include "base/memory.h"
#include <errno.h>
#include <string.h>

enum { SMALLEST = 256 };

int buffer_reserve(struct buffer *buffer, size_t n)
{
        size_t size = buffer_size(buffer), capacity;
        char *memory;

        if (n <= buffer_room_size(buffer))
                return 0;
        if (n <= buffer->capacity - size && size <= buffer->start) {
                memcpy(buffer->memory, buffer_data(buffer), size);
                buffer->start = 0;
                buffer->end = size;
                return 0;
        }
        if (n > SIZE_MAX / 2 - size)
                return -ENOMEM;
        capacity = buffer->capacity * 2 > SMALLEST ? buffer->capacity * 2 : SMALLEST;
        while (capacity < size + n)
                capacity *= 2;
        memory = memory_alloc(capacity);
        if (!memory)
                return -ENOMEM;
        if (size > 0)
                memcpy(memory, buffer_data(buffer), size);
        memory_free(buffer->memory);
        *buffer = (struct buffer){memory, 0, size, capacity};
        return 0;
}

int buffer_append(struct buffer *buffer, const void *data, size_t n)
{
        int rc = buffer_reserve(buffer, n);

        if (rc < 0 || n == 0)
                return rc;
        memcpy(buffer_room(buffer), data, n);
        buffer->end += n;
        return 0;
}

void buffer_consume(struct buffer *buffer, size_t n)
{
        buffer->start += n;
        if (buffer->start == buffer->end)
                buffer->start = buffer->end = 0;
}

void buffer_finish(struct buffer *buffer)
{
        memory_free(buffer->memory);
        *buffer = (struct buffer){NULL, 0, 0, 0};
}
