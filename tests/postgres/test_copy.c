#include "server.h"

static eddy_postgres *connect_with_table(void)
{
        eddy_postgres *pg = connect_to_server();

        assert_runs(pg, "CREATE TEMP TABLE t (id int, word text)");
        return pg;
}

COROUTINE_TEST(rows_go_in_and_come_out)
{
        enum { ROWS = 100000 };
        eddy_postgres *pg = connect_with_table();
        char row[64], *copied;
        ssize_t n;

        assert_runs(pg, "COPY t FROM STDIN");
        for (int i = 0; i < ROWS; i++) {
                snprintf(row, sizeof row, "%d\tword %d\n", i, i);
                assert_int_equal(eddy_postgres_copy_put(pg, row, strlen(row)), 0);
        }
        assert_int_equal(eddy_postgres_copy_end(pg, NULL), 0);
        assert_value(pg, "SELECT count(*) FROM t", "100000");
        assert_runs(pg, "COPY t TO STDOUT");
        for (int i = 0; i < ROWS; i++) {
                snprintf(row, sizeof row, "%d\tword %d\n", i, i);
                n = eddy_postgres_copy_get(pg, &copied);
                assert_int_equal(n, strlen(row));
                assert_memory_equal(copied, row, strlen(row));
                PQfreemem(copied);
        }
        assert_int_equal(eddy_postgres_copy_get(pg, &copied), 0);
        assert_null(copied);
        assert_int_equal(eddy_postgres_copy_end(pg, NULL), 0);
        assert_value(pg, "SELECT 'in step'", "in step");
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(one_that_is_given_up_copies_nothing)
{
        eddy_postgres *pg = connect_with_table();
        char *row;

        assert_runs(pg, "COPY t FROM STDIN");
        assert_int_equal(eddy_postgres_copy_put(pg, "1\tone\n", 6), 0);
        assert_int_equal(eddy_postgres_exec(pg, NULL, "SELECT 1"), EDDY_EBUSY);
        assert_int_equal(eddy_postgres_copy_end(pg, "changed my mind"), 0);
        assert_value(pg, "SELECT count(*) FROM t", "0");
        assert_runs(pg, "COPY (SELECT generate_series(1, 100000000)) TO STDOUT");
        assert_int_equal(eddy_postgres_copy_get(pg, &row), 2);
        PQfreemem(row);
        assert_int_equal(eddy_postgres_copy_end(pg, NULL), 0);
        assert_value(pg, "SELECT 'in step'", "in step");
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(what_the_server_cannot_read_is_its_error)
{
        eddy_postgres *pg = connect_with_table();
        char *row;
        ssize_t n;

        assert_runs(pg, "COPY t FROM STDIN");
        assert_int_equal(eddy_postgres_copy_put(pg, "not a number\n", 13), 0);
        assert_int_equal(eddy_postgres_copy_end(pg, NULL), EDDY_EPOSTGRES);
        assert_string_equal(eddy_postgres_sqlstate(pg), "22P02");
        assert_runs(pg, "COPY (SELECT 1 / (3 - i) FROM generate_series(1, 10) i) TO STDOUT");
        while ((n = eddy_postgres_copy_get(pg, &row)) > 0)
                PQfreemem(row);
        assert_int_equal(n, 0);
        assert_int_equal(eddy_postgres_copy_end(pg, NULL), EDDY_EPOSTGRES);
        assert_string_equal(eddy_postgres_sqlstate(pg), "22012");
        assert_int_equal(eddy_postgres_copy_end(pg, NULL), EDDY_EINVALIDSTATE);
        assert_value(pg, "SELECT 'in step'", "in step");
        eddy_postgres_destroy(pg);
}

static int rows_put;

static intptr_t copy_for_ever(void *pg)
{
        static const char row[] = "1\tone\n";
        int rc, ended;

        assert_runs(pg, "COPY t FROM STDIN");
        do {
                rc = eddy_postgres_copy_put(pg, row, sizeof row - 1);
                rows_put += rc == 0;
                if (rc == 0)
                        rc = eddy_yield();
        } while (rc == 0);
        ended = eddy_postgres_copy_end(pg, NULL);
        assert_int_equal(ended, EDDY_CANCELLED);
        return rc;
}

COROUTINE_TEST(who_is_cancelled_copies_nothing)
{
        eddy_postgres *pg = connect_with_table();
        eddy_task *copier = eddy_create_task(copy_for_ever, pg);

        while (rows_put < 100)
                assert_int_equal(eddy_sleep(eddy_ms(1)), 0);
        eddy_cancel(copier);
        assert_int_equal(join(copier), EDDY_CANCELLED);
        assert_value(pg, "SELECT count(*) FROM t", "0");
        eddy_postgres_destroy(pg);
}

/* Replication: a copy in both directions, as long as the server runs. */

static eddy_postgres *connect_for_replication(void)
{
        char conninfo[sizeof server.conninfo + 32];
        eddy_postgres *pg;

        snprintf(conninfo, sizeof conninfo, "%s replication=true", server.conninfo);
        assert_int_equal(eddy_postgres_connect(&pg, conninfo), 0);
        return pg;
}

static char start_replication[64];

/** From where the server's log is now on. */
static void prepare_replication(eddy_postgres *pg)
{
        PGresult *result;

        assert_int_equal(eddy_postgres_exec(pg, &result, "IDENTIFY_SYSTEM"), 0);
        snprintf(start_replication, sizeof start_replication, "START_REPLICATION %s", PQgetvalue(result, 0, 2));
        PQclear(result);
}

static intptr_t replicate(void *pg)
{
        return eddy_postgres_exec(pg, NULL, start_replication);
}

COROUTINE_TEST(replication_ends_where_its_reader_ends_it)
{
        eddy_postgres *pg = connect_for_replication(), *other = connect_to_server();
        char *row;

        for (int rows = 0; rows < 2; rows++) {
                prepare_replication(pg);
                assert_int_equal(replicate(pg), 0);
                assert_runs(other, "CREATE TABLE replicated (id int); DROP TABLE replicated");
                for (int i = 0; i < rows; i++) {
                        assert_true(eddy_postgres_copy_get(pg, &row) > 0);
                        PQfreemem(row);
                }
                assert_int_equal(eddy_postgres_copy_end(pg, NULL), 0);
                assert_true(eddy_postgres_is_open(pg));
        }
        assert_runs(pg, "IDENTIFY_SYSTEM");
        eddy_postgres_destroy(other);
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(replication_that_is_interrupted_as_it_begins_too)
{
        eddy_postgres *pg = connect_for_replication();

        prepare_replication(pg);
        for (int i = 0; i < 20; i++) {
                eddy_task *task = eddy_create_task(replicate, pg);

                for (int turns = 0; turns < i; turns++)
                        assert_int_equal(eddy_yield(), 0);
                eddy_cancel(task);
                if (join(task) == 0)
                        assert_int_equal(eddy_postgres_copy_end(pg, NULL), 0);
                assert_true(eddy_postgres_is_open(pg));
        }
        eddy_postgres_destroy(pg);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(rows_go_in_and_come_out),
            cmocka_unit_test(one_that_is_given_up_copies_nothing),
            cmocka_unit_test(what_the_server_cannot_read_is_its_error),
            cmocka_unit_test(who_is_cancelled_copies_nothing),
            cmocka_unit_test(replication_ends_where_its_reader_ends_it),
            cmocka_unit_test(replication_that_is_interrupted_as_it_begins_too),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
