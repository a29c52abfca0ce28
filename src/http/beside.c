#include "http/beside.h"

#include <eddy/timeout.h>

int do_beside(eddy_executor *executor, const char *name, eddy_fn fn, void *work, intptr_t *result)
{
        const eddy_work_options options = {.name = name, .executor = executor};
        int rc = 0;

        EDDY_SHIELD_SCOPE
                rc = eddy_to_thread_with(&options, fn, work, result);
        return rc;
}
