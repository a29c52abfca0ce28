#include "base/error.h"
#include "base/memory.h"
#include "task/task.h"
#include <eddy/compose.h>

/** Passes an outcome from one future to another. Freed when the inner one is done, or with the loop. */
struct shield {
        struct waiter waiter;
        struct loop_resource resource;
        eddy_future *inner, *outer; /* holds a reference to each */
};

static void pass_on(eddy_future *inner, eddy_future *outer)
{
        /* Who waited is told of his own cancellation, so a failure is still to be told. */
        if (outer->is_done)
                return;
        inner->was_looked_at = true;
        if (inner->detail)
                error_detail_set(&outer->detail, inner->detail->rc, inner->detail->text);
        outer->traits |= inner->traits & FUTURE_IS_VALUE;
        future_complete(outer, inner->result);
}

static void destroy(struct shield *shield)
{
        eddy_unref(shield->inner);
        eddy_unref(shield->outer);
        memory_free(shield);
}

static void inner_done(struct waiter *waiter, eddy_future *inner)
{
        struct shield *shield = container_of(waiter, struct shield, waiter);

        list_remove(&shield->resource.link);
        pass_on(inner, shield->outer);
        destroy(shield);
}

static void close_shield(struct loop_resource *resource)
{
        struct shield *shield = container_of(resource, struct shield, resource);

        list_remove(&shield->waiter.link);
        destroy(shield);
}

eddy_future *eddy_shield(eddy_future *inner)
{
        struct shield *shield;
        eddy_future *outer;

        if (!inner)
                return NULL;
        outer = eddy_future_create(inner->loop);
        if (!outer)
                return NULL;
        if (inner->is_done) {
                pass_on(inner, outer);
                return outer;
        }
        shield = memory_zalloc(sizeof *shield);
        if (!shield) {
                eddy_unref(outer);
                return NULL;
        }
        shield->waiter.wake = inner_done;
        shield->resource.close = close_shield;
        shield->inner = eddy_ref(inner);
        shield->outer = eddy_ref(outer);
        list_append(&inner->waiters, &shield->waiter.link);
        loop_add_resource(inner->loop, &shield->resource);
        return outer;
}
