#include "loop/inbox.h"

#include "base/context.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/misuse.h"
#include "loop/loop.h"
#include <sched.h>

/** A callback in memory of the loop's own, freed as it runs. */
struct owned {
        union {
                eddy_handle handle;
                eddy_timer timer;
        };
        struct bound_callback bound;
        eddy_callback dispose; /* of its argument, where the callback will never run; NULL: nothing to do */
};

static eddy_link closed_mark;

static void run_owned(void *arg)
{
        struct bound_callback bound = ((struct owned *)arg)->bound;

        memory_free(arg);
        bound_run(&bound);
        bound_clear(&bound);
}

/** One that sees a context, or (NULL) a copy of the current one. */
static struct owned *create_owned(struct context *context, eddy_callback callback, void *arg)
{
        struct owned *owned = memory_zalloc(sizeof *owned);

        if (!owned)
                return NULL;
        if (context)
                owned->bound = (struct bound_callback){callback, arg, context_ref(context)};
        else
                bound_set(&owned->bound, callback, arg);
        owned->handle.callback = run_owned;
        owned->handle.arg = owned;
        return owned;
}

static void destroy_owned(struct owned *owned)
{
        bound_clear(&owned->bound);
        memory_free(owned);
}

int inbox_schedule_owned(eddy_loop *loop, struct context *context, eddy_callback callback, void *arg)
{
        struct owned *owned = create_owned(context, callback, arg);

        if (!owned)
                return -ENOMEM;
        loop_schedule(loop, &owned->handle);
        return 0;
}

eddy_timer *inbox_create_owned_timer(struct context *context, eddy_callback callback, void *arg)
{
        struct owned *owned = create_owned(context, callback, arg);

        return owned ? &owned->timer : NULL;
}

void inbox_free_owned(eddy_handle *handle)
{
        struct owned *owned = handle->arg;

        if (handle->callback != run_owned)
                return;
        if (owned->dispose)
                owned->dispose(owned->bound.arg);
        destroy_owned(owned);
}

eddy_callback inbox_callback(const eddy_handle *handle)
{
        return handle->callback == run_owned ? ((struct owned *)handle->arg)->bound.callback : handle->callback;
}

void inbox_init(struct inbox *inbox, struct backend *backend)
{
        atomic_init(&inbox->newest, NULL);
        atomic_init(&inbox->senders, 0);
        atomic_init(&inbox->has_news, false);
        atomic_init(&inbox->is_asleep, false);
        inbox->backend = backend;
}

int inbox_send(struct inbox *inbox, eddy_handle *handle)
{
        eddy_link *newest;
        int rc = 0;

        handle->link.next = (eddy_link *)((uintptr_t)inbox | 1);
        atomic_fetch_add(&inbox->senders, 1);
        newest = atomic_load(&inbox->newest);
        do {
                if (newest == &closed_mark) {
                        handle->link.next = NULL;
                        rc = EDDY_ELOOPCLOSED;
                        goto out;
                }
                handle->link.prev = newest;
        } while (!atomic_compare_exchange_weak(&inbox->newest, &newest, &handle->link));
        /* Either this sees that the loop sleeps, or the loop sees the handle before it does. One wakes it for all. */
        if (atomic_load(&inbox->is_asleep) && atomic_exchange(&inbox->is_asleep, false))
                backend_wake(inbox->backend);
out:
        atomic_fetch_sub(&inbox->senders, 1);
        return rc;
}

static void move_sent(eddy_link *newest, eddy_link *ready)
{
        eddy_link *after = ready, *next;

        /* From the newest to the oldest, each before the one that was sent after it. */
        for (; newest; newest = next) {
                next = newest->prev;
                list_insert_before(after, newest);
                after = newest;
        }
}

void inbox_fetch(eddy_handle *handle)
{
        struct inbox *inbox = (struct inbox *)((uintptr_t)handle->link.next & ~(uintptr_t)1);

        move_sent(atomic_exchange(&inbox->newest, NULL), container_of(inbox, eddy_loop, inbox)->ready);
}

bool inbox_is_empty(struct inbox *inbox)
{
        return !atomic_load(&inbox->newest) && !atomic_load(&inbox->has_news);
}

bool inbox_begin_sleep(struct inbox *inbox)
{
        atomic_store(&inbox->is_asleep, true);
        if (inbox_is_empty(inbox))
                return true;
        inbox_end_sleep(inbox);
        return false;
}

void inbox_end_sleep(struct inbox *inbox)
{
        atomic_store_explicit(&inbox->is_asleep, false, memory_order_relaxed);
}

void inbox_drain(struct inbox *inbox, eddy_link *ready)
{
        /* In one order with what else threads tell each other: who waits for a handle to be here may have said so just
         * before, and who sends looks for that just after. */
        if (atomic_load(&inbox->newest))
                move_sent(atomic_exchange(&inbox->newest, NULL), ready);
}

void inbox_tell(struct inbox *inbox)
{
        atomic_store(&inbox->has_news, true);
        backend_wake(inbox->backend);
}

void inbox_close(struct inbox *inbox, eddy_link *ready)
{
        move_sent(atomic_exchange(&inbox->newest, &closed_mark), ready);
        while (atomic_load(&inbox->senders))
                sched_yield();
}

int inbox_send_owned(struct inbox *inbox, eddy_callback callback, eddy_callback dispose, void *arg)
{
        struct owned *owned = create_owned(NULL, callback, arg);
        int rc;

        if (!owned)
                return -ENOMEM;
        owned->dispose = dispose;
        rc = inbox_send(inbox, &owned->handle);
        if (rc < 0)
                destroy_owned(owned);
        return rc;
}

int eddy_call_soon_threadsafe(eddy_loop *loop, eddy_handle *handle, eddy_callback callback, void *arg)
{
        loop = loop_meant(loop);
        if (!loop)
                return misuse(EDDY_ENOLOOP);
        if (!handle)
                return inbox_send_owned(&loop->inbox, callback, NULL, arg);
        handle->callback = callback;
        handle->arg = arg;
        return inbox_send(&loop->inbox, handle);
}
