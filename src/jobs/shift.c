/* The turns. Each is one round trip: the verdicts that are there are told, and as many jobs taken as places are free then. */
#include "jobs/shift.h"

#include "base/memory.h"
#include "jobs/cron.h"
#include "jobs/renew.h"
#include "jobs/running.h"
#include "jobs/words.h"
#include <stdio.h>

enum {
        AGAIN_LEAST_MS = 200,  /* after a turn that failed, up to half of it left to chance, doubled */
        AGAIN_MOST_MS = 5000,  /* until this */
        AGAIN_AT_HINT_MS = 10, /* the store speaks, so it may be back */
        REFUSALS_MOST = 6, /* turns that the store refuses, in a row, until waiting is thought not to help */
        EMPTY_MOST = 7,    /* looks in a row that find nothing come a ms apart, doubled so often */
        LISTENING_SECONDS = 2,  /* a turn waits no longer for hints to come */
        EMPTY_AT_HINT_MS = 4,   /* but no more where the store says that there is work */
        RESULTS_MOST = 16 << 20 /* bytes that are told in one turn, but for one result */
};

static size_t least_count(size_t a, size_t b)
{
        return a < b ? a : b;
}

int jobs_shift_init(eddy_job_worker *worker)
{
        struct jobs_shift *shift = &worker->shift;
        size_t places = least_count(worker->options.concurrency, JOBS_AT_ONCE);

        list_init(&shift->telling);
        shift->outcomes = memory_zalloc(places * sizeof *shift->outcomes);
        shift->turn.taken = memory_zalloc(places * sizeof *shift->turn.taken);
        /* A worker of the same name that was there before counted too. */
        shift->turn.number = (uint64_t)(jobs_chance(worker) * (double)((uint64_t)1 << 48)) + 1;
        return shift->outcomes && shift->turn.taken ? 0 : -ENOMEM;
}

void jobs_shift_finish(eddy_job_worker *worker)
{
        memory_free(worker->shift.outcomes);
        memory_free(worker->shift.turn.taken);
}

void jobs_shift_begin(eddy_job_worker *worker)
{
        struct jobs_shift *shift = &worker->shift;

        shift->has_hint = true;
        shift->is_listening = shift->is_open = false;
        shift->empty = shift->failures = shift->refusals = 0;
        shift->look = shift->look_at_hint = shift->listened = 0;
        eddy_event_clear(&shift->wake);
}

void jobs_shift_wake(eddy_job_worker *worker)
{
        eddy_event_set(&worker->shift.wake);
}

void jobs_shift_hint(eddy_job_worker *worker)
{
        struct jobs_shift *shift = &worker->shift;
        eddy_time soon = shift->failed + eddy_ms(AGAIN_AT_HINT_MS);

        shift->has_hint = true;
        if (shift->again > soon)
                shift->again = soon;
        jobs_shift_wake(worker);
}

void jobs_shift_hurry(eddy_job_worker *worker)
{
        worker->shift.again = 0;
        jobs_shift_wake(worker);
}

/* Whether a verdict can be told: not while a renewal looks at what the job's handler has said. */
static bool has_verdict(const eddy_job_worker *worker)
{
        for (const eddy_link *link = worker->ended.next; link != &worker->ended; link = link->next)
                if (!((const struct eddy_job *)link)->is_renewing)
                        return true;
        return false;
}

bool jobs_shift_is_told(const eddy_job_worker *worker)
{
        return list_is_empty(&worker->ended) && list_is_empty(&worker->shift.telling) && !worker->shift.is_open;
}

/* How long until the next turn; EDDY_FOREVER: until something happens. */
static eddy_duration until_turn(const eddy_job_worker *worker)
{
        const struct jobs_shift *shift = &worker->shift;
        eddy_time now = eddy_now(), when;

        if (shift->failures > 0)
                return shift->again - now;
        if (has_verdict(worker))
                return 0;
        if (worker->is_stopping || worker->held_count == worker->options.concurrency)
                return EDDY_FOREVER;
        when = shift->has_hint && shift->look_at_hint < shift->look ? shift->look_at_hint : shift->look;
        return when - now;
}

/* 0: it is time for a turn. */
static int wait_for_turn(eddy_job_worker *worker)
{
        struct jobs_shift *shift = &worker->shift;
        int rc = eddy_interrupted();
        eddy_duration delay;

        while (rc == 0 && (delay = until_turn(worker)) > 0) {
                eddy_event_clear(&shift->wake);
                EDDY_TIMEOUT_SCOPE(delay)
                        eddy_event_wait(&shift->wake);
                rc = eddy_interrupted();
        }
        return rc;
}

