#include "server.h"

#include "../stream/helpers_resolve.h"
#include "redis/request.h"
#include <netinet/tcp.h>
#include <sys/stat.h>

COROUTINE_TEST(connects_by_name_and_by_path)
{
        eddy_redis *redis;

        assert_int_equal(
            eddy_redis_connect(&redis, &(eddy_redis_options){.host = "localhost", .port = server.port}), 0);
        assert_runs(redis, NULL, "PING");
        eddy_redis_destroy(redis);
        assert_int_equal(eddy_redis_connect(&redis, &(eddy_redis_options){.path = server.path}), 0);
        assert_runs(redis, NULL, "PING");
        eddy_redis_destroy(redis);
}

static intptr_t connect_by_slow_name(void *redis)
{
        return eddy_redis_connect(redis, &(eddy_redis_options){.host = "slow.test", .port = server.port});
}

COROUTINE_TEST(looking_a_name_up_does_not_hold_up_the_loop)
{
        eddy_redis *redis;
        eddy_task *task = eddy_create_task(connect_by_slow_name, &redis);
        intptr_t result;

        while (waiting_at_gate() == 0)
                assert_int_equal(eddy_yield(), 0);
        set_gate(true);
        assert_int_equal(eddy_join(task, &result), 0);
        assert_int_equal(result, 0);
        assert_runs(redis, NULL, "PING");
        eddy_redis_destroy(redis);

        /* One that is given up meanwhile leaves nothing behind. */
        set_gate(false);
        task = eddy_create_task(connect_by_slow_name, &redis);
        while (waiting_at_gate() == 0)
                assert_int_equal(eddy_yield(), 0);
        eddy_cancel(task);
        assert_int_equal(eddy_join(task, &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
        assert_int_equal(eddy_redis_connect(&redis, &(eddy_redis_options){.host = "slow.test",
                                                                          .port = server.port,
                                                                          .connect_timeout = eddy_ms(5)}),
                         EDDY_TIMEOUT);
        set_gate(true);
}

COROUTINE_TEST(every_address_of_a_name_is_tried_and_so_when_it_is_lost)
{
        eddy_redis_options options = {.host = "two.test", .port = server.port, .backoff = eddy_ms(1)};
        eddy_redis_pubsub *pubsub;
        eddy_redis *redis;

        assert_int_equal(eddy_redis_connect(&redis, &options), 0);
        assert_int_equal(eddy_redis_pubsub_connect(&pubsub, &options), 0);
        redis_server_end(&server, SIGKILL);
        assert_true(redis_server_run(&server));
        assert_int_equal(eddy_redis_command(redis, NULL, "PING"), -ECONNRESET);
        assert_runs(redis, NULL, "PING");
        assert_int_equal(eddy_redis_subscribe(pubsub, "news"), 0);
        eddy_redis_pubsub_destroy(pubsub);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(an_address_that_does_not_answer_leaves_time_for_the_next)
{
        struct sockaddr_in silent = {.sin_family = AF_INET, .sin_port = htons(server.port)};
        eddy_redis_options options = {
            .host = "two.test", .port = server.port, .connect_timeout = eddy_seconds(1)};
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        eddy_redis *redis;

        inet_pton(AF_INET, "127.0.0.2", &silent.sin_addr);
        assert_int_equal(bind(listener, (struct sockaddr *)&silent, sizeof silent), 0);
        assert_int_equal(listen(listener, 5), 0);
        assert_int_equal(eddy_redis_connect(&redis, &options), 0);
        assert_runs(redis, NULL, "PING");
        eddy_redis_destroy(redis);
        close(listener);
}

static int option_of(int fd, int level, int name)
{
        int value = -1;
        socklen_t size = sizeof value;

        assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
        return value;
}

COROUTINE_TEST(tcp_asks_whether_the_server_is_still_there)
{
        static const struct {
                eddy_duration silence;
                int asks, idle, limit;
        } cases[] = {
            {0, 1, 15, 30000},          {INT64_C(6000000000), 1, 6, 12000},     {1, 1, 1, 4000},
            {EDDY_FOREVER, 0, 7200, 0}, {EDDY_FOREVER - 1, 1, 32767, 65533000},
        };

        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                eddy_redis *redis;
                int fd;

                assert_int_equal(
                    eddy_redis_connect(
                        &redis, &(eddy_redis_options){.port = server.port, .keep_alive = cases[i].silence}),
                    0);
                fd = eddy_transport_fd(redis->connection.transport);
                assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), cases[i].asks);
                assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), cases[i].limit);
                if (cases[i].asks)
                        assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), cases[i].idle);
                eddy_redis_destroy(redis);
        }
}

