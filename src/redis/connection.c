#include "redis/connection.h"

#include "base/sys.h"
#include <eddy/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

__attribute__((constructor)) static void register_errors(void)
{
        static const eddy_error_name names[] = {{EDDY_EREDIS, "EDDY_EREDIS", "the Redis server refused"}};
        static eddy_error_block block = {.names = names, .count = sizeof names / sizeof names[0]};

        eddy_register_errors(&block);
}

enum { KEEP_ALIVE_PROBES = 3, MAX_KEEPIDLE = 32767, NANOSECONDS_A_SECOND = 1000000000 };

/** What to say of an error that came without a word. Of TLS a number says too little. */
static const char *meaning(int error)
{
        return error == EDDY_ETLS || error == EDDY_ECERTIFICATE ? eddy_explain(error) : eddy_strerror(error);
}

void connection_set_failure(struct connection *c, int error, const char *why)
{
        const eddy_redis_options *options = &c->options;

        c->error = error;
        why = why ? why : meaning(error);
        if (options->path)
                snprintf(c->why, sizeof c->why, "%s: %s", options->path, why);
        else
                snprintf(c->why, sizeof c->why, "%s:%u: %s", options->host, options->port, why);
}

/* Its end. */

static void forget_transport(struct connection *c)
{
        c->transport = NULL;
        redisReaderFree(c->reader);
        c->reader = NULL;
}

/** Have a transport call nobody any more. */
static eddy_transport *take_transport(struct connection *c)
{
        static const eddy_protocol silent;
        eddy_transport *transport = c->transport;

        eddy_transport_set_protocol(transport, &silent, NULL);
        forget_transport(c);
        return transport;
}

void connection_discard(struct connection *c)
{
        if (c->transport)
                eddy_transport_abort(take_transport(c));
}

static void tell_attempt(struct connection *c, bool is_ready)
{
        eddy_future_set_result(c->greeted, is_ready);
        c->greeted = NULL;
}

/** There is no transport any more. */
static void lose(struct connection *c)
{
        if (c->greeted) {
                tell_attempt(c, false);
        } else if (c->is_ready) {
                c->is_ready = false;
                c->id = 0;
                c->impl->lost(c);
                connection_retry(c);
        }
}

void connection_drop(struct connection *c, int error, const char *why)
{
        connection_set_failure(c, error, why);
        connection_discard(c);
        lose(c);
}

void connection_refuse(struct connection *c, redisReply *reply)
{
        if (reply->type == REDIS_REPLY_ERROR)
                connection_drop(c, EDDY_EREDIS, reply->str);
        else
                connection_drop(c, EDDY_EPROTOCOL, "a reply came that answers nothing");
        freeReplyObject(reply);
}

void connection_renew(struct connection *c)
{
        c->is_renewing = true;
        connection_drop(c, -ECONNRESET, "closed by the client");
}

void connection_close(struct connection *c)
{
        c->is_closing = true;
        c->is_ready = false;
        eddy_timer_cancel(&c->timer);
        if (c->task)
                eddy_cancel(c->task);
        if (c->transport)
                eddy_transport_close(take_transport(c));
}

/* What leaves. */

int connection_send(struct connection *c, const char *text, size_t size)
{
        return eddy_transport_write(c->transport, text, size) == -ENOMEM ? -ENOMEM : 0;
}

int connection_command(struct connection *c, const char *format, ...)
{
        va_list arguments;
        char *text;
        int rc;

        va_start(arguments, format);
        rc = redisvFormatCommand(&text, format, arguments);
        va_end(arguments);
        if (rc < 0)
                return -ENOMEM;
        rc = connection_send(c, text, (size_t)rc);
        redisFreeCommand(text);
        return rc;
}

/* What comes. */

/** The last answer. Who may not ask for this one, or is served by something older than Redis 5, does without. */
static void become_ready(struct connection *c, const redisReply *id)
{
        c->id = id->type == REDIS_REPLY_INTEGER ? id->integer : 0;
        c->is_ready = true;
        c->failures = 0;
        tell_attempt(c, true);
        c->impl->ready(c);
}

static void on_greeting_answered(struct connection *c, redisReply *reply)
{
        if (--c->unanswered == 0) {
                become_ready(c, reply);
        } else if (reply->type == REDIS_REPLY_ERROR) {
                connection_refuse(c, reply);
                return;
        }
        freeReplyObject(reply);
}

