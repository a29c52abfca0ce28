/* Signals, as far as the loop and the layers above must know of them. */
#ifndef LOOP_SIGNAL_H
#define LOOP_SIGNAL_H

#include <eddy/signal.h>

/** A signal in a set of them. */
static inline uint64_t signal_bit(int signum)
{
        return UINT64_C(1) << (signum - 1);
}

/** Take the lowest signal out of a set, which is not empty. */
static inline int signal_take_lowest(uint64_t *set)
{
        int signum = __builtin_ctzll(*set) + 1;

        *set &= *set - 1;
        return signum;
}

/** As eddy_add_signal_handler(), but it steps back while anybody watches the signal: what a program does of itself. */
int signal_add_default(eddy_loop *loop, int signum, eddy_callback callback, void *arg);

/** Have the loop call watch->notify() when one of watch->wanted has come, until signal_unwatch(): 0 or as from
 * eddy_add_signal_handler(). */
int signal_watch(eddy_loop *loop, struct eddy_signal_watch *watch);

void signal_unwatch(struct eddy_signal_watch *watch);

/** Run the handlers of the signals that have come; the loop calls it after it was woken. */
void signal_deliver(eddy_loop *loop);

/** Put back what the process did before on every signal that the loop handles. */
void signal_remove_all(eddy_loop *loop);

/** In a forked child: put back what the process did before on every signal, and let the parent's loops be. */
void signal_forget_all(void);

#endif
