/* What a select may wait for: queues, futures and time. */
#include "sync/queue.h"
#include "sync/select.h"
#include "task/crowd.h"

/** Where a case waits; lies in its reserved storage. */
union place {
        struct queue_waiter queue;
        struct waiter future;
        eddy_timer timer;
};

_Static_assert(sizeof(union place) <= sizeof((eddy_case *)0)->reserved, "a case has room for its place");

static union place *place_of(eddy_case *one)
{
        return (union place *)(void *)one->reserved;
}

/* ------------------------------------------------------------------------------------------------
 * Queues. One that is NULL never has anything. */

static void choose_queue(struct queue_waiter *waiter)
{
        select_choose(select_case_at(waiter));
}

static int check_queue(struct task *self, const eddy_case *one)
{
        return one->what.queue ? queue_bind(one->what.queue, self->future.loop) : 0;
}

static void join_queue(eddy_case *one, eddy_link *line)
{
        struct queue_waiter *waiter = &place_of(one)->queue;

        waiter->item = one->place;
        waiter->task = one->selection->task;
        waiter->wake = choose_queue;
        waiter->outcome = EDDY_PENDING;
        list_append(line, &waiter->link);
}

static void leave_queue(eddy_case *one)
{
        if (one->what.queue)
                list_remove(&place_of(one)->queue.link);
}

static int collect_from_queue(struct task *self, eddy_case *one)
{
        (void)self;
        return queue_redeem(one->what.queue, &place_of(one)->queue);
}

static enum select_readiness look_for_item(struct task *self, eddy_case *one)
{
        const eddy_queue *queue = one->what.queue;

        (void)self;
        return queue && (queue->refusal || !eddy_queue_empty(queue)) ? NOW : NOT_NOW;
}

static int get_now(struct task *self, eddy_case *one)
{
        (void)self;
        return eddy_queue_get_nowait(one->what.queue, one->place);
}

static void join_getters(eddy_case *one)
{
        if (one->what.queue)
                join_queue(one, &one->what.queue->getters);
}

static const struct eddy_case_source source_get = {
    .look = look_for_item,
    .happen = get_now,
    .check = check_queue,
    .join = join_getters,
    .leave = leave_queue,
    .collect = collect_from_queue,
};

static enum select_readiness look_for_room(struct task *self, eddy_case *one)
{
        const eddy_queue *queue = one->what.queue;

        (void)self;
        return queue && (queue->refusal || !eddy_queue_full(queue)) ? NOW : NOT_NOW;
}

static int put_now(struct task *self, eddy_case *one)
{
        (void)self;
        return eddy_queue_put_nowait(one->what.queue, one->place);
}

static void join_putters(eddy_case *one)
{
        if (one->what.queue)
                join_queue(one, &one->what.queue->putters);
}

static const struct eddy_case_source source_put = {
    .look = look_for_room,
    .happen = put_now,
    .check = check_queue,
    .join = join_putters,
    .leave = leave_queue,
    .collect = collect_from_queue,
};

eddy_case eddy_case_get(eddy_queue *queue, void *item)
{
        eddy_case made;

        select_make(&made, &source_get, item);
        made.what.queue = queue;
        return made;
}

eddy_case eddy_case_put(eddy_queue *queue, const void *item)
{
        eddy_case made;

        select_make(&made, &source_put, (void *)(uintptr_t)item);
        made.what.queue = queue;
        return made;
}

/* ------------------------------------------------------------------------------------------------
 * Futures. */

static void choose_future(struct waiter *waiter, eddy_future *future)
{
        (void)future;
        select_choose(select_case_at(waiter));
}

static enum select_readiness look_at_future(struct task *self, eddy_case *one)
{
        (void)self;
        return eddy_done(one->what.future) ? NOW : NOT_NOW;
}

static int take_result(struct task *self, eddy_case *one)
{
        if (!one->place)
                return 0;
        if (!self)
                return eddy_future_result(one->what.future, one->place);
        task_look(self, one->what.future, one->place);
        return 0;
}

static int check_future(struct task *self, const eddy_case *one)
{
        return crowd_check(self, one->what.future);
}

static void join_waiters(eddy_case *one)
{
        place_of(one)->future.wake = choose_future;
        list_append(&one->what.future->waiters, &place_of(one)->future.link);
}

static void leave_waiters(eddy_case *one)
{
        list_remove(&place_of(one)->future.link);
}

static const struct eddy_case_source source_done = {
    .look = look_at_future,
    .happen = take_result,
    .check = check_future,
    .join = join_waiters,
    .leave = leave_waiters,
    .collect = take_result,
};

eddy_case eddy_case_done(eddy_future *future, intptr_t *result)
{
        eddy_case made;

        select_make(&made, &source_done, result);
        made.what.future = future;
        return made;
}

/* ------------------------------------------------------------------------------------------------
 * Time. */

static void choose_time(void *one)
{
        select_choose(one);
}

static int nothing_more(struct task *self, eddy_case *one)
{
        (void)self;
        (void)one;
        return 0;
}

static void leave_timer(eddy_case *one)
{
        eddy_timer_cancel(&place_of(one)->timer);
}

static enum select_readiness look_at_delay(struct task *self, eddy_case *one)
{
        (void)self;
        return one->what.time <= 0 ? IF_NO_OTHER_CAN : NOT_NOW;
}

static void set_delay(eddy_case *one)
{
        eddy_timer *timer = &place_of(one)->timer;

        timer->handle.link.next = NULL;
        eddy_call_later(one->selection->task->future.loop, timer, one->what.time, choose_time, one);
}

static const struct eddy_case_source source_after = {
    .look = look_at_delay,
    .happen = nothing_more,
    .join = set_delay,
    .leave = leave_timer,
    .collect = nothing_more,
};

static enum select_readiness look_at_clock(struct task *self, eddy_case *one)
{
        eddy_time now = loop_running_here ? loop_running_here->now : eddy_now();

        (void)self;
        return one->what.time <= now ? IF_NO_OTHER_CAN : NOT_NOW;
}

static void set_moment(eddy_case *one)
{
        eddy_timer *timer = &place_of(one)->timer;

        timer->handle.link.next = NULL;
        eddy_call_at(one->selection->task->future.loop, timer, one->what.time, choose_time, one);
}

static const struct eddy_case_source source_at = {
    .look = look_at_clock,
    .happen = nothing_more,
    .join = set_moment,
    .leave = leave_timer,
    .collect = nothing_more,
};

eddy_case eddy_case_after(eddy_duration delay)
{
        eddy_case made;

        select_make(&made, &source_after, NULL);
        made.what.time = delay;
        return made;
}

eddy_case eddy_case_at(eddy_time when)
{
        eddy_case made;

        select_make(&made, &source_at, NULL);
        made.what.time = when;
        return made;
}

eddy_case eddy_case_otherwise(void)
{
        return eddy_case_after(0);
}
