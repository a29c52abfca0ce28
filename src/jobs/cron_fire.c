/* Schedules whose time has come. Every worker looks, and one of them has each moment's job enqueued, for the store takes it once; who comes too
 * late has asked for nothing. */
#include "jobs/cron.h"
#include "jobs/cron_expression.h"
#include "jobs/worker.h"

#include "base/memory.h"
#include <stdio.h>
#include <time.h>

enum {
        ALL_MOST = 1000,   /* missed moments that have their jobs */
        POLLS = 6,         /* so much less often than for jobs the store is asked without a reason */
        APART_MS = 20,     /* workers that wait for one moment come within so long */
        HINTS_APART_S = 1, /* and looks for which hints are the reason */
        COMPLAINTS_APART_S = 300,
};

/* Microseconds: that a moment is late; until the next look. */
static const int64_t skipped_after = 60000000, again_after = 1000000;

/* A schedule that is due. */
struct due {
        struct jobs_engine *engine;
        const struct jobs_cron *stored;
        const eddy_job_cron *cron;
        struct jobs_cron_expression expression;
        struct jobs_zone *zone;
        struct jobs_cron_fire fire; /* the next step; its `next` is what the store has */
};

static eddy_job_time next_of(const struct due *due, eddy_job_time moment)
{
        eddy_job_time next = jobs_cron_next(&due->expression, due->zone, moment);

        return next ? next : INT64_MAX;
}

/* As jobs_enqueue_checked() calls it. */
static int fire_checked(void *arg, const eddy_job_spec *specs, size_t n, eddy_job_added *added)
{
        struct due *due = arg;

        (void)n, (void)added;
        due->fire.job = specs;
        return due->engine->type->fire_cron(due->engine, &due->fire);
}

/* Have the job of a moment enqueued: 1; 0: another worker did; or an error. */
static int fire(struct due *due, eddy_job_time moment)
{
        eddy_job_spec spec = due->cron->spec;
        time_t seconds = (time_t)(moment / 1000000);
        char id[EDDY_JOB_ID_SIZE], text[32];
        struct tm time;
        int rc;

        gmtime_r(&seconds, &time);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &time);
        snprintf(id, sizeof id, "cron:%s:%s", due->cron->name, text);
        spec.id = id;
        due->fire.last = moment;
        due->fire.later = next_of(due, moment);
        rc = jobs_enqueue_checked(&spec, 1, NULL, fire_checked, due);
        due->fire.next = due->fire.later;
        return rc;
}

static int skip(struct due *due, eddy_job_time newest)
{
        due->fire.later = next_of(due, newest);
        due->fire.job = NULL;
        return due->engine->type->fire_cron(due->engine, &due->fire);
}

/* From which moment on each has its job. */
static eddy_job_time first_of_all(const struct due *due, eddy_job_time newest)
{
        eddy_job_time first = due->stored->next;

        for (;;) {
                eddy_job_time moment = first;
                int n = 1;
                while (moment < newest && ++n <= ALL_MOST)
                        moment = next_of(due, moment);
                if (n <= ALL_MOST)
                        return first;
                first = next_of(due, first + (newest - first) / 2);
        }
}

static int fire_all(struct due *due, eddy_job_time newest)
{
        eddy_job_time moment = first_of_all(due, newest);
        int rc = 1;

        if (moment > due->stored->next)
                eddy_log(EDDY_LOG_WARNING,
                         "the schedule %s has missed more than %d moments: the oldest have no job",
                         due->cron->name, ALL_MOST);
        for (; rc > 0 && moment <= newest; moment = due->fire.later)
                rc = fire(due, moment);
        return rc;
}

/* 1, 0 where another worker did it, or an error. */
static int run_due(struct due *due, eddy_job_time now)
{
        eddy_job_time newest = jobs_cron_newest(&due->expression, due->zone, due->stored->next, now);

        due->fire = (struct jobs_cron_fire){
            .name = due->stored->name,
            .digest = due->stored->digest,
            .next = due->stored->next,
            .last = due->stored->last,
        };
        switch (due->cron->missed) {
        case EDDY_JOB_MISSED_ALL:
                return fire_all(due, newest);
        case EDDY_JOB_MISSED_SKIP:
                return now - newest > skipped_after ? skip(due, newest) : fire(due, newest);
        default:
                return fire(due, newest);
        }
}

