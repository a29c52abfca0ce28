#include "base/misuse.h"

#include "base/calls.h"
#include "base/log.h"
#include <stdatomic.h>
#include <stdlib.h>

enum { MOST_FRAMES = 32 };

static atomic_bool is_told;

bool misuse_env_wants_debug(void)
{
        const char *debug = getenv("EDDY_DEBUG");

        return debug && *debug && *debug != '0';
}

void misuse_tell(void)
{
        atomic_store(&is_told, true);
}

void misuse_report(int rc)
{
        void *frames[MOST_FRAMES];
        char *text = NULL;
        size_t size;
        FILE *out;

        if (!atomic_load(&is_told) && !misuse_env_wants_debug())
                return;
        out = open_memstream(&text, &size);
        if (!out)
                return;
        fprintf(out, "misuse: %s (%s); the calls that led to it:\n", eddy_strerror(rc), eddy_errname(rc));
        /* This function itself tells nobody anything. */
        calls_print(out, frames, calls_take(frames, MOST_FRAMES), 1);
        if (fclose(out) == 0)
                log_text(EDDY_LOG_ERROR, text);
        free(text);
}
