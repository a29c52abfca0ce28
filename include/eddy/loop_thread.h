/* Loops in threads of their own: one, or as many as there are processors. Functions of eddy_loop_thread may be called from any thread. */
#ifndef EDDY_LOOP_THREAD_H
#define EDDY_LOOP_THREAD_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

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