COROUTINE_TEST(says_why_it_cannot_connect)
{
        eddy_redis *redis;
        char expected[64];
        uint16_t port = free_port();

        assert_int_equal(eddy_redis_connect(&redis, &(eddy_redis_options){.port = port}), -ECONNREFUSED);
        assert_null(redis);
        snprintf(expected, sizeof expected, "127.0.0.1:%u: Connection refused", port);
        assert_string_equal(eddy_error_detail(), expected);
        assert_int_equal(eddy_redis_connect(&redis, &(eddy_redis_options){.path = "/nowhere/socket"}), -ENOENT);
        assert_int_equal(eddy_redis_connect(&redis, &(eddy_redis_options){.host = "no-such-host..invalid"}),
                         EDDY_ERESOLVE);
}

COROUTINE_TEST(a_server_that_says_nothing_is_given_up)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = 0;
        eddy_redis_options options = {.connect_timeout = eddy_ms(5)};
        eddy_redis *redis;

        assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
        assert_int_equal(listen(listener, 5), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
        options.port = ntohs(address.sin_port);
        assert_int_equal(eddy_redis_connect(&redis, &options), EDDY_TIMEOUT);
        options.connect_timeout = 0;
        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                rc = eddy_redis_connect(&redis, &options);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_null(redis);
        close(listener);
}

COROUTINE_TEST(sends_user_password_and_database)
{
        eddy_redis *admin = connect_to_server(), *redis;
        eddy_redis_options options = {.port = server.port, .user = "ada", .password = "se cret", .database = 3};
        redisReply *reply;

        assert_runs(admin, NULL, "ACL SETUSER ada on %s ~* +@all", ">se cret");
        assert_int_equal(eddy_redis_connect(&redis, &options), 0);
        assert_runs(redis, &reply, "ACL WHOAMI");
        assert_text(reply, "ada");
        assert_runs(redis, NULL, "SET key value");
        assert_runs(admin, NULL, "SELECT 3");
        assert_runs(admin, &reply, "GET key");
        assert_text(reply, "value");
        eddy_redis_destroy(redis);
        options.password = "wrong";
        assert_int_equal(eddy_redis_connect(&redis, &options), EDDY_EREDIS);
        assert_non_null(strstr(eddy_error_detail(), "WRONGPASS"));
        options = (eddy_redis_options){.port = server.port, .database = 99};
        assert_int_equal(eddy_redis_connect(&redis, &options), EDDY_EREDIS);
        assert_non_null(strstr(eddy_error_detail(), "out of range"));
        eddy_redis_destroy(admin);
}

COROUTINE_TEST(one_client_too_many_is_told_so)
{
        eddy_redis *admin = connect_to_server(), *redis;

        assert_runs(admin, NULL, "CONFIG SET maxclients 1");
        assert_int_equal(eddy_redis_connect(&redis, &(eddy_redis_options){.port = server.port}), EDDY_EREDIS);
        assert_non_null(strstr(eddy_error_detail(), "max number of clients"));
        assert_runs(admin, NULL, "CONFIG SET maxclients 100");
        eddy_redis_destroy(admin);
}

/** What on_loss was told. */
struct losses {
        int count, error;
        char detail[256];
        eddy_duration longest;
};

