#include "redis/request.h"

#include "base/list.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What a command does to a connection that others use too. */
enum kind {
        ORDINARY,
        BLOCKING,       /* the server may let it wait, and all behind it */
        MAYBE_BLOCKING, /* so it does where BLOCK is among its arguments */
        NO_COMMAND,
        FOREIGN, /* replies no longer answer commands one by one, or come in another protocol */
};

static const struct {
        const char *name;
        enum kind kind;
} kinds[] = {
    {"BLMOVE", BLOCKING},      {"BLMPOP", BLOCKING},
    {"BLPOP", BLOCKING},       {"BRPOP", BLOCKING},
    {"BRPOPLPUSH", BLOCKING},  {"BZMPOP", BLOCKING},
    {"BZPOPMAX", BLOCKING},    {"BZPOPMIN", BLOCKING},
    {"HELLO", FOREIGN},        {"MONITOR", FOREIGN},
    {"PSUBSCRIBE", FOREIGN},   {"PUNSUBSCRIBE", FOREIGN},
    {"SSUBSCRIBE", FOREIGN},   {"SUBSCRIBE", FOREIGN},
    {"SUNSUBSCRIBE", FOREIGN}, {"SYNC", FOREIGN},
    {"PSYNC", FOREIGN},        {"UNSUBSCRIBE", FOREIGN},
    {"WAIT", BLOCKING},        {"WAITAOF", BLOCKING},
    {"XREAD", MAYBE_BLOCKING}, {"XREADGROUP", MAYBE_BLOCKING},
};

/* The argument at `*place`, a "$SIZE\r\n" and its bytes; false behind the last. Steps over it. */
static bool next_argument(const char **place, const char *end, const char **argument, size_t *size)
{
        char *bytes;

        if (*place >= end || **place != '$')
                return false;
        *size = strtoul(*place + 1, &bytes, 10);
        *argument = bytes + 2;
        *place = *argument + *size + 2;
        return true;
}

static bool is_word(const char *argument, size_t size, const char *word)
{
        return size == strlen(word) && strncasecmp(argument, word, size) == 0;
}

static bool has_argument(const char *place, const char *end, const char *word)
{
        const char *argument;
        size_t size;

        while (next_argument(&place, end, &argument, &size))
                if (is_word(argument, size, word))
                        return true;
        return false;
}

static enum kind kind_of(const char *text, size_t text_size)
{
        const char *end = text + text_size, *place = memchr(text, '\n', text_size), *name;
        size_t size;

        if (!place++ || !next_argument(&place, end, &name, &size))
                return NO_COMMAND;
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
                if (!is_word(name, size, kinds[i].name))
                        continue;
                if (kinds[i].kind == MAYBE_BLOCKING)
                        return has_argument(place, end, "BLOCK") ? BLOCKING : ORDINARY;
                return kinds[i].kind;
        }
        return ORDINARY;
}

int request_create(struct eddy_redis_request **request_out, eddy_redis *redis, char *text, long long size)
{
        struct eddy_redis_request *request;
        enum kind kind;

        if (size < 0)
                return size == -1 ? -ENOMEM : eddy_fail(-EINVAL, "the command's format is wrong");
        kind = kind_of(text, (size_t)size);
        request = kind < NO_COMMAND ? memory_zalloc(sizeof *request) : NULL;
        if (request)
                request->done = eddy_future_create(redis->connection.loop);
        if (!request || !request->done) {
                memory_free(request);
                redisFreeCommand(text);
                if (kind == FOREIGN)
                        return eddy_fail(EDDY_ENOTSUP, "not on a connection for commands");
                return kind == NO_COMMAND ? eddy_fail(-EINVAL, "there is no command") : -ENOMEM;
        }
        request->text = text;
        request->size = (size_t)size;
        request->is_blocking = kind == BLOCKING;
        request->holders = 1;
        *request_out = request;
        return 0;
}

static void let_go(struct eddy_redis_request *request)
{
        if (--request->holders > 0)
                return;
        if (request->reply)
                freeReplyObject(request->reply);
        if (request->text)
                redisFreeCommand(request->text);
        eddy_unref(request->done);
        memory_free(request);
}

