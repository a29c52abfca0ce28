/* The end of a worker: no more jobs begin, those that run have their grace, what is left is cancelled and goes back, and the store is told
 * of all that, as long as it is there. */
#include "jobs/stop.h"

#include "jobs/running.h"
#include "jobs/shift.h"
#include <eddy/signal.h>
#include <signal.h>

static const int ending_signals[] = {SIGINT, SIGTERM};

void eddy_job_worker_stop(eddy_job_worker *worker)
{
        worker->stops++;
        eddy_event_set(&worker->changed);
}

intptr_t jobs_signals_run(void *arg)
{
        eddy_job_worker *worker = *(eddy_job_worker **)arg;
        eddy_signal_watch watch;

        if (eddy_signal_watch_open(&watch, ending_signals, sizeof ending_signals / sizeof *ending_signals) < 0)
                return 0;
        while (worker->stops < 2 && eddy_signal_watch_next(&watch) >= 0)
                eddy_job_worker_stop(worker);
        eddy_signal_watch_close(&watch); /* where a handler hangs, the next one does what it did before */
        return 0;
}

static bool is_asked(const eddy_job_worker *worker)
{
        return worker->stops > 0 || worker->failure < 0;
}

static bool is_idle(const eddy_job_worker *worker)
{
        return worker->running_count == 0;
}

static bool is_idle_or_hurried(const eddy_job_worker *worker)
{
        return is_idle(worker) || worker->stops > 1 || worker->failure < 0;
}

static bool is_told(const eddy_job_worker *worker)
{
        return jobs_shift_is_told(worker) || worker->failure < 0;
}

static int wait_until(eddy_job_worker *worker, bool (*is_so)(const eddy_job_worker *worker))
{
        int rc = eddy_interrupted();

        while (rc == 0 && !is_so(worker)) {
                eddy_event_clear(&worker->changed);
                rc = eddy_event_wait(&worker->changed);
        }
        return rc;
}

int jobs_wait_for_stop(eddy_job_worker *worker)
{
        return wait_until(worker, is_asked);
}

int jobs_wind_up(eddy_job_worker *worker, eddy_duration grace)
{
        int interruption;

        worker->is_stopping = true;
        EDDY_TIMEOUT_SCOPE(grace)
                wait_until(worker, is_idle_or_hurried);
        interruption = eddy_interrupted();
        jobs_running_end_all(worker, JOBS_END_WORKER);
        EDDY_SHIELD_SCOPE
                wait_until(worker, is_idle);
        return interruption;
}

void jobs_say_farewell(eddy_job_worker *worker)
{
        jobs_shift_hurry(worker);
        EDDY_SHIELD_SCOPE
                EDDY_TIMEOUT_SCOPE(worker->farewell) {
                        if (worker->failure == 0)
                                wait_until(worker, is_told);
                        else if (worker->failure == EDDY_EJOBS)
                                jobs_shift_tell_last(worker);
                }
}
