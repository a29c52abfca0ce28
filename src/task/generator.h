/* Generators from the inside. */
#ifndef TASK_GENERATOR_H
#define TASK_GENERATOR_H

#include <eddy/generator.h>

/** Close a loop's generators that have not ended, in the current task, which may be suspended meanwhile.
 *
 * @param patience  how many at most; what is left of that
 */
EDDY_ASYNC void generators_finish(eddy_loop *loop, size_t *patience);

/** The same for a loop that is being closed: clean-up runs as far as it needs no task. */
void generators_close(eddy_loop *loop);

#endif
