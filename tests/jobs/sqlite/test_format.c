/* Old and new versions of the file side by side. */
#include "file.h"

#include "../frozen.h"
#include <stdlib.h>

static const char *frozen; /* format1.sql */

/* A new store, as version 1 left it. */
static void thaw(void)
{
        char command[512];

        new_store();
        snprintf(
            command, sizeof command,
            "python3 -c \"import sqlite3; c = sqlite3.connect('%s'); c.execute('PRAGMA journal_mode = WAL'); "
            "c.executescript(open('%s').read()); c.close()\"",
            file_path(), frozen);
        assert_int_equal(system(command), 0);
}

static eddy_jobs *migrate(void)
{
        eddy_jobs *jobs;
        int rc = eddy_jobs_open(&jobs, store_file, &(eddy_jobs_options){.migrates = true});

        if (rc < 0)
                fail_msg("%s", eddy_explain(rc));
        return jobs;
}

static void assert_refused(int rc, const char *words)
{
        assert_int_equal(rc, EDDY_EJOBSFORMAT);
        assert_non_null(strstr(eddy_error_detail(), words));
}

COROUTINE_TEST(an_older_file_is_refused_as_it_is)
{
        eddy_jobs *jobs;
        sqlite3 *beside;

        thaw();
        assert_refused(eddy_jobs_open(&jobs, store_file, NULL), "eddy jobs migrate");
        beside = open_beside();
        assert_int_equal(number_beside(beside, "PRAGMA user_version"), 1);
        sqlite3_close(beside);
        unlink(file_path());
}

COROUTINE_TEST(what_is_in_an_older_file_is_there_and_works)
{
        thaw();
        eddy_jobs_close(migrate());
        eddy_jobs *jobs = open_store();
        assert_is_filled(jobs);
        close_store(jobs);
}

COROUTINE_TEST(a_period_that_was_none_is_the_shortest)
{
        const char *limited = "limited";
        struct turn turn = {.turn = {.queues = &limited, .queue_count = 1}};
        eddy_jobs *jobs;
        sqlite3 *beside;

        thaw();
        beside = open_beside();
        run_beside(beside, "UPDATE queues SET period = 0 WHERE name = 'limited'");
        sqlite3_close(beside);
        jobs = migrate();
        enqueue(jobs, "next", (eddy_job_spec){.queue = limited});
        assert_int_equal(take(jobs, &turn, 1), 1);
        drop(&turn);
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

COROUTINE_TEST(a_file_that_was_brought_up_has_the_tables_of_a_new_one)
{
        static const char columns[] =
            "SELECT count(*) FROM (SELECT t.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk FROM "
            "sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' EXCEPT SELECT t.name, c.name, "
            "c.type, "
            "c.\"notnull\", c.dflt_value, c.pk FROM other.sqlite_schema t, pragma_table_info(t.name, 'other') "
            "c "
            "WHERE t.type = 'table')";
        char attach[256];
        sqlite3 *beside;

        thaw();
        eddy_jobs_close(migrate());
        snprintf(attach, sizeof attach, "ATTACH '%s' AS other", file_path());
        eddy_jobs_close(open_new_store());
        beside = open_beside();
        run_beside(beside, attach);
        assert_int_equal(number_beside(beside, columns), 0);
        assert_int_equal(
            number_beside(beside,
                          "SELECT count(*) FROM (SELECT sql FROM sqlite_schema WHERE type = 'index' EXCEPT "
                          "SELECT sql FROM other.sqlite_schema WHERE type = 'index')"),
            0);
        assert_int_equal(number_beside(beside, "PRAGMA user_version"),
                         number_beside(beside, "PRAGMA other.user_version"));
        sqlite3_close(beside);
        unlink(file_path());
}

static intptr_t open_and_close(void *arg)
{
        (void)arg;
        eddy_jobs_close(migrate());
        return 0;
}

COROUTINE_TEST(of_several_who_bring_a_file_up_one_does)
{
        thaw();
        assert_one_brings_up(open_and_close);
}

/* This version is the old one here: another process has brought the file up to the next. */
COROUTINE_TEST(who_has_a_file_open_that_is_brought_up_is_refused)
{
        eddy_jobs *jobs = open_new_store(), *other;
        struct jobs_lease lease = {.id = "a", .fence = 1};
        struct turn turn = {.turn.most = 1};
        eddy_job_info *info;
        sqlite3 *beside = open_beside();

        enqueue(jobs, "a", (eddy_job_spec){0});
        run_beside(beside, "PRAGMA user_version = 99");
        assert_refused(eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work"}, NULL), "newer");
        assert_refused(run_turn(jobs, &turn), "newer");
        assert_refused(eddy_jobs_get(jobs, "a", &info), "newer");
        assert_refused(jobs->engine->type->renew(jobs->engine, &lease, 1, eddy_seconds(1)), "newer");
        assert_refused(eddy_jobs_open(&other, store_file, &(eddy_jobs_options){.migrates = true}), "newer");
        assert_int_equal(number_beside(beside, "SELECT count(*) FROM jobs WHERE state = 2"), 1);
        sqlite3_close(beside);
        close_store(jobs);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(an_older_file_is_refused_as_it_is),
            cmocka_unit_test(what_is_in_an_older_file_is_there_and_works),
            cmocka_unit_test(a_period_that_was_none_is_the_shortest),
            cmocka_unit_test(what_is_new_works_alike),
            cmocka_unit_test(a_file_that_was_brought_up_has_the_tables_of_a_new_one),
            cmocka_unit_test(of_several_who_bring_a_file_up_one_does),
            cmocka_unit_test(who_has_a_file_open_that_is_brought_up_is_refused),
        };

        if (argc < 2 || system("python3 -c 'import sqlite3'") != 0) {
                puts("skipped: no python3 with sqlite3");
                return 77;
        }
        frozen = argv[1];
        setenv("EDDY_TEST_JOBS", "sqlite:", 1);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