/* The same; `later` receives when it comes again, where that is known. */
static int run_stored(struct jobs_engine *engine, const struct jobs_cron *stored, eddy_job_time now,
                      eddy_job_time *later)
{
        struct due due = {.engine = engine, .stored = stored};
        eddy_job_cron *cron = jobs_cron_read(stored);
        int rc;

        if (!cron)
                return -ENOMEM;
        due.cron = cron;
        rc = jobs_cron_parse(&due.expression, cron->expression);
        if (rc == 0)
                rc = jobs_zone_open(&due.zone, cron->zone ? cron->zone : "UTC");
        if (rc == 0)
                rc = run_due(&due, now);
        /* Who was slower, or whose reply was lost, looks again. */
        if (rc >= 0)
                *later = rc > 0 ? due.fire.later : now + again_after;
        memory_free(due.zone);
        memory_free(cron);
        return rc;
}

/* Now and then, for what fails is tried again soon. A schedule that this worker cannot do another one may be able to, who has its zone's file: it
 * stays due. */
static void complain(struct jobs_crons *crons, const char *name, int rc)
{
        if (eddy_interrupted() != 0 || rc == EDDY_EJOBSAWAY)
                return;
        if (crons->complained && eddy_now() - crons->complained < eddy_seconds(COMPLAINTS_APART_S))
                return;
        crons->complained = eddy_now();
        eddy_log(EDDY_LOG_WARNING, "the schedule%s%s: %s", name ? " " : "s", name ? name : "",
                 eddy_explain(rc));
}

/* Do what a look has found: when something is due, by the store's clock. */
static eddy_job_time run_each(eddy_job_worker *worker, const struct jobs_cron_look *look)
{
        eddy_job_time soonest = look->soonest ? look->soonest : INT64_MAX;

        for (size_t i = 0; i < look->count && eddy_interrupted() == 0; i++) {
                eddy_job_time later = look->now + worker->options.poll / 1000;
                int rc = run_stored(worker->jobs->engine, look->crons[i], look->now, &later);
                if (rc < 0)
                        complain(&worker->crons, look->crons[i]->name, rc);
                soonest = later < soonest ? later : soonest;
        }
        return soonest;
}

/* Do what is due: how long until something is. What fails is tried again soon. */
static eddy_duration run_due_ones(eddy_job_worker *worker)
{
        struct jobs_engine *engine = worker->jobs->engine;
        struct jobs_cron_look look = {.only_due = true};
        int rc = engine->type->look_at_crons(engine, &look);
        eddy_job_time soonest = rc < 0 ? look.now : run_each(worker, &look);

        jobs_cron_look_free(&look);
        if (rc < 0) {
                complain(&worker->crons, NULL, rc);
                return worker->options.poll;
        }
        if (soonest >= INT64_MAX / 1000)
                return EDDY_FOREVER;
        return soonest > look.now ? (soonest - look.now) * 1000 : 0;
}

void jobs_cron_hint(eddy_job_worker *worker)
{
        eddy_event_set(&worker->crons.wake);
}

/* When to look next, though nobody hints at anything; `wait` is until something is due. */
static eddy_time plan(eddy_job_worker *worker, eddy_time looked, eddy_duration wait)
{
        eddy_duration poll =
            worker->options.poll < EDDY_FOREVER / POLLS ? POLLS * worker->options.poll : EDDY_FOREVER;
        double apart = jobs_chance(worker);

        if (wait < poll)
                return eddy_time_add(looked, wait) + (eddy_duration)(apart * (double)eddy_ms(APART_MS));
        return eddy_time_add(looked, (eddy_duration)((double)poll * (0.8 + 0.1 * apart)));
}

intptr_t jobs_cron_run(void *arg)
{
        eddy_job_worker *worker = *(eddy_job_worker **)arg;
        eddy_event *wake = &worker->crons.wake;
        eddy_duration poll = worker->options.poll, apart = eddy_seconds(HINTS_APART_S);

        apart = apart < poll ? apart : poll;
        while (eddy_interrupted() == 0) {
                eddy_time looked = eddy_now(), when;

                eddy_event_clear(wake);
                when = plan(worker, looked, run_due_ones(worker));
                EDDY_TIMEOUT_SCOPE(when - eddy_now())
                        eddy_event_wait(wake);
                if (eddy_event_is_set(wake) && eddy_interrupted() == 0)
                        eddy_sleep(looked + apart - eddy_now());
        }
        return 0;
}
