#include "server.h"

static eddy_postgres_pool *make_pool(size_t size)
{
        eddy_postgres_pool *pool;

        assert_int_equal(eddy_postgres_pool_create(&pool, server.conninfo, size), 0);
        return pool;
}

static void end_pool(eddy_postgres_pool *pool)
{
        assert_int_equal(eddy_postgres_pool_close(pool), 0);
        eddy_postgres_pool_destroy(pool);
}

static eddy_postgres *acquire(eddy_postgres_pool *pool)
{
        eddy_postgres *pg;

        assert_int_equal(eddy_postgres_pool_acquire(pool, &pg), 0);
        return pg;
}

/** What borrowers share. */
struct lending {
        eddy_postgres_pool *pool;
        int out, most_out;
};

static intptr_t borrow(void *arg)
{
        struct lending *lending = arg;
        eddy_postgres *pg;
        int rc = eddy_postgres_pool_acquire(lending->pool, &pg);

        if (rc < 0)
                return rc;
        lending->out++;
        lending->most_out = lending->out > lending->most_out ? lending->out : lending->most_out;
        rc = eddy_postgres_query(pg, NULL, "SELECT pg_sleep(0.001)", NULL);
        lending->out--;
        eddy_postgres_pool_release(lending->pool, pg);
        return rc;
}

COROUTINE_TEST(no_more_than_its_size_are_out)
{
        struct lending lending = {.pool = make_pool(3)};
        eddy_group group;

        eddy_group_open(&group);
        for (int i = 0; i < 50; i++)
                eddy_group_create_task(&group, borrow, &lending, NULL);
        assert_int_equal(eddy_group_close(&group), 0);
        assert_int_equal(lending.most_out, 3);
        end_pool(lending.pool);
}

COROUTINE_TEST(a_connection_is_used_again)
{
        eddy_postgres_pool *pool = make_pool(5);
        eddy_postgres *pg = acquire(pool);
        int pid = PQbackendPID(eddy_postgres_connection(pg));
        PGresult *result;

        eddy_postgres_pool_release(pool, pg);
        for (int i = 0; i < 5; i++) {
                assert_int_equal(eddy_postgres_pool_query(pool, &result, "SELECT pg_backend_pid()", NULL), 0);
                assert_int_equal(atoi(PQgetvalue(result, 0, 0)), pid);
                PQclear(result);
        }
        eddy_postgres_pool_release(pool, NULL);
        end_pool(pool);
}

/** One who stands in a queue. */
struct waiter {
        eddy_postgres_pool *pool;
        char letter;
};

static intptr_t stand_in_queue(void *arg)
{
        const struct waiter *waiter = arg;
        eddy_postgres *pg;
        int rc = eddy_postgres_pool_acquire(waiter->pool, &pg);

        if (rc < 0)
                return rc;
        trail_add(waiter->letter);
        assert_value(pg, "SELECT 1", "1");
        eddy_postgres_pool_release(waiter->pool, pg);
        return 0;
}

COROUTINE_TEST(first_come_first_served_and_who_left_is_passed_over)
{
        eddy_postgres_pool *pool = make_pool(1);
        eddy_postgres *pg = acquire(pool);
        eddy_task *tasks[5];

        trail_clear();
        for (int i = 0; i < 5; i++) {
                tasks[i] = eddy_spawn(stand_in_queue, &(struct waiter){pool, (char)('a' + i)});
                assert_int_equal(eddy_yield(), 0);
        }
        eddy_cancel(tasks[0]);
        eddy_cancel(tasks[2]);
        eddy_postgres_pool_release(pool, pg); /* before they know */
        for (int i = 0; i < 5; i++)
                assert_int_equal(join(tasks[i]), i == 0 || i == 2 ? EDDY_CANCELLED : 0);
        assert_trail("bde");
        end_pool(pool);
}

COROUTINE_TEST(waiting_can_be_bounded)
{
        eddy_postgres_pool *pool = make_pool(1);
        eddy_postgres *pg = acquire(pool), *none;
        int rc = 0;

        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                rc = eddy_postgres_pool_acquire(pool, &none);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_null(none);
        eddy_postgres_pool_release(pool, pg);
        eddy_postgres_pool_release(pool, acquire(pool));
        end_pool(pool);
}

COROUTINE_TEST(a_broken_connection_is_replaced)
{
        eddy_postgres_pool *pool = make_pool(2);
        eddy_postgres *pg = acquire(pool), *other;
        char sql[128];

        /* One that breaks while it is idle. */
        snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d)",
                 PQbackendPID(eddy_postgres_connection(pg)));
        other = acquire(pool);
        eddy_postgres_pool_release(pool, pg);
        assert_runs(other, sql);
        until(!eddy_postgres_is_open(pg));
        pg = acquire(pool);
        assert_value(pg, "SELECT 1", "1");
        eddy_postgres_pool_release(pool, other);
        /* One that breaks while it is out, for which somebody waits. */
        other = acquire(pool);
        eddy_task *waiter = eddy_spawn(stand_in_queue, &(struct waiter){pool, 'x'});
        assert_int_equal(eddy_yield(), 0);
        assert_true(eddy_postgres_exec(other, NULL, "SELECT pg_terminate_backend(pg_backend_pid())") < 0);
        eddy_postgres_pool_release(pool, other);
        assert_int_equal(join(waiter), 0);
        eddy_postgres_pool_release(pool, pg);
        end_pool(pool);
}

