#ifdef OVER_TLS
#include "tls_server.h"
#else
#include "server.h"
#endif

COROUTINE_TEST(replies_come_in_order)
{
        enum { COMMANDS = 1000 };
        eddy_redis *redis = connect_to_server();
        const char *get[] = {"GET", "count"};
        eddy_redis_pipeline pipeline;
        redisReply *reply;

        eddy_redis_pipeline_init(&pipeline, redis);
        assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), EDDY_ENOMORE);
        for (int i = 0; i < COMMANDS; i++)
                assert_int_equal(eddy_redis_append(&pipeline, "INCRBY count %d", 2), 0);
        assert_int_equal(eddy_redis_append_argv(&pipeline, 2, get, NULL), 0);
        for (int i = 0; i < COMMANDS; i++) {
                assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), 0);
                assert_number(reply, 2 * i + 2);
        }
        assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), 0);
        assert_text(reply, "2000");
        assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), EDDY_ENOMORE);
        eddy_redis_pipeline_finish(&pipeline);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(an_error_is_of_its_own_command_only)
{
        eddy_redis *redis = connect_to_server();
        eddy_redis_pipeline pipeline;
        redisReply *reply;

        eddy_redis_pipeline_init(&pipeline, redis);
        assert_int_equal(eddy_redis_append(&pipeline, "SET text a"), 0);
        assert_int_equal(eddy_redis_append(&pipeline, "INCR text"), 0);
        assert_int_equal(eddy_redis_append(&pipeline, "GET text"), 0);
        assert_int_equal(eddy_redis_get_reply(&pipeline, NULL), 0);
        assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), EDDY_EREDIS);
        assert_null(reply);
        assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), 0);
        assert_text(reply, "a");
        eddy_redis_pipeline_finish(&pipeline);
        eddy_redis_destroy(redis);
}

static intptr_t transact(void *redis)
{
        for (int i = 0; i < 20; i++) {
                eddy_redis_pipeline pipeline;
                redisReply *reply;
                long long first;

                eddy_redis_pipeline_init(&pipeline, redis);
                eddy_redis_append(&pipeline, "MULTI");
                eddy_redis_append(&pipeline, "INCR count");
                eddy_redis_append(&pipeline, "INCR count");
                eddy_redis_append(&pipeline, "EXEC");
                for (int skipped = 0; skipped < 3; skipped++)
                        assert_int_equal(eddy_redis_get_reply(&pipeline, NULL), 0);
                assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), 0);
                assert_int_equal(reply->elements, 2);
                first = reply->element[0]->integer;
                assert_int_equal(reply->element[1]->integer, first + 1);
                freeReplyObject(reply);
                eddy_redis_pipeline_finish(&pipeline);
        }
        return 0;
}

static intptr_t disturb(void *redis)
{
        for (int i = 0; i < 100; i++)
                assert_runs(redis, NULL, "INCR count");
        return 0;
}

