#include "redis/connection.h"

#include "base/list.h"
#include "base/memory.h"
#include "base/sys.h"
#include "base/sys_pipe.h"
#include <eddy/resolve.h>
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

enum { DEFAULT_PORT = 6379, KEEP_ALIVE_PROBES = 3, MAX_KEEPIDLE = 32767, NANOSECONDS_A_SECOND = 1000000000 };

static void attempt(void *arg);
static void try_next(void *arg);

static void set_failure(struct connection *c, int error, const char *why)
{
        const eddy_redis_options *options = &c->options;

        c->error = error;
        if (options->path)
                snprintf(c->why, sizeof c->why, "%s: %s", options->path, why);
        else
                snprintf(c->why, sizeof c->why, "%s:%u: %s", options->host, options->port, why);
}

/* Half of it by chance, so that clients that lost a server together do not come back together. The clock's
 * nanoseconds differ enough between them. */
static eddy_duration next_pause(const struct connection *c)
{
        eddy_duration pause = c->options.backoff;
        uint64_t chance = (uint64_t)eddy_now() * 0x9e3779b97f4a7c15u >> 32;

        for (unsigned i = 0; i < c->failures && pause < c->options.max_backoff; i++)
                pause = eddy_time_add(pause, pause);
        if (pause > c->options.max_backoff)
                pause = c->options.max_backoff;
        return pause / 2 + (eddy_duration)((double)chance / 0x1p33 * (double)pause);
}

static void end_opening(struct connection *c, int result)
{
        eddy_future_set_result(c->opening, result);
        c->opening = NULL;
}

static void forget_addresses(struct connection *c)
{
        if (c->addresses)
                eddy_freeaddrinfo(c->addresses);
        c->addresses = c->next = NULL;
}

/* There is no context any more. */
static void rest(struct connection *c)
{
        bool was_ready = c->is_ready;
        eddy_duration pause = 0;

        c->is_ready = false;
        c->id = 0;
        eddy_timer_cancel(&c->timer);
        if (c->is_closing)
                return;
        /* A server that has refused is the one that was meant. */
        if (c->next && c->error != EDDY_EREDIS) {
                eddy_call_later(c->loop, &c->timer, 0, try_next, c);
                return;
        }
        forget_addresses(c);
        if (c->opening) {
                end_opening(c, c->error);
                return;
        }
        if (!c->is_renewing)
                pause = next_pause(c);
        c->failures += !c->is_renewing;
        eddy_call_later(c->loop, &c->timer, pause, attempt, c);
        if (was_ready)
                c->impl->lost(c);
        if (c->options.on_loss && !c->is_renewing)
                c->options.on_loss(c->error, c->why, pause, c->options.arg);
        c->is_renewing = false;
}

/* What hiredis says of an error, in eddy's terms. Where its system call failed, errno is its only word. */
static int error_of(const redisAsyncContext *hiredis, int system_error)
{
        switch (hiredis->c.err) {
        case REDIS_ERR_IO:
                return system_error > 0 ? -system_error : -ECONNRESET;
        case REDIS_ERR_EOF:
                return -ECONNRESET;
        case REDIS_ERR_PROTOCOL:
                return EDDY_EPROTOCOL;
        case REDIS_ERR_OOM:
                return -ENOMEM;
        default: /* it met the server with an error in place of a reply, such as too many clients */
                return EDDY_EREDIS;
        }
}

static void on_gone(struct adapter *adapter)
{
        struct connection *c = container_of(adapter, struct connection, adapter);
        const redisAsyncContext *hiredis = adapter->hiredis;

        if (adapter->failure < 0)
                set_failure(c, adapter->failure, eddy_strerror(adapter->failure));
        else if (c->error == 0)
                set_failure(c, error_of(hiredis, 0), hiredis->c.errstr);
        rest(c);
}

static void on_greeting_answered(redisAsyncContext *hiredis, void *answer, void *arg)
{
        const redisReply *reply = answer;
        struct connection *c = hiredis->data;

        (void)arg;
        if (reply && c->error == 0 && reply->type == REDIS_REPLY_ERROR)
                connection_drop(c, EDDY_EREDIS, reply->str);
}

