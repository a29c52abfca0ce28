/* What decides whether a job may run, in every engine: keys, unique names, time, queues and their limits; and what is seen of it. */
#include "store.h"

/* Keys. */

/* docs/jobs.md promises [key] */
COROUTINE_TEST(of_one_key_one_runs_at_a_time_in_order)
{
        eddy_jobs *jobs = open_new_store();

        for (int i = 0; i < 3; i++)
                enqueue(jobs, (const char *[]){"a", "b", "c"}[i], (eddy_job_spec){.key = "ada"});
        enqueue(jobs, "x", (eddy_job_spec){.key = "eve"});
        enqueue(jobs, "y", (eddy_job_spec){0});
        assert_takes(jobs, "a x y");
        assert_state(jobs, "b", EDDY_JOB_HELD);
        assert_told(jobs, "a", .verdict = JOBS_DONE);
        assert_state(jobs, "b", EDDY_JOB_READY);
        assert_state(jobs, "c", EDDY_JOB_HELD);
        assert_takes(jobs, "b");
        assert_told(jobs, "b", .verdict = JOBS_DIE);
        assert_takes(jobs, "c");
        assert_told(jobs, "c", .verdict = JOBS_CANCEL);
        enqueue(jobs, "d", (eddy_job_spec){.key = "ada"});
        assert_takes(jobs, "d");
        close_store(jobs);
}

COROUTINE_TEST(who_waits_for_its_next_attempt_keeps_its_keys_turn)
{
        eddy_jobs *jobs = open_new_store();

        enqueue(jobs, "a", (eddy_job_spec){.key = "ada"});
        enqueue(jobs, "b", (eddy_job_spec){.key = "ada"});
        assert_takes(jobs, "a");
        assert_told(jobs, "a", .verdict = JOBS_RETRY, .delay = eddy_seconds(1000));
        assert_takes(jobs, "");
        assert_int_equal(eddy_jobs_cancel(jobs, "a"), 0);
        assert_takes(jobs, "b");
        close_store(jobs);
}

COROUTINE_TEST(or_it_yields_it)
{
        eddy_jobs *jobs = open_new_store();

        enqueue(jobs, "a", (eddy_job_spec){.key = "ada", .yields_key = true});
        enqueue(jobs, "b", (eddy_job_spec){.key = "ada"});
        assert_takes(jobs, "a");
        assert_told(jobs, "a", .verdict = JOBS_RETRY);
        assert_takes(jobs, "b");
        assert_state(jobs, "a", EDDY_JOB_HELD);
        assert_told(jobs, "b", .verdict = JOBS_DONE);
        assert_takes(jobs, "a");
        close_store(jobs);
}

COROUTINE_TEST(who_has_a_turn_and_is_discarded_passes_it_on)
{
        eddy_jobs *jobs = open_new_store();

        enqueue(jobs, "a", (eddy_job_spec){.key = "ada"});
        enqueue(jobs, "b", (eddy_job_spec){.key = "ada"});
        enqueue(jobs, "c", (eddy_job_spec){.key = "ada", .priority = 5});
        assert_int_equal(eddy_jobs_discard(jobs, "a"), 0);
        assert_takes(jobs, "c");
        assert_int_equal(eddy_jobs_discard(jobs, "b"), 0);
        assert_told(jobs, "c", .verdict = JOBS_DONE);
        assert_takes(jobs, "");
        close_store(jobs);
}

COROUTINE_TEST(a_lost_workers_job_keeps_its_keys_turn)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {.turn.lease = 1000};

        enqueue(jobs, "a", (eddy_job_spec){.key = "ada"});
        enqueue(jobs, "b", (eddy_job_spec){.key = "ada"});
        take(jobs, &turn, 1);
        drop(&turn);
        while (take(jobs, &turn, 5) == 0)
                drop(&turn);
        assert_int_equal(turn.turn.taken_count, 1);
        assert_string_equal(turn.taken[0]->id, "a");
        drop(&turn);
        close_store(jobs);
}

