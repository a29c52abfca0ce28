#ifdef OVER_TLS
#include "tls_server.h"
#else
#include "server.h"
#endif

static eddy_redis_pubsub *listen_to_server(void)
{
        eddy_redis_options options = server_options();
        eddy_redis_pubsub *pubsub;

        assert_int_equal(eddy_redis_pubsub_connect(&pubsub, &options), 0);
        return pubsub;
}

static void assert_next(eddy_redis_pubsub *pubsub, const char *channel, const char *data)
{
        eddy_redis_message message;

        assert_int_equal(eddy_redis_next_message(pubsub, &message), 0);
        assert_string_equal(message.channel, channel);
        assert_string_equal(message.data, data);
        assert_int_equal(message.size, strlen(data));
}

COROUTINE_TEST(messages_of_channels_and_patterns_come_in_order)
{
        eddy_redis *redis = connect_to_server();
        eddy_redis_pubsub *pubsub = listen_to_server();
        eddy_redis_message message;

        assert_int_equal(eddy_redis_subscribe(pubsub, "news"), 0);
        assert_int_equal(eddy_redis_subscribe(pubsub, "news"), 0);
        assert_int_equal(eddy_redis_psubscribe(pubsub, "sport.*"), 0);
        assert_runs(redis, NULL, "PUBLISH news one");
        assert_runs(redis, NULL, "PUBLISH weather rain");
        assert_runs(redis, NULL, "PUBLISH sport.chess %b", "t\0wo", (size_t)4);
        assert_runs(redis, NULL, "PUBLISH news three");
        assert_next(pubsub, "news", "one");
        assert_int_equal(eddy_redis_next_message(pubsub, &message), 0);
        assert_string_equal(message.pattern, "sport.*");
        assert_string_equal(message.channel, "sport.chess");
        assert_int_equal(message.size, 4);
        assert_memory_equal(message.data, "t\0wo", 4);
        assert_next(pubsub, "news", "three");
        eddy_redis_pubsub_destroy(pubsub);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(what_is_unsubscribed_from_is_not_heard)
{
        eddy_redis *redis = connect_to_server();
        eddy_redis_pubsub *pubsub = listen_to_server();

        assert_int_equal(eddy_redis_subscribe(pubsub, "news"), 0);
        assert_int_equal(eddy_redis_psubscribe(pubsub, "n*"), 0);
        assert_true(eddy_redis_punsubscribe(pubsub, "n*"));
        assert_false(eddy_redis_punsubscribe(pubsub, "n*"));
        assert_true(eddy_redis_unsubscribe(pubsub, "news"));
        /* Confirmed after both have gone. */
        assert_int_equal(eddy_redis_subscribe(pubsub, "other"), 0);
        assert_runs(redis, NULL, "PUBLISH news one");
        assert_runs(redis, NULL, "PUBLISH other two");
        assert_next(pubsub, "other", "two");
        eddy_redis_pubsub_destroy(pubsub);
        eddy_redis_destroy(redis);
}

static intptr_t take_one(void *pubsub)
{
        eddy_redis_message message;
        int rc = eddy_redis_next_message(pubsub, &message);

        return rc < 0 ? rc : message.data[0];
}

COROUTINE_TEST(no_message_is_lost_by_who_stops_waiting)
{
        eddy_redis *redis = connect_to_server();
        eddy_redis_pubsub *pubsub = listen_to_server();
        eddy_task *taker;

        assert_int_equal(eddy_redis_subscribe(pubsub, "news"), 0);
        taker = eddy_create_task(take_one, pubsub);
        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(take_one(pubsub), EDDY_EBUSY);
        eddy_cancel(taker);
        assert_int_equal(join(taker), EDDY_CANCELLED);
        assert_runs(redis, NULL, "PUBLISH news x");
        assert_int_equal(take_one(pubsub), 'x');
        eddy_redis_pubsub_destroy(pubsub);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(a_loss_is_told_once_and_subscriptions_are_renewed)
{
        eddy_redis *redis = connect_to_server();
        eddy_redis_pubsub *pubsub = listen_to_server();
        const char *both = "redis.call('PUBLISH', 'news', 'one') redis.call('PUBLISH', 'news', 'two')";
        eddy_redis_message message;
        redisReply *reply;
        long long receivers = 0;

        assert_int_equal(eddy_redis_subscribe(pubsub, "news"), 0);
        assert_int_equal(eddy_redis_psubscribe(pubsub, "sport.*"), 0);
        assert_runs(redis, NULL, "EVAL %s 0", both);
        assert_next(pubsub, "news", "one");
        redis_server_end(&server, SIGKILL);
        assert_true(redis_server_run(&server));
        assert_int_equal(eddy_redis_command(redis, NULL, "PING"), -ECONNRESET);
        assert_next(pubsub, "news", "two");
        assert_int_equal(eddy_redis_next_message(pubsub, &message), -ECONNRESET);
        while (receivers < 2) { /* until it listens again */
                assert_runs(redis, &reply, "PUBLISH sport.chess early");
                receivers = reply->integer;
                freeReplyObject(reply);
                assert_runs(redis, &reply, "PUBLISH news after");
                receivers += reply->integer;
                freeReplyObject(reply);
        }
        assert_int_equal(eddy_redis_next_message(pubsub, &message), 0);
        eddy_redis_pubsub_destroy(pubsub);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(a_slow_listener_holds_the_server_back_and_misses_nothing)
{
        enum { MESSAGES = 20000 };
        eddy_redis *redis = connect_to_server();
        eddy_redis_pubsub *pubsub = listen_to_server();
        eddy_redis_pipeline pipeline;
        eddy_redis_message message;

        assert_int_equal(eddy_redis_subscribe(pubsub, "news"), 0);
        eddy_redis_pipeline_init(&pipeline, redis);
        for (int i = 0; i < MESSAGES; i++)
                eddy_redis_append(&pipeline, "PUBLISH news %d", i);
        for (int i = 0; i < MESSAGES; i++)
                assert_int_equal(eddy_redis_get_reply(&pipeline, NULL), 0);
        eddy_redis_pipeline_finish(&pipeline);
        for (int i = 0; i < MESSAGES; i++) {
                assert_int_equal(eddy_redis_next_message(pubsub, &message), 0);
                assert_int_equal(atoi(message.data), i);
        }
        eddy_redis_pubsub_destroy(pubsub);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(a_refusal_is_told_to_who_asked)
{
        eddy_redis *admin = connect_to_server();
        eddy_redis_options options = server_options();
        eddy_redis_pubsub *pubsub;

        options.user = "deaf";
        options.password = "x";
        assert_runs(admin, NULL, "ACL SETUSER deaf on >x ~* +@all resetchannels &open");
        assert_int_equal(eddy_redis_pubsub_connect(&pubsub, &options), 0);
        assert_int_equal(eddy_redis_subscribe(pubsub, "secret"), EDDY_EREDIS);
        assert_non_null(strstr(eddy_error_detail(), "NOPERM"));
        assert_int_equal(eddy_redis_subscribe(pubsub, "open"), 0);
        assert_runs(admin, NULL, "PUBLISH open x");
        assert_int_equal(take_one(pubsub), 'x');
        eddy_redis_pubsub_destroy(pubsub);
        eddy_redis_destroy(admin);
}

/** A coroutine that subscribes. */
static intptr_t subscribe(void *pubsub)
{
        return eddy_redis_subscribe(pubsub, "news");
}

COROUTINE_TEST(one_who_stops_subscribing_is_not_subscribed)
{
        eddy_redis *redis = connect_to_server();
        eddy_redis_pubsub *pubsub = listen_to_server();
        eddy_task *asker = eddy_create_task(subscribe, pubsub);

        assert_int_equal(eddy_yield(), 0);
        assert_int_equal(subscribe(pubsub), EDDY_EBUSY);
        eddy_cancel(asker);
        assert_int_equal(join(asker), EDDY_CANCELLED);
        assert_false(eddy_redis_unsubscribe(pubsub, "news"));
        asker = eddy_create_task(subscribe, pubsub);
        assert_int_equal(eddy_yield(), 0);
        assert_true(eddy_redis_unsubscribe(pubsub, "news"));
        assert_int_equal(join(asker), EDDY_EFINISHED);
        assert_int_equal(eddy_redis_subscribe(pubsub, "other"), 0);
        assert_runs(redis, NULL, "PUBLISH news x");
        assert_runs(redis, NULL, "PUBLISH other y");
        assert_int_equal(take_one(pubsub), 'y');
        eddy_redis_pubsub_destroy(pubsub);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(destroying_tells_those_who_wait)
{
        eddy_redis_pubsub *pubsub = listen_to_server();
        eddy_task *taker, *asker, *cancelled;

        taker = eddy_create_task(take_one, pubsub);
        asker = eddy_create_task(subscribe, pubsub);
        assert_int_equal(eddy_yield(), 0);
        eddy_redis_pubsub_destroy(pubsub);
        assert_int_equal(join(taker), EDDY_ESHUTDOWN);
        assert_int_equal(join(asker), EDDY_ESHUTDOWN);
        pubsub = listen_to_server();
        cancelled = eddy_create_task(subscribe, pubsub);
        taker = eddy_create_task(take_one, pubsub);
        assert_int_equal(eddy_yield(), 0);
        eddy_cancel(cancelled);
        eddy_cancel(taker);
        eddy_redis_pubsub_destroy(pubsub);
        assert_int_equal(join(taker), EDDY_CANCELLED);
        assert_int_equal(join(cancelled), EDDY_CANCELLED);
        eddy_redis_pubsub_destroy(NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(messages_of_channels_and_patterns_come_in_order),
            cmocka_unit_test(what_is_unsubscribed_from_is_not_heard),
            cmocka_unit_test(no_message_is_lost_by_who_stops_waiting),
            cmocka_unit_test(a_loss_is_told_once_and_subscriptions_are_renewed),
            cmocka_unit_test(a_slow_listener_holds_the_server_back_and_misses_nothing),
            cmocka_unit_test(a_refusal_is_told_to_who_asked),
            cmocka_unit_test(one_who_stops_subscribing_is_not_subscribed),
            cmocka_unit_test(destroying_tells_those_who_wait),
        };

        return cmocka_run_group_tests(tests, START_SERVER, STOP_SERVER);
}
