/* Leases. Those of all jobs that run are renewed in one round trip, when the first of them is at a third of its time; those that are at
 * less than a sixth wait for the next one, so that short jobs cost none. What handlers have said goes with it, and is not kept for longer
 * than a second.
 *
 * Where the store cannot be had, it is asked again and again; when a lease has surely ended, by this machine's monotonic clock
 * from before it was asked for, another worker may have the job, and the handler is made to end. Whose the job is says the store:
 * its verdict is offered all the same. */
#include "jobs/renew.h"

#include "base/memory.h"
#include "jobs/running.h"
#include "jobs/shift.h"
#include "jobs/words.h"

enum {
        PART_AT_WHICH_DUE = 3, /* of the lease */
        PART_THAT_JOINS = 6,   /* those that have had this much of theirs are renewed with one that is due */
        PART_BETWEEN_TRIES = 10,
};

static const eddy_duration words_delay = 1000000000, most_between_tries = 1000000000, least_between = 100000000;

int jobs_renewal_init(eddy_job_worker *worker)
{
        struct jobs_renewal *renewal = &worker->renewal;
        size_t most = worker->options.concurrency < JOBS_AT_ONCE ? worker->options.concurrency : JOBS_AT_ONCE;

        renewal->leases = memory_zalloc(most * sizeof *renewal->leases);
        renewal->jobs = memory_zalloc(most * sizeof *renewal->jobs);
        return renewal->leases && renewal->jobs ? 0 : -ENOMEM;
}

void jobs_renewal_finish(eddy_job_worker *worker)
{
        memory_free(worker->renewal.leases);
        memory_free(worker->renewal.jobs);
}

void jobs_renewal_begin(eddy_job_worker *worker)
{
        worker->renewal.said = worker->renewal.again = 0;
        eddy_event_clear(&worker->renewal.wake);
}

void jobs_renewal_wake(eddy_job_worker *worker)
{
        eddy_event_set(&worker->renewal.wake);
}

void jobs_renewal_said(struct eddy_job *job)
{
        struct jobs_renewal *renewal = &job->worker->renewal;

        job->is_asking = true;
        if (renewal->said)
                return;
        renewal->said = eddy_now();
        eddy_event_set(&renewal->wake);
}

void jobs_renewal_ask(eddy_job_worker *worker)
{
        for (eddy_link *link = worker->running.next; link != &worker->running; link = link->next)
                ((struct eddy_job *)link)->is_asking = true;
        worker->renewal.said = eddy_now() - words_delay; /* it is due */
        eddy_event_set(&worker->renewal.wake);
}

/* When a job's lease has had a part of its time. */
static eddy_time at_part(const eddy_job_worker *worker, const struct eddy_job *job, int part)
{
        return eddy_time_add(job->lease_end, worker->options.lease / part - worker->options.lease);
}

static eddy_time when_due(const eddy_job_worker *worker)
{
        const struct jobs_renewal *renewal = &worker->renewal;
        eddy_time due = EDDY_FOREVER;

        for (const eddy_link *link = worker->running.next; link != &worker->running; link = link->next) {
                eddy_time one = at_part(worker, (const struct eddy_job *)link, PART_AT_WHICH_DUE);
                due = one < due ? one : due;
        }
        if (renewal->said && eddy_time_add(renewal->said, words_delay) < due)
                due = renewal->said + words_delay;
        return due > renewal->again ? due : renewal->again;
}

/* Jobs that come meanwhile are due later than those there are now; and where there are none, no sooner than this. */
static eddy_duration longest_wait(const eddy_job_worker *worker)
{
        return worker->options.lease / PART_AT_WHICH_DUE;
}

/* Which leases are to be renewed now: how many. They go behind the others, whose turn comes next. */
static size_t gather(eddy_job_worker *worker, eddy_time now)
{
        struct jobs_renewal *renewal = &worker->renewal;
        eddy_link *next;
        size_t n = 0, left = list_count(&worker->running);

        renewal->said = 0;
        for (eddy_link *link = worker->running.next; left > 0; link = next, left--) {
                struct eddy_job *job = (struct eddy_job *)link;
                next = link->next;
                if (!job->is_asking && at_part(worker, job, PART_THAT_JOINS) > now)
                        continue;
                if (n == JOBS_AT_ONCE) {
                        renewal->said = now - words_delay; /* the others come next */
                        break;
                }
                list_remove(link);
                list_append(&worker->running, link);
                job->is_renewing = true;
                renewal->jobs[n] = job;
                renewal->leases[n++] = (struct jobs_lease){.id = job->taken->id,
                                                           .fence = job->taken->fence,
                                                           .created = job->taken->created,
                                                           .words = jobs_words_send(job)};
        }
        return n;
}

