/* What a file demands that other stores do not. Another process is python3 with its own SQLite. */
#include "file.h"

#include <stdlib.h>
#include <sys/stat.h>

/* What another process sees of the file: it opens, counts, and closes. Less than 0: it cannot. */
static int count_elsewhere(void)
{
        char command[512];
        int status;

        snprintf(command, sizeof command,
                 "python3 -c \"import sqlite3, sys; c = sqlite3.connect('%s'); "
                 "n = c.execute('SELECT count(*) FROM jobs').fetchone()[0]; c.close(); sys.exit(n)\"",
                 store_file + strlen("sqlite:"));
        status = system(command);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

COROUTINE_TEST(a_file_that_is_opened_twice_keeps_its_locks)
{
        eddy_jobs *first = open_new_store(), *second = open_store();

        enqueue(first, "a", (eddy_job_spec){0});
        assert_int_equal(count_elsewhere(), 1); /* which, if it thought itself alone, would take the log away */
        enqueue(first, "b", (eddy_job_spec){0});
        assert_int_equal(count_elsewhere(), 2);
        enqueue(second, "c", (eddy_job_spec){0});
        assert_int_equal(count_elsewhere(), 3);
        eddy_jobs_close(second);
        enqueue(first, "d", (eddy_job_spec){0});
        assert_int_equal(count_elsewhere(), 4);
        close_store(first);
}

COROUTINE_TEST(a_file_is_nobody_elses)
{
        eddy_jobs *jobs = open_new_store();
        struct stat status;

        assert_int_equal(stat(store_file + strlen("sqlite:"), &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
        close_store(jobs);
}

/* Another program's database, with the version that ours has. */
COROUTINE_TEST(a_file_of_something_else_is_refused_as_it_is)
{
        char command[512];
        eddy_jobs *jobs;

        new_store();
        snprintf(command, sizeof command,
                 "python3 -c \"import sqlite3; c = sqlite3.connect('%s'); "
                 "c.executescript('CREATE TABLE diary (day); PRAGMA user_version = 1'); c.close()\"",
                 store_file + strlen("sqlite:"));
        assert_int_equal(system(command), 0);
        assert_int_equal(eddy_jobs_open(&jobs, store_file, NULL), EDDY_EJOBSFORMAT);
        snprintf(command, sizeof command,
                 "python3 -c \"import sqlite3, sys; c = sqlite3.connect('%s'); "
                 "sys.exit(c.execute('PRAGMA journal_mode').fetchone()[0] != 'delete')\"",
                 store_file + strlen("sqlite:"));
        assert_int_equal(system(command), 0);
        unlink(store_file + strlen("sqlite:"));
}

static sqlite3 *connections[4];
static int connection_count;

static int note_connection(sqlite3 *db, const char **message, const void *api)
{
        (void)message, (void)api;
        if (connection_count < 4)
                connections[connection_count++] = db;
        return SQLITE_OK;
}

/* That it seeks among finished jobs by their queue, their state and their moment. */
static void assert_seeks_by_moment(const char *sql)
{
        char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
        sqlite3 *beside = open_beside();
        sqlite3_stmt *stmt;
        bool seeks = false;

        assert_int_equal(sqlite3_prepare_v2(beside, explain, -1, &stmt, NULL), SQLITE_OK);
        while (!seeks && sqlite3_step(stmt) == SQLITE_ROW)
                seeks = strstr((const char *)sqlite3_column_text(stmt, 3), "queue=? AND state=? AND finished");
        if (!seeks)
                fail_msg("%s passes jobs that it does not want", sql);
        sqlite3_finalize(stmt);
        sqlite3_free(explain);
        sqlite3_close(beside);
}

COROUTINE_TEST(what_looks_for_finished_jobs_passes_no_others)
{
        eddy_job_list list;
        eddy_jobs *jobs;
        int looks = 0;

        sqlite3_auto_extension((void (*)(void))note_connection);
        jobs = open_new_store();
        sqlite3_cancel_auto_extension((void (*)(void))note_connection);
        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_int_equal(eddy_jobs_finished(jobs, NULL, 0, 10, &list), 0);
        assert_int_equal(jobs->engine->type->sweep(jobs->engine), 0);
        for (int i = 0; i < connection_count; i++)
                for (sqlite3_stmt *stmt = NULL; (stmt = sqlite3_next_stmt(connections[i], stmt));)
                        if (strstr(sqlite3_sql(stmt), "finished >= ") ||
                            strstr(sqlite3_sql(stmt), "finished < ")) {
                                assert_seeks_by_moment(sqlite3_sql(stmt));
                                looks++;
                        }
        assert_int_equal(looks, 3); /* the last ones, and what is swept of done and of dead ones */
        close_store(jobs);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_file_that_is_opened_twice_keeps_its_locks),
            cmocka_unit_test(a_file_is_nobody_elses),
            cmocka_unit_test(a_file_of_something_else_is_refused_as_it_is),
            cmocka_unit_test(what_looks_for_finished_jobs_passes_no_others),
        };

        if (system("python3 -c 'import sqlite3'") != 0) {
                puts("skipped: no python3 with sqlite3");
                return 77;
        }
        setenv("EDDY_TEST_JOBS", "sqlite:", 1);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
