/* Context variables as users see them. */
#include "base/context.h"

#include "task/task.h"
#include <eddy/context.h>

/** What the caller runs in. */
static struct context **current_slot(void)
{
        struct task *self = task_current();

        return self ? &self->context : &context_outside.context;
}

/** Tell in which context a token is made: an object, a task's own, or that of one callback or thread. */
static void mark_place(eddy_context_token *token)
{
        struct context **slot = current_slot();

        token->place = *slot && (*slot)->is_object ? (const void *)*slot : (const void *)slot;
        token->visit = slot == &context_outside.context ? context_outside.visit : 0;
}

intptr_t eddy_context_get(const eddy_context_var *variable)
{
        const intptr_t *value = context_find(current_slot(), variable);

        return value ? *value : variable->initial;
}

int eddy_context_set(const eddy_context_var *variable, intptr_t value, eddy_context_token *token)
{
        struct context **slot = current_slot();

        if (token) {
                const intptr_t *before = context_find(slot, variable);

                *token = (eddy_context_token){
                    .variable = variable, .was_set = before, .before = before ? *before : 0};
                mark_place(token);
        }
        return context_set(slot, variable, value);
}

int eddy_context_reset(const eddy_context_var *variable, eddy_context_token *token)
{
        struct context **slot = current_slot();
        eddy_context_token here;
        int rc;

        if (token->variable != variable)
                return eddy_fail(-EINVAL, "the token is not one of context variable '%s'", variable->name);
        if (token->is_used)
                return eddy_fail(EDDY_EINVALIDSTATE, "the token of context variable '%s' has been used already",
                                 variable->name);
        mark_place(&here);
        if (here.place != token->place || here.visit != token->visit)
                return eddy_fail(EDDY_EINVALIDSTATE,
                                 "the token of context variable '%s' was made in another context",
                                 variable->name);
        rc = token->was_set ? context_set(slot, variable, token->before) : context_remove(slot, variable);
        token->is_used = rc == 0;
        return rc;
}

eddy_context *eddy_copy_context(void)
{
        return context_create_object(context_snapshot(*current_slot()));
}

eddy_context *eddy_context_ref(eddy_context *context)
{
        if (context)
                context_ref(&context->base);
        return context;
}

void eddy_context_unref(eddy_context *context)
{
        if (context)
                context_unref(&context->base);
}

intptr_t eddy_context_run(eddy_context *context, eddy_fn fn, void *arg)
{
        struct context **slot = current_slot(), *before = *slot;
        intptr_t result;

        if (!context)
                return -ENOMEM;
        if (before == &context->base || atomic_exchange(&context->is_entered, true))
                return EDDY_EBUSY;
        *slot = context_ref(&context->base);
        result = fn(arg);
        atomic_store(&context->is_entered, false);
        slot = current_slot();
        context_unref(*slot);
        *slot = before;
        return result;
}

int eddy_call_soon_in(eddy_loop *loop, eddy_context *context, eddy_callback callback, void *arg)
{
        int rc = loop_check(loop = loop_meant(loop));

        if (rc == 0)
                rc = context ? inbox_schedule_owned(loop, &context->base, callback, arg) : -ENOMEM;
        return rc;
}

int eddy_call_at_in(eddy_loop *loop, eddy_context *context, eddy_time when, eddy_callback callback, void *arg)
{
        return context ? timer_call_at_in(loop, &context->base, when, callback, arg) : -ENOMEM;
}

int eddy_call_later_in(eddy_loop *loop, eddy_context *context, eddy_duration delay, eddy_callback callback,
                       void *arg)
{
        return context ? timer_call_later_in(loop, &context->base, delay, callback, arg) : -ENOMEM;
}

eddy_context *eddy_task_context(eddy_task *future)
{
        struct context *context;

        if (!future || !future->is_task || future->is_done || future_is_elsewhere(future))
                return NULL;
        context = task_of(future)->context;
        if (context && context->is_object)
                return eddy_context_ref((eddy_context *)context);
        return context_create_object(context ? context_snapshot(context) : NULL);
}

bool eddy_context_lookup(const eddy_context *context, const eddy_context_var *variable, intptr_t *value)
{
        struct context *given = (struct context *)(uintptr_t)context;
        const intptr_t *found = context_find(given ? &given : current_slot(), variable);

        if (found && value)
                *value = *found;
        return found;
}
