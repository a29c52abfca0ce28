/* Futures: a result that is still to come. Reference counted; a task is a future that a coroutine completes.
 *
 *         rc = eddy_await(task, &value);            what awaiting came to, and apart from it what the task ended with
 *         rc = eddy_await(task, NULL);              0, or the failure, whoever's it is: nobody else would hear of it
 *         return eddy_await_value(task);            the value, or the failure, whoever's it is
 *
 * That goes for every function that hands an outcome to a place of the caller's: where that is NULL, a failure is what
 * the function itself returns. Whose an EDDY_CANCELLED was eddy_interrupted() tells: it is 0 where it is not the
 * caller who was cancelled, and eddy_error_detail() says who. */
#ifndef EDDY_FUTURE_H
#define EDDY_FUTURE_H

#include <eddy/loop.h>

EDDY_BEGIN_DECLS

typedef struct eddy_future eddy_future;

/** A task is a future: whatever takes a future takes a task. */
typedef struct eddy_future eddy_task;

/** What context variables are set to; see eddy/context.h. */
typedef struct eddy_context eddy_context;

/**
 * Create a future that is pending.
 *
 * @param loop  whose it is; NULL: the running one
 * @return the caller's, given back with eddy_unref(); NULL without memory or loop. Functions that take a future
 *         take that NULL and answer -ENOMEM, so a chain of calls needs one check
 *
 * loop.create_future().
 */
EDDY_API eddy_future *eddy_future_create(eddy_loop *loop);

/** Take another reference; returns its argument. NULL is allowed. */
EDDY_API eddy_future *eddy_ref(eddy_future *future);

/**
 * Give a reference back. NULL is allowed. A task that still runs goes on: the loop holds it. Where the last
 * reference goes and nobody ever looked at a failure, the loop's exception handler is told.
 */
EDDY_API void eddy_unref(eddy_future *future);

/** Give a reference of each of n futures back, of which any may be NULL. */
EDDY_API void eddy_unref_all(eddy_future *const futures[], size_t n);

/** Whether it has an outcome: a result, an error, or cancelled. Future.done(). */
EDDY_API bool eddy_done(const eddy_future *future);

/** Whether it was cancelled and ended so. Future.cancelled(). */
EDDY_API bool eddy_cancelled(const eddy_future *future);

/**
 * The outcome of a future that is done.
 *
 * @param result  receives a value, or an error (see eddy_is_error()); may be NULL
 * @return 0
 * @retval EDDY_EINVALIDSTATE  it is not done
 * @retval -ENOMEM             future is NULL
 * @retval -errno ...          where result is NULL: what it failed with
 *
 * Counts as having looked at a failure. Future.result().
 */
EDDY_API int eddy_future_result(eddy_future *future, intptr_t *result);

/**
 * What a future that is done failed with.
 *
 * @return the error; 0 where it ended with a value, even one that looks like an error (see eddy_value())
 * @retval EDDY_EINVALIDSTATE  it is not done
 * @retval -ENOMEM             future is NULL
 *
 * Counts as having looked. Future.exception().
 */
EDDY_API int eddy_future_exception(eddy_future *future);

/** The loop that a future or task belongs to; NULL where future is. Future.get_loop(). */
EDDY_API eddy_loop *eddy_future_loop(const eddy_future *future);

/**
 * Complete a future.
 *
 * @param result  a value, or an error (EDDY_CANCELLED makes it cancelled); a pointer fits. Not owned
 * @return 0
 * @retval EDDY_EINVALIDSTATE  it is done already, or it is a task, which only its coroutine completes
 * @retval EDDY_EWRONGLOOP     its loop runs in another thread: use eddy_future_set_result_threadsafe()
 * @retval -ENOMEM             future is NULL
 *
 * Future.set_result(), Future.set_exception().
 */
EDDY_API int eddy_future_set_result(eddy_future *future, intptr_t result);

/** As eddy_future_set_result(), with a value even where it looks like an error, such as -1. Nothing takes it for a
 * failure: not eddy_gather(), nor whoever awaits with NULL; eddy_future_exception() tells. Future.set_result(). */
EDDY_API int eddy_future_set_value(eddy_future *future, intptr_t value);

/**
 * Complete a future from any thread; it happens in the loop's thread, soon. Too late for a future that is done
 * by then, which is no error.
 *
 * @param future  a reference made for the other thread with eddy_ref(); given back by this call if it succeeds
 * @return 0
 * @retval -ENOMEM           no memory to carry the message, or future is NULL
 * @retval EDDY_ELOOPCLOSED  the loop is closed; its own thread then gives the reference back
 *
 * loop.call_soon_threadsafe(future.set_result, ...).
 */
EDDY_API int eddy_future_set_result_threadsafe(eddy_future *future, intptr_t result);

