/* A store with jobs in every state, and what must be found in it however old its format is. Beside each engine's tests lies format1.*:
 * what fill() left when that was the format. It is not made again. */
#ifndef TESTS_JOBS_FROZEN_H
#define TESTS_JOBS_FROZEN_H

#include "store.h"

#define DECADES eddy_seconds((eddy_duration)100 * 365 * 86400)

static inline void take_one(eddy_jobs *jobs, const char *id, const char *queue, eddy_duration lease)
{
        struct turn turn = {.turn = {.queues = &queue, .queue_count = 1, .lease = lease, .worker = "old"}};

        assert_int_equal(take(jobs, &turn, 1), 1);
        assert_string_equal(turn.taken[0]->id, id);
        drop(&turn);
}

static inline void finish_one(eddy_jobs *jobs, const char *id, struct jobs_outcome outcome)
{
        take_one(jobs, id, "default", DECADES);
        assert_int_equal(tell(jobs, id, 1, outcome), 0);
}

static inline void fill_with_finished(eddy_jobs *jobs)
{
        static char payload[5000], result[3000];

        memset(payload, 'x', sizeof payload);
        memset(result, 'y', sizeof result);
        enqueue(jobs, "done",
                (eddy_job_spec){.payload = "a.jpg", .size = 5, .unique = "weekly", .unique_for = DECADES});
        finish_one(jobs, "done",
                   (struct jobs_outcome){.verdict = JOBS_DONE,
                                         .result = "42",
                                         .result_size = 2,
                                         .words = {.progress = 0.5, .note = "half", .log = "one\ntwo\n"}});
        enqueue(jobs, "large", (eddy_job_spec){.payload = payload, .size = sizeof payload});
        finish_one(jobs, "large",
                   (struct jobs_outcome){.verdict = JOBS_DONE, .result = result, .result_size = sizeof result});
        enqueue(jobs, "dead", (eddy_job_spec){.attempts = 1});
        finish_one(jobs, "dead", (struct jobs_outcome){.verdict = JOBS_RETRY, .error = "no"});
        enqueue(jobs, "cancelled", (eddy_job_spec){0});
        assert_int_equal(eddy_jobs_cancel(jobs, "cancelled"), 0);
        enqueue(jobs, "twice", (eddy_job_spec){0});
        finish_one(jobs, "twice", (struct jobs_outcome){.verdict = JOBS_DONE});
        assert_int_equal(eddy_jobs_retry(jobs, "twice"), 0);
        take_one(jobs, "twice", "default", DECADES);
        assert_int_equal(tell(jobs, "twice", 2, (struct jobs_outcome){.verdict = JOBS_DONE}), 0);
}

static inline void fill_with_begun(eddy_jobs *jobs)
{
        struct jobs_lease lease = {.id = "running", .fence = 1, .words = {.progress = 0.25, .log = "said\n"}};

        enqueue(jobs, "running", (eddy_job_spec){0});
        take_one(jobs, "running", "default", DECADES);
        assert_int_equal(jobs->engine->type->renew(jobs->engine, &lease, 1, DECADES), 0);
        enqueue(jobs, "asked", (eddy_job_spec){0});
        take_one(jobs, "asked", "default", DECADES);
        assert_int_equal(eddy_jobs_cancel(jobs, "asked"), 0);
        enqueue(jobs, "failed", (eddy_job_spec){0});
        finish_one(jobs, "failed",
                   (struct jobs_outcome){.verdict = JOBS_RETRY, .error = "no", .delay = DECADES});
        enqueue(jobs, "lost", (eddy_job_spec){0});
        take_one(jobs, "lost", "default", eddy_seconds(1));
}

static inline void fill_with_waiting(eddy_jobs *jobs)
{
        enqueue(jobs, "later", (eddy_job_spec){.delay = DECADES});
        enqueue(jobs, "due", (eddy_job_spec){.delay = eddy_seconds(1)});
        enqueue(jobs, "first", (eddy_job_spec){.key = "ada"});
        enqueue(jobs, "second", (eddy_job_spec){.key = "ada"});
        enqueue(jobs, "one", (eddy_job_spec){.unique = "mail"});
        enqueue(jobs, "urgent", (eddy_job_spec){.priority = 5, .attempts = 7, .timeout = eddy_seconds(9)});
}

/** Every state there is, into a new store. */
static inline void fill(eddy_jobs *jobs)
{
        const eddy_job_queue_options kept = {.keep_done = DECADES, .keep_dead = DECADES};
        const eddy_job_queue_options limited = {.most_running = 5, .rate = 2, .period = DECADES};

        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &kept), 0);
        fill_with_finished(jobs);
        fill_with_begun(jobs);
        fill_with_waiting(jobs);
        assert_int_equal(eddy_jobs_set_queue(jobs, "limited", &limited), 0);
        enqueue(jobs, "slow", (eddy_job_spec){.queue = "limited"});
        take_one(jobs, "slow", "limited", DECADES);
        enqueue(jobs, "rare", (eddy_job_spec){.queue = "paused"});
        assert_int_equal(eddy_jobs_pause(jobs, "paused"), 0);
        assert_int_equal(
            eddy_jobs_set_cron(
                jobs, &(eddy_job_cron){.name = "nightly", .expression = "30 2 * * *", .spec.kind = "clean"}),
            0);
}

