/* Contexts from the inside: what the context variables are set to, and for whom.
 *
 * Code runs in a context: a task in its own, all else in its thread's. Most often that is a snapshot, which
 * whoever inherits it shares, and which is copied when somebody who is not alone with it sets a variable. So it
 * is passed on without a copy, and NULL, where nothing is set, without anything at all.
 *
 * To have something run later, or in a thread of yours, in the context of now:
 *
 *         call->context = context_capture();            where it is asked for, in any thread
 *         ...
 *         context_enter(&visit, call->context);         where it runs, outside coroutines
 *         call->fn(call);
 *         context_leave(&visit);
 *         ...
 *         context_unref(call->context);                 in any thread
 */
#ifndef BASE_CONTEXT_H
#define BASE_CONTEXT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A snapshot, or the object that a user holds (an eddy_context). Counted; in any thread. */
struct context {
        atomic_uint references;
        bool is_object; /* its values change under all who run in it; else nobody's do who shares it */
};

/** What the code of a thread runs in that is no task's. */
struct context_outside {
        struct context *context;
        uint64_t visit; /* tells the callbacks that run one after the other apart; 0: none is running */
};

extern __thread struct context_outside context_outside;

/** Finds what the running task runs in; NULL where no task runs. */
typedef struct context **context_slot_finder(void);

/** Tell this layer, which knows no tasks, how to find it. */
void context_set_slot_finder(context_slot_finder *finder);

/** A snapshot of what the caller runs in, whoever that is; NULL where nothing is set. Give it back with
 * context_unref(). Allocates nothing. */
struct context *context_capture(void);

struct context *context_ref(struct context *context);
void context_destroy(struct context *context);

static inline void context_unref(struct context *context)
{
        if (context && atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) == 1)
                context_destroy(context);
}

/** Where a thread was before it entered another context. On the stack of who enters it. */
struct context_visit {
        struct context_outside before;
};

/** Have the thread's code outside coroutines run in a context from now on, and put back what was before. What
 * is set between is seen by nobody else, unless the context is an object. Takes a reference of its own. */
void context_enter(struct context_visit *visit, struct context *context);
void context_leave(struct context_visit *visit);

/** A callback and the context that it was asked for in. Embedded in what keeps one. */
struct bound_callback {
        void (*callback)(void *arg);
        void *arg;
        struct context *context;
};

/** Bind a callback to the context of now; what was bound before must have been cleared. */
static inline void bound_set(struct bound_callback *bound, void (*callback)(void *arg), void *arg)
{
        *bound = (struct bound_callback){callback, arg, context_capture()};
}

static inline void bound_clear(struct bound_callback *bound)
{
        context_unref(bound->context);
        bound->context = NULL;
}

/** Handle callback: call what is bound, in its context. It may be cleared and be gone meanwhile. */
void bound_run(void *bound);

/** The object that a user holds: an eddy_context. */
struct eddy_context {
        struct context base;
        atomic_bool is_entered;
        struct context *values; /* a snapshot */
};

struct context_entry {
        const void *variable; /* NULL: free */
        intptr_t value;
};

/** A snapshot's values: a hash table with open addressing, at most half full. */
struct context_snapshot {
        struct context base;
        uint32_t count;
        uint32_t capacity; /* a power of two */
        struct context_entry entries[];
};

/** Where a slot's values are changed: in itself, or in the object that it holds. */
static inline struct context **context_values(struct context **slot)
{
        return *slot && (*slot)->is_object ? &((struct eddy_context *)*slot)->values : slot;
}

/** A snapshot of a context, as a reference of its own. */
static inline struct context *context_snapshot(struct context *context)
{
        struct context *values = *context_values(&context);

        return values ? context_ref(values) : NULL;
}

/** A variable's place: its entry, or the free one where it would be. */
static inline struct context_entry *context_place(struct context_snapshot *snapshot, const void *variable)
{
        uint32_t mask = snapshot->capacity - 1;
        uint32_t i = (uint32_t)(((uintptr_t)variable * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & mask;

        while (snapshot->entries[i].variable && snapshot->entries[i].variable != variable)
                i = (i + 1) & mask;
        return &snapshot->entries[i];
}

/** The value of a variable in the context of a slot; NULL where it is not set. Valid until the context
 * changes. */
static inline const intptr_t *context_find(struct context **slot, const void *variable)
{
        struct context *values = *context_values(slot);
        const struct context_entry *entry;

        if (!values)
                return NULL;
        entry = context_place((struct context_snapshot *)values, variable);
        return entry->variable ? &entry->value : NULL;
}

/** Make an object of a snapshot, and own it; NULL without memory, and then it is given back. */
struct eddy_context *context_create_object(struct context *values);

/** Set a variable in the context of a slot, or take it out of it: 0 or -ENOMEM. */
int context_set(struct context **slot, const void *variable, intptr_t value);
int context_remove(struct context **slot, const void *variable);

#endif
