/* The end of a worker. */
#ifndef JOBS_STOP_H
#define JOBS_STOP_H

#include "jobs/worker.h"

/** A task's body, with a pointer to the worker's: has it end at each signal, until somebody is in a hurry. */
intptr_t jobs_signals_run(void *pointer);

/** Wait until the worker is to end: 0, or how the caller was interrupted. Suspends. */
int jobs_wait_for_stop(eddy_job_worker *worker);

/** Give running jobs their grace, then end them: 0, or how the caller was interrupted, which ends the grace. Suspends until none runs. */
int jobs_wind_up(eddy_job_worker *worker, eddy_duration grace);

/** Tell the store what became of the jobs, within the time of `farewell`. Suspends, in a shield. */
void jobs_say_farewell(eddy_job_worker *worker);

#endif
