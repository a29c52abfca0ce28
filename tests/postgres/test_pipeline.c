#include "server.h"

COROUTINE_TEST(results_come_in_order)
{
        enum { STATEMENTS = 5000 };
        eddy_postgres *pg = connect_to_server();
        PGresult *result;
        char number[16];

        assert_int_equal(eddy_postgres_prepare(pg, "negate", "SELECT -$1::int", NULL, 0), 0);
        assert_int_equal(eddy_postgres_pipeline_open(pg), 0);
        assert_int_equal(eddy_postgres_pipeline_result(pg, &result), EDDY_ENOMORE);
        for (int i = 0; i < STATEMENTS; i++) {
                snprintf(number, sizeof number, "%d", i);
                if (i % 2 == 0)
                        assert_int_equal(
                            eddy_postgres_pipeline_query(pg, "SELECT $1::int", eddy_postgres_texts(number)), 0);
                else
                        assert_int_equal(
                            eddy_postgres_pipeline_query_prepared(pg, "negate", eddy_postgres_texts(number)),
                            0);
        }
        for (int i = 0; i < STATEMENTS; i++) {
                assert_int_equal(eddy_postgres_pipeline_result(pg, &result), 0);
                assert_int_equal(atoi(PQgetvalue(result, 0, 0)), i % 2 == 0 ? i : -i);
                PQclear(result);
        }
        assert_int_equal(eddy_postgres_pipeline_result(pg, &result), EDDY_ENOMORE);
        assert_int_equal(eddy_postgres_pipeline_query(pg, "SELECT 'again'", NULL), 0);
        assert_int_equal(eddy_postgres_pipeline_result(pg, &result), 0);
        assert_string_equal(PQgetvalue(result, 0, 0), "again");
        PQclear(result);
        assert_int_equal(eddy_postgres_exec(pg, NULL, "SELECT 1"), EDDY_EBUSY);
        assert_int_equal(eddy_postgres_pipeline_close(pg), 0);
        assert_value(pg, "SELECT 'in step'", "in step");
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(a_failure_is_of_all_that_were_sent_with_it)
{
        eddy_postgres *pg = connect_to_server();

        assert_runs(pg, "CREATE TEMP TABLE t (id int)");
        assert_int_equal(eddy_postgres_pipeline_open(pg), 0);
        eddy_postgres_pipeline_query(pg, "INSERT INTO t VALUES (1)", NULL);
        eddy_postgres_pipeline_query(pg, "SELECT 1/0", NULL);
        eddy_postgres_pipeline_query(pg, "INSERT INTO t VALUES (2)", NULL);
        assert_int_equal(eddy_postgres_pipeline_result(pg, NULL), 0);
        eddy_postgres_pipeline_query(pg, "INSERT INTO t VALUES (3)", NULL);
        assert_int_equal(eddy_postgres_pipeline_result(pg, NULL), EDDY_EPOSTGRES);
        assert_string_equal(eddy_postgres_sqlstate(pg), "22012");
        assert_int_equal(eddy_postgres_pipeline_result(pg, NULL), EDDY_EPOSTGRES);
        assert_non_null(strstr(eddy_error_detail(), "not run"));
        assert_int_equal(eddy_postgres_pipeline_result(pg, NULL), 0);
        assert_int_equal(eddy_postgres_pipeline_close(pg), 0);
        assert_value(pg, "SELECT string_agg(id::text, ' ') FROM t", "3");
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(what_nobody_takes_is_dropped)
{
        eddy_postgres *pg = connect_to_server();

        assert_int_equal(eddy_postgres_pipeline_open(pg), 0);
        assert_int_equal(eddy_postgres_pipeline_close(pg), 0);
        assert_int_equal(eddy_postgres_pipeline_open(pg), 0);
        for (int i = 0; i < 100; i++)
                eddy_postgres_pipeline_query(pg, "SELECT pg_sleep(0.001)", NULL);
        assert_int_equal(eddy_postgres_pipeline_result(pg, NULL), 0);
        eddy_postgres_pipeline_query(pg, "SELECT pg_sleep(1000)", NULL);
        assert_int_equal(eddy_postgres_pipeline_close(pg), 0);
        assert_value(pg, "SELECT 'in step'", "in step");
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(an_interruption_loses_no_result)
{
        eddy_postgres *pg = connect_to_server();
        PGresult *result;
        int rc = 0;

        assert_int_equal(eddy_postgres_pipeline_open(pg), 0);
        eddy_postgres_pipeline_query(pg, "SELECT 'one', pg_sleep(1)", NULL);
        eddy_postgres_pipeline_query(pg, "SELECT 'two'", NULL);
        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                rc = eddy_postgres_pipeline_result(pg, &result);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_int_equal(eddy_postgres_pipeline_result(pg, &result), 0);
        assert_string_equal(PQgetvalue(result, 0, 0), "one");
        PQclear(result);
        assert_int_equal(eddy_postgres_pipeline_result(pg, &result), 0);
        assert_string_equal(PQgetvalue(result, 0, 0), "two");
        PQclear(result);
        assert_int_equal(eddy_postgres_pipeline_close(pg), 0);
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(results_and_statements_larger_than_any_buffer_do_not_block_each_other)
{
        enum { SIZE = 1024 * 1024, STATEMENTS = 20 };
        eddy_postgres *pg = connect_to_server();
        char *text = malloc(SIZE + 1);
        PGresult *result;

        memset(text, 'x', SIZE);
        text[SIZE] = '\0';
        assert_int_equal(eddy_postgres_pipeline_open(pg), 0);
        for (int i = 0; i < STATEMENTS; i++)
                assert_int_equal(eddy_postgres_pipeline_query(pg, "SELECT $1::text", eddy_postgres_texts(text)),
                                 0);
        for (int i = 0; i < STATEMENTS; i++) {
                assert_int_equal(eddy_postgres_pipeline_result(pg, &result), 0);
                assert_int_equal(PQgetlength(result, 0, 0), SIZE);
                PQclear(result);
        }
        assert_int_equal(eddy_postgres_pipeline_close(pg), 0);
        free(text);
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(a_lost_connection_fails_what_was_sent)
{
        eddy_postgres *pg = connect_to_server();

        assert_int_equal(eddy_postgres_pipeline_open(pg), 0);
        eddy_postgres_pipeline_query(pg, "SELECT pg_terminate_backend(pg_backend_pid())", NULL);
        eddy_postgres_pipeline_query(pg, "SELECT 2", NULL);
        assert_true(eddy_postgres_pipeline_result(pg, NULL) < 0);
        assert_true(eddy_postgres_pipeline_result(pg, NULL) < 0);
        assert_int_equal(eddy_postgres_pipeline_close(pg), -ECONNRESET);
        assert_int_equal(eddy_postgres_exec(pg, NULL, "SELECT 1"), -ENOTCONN);
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(half_of_what_was_to_be_added_has_no_effect)
{
        const eddy_postgres_params too_many = {.count = 100000};
        eddy_postgres *pg = connect_to_server(), *witness = connect_to_server();

        assert_runs(pg, "CREATE TABLE half (id int)");
        assert_int_equal(eddy_postgres_pipeline_open(pg), 0);
        eddy_postgres_pipeline_query(pg, "INSERT INTO half VALUES (1)", NULL);
        assert_int_equal(eddy_postgres_pipeline_result(pg, NULL), 0);
        eddy_postgres_pipeline_query(pg, "INSERT INTO half VALUES (2)", NULL);
        assert_int_equal(eddy_postgres_pipeline_query(pg, "SELECT 1", &too_many), -EINVAL);
        eddy_postgres_pipeline_query(pg, "INSERT INTO half VALUES (3)", NULL);
        assert_int_equal(eddy_postgres_pipeline_result(pg, NULL), -EINVAL);
        assert_int_equal(eddy_postgres_pipeline_close(pg), -ECONNRESET);
        assert_false(eddy_postgres_is_open(pg));
        assert_value(witness, "SELECT string_agg(id::text, ' ') FROM half", "1");
        assert_runs(witness, "DROP TABLE half");
        eddy_postgres_destroy(pg);
        eddy_postgres_destroy(witness);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(results_come_in_order),
            cmocka_unit_test(a_failure_is_of_all_that_were_sent_with_it),
            cmocka_unit_test(what_nobody_takes_is_dropped),
            cmocka_unit_test(an_interruption_loses_no_result),
            cmocka_unit_test(results_and_statements_larger_than_any_buffer_do_not_block_each_other),
            cmocka_unit_test(a_lost_connection_fails_what_was_sent),
            cmocka_unit_test(half_of_what_was_to_be_added_has_no_effect),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
