#include "server.h"

#include "redis/request.h"

COROUTINE_TEST(replies_come_as_hiredis_has_them)
{
        eddy_redis *redis = connect_to_server();
        redisReply *reply;

        assert_runs(redis, &reply, "SET %s %s", "name", "value with blanks");
        assert_int_equal(reply->type, REDIS_REPLY_STATUS);
        assert_text(reply, "OK");
        assert_runs(redis, &reply, "GET name");
        assert_int_equal(reply->type, REDIS_REPLY_STRING);
        assert_text(reply, "value with blanks");
        assert_runs(redis, &reply, "INCRBY count %d", 42);
        assert_number(reply, 42);
        assert_runs(redis, &reply, "GET nothing");
        assert_int_equal(reply->type, REDIS_REPLY_NIL);
        freeReplyObject(reply);
        assert_runs(redis, &reply, "MGET name nothing count");
        assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
        assert_int_equal(reply->elements, 3);
        assert_string_equal(reply->element[2]->str, "42");
        freeReplyObject(reply);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(bytes_of_any_kind_pass)
{
        static const char bytes[] = "a\0b\r\n$3\r\n";
        const char *arguments[] = {"SET", "bytes", bytes};
        const size_t sizes[] = {3, 5, sizeof bytes};
        eddy_redis *redis = connect_to_server();
        redisReply *reply;

        assert_runs(redis, NULL, "SET %b %b", "key", (size_t)3, bytes, sizeof bytes);
        assert_int_equal(eddy_redis_command_argv(redis, NULL, 3, arguments, sizes), 0);
        assert_runs(redis, &reply, "GET bytes");
        assert_int_equal(reply->len, sizeof bytes);
        assert_memory_equal(reply->str, bytes, sizeof bytes);
        freeReplyObject(reply);
        assert_runs(redis, &reply, "GET key");
        assert_memory_equal(reply->str, bytes, sizeof bytes);
        freeReplyObject(reply);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(a_reply_larger_than_any_buffer_comes_whole)
{
        enum { SIZE = 8 * 1024 * 1024 };
        char *bytes = malloc(SIZE);
        eddy_redis *redis = connect_to_server();
        redisReply *reply;

        for (size_t i = 0; i < SIZE; i++)
                bytes[i] = (char)(i * 2654435761u >> 13);
        assert_runs(redis, NULL, "SET big %b", bytes, (size_t)SIZE);
        assert_runs(redis, &reply, "GET big");
        assert_int_equal(reply->len, SIZE);
        assert_memory_equal(reply->str, bytes, SIZE);
        freeReplyObject(reply);
        free(bytes);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(an_error_of_the_server_is_the_detail)
{
        eddy_redis *redis = connect_to_server();
        redisReply *reply = (redisReply *)-1;

        assert_runs(redis, NULL, "SET text hello");
        assert_int_equal(eddy_redis_command(redis, &reply, "INCR text"), EDDY_EREDIS);
        assert_null(reply);
        assert_string_equal(eddy_explain(EDDY_EREDIS), "ERR value is not an integer or out of range");
        assert_runs(redis, &reply, "GET text");
        assert_text(reply, "hello");
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(what_is_no_command_is_refused)
{
        eddy_redis *redis = connect_to_server();

        assert_int_equal(eddy_redis_command(redis, NULL, ""), -EINVAL);
        assert_int_equal(eddy_redis_command(redis, NULL, "SET %z"), -EINVAL);
        assert_int_equal(eddy_redis_command_argv(redis, NULL, 0, NULL, NULL), -EINVAL);
        assert_runs(redis, NULL, "PING");
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(what_would_change_the_protocol_is_refused)
{
        eddy_redis *redis = connect_to_server();

        assert_int_equal(eddy_redis_command(redis, NULL, "subscribe news"), EDDY_ENOTSUP);
        assert_int_equal(eddy_redis_command(redis, NULL, "PUNSUBSCRIBE"), EDDY_ENOTSUP);
        assert_int_equal(eddy_redis_command(redis, NULL, "MONITOR"), EDDY_ENOTSUP);
        assert_int_equal(eddy_redis_command(redis, NULL, "HELLO 3"), EDDY_ENOTSUP);
        assert_runs(redis, NULL, "PING");
        eddy_redis_destroy(redis);
}

/** One of many coroutines on one connection. */
struct counter {
        eddy_redis *redis;
        int number;
};

static intptr_t echo_number(void *arg)
{
        const struct counter *counter = arg;

        for (int i = 0; i < 20; i++) {
                char text[32];
                redisReply *reply;

                snprintf(text, sizeof text, "%d.%d", counter->number, i);
                assert_runs(counter->redis, &reply, "ECHO %s", text);
                assert_text(reply, text);
        }
        return 0;
}

COROUTINE_TEST(each_of_many_coroutines_gets_its_own_replies)
{
        struct counter counters[100];
        eddy_redis *redis = connect_to_server();
        eddy_group group;

        eddy_group_open(&group);
        for (int i = 0; i < 100; i++) {
                counters[i] = (struct counter){redis, i};
                eddy_group_create_task(&group, echo_number, &counters[i], NULL);
        }
        assert_int_equal(eddy_group_close(&group), 0);
        eddy_redis_destroy(redis);
}

static long long read_events(eddy_redis *redis)
{
        redisReply *reply;
        long long events;

        assert_runs(redis, &reply, "INFO stats");
        events =
            strtoll(strstr(reply->str, "total_reads_processed:") + strlen("total_reads_processed:"), NULL, 10);
        freeReplyObject(reply);
        return events;
}

static intptr_t increment(void *redis)
{
        return eddy_redis_command(redis, NULL, "INCR count");
}

COROUTINE_TEST(commands_of_one_turn_leave_in_one_write)
{
        eddy_redis *redis = connect_to_server();
        eddy_group group;
        redisReply *reply;
        long long before = read_events(redis);

        eddy_group_open(&group);
        for (int i = 0; i < 100; i++)
                eddy_group_create_task(&group, increment, redis, NULL);
        assert_int_equal(eddy_group_close(&group), 0);
        /* The server read two times: the increments, and this question. */
        assert_int_equal(read_events(redis) - before, 2);
        assert_runs(redis, &reply, "GET count");
        assert_text(reply, "100");
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(replies_stay_in_step_behind_one_who_left)
{
        eddy_redis *redis = connect_to_server();
        eddy_task *leaver, *stayer;
        redisReply *reply;

        assert_runs(redis, NULL, "SET count 10");
        kill(server.pid, SIGSTOP);
        leaver = eddy_create_task(increment, redis);
        stayer = eddy_create_task(increment, redis);
        assert_int_equal(eddy_yield(), 0); /* both have sent */
        eddy_cancel(leaver);
        assert_int_equal(join(leaver), EDDY_CANCELLED);
        kill(server.pid, SIGCONT);
        assert_int_equal(join(stayer), 0);
        /* What had been sent has run; its reply was nobody's. */
        assert_runs(redis, &reply, "GET count");
        assert_text(reply, "12");
        eddy_redis_destroy(redis);
}

/** Hold up the loop until the server has answered whoever has sent something that changes what another client sees. */
static void await_answer_to_others(const char *command, const char *expected)
{
        redisContext *other = redisConnect("127.0.0.1", server.port);
        bool is_there = false;

        while (!is_there) {
                redisReply *reply = redisCommand(other, command);

                is_there = strcmp(reply->str, expected) == 0;
                freeReplyObject(reply);
        }
        /* What was executed together is answered in any order, but before the next. */
        freeReplyObject(redisCommand(other, "PING"));
        redisFree(other);
}

COROUTINE_TEST(a_reply_that_lies_in_the_socket_is_its_askers)
{
        eddy_redis *redis = connect_to_server();
        eddy_task *late;

        assert_runs(redis, NULL, "SET count 10");
        kill(server.pid, SIGSTOP);
        late = eddy_create_task(increment, redis);
        do
                assert_int_equal(eddy_yield(), 0);
        while (eddy_transport_write_buffer_size(redis->connection.transport) > 0);
        kill(server.pid, SIGCONT);
        await_answer_to_others("GET count", "11");
        eddy_cancel(late);
        assert_int_equal(join(late), 0);
        eddy_redis_destroy(redis);
}

static intptr_t increment_cancelled(void *redis)
{
        eddy_cancel(eddy_current_task());
        return increment(redis);
}

COROUTINE_TEST(one_who_is_cancelled_sends_nothing)
{
        eddy_redis *redis = connect_to_server();
        redisReply *reply;

        assert_int_equal(join(eddy_create_task(increment_cancelled, redis)), EDDY_CANCELLED);
        assert_runs(redis, &reply, "EXISTS count");
        assert_number(reply, 0);
        eddy_redis_destroy(redis);
}

static intptr_t pop(void *redis)
{
        redisReply *reply;
        int rc = eddy_redis_command(redis, &reply, "BLPOP list 0");

        if (rc < 0)
                return rc;
        assert_string_equal(reply->element[1]->str, "item");
        freeReplyObject(reply);
        return 0;
}

COROUTINE_TEST(a_blocking_command_has_its_connection_to_itself)
{
        eddy_redis *own = connect_to_server(), *redis = connect_to_server();
        eddy_task *popper = eddy_create_task(pop, own), *counter;

        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(eddy_redis_command(own, NULL, "PING"), EDDY_EBUSY);
        assert_runs(redis, NULL, "RPUSH list item");
        assert_int_equal(join(popper), 0);
        assert_runs(own, NULL, "PING");
        counter = eddy_create_task(increment, own);
        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(eddy_redis_command(own, NULL, "XREAD BLOCK 0 STREAMS s $"), EDDY_EBUSY);
        assert_int_equal(join(counter), 0);
        assert_runs(own, NULL, "XREAD COUNT 1 STREAMS s 0");
        eddy_redis_destroy(own);
        eddy_redis_destroy(redis);
}

static long long id_of(eddy_redis *redis)
{
        redisReply *reply;
        long long id;

        assert_runs(redis, &reply, "CLIENT ID");
        id = reply->integer;
        freeReplyObject(reply);
        return id;
}

COROUTINE_TEST(a_blocking_command_that_is_given_up_takes_no_item)
{
        eddy_redis *own = connect_to_server(), *redis = connect_to_server();
        long long id = id_of(own);
        redisReply *reply;
        int rc = 0;

        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                rc = eddy_redis_command(own, NULL, "BLPOP list 0");
        assert_int_equal(rc, EDDY_TIMEOUT);
        /* The server was asked to let go, and the connection kept. */
        assert_int_equal(id_of(own), id);
        assert_runs(redis, NULL, "RPUSH list item");
        assert_runs(redis, &reply, "LLEN list");
        assert_number(reply, 1);
        assert_int_equal(pop(own), 0);
        eddy_redis_destroy(own);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(an_item_that_came_before_the_server_let_go_is_handed_over)
{
        eddy_redis *own = connect_to_server(), *redis = connect_to_server();
        int taken = 0, late = 0;

        for (int i = 0; i < 50; i++) {
                eddy_task *popper = eddy_create_task(pop, own);
                redisReply *reply;
                intptr_t rc;

                assert_int_equal(eddy_yield(), 0);
                eddy_cancel(popper);
                assert_runs(redis, NULL, "RPUSH list item");
                rc = join(popper);
                taken += rc == 0;
                late += rc == EDDY_CANCELLED;
                assert_runs(redis, &reply, "LLEN list");
                assert_number(reply, rc == EDDY_CANCELLED);
                assert_runs(redis, NULL, "DEL list");
        }
        assert_int_equal(taken + late, 50);
        eddy_redis_destroy(own);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(where_the_server_may_not_be_asked_the_connection_is_dropped)
{
        eddy_redis *admin = connect_to_server(), *own, *redis = connect_to_server();
        redisReply *reply;
        int rc = 0;

        assert_runs(admin, NULL, "ACL SETUSER ada on nopass ~* +@all -client");
        assert_int_equal(eddy_redis_connect(
                             &own, &(eddy_redis_options){.port = server.port, .user = "ada", .password = "x"}),
                         0);
        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                rc = eddy_redis_command(own, NULL, "BLPOP list 0");
        assert_int_equal(rc, EDDY_TIMEOUT);
        /* The new connection is there, so the old one is gone. */
        assert_runs(own, NULL, "PING");
        assert_runs(redis, NULL, "RPUSH list item");
        assert_runs(redis, &reply, "LLEN list");
        assert_number(reply, 1);
        eddy_redis_destroy(admin);
        eddy_redis_destroy(own);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(destroying_under_one_who_was_cancelled_and_has_not_run_is_safe)
{
        for (size_t i = 0; i < 2; i++) {
                eddy_redis *redis = connect_to_server();
                eddy_task *late = eddy_create_task(i == 0 ? pop : increment, redis);

                assert_int_equal(eddy_yield(), 0);
                eddy_cancel(late);
                eddy_redis_destroy(redis);
                assert_int_equal(join(late), EDDY_ESHUTDOWN);
        }
}

COROUTINE_TEST(destroying_while_the_server_is_asked_to_let_go_is_safe)
{
        eddy_redis *redis = connect_to_server();
        eddy_task *popper = eddy_create_task(pop, redis);

        assert_int_equal(eddy_yield(), 0);
        eddy_cancel(popper);
        for (int i = 0; i < 5; i++)
                assert_int_equal(eddy_yield(), 0);
        eddy_redis_destroy(redis);
        assert_int_equal(join(popper), EDDY_ESHUTDOWN);
}

COROUTINE_TEST(destroying_tells_those_who_wait)
{
        eddy_redis *redis = connect_to_server();
        eddy_task *waiter = eddy_create_task(pop, redis);

        assert_int_equal(eddy_yield(), 0);
        eddy_redis_destroy(redis);
        assert_int_equal(join(waiter), EDDY_ESHUTDOWN);
        eddy_redis_destroy(NULL);
}

COROUTINE_TEST(without_memory_a_command_fails_and_the_connection_goes_on)
{
        eddy_redis *redis = connect_to_server();
        unsigned long nth = 0;
        int rc;

        do {
                fault_arm(++nth, 1);
                rc = eddy_redis_command(redis, NULL, "PING");
                fault_arm(0, 0);
                if (rc < 0 && rc != -ENOMEM && rc != -ECONNRESET) /* as where it cannot be sent */
                        fail_msg("%s at use %lu", eddy_errname(rc), nth);
        } while (rc < 0 || nth < 3);
        eddy_redis_destroy(redis);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(replies_come_as_hiredis_has_them),
            cmocka_unit_test(bytes_of_any_kind_pass),
            cmocka_unit_test(a_reply_larger_than_any_buffer_comes_whole),
            cmocka_unit_test(an_error_of_the_server_is_the_detail),
            cmocka_unit_test(what_is_no_command_is_refused),
            cmocka_unit_test(what_would_change_the_protocol_is_refused),
            cmocka_unit_test(each_of_many_coroutines_gets_its_own_replies),
            cmocka_unit_test(commands_of_one_turn_leave_in_one_write),
            cmocka_unit_test(replies_stay_in_step_behind_one_who_left),
            cmocka_unit_test(one_who_is_cancelled_sends_nothing),
            cmocka_unit_test(a_blocking_command_has_its_connection_to_itself),
            cmocka_unit_test(a_blocking_command_that_is_given_up_takes_no_item),
            cmocka_unit_test(a_reply_that_lies_in_the_socket_is_its_askers),
            cmocka_unit_test(an_item_that_came_before_the_server_let_go_is_handed_over),
            cmocka_unit_test(where_the_server_may_not_be_asked_the_connection_is_dropped),
            cmocka_unit_test(destroying_under_one_who_was_cancelled_and_has_not_run_is_safe),
            cmocka_unit_test(destroying_while_the_server_is_asked_to_let_go_is_safe),
            cmocka_unit_test(destroying_tells_those_who_wait),
            cmocka_unit_test(without_memory_a_command_fails_and_the_connection_goes_on),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
