/* Subscriptions, and the messages that they bring. */
#include "redis/request.h"

#include "base/list.h"
#include "base/memory.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Messages that are read ahead of who takes them; at half of it reading goes on. */
enum { MOST_AHEAD = 1024 };

/** A coroutine that subscribes. On its stack. */
struct asker {
        struct subscription *one; /* NULL: it is gone, and `error` says why */
        eddy_future *answered;
        int error;
        char why[256];
};

/** A channel or pattern that is listened to. Owned by pubsub->subscriptions. */
struct subscription {
        eddy_link link;
        struct asker *asker; /* while it subscribes */
        bool is_confirmed;   /* by the server, once */
        bool is_pattern;
        size_t size;
        char name[];
};

/** A message that came. Owned by pubsub->messages, then by pubsub->current. */
struct message {
        eddy_link link;
        bool is_after_loss; /* the connection was lost before it */
        redisReply *reply;
};

struct eddy_redis_pubsub {
        struct connection connection;
        eddy_link subscriptions;
        eddy_link messages;
        size_t ahead; /* messages in it */
        bool is_lost; /* a loss behind the last message has not been told */
        struct message *current;
        eddy_future *arrived; /* what the coroutine that waits for messages awaits; or NULL */
        bool is_shut_down;
};

static eddy_redis_pubsub *pubsub_of(struct connection *c)
{
        return container_of(c, eddy_redis_pubsub, connection);
}

static void wake(eddy_redis_pubsub *pubsub)
{
        if (pubsub->arrived)
                eddy_future_set_result(pubsub->arrived, 0);
}

/* Whether a function that suspends may go on: 0 or an error. */
static int enter(const eddy_redis_pubsub *pubsub)
{
        if (!eddy_current_task())
                return EDDY_ENOTASK;
        return eddy_running_loop() == pubsub->connection.loop ? eddy_interrupted() : EDDY_EWRONGLOOP;
}

/* Subscriptions. */

static struct subscription *find(eddy_redis_pubsub *pubsub, const char *name, size_t size, bool is_pattern)
{
        for (eddy_link *link = pubsub->subscriptions.next; link != &pubsub->subscriptions; link = link->next) {
                struct subscription *one = container_of(link, struct subscription, link);

                if (one->is_pattern == is_pattern && one->size == size && memcmp(one->name, name, size) == 0)
                        return one;
        }
        return NULL;
}

static void forget(struct subscription *one, int error, const char *why)
{
        struct asker *asker = one->asker;

        if (asker) {
                asker->one = NULL;
                asker->error = error;
                snprintf(asker->why, sizeof asker->why, "%s", why);
                eddy_future_set_result(asker->answered, 0);
        }
        list_remove(&one->link);
        memory_free(one);
}

static void confirm(struct subscription *one)
{
        one->is_confirmed = true;
        if (one->asker)
                eddy_future_set_result(one->asker->answered, 0);
}

static void on_message(eddy_redis_pubsub *pubsub, redisReply *reply)
{
        struct message *message = memory_alloc(sizeof *message);

        if (!message) {
                /* One that is lost must not be lost silently. */
                freeReplyObject(reply);
                connection_drop(&pubsub->connection, -ENOMEM, NULL);
                return;
        }
        message->reply = reply;
        message->is_after_loss = pubsub->is_lost;
        pubsub->is_lost = false;
        list_append(&pubsub->messages, &message->link);
        if (++pubsub->ahead >= MOST_AHEAD)
                connection_pause(&pubsub->connection);
        wake(pubsub);
}

/** Whether it is what the server pushes: a kind, a name, and something of them. */
static bool is_push(const redisReply *reply)
{
        return reply->type == REDIS_REPLY_ARRAY && reply->elements >= 3 &&
               reply->element[0]->type == REDIS_REPLY_STRING && reply->element[1]->type == REDIS_REPLY_STRING;
}