/* Of one that another worker has nothing is told. */
static void drop_lost(eddy_job_worker *worker)
{
        eddy_link *next;

        for (eddy_link *link = worker->ended.next; link != &worker->ended; link = next) {
                struct eddy_job *job = (struct eddy_job *)link;
                next = link->next;
                if (job->end != JOBS_END_LOST || job->is_renewing)
                        continue;
                jobs_event(job, EDDY_JOB_EVENT_LOST, NULL);
                jobs_place_free(job);
        }
}

static void gather_verdicts(eddy_job_worker *worker)
{
        struct jobs_shift *shift = &worker->shift;
        struct jobs_turn *turn = &shift->turn;
        size_t bytes = 0;
        eddy_link *next;

        turn->outcomes = shift->outcomes;
        turn->outcome_count = 0;
        for (eddy_link *link = worker->ended.next; link != &worker->ended && turn->outcome_count < JOBS_AT_ONCE;
             link = next) {
                struct eddy_job *job = (struct eddy_job *)link;
                bool is_failure = job->verdict == JOBS_RETRY || job->verdict == JOBS_DIE;
                bool is_done = job->verdict == JOBS_DONE;

                next = link->next;
                if (job->is_renewing || (bytes > 0 && bytes + job->result_size > RESULTS_MOST))
                        continue;
                bytes += job->result_size;
                list_remove(link);
                list_append(&shift->telling, link);
                shift->outcomes[turn->outcome_count++] = (struct jobs_outcome){
                    .id = job->taken->id,
                    .fence = job->taken->fence,
                    .created = job->taken->created,
                    .verdict = job->verdict,
                    .delay = job->delay,
                    .error = is_failure ? job->error : NULL,
                    .result = is_done ? job->result : NULL,
                    .result_size = is_done ? job->result_size : 0,
                    .words = jobs_words_last(job),
                };
        }
}

/* A turn that was sent already asks for the same again, so that it is given what it has taken; what became of jobs since is told with it. */
static void prepare_turn(eddy_job_worker *worker)
{
        struct jobs_shift *shift = &worker->shift;
        struct jobs_turn *turn = &shift->turn;

        drop_lost(worker);
        gather_verdicts(worker);
        turn->taken_count = 0;
        turn->next = EDDY_FOREVER;
        if (shift->is_open)
                return;
        jobs_choice_arrange(&worker->choice);
        turn->queues = worker->choice.names;
        turn->queue_count = worker->choice.count;
        turn->most = worker->options.concurrency - worker->held_count + turn->outcome_count;
        turn->most = worker->is_stopping ? 0 : least_count(turn->most, JOBS_AT_ONCE);
        turn->lease = worker->options.lease;
        turn->worker = worker->name;
        turn->number++;
        shift->sent = eddy_now();
}

static eddy_job_event event_of(const struct eddy_job *job)
{
        switch (job->verdict) {
        case JOBS_DONE:
                return EDDY_JOB_EVENT_DONE;
        case JOBS_RETRY:
                return job->taken->attempt < job->taken->attempts ? EDDY_JOB_EVENT_RETRY : EDDY_JOB_EVENT_DEAD;
        case JOBS_DIE:
                return EDDY_JOB_EVENT_DEAD;
        case JOBS_CANCEL:
                return EDDY_JOB_EVENT_CANCELLED;
        case JOBS_SNOOZE:
                return EDDY_JOB_EVENT_SNOOZED;
        default:
                return EDDY_JOB_EVENT_RETURNED;
        }
}

static void settle_verdicts(eddy_job_worker *worker)
{
        struct jobs_shift *shift = &worker->shift;

        for (size_t i = 0; i < shift->turn.outcome_count; i++) {
                struct eddy_job *job = (struct eddy_job *)shift->telling.next;
                bool is_reason = job->verdict != JOBS_CANCEL && job->verdict != JOBS_RETURN;

                if (shift->outcomes[i].rc == 0)
                        jobs_event(job, event_of(job), is_reason ? job->error : NULL);
                else
                        jobs_event(job, EDDY_JOB_EVENT_LOST, NULL);
                jobs_place_free(job);
        }
}

static void begin_jobs(eddy_job_worker *worker, bool is_again)
{
        struct jobs_shift *shift = &worker->shift;
        const struct jobs_turn *turn = &shift->turn;

        for (size_t i = 0; i < turn->taken_count; i++) {
                jobs_choice_count(&worker->choice, turn->taken[i]->queue);
                jobs_running_begin(worker, turn->taken[i], shift->sent + worker->options.lease);
        }
        jobs_choice_end_turn(&worker->choice, turn->taken_count == turn->most);
        if (is_again && turn->taken_count > 0)
                jobs_renewal_wake(worker); /* their leases began when it was sent first */
        if (shift->has_missed && turn->taken_count > 0)
                jobs_renewal_ask(worker);
}

static eddy_duration least(eddy_duration a, eddy_duration b)
{
        return a < b ? a : b;
}

