/* Running a program: a loop, a main task, Ctrl-C, and a tidy end. */
#ifndef EDDY_RUN_H
#define EDDY_RUN_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/**
 * Run a coroutine in a new loop until it ends; then cancel and await what it left behind, and what that starts in its
 * clean-up, though not for ever; and close the loop.
 * Ctrl-C (SIGINT) cancels the coroutine, so that its clean-up runs; a second one ends the process at once.
 *
 * @param fn   the main coroutine
 * @param arg  passed to it
 * @return what it returned, or why it could not run
 * @retval EDDY_ELOOPRUNNING    a loop runs in this thread already
 * @retval -ENOMEM, -EMFILE ... no loop could be made
 *
 * Does not suspend: it blocks. asyncio.run().
 */
EDDY_API intptr_t eddy_run(eddy_fn fn, void *arg);

/**
 * Whether Ctrl-C (SIGINT) has cancelled the main coroutine, and not somebody else.
 *
 * Within a loop that eddy_run() or a runner runs it speaks of that one; after it, of this thread's last one:
 *
 *         rc = eddy_run(app, NULL);
 *         return eddy_keyboard_interrupt() ? 128 + SIGINT : rc < 0;
 *
 * Does not suspend. KeyboardInterrupt.
 */
EDDY_API bool eddy_keyboard_interrupt(void);

/** How a runner is to be. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_runner_options {
        bool debug;          /**< debug mode, whatever the environment says */
        bool ignores_sigint; /**< leave SIGINT as it is; it is so in threads other than the main one */
        eddy_duration
            executor_timeout;  /**< how long finishing waits for calls of the loop's default executor (see
                                         * eddy/executor.h); 0: 5 minutes */
        eddy_context *context; /**< what its main coroutines run in, held; NULL: a copy of the current one */
        void *reserved[4];     /**< zero */
} eddy_runner_options;

/** As eddy_run(), with options, which may be NULL. asyncio.run(debug=...). */
EDDY_API intptr_t eddy_run_with(const eddy_runner_options *options, eddy_fn fn, void *arg);

/** Several main coroutines, one after the other, in one loop. Fields are private. */
typedef struct eddy_runner {
        eddy_loop *loop;
        eddy_task *main_task;
        eddy_runner_options options;
        eddy_context *context; /* of all its main coroutines */
        void *reserved[1];
} eddy_runner;

/** Prepare a runner and create its loop; 0 or as eddy_loop_create(). asyncio.Runner(). */
EDDY_API int eddy_runner_init(eddy_runner *runner, const eddy_runner_options *options);

/** Its loop, which eddy_runner_finish() destroys. Runner.get_loop(). */
EDDY_API eddy_loop *eddy_runner_loop(eddy_runner *runner);

/** Run a coroutine until it ends; what it returned, as eddy_run(). Tasks it left go on with the next,
 * which also sees the context variables that it set. Runner.run(). */
EDDY_API intptr_t eddy_runner_run(eddy_runner *runner, eddy_fn fn, void *arg);

/** Cancel and await the tasks that are left, let callbacks that they have scheduled run, and destroy the loop. Runner.close(). */
EDDY_API void eddy_runner_finish(eddy_runner *runner);

EDDY_END_DECLS

#endif