COROUTINE_TEST(a_server_that_was_restarted_is_found_again)
{
        eddy_postgres_pool *pool = make_pool(2);
        eddy_postgres *pg;
        int rc;

        assert_int_equal(eddy_postgres_pool_query(pool, NULL, "SELECT 1", NULL), 0);
        postgres_server_end(&server);
        while ((rc = eddy_postgres_pool_acquire(pool, &pg)) == 0) { /* until it has heard of that */
                eddy_postgres_pool_release(pool, pg);
                assert_int_equal(eddy_yield(), 0);
        }
        assert_int_equal(rc, -ECONNREFUSED);
        assert_int_equal(eddy_postgres_pool_acquire(pool, &pg), -ECONNREFUSED);
        assert_int_equal(eddy_postgres_pool_acquire(pool, &pg), -ECONNREFUSED);
        postgres_server_run(&server);
        assert_int_equal(eddy_postgres_pool_query(pool, NULL, "SELECT 1", NULL), 0);
        end_pool(pool);
}

COROUTINE_TEST(what_is_left_open_does_not_reach_the_next)
{
        eddy_postgres_pool *pool = make_pool(1);
        eddy_postgres *pg = acquire(pool);

        assert_int_equal(eddy_postgres_begin(pg), 0);
        assert_runs(pg, "CREATE TABLE left_open (id int)");
        eddy_postgres_pool_release(pool, pg);
        pg = acquire(pool);
        assert_int_equal(PQtransactionStatus(eddy_postgres_connection(pg)), PQTRANS_IDLE);
        assert_value(pg, "SELECT to_regclass('left_open') IS NULL", "t");
        assert_int_equal(eddy_postgres_open_rows(pg, "SELECT 1", NULL), 0);
        eddy_postgres_pool_release(pool, pg);
        pg = acquire(pool);
        assert_value(pg, "SELECT 2", "2");
        eddy_postgres_pool_release(pool, pg);
        end_pool(pool);
}

