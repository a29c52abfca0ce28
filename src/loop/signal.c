/* A signal's handler only marks it and wakes the loop; callbacks run, and watches are told, in the loop's next
 * iteration. */
#include "loop/signal.h"

#include "base/context.h"
#include "base/misuse.h"
#include "base/sys.h"
#include "loop/loop.h"
#include <sched.h>
#include <stdatomic.h>

/** One signal of the process. But for what is atomic, only `loop` looks at it. */
struct entry {
        _Atomic(eddy_loop *) loop; /* who handles it; NULL: nobody here */
        atomic_bool is_pending;    /* it has come since it was delivered last */
        bool is_installed;         /* note_signal() is its handler */
        bool is_default;           /* the callback steps back while the signal is watched */
        unsigned watches;
        eddy_handle handle; /* runs what is bound; callback NULL: it is only watched */
        struct bound_callback bound;
        struct sigaction before;
};

static struct entry entries[NSIG];

/** Threads within note_signal(), which may still look at a loop that they found. */
static atomic_int noting;

/** Who installed note_signal(). A child made by fork() has our handlers until it begins anew, one made by vfork() until it
 * calls exec(): what they receive is not for our loops. */
static atomic_int owner;

static void note_signal(int signum)
{
        struct entry *entry = &entries[signum];
        int saved = errno;
        eddy_loop *loop;

        if (getpid() != atomic_load(&owner))
                return;
        atomic_fetch_add(&noting, 1);
        loop = atomic_load(&entry->loop);
        if (loop) {
                atomic_store(&entry->is_pending, true);
                inbox_tell(&loop->inbox);
        }
        atomic_fetch_sub(&noting, 1);
        errno = saved;
}

/** Begin to use a signal: 0, or why not. */
static int claim(eddy_loop *loop, int signum, struct entry **claimed)
{
        struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART | SA_ONSTACK};
        eddy_loop *nobody = NULL;
        struct entry *entry;
        int rc;

        *claimed = NULL;
        if (!loop)
                return misuse(EDDY_ENOLOOP);
        if (loop->is_closed)
                return misuse(EDDY_ELOOPCLOSED);
        if (signum < 1 || signum >= NSIG)
                return -EINVAL;
        *claimed = entry = &entries[signum];
        if (!atomic_compare_exchange_strong(&entry->loop, &nobody, loop))
                return nobody == loop ? 0 : -EBUSY;
        atomic_store(&entry->is_pending, false);
        atomic_store(&owner, getpid());
        if (entry->is_installed)
                return 0;
        sigemptyset(&action.sa_mask);
        rc = sys_sigaction(signum, &action, &entry->before);
        entry->is_installed = rc == 0;
        if (rc < 0)
                atomic_store(&entry->loop, NULL);
        return rc;
}

/** End to use a signal if nobody in the loop is left who does. */
static void release(struct entry *entry)
{
        if (entry->handle.callback || entry->watches > 0)
                return;
        /* Where it fails, which no kernel does, the handler stays and finds nobody to tell. */
        if (sys_sigaction((int)(entry - entries), &entry->before, NULL) == 0)
                entry->is_installed = false;
        atomic_store(&entry->loop, NULL);
        while (atomic_load(&noting))
                sched_yield();
}

static int add_handler(eddy_loop *loop, int signum, eddy_callback callback, void *arg, bool is_default)
{
        struct entry *entry;
        int rc = claim(loop, signum, &entry);

        if (rc < 0)
                return rc;
        bound_clear(&entry->bound);
        bound_set(&entry->bound, callback, arg);
        entry->handle.callback = bound_run;
        entry->handle.arg = &entry->bound;
        entry->is_default = is_default;
        return 0;
}

int eddy_add_signal_handler(eddy_loop *loop, int signum, eddy_callback callback, void *arg)
{
        return add_handler(loop_meant(loop), signum, callback, arg, false);
}

int signal_add_default(eddy_loop *loop, int signum, eddy_callback callback, void *arg)
{
        return add_handler(loop, signum, callback, arg, true);
}

static void drop_handler(struct entry *entry)
{
        eddy_handle_cancel(&entry->handle);
        entry->handle.callback = NULL;
        bound_clear(&entry->bound);
}

bool eddy_remove_signal_handler(eddy_loop *loop, int signum)
{
        struct entry *entry;

        if (signum < 1 || signum >= NSIG)
                return false;
        entry = &entries[signum];
        loop = loop_meant(loop);
        if (!loop || atomic_load(&entry->loop) != loop || !entry->handle.callback)
                return false;
        drop_handler(entry);
        release(entry);
        return true;
}

int signal_watch(eddy_loop *loop, eddy_signal_watch *watch)
{
        uint64_t wanted = watch->wanted;
        int rc;

        watch->loop = loop;
        watch->wanted = 0;
        while (wanted) {
                struct entry *entry;
                int signum = signal_take_lowest(&wanted);

                rc = claim(loop, signum, &entry);
                if (rc < 0)
                        goto error_claim;
                entry->watches++;
                watch->wanted |= signal_bit(signum);
        }
        list_append(&loop->signal_watches, &watch->link);
        return 0;

error_claim:
        list_append(&loop->signal_watches, &watch->link);
        signal_unwatch(watch);
        return rc;
}

void signal_unwatch(eddy_signal_watch *watch)
{
        uint64_t wanted = watch->wanted;

        list_remove(&watch->link);
        while (wanted) {
                struct entry *entry = &entries[signal_take_lowest(&wanted)];

                /* In a forked child it may be another loop's by now. */
                if (atomic_load(&entry->loop) != watch->loop)
                        continue;
                entry->watches--;
                release(entry);
        }
}

/** Tell who watches a signal that it has come: whether anybody does. */
static bool tell_watches(eddy_loop *loop, int signum)
{
        eddy_link *link = loop->signal_watches.next;
        bool is_watched = false;

        for (; link != &loop->signal_watches; link = link->next) {
                eddy_signal_watch *watch = container_of(link, eddy_signal_watch, link);

                if (!(watch->wanted & signal_bit(signum)))
                        continue;
                is_watched = true;
                watch->came |= signal_bit(signum);
                watch->notify(watch);
        }
        return is_watched;
}

void signal_deliver(eddy_loop *loop)
{
        for (int signum = 1; signum < NSIG; signum++) {
                struct entry *entry = &entries[signum];
                bool is_watched;

                if (atomic_load(&entry->loop) != loop || !atomic_exchange(&entry->is_pending, false))
                        continue;
                is_watched = tell_watches(loop, signum);
                if (!entry->handle.callback || (entry->is_default && is_watched))
                        continue;
                if (!list_is_linked(&entry->handle.link))
                        loop_schedule(loop, &entry->handle);
        }
}

void signal_remove_all(eddy_loop *loop)
{
        while (!list_is_empty(&loop->signal_watches))
                signal_unwatch(container_of(loop->signal_watches.next, eddy_signal_watch, link));
        for (int signum = 1; signum < NSIG; signum++)
                eddy_remove_signal_handler(loop, signum);
}

void signal_forget_all(void)
{
        for (int signum = 1; signum < NSIG; signum++) {
                struct entry *entry = &entries[signum];

                if (entry->is_installed)
                        sys_sigaction(signum, &entry->before, NULL);
                entry->is_installed = false;
                drop_handler(entry);
                entry->watches = 0;
                atomic_store(&entry->loop, NULL);
        }
        atomic_store(&noting, 0);
}
