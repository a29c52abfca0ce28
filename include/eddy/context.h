/* Context variables: what code sees without being passed it, such as the request that it works for.
 *
 *         static eddy_context_var request = EDDY_CONTEXT_VAR("request", NULL);
 *
 *         eddy_context_set(&request, (intptr_t)"GET /", NULL);
 *         eddy_create_task(work, NULL);                 it and whatever it starts in turn see "GET /"
 *         ...
 *         printf("%s\n", (const char *)eddy_context_get(&request));
 *
 * Each task has a context: the one of whoever created it, as it was then. What it sets, its creator does not
 * see. So have callbacks that the loop keeps the memory of: those given to eddy_call_soon(), eddy_call_at() and
 * eddy_call_soon_threadsafe() without a handle, watchers of descriptors, signal handlers, and callbacks of
 * futures. Each of their calls begins with what was set when it was asked for. A handle or timer of the
 * caller's own has no room for that: its callback runs in its thread's context, in which main() runs too, or
 * calls eddy_context_run().
 */
#ifndef EDDY_CONTEXT_H
#define EDDY_CONTEXT_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/** A context variable. Make it static: it must outlive every context that it was set in. Fields are private. */
typedef struct eddy_context_var {
        const char *name;
        intptr_t initial;
} eddy_context_var;

/** Initialise a variable: its name, for messages, and what it is where nobody has set it. ContextVar(). */
#define EDDY_CONTEXT_VAR(name, initial)                                                                        \
        {                                                                                                      \
                (name), (intptr_t)(initial)                                                                    \
        }

/** What puts a variable back to what it was. The caller's memory; fields are private. Token. */
typedef struct eddy_context_token {
        const eddy_context_var *variable;
        const void *place; /* in which context it was set, with visit */
        uint64_t visit;
        intptr_t before;
        bool was_set;
        bool is_used;
} eddy_context_token;

/**
 * What a variable is in the current context.
 *
 * @return what it was set to, else its initial value. Not owned
 *
 * Does not suspend. ContextVar.get().
 */
EDDY_API intptr_t eddy_context_get(const eddy_context_var *variable);

/**
 * Set a variable in the current context.
 *
 * @param value  a number or a pointer. Not owned: what it points to must live as long as anybody may look, and
 *               that is a task started meanwhile, too
 * @param token  receives what eddy_context_reset() takes; may be NULL
 * @return 0
 * @retval -ENOMEM  no memory; nothing is changed
 *
 * Does not suspend. ContextVar.set().
 */
EDDY_API int eddy_context_set(const eddy_context_var *variable, intptr_t value, eddy_context_token *token);

/**
 * Put a variable back to what it was before eddy_context_set().
 *
 * @param token  from that call, in the same context; it can be used once
 * @return 0
 * @retval EDDY_EINVALIDSTATE  the token has been used, or was made in another context
 * @retval -EINVAL             the token is another variable's
 * @retval -ENOMEM             no memory: a task that was started meanwhile shares the values, which had to be
 *                             copied
 *
 * Where it says too little, eddy_error_detail() says more. Does not suspend. ContextVar.reset().
 */
EDDY_API int eddy_context_reset(const eddy_context_var *variable, eddy_context_token *token);

/**
 * A context in which everything is set as it is in the current one, and that goes its own way from here.
 *
 * @return the caller's, given back with eddy_context_unref(); NULL without memory
 *
 * Takes the same time however much is set. Does not suspend. copy_context().
 */
EDDY_API eddy_context *eddy_copy_context(void);

/** Take another reference; returns its argument. NULL is allowed. */
EDDY_API eddy_context *eddy_context_ref(eddy_context *context);

/** Give a reference back. NULL is allowed. Who runs in a context holds it. */
EDDY_API void eddy_context_unref(eddy_context *context);

/**
 * Call a function in a context: what it sets is set there, and not for the caller.
 *
 * @param context  NULL: its creation failed
 * @param fn       what it starts inherits from the context, too
 * @param arg      passed to it
 * @return what fn returned
 * @retval EDDY_EBUSY  the context is entered already: by a call of this that has not returned, or by the caller
 * @retval -ENOMEM     context is NULL
 *
 * Suspends where fn does; the context stays entered. Context.run().
 */
EDDY_API EDDY_ASYNC intptr_t eddy_context_run(eddy_context *context, eddy_fn fn, void *arg);

/**
 * As eddy_call_soon() without a handle, in a given context rather than in a copy of the current one.
 *
 * @param context  held until the callback has run; NULL, whose creation failed, is answered with -ENOMEM
 *
 * loop.call_soon(context=...).
 */
EDDY_API int eddy_call_soon_in(eddy_loop *loop, eddy_context *context, eddy_callback callback, void *arg);

/** As eddy_call_at() without a timer, in a given context, as eddy_call_soon_in(). loop.call_at(context=...). */
EDDY_API int eddy_call_at_in(eddy_loop *loop, eddy_context *context, eddy_time when, eddy_callback callback,
                             void *arg);

/** As eddy_call_later() without a timer, in a given context, as eddy_call_soon_in(). loop.call_later(context=...). */
EDDY_API int eddy_call_later_in(eddy_loop *loop, eddy_context *context, eddy_duration delay,
                                eddy_callback callback, void *arg);

/**
 * What context variables are set to in a task, as it is now.
 *
 * @return a copy, the caller's, given back with eddy_context_unref(); the context itself where the task was given one
 *         by eddy_task_options.context. NULL without memory, or where it is no task or done
 *
 * Task.get_context().
 */
EDDY_API eddy_context *eddy_task_context(eddy_task *task);

/**
 * Look whether a variable is set in a context.
 *
 * @param context  NULL: the current one
 * @param value    receives what it is set to, else is left as it is; may be NULL
 * @return whether it is set: an initial value does not count
 *
 * Context.get(), `variable in context`.
 */
EDDY_API bool eddy_context_lookup(const eddy_context *context, const eddy_context_var *variable,
                                  intptr_t *value);

EDDY_END_DECLS

#endif
