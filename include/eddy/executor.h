/* Executors: work that blocks, done by other threads while the loop goes on.
 *
 *         intptr_t size;
 *         int rc = eddy_to_thread(measure_folder, "/usr", &size);
 *
 * Functions of eddy_executor may be called from any thread. */
#ifndef EDDY_EXECUTOR_H
#define EDDY_EXECUTOR_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/** Threads that do work: calls of functions that block. Whoever has none of his own uses the loop's default one. */
typedef struct eddy_executor eddy_executor;

/** How a call is to be made. Zero is the default of each. */
typedef struct eddy_work_options {
        const char *name;        /**< for messages; not copied, so a literal or what outlives the call */
        eddy_loop *loop;         /**< which is told of its end; NULL: the running one */
        eddy_executor *executor; /**< whose thread does it; NULL: the loop's default one */
        const void *args;        /**< copied, and passed to the function as its argument */
        size_t args_size;        /**< bytes at args */
        void *reserved[4];       /**< zero */
} eddy_work_options;

/**
 * Call a function on another thread and wait for what it returns, while the loop goes on.
 *
 * @param fn      called on a thread of the loop's default executor, in a copy of the caller's context (see
 *                eddy/context.h). Nothing that belongs to a loop may be touched there except by functions ending
 *                in _threadsafe
 * @param arg     passed to it. It must live until fn has returned, which is later than this call where that was
 *                interrupted: lend nothing of the caller's stack but within EDDY_SHIELD_SCOPE, or have it copied by
 *                eddy_to_thread_spawn()
 * @param result  receives what fn returned, a value or an error, and means something only where this call returns
 *                0. The thread does not touch it. NULL: an error that fn returned is what this call returns
 * @return how the wait went: 0, whatever fn returned, unless result is NULL
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted. If fn had not begun it never will; else it runs
 *                                       on, sees eddy_work_cancelled(), and what it returns is dropped
 * @retval EDDY_ESHUTDOWN                the default executor is shut down
 * @retval EDDY_ENOTASK                  called outside a coroutine
 * @retval -EAGAIN                       no thread can be had
 * @retval -ENOMEM                       no memory
 *
 * Suspends. asyncio.to_thread().
 */
#define eddy_to_thread(fn, ...) eddy_to_thread_(#fn, (fn), NULL, 0, __VA_ARGS__)

/**
 * As eddy_to_thread(), with a copy of the arguments, so that the caller's need not outlive the call:
 *
 *         rc = eddy_to_thread_spawn(add, &result, &(struct pair){1, 2});
 */
