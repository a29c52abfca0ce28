#include "base/fork.h"

#include "base/sys.h"

unsigned fork_generation;

static void (*begin_anew_in_child)(void);

/** In the child, where no other thread is. */
static void on_fork(void)
{
        fork_generation++;
        begin_anew_in_child();
}

int fork_watch(void (*begin_anew)(void))
{
        static atomic_bool is_watching;
        int rc;

        if (atomic_load(&is_watching))
                return 0;
        begin_anew_in_child = begin_anew;
        rc = sys_at_fork(on_fork);
        /* Of two threads that come here at once both register it: a generation more in the child, and no harm. */
        if (rc == 0)
                atomic_store(&is_watching, true);
        return rc;
}
