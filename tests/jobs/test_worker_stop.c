/* How a worker ends: by a call, a signal or an interruption, with grace or without; and nothing that it has taken is kept. */
#include "fake.h"

#include <signal.h>

static size_t running;
static bool may_end, is_stubborn;
static char why[128];

static int wait_for_test(eddy_job *job, void *arg)
{
        int rc = 0;

        (void)job, (void)arg;
        running++;
        fake_changed();
        while (rc == 0 && !may_end) {
                eddy_event_clear(&fake.changed);
                rc = eddy_event_wait(&fake.changed);
        }
        if (rc < 0)
                snprintf(why, sizeof why, "%s", eddy_explain(rc));
        while (is_stubborn && !may_end)
                EDDY_SHIELD_SCOPE
                        eddy_yield();
        running--;
        return rc;
}

static void begin(eddy_job_worker_options options)
{
        running = 0;
        may_end = is_stubborn = false;
        why[0] = '\0';
        options.concurrency = 2;
        open_worker(wait_for_test, options);
        add("a", (eddy_job_spec){0});
        add("b", (eddy_job_spec){0});
        add("c", (eddy_job_spec){0});
        begin_work();
        WAIT_UNTIL(running == 2);
}

static void await_stops(unsigned count)
{
        while (worker->stops < count)
                assert_int_equal(eddy_yield(), 0);
}

static void assert_went_back(void)
{
        assert_int_equal(count_state(EDDY_JOB_READY), 3);
        for (size_t i = 0; i < 2; i++) {
                assert_int_equal(fake.jobs[i].verdict, JOBS_RETURN);
                assert_int_equal(fake.jobs[i].attempt, 0);
        }
        assert_string_equal(why, "the worker ends");
        assert_events("begun a, begun b, returned a, returned b");
}

COROUTINE_TEST(jobs_that_run_have_their_grace_and_no_other_begins)
{
        begin((eddy_job_worker_options){0});
        eddy_job_worker_stop(worker);
        hint(JOBS_HINT_WORK, "default");
        for (int i = 0; i < 20; i++)
                eddy_yield();
        assert_int_equal(running, 2);
        may_end = true;
        fake_changed();
        assert_int_equal(join_work(), 0);
        assert_int_equal(count_state(EDDY_JOB_DONE), 2);
        assert_int_equal(count_state(EDDY_JOB_READY), 1);
        close_worker();
}

COROUTINE_TEST(leases_are_renewed_during_the_grace)
{
        begin((eddy_job_worker_options){.lease = eddy_ms(60)});
        eddy_job_worker_stop(worker);
        WAIT_UNTIL(fake.renewals >= 3);
        may_end = true;
        fake_changed();
        assert_int_equal(join_work(), 0);
        assert_int_equal(count_state(EDDY_JOB_DONE), 2);
        close_worker();
}

/* docs/jobs.md promises [returned] */
COROUTINE_TEST(after_the_grace_jobs_go_back_without_having_cost_an_attempt)
{
        begin((eddy_job_worker_options){.grace = eddy_ms(20)});
        eddy_job_worker_stop(worker);
        assert_int_equal(join_work(), 0);
        assert_went_back();
        close_worker();
}

COROUTINE_TEST(a_worker_may_have_no_grace)
{
        begin((eddy_job_worker_options){.grace = -1});
        assert_int_equal(end_work(), 0);
        assert_went_back();
        close_worker();
}

COROUTINE_TEST(who_asks_twice_is_in_a_hurry)
{
        begin((eddy_job_worker_options){0});
        eddy_job_worker_stop(worker);
        eddy_yield();
        eddy_job_worker_stop(worker);
        assert_int_equal(join_work(), 0);
        assert_went_back();
        close_worker();
}

COROUTINE_TEST(who_runs_it_and_is_cancelled_waits_for_no_grace)
{
        begin((eddy_job_worker_options){0});
        eddy_cancel(work);
        assert_int_equal(join_work(), EDDY_CANCELLED);
        assert_went_back();
        close_worker();
}

COROUTINE_TEST(who_is_cancelled_during_the_grace_ends_it)
{
        begin((eddy_job_worker_options){0});
        eddy_job_worker_stop(worker);
        eddy_yield();
        eddy_cancel(work);
        assert_int_equal(join_work(), EDDY_CANCELLED);
        assert_went_back();
        close_worker();
}