/* The last answer. Who may not ask for this one, or is served by something older than Redis 5, does without. */
static void on_id_answered(redisAsyncContext *hiredis, void *answer, void *arg)
{
        const redisReply *reply = answer;
        struct connection *c = hiredis->data;

        (void)arg;
        if (!reply || c->error < 0) /* it is lost already */
                return;
        c->id = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
        eddy_timer_cancel(&c->timer);
        forget_addresses(c);
        c->is_ready = true;
        c->failures = 0;
        if (c->opening)
                end_opening(c, 0);
        c->impl->ready(c);
}

/* PING asks whether the server takes commands from us: it might still be loading, or want a password. */
static void greet(struct connection *c)
{
        const eddy_redis_options *options = &c->options;
        redisAsyncContext *hiredis = c->adapter.hiredis;

        if (options->password && options->user)
                redisAsyncCommand(hiredis, on_greeting_answered, NULL, "AUTH %s %s", options->user,
                                  options->password);
        else if (options->password)
                redisAsyncCommand(hiredis, on_greeting_answered, NULL, "AUTH %s", options->password);
        if (options->database)
                redisAsyncCommand(hiredis, on_greeting_answered, NULL, "SELECT %d", options->database);
        redisAsyncCommand(hiredis, on_greeting_answered, NULL, "PING");
        redisAsyncCommand(hiredis, on_id_answered, NULL, "CLIENT ID");
}

static void on_connected(const redisAsyncContext *hiredis, int status)
{
        int system_error = errno;
        struct connection *c = hiredis->data;

        if (status == REDIS_OK)
                greet(c);
        else if (c->error == 0)
                set_failure(c, error_of(hiredis, system_error), hiredis->c.errstr);
}

static void on_late(void *arg)
{
        connection_drop(arg, EDDY_TIMEOUT, "no connection in time");
}

static int set_option(int fd, int level, int name, int value)
{
        return sys_setsockopt(fd, level, name, &value, sizeof value);
}

/* Without it a peer that is gone without a word is never noticed by who only listens, and by who has sent something only
 * after a quarter of an hour. A socket that refuses goes without. */
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

/* 0 where the context is attached to the loop. */
static int begin(struct connection *c)
{
        const eddy_redis_options *options = &c->options;
        redisAsyncContext *hiredis;
        int system_error;

        errno = 0;
        hiredis =
            options->path ? redisAsyncConnectUnix(options->path) : redisAsyncConnect(c->address, options->port);
        system_error = errno;
        if (!hiredis) {
                set_failure(c, -ENOMEM, eddy_strerror(-ENOMEM));
                return -ENOMEM;
        }
        if (hiredis->c.err) {
                set_failure(c, error_of(hiredis, system_error), hiredis->c.errstr);
                redisAsyncFree(hiredis);
                return c->error;
        }
        sys_set_cloexec(hiredis->c.fd);
        if (!options->path)
                keep_alive(c, hiredis->c.fd);
        hiredis->data = c;
        adapter_attach(&c->adapter, c->loop, hiredis, on_gone);
        redisAsyncSetConnectCallback(hiredis, on_connected);
        return 0;
}

/* One that does not answer leaves the others their part of the time. */
static void limit_address(struct connection *c, eddy_duration left)
{
        int to_come = 1;

        for (const struct addrinfo *one = c->next; one; one = one->ai_next)
                to_come++;
        eddy_call_later(c->loop, &c->timer, left == EDDY_FOREVER ? left : left / to_come, on_late, c);
}

/* Connect to the next address that lets itself be tried. */
static void try_next(void *arg)
{
        struct connection *c = arg;

        while (c->next) {
                const struct addrinfo *one = c->next;
                eddy_duration left = c->deadline == EDDY_FOREVER ? EDDY_FOREVER : c->deadline - eddy_now();

                c->next = one->ai_next;
                c->error = 0;
                if (sys_getnameinfo(one->ai_addr, one->ai_addrlen, c->address, NULL, NI_NUMERICHOST) != 0)
                        set_failure(c, -ENOMEM, eddy_strerror(-ENOMEM));
                else if (begin(c) == 0) {
                        limit_address(c, left);
                        return;
                }
        }
        rest(c);
}

