/* Queues: items by value, from tasks that put them in to tasks that get them out. First come, first served, on
 * both sides.
 *
 *         eddy_queue queue;
 *         eddy_queue_init(&queue, sizeof(int), 128);
 *         eddy_queue_put(&queue, &(int){42});           // in one task
 *         eddy_queue_get(&queue, &number);              // in another
 *         eddy_queue_finish(&queue);
 *
 * An item is `item_size` bytes that are copied in and out: a number, a struct, a pointer. Who puts while others
 * wait to get gives the item to the first of them, and nobody can overtake that one.
 */
#ifndef EDDY_QUEUE_H
#define EDDY_QUEUE_H

#include <eddy/loop.h>

EDDY_BEGIN_DECLS

/** Which of two items is to be got first, as for qsort(): negative: a, positive: b, 0: the one put first. */
typedef int (*eddy_compare)(const void *a, const void *b);

/** Where the items of a queue lie: a ring, a stack or a heap, in one piece of memory. Private to eddy. */
typedef struct eddy_queue_items {
        char *slots;
        size_t item_size;
        size_t slot_size;
        size_t capacity;      /* slots there are */
        size_t least;         /* slots that are kept however few items there are */
        size_t first;         /* of a ring: the slot of the oldest item */
        size_t count;         /* items there are */
        uint64_t puts;        /* of a heap: items there ever were; tells which of two equals came first */
        eddy_compare compare; /* of a heap */
        unsigned char order;
} eddy_queue_items;

/** A queue. The caller's memory, which must stay where it is until eddy_queue_finish(); fields are private. */
typedef struct eddy_queue {
        int refusal;       /* what putters, and getters who find nothing, are refused with; 0: it is open */
        size_t room;       /* items that it may hold; SIZE_MAX: any number */
        size_t promises;   /* items that belong to the getters in `promised` */
        size_t unfinished; /* items put in, less the calls of eddy_queue_task_done() */
        eddy_link getters; /* who waits to get; no item is to be had then */
        eddy_link putters; /* who waits to put; nobody waits to get then, but a select that would do either */
        eddy_queue_items items;
        eddy_link promised; /* getters of an ordered queue who were woken for an item, and have not run yet */
        eddy_link joiners;
        eddy_loop *loop; /* of those who wait; holds a reference; NULL: nobody has waited yet */
        void *reserved[2];
} eddy_queue;

/**
 * Prepare a queue from which items are got in the order in which they were put.
 *
 * @param item_size  bytes of an item; 0: there is nothing but their number, and `item` may be NULL everywhere
 * @param maxsize    how many items it holds before eddy_queue_put() waits. 0: any number; the memory for them
 *                   then grows and shrinks by halves, instead of being allocated here and once
 * @return 0
 * @retval -ENOMEM  no memory for maxsize items; whoever uses the queue all the same is told so too
 *
 * End it with eddy_queue_finish(). asyncio.Queue(maxsize).
 */
EDDY_API int eddy_queue_init(eddy_queue *queue, size_t item_size, size_t maxsize);

/** As eddy_queue_init(), but what was put last is got first. asyncio.LifoQueue(maxsize). */
EDDY_API int eddy_lifo_queue_init(eddy_queue *queue, size_t item_size, size_t maxsize);

/**
 * As eddy_queue_init(), but the least item is got first, and of equal ones the one that was put first.
 *
 * @param compare  must not use the queue
 * @return 0 or -ENOMEM
 *
 * asyncio.PriorityQueue(maxsize).
 */
EDDY_API int eddy_priority_queue_init(eddy_queue *queue, size_t item_size, size_t maxsize,
                                      eddy_compare compare);

/**
 * Prepare a queue that holds no item: eddy_queue_put() returns when a getter has taken its item. Go's
 * unbuffered channel; in asyncio nothing is like it. Cannot fail.
 */
EDDY_API void eddy_unbuffered_queue_init(eddy_queue *queue, size_t item_size);

/**
 * End a queue: who waits for it gets EDDY_EFINISHED, what is in it is dropped, and its memory is given back.
 * Nobody who was woken touches the queue any more, so it may go at once. Does not suspend. Ending it twice
 * does nothing.
 */
