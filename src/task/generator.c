/* Generators: a body on a stack of its own, entered and left like a function that is called. */
#include "task/generator.h"

#include "base/memory.h"
#include "base/misuse.h"
#include "coro/detour.h"
#include "loop/debug.h"
#include "task/task.h"
#include <stdio.h>

enum state {
        CREATED,
        SUSPENDED, /* in eddy_generator_yield() */
        RUNNING,   /* maybe in a task that is suspended */
        ENDED,
};

struct eddy_generator {
        struct detour detour;
        enum state state;
        bool is_closing;
        unsigned refused;   /* how often it has yielded since it was told to end */
        intptr_t *receiver; /* where the side that waits wants its value; may be NULL */
        intptr_t result;    /* what its body returned */
        struct task *task;  /* that runs it */
        eddy_scope *outer;  /* of the task, when it entered */
        eddy_scope *scopes; /* what the body has open while it is suspended; they are no task's then */
        eddy_generator_fn fn;
        void *arg;
        const char *name;
        const void *thread; /* an address that tells threads apart */
        eddy_loop *loop;    /* holds a reference; NULL: made where none ran */
        eddy_link link;     /* in tasks->generators until it has ended; not linked where there is no loop */
};

/** A body that yields so often although it is to end is taken to do so for ever. */
enum { MOST_REFUSALS = 1000 };

/* What is out of the way of a step, so that the rest keeps nothing in registers that would have to be saved. */
#define SELDOM __attribute__((noinline, cold))

/* The two sides do for each other what is to be done, before the switch: after it, nothing is left but to
 * return. */

/** Hand the other side its value, and say where one's own is wanted. */
static void exchange(eddy_generator *generator, intptr_t value, intptr_t *receiver)
{
        if (generator->receiver)
                *generator->receiver = value;
        generator->receiver = receiver;
}

/** Give the body's scopes to the task that it goes on in. */
static SELDOM void attach_scopes(eddy_generator *generator, struct task *task)
{
        eddy_scope **end = &generator->scopes;

        for (; *end; end = &(*end)->outer)
                (*end)->task = &task->future;
        *end = task->scopes;
        task->scopes = generator->scopes;
        generator->scopes = NULL;
        task_update(task);
}

/** Take from the task the scopes that the body has opened. */
static SELDOM void detach_scopes(eddy_generator *generator, struct task *task)
{
        eddy_scope **end = &generator->scopes;

        generator->scopes = task->scopes;
        for (; *end && *end != generator->outer; end = &(*end)->outer)
                (*end)->task = NULL;
        *end = NULL;
        task->scopes = generator->outer;
        task_update(task);
}

/** The body is no more, or never will be. */
static void generator_end(eddy_generator *generator)
{
        generator->state = ENDED;
        if (list_is_linked(&generator->link))
                list_remove(&generator->link);
}

static int generator_run(struct detour *detour)
{
        eddy_generator *self = container_of(detour, eddy_generator, detour);
        intptr_t result = self->fn(self, self->arg);
        bool is_failure = eddy_is_error(result);

        self->result = is_failure ? 0 : result;
        generator_end(self);
        exchange(self, self->result, NULL);
        return is_failure ? (int)result : EDDY_ENOMORE;
}

/** The body's side of the switch to the consumer. */
static inline int generator_leave(eddy_generator *self, intptr_t value, intptr_t *sent)
{
        exchange(self, value, sent);
        self->state = SUSPENDED;
        return detour_leave(&self->detour, 0);
}

/** Yield where there is more to it. */
static SELDOM int yield_with_care(eddy_generator *self, intptr_t value, intptr_t *sent)
{
        if (!detour_is_here(&self->detour))
                return eddy_fail(misuse(EDDY_EINVALIDSTATE),
                                 "generator '%s' is made to yield by other code than its body", self->name);
        if (self->is_closing && self->refused < MOST_REFUSALS) {
                self->refused++;
                return misuse(EDDY_EGENERATOREXIT);
        }
        if (self->task)
                detach_scopes(self, self->task);
        return generator_leave(self, value, sent);
}

int eddy_generator_yield(eddy_generator *self, intptr_t value, intptr_t *sent)
{
        bool is_plain = detour_is_here(&self->detour) && !self->is_closing &&
                        (!self->task || self->task->scopes == self->outer);

        return is_plain ? generator_leave(self, value, sent) : yield_with_care(self, value, sent);
}

