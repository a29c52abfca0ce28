/* Scenarios: each uses something that suspends, cleans up after itself, and returns 0 or why it could not.
 * scenarios_GROUP.c defines those of one group; meson.build names the groups. */
#ifndef TESTS_FAULTS_SCENARIOS_H
#define TESTS_FAULTS_SCENARIOS_H

#include <eddy.h>

struct scenario {
        const char *name;
        eddy_fn play;
};

/** Of this program's group; the last one has no name. */
extern const struct scenario scenarios[];

/** An error of its own, or why waiting for it failed. */
static inline int settle(eddy_future *future)
{
        intptr_t result = 0;
        int rc = eddy_join(future, &result);

        return rc < 0 ? rc : eddy_is_error(result) ? (int)result : 0;
}

/** Cancel a task if there is one, see its end, and give it back, whatever happens to oneself. */
static inline void end_task(eddy_task *task)
{
        if (!task)
                return;
        eddy_cancel(task);
        EDDY_SHIELD_SCOPE
                eddy_await(task, NULL);
        eddy_unref(task);
}

#endif
