/* Select: one place in each line that a task waits in; who is served in one leaves the others. */
#include "base/misuse.h"
#include "sync/queue.h"
#include "task/crowd.h"
#include <eddy/select.h>

/** A select that waits. Lies on its task's stack. */
struct eddy_selection {
        struct wait wait;
        struct task *task;
        eddy_case *cases;
        size_t count;
        eddy_case *chosen; /* the one that happened; NULL: it still waits, or was interrupted */
};

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

static eddy_case *case_at(void *place)
{
        return container_of(place, eddy_case, reserved);
}

/** Leave all lines but the one that the chosen case was taken from. */
static void leave_lines(struct eddy_selection *selection)
{
        for (size_t i = 0; i < selection->count; i++) {
                eddy_case *one = &selection->cases[i];
                union place *place = place_of(one);

                if (one == selection->chosen)
                        continue;
                switch (one->kind) {
                case EDDY_CASE_GET_:
                case EDDY_CASE_PUT_:
                        if (one->what.queue)
                                list_remove(&place->queue.link);
                        break;
                case EDDY_CASE_DONE_:
                        list_remove(&place->future.link);
                        break;
                case EDDY_CASE_AFTER_:
                case EDDY_CASE_AT_:
                        eddy_timer_cancel(&place->timer);
                        break;
                }
        }
}

/** A case has happened to a select that waits. */
static void choose(eddy_case *one)
{
        struct eddy_selection *selection = one->selection;

        selection->chosen = one;
        leave_lines(selection);
        task_wake(selection->task);
}

static void choose_queue(struct queue_waiter *waiter)
{
        choose(case_at(waiter));
}

static void choose_future(struct waiter *waiter, eddy_future *future)
{
        (void)future;
        choose(case_at(waiter));
}

static void choose_time(void *one)
{
        choose(one);
}

static bool stop_waiting(struct wait *wait, struct task *task)
{
        struct eddy_selection *selection = container_of(wait, struct eddy_selection, wait);

        if (selection->chosen || wait->was_interrupted)
                return false;
        leave_lines(selection);
        task_wake(task);
        return true;
}

/** Whether a case can happen. */
enum readiness {
        NOT_NOW,
        NOW,
        IF_NO_OTHER_CAN,
};

static enum readiness look_at(const eddy_case *one)
{
        const eddy_queue *queue = one->what.queue;
        eddy_time now;

        switch (one->kind) {
        case EDDY_CASE_GET_:
                return queue && (queue->refusal || !eddy_queue_empty(queue)) ? NOW : NOT_NOW;
        case EDDY_CASE_PUT_:
                return queue && (queue->refusal || !eddy_queue_full(queue)) ? NOW : NOT_NOW;
        case EDDY_CASE_DONE_:
                return eddy_done(one->what.future) ? NOW : NOT_NOW;
        case EDDY_CASE_AT_:
                now = loop_running_here ? loop_running_here->now : eddy_now();
                return one->what.time <= now ? IF_NO_OTHER_CAN : NOT_NOW;
        case EDDY_CASE_AFTER_:
                break;
        }
        return one->what.time <= 0 ? IF_NO_OTHER_CAN : NOT_NOW;
}

/** A number below n, by chance. Without a loop nobody comes back often enough to starve. */
static size_t draw_lot(size_t n)
{
        eddy_loop *loop = loop_running_here;

        return n == 1 || !loop ? 0 : loop_draw(loop, n);
}

/** One of the cases that can happen now, or NULL. */
static eddy_case *pick(eddy_case cases[], size_t n)
{
        eddy_case *picked = NULL, *otherwise = NULL;
        size_t ready = 0;

        for (size_t i = 0; i < n; i++) {
                enum readiness readiness = look_at(&cases[i]);

                /* The nth takes the place of those before it with a chance of 1 in n: all have the same. */
                if (readiness == NOW && draw_lot(++ready) == 0)
                        picked = &cases[i];
                else if (readiness == IF_NO_OTHER_CAN && !otherwise)
                        otherwise = &cases[i];
        }
        return picked ? picked : otherwise;
}

static int look(struct task *self, eddy_case *one)
{
        if (!one->place)
                return 0;
        if (!self)
                return eddy_future_result(one->what.future, one->place);
        task_look(self, one->what.future, one->place);
        return 0;
}

/** Have a case happen that can. */
static int happen(struct task *self, eddy_case *one)
{
        switch (one->kind) {
        case EDDY_CASE_GET_:
                return eddy_queue_get_nowait(one->what.queue, one->place);
        case EDDY_CASE_PUT_:
                return eddy_queue_put_nowait(one->what.queue, one->place);
        case EDDY_CASE_DONE_:
                return look(self, one);
        default:
                return 0;
        }
}

/** What a case that has happened to a select that waited came to. */
static int collect(struct task *self, eddy_case *one)
{
        switch (one->kind) {
        case EDDY_CASE_GET_:
        case EDDY_CASE_PUT_:
                return queue_redeem(one->what.queue, &place_of(one)->queue);
        case EDDY_CASE_DONE_:
                return look(self, one);
        default:
                return 0;
        }
}

/** Whether a task may wait for a case. */
static int check(struct task *self, const eddy_case *one)
{
        switch (one->kind) {
        case EDDY_CASE_GET_:
        case EDDY_CASE_PUT_:
                return one->what.queue ? queue_bind(one->what.queue, self->future.loop) : 0;
        case EDDY_CASE_DONE_:
                return crowd_check(self, one->what.future);
        default:
                return 0;
        }
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

static void join_line(struct eddy_selection *selection, eddy_case *one)
{
        eddy_loop *loop = selection->task->future.loop;
        union place *place = place_of(one);

        one->selection = selection;
        switch (one->kind) {
        case EDDY_CASE_GET_:
                if (one->what.queue)
                        join_queue(one, &one->what.queue->getters);
                break;
        case EDDY_CASE_PUT_:
                if (one->what.queue)
                        join_queue(one, &one->what.queue->putters);
                break;
        case EDDY_CASE_DONE_:
                place->future.wake = choose_future;
                list_append(&one->what.future->waiters, &place->future.link);
                break;
        case EDDY_CASE_AFTER_:
                place->timer.handle.link.next = NULL;
                eddy_call_later(loop, &place->timer, one->what.time, choose_time, one);
                break;
        case EDDY_CASE_AT_:
                place->timer.handle.link.next = NULL;
                eddy_call_at(loop, &place->timer, one->what.time, choose_time, one);
                break;
        }
}

int eddy_select(eddy_case cases[], size_t n)
{
        struct task *self = task_current();
        struct eddy_selection selection = {
            .wait.interrupt = stop_waiting,
            .task = self,
            .cases = cases,
            .count = n,
        };
        eddy_case *one;
        int rc = task_interruption();

        if (rc < 0)
                return rc;
        one = pick(cases, n);
        if (one) {
                one->rc = happen(self, one);
                return (int)(one - cases);
        }
        if (!self)
                return misuse(EDDY_ENOTASK);
        for (size_t i = 0; i < n; i++) {
                rc = check(self, &cases[i]);
                if (rc < 0)
                        return rc;
        }
        for (size_t i = 0; i < n; i++)
                join_line(&selection, &cases[i]);
        rc = task_wait(self, &selection.wait);
        if (rc < 0)
                return rc;
        one = selection.chosen;
        one->rc = collect(self, one);
        return (int)(one - cases);
}
