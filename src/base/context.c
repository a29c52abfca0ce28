#include "base/context.h"

#include "base/memory.h"
#include <errno.h>

enum { LEAST_CAPACITY = 4 };

__thread struct context_outside context_outside;

static _Atomic(context_slot_finder *) find_task_slot;

void context_set_slot_finder(context_slot_finder *finder)
{
        find_task_slot = finder;
}

struct context *context_capture(void)
{
        context_slot_finder *finder = find_task_slot;
        struct context **slot = finder ? finder() : NULL;

        return context_snapshot(slot ? *slot : context_outside.context);
}

struct context *context_ref(struct context *context)
{
        if (context)
                atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
        return context;
}

void context_destroy(struct context *context)
{
        if (context->is_object)
                context_unref(*context_values(&context));
        memory_free(context);
}

void context_enter(struct context_visit *visit, struct context *context)
{
        static __thread uint64_t visits;

        visit->before = context_outside;
        context_outside = (struct context_outside){context_ref(context), ++visits};
}

void context_leave(struct context_visit *visit)
{
        context_unref(context_outside.context);
        context_outside = visit->before;
}

void bound_run(void *arg)
{
        struct bound_callback bound = *(struct bound_callback *)arg;
        struct context_visit visit;

        context_enter(&visit, bound.context);
        bound.callback(bound.arg);
        context_leave(&visit);
}

struct eddy_context *context_create_object(struct context *values)
{
        struct eddy_context *object = memory_zalloc(sizeof *object);

        if (!object) {
                context_unref(values);
                return NULL;
        }
        atomic_init(&object->base.references, 1);
        object->base.is_object = true;
        object->values = values;
        return object;
}

/** A copy of a snapshot (NULL: an empty one) with room for so many values, and without one of them. */
static struct context_snapshot *copy(struct context_snapshot *from, uint32_t room, const void *without)
{
        uint32_t capacity = LEAST_CAPACITY;
        struct context_snapshot *to;

        while (capacity < 2 * room)
                capacity *= 2;
        to = memory_zalloc(sizeof *to + capacity * sizeof to->entries[0]);
        if (!to)
                return NULL;
        atomic_init(&to->base.references, 1);
        to->capacity = capacity;
        for (uint32_t i = 0; from && i < from->capacity; i++) {
                if (!from->entries[i].variable || from->entries[i].variable == without)
                        continue;
                *context_place(to, from->entries[i].variable) = from->entries[i];
                to->count++;
        }
        return to;
}

static void replace(struct context **slot, struct context_snapshot *snapshot)
{
        struct context *before = *slot;

        *slot = snapshot ? &snapshot->base : NULL;
        context_unref(before);
}

int context_set(struct context **slot, const void *variable, intptr_t value)
{
        struct context **values = context_values(slot);
        struct context_snapshot *snapshot = (struct context_snapshot *)*values;
        bool is_set = snapshot && context_place(snapshot, variable)->variable;
        uint32_t count = snapshot ? snapshot->count + !is_set : 1;
        bool is_ours = snapshot && atomic_load_explicit(&snapshot->base.references, memory_order_acquire) == 1;

        if (!is_ours || 2 * count > snapshot->capacity) {
                snapshot = copy(snapshot, count, NULL);
                if (!snapshot)
                        return -ENOMEM;
                replace(values, snapshot);
        }
        snapshot->count = count;
        *context_place(snapshot, variable) = (struct context_entry){variable, value};
        return 0;
}

int context_remove(struct context **slot, const void *variable)
{
        struct context **values = context_values(slot);
        struct context_snapshot *snapshot = (struct context_snapshot *)*values;

        if (!snapshot || !context_place(snapshot, variable)->variable)
                return 0;
        if (snapshot->count > 1) {
                snapshot = copy(snapshot, snapshot->count - 1, variable);
                if (!snapshot)
                        return -ENOMEM;
        } else {
                snapshot = NULL;
        }
        replace(values, snapshot);
        return 0;
}