typedef void (*eddy_done_callback)(eddy_future *future, void *arg);

/**
 * Have a function called by the loop once the future is done, soon after; callbacks run in the order in which
 * they were added. The future lives until they have run. Each sees context variables as they are now.
 *
 * @return 0
 * @retval -ENOMEM  no memory for the entry, or future is NULL
 *
 * Future.add_done_callback().
 */
EDDY_API int eddy_future_add_done_callback(eddy_future *future, eddy_done_callback callback, void *arg);

/**
 * As eddy_future_add_done_callback(), in a given context rather than in a copy of the current one.
 *
 * @param context  held until the callback has run; NULL, whose creation failed, is answered with -ENOMEM
 *
 * Future.add_done_callback(context=...).
 */
EDDY_API int eddy_future_add_done_callback_in(eddy_future *future, eddy_context *context,
                                              eddy_done_callback callback, void *arg);

/** Remove every entry with this function and argument; how many there were. Future.remove_done_callback(). */
EDDY_API size_t eddy_future_remove_done_callback(eddy_future *future, eddy_done_callback callback, void *arg);

/**
 * Ask a future or task to end. A future that is pending is cancelled at once. In a task, every call marked
 * EDDY_ASYNC returns EDDY_CANCELLED from now on, whether it would have to suspend or not, until the coroutine returns
 * or calls eddy_uncancel(); what it is waiting for now is cancelled first. A task that has not begun still runs, up to
 * its first such call, so that what it was given to free is freed.
 *
 * @return whether there was anything to cancel; false where it is done or NULL, or its loop runs in another thread
 *
 * Future.cancel(), Task.cancel().
 */
EDDY_API bool eddy_cancel(eddy_future *future);

/** As eddy_cancel(), with a reason that the cancelled task finds in eddy_error_detail(). Copied. Of several, the first
 * stays. */
EDDY_API bool eddy_cancel_with(eddy_future *future, const char *message);

/**
 * Wait until a future is done.
 *
 * @param future  stays the caller's
 * @param result  receives its outcome: a value, or an error of its own (see eddy_is_error()). NULL: a failure of
 *                its own is what this call returns
 * @return how the wait went: 0, whatever the outcome, unless result is NULL. Also where the caller was interrupted, but
 *         the future has ended with a value all the same: that is handed over, and the interruption speaks at the next
 *         call
 * @retval EDDY_CANCELLED   the caller was cancelled. The future was cancelled too and has ended, so what it
 *                          borrowed is free; eddy_shield() it where it should go on. If it has failed and result is
 *                          NULL, nobody has seen that yet. Where result is NULL it may be the future that was
 *                          cancelled: eddy_interrupted() is 0 then
 * @retval EDDY_TIMEOUT     a deadline of the caller passed; else as above
 * @retval EDDY_ESELFAWAIT  a task awaits itself
 * @retval EDDY_EWRONGLOOP  the future belongs to another loop
 * @retval EDDY_ENOTASK     called outside a coroutine
 * @retval -ENOMEM          future is NULL: its creation failed
 * @retval -errno ...       where result is NULL: what the future failed with
 *
 * Suspends unless it is done: then even an interrupted caller is handed the outcome. `await future`.
 */
EDDY_API EDDY_ASYNC int eddy_await(eddy_future *future, intptr_t *result);

/** As eddy_await(), and give the reference back whatever happens. */
EDDY_API EDDY_ASYNC int eddy_join(eddy_future *future, intptr_t *result);

/**
 * Wait until a future is done, for what it ended with: one number for all, as most coroutines return it.
 *
 *         return eddy_await_value(task);
 *
 * @param future  stays the caller's
 * @return its value; or its failure, or what eddy_await() would return. A value that looks like an error cannot be
 *         told from one here: eddy_await() keeps the two apart
 *
 * Suspends unless it is done. `return await future`.
 */
EDDY_API EDDY_ASYNC intptr_t eddy_await_value(eddy_future *future);

/** As eddy_await_value(), and give the reference back whatever happens. */
EDDY_API EDDY_ASYNC intptr_t eddy_join_value(eddy_future *future);

/**
 * Run a loop until a future is done.
 *
 * @param result  receives its outcome; may be NULL
 * @return 0
 * @retval EDDY_ESTOPPED    the loop was stopped before
 * @retval EDDY_EWRONGLOOP  the future belongs to another loop
 * @retval -ENOMEM          future is NULL
 * @retval -errno ...       where result is NULL: what the future failed with
 *
 * Else as eddy_loop_run_forever(). Does not suspend: it blocks. loop.run_until_complete().
 */
EDDY_API int eddy_loop_run_until_complete(eddy_loop *loop, eddy_future *future, intptr_t *result);

EDDY_END_DECLS

#endif
