/* UNIX signals, handled in the loop and not in signal context. */
#ifndef EDDY_SIGNAL_H
#define EDDY_SIGNAL_H

#include <eddy/loop.h>

EDDY_BEGIN_DECLS

/**
 * Call back in the loop when the process receives a signal. Replaces an earlier handler of the same signal.
 *
 * @param signum    such as SIGTERM
 * @param callback  called once for one or more deliveries since the last call
 * @return 0
 * @retval -EINVAL           no such signal, or one that cannot be caught
 * @retval -EBUSY            another loop handles this signal
 * @retval EDDY_ELOOPCLOSED  the loop is closed
 *
 * loop.add_signal_handler().
 */
EDDY_API int eddy_add_signal_handler(eddy_loop *loop, int signum, eddy_callback callback, void *arg);

/** Put a signal back to what it did before; true where the loop handled it. loop.remove_signal_handler(). */
EDDY_API bool eddy_remove_signal_handler(eddy_loop *loop, int signum);

EDDY_END_DECLS

#endif
