/* UNIX signals, handled in the loop and not in signal context.
 *
 *         int signum = eddy_signal_wait((int[]){SIGINT, SIGTERM}, 2);
 *
 * A signal belongs to one loop of the process at a time. In a child made by fork() all signals do again what they did
 * before; those that reach the child do not concern the parent's loop.
 */
#ifndef EDDY_SIGNAL_H
#define EDDY_SIGNAL_H

#include <eddy/loop.h>

EDDY_BEGIN_DECLS

/**
 * Call back in the loop when the process receives a signal. Replaces an earlier handler of the same signal, also that
 * by which eddy_run() has Ctrl-C cancel the main coroutine.
 *
 * @param signum    such as SIGTERM
 * @param callback  called once for one or more deliveries since the last call
 * @return 0
 * @retval -EINVAL           no such signal, or one that cannot be caught
 * @retval -EBUSY            another loop handles this signal
 * @retval EDDY_ELOOPCLOSED  the loop is closed
 *
 * loop.add_signal_handler().
 */
EDDY_API int eddy_add_signal_handler(eddy_loop *loop, int signum, eddy_callback callback, void *arg);

/** Put a signal back to what it did before, unless it is watched; true where the loop had a handler for it.
 * loop.remove_signal_handler(). */
EDDY_API bool eddy_remove_signal_handler(eddy_loop *loop, int signum);

/** Signals that are collected for coroutines, from opening to closing. The caller's memory; fields are private. */
typedef struct eddy_signal_watch {
        eddy_link link; /* in the loop's list of watches while open */
        eddy_loop *loop;
        uint64_t wanted;   /* a bit a signal */
        uint64_t came;     /* and nobody has taken yet */
        eddy_link waiters; /* coroutines in eddy_signal_watch_next() */
        void (*notify)(struct eddy_signal_watch *watch);
        void *reserved[2];
} eddy_signal_watch;

/**
 * Begin to collect signals. None that comes from now on is lost, whether or not a coroutine waits at the time.
 *
 * @param watch    must stay where it is until eddy_signal_watch_close()
 * @param signums  n signals, such as SIGHUP
 * @return 0
 * @retval -EINVAL     n is 0, or one is no signal or cannot be caught
 * @retval -EBUSY      another loop handles one of them
 * @retval EDDY_ENOLOOP  no loop runs in this thread
 *
 * Each watch has every signal, whatever other watches and handlers of the loop there are; but Ctrl-C no longer cancels
 * the main coroutine of eddy_run() while SIGINT is watched. Does not suspend.
 */
EDDY_API int eddy_signal_watch_open(eddy_signal_watch *watch, const int signums[], size_t n);

/**
 * Wait for the next signal.
 *
 * @return its number; several deliveries of one signal count once until it is returned, as usual with signals
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; no signal is lost by it
 * @retval EDDY_EFINISHED                the watch is closed, or was while the caller waited
 * @retval EDDY_ENOTASK                  called outside a coroutine
 *
 * Of several coroutines that wait at the same watch, one has each signal. Suspends unless one has come.
 */
EDDY_API EDDY_ASYNC int eddy_signal_watch_next(eddy_signal_watch *watch);

/** Collect no more: the signals do again what they did before, but for other watches and handlers. Who waits gets
 * EDDY_EFINISHED. Closing twice is allowed. Does not suspend. */
EDDY_API void eddy_signal_watch_close(eddy_signal_watch *watch);

/**
 * Wait for one of several signals: a watch, opened and closed by this call. Whoever waits in a loop opens a watch, for
 * between two of these calls a signal does what it did before.
 *
 * @param signums  n signals
 * @return its number; else as eddy_signal_watch_open() and eddy_signal_watch_next()
 *
 * Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_signal_wait(const int signums[], size_t n);

EDDY_END_DECLS

#endif
