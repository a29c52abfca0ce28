/* Groups: tasks that live no longer than the block that started them.
 *
 *         eddy_group group;
 *         eddy_group_open(&group);
 *         for (int i = 0; i < 3; i++)
 *                 eddy_group_spawn(&group, compute, &(struct pair){i, i});
 *         return eddy_group_close(&group);
 */
#ifndef EDDY_GROUP_H
#define EDDY_GROUP_H

#include <eddy/timeout.h>

EDDY_BEGIN_DECLS

/** A group of tasks. The caller's memory, usually on the stack; fields are private. */
typedef struct eddy_group {
        eddy_scope scope; /* of the task that opened it: interrupted when a child fails */
        eddy_link running;
        eddy_link failed; /* in order of failing; each holds a reference */
        size_t running_count;
        int first_failure;
        int refused; /* why a task could not be started, told by close */
        bool is_waiting;
        bool is_closing;
        bool is_body_failure; /* first_failure is no task's */
        void *why;            /* its detail then; NULL: none */
        void *reserved[2];
} eddy_group;

/**
 * Open a group for the current task.
 *
 * @return 0
 * @retval EDDY_ENOTASK  called outside a coroutine
 *
 * Close it with eddy_group_close() in the same function. Does not suspend. `async with TaskGroup()`.
 */
EDDY_API int eddy_group_open(eddy_group *group);

/**
 * Start a task in the group. When it fails (with an error other than EDDY_CANCELLED), its siblings are
 * cancelled, and what the opener waits for inside the group returns EDDY_CANCELLED.
 *
 * @param options  as for eddy_task_create(); may be NULL
 * @param task     receives a reference of the caller's, for the result; NULL: nobody looks
 * @return 0
 * @retval EDDY_EGROUPCLOSED  a task has failed, or the group is cancelled or closed: nothing was started
 * @retval -ENOMEM            no memory or stack; eddy_group_close() will say so too, so this may be ignored
 *
 * TaskGroup.create_task().
 */
EDDY_API int eddy_group_start(eddy_group *group, const eddy_task_options *options, eddy_fn fn, void *arg,
                              eddy_task **task);

/** As eddy_group_start(), named after its function: eddy_group_create_task(&group, fetch, url, NULL). */
#define eddy_group_create_task(group, fn, ...) eddy_group_create_named_task(#fn, (group), (fn), __VA_ARGS__)
EDDY_API int eddy_group_create_named_task(const char *name, eddy_group *group, eddy_fn fn, void *arg,
                                          eddy_task **task);

/** As eddy_group_start(), with a copy of the arguments: eddy_group_spawn(&group, add, &(struct pair){1, 2}). */
#define eddy_group_spawn(group, fn, ...)                                                                       \
        eddy_group_spawn_named_task(#fn, (group), NULL, (fn), (__VA_ARGS__), sizeof *(__VA_ARGS__))

/** As eddy_group_spawn(), for the task too:
 * eddy_group_spawn_task(&group, &task, add, &(struct pair){1, 2}). */
#define eddy_group_spawn_task(group, task, fn, ...)                                                            \
        eddy_group_spawn_named_task(#fn, (group), (task), (fn), (__VA_ARGS__), sizeof *(__VA_ARGS__))
EDDY_API int eddy_group_spawn_named_task(const char *name, eddy_group *group, eddy_task **task, eddy_fn fn,
                                         const void *args, size_t args_size);

/** Cancel every task of the group; nothing more can be started in it. */
EDDY_API void eddy_group_cancel(eddy_group *group);

/**
 * Have a group fail as if a task of it had: its tasks are cancelled, what the opener waits for inside the group
 * returns EDDY_CANCELLED, and eddy_group_close() returns the error.
 *
 *         rc = eddy_stream_read_line(stream, &line);
 *         if (rc < 0)
 *                 eddy_group_fail(&group, rc);
 *
 * @param error  of the body, or of whoever else has the group; its detail goes with it
 * @return 0. Where the opener was interrupted, eddy_group_close() returns that, and the loop's exception handler is told
 *         of the error
 * @retval EDDY_EGROUPCLOSED  a task, or an earlier call, has failed the group before, and that is its failure, or it has
 *                            been closed: this one is the caller's to tell
 * @retval -EINVAL            that is no error
 *
 * Does not suspend. An exception that leaves the body of `async with TaskGroup()`.
 */
EDDY_API int eddy_group_fail(eddy_group *group, int error);

/**
 * Wait until every task of the group has ended. A caller who is cancelled or late cancels them, and still waits.
 *
 * @return 0
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted from outside the group; tasks may have failed besides
 * @retval -errno ...                    the first failure of a task; eddy_group_failed() lists them all
 *
 * Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_group_wait(eddy_group *group);

/**
 * Walk over the tasks that have failed, in the order in which they did. The group keeps them until it is closed.
 *
 * @param previous  NULL for the first
 * @return the next, or NULL; no new reference
 *
 * ExceptionGroup.exceptions.
 */
EDDY_API eddy_task *eddy_group_failed(const eddy_group *group, const eddy_task *previous);

/** As eddy_group_wait(), and end the group; what the functions of the group need is gone. Failures that were neither
 * returned nor listed, nor looked at otherwise, go to the loop's exception handler. */
EDDY_API EDDY_ASYNC int eddy_group_close(eddy_group *group);

EDDY_END_DECLS

#endif
