/* A worker's life. Beside the tasks of its jobs it has five: for the turns, the renewals, the sweeps, the schedules and the signals; who runs it waits
 * until it is to end. */
#include <eddy/jobs_worker.h>

#include "base/memory.h"
#include "jobs/cron.h"
#include "jobs/renew.h"
#include "jobs/running.h"
#include "jobs/shift.h"
#include "jobs/stop.h"
#include "jobs/sweep.h"
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

enum {
        CONCURRENCY_DEFAULT = 10,
        CONCURRENCY_MOST = 100000,
        LEASE_DEFAULT = 30, /* seconds, as what follows */
        POLL_DEFAULT = 5,
        GRACE_DEFAULT = 30,
        FAREWELL = 5,
        SWEEP = 60,
};

static const eddy_duration lease_least = 10000000, poll_least = 1000000;

/* xorshift64* */
double jobs_chance(eddy_job_worker *worker)
{
        worker->chance ^= worker->chance >> 12;
        worker->chance ^= worker->chance << 25;
        worker->chance ^= worker->chance >> 27;
        return (double)((worker->chance * 0x2545f4914f6cdd1dU) >> 11) / (double)((uint64_t)1 << 53);
}

void jobs_event(struct eddy_job *job, eddy_job_event event, const char *text)
{
        const eddy_job_worker_options *options = &job->worker->options;

        if (options->on_event)
                options->on_event(job, event, text, options->arg);
}

static int check_options(const eddy_job_worker_options *options)
{
        if (options->concurrency > CONCURRENCY_MOST)
                return eddy_fail(-EINVAL, "concurrency is 1 to %d, and not %zu", CONCURRENCY_MOST,
                                 options->concurrency);
        if (options->lease && options->lease < lease_least)
                return eddy_fail(-EINVAL, "a lease of less than 10 ms cannot be renewed in time");
        if (options->lease > eddy_seconds(365.0 * 86400))
                return eddy_fail(-EINVAL, "a lease is a year at most");
        if (options->poll && options->poll < poll_least)
                return eddy_fail(-EINVAL, "poll is 1 ms at least");
        return options->name ? jobs_check_name(options->name, "a worker's name") : 0;
}

static void fill_options(eddy_job_worker_options *options)
{
        options->concurrency = options->concurrency ? options->concurrency : CONCURRENCY_DEFAULT;
        options->lease = options->lease ? options->lease : eddy_seconds(LEASE_DEFAULT);
        options->poll = options->poll ? options->poll : eddy_seconds(POLL_DEFAULT);
        options->grace = options->grace ? options->grace : eddy_seconds(GRACE_DEFAULT);
        options->queues = NULL; /* the choice has them */
        options->name = NULL;
}

static void name_worker(eddy_job_worker *worker, const char *name)
{
        char host[65] = "";

        if (name) {
                snprintf(worker->name, sizeof worker->name, "%s", name);
                return;
        }
        gethostname(host, sizeof host - 1);
        if (jobs_check_name(host, "this machine's name") < 0)
                snprintf(host, sizeof host, "host");
        snprintf(worker->name, sizeof worker->name, "%s-%d-%04x", host, (int)getpid(),
                 (unsigned)(jobs_chance(worker) * 0x10000));
}

static void on_hint(struct jobs_listener *listener, enum jobs_hint hint, const char *name)
{
        eddy_job_worker *worker = (eddy_job_worker *)listener;
        struct eddy_job *job;

        switch (hint) {
        case JOBS_HINT_ANY:
                worker->shift.has_missed = true;
                jobs_renewal_ask(worker);
                jobs_shift_hint(worker);
                jobs_cron_hint(worker);
                break;
        case JOBS_HINT_WORK:
                if (!name || jobs_choice_has(&worker->choice, name))
                        jobs_shift_hint(worker);
                break;
        case JOBS_HINT_CANCEL:
                job = jobs_running_find(worker, name);
                if (job)
                        jobs_running_end(job, JOBS_END_CANCELLED);
                else
                        worker->shift.has_missed = true;
                break;
        case JOBS_HINT_CRON:
                jobs_cron_hint(worker);
                break;
        case JOBS_HINT_FINISHED:
                break;
        }
}

static int make_places(eddy_job_worker *worker)
{
        size_t n = worker->options.concurrency;

        worker->places = memory_zalloc(n * sizeof *worker->places);
        if (!worker->places)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                worker->places[i].worker = worker;
                list_append(&worker->free, &worker->places[i].link);
        }
        return 0;
}

static int worker_init(eddy_job_worker *worker, const eddy_job_worker_options *options)
{
        int rc = check_options(options);

        if (rc == 0 && getrandom(&worker->chance, sizeof worker->chance, 0) != sizeof worker->chance)
                rc = eddy_fail(-EIO, "the system has no random bytes");
        if (rc < 0)
                return rc;
        worker->chance |= 1;
        worker->options = *options;
        fill_options(&worker->options);
        name_worker(worker, options->name);
        rc = jobs_choice_init(&worker->choice, options->queues, options->queue_count, options->is_strict);
        if (rc == 0)
                rc = make_places(worker);
        if (rc == 0)
                rc = jobs_shift_init(worker);
        return rc < 0 ? rc : jobs_renewal_init(worker);
}

