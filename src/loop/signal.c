/* A signal's handler only marks it and wakes the loop; the user's callback runs in the loop's next iteration. */
#include "loop/signal.h"

#include "base/context.h"
#include "base/misuse.h"
#include "base/sys.h"
#include "loop/loop.h"
#include <stdatomic.h>

/** One signal of the process. */
struct entry {
        _Atomic(eddy_loop *) loop; /* who handles it; NULL: nobody here */
        atomic_bool is_pending;    /* it has come since the handle was scheduled last */
        eddy_handle handle;        /* runs what is bound */
        struct bound_callback bound;
        struct sigaction before;
};

static struct entry entries[NSIG];

static void note(int signum)
{
        struct entry *entry = &entries[signum];
        eddy_loop *loop = atomic_load(&entry->loop);
        int saved = errno;

        if (loop) {
                atomic_store(&entry->is_pending, true);
                atomic_store(&loop->inbox.has_news, true);
                loop->backend->impl->wake(loop->backend);
        }
        errno = saved;
}

int eddy_add_signal_handler(eddy_loop *loop, int signum, eddy_callback callback, void *arg)
{
        struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART | SA_ONSTACK};
        eddy_loop *nobody = NULL;
        struct entry *entry;
        int rc;

        if (loop->is_closed)
                return misuse(EDDY_ELOOPCLOSED);
        if (signum < 1 || signum >= NSIG)
                return -EINVAL;
        entry = &entries[signum];
        if (!atomic_compare_exchange_strong(&entry->loop, &nobody, loop)) {
                if (nobody != loop)
                        return -EBUSY;
                bound_clear(&entry->bound);
                bound_set(&entry->bound, callback, arg);
                return 0;
        }
        atomic_store(&entry->is_pending, false);
        entry->handle = (eddy_handle){.callback = bound_run, .arg = &entry->bound};
        bound_set(&entry->bound, callback, arg);
        sigemptyset(&action.sa_mask);
        rc = sys_sigaction(signum, &action, &entry->before);
        if (rc < 0) {
                bound_clear(&entry->bound);
                atomic_store(&entry->loop, NULL);
        }
        return rc;
}

bool eddy_remove_signal_handler(eddy_loop *loop, int signum)
{
        struct entry *entry;

        if (signum < 1 || signum >= NSIG)
                return false;
        entry = &entries[signum];
        if (atomic_load(&entry->loop) != loop)
                return false;
        sigaction(signum, &entry->before, NULL);
        eddy_handle_cancel(&entry->handle);
        bound_clear(&entry->bound);
        atomic_store(&entry->loop, NULL);
        return true;
}

void signal_deliver(eddy_loop *loop)
{
        for (int signum = 1; signum < NSIG; signum++) {
                struct entry *entry = &entries[signum];

                if (atomic_load(&entry->loop) != loop || !atomic_exchange(&entry->is_pending, false))
                        continue;
                if (!list_is_linked(&entry->handle.link))
                        loop_schedule(loop, &entry->handle);
        }
}

void signal_remove_all(eddy_loop *loop)
{
        for (int signum = 1; signum < NSIG; signum++)
                eddy_remove_signal_handler(loop, signum);
}
