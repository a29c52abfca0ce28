/* Scopes: deadlines over any stretch of code, and clean-up that cancellation does not reach.
 *
 *         EDDY_TIMEOUT_SCOPE(eddy_seconds(5))
 *                 n = eddy_stream_read(stream, buffer, sizeof buffer);
 *         if (n == EDDY_TIMEOUT) ...
 *
 * Once a scope's deadline has passed, every function in it that is marked EDDY_ASYNC returns EDDY_TIMEOUT, whether it
 * would have to suspend or not, until the scope is closed. Scopes nest like brackets; where two have ended, the outer
 * one speaks. Who is told so has taken nothing: what had come before is handed over instead.
 */
#ifndef EDDY_TIMEOUT_H
#define EDDY_TIMEOUT_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/** A stretch of a task's life that can be interrupted apart from the rest. Fields are private. */
typedef struct eddy_scope {
        struct eddy_scope *outer;
        eddy_task *task;  /* NULL: not open */
        int code;         /* what suspending calls inside are refused with, or 0 */
        bool is_shielded; /* interruptions from outside do not reach in */
        void *reserved;
} eddy_scope;

/** A deadline. The caller's memory, usually on the stack; fields are private. */
typedef struct eddy_timeout {
        eddy_scope scope;
        eddy_timer timer;
} eddy_timeout;

/**
 * Open a scope that ends `delay` from now.
 *
 * @param delay  EDDY_FOREVER: no deadline, until one is set by eddy_timeout_reschedule(). 0 or less: it has passed
 * @return 0
 * @retval EDDY_ENOTASK  called outside a coroutine; the scope then does nothing
 *
 * Close it with eddy_timeout_close() in the same function. Does not suspend. asyncio.timeout().
 */
EDDY_API int eddy_timeout_open(eddy_timeout *timeout, eddy_duration delay);

/** As eddy_timeout_open(), at a moment of eddy_loop_time(), which eddy_time_add() works out from others.
 * asyncio.timeout_at(). */
EDDY_API int eddy_timeout_open_at(eddy_timeout *timeout, eddy_time when);

/** Move the deadline; it must not have passed. 0 or EDDY_EINVALIDSTATE. Timeout.reschedule(). */
EDDY_API int eddy_timeout_reschedule(eddy_timeout *timeout, eddy_time when);

/** The deadline, or EDDY_FOREVER. Timeout.when(). */
EDDY_API eddy_time eddy_timeout_when(const eddy_timeout *timeout);

/** Whether the deadline has passed and been noticed. Timeout.expired(). */
EDDY_API bool eddy_timeout_expired(const eddy_timeout *timeout);

/** Close a scope, innermost first: 0, or where its deadline had passed EDDY_TIMEOUT; but EDDY_CANCELLED where the task
 * is cancelled besides, so that who goes on after EDDY_TIMEOUT overlooks no cancellation. */
EDDY_API int eddy_timeout_close(eddy_timeout *timeout);

/**
 * A deadline over the statement or block that follows. Leaving it by return or goto closes it too; break and
 * continue leave it, and nothing else. Whether an EDDY_TIMEOUT that came out of it was its own or an outer
 * scope's tells eddy_interrupted(), which is 0 again after its own.
 */
#define EDDY_TIMEOUT_SCOPE(delay)                                                                              \
        EDDY_TIMEOUT_SCOPE_(delay, EDDY_UNIQUE_(eddy_scope_), EDDY_UNIQUE_(eddy_opened_))
#define EDDY_TIMEOUT_SCOPE_(delay, scope, opened)                                                              \
        EDDY_ONCE_(eddy_timeout scope __attribute__((cleanup(eddy_timeout_leave_))),                           \
                   *opened __attribute__((unused)) = (eddy_timeout_open(&scope, (delay)), &scope))

/* The statement that follows, once, with what is declared for it. Compilers see that it runs: what it assigns needs no
 * value before, while a `for` that tested something would have them doubt it. The `break` leaves the `for`, or as gcc
 * has it the `switch`, which comes to the same. */
#define EDDY_ONCE_(...)                                                                                        \
        switch (0)                                                                                             \
        default:                                                                                               \
                for (__VA_ARGS__;; EDDY_BREAK_)
#ifdef __clang__
#define EDDY_BREAK_                                                                                            \
        _Pragma("clang diagnostic push")                                                                       \
            _Pragma("clang diagnostic ignored \"-Wgcc-compat\"") __extension__({ break; })                     \
                _Pragma("clang diagnostic pop")
#else
#define EDDY_BREAK_ __extension__({ break; })
#endif

static inline void eddy_timeout_leave_(eddy_timeout *timeout)
{
        eddy_timeout_close(timeout);
}

/**
 * Open a scope that cancellation and outer deadlines do not reach, for clean-up that itself must suspend.
 *
 * @param scope  on the caller's stack; close it with eddy_shield_close()
 * @return 0 or EDDY_ENOTASK
 *
 * What was asked for meanwhile takes effect when it is closed. Does not suspend.
 */
EDDY_API int eddy_shield_open(eddy_scope *scope);

/** Close it: 0, or what interrupted the task meanwhile or before. */
EDDY_API int eddy_shield_close(eddy_scope *scope);

/** A shield around the statement or block that follows, left as EDDY_TIMEOUT_SCOPE() is. */
#define EDDY_SHIELD_SCOPE EDDY_SHIELD_SCOPE_(EDDY_UNIQUE_(eddy_scope_), EDDY_UNIQUE_(eddy_opened_))
#define EDDY_SHIELD_SCOPE_(scope, opened)                                                                      \
        EDDY_ONCE_(eddy_scope scope __attribute__((cleanup(eddy_shield_leave_))),                              \
                   *opened __attribute__((unused)) = (eddy_shield_open(&scope), &scope))

/* Names of their own for scopes within scopes. */
#define EDDY_UNIQUE_(name)            EDDY_PASTE_(name, __COUNTER__)
#define EDDY_PASTE_(name, number)     EDDY_PASTE_NOW_(name, number)
#define EDDY_PASTE_NOW_(name, number) name##number

static inline void eddy_shield_leave_(eddy_scope *scope)
{
        eddy_shield_close(scope);
}

EDDY_END_DECLS

#endif
