/* What others do to the server and in it: long transactions, deadlocks, settings, and what it refuses for now. */
#include "helpers.h"

static void run(const char *sql)
{
        eddy_postgres *pg = connect_to_server();

        assert_runs(pg, on_store(sql));
        eddy_postgres_destroy(pg);
}

/* Take jobs, and say of each that it is done, until there is none. */
static void work_off(eddy_jobs *jobs)
{
        struct turn turn = {0}, next;

        do {
                finish_all(&turn, &next);
                assert_int_equal(run_turn(jobs, &next, "worker", MOST), 0);
                drop(&turn);
                turn = next;
        } while (turn.turn.taken_count > 0);
        drop(&turn);
}

/* Isolation. */

enum { JOBS = 100, CREW = 3 };

static intptr_t enqueue_some(void *arg)
{
        for (int i = 0; i < JOBS; i++)
                enqueue(arg, NULL, (eddy_job_spec){.key = i % 2 ? "ada" : NULL});
        return 0;
}

static intptr_t work_on(void *arg)
{
        static int workers;
        char name[16];
        struct turn turn = {0}, next;

        snprintf(name, sizeof name, "worker%d", workers++);
        for (int empty = 0; empty < 20; empty += turn.turn.taken_count == 0) {
                int rc;
                finish_all(&turn, &next);
                rc = run_turn(arg, &next, name, 3);
                if (rc < 0)
                        fail_msg("%s: %s", eddy_errname(rc), eddy_explain(rc));
                drop(&turn);
                turn = next;
        }
        drop(&turn);
        return 0;
}

static void assert_work_is_done(eddy_jobs **jobs)
{
        eddy_task *tasks[2 * CREW];

        for (int i = 0; i < CREW; i++) {
                tasks[2 * i] = eddy_create_task(enqueue_some, jobs[i]);
                tasks[2 * i + 1] = eddy_create_task(work_on, jobs[i]);
        }
        for (int i = 0; i < 2 * CREW; i++)
                join(tasks[i]);
        work_off(jobs[0]);
        assert_store_value("SELECT count(*) FROM @.job WHERE state = 4 AND attempt = 1", "300");
        assert_counts_are_true();
}

COROUTINE_TEST(a_default_isolation_that_is_another_one_changes_nothing)
{
        eddy_jobs *jobs[CREW];

        for (int changes_later = 0; changes_later < 2; changes_later++) {
                schema_number++;
                if (!changes_later)
                        run("ALTER ROLE tester SET default_transaction_isolation = 'serializable'");
                for (int i = 0; i < CREW; i++)
                        jobs[i] = open_store();
                if (changes_later)
                        run("ALTER ROLE tester SET default_transaction_isolation = 'repeatable read'");
                break_connections();
                assert_work_is_done(jobs);
                for (int i = 0; i < CREW; i++)
                        eddy_jobs_close(jobs[i]);
                run("ALTER ROLE tester RESET default_transaction_isolation");
        }
}

/* What is removed. */