int eddy_job_worker_create(eddy_job_worker **created, eddy_jobs *jobs, const eddy_job_worker_options *options)
{
        static const eddy_job_worker_options defaults = {.concurrency = 0};
        eddy_job_worker *worker = memory_zalloc(sizeof *worker);
        int rc;

        *created = NULL;
        if (!worker)
                return -ENOMEM;
        worker->listener.on_hint = on_hint;
        worker->jobs = jobs;
        worker->farewell = eddy_seconds(FAREWELL);
        worker->sweep = eddy_seconds(SWEEP);
        list_init(&worker->handlers);
        list_init(&worker->free);
        list_init(&worker->running);
        list_init(&worker->ended);
        rc = worker_init(worker, options ? options : &defaults);
        if (rc < 0) {
                eddy_job_worker_destroy(worker);
                return rc;
        }
        *created = worker;
        return 0;
}

static void free_handler(struct jobs_handler *handler)
{
        memory_free_text(handler->kind);
        memory_free(handler);
}

void eddy_job_worker_destroy(eddy_job_worker *worker)
{
        eddy_link *link;

        if (!worker)
                return;
        while ((link = list_pop(&worker->handlers)))
                free_handler((struct jobs_handler *)link);
        jobs_renewal_finish(worker);
        jobs_shift_finish(worker);
        jobs_choice_finish(&worker->choice);
        memory_free(worker->places);
        memory_free(worker);
}

static bool has_handler(const eddy_job_worker *worker, const char *kind)
{
        for (const eddy_link *link = worker->handlers.next; link != &worker->handlers; link = link->next) {
                const char *other = ((const struct jobs_handler *)link)->kind;
                if (kind == other || (kind && other && strcmp(kind, other) == 0))
                        return true;
        }
        return false;
}

int eddy_job_worker_handle(eddy_job_worker *worker, const char *kind, eddy_job_handler call, void *arg)
{
        struct jobs_handler *handler;
        int rc = kind ? jobs_check_name(kind, "a job's kind") : 0;

        if (rc < 0)
                return rc;
        if (worker->is_running)
                return eddy_fail(EDDY_EINVALIDSTATE, "a worker that runs takes no more handlers");
        if (has_handler(worker, kind))
                return eddy_fail(-EEXIST, "%s has a handler already", kind ? kind : "every other kind");
        handler = memory_alloc(sizeof *handler);
        if (!handler)
                return -ENOMEM;
        *handler = (struct jobs_handler){.kind = kind, .call = call, .arg = arg};
        rc = memory_copy_text(&handler->kind);
        if (rc < 0) {
                memory_free(handler);
                return rc;
        }
        list_append(&worker->handlers, &handler->link);
        return 0;
}

/* All but those that last. A task with an argument of its own has its stack when it is made, or is not made: none of them ends without having
 * begun. */
static int start_helpers(eddy_job_worker *worker, eddy_group *group)
{
        int rc = eddy_group_spawn(group, jobs_renewal_run, &worker);

        if (rc == 0)
                rc = eddy_group_spawn(group, jobs_sweep_run, &worker);
        if (rc == 0)
                rc = eddy_group_spawn(group, jobs_cron_run, &worker);
        return rc;
}

/* With the helpers there: until no job runs. */
static int work_and_wind_up(eddy_job_worker *worker)
{
        eddy_group helpers;
        int rc;

        eddy_group_open(&helpers);
        rc = start_helpers(worker, &helpers);
        if (rc == 0) {
                eddy_duration grace = worker->options.grace;
                int late;

                rc = jobs_wait_for_stop(worker);
                late = jobs_wind_up(worker, rc < 0 || worker->failure < 0 ? 0 : grace);
                rc = rc < 0 ? rc : late;
        }
        worker->is_stopping = true; /* also where it never began */
        eddy_group_cancel(&helpers);
        eddy_group_close(&helpers);
        return rc;
}

static void begin_run(eddy_job_worker *worker)
{
        worker->is_running = true;
        worker->is_stopping = false;
        worker->failure = 0;
        jobs_shift_begin(worker);
        jobs_renewal_begin(worker);
        list_append(&worker->jobs->listeners, &worker->listener.link);
}

/* What could not be told is the store's to find out, when the leases end. */
static void end_run(eddy_job_worker *worker)
{
        list_remove(&worker->listener.link);
        while (!list_is_empty(&worker->ended))
                jobs_place_free((struct eddy_job *)worker->ended.next);
        worker->is_running = false;
        worker->stops = 0;
}

/* Those that go on until the store has been told. */
static int start_lasting(eddy_job_worker *worker, eddy_group *group)
{
        int rc = worker->options.has_no_signals ? 0 : eddy_group_spawn(group, jobs_signals_run, &worker);

        return rc == 0 ? eddy_group_spawn(group, jobs_shift_run, &worker) : rc;
}

static int run(eddy_job_worker *worker)
{
        eddy_group lasting;
        int rc;

        eddy_group_open(&lasting);
        rc = start_lasting(worker, &lasting);
        if (rc == 0) {
                rc = work_and_wind_up(worker);
                jobs_say_farewell(worker);
        }
        eddy_group_cancel(&lasting);
        eddy_group_close(&lasting);
        return rc;
}

int eddy_job_worker_run(eddy_job_worker *worker)
{
        int rc = jobs_enter(worker->jobs);

        if (rc == 0 && worker->is_running)
                rc = eddy_fail(EDDY_EINVALIDSTATE, "the worker runs already");
        if (rc == 0)
                rc = eddy_interrupted();
        if (rc < 0)
                return rc;
        begin_run(worker);
        rc = run(worker);
        end_run(worker);
        return rc < 0 || worker->failure == 0 ? rc : eddy_fail(worker->failure, "%s", worker->why);
}