COROUTINE_TEST(a_scheduled_job_takes_its_keys_turn_when_it_is_due)
{
        eddy_jobs *jobs = open_new_store();

        enqueue(jobs, "later", (eddy_job_spec){.key = "ada", .delay = eddy_seconds(1000)});
        enqueue(jobs, "now", (eddy_job_spec){.key = "ada"});
        assert_takes(jobs, "now");
        assert_int_equal(eddy_jobs_retry(jobs, "later"), 0);
        assert_state(jobs, "later", EDDY_JOB_HELD);
        assert_told(jobs, "now", .verdict = JOBS_DONE);
        assert_takes(jobs, "later");
        close_store(jobs);
}

/* Unique names. */

static bool is_added(eddy_jobs *jobs, const char *id, const char *unique, eddy_duration unique_for,
                     const char *other)
{
        eddy_job_added added;

        assert_int_equal(
            eddy_jobs_enqueue(
                jobs, &(eddy_job_spec){.kind = "work", .id = id, .unique = unique, .unique_for = unique_for},
                &added),
            0);
        assert_string_equal(added.id, added.was_there ? other : id);
        return !added.was_there;
}

COROUTINE_TEST(of_a_unique_name_there_is_one_until_it_is_finished)
{
        eddy_jobs *jobs = open_new_store();

        assert_true(is_added(jobs, "a", "mail", 0, NULL));
        assert_false(is_added(jobs, "b", "mail", 0, "a"));
        assert_true(is_added(jobs, "c", "letter", 0, NULL));
        assert_takes(jobs, "a c");
        assert_false(is_added(jobs, "b", "mail", 0, "a"));
        assert_told(jobs, "a", .verdict = JOBS_RETRY, .delay = eddy_seconds(1000));
        assert_false(is_added(jobs, "b", "mail", 0, "a"));
        assert_int_equal(eddy_jobs_cancel(jobs, "a"), 0);
        assert_true(is_added(jobs, "b", "mail", 0, NULL));
        close_store(jobs);
}

COROUTINE_TEST(and_for_as_long_as_it_was_to_be)
{
        eddy_jobs *jobs = open_new_store();

        assert_true(is_added(jobs, "a", "mail", eddy_seconds(1000), NULL));
        assert_takes(jobs, "a");
        assert_told(jobs, "a", .verdict = JOBS_DONE);
        assert_false(is_added(jobs, "b", "mail", 0, "a"));
        assert_true(is_added(jobs, "c", "letter", 1000, NULL));
        assert_takes(jobs, "c");
        assert_told(jobs, "c", .verdict = JOBS_DONE);
        while (!is_added(jobs, "d", "letter", 0, "c"))
                ;
        assert_takes(jobs, "d");
        close_store(jobs);
}

COROUTINE_TEST(also_when_its_job_is_gone_and_the_id_comes_again)
{
        eddy_jobs *jobs = open_new_store();

        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){.keep_done = -1}), 0);
        assert_true(is_added(jobs, "a", "mail", eddy_seconds(1000), NULL));
        assert_true(is_added(jobs, "c", "letter", eddy_ms(20), NULL));
        assert_takes(jobs, "a c");
        assert_told(jobs, "a", .verdict = JOBS_DONE);
        assert_told(jobs, "c", .verdict = JOBS_DONE);
        assert_false(is_added(jobs, "a", "mail", 0, "a"));
        assert_false(is_added(jobs, "b", "mail", 0, "a"));
        while (!is_added(jobs, "c", "letter", 0, "c"))
                assert_true(jobs->engine->type->sweep(jobs->engine) >= 0);
        assert_takes(jobs, "c");
        assert_false(is_added(jobs, "d", "letter", 0, "c"));
        close_store(jobs);
}

