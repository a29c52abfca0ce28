/* Old and new formats of the schema side by side. */
#include "../../postgres/server.h"
#include "../frozen.h"

#include <eddy/jobs_postgres.h>

static const char *frozen; /* format1.sql */
static const char *drops;  /* drop.sql */

static const char *schema(void)
{
        static char name[48];

        snprintf(name, sizeof name, "test_%d_%u", (int)getpid(), store_number);
        return name;
}

/* With the schema's name in the places of "@" and of "@@". */
static char *fill_in(const char *sql)
{
        char *filled = malloc(strlen(sql) * 2 + 65536), *end = filled;

        assert_non_null(filled);
        for (; *sql; sql++) {
                end += *sql == '@' ? sprintf(end, "%s", schema()) : sprintf(end, "%c", *sql);
                sql += sql[0] == '@' && sql[1] == '@';
        }
        return filled;
}

static void run(eddy_postgres *pg, const char *sql)
{
        char *filled = fill_in(sql);

        assert_runs(pg, filled);
        free(filled);
}

static void assert_asked(const char *sql, const char *value)
{
        eddy_postgres *pg = connect_to_server();
        char *filled = fill_in(sql);

        assert_value(pg, filled, value);
        free(filled);
        eddy_postgres_destroy(pg);
}

static const char *read_text(const char *path)
{
        static char text[1 << 18];
        FILE *file = fopen(path, "r");

        assert_non_null(file);
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
        return text;
}

/* A new store, as format 1 left it. */
static void thaw(void)
{
        eddy_postgres *pg = connect_to_server();
        const char *begin;

        new_store();
        begin = strstr(read_text(frozen), "\n\n"); /* behind what is said of it */
        assert_non_null(begin);
        run(pg, begin);
        eddy_postgres_destroy(pg);
}

static int open_with(eddy_jobs **jobs, eddy_jobs_options options)
{
        options.prefix = schema();
        return eddy_jobs_open(jobs, store_url(), &options);
}

static eddy_jobs *migrate(void)
{
        eddy_jobs *jobs;
        int rc = open_with(&jobs, (eddy_jobs_options){.migrates = true});

        if (rc < 0)
                fail_msg("%s: %s", eddy_errname(rc), eddy_explain(rc));
        return jobs;
}

static void assert_refused(int rc, const char *words)
{
        if (rc != EDDY_EJOBSFORMAT)
                fail_msg("%s: %s", eddy_errname(rc), eddy_explain(rc));
        assert_non_null(strstr(eddy_error_detail(), words));
}

COROUTINE_TEST(an_older_schema_is_refused_as_it_is)
{
        eddy_jobs *jobs;

        thaw();
        assert_refused(open_with(&jobs, (eddy_jobs_options){0}), "eddy jobs migrate");
        assert_null(jobs);
        assert_asked("SELECT version FROM @.format", "1");
        assert_asked("SELECT count(*) FROM @.queues()", "3");
}

COROUTINE_TEST(what_is_in_an_older_schema_is_there_and_works)
{
        eddy_jobs *jobs;

        thaw();
        eddy_jobs_close(migrate());
        jobs = open_store();
        assert_is_filled(jobs);
        close_store(jobs);
}

COROUTINE_TEST(what_is_new_works_alike)
{
        eddy_jobs *jobs = open_new_store();

        fill(jobs);
        assert_int_equal(eddy_sleep(eddy_ms(1100)), 0); /* until what it has in it is due, as in what is old */
        assert_is_filled(jobs);
        close_store(jobs);
}

/* All that makes up the schema, a line each. */
static const char all_parts[] =
    "SELECT coalesce(string_agg(line, E'\\n' ORDER BY line), '') FROM ("
    "SELECT concat_ws(' ', c.relname, c.relkind, c.relpersistence, c.reloptions, a.attname, "
    "a.atttypid::regtype, "
    "a.attcollation, a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid), row_number() OVER "
    "(PARTITION BY c.oid ORDER BY a.attnum)) AS line "
    "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum "
    "WHERE c.relnamespace = '@'::regnamespace AND c.relkind IN ('r', 'S') "
    "UNION ALL SELECT replace(pg_get_indexdef(i.indexrelid), '@', '') FROM pg_index i "
    "JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = '@'::regnamespace "
    "UNION ALL SELECT replace(pg_get_functiondef(p.oid), '@', '') FROM pg_proc p "
    "WHERE p.pronamespace = '@'::regnamespace) parts";

