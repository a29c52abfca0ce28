#include "base/fault.h"
#include <eddy/base.h>
#include <stdlib.h>

static eddy_allocator allocator = {malloc, realloc, free};

void eddy_set_allocator(const eddy_allocator *chosen)
{
        allocator = chosen ? *chosen : (eddy_allocator){malloc, realloc, free};
}

void *eddy_malloc(size_t size)
{
        return fault_fires("malloc") ? NULL : allocator.malloc(size);
}

void *eddy_realloc(void *pointer, size_t size)
{
        return fault_fires("realloc") ? NULL : allocator.realloc(pointer, size);
}

void eddy_free(void *pointer)
{
        if (pointer)
                allocator.free(pointer);
}
