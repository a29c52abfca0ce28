/* A job that runs belongs to its worker: leases that are renewed, lost, or cannot be; and jobs that are cancelled. */
#include "fake.h"

#include <unistd.h>

static bool has_begun, may_end;
static int ended_with; /* what the last wait came to */
static char why[256];
static int returns; /* what a handler makes of an interruption; 1: what it is */

static int wait_for_test(eddy_job *job, void *arg)
{
        int rc = 0;

        (void)job, (void)arg;
        has_begun = true;
        fake_changed();
        while (rc == 0 && !may_end) {
                eddy_event_clear(&fake.changed);
                rc = eddy_event_wait(&fake.changed);
        }
        snprintf(why, sizeof why, "%s", rc < 0 ? eddy_explain(rc) : "");
        ended_with = rc;
        return rc < 0 && returns != 1 ? returns : rc;
}

static struct fake_job *begin(eddy_job_worker_options options)
{
        has_begun = may_end = false;
        ended_with = 0;
        returns = 1;
        open_worker(wait_for_test, options);
        add("a", (eddy_job_spec){0});
        begin_work();
        WAIT_UNTIL(has_begun);
        return job_of("a");
}

static void end_job(void)
{
        may_end = true;
        fake_changed();
}

COROUTINE_TEST(a_lease_is_renewed_as_long_as_the_job_runs)
{
        struct fake_job *job = begin((eddy_job_worker_options){.lease = eddy_ms(60)});
        eddy_time begun;

        WAIT_UNTIL(fake.renewals == 1);
        begun = eddy_now();
        WAIT_UNTIL(fake.renewals == 4);
        assert_true(eddy_now() - begun >= eddy_ms(50)); /* a third of the lease each */
        end_job();
        WAIT_UNTIL(job->verdicts == 1);
        assert_int_equal(job->verdict, JOBS_DONE);
        assert_int_equal(end_work(), 0);
        assert_int_equal(fake.renewed, fake.renewals);
        close_worker();
}

static int do_nothing(eddy_job *job, void *arg)
{
        (void)job, (void)arg;
        return 0;
}

static size_t waiting;

static int wait_with_others(eddy_job *job, void *arg)
{
        waiting++;
        return wait_for_test(job, arg);
}

