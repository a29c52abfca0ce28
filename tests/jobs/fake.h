/* A store of the tests' own, linked in the place of SQLite's: it can be away, lose replies, take leases away, and it counts. It keeps what
 * src/jobs/engine.h says as far as a worker can tell. */
#ifndef TESTS_JOBS_FAKE_H
#define TESTS_JOBS_FAKE_H

#include "../testing.h"

#include "jobs/worker.h"
#include <eddy/jobs.h>
#include <stdio.h>

enum { FAKE_JOBS = 10100, FAKE_TEXT = 20 * 1024 };

/** A job, with what was said of it last. */
struct fake_job {
        char id[16], kind[32], queue[32], error[1100], note[300], result[64];
        char *log;
        size_t logged; /* lines of this attempt's */
        eddy_job_spec spec;
        eddy_job_state state;
        eddy_time due;
        uint64_t fence, number; /* number: of the turn that took it */
        double progress;
        enum jobs_verdict verdict; /* the last one that counted */
        eddy_duration delay;
        unsigned verdicts; /* that counted */
        int attempt;
        bool is_cancelling, is_lost; /* lost: the next one who speaks of it hears so */
};

static struct {
        struct jobs_engine engine;
        struct fake_job *jobs;
        size_t count, first; /* none before `first` is unfinished */
        unsigned turns, looks, renewals, renewed, sweeps, listens, forgotten;
        uint64_t last_number;
        eddy_time last_turn;
        size_t most_told, most_taken, most_renewed; /* in one turn, or renewal */
        unsigned failing, losing, renewals_failing,
            renewals_losing; /* so many of the next ones: fail, or are done and lose the reply */
        int failure;
        int sweep_finds;                                     /* jobs, in the next one; later ones find none */
        bool is_away, says_more, is_held, renewals_are_held; /* held: they wait, until it is false */
        eddy_event changed;
} fake;