static void note_loss(int error, const char *detail, eddy_duration delay, void *arg)
{
        struct losses *losses = arg;

        losses->count++;
        losses->error = error;
        losses->longest = delay > losses->longest ? delay : losses->longest;
        snprintf(losses->detail, sizeof losses->detail, "%s", detail);
}

static intptr_t wait_for_item(void *redis)
{
        return eddy_redis_command(redis, NULL, "BLPOP list 0");
}

static intptr_t set_key(void *redis)
{
        return eddy_redis_command(redis, NULL, "SET key value");
}

COROUTINE_TEST(a_restart_of_the_server_has_a_clear_outcome)
{
        struct losses losses = {0};
        eddy_redis_options options = {.port = server.port,
                                      .backoff = eddy_ms(1),
                                      .max_backoff = eddy_ms(4),
                                      .on_loss = note_loss,
                                      .arg = &losses};
        eddy_redis *redis;
        eddy_task *sent, *waiting;
        redisReply *reply;

        assert_int_equal(eddy_redis_connect(&redis, &options), 0);
        sent = eddy_create_task(wait_for_item, redis);
        assert_int_equal(eddy_yield(), 0);
        redis_server_end(&server, SIGKILL);
        /* What was on its way may have run, and is not sent again. */
        assert_int_equal(join(sent), -ECONNRESET);
        assert_int_equal(losses.error, -ECONNRESET);
        /* What had not been sent waits, through attempts in vain. */
        waiting = eddy_create_task(set_key, redis);
        until(losses.count > 5);
        assert_int_equal(losses.error, -ECONNREFUSED);
        assert_true(losses.longest <= options.max_backoff);
        assert_false(eddy_done(waiting));
        assert_true(redis_server_run(&server));
        assert_int_equal(join(waiting), 0);
        assert_runs(redis, &reply, "GET key");
        assert_text(reply, "value");
        eddy_redis_destroy(redis);
}

/** A server that says one thing, whatever is said to it. */
static intptr_t say(eddy_stream *stream, void *what)
{
        char byte;

        eddy_stream_read(stream, &byte, 1);
        eddy_stream_write_all(stream, what, strlen(what));
        while (eddy_stream_read(stream, &byte, 1) > 0)
                continue;
        return 0;
}

COROUTINE_TEST(a_server_that_breaks_the_protocol_is_left)
{
        static const struct {
                const char *says, *detail;
                bool is_taken_for_one;
        } cases[] = {
            {"HTTP/1.1 400 Bad Request\r\n\r\n", "Protocol error", false},
            {"-LOADING\r\n", "LOADING", false},
            {"+PONG\r\n:1\r\n+PONG\r\n", "a reply came that answers nothing", true},
            {"+PONG\r\n:1\r\n-ERR idle for too long\r\n", "ERR idle for too long", true},
        };

        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct losses losses = {0};
                eddy_redis_options options = {.on_loss = note_loss, .arg = &losses};
                eddy_server *teller;
                eddy_redis *redis;
                int rc;

                assert_int_equal(
                    eddy_start_server(&teller, say, (char *)(uintptr_t)cases[i].says, "127.0.0.1", 0, NULL), 0);
                options.port = eddy_server_port(teller);
                rc = eddy_redis_connect(&redis, &options);
                if (cases[i].is_taken_for_one) {
                        assert_int_equal(rc, 0);
                        until(losses.count > 0);
                        assert_non_null(strstr(losses.detail, cases[i].detail));
                } else {
                        assert_true(rc == EDDY_EPROTOCOL || rc == EDDY_EREDIS);
                        assert_non_null(strstr(eddy_error_detail(), cases[i].detail));
                }
                eddy_redis_destroy(redis);
                eddy_server_close(teller);
                eddy_server_abort_clients(teller);
                eddy_server_destroy(teller);
        }
}