static char *read_parts(void)
{
        eddy_postgres *pg = connect_to_server();
        char *sql = fill_in(all_parts), *parts;
        PGresult *result;

        assert_int_equal(eddy_postgres_query(pg, &result, sql, NULL), 0);
        parts = strdup(PQgetvalue(result, 0, 0));
        PQclear(result);
        free(sql);
        eddy_postgres_destroy(pg);
        return parts;
}

COROUTINE_TEST(a_schema_that_was_brought_up_is_as_a_new_one)
{
        char *brought_up, *new;

        thaw();
        eddy_jobs_close(migrate());
        brought_up = read_parts();
        eddy_jobs_close(open_new_store());
        new = read_parts();
        assert_true(strlen(new) > 10000);
        assert_string_equal(brought_up, new);
        free(brought_up);
        free(new);
}

/* Or the next migration would find one there. */
COROUTINE_TEST(a_migration_drops_every_function)
{
        eddy_postgres *pg = connect_to_server();

        eddy_jobs_close(open_new_store());
        assert_asked("SELECT count(*) > 0 FROM pg_proc WHERE pronamespace = '@'::regnamespace", "t");
        run(pg, read_text(drops));
        assert_asked("SELECT string_agg(proname, ' ') FROM pg_proc WHERE pronamespace = '@'::regnamespace", "");
        eddy_postgres_destroy(pg);
}

static intptr_t open_and_close(void *arg)
{
        (void)arg;
        eddy_jobs_close(migrate());
        return 0;
}

COROUTINE_TEST(of_several_who_bring_a_schema_up_one_does)
{
        thaw();
        assert_one_brings_up(open_and_close);
}

/* What an older process calls. */
static const char *const old_calls[] = {
    "SELECT * FROM \"@\".enqueue('{new}', '{work}', '{x}', '{default}', '{NULL}', '{NULL}', '{0}', '{0}', "
    "'{0}', '{0}', "
    "'{10000000000}', '{3600000000000}', '{0}', '{20}', '{0}', false)",
    "SELECT * FROM \"@\".turn('{running}', '{1}', '{0}', '{0}', '{NULL}', '{NULL}', '{0}', '{NULL}', '{NULL}', "
    "'{default}', 5, "
    "60000000, 'old', 4711, true, true)",
    "SELECT * FROM \"@\".renew('{running}', '{1}', '{0.5}', '{x}', '{NULL}', 60000000)",
    "SELECT * FROM \"@\".retry('dead')",
    "SELECT * FROM \"@\".cancel('first')",
    "SELECT * FROM \"@\".discard('one')",
    "SELECT * FROM \"@\".follow('later')",
    "SELECT * FROM \"@\".set_queue('default', 1, 0, 1000000000, 0, 0, true)",
    "SELECT * FROM \"@\".queues()",
    "SELECT * FROM \"@\".sweep()",
    "SELECT * FROM \"@\".look_at_crons('nightly', false)",
    "SELECT * FROM \"@\".set_cron('hourly', 'x', 1, 1, false)",
    "SELECT * FROM \"@\".remove_cron('nightly')",
    "SELECT * FROM \"@\".fire_cron('nightly', 1, 1, 2, 1, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', "
    "'{}', '{}', '{}', '{}', "
    "'{}', '{}', '{}', false)",
};

enum { OLD_CALLS = sizeof old_calls / sizeof *old_calls };

static int call_old(eddy_postgres *pg, const char *call)
{
        char *sql = fill_in(call);
        int rc = eddy_postgres_query(pg, NULL, sql, NULL);

        free(sql);
        return rc;
}

COROUTINE_TEST(an_older_process_changes_nothing_any_more)
{
        eddy_postgres *pg = connect_to_server();
        eddy_jobs *jobs;

        thaw();
        assert_int_equal(call_old(pg, old_calls[8]), 0);
        jobs = migrate();
        for (int i = 0; i < OLD_CALLS; i++) {
                assert_int_equal(call_old(pg, old_calls[i]), EDDY_EPOSTGRES);
                assert_string_equal(eddy_postgres_sqlstate(pg), "42883");
        }
        assert_is_filled(jobs);
        eddy_postgres_destroy(pg);
        close_store(jobs);
}

