#include "base/calls.h"

#include <execinfo.h>
#include <stdlib.h>
#include <string.h>

/** Not this one. */
__attribute__((noinline)) int calls_take(void *frames[], int most)
{
        int count = backtrace(frames, most);

        if (count <= 1)
                return 0;
        memmove(frames, frames + 1, (size_t)(count - 1) * sizeof frames[0]);
        return count - 1;
}

void calls_print(FILE *out, void *const frames[], int count, int skip)
{
        char **names = backtrace_symbols(frames, count);

        for (int i = skip; names && i < count; i++)
                fprintf(out, "%s  %s", i == skip ? "" : "\n", names[i]);
        free(names);
}

void calls_name(char *name, size_t size, void *function)
{
        char **names = backtrace_symbols(&function, 1);

        snprintf(name, size, "%s", names ? names[0] : "?");
        free(names);
}