COROUTINE_TEST(what_is_retried_has_its_unique_name_again)
{
        eddy_jobs *jobs = open_new_store();
        eddy_job_info *info;

        assert_true(is_added(jobs, "a", "mail", 0, NULL));
        assert_takes(jobs, "a");
        assert_told(jobs, "a", .verdict = JOBS_DIE);
        info = look(jobs, "a");
        assert_string_equal(info->unique, "mail");
        eddy_free(info);
        assert_int_equal(eddy_jobs_retry(jobs, "a"), 0);
        assert_false(is_added(jobs, "b", "mail", 0, "a"));
        assert_int_equal(eddy_jobs_cancel(jobs, "a"), 0);
        assert_true(is_added(jobs, "b", "mail", 0, NULL));
        assert_int_equal(eddy_jobs_retry(jobs, "a"), 0); /* without the name, which is another one's */
        assert_false(is_added(jobs, "c", "mail", 0, "b"));
        close_store(jobs);
}

COROUTINE_TEST(one_id_under_two_unique_names_has_the_first)
{
        eddy_jobs *jobs = open_new_store();
        const eddy_job_spec specs[] = {{.kind = "work", .id = "a", .unique = "one"},
                                       {.kind = "work", .id = "a", .unique = "two"}};
        eddy_job_added added[2];

        assert_int_equal(eddy_jobs_enqueue_many(jobs, specs, 2, added), 0);
        assert_false(added[0].was_there);
        assert_true(added[1].was_there);
        assert_false(is_added(jobs, "b", "one", 0, "a"));
        assert_true(is_added(jobs, "c", "two", 0, NULL));
        close_store(jobs);
}

/* Time. */

COROUTINE_TEST(what_is_delayed_waits_and_says_how_long)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {0};
        eddy_job_info *info;

        enqueue(jobs, "a", (eddy_job_spec){.delay = eddy_seconds(500)});
        enqueue(jobs, "b", (eddy_job_spec){.at = INT64_C(32503680000000000)}); /* the year 3000 */
        enqueue(jobs, "c", (eddy_job_spec){.at = 1});
        assert_takes(jobs, "c");
        assert_told(jobs, "c", .verdict = JOBS_DONE);
        assert_int_equal(take(jobs, &turn, 1), 0);
        assert_true(turn.turn.next > eddy_seconds(400) && turn.turn.next <= eddy_seconds(500));
        drop(&turn);
        info = look(jobs, "b");
        assert_int_equal(info->state, EDDY_JOB_SCHEDULED);
        assert_true(info->due == INT64_C(32503680000000000));
        eddy_free(info);
        close_store(jobs);
}

/* docs/jobs.md promises [order] */
COROUTINE_TEST(what_is_due_is_taken_in_its_place)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {0};
        eddy_job_info *info = NULL;

        enqueue(jobs, "a", (eddy_job_spec){.delay = 1000000});
        enqueue(jobs, "b", (eddy_job_spec){0});
        do {
                take(jobs, &turn, 0); /* any worker's turn moves it */
                drop(&turn);
                eddy_free(info);
                info = look(jobs, "a");
        } while (info->state != EDDY_JOB_READY);
        eddy_free(info);
        assert_takes(jobs, "a b");
        close_store(jobs);
}

/* Queues. */

COROUTINE_TEST(queues_are_asked_in_the_order_that_the_worker_says)
{
        static const char *const names[] = {"late", "early"};
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {.turn = {.queues = names, .queue_count = 2}};

        enqueue(jobs, "a", (eddy_job_spec){.queue = "early"});
        enqueue(jobs, "b", (eddy_job_spec){.queue = "late"});
        enqueue(jobs, "c", (eddy_job_spec){.queue = "other"});
        assert_int_equal(take(jobs, &turn, 5), 2);
        assert_string_equal(turn.taken[0]->id, "b");
        assert_string_equal(turn.taken[1]->id, "a");
        drop(&turn);
        close_store(jobs);
}

COROUTINE_TEST(a_paused_queue_gives_nothing)
{
        eddy_jobs *jobs = open_new_store();

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_int_equal(eddy_jobs_pause(jobs, "default"), 0);
        assert_takes(jobs, "");
        assert_int_equal(eddy_jobs_resume(jobs, "default"), 0);
        assert_takes(jobs, "a");
        close_store(jobs);
}

