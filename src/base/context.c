#include "base/context.h"

#include "base/memory.h"
#include <errno.h>

struct entry {
        const void *variable; /* NULL: free */
        intptr_t value;
};

/** The values themselves: a hash table with open addressing, at most half full. */
struct snapshot {
        struct context base;
        uint32_t count;
        uint32_t capacity; /* a power of two */
        struct entry entries[];
};

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

/** What holds the values of a context: itself, or an object's snapshot. */
static struct context *values_of(const struct context *context)
{
        return context && context->is_object ? ((const struct eddy_context *)context)->values
                                             : (struct context *)(uintptr_t)context;
}

struct context *context_snapshot(struct context *context)
{
        return context_ref(values_of(context));
}

void context_destroy(struct context *context)
{
        if (context->is_object)
                context_unref(values_of(context));
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

/** A variable's place: its entry, or the free one where it would be. */
static struct entry *place_of(struct snapshot *snapshot, const void *variable)
{
        uint32_t mask = snapshot->capacity - 1;
        uint32_t i = (uint32_t)(((uintptr_t)variable * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & mask;

        while (snapshot->entries[i].variable && snapshot->entries[i].variable != variable)
                i = (i + 1) & mask;
        return &snapshot->entries[i];
}

const intptr_t *context_find(const struct context *context, const void *variable)
{
        struct context *values = values_of(context);
        const struct entry *entry;

        if (!values)
                return NULL;
        entry = place_of((struct snapshot *)values, variable);
        return entry->variable ? &entry->value : NULL;
}

/** A copy of a snapshot (NULL: an empty one) with room for so many values, and without one of them. */
static struct snapshot *copy(struct snapshot *from, uint32_t room, const void *without)
{
        uint32_t capacity = LEAST_CAPACITY;
        struct snapshot *to;

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
                *place_of(to, from->entries[i].variable) = from->entries[i];
                to->count++;
        }
        return to;
}

/** Where a slot's values are to be changed. */
static struct context **changeable(struct context **slot)
{
        return *slot && (*slot)->is_object ? &((struct eddy_context *)*slot)->values : slot;
}

static void replace(struct context **slot, struct snapshot *snapshot)
{
        struct context *before = *slot;

        *slot = snapshot ? &snapshot->base : NULL;
        context_unref(before);
}

int context_set(struct context **slot, const void *variable, intptr_t value)
{
        struct context **values = changeable(slot);
        struct snapshot *snapshot = (struct snapshot *)*values;
        bool is_set = snapshot && place_of(snapshot, variable)->variable;
        uint32_t count = snapshot ? snapshot->count + !is_set : 1;
        bool is_ours = snapshot && atomic_load_explicit(&snapshot->base.references, memory_order_acquire) == 1;

        if (!is_ours || 2 * count > snapshot->capacity) {
                snapshot = copy(snapshot, count, NULL);
                if (!snapshot)
                        return -ENOMEM;
                replace(values, snapshot);
        }
        snapshot->count = count;
        *place_of(snapshot, variable) = (struct entry){variable, value};
        return 0;
}

int context_remove(struct context **slot, const void *variable)
{
        struct context **values = changeable(slot);
        struct snapshot *snapshot = (struct snapshot *)*values;

        if (!snapshot || !place_of(snapshot, variable)->variable)
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
