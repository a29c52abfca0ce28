/* Finished jobs are forgotten when their time is over. */
#ifndef JOBS_SWEEP_H
#define JOBS_SWEEP_H

#include <stdint.h>

/** A task's body, with a pointer to the worker's: until it is cancelled. */
intptr_t jobs_sweep_run(void *pointer);

#endif