COROUTINE_TEST(a_command_that_waits_for_a_connection_can_be_taken_back)
{
        eddy_redis *redis = connect_to_server();
        eddy_task *waiting;
        redisReply *reply;
        int rc = 0;

        redis_server_end(&server, SIGKILL);
        assert_int_equal(eddy_redis_command(redis, NULL, "PING"), -ECONNRESET);
        waiting = eddy_create_task(set_key, redis);
        assert_int_equal(eddy_yield(), 0);
        eddy_cancel(waiting);
        assert_int_equal(join(waiting), EDDY_CANCELLED);
        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                rc = eddy_redis_command(redis, NULL, "SET key value");
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_true(redis_server_run(&server));
        assert_runs(redis, &reply, "EXISTS key");
        assert_number(reply, 0);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(fails_fast_where_asked_to)
{
        eddy_redis_options options = {.port = server.port, .fails_fast = true, .backoff = eddy_seconds(60)};
        eddy_redis *redis;

        assert_int_equal(eddy_redis_connect(&redis, &options), 0);
        redis_server_end(&server, SIGKILL);
        assert_int_equal(eddy_redis_command(redis, NULL, "PING"), -ECONNRESET);
        assert_int_equal(eddy_redis_command(redis, NULL, "PING"), -ENOTCONN);
        assert_true(redis_server_run(&server));
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(password_and_database_are_sent_again)
{
        eddy_redis_options options = {.port = server.port, .database = 5, .backoff = eddy_ms(1)};
        eddy_redis *redis;
        redisReply *reply;

        assert_int_equal(eddy_redis_connect(&redis, &options), 0);
        redis_server_end(&server, SIGKILL);
        assert_true(redis_server_run(&server));
        assert_int_equal(eddy_redis_command(redis, NULL, "PING"), -ECONNRESET);
        assert_runs(redis, &reply, "CLIENT LIST ID 0");
        freeReplyObject(reply);
        assert_runs(redis, &reply, "CLIENT INFO");
        assert_non_null(strstr(reply->str, " db=5 "));
        freeReplyObject(reply);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(destroying_tells_those_who_wait_for_a_connection)
{
        eddy_redis *redis = connect_to_server();
        eddy_task *waiting;

        redis_server_end(&server, SIGKILL);
        assert_int_equal(eddy_redis_command(redis, NULL, "PING"), -ECONNRESET);
        waiting = eddy_create_task(set_key, redis);
        assert_int_equal(eddy_yield(), 0);
        eddy_redis_destroy(redis);
        assert_int_equal(join(waiting), EDDY_ESHUTDOWN);
        assert_true(redis_server_run(&server));
}

TEST(outside_a_coroutine_nothing_connects)
{
        eddy_redis *redis;

        assert_int_equal(eddy_redis_connect(&redis, NULL), EDDY_ENOTASK);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(connects_by_name_and_by_path),
            cmocka_unit_test(looking_a_name_up_does_not_hold_up_the_loop),
            cmocka_unit_test(every_address_of_a_name_is_tried_and_so_when_it_is_lost),
            cmocka_unit_test(an_address_that_does_not_answer_leaves_time_for_the_next),
            cmocka_unit_test(tcp_asks_whether_the_server_is_still_there),
            cmocka_unit_test(says_why_it_cannot_connect),
            cmocka_unit_test(a_server_that_says_nothing_is_given_up),
            cmocka_unit_test(sends_user_password_and_database),
            cmocka_unit_test(one_client_too_many_is_told_so),
            cmocka_unit_test(a_restart_of_the_server_has_a_clear_outcome),
            cmocka_unit_test(a_server_that_breaks_the_protocol_is_left),
            cmocka_unit_test(a_command_that_waits_for_a_connection_can_be_taken_back),
            cmocka_unit_test(fails_fast_where_asked_to),
            cmocka_unit_test(password_and_database_are_sent_again),
            cmocka_unit_test(destroying_tells_those_who_wait_for_a_connection),
            cmocka_unit_test(outside_a_coroutine_nothing_connects),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
