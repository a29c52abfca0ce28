/* Composition: several futures or tasks waited for together, or one with conditions. */
#ifndef EDDY_COMPOSE_H
#define EDDY_COMPOSE_H

#include <eddy/timeout.h>

EDDY_BEGIN_DECLS

/**
 * Suspend the current task for a while.
 *
 * @param delay  0 or less: as eddy_yield(); EDDY_FOREVER: until cancelled
 * @return 0
 * @retval EDDY_CANCELLED  the task was cancelled
 * @retval EDDY_TIMEOUT    a deadline of the caller passed
 * @retval EDDY_ENOTASK    called outside a coroutine
 *
 * Suspends. asyncio.sleep().
 */
EDDY_API EDDY_ASYNC int eddy_sleep(eddy_duration delay);

#define EDDY_RETURN_ERRORS 1u /**< eddy_gather(): return_exceptions=True */

/**
 * Wait until every future is done and collect their results in order.
 *
 * @param futures  n futures or tasks; none is given up (release them yourself)
 * @param n        how many; 0 returns at once
 * @param results  n slots for values and errors in the futures' order, or NULL. After a failure, a slot whose
 *                 future is not done holds EDDY_PENDING
 * @param flags    EDDY_RETURN_ERRORS: a failure is a result like any other. Where results is NULL all are waited for,
 *                 and the first failure is returned
 * @return 0, or the first failure in time; the others then run on
 * @retval EDDY_CANCELLED  the caller was cancelled; so were the unfinished futures, and they have ended, not all with
 *                         values. Failures that have no place in `results` count as not seen. Or one of the futures
 *                         was cancelled: eddy_interrupted() is 0 then, and eddy_error_detail() says which
 * @retval EDDY_TIMEOUT    a deadline of the caller passed; else as above
 * @retval EDDY_ENOTASK    called outside a coroutine
 * @retval EDDY_EWRONGLOOP, EDDY_ESELFAWAIT  a future belongs to another loop, or is the caller itself
 * @retval -ENOMEM         no memory, or a future is NULL
 *
 * Suspends, unless there is nothing to wait for: then even an interrupted caller is handed the results.
 * asyncio.gather().
 */
EDDY_API EDDY_ASYNC int eddy_gather(eddy_future *const futures[], size_t n, intptr_t *results, unsigned flags);

/** When eddy_wait() returns. */
typedef enum eddy_wait_mode {
        EDDY_ALL_COMPLETED,
        EDDY_FIRST_COMPLETED,
        EDDY_FIRST_EXCEPTION, /**< at the first failure, or when all are done */
} eddy_wait_mode;

/**
 * Wait for several futures, and cancel none.
 *
 * @param futures  n futures or tasks; eddy_done() tells afterwards which are done
 * @param timeout  EDDY_FOREVER: none; 0 or less: only look. Its passing is no error
 * @return how many are done
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted from outside; the futures run on
 * @retval EDDY_ENOTASK                  called outside a coroutine
 * @retval EDDY_EWRONGLOOP, EDDY_ESELFAWAIT  a future belongs to another loop, or is the caller itself
 * @retval -EINVAL                       no such mode
 * @retval -ENOMEM                       no memory, or a future is NULL
 *
 * Suspends. asyncio.wait().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_wait(eddy_future *const futures[], size_t n, eddy_wait_mode mode,
                                      eddy_duration timeout);

/**
 * Wait for one future for so long; cancel it when the time is up.
 *
 * @param timeout  0 or less: only if it is done already
 * @param result   receives its outcome; NULL: as for eddy_await()
 * @return 0 and as eddy_await(); also where the time was up, but the future has ended with a value all the same
 * @retval EDDY_TIMEOUT  the time was up; the future was cancelled and has ended, without a value
 *
 * Suspends. asyncio.wait_for().
 */
EDDY_API EDDY_ASYNC int eddy_wait_for(eddy_future *future, eddy_duration timeout, intptr_t *result);

/** As eddy_wait_for(), for what the future ended with, as eddy_await_value() returns it. */
EDDY_API EDDY_ASYNC intptr_t eddy_wait_for_value(eddy_future *future, eddy_duration timeout);

/** Futures handed out in the order in which they become done. The caller's memory; fields are private. */
typedef struct eddy_completion {
        struct eddy_completion_entry *entries;
        size_t count, handed_out;
        eddy_link done;                       /* entries in order of completion, not yet handed out */
        struct eddy_completion_wait *waiting; /* the consumer while it is suspended */
        void *reserved[2];
} eddy_completion;

/**
 * Begin to hand out futures as they become done.
 *
 * @param futures  n futures or tasks; they must live until the completion is closed
 * @return 0
 * @retval -ENOMEM       no memory, or a future is NULL
 * @retval EDDY_ENOTASK  called outside a coroutine
 * @retval EDDY_EWRONGLOOP, EDDY_ESELFAWAIT  a future belongs to another loop, or is the caller itself
 *
 * Close it with eddy_completion_close(). Does not suspend. asyncio.as_completed().
 */
EDDY_API int eddy_as_completed(eddy_completion *completion, eddy_future *const futures[], size_t n);

/**
 * Wait for the next future to become done.
 *
 * @param future  receives it; not a new reference
 * @return 1, or 0 when all have been handed out
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; the futures run on
 * @retval EDDY_EBUSY                    another task is waiting here
 * @retval EDDY_EFINISHED                the completion was closed meanwhile
 *
 * Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_completion_next(eddy_completion *completion, eddy_future **future);

/** Stop handing out; futures that are not done run on, and a task that waits in eddy_completion_next() is told. */
EDDY_API void eddy_completion_close(eddy_completion *completion);

/**
 * A future with another's outcome, whose cancellation does not reach it:
 *
 *         rc = eddy_join(eddy_shield(task), &result);
 *
 * @param future  holds itself until it is done
 * @return the caller's, given back with eddy_unref() or eddy_join(); NULL without memory
 *
 * asyncio.shield().
 */
EDDY_API eddy_future *eddy_shield(eddy_future *future);

EDDY_END_DECLS

#endif
