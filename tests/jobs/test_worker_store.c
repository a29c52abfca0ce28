/* A worker and its store: when it asks, what it does where the store is away, loses replies, or is broken. */
#include "fake.h"

static size_t begun;

static int do_nothing(eddy_job *job, void *arg)
{
        (void)job, (void)arg;
        begun++;
        return 0;
}

static void open_idle(eddy_job_worker_options options)
{
        begun = 0;
        open_worker(do_nothing, options);
        begin_work();
        WAIT_UNTIL(fake.looks == 1);
}

COROUTINE_TEST(an_idle_worker_waits_for_a_hint)
{
        open_idle((eddy_job_worker_options){.poll = eddy_seconds(3600)});
        for (int i = 0; i < 50; i++)
                eddy_yield();
        assert_int_equal(fake.turns, 1);
        assert_int_equal(fake.listens, 1);
        add("a", (eddy_job_spec){0});
        WAIT_UNTIL(begun == 1);
        add("b", (eddy_job_spec){.queue = "other"});
        WAIT_UNTIL(count_state(EDDY_JOB_DONE) == 1);
        hint(JOBS_HINT_WORK, NULL); /* whatever queue it is */
        WAIT_UNTIL(fake.looks >= 3);
        assert_int_equal(end_work(), 0);
        assert_int_equal(begun, 1);
        close_worker();
}

