/* Redis: commands, pipelines and subscriptions, with hiredis's reader. A library of its own: link with eddy-redis.
 *
 *         eddy_redis *redis;
 *         redisReply *reply;
 *
 *         rc = eddy_redis_connect(&redis, &(eddy_redis_options){.host = "127.0.0.1"});
 *         if (rc == 0)
 *                 rc = eddy_redis_command(redis, &reply, "INCRBY %s %d", "visits", 1);
 *         if (rc == 0) {
 *                 printf("%lld\n", reply->integer);
 *                 freeReplyObject(reply);
 *         }
 *         eddy_redis_destroy(redis);
 *
 * Replies are hiredis's own redisReply, the caller's, given back with hiredis's freeReplyObject().
 */
#ifndef EDDY_REDIS_H
#define EDDY_REDIS_H

#include <eddy.h>
#include <hiredis/hiredis.h>

EDDY_BEGIN_DECLS

#define EDDY_EREDIS (-3920) /**< the Redis server refused; the detail is its answer */

/** A connection that any number of coroutines use at once, and that is made anew when it is lost. */
typedef struct eddy_redis eddy_redis;

/** How to connect. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_redis_options {
        const char *host;              /**< name or address; NULL: 127.0.0.1 */
        uint16_t port;                 /**< 0: 6379 */
        const char *path;              /**< of a UNIX socket, in place of host and port */
        const char *user;              /**< NULL: the default user */
        const char *password;          /**< NULL: none is sent */
        int database;                  /**< that SELECT is sent for */
        eddy_duration connect_timeout; /**< for connection, password and database, and all of the host's
                                            addresses together; 0: 5 s */
        eddy_duration keep_alive;  /**< silence after which TCP asks whether the server is still there, which it
                                            must be after as long again; 0: 15 s; EDDY_FOREVER: never asks */
        eddy_duration backoff;     /**< before the first attempt to reconnect, doubled for each; 0: 100 ms */
        eddy_duration max_backoff; /**< 0: 10 s. Half of each pause is left to chance */
        bool fails_fast;           /**< without a connection, commands fail with -ENOTCONN and do not wait */
        /** The connection was lost, or could not be made anew; the next attempt comes after `delay`. Called by
         * the loop, outside any task, so it must not suspend; nor must it destroy the connection. */
        void (*on_loss)(int error, const char *detail, eddy_duration delay, void *arg);
        void *arg;       /**< passed to it */
        const char *url; /**< redis:// or rediss://, "redis://user:password@host:port/database": what it leaves
                                 out is as the fields say, and rediss:// needs `tls` */
        eddy_tls *tls;   /**< speak TLS, as this context says; NULL: do not. Kept as long as it is needed */
        const char *tls_name; /**< whom the server's certificate has to be for; NULL: the host */
        void *reserved[1];    /**< zero */
} eddy_redis_options;

/**
 * Connect to a server, and tell it password and database.
 *
 * @param redis    receives the connection; give it back with eddy_redis_destroy(). NULL where this fails
 * @param options  copied; may be NULL
 * @return 0
 * @retval EDDY_EREDIS                   the server refused: a wrong password, too many clients, still loading
 * @retval EDDY_ERESOLVE                 the host has no address
 * @retval -ECONNREFUSED, -ENOENT ...    no connection
 * @retval EDDY_TIMEOUT                  connect_timeout, or a deadline of the caller, passed
 * @retval EDDY_CANCELLED                the caller was cancelled
 * @retval EDDY_ECERTIFICATE             the server's certificate is not to be trusted; the detail says why, here and below
 * @retval EDDY_ETLS                     both do not agree on TLS, or the server speaks none
 * @retval -EINVAL                       the URL is wrong, or begins with rediss:// and there is no `tls`
 * @retval EDDY_ENOTASK                  called outside a coroutine
 * @retval -ENOMEM                       no memory
 *
 * Every address that the host has is tried, in turn; one that does not answer leaves the others their part of the
 * time. The first attempt is the only one here. Later losses are mended in the background, where the name is looked up
 * anew. Suspends.
 * redis.asyncio.Redis().
 */
EDDY_API EDDY_ASYNC int eddy_redis_connect(eddy_redis **redis, const eddy_redis_options *options);

