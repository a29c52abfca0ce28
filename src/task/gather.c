#include "base/misuse.h"
#include "task/crowd.h"
#include <eddy/compose.h>

static bool has_failed_or_ended(const struct crowd *crowd)
{
        return crowd->first_failed || crowd->pending == 0;
}

/** Cancel what is not done; the gatherer then waits until all have ended. */
static bool cancel_members(struct wait *wait, struct task *task)
{
        struct crowd *crowd = container_of(wait, struct crowd, wait);

        if (wait->was_interrupted || (crowd->is_enough(crowd) && list_is_linked(&task->coro.resume.link)))
                return wait->was_interrupted;
        crowd->is_enough = crowd_is_complete;
        /* Ending one only schedules what waits for it, so all are still there to be asked. */
        for (size_t i = 0; i < crowd->count; i++)
                eddy_cancel(crowd->futures[i]);
        return true;
}

/** After a failure the others run on; the caller knows, so that one more failing is no news. */
static void leave_running(eddy_future *future, intptr_t *result)
{
        future->was_looked_at = true;
        if (result)
                *result = EDDY_PENDING;
}

static int collect(struct crowd *crowd, intptr_t *results)
{
        for (size_t i = 0; i < crowd->count; i++) {
                if (crowd->futures[i]->is_done)
                        task_look(crowd->task, crowd->futures[i], results ? &results[i] : NULL);
                else
                        leave_running(crowd->futures[i], results ? &results[i] : NULL);
        }
        if (!crowd->first_failed)
                return 0;
        task_look(crowd->task, crowd->first_failed, NULL);
        return task_failure_of(crowd->task, crowd->first_failed);
}

/** As collect(), for who was interrupted, when all have ended: as in end_interrupted(), where all are values they are
 * handed over. */
static int collect_interrupted(struct crowd *crowd, intptr_t *results, int interruption)
{
        for (size_t i = 0; results && i < crowd->count; i++)
                task_look(crowd->task, crowd->futures[i], &results[i]);
        return crowd->first_failed ? interruption : 0;
}

int eddy_gather(eddy_future *const futures[], size_t n, intptr_t *results, unsigned flags)
{
        struct crowd crowd = {.wait.interrupt = cancel_members};
        struct task *self = task_current();
        bool sees_all = flags & EDDY_RETURN_ERRORS;
        int rc, interruption;

        if (!self)
                return misuse(EDDY_ENOTASK);
        rc = crowd_init(&crowd, self, futures, n, sees_all ? crowd_is_complete : has_failed_or_ended);
        if (rc < 0)
                return rc;
        interruption = crowd_wait(&crowd);
        if (interruption < 0) {
                rc = collect_interrupted(&crowd, results, interruption);
        } else {
                rc = collect(&crowd, results);
                if (sees_all && results)
                        rc = 0;
        }
        crowd_finish(&crowd);
        return rc;
}