static intptr_t run_old_turn(void *pg)
{
        return call_old(pg, old_calls[1]);
}

COROUTINE_TEST(nor_does_one_that_was_called_before)
{
        eddy_postgres *pg = connect_to_server(), *old = connect_to_server();
        eddy_task *migrating, *turning;
        eddy_jobs *jobs;

        thaw();
        run(pg,
            "BEGIN; SELECT @.follow('later')"); /* whom the migration waits for, as what comes later waits for that */
        migrating = eddy_create_task(open_and_close, NULL);
        wait_for_waiting("1");
        turning = eddy_create_task(run_old_turn, old);
        wait_for_waiting("2");
        run(pg, "COMMIT");
        assert_int_equal(join(migrating), 0);
        assert_int_equal(join(turning), EDDY_EPOSTGRES);
        jobs = open_store();
        assert_is_filled(jobs);
        close_store(jobs);
        eddy_postgres_destroy(old);
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(whoever_does_not_let_go_of_a_schema_keeps_it_as_it_is)
{
        eddy_postgres *pg = connect_to_server();
        eddy_jobs *jobs;

        thaw();
        run(pg, "BEGIN; SELECT @.follow('later')");
        assert_int_equal(open_with(&jobs, (eddy_jobs_options){.migrates = true, .patience = eddy_ms(200)}),
                         EDDY_EJOBSAWAY);
        run(pg, "COMMIT");
        assert_asked("SELECT version FROM @.format", "1");
        eddy_jobs_close(migrate());
        eddy_postgres_destroy(pg);
}

/* This format is the old one here: somebody has brought the schema up to another. */

static void assert_all_refused(eddy_jobs *jobs, eddy_postgres *pg)
{
        const struct jobs_engine_type *type = jobs->engine->type;
        struct jobs_lease lease = {.id = "a", .fence = 1};
        struct turn turn = {.turn.most = 1};
        eddy_job_queue *queues;
        eddy_job_cron_list crons;
        eddy_job_info *info;
        eddy_job_list list;
        size_t n;

        assert_refused(eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work"}, NULL), "newer");
        assert_refused(eddy_jobs_enqueue_postgres(jobs, pg, &(eddy_job_spec){.kind = "work"}, 1, NULL),
                       "newer");
        assert_refused(run_turn(jobs, &turn), "newer");
        assert_refused(type->renew(jobs->engine, &lease, 1, eddy_seconds(1)), "newer");
        assert_refused(eddy_jobs_get(jobs, "a", &info), "newer");
        assert_refused(eddy_jobs_get(jobs, "none", &info), "newer");
        assert_refused(eddy_jobs_list(jobs, &(eddy_job_filter){.queue = "none"}, &list), "newer");
        assert_refused(eddy_jobs_list(jobs, NULL, &list), "newer");
        assert_refused(eddy_jobs_cancel(jobs, "a"), "newer");
        assert_refused(type->follow(jobs->engine, "a"), "newer");
        assert_refused(eddy_jobs_pause(jobs, "default"), "newer");
        assert_refused(eddy_jobs_queues(jobs, &queues, &n), "newer");
        assert_refused(type->sweep(jobs->engine), "newer");
        assert_refused(eddy_jobs_crons(jobs, &crons), "newer");
        assert_refused(eddy_jobs_remove_cron(jobs, "a"), "newer");
        assert_refused(open_with(&(eddy_jobs *){NULL}, (eddy_jobs_options){.migrates = true}), "newer");
}

COROUTINE_TEST(who_has_a_schema_open_that_is_brought_up_is_refused)
{
        eddy_jobs *jobs = open_new_store();
        eddy_postgres *pg = connect_to_server();

        enqueue(jobs, "a", (eddy_job_spec){0});
        run(pg, "UPDATE @.format SET version = 99"); /* and functions of the same names */
        assert_all_refused(jobs, pg);
        run(pg,
            "DO $$ DECLARE one regprocedure; BEGIN FOR one IN SELECT oid::regprocedure FROM pg_proc "
            "WHERE pronamespace = '@'::regnamespace LOOP EXECUTE 'DROP FUNCTION ' || one; END LOOP; END $$");
        assert_all_refused(jobs, pg);
        assert_asked("SELECT count(*) FROM @.job WHERE state = 2", "1");
        eddy_postgres_destroy(pg);
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(who_might_work_may_do_so_still)
{
        eddy_postgres *pg = connect_to_server();
        char url[256];
        eddy_jobs *jobs;

        thaw();
        run(pg, "CREATE ROLE worker LOGIN; GRANT USAGE ON SCHEMA @ TO worker; "
                "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA @ TO worker");
        eddy_jobs_close(migrate());
        snprintf(url, sizeof url, "postgres:///postgres?host=%s&user=worker", server.folder);
        assert_int_equal(eddy_jobs_open(&jobs, url, &(eddy_jobs_options){.prefix = schema()}), 0);
        assert_is_filled(jobs);
        eddy_jobs_close(jobs);
        eddy_postgres_destroy(pg);
}

/* All of a schema is somebody's. */
static void give_to(eddy_postgres *pg, const char *owner)
{
        char sql[1024];

        snprintf(sql, sizeof sql,
                 "ALTER SCHEMA @ OWNER TO %s; DO $$ DECLARE one text; BEGIN FOR one IN "
                 "SELECT 'TABLE ' || oid::regclass FROM pg_class WHERE relnamespace = '@'::regnamespace AND "
                 "relkind = 'r' "
                 "UNION ALL SELECT 'FUNCTION ' || oid::regprocedure FROM pg_proc WHERE pronamespace = "
                 "'@'::regnamespace "
                 "LOOP EXECUTE 'ALTER ' || one || ' OWNER TO %s'; END LOOP; END $$",
                 owner, owner);
        run(pg, sql);
}

COROUTINE_TEST(whoever_migrates_a_schema_it_stays_its_owners)
{
        eddy_postgres *pg = connect_to_server();
        char url[256];
        eddy_jobs *jobs;

        thaw();
        run(pg, "CREATE ROLE app LOGIN");
        give_to(pg, "app");
        eddy_jobs_close(migrate());
        assert_asked(
            "SELECT count(*) FROM (SELECT relowner FROM pg_class WHERE relnamespace = '@'::regnamespace UNION "
            "SELECT proowner FROM pg_proc WHERE pronamespace = '@'::regnamespace) owners",
            "1");
        snprintf(url, sizeof url, "postgres:///postgres?host=%s&user=app", server.folder);
        assert_int_equal(eddy_jobs_open(&jobs, url, &(eddy_jobs_options){.prefix = schema()}), 0);
        assert_is_filled(jobs);
        eddy_jobs_close(jobs);
        eddy_postgres_destroy(pg);
}

static int start(void **state)
{
        static char url[256];

        start_server(state);
        snprintf(url, sizeof url, "postgres:///postgres?host=%s&user=tester", server.folder);
        setenv("EDDY_TEST_JOBS", url, 1);
        return 0;
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(an_older_schema_is_refused_as_it_is),
            cmocka_unit_test(what_is_in_an_older_schema_is_there_and_works),
            cmocka_unit_test(what_is_new_works_alike),
            cmocka_unit_test(a_schema_that_was_brought_up_is_as_a_new_one),
            cmocka_unit_test(a_migration_drops_every_function),
            cmocka_unit_test(of_several_who_bring_a_schema_up_one_does),
            cmocka_unit_test(an_older_process_changes_nothing_any_more),
            cmocka_unit_test(nor_does_one_that_was_called_before),
            cmocka_unit_test(whoever_does_not_let_go_of_a_schema_keeps_it_as_it_is),
            cmocka_unit_test(who_has_a_schema_open_that_is_brought_up_is_refused),
            cmocka_unit_test(who_might_work_may_do_so_still),
            cmocka_unit_test(whoever_migrates_a_schema_it_stays_its_owners),
        };

        assert_int_equal(argc, 3);
        frozen = argv[1];
        drops = argv[2];
        return cmocka_run_group_tests(tests, start, stop_server);
}