/**
 * Close a connection and give it back; in its loop's thread, before the loop is closed. Coroutines that still
 * wait for replies get EDDY_ESHUTDOWN. NULL is allowed. Does not suspend.
 */
EDDY_API void eddy_redis_destroy(eddy_redis *redis);

/**
 * Send a command and wait for its reply. Commands that coroutines send in one turn of the loop leave in one
 * write, and many may be on their way at once.
 *
 * @param reply   receives it, the caller's, given back with freeReplyObject(); NULL where this fails. May be
 *                NULL: nobody looks
 * @param format  as for redisCommand(): %s a string, %b bytes and a size_t, and printf()'s numbers
 * @return 0
 * @retval EDDY_EREDIS     the server answered with an error; the detail is its text, such as "WRONGTYPE ..."
 * @retval -ECONNRESET     the connection broke when the command had been sent: it may have run or not, and is
 *                         never sent again
 * @retval -ENOTCONN       there is no connection, and fails_fast is set; the command was not sent
 * @retval EDDY_EBUSY      a blocking command (BLPOP ...) holds this connection, or would have to wait for
 *                         others: give it one of its own
 * @retval EDDY_ENOTSUP    SUBSCRIBE and its like (eddy_redis_subscribe()), MONITOR, or HELLO
 * @retval EDDY_ESHUTDOWN  the connection was destroyed
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted, and no reply had come. The command is taken back
 *                         where it has not been sent; else it runs, and its reply is dropped
 * @retval -EINVAL         the format is wrong
 * @retval EDDY_ENOTASK, EDDY_EWRONGLOOP, -ENOMEM
 *
 * Where there is no connection, the command waits for one: bound that with EDDY_TIMEOUT_SCOPE(). Suspends.
 * Of a blocking command that is interrupted the server is asked to let go (CLIENT UNBLOCK), and for at most 2 s its
 * word is waited for, which may be the item: then the call succeeds. Where it cannot be asked the connection is dropped,
 * and an item that was on its way is lost: see docs/redis.md. Redis.execute_command().
 */
EDDY_API EDDY_ASYNC int eddy_redis_command(eddy_redis *redis, redisReply **reply, const char *format, ...);

/** As eddy_redis_command(), with its arguments in a list. Suspends. */
EDDY_API EDDY_ASYNC int eddy_redis_vcommand(eddy_redis *redis, redisReply **reply, const char *format,
                                            va_list arguments);

/**
 * As eddy_redis_command(), with counted arguments.
 *
 * @param argc     how many there are, the command's name among them
 * @param argv     the arguments
 * @param argvlen  their sizes in bytes; NULL: each ends with NUL
 *
 * Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_redis_command_argv(eddy_redis *redis, redisReply **reply, int argc,
                                                const char **argv, const size_t *argvlen);

/**
 * Commands that are sent together and answered in order: nothing of other coroutines comes between them, so
 * that MULTI ... EXEC is safe. The caller's memory, usually on the stack; fields are private.
 */
typedef struct eddy_redis_pipeline {
        eddy_redis *redis;
        struct eddy_redis_request *first, *last; /* whose replies have not been asked for */
        struct eddy_redis_request *unsent;       /* the first that was not handed over */
        int failure;                             /* of adding one, or of sending one behind others */
        void *reserved[2];
} eddy_redis_pipeline;

/** Prepare a pipeline; end it with eddy_redis_pipeline_finish(). Does not suspend. Redis.pipeline(). */
EDDY_API void eddy_redis_pipeline_init(eddy_redis_pipeline *pipeline, eddy_redis *redis);

/**
 * Add a command, which is sent when the next reply is asked for.
 *
 * @param format  as for eddy_redis_command()
 * @return 0
 * @retval EDDY_ENOTSUP  a blocking command, or one that eddy_redis_command() refuses
 * @retval -EINVAL       the format is wrong
 * @retval -ENOMEM       no memory
 *
 * May go unchecked: after a failure eddy_redis_get_reply() says so, and sends none of those that were not sent.
 * Does not suspend. redisAppendCommand().
 */
EDDY_API int eddy_redis_append(eddy_redis_pipeline *pipeline, const char *format, ...);