EDDY_API void eddy_queue_finish(eddy_queue *queue);

/**
 * Put an item in, and wait while the queue is full.
 *
 * @param item  copied, at the latest when this returns
 * @return 0: it is in the queue, or with a getter
 * @retval EDDY_ESHUTDOWN                the queue is shut down, before or meanwhile
 * @retval EDDY_EFINISHED                the queue has been finished
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted, before or while it waited
 * @retval EDDY_ENOTASK                  it is full, and the caller is no coroutine
 * @retval EDDY_EWRONGLOOP               it is full, or getters wait, and its tasks are another loop's
 * @retval EDDY_ELOOPCLOSED              getters wait, and their loop was closed under them
 * @retval -ENOMEM                       a queue of any number of items cannot grow
 *
 * After any error the item is not in the queue. Suspends while it is full. Queue.put().
 */
EDDY_API EDDY_ASYNC int eddy_queue_put(eddy_queue *queue, const void *item);

/** Put an item in if there is room: 0, EDDY_EQUEUEFULL, or an error as from eddy_queue_put(). Also for
 * callbacks. Does not suspend. Queue.put_nowait(). */
EDDY_API int eddy_queue_put_nowait(eddy_queue *queue, const void *item);

/**
 * Get an item, and wait while there is none.
 *
 * @param item  receives it; not touched where this fails
 * @return 0
 * @retval EDDY_ESHUTDOWN                the queue is shut down and empty
 * @retval EDDY_EFINISHED                the queue has been finished
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted, before or while it waited; no item is lost by that
 * @retval EDDY_ENOTASK                  it is empty, and the caller is no coroutine
 * @retval EDDY_EWRONGLOOP               it is empty, or putters wait, and its tasks are another loop's
 * @retval EDDY_ELOOPCLOSED              putters wait, and their loop was closed under them
 *
 * Suspends while it is empty. Queue.get().
 */
EDDY_API EDDY_ASYNC int eddy_queue_get(eddy_queue *queue, void *item);

/** Get an item if there is one: 0, EDDY_EQUEUEEMPTY, or an error as from eddy_queue_get(). Also for callbacks.
 * Does not suspend. Queue.get_nowait(). */
EDDY_API int eddy_queue_get_nowait(eddy_queue *queue, void *item);

/**
 * Say that the work on an item that was got is done.
 *
 * @return 0
 * @retval EDDY_EINVALIDSTATE  there were no more items than calls of this
 *
 * Does not suspend. Queue.task_done().
 */
EDDY_API int eddy_queue_task_done(eddy_queue *queue);

/**
 * Wait until the work on every item that was put in is done, as eddy_queue_task_done() says.
 *
 * @return 0
 * @retval EDDY_EFINISHED                the queue has been finished
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted
 * @retval EDDY_ENOTASK, EDDY_EWRONGLOOP as from eddy_queue_get()
 *
 * Suspends while there is work. Queue.join().
 */
EDDY_API EDDY_ASYNC int eddy_queue_join(eddy_queue *queue);

/**
 * Take no more items. Putters, also those who wait, get EDDY_ESHUTDOWN; getters get it once the queue is empty.
 *
 * @param immediate  drop the items that are in it, too, and count the work on them as done. What the items own
 *                   is not freed; to free it, shut down without this and eddy_queue_get_nowait() the rest
 *
 * Does not suspend. Queue.shutdown().
 */
EDDY_API void eddy_queue_shutdown(eddy_queue *queue, bool immediate);

/** How many items are in it. Those that a waiting getter has been woken for are not. Queue.qsize(). */
EDDY_API size_t eddy_queue_size(const eddy_queue *queue);

/** Whether there is nothing to get now; an unbuffered queue has something where a putter waits. Queue.empty(). */
EDDY_API bool eddy_queue_empty(const eddy_queue *queue);

/** Whether there is no room for an item now; an unbuffered queue has room where a getter waits. Queue.full(). */
EDDY_API bool eddy_queue_full(const eddy_queue *queue);

/** How many items it holds at most; 0: any number, or it is unbuffered. Queue.maxsize. */
EDDY_API size_t eddy_queue_maxsize(const eddy_queue *queue);

EDDY_END_DECLS

#endif
