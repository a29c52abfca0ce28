/* A server that goes away and comes back: nothing is lost, and nothing is there twice. */
#include "helpers.h"

enum { JOBS = 200 };

/* What was told of losses. */
struct losses {
        int count, error;
        char detail[256];
        bool was_within_task;
};

static void note_loss(int error, const char *detail, eddy_duration delay, void *arg)
{
        struct losses *losses = arg;

        losses->count++;
        losses->error = error;
        losses->was_within_task |= eddy_current_task() != NULL;
        snprintf(losses->detail, sizeof losses->detail, "%s", detail);
        assert_true(delay > 0);
}

static eddy_jobs *open_noting(struct losses *losses, eddy_duration patience)
{
        return open_with((eddy_jobs_options){.patience = patience, .on_loss = note_loss, .arg = losses});
}

/* Somebody whose work is in the way of what breaks. */
struct busy {
        eddy_jobs *jobs;
        int done;
        const struct losses *awaited; /* go on until one is told: what breaks between two calls is none */
};

static intptr_t enqueue_all(void *arg)
{
        struct busy *busy = arg;

        for (; busy->done < JOBS || (busy->awaited && busy->awaited->count == 0); busy->done++) {
                char id[16];
                snprintf(id, sizeof id, "%d", busy->done);
                enqueue(busy->jobs, id, (eddy_job_spec){0});
        }
        return 0;
}

/* docs/jobs.md promises [same-id] */
COROUTINE_TEST(what_is_enqueued_while_connections_break_is_there_once)
{
        struct losses losses = {0};
        struct busy busy;
        eddy_task *task;
        char done[16];

        schema_number++;
        busy = (struct busy){.jobs = open_noting(&losses, eddy_seconds(20)), .awaited = &losses};
        task = eddy_create_task(enqueue_all, &busy);
        while (!eddy_done(task)) {
                int before = busy.done;
                break_connections();
                until(busy.done > before + 20 || eddy_done(task));
        }
        join(task);
        assert_false(losses.was_within_task);
        snprintf(done, sizeof done, "%d", busy.done);
        assert_store_value("SELECT count(*) FROM @.job", done);
        assert_counts_are_true();
        eddy_jobs_close(busy.jobs);
}

static intptr_t work_all(void *arg)
{
        struct busy *busy = arg;
        struct turn turn = {0}, next;

        while (busy->done < JOBS) {
                int rc;
                finish_all(&turn, &next);
                rc = run_turn(busy->jobs, &next, "worker", 3);
                if (rc < 0)
                        fail_msg("%s: %s", eddy_errname(rc), eddy_explain(rc));
                for (size_t i = 0; i < next.turn.outcome_count; i++)
                        assert_int_equal(next.outcomes[i].rc, 0);
                busy->done += (int)next.turn.outcome_count;
                drop(&turn);
                turn = next;
        }
        drop(&turn);
        return 0;
}

COROUTINE_TEST(what_is_taken_while_connections_break_is_taken_once)
{
        struct busy enqueuer = {0}, worker = {0};
        eddy_task *task;

        schema_number++;
        enqueuer.jobs = worker.jobs = open_store();
        enqueue_all(&enqueuer);
        task = eddy_create_task(work_all, &worker);
        while (worker.done < JOBS) {
                int before = worker.done;
                break_connections();
                until(worker.done > before + 20 || worker.done == JOBS);
        }
        join(task);
        assert_store_value("SELECT count(*) FROM @.job WHERE state = 4 AND attempt = 1", "200");
        assert_counts_are_true();
        eddy_jobs_close(worker.jobs);
}

static intptr_t enqueue_one(void *arg)
{
        return eddy_jobs_enqueue(arg, &(eddy_job_spec){.kind = "work", .id = "late"}, NULL);
}