/** As eddy_redis_append(), with counted arguments as for eddy_redis_command_argv(). */
EDDY_API int eddy_redis_append_argv(eddy_redis_pipeline *pipeline, int argc, const char **argv,
                                    const size_t *argvlen);

/**
 * Send what was added, and wait for the next reply.
 *
 * @param reply  as for eddy_redis_command()
 * @return 0, or of this command what eddy_redis_command() would say
 * @retval EDDY_ENOMORE                  every reply has been taken
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; no reply was taken, and the next call waits for the
 *                                       same one
 *
 * Where what was added cannot be sent, because of -ENOTCONN, EDDY_EBUSY or -ENOMEM, it stays, and the next call tries again; but
 * where there was no memory for what comes behind others, that is not sent any more: it may be half of a transaction.
 * Suspends. redisGetReply().
 */
EDDY_API EDDY_ASYNC int eddy_redis_get_reply(eddy_redis_pipeline *pipeline, redisReply **reply);

/** End a pipeline; replies that nobody took are dropped, and commands that were not sent are not sent. */
EDDY_API void eddy_redis_pipeline_finish(eddy_redis_pipeline *pipeline);

/** A connection that listens to channels; it is made anew, and listens again, when it is lost. */
typedef struct eddy_redis_pubsub eddy_redis_pubsub;

/** Connect for subscriptions, as eddy_redis_connect() does for commands. Give it back with
 * eddy_redis_pubsub_destroy(). Suspends. Redis.pubsub(). */
EDDY_API EDDY_ASYNC int eddy_redis_pubsub_connect(eddy_redis_pubsub **pubsub,
                                                  const eddy_redis_options *options);

/** Close it and give it back, as eddy_redis_destroy(). NULL is allowed. */
EDDY_API void eddy_redis_pubsub_destroy(eddy_redis_pubsub *pubsub);

/**
 * Listen to a channel, or (psubscribe) to all whose names match a pattern such as "news.*".
 *
 * @return 0: the server has confirmed it, and no message from now on is missed
 * @retval EDDY_EREDIS     the server refused
 * @retval EDDY_EBUSY      another coroutine is subscribing to the same
 * @retval EDDY_EFINISHED  another one unsubscribed from it meanwhile
 * @retval EDDY_ESHUTDOWN  the connection was destroyed
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; nothing was subscribed to
 * @retval EDDY_ENOTASK, EDDY_EWRONGLOOP, -ENOMEM
 *
 * Suspends; without a connection until there is one. PubSub.subscribe(), PubSub.psubscribe().
 */
EDDY_API EDDY_ASYNC int eddy_redis_subscribe(eddy_redis_pubsub *pubsub, const char *channel);
EDDY_API EDDY_ASYNC int eddy_redis_psubscribe(eddy_redis_pubsub *pubsub, const char *pattern);

/** Listen no more; messages that have come already stay. True where it was subscribed to. Does not suspend. */
EDDY_API bool eddy_redis_unsubscribe(eddy_redis_pubsub *pubsub, const char *channel);
EDDY_API bool eddy_redis_punsubscribe(eddy_redis_pubsub *pubsub, const char *pattern);

/** What was published. Valid until the next call of eddy_redis_next_message() or the destruction. */
typedef struct eddy_redis_message {
        const char *channel;
        const char *pattern; /**< that matched; NULL: the channel itself is subscribed to */
        const char *data;    /**< NUL behind it */
        size_t size;         /**< bytes of data */
} eddy_redis_message;

/**
 * Wait for the next message of any channel.
 *
 * @param message  receives it
 * @return 0
 * @retval -ECONNRESET     once after each loss of the connection, in its place among the messages: what was
 *                         published since was missed, until the subscriptions are renewed. Call again
 * @retval EDDY_EBUSY      another coroutine waits for messages
 * @retval EDDY_ESHUTDOWN  it was destroyed
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted; no message is lost
 * @retval EDDY_ENOTASK, EDDY_EWRONGLOOP, -ENOMEM
 *
 * Suspends while there is none. Messages are read ahead up to a bound, then the server has to hold them.
 * PubSub.get_message().
 */
EDDY_API EDDY_ASYNC int eddy_redis_next_message(eddy_redis_pubsub *pubsub, eddy_redis_message *message);

EDDY_END_DECLS

#endif