/** The consumer's side of the switch to the body.
 *
 * @param outer   the task's scopes without the body's
 * @param thrown  what the body's yield is to return
 */
static inline int generator_enter(eddy_generator *generator, struct task *task, eddy_scope *outer,
                                  intptr_t sent, int thrown, intptr_t *value)
{
        exchange(generator, sent, value);
        generator->state = RUNNING;
        generator->task = task;
        generator->outer = outer;
        return detour_enter(&generator->detour, task ? &task->coro.stack : &detour_stack_outside, thrown);
}

/** Whether a generator can be entered here and now: 0 or why not. */
static int check(const eddy_generator *generator, const struct task *task)
{
        if (!generator)
                return -ENOMEM;
        if (generator->thread != &loop_running_here)
                return misuse(EDDY_EWRONGLOOP);
        if (generator->state == RUNNING)
                return misuse(EDDY_EBUSY);
        if (generator->scopes && !task)
                return misuse(EDDY_ENOTASK);
        return 0;
}

/** Run the body from where it is until it yields or ends. */
static int generator_step(eddy_generator *generator, intptr_t sent, int thrown, intptr_t *value)
{
        struct task *task = task_current();
        eddy_scope *outer = task ? task->scopes : NULL;

        if (generator->scopes)
                attach_scopes(generator, task);
        return generator_enter(generator, task, outer, sent, thrown, value);
}

/** Send where there is more to it. */
static SELDOM int send_with_care(eddy_generator *generator, intptr_t sent, intptr_t *value)
{
        int rc = task_interruption();

        if (rc == 0)
                rc = check(generator, task_current());
        if (rc < 0)
                return rc;
        if (generator->state == ENDED) {
                if (value)
                        *value = generator->result;
                return EDDY_ENOMORE;
        }
        if (generator->state == CREATED && sent)
                return eddy_fail(misuse(EDDY_EINVALIDSTATE),
                                 "generator '%s' has not begun, so nothing can be sent to it", generator->name);
        return generator_step(generator, sent, 0, value);
}

int eddy_generator_send(eddy_generator *generator, intptr_t sent, intptr_t *value)
{
        struct task *task = task_current();
        bool is_plain = generator && generator->thread == &loop_running_here && generator->state == SUSPENDED &&
                        !generator->scopes && !(task && task->interruption);

        return is_plain ? generator_enter(generator, task, task ? task->scopes : NULL, sent, 0, value)
                        : send_with_care(generator, sent, value);
}

int eddy_generator_next(eddy_generator *generator, intptr_t *value)
{
        return eddy_generator_send(generator, 0, value);
}

/** Leave a body where it is for good. Others may have pointers to its stack, so that is not used again. */
static void abandon(eddy_generator *generator)
{
        generator_end(generator);
        generator->scopes = NULL;
        generator->detour.stack = NULL;
}

int eddy_generator_throw(eddy_generator *generator, int error, intptr_t *value)
{
        int rc = task_interruption();

        if (rc == 0)
                rc = check(generator, task_current());
        if (rc < 0)
                return rc;
        if (!eddy_is_error(error))
                return -EINVAL;
        if (generator->state != SUSPENDED) {
                generator_end(generator);
                return error;
        }
        return generator_step(generator, 0, error, value);
}

int eddy_generator_close(eddy_generator *generator)
{
        int rc = check(generator, task_current());

        if (rc < 0)
                return rc;
        if (generator->state != SUSPENDED) {
                generator_end(generator);
                return 0;
        }
        generator->is_closing = true;
        rc = generator_step(generator, 0, EDDY_EGENERATOREXIT, NULL);
        if (generator->state != ENDED)
                abandon(generator);
        if (generator->refused)
                return eddy_fail(EDDY_EINVALIDSTATE, "generator '%s' yields although it is to end",
                                 generator->name);
        return rc == EDDY_EGENERATOREXIT || rc == EDDY_ENOMORE ? 0 : rc;
}

/* From the first to the last. */

