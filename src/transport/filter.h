/* Filters from the inside: a flow over a flow. */
#ifndef TRANSPORT_FILTER_H
#define TRANSPORT_FILTER_H

#include "transport/flow.h"
#include <eddy/filter.h>

/** Put a filter under a flow, of which nobody is in the middle of a write: 0 or an error. Who reads has to turn to it.
 *
 * @param read  what has come and was not read; it is the filter's where this succeeds. NULL: nothing
 */
int filter_add(struct flow *flow, const eddy_filter *codec, void *self, struct buffer *read);

/** Take out the one that was put there last: 0 or an error.
 *
 * @param read  what came behind the filter's bytes is put behind those in there
 */
int filter_remove(struct flow *flow, struct buffer *read);

#endif