COROUTINE_TEST(no_more_run_than_a_queue_allows)
{
        eddy_jobs *jobs = open_new_store();

        for (int i = 0; i < 4; i++)
                enqueue(jobs, (const char *[]){"a", "b", "c", "d"}[i], (eddy_job_spec){0});
        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){.most_running = 2}), 0);
        assert_takes(jobs, "a b");
        assert_takes(jobs, "");
        assert_told(jobs, "b", .verdict = JOBS_DONE);
        assert_takes(jobs, "c");
        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){0}), 0);
        assert_takes(jobs, "d");
        close_store(jobs);
}

COROUTINE_TEST(no_more_begin_than_a_queues_rate_allows)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {0};

        for (int i = 0; i < 4; i++)
                enqueue(jobs, (const char *[]){"a", "b", "c", "d"}[i], (eddy_job_spec){0});
        assert_int_equal(
            eddy_jobs_set_queue(jobs, "default",
                                &(eddy_job_queue_options){.rate = 3, .period = eddy_seconds(3000)}),
            0);
        assert_takes(jobs, "a b c");
        for (int i = 0; i < 3; i++)
                assert_told(jobs, ((const char *[]){"a", "b", "c"}[i]),
                            .verdict = JOBS_DONE); /* whose leases would come first */
        assert_int_equal(take(jobs, &turn, 1), 0);
        assert_true(turn.turn.next > eddy_seconds(2900) && turn.turn.next <= eddy_seconds(3100));
        drop(&turn);
        close_store(jobs);
}

COROUTINE_TEST(the_shortest_period_is_one_too)
{
        const eddy_job_queue_options options = {.rate = 1, .period = 1};
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {0};
        eddy_job_queue *queues;
        size_t n;

        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &options), 0);
        assert_int_equal(eddy_jobs_queues(jobs, &queues, &n), 0);
        assert_in_range(queues[0].options.period, 1, 1000);
        eddy_free(queues);
        for (const char *id = "a\0b\0c\0"; *id; id += 2) {
                enqueue(jobs, id, (eddy_job_spec){0});
                while (take(jobs, &turn, MOST) == 0)
                        drop(&turn);
                assert_int_equal(turn.turn.taken_count, 1);
                assert_string_equal(turn.taken[0]->id, id);
                drop(&turn);
        }
        close_store(jobs);
}

COROUTINE_TEST(what_was_used_up_of_another_rate_is_forgotten)
{
        eddy_jobs *jobs = open_new_store();

        enqueue(jobs, "a", (eddy_job_spec){0});
        enqueue(jobs, "b", (eddy_job_spec){0});
        assert_int_equal(
            eddy_jobs_set_queue(jobs, "default",
                                &(eddy_job_queue_options){.rate = 1, .period = eddy_seconds(86400)}),
            0);
        assert_takes(jobs, "a");
        assert_takes(jobs, "");
        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){.rate = 100}), 0);
        assert_takes(jobs, "b");
        close_store(jobs);
}

COROUTINE_TEST(a_limit_beyond_any_is_refused_and_changes_nothing)
{
        enum { BILLION = 1000000000 };
        static const eddy_job_queue_options wrong[] = {{.rate = SIZE_MAX},
                                                       {.most_running = SIZE_MAX},
                                                       {.rate = BILLION + 1},
                                                       {.most_running = BILLION + 1}};
        const eddy_job_queue_options largest = {.most_running = BILLION, .rate = BILLION};
        eddy_jobs *jobs = open_new_store();

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &largest), 0);
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
                assert_int_equal(eddy_jobs_set_queue(jobs, "default", &wrong[i]), -EINVAL);
        assert_takes(jobs, "a");
        close_store(jobs);
}

COROUTINE_TEST(an_empty_store_has_nothing_to_wait_for)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {0};

        assert_int_equal(take(jobs, &turn, 1), 0);
        drop(&turn);
        assert_int_equal(take(jobs, &turn, 1), 0); /* the first may have been the one that says that it waits */
        assert_true(turn.turn.next == EDDY_FOREVER);
        drop(&turn);
        close_store(jobs);
}

