/* A sentence for the coroutine whose stack was too small, before the process ends by it. */
#ifndef CORO_OVERFLOW_H
#define CORO_OVERFLOW_H

/** Handle SIGSEGV and SIGBUS for the process, once; and give this thread a stack to do it on, if it has none. */
void overflow_handle_signals(void);

#endif
