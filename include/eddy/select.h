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
#include <eddy/stream.h>

EDDY_BEGIN_DECLS

struct eddy_case_source;
struct eddy_selection;

/** One of the things that a select waits for. Lies in the caller's memory, usually on the stack, and may be used
 * again for the next select. Only `rc` is public. */
typedef struct eddy_case {
        int rc; /**< of the case that happened: 0, or an error of its queue or stream */
        const struct eddy_case_source *source;
        union {
                eddy_queue *queue;
                eddy_future *future;
                eddy_stream *stream;
                int64_t time;
        } what;
        void *place; /* of the item or result */
        struct eddy_selection *selection;
        void *reserved[19]; /* its place in the line of what it waits for */
} eddy_case;

/**
 * A case that happens when an item is got from a queue, as by eddy_queue_get().
 *
 * @param queue  NULL: it never happens
 * @param item   receives the item, if this case happens and its `rc` is 0
 * @return the case; its `rc` can become EDDY_ESHUTDOWN, EDDY_EFINISHED
 */
EDDY_API eddy_case eddy_case_get(eddy_queue *queue, void *item);

/**
 * A case that happens when an item is put into a queue, as by eddy_queue_put().
 *
 * @param queue  NULL: it never happens
 * @param item   copied when this case happens; it may change between two selects
 * @return the case; its `rc` can become EDDY_ESHUTDOWN, EDDY_EFINISHED, -ENOMEM, and the item is then in no queue
 */
EDDY_API eddy_case eddy_case_put(eddy_queue *queue, const void *item);

/**
 * A case that happens when a future or task is done. The future is not cancelled when the caller is, nor when
 * another case happens.
 *
 * @param future  stays the caller's
 * @param result  receives its outcome, as from eddy_await(), if this case happens. NULL: nobody has looked yet, and a
 *                failure is still to be asked for
 */
EDDY_API eddy_case eddy_case_done(eddy_future *future, intptr_t *result);

/**
 * A case that happens when a stream can be read: bytes are there, or its end, or an error, so that the next
 * eddy_stream_read() or eddy_stream_read_some() does not suspend. Nothing is taken. But it is a call for reading: what the one
 * before showed its caller is gone.
 *
 * @param stream  read by nobody else while the select waits; may be in one such case of a select. NULL: it never happens
 * @return the case; its `rc` can become EDDY_EBUSY (another coroutine reads it), -EBADF (it is closed), the error that reading
 *         would return, or -ENOMEM
 *
 * Without a coroutine it happens only where something is in the stream's buffer.
 */
EDDY_API eddy_case eddy_case_readable(eddy_stream *stream);

/**
 * A case that happens when a stream's peer has gone, as by eddy_stream_wait_gone(), which says what that means.
 *
 * @param stream  may be in several, and read and written to by others. NULL: it never happens
 * @return the case; its `rc` can become -EBADF (it is closed), -ENOMEM, -EPERM
 */
EDDY_API eddy_case eddy_case_gone(eddy_stream *stream);

/** A case that happens when no other has for so long; each select counts anew. 0 or less: at once, if no other can
 * happen now. EDDY_FOREVER: never. */
EDDY_API eddy_case eddy_case_after(eddy_duration delay);

/** A case that happens when no other has until a moment of eddy_loop_time(): one deadline over many selects. */
EDDY_API eddy_case eddy_case_at(eddy_time when);

/** A case that happens if no other can now, so that the select does not suspend. Go's `default`. */
EDDY_API eddy_case eddy_case_otherwise(void);

/**
 * Wait until one of several cases can happen, and have it happen: that one and no other.
 *
 * @param cases  any number, in any order; a queue or future may be in several
 * @param n      how many; where none can ever happen, it waits for an interruption
 * @return the index of the case that happened. Of several that can, each has the same chance
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted, before or while it waited, and nothing happened
 * @retval EDDY_ENOTASK                  it would have to wait, and the caller is no coroutine
 * @retval EDDY_EWRONGLOOP               a queue, future or stream belongs to another loop
 * @retval EDDY_ESELFAWAIT               a case is that the caller itself is done
 * @retval -ENOMEM                       a future is NULL: its creation failed
 *
 * A queue that is shut down and empty, or finished, is a case that can happen: `rc` says so. Suspends unless a
 * case can happen at once. Nothing is allocated, but for what a stream receives. Where streams are among the cases, a select
 * that happens at once gives way now and then, so that others have their turn. Go's select; in asyncio, asyncio.wait() over one task a queue.
 */
EDDY_API EDDY_ASYNC int eddy_select(eddy_case cases[], size_t n);

EDDY_END_DECLS

#endif