/* What there is. */

static inline void assert_finished_is_there(eddy_jobs *jobs)
{
        eddy_job_info *info = look(jobs, "done");

        assert_int_equal(info->state, EDDY_JOB_DONE);
        assert_string_equal(info->payload, "a.jpg");
        assert_int_equal(info->result_size, 2);
        assert_memory_equal(info->result, "42", 2);
        assert_string_equal(info->note, "half");
        assert_true(info->progress == 0.5);
        assert_non_null(strstr(info->history, " 1 log one\n"));
        eddy_free(info);
        info = look(jobs, "large");
        assert_int_equal(info->payload_size, 5000);
        assert_int_equal(info->result_size, 3000);
        eddy_free(info);
        assert_state(jobs, "dead", EDDY_JOB_DEAD);
        assert_history(jobs, "dead", " 1 failed no\n");
        assert_state(jobs, "cancelled", EDDY_JOB_CANCELLED);
        assert_state(jobs, "twice", EDDY_JOB_DONE);
}

static inline void assert_states_are_kept(eddy_jobs *jobs)
{
        eddy_job_cron_list crons;
        eddy_job_info *info;

        assert_finished_is_there(jobs);
        assert_state(jobs, "running", EDDY_JOB_RUNNING);
        assert_history(jobs, "running", " 1 log said\n");
        info = look(jobs, "asked");
        assert_true(info->is_cancelling);
        assert_string_equal(info->worker, "old");
        eddy_free(info);
        assert_state(jobs, "failed", EDDY_JOB_SCHEDULED);
        assert_state(jobs, "later", EDDY_JOB_SCHEDULED);
        assert_state(jobs, "first", EDDY_JOB_READY);
        assert_state(jobs, "second", EDDY_JOB_HELD);
        info = look(jobs, "urgent");
        assert_int_equal(info->priority, 5);
        assert_int_equal(info->attempts, 7);
        assert_true(info->timeout == eddy_seconds(9));
        eddy_free(info);
        assert_int_equal(eddy_jobs_crons(jobs, &crons), 0);
        assert_int_equal(crons.count, 1);
        assert_string_equal(crons.crons[0]->expression, "30 2 * * *");
        eddy_job_cron_list_free(&crons);
}

/** Of several at once who bring a store up, in tasks of `migrate_and_close`, one does. */
static inline void assert_one_brings_up(intptr_t (*migrate_and_close)(void *))
{
        eddy_task *tasks[4];
        eddy_jobs *jobs;
        intptr_t rc;

        for (int i = 0; i < 4; i++)
                tasks[i] = eddy_create_task(migrate_and_close, NULL);
        for (int i = 0; i < 4; i++) {
                assert_int_equal(eddy_join(tasks[i], &rc), 0);
                assert_int_equal(rc, 0);
        }
        jobs = open_store();
        assert_states_are_kept(jobs);
        close_store(jobs);
}

/** That everything is there, and works; what is done to the store leaves it of no more use. */
static inline void assert_is_filled(eddy_jobs *jobs)
{
        const char *limited = "limited";
        struct turn turn = {.turn = {.queues = &limited, .queue_count = 1}};
        eddy_job_added added;

        assert_states_are_kept(jobs);
        assert_takes(jobs, "urgent lost due first one");
        assert_history(jobs, "lost", " 1 lost old\n");
        assert_told(jobs, "running", .verdict = JOBS_DONE);
        assert_told(jobs, "first", .verdict = JOBS_DONE);
        assert_takes(jobs, "second");
        assert_told(jobs, "asked", .verdict = JOBS_RETRY);
        assert_state(jobs, "asked", EDDY_JOB_CANCELLED);
        assert_int_equal(eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work", .unique = "mail"}, &added),
                         0);
        assert_string_equal(added.id, "one");
        assert_int_equal(eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work", .unique = "weekly"}, &added),
                         0);
        assert_string_equal(added.id, "done");
        assert_int_equal(eddy_jobs_retry(jobs, "dead"), 0);
        assert_int_equal(eddy_jobs_retry(jobs, "twice"), 0);
        assert_takes(jobs, "dead twice");
        assert_int_equal(tell(jobs, "dead", 2, (struct jobs_outcome){.verdict = JOBS_DONE}), 0);
        assert_int_equal(tell(jobs, "twice", 3, (struct jobs_outcome){.verdict = JOBS_DONE}), 0);
        for (int i = 0; i < 3; i++)
                enqueue(jobs, (const char *[]){"l", "m", "n"}[i], (eddy_job_spec){.queue = limited});
        assert_in_range(take(jobs, &turn, MOST), 1,
                        2); /* one had begun, which a change of the format may forget */
        drop(&turn);
        assert_int_equal(eddy_jobs_discard(jobs, "large"), 0);
        assert_int_equal(
            eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){.keep_done = 1, .keep_dead = 1}), 0);
        while (jobs->engine->type->sweep(jobs->engine) > 0)
                ;
        assert_int_equal(eddy_jobs_get(jobs, "twice", &(eddy_job_info *){0}), EDDY_ENOJOB);
        assert_int_equal(eddy_jobs_get(jobs, "cancelled", &(eddy_job_info *){0}), EDDY_ENOJOB);
}

#endif