COROUTINE_TEST(counts_are_folded_however_many_steps_there_were)
{
        eddy_jobs *jobs = open_new_store();

        enqueue(jobs, "a", (eddy_job_spec){0});
        run("INSERT INTO @.step (queue, finished) SELECT 'default', 1 FROM generate_series(1, 150000)");
        assert_true(jobs->engine->type->sweep(jobs->engine) >= 0);
        assert_store_value("SELECT count(*) FROM @.step", "1");
        assert_store_value("SELECT finished FROM @.step", "150000");
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(who_enqueues_much_folds_by_itself)
{
        enum { AT_ONCE = 5000 };
        static eddy_job_spec specs[AT_ONCE];
        eddy_jobs *jobs = open_new_store();
        eddy_postgres *pg = connect_to_server();
        char sql[64];
        PGresult *result;
        bool is_folded = false;

        run("INSERT INTO @.step (queue) SELECT 'default' FROM generate_series(1, 500)");
        for (int i = 0; i < AT_ONCE; i++)
                specs[i] = (eddy_job_spec){.kind = "work"};
        for (int i = 0; i < 4; i++)
                assert_int_equal(eddy_jobs_enqueue_many(jobs, specs, AT_ONCE, NULL), 0);
        snprintf(sql, sizeof sql, "SELECT count(*) = 1 FROM %s.step", own_schema());
        while (!is_folded) {
                assert_int_equal(eddy_postgres_query(pg, &result, sql, NULL), 0);
                is_folded = PQgetvalue(result, 0, 0)[0] == 't';
                PQclear(result);
        }
        assert_counts_are_true();
        eddy_postgres_destroy(pg);
        eddy_jobs_close(jobs);
}

static void enqueue_named(eddy_jobs *jobs, eddy_postgres *pg, const char *const names[2])
{
        eddy_job_spec specs[2];
        size_t n = 0;
        int rc;

        for (; n < 2 && names[n]; n++)
                specs[n] = (eddy_job_spec){.kind = "work", .unique = names[n]};
        rc = eddy_jobs_enqueue_postgres(jobs, pg, specs, n, NULL);
        if (rc < 0)
                fail_msg("%s: %s", eddy_errname(rc), eddy_explain(rc));
}

/* That a name which was given for a moment can be had again, and that somebody has it. */
COROUTINE_TEST(a_name_whose_time_is_over_is_anybodys_and_sweeping_waits_for_nobody)
{
        eddy_jobs *jobs = open_new_store();
        eddy_postgres *pg = connect_to_server();
        int rc = -1;

        for (int i = 0; i < 2; i++) {
                eddy_job_added added = {.was_there = true};
                while (added.was_there)
                        assert_int_equal(
                            eddy_jobs_enqueue(
                                jobs,
                                &(eddy_job_spec){.kind = "work", .unique = "u", .unique_for = eddy_ms(30)},
                                &added),
                            0);
                work_off(jobs);
        }
        enqueue(jobs, "other", (eddy_job_spec){.unique = "v", .unique_for = 1000});
        work_off(jobs);
        run("UPDATE @.unique_name SET until = 1");
        assert_int_equal(eddy_postgres_begin(pg), 0);
        enqueue_named(jobs, pg, (const char *const[]){"u", NULL});
        EDDY_TIMEOUT_SCOPE(eddy_seconds(5))
                rc = jobs->engine->type->sweep(jobs->engine);
        assert_true(rc >= 0);
        assert_int_equal(eddy_postgres_end(pg, 0), 0);
        assert_store_value("SELECT string_agg(name, ' ') FROM @.unique_name", "u");
        eddy_postgres_destroy(pg);
        eddy_jobs_close(jobs);
}

/* Names. */

struct claim {
        eddy_jobs *jobs;
        eddy_postgres *pg;
        const char *names[2];
};

static intptr_t claim(void *arg)
{
        const struct claim *claim = arg;

        enqueue_named(claim->jobs, claim->pg, claim->names);
        return 0;
}

COROUTINE_TEST(names_are_claimed_in_one_order)
{
        eddy_jobs *jobs = open_new_store();
        eddy_postgres *pg = connect_to_server();
        struct claim claims[] = {{jobs, connect_to_server(), {"a", "b"}},
                                 {jobs, connect_to_server(), {"b", "a"}}};
        eddy_task *tasks[2];
        int rc = -1;

        assert_int_equal(eddy_postgres_begin(pg), 0);
        enqueue_named(jobs, pg, (const char *const[]){"a", NULL});
        for (int i = 0; i < 2; i++) {
                tasks[i] = eddy_create_task(claim, &claims[i]);
                wait_for_waiting(i ? "2" : "1");
        }
        EDDY_TIMEOUT_SCOPE(eddy_seconds(5)) /* which neither has while they wait for the other one */
                rc = eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work", .unique = "b"}, NULL);
        assert_int_equal(rc, 0);
        assert_int_equal(eddy_postgres_end(pg, 0), 0);
        for (int i = 0; i < 2; i++) {
                join(tasks[i]);
                eddy_postgres_destroy(claims[i].pg);
        }
        assert_store_value("SELECT count(*) FROM @.job", "2");
        eddy_postgres_destroy(pg);
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(transactions_in_each_others_way_are_told_to_try_again)
{
        eddy_jobs *jobs = open_new_store();
        eddy_postgres *pg = connect_to_server();
        struct claim other = {jobs, connect_to_server(), {"a", NULL}};
        eddy_task *task;

        assert_runs(pg, "SET deadlock_timeout = '100ms'");
        assert_runs(other.pg, "SET deadlock_timeout = '1h'");
        assert_int_equal(eddy_postgres_begin(pg), 0);
        assert_int_equal(eddy_postgres_begin(other.pg), 0);
        enqueue_named(jobs, pg, (const char *const[]){"a", NULL});
        enqueue_named(jobs, other.pg, (const char *const[]){"b", NULL});
        task = eddy_create_task(claim, &other);
        wait_for_waiting("1");
        assert_int_equal(
            eddy_jobs_enqueue_postgres(jobs, pg, &(eddy_job_spec){.kind = "work", .unique = "b"}, 1, NULL),
            EDDY_EJOBSAWAY);
        assert_string_equal(eddy_postgres_sqlstate(pg), "40P01");
        assert_int_equal(eddy_postgres_end(pg, EDDY_EJOBSAWAY), EDDY_EJOBSAWAY);
        join(task);
        assert_int_equal(eddy_postgres_end(other.pg, 0), 0);
        assert_store_value("SELECT count(*) FROM @.job", "2");
        eddy_postgres_destroy(other.pg);
        eddy_postgres_destroy(pg);
        eddy_jobs_close(jobs);
}

static void lock_jobs(eddy_postgres *pg)
{
        char sql[128];

        snprintf(sql, sizeof sql, "LOCK TABLE %s.job IN ACCESS EXCLUSIVE MODE", own_schema());
        assert_runs(pg, sql);
}

static intptr_t look_at_a(void *jobs)
{
        eddy_job_info *info;

        return eddy_jobs_get(jobs, "a", &info);
}

COROUTINE_TEST(what_fails_in_a_transaction_waits_for_nobody)
{
        eddy_jobs *jobs = open_new_store();
        eddy_postgres *pg = connect_to_server(), *other = connect_to_server();
        eddy_task *tasks[5]; /* more than the store has connections */
        bool is_late = true;
        int rc = 0;

        assert_int_equal(eddy_postgres_begin(pg), 0);
        assert_int_equal(eddy_postgres_query(pg, NULL, "SELECT 1 / 0", NULL), EDDY_EPOSTGRES);
        assert_int_equal(eddy_postgres_begin(other), 0);
        lock_jobs(other);
        for (int i = 0; i < 5; i++)
                tasks[i] = eddy_create_task(look_at_a, jobs);
        wait_for_waiting("4");
        EDDY_TIMEOUT_SCOPE(eddy_seconds(5)) {
                rc = eddy_jobs_enqueue_postgres(jobs, pg, &(eddy_job_spec){.kind = "work"}, 1, NULL);
                is_late = eddy_interrupted() < 0;
        }
        assert_int_equal(rc, EDDY_EJOBS);
        assert_false(is_late);
        assert_int_equal(eddy_postgres_end(other, 0), 0);
        for (int i = 0; i < 5; i++)
                assert_int_equal(join(tasks[i]), EDDY_ENOJOB);
        eddy_postgres_destroy(other);
        eddy_postgres_destroy(pg);
        eddy_jobs_close(jobs);
}

/* What the server refuses. */

/* Every step fails in this way, so many times. */
static void break_steps(const char *sqlstate, int times)
{
        char sql[1024];

        snprintf(sql, sizeof sql,
                 "DROP SEQUENCE IF EXISTS @.times; CREATE SEQUENCE @.times; CREATE OR REPLACE FUNCTION "
                 "@.break() RETURNS "
                 "trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('@.times') <= %d THEN RAISE EXCEPTION 'no' "
                 "USING ERRCODE "
                 "= '%s'; END IF; RETURN NEW; END $$; DROP TRIGGER IF EXISTS break ON @.step; "
                 "CREATE TRIGGER break BEFORE INSERT ON @.step FOR EACH ROW EXECUTE FUNCTION @.break()",
                 times, sqlstate);
        run(sql);
}

COROUTINE_TEST(what_is_refused_for_now_is_tried_again)
{
        static const char *const states[] = {"57014", "55P03", "53200", "53300", "57P01", "57P02",
                                             "57P03", "58030", "25006", "40001", "40P01"};
        eddy_jobs *jobs;

        jobs = open_new_store();
        for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
                break_steps(states[i], 1);
                enqueue(jobs, states[i], (eddy_job_spec){0});
        }
        assert_counts_are_true();
        eddy_jobs_close(jobs);
        jobs = open_with((eddy_jobs_options){.patience = eddy_seconds(2)});
        for (size_t i = 0; i < sizeof states / sizeof *states; i += 4) {
                break_steps(states[i], 1000);
                assert_int_equal(eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work"}, NULL),
                                 EDDY_EJOBSAWAY);
        }
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(what_is_refused_for_good_is_told)
{
        eddy_jobs *jobs = open_new_store();

        break_steps("53100", 1000);
        assert_int_equal(eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work"}, NULL), -ENOSPC);
        break_steps("42501", 1000);
        assert_int_equal(eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work"}, NULL), EDDY_EJOBS);
        eddy_jobs_close(jobs);
}

/* What is asked again. */

COROUTINE_TEST(what_is_done_to_a_job_is_answered_as_the_first_time)
{
        eddy_jobs *jobs = open_new_store();

        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){.keep_done = -1}), 0);
        enqueue(jobs, "a", (eddy_job_spec){.delay = eddy_seconds(1000)});
        enqueue(jobs, "b", (eddy_job_spec){0});
        enqueue(jobs, "c", (eddy_job_spec){0});
        for (int i = 0; i < 2; i++) {
                assert_store_value("SELECT @.act('retry', 'b', 10, 2)", "1");
                assert_store_value("SELECT @.act('retry', 'a', 11, 2)", "0");
                assert_store_value("SELECT @.act('cancel', 'b', 12, 2)", "0"); /* after which it is gone */
                assert_store_value("SELECT @.act('discard', 'c', 13, 2)", "0");
                assert_store_value("SELECT @.act('discard', 'd', 14, 2)", "2");
        }
        assert_store_value("SELECT @.act('retry', 'a', 15, 2)", "1");
        assert_store_value("SELECT @.act('discard', 'c', 16, 2)", "2");
        assert_counts_are_true();
        run("SELECT @.set_cron('n', 'x', 1, 1, false, 2)");
        for (int i = 0; i < 2; i++)
                assert_store_value("SELECT @.remove_cron('n', 17, 2)", "0");
        assert_store_value("SELECT @.remove_cron('n', 18, 2)", "2");
        run("UPDATE @.answered SET moment = moment - 82800000000"); /* 23 hours ago */
        assert_true(jobs->engine->type->sweep(jobs->engine) >= 0);
        assert_store_value("SELECT @.act('retry', 'a', 11, 2)", "0");
        run("UPDATE @.answered SET moment = 1");
        assert_true(jobs->engine->type->sweep(jobs->engine) >= 0);
        assert_store_value("SELECT count(*) FROM @.answered", "0");
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(of_a_workers_turns_the_last_is_remembered)
{
        const eddy_job_queue_options none = {.keep_done = -1};
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {0}, next;

        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &none), 0);
        for (const char *id = "a\0b\0c\0"; *id; id += 2) {
                enqueue(jobs, id, (eddy_job_spec){0});
                finish_all(&turn, &next);
                assert_int_equal(run_turn(jobs, &next, "worker", 1), 0);
                assert_int_equal(next.turn.taken_count, 1);
                drop(&turn);
                turn = next;
        }
        assert_store_value("SELECT count(*) FROM @.job", "1");
        assert_store_value("SELECT string_agg(ids[1], ' ') FROM @.answered", "b");
        drop(&turn);
        eddy_jobs_close(jobs);
}

