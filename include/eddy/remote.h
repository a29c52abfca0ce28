/* Remotes: coroutines sent to the loop of another thread. These functions may be called from any thread. */
#ifndef EDDY_REMOTE_H
#define EDDY_REMOTE_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/** What other threads hold of a coroutine that they sent to a loop. */
typedef struct eddy_remote eddy_remote;

/** How a coroutine is sent to a loop. Zero is the default of each. */
typedef struct eddy_remote_options {
        const char *name;  /**< its task's, not copied; NULL: none */
        const void *args;  /**< copied, and passed to the coroutine as its argument */
        size_t args_size;  /**< bytes at args; at most 1024 */
        void *reserved[4]; /**< zero */
} eddy_remote_options;

/**
 * Run a coroutine in the loop of another thread, in a copy of the caller's context.
 *
 * @param loop  must not be destroyed meanwhile; that it may be closed is no harm
 * @param fn    the coroutine's body
 * @param arg   passed to it; must live until the remote is done
 * @return what to wait for it with, given back with eddy_remote_release(); it is done with EDDY_ELOOPCLOSED where the
 *         loop is closed before the coroutine has ended. NULL without memory, which every function that takes a
 *         remote answers with -ENOMEM
 *
 * From any thread. asyncio.run_coroutine_threadsafe().
 */
#define eddy_run_coroutine_threadsafe(loop, fn, ...)                                                           \
        eddy_remote_create_(#fn, (loop), (fn), NULL, 0, __VA_ARGS__)

/** As eddy_run_coroutine_threadsafe(), with a copy of the arguments:
 * `eddy_spawn_threadsafe(loop, add, &(struct pair){1, 2})`. */
#define eddy_spawn_threadsafe(loop, fn, ...)                                                                   \
        eddy_remote_create_(#fn, (loop), (fn), (__VA_ARGS__), sizeof *(__VA_ARGS__), NULL)

/** As eddy_run_coroutine_threadsafe(), with options, which may be NULL. */
EDDY_API eddy_remote *eddy_remote_create(eddy_loop *loop, const eddy_remote_options *options, eddy_fn fn,
                                         void *arg);

static inline eddy_remote *eddy_remote_create_(const char *name, eddy_loop *loop, eddy_fn fn, const void *args,
                                               size_t args_size, void *arg)
{
        eddy_remote_options options = EDDY_ZERO_;

        options.name = name;
        options.args = args;
        options.args_size = args_size;
        return eddy_remote_create(loop, &options, fn, arg);
}

/**
 * Block until the coroutine has ended.
 *
 * @param timeout  how long at most; EDDY_FOREVER: none
 * @param result   receives its outcome, a value or an error. NULL: an error of it is what this call returns
 * @return 0, whatever the outcome, unless result is NULL; eddy_error_detail() then speaks of it if it failed
 * @retval EDDY_TIMEOUT     it has not ended; it goes on
 * @retval EDDY_EWRONGLOOP  this is the loop's own thread, which would wait for itself
 * @retval -ENOMEM          remote is NULL
 *
 * Does not suspend: it blocks. concurrent.futures.Future.result().
 */
EDDY_API int eddy_remote_wait(eddy_remote *remote, eddy_duration timeout, intptr_t *result);

/**
 * Wait until the coroutine has ended, while this thread's own loop goes on.
 *
 * @param result  receives its outcome, a value or an error. NULL: an error of it is what this call returns
 * @return how the wait went: 0, whatever the outcome, unless result is NULL; eddy_error_detail() then speaks of it if it
 *         failed
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted. So was the coroutine, and it has ended: what it
 *                                       was lent is free again. Where it ended with a value all the same, that is handed over
 * @retval EDDY_ENOTASK                  called outside a coroutine
 * @retval EDDY_ESELFAWAIT               it is the caller
 * @retval -ENOMEM                       remote is NULL
 *
 * Suspends, unless it is done: any loop's coroutines may wait, also those of its own. await asyncio.wrap_future(future).
 */
EDDY_API EDDY_ASYNC int eddy_remote_await(eddy_remote *remote, intptr_t *result);

/**
 * Have a future of the running loop follow a remote, for eddy_gather(), eddy_wait() and all others that take futures.
 *
 * @param remote  may be released at once
 * @return a future of the coroutine's outcome, given back with eddy_unref() or eddy_join(). NULL without memory, loop or
 *         remote, which every function that takes a future answers with -ENOMEM
 *
 * Cancelling the future asks the coroutine to end, but does not wait for it: lend it nothing that is gone by then, or use
 * eddy_remote_await(). Does not suspend. asyncio.wrap_future().
 */
EDDY_API eddy_future *eddy_wrap_remote(eddy_remote *remote);

/** Whether the coroutine has ended, or never will begin. Future.done(). */
EDDY_API bool eddy_remote_done(eddy_remote *remote);

/** Ask the coroutine to end, as eddy_cancel() does; false where it is done. It is done only when it has ended.
 * Future.cancel(). */
EDDY_API bool eddy_remote_cancel(eddy_remote *remote);

typedef void (*eddy_remote_callback)(eddy_remote *remote, void *arg);

/**
 * Have a function called when the coroutine has ended.
 *
 * @param callback  called in the loop's thread; here and now where it is done already. It must not release the last
 *                  reference of others
 * @return 0 or -ENOMEM
 *
 * Future.add_done_callback().
 */
EDDY_API int eddy_remote_add_done_callback(eddy_remote *remote, eddy_remote_callback callback, void *arg);

/** Give a remote back; the coroutine goes on. NULL is allowed. */
EDDY_API void eddy_remote_release(eddy_remote *remote);

EDDY_END_DECLS

#endif
