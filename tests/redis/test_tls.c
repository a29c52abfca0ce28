/* What is of TLS alone. */
#include "tls_server.h"

static void assert_sentence(int rc, int error, const char *sentence)
{
        if (rc != error || !strstr(eddy_explain(rc), sentence))
                fail_msg("%s: %s", eddy_errname(rc), eddy_explain(rc));
}

COROUTINE_TEST(an_url_that_asks_for_tls_needs_a_context)
{
        eddy_redis_options options = {.url = "rediss://example.org"};
        eddy_redis *redis;

        assert_sentence(eddy_redis_connect(&redis, &options), -EINVAL,
                        "rediss:// needs a context: options.tls");
        assert_null(redis);
}

COROUTINE_TEST(an_url_is_spoken_to_by_tls)
{
        eddy_redis_options options = server_options();
        char url[64];
        eddy_redis *redis;
        redisReply *reply;

        snprintf(url, sizeof url, "rediss://127.0.0.1:%u/2", server.port);
        options.port = 0;
        options.url = url;
        assert_int_equal(eddy_redis_connect(&redis, &options), 0);
        assert_runs(redis, &reply, "CLIENT INFO");
        assert_non_null(strstr(reply->str, " db=2 "));
        freeReplyObject(reply);
        eddy_redis_destroy(redis);
}

COROUTINE_TEST(a_certificate_for_somebody_else_is_told)
{
        eddy_redis_options options = server_options();
        eddy_redis *redis;
        char expected[128];

        options.tls_name = NULL;
        snprintf(expected, sizeof expected,
                 "127.0.0.1:%u: the certificate is for example.org, not for 127.0.0.1", server.port);
        assert_sentence(eddy_redis_connect(&redis, &options), EDDY_ECERTIFICATE, expected);
        assert_null(redis);
}

COROUTINE_TEST(an_issuer_who_is_not_trusted_is_told)
{
        struct issued other = issue(&(struct wish){.name = "other", .is_issuer = true});
        eddy_redis_options options = server_options();
        eddy_redis *redis;
        eddy_tls *tls;

        assert_int_equal(eddy_tls_create_client(&tls, &(eddy_tls_options){.ca_file = other.path}), 0);
        options.tls = tls;
        assert_int_equal(eddy_redis_connect(&redis, &options), EDDY_ECERTIFICATE);
        eddy_tls_unref(tls);
        forget_issued(&other);
}

COROUTINE_TEST(a_server_without_tls_is_told)
{
        struct redis_server plain = {0};
        eddy_redis_options options = server_options();
        eddy_redis *redis;
        int rc;

        redis_server_start(&plain);
        options.port = plain.port;
        options.connect_timeout = eddy_ms(100);
        rc = eddy_redis_connect(&redis, &options);
        assert_true(rc == EDDY_ETLS || rc == -ECONNRESET || rc == EDDY_TIMEOUT);
        assert_null(redis);
        redis_server_stop(&plain);
}

static void restart_server(bool demands_certificate)
{
        redis_server_end(&server, SIGKILL);
        server.demands_certificate = demands_certificate;
        assert_true(redis_server_run(&server));
}

COROUTINE_TEST(a_server_demands_a_certificate)
{
        eddy_redis_options options = server_options();
        eddy_redis *redis;
        eddy_tls *with_certificate;
        int rc;

        restart_server(true);
        /* The server closes while our greeting is on its way, and a reset may come before what it has said is read. */
        do
                rc = eddy_redis_connect(&redis, &options);
        while (rc == -ECONNRESET);
        assert_sentence(rc, EDDY_ETLS, "the peer wants a client certificate");
        make_client_context(&with_certificate, leaf.path);
        options.tls = with_certificate;
        assert_int_equal(eddy_redis_connect(&redis, &options), 0);
        /* Its own to keep, also for connecting again. */
        eddy_tls_unref(with_certificate);
        restart_server(true);
        assert_int_equal(eddy_redis_command(redis, NULL, "PING"), -ECONNRESET);
        assert_runs(redis, NULL, "PING");
        eddy_redis_destroy(redis);
        restart_server(false);
}

/** What on_loss was told. */
static int losses, last_loss;

static void note_loss(int error, const char *detail, eddy_duration delay, void *arg)
{
        (void)detail, (void)delay, (void)arg;
        losses++;
        last_loss = error;
}

COROUTINE_TEST(a_connection_is_made_anew_when_the_server_was_restarted)
{
        eddy_redis_options options = server_options();
        eddy_redis *redis;

        options.on_loss = note_loss;
        assert_int_equal(eddy_redis_connect(&redis, &options), 0);
        assert_runs(redis, NULL, "SET key value");
        redis_server_end(&server, SIGKILL);
        until(losses > 0);
        assert_int_equal(last_loss, -ECONNRESET);
        until(losses > 2);
        assert_int_equal(last_loss, -ECONNREFUSED);
        assert_true(redis_server_run(&server));
        assert_runs(redis, NULL, "SET key value");
        eddy_redis_destroy(redis);
}

static intptr_t pop(void *redis)
{
        return eddy_redis_command(redis, NULL, "BLPOP list 0");
}

COROUTINE_TEST(a_blocking_command_is_let_go_of)
{
        eddy_redis *own = connect_to_server(), *redis = connect_to_server();
        redisReply *reply;
        int rc = 0;

        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                rc = (int)pop(own);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_runs(redis, NULL, "RPUSH list item");
        assert_runs(redis, &reply, "LLEN list");
        assert_number(reply, 1);
        assert_int_equal(pop(own), 0);
        eddy_redis_destroy(own);
        eddy_redis_destroy(redis);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(an_url_that_asks_for_tls_needs_a_context),
            cmocka_unit_test(an_url_is_spoken_to_by_tls),
            cmocka_unit_test(a_certificate_for_somebody_else_is_told),
            cmocka_unit_test(an_issuer_who_is_not_trusted_is_told),
            cmocka_unit_test(a_server_without_tls_is_told),
            cmocka_unit_test(a_server_demands_a_certificate),
            cmocka_unit_test(a_connection_is_made_anew_when_the_server_was_restarted),
            cmocka_unit_test(a_blocking_command_is_let_go_of),
        };

        return cmocka_run_group_tests(tests, start_server_over_tls, stop_server_over_tls);
}