COROUTINE_TEST(queues_are_counted)
{
        eddy_jobs *jobs = open_new_store();
        eddy_job_queue *queues;
        size_t n;

        enqueue(jobs, "a", (eddy_job_spec){.key = "ada", .queue = "mail"});
        assert_int_equal(
            eddy_jobs_set_queue(jobs, "mail", &(eddy_job_queue_options){.most_running = 9, .rate = 5}), 0);
        enqueue(jobs, "b", (eddy_job_spec){.key = "ada", .queue = "mail"});
        enqueue(jobs, "c", (eddy_job_spec){.delay = eddy_seconds(1000)});
        enqueue(jobs, "d", (eddy_job_spec){0});
        assert_takes(jobs, "d");
        assert_told(jobs, "d", .verdict = JOBS_DIE);
        enqueue(jobs, "e", (eddy_job_spec){0});
        assert_takes(jobs, "e");
        assert_int_equal(eddy_jobs_pause(jobs, "mail"), 0);
        assert_int_equal(eddy_jobs_queues(jobs, &queues, &n), 0);
        assert_int_equal(n, 2);
        assert_string_equal(queues[0].name, "default");
        assert_int_equal(queues[0].counts[EDDY_JOB_SCHEDULED], 1);
        assert_int_equal(queues[0].counts[EDDY_JOB_DEAD], 1);
        assert_int_equal(queues[0].counts[EDDY_JOB_RUNNING], 1);
        assert_int_equal(queues[0].counts[EDDY_JOB_READY], 0);
        assert_int_equal(queues[0].finished, 1);
        assert_int_equal(queues[0].failed, 1);
        assert_false(queues[0].is_paused);
        assert_string_equal(queues[1].name, "mail");
        assert_int_equal(queues[1].counts[EDDY_JOB_READY], 1);
        assert_int_equal(queues[1].counts[EDDY_JOB_HELD], 1);
        assert_int_equal(queues[1].options.most_running, 9);
        assert_int_equal(queues[1].options.rate, 5);
        assert_true(queues[1].options.period == eddy_seconds(1));
        assert_true(queues[1].is_paused);
        assert_true(queues[1].age > 0);
        eddy_free(queues);
        close_store(jobs);
}

/* Cancelling and forgetting. */

/* docs/jobs.md promises [done] */
COROUTINE_TEST(what_runs_is_asked_to_end)
{
        eddy_jobs *jobs = open_new_store();
        struct jobs_lease lease = {.id = "a", .fence = 1, .words.progress = -1};
        eddy_job_info *info;

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_takes(jobs, "a");
        assert_int_equal(eddy_jobs_cancel(jobs, "a"), 0);
        info = look(jobs, "a");
        assert_int_equal(info->state, EDDY_JOB_RUNNING);
        assert_true(info->is_cancelling);
        eddy_free(info);
        assert_int_equal(jobs->engine->type->renew(jobs->engine, &lease, 1, eddy_seconds(60)), 0);
        assert_int_equal(lease.rc, EDDY_CANCELLED);
        assert_int_equal(eddy_jobs_discard(jobs, "a"), EDDY_EJOBSTATE);
        assert_int_equal(eddy_jobs_retry(jobs, "a"), EDDY_EJOBSTATE);
        assert_told(jobs, "a", .verdict = JOBS_CANCEL);
        assert_state(jobs, "a", EDDY_JOB_CANCELLED);
        assert_history(jobs, "a", " 1 cancelled");
        assert_int_equal(eddy_jobs_cancel(jobs, "a"), EDDY_EJOBSTATE);
        assert_int_equal(eddy_jobs_retry(jobs, "a"), 0);
        assert_takes(jobs, "a");
        close_store(jobs);
}

COROUTINE_TEST(what_was_asked_to_end_does_not_run_again)
{
        static const enum jobs_verdict verdicts[] = {JOBS_RETRY, JOBS_SNOOZE, JOBS_RETURN};
        eddy_jobs *jobs = open_new_store();

        for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
                char id[8];
                snprintf(id, sizeof id, "%zu", i);
                enqueue(jobs, id, (eddy_job_spec){.key = "ada"});
                assert_takes(jobs, id);
                assert_int_equal(eddy_jobs_cancel(jobs, id), 0);
                assert_told(jobs, id, .verdict = verdicts[i]);
                assert_state(jobs, id, EDDY_JOB_CANCELLED);
                assert_told(jobs, id, .verdict = verdicts[i]);
        }
        enqueue(jobs, "done", (eddy_job_spec){.key = "ada"});
        assert_takes(jobs, "done");
        assert_int_equal(eddy_jobs_cancel(jobs, "done"), 0);
        assert_told(jobs, "done", .verdict = JOBS_DONE);
        assert_state(jobs, "done", EDDY_JOB_DONE);
        close_store(jobs);
}

