/* Jobs that are enqueued with other things, and what a store says by itself. */
#include "helpers.h"

/* What was heard. */
struct ear {
        struct jobs_listener listener;
        int work, finished, cancelled, any;
        char name[128];
        bool was_within_task;
};

static void hear(struct jobs_listener *listener, enum jobs_hint hint, const char *name)
{
        struct ear *ear = (struct ear *)listener;

        ear->work += hint == JOBS_HINT_WORK;
        ear->finished += hint == JOBS_HINT_FINISHED;
        ear->cancelled += hint == JOBS_HINT_CANCEL;
        ear->any += hint == JOBS_HINT_ANY;
        ear->was_within_task |= eddy_current_task() != NULL;
        snprintf(ear->name, sizeof ear->name, "%s", name ? name : "");
}

static void listen_to(eddy_jobs *jobs, struct ear *ear)
{
        *ear = (struct ear){.listener.on_hint = hear};
        list_append(&jobs->listeners, &ear->listener.link);
        assert_int_equal(jobs->engine->type->listen(jobs->engine), 0);
        until(ear->any > 0);
}

/* That a worker finds this job alone; "": none. */
static void assert_takes(eddy_jobs *jobs, const char *id)
{
        struct turn turn = {0};

        assert_int_equal(run_turn(jobs, &turn, "worker", MOST), 0);
        assert_int_equal(turn.turn.taken_count, *id ? 1 : 0);
        if (*id)
                assert_string_equal(turn.taken[0]->id, id);
        drop(&turn);
}

static void enqueue_within(eddy_jobs *jobs, eddy_postgres *pg, const char *id, const char *key)
{
        int rc = eddy_jobs_enqueue_postgres(jobs, pg, &(eddy_job_spec){.kind = "work", .id = id, .key = key}, 1,
                                            NULL);

        if (rc < 0)
                fail_msg("%s: %s", eddy_errname(rc), eddy_explain(rc));
}

