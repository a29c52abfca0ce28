#include "server.h"

COROUTINE_TEST(rows_come_one_by_one)
{
        enum { ROWS = 100000 };
        eddy_postgres *pg = connect_to_server();
        PGresult *row;

        assert_int_equal(
            eddy_postgres_open_rows(pg, "SELECT i, repeat('x', 100) FROM generate_series(1, $1::int) i",
                                    eddy_postgres_texts("100000")),
            0);
        for (int i = 1; i <= ROWS; i++) {
                assert_int_equal(eddy_postgres_next_row(pg, &row), 0);
                assert_int_equal(PQntuples(row), 1);
                assert_int_equal(atoi(PQgetvalue(row, 0, 0)), i);
                PQclear(row);
        }
        assert_int_equal(eddy_postgres_next_row(pg, &row), EDDY_ENOMORE);
        assert_null(row);
        assert_int_equal(eddy_postgres_next_row(pg, &row), EDDY_ENOMORE);
        assert_int_equal(eddy_postgres_close_rows(pg), 0);
        assert_value(pg, "SELECT 'in step'", "in step");
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(many_more_than_anybody_takes)
{
        eddy_postgres *pg = connect_to_server();
        PGresult *row;

        assert_int_equal(eddy_postgres_open_rows(pg, "SELECT generate_series(1, 1000000000)", NULL), 0);
        for (int i = 0; i < 10; i++) {
                assert_int_equal(eddy_postgres_next_row(pg, &row), 0);
                PQclear(row);
        }
        assert_int_equal(eddy_postgres_exec(pg, NULL, "SELECT 1"), EDDY_EBUSY);
        assert_int_equal(eddy_postgres_close_rows(pg), 0);
        assert_value(pg, "SELECT 'in step'", "in step");
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(an_error_in_the_middle)
{
        eddy_postgres *pg = connect_to_server();
        PGresult *row;
        int rc, rows = 0;

        assert_int_equal(
            eddy_postgres_open_rows(pg, "SELECT 100 / (50 - i) FROM generate_series(1, 100) i", NULL), 0);
        while ((rc = eddy_postgres_next_row(pg, &row)) == 0) {
                PQclear(row);
                rows++;
        }
        assert_int_equal(rc, EDDY_EPOSTGRES);
        assert_int_equal(rows, 49);
        assert_string_equal(eddy_postgres_sqlstate(pg), "22012");
        assert_int_equal(eddy_postgres_next_row(pg, &row), EDDY_ENOMORE);
        assert_int_equal(eddy_postgres_close_rows(pg), 0);
        assert_int_equal(eddy_postgres_open_rows(pg, "nonsense", NULL), 0);
        assert_int_equal(eddy_postgres_next_row(pg, &row), EDDY_EPOSTGRES);
        assert_int_equal(eddy_postgres_close_rows(pg), 0);
        assert_int_equal(eddy_postgres_next_row(pg, &row), EDDY_EINVALIDSTATE);
        assert_value(pg, "SELECT 'in step'", "in step");
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(an_interruption_loses_no_row)
{
        eddy_postgres *pg = connect_to_server();
        PGresult *row;
        int rc = 0;

        assert_int_equal(
            eddy_postgres_open_rows(pg, "SELECT i, pg_sleep(0.03) FROM generate_series(1, 3) i", NULL), 0);
        for (int i = 1; i <= 3;) {
                EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                        rc = eddy_postgres_next_row(pg, &row);
                if (rc == EDDY_TIMEOUT)
                        continue;
                assert_int_equal(rc, 0);
                assert_int_equal(atoi(PQgetvalue(row, 0, 0)), i++);
                PQclear(row);
        }
        assert_int_equal(eddy_postgres_close_rows(pg), 0);
        eddy_postgres_destroy(pg);
}

static intptr_t read_for_ever(void *pg)
{
        PGresult *row;
        int rc = eddy_postgres_open_rows(pg, "SELECT generate_series(1, 1000000000)", NULL);

        if (rc < 0)
                return rc;
        while ((rc = eddy_postgres_next_row(pg, &row)) == 0) {
                PQclear(row);
                rc = eddy_yield();
                if (rc < 0)
                        break;
        }
        assert_int_equal(eddy_postgres_close_rows(pg), 0);
        return rc;
}

COROUTINE_TEST(who_is_cancelled_closes_them_all_the_same)
{
        eddy_postgres *pg = connect_to_server();
        eddy_task *reader = eddy_create_task(read_for_ever, pg);

        assert_int_equal(eddy_sleep(eddy_ms(20)), 0);
        eddy_cancel(reader);
        assert_int_equal(join(reader), EDDY_CANCELLED);
        assert_value(pg, "SELECT 'in step'", "in step");
        eddy_postgres_destroy(pg);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(rows_come_one_by_one),
            cmocka_unit_test(many_more_than_anybody_takes),
            cmocka_unit_test(an_error_in_the_middle),
            cmocka_unit_test(an_interruption_loses_no_row),
            cmocka_unit_test(who_is_cancelled_closes_them_all_the_same),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