/** What the server pushes: that it listens, or no longer, or a message. */
static void on_answered(struct connection *c, redisReply *reply)
{
        eddy_redis_pubsub *pubsub = pubsub_of(c);
        const redisReply *name;
        struct subscription *one;
        const char *kind;
        bool is_pattern;

        if (!is_push(reply)) {
                connection_refuse(c, reply);
                return;
        }
        kind = reply->element[0]->str;
        name = reply->element[1];
        is_pattern = kind[0] == 'p';
        kind += is_pattern;
        one = find(pubsub, name->str, name->len, is_pattern); /* NULL: it was unsubscribed from meanwhile */
        if (one && strcmp(kind, "message") == 0) {
                on_message(pubsub, reply);
                return;
        }
        if (one && strcmp(kind, "subscribe") == 0)
                confirm(one);
        freeReplyObject(reply);
}

static int tell_server(eddy_redis_pubsub *pubsub, const char *command, const struct subscription *one)
{
        if (!pubsub->connection.is_ready)
                return 0;
        return connection_command(&pubsub->connection, "%s%s %b", one->is_pattern ? "P" : "", command,
                                  one->name, one->size);
}

static struct subscription *add(eddy_redis_pubsub *pubsub, const char *name, size_t size, bool is_pattern)
{
        struct subscription *one = memory_zalloc(sizeof *one + size);

        if (!one)
                return NULL;
        one->is_pattern = is_pattern;
        one->size = size;
        memcpy(one->name, name, size);
        list_append(&pubsub->subscriptions, &one->link);
        return one;
}

static int ask(eddy_redis_pubsub *pubsub, struct asker *asker)
{
        int rc = tell_server(pubsub, "SUBSCRIBE", asker->one);

        asker->one->asker = asker;
        pubsub->connection.holders++;
        if (rc == 0)
                rc = eddy_await(asker->answered, NULL);
        if (asker->one)
                asker->one->asker = NULL;
        if (rc == 0 && asker->error < 0)
                rc = eddy_fail(asker->error, "%s", asker->why);
        if (rc < 0 && asker->one) {
                tell_server(pubsub, "UNSUBSCRIBE", asker->one);
                forget(asker->one, 0, "");
        }
        connection_let_go(&pubsub->connection);
        return rc;
}

static int subscribe(eddy_redis_pubsub *pubsub, const char *name, bool is_pattern)
{
        size_t size = strlen(name);
        struct asker asker = {0};
        int rc = enter(pubsub);

        if (rc < 0)
                return rc;
        asker.one = find(pubsub, name, size, is_pattern);
        if (asker.one)
                return asker.one->asker ? EDDY_EBUSY : 0;
        asker.answered = eddy_future_create(NULL);
        if (asker.answered)
                asker.one = add(pubsub, name, size, is_pattern);
        rc = asker.one ? ask(pubsub, &asker) : -ENOMEM;
        eddy_unref(asker.answered);
        return rc;
}

int eddy_redis_subscribe(eddy_redis_pubsub *pubsub, const char *channel)
{
        return subscribe(pubsub, channel, false);
}

int eddy_redis_psubscribe(eddy_redis_pubsub *pubsub, const char *pattern)
{
        return subscribe(pubsub, pattern, true);
}

static bool unsubscribe(eddy_redis_pubsub *pubsub, const char *name, bool is_pattern)
{
        struct subscription *one = find(pubsub, name, strlen(name), is_pattern);

        if (!one)
                return false;
        tell_server(pubsub, "UNSUBSCRIBE", one);
        forget(one, EDDY_EFINISHED, "unsubscribed from meanwhile");
        return true;
}

bool eddy_redis_unsubscribe(eddy_redis_pubsub *pubsub, const char *channel)
{
        return unsubscribe(pubsub, channel, false);
}

bool eddy_redis_punsubscribe(eddy_redis_pubsub *pubsub, const char *pattern)
{
        return unsubscribe(pubsub, pattern, true);
}

/* The connection. */

static void on_ready(struct connection *c)
{
        eddy_redis_pubsub *pubsub = pubsub_of(c);

        for (eddy_link *link = pubsub->subscriptions.next; link != &pubsub->subscriptions; link = link->next)
                if (tell_server(pubsub, "SUBSCRIBE", container_of(link, struct subscription, link)) < 0) {
                        connection_drop(c, -ENOMEM, NULL);
                        return;
                }
}

