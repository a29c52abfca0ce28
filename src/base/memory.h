/* Memory, from the allocator that the user chose. Every function may fail with NULL. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <eddy/base.h>

void *memory_alloc(size_t size);
void *memory_zalloc(size_t size);
void *memory_realloc(void *pointer, size_t size);
void memory_free(void *pointer);
char *memory_strdup(const char *text);

#endif
