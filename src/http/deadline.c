#include "http/deadline.h"

#include "base/list.h"

void deadlines_init(struct deadlines *all, eddy_duration delay, void (*passed)(struct deadline *deadline))
{
        *all = (struct deadlines){.delay = delay, .passed = passed};
        list_init(&all->running);
}

void deadlines_rest(struct deadlines *all)
{
        if (all->is_armed)
                eddy_timer_cancel(&all->timer);
        all->is_armed = false;
}

static void expire(void *arg)
{
        struct deadlines *all = arg;
        eddy_loop *loop = eddy_running_loop();

        /* Who starts one meanwhile leaves the timer to us, for the first is perhaps another's. */
        while (!list_is_empty(&all->running)) {
                struct deadline *first = container_of(all->running.next, struct deadline, link);

                if (first->when > eddy_loop_time(loop)) {
                        all->is_armed = eddy_call_at(loop, &all->timer, first->when, expire, all) == 0;
                        return;
                }
                list_remove(&first->link);
                all->passed(first);
        }
        all->is_armed = false;
}

void deadline_start(struct deadlines *all, struct deadline *deadline)
{
        eddy_loop *loop = eddy_running_loop();

        deadline_stop(deadline);
        deadline->when = eddy_time_add(eddy_loop_time(loop), all->delay);
        list_append(&all->running, &deadline->link);
        if (!all->is_armed)
                all->is_armed = eddy_call_at(loop, &all->timer, deadline->when, expire, all) == 0;
}

void deadline_stop(struct deadline *deadline)
{
        if (deadline_runs(deadline))
                list_remove(&deadline->link);
}
