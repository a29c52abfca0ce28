#include "base/memory.h"

#include "base/fault.h"
#include <stdlib.h>
#include <string.h>

static eddy_allocator allocator = {malloc, realloc, free};

void eddy_set_allocator(const eddy_allocator *chosen)
{
        allocator = chosen ? *chosen : (eddy_allocator){malloc, realloc, free};
}

void eddy_free(void *pointer)
{
        memory_free(pointer);
}

void *memory_alloc(size_t size)
{
        return fault_fires("malloc") ? NULL : allocator.malloc(size);
}

void *memory_zalloc(size_t size)
{
        void *pointer = memory_alloc(size);

        return pointer ? memset(pointer, 0, size) : NULL;
}

void *memory_realloc(void *pointer, size_t size)
{
        return fault_fires("realloc") ? NULL : allocator.realloc(pointer, size);
}

void memory_free(void *pointer)
{
        if (pointer)
                allocator.free(pointer);
}

char *memory_strdup(const char *text)
{
        size_t size = strlen(text) + 1;
        char *copy = memory_alloc(size);

        return copy ? memcpy(copy, text, size) : NULL;
}
