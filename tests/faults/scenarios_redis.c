#include "scenarios.h"

#include "../redis/server.h"

/* Before the program's main(), so that no scenario's run counts what this needs. */
__attribute__((constructor)) static void begin(void)
{
        redis_server_start(&server);
}

__attribute__((destructor)) static void end(void)
{
        redis_server_stop(&server);
}

static eddy_redis_options options(void)
{
        return (eddy_redis_options){.port = server.port, .database = 1, .backoff = eddy_ms(1)};
}

static int connect_redis(eddy_redis **redis)
{
        eddy_redis_options chosen = options();

        return eddy_redis_connect(redis, &chosen);
}

static intptr_t commanding(void *arg)
{
        eddy_redis *redis;
        redisReply *reply = NULL;
        int rc = connect_redis(&redis);

        (void)arg;
        if (rc == 0)
                rc = eddy_redis_command(redis, NULL, "SET key %s", "value");
        if (rc == 0)
                rc = eddy_redis_command(redis, &reply, "MGET key none");
        if (rc == 0)
                freeReplyObject(reply);
        if (rc == 0)
                rc = eddy_redis_command(redis, NULL, "INCR key");
        eddy_redis_destroy(redis);
        return rc == EDDY_EREDIS ? 0 : rc;
}

static intptr_t increment(void *redis)
{
        return eddy_redis_command(redis, NULL, "INCR count");
}

static intptr_t sharing(void *arg)
{
        eddy_group group;
        eddy_redis *redis;
        int rc = connect_redis(&redis);

        (void)arg;
        eddy_group_open(&group);
        for (int i = 0; i < 3 && rc == 0; i++)
                rc = eddy_group_create_task(&group, increment, redis, NULL);
        if (rc == 0)
                rc = eddy_redis_command(redis, NULL, "INCR count");
        if (rc < 0)
                eddy_group_close(&group);
        else
                rc = eddy_group_close(&group);
        eddy_redis_destroy(redis);
        return rc;
}

static intptr_t pipelining(void *arg)
{
        eddy_redis_pipeline pipeline;
        eddy_redis *redis;
        int rc = connect_redis(&redis);

        (void)arg;
        eddy_redis_pipeline_init(&pipeline, redis);
        for (int i = 0; i < 3 && rc == 0; i++)
                rc = eddy_redis_append(&pipeline, "INCR count");
        while (rc == 0)
                rc = eddy_redis_get_reply(&pipeline, NULL);
        eddy_redis_pipeline_finish(&pipeline);
        eddy_redis_destroy(redis);
        return rc == EDDY_ENOMORE ? 0 : rc;
}

static intptr_t giving_up_a_pop(void *arg)
{
        eddy_redis *redis;
        int rc = connect_redis(&redis);

        (void)arg;
        if (rc == 0)
                EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                        rc = eddy_redis_command(redis, NULL, "BLPOP none 0");
        if (rc == EDDY_TIMEOUT)
                rc = eddy_redis_command(redis, NULL, "PING");
        eddy_redis_destroy(redis);
        return rc;
}

static intptr_t leaving_commands(void *arg)
{
        eddy_redis *redis;
        eddy_task *task = NULL;
        intptr_t answer;
        int rc = connect_redis(&redis);

        (void)arg;
        if (rc == 0)
                task = eddy_create_task(increment, redis);
        if (rc == 0)
                rc = eddy_yield();
        eddy_redis_destroy(redis);
        if (rc == 0)
                rc = eddy_await(task, &answer);
        end_task(task);
        return rc;
}

static intptr_t listening(void *arg)
{
        eddy_redis_options chosen = options();
        eddy_redis_message message;
        eddy_redis_pubsub *pubsub;
        eddy_redis *redis = NULL;
        int rc = eddy_redis_pubsub_connect(&pubsub, &chosen);

        (void)arg;
        if (rc == 0)
                rc = eddy_redis_subscribe(pubsub, "news");
        if (rc == 0)
                rc = eddy_redis_psubscribe(pubsub, "ne*");
        if (rc == 0)
                rc = connect_redis(&redis);
        if (rc == 0)
                rc = eddy_redis_command(redis, NULL, "PUBLISH news item");
        /* Messages that a fault loses must not be waited for in vain. */
        EDDY_TIMEOUT_SCOPE(eddy_seconds(1)) {
                for (int i = 0; i < 2 && rc == 0; i++)
                        rc = eddy_redis_next_message(pubsub, &message);
        }
        if (rc == 0)
                eddy_redis_unsubscribe(pubsub, "news");
        eddy_redis_destroy(redis);
        eddy_redis_pubsub_destroy(pubsub);
        return rc;
}

const struct scenario scenarios[] = {
    {"commanding", commanding},
    {"sharing", sharing},
    {"pipelining", pipelining},
    {"giving up a pop", giving_up_a_pop},
    {"leaving commands", leaving_commands},
    {"listening", listening},
    {NULL, NULL},
};
