#include "task/task.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/misuse.h"
#include "loop/debug.h"
#include "task/generator.h"
#include <stdatomic.h>

static atomic_size_t default_stack_size = STACK_DEFAULT_SIZE;

static struct error_detail **find_error_slot(void)
{
        struct task *task = task_current();

        return task ? &task->future.detail : NULL;
}

static struct context **find_context_slot(void)
{
        struct task *task = task_current();

        return task ? &task->context : NULL;
}

/** What a new task begins with: what its creator runs in, as it is now. */
static inline struct context *inherit_context(void)
{
        const struct task *creator = task_current();
        struct context *context = creator ? creator->context : context_outside.context;

        return context ? context_snapshot(context) : NULL;
}

static void drop_context(struct task *task)
{
        context_unref(task->context);
        task->context = NULL;
}

static void close_tasks(eddy_loop *loop)
{
        eddy_link *link;

        generators_close(loop);
        /* Whoever closes a loop under its tasks has them end here and now: their stacks are no more. */
        while ((link = list_pop(&tasks_of(loop)->all))) {
                struct task *task = container_of(link, struct task, all);

                if (loop->debug)
                        debug_warn_left(loop, task, "pending task", eddy_task_name(&task->future));
                task->wait = NULL;
                drop_context(task);
                list_init(&task->future.waiters);
                task->future.result = EDDY_CANCELLED;
                task->future.traits &= (uint8_t)~FUTURE_IS_VALUE;
                task->future.is_done = true;
                eddy_unref(&task->future);
        }
}

static void free_tasks(eddy_loop *loop)
{
        pool_finish(&tasks_of(loop)->pool);
        memory_free(tasks_of(loop));
        loop->tenants[ROOM_TASKS].kept = NULL;
}

static const struct loop_tenant_impl tasks_impl = {
    .close = close_tasks,
    .free = free_tasks,
    .hold = task_hold,
    .let_go = task_let_go,
};

int tasks_init(eddy_loop *loop)
{
        struct tasks *tasks = memory_alloc(sizeof *tasks);
        int rc;

        if (!tasks)
                return -ENOMEM;
        rc = coroutines_init(loop, atomic_load(&default_stack_size));
        if (rc < 0) {
                memory_free(tasks);
                return rc;
        }
        error_set_slot_finder(find_error_slot);
        context_set_slot_finder(find_context_slot);
        list_init(&tasks->all);
        list_init(&tasks->generators);
        pool_init(&tasks->pool, sizeof(struct task));
        tasks->factory = NULL;
        loop_move_in(loop, ROOM_TASKS, &tasks_impl, tasks);
        return 0;
}

/** A task that may have announced a value returns something: whether that is it. */
static __attribute__((noinline, cold)) void compare_announced(struct task *task, intptr_t result)
{
        if (task->future.result != result)
                task->future.traits &= (uint8_t)~FUTURE_IS_VALUE;
}

/** The end of a coroutine: pass on its outcome, and let go of it. */
static inline void task_end(struct task *task, intptr_t result)
{
        if (__builtin_expect(task->future.traits != 0, 0))
                compare_announced(task, result);
        list_remove(&task->all);
        drop_context(task);
        future_complete_in_loop(&task->future, result);
        if (task->group)
                group_child_done(task);
        future_unref(&task->future);
}

static void task_run(struct coro *coro)
{
        struct task *task = container_of(coro, struct task, coro);

        task_end(task, task->fn((void *)task->future.result));
}

static void task_refuse(struct coro *coro)
{
        struct task *task = container_of(coro, struct task, coro);

        error_detail_set(&task->future.detail, -ENOMEM, "no memory for the coroutine's stack");
        task_end(task, -ENOMEM);
}

const struct coro_impl task_coro = {.run = task_run, .refuse = task_refuse};

