/*
 * Commands, a pipeline, and messages: redis_commands PORT
 *
 *         redis = aioredis.Redis(port=port)                        # asyncio and redis-py
 *         await redis.set("greeting", "hello")
 *         print(await redis.get("greeting"))
 */
#include <eddy/redis.h>
#include <stdio.h>
#include <stdlib.h>

/* Any number of coroutines share a connection: their commands leave together. */
static intptr_t visit(void *redis)
{
        return eddy_redis_command(redis, NULL, "INCR visits");
}

static int count_visits(eddy_redis *redis)
{
        eddy_group group;
        eddy_group_open(&group);
        for (int i = 0; i < 100; i++)
                eddy_group_create_task(&group, visit, redis, NULL);
        int rc = eddy_group_close(&group);
        if (rc < 0)
                return rc;

        redisReply *reply;
        rc = eddy_redis_command(redis, &reply, "GET visits");
        if (rc < 0)
                return rc;
        printf("visits: %s\n", reply->str);
        freeReplyObject(reply);
        return 0;
}

/* MULTI to EXEC in one pipeline: nothing of other coroutines comes between. */
static int transfer(eddy_redis *redis)
{
        redisReply *reply = NULL;
        eddy_redis_pipeline pipeline;
        eddy_redis_pipeline_init(&pipeline, redis);
        eddy_redis_append(&pipeline, "MULTI");
        eddy_redis_append(&pipeline, "DECRBY ada %d", 30);
        eddy_redis_append(&pipeline, "INCRBY bob %d", 30);
        eddy_redis_append(&pipeline, "EXEC");
        int rc = 0;
        for (int i = 0; i < 4 && rc == 0; i++) {
                if (reply)
                        freeReplyObject(reply);
                rc = eddy_redis_get_reply(&pipeline, &reply);
        }
        eddy_redis_pipeline_finish(&pipeline);
        if (rc < 0)
                return rc;
        printf("ada: %lld, bob: %lld\n", reply->element[0]->integer, reply->element[1]->integer);
        freeReplyObject(reply);
        return 0;
}

static intptr_t listen_to_news(void *pubsub)
{
        for (int i = 0; i < 2; i++) {
                eddy_redis_message message;
                int rc = eddy_redis_next_message(pubsub, &message);
                if (rc < 0)
                        return rc;
                printf("%s: %s\n", message.channel, message.data);
        }
        return 0;
}

static int publish(eddy_redis *redis, const eddy_redis_options *options)
{
        eddy_redis_pubsub *pubsub;
        int rc = eddy_redis_pubsub_connect(&pubsub, options);
        if (rc < 0)
                return rc;
        rc = eddy_redis_psubscribe(pubsub, "news.*");
        eddy_group group;
        eddy_group_open(&group);
        if (rc == 0)
                rc = eddy_group_create_task(&group, listen_to_news, pubsub, NULL);
        if (rc == 0)
                rc = eddy_redis_command(redis, NULL, "PUBLISH news.weather %s", "rain, then sun");
        if (rc == 0)
                rc = eddy_redis_command(redis, NULL, "PUBLISH news.chess draw");
        if (rc < 0)
                eddy_group_cancel(&group);
        int failure = eddy_group_close(&group);
        eddy_redis_pubsub_destroy(pubsub);
        return rc < 0 ? rc : failure;
}

static intptr_t app(void *port)
{
        eddy_redis *redis;
        eddy_redis_options options = {.port = (uint16_t)atoi(port)};
        int rc = eddy_redis_connect(&redis, &options);
        if (rc == 0)
                rc = eddy_redis_command(redis, NULL, "SET greeting %s", "hello");
        if (rc == 0)
                rc = count_visits(redis);
        if (rc == 0)
                rc = transfer(redis);
        if (rc == 0)
                rc = publish(redis, &options);
        if (rc == 0) {
                rc = eddy_redis_command(redis, NULL, "INCR greeting");
                printf("INCR greeting: %s\n", eddy_explain(rc));
                rc = rc == EDDY_EREDIS ? 0 : rc;
        }
        eddy_redis_destroy(redis);
        return rc;
}

int main(int argc, char **argv)
{
        if (argc != 2) {
                fprintf(stderr, "usage: %s PORT\n", argv[0]);
                return 2;
        }
        intptr_t rc = eddy_run(app, argv[1]);
        if (rc < 0)
                fprintf(stderr, "redis_commands: %s\n", eddy_explain(rc));
        return rc < 0;
}
