/* Callbacks sent from other threads, and callbacks whose handle the loop allocated itself. */
#ifndef LOOP_INBOX_H
#define LOOP_INBOX_H

#include "backend/backend.h"
#include <stdatomic.h>

struct context;

/** Where other threads put handles: a stack that its one reader takes whole. Part of the loop. A handle in it is
 * chained by link.prev to the one before; link.next is no link but tells which inbox it is, by an odd address. */
struct inbox {
        _Atomic(eddy_link *) newest; /* the closed mark when the loop is */
        atomic_int senders;          /* threads within inbox_send(), which close waits for */
        atomic_bool has_news;        /* somebody woke the loop on behalf of others, such as a signal handler */
        atomic_bool is_asleep;       /* the loop waits, or is about to: who sends must wake it */
        struct backend *backend;
};

void inbox_init(struct inbox *inbox, struct backend *backend);

/** Refuse what is sent from now on, and move the rest to `ready`. */
void inbox_close(struct inbox *inbox, eddy_link *ready);

/** Put a handle whose callback is set, and wake the loop where it sleeps. 0 or EDDY_ELOOPCLOSED. */
int inbox_send(struct inbox *inbox, eddy_handle *handle);

/** As inbox_send(), in a handle of the loop's own: 0, EDDY_ELOOPCLOSED or -ENOMEM.
 *
 * @param dispose  called with arg in place of the callback where the loop is closed before; may be NULL
 */
int inbox_send_owned(struct inbox *inbox, eddy_callback callback, eddy_callback dispose, void *arg);

/** Whether there is nothing to drain. */
bool inbox_is_empty(struct inbox *inbox);

/** Before the loop sleeps: whether it may, and then whoever sends next wakes it. */
bool inbox_begin_sleep(struct inbox *inbox);

/** After it: nobody needs to wake the loop any more. */
void inbox_end_sleep(struct inbox *inbox);

/** Whether a handle that waits does so in an inbox. */
static inline bool inbox_holds(const eddy_handle *handle)
{
        return (uintptr_t)handle->link.next & 1;
}

/** Move such a handle to its loop's ready queue, with all others there; only in the loop's thread. */
void inbox_fetch(eddy_handle *handle);

/** Wake the loop for what does not come by handle; from signal handlers, too. */
void inbox_tell(struct inbox *inbox);

/** Whether somebody has since this was asked last. */
static inline bool inbox_has_news(struct inbox *inbox)
{
        return atomic_load_explicit(&inbox->has_news, memory_order_relaxed) &&
               atomic_exchange(&inbox->has_news, false);
}

/** Move what was sent to `ready`, in order. */
void inbox_drain(struct inbox *inbox, eddy_link *ready);

/** Schedule a callback in a handle of the loop's own: 0 or -ENOMEM.
 *
 * @param context  what it sees; NULL: a copy of the current one
 */
int inbox_schedule_owned(eddy_loop *loop, struct context *context, eddy_callback callback, void *arg);

/** Free a handle if the loop allocated it: for what will never run. */
void inbox_free_owned(eddy_handle *handle);

/** What a handle calls in the end, also where it is one of the loop's own. */
eddy_callback inbox_callback(const eddy_handle *handle);

/** A timer of the loop's own, likewise: freed when it runs. NULL without memory. */
eddy_timer *inbox_create_owned_timer(struct context *context, eddy_callback callback, void *arg);

#endif
