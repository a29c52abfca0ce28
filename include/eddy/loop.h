/* The event loop: callbacks, timers and watched descriptors. It knows nothing of coroutines.
 *
 *         eddy_loop *loop;
 *         eddy_loop_create(&loop);
 *         eddy_call_later(loop, NULL, eddy_seconds(1), hello, "world");
 *         eddy_loop_run_forever(loop);
 *         eddy_loop_destroy(loop);
 *
 * Wherever a function takes a loop, NULL means this thread's, as eddy_get_loop() answers: the running one, else the one
 * that was set. Where there is none either, the answer is EDDY_ENOLOOP, or nothing. Only eddy_loop_destroy() and
 * eddy_set_loop() take NULL for no loop.
 */
#ifndef EDDY_LOOP_H
#define EDDY_LOOP_H

#include <eddy/base.h>
#include <eddy/error.h>
#include <eddy/time.h>

EDDY_BEGIN_DECLS

typedef struct eddy_loop eddy_loop;

/** A callback. Where the loop keeps it, without a handle or timer of the caller's, it sees context variables as
 * they are where it is asked for; see eddy/context.h. */
typedef void (*eddy_callback)(void *arg);

/**
 * A callback that waits for its turn. The caller's memory, zeroed before first use; embed it where it is
 * needed. Fields are private. It may be used again as soon as its callback has begun.
 */
typedef struct eddy_handle {
        eddy_link link; /* in one of the loop's queues while scheduled, else NULL */
        eddy_callback callback;
        void *arg;
} eddy_handle;

/** A callback that waits for a moment. The caller's memory, zeroed before first use; fields are private. */
typedef struct eddy_timer {
        eddy_handle handle; /* in the timer wheel, and when due in the ready queue */
        eddy_time when;
} eddy_timer;

/**
 * Create an event loop. It belongs to the thread that runs it.
 *
 * @param loop  receives it; give it back with eddy_loop_destroy()
 * @return 0
 * @retval -ENOMEM, -EMFILE, -ENFILE  the system has nothing left to make it of
 *
 * asyncio.new_event_loop().
 */
EDDY_API int eddy_loop_create(eddy_loop **loop);

/**
 * Close a loop: forget what is scheduled and give its descriptors back. Later uses return EDDY_ELOOPCLOSED.
 *
 * @return 0; closing a closed loop does nothing
 * @retval EDDY_ELOOPRUNNING it runs
 *
 * Finish its tasks first; eddy_run() does. loop.close().
 */
EDDY_API int eddy_loop_close(eddy_loop *loop);

/** Close a loop and free it. NULL is allowed. It must not run. A child made by fork() may close its parent's loops,
 * which leaves the parent's own as they are. */
EDDY_API void eddy_loop_destroy(eddy_loop *loop);

/**
 * Run callbacks until eddy_loop_stop().
 *
 * @return 0
 * @retval EDDY_ELOOPCLOSED   it is closed
 * @retval EDDY_ELOOPRUNNING  it, or another loop of this thread, runs already
 * @retval EDDY_EWRONGLOOP    this process was forked, and the loop is its parent's; also where that happened in a
 *                            callback of it
 * @retval -errno             waiting for events failed
 *
 * loop.run_forever().
 */
EDDY_API int eddy_loop_run_forever(eddy_loop *loop);

/** Make a running loop return when the callbacks of this iteration have run. loop.stop(). */
EDDY_API void eddy_loop_stop(eddy_loop *loop);

/**
 * What embeds a loop, such as an interpreter: a table, which any number of loops share.
 *
 * The functions are called in pairs, in the loop's thread, around each wait that may take time, around one of 64 that do not, so that
 * others have a turn where the loop is never idle, and at no other moment. In between the loop runs nobody's callback, and other threads may do as always: eddy_call_soon_threadsafe().
 */
typedef struct eddy_host {
        /** The loop is about to wait: let others have what only one may have, such as an interpreter's lock. NULL: nothing to do. */
        void (*before_wait)(void *arg);

        /** It has waited: have it again. It may call eddy_loop_leave(), and then nothing runs of what has come. NULL: likewise. */
        void (*after_wait)(void *arg);

        void *reserved[4]; /**< NULL */
} eddy_host;