/* docs/jobs.md promises [transaction] */
COROUTINE_TEST(a_job_exists_exactly_if_its_transaction_commits)
{
        eddy_jobs *jobs = open_new_store();
        eddy_postgres *pg = connect_to_server();
        eddy_job_info *info;

        assert_int_equal(eddy_postgres_begin(pg), 0);
        enqueue_within(jobs, pg, "a", NULL);
        assert_int_equal(eddy_jobs_get(jobs, "a", &info), EDDY_ENOJOB);
        assert_takes(jobs, "");
        assert_int_equal(eddy_postgres_end(pg, -1), -1);
        assert_takes(jobs, "");
        assert_int_equal(eddy_postgres_begin(pg), 0);
        enqueue_within(jobs, pg, "b", NULL);
        assert_int_equal(eddy_postgres_end(pg, 0), 0);
        assert_takes(jobs, "b");
        enqueue_within(jobs, pg, "c", NULL); /* without a transaction */
        assert_takes(jobs, "c");
        assert_counts_are_true();
        eddy_postgres_destroy(pg);
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(workers_hear_of_it_when_it_commits)
{
        eddy_jobs *jobs = open_new_store();
        eddy_postgres *pg = connect_to_server();
        struct ear ear;

        listen_to(jobs, &ear);
        assert_takes(jobs, "");
        assert_int_equal(eddy_postgres_begin(pg), 0);
        enqueue_within(jobs, pg, "a", NULL);
        assert_takes(jobs, ""); /* which looked too early */
        assert_int_equal(ear.work, 0);
        assert_int_equal(eddy_postgres_end(pg, 0), 0);
        until(ear.work > 0);
        assert_string_equal(ear.name, "default");
        assert_takes(jobs, "a");
        eddy_postgres_destroy(pg);
        eddy_jobs_close(jobs);
}

/* Somebody looks after a job, which is locked for that moment, and a worker passes over it. */
static void check_that_workers_hear_of_it_after(const char *statement)
{
        eddy_jobs *jobs = open_new_store();
        eddy_postgres *pg = connect_to_server();
        struct ear ear;

        enqueue(jobs, "a", (eddy_job_spec){0});
        listen_to(jobs, &ear);
        assert_int_equal(eddy_postgres_begin(pg), 0);
        assert_runs(pg, on_store("SELECT FROM @.job FOR UPDATE"));
        assert_takes(jobs, "");
        assert_runs(pg, on_store(statement));
        assert_int_equal(ear.work, 0);
        assert_int_equal(eddy_postgres_end(pg, 0), 0);
        until(ear.work > 0);
        assert_takes(jobs, "a");
        eddy_postgres_destroy(pg);
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(workers_hear_of_a_job_that_was_being_followed)
{
        check_that_workers_hear_of_it_after("SELECT @.follow('a', 2)");
}

COROUTINE_TEST(and_of_one_that_was_to_be_retried)
{
        check_that_workers_hear_of_it_after("SELECT @.act('retry', 'a', 0, 2)");
}

COROUTINE_TEST(an_open_transaction_keeps_nobody_from_its_keys)
{
        eddy_jobs *jobs = open_new_store();
        eddy_postgres *pg = connect_to_server();
        struct turn turn = {0}, next;

        enqueue(jobs, "a", (eddy_job_spec){.key = "ada"});
        assert_int_equal(run_turn(jobs, &turn, "worker", 1), 0);
        assert_int_equal(eddy_postgres_begin(pg), 0);
        enqueue_within(jobs, pg, "b", "ada");
        finish_all(&turn, &next);
        assert_int_equal(run_turn(jobs, &next, "worker", 1), 0); /* passes the turn on, and sees nobody */
        assert_int_equal(next.turn.taken_count, 0);
        drop(&turn);
        assert_int_equal(eddy_postgres_end(pg, 0), 0);
        enqueue(jobs, "c", (eddy_job_spec){.key = "ada"});
        assert_takes(jobs, "b"); /* which was before */
        eddy_postgres_destroy(pg);
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(what_is_wrong_is_refused_before_anything_is_sent)
{
        eddy_jobs *jobs = open_new_store(), *memory;
        eddy_postgres *pg = connect_to_server();

        assert_int_equal(eddy_postgres_begin(pg), 0);
        assert_int_equal(eddy_jobs_enqueue_postgres(jobs, pg, &(eddy_job_spec){.kind = ""}, 1, NULL), -EINVAL);
        enqueue_within(jobs, pg, "a", NULL);
        assert_int_equal(eddy_postgres_end(pg, 0), 0);
        assert_takes(jobs, "a");
        if (eddy_jobs_open(&memory, "memory:", NULL) == 0) {
                assert_int_equal(eddy_jobs_enqueue_postgres(memory, pg, &(eddy_job_spec){.kind = "a"}, 1, NULL),
                                 -EINVAL);
                eddy_jobs_close(memory);
        }
        eddy_postgres_destroy(pg);
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(who_found_nothing_hears_of_work_once)
{
        eddy_jobs *jobs = open_new_store(), *other = open_store();
        struct ear ear;

        listen_to(jobs, &ear);
        assert_takes(jobs, "");
        for (int i = 0; i < 5; i++) {
                char id[8];
                snprintf(id, sizeof id, "%d", i);
                enqueue(other, id, (eddy_job_spec){0});
        }
        until(ear.work > 0);
        assert_string_equal(ear.name, "default");
        /* Until somebody looks again there is nothing to be told. */
        assert_int_equal(eddy_jobs_cancel(other, "4"), 0);
        enqueue(other, "last", (eddy_job_spec){.queue = "another"});
        assert_int_equal(ear.work, 1);
        assert_false(ear.was_within_task);
        eddy_jobs_close(other);
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(who_is_at_work_costs_no_notification)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {0};
        struct ear ear;

        listen_to(jobs, &ear);
        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_int_equal(run_turn(jobs, &turn, "worker", 1), 0); /* as much as it wants */
        enqueue(jobs, "b", (eddy_job_spec){0});
        assert_int_equal(eddy_jobs_cancel(jobs, turn.taken[0]->id), 0);
        until(ear.cancelled > 0); /* which is told behind all others */
        assert_string_equal(ear.name, "a");
        assert_int_equal(ear.work, 0);
        drop(&turn);
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(a_scheduled_job_is_heard_of_too)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {0};
        struct ear ear;

        listen_to(jobs, &ear);
        assert_takes(jobs, "");
        enqueue(jobs, "a", (eddy_job_spec){.delay = eddy_seconds(2)});
        until(ear.work > 0);
        assert_int_equal(run_turn(jobs, &turn, "worker", 1), 0);
        assert_true(turn.turn.next > eddy_seconds(1) && turn.turn.next <= eddy_seconds(2));
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(hints_come_again_after_the_connection_was_lost)
{
        eddy_jobs *jobs = open_new_store();
        struct ear ear;
        int before;

        listen_to(jobs, &ear);
        before = ear.any;
        break_connections();
        until(ear.any > before); /* of the time between */
        assert_takes(jobs, "");
        enqueue(jobs, "a", (eddy_job_spec){0});
        until(ear.work > 0);
        assert_int_equal(jobs->engine->type->follow(jobs->engine, "a"), 0);
        assert_int_equal(eddy_jobs_cancel(jobs, "a"), 0);
        until(ear.finished > 0);
        assert_string_equal(ear.name, "a");
        eddy_jobs_close(jobs);
}

/* Enqueueing on a connection where something fails, or who waits is cancelled, at any point: the job is there or not, and the same again
 * succeeds. */

static int try_eddy_jobs_enqueue_postgres(eddy_jobs *jobs)
{
        eddy_postgres *pg;
        int rc = eddy_postgres_connect(&pg, server.conninfo);

        if (rc == 0)
                rc = eddy_jobs_enqueue_postgres(jobs, pg, &(eddy_job_spec){.kind = "work", .id = "a"}, 1, NULL);
        eddy_postgres_destroy(pg);
        return rc;
}

static intptr_t run_enqueuer(void *arg)
{
        return try_eddy_jobs_enqueue_postgres(arg);
}

COROUTINE_TEST(enqueueing_within_bears_the_nth_failure_and_cancellation_anywhere)
{
        eddy_jobs *jobs = open_new_store();
        bool was_done = false;

        for (unsigned long nth = 1, uses = nth; uses >= nth; nth++) {
                fault_arm(nth, 1);
                try_eddy_jobs_enqueue_postgres(jobs);
                uses = fault_uses();
                fault_arm(0, 0);
        }
        for (int turns = 0; turns < 100000 && !was_done; turns += 1 + turns / 8) {
                eddy_task *task = eddy_create_task(run_enqueuer, jobs);
                intptr_t rc;
                for (int n = 0; n < turns && !eddy_done(task); n++)
                        assert_int_equal(eddy_yield(), 0);
                was_done = eddy_done(task);
                eddy_cancel(task);
                assert_int_equal(eddy_join(task, &rc), 0);
                assert_true(rc == 0 || rc == EDDY_CANCELLED);
        }
        assert_int_equal(try_eddy_jobs_enqueue_postgres(jobs), 0);
        assert_takes(jobs, "a");
        assert_takes(jobs, "");
        eddy_jobs_close(jobs);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_job_exists_exactly_if_its_transaction_commits),
            cmocka_unit_test(workers_hear_of_it_when_it_commits),
            cmocka_unit_test(workers_hear_of_a_job_that_was_being_followed),
            cmocka_unit_test(and_of_one_that_was_to_be_retried),
            cmocka_unit_test(an_open_transaction_keeps_nobody_from_its_keys),
            cmocka_unit_test(what_is_wrong_is_refused_before_anything_is_sent),
            cmocka_unit_test(who_found_nothing_hears_of_work_once),
            cmocka_unit_test(who_is_at_work_costs_no_notification),
            cmocka_unit_test(a_scheduled_job_is_heard_of_too),
            cmocka_unit_test(enqueueing_within_bears_the_nth_failure_and_cancellation_anywhere),
            cmocka_unit_test(hints_come_again_after_the_connection_was_lost),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