/* Nobody waits for it any more: it was answered, or given up. */
static void settle(struct eddy_redis_request *request)
{
        eddy_redis *redis = request->redis;

        redis->awaited--;
        if (redis->blocking == request && !request->unblocking)
                redis->blocking = NULL;
        request->redis = NULL;
}

/* The connection's part in it is over. */
static void complete(struct eddy_redis_request *request, redisReply *reply, int error)
{
        request->reply = reply;
        request->error = error;
        if (request->redis)
                settle(request);
        eddy_future_set_result(request->done, 0);
        let_go(request);
}

void request_release(struct eddy_redis_request *request)
{
        eddy_redis *redis = request->redis;

        if (redis) {
                settle(request);
                if (request->text) {
                        list_remove(&request->link);
                        let_go(request);
                } else if (request->is_blocking) {
                        connection_renew(&redis->connection);
                }
        }
        let_go(request);
}

/** 0; or -ENOMEM, and then it can be sent again. */
static int hand_over(struct eddy_redis_request *request, eddy_redis *redis)
{
        int rc = connection_send(&redis->connection, request->text, request->size);

        if (rc < 0)
                return rc;
        redisFreeCommand(request->text);
        request->text = NULL;
        list_append(&redis->sent, &request->link);
        return 0;
}

int request_submit(struct eddy_redis_request *request, eddy_redis *redis)
{
        struct connection *c = &redis->connection;
        int rc;

        if (eddy_running_loop() != c->loop)
                return EDDY_EWRONGLOOP;
        if (redis->blocking || (request->is_blocking && redis->awaited > 0))
                return eddy_fail(EDDY_EBUSY, "a command that blocks needs a connection of its own");
        if (!c->is_ready && c->options.fails_fast)
                return eddy_fail(-ENOTCONN, "%s", c->why);
        if (c->is_ready) {
                rc = hand_over(request, redis);
                if (rc < 0) {
                        /* Else the server would wait for the rest of a pipeline. */
                        connection_drop(c, rc, NULL);
                        return rc;
                }
        } else {
                list_append(&redis->waiting, &request->link);
        }
        request->holders++;
        request->redis = redis;
        redis->awaited++;
        if (request->is_blocking)
                redis->blocking = request;
        return 0;
}

static int outcome_of(struct eddy_redis_request *request)
{
        const redisReply *reply = request->reply;

        if (request->error == -ECONNRESET)
                return eddy_fail(-ECONNRESET, "the connection was lost after the command had been sent: "
                                              "it may have run or not");
        if (request->error < 0)
                return request->error;
        return reply->type == REDIS_REPLY_ERROR ? eddy_fail(EDDY_EREDIS, "%s", reply->str) : 0;
}

static bool is_answered(const struct eddy_redis_request *request)
{
        return request->reply || request->error;
}

/* io_uring brings what lies in a socket when it is waited for, and that is shown a turn later. And more turns than any socket
 * holds bytes for. */
enum { LEAST_TURNS = 2, MOST_TURNS = 4096 };

/* The reply may lie in the socket: then it is the asker's, late as he may be. */
static void look_once_more(struct eddy_redis_request *request)
{
        for (int i = 0; i < MOST_TURNS && request->redis && !is_answered(request); i++) {
                if (i >= LEAST_TURNS && !connection_has_input(&request->redis->connection))
                        return;
                eddy_sleep(1); /* the shortest wait, which a yield is not */
        }
}

enum { UNBLOCK_SECONDS = 2, UNBLOCK_AGAIN_MS = 20 };

/* A request to let go that was not answered may still come, and must not find the connection's next command. */
static void end_unblocking(struct eddy_redis_request *request, bool is_over)
{
        eddy_redis *redis = request->unblocking;

        request->unblocking = NULL;
        if (!redis || !is_answered(request))
                return;
        redis->blocking = NULL;
        if (!is_over && redis->connection.is_ready)
                connection_renew(&redis->connection);
}

