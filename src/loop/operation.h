/* Operations from the inside, for the layers above that describe their own. */
#ifndef LOOP_OPERATION_H
#define LOOP_OPERATION_H

#include "loop/loop.h"

/** Begin an operation that is described: its outcome, or EDDY_PENDING. Its loop is open and this thread's, and it is
 * not under way: whoever is not sure of that uses the functions of eddy/operation.h, which look. */
static inline ssize_t op_begin(eddy_op *op)
{
        struct backend *backend = op->loop->backend;

        return backend->impl->begin(backend, op);
}

#endif