/* A server that refuses a subscription does not say which, so the connection is given up. */
static void on_lost(struct connection *c)
{
        eddy_redis_pubsub *pubsub = pubsub_of(c);
        eddy_link *link = pubsub->subscriptions.next;

        while (link != &pubsub->subscriptions) {
                struct subscription *one = container_of(link, struct subscription, link);

                link = link->next;
                if (one->is_confirmed)
                        pubsub->is_lost = true;
                else if (c->error == EDDY_EREDIS)
                        forget(one, EDDY_EREDIS, c->why);
        }
        if (pubsub->is_lost)
                wake(pubsub);
}

static void on_unheld(struct connection *c)
{
        memory_free(pubsub_of(c));
}

int eddy_redis_pubsub_connect(eddy_redis_pubsub **pubsub_out, const eddy_redis_options *options)
{
        static const struct connection_impl impl = {
            .ready = on_ready, .answered = on_answered, .lost = on_lost, .unheld = on_unheld};
        eddy_redis_pubsub *pubsub = memory_zalloc(sizeof *pubsub);
        int rc;

        *pubsub_out = NULL;
        if (!pubsub)
                return -ENOMEM;
        list_init(&pubsub->subscriptions);
        list_init(&pubsub->messages);
        rc = connection_begin(&pubsub->connection, &impl, options);
        if (rc == 0)
                *pubsub_out = pubsub;
        else
                eddy_redis_pubsub_destroy(pubsub);
        return rc;
}

static void message_free(struct message *message)
{
        if (message)
                freeReplyObject(message->reply);
        memory_free(message);
}

void eddy_redis_pubsub_destroy(eddy_redis_pubsub *pubsub)
{
        eddy_link *link;

        if (!pubsub)
                return;
        pubsub->is_shut_down = true;
        connection_close(&pubsub->connection);
        while (!list_is_empty(&pubsub->subscriptions))
                forget(container_of(pubsub->subscriptions.next, struct subscription, link), EDDY_ESHUTDOWN,
                       eddy_strerror(EDDY_ESHUTDOWN));
        while ((link = list_pop(&pubsub->messages)))
                message_free(container_of(link, struct message, link));
        message_free(pubsub->current);
        wake(pubsub);
        connection_let_go(&pubsub->connection);
}

/* Messages. */

static int wait_for_message(eddy_redis_pubsub *pubsub)
{
        int rc;

        pubsub->arrived = eddy_future_create(NULL);
        pubsub->connection.holders++;
        rc = eddy_join(pubsub->arrived, NULL);
        pubsub->arrived = NULL;
        if (rc == 0 && pubsub->is_shut_down)
                rc = EDDY_ESHUTDOWN;
        connection_let_go(&pubsub->connection);
        return rc;
}

static void take_next(eddy_redis_pubsub *pubsub, eddy_redis_message *message)
{
        struct message *next = container_of(list_pop(&pubsub->messages), struct message, link);
        redisReply *const *element = next->reply->element;
        bool has_pattern = next->reply->elements == 4;

        pubsub->current = next;
        if (pubsub->ahead-- == MOST_AHEAD / 2)
                connection_resume(&pubsub->connection);
        *message = (eddy_redis_message){
            .pattern = has_pattern ? element[1]->str : NULL,
            .channel = element[1 + has_pattern]->str,
            .data = element[2 + has_pattern]->str,
            .size = element[2 + has_pattern]->len,
        };
}

int eddy_redis_next_message(eddy_redis_pubsub *pubsub, eddy_redis_message *message)
{
        bool *is_lost = &pubsub->is_lost;
        int rc = enter(pubsub);

        *message = (eddy_redis_message){0};
        if (rc < 0)
                return rc;
        if (pubsub->arrived)
                return EDDY_EBUSY;
        message_free(pubsub->current);
        pubsub->current = NULL;
        while (list_is_empty(&pubsub->messages) && !pubsub->is_lost) {
                rc = wait_for_message(pubsub);
                if (rc < 0)
                        return rc;
        }
        if (!list_is_empty(&pubsub->messages))
                is_lost = &container_of(pubsub->messages.next, struct message, link)->is_after_loss;
        if (*is_lost) {
                *is_lost = false;
                return eddy_fail(-ECONNRESET, "the connection was lost, and with it perhaps messages");
        }
        take_next(pubsub, message);
        return 0;
}