/* docs/jobs.md promises [done] */
COROUTINE_TEST(what_does_not_run_is_cancelled_at_once)
{
        eddy_jobs *jobs = open_new_store();

        enqueue(jobs, "a", (eddy_job_spec){0});
        enqueue(jobs, "b", (eddy_job_spec){.delay = eddy_seconds(1000)});
        enqueue(jobs, "c", (eddy_job_spec){.key = "ada"});
        enqueue(jobs, "d", (eddy_job_spec){.key = "ada"});
        assert_int_equal(eddy_jobs_cancel(jobs, "a"), 0);
        assert_int_equal(eddy_jobs_cancel(jobs, "b"), 0);
        assert_int_equal(eddy_jobs_cancel(jobs, "d"), 0);
        assert_state(jobs, "a", EDDY_JOB_CANCELLED);
        assert_state(jobs, "b", EDDY_JOB_CANCELLED);
        assert_state(jobs, "d", EDDY_JOB_CANCELLED);
        assert_takes(jobs, "c");
        assert_int_equal(eddy_jobs_discard(jobs, "a"), 0);
        assert_int_equal(eddy_jobs_discard(jobs, "a"), EDDY_ENOJOB);
        close_store(jobs);
}

/* docs/jobs.md promises [dead] */
COROUTINE_TEST(finished_jobs_stay_as_long_as_their_queue_says)
{
        eddy_jobs *jobs = open_new_store();
        eddy_job_info *info;

        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){.keep_done = 1000}), 0);
        enqueue(jobs, "done", (eddy_job_spec){0});
        enqueue(jobs, "dead", (eddy_job_spec){0});
        enqueue(jobs, "waiting", (eddy_job_spec){0});
        assert_takes(jobs, "done dead waiting");
        assert_told(jobs, "waiting", .verdict = JOBS_RETRY, .delay = eddy_seconds(1000));
        assert_told(jobs, "done", .verdict = JOBS_DONE);
        assert_told(jobs, "dead", .verdict = JOBS_DIE);
        while (jobs->engine->type->sweep(jobs->engine) == 0)
                ;
        assert_int_equal(jobs->engine->type->sweep(jobs->engine), 0);
        assert_int_equal(eddy_jobs_get(jobs, "done", &info), EDDY_ENOJOB);
        assert_state(jobs, "dead", EDDY_JOB_DEAD);
        assert_state(jobs, "waiting", EDDY_JOB_SCHEDULED);
        close_store(jobs);
}

/* docs/jobs.md promises [dead] */
COROUTINE_TEST(dead_jobs_stay_for_thirty_days_by_default)
{
        eddy_jobs *jobs = open_new_store();
        eddy_job_queue *queues;
        size_t n;

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_int_equal(eddy_jobs_queues(jobs, &queues, &n), 0);
        assert_true(queues[0].options.keep_done == eddy_seconds(86400));
        assert_true(queues[0].options.keep_dead == eddy_seconds(30 * 86400));
        eddy_free(queues);
        close_store(jobs);
}

COROUTINE_TEST(or_not_at_all)
{
        eddy_jobs *jobs = open_new_store();
        eddy_job_info *info;

        assert_int_equal(
            eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){.keep_done = -1, .keep_dead = -1}),
            0);
        enqueue(jobs, "dead", (eddy_job_spec){0});
        assert_takes(jobs, "dead");
        assert_told(jobs, "dead", .verdict = JOBS_DIE);
        assert_int_equal(eddy_jobs_get(jobs, "dead", &info), EDDY_ENOJOB);
        enqueue(jobs, "a", (eddy_job_spec){.key = "ada"});
        enqueue(jobs, "b", (eddy_job_spec){.key = "ada"});
        assert_takes(jobs, "a");
        assert_told(jobs, "a", .verdict = JOBS_DONE);
        assert_int_equal(eddy_jobs_get(jobs, "a", &info), EDDY_ENOJOB);
        assert_takes(jobs, "b");
        close_store(jobs);
}

