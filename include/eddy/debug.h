/* Debug mode: what is wrong although nothing fails. And where eddy's messages go.
 *
 *         EDDY_DEBUG=1 ./program
 *
 * It tells of callbacks and coroutines that run for long without giving way, with where they stand; of errors that
 * nobody looked at, objects left open and tasks left pending when their loop closes, each with the calls that
 * created it; and of calls from a wrong thread or outside a coroutine, with the calls that led there. */
#ifndef EDDY_DEBUG_H
#define EDDY_DEBUG_H

#include <eddy/loop.h>
#include <stdio.h>

EDDY_BEGIN_DECLS

/** How grave a message is. */
typedef enum eddy_log_level {
        EDDY_LOG_WARNING, /**< something is wrong, and goes on */
        EDDY_LOG_ERROR,   /**< something failed, and nobody was told */
} eddy_log_level;

/** Where messages go. `message` has no line feed at its end, but may have some inside. */
typedef void (*eddy_log_function)(eddy_log_level level, const char *message, void *arg);

/**
 * Have eddy's messages told to a function, in the thread where they come up.
 *
 * @param function  NULL prints them to stderr, as at first
 * @param arg       passed to it; not owned
 *
 * Call it while the process has one thread. Python's logging.getLogger("asyncio").
 */
EDDY_API void eddy_set_log_function(eddy_log_function function, void *arg);

/**
 * Tell the log function something, for libraries built on eddy.
 *
 * @param format  as for printf(); more than 1,000 bytes are cut
 */
__attribute__((format(printf, 2, 3), nonnull(2))) EDDY_API void eddy_log(eddy_log_level level,
                                                                         const char *format, ...);

/**
 * Switch a loop's debug mode, which is on from the start where the environment has EDDY_DEBUG=1. It costs time and
 * memory: each coroutine is timed, each future remembers who created it.
 *
 * @return 0
 * @retval -ENOMEM           no memory for what it remembers
 * @retval EDDY_ELOOPCLOSED  the loop is closed
 *
 * loop.set_debug().
 */
EDDY_API int eddy_loop_set_debug(eddy_loop *loop, bool on);

/** Whether a loop is in debug mode. loop.get_debug(). */
EDDY_API bool eddy_loop_debug(const eddy_loop *loop);

/** How long a callback or coroutine may run in debug mode before it is told of: 100 ms at first.
 * loop.slow_callback_duration. */
EDDY_API void eddy_loop_set_slow_callback_duration(eddy_loop *loop, eddy_duration duration);

/** That duration; 0 where the loop is not in debug mode. loop.slow_callback_duration. */
EDDY_API eddy_duration eddy_loop_slow_callback_duration(const eddy_loop *loop);

/**
 * Print every task of a loop that is not done: what it waits for, and where it stands.
 *
 * @param loop  of this thread, running; NULL: the running one
 * @return how many tasks, or EDDY_ENOLOOP, EDDY_EWRONGLOOP
 *
 * Does not suspend; call it from a signal handler of the loop's to see where a program hangs. `python -m asyncio ps`.
 */
EDDY_API int eddy_print_tasks(eddy_loop *loop, FILE *out);

EDDY_END_DECLS

#endif