/** What a borrower does to his session, and how the next one would notice. */
static const struct {
        const char *sql, *look, *as_new, *as_left;
} marks[] = {
    {"SET search_path = nowhere", "SHOW search_path", "\"$user\", public", "nowhere"},
    {"SELECT set_config('work_mem', '123kB', false)", "SHOW work_mem", "4MB", "123kB"},
    {"SELECT pg_advisory_lock(42)", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", "0", "1"},
    {"CREATE TEMP TABLE scratch (x int)", "SELECT to_regclass('pg_temp.scratch') IS NULL", "t", "f"},
    {"SELECT 1 AS x INTO TEMP scratch", "SELECT to_regclass('pg_temp.scratch') IS NULL", "t", "f"},
    {"LISTEN news", "SELECT count(*) FROM pg_listening_channels()", "0", "1"},
    {"DECLARE c CURSOR WITH HOLD FOR SELECT 1", "SELECT count(*) FROM pg_cursors WHERE name <> ''", "0", "1"},
    {"PREPARE p AS SELECT 1", "SELECT count(*) FROM pg_prepared_statements", "0", "1"},
    {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SHOW transaction_read_only", "off", "on"},
};

COROUTINE_TEST(what_a_borrower_leaves_in_his_session_does_not_reach_the_next)
{
        eddy_postgres_pool_options options = {.size = 1};

        for (size_t i = 0; i < 2 * sizeof marks / sizeof marks[0]; i++) {
                size_t mark = i / 2;
                eddy_postgres_pool *pool;
                eddy_postgres *pg;

                options.keeps_session = i % 2;
                assert_int_equal(eddy_postgres_pool_create_with(&pool, server.conninfo, &options), 0);
                pg = acquire(pool);
                assert_runs(pg, marks[mark].sql);
                eddy_postgres_pool_release(pool, pg);
                pg = acquire(pool);
                assert_value(pg, marks[mark].look,
                             options.keeps_session ? marks[mark].as_left : marks[mark].as_new);
                eddy_postgres_pool_release(pool, pg);
                end_pool(pool);
        }
}

COROUTINE_TEST(a_session_is_made_new_where_tasks_are_eager_too)
{
        eddy_postgres_pool *pool = make_pool(1);
        eddy_postgres *pg;

        assert_int_equal(eddy_loop_set_task_factory(NULL, eddy_eager_task_factory, NULL), 0);
        for (int turns = 0; turns < 2; turns++) {
                pg = acquire(pool);
                assert_value(pg, "SELECT count(*) FROM pg_listening_channels()", "0");
                assert_runs(pg, "LISTEN news");
                eddy_postgres_pool_release(pool, pg);
        }
        end_pool(pool);
        assert_int_equal(eddy_loop_set_task_factory(NULL, NULL, NULL), 0);
}

COROUTINE_TEST(notifications_that_nobody_took_are_not_the_next_ones)
{
        eddy_postgres_pool *pool = make_pool(1);
        eddy_postgres *pg = acquire(pool);
        PGnotify *notification;
        int rc = 0;

        assert_runs(pg, "LISTEN news; NOTIFY news, 'mine'");
        eddy_postgres_pool_release(pool, pg);
        pg = acquire(pool);
        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                rc = eddy_postgres_next_notification(pg, &notification);
        assert_int_equal(rc, EDDY_TIMEOUT);
        eddy_postgres_pool_release(pool, pg);
        end_pool(pool);
}

COROUTINE_TEST(where_nothing_can_be_left_nothing_more_is_sent)
{
        eddy_postgres_pool *pool = make_pool(1);
        PGresult *result;

        /* The last statement of the session is still the query before. */
        assert_int_equal(eddy_postgres_pool_query(pool, NULL, "SELECT 'harmless', lower('X')", NULL), 0);
        for (int turns = 0; turns < 10; turns++)
                assert_int_equal(eddy_yield(), 0);
        eddy_postgres *pg = acquire(pool), *witness = connect_to_server();
        char sql[128];

        snprintf(sql, sizeof sql, "SELECT query FROM pg_stat_activity WHERE pid = %d",
                 PQbackendPID(eddy_postgres_connection(pg)));
        assert_int_equal(eddy_postgres_query(witness, &result, sql, NULL), 0);
        assert_string_equal(PQgetvalue(result, 0, 0), "SELECT 'harmless', lower('X')");
        PQclear(result);
        eddy_postgres_destroy(witness);
        eddy_postgres_pool_release(pool, pg);
        end_pool(pool);
}

COROUTINE_TEST(a_pool_may_be_destroyed_under_those_who_use_it)
{
        eddy_postgres_pool *pool = make_pool(1);
        eddy_postgres *pg = acquire(pool);
        eddy_task *waiter = eddy_spawn(stand_in_queue, &(struct waiter){pool, 'x'});

        assert_int_equal(eddy_yield(), 0);
        eddy_postgres_pool_destroy(pool);
        assert_int_equal(join(waiter), EDDY_ESHUTDOWN);
        assert_value(pg, "SELECT 'still mine'", "still mine");
        eddy_postgres_pool_release(pool, pg);

        /* One that is being reset belongs to nobody. */
        pool = make_pool(1);
        pg = acquire(pool);
        assert_runs(pg, "LISTEN news");
        eddy_postgres_pool_release(pool, pg);
        eddy_postgres_pool_destroy(pool);
}

static intptr_t close_pool(void *pool)
{
        return eddy_postgres_pool_close(pool);
}

COROUTINE_TEST(closing_waits_for_what_is_out)
{
        eddy_postgres_pool *pool = make_pool(1);
        eddy_postgres *pg = acquire(pool), *none;
        eddy_task *waiter = eddy_spawn(stand_in_queue, &(struct waiter){pool, 'x'}), *closer;

        assert_int_equal(eddy_yield(), 0);
        closer = eddy_create_task(close_pool, pool);
        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(join(waiter), EDDY_ESHUTDOWN);
        assert_int_equal(eddy_postgres_pool_acquire(pool, &none), EDDY_ESHUTDOWN);
        assert_int_equal(eddy_postgres_pool_close(pool), EDDY_EBUSY);
        assert_false(eddy_done(closer));
        assert_value(pg, "SELECT 'still mine'", "still mine");
        eddy_postgres_pool_release(pool, pg);
        assert_int_equal(join(closer), 0);
        assert_int_equal(eddy_postgres_pool_close(pool), 0);
        eddy_postgres_pool_destroy(pool);
        eddy_postgres_pool_destroy(NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(no_more_than_its_size_are_out),
            cmocka_unit_test(a_connection_is_used_again),
            cmocka_unit_test(first_come_first_served_and_who_left_is_passed_over),
            cmocka_unit_test(waiting_can_be_bounded),
            cmocka_unit_test(a_broken_connection_is_replaced),
            cmocka_unit_test(a_server_that_was_restarted_is_found_again),
            cmocka_unit_test(what_is_left_open_does_not_reach_the_next),
            cmocka_unit_test(what_a_borrower_leaves_in_his_session_does_not_reach_the_next),
            cmocka_unit_test(a_session_is_made_new_where_tasks_are_eager_too),
            cmocka_unit_test(notifications_that_nobody_took_are_not_the_next_ones),
            cmocka_unit_test(where_nothing_can_be_left_nothing_more_is_sent),
            cmocka_unit_test(a_pool_may_be_destroyed_under_those_who_use_it),
            cmocka_unit_test(closing_waits_for_what_is_out),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