COROUTINE_TEST(a_server_that_restarts_is_waited_for)
{
        struct losses losses = {0};
        eddy_job_info *info;
        eddy_task *task;
        eddy_jobs *jobs;

        schema_number++;
        jobs = open_noting(&losses, eddy_seconds(60));
        enqueue(jobs, "early", (eddy_job_spec){0});
        assert_int_equal(jobs->engine->type->listen(jobs->engine), 0);
        postgres_server_end(&server);
        task = eddy_create_task(enqueue_one, jobs);
        until(losses.count >= 2);
        assert_false(eddy_done(task));
        postgres_server_run(&server);
        assert_int_equal(join(task), 0);
        assert_int_equal(eddy_jobs_get(jobs, "early", &info), 0);
        eddy_free(info);
        assert_int_equal(eddy_jobs_get(jobs, "late", &info), 0);
        eddy_free(info);
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(but_not_for_longer_than_patience)
{
        struct losses losses = {0};
        eddy_jobs *jobs;

        schema_number++;
        jobs = open_noting(&losses,
                           eddy_seconds(2)); /* within which it can be opened, however busy the machine is */
        postgres_server_end(&server);
        assert_int_equal(eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work"}, NULL), EDDY_EJOBSAWAY);
        assert_true(losses.count > 0);
        assert_string_not_equal(losses.detail, "");
        assert_int_equal(eddy_jobs_open(&(eddy_jobs *){NULL}, own_url(), NULL), -ECONNREFUSED);
        eddy_jobs_close(jobs);
        postgres_server_run(&server);
}

COROUTINE_TEST(the_callers_own_deadline_is_told_as_such)
{
        eddy_jobs *jobs = open_new_store();
        eddy_postgres *pg = connect_to_server();
        int rc = 0;

        assert_runs(pg, "BEGIN");
        assert_int_equal(
            eddy_jobs_enqueue_postgres(jobs, pg, &(eddy_job_spec){.kind = "work", .id = "a"}, 1, NULL), 0);
        EDDY_TIMEOUT_SCOPE(eddy_ms(100)) /* the other one's transaction has to end first */
                rc = eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work", .id = "a"}, NULL);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_runs(pg, "ROLLBACK");
        enqueue(jobs, "a", (eddy_job_spec){0});
        eddy_postgres_destroy(pg);
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(a_store_of_no_known_format_is_refused)
{
        eddy_jobs *jobs = open_new_store(), *other;
        eddy_jobs_options options = {.prefix = own_schema()};
        eddy_postgres *pg = connect_to_server();
        char sql[64];

        eddy_jobs_close(jobs);
        snprintf(sql, sizeof sql, "UPDATE %s.format SET version = 99", own_schema());
        assert_runs(pg, sql);
        assert_int_equal(eddy_jobs_open(&other, own_url(), &options), EDDY_EJOBSFORMAT);
        assert_non_null(strstr(eddy_error_detail(), "newer"));
        snprintf(sql, sizeof sql, "UPDATE %s.format SET version = 0", own_schema());
        assert_runs(pg, sql);
        assert_int_equal(eddy_jobs_open(&other, own_url(), &options), EDDY_EJOBSFORMAT);
        assert_non_null(strstr(eddy_error_detail(), "no known format"));
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(a_store_that_must_exist_is_not_made)
{
        eddy_jobs *jobs;

        schema_number++;
        assert_int_equal(
            eddy_jobs_open(&jobs, own_url(), &(eddy_jobs_options){.prefix = own_schema(), .must_exist = true}),
            -ENOENT);
        assert_null(jobs);
        eddy_jobs_close(open_store());
        assert_int_equal(
            eddy_jobs_open(&jobs, own_url(), &(eddy_jobs_options){.prefix = own_schema(), .must_exist = true}),
            0);
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(a_password_is_not_told_whatever_is_in_it)
{
        eddy_jobs_options options;
        eddy_jobs *jobs;

        schema_number++;
        options = (eddy_jobs_options){.prefix = own_schema()};
        setenv("PGHOST", server.folder, 1);
        assert_int_equal(eddy_jobs_open(&jobs, "postgres://tester:s3#c?r@/postgres", &options), 0);
        assert_string_equal(eddy_jobs_url(jobs), "postgres://tester@/postgres");
        eddy_jobs_close(jobs);
        assert_int_equal(
            eddy_jobs_open(&jobs, "postgres://tester:s3?c#r@?dbname=postgres&password=x@y", &options), 0);
        assert_string_equal(eddy_jobs_url(jobs), "postgres://tester@");
        eddy_jobs_close(jobs);
        assert_int_equal(eddy_jobs_open(&jobs, "postgres:///postgres?user=tester&password=x:y@z", &options), 0);
        assert_string_equal(eddy_jobs_url(jobs), "postgres:///postgres");
        eddy_jobs_close(jobs);
        unsetenv("PGHOST");
}

COROUTINE_TEST(a_schema_that_is_gone_is_told)
{
        eddy_jobs *jobs = open_new_store();
        eddy_postgres *pg = connect_to_server();
        char sql[96];

        snprintf(sql, sizeof sql, "SET client_min_messages = warning; DROP SCHEMA %s CASCADE", own_schema());
        assert_runs(pg, sql);
        assert_int_equal(eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work"}, NULL), EDDY_EJOBS);
        assert_non_null(strstr(eddy_error_detail(), "schema is gone"));
        eddy_postgres_destroy(pg);
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(a_database_of_another_encoding_is_refused)
{
        eddy_postgres *pg = connect_to_server();
        char url[256];
        eddy_jobs *jobs;

        assert_runs(pg, "CREATE DATABASE old ENCODING 'LATIN1' TEMPLATE template0");
        eddy_postgres_destroy(pg);
        snprintf(url, sizeof url, "postgres:///old?host=%s&user=tester", server.folder);
        assert_int_equal(eddy_jobs_open(&jobs, url, NULL), EDDY_EJOBS);
        assert_non_null(strstr(eddy_error_detail(), "UTF8"));
}

COROUTINE_TEST(what_a_handler_says_may_be_any_bytes)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {0}, next;
        eddy_job_info *info;

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_int_equal(run_turn(jobs, &turn, "worker", 1), 0);
        finish_all(&turn, &next);
        next.outcomes[0].verdict = JOBS_DIE;
        next.outcomes[0].error = "b\xff"
                                 "d \xc3\xa9\xed\xa0\x80";
        next.outcomes[0].words.log = "tab\there \x80\n";
        assert_int_equal(run_turn(jobs, &next, "worker", 0), 0);
        assert_int_equal(next.outcomes[0].rc, 0);
        assert_int_equal(eddy_jobs_get(jobs, "a", &info), 0);
        assert_non_null(strstr(info->history, " failed b?d \xc3\xa9???\n"));
        assert_non_null(strstr(info->history, " log tab\there ?\n"));
        eddy_free(info);
        drop(&turn);
        eddy_jobs_close(jobs);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_is_enqueued_while_connections_break_is_there_once),
            cmocka_unit_test(what_is_taken_while_connections_break_is_taken_once),
            cmocka_unit_test(a_server_that_restarts_is_waited_for),
            cmocka_unit_test(but_not_for_longer_than_patience),
            cmocka_unit_test(the_callers_own_deadline_is_told_as_such),
            cmocka_unit_test(a_store_of_no_known_format_is_refused),
            cmocka_unit_test(a_store_that_must_exist_is_not_made),
            cmocka_unit_test(a_password_is_not_told_whatever_is_in_it),
            cmocka_unit_test(a_schema_that_is_gone_is_told),
            cmocka_unit_test(a_database_of_another_encoding_is_refused),
            cmocka_unit_test(what_a_handler_says_may_be_any_bytes),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