static void on_unreadable(struct connection *c)
{
        int error = c->reader->err == REDIS_ERR_OOM ? -ENOMEM : EDDY_EPROTOCOL;
        char why[sizeof c->reader->errstr];

        memcpy(why, c->reader->errstr, sizeof why);
        connection_drop(c, error, why);
}

static void data_received(eddy_transport *transport, void *self, const void *data, size_t n)
{
        struct connection *c = self;
        void *reply = NULL;
        int status = redisReaderFeed(c->reader, data, n);

        /* Whoever is given a reply may drop the connection. */
        while (status == REDIS_OK && c->transport == transport) {
                status = redisReaderGetReply(c->reader, &reply);
                if (status == REDIS_OK && !reply)
                        return;
                if (status == REDIS_OK && c->unanswered > 0)
                        on_greeting_answered(c, reply);
                else if (status == REDIS_OK)
                        c->impl->answered(c, reply);
        }
        if (status != REDIS_OK)
                on_unreadable(c);
}

static int set_option(int fd, int level, int name, int value)
{
        return sys_setsockopt(fd, level, name, &value, sizeof value);
}

/** Without it a peer that is gone without a word is never noticed by who only listens, and by who has sent something only after a
 * quarter of an hour. A socket that refuses goes without. */
static void keep_alive(const struct connection *c, int fd)
{
        eddy_duration silence = c->options.keep_alive, longest = eddy_seconds(MAX_KEEPIDLE);
        int idle = (int)((silence < longest ? silence : longest) / NANOSECONDS_A_SECOND), pause;

        if (silence == EDDY_FOREVER)
                return;
        idle = idle > 0 ? idle : 1;
        pause = idle > 3 ? idle / 3 : 1;
        set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle);
        set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, pause);
        set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_ALIVE_PROBES);
        set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 1000 * (idle + KEEP_ALIVE_PROBES * pause));
}

static int send_password(struct connection *c)
{
        const eddy_redis_options *options = &c->options;

        if (!options->password)
                return 0;
        c->unanswered++;
        if (options->user)
                return connection_command(c, "AUTH %s %s", options->user, options->password);
        return connection_command(c, "AUTH %s", options->password);
}

static int send_database(struct connection *c)
{
        if (!c->options.database)
                return 0;
        c->unanswered++;
        return connection_command(c, "SELECT %d", c->options.database);
}

/** PING asks whether the server takes commands from us: it might still be loading, or want a password. */
static int greet(struct connection *c)
{
        int rc = send_password(c);

        if (rc == 0)
                rc = send_database(c);
        if (rc == 0)
                rc = connection_command(c, "PING");
        if (rc == 0)
                rc = connection_command(c, "CLIENT ID");
        c->unanswered += 2;
        return rc;
}

static void connection_made(eddy_transport *transport, void *self)
{
        struct connection *c = self;

        c->transport = transport;
        c->reader = redisReaderCreate();
        c->unanswered = 0;
        if (!c->options.path)
                keep_alive(c, eddy_transport_fd(transport));
        if (!c->reader || greet(c) < 0)
                connection_drop(c, -ENOMEM, NULL);
}

/** That the server has left is one thing, whoever notices it. */
static bool is_closed_by_server(int reason)
{
        return reason == 0 || reason == -EPIPE || reason == EDDY_EINCOMPLETE;
}

static void connection_lost(eddy_transport *transport, void *self, int reason)
{
        struct connection *c = self;

        (void)transport;
        if (is_closed_by_server(reason))
                connection_set_failure(c, -ECONNRESET, "the server closed the connection");
        else
                connection_set_failure(c, reason, NULL);
        forget_transport(c);
        if (reason != EDDY_ELOOPCLOSED)
                lose(c);
}

const eddy_protocol connection_protocol = {
    .connection_made = connection_made,
    .data_received = data_received,
    .connection_lost = connection_lost,
};

bool connection_has_input(const struct connection *c)
{
        struct pollfd socket = {.events = POLLIN};

        if (!c->transport)
                return false;
        socket.fd = eddy_transport_fd(c->transport);
        return sys_poll(&socket, 1) > 0;
}

void connection_pause(struct connection *c)
{
        if (c->transport)
                eddy_transport_pause_reading(c->transport);
}

void connection_resume(struct connection *c)
{
        if (c->transport)
                eddy_transport_resume_reading(c->transport);
}
