#include "http/deadline.h"

#include "base/list.h"
#include "http/progress.h"

/* Bytes of a step for which a client may keep silent once more, and how often at most. */
enum { STEP = 16 * 1024, MOST_PATIENCE = 4 };

void deadlines_init(struct deadlines *all, eddy_duration delay)
{
        *all = (struct deadlines){.delay = delay};
        list_init(&all->running);
}

void deadlines_rest(struct deadlines *all)
{
        if (all->is_armed)
                eddy_timer_cancel(&all->timer);
        all->is_armed = false;
}

/* Whether a client that has had its time has it anew. */
static bool is_excused(struct deadline *deadline)
{
        uint64_t taken, step;

        if (deadline->fd < 0)
                return false;
        taken = http_progress(deadline->fd);
        step = taken > deadline->taken ? taken - deadline->taken : deadline->taken - taken;
        deadline->taken = taken;
        if (step > 0) {
                deadline->patience = step / STEP < MOST_PATIENCE ? (unsigned)(step / STEP) : MOST_PATIENCE;
                return true;
        }
        return deadline->patience > 0 && deadline->patience--;
}

static void expire(void *arg)
{
        struct deadlines *all = arg;
        eddy_loop *loop = eddy_running_loop();

        all->is_armed = false;
        while (!list_is_empty(&all->running)) {
                struct deadline *first = container_of(all->running.next, struct deadline, link);

                if (first->when > eddy_loop_time(loop)) {
                        all->is_armed = eddy_call_at(loop, &all->timer, first->when, expire, all) == 0;
                        return;
                }
                list_remove(&first->link);
                if (is_excused(first)) {
                        first->when = eddy_time_add(eddy_loop_time(loop), all->delay);
                        list_append(&all->running, &first->link);
                } else {
                        eddy_timeout_reschedule(&first->scope, first->when);
                }
        }
}

void deadline_open(struct deadline *deadline)
{
        *deadline = (struct deadline){.when = 0};
        eddy_timeout_open(&deadline->scope, EDDY_FOREVER);
}

void deadline_close(struct deadline *deadline)
{
        eddy_timeout_close(&deadline->scope);
}

void deadline_renew(struct deadline *deadline)
{
        eddy_timeout_close(&deadline->scope);
        eddy_timeout_open(&deadline->scope, EDDY_FOREVER);
}

void deadline_start(struct deadlines *all, struct deadline *deadline)
{
        deadline_start_sending(all, deadline, -1);
}

void deadline_start_sending(struct deadlines *all, struct deadline *deadline, int fd)
{
        eddy_loop *loop = eddy_running_loop();

        deadline->fd = fd;
        deadline->when = eddy_time_add(eddy_loop_time(loop), all->delay);
        list_append(&all->running, &deadline->link);
        if (!all->is_armed)
                all->is_armed = eddy_call_at(loop, &all->timer, deadline->when, expire, all) == 0;
}

int deadline_stop(struct deadline *deadline)
{
        if (list_is_linked(&deadline->link))
                list_remove(&deadline->link);
        return eddy_timeout_expired(&deadline->scope) ? EDDY_TIMEOUT : 0;
}