/* hiredis would look the name up itself, hold up the loop meanwhile, and know one address only. */
static intptr_t resolve_and_begin(void *arg)
{
        static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
        struct connection *c = *(struct connection **)arg;
        struct addrinfo *found;
        int rc = eddy_interrupted();

        if (rc == 0)
                rc = eddy_getaddrinfo(c->options.host, NULL, &hints, &found);
        /* Whoever cancelled this has given the attempt up, and perhaps the connection. */
        if (eddy_interrupted()) {
                if (rc == 0)
                        eddy_freeaddrinfo(found);
                return 0;
        }
        eddy_unref(c->resolving);
        c->resolving = NULL;
        if (rc == 0) {
                c->addresses = c->next = found;
                try_next(c);
                return 0;
        }
        set_failure(c, rc, eddy_strerror(rc));
        if (rc == EDDY_ERESOLVE)
                snprintf(c->why, sizeof c->why, "%s", eddy_error_detail());
        rest(c);
        return 0;
}

static void stop_resolving(struct connection *c)
{
        if (!c->resolving)
                return;
        eddy_cancel(c->resolving);
        eddy_unref(c->resolving);
        c->resolving = NULL;
}

static void attempt(void *arg)
{
        struct connection *c = arg;
        eddy_duration limit = c->options.connect_timeout;

        c->error = 0;
        c->address[0] = '\0';
        c->deadline = eddy_time_add(eddy_now(), limit);
        eddy_call_later(c->loop, &c->timer, limit, on_late, c);
        if (c->options.path) {
                if (begin(c) < 0)
                        rest(c);
                return;
        }
        /* With its stack, so that it runs for sure; and not asking the loop's factory, so that it runs later. */
        c->resolving = eddy_task_create(
            &(eddy_task_options){
                .name = "resolve_and_begin", .loop = c->loop, .args = &c, .args_size = sizeof c},
            resolve_and_begin, NULL);
        if (!c->resolving) {
                set_failure(c, -ENOMEM, eddy_strerror(-ENOMEM));
                rest(c);
        }
}

static int copy_text(const char **text)
{
        if (!*text)
                return 0;
        *text = memory_strdup(*text);
        return *text ? 0 : -ENOMEM;
}

static int copy_options(eddy_redis_options *copy, const eddy_redis_options *options)
{
        const char **texts[] = {&copy->host, &copy->path, &copy->user, &copy->password};
        int rc = 0;

        if (options)
                *copy = *options;
        if (!copy->host)
                copy->host = "127.0.0.1";
        if (copy->port == 0)
                copy->port = DEFAULT_PORT;
        if (copy->connect_timeout <= 0)
                copy->connect_timeout = eddy_seconds(5);
        if (copy->keep_alive <= 0)
                copy->keep_alive = eddy_seconds(15);
        if (copy->backoff <= 0)
                copy->backoff = eddy_ms(100);
        if (copy->max_backoff <= 0)
                copy->max_backoff = eddy_seconds(10);
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                if (rc == 0)
                        rc = copy_text(texts[i]);
                if (rc < 0)
                        *texts[i] = NULL;
        }
        return rc;
}

static void free_options(const eddy_redis_options *options)
{
        memory_free((char *)options->host);
        memory_free((char *)options->path);
        memory_free((char *)options->user);
        memory_free((char *)options->password);
}

int connection_open(struct connection *c, const struct connection_impl *impl, const eddy_redis_options *options)
{
        eddy_future *opening;
        intptr_t result = 0;
        int rc = copy_options(&c->options, options);

        c->loop = eddy_running_loop();
        c->impl = impl;
        if (rc < 0)
                return rc;
        if (!eddy_current_task())
                return EDDY_ENOTASK;
        rc = eddy_interrupted();
        if (rc < 0)
                return rc;
        opening = c->opening = eddy_future_create(c->loop);
        if (!opening)
                return -ENOMEM;
        attempt(c);
        rc = eddy_join(opening, &result);
        c->opening = NULL;
        if (rc < 0)
                return rc;
        return result < 0 ? eddy_fail((int)result, "%s", c->why) : 0;
}

void connection_close(struct connection *c)
{
        c->is_closing = true;
        stop_resolving(c);
        if (c->adapter.hiredis)
                redisAsyncFree(c->adapter.hiredis);
        eddy_timer_cancel(&c->timer);
        forget_addresses(c);
        free_options(&c->options);
}

void connection_drop(struct connection *c, int error, const char *why)
{
        set_failure(c, error, why);
        if (c->adapter.hiredis) {
                redisAsyncFree(c->adapter.hiredis);
                return;
        }
        stop_resolving(c);
        rest(c);
}

void connection_renew(struct connection *c)
{
        c->is_renewing = true;
        connection_drop(c, -ECONNRESET, "closed by the client");
}