/* Have the server let go of the command, whose word then comes as its reply: nothing, or what it had already. The blocked
 * connection cannot ask for that itself. A request that arrives before the command is in vain, so it is repeated. */
static void unblock(struct eddy_redis_request *request)
{
        const struct connection *c = &request->redis->connection;
        eddy_redis_options options = c->options;
        long long id = c->id;
        eddy_redis *other = NULL;
        int rc = 0;

        if (id == 0)
                return;
        request->unblocking = request->redis;
        if (!options.path)
                options.host = c->address;
        options.fails_fast = true;
        options.on_loss = NULL;
        EDDY_TIMEOUT_SCOPE(eddy_seconds(UNBLOCK_SECONDS)) {
                rc = eddy_redis_connect(&other, &options);
                while (rc == 0 && !is_answered(request)) {
                        rc = eddy_redis_command(other, NULL, "CLIENT UNBLOCK %lld", id);
                        if (rc == 0)
                                rc = (int)eddy_wait(&request->done, 1, EDDY_ALL_COMPLETED,
                                                    eddy_ms(UNBLOCK_AGAIN_MS));
                }
        }
        eddy_redis_destroy(other);
        end_unblocking(request, rc >= 0);
}

/* The asker is interrupted: what the server has given him already is his all the same. */
static void ask_for_the_last_word(struct eddy_redis_request *request)
{
        bool was_sent = request->redis && !request->text;

        if (!was_sent || is_answered(request))
                return;
        EDDY_SHIELD_SCOPE {
                look_once_more(request);
                if (request->is_blocking && request->redis && !is_answered(request))
                        unblock(request);
        }
}

/* A command that was let go of has nothing. */
static bool has_nothing(const struct eddy_redis_request *request)
{
        return !is_answered(request) ||
               (request->is_blocking && request->reply && request->reply->type == REDIS_REPLY_NIL);
}

int request_wait(struct eddy_redis_request *request)
{
        ssize_t rc = is_answered(request) ? 0 : eddy_wait(&request->done, 1, EDDY_ALL_COMPLETED, EDDY_FOREVER);

        if (rc < 0)
                ask_for_the_last_word(request);
        return rc < 0 && has_nothing(request) ? (int)rc : 0;
}

int request_finish(struct eddy_redis_request *request, redisReply **reply)
{
        int rc = request_wait(request);

        if (rc == 0)
                rc = outcome_of(request);
        if (rc == 0 && reply) {
                *reply = request->reply;
                request->reply = NULL;
        }
        request_release(request);
        return rc;
}

/** One that was waiting cannot be sent. Nor is what waits behind it in the same pipeline: the beginning is lost with the connection, and
 * the rest may be half of a transaction. */
static void give_up(struct eddy_redis_request *request)
{
        struct eddy_redis_request *next = request->next;

        complete(request, NULL, -ENOMEM);
        while ((request = next) && request->redis) {
                next = request->next;
                list_remove(&request->link);
                complete(request, NULL, -ENOMEM);
        }
}

void requests_send(eddy_redis *redis)
{
        eddy_link *link;

        while (redis->connection.is_ready && (link = list_pop(&redis->waiting))) {
                struct eddy_redis_request *request = container_of(link, struct eddy_redis_request, link);

                if (hand_over(request, redis) < 0) {
                        give_up(request);
                        connection_drop(&redis->connection, -ENOMEM, NULL);
                        return;
                }
        }
}

/** Give all requests of a list an error. */
static void fail_all(eddy_link *list, int error)
{
        eddy_link *link;

        while ((link = list_pop(list)))
                complete(container_of(link, struct eddy_redis_request, link), NULL, error);
}

void requests_answer(eddy_redis *redis, redisReply *reply)
{
        eddy_link *link = list_pop(&redis->sent);

        if (link)
                complete(container_of(link, struct eddy_redis_request, link), reply, 0);
        else
                connection_refuse(&redis->connection, reply);
}

void requests_lose(eddy_redis *redis, int error)
{
        fail_all(&redis->sent, error);
}

void requests_refuse(eddy_redis *redis)
{
        fail_all(&redis->waiting, EDDY_ESHUTDOWN);
}
