#include "task/crowd.h"
#include <eddy/compose.h>

static bool is_one_done(const struct crowd *crowd)
{
        return crowd->pending < crowd->count || crowd->count == 0;
}

static bool has_one_failed(const struct crowd *crowd)
{
        return crowd->has_error || crowd->pending == 0;
}

static void time_is_up(void *task)
{
        task_wake(task);
}

ssize_t eddy_wait(eddy_future *const futures[], size_t n, eddy_wait_mode mode, eddy_duration timeout)
{
        static bool (*const is_enough[])(const struct crowd *) = {
            [EDDY_ALL_COMPLETED] = crowd_is_complete,
            [EDDY_FIRST_COMPLETED] = is_one_done,
            [EDDY_FIRST_EXCEPTION] = has_one_failed,
        };
        struct crowd crowd = {.wait.interrupt = task_end_wait};
        eddy_timer timer = {.when = 0};
        struct task *self;
        ssize_t done;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        if ((unsigned)mode > EDDY_FIRST_EXCEPTION)
                return -EINVAL;
        rc = crowd_init(&crowd, self, futures, n, is_enough[mode]);
        if (rc < 0)
                return rc;
        if (timeout != EDDY_FOREVER)
                eddy_call_later(self->future.loop, &timer, timeout, time_is_up, self);
        rc = crowd_wait(&crowd);
        eddy_timer_cancel(&timer);
        done = (ssize_t)(crowd.count - crowd.pending);
        crowd_finish(&crowd);
        return rc < 0 ? rc : done;
}