static eddy_timeout deadline;

static intptr_t run_until_the_deadline(void *arg)
{
        int rc;

        (void)arg;
        eddy_timeout_open(&deadline, EDDY_FOREVER);
        rc = eddy_job_worker_run(worker);
        eddy_timeout_close(&deadline);
        return rc;
}

COROUTINE_TEST(a_deadline_ends_it)
{
        running = 0;
        may_end = is_stubborn = false;
        open_worker(wait_for_test, (eddy_job_worker_options){.concurrency = 2});
        add("a", (eddy_job_spec){0});
        add("b", (eddy_job_spec){0});
        add("c", (eddy_job_spec){0});
        work = eddy_create_task(run_until_the_deadline, NULL);
        WAIT_UNTIL(running == 2);
        assert_int_equal(eddy_timeout_reschedule(&deadline, eddy_now()), 0);
        assert_int_equal(join_work(), EDDY_TIMEOUT);
        assert_went_back();
        close_worker();
}

COROUTINE_TEST(signals_are_as_calls)
{
        begin((eddy_job_worker_options){0});
        raise(SIGTERM);
        await_stops(1);
        for (int i = 0; i < 20; i++)
                eddy_yield();
        assert_int_equal(running, 2);
        raise(SIGINT);
        assert_int_equal(join_work(), 0);
        assert_went_back();
        close_worker();
}

/* docs/jobs.md: the third signal does what it does without a worker, and no other before. */
COROUTINE_TEST(a_second_signal_while_the_store_is_told_ends_nothing)
{
        begin((eddy_job_worker_options){.grace = eddy_seconds(1000)});
        raise(SIGTERM);
        await_stops(1);
        fake.is_held = true;
        may_end = true;
        fake_changed();
        WAIT_UNTIL(worker->running_count == 0);
        for (int i = 0; i < 20; i++)
                eddy_yield();
        raise(SIGTERM);
        await_stops(2);
        assert_false(eddy_done(work));
        fake.is_held = false;
        fake_changed();
        assert_int_equal(join_work(), 0);
        assert_int_equal(count_state(EDDY_JOB_DONE), 2);
        close_worker();
}

static unsigned heard;

static void hear(void *arg)
{
        (void)arg;
        heard++;
        fake_changed();
}

COROUTINE_TEST(signals_may_be_none_of_its_concern)
{
        heard = 0;
        begin((eddy_job_worker_options){.has_no_signals = true});
        assert_int_equal(eddy_add_signal_handler(eddy_running_loop(), SIGTERM, hear, NULL), 0);
        raise(SIGTERM);
        WAIT_UNTIL(heard == 1);
        assert_int_equal(worker->stops, 0);
        may_end = true;
        assert_int_equal(end_work(), 0);
        eddy_remove_signal_handler(eddy_running_loop(), SIGTERM);
        close_worker();
}

COROUTINE_TEST(a_turn_that_was_under_way_gives_its_jobs_back)
{
        running = 0;
        may_end = is_stubborn = false;
        open_worker(wait_for_test, (eddy_job_worker_options){0});
        fake.is_held = true;
        add("a", (eddy_job_spec){0});
        begin_work();
        WAIT_UNTIL(fake.turns == 1);
        eddy_job_worker_stop(worker);
        for (int i = 0; i < 20; i++)
                eddy_yield();
        fake.is_held = false;
        fake_changed();
        assert_int_equal(join_work(), 0);
        assert_int_equal(running, 0);
        assert_int_equal(job_of("a")->state, EDDY_JOB_READY);
        assert_int_equal(job_of("a")->fence, 1);
        assert_int_equal(job_of("a")->attempt, 0);
        close_worker();
}

COROUTINE_TEST(jobs_of_a_turn_whose_reply_was_lost_go_back_too)
{
        running = 0;
        may_end = is_stubborn = false;
        open_worker(wait_for_test, (eddy_job_worker_options){0});
        fake.losing = 1;
        add("a", (eddy_job_spec){0});
        begin_work();
        WAIT_UNTIL(fake.losing == 0 && job_of("a")->state == EDDY_JOB_RUNNING);
        assert_int_equal(end_work(), 0);
        assert_int_equal(running, 0);
        assert_int_equal(job_of("a")->state, EDDY_JOB_READY);
        close_worker();
}

