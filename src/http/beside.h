/* What takes its time is done beside the loop. */
#ifndef HTTP_BESIDE_H
#define HTTP_BESIDE_H

#include <eddy/thread.h>

/** Have a thread do something: 0, or why none does it. Cancellation waits, so that the thread may use what lies on the caller's
 * stack. Suspends.
 *
 * @param executor  NULL: the loop's default */
int do_beside(eddy_executor *executor, const char *name, eddy_fn fn, void *work, intptr_t *result);

#endif