/* When to look next. */
static void plan(eddy_job_worker *worker)
{
        struct jobs_shift *shift = &worker->shift;
        const struct jobs_turn *turn = &shift->turn;
        eddy_duration poll = worker->options.poll, wait;
        eddy_time now = eddy_now();

        if (turn->taken_count == turn->most || (turn->taken_count > 0 && turn->next <= 0)) {
                shift->has_hint = true;
                shift->look_at_hint = 0;
                shift->empty = 0;
                return;
        }
        poll = eddy_time_add(poll, (eddy_duration)((double)(poll / 5) * jobs_chance(worker)));
        wait = turn->next < poll ? turn->next : poll;
        if (turn->taken_count > 0 || now - shift->emptied > eddy_seconds(1))
                shift->empty = 0;
        shift->look_at_hint = 0;
        if (turn->taken_count == 0) {
                eddy_duration pause = eddy_ms(1) << shift->empty;
                shift->look_at_hint = now + least(pause, eddy_ms(EMPTY_AT_HINT_MS));
                wait = wait > pause ? wait : pause;
                shift->empty += shift->empty < EMPTY_MOST;
                shift->emptied = now;
        }
        shift->look = eddy_time_add(now, wait);
}

/* Whether waiting may mend what a turn failed with. */
static bool may_mend(struct jobs_shift *shift, int rc)
{
        switch (rc) {
        case EDDY_EJOBSFORMAT:
        case EDDY_ENOTASK:
        case EDDY_EWRONGLOOP:
        case EDDY_ELOOPCLOSED:
        case EDDY_ENOTSUP:
        case -EINVAL:
                return false;
        case EDDY_EJOBS:
                return ++shift->refusals < REFUSALS_MOST;
        default:
                shift->refusals = 0;
                return true;
        }
}

/* 0: it is tried again. */
static int bear_failure(eddy_job_worker *worker, int rc)
{
        struct jobs_shift *shift = &worker->shift;
        eddy_duration delay = eddy_ms(AGAIN_LEAST_MS) << (shift->failures < 6 ? shift->failures : 6);
        int interruption = eddy_interrupted();

        list_splice(&shift->telling, &worker->ended); /* in their order, before those that came since */
        list_splice(&worker->ended, &shift->telling);
        if (interruption)
                return interruption;
        if (!may_mend(shift, rc))
                return rc;
        delay = least(delay, eddy_ms(AGAIN_MOST_MS));
        shift->failures++;
        shift->failed = eddy_now();
        shift->again = shift->failed + delay - (eddy_duration)((double)(delay / 2) * jobs_chance(worker));
        return 0;
}

/* Hints are a help alone: where there are none, the store is asked now and then. */
static void ask_for_hints(eddy_job_worker *worker)
{
        struct jobs_engine *engine = worker->jobs->engine;
        struct jobs_shift *shift = &worker->shift;
        eddy_time now = eddy_now();

        if (shift->is_listening || worker->is_stopping ||
            (shift->listened && now - shift->listened < worker->options.poll))
                return;
        shift->listened = now;
        EDDY_TIMEOUT_SCOPE(eddy_seconds(LISTENING_SECONDS))
                shift->is_listening = engine->type->listen(engine) == 0;
        if (shift->is_listening)
                jobs_cron_hint(worker); /* of what was set before */
}

static int take_turn(eddy_job_worker *worker)
{
        struct jobs_engine *engine = worker->jobs->engine;
        struct jobs_shift *shift = &worker->shift;
        bool had_hint = shift->has_hint, is_again = shift->is_open;
        int rc;

        ask_for_hints(worker);
        prepare_turn(worker);
        if (shift->turn.outcome_count == 0 && shift->turn.most == 0 && !is_again) {
                eddy_event_set(&worker->changed); /* what was lost need not be told */
                return eddy_interrupted();
        }
        shift->is_open = true;
        if (!is_again)
                shift->has_missed = false;
        shift->has_hint = false; /* one that comes from now on is of what this turn may not see */
        rc = engine->type->turn(engine, &shift->turn);
        if (rc < 0) {
                shift->has_hint |= had_hint;
                return bear_failure(worker, rc);
        }
        settle_verdicts(worker);
        begin_jobs(worker, is_again);
        plan(worker);
        shift->is_open = false;
        shift->failures = shift->refusals = 0;
        eddy_event_set(&worker->changed);
        return 0;
}

intptr_t jobs_shift_run(void *arg)
{
        eddy_job_worker *worker = *(eddy_job_worker **)arg;
        int rc = 0;

        while (rc == 0) {
                rc = wait_for_turn(worker);
                if (rc == 0)
                        rc = take_turn(worker);
        }
        if (eddy_interrupted() == 0) {
                snprintf(worker->why, sizeof worker->why, "%s", eddy_explain(rc));
                worker->failure = rc;
                eddy_event_set(&worker->changed);
        }
        return 0;
}