size_t task_stack_size(const eddy_loop *loop)
{
        size_t common = loop ? coroutines_of(loop)->default_size : (size_t)STACK_DEFAULT_SIZE;
        size_t size = atomic_load_explicit(&default_stack_size, memory_order_relaxed);

        return size == common ? 0 : size;
}

/** The loop for a task, where that is to be said or made ready first; NULL: there is none. */
static __attribute__((noinline)) eddy_loop *find_loop(eddy_loop *loop, const char *name)
{
        if (!loop)
                loop = eddy_get_loop();
        if (!loop || loop->is_closed) {
                eddy_fail(misuse(loop ? EDDY_ELOOPCLOSED : EDDY_ENOLOOP),
                          loop ? "task '%s' cannot be created: its loop is closed"
                               : "task '%s' cannot be created: no loop runs in this thread",
                          name ? name : "?");
                return NULL;
        }
        return tasks_of(loop) || tasks_init(loop) == 0 ? loop : NULL;
}

/** The loop that a user means for a task, open and with all that tasks need; NULL: there is none. */
static inline eddy_loop *loop_for_task(eddy_loop *loop, const char *name)
{
        if (!loop)
                loop = loop_running_here;
        return __builtin_expect(loop && !loop->is_closed && tasks_of(loop), 1) ? loop : find_loop(loop, name);
}

/** A task that is not scheduled yet, of a loop that is open and has these tasks. */
static inline __attribute__((always_inline)) struct task *create(eddy_loop *loop, struct tasks *tasks,
                                                                 const char *name, eddy_fn fn, void *arg)
{
        struct task *task = pool_take(&tasks->pool);

        if (!task)
                return NULL;
        /* Field by field: clearing the whole first would be a third of what creating a task costs. The
         * references are the caller's and, until it is done, the loop's. */
        future_init(&task->future, loop, (intptr_t)arg, 2, true);
        coro_init(&task->coro, &task_coro, name, (uint32_t)task_stack_size(loop));
        task->fn = fn;
        task->context = inherit_context();
        list_append(&tasks->all, &task->all);
        task->group_link.next = NULL;
        task->group = NULL;
        task->scopes = NULL;
        task->wait = NULL;
        task->interruption = 0;
        task->cancellations = 0;
        if (__builtin_expect(loop->debug != NULL, 0))
                debug_note_origin(loop, task);
        return task;
}

/** Undo create(): nobody has seen the task. */
static void discard(struct task *task)
{
        list_remove(&task->all);
        drop_context(task);
        task->future.references = 1;
        eddy_unref(&task->future);
}

void task_ask_factory(eddy_loop *loop, eddy_task_options *options, eddy_fn fn)
{
        const struct tasks *tasks = loop ? tasks_of(loop) : NULL;

        if (tasks && tasks->factory)
                tasks->factory(loop, options, fn, tasks->factory_arg);
}

static eddy_task *create_by_factory(eddy_task_options options, eddy_fn fn, void *arg)
{
        task_ask_factory(loop_meant(options.loop), &options, fn);
        return eddy_task_create(&options, fn, arg);
}

/** As eddy_create_named_task(), where there is more to it. */
static __attribute__((noinline, cold)) eddy_task *create_with_care(const char *name, eddy_fn fn, void *arg)
{
        return create_by_factory((eddy_task_options){.name = name}, fn, arg);
}

eddy_task *eddy_create_named_task(const char *name, eddy_fn fn, void *arg)
{
        /* One that runs is not closed. */
        eddy_loop *loop = loop_running_here;
        struct tasks *tasks = loop ? tasks_of(loop) : NULL;
        struct task *task;

        if (__builtin_expect(!tasks || tasks->factory, 0))
                return create_with_care(name, fn, arg);
        task = create(loop, tasks, name, fn, arg);
        if (!task)
                return NULL;
        loop_schedule(loop, &task->coro.resume);
        return &task->future;
}

