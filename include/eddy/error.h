/* Errors: a result in [-4095, -1] is one, as from a Linux system call; anything else is a value. */
#ifndef EDDY_ERROR_H
#define EDDY_ERROR_H

#include <eddy/base.h>
#include <errno.h>

EDDY_BEGIN_DECLS

/* asyncio's exceptions. Those that the kernel has a number for keep it, but for EDDY_TIMEOUT: a deadline of one's own
 * is not a peer that the kernel has given up on, which is -ETIMEDOUT.
 *
 * The numbers: eddy itself has -4001 and below, libraries on it blocks of 20 from -3900 down (HTTP -3900, Redis -3920,
 * PostgreSQL -3940, TLS -3960, WebSocket -3980), and -2000 to -2999 are for programs, never used by eddy; see eddy_register_errors(). */
#define EDDY_CANCELLED (-ECANCELED)   /**< CancelledError: the task was asked to end */
#define EDDY_PENDING   (-EINPROGRESS) /**< the operation has begun; its callback will tell */

#define EDDY_EINCOMPLETE    (-4001) /**< IncompleteReadError: the stream ended before that many bytes */
#define EDDY_ELIMIT         (-4002) /**< LimitOverrunError: a line or item is longer than the limit */
#define EDDY_EINVALIDSTATE  (-4003) /**< InvalidStateError: the future is done already, or not yet */
#define EDDY_ENOTASK        (-4004) /**< a function that suspends was called outside a coroutine */
#define EDDY_ENOLOOP        (-4005) /**< RuntimeError: no running event loop in this thread */
#define EDDY_ELOOPCLOSED    (-4006) /**< RuntimeError: event loop is closed */
#define EDDY_ELOOPRUNNING   (-4007) /**< RuntimeError: this event loop, or another one here, is running */
#define EDDY_EWRONGLOOP     (-4008) /**< the object belongs to another loop or thread */
#define EDDY_ESTOPPED       (-4009) /**< RuntimeError: event loop stopped before Future completed */
#define EDDY_ESELFAWAIT     (-4010) /**< RuntimeError: Task cannot await on itself */
#define EDDY_EBUSY          (-4011) /**< another coroutine is already waiting for the same thing */
#define EDDY_ERESOLVE       (-4012) /**< gaierror: the host name has no address; the detail says why */
#define EDDY_TIMEOUT        (-4013) /**< TimeoutError: a deadline passed */
#define EDDY_EPROTOCOL      (-4014) /**< the peer broke the protocol */
#define EDDY_EGROUPCLOSED   (-4015) /**< RuntimeError: TaskGroup is finished or shutting down */
#define EDDY_EQUEUEFULL     (-4016) /**< QueueFull: the queue has no room now */
#define EDDY_EQUEUEEMPTY    (-4017) /**< QueueEmpty: the queue has no item now */
#define EDDY_ESHUTDOWN      (-4018) /**< QueueShutDown: the queue, pool or executor takes, or has, no more */
#define EDDY_EBROKENBARRIER (-4019) /**< BrokenBarrierError: the barrier was broken or reset */
#define EDDY_EFINISHED      (-4020) /**< what was waited for has been finished under its waiters */
#define EDDY_ENOMORE        (-4021) /**< StopIteration, StopAsyncIteration: the generator has ended */
#define EDDY_EGENERATOREXIT (-4022) /**< GeneratorExit: the generator is being closed */
#define EDDY_ENOTSUP        (-EOPNOTSUPP) /**< NotImplementedError: not in this build or on this system */

/** The lowest error number; results below it are values. */
#define EDDY_ERROR_MIN (-4095)

/** Whether a result is an error rather than a value. */
static inline bool eddy_is_error(intptr_t result)
{
        return result < 0 && result >= EDDY_ERROR_MIN;
}

/** An error number, its name and its meaning. */
typedef struct eddy_error_name {
        int number;
        const char *name;    /**< such as "EDDY_EHTTP" */
        const char *meaning; /**< a sentence for people without a full stop */
} eddy_error_name;

/** The errors of a library or program. Its fields but `next` are its owner's to fill. */
typedef struct eddy_error_block {
        const eddy_error_name *names;
        size_t count;
        struct eddy_error_block *next; /* private to eddy */
} eddy_error_block;

/**
 * Have eddy_errname(), eddy_strerror() and eddy_explain() know further errors.
 *
 * @param block  with its names it must stay as long as the process runs; registering one again does nothing
 *
 * A program's own errors are best numbered from -2000 to -2999, which eddy never uses. Any thread may call it. Does
 * not suspend.
 */
EDDY_API void eddy_register_errors(eddy_error_block *block);

/** The name of an error, such as "EDDY_CANCELLED" or "ENOENT"; "OK" for 0, "unknown" for no error. */
EDDY_API const char *eddy_errname(intptr_t rc);

/** What an error means, as a sentence for people without a full stop. Never NULL. */
EDDY_API const char *eddy_strerror(intptr_t rc);

/**
 * The current task's last failure as a sentence, where one number says too little: which host, which file.
 *
 * @return "" where no failure had more to say; valid until the task's next failure
 *
 * Outside a task it speaks of the thread's last failure, which eddy_run() leaves there too. The detail of a
 * future passes to who awaits it.
 */
EDDY_API const char *eddy_error_detail(void);

/**
 * What to tell people of an error that just came: its detail where there is one, else its meaning.
 *
 * @param rc  the error
 * @return never NULL; valid until the task's next failure
 */
EDDY_API const char *eddy_explain(intptr_t rc);

/**
 * Describe a failure and return its code, for use in a return statement.
 *
 * @param rc      the error; returned unchanged
 * @param format  as for printf()
 */
__attribute__((format(printf, 2, 3), nonnull(2))) EDDY_API int eddy_fail(int rc, const char *format, ...);

EDDY_END_DECLS

#endif
