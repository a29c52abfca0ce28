/* How a connection comes to be: in the coroutine that asks for it; later, when it was lost, in a task of its own, which ends
 * when the server has greeted. Nobody has a stack for a connection that is there. */
#include "redis/options.h"

#include "base/sys.h"
#include <stdio.h>

/** Connect to the address in use: 0 or the error. Its time is the caller's scope. */
static int create_transport(struct connection *c)
{
        const eddy_redis_options *options = &c->options;
        const eddy_connect_options how = {.tls = options->tls, .tls_name = options->tls_name};

        if (options->path)
                return eddy_create_unix_connection(NULL, &connection_protocol, c, options->path, &how);
        return eddy_create_connection(NULL, &connection_protocol, c, c->address, options->port, &how);
}

static const char *why_none(int error)
{
        if (error == EDDY_TIMEOUT)
                return "no connection in time";
        return error == -EINVAL ? eddy_explain(error) : NULL;
}

/** Connect to the address in use, and wait until the server takes commands: 0 or the error. */
static int connect_and_greet(struct connection *c)
{
        eddy_future *greeted = c->greeted = eddy_future_create(NULL);
        intptr_t is_ready = false;
        int rc;

        c->error = 0;
        rc = greeted ? create_transport(c) : -ENOMEM;
        if (rc == 0)
                rc = eddy_await(greeted, NULL);
        if (eddy_done(greeted))
                eddy_future_result(greeted, &is_ready);
        eddy_unref(greeted);
        if (is_ready == true) /* whatever may have happened to it, or to us, since */
                return 0;
        c->greeted = NULL;
        if (c->error == 0)
                connection_set_failure(c, rc, why_none(rc));
        connection_discard(c);
        return c->error;
}

/** Likewise with one address after the other. One that does not answer leaves the others their part of the time; a server that has
 * refused is the one that was meant. */
static int try_all(struct connection *c, const struct addrinfo *found, eddy_time deadline)
{
        int to_come = 0, rc = eddy_interrupted();

        for (const struct addrinfo *one = found; one; one = one->ai_next)
                to_come++;
        for (const struct addrinfo *one = found; one && !eddy_interrupted(); one = one->ai_next) {
                eddy_duration left = deadline == EDDY_FOREVER ? EDDY_FOREVER : deadline - eddy_now();

                if (sys_getnameinfo(one->ai_addr, one->ai_addrlen, c->address, NULL, NI_NUMERICHOST) != 0)
                        return -ENOMEM;
                EDDY_TIMEOUT_SCOPE(left == EDDY_FOREVER ? left : left / to_come)
                        rc = connect_and_greet(c);
                if (rc == 0 || rc == EDDY_EREDIS)
                        return rc;
                to_come--;
        }
        return rc;
}

static int look_up_and_try(struct connection *c, eddy_time deadline)
{
        static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
        struct addrinfo *found;
        int rc = eddy_getaddrinfo(c->options.host, NULL, &hints, &found);

        if (rc < 0)
                return rc;
        rc = try_all(c, found, deadline);
        eddy_freeaddrinfo(found);
        return rc;
}

/** Connect: 0, or the error, which c->error and c->why tell. */
static int attempt(struct connection *c)
{
        eddy_duration limit = c->options.connect_timeout;
        eddy_time deadline = eddy_time_add(eddy_now(), limit);
        int rc;

        c->error = 0;
        c->address[0] = '\0';
        EDDY_TIMEOUT_SCOPE(limit)
                rc = c->options.path ? connect_and_greet(c) : look_up_and_try(c, deadline);
        if (rc == 0 || c->error < 0)
                return rc;
        connection_set_failure(c, rc, why_none(rc));
        if (rc == EDDY_ERESOLVE)
                snprintf(c->why, sizeof c->why, "%s", eddy_error_detail());
        return rc;
}

/* Anew. */

/** Half of it by chance, so that clients that lost a server together do not come back together. The clock's nanoseconds differ
 * enough between them. */
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

static void on_vain(void *arg)
{
        connection_retry(arg);
}

static intptr_t attempt_again(void *arg)
{
        struct connection *c = *(struct connection **)arg;
        int rc = attempt(c);

        eddy_unref(c->task);
        c->task = NULL;
        if (rc < 0 && !c->is_closing) /* to be told by the loop, outside any task */
                eddy_call_later(c->loop, &c->timer, 0, on_vain, c);
        connection_let_go(c);
        return 0;
}

static void begin_attempt(void *arg)
{
        struct connection *c = arg;

        /* With its stack, so that it runs for sure; and not asking the loop's factory, so that it runs later. */
        c->task = eddy_task_create(
            &(eddy_task_options){.name = "redis_connect", .loop = c->loop, .args = &c, .args_size = sizeof c},
            attempt_again, NULL);
        if (c->task) {
                c->holders++;
                return;
        }
        connection_set_failure(c, -ENOMEM, NULL);
        connection_retry(c);
}

void connection_retry(struct connection *c)
{
        eddy_duration pause = c->is_renewing ? 0 : next_pause(c);
        bool is_told = c->options.on_loss && !c->is_renewing;

        c->failures += !c->is_renewing;
        c->is_renewing = false;
        eddy_call_later(c->loop, &c->timer, pause, begin_attempt, c);
        if (is_told)
                c->options.on_loss(c->error, c->why, pause, c->options.arg);
}

/* For the first time. */

int connection_begin(struct connection *c, const struct connection_impl *impl,
                     const eddy_redis_options *options)
{
        int rc = redis_options_copy(&c->options, options);

        c->loop = eddy_running_loop();
        c->impl = impl;
        c->holders = 1;
        if (rc < 0)
                return rc;
        rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;
        if (rc == 0)
                rc = attempt(c);
        return rc < 0 && rc == c->error ? eddy_fail(rc, "%s", c->why) : rc;
}

void connection_let_go(struct connection *c)
{
        if (--c->holders > 0)
                return;
        redis_options_free(&c->options);
        c->impl->unheld(c);
}