static eddy_duration patience(const eddy_job_worker *worker, size_t n, eddy_time now)
{
        eddy_duration least = worker->options.lease / PART_BETWEEN_TRIES,
                      delay = worker->options.lease / PART_AT_WHICH_DUE;

        for (size_t i = 0; i < n; i++)
                if (worker->renewal.jobs[i]->lease_end - now < delay)
                        delay = worker->renewal.jobs[i]->lease_end - now;
        return delay > least ? delay : least;
}

static void settle(struct eddy_job *job, int rc, eddy_time lease_end)
{
        bool is_running = job->task != NULL;

        job->is_renewing = false;
        jobs_words_sent(job, false);
        if (rc == 0 || rc == EDDY_CANCELLED)
                job->lease_end = lease_end;
        if (is_running && rc < 0)
                jobs_running_end(job, rc == EDDY_CANCELLED ? JOBS_END_CANCELLED : JOBS_END_LOST);
}

static void settle_failure(struct eddy_job *job)
{
        job->is_renewing = false;
        jobs_words_sent(job, true);
        if (job->task)
                jobs_renewal_said(job);
}

/* Those whose leases have ended, whether it was they that could not be renewed, or they have waited for too long. */
static void end_lapsed(eddy_job_worker *worker, eddy_time now)
{
        for (eddy_link *link = worker->running.next; link != &worker->running; link = link->next) {
                struct eddy_job *job = (struct eddy_job *)link;
                if (job->task && job->lease_end <= now)
                        jobs_running_end(job, JOBS_END_LEASE);
        }
}

/* No more until some time has passed, whoever asks for it. */
static void rest(eddy_job_worker *worker, eddy_duration delay)
{
        eddy_duration most = worker->options.lease / PART_BETWEEN_TRIES;

        delay = delay < most ? delay : most;
        worker->renewal.again = eddy_now() + delay - (eddy_duration)((double)(delay / 5) * jobs_chance(worker));
}

static void renew(eddy_job_worker *worker)
{
        struct jobs_renewal *renewal = &worker->renewal;
        struct jobs_engine *engine = worker->jobs->engine;
        eddy_time sent = eddy_now();
        size_t n = gather(worker, sent);
        int rc = 0;

        if (n == 0)
                return;
        EDDY_TIMEOUT_SCOPE(patience(worker, n, sent))
                rc = engine->type->renew(engine, renewal->leases, n, worker->options.lease);
        for (size_t i = 0; i < n; i++)
                if (rc == 0)
                        settle(renewal->jobs[i], renewal->leases[i].rc, sent + worker->options.lease);
                else
                        settle_failure(renewal->jobs[i]);
        end_lapsed(worker, eddy_now());
        rest(worker, rc < 0 ? most_between_tries : least_between);
        jobs_shift_wake(worker); /* for jobs whose verdicts have waited */
}

/* Say so to those whose leases it concerns, where nothing of the loop ran for so long that they may have ended: a handler may not block it. */
static void tell_of_block(eddy_job_worker *worker, eddy_duration late)
{
        if (late < worker->options.lease / PART_AT_WHICH_DUE)
                return;
        for (eddy_link *link = worker->running.next; link != &worker->running; link = link->next)
                jobs_log((struct eddy_job *)link,
                         "the worker stood still for %.1f s: a handler blocks its loop, or it was stopped",
                         eddy_to_seconds(late));
}

intptr_t jobs_renewal_run(void *arg)
{
        eddy_job_worker *worker = *(eddy_job_worker **)arg;
        struct jobs_renewal *renewal = &worker->renewal;

        while (eddy_interrupted() == 0) {
                eddy_time due = when_due(worker);
                eddy_duration delay = due == EDDY_FOREVER ? EDDY_FOREVER : due - eddy_now();

                if (delay <= 0) {
                        renew(worker);
                        continue;
                }
                delay = delay < longest_wait(worker) ? delay : longest_wait(worker);
                due = eddy_now() + delay;
                eddy_event_clear(&renewal->wake);
                EDDY_TIMEOUT_SCOPE(delay)
                        eddy_event_wait(&renewal->wake);
                tell_of_block(worker, eddy_now() - due);
        }
        return 0;
}