COROUTINE_TEST(without_hints_the_store_is_asked_now_and_then)
{
        eddy_time begin;

        open_idle((eddy_job_worker_options){.poll = eddy_ms(20)});
        begin = fake.last_turn;
        WAIT_UNTIL(fake.looks == 4);
        assert_true(fake.last_turn - begin >= 3 * eddy_ms(20));
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(what_is_due_later_is_taken_when_it_is_due)
{
        open_worker(do_nothing, (eddy_job_worker_options){0});
        begun = 0;
        add("a", (eddy_job_spec){0});
        job_of("a")->state = EDDY_JOB_SCHEDULED;
        job_of("a")->due = eddy_now() + eddy_seconds(1);
        begin_work();
        WAIT_UNTIL(begun == 1);
        assert_true(eddy_now() >= job_of("a")->due);
        assert_in_range(fake.looks, 2, 4);
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(a_hint_during_a_turn_is_not_lost)
{
        open_worker(do_nothing, (eddy_job_worker_options){.poll = eddy_seconds(3600)});
        begun = 0;
        begin_work();
        WAIT_UNTIL(fake.turns == 1);
        WAIT_UNTIL(fake.last_number != 0); /* the store has found nothing, and its answer is on its way */
        add("a", (eddy_job_spec){0});
        WAIT_UNTIL(begun == 1);
        assert_int_equal(end_work(), 0);
        close_worker();
}

/* A store that says that there is something and gives nothing, as of a queue that is paused or limited. */
COROUTINE_TEST(looks_that_find_nothing_come_further_and_further_apart)
{
        eddy_time begin;

        open_idle((eddy_job_worker_options){0});
        fake.says_more = true;
        hint(JOBS_HINT_ANY, NULL);
        begin = eddy_now();
        WAIT_UNTIL(fake.looks == 8);
        assert_true(eddy_now() - begin >= eddy_ms(1 + 2 + 4 + 8 + 16));
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(hints_that_lead_to_nothing_cost_a_look_now_and_then)
{
        eddy_time begin;

        open_idle((eddy_job_worker_options){0});
        begin = eddy_now();
        while (fake.looks < 12) {
                hint(JOBS_HINT_WORK, "default");
                assert_int_equal(eddy_yield(), 0);
        }
        assert_true(eddy_now() - begin >= eddy_ms(20));
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(a_store_that_is_away_is_waited_for)
{
        open_worker(do_nothing, (eddy_job_worker_options){0});
        begun = 0;
        fake.is_away = true;
        begin_work();
        WAIT_UNTIL(fake.turns == 2);
        while (worker->shift.failures < 2)
                eddy_yield();
        fake.is_away = false;
        worker->shift.again = eddy_now() + eddy_seconds(3600);
        add("a", (eddy_job_spec){0}); /* its hint ends the wait */
        WAIT_UNTIL(begun == 1);
        assert_int_equal(end_work(), 0);
        close_worker();
}

COROUTINE_TEST(a_worker_of_many_places_asks_for_a_bounded_number_at_a_time)
{
        enum { N = 2500 };
        char id[16];

        open_worker(do_nothing, (eddy_job_worker_options){.concurrency = N});
        begun = 0;
        for (int i = 0; i < N; i++) {
                snprintf(id, sizeof id, "%d", i);
                add(id, (eddy_job_spec){0});
        }
        begin_work();
        WAIT_UNTIL(count_state(EDDY_JOB_DONE) == N);
        assert_int_equal(end_work(), 0);
        assert_int_equal(begun, N);
        assert_int_equal(fake.most_taken, 1000);
        assert_true(fake.most_told <= 1000);
        close_worker();
}

COROUTINE_TEST(what_became_of_jobs_is_kept_until_the_store_is_back)
{
        char id[2] = "a";

        open_worker(do_nothing, (eddy_job_worker_options){.concurrency = 4});
        begun = 0;
        for (; id[0] <= 'h'; id[0]++)
                add(id, (eddy_job_spec){0});
        begin_work();
        WAIT_UNTIL(count_state(EDDY_JOB_RUNNING) == 4);
        fake.is_away = true;
        WAIT_UNTIL(begun == 4 && fake.turns >= 3);
        assert_int_equal(count_state(EDDY_JOB_DONE), 0);
        assert_int_equal(count_state(EDDY_JOB_RUNNING), 4);
        fake.is_away = false;
        hint(JOBS_HINT_ANY, NULL);
        WAIT_UNTIL(count_state(EDDY_JOB_DONE) == 8);
        assert_int_equal(end_work(), 0);
        assert_int_equal(begun, 8);
        close_worker();
}

/* docs/jobs.md promises [answer-lost] */
COROUTINE_TEST(after_a_lost_reply_nothing_is_done_twice)
{
        char id[16];
        uint64_t number;

        open_worker(do_nothing, (eddy_job_worker_options){.concurrency = 4});
        begun = 0;
        for (int i = 0; i < 40; i++) {
                snprintf(id, sizeof id, "%d", i);
                add(id, (eddy_job_spec){0});
        }
        begin_work();
        for (int i = 0; i < 3; i++) {
                fake.losing = 1;
                WAIT_UNTIL(fake.losing == 0);
                number = fake.last_number;
                hint(JOBS_HINT_ANY, NULL);
                WAIT_UNTIL(fake.losing == 0 && worker->shift.failures == 0);
                assert_true(fake.last_number >= number);
        }
        WAIT_UNTIL(count_state(EDDY_JOB_DONE) == 40);
        assert_int_equal(end_work(), 0);
        assert_int_equal(begun, 40);
        for (size_t i = 0; i < 40; i++) {
                assert_int_equal(fake.jobs[i].verdicts, 1);
                assert_int_equal(fake.jobs[i].fence, 1);
        }
        close_worker();
}

/* It may be another worker's by the time that the worker hears of it. */
COROUTINE_TEST(a_job_whose_lease_has_ended_before_it_came_goes_back)
{
        open_worker(do_nothing, (eddy_job_worker_options){.lease = eddy_ms(20)});
        begun = 0;
        add("a", (eddy_job_spec){0});
        fake.losing = 1;
        begin_work();
        WAIT_UNTIL(job_of("a")->verdicts == 1);
        assert_int_equal(job_of("a")->verdict, JOBS_RETURN);
        WAIT_UNTIL(count_state(EDDY_JOB_DONE) == 1);
        assert_int_equal(end_work(), 0);
        assert_int_equal(begun, 1);
        close_worker();
}

COROUTINE_TEST(a_store_of_another_version_ends_it)
{
        open_idle((eddy_job_worker_options){0});
        fake.failing = 1;
        fake.failure = EDDY_EJOBSFORMAT;
        hint(JOBS_HINT_ANY, NULL);
        assert_int_equal(join_work(), EDDY_EJOBSFORMAT);
        assert_int_equal(fake.turns, 2);
        close_worker();
}

static intptr_t run_and_tell_why(void *text)
{
        int rc = eddy_job_worker_run(worker);

        snprintf(text, 128, "%s", eddy_explain(rc));
        return rc;
}

COROUTINE_TEST(a_store_that_refuses_again_and_again_ends_it)
{
        char text[128];
        intptr_t rc;

        open_worker(do_nothing, (eddy_job_worker_options){0});
        fake.failing = 100;
        fake.failure = EDDY_EJOBS;
        work = eddy_create_task(run_and_tell_why, text);
        while (!eddy_done(work)) {
                hint(JOBS_HINT_ANY, NULL);
                eddy_sleep(eddy_ms(1));
        }
        assert_int_equal(eddy_join(work, &rc), 0);
        assert_int_equal(rc, EDDY_EJOBS);
        assert_string_equal(text, "the fake store is away");
        assert_int_equal(fake.turns, 7); /* the last to say what became of jobs */
        close_worker();
}

static int wait_for_ever(eddy_job *job, void *arg)
{
        (void)job, (void)arg;
        begun++;
        return eddy_sleep(EDDY_FOREVER);
}

COROUTINE_TEST(a_worker_that_gives_up_says_what_became_of_its_jobs)
{
        begun = 0;
        open_worker(wait_for_ever, (eddy_job_worker_options){0});
        add("a", (eddy_job_spec){0});
        begin_work();
        WAIT_UNTIL(begun == 1);
        fake.failing = 6;
        fake.failure = EDDY_EJOBS;
        while (!eddy_done(work)) {
                hint(JOBS_HINT_ANY, NULL);
                eddy_sleep(eddy_ms(1));
        }
        assert_int_equal(join_work(), EDDY_EJOBS);
        assert_int_equal(job_of("a")->state, EDDY_JOB_READY);
        assert_int_equal(job_of("a")->attempt, 0);
        close_worker();
}

COROUTINE_TEST(finished_jobs_are_swept_in_portions)
{
        open_worker(do_nothing, (eddy_job_worker_options){0});
        worker->sweep = eddy_ms(200);
        fake.sweep_finds = 1000;
        begin_work();
        WAIT_UNTIL(fake.sweeps == 2); /* the second at once, for the first was full */
        WAIT_UNTIL(fake.sweeps == 3);
        assert_int_equal(end_work(), 0);
        close_worker();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(an_idle_worker_waits_for_a_hint),
            cmocka_unit_test(without_hints_the_store_is_asked_now_and_then),
            cmocka_unit_test(what_is_due_later_is_taken_when_it_is_due),
            cmocka_unit_test(a_hint_during_a_turn_is_not_lost),
            cmocka_unit_test(looks_that_find_nothing_come_further_and_further_apart),
            cmocka_unit_test(hints_that_lead_to_nothing_cost_a_look_now_and_then),
            cmocka_unit_test(a_store_that_is_away_is_waited_for),
            cmocka_unit_test(a_worker_of_many_places_asks_for_a_bounded_number_at_a_time),
            cmocka_unit_test(what_became_of_jobs_is_kept_until_the_store_is_back),
            cmocka_unit_test(after_a_lost_reply_nothing_is_done_twice),
            cmocka_unit_test(a_job_whose_lease_has_ended_before_it_came_goes_back),
            cmocka_unit_test(a_store_of_another_version_ends_it),
            cmocka_unit_test(a_store_that_refuses_again_and_again_ends_it),
            cmocka_unit_test(a_worker_that_gives_up_says_what_became_of_its_jobs),
            cmocka_unit_test(finished_jobs_are_swept_in_portions),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