/**
 * Make a loop the guest of who embeds it, whose order its callbacks then have: the kernel is asked in every iteration, which
 * runs what was scheduled before, then what the kernel tells of, then timers that are due, and nothing else; eddy_loop_time() is
 * live; and the loop never spins before it waits.
 *
 * @param host  must stay as long as the loop
 * @param arg   passed to its functions
 * @return 0
 * @retval EDDY_ELOOPRUNNING  it runs
 * @retval EDDY_ENOLOOP, EDDY_ELOOPCLOSED  as for any call on a loop
 *
 * A loop sets no signal handler unless eddy_add_signal_handler() asks for one.
 */
EDDY_API int eddy_loop_set_host(eddy_loop *loop, const eddy_host *host, void *arg);

/**
 * Make a running loop return as soon as the callback that runs has, in the middle of an iteration. What it has not come to is kept,
 * and is the first that the next run does, in order. For a host whose callbacks may fail so that all has to end, as by an exception.
 */
EDDY_API void eddy_loop_leave(eddy_loop *loop);

/** Whether a loop runs; whether it is closed. loop.is_running(), loop.is_closed(). */
EDDY_API bool eddy_loop_is_running(const eddy_loop *loop);
EDDY_API bool eddy_loop_is_closed(const eddy_loop *loop);

/** The loop's clock: read when events are collected, so it stands still while callbacks run; live where the loop has a host
 * (eddy_loop_set_host()). loop.time(). */
EDDY_API eddy_time eddy_loop_time(const eddy_loop *loop);

/** The backend that the loop waits with: "uring" or "epoll"; "closed" where it is closed.
 *
 * It is io_uring where the system has what that needs, else epoll. The environment's EDDY_BACKEND=epoll or
 * EDDY_BACKEND=uring forces either: eddy_loop_create() fails where it cannot be had. */
EDDY_API const char *eddy_loop_backend(const eddy_loop *loop);

/** Why it is that backend, as a sentence; the loop's, until it is destroyed. */
EDDY_API const char *eddy_loop_backend_reason(const eddy_loop *loop);

/** The loop that runs in this thread, or NULL. asyncio.get_running_loop(). */
EDDY_API eddy_loop *eddy_running_loop(void);

/** The loop that runs in this thread, else the one that was set for it, or NULL. asyncio.get_event_loop(). */
EDDY_API eddy_loop *eddy_get_loop(void);

/** Set the loop that eddy_get_loop() answers with in this thread while none runs. Not owned. */
EDDY_API void eddy_set_loop(eddy_loop *loop);

/**
 * Schedule a callback for the loop's next iteration. First in, first out.
 *
 * @param handle    the caller's until the callback begins or the handle is cancelled; NULL lets the loop
 *                  allocate one, which then cannot be cancelled. One that waits already is moved to the end
 * @param callback  called in the loop's thread
 * @param arg       passed to it; not owned
 * @return 0
 * @retval EDDY_ELOOPCLOSED  the loop is closed
 * @retval EDDY_EWRONGLOOP   the loop runs in another thread: use eddy_call_soon_threadsafe()
 * @retval -ENOMEM           only where handle is NULL
 *
 * loop.call_soon().
 */
EDDY_API int eddy_call_soon(eddy_loop *loop, eddy_handle *handle, eddy_callback callback, void *arg);

/**
 * Schedule a callback from any thread, and wake the loop if it waits.
 *
 * @param handle  as for eddy_call_soon(), but it must not be waiting already, and only the loop's own thread
 *                may cancel it
 * @return 0
 * @retval EDDY_ELOOPCLOSED  the loop is closed
 * @retval -ENOMEM           only where handle is NULL
 *
 * The loop must not be destroyed meanwhile. loop.call_soon_threadsafe().
 */
EDDY_API int eddy_call_soon_threadsafe(eddy_loop *loop, eddy_handle *handle, eddy_callback callback, void *arg);

/** Take a callback back; true where it was still waiting. Handle.cancel(). */
EDDY_API bool eddy_handle_cancel(eddy_handle *handle);

/** Whether a callback still waits: it has neither begun nor been cancelled. Handle.cancelled(). */
EDDY_API bool eddy_handle_pending(const eddy_handle *handle);

