/* Select: wait for several things at once, of which exactly one happens.
 *
 *         eddy_case cases[] = {
 *             eddy_case_get(&jobs, &job),
 *             eddy_case_put(&results, &result),
 *             eddy_case_after(eddy_seconds(1)),
 *         };
 *         switch (eddy_select(cases, 3)) {
 *         case 0: ...                                   // job is here; cases[0].rc tells if jobs is shut down
 *         case 1: ...                                   // result is in the queue
 *         case 2: ...                                   // neither, for a second
 *         default: ...                                  // interrupted: nothing has happened
 *         }
 */
#ifndef EDDY_SELECT_H
#define EDDY_SELECT_H

#include <eddy/future.h>
#include <eddy/queue.h>

EDDY_BEGIN_DECLS

/** What a case waits for; the functions below set it. Private to eddy. */
typedef enum eddy_case_kind {
        EDDY_CASE_GET_,
        EDDY_CASE_PUT_,
        EDDY_CASE_DONE_,
        EDDY_CASE_AFTER_,
        EDDY_CASE_AT_,
} eddy_case_kind;

/** One of the things that a select waits for. Lies in the caller's memory, usually on the stack, and may be used
 * again for the next select. Only `rc` is public. */
typedef struct eddy_case {
        int rc; /**< of the case that happened: 0, or an error of its queue */
        eddy_case_kind kind;
        union {
                eddy_queue *queue;
                eddy_future *future;
                int64_t time;
        } what;
        void *place; /* of the item or result */
        struct eddy_selection *selection;
        void *reserved[8]; /* its place in the line of what it waits for */
} eddy_case;

/**
 * A case that happens when an item is got from a queue, as by eddy_queue_get().
 *
 * @param queue  NULL: it never happens
 * @param item   receives the item, if this case happens and its `rc` is 0
 * @return the case; its `rc` can become EDDY_ESHUTDOWN, EDDY_EFINISHED
 */
static inline eddy_case eddy_case_get(eddy_queue *queue, void *item)
{
        eddy_case made = {0, EDDY_CASE_GET_, {queue}, item, NULL, {NULL}};

        return made;
}

/**
 * A case that happens when an item is put into a queue, as by eddy_queue_put().
 *
 * @param queue  NULL: it never happens
 * @param item   copied when this case happens; it may change between two selects
 * @return the case; its `rc` can become EDDY_ESHUTDOWN, EDDY_EFINISHED, -ENOMEM, and the item is then in no queue
 */
static inline eddy_case eddy_case_put(eddy_queue *queue, const void *item)
{
        eddy_case made = {0, EDDY_CASE_PUT_, {queue}, (void *)(uintptr_t)item, NULL, {NULL}};

        return made;
}

/**
 * A case that happens when a future or task is done. The future is not cancelled when the caller is, nor when
 * another case happens.
 *
 * @param future  stays the caller's
 * @param result  receives its outcome, as from eddy_await(), if this case happens. NULL: nobody has looked yet, and a
 *                failure is still to be asked for
 */
static inline eddy_case eddy_case_done(eddy_future *future, intptr_t *result)
{
        eddy_case made = {0, EDDY_CASE_DONE_, {NULL}, result, NULL, {NULL}};

        made.what.future = future;
        return made;
}

/** A case that happens when no other has for so long; each select counts anew. 0 or less: at once, if no other can
 * happen now. EDDY_FOREVER: never. */
static inline eddy_case eddy_case_after(eddy_duration delay)
{
        eddy_case made = {0, EDDY_CASE_AFTER_, {NULL}, NULL, NULL, {NULL}};

        made.what.time = delay;
        return made;
}

/** A case that happens when no other has until a moment of eddy_loop_time(): one deadline over many selects. */
static inline eddy_case eddy_case_at(eddy_time when)
{
        eddy_case made = {0, EDDY_CASE_AT_, {NULL}, NULL, NULL, {NULL}};

        made.what.time = when;
        return made;
}

/** A case that happens if no other can now, so that the select does not suspend. Go's `default`. */
static inline eddy_case eddy_case_otherwise(void)
{
        return eddy_case_after(0);
}

/**
 * Wait until one of several cases can happen, and have it happen: that one and no other.
 *
 * @param cases  any number, in any order; a queue or future may be in several
 * @param n      how many; where none can ever happen, it waits for an interruption
 * @return the index of the case that happened. Of several that can, each has the same chance
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted, before or while it waited, and nothing happened
 * @retval EDDY_ENOTASK                  it would have to wait, and the caller is no coroutine
 * @retval EDDY_EWRONGLOOP               a queue or future belongs to another loop
 * @retval EDDY_ESELFAWAIT               a case is that the caller itself is done
 * @retval -ENOMEM                       a future is NULL: its creation failed
 *
 * A queue that is shut down and empty, or finished, is a case that can happen: `rc` says so. Suspends unless a
 * case can happen at once. Nothing is allocated. Go's select; in asyncio, asyncio.wait() over one task a queue.
 */
EDDY_API EDDY_ASYNC int eddy_select(eddy_case cases[], size_t n);

EDDY_END_DECLS

#endif
