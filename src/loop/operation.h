/* Operations from the inside, for the layers above that describe their own. */
#ifndef LOOP_OPERATION_H
#define LOOP_OPERATION_H

#include "loop/loop.h"

/** Have an operation end, whether or not it has been carried out, and nobody told of it. */
static inline void op_end(eddy_op *op)
{
        eddy_op_cancel(op);
        eddy_handle_cancel(&op->handle);
}

/** Say whom an operation tells of its end. With op_describe() this is how all operations are set up, field by field:
 * compilers clear the whole by a `rep stos`, which takes longer than all of this. */
static inline void op_init(eddy_op *op, eddy_loop *loop, eddy_callback callback, void *arg)
{
        op->handle.link.next = NULL;
        op->handle.callback = callback;
        op->handle.arg = arg;
        op->loop = loop;
        op->pending = false;
        op->traits = op->state = 0;
}

/** Say what it is to do. What is not of every request is the caller's to set: `traits`, which stay, and `extra`. */
static inline void op_describe(eddy_op *op, enum op_kind kind, int fd, const void *data, size_t size, int flags)
{
        op->fd = fd;
        op->kind = (unsigned char)kind;
        op->flags = flags;
        op->buffer = (void *)(uintptr_t)data;
        op->size = size;
}

/** Who carries out operations that are none of the kernel's; their trait is OP_HOSTED, and `extra` is this. */
struct op_host {
        /** As backend_impl.cancel(). */
        void (*cancel)(struct op_host *host, eddy_op *op);
};

/** Begin an operation that is described: its outcome, or EDDY_PENDING. Its loop is open and this thread's, and it is
 * not under way: whoever is not sure of that uses the functions of eddy/operation.h, which look. */
static inline ssize_t op_begin(eddy_op *op)
{
        struct backend *backend = op->loop->backend;

        return backend->impl->begin(backend, op);
}

/** Have its callback come in the next iteration, with an outcome that is known: it is not under way. */
static inline void op_defer(eddy_op *op, ssize_t result)
{
        eddy_loop *loop = op->loop;

        op->result = result;
        list_append(__builtin_expect(loop->host != NULL, 0) ? &loop->come : loop->ready, &op->handle.link);
}

/** What may be done without giving way, where all that is asked for is there at once. */
enum { OPERATIONS_A_TURN = 64 };

/** Count one more that had its outcome at once: whether it is time to give way. */
static inline bool op_should_give_way(eddy_loop *loop)
{
        return ++loop->ran % OPERATIONS_A_TURN == 0;
}

#endif
