/* Signals, as far as the loop itself must know of them. */
#ifndef LOOP_SIGNAL_H
#define LOOP_SIGNAL_H

#include <eddy/signal.h>

/** Run the handlers of the signals that have come; the loop calls it after it was woken. */
void signal_deliver(eddy_loop *loop);

/** Put back what the process did before on every signal that the loop handles. */
void signal_remove_all(eddy_loop *loop);

#endif
