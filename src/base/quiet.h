/* Writing without signals. A write to what nobody reads raises SIGPIPE, one beyond the limit on the size of files
 * SIGXFSZ, and each of them ends a program that has never heard of it. So every call of ours that writes holds both back
 * from its thread meanwhile, and takes away what came; what it returns tells the rest. How the program handles them,
 * and which of them its threads block, stays as it is. */
#ifndef BASE_QUIET_H
#define BASE_QUIET_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

/** What a thread has to go back to. */
struct quiet {
        sigset_t before; /* its mask */
        bool may_take_pipe,
            may_take_size; /* what comes is ours: none was waiting already, held back by others */
};

/** Hold the signals of writing back from this thread. */
static inline void quiet_begin(struct quiet *quiet)
{
        sigset_t held;

        sigemptyset(&held);
        sigaddset(&held, SIGPIPE);
        sigaddset(&held, SIGXFSZ);
        pthread_sigmask(SIG_BLOCK, &held, &quiet->before);
        quiet->may_take_pipe = quiet->may_take_size = true;
        if (__builtin_expect(sigismember(&quiet->before, SIGPIPE) || sigismember(&quiet->before, SIGXFSZ), 0)) {
                sigpending(&held);
                quiet->may_take_pipe = !sigismember(&held, SIGPIPE);
                quiet->may_take_size = !sigismember(&held, SIGXFSZ);
        }
}

/** Of a signal's kind the kernel hands out what waits for the thread, and so what it has raised, first. */
static inline void quiet_take(int signum)
{
        static const struct timespec at_once;
        sigset_t one;

        sigemptyset(&one);
        sigaddset(&one, signum);
        while (sigtimedwait(&one, NULL, &at_once) < 0 && errno == EINTR)
                ;
}

/** Take away what writing has raised, and let the others come again.
 *
 * @param rc    what it returned, or a negated errno
 * @param size  what it was to write, bytes: less than that may be all for a reason that raises a signal
 */
static inline void quiet_end(const struct quiet *quiet, ssize_t rc, size_t size)
{
        bool is_short = rc >= 0 && (size_t)rc < size;

        if (__builtin_expect(quiet->may_take_pipe && (rc == -EPIPE || is_short), 0))
                quiet_take(SIGPIPE);
        if (__builtin_expect(quiet->may_take_size && (rc == -EFBIG || is_short), 0))
                quiet_take(SIGXFSZ);
        pthread_sigmask(SIG_SETMASK, &quiet->before, NULL);
}

#endif