static int losses;

static void count_loss(int error, const char *detail, eddy_duration delay, void *arg)
{
        (void)error, (void)detail, (void)delay, (void)arg;
        losses++;
}

static intptr_t retry_a(void *jobs)
{
        return eddy_jobs_retry(jobs, "a");
}

COROUTINE_TEST(what_was_never_sent_is_answered_as_it_is)
{
        eddy_jobs *jobs;
        eddy_task *task;

        schema_number++;
        jobs = open_with((eddy_jobs_options){.patience = eddy_seconds(60), .on_loss = count_loss});
        enqueue(jobs, "a", (eddy_job_spec){0});
        postgres_server_end(&server);
        task = eddy_create_task(retry_a, jobs);
        until(losses > 0);
        postgres_server_run(&server);
        assert_int_equal(join(task), EDDY_EJOBSTATE);
        eddy_jobs_close(jobs);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_default_isolation_that_is_another_one_changes_nothing),
            cmocka_unit_test(counts_are_folded_however_many_steps_there_were),
            cmocka_unit_test(who_enqueues_much_folds_by_itself),
            cmocka_unit_test(a_name_whose_time_is_over_is_anybodys_and_sweeping_waits_for_nobody),
            cmocka_unit_test(names_are_claimed_in_one_order),
            cmocka_unit_test(transactions_in_each_others_way_are_told_to_try_again),
            cmocka_unit_test(what_fails_in_a_transaction_waits_for_nobody),
            cmocka_unit_test(what_is_refused_for_now_is_tried_again),
            cmocka_unit_test(what_is_refused_for_good_is_told),
            cmocka_unit_test(what_is_done_to_a_job_is_answered_as_the_first_time),
            cmocka_unit_test(of_a_workers_turns_the_last_is_remembered),
            cmocka_unit_test(what_was_never_sent_is_answered_as_it_is),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
