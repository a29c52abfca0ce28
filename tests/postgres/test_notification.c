#include "server.h"

static void assert_next(eddy_postgres *pg, const char *channel, const char *text)
{
        PGnotify *notification;

        assert_int_equal(eddy_postgres_next_notification(pg, &notification), 0);
        assert_string_equal(notification->relname, channel);
        assert_string_equal(notification->extra, text);
        PQfreemem(notification);
}

static intptr_t notify(void *pg)
{
        return eddy_postgres_exec(pg, NULL, "NOTIFY news, 'late'");
}

COROUTINE_TEST(they_come_in_order_also_those_of_before)
{
        eddy_postgres *pg = connect_to_server(), *other = connect_to_server();
        eddy_task *notifier;

        assert_runs(pg, "LISTEN news");
        assert_runs(other, "NOTIFY news, 'one'; NOTIFY weather, 'rain'; NOTIFY news, 'two'");
        assert_value(pg, "SELECT 'busy meanwhile'", "busy meanwhile");
        assert_next(pg, "news", "one");
        assert_next(pg, "news", "two");
        notifier = eddy_create_task(notify, other);
        assert_next(pg, "news", "late");
        assert_int_equal(join(notifier), 0);
        eddy_postgres_destroy(pg);
        eddy_postgres_destroy(other);
}

COROUTINE_TEST(an_interruption_loses_none)
{
        eddy_postgres *pg = connect_to_server(), *other = connect_to_server();
        PGnotify *notification;
        int rc = 0;

        assert_runs(pg, "LISTEN news");
        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                rc = eddy_postgres_next_notification(pg, &notification);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_null(notification);
        assert_runs(other, "NOTIFY news, 'one'");
        assert_next(pg, "news", "one");
        eddy_postgres_destroy(pg);
        eddy_postgres_destroy(other);
}

static intptr_t wait_for_notification(void *pg)
{
        PGnotify *notification;

        return eddy_postgres_next_notification(pg, &notification);
}

COROUTINE_TEST(a_lost_connection_is_told)
{
        eddy_postgres *pg = connect_to_server(), *admin = connect_to_server();
        eddy_task *waiter;
        char sql[128];

        assert_runs(pg, "LISTEN news");
        waiter = eddy_create_task(wait_for_notification, pg);
        assert_int_equal(eddy_yield(), 0);
        snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d)",
                 PQbackendPID(eddy_postgres_connection(pg)));
        assert_runs(admin, sql);
        assert_int_equal(join(waiter), -ECONNRESET);
        assert_int_equal(wait_for_notification(pg), -ENOTCONN);
        eddy_postgres_destroy(pg);
        eddy_postgres_destroy(admin);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(they_come_in_order_also_those_of_before),
            cmocka_unit_test(an_interruption_loses_none),
            cmocka_unit_test(a_lost_connection_is_told),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
