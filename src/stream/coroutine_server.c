/* Servers of streams: a coroutine for every connection. */
#include "stream/server.h"

#include "base/error.h"
#include "base/sys.h"
#include "stream/stream.h"
#include <eddy/tls.h>
#include <eddy/unix.h>

/** One connection, from its acceptance to the end of its task, on whose stack it lies. */
struct connection {
        eddy_link link; /* in server->connections */
        eddy_server *server;
        eddy_stream *stream;
        eddy_task *task; /* holds a reference */
        struct waiter waiter;
};

static struct connection *connection_of(eddy_link *link)
{
        return container_of(link, struct connection, link);
}

/** The task of a connection has ended. Its stack goes when this returns. */
static void connection_done(struct waiter *waiter, eddy_future *task)
{
        struct connection *connection = container_of(waiter, struct connection, waiter);
        eddy_server *server = connection->server;
        int failure = future_failure(task);

        task->was_looked_at = true;
        if (server->plan.options.tls && (failure == EDDY_EINCOMPLETE || failure == EDDY_ETLS))
                failure = -ECONNRESET; /* the peer cut it off, or broke it: what it could do without TLS */
        if (failure && failure != EDDY_CANCELLED && failure != EDDY_TIMEOUT && failure != -ETIMEDOUT &&
            failure != -ECONNRESET && failure != -ECONNABORTED && failure != -EPIPE)
                eddy_loop_call_exception_handler(server->loop,
                                                 &(eddy_exception){
                                                     .message = "a connection's handler failed",
                                                     .error = failure,
                                                     .detail = task->detail ? task->detail->text : "",
                                                 });
        eddy_stream_destroy(connection->stream);
        eddy_unref(task);
        server_remove(server, &connection->link);
}

static intptr_t serve_connection(void *arg)
{
        const struct connection *connection = arg;
        eddy_tls *tls = connection->server->plan.options.tls;
        int rc = tls ? eddy_stream_start_tls(connection->stream, tls, NULL) : 0;

        if (rc < 0) /* whoever came is a stranger as yet, and its failures are its own */
                return 0;
        return connection->server->plan.handler(connection->stream, connection->server->plan.arg);
}

/** Give a connection its stream and its task: 0, or -ENOMEM, and then it is closed. */
static int start_connection(eddy_server *server, int fd, int family)
{
        eddy_stream *stream = stream_create(server->loop, fd, family, server->plan.options.limit);
        struct connection new = {.server = server, .stream = stream, .waiter.wake = connection_done};
        eddy_task_options options = {
            .name = "connection",
            .loop = server->loop,
            .stack_size = server->plan.options.stack_size,
            .args = &new,
            .args_size = sizeof new,
        };
        struct connection *connection;
        eddy_task *task;

        if (!stream) {
                sys_close(fd);
                return -ENOMEM;
        }
        stream->flow.resource.what = NULL; /* the server itself gives it back */
        task = eddy_task_create(&options, serve_connection, NULL);
        if (!task) {
                stream->flow.is_orphan = true;
                eddy_stream_abort(stream);
                return -ENOMEM;
        }
        connection = task_args(task);
        connection->task = task;
        list_append(&task->waiters, &connection->waiter.link);
        server_add(server, &connection->link);
        return 0;
}

static void close_connection(eddy_link *link)
{
        eddy_cancel(connection_of(link)->task);
}

static void abort_connection(eddy_link *link)
{
        eddy_stream_abort(connection_of(link)->stream);
        eddy_cancel(connection_of(link)->task);
}

/** Its task is gone. That may have stood in a call on the stream, whose operation only the stream's own closing undoes. */
static void forget_connection(eddy_link *link)
{
        struct connection *connection = connection_of(link);

        list_remove(&connection->waiter.link);
        if (connection->stream->flow.is_closed)
                eddy_stream_destroy(connection->stream);
        else
                connection->stream->flow.is_orphan = true;
        eddy_unref(connection->task);
}

static const struct server_impl coroutines = {
    .start = start_connection,
    .close = close_connection,
    .abort = abort_connection,
    .forget = forget_connection,
};

static struct server_plan plan_for(eddy_connection_handler handler, void *arg,
                                   const eddy_server_options *options)
{
        struct server_plan plan = {.impl = &coroutines, .handler = handler, .arg = arg};

        if (options)
                plan.options = *options;
        return plan;
}

int eddy_start_server(eddy_server **server, eddy_connection_handler handler, void *arg, const char *host,
                      uint16_t port, const eddy_server_options *options)
{
        const struct server_plan plan = plan_for(handler, arg, options);

        return server_start(server, &plan, host, port);
}

int eddy_start_unix_server(eddy_server **server, eddy_connection_handler handler, void *arg, const char *path,
                           const eddy_server_options *options)
{
        const struct server_plan plan = plan_for(handler, arg, options);

        return server_start_unix(server, &plan, path);
}
