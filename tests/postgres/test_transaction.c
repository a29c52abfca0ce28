#include "server.h"

static eddy_postgres *connect_with_table(void)
{
        eddy_postgres *pg = connect_to_server();

        assert_runs(pg, "CREATE TEMP TABLE t (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)");
        return pg;
}

COROUTINE_TEST(ends_as_what_was_done_in_it)
{
        eddy_postgres *pg = connect_with_table();

        assert_int_equal(eddy_postgres_begin(pg), 0);
        assert_runs(pg, "INSERT INTO t VALUES (1)");
        assert_int_equal(eddy_postgres_end(pg, 7), 7);
        assert_value(pg, "SELECT count(*) FROM t", "1");
        assert_int_equal(eddy_postgres_begin(pg), 0);
        assert_runs(pg, "INSERT INTO t VALUES (2)");
        assert_int_equal(eddy_postgres_end(pg, eddy_fail(-ENOENT, "no such thing")), -ENOENT);
        assert_string_equal(eddy_error_detail(), "no such thing");
        assert_value(pg, "SELECT count(*) FROM t", "1");
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(a_failure_that_nobody_saw_does_not_pass_for_success)
{
        eddy_postgres *pg = connect_with_table();

        assert_int_equal(eddy_postgres_begin(pg), 0);
        assert_runs(pg, "INSERT INTO t VALUES (1)");
        assert_int_equal(eddy_postgres_exec(pg, NULL, "SELECT 1/0"), EDDY_EPOSTGRES);
        assert_int_equal(eddy_postgres_end(pg, 0), EDDY_EPOSTGRES);
        assert_value(pg, "SELECT count(*) FROM t", "0");
        assert_int_equal(eddy_postgres_begin(pg), 0);
        assert_int_equal(eddy_postgres_end(pg, eddy_postgres_exec(pg, NULL, "SELECT 1/0")), EDDY_EPOSTGRES);
        assert_string_equal(eddy_error_detail(), "division by zero");
        assert_string_equal(eddy_postgres_sqlstate(pg), "22012");
        assert_value(pg, "SELECT count(*) FROM t", "0");
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(a_commit_can_fail)
{
        eddy_postgres *pg = connect_with_table();

        assert_int_equal(eddy_postgres_begin(pg), 0);
        assert_runs(pg, "INSERT INTO t VALUES (1), (1)");
        assert_int_equal(eddy_postgres_end(pg, 0), EDDY_EPOSTGRES);
        assert_string_equal(eddy_postgres_sqlstate(pg), "23505");
        assert_value(pg, "SELECT count(*) FROM t", "0");
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(one_that_did_not_begin_ends_quietly)
{
        eddy_postgres *pg = connect_with_table();

        assert_int_equal(eddy_postgres_end(pg, -EIO), -EIO);
        assert_int_equal(eddy_postgres_end(pg, 0), 0);
        eddy_postgres_destroy(pg);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(ends_as_what_was_done_in_it),
            cmocka_unit_test(a_failure_that_nobody_saw_does_not_pass_for_success),
            cmocka_unit_test(a_commit_can_fail),
            cmocka_unit_test(one_that_did_not_begin_ends_quietly),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