COROUTINE_TEST(many_leases_are_renewed_in_portions)
{
        enum { N = 2500 };
        char id[16];

        has_begun = may_end = false;
        waiting = 0;
        returns = 1;
        open_worker(wait_with_others, (eddy_job_worker_options){.concurrency = N, .lease = eddy_seconds(3600)});
        for (int i = 0; i < N; i++) {
                snprintf(id, sizeof id, "%d", i);
                add(id, (eddy_job_spec){0});
        }
        begin_work();
        WAIT_UNTIL(waiting == N);
        hint(JOBS_HINT_ANY, NULL);
        WAIT_UNTIL(fake.renewed >= N);
        assert_int_equal(fake.most_renewed, 1000);
        assert_int_equal(fake.renewed, N);
        end_job();
        WAIT_UNTIL(count_state(EDDY_JOB_DONE) == N);
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(short_jobs_cost_no_renewals)
{
        char id[16];

        open_worker(do_nothing, (eddy_job_worker_options){0});
        for (int i = 0; i < 1000; i++) {
                snprintf(id, sizeof id, "%d", i);
                add(id, (eddy_job_spec){0});
        }
        begin_work();
        WAIT_UNTIL(count_state(EDDY_JOB_DONE) == 1000);
        assert_int_equal(end_work(), 0);
        assert_int_equal(fake.renewals, 0);
        close_worker();
}

static int speak_and_wait(eddy_job *job, void *arg)
{
        int rc;

        eddy_job_log(job, "begun");
        eddy_job_progress(job, 0.5, "half");
        rc = wait_for_test(job, arg);
        eddy_job_log(job, "ended");
        return rc;
}

COROUTINE_TEST(what_a_handler_says_is_stored_while_it_runs)
{
        struct fake_job *job;

        has_begun = may_end = false;
        open_worker(speak_and_wait, (eddy_job_worker_options){.lease = eddy_seconds(3600)});
        add("a", (eddy_job_spec){0});
        job = job_of("a");
        begin_work();
        WAIT_UNTIL(job->log);
        assert_string_equal(job->log, "begun\n");
        assert_string_equal(job->note, "half");
        assert_true(job->progress == 0.5);
        assert_int_equal(job->state, EDDY_JOB_RUNNING);
        end_job();
        WAIT_UNTIL(job->verdicts == 1);
        assert_string_equal(job->log, "begun\nended\n");
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(a_job_that_ends_during_a_renewal_is_told_after_it)
{
        struct fake_job *job;

        has_begun = may_end = false;
        open_worker(speak_and_wait,
                    (eddy_job_worker_options){.lease = eddy_seconds(3600), .poll = eddy_seconds(3600)});
        assert_int_equal(eddy_job_worker_handle(worker, "short", do_nothing, NULL), 0);
        fake.renewals_are_held = true;
        add("a", (eddy_job_spec){0});
        job = job_of("a");
        begin_work();
        WAIT_UNTIL(fake.renewals == 1);
        end_job();
        add("b", (eddy_job_spec){.kind = "short"});
        WAIT_UNTIL(strstr(events, "done b"));
        for (int i = 0; i < 20; i++)
                eddy_yield();
        assert_int_equal(job->verdicts, 0); /* or what it has said would come behind its end */
        fake.renewals_are_held = false;
        fake_changed();
        WAIT_UNTIL(job->verdicts == 1);
        assert_string_equal(job->log, "begun\nended\n");
        assert_int_equal(end_work(), 0);
        close_worker();
}

/* Two renewals have this trouble. */
static void check_that_it_is_said_once(unsigned *trouble)
{
        struct fake_job *job;

        has_begun = may_end = false;
        open_worker(speak_and_wait, (eddy_job_worker_options){.lease = eddy_seconds(2)});
        *trouble = 2;
        add("a", (eddy_job_spec){0});
        job = job_of("a");
        begin_work();
        WAIT_UNTIL(fake.renewals == 3 && job->log);
        end_job();
        WAIT_UNTIL(job->verdicts == 1);
        assert_string_equal(job->log, "begun\nended\n");
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(what_was_said_is_sent_again_where_a_renewal_fails)
{
        check_that_it_is_said_once(&fake.renewals_failing);
}

COROUTINE_TEST(what_was_said_is_stored_once_where_the_reply_is_lost)
{
        check_that_it_is_said_once(&fake.renewals_losing);
}

static int block(eddy_job *job, void *arg)
{
        (void)job, (void)arg;
        usleep(100 * 1000); /* what is tested: all stands still */
        return wait_for_test(job, arg);
}

static int wait_a_while(eddy_job *job, void *arg)
{
        (void)job, (void)arg;
        return eddy_sleep(eddy_ms(1));
}

COROUTINE_TEST(who_blocks_the_loop_is_told_in_the_log)
{
        has_begun = may_end = false;
        returns = 1;
        open_worker(wait_a_while, (eddy_job_worker_options){.lease = eddy_ms(120)});
        assert_int_equal(eddy_job_worker_handle(worker, "block", block, NULL), 0);
        begin_work();
        WAIT_UNTIL(fake.turns == 1);
        add("a", (eddy_job_spec){0});
        add("b", (eddy_job_spec){.kind = "block"});
        WAIT_UNTIL(job_of("b")->log);
        assert_non_null(strstr(job_of("b")->log, "the worker stood still for 0."));
        end_job();
        WAIT_UNTIL(count_state(EDDY_JOB_DONE) == 2);
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(a_job_that_is_cancelled_ends)
{
        struct fake_job *job = begin((eddy_job_worker_options){0});

        job->is_cancelling = true;
        hint(JOBS_HINT_CANCEL, "nobody");
        hint(JOBS_HINT_CANCEL, "a");
        WAIT_UNTIL(strstr(events, "cancelled"));
        assert_int_equal(ended_with, EDDY_CANCELLED);
        assert_string_equal(why, "the job was cancelled");
        assert_int_equal(job->verdict, JOBS_CANCEL);
        assert_events("begun a, cancelled a");
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(a_job_is_cancelled_by_its_renewal_where_nobody_said_so)
{
        struct fake_job *job = begin((eddy_job_worker_options){.lease = eddy_ms(60)});

        job->is_cancelling = true;
        WAIT_UNTIL(job->verdicts == 1);
        assert_int_equal(job->verdict, JOBS_CANCEL);
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(where_hints_may_have_been_missed_the_store_is_asked_at_once)
{
        struct fake_job *job = begin((eddy_job_worker_options){.lease = eddy_seconds(3600)});

        job->is_cancelling = true;
        hint(JOBS_HINT_ANY, NULL);
        WAIT_UNTIL(job->verdicts == 1);
        assert_int_equal(job->verdict, JOBS_CANCEL);
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(a_job_that_is_cancelled_as_it_is_taken_ends_too)
{
        struct fake_job *job;

        has_begun = may_end = false;
        returns = 1;
        open_worker(wait_for_test, (eddy_job_worker_options){.lease = eddy_seconds(3600)});
        add("a", (eddy_job_spec){0});
        job = job_of("a");
        begin_work();
        WAIT_UNTIL(job->state == EDDY_JOB_RUNNING);
        job->is_cancelling = true;
        hint(JOBS_HINT_CANCEL, "a"); /* before the worker has heard that it has it */
        WAIT_UNTIL(job->verdicts == 1);
        assert_int_equal(job->verdict, JOBS_CANCEL);
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(a_job_that_is_cancelled_and_done_all_the_same_is_done)
{
        struct fake_job *job = begin((eddy_job_worker_options){0});

        returns = 0;
        hint(JOBS_HINT_CANCEL, "a");
        WAIT_UNTIL(job->verdicts == 1);
        assert_int_equal(ended_with, EDDY_CANCELLED);
        assert_int_equal(job->verdict, JOBS_DONE);
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(a_job_that_is_cancelled_and_fails_is_cancelled)
{
        struct fake_job *job = begin((eddy_job_worker_options){0});

        returns = -EIO;
        hint(JOBS_HINT_CANCEL, "a");
        WAIT_UNTIL(job->verdicts == 1);
        assert_int_equal(job->verdict, JOBS_CANCEL);
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(a_job_that_another_worker_has_ends_and_nothing_is_told)
{
        struct fake_job *job = begin((eddy_job_worker_options){.lease = eddy_ms(60)});

        job->is_lost = true;
        WAIT_UNTIL(strstr(events, "lost"));
        assert_int_equal(ended_with, EDDY_CANCELLED);
        assert_string_equal(why, "the job is another worker's");
        assert_events("begun a, lost a");
        assert_int_equal(end_work(), 0);
        assert_int_equal(job->verdicts, 0);
        assert_int_equal(fake.most_told, 0);
        close_worker();
}

COROUTINE_TEST(a_worker_that_ends_has_nothing_to_say_of_a_job_that_is_lost)
{
        struct fake_job *job = begin((eddy_job_worker_options){.lease = eddy_ms(60)});

        worker->farewell = eddy_seconds(3600);
        eddy_job_worker_stop(worker);
        job->is_lost = true;
        assert_int_equal(join_work(), 0);
        assert_events("begun a, lost a");
        close_worker();
}

COROUTINE_TEST(a_verdict_that_comes_too_late_is_said_to_be_lost)
{
        struct fake_job *job = begin((eddy_job_worker_options){0});

        job->is_lost = true;
        end_job();
        WAIT_UNTIL(strstr(events, "lost"));
        assert_events("begun a, lost a");
        assert_int_equal(job->verdicts, 0);
        assert_int_equal(end_work(), 0);
        close_worker();
}

/* docs/jobs.md promises [twice-away] */
COROUTINE_TEST(a_job_whose_lease_cannot_be_renewed_ends_and_its_verdict_is_offered)
{
        struct fake_job *job = begin((eddy_job_worker_options){.lease = eddy_seconds(1)});
        eddy_time begun = eddy_now();

        fake.is_away = true;
        WAIT_UNTIL(ended_with < 0);
        assert_true(eddy_now() - begun >= eddy_ms(600)); /* the lease is older than `begun` */
        assert_true(fake.renewals >= 1);
        assert_string_equal(why, "the job's lease could not be renewed, and another worker may have it");
        fake.is_away = false;
        may_end = true;
        WAIT_UNTIL(job->verdicts == 1);
        assert_int_equal(job->verdict, JOBS_RETURN);
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(a_renewal_that_hangs_ends_in_time)
{
        struct fake_job *job = begin((eddy_job_worker_options){.lease = eddy_seconds(3)});

        fake.renewals_are_held = true;
        WAIT_UNTIL(fake.renewals == 2); /* the first was given up */
        fake.renewals_are_held = false;
        fake_changed();
        WAIT_UNTIL(fake.renewed == 1);
        assert_int_equal(ended_with, 0);
        end_job();
        WAIT_UNTIL(job->verdicts == 1);
        assert_int_equal(job->verdict, JOBS_DONE);
        assert_int_equal(end_work(), 0);
        close_worker();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_lease_is_renewed_as_long_as_the_job_runs),
            cmocka_unit_test(many_leases_are_renewed_in_portions),
            cmocka_unit_test(short_jobs_cost_no_renewals),
            cmocka_unit_test(what_a_handler_says_is_stored_while_it_runs),
            cmocka_unit_test(a_job_that_ends_during_a_renewal_is_told_after_it),
            cmocka_unit_test(what_was_said_is_sent_again_where_a_renewal_fails),
            cmocka_unit_test(what_was_said_is_stored_once_where_the_reply_is_lost),
            cmocka_unit_test(who_blocks_the_loop_is_told_in_the_log),
            cmocka_unit_test(a_job_that_is_cancelled_ends),
            cmocka_unit_test(a_job_is_cancelled_by_its_renewal_where_nobody_said_so),
            cmocka_unit_test(where_hints_may_have_been_missed_the_store_is_asked_at_once),
            cmocka_unit_test(a_job_that_is_cancelled_as_it_is_taken_ends_too),
            cmocka_unit_test(a_job_that_is_cancelled_and_done_all_the_same_is_done),
            cmocka_unit_test(a_job_that_is_cancelled_and_fails_is_cancelled),
            cmocka_unit_test(a_job_that_another_worker_has_ends_and_nothing_is_told),
            cmocka_unit_test(a_worker_that_ends_has_nothing_to_say_of_a_job_that_is_lost),
            cmocka_unit_test(a_verdict_that_comes_too_late_is_said_to_be_lost),
            cmocka_unit_test(a_job_whose_lease_cannot_be_renewed_ends_and_its_verdict_is_offered),
            cmocka_unit_test(a_renewal_that_hangs_ends_in_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