COROUTINE_TEST(transactions_of_many_coroutines_do_not_mix)
{
        eddy_redis *redis = connect_to_server();
        eddy_group group;
        redisReply *reply;

        eddy_group_open(&group);
        for (int i = 0; i < 10; i++) {
                eddy_group_create_task(&group, transact, redis, NULL);
                eddy_group_create_task(&group, disturb, redis, NULL);
        }
        assert_int_equal(eddy_group_close(&group), 0);
        assert_runs(redis, &reply, "GET count");
        assert_text(reply, "1400");
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(what_nobody_asks_for_is_dropped)
{
        eddy_redis *redis = connect_to_server();
        eddy_redis_pipeline pipeline;
        redisReply *reply;

        eddy_redis_pipeline_init(&pipeline, redis);
        for (int i = 0; i < 10; i++)
                eddy_redis_append(&pipeline, "INCR sent");
        assert_int_equal(eddy_redis_get_reply(&pipeline, NULL), 0);
        for (int i = 0; i < 10; i++)
                eddy_redis_append(&pipeline, "INCR unsent");
        eddy_redis_pipeline_finish(&pipeline);
        assert_runs(redis, &reply, "MGET sent unsent");
        assert_string_equal(reply->element[0]->str, "10");
        assert_int_equal(reply->element[1]->type, REDIS_REPLY_NIL);
        freeReplyObject(reply);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(a_loss_fails_what_was_sent_and_keeps_what_was_not)
{
        eddy_redis *redis = connect_to_server();
        eddy_redis_pipeline pipeline;
        redisReply *reply;

        eddy_redis_pipeline_init(&pipeline, redis);
        eddy_redis_append(&pipeline, "INCR count");
        eddy_redis_append(&pipeline, "INCR count");
        redis_server_end(&server, SIGKILL);
        assert_int_equal(eddy_redis_get_reply(&pipeline, NULL), -ECONNRESET);
        eddy_redis_append(&pipeline, "INCR late");
        assert_int_equal(eddy_redis_get_reply(&pipeline, NULL), -ECONNRESET);
        assert_true(redis_server_run(&server));
        assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), 0);
        assert_number(reply, 1);
        eddy_redis_pipeline_finish(&pipeline);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(who_is_interrupted_has_taken_no_reply)
{
        eddy_redis *redis = connect_to_server(), *other = connect_to_server();
        eddy_redis_pipeline pipeline;
        redisReply *reply;

        assert_runs(other, NULL, "DEL turn");
        eddy_redis_pipeline_init(&pipeline, redis);
        for (int i = 0; i < 3; i++)
                eddy_redis_append(&pipeline, "INCR turn");
        /* While the server holds the reply back, ... */
        assert_runs(other, NULL, "CLIENT PAUSE 60000 WRITE");
        EDDY_TIMEOUT_SCOPE(eddy_ms(1)) {
                assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), EDDY_TIMEOUT);
                assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), EDDY_TIMEOUT);
        }
        assert_runs(other, NULL, "CLIENT UNPAUSE");
        assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), 0);
        assert_number(reply, 1);
        /* ... and where it is there. */
        assert_runs(other, NULL, "PING");
        EDDY_TIMEOUT_SCOPE(0)
                assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), EDDY_TIMEOUT);
        for (int i = 2; i <= 3; i++) {
                assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), 0);
                assert_number(reply, i);
        }
        assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), EDDY_ENOMORE);
        /* The last of all, too. */
        eddy_redis_append(&pipeline, "INCR turn");
        assert_runs(other, NULL, "CLIENT PAUSE 60000 WRITE");
        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), EDDY_TIMEOUT);
        eddy_redis_append(&pipeline, "ECHO last");
        assert_runs(other, NULL, "CLIENT UNPAUSE");
        assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), 0);
        assert_number(reply, 4);
        assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), 0);
        assert_text(reply, "last");
        eddy_redis_pipeline_finish(&pipeline);
        eddy_redis_destroy(other);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(blocking_commands_are_refused)
{
        eddy_redis *redis = connect_to_server();
        eddy_redis_pipeline pipeline;

        eddy_redis_pipeline_init(&pipeline, redis);
        assert_int_equal(eddy_redis_append(&pipeline, "BLPOP list 0"), EDDY_ENOTSUP);
        eddy_redis_pipeline_finish(&pipeline);
        eddy_redis_pipeline_init(&pipeline, redis);
        assert_int_equal(eddy_redis_append(&pipeline, "%s", ""), 0);
        assert_int_equal(eddy_redis_get_reply(&pipeline, NULL), EDDY_EREDIS);
        eddy_redis_pipeline_finish(&pipeline);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(half_of_what_was_to_be_added_is_not_sent)
{
        eddy_redis *redis = connect_to_server();
        eddy_redis_pipeline pipeline;
        redisReply *reply;

        eddy_redis_pipeline_init(&pipeline, redis);
        eddy_redis_append(&pipeline, "INCR sent");
        eddy_redis_append(&pipeline, "INCR sent");
        assert_int_equal(eddy_redis_get_reply(&pipeline, NULL), 0);
        eddy_redis_append(&pipeline, "MULTI");
        fault_arm(1, 1);
        eddy_redis_append(&pipeline, "INCR count");
        fault_arm(0, 0);
        eddy_redis_append(&pipeline, "EXEC");
        assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), 0);
        assert_number(reply, 2);
        assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), -ENOMEM);
        assert_int_equal(eddy_redis_get_reply(&pipeline, &reply), -ENOMEM);
        eddy_redis_pipeline_finish(&pipeline);
        assert_runs(redis, &reply, "EXISTS count");
        assert_number(reply, 0);
        eddy_redis_destroy(redis);
}

/* More than memory is kept for. */
enum { LARGE = 200 * 1024 };

static void append_large(eddy_redis_pipeline *pipeline)
{
        static char value[LARGE];
        const char *arguments[] = {"SET", "large", value};
        const size_t sizes[] = {3, 5, sizeof value};

        assert_int_equal(eddy_redis_append_argv(pipeline, 3, arguments, sizes), 0);
}

COROUTINE_TEST(what_there_was_no_memory_for_is_sent_by_the_next_call)
{
        eddy_redis *redis = connect_to_server();
        eddy_redis_pipeline pipeline;
        unsigned long nth = 0;
        int failures = 0, rc;

        do {
                eddy_redis_pipeline_init(&pipeline, redis);
                append_large(&pipeline);
                fault_arm(++nth, 1);
                rc = eddy_redis_get_reply(&pipeline, NULL);
                fault_arm(0, 0);
                if (rc == -ENOMEM) {
                        failures++;
                        assert_int_equal(eddy_redis_get_reply(&pipeline, NULL), 0);
                } else if (rc != -ECONNRESET) {
                        assert_int_equal(rc, 0);
                }
                eddy_redis_pipeline_finish(&pipeline);
        } while (rc < 0 || nth < 3);
        assert_true(failures > 0);
        eddy_redis_destroy(redis);
}