eddy_task *eddy_task_create(const eddy_task_options *options, eddy_fn fn, void *arg)
{
        static const eddy_task_options defaults;
        eddy_loop *loop;
        struct task *task;

        if (!options)
                options = &defaults;
        if (options->stack_size > UINT32_MAX) {
                eddy_fail(-EINVAL, "a stack of %zu bytes is more than the %u that can be", options->stack_size,
                          UINT32_MAX);
                return NULL;
        }
        if (options->args_size > TASK_LARGEST_ARGS) {
                eddy_fail(-EINVAL, "arguments of %zu bytes are more than the %d that are copied",
                          options->args_size, TASK_LARGEST_ARGS);
                return NULL;
        }
        loop = loop_for_task(options->loop, options->name);
        task = loop ? create(loop, tasks_of(loop), options->name, fn, arg) : NULL;
        if (!task)
                return NULL;
        if (options->stack_size)
                task->coro.stack_size = (uint32_t)options->stack_size;
        task->coro.own_fpu_mode = options->own_fpu_mode;
        if (options->context) {
                drop_context(task);
                task->context = context_ref(&options->context->base);
        }
        if (options->args) {
                void *copy = coro_place(&task->coro, loop, options->args, options->args_size);

                if (!copy) {
                        discard(task);
                        return NULL;
                }
                task->future.result = (intptr_t)copy;
        }
        if (options->eager && loop == loop_running_here)
                coro_run_now(loop, &task->coro);
        else
                loop_schedule(loop, &task->coro.resume);
        return &task->future;
}

eddy_task *eddy_spawn_named_task(const char *name, eddy_fn fn, const void *args, size_t args_size)
{
        return create_by_factory((eddy_task_options){.name = name, .args = args, .args_size = args_size}, fn,
                                 NULL);
}

int eddy_loop_set_task_factory(eddy_loop *loop, eddy_task_factory factory, void *arg)
{
        int rc = loop_check(loop = loop_meant(loop));

        if (rc == 0 && !tasks_of(loop))
                rc = tasks_init(loop);
        if (rc < 0)
                return rc;
        tasks_of(loop)->factory = factory;
        tasks_of(loop)->factory_arg = arg;
        return 0;
}

eddy_task_factory eddy_loop_task_factory(const eddy_loop *loop, void **arg)
{
        const struct tasks *tasks = (loop = loop_meant(loop)) ? tasks_of(loop) : NULL;

        if (arg)
                *arg = tasks && tasks->factory ? tasks->factory_arg : NULL;
        return tasks ? tasks->factory : NULL;
}

void eddy_eager_task_factory(eddy_loop *loop, eddy_task_options *options, eddy_fn fn, void *arg)
{
        (void)loop;
        (void)fn;
        (void)arg;
        options->eager = true;
}

eddy_fn eddy_task_function(const eddy_task *future)
{
        return future && future->is_task ? ((const struct task *)future)->fn : NULL;
}

int eddy_set_stack_size(size_t bytes)
{
        if (bytes < STACK_MIN_SIZE)
                return -EINVAL;
        atomic_store(&default_stack_size, bytes);
        return 0;
}

const char *eddy_task_name(const eddy_task *future)
{
        const struct task *task = (const struct task *)future;

        return future && future->is_task && task->coro.name ? task->coro.name : "?";
}

int eddy_task_set_name(eddy_task *future, const char *name)
{
        struct task *task = task_of(future);
        char *copy;

        if (!future || !future->is_task)
                return -EINVAL;
        copy = memory_strdup(name);
        if (!copy)
                return -ENOMEM;
        if (future->traits & FUTURE_OWN_NAME)
                memory_free_text(task->coro.name);
        task->coro.name = copy;
        future->traits |= FUTURE_OWN_NAME;
        return 0;
}

eddy_task *eddy_current_task(void)
{
        struct task *task = task_current();

        return task ? &task->future : NULL;
}