COROUTINE_TEST(a_queue_tells_what_was_set_so_that_it_can_be_set_again)
{
        const eddy_job_queue_options wanted = {
            .most_running = 3, .rate = 7, .period = eddy_ms(1500), .keep_done = eddy_ms(2500), .keep_dead = -1};
        eddy_jobs *jobs = open_new_store();
        eddy_job_queue_options options = wanted;

        for (int i = 0; i < 3; i++) {
                eddy_job_queue *queues;
                size_t n;

                assert_int_equal(eddy_jobs_set_queue(jobs, "default", &options), 0);
                assert_int_equal(eddy_jobs_queues(jobs, &queues, &n), 0);
                options = queues[0].options;
                eddy_free(queues);
                assert_int_equal(options.most_running, wanted.most_running);
                assert_int_equal(options.rate, wanted.rate);
                assert_true(options.period == wanted.period);
                assert_true(options.keep_done == wanted.keep_done);
                assert_true(options.keep_dead < 0);
        }
        close_store(jobs);
}

/* Lists. */

static void assert_listed(eddy_jobs *jobs, const eddy_job_filter *filter, const char *ids)
{
        char had[256] = "";
        eddy_job_filter page = *filter;
        eddy_job_list list;

        do {
                char after[EDDY_JOB_ID_SIZE];
                assert_int_equal(eddy_jobs_list(jobs, &page, &list), 0);
                for (size_t i = 0; i < list.count; i++)
                        snprintf(had + strlen(had), sizeof had - strlen(had), "%s ", list.jobs[i]->id);
                snprintf(after, sizeof after, "%s", list.next);
                eddy_job_list_free(&list);
                page.after = after;
                if (!after[0])
                        break;
        } while (strlen(had) < sizeof had / 2);
        assert_string_equal(had, ids);
}

COROUTINE_TEST(jobs_are_listed_in_pages_from_the_newest_on)
{
        eddy_jobs *jobs = open_new_store();

        assert_listed(jobs, &(eddy_job_filter){0}, "");
        enqueue(jobs, "a", (eddy_job_spec){.queue = "mail"});
        enqueue(jobs, "b", (eddy_job_spec){.kind = "other"});
        enqueue(jobs, "c", (eddy_job_spec){0});
        enqueue(jobs, "d", (eddy_job_spec){.delay = eddy_seconds(1000)});
        assert_takes(jobs, "b c");
        assert_told(jobs, "b", .verdict = JOBS_DONE);
        assert_listed(jobs, &(eddy_job_filter){0}, "d c b a ");
        assert_listed(jobs, &(eddy_job_filter){.most = 1}, "d c b a ");
        assert_listed(jobs, &(eddy_job_filter){.most = 3}, "d c b a ");
        assert_listed(jobs, &(eddy_job_filter){.queue = "mail"}, "a ");
        assert_listed(jobs, &(eddy_job_filter){.kind = "other"}, "b ");
        assert_listed(jobs, &(eddy_job_filter){.states = 1u << EDDY_JOB_DONE | 1u << EDDY_JOB_SCHEDULED},
                      "d b ");
        assert_listed(jobs, &(eddy_job_filter){.states = 1u << EDDY_JOB_DEAD}, "");
        close_store(jobs);
}

/* Others. */

static intptr_t await_a(void *jobs)
{
        eddy_job_info *info;
        int state = eddy_jobs_await(jobs, "a", &info);

        assert_int_equal(info->state, state);
        eddy_free(info);
        return state;
}