/* Each has a count of its own: what was lost with its connection may still be on its way as the next one is sent. */
static void append_transaction(eddy_redis_pipeline *pipeline, eddy_redis *redis, unsigned long number)
{
        eddy_redis_pipeline_init(pipeline, redis);
        eddy_redis_append(pipeline, "MULTI");
        eddy_redis_append(pipeline, "INCR count:%lu", number);
        append_large(pipeline);
        eddy_redis_append(pipeline, "INCR count:%lu", number);
        eddy_redis_append(pipeline, "EXEC");
}

static void finish(eddy_redis_pipeline *pipeline)
{
        for (int i = 0; i < 10 && eddy_redis_get_reply(pipeline, NULL) != EDDY_ENOMORE; i++)
                ;
        eddy_redis_pipeline_finish(pipeline);
        fault_arm(0, 0);
}

static bool is_alone(eddy_redis *witness)
{
        redisReply *reply;
        bool is_one_line;

        assert_runs(witness, &reply, "CLIENT LIST");
        is_one_line = strchr(reply->str, '\n') == strrchr(reply->str, '\n');
        freeReplyObject(reply);
        return is_one_line;
}

/** Whatever became of them, each was done as a whole or not at all. */
static void assert_are_whole(unsigned long transactions, eddy_redis *witness)
{
        until(is_alone(witness));
        for (unsigned long number = 1; number <= transactions; number++) {
                redisReply *reply;

                assert_runs(witness, &reply, "GET count:%lu", number);
                if (reply->type != REDIS_REPLY_NIL)
                        assert_string_equal(reply->str, "2");
                freeReplyObject(reply);
                assert_runs(witness, NULL, "DEL count:%lu", number);
        }
}

COROUTINE_TEST(half_of_what_there_was_no_memory_for_is_not_sent)
{
        eddy_redis *redis = connect_to_server(), *witness = connect_to_server();
        eddy_redis_pipeline pipeline;
        unsigned long nth = 0, uses;

        do {
                append_transaction(&pipeline, redis, ++nth);
                fault_arm(nth, 1);
                eddy_redis_get_reply(&pipeline, NULL);
                uses = fault_uses();
                finish(&pipeline);
        } while (nth <= uses);
        eddy_redis_destroy(redis);
        assert_are_whole(nth, witness);
        eddy_redis_destroy(witness);
}

static void note_loss(int error, const char *detail, eddy_duration delay, void *losses)
{
        (void)error, (void)detail, (void)delay;
        ++*(int *)losses;
}

COROUTINE_TEST(nor_half_of_what_waited_for_a_connection)
{
        eddy_redis *witness = connect_to_server(), *redis;
        eddy_redis_options options = server_options();
        unsigned long nth = 0, uses;
        int losses = 0;

        options.on_loss = note_loss;
        options.arg = &losses;
        assert_int_equal(eddy_redis_connect(&redis, &options), 0);
        do {
                int before = losses;
                eddy_redis_pipeline pipeline;

                assert_runs(redis, NULL, "PING");
                assert_runs(witness, NULL, "CLIENT KILL TYPE normal");
                until(losses > before);
                append_transaction(&pipeline, redis, ++nth);
                fault_arm(nth, 1);
                eddy_redis_get_reply(&pipeline, NULL);
                uses = fault_uses();
                finish(&pipeline);
        } while (nth <= uses);
        eddy_redis_destroy(redis);
        assert_are_whole(nth, witness);
        eddy_redis_destroy(witness);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(replies_come_in_order),
            cmocka_unit_test(an_error_is_of_its_own_command_only),
            cmocka_unit_test(transactions_of_many_coroutines_do_not_mix),
            cmocka_unit_test(what_nobody_asks_for_is_dropped),
            cmocka_unit_test(a_loss_fails_what_was_sent_and_keeps_what_was_not),
            cmocka_unit_test(who_is_interrupted_has_taken_no_reply),
            cmocka_unit_test(blocking_commands_are_refused),
            cmocka_unit_test(half_of_what_was_to_be_added_is_not_sent),
            cmocka_unit_test(what_there_was_no_memory_for_is_sent_by_the_next_call),
            cmocka_unit_test(half_of_what_there_was_no_memory_for_is_not_sent),
            cmocka_unit_test(nor_half_of_what_waited_for_a_connection),
        };

        return cmocka_run_group_tests(tests, START_SERVER, STOP_SERVER);
}
