/* Memory, from the allocator that the user chose. Every function may fail with NULL. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <eddy/base.h>
#include <errno.h>
#include <string.h>

static inline void *memory_alloc(size_t size)
{
        return eddy_malloc(size);
}

static inline void *memory_zalloc(size_t size)
{
        void *pointer = eddy_malloc(size);

        return pointer ? memset(pointer, 0, size) : NULL;
}

static inline void *memory_realloc(void *pointer, size_t size)
{
        return eddy_realloc(pointer, size);
}

static inline void memory_free(void *pointer)
{
        eddy_free(pointer);
}

static inline char *memory_strdup(const char *text)
{
        size_t size = strlen(text) + 1;
        char *copy = eddy_malloc(size);

        return copy ? memcpy(copy, text, size) : NULL;
}

/** Have a copy in a text's place, where there is one: 0; or -ENOMEM, and then there is none. */
static inline int memory_copy_text(const char **text)
{
        if (!*text)
                return 0;
        *text = memory_strdup(*text);
        return *text ? 0 : -ENOMEM;
}

/** Free such a copy, which nobody was to change. */
static inline void memory_free_text(const char *text)
{
        memory_free((char *)(uintptr_t)text);
}

#endif
