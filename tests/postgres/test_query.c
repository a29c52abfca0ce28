#include "server.h"

COROUTINE_TEST(parameters_and_rows)
{
        eddy_postgres *pg = connect_to_server();
        PGresult *result;

        assert_int_equal(eddy_postgres_query(pg, &result, "SELECT $1::int + $2::int AS sum, $3::text AS word",
                                             eddy_postgres_texts("20", "22", "it's")),
                         0);
        assert_int_equal(PQntuples(result), 1);
        assert_string_equal(PQfname(result, 0), "sum");
        assert_string_equal(PQgetvalue(result, 0, 0), "42");
        assert_string_equal(PQgetvalue(result, 0, 1), "it's");
        PQclear(result);
        assert_int_equal(eddy_postgres_query(pg, &result, "SELECT $1::text", eddy_postgres_texts(NULL)), 0);
        assert_true(PQgetisnull(result, 0, 0));
        PQclear(result);
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(binary_parameters_and_results)
{
        static const char bytes[] = "a\0b\xff";
        const char *values[] = {bytes};
        const int sizes[] = {sizeof bytes}, formats[] = {1};
        const Oid types[] = {17}; /* bytea */
        const eddy_postgres_params params = {1, values, types, sizes, formats, .binary = true};
        eddy_postgres *pg = connect_to_server();
        PGresult *result;

        assert_int_equal(eddy_postgres_query(pg, &result, "SELECT $1", &params), 0);
        assert_int_equal(PQgetlength(result, 0, 0), sizeof bytes);
        assert_memory_equal(PQgetvalue(result, 0, 0), bytes, sizeof bytes);
        PQclear(result);
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(a_result_larger_than_any_buffer)
{
        enum { SIZE = 20 * 1024 * 1024 };
        eddy_postgres *pg = connect_to_server();
        char *text = malloc(SIZE + 1);
        PGresult *result;

        memset(text, 'x', SIZE);
        text[SIZE] = '\0';
        assert_int_equal(eddy_postgres_query(pg, &result, "SELECT $1::text || 'y'", eddy_postgres_texts(text)),
                         0);
        assert_int_equal(PQgetlength(result, 0, 0), SIZE + 1);
        assert_int_equal(PQgetvalue(result, 0, 0)[SIZE], 'y');
        PQclear(result);
        free(text);
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(an_error_has_message_and_sqlstate)
{
        eddy_postgres *pg = connect_to_server();
        PGresult *result = (PGresult *)-1;

        assert_int_equal(eddy_postgres_query(pg, &result, "SELECT * FROM nowhere", NULL), EDDY_EPOSTGRES);
        assert_null(result);
        assert_string_equal(eddy_explain(EDDY_EPOSTGRES), "relation \"nowhere\" does not exist");
        assert_string_equal(eddy_postgres_sqlstate(pg), "42P01");
        assert_runs(pg, "CREATE TEMP TABLE t (id int PRIMARY KEY)");
        assert_string_equal(eddy_postgres_sqlstate(pg), "");
        assert_runs(pg, "INSERT INTO t VALUES (1)");
        assert_int_equal(eddy_postgres_exec(pg, NULL, "INSERT INTO t VALUES (1)"), EDDY_EPOSTGRES);
        assert_string_equal(
            eddy_error_detail(),
            "duplicate key value violates unique constraint \"t_pkey\" (Key (id)=(1) already exists.)");
        assert_string_equal(eddy_postgres_sqlstate(pg), "23505");
        assert_value(pg, "SELECT 'in step'", "in step");
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(several_statements_at_once)
{
        eddy_postgres *pg = connect_to_server();
        PGresult *result;

        assert_int_equal(eddy_postgres_exec(pg, &result, "SELECT 1; SELECT 2, 3; SELECT 'last'"), 0);
        assert_string_equal(PQgetvalue(result, 0, 0), "last");
        PQclear(result);
        assert_int_equal(eddy_postgres_exec(pg, &result, "SELECT 1; SELECT 1/0; SELECT 3"), EDDY_EPOSTGRES);
        assert_string_equal(eddy_postgres_sqlstate(pg), "22012");
        assert_runs(pg, "");
        assert_value(pg, "SELECT 'in step'", "in step");
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(prepared_statements)
{
        eddy_postgres *pg = connect_to_server();
        PGresult *result;

        assert_int_equal(eddy_postgres_prepare(pg, "double", "SELECT 2 * $1::int", NULL, 0), 0);
        for (int i = 0; i < 10; i++) {
                char number[16], twice[16];

                snprintf(number, sizeof number, "%d", i);
                snprintf(twice, sizeof twice, "%d", 2 * i);
                assert_int_equal(
                    eddy_postgres_query_prepared(pg, &result, "double", eddy_postgres_texts(number)), 0);
                assert_string_equal(PQgetvalue(result, 0, 0), twice);
                PQclear(result);
        }
        assert_int_equal(eddy_postgres_query_prepared(pg, NULL, "none", NULL), EDDY_EPOSTGRES);
        assert_string_equal(eddy_postgres_sqlstate(pg), "26000");
        eddy_postgres_destroy(pg);
}

static intptr_t select_one(void *pg)
{
        return eddy_postgres_query(pg, NULL, "SELECT 1", NULL);
}

COROUTINE_TEST(one_coroutine_at_a_time)
{
        eddy_postgres *pg = connect_to_server();
        eddy_task *first = eddy_create_task(select_one, pg);

        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(select_one(pg), EDDY_EBUSY);
        assert_int_equal(join(first), 0);
        assert_int_equal(select_one(pg), 0);
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(without_memory_a_query_fails_and_the_connection_is_in_step_or_closed)
{
        unsigned long nth = 0;
        int rc;

        do {
                eddy_postgres *pg = connect_to_server();

                fault_arm(++nth, 1);
                /* Its answer is not there yet when it is first waited for. */
                rc = eddy_postgres_query(pg, NULL, "SELECT pg_sleep(0.01)", NULL);
                fault_arm(0, 0);
                if (eddy_postgres_is_open(pg))
                        assert_value(pg, "SELECT 'in step'", "in step");
                eddy_postgres_destroy(pg);
        } while (rc < 0);
        assert_true(nth > 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(parameters_and_rows),
            cmocka_unit_test(binary_parameters_and_results),
            cmocka_unit_test(a_result_larger_than_any_buffer),
            cmocka_unit_test(an_error_has_message_and_sqlstate),
            cmocka_unit_test(several_statements_at_once),
            cmocka_unit_test(prepared_statements),
            cmocka_unit_test(one_coroutine_at_a_time),
            cmocka_unit_test(without_memory_a_query_fails_and_the_connection_is_in_step_or_closed),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
