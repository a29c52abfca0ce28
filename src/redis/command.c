/* Connecting for commands, and sending one at a time. */
#include "redis/request.h"

#include "base/list.h"
#include "base/memory.h"

static eddy_redis *redis_of(struct connection *c)
{
        return container_of(c, eddy_redis, connection);
}

static void on_ready(struct connection *c)
{
        requests_send(redis_of(c));
}

static void on_answered(struct connection *c, redisReply *reply)
{
        requests_answer(redis_of(c), reply);
}

static void on_lost(struct connection *c)
{
        requests_lose(redis_of(c), -ECONNRESET);
}

static void on_unheld(struct connection *c)
{
        memory_free(redis_of(c));
}

int eddy_redis_connect(eddy_redis **redis_out, const eddy_redis_options *options)
{
        static const struct connection_impl impl = {
            .ready = on_ready, .answered = on_answered, .lost = on_lost, .unheld = on_unheld};
        eddy_redis *redis = memory_zalloc(sizeof *redis);
        int rc;

        *redis_out = NULL;
        if (!redis)
                return -ENOMEM;
        list_init(&redis->waiting);
        list_init(&redis->sent);
        rc = connection_begin(&redis->connection, &impl, options);
        if (rc == 0)
                *redis_out = redis;
        else
                eddy_redis_destroy(redis);
        return rc;
}

void eddy_redis_destroy(eddy_redis *redis)
{
        if (!redis)
                return;
        connection_close(&redis->connection);
        requests_lose(redis, EDDY_ESHUTDOWN);
        requests_refuse(redis);
        if (redis->blocking)
                redis->blocking->unblocking = NULL;
        connection_let_go(&redis->connection);
}

/* Whether the caller may send anything; its connection may be gone if it was cancelled meanwhile. */
static int begin(redisReply **reply)
{
        if (reply)
                *reply = NULL;
        return eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;
}

static int run(eddy_redis *redis, redisReply **reply, char *text, long long size)
{
        struct eddy_redis_request *request;
        int rc = request_create(&request, redis, text, size);

        if (rc < 0)
                return rc;
        rc = request_submit(request, redis);
        if (rc == 0)
                return request_finish(request, reply);
        request_release(request);
        return rc;
}

int eddy_redis_command(eddy_redis *redis, redisReply **reply, const char *format, ...)
{
        va_list arguments;
        int rc;

        va_start(arguments, format);
        rc = eddy_redis_vcommand(redis, reply, format, arguments);
        va_end(arguments);
        return rc;
}

int eddy_redis_vcommand(eddy_redis *redis, redisReply **reply, const char *format, va_list arguments)
{
        char *text = NULL;
        int rc = begin(reply);

        if (rc < 0)
                return rc;
        rc = redisvFormatCommand(&text, format, arguments);
        return run(redis, reply, text, rc);
}

int eddy_redis_command_argv(eddy_redis *redis, redisReply **reply, int argc, const char **argv,
                            const size_t *argvlen)
{
        char *text = NULL;
        long long size;
        int rc = begin(reply);

        if (rc < 0)
                return rc;
        size = redisFormatCommandArgv(&text, argc, argv, argvlen);
        return run(redis, reply, text, size);
}