COROUTINE_TEST(whoever_awaits_a_job_hears_of_its_end)
{
        struct turn turn = {0};
        eddy_jobs *jobs, *other;
        eddy_task *task;
        intptr_t state;

        jobs = open_new_store();
        other = strcmp(store_url(), "memory:") == 0 ? jobs : open_store();
        enqueue(jobs, "a", (eddy_job_spec){0});
        task = eddy_create_task(await_a, jobs);
        while (take(other, &turn, 1) == 0) /* for PostgreSQL locks a job as somebody begins to await it */
                drop(&turn);
        assert_string_equal(turn.taken[0]->id, "a");
        drop(&turn);
        assert_told(other, "a", .verdict = JOBS_DONE);
        assert_int_equal(eddy_join(task, &state), 0);
        assert_int_equal(state, EDDY_JOB_DONE);
        assert_int_equal(eddy_jobs_await(jobs, "a", NULL), EDDY_JOB_DONE);
        if (other != jobs)
                eddy_jobs_close(other);
        close_store(jobs);
}

/* docs/jobs.md promises [stored] */
COROUTINE_TEST(two_who_have_a_store_open_see_the_same_jobs)
{
        eddy_jobs *jobs, *other;

        jobs = open_new_store();
        other = strcmp(store_url(), "memory:") == 0 ? jobs : open_store();
        enqueue(jobs, "a", (eddy_job_spec){0});
        enqueue(other, "b", (eddy_job_spec){0});
        assert_takes(other, "a b");
        assert_takes(jobs, "");
        assert_told(jobs, "a", .verdict = JOBS_DONE);
        assert_state(other, "a", EDDY_JOB_DONE);
        if (other != jobs)
                eddy_jobs_close(other);
        close_store(jobs);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(of_one_key_one_runs_at_a_time_in_order),
            cmocka_unit_test(who_waits_for_its_next_attempt_keeps_its_keys_turn),
            cmocka_unit_test(or_it_yields_it),
            cmocka_unit_test(who_has_a_turn_and_is_discarded_passes_it_on),
            cmocka_unit_test(a_lost_workers_job_keeps_its_keys_turn),
            cmocka_unit_test(a_scheduled_job_takes_its_keys_turn_when_it_is_due),
            cmocka_unit_test(of_a_unique_name_there_is_one_until_it_is_finished),
            cmocka_unit_test(and_for_as_long_as_it_was_to_be),
            cmocka_unit_test(also_when_its_job_is_gone_and_the_id_comes_again),
            cmocka_unit_test(what_is_retried_has_its_unique_name_again),
            cmocka_unit_test(one_id_under_two_unique_names_has_the_first),
            cmocka_unit_test(what_is_delayed_waits_and_says_how_long),
            cmocka_unit_test(what_is_due_is_taken_in_its_place),
            cmocka_unit_test(queues_are_asked_in_the_order_that_the_worker_says),
            cmocka_unit_test(a_paused_queue_gives_nothing),
            cmocka_unit_test(no_more_run_than_a_queue_allows),
            cmocka_unit_test(no_more_begin_than_a_queues_rate_allows),
            cmocka_unit_test(the_shortest_period_is_one_too),
            cmocka_unit_test(what_was_used_up_of_another_rate_is_forgotten),
            cmocka_unit_test(a_limit_beyond_any_is_refused_and_changes_nothing),
            cmocka_unit_test(an_empty_store_has_nothing_to_wait_for),
            cmocka_unit_test(queues_are_counted),
            cmocka_unit_test(what_runs_is_asked_to_end),
            cmocka_unit_test(what_was_asked_to_end_does_not_run_again),
            cmocka_unit_test(what_does_not_run_is_cancelled_at_once),
            cmocka_unit_test(finished_jobs_stay_as_long_as_their_queue_says),
            cmocka_unit_test(dead_jobs_stay_for_thirty_days_by_default),
            cmocka_unit_test(or_not_at_all),
            cmocka_unit_test(a_queue_tells_what_was_set_so_that_it_can_be_set_again),
            cmocka_unit_test(jobs_are_listed_in_pages_from_the_newest_on),
            cmocka_unit_test(whoever_awaits_a_job_hears_of_its_end),
            cmocka_unit_test(two_who_have_a_store_open_see_the_same_jobs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