COROUTINE_TEST(a_store_that_is_away_is_told_for_a_while_and_no_longer)
{
        begin((eddy_job_worker_options){.grace = -1});
        worker->farewell = eddy_ms(50);
        fake.is_away = true;
        assert_int_equal(end_work(), 0);
        assert_int_equal(count_state(EDDY_JOB_RUNNING), 2); /* until their leases end */
        assert_events("begun a, begun b");
        close_worker();
}

COROUTINE_TEST(a_store_that_hangs_does_not_hold_it_up)
{
        begin((eddy_job_worker_options){.grace = -1});
        worker->farewell = eddy_ms(50);
        fake.is_held = true;
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(a_handler_that_does_not_heed_its_cancellation_is_waited_for)
{
        begin((eddy_job_worker_options){.grace = -1});
        is_stubborn = true;
        eddy_job_worker_stop(worker);
        for (int i = 0; i < 50; i++)
                eddy_yield();
        assert_false(eddy_done(work));
        may_end = true;
        assert_int_equal(join_work(), 0);
        assert_went_back();
        close_worker();
}

COROUTINE_TEST(an_idle_worker_ends_at_once_and_may_run_again)
{
        open_worker(wait_for_test, (eddy_job_worker_options){0});
        may_end = true;
        for (int i = 0; i < 2; i++) {
                begin_work();
                WAIT_UNTIL(fake.looks == (unsigned)i + 1);
                assert_int_equal(eddy_job_worker_run(worker), EDDY_EINVALIDSTATE);
                assert_int_equal(end_work(), 0);
        }
        eddy_job_worker_stop(worker); /* before it begins */
        assert_int_equal(eddy_job_worker_run(worker), 0);
        close_worker();
}

static intptr_t cancel_early(void *arg)
{
        (void)arg;
        return eddy_job_worker_run(worker);
}

COROUTINE_TEST(who_is_cancelled_already_takes_nothing)
{
        open_worker(wait_for_test, (eddy_job_worker_options){0});
        add("a", (eddy_job_spec){0});
        work = eddy_create_task(cancel_early, NULL);
        eddy_cancel(work);
        assert_int_equal(join_work(), EDDY_CANCELLED);
        assert_int_equal(fake.turns, 0);
        close_worker();
}

COROUTINE_TEST(without_memory_it_does_not_begin)
{
        for (unsigned long nth = 1;; nth++) {
                int rc;

                open_worker(wait_for_test, (eddy_job_worker_options){0});
                eddy_job_worker_stop(worker);
                fault_arm(nth, 1);
                rc = eddy_job_worker_run(worker);
                bool is_over = fault_uses() < nth;
                fault_arm(0, 0);
                assert_true(rc == 0 || rc == -ENOMEM);
                assert_int_equal(fake.looks, 0);
                close_worker();
                if (is_over)
                        return;
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(jobs_that_run_have_their_grace_and_no_other_begins),
            cmocka_unit_test(leases_are_renewed_during_the_grace),
            cmocka_unit_test(after_the_grace_jobs_go_back_without_having_cost_an_attempt),
            cmocka_unit_test(a_worker_may_have_no_grace),
            cmocka_unit_test(who_asks_twice_is_in_a_hurry),
            cmocka_unit_test(who_runs_it_and_is_cancelled_waits_for_no_grace),
            cmocka_unit_test(who_is_cancelled_during_the_grace_ends_it),
            cmocka_unit_test(a_deadline_ends_it),
            cmocka_unit_test(signals_are_as_calls),
            cmocka_unit_test(a_second_signal_while_the_store_is_told_ends_nothing),
            cmocka_unit_test(signals_may_be_none_of_its_concern),
            cmocka_unit_test(a_turn_that_was_under_way_gives_its_jobs_back),
            cmocka_unit_test(jobs_of_a_turn_whose_reply_was_lost_go_back_too),
            cmocka_unit_test(a_store_that_is_away_is_told_for_a_while_and_no_longer),
            cmocka_unit_test(a_store_that_hangs_does_not_hold_it_up),
            cmocka_unit_test(a_handler_that_does_not_heed_its_cancellation_is_waited_for),
            cmocka_unit_test(an_idle_worker_ends_at_once_and_may_run_again),
            cmocka_unit_test(who_is_cancelled_already_takes_nothing),
            cmocka_unit_test(without_memory_it_does_not_begin),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
