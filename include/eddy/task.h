/* Tasks: coroutines that run beside each other, each on a stack of its own.
 *
 *         eddy_task *a = eddy_create_task(fetch, "one"), *b = eddy_create_task(fetch, "two");
 *         intptr_t x, y;
 *         eddy_join(a, &x);
 *         eddy_join(b, &y);
 */
#ifndef EDDY_TASK_H
#define EDDY_TASK_H

#include <eddy/future.h>
#include <stdio.h>

EDDY_BEGIN_DECLS

/** A coroutine's body. What it returns is its task's outcome: a value, or an error in [-4095, -1]. */
typedef intptr_t (*eddy_fn)(void *arg);

/**
 * Say that what the current task returns is a value, even where it looks like an error:
 *
 *         return eddy_value(-1);
 *
 * @return value
 *
 * It concerns the task's outcome, if that is this very number: eddy_future_exception() of it is 0, and nothing takes
 * it for a failure. Does not suspend. In Python no value is an exception.
 */
EDDY_API intptr_t eddy_value(intptr_t value);

/** How a task is to be. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_task_options {
        const char *name;      /**< for messages; not copied, so a literal or what outlives the task */
        eddy_loop *loop;       /**< whose it is; NULL: the running one, else eddy_get_loop() */
        size_t stack_size;     /**< bytes of address space, guard included; 0: eddy_set_stack_size()'s */
        bool eager;            /**< run it up to its first suspension before this call returns */
        bool own_fpu_mode;     /**< it changes the rounding mode (fesetround()) across suspensions */
        const void *args;      /**< copied onto its stack and passed as its argument */
        size_t args_size;      /**< bytes at args; at most 1024 */
        eddy_context *context; /**< run it in this one, which it holds, and not in a copy of the current one */
        void *reserved[4];     /**< zero */
} eddy_task_options;

/**
 * Create a task and schedule it.
 *
 * @param options  may be NULL
 * @param fn       the coroutine's body
 * @param arg      passed to it, unless options->args is; must live until the task ends
 * @return the caller's, given back with eddy_unref() or eddy_join(); NULL without memory, stack or loop, which
 *         every function that takes a future answers with -ENOMEM
 *
 * Does not suspend, unless eager. asyncio.Task(), asyncio.ensure_future().
 */
EDDY_API eddy_task *eddy_task_create(const eddy_task_options *options, eddy_fn fn, void *arg);

/** As eddy_task_create(), named after its function. asyncio.create_task(). */
#define eddy_create_task(fn, ...) eddy_create_named_task(#fn, (fn), __VA_ARGS__)
EDDY_API eddy_task *eddy_create_named_task(const char *name, eddy_fn fn, void *arg);

/**
 * Create a task with a copy of its arguments, so that the caller's need not outlive the call:
 *
 *         eddy_spawn(add, &(struct pair){1, 2});
 */
#define eddy_spawn(fn, ...) eddy_spawn_named_task(#fn, (fn), (__VA_ARGS__), sizeof *(__VA_ARGS__))
EDDY_API eddy_task *eddy_spawn_named_task(const char *name, eddy_fn fn, const void *args, size_t args_size);

/** The address space of the stacks of tasks created from now on, in any loop: 256 KiB at first.
 * 0 or -EINVAL below 16 KiB. */
EDDY_API int eddy_set_stack_size(size_t bytes);

/** A task's name; never NULL. Task.get_name(). */
EDDY_API const char *eddy_task_name(const eddy_task *task);

/** Name a task; copied. 0 or -ENOMEM. Task.set_name(). */
EDDY_API int eddy_task_set_name(eddy_task *task, const char *name);

/** The function whose coroutine a task runs; NULL where it is no task. Task.get_coro(). */
EDDY_API eddy_fn eddy_task_function(const eddy_task *task);

/** The task that runs, or NULL outside a coroutine. Not a new reference. asyncio.current_task(). */
EDDY_API eddy_task *eddy_current_task(void);

/**
 * The tasks of a loop that are not done, in order of creation.
 *
 * @param loop   NULL: the running one
 * @param tasks  receives up to n of them; no new references, so take your own before you suspend
 * @return how many there are, which may be more than n
 *
 * asyncio.all_tasks().
 */
EDDY_API size_t eddy_all_tasks(eddy_loop *loop, eddy_task *tasks[], size_t n);

/** How many cancellations of this task are asked for and not taken back. Task.cancelling(). */
EDDY_API unsigned eddy_cancelling(const eddy_task *task);

/** Take one cancellation of the current task back; how many are left. At 0 it may suspend again.
 * Task.uncancel(). */
EDDY_API unsigned eddy_uncancel(void);

/**
 * What the current task's next call that is marked EDDY_ASYNC would be refused with: 0, EDDY_CANCELLED or EDDY_TIMEOUT.
 * For long computations that want to end when asked.
 */
EDDY_API int eddy_interrupted(void);

/**
 * Let everything else that is ready run once.
 *
 * @return 0; EDDY_CANCELLED, EDDY_TIMEOUT or EDDY_ENOTASK as from eddy_await()
 *
 * Suspends. asyncio.sleep(0).
 */
EDDY_API EDDY_ASYNC int eddy_yield(void);

/**
 * Print where a task is suspended: a line a frame, innermost first, the loop's last.
 *
 * @param task  not done, of this thread's running loop; a task that has not begun has no frames
 * @return the number of frames, or -EINVAL
 *
 * Does not suspend. Task.print_stack().
 */
EDDY_API int eddy_task_print_stack(eddy_task *task, FILE *out);

/**
 * Where a task is suspended: a return address a frame, innermost first, the loop's last.
 *
 * @param task    as for eddy_task_print_stack()
 * @param frames  receives up to n of them; of more than 64 the outermost are not told
 * @return how many, or -EINVAL
 *
 * Does not suspend. Task.get_stack().
 */
EDDY_API int eddy_task_stack(eddy_task *task, void *frames[], size_t n);

/**
 * Decides how a task is to be before it is made: its name, say, or that it is eager. `options`, which it changes, say
 * what was asked for; `fn` is the coroutine's body, `arg` the factory's own.
 */
typedef void (*eddy_task_factory)(eddy_loop *loop, eddy_task_options *options, eddy_fn fn, void *arg);

/**
 * Have a function asked how each task of a loop is to be that eddy_create_task(), eddy_spawn() and groups make. Who
 * calls eddy_task_create() has said it already.
 *
 * @param factory  NULL: none, as at first; eddy_eager_task_factory()
 * @param arg      passed to it; not owned
 * @return 0
 * @retval EDDY_ENOLOOP, EDDY_ELOOPCLOSED, EDDY_EWRONGLOOP  as for eddy_call_soon()
 * @retval -ENOMEM                                         no memory
 *
 * Does not suspend. loop.set_task_factory().
 */
EDDY_API int eddy_loop_set_task_factory(eddy_loop *loop, eddy_task_factory factory, void *arg);

/** The factory that was set, or NULL; `arg`, which may be NULL, receives its argument. loop.get_task_factory(). */
EDDY_API eddy_task_factory eddy_loop_task_factory(const eddy_loop *loop, void **arg);

/** The factory of loops whose tasks are all eager: each runs up to its first suspension where it is created.
 * asyncio.eager_task_factory(). */
EDDY_API void eddy_eager_task_factory(eddy_loop *loop, eddy_task_options *options, eddy_fn fn, void *arg);

EDDY_END_DECLS

#endif
