/* Commands that leave together. */
#include "redis/request.h"

#include "base/list.h"

void eddy_redis_pipeline_init(eddy_redis_pipeline *pipeline, eddy_redis *redis)
{
        *pipeline = (eddy_redis_pipeline){.redis = redis};
}

static int add(eddy_redis_pipeline *pipeline, char *text, long long size)
{
        struct eddy_redis_request *request;
        int rc = request_create(&request, pipeline->redis, text, size);

        if (rc < 0)
                return rc;
        if (request->is_blocking) {
                request_release(request);
                return eddy_fail(EDDY_ENOTSUP, "a command that blocks cannot be part of a pipeline");
        }
        if (pipeline->last)
                pipeline->last->next = request;
        else
                pipeline->first = request;
        pipeline->last = request;
        if (!pipeline->unsent)
                pipeline->unsent = request;
        return 0;
}

/* Half of a transaction must not be sent. */
static int append(eddy_redis_pipeline *pipeline, char *text, long long size)
{
        int rc = add(pipeline, text, size);

        if (rc < 0 && pipeline->failure == 0)
                pipeline->failure = rc;
        return rc;
}

int eddy_redis_append(eddy_redis_pipeline *pipeline, const char *format, ...)
{
        char *text = NULL;
        va_list arguments;
        int size;

        va_start(arguments, format);
        size = redisvFormatCommand(&text, format, arguments);
        va_end(arguments);
        return append(pipeline, text, size);
}

int eddy_redis_append_argv(eddy_redis_pipeline *pipeline, int argc, const char **argv, const size_t *argvlen)
{
        char *text = NULL;
        long long size = redisFormatCommandArgv(&text, argc, argv, argvlen);

        return append(pipeline, text, size);
}

static struct eddy_redis_request *take_first(eddy_redis_pipeline *pipeline)
{
        struct eddy_redis_request *request = pipeline->first;

        pipeline->first = request->next;
        if (!pipeline->first)
                pipeline->last = NULL;
        return request;
}

static void put_back(eddy_redis_pipeline *pipeline, struct eddy_redis_request *request)
{
        request->next = pipeline->first;
        pipeline->first = request;
        if (!pipeline->last)
                pipeline->last = request;
}

static int send_all(eddy_redis_pipeline *pipeline)
{
        const struct eddy_redis_request *first = pipeline->unsent;
        int rc = 0;

        if (pipeline->failure < 0)
                return 0;
        while (rc == 0 && pipeline->unsent) {
                rc = request_submit(pipeline->unsent, pipeline->redis);
                if (rc == 0)
                        pipeline->unsent = pipeline->unsent->next;
        }
        /* The beginning is lost with the connection, and the rest may be half of a transaction. */
        if (rc == -ENOMEM && pipeline->unsent != first)
                pipeline->failure = rc;
        return rc;
}

int eddy_redis_get_reply(eddy_redis_pipeline *pipeline, redisReply **reply)
{
        struct eddy_redis_request *request;
        int rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;

        if (reply)
                *reply = NULL;
        if (rc < 0)
                return rc;
        if (pipeline->failure < 0 && pipeline->first == pipeline->unsent)
                return eddy_fail(pipeline->failure, "a command of the pipeline could not be added or sent");
        if (!pipeline->first)
                return EDDY_ENOMORE;
        rc = send_all(pipeline);
        if (rc < 0)
                return rc;
        request = take_first(pipeline);
        rc = request_wait(request);
        if (rc == 0)
                return request_finish(request, reply);
        /* Else the next reply would be taken for this one. */
        put_back(pipeline, request);
        return rc;
}

void eddy_redis_pipeline_finish(eddy_redis_pipeline *pipeline)
{
        while (pipeline->first)
                request_release(take_first(pipeline));
        pipeline->unsent = NULL;
}