#define eddy_to_thread_spawn(fn, result, ...)                                                                  \
        eddy_to_thread_(#fn, (fn), (__VA_ARGS__), sizeof *(__VA_ARGS__), NULL, (result))

/** As eddy_to_thread(), with options; options->loop can only be the caller's own. */
EDDY_API EDDY_ASYNC int eddy_to_thread_with(const eddy_work_options *options, eddy_fn fn, void *arg,
                                            intptr_t *result);

static inline int eddy_to_thread_(const char *name, eddy_fn fn, const void *args, size_t args_size, void *arg,
                                  intptr_t *result)
{
        eddy_work_options options = EDDY_ZERO_;

        options.name = name;
        options.args = args;
        options.args_size = args_size;
        return eddy_to_thread_with(&options, fn, arg, result);
}

/**
 * Have a function called on another thread.
 *
 * @param options  may be NULL
 * @param fn       as for eddy_to_thread()
 * @param arg      passed to it, unless options->args is; must live until it has returned, whatever becomes of the
 *                 future
 * @return a future of what fn returns, given back with eddy_unref() or eddy_join(). Where no thread takes the call it
 *         has failed already: EDDY_ESHUTDOWN, -EAGAIN. NULL without memory or loop, which every function that takes
 *         a future answers with -ENOMEM
 *
 * Cancelling the future takes the call back if it has not begun; else its result is dropped. In the loop's thread
 * only. Does not suspend.
 */
EDDY_API eddy_future *eddy_executor_submit(const eddy_work_options *options, eddy_fn fn, void *arg);

/**
 * As eddy_executor_submit(), named after its function. loop.run_in_executor().
 *
 * @param the_loop      NULL: the running one
 * @param the_executor  NULL: the loop's default one
 */
#define eddy_run_in_executor(the_loop, the_executor, fn, ...)                                                  \
        eddy_run_in_executor_(#fn, (the_loop), (the_executor), (fn), __VA_ARGS__)

static inline eddy_future *eddy_run_in_executor_(const char *name, eddy_loop *loop, eddy_executor *executor,
                                                 eddy_fn fn, void *arg)
{
        eddy_work_options options = EDDY_ZERO_;

        options.name = name;
        options.loop = loop;
        options.executor = executor;
        return eddy_executor_submit(&options, fn, arg);
}

/** Within a function that was called so: whether nobody waits for its result any more, for those that want to end when
 * asked. False outside. Does not suspend. */
EDDY_API bool eddy_work_cancelled(void);

/** How an executor is to be. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_executor_options {
        unsigned max_threads; /**< 1 to 1024; 0: 4 more than there are processors, but no more than 32 */
        const char *name;     /**< of its threads, for debuggers; 15 characters are kept; NULL: "eddy-worker" */
        eddy_duration idle_timeout; /**< a thread ends that had no work for so long; 0: 5 seconds */
        size_t stack_size;          /**< of its threads, bytes; 0: the system's default */
        void *reserved[4];          /**< zero */
} eddy_executor_options;

/**
 * Create an executor. Its threads come with its first work and end when they are idle for long.
 *
 * @param executor  receives it; give it back with eddy_executor_destroy()
 * @param options   may be NULL
 * @return 0
 * @retval -EINVAL  too many threads, or a negative time
 * @retval -ENOMEM  no memory
 *
 * Several loops may use it. concurrent.futures.ThreadPoolExecutor().
 */
EDDY_API int eddy_executor_create(eddy_executor **executor, const eddy_executor_options *options);

/* How eddy_executor_shutdown() goes about it. */
#define EDDY_SHUTDOWN_WAIT   1u /**< return only when all threads have ended */
#define EDDY_SHUTDOWN_CANCEL 2u /**< what has not begun is cancelled: its future is EDDY_CANCELLED */

/**
 * Take no more work, and end the threads when what there is has been done.
 *
 * @param flags  EDDY_SHUTDOWN_WAIT, EDDY_SHUTDOWN_CANCEL, or 0
 *
 * With EDDY_SHUTDOWN_WAIT it blocks, and must not be called on one of its own threads; a coroutine calls it by
 * eddy_to_thread(). Executor.shutdown().
 */
EDDY_API void eddy_executor_shutdown(eddy_executor *executor, unsigned flags);

/** Shut an executor down, wait for its work, and give it back. NULL is allowed. It blocks. */
EDDY_API void eddy_executor_destroy(eddy_executor *executor);

/** How many threads an executor has now; in a forked child none. */
EDDY_API unsigned eddy_executor_thread_count(eddy_executor *executor);

/**
 * Choose the executor of a loop's calls for which none is named. Look-ups of names and files are none of them: they have
 * threads of their own, so that no call that blocks holds them up.
 *
 * @param executor  stays the caller's, may be several loops' default, and is not shut down with any; destroy it
 *                  after the loop. NULL: one of the loop's own, as at first
 * @return 0
 * @retval EDDY_EWRONGLOOP   the loop runs in another thread
 * @retval EDDY_ELOOPCLOSED  the loop is closed
 * @retval EDDY_ESHUTDOWN    after eddy_shutdown_default_executor()
 * @retval EDDY_EBUSY        the one there was before has work to do
 * @retval -ENOMEM           no memory
 *
 * Does not suspend. loop.set_default_executor().
 */
EDDY_API int eddy_set_default_executor(eddy_loop *loop, eddy_executor *executor);

/**
 * Refuse further calls of the running loop's default executor, and wait until those there are have returned. Names and
 * files are not concerned.
 *
 * @param timeout  EDDY_FOREVER: however long it takes
 * @return 0
 * @retval EDDY_TIMEOUT    calls are left, of which the loop's exception handler was told; or the caller's deadline
 *                         passed
 * @retval EDDY_CANCELLED  the caller was cancelled
 * @retval EDDY_ENOTASK    called outside a coroutine
 * @retval -ENOMEM         no memory
 *
 * Suspends. eddy_run() need not be told: a loop that closes waits for its default executor's calls, at most for
 * eddy_runner_options.executor_timeout. One that blocks for longer is told of by the loop's exception handler, and
 * left alone: its thread goes on, nothing that it may touch is freed, and the process may exit. One that nobody waits for
 * any more, because its future or caller was cancelled or late, has a second and is left then, with a line in debug mode.
 * loop.shutdown_default_executor().
 */
EDDY_API EDDY_ASYNC int eddy_shutdown_default_executor(eddy_duration timeout);

EDDY_END_DECLS

#endif