/**
 * Schedule a callback for a moment of eddy_loop_time(). Timers for one moment fire in the order they were set,
 * never early, at most 5 us late by the wheel's grain.
 *
 * @param timer  the caller's until the callback begins or it is cancelled; NULL lets the loop allocate one.
 *               One that waits already is set anew
 * @param when   EDDY_FOREVER: never
 * @return 0
 * @retval EDDY_ELOOPCLOSED  the loop is closed
 * @retval EDDY_EWRONGLOOP   the loop runs in another thread
 * @retval -ENOMEM           only where timer is NULL
 *
 * loop.call_at().
 */
EDDY_API int eddy_call_at(eddy_loop *loop, eddy_timer *timer, eddy_time when, eddy_callback callback,
                          void *arg);

/** As eddy_call_at(), counted from this very moment and not from the loop's time, which lags behind in a long
 * iteration: nothing fires early by that. A negative delay counts as 0. loop.call_later(). */
EDDY_API int eddy_call_later(eddy_loop *loop, eddy_timer *timer, eddy_duration delay, eddy_callback callback,
                             void *arg);

/** Take a timer back; true where its callback was still to come. TimerHandle.cancel(). */
EDDY_API bool eddy_timer_cancel(eddy_timer *timer);

/** Whether a timer's callback is still to come. TimerHandle.cancelled(). */
EDDY_API bool eddy_timer_pending(const eddy_timer *timer);

/** The moment that a timer is set for; EDDY_FOREVER where it does not wait. TimerHandle.when(). */
EDDY_API eddy_time eddy_timer_when(const eddy_timer *timer);

/**
 * Call back in every iteration in which a descriptor can be read (eddy_add_writer(): written), or has failed
 * or hung up. One reader and one writer a descriptor; adding another replaces it.
 *
 * @param fd  stays the caller's; remove its watchers before closing it, and the loop has let go of it then: it is
 *            told of nothing that others do with the file who hold it still
 * @return 0
 * @retval EDDY_ELOOPCLOSED  the loop is closed
 * @retval EDDY_EWRONGLOOP   the loop runs in another thread
 * @retval -ENOMEM           no room for the entry
 * @retval -EPERM            this kind of file cannot be waited for
 * @retval -EBADF            no such descriptor
 *
 * loop.add_reader(), loop.add_writer().
 */
EDDY_API int eddy_add_reader(eddy_loop *loop, int fd, eddy_callback callback, void *arg);
EDDY_API int eddy_add_writer(eddy_loop *loop, int fd, eddy_callback callback, void *arg);

/** Stop watching; true where it was watched. No callback comes after this. loop.remove_reader(). */
EDDY_API bool eddy_remove_reader(eddy_loop *loop, int fd);
EDDY_API bool eddy_remove_writer(eddy_loop *loop, int fd);

/** What went wrong where no caller was left to be told. */
typedef struct eddy_exception {
        const char *message; /**< a sentence, such as "task 'fetch' failed and nobody looked" */
        int error;           /**< its code */
        const char *detail;  /**< more about it; "" where there is none */
        const char *origin;  /**< in debug mode, the calls that created what failed, lines; else NULL or "" */
} eddy_exception;

typedef void (*eddy_exception_handler)(eddy_loop *loop, const eddy_exception *exception, void *arg);

/** Have failures that nobody handles told to `handler`; NULL has them logged, as at first.
 * loop.set_exception_handler(). */
EDDY_API void eddy_loop_set_exception_handler(eddy_loop *loop, eddy_exception_handler handler, void *arg);

/** The handler that was set, or NULL; `arg`, which may be NULL, receives its argument. loop.get_exception_handler(). */
EDDY_API eddy_exception_handler eddy_loop_exception_handler(const eddy_loop *loop, void **arg);

/** What a loop does with a failure where no handler is set: log it. A handler that wants that, too, calls it.
 * loop.default_exception_handler(). */
EDDY_API void eddy_default_exception_handler(eddy_loop *loop, const eddy_exception *exception, void *arg);

/** Tell the loop's exception handler of a failure. loop.call_exception_handler(). */
EDDY_API void eddy_loop_call_exception_handler(eddy_loop *loop, const eddy_exception *exception);

EDDY_END_DECLS

#endif