size_t eddy_all_tasks(eddy_loop *loop, eddy_task *tasks[], size_t n)
{
        size_t count = 0;

        loop = loop_meant(loop);
        if (!loop || !tasks_of(loop))
                return 0;
        for (eddy_link *link = tasks_of(loop)->all.next; link != &tasks_of(loop)->all; link = link->next) {
                if (count < n)
                        tasks[count] = &container_of(link, struct task, all)->future;
                count++;
        }
        return count;
}

int task_interruption_in(const struct task *task, const eddy_scope *scope)
{
        int code = 0;

        for (; scope; scope = scope->outer) {
                if (scope->code)
                        code = scope->code;
                if (scope->is_shielded)
                        return code;
        }
        return task->cancellations ? EDDY_CANCELLED : code;
}

void task_update(struct task *task)
{
        task->interruption = task_interruption_in(task, task->scopes);
        if (task->interruption && task->wait)
                task_interrupt(task->wait, task);
}

int task_wait(struct task *self, struct wait *wait)
{
        return task_suspend(self, wait);
}

bool task_end_wait(struct wait *wait, struct task *task)
{
        if (list_is_linked(&task->coro.resume.link))
                return wait->was_interrupted;
        task_wake(task);
        return true;
}

bool task_keep_waiting(struct wait *wait, struct task *task)
{
        (void)wait;
        (void)task;
        return false;
}

void task_remove_scope(struct task *task, eddy_scope *scope)
{
        eddy_scope **place = &task->scopes;

        while (*place && *place != scope)
                place = &(*place)->outer;
        if (*place)
                *place = scope->outer;
        scope->task = NULL;
}

/** Whether a task's detail is the message that it was cancelled with. */
static bool has_message(const struct task *task)
{
        return task->cancellations > 0 && task->future.detail && task->future.detail->rc == EDDY_CANCELLED;
}

void task_cancel(eddy_future *future, const char *message)
{
        struct task *task = task_of(future);

        /* Of several, the first says why. */
        if (message && !has_message(task))
                error_detail_set(&future->detail, EDDY_CANCELLED, message);
        task->cancellations++;
        task_update(task);
}

unsigned eddy_cancelling(const eddy_task *task)
{
        return task && task->is_task ? ((const struct task *)task)->cancellations : 0;
}

unsigned eddy_uncancel(void)
{
        struct task *self = task_current();

        if (!self)
                return 0;
        if (self->cancellations > 0)
                self->cancellations--;
        task_update(self);
        return self->cancellations;
}

int eddy_interrupted(void)
{
        return task_interruption();
}

int eddy_yield(void)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        loop_schedule(loop_running_here, &self->coro.resume);
        coro_suspend(&self->coro);
        return self->interruption;
}

intptr_t eddy_value(intptr_t value)
{
        struct task *self = task_current();

        if (self) {
                self->future.result = value;
                self->future.traits |= FUTURE_IS_VALUE;
        }
        return value;
}

void task_adopt_detail(struct task *self, const eddy_future *future)
{
        /* Why it was itself cancelled says more than why another was, or failed on being cancelled with it. */
        bool has_own = has_message(self) && (self->interruption || future->result == EDDY_CANCELLED);

        if (!has_own && future_has_failed(future))
                error_detail_set(&self->future.detail, future->detail->rc, future->detail->text);
}

static void name_cancelled(struct task *self, const eddy_future *future)
{
        char text[128];

        if (future->is_task)
                snprintf(text, sizeof text, "task '%s' was cancelled", eddy_task_name(future));
        else
                snprintf(text, sizeof text, "the future was cancelled");
        error_detail_set(&self->future.detail, EDDY_CANCELLED, text);
}

int task_failure_of(struct task *self, const eddy_future *future)
{
        int failure = future_failure(future);
        bool says_why = future->detail && future->detail->rc == EDDY_CANCELLED;

        if (failure == EDDY_CANCELLED && !says_why && !has_message(self))
                name_cancelled(self, future);
        return failure;
}