/** Wait until something is so, which may have become so when a job, a turn or a renewal has begun or ended. */
#define WAIT_UNTIL(condition)                                                                                  \
        do {                                                                                                   \
                eddy_time until_ = eddy_now() + eddy_seconds(20);                                              \
                while (!(condition)) {                                                                         \
                        eddy_event_clear(&fake.changed);                                                       \
                        if (eddy_now() > until_)                                                               \
                                fail_msg("%s never happens", #condition);                                      \
                        EDDY_TIMEOUT_SCOPE(until_ - eddy_now())                                                \
                                eddy_event_wait(&fake.changed);                                                \
                }                                                                                              \
        } while (0)

static inline void fake_changed(void)
{
        eddy_event_set(&fake.changed);
}

static inline struct fake_job *fake_find(const char *id)
{
        for (size_t i = 0; i < fake.count; i++)
                if (strcmp(fake.jobs[i].id, id) == 0)
                        return &fake.jobs[i];
        return NULL;
}

static inline struct fake_job *job_of(const char *id)
{
        struct fake_job *job = fake_find(id);

        assert_non_null(job);
        return job;
}

static inline void hint(enum jobs_hint what, const char *name)
{
        fake.engine.on_hint(fake.engine.arg, what, name);
}

static inline int fake_enqueue(struct jobs_engine *engine, const eddy_job_spec *specs, size_t n,
                               eddy_job_added *added)
{
        (void)engine, (void)added;
        for (size_t i = 0; i < n; i++) {
                struct fake_job *job = &fake.jobs[fake.count++];
                assert_true(fake.count <= FAKE_JOBS);
                *job = (struct fake_job){.spec = specs[i], .state = EDDY_JOB_READY};
                snprintf(job->id, sizeof job->id, "%.15s", specs[i].id);
                snprintf(job->kind, sizeof job->kind, "%s", specs[i].kind);
                snprintf(job->queue, sizeof job->queue, "%s", specs[i].queue);
        }
        if (n > 0)
                hint(JOBS_HINT_WORK, specs[0].queue);
        return 0;
}

/* A lost reply's verdict is told again, and is right. */
static inline int fake_judge(const struct jobs_outcome *outcome)
{
        struct fake_job *job = fake_find(outcome->id);

        if (!job)
                return EDDY_ENOJOB;
        if (job->state != EDDY_JOB_RUNNING && job->fence == outcome->fence && !job->is_lost)
                return job->verdict == outcome->verdict ? 0 : EDDY_EJOBLOST;
        if (job->is_lost || job->fence != outcome->fence)
                return EDDY_EJOBLOST;
        job->verdict = outcome->verdict;
        job->verdicts++;
        job->delay = outcome->delay;
        job->due = eddy_now() + outcome->delay;
        job->progress = outcome->words.progress;
        snprintf(job->error, sizeof job->error, "%s", outcome->error ? outcome->error : "");
        snprintf(job->result, sizeof job->result, "%.*s", (int)outcome->result_size,
                 outcome->result ? (const char *)outcome->result : "");
        if (outcome->verdict == JOBS_SNOOZE || outcome->verdict == JOBS_RETURN)
                job->attempt--;
        if (outcome->verdict == JOBS_RETRY && job->attempt >= job->spec.attempts)
                job->state = EDDY_JOB_DEAD;
        else
                job->state = ((const eddy_job_state[]){EDDY_JOB_DONE, EDDY_JOB_SCHEDULED, EDDY_JOB_DEAD,
                                                       EDDY_JOB_CANCELLED, EDDY_JOB_SCHEDULED,
                                                       EDDY_JOB_READY})[outcome->verdict];
        return 0;
}

static inline void fake_hear(struct fake_job *job, const struct jobs_words *words)
{
        const char *log = words->log;

        job->progress = words->progress;
        if (words->note)
                snprintf(job->note, sizeof job->note, "%s", words->note);
        if (!words->log)
                return;
        job->log = job->log ? job->log : calloc(1, FAKE_TEXT);
        for (size_t there = job->logged; there > words->log_at && *log; there--)
                log = strchr(log, '\n') + 1;
        for (const char *line = log; *line; line = strchr(line, '\n') + 1)
                job->logged++;
        snprintf(job->log + strlen(job->log), FAKE_TEXT - strlen(job->log), "%s", log);
}

static inline bool fake_give(struct jobs_turn *turn, struct fake_job *job)
{
        struct jobs_taken numbers = {.fence = job->fence,
                                     .timeout = job->spec.timeout,
                                     .backoff = job->spec.backoff,
                                     .max_backoff = job->spec.max_backoff,
                                     .created = 1000000,
                                     .due = 1000000,
                                     .attempt = job->attempt,
                                     .attempts = job->spec.attempts};
        const struct jobs_bytes texts[] = {
            {job->id, strlen(job->id)}, {job->kind, strlen(job->kind)}, {job->queue, strlen(job->queue)}, {0}};

        turn->taken[turn->taken_count] =
            jobs_taken_create(&numbers, texts, (struct jobs_bytes){job->id, strlen(job->id)});
        if (!turn->taken[turn->taken_count])
                return false;
        turn->taken_count++;
        return true;
}

static inline int fake_take(struct jobs_turn *turn)
{
        for (size_t i = fake.first; turn->most > 0 && i < fake.count; i++)
                if (fake.jobs[i].number == turn->number && fake.jobs[i].state == EDDY_JOB_RUNNING &&
                    !fake_give(turn, &fake.jobs[i]))
                        return -ENOMEM;
        if (turn->taken_count > 0)
                return 0;
        while (fake.first < fake.count && fake.jobs[fake.first].state >= EDDY_JOB_DONE)
                fake.first++;
        for (size_t q = 0; q < turn->queue_count; q++)
                for (size_t i = fake.first; i < fake.count && turn->taken_count < turn->most; i++) {
                        struct fake_job *job = &fake.jobs[i];
                        if (job->state != EDDY_JOB_READY || strcmp(job->queue, turn->queues[q]) != 0)
                                continue;
                        job->state = EDDY_JOB_RUNNING;
                        job->attempt++;
                        job->fence++;
                        job->logged = 0;
                        job->number = turn->number;
                        job->is_lost = job->is_cancelling = false;
                        if (!fake_give(turn, job))
                                return -ENOMEM;
                }
        return 0;
}

static inline void fake_move_due(struct jobs_turn *turn)
{
        turn->next = fake.says_more ? 0 : EDDY_FOREVER;
        for (size_t i = fake.first; i < fake.count; i++) {
                struct fake_job *job = &fake.jobs[i];
                if (job->state != EDDY_JOB_SCHEDULED)
                        continue;
                if (job->due <= eddy_now())
                        job->state = EDDY_JOB_READY;
                else if (job->due - eddy_now() < turn->next)
                        turn->next = job->due - eddy_now();
        }
}

static inline void fake_forget_taken(struct jobs_turn *turn)
{
        while (turn->taken_count > 0)
                eddy_free(turn->taken[--turn->taken_count]);
}

static inline int fake_do_turn(struct jobs_turn *turn)
{
        int rc;

        fake.last_number = turn->number;
        fake.most_told = turn->outcome_count > fake.most_told ? turn->outcome_count : fake.most_told;
        for (size_t i = 0; i < turn->outcome_count; i++) {
                struct jobs_outcome *outcome = &turn->outcomes[i];
                unsigned before = fake_find(outcome->id) ? fake_find(outcome->id)->verdicts : 0;
                outcome->rc = fake_judge(outcome);
                if (outcome->rc == 0 && fake_find(outcome->id)->verdicts > before)
                        fake_hear(fake_find(outcome->id), &outcome->words);
        }
        fake_move_due(turn);
        rc = fake_take(turn);
        if (rc < 0)
                fake_forget_taken(turn);
        return rc;
}

static inline int fake_turn(struct jobs_engine *engine, struct jobs_turn *turn)
{
        int rc = eddy_yield();

        (void)engine;
        fake.turns++;
        fake.last_turn = eddy_now();
        fake.looks += turn->most > 0;
        fake_changed();
        while (rc == 0 && fake.is_held) {
                eddy_event_clear(&fake.changed);
                rc = eddy_event_wait(&fake.changed);
        }
        if (rc == 0 && (fake.is_away || (fake.failing > 0 && fake.failing--)))
                rc = eddy_fail(fake.failure ? fake.failure : EDDY_EJOBSAWAY, "the fake store is away");
        if (rc < 0)
                return rc;
        rc = fake_do_turn(turn);
        fake.most_taken = turn->taken_count > fake.most_taken ? turn->taken_count : fake.most_taken;
        if (rc == 0)
                rc = eddy_yield();
        if (rc == 0 && fake.losing > 0 && fake.losing--)
                rc = eddy_fail(EDDY_EJOBSAWAY, "the fake store's reply is lost");
        if (rc < 0)
                fake_forget_taken(turn);
        fake_changed();
        return rc;
}

static inline int fake_renew(struct jobs_engine *engine, struct jobs_lease *leases, size_t n,
                             eddy_duration lease)
{
        int rc = eddy_yield();

        (void)engine, (void)lease;
        fake.renewals++;
        fake.most_renewed = n > fake.most_renewed ? n : fake.most_renewed;
        fake_changed();
        while (rc == 0 && fake.renewals_are_held) {
                eddy_event_clear(&fake.changed);
                rc = eddy_event_wait(&fake.changed);
        }
        if (rc == 0 && (fake.is_away || (fake.renewals_failing > 0 && fake.renewals_failing--)))
                rc = EDDY_EJOBSAWAY;
        for (size_t i = 0; rc == 0 && i < n; i++) {
                struct fake_job *job = fake_find(leases[i].id);
                leases[i].rc = !job                                            ? EDDY_ENOJOB
                               : job->fence != leases[i].fence || job->is_lost ? EDDY_EJOBLOST
                               : job->state != EDDY_JOB_RUNNING                ? EDDY_EJOBLOST
                               : job->is_cancelling                            ? EDDY_CANCELLED
                                                                               : 0;
                if (leases[i].rc != EDDY_EJOBLOST && job)
                        fake_hear(job, &leases[i].words);
                fake.renewed++;
        }
        if (rc == 0 && fake.renewals_losing > 0 && fake.renewals_losing--)
                rc = EDDY_EJOBSAWAY;
        fake_changed();
        return rc;
}

static inline int fake_listen(struct jobs_engine *engine)
{
        (void)engine;
        fake.listens++;
        return fake.is_away ? EDDY_EJOBSAWAY : 0;
}

static inline int fake_sweep(struct jobs_engine *engine)
{
        int found = fake.sweep_finds;

        (void)engine;
        fake.sweeps++;
        fake.sweep_finds = 0;
        fake_changed();
        return found;
}

/* It has no schedules. */
static inline int fake_look_at_crons(struct jobs_engine *engine, struct jobs_cron_look *look)
{
        (void)engine, (void)look;
        return 0;
}

static inline int fake_open(struct jobs_engine **engine, const char *url, const eddy_jobs_options *options,
                            void (*on_hint)(void *arg, enum jobs_hint hint, const char *name), void *arg);

static inline void fake_close(struct jobs_engine *engine)
{
        (void)engine;
        for (size_t i = 0; i < fake.count; i++)
                free(fake.jobs[i].log);
        free(fake.jobs);
        fake.jobs = NULL;
}

__attribute__((visibility("default"))) extern const struct jobs_engine_type eddy_jobs_engine_sqlite;
const struct jobs_engine_type eddy_jobs_engine_sqlite = {
    .name = "fake",
    .open = fake_open,
    .close = fake_close,
    .enqueue = fake_enqueue,
    .turn = fake_turn,
    .renew = fake_renew,
    .listen = fake_listen,
    .sweep = fake_sweep,
    .look_at_crons = fake_look_at_crons,
};

static inline int fake_open(struct jobs_engine **engine, const char *url, const eddy_jobs_options *options,
                            void (*on_hint)(void *arg, enum jobs_hint hint, const char *name), void *arg)
{
        (void)url, (void)options;
        memset(&fake, 0, sizeof fake);
        fake.jobs = calloc(FAKE_JOBS, sizeof *fake.jobs);
        fake.engine = (struct jobs_engine){&eddy_jobs_engine_sqlite, on_hint, arg};
        *engine = &fake.engine;
        return 0;
}

/* What tests share: one store, one worker, run by a task. */

static eddy_jobs *store;
static eddy_job_worker *worker;
static eddy_task *work;
static char events[4096]; /* such as "begun a, done a" */

static inline void on_event(eddy_job *job, eddy_job_event event, const char *text, void *arg)
{
        static const char *const names[] = {"begun",     "done",    "retry",    "dead",
                                            "cancelled", "snoozed", "returned", "lost"};

        (void)arg;
        if (strlen(events) + 200 < sizeof events)
                snprintf(events + strlen(events), sizeof events - strlen(events), "%s%s %s%s%.100s",
                         events[0] ? ", " : "", names[event], eddy_job_id(job), text ? ": " : "",
                         text ? text : "");
        fake_changed();
}

static inline void assert_events(const char *expected)
{
        assert_string_equal(events, expected);
        events[0] = '\0';
}

static inline void open_worker(eddy_job_handler handler, eddy_job_worker_options options)
{
        events[0] = '\0';
        assert_int_equal(eddy_jobs_open(&store, "memory:", NULL), 0);
        options.on_event = on_event;
        assert_int_equal(eddy_job_worker_create(&worker, store, &options), 0);
        assert_int_equal(eddy_job_worker_handle(worker, "work", handler, NULL), 0);
}

static inline void add(const char *id, eddy_job_spec spec)
{
        spec.id = id;
        spec.kind = spec.kind ? spec.kind : "work";
        assert_int_equal(eddy_jobs_enqueue(store, &spec, NULL), 0);
}

static inline intptr_t run_worker(void *arg)
{
        (void)arg;
        return eddy_job_worker_run(worker);
}

static inline void begin_work(void)
{
        work = eddy_create_task(run_worker, NULL);
}

/** What the worker ended with. */
static inline int join_work(void)
{
        intptr_t result = 0;

        assert_int_equal(eddy_join(work, &result), 0);
        assert_true(list_is_empty(&store->listeners));
        return (int)result;
}

static inline int end_work(void)
{
        eddy_job_worker_stop(worker);
        return join_work();
}

static inline void close_worker(void)
{
        eddy_job_worker_destroy(worker);
        eddy_jobs_close(store);
}

/** Whether this many jobs are in a state. */
static inline size_t count_state(eddy_job_state state)
{
        size_t n = 0;

        for (size_t i = 0; i < fake.count; i++)
                n += fake.jobs[i].state == state;
        return n;
}

#endif
