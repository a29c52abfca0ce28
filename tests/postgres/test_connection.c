#include "server.h"

#include "../stream/helpers_resolve.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

COROUTINE_TEST(says_why_it_cannot_connect)
{
        eddy_postgres *pg;
        char conninfo[256];

        assert_int_equal(eddy_postgres_connect(&pg, "host=/nowhere"), -ECONNREFUSED);
        assert_null(pg);
        assert_non_null(strstr(eddy_error_detail(), "No such file or directory"));
        assert_int_equal(eddy_postgres_connect(&pg, "hostaddr=127.0.0.1 port=1"), -ECONNREFUSED);
        assert_non_null(strstr(eddy_error_detail(), "Connection refused"));
        assert_int_equal(eddy_postgres_connect(&pg, "nonsense"), -EINVAL);
        snprintf(conninfo, sizeof conninfo, "host=%s user=tester dbname=nowhere", server.folder);
        assert_int_equal(eddy_postgres_connect(&pg, conninfo), EDDY_EPOSTGRES);
        assert_non_null(strstr(eddy_error_detail(), "database \"nowhere\" does not exist"));
}

COROUTINE_TEST(a_server_that_says_nothing_is_given_up)
{
        char folder[] = "/tmp/eddy-silent-XXXXXX", path[64], conninfo[128];
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = 0;
        eddy_postgres *pg;

        assert_non_null(mkdtemp(folder));
        snprintf(path, sizeof path, "%s/.s.PGSQL.5432", folder);
        memcpy(address.sun_path, path, sizeof path);
        assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(listen(listener, 5), 0);
        snprintf(conninfo, sizeof conninfo, "host=%s", folder);
        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                rc = eddy_postgres_connect(&pg, conninfo);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_null(pg);
        snprintf(conninfo, sizeof conninfo, "host=%s connect_timeout=1", folder);
        assert_int_equal(eddy_postgres_connect(&pg, conninfo), EDDY_TIMEOUT);
        assert_int_equal(eddy_sock_close(listener), 0);
        unlink(path);
        rmdir(folder);
}

static intptr_t connect_to(void *conninfo)
{
        eddy_postgres *pg;

        return eddy_postgres_connect(&pg, conninfo);
}

/** A socket that listens on 127.0.0.1; its port. */
static int listen_anywhere(uint16_t *port)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        socklen_t size = sizeof address;

        assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
        assert_int_equal(listen(listener, 5), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
        *port = ntohs(address.sin_port);
        return listener;
}

COROUTINE_TEST(looking_a_name_up_does_not_hold_up_the_loop)
{
        char conninfo[128];
        uint16_t port;
        int listener = listen_anywhere(&port), connection;
        eddy_task *task;
        intptr_t result;

        snprintf(conninfo, sizeof conninfo, "host=slow.test port=%u", port);
        task = eddy_create_task(connect_to, conninfo);
        while (waiting_at_gate() == 0)
                assert_int_equal(eddy_yield(), 0);
        set_gate(true);
        connection = eddy_sock_accept(listener, NULL);
        assert_true(connection >= 0);
        eddy_cancel(task);
        assert_int_equal(eddy_join(task, &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
        assert_int_equal(eddy_sock_close(connection), 0);
        assert_int_equal(eddy_sock_close(listener), 0);
}

COROUTINE_TEST(every_host_and_each_of_its_addresses_is_tried)
{
        char conninfo[256];
        uint16_t port;
        int listener = listen_anywhere(&port), connection;
        eddy_task *task;
        eddy_postgres *pg;
        intptr_t result;

        /* Nobody listens at the first of these two addresses, nor in the folder, and the name has none. */
        snprintf(conninfo, sizeof conninfo, "host=/nowhere,no-such-host..invalid,two.test port=5432,1,%u",
                 port);
        task = eddy_create_task(connect_to, conninfo);
        connection = eddy_sock_accept(listener, NULL);
        assert_true(connection >= 0);
        eddy_cancel(task);
        assert_int_equal(eddy_join(task, &result), 0);
        assert_int_equal(eddy_sock_close(connection), 0);
        assert_int_equal(eddy_sock_close(listener), 0);

        assert_int_equal(eddy_postgres_connect(&pg, "host=no-such-host..invalid"), EDDY_ERESOLVE);
        assert_non_null(strstr(eddy_error_detail(), "no-such-host..invalid"));
        assert_null(pg);
}

COROUTINE_TEST(an_address_that_does_not_answer_leaves_the_next_its_turn)
{
        struct sockaddr_in silent = {.sin_family = AF_INET};
        int next = -1, first = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), connection;
        char conninfo[256];
        eddy_task *task;
        uint16_t port;
        intptr_t result;

        next = listen_anywhere(&port);
        inet_pton(AF_INET, "127.0.0.2", &silent.sin_addr);
        silent.sin_port = htons(port);
        assert_int_equal(bind(first, (struct sockaddr *)&silent, sizeof silent), 0);
        assert_int_equal(listen(first, 5), 0);
        snprintf(conninfo, sizeof conninfo, "host=two.test port=%u connect_timeout=1", port);
        task = eddy_create_task(connect_to, conninfo);
        connection = eddy_sock_accept(next, NULL);
        assert_true(connection >= 0);
        eddy_cancel(task);
        assert_int_equal(eddy_join(task, &result), 0);
        assert_int_equal(eddy_sock_close(connection), 0);
        close(first);
        assert_int_equal(eddy_sock_close(next), 0);
}

static int option_of(int fd, int level, int name)
{
        int value = -1;
        socklen_t size = sizeof value;

        assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
        return value;
}

/** A connection attempt's socket, by who it is connected to. */
static int socket_towards(uint16_t port)
{
        for (int fd = 3; fd < 1024; fd++) {
                struct sockaddr_in peer;
                socklen_t size = sizeof peer;

                if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET &&
                    peer.sin_port == htons(port))
                        return fd;
        }
        return -1;
}

