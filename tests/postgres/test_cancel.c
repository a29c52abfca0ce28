#include "server.h"

/** Whether some backend runs a statement with this word in it. */
static bool is_running(eddy_postgres *witness, const char *word)
{
        PGresult *result;
        bool runs;

        assert_int_equal(eddy_postgres_query(witness, &result,
                                             "SELECT 1 FROM pg_stat_activity WHERE state = 'active' "
                                             "AND query LIKE '%' || $1 || '%' AND pid <> pg_backend_pid()",
                                             eddy_postgres_texts(word)),
                         0);
        runs = PQntuples(result) > 0;
        PQclear(result);
        return runs;
}

static intptr_t sleep_long(void *pg)
{
        return eddy_postgres_query(pg, NULL, "SELECT pg_sleep(1000)", NULL);
}

COROUTINE_TEST(a_cancelled_query_ends_at_the_server_and_the_connection_is_usable)
{
        eddy_postgres *pg = connect_to_server(), *witness = connect_to_server();
        eddy_task *sleeper = eddy_create_task(sleep_long, pg);

        until(is_running(witness, "pg_sleep"));
        eddy_cancel(sleeper);
        assert_int_equal(join(sleeper), EDDY_CANCELLED);
        assert_false(is_running(witness, "pg_sleep"));
        assert_true(eddy_postgres_is_open(pg));
        assert_value(pg, "SELECT 'in step'", "in step");
        eddy_postgres_destroy(witness);
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(one_that_has_only_just_been_sent_too)
{
        eddy_postgres *pg = connect_to_server();

        for (int i = 0; i < 20; i++) {
                eddy_task *sleeper = eddy_create_task(sleep_long, pg);

                for (int turns = 0; turns < i; turns++)
                        assert_int_equal(eddy_yield(), 0);
                eddy_cancel(sleeper);
                assert_int_equal(join(sleeper), EDDY_CANCELLED);
                assert_true(eddy_postgres_is_open(pg));
                assert_value(pg, "SELECT 'in step'", "in step");
        }
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(a_deadline_does_the_same)
{
        eddy_postgres *pg = connect_to_server();
        intptr_t rc = 0;

        EDDY_TIMEOUT_SCOPE(eddy_ms(20))
                rc = sleep_long(pg);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_value(pg, "SELECT 'in step'", "in step");
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(no_later_query_is_hit_by_it)
{
        eddy_postgres *pg = connect_to_server();

        for (int i = 0; i < 50; i++) {
                int rc = 0;

                /* Some of these are done before they are cancelled. */
                EDDY_TIMEOUT_SCOPE(eddy_us(40 * i))
                        rc = eddy_postgres_query(pg, NULL, "SELECT pg_sleep(0.0005)", NULL);
                assert_true(rc == 0 || rc == EDDY_TIMEOUT);
                assert_value(pg, "SELECT pg_sleep(0.001), 1", "");
        }
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(within_a_transaction_it_can_be_rolled_back)
{
        eddy_postgres *pg = connect_to_server();
        intptr_t rc = 0;

        assert_runs(pg, "CREATE TEMP TABLE t (id int)");
        assert_int_equal(eddy_postgres_begin(pg), 0);
        assert_runs(pg, "INSERT INTO t VALUES (1)");
        EDDY_TIMEOUT_SCOPE(eddy_ms(20))
                rc = eddy_postgres_end(pg, (int)sleep_long(pg));
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_value(pg, "SELECT count(*) FROM t", "0");
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(where_no_thread_can_be_had_the_connection_is_closed)
{
        eddy_postgres *pg = connect_to_server(), *witness = connect_to_server();
        eddy_task *sleeper = eddy_create_task(sleep_long, pg);
        intptr_t rc;

        until(is_running(witness, "pg_sleep"));
        eddy_cancel(sleeper);
        fault_arm(1, 1000000);
        eddy_await(sleeper, &rc);
        fault_arm(0, 0);
        eddy_unref(sleeper);
        assert_int_equal(rc, EDDY_CANCELLED);
        assert_false(eddy_postgres_is_open(pg));
        assert_int_equal(eddy_postgres_exec(pg, NULL, "SELECT 1"), -ENOTCONN);
        eddy_postgres_destroy(witness);
        eddy_postgres_destroy(pg);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_cancelled_query_ends_at_the_server_and_the_connection_is_usable),
            cmocka_unit_test(one_that_has_only_just_been_sent_too),
            cmocka_unit_test(a_deadline_does_the_same),
            cmocka_unit_test(no_later_query_is_hit_by_it),
            cmocka_unit_test(within_a_transaction_it_can_be_rolled_back),
            cmocka_unit_test(where_no_thread_can_be_had_the_connection_is_closed),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