eddy_generator *eddy_generator_create(const eddy_generator_options *options, eddy_generator_fn fn, void *arg)
{
        static const eddy_generator_options defaults;
        eddy_loop *loop = loop_running_here;
        eddy_generator *generator;
        void *copy;

        if (!options)
                options = &defaults;
        if (options->args_size > TASK_LARGEST_ARGS) {
                eddy_fail(-EINVAL, "arguments of %zu bytes are more than the %d that are copied",
                          options->args_size, TASK_LARGEST_ARGS);
                return NULL;
        }
        if (loop && !tasks_of(loop) && tasks_init(loop) < 0)
                return NULL;
        generator = memory_alloc(sizeof *generator);
        if (!generator)
                return NULL;
        *generator = (eddy_generator){
            .fn = fn,
            .name = options->name ? options->name : "?",
            .thread = &loop_running_here,
            .loop = loop,
        };
        copy = detour_init(&generator->detour, loop ? &coroutines_of(loop)->stacks : NULL,
                           options->stack_size ? options->stack_size : task_stack_size(loop), generator->name,
                           generator_run, options->args, options->args ? options->args_size : 0);
        if (!copy) {
                memory_free(generator);
                return NULL;
        }
        generator->arg = options->args ? copy : arg;
        if (loop) {
                loop_ref(loop);
                list_append(&tasks_of(loop)->generators, &generator->link);
                if (loop->debug)
                        debug_note_origin(loop, generator);
        }
        return generator;
}

/** Close a generator whose owner does not look. */
static void close_unseen(eddy_generator *generator)
{
        eddy_loop *loop = generator->loop ? generator->loop : loop_running_here;
        char message[256], detail[256];
        int rc = eddy_generator_close(generator);
        const char *why = eddy_explain(rc);

        if (rc == 0 || rc == EDDY_CANCELLED || !loop)
                return;
        snprintf(detail, sizeof detail, "%s", why == eddy_strerror(rc) ? "" : why);
        snprintf(message, sizeof message, "generator '%s' failed while it was closed, and nobody looked",
                 generator->name);
        eddy_loop_call_exception_handler(loop,
                                         &(eddy_exception){.message = message, .error = rc, .detail = detail});
}

void eddy_generator_destroy(eddy_generator *generator)
{
        if (!generator)
                return;
        if (generator->state != ENDED)
                close_unseen(generator);
        if (generator->state == RUNNING || generator->thread != &loop_running_here)
                return;
        if (generator->state != ENDED)
                abandon(generator);
        if (!generator->loop || !generator->loop->is_closed)
                detour_finish(&generator->detour);
        if (generator->loop)
                loop_unref(generator->loop);
        memory_free(generator);
}

/** The first of a loop's generators that can be closed, or NULL. */
static eddy_generator *find_suspended(const eddy_loop *loop)
{
        for (eddy_link *link = tasks_of(loop)->generators.next; link != &tasks_of(loop)->generators;
             link = link->next) {
                eddy_generator *generator = container_of(link, eddy_generator, link);

                if (generator->state != RUNNING)
                        return generator;
        }
        return NULL;
}

void generators_finish(eddy_loop *loop, size_t *patience)
{
        eddy_generator *generator;

        for (; *patience > 0 && (generator = find_suspended(loop)); --*patience)
                close_unseen(generator);
}

void generators_close(eddy_loop *loop)
{
        size_t count = list_count(&tasks_of(loop)->generators);

        while (!list_is_empty(&tasks_of(loop)->generators)) {
                eddy_generator *generator = container_of(tasks_of(loop)->generators.next, eddy_generator, link);
                /* The clean-up of one may make another, and so on for ever: not all are entered once more. */
                bool may_clean_up = count > 0;

                if (loop->debug)
                        debug_warn_left(loop, generator, "generator", generator->name);
                if (generator->state != RUNNING && may_clean_up)
                        close_unseen(generator);
                count -= may_clean_up;
                if (generator->state != ENDED)
                        abandon(generator);
        }
}

const char *eddy_generator_name(const eddy_generator *generator)
{
        return generator ? generator->name : "?";
}

int eddy_generator_yield_from(eddy_generator *self, eddy_generator *inner, intptr_t *result)
{
        intptr_t value = 0;
        int rc = eddy_generator_next(inner, &value);

        while (rc == 0) {
                intptr_t sent = 0;
                int thrown = eddy_generator_yield(self, value, &sent);

                if (thrown == EDDY_EGENERATOREXIT) {
                        rc = eddy_generator_close(inner);
                        return rc < 0 ? rc : thrown;
                }
                rc = thrown < 0 ? eddy_generator_throw(inner, thrown, &value)
                                : eddy_generator_send(inner, sent, &value);
        }
        if (rc != EDDY_ENOMORE)
                return rc;
        if (result)
                *result = value;
        return 0;
}