COROUTINE_TEST(tcp_asks_whether_the_server_is_still_there)
{
        static const struct {
                const char *given;
                int asks, idle, limit;
        } cases[] = {{"", 1, 15, 30000},
                     {"keepalives_idle=7 tcp_user_timeout=9000", 1, 7, 9000},
                     {"keepalives=0", 0, 7200, 0}};

        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char conninfo[256];
                uint16_t port;
                int listener = listen_anywhere(&port), connection, fd;
                eddy_task *task;
                intptr_t result;

                snprintf(conninfo, sizeof conninfo, "host=127.0.0.1 port=%u %s", port, cases[i].given);
                task = eddy_create_task(connect_to, conninfo);
                connection = eddy_sock_accept(listener, NULL);
                assert_true(connection >= 0);
                fd = socket_towards(port);
                assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), cases[i].asks);
                assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), cases[i].idle);
                assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), cases[i].limit);
                eddy_cancel(task);
                assert_int_equal(eddy_join(task, &result), 0);
                assert_int_equal(eddy_sock_close(connection), 0);
                assert_int_equal(eddy_sock_close(listener), 0);
        }
}

COROUTINE_TEST(the_servers_end_is_noticed_while_idle)
{
        eddy_postgres *pg = connect_to_server(), *admin = connect_to_server();
        char sql[128];

        snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d)",
                 PQbackendPID(eddy_postgres_connection(pg)));
        assert_runs(admin, sql);
        until(!eddy_postgres_is_open(pg));
        assert_int_equal(eddy_postgres_exec(pg, NULL, "SELECT 1"), -ENOTCONN);
        eddy_postgres_destroy(pg);
        eddy_postgres_destroy(admin);
}

static intptr_t sleep_long(void *pg)
{
        return eddy_postgres_query(pg, NULL, "SELECT pg_sleep(1000)", NULL);
}

COROUTINE_TEST(the_servers_end_during_a_query_is_an_error)
{
        eddy_postgres *pg = connect_to_server(), *other = connect_to_server();
        eddy_task *sleeper = eddy_create_task(sleep_long, pg);
        char sql[128];
        intptr_t rc;

        assert_int_equal(eddy_yield(), 0);
        snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d)",
                 PQbackendPID(eddy_postgres_connection(pg)));
        assert_runs(other, sql);
        rc = join(sleeper);
        assert_int_equal(rc, EDDY_EPOSTGRES); /* it says good-bye */
        assert_string_equal(eddy_postgres_sqlstate(pg), "57P01");
        assert_int_equal(eddy_postgres_exec(pg, NULL, "SELECT 1"), -ENOTCONN);
        sleeper = eddy_create_task(sleep_long, other);
        assert_int_equal(eddy_yield(), 0);
        kill(PQbackendPID(eddy_postgres_connection(other)), SIGKILL); /* it does not */
        assert_int_equal(join(sleeper), -ECONNRESET);
        assert_true(strlen(eddy_error_detail()) > 0);
        assert_int_equal(eddy_postgres_exec(other, NULL, "SELECT 1"), -ENOTCONN);
        eddy_postgres_destroy(pg);
        eddy_postgres_destroy(other);
        postgres_server_end(&server);
        postgres_server_run(&server);
}

TEST(outside_a_coroutine_nothing_connects)
{
        eddy_postgres *pg;

        assert_int_equal(eddy_postgres_connect(&pg, server.conninfo), EDDY_ENOTASK);
        eddy_postgres_destroy(NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(says_why_it_cannot_connect),
            cmocka_unit_test(a_server_that_says_nothing_is_given_up),
            cmocka_unit_test(looking_a_name_up_does_not_hold_up_the_loop),
            cmocka_unit_test(every_host_and_each_of_its_addresses_is_tried),
            cmocka_unit_test(an_address_that_does_not_answer_leaves_the_next_its_turn),
            cmocka_unit_test(tcp_asks_whether_the_server_is_still_there),
            cmocka_unit_test(the_servers_end_is_noticed_while_idle),
            cmocka_unit_test(the_servers_end_during_a_query_is_an_error),
            cmocka_unit_test(outside_a_coroutine_nothing_connects),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
