/* Threads: work that blocks, done beside the loop; coroutines sent to a loop from outside; loops in several threads.
 *
 *         intptr_t size;
 *         int rc = eddy_to_thread(measure_folder, "/usr", &size);
 *
 * Functions of eddy_executor, eddy_remote and eddy_loop_thread may be called from any thread. */
#ifndef EDDY_THREAD_H
#define EDDY_THREAD_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/* -------------------------------------------------------------------------------------------------------------
 * Work that blocks
 * ------------------------------------------------------------------------------------------------------------- */

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

/* -------------------------------------------------------------------------------------------------------------
 * A coroutine in another thread's loop
 * ------------------------------------------------------------------------------------------------------------- */

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

/* -------------------------------------------------------------------------------------------------------------
 * Loops in threads of their own
 * ------------------------------------------------------------------------------------------------------------- */

/** A thread that runs a loop until it is stopped. */
typedef struct eddy_loop_thread eddy_loop_thread;

/** How a loop's thread is to be. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_loop_thread_options {
        const char *name;  /**< for debuggers; 15 characters of it are kept. NULL: "eddy-loop" */
        size_t stack_size; /**< of the thread, bytes; 0: the system's default */
        int processor;     /**< the only one that it may run on, counted from 1; 0: any */
        void *reserved[4]; /**< zero */
} eddy_loop_thread_options;

/**
 * Start a thread that runs a new loop, for coroutines sent by eddy_run_coroutine_threadsafe(). No signal is handled
 * in it.
 *
 * @param thread   receives it; give it back with eddy_loop_thread_destroy()
 * @param options  may be NULL
 * @return 0
 * @retval -EAGAIN              no thread can be had
 * @retval -EINVAL              there is no such processor, or the stack is too small
 * @retval -ENOMEM, -EMFILE ... no loop could be made
 *
 * Blocks until the loop runs. asyncio has no counterpart but threading.Thread(target=loop.run_forever).
 */
EDDY_API int eddy_loop_thread_start(eddy_loop_thread **thread, const eddy_loop_thread_options *options);

/** Its loop; closed after eddy_loop_thread_stop(), and freed by eddy_loop_thread_destroy(). */
EDDY_API eddy_loop *eddy_loop_thread_loop(const eddy_loop_thread *thread);

/**
 * Cancel what runs in the loop, see it to its end, close the loop, and end the thread. What is sent to it later is
 * answered with EDDY_ELOOPCLOSED.
 *
 * @return 0, or the error for which the loop ended by itself
 *
 * Blocks. Not from the loop's own thread. The second time it does nothing.
 */
EDDY_API int eddy_loop_thread_stop(eddy_loop_thread *thread);

/** Stop a loop's thread if nobody has, and give both back. NULL is allowed. It blocks. */
EDDY_API void eddy_loop_thread_destroy(eddy_loop_thread *thread);

/** How eddy_workers_run() is to go about it. Zero is the default of each. */
typedef struct eddy_workers_options {
        unsigned count;    /**< how many; 0: as many as there are processors to use */
        bool pin;          /**< each worker stays on one processor */
        void *reserved[4]; /**< zero */
} eddy_workers_options;

/**
 * Run a coroutine in each of several loops, each in a thread of its own, until all have ended. The first that fails
 * has the others cancelled; so have Ctrl-C (SIGINT) and SIGTERM, where this is the main thread and nobody else handles
 * them. The calling thread is worker 0.
 *
 *         static intptr_t serve(void *arg)
 *         {
 *                 eddy_server_options options = {.reuse_port = true};
 *                 ...
 *         }
 *
 *         eddy_run_workers(0, serve, NULL);
 *
 * @param n    how many; 0: as many as there are processors to use
 * @param fn   each worker's main coroutine; see eddy_worker_index()
 * @param arg  passed to each
 * @return 0, or the first failure in time; EDDY_CANCELLED after a signal
 * @retval EDDY_ELOOPRUNNING            a loop runs in this thread already
 * @retval -EAGAIN, -ENOMEM, -EMFILE ... a worker could not be started; then none goes on
 *
 * Does not suspend: it blocks.
 */
#define eddy_run_workers(n, fn, ...) eddy_run_workers_((n), (fn), __VA_ARGS__)

/** As eddy_run_workers(), with options, which may be NULL. */
EDDY_API int eddy_workers_run(const eddy_workers_options *options, eddy_fn fn, void *arg);

static inline int eddy_run_workers_(unsigned n, eddy_fn fn, void *arg)
{
        eddy_workers_options options = EDDY_ZERO_;

        options.count = n;
        return eddy_workers_run(&options, fn, arg);
}

/** Which worker this thread is, counted from 0; -1 where it is none. */
EDDY_API int eddy_worker_index(void);

EDDY_END_DECLS

#endif
