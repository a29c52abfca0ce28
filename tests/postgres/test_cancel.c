#include "server.h"

#include <poll.h>

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

static intptr_t insert(void *pg)
{
        return eddy_postgres_query(pg, NULL, "INSERT INTO taken VALUES (1)", NULL);
}

COROUTINE_TEST(a_statement_that_was_done_is_told_of_and_one_that_was_stopped_did_nothing)
{
        eddy_postgres *pg = connect_to_server(), *witness = connect_to_server();
        int done = 0;

        assert_runs(pg, "CREATE TABLE taken (id int)");
        for (int i = 0; i < 100; i++) {
                char expected[16];
                int rc = 0;

                EDDY_TIMEOUT_SCOPE(eddy_us(5 * i))
                        rc = (int)insert(pg);
                assert_true(rc == 0 || rc == EDDY_TIMEOUT);
                done += rc == 0;
                snprintf(expected, sizeof expected, "%d", done);
                assert_value(witness, "SELECT count(*) FROM taken", expected);
        }
        eddy_postgres_destroy(witness);
        eddy_postgres_destroy(pg);
}

COROUTINE_TEST(a_reply_that_lies_in_the_socket_is_its_askers)
{
        eddy_postgres *pg = connect_to_server();
        struct pollfd socket = {.fd = PQsocket(eddy_postgres_connection(pg)), .events = POLLIN};
        eddy_task *late;

        assert_runs(pg, "CREATE TEMP TABLE taken (id int)");
        late = eddy_create_task(insert, pg);
        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(poll(&socket, 1, -1), 1);
        eddy_cancel(late);
        assert_int_equal(join(late), 0);
        assert_value(pg, "SELECT count(*) FROM taken", "1");
        eddy_postgres_destroy(pg);
}

static intptr_t listen_forever(void *pg)
{
        PGnotify *notification;

        return eddy_postgres_next_notification(pg, &notification);
}

static intptr_t take_rows(void *pg)
{
        PGresult *row;
        int rc = eddy_postgres_open_rows(pg, "SELECT pg_sleep(1000)", NULL);

        if (rc < 0)
                return rc;
        rc = eddy_postgres_next_row(pg, &row);
        eddy_postgres_close_rows(pg);
        return rc;
}

static intptr_t wait_for_a_pipeline(void *pg)
{
        int rc = eddy_postgres_pipeline_open(pg);

        if (rc == 0)
                rc = eddy_postgres_pipeline_query(pg, "SELECT pg_sleep(1000)", NULL);
        if (rc == 0)
                rc = eddy_postgres_pipeline_result(pg, NULL);
        eddy_postgres_pipeline_close(pg);
        return rc;
}

static intptr_t copy_endlessly(void *pg)
{
        ssize_t n =
            eddy_postgres_exec(pg, NULL, "COPY (SELECT generate_series(1, 1000000000) AS pg_sleep) TO STDOUT");
        char *row;

        if (n < 0)
                return n;
        do {
                n = eddy_postgres_copy_get(pg, &row);
                PQfreemem(row);
        } while (n > 0);
        eddy_postgres_copy_end(pg, NULL);
        return n;
}

static intptr_t commit_slowly(void *pg)
{
        int rc = eddy_postgres_begin(pg);

        return eddy_postgres_end(pg, rc < 0 ? rc : (int)sleep_long(pg));
}

COROUTINE_TEST(destroying_under_one_who_waits_or_was_cancelled_is_safe)
{
        static intptr_t (*const uses[])(void *pg) = {sleep_long,          listen_forever, take_rows,
                                                     wait_for_a_pipeline, copy_endlessly, commit_slowly};

        for (size_t i = 0; i < 2 * sizeof uses / sizeof uses[0]; i++) {
                eddy_postgres *pg = connect_to_server(), *witness = connect_to_server();
                eddy_task *user = eddy_create_task(uses[i / 2], pg);
                intptr_t rc;

                if (uses[i / 2] == listen_forever)
                        assert_int_equal(eddy_yield(), 0);
                else
                        until(is_running(witness, "pg_sleep"));
                if (i % 2)
                        eddy_cancel(user);
                eddy_postgres_destroy(pg);
                rc = join(user);
                assert_true(rc == EDDY_ESHUTDOWN || (i % 2 && rc == EDDY_CANCELLED));
                eddy_postgres_destroy(witness);
        }
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
            cmocka_unit_test(a_statement_that_was_done_is_told_of_and_one_that_was_stopped_did_nothing),
            cmocka_unit_test(a_reply_that_lies_in_the_socket_is_its_askers),
            cmocka_unit_test(destroying_under_one_who_waits_or_was_cancelled_is_safe),
            cmocka_unit_test(within_a_transaction_it_can_be_rolled_back),
            cmocka_unit_test(where_no_thread_can_be_had_the_connection_is_closed),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
