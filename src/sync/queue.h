/* Queues from the inside: what waits at them. */
#ifndef SYNC_QUEUE_H
#define SYNC_QUEUE_H

#include "task/task.h"
#include <eddy/queue.h>

/** Of a getter: an item in the queue is his, which he takes as he runs. */
enum { QUEUE_PROMISED = 1 };

/** One who waits at a queue. Lies in the memory of whoever waits. */
struct queue_waiter {
        eddy_link link; /* in a line of the queue's while PENDING, in queue->promised while PROMISED */
        void *item;     /* a getter's is copied to, a putter's from */
        struct task *task;
        void (*wake)(
            struct queue_waiter *waiter); /* it has its outcome; NULL: the task is woken, and that is all */
        int outcome;                      /* EDDY_PENDING, QUEUE_PROMISED, 0 or an error */
};

/** Make a queue one of this loop's tasks, before one of them waits: 0 or EDDY_EWRONGLOOP. */
int queue_bind(eddy_queue *queue, eddy_loop *loop);

/** Take the item that a getter was promised: 0. */
int queue_take_promised(eddy_queue *queue, struct queue_waiter *getter);

/** The outcome for a waiter who was woken, and now runs. The queue itself may be gone by then, but not before it
 * has kept its promises. */
static inline int queue_redeem(eddy_queue *queue, struct queue_waiter *waiter)
{
        return waiter->outcome == QUEUE_PROMISED ? queue_take_promised(queue, waiter) : waiter->outcome;
}

#endif
