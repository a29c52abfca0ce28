#include "base/misuse.h"

#include <eddy/error.h>
#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_FRAMES = 32 };

int misuse(int rc)
{
        const char *debug = getenv("EDDY_DEBUG");
        void *frames[MOST_FRAMES];
        int count;

        if (!debug || !*debug || *debug == '0')
                return rc;
        fprintf(stderr, "eddy: misuse: %s (%s); the calls that led to it:\n", eddy_strerror(rc),
                eddy_errname(rc));
        count = backtrace(frames, MOST_FRAMES);
        /* This function itself tells nobody anything. */
        backtrace_symbols_fd(frames + 1, count - 1, STDERR_FILENO);
        return rc;
}
