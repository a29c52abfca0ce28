#include "base/error.h"
#include "base/memory.h"
#include "base/misuse.h"
#include "base/sys.h"
#include "stream/address.h"
#include "stream/stream.h"
#include <eddy/server.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>

enum { DEFAULT_BACKLOG = 1024, MOST_LISTENERS = 8, MOST_TRIES = 16, ACCEPTS_A_TURN = 64 };

/** How long accepting rests where the system has no descriptor or memory left. */
static const eddy_duration rest = 100000000;

/** One address that a server listens on. */
struct listener {
        eddy_server *server;
        int fd;
        int kept; /* a connection that came when another address had filled the server; else -1 */
        eddy_op op;
        eddy_timer rest; /* set while accepting rests */
};

/** One connection, from its acceptance to the end of its task. */
struct connection {
        eddy_link link; /* in server->connections */
        eddy_server *server;
        eddy_stream *stream;
        eddy_task *task; /* holds a reference */
        struct waiter waiter;
};

struct eddy_server {
        struct loop_resource resource;
        eddy_loop *loop;
        eddy_connection_handler handler;
        void *arg;
        eddy_server_options options;
        struct listener listeners[MOST_LISTENERS];
        unsigned listener_count;
        eddy_link connections;
        size_t connection_count;
        eddy_link waiters; /* struct server_wait */
        unsigned uses;     /* calls that are not over with it */
        bool is_closed, is_orphan;
};

/** A task that waits for a server to be closed, or for its last connection to end as well. */
struct server_wait {
        struct wait wait;
        eddy_link link;
        struct task *task;
        bool for_connections;
};

static void accept_more(struct listener *listener);

/** Free a server that nobody owns and that has nothing left to do. */
static void release_if_over(eddy_server *server)
{
        if (!server->is_orphan || !server->is_closed || server->connection_count > 0 || server->uses > 0)
                return;
        if (list_is_linked(&server->resource.link))
                list_remove(&server->resource.link);
        memory_free(server);
}

static void wake_waiters(eddy_server *server)
{
        eddy_link *link = server->waiters.next;

        while (link != &server->waiters) {
                struct server_wait *waiting = container_of(link, struct server_wait, link);

                link = link->next;
                if (!server->is_closed || (waiting->for_connections && server->connection_count > 0))
                        continue;
                list_remove(&waiting->link);
                task_wake(waiting->task);
        }
}

static bool is_full(const eddy_server *server)
{
        return server->options.max_connections && server->connection_count >= server->options.max_connections;
}

static void report(eddy_server *server, const char *message, int error, const char *detail)
{
        eddy_loop_call_exception_handler(
            server->loop, &(eddy_exception){.message = message, .error = error, .detail = detail});
}

/** The task of a connection has ended, or never got a stack to begin on. */
static void connection_done(struct waiter *waiter, eddy_future *task)
{
        struct connection *connection = container_of(waiter, struct connection, waiter);
        eddy_server *server = connection->server;
        bool was_full = is_full(server);
        intptr_t result = task->result;

        task->was_looked_at = true;
        if (eddy_is_error(result) && result != EDDY_CANCELLED && result != EDDY_TIMEOUT &&
            result != -ECONNRESET && result != -EPIPE)
                report(server, "a connection's handler failed", (int)result,
                       task->detail ? task->detail->text : NULL);
        list_remove(&connection->link);
        server->connection_count--;
        server->uses++;
        eddy_stream_destroy(connection->stream);
        memory_free(connection);
        eddy_unref(task);
        if (was_full && !server->is_closed)
                for (unsigned i = 0; i < server->listener_count; i++)
                        accept_more(&server->listeners[i]);
        wake_waiters(server);
        server->uses--;
        release_if_over(server);
}

static intptr_t serve(void *arg)
{
        struct connection *connection = *(struct connection **)arg;

        return connection->server->handler(connection->stream, connection->server->arg);
}

/** Give a connection its stream and its task: 0, or -ENOMEM, and then it is closed. */
static int start_connection(eddy_server *server, int fd)
{
        struct connection *connection = memory_zalloc(sizeof *connection);
        eddy_task_options options = {
            .name = "connection",
            .loop = server->loop,
            .stack_size = server->options.stack_size,
            .args = &connection,
            .args_size = sizeof connection,
        };
        int on = 1;

        if (!connection)
                goto error_connection;
        connection->stream = stream_create(server->loop, fd, server->options.limit);
        if (!connection->stream)
                goto error_stream;
        connection->stream->resource.what = NULL; /* the server itself gives it back */
        connection->task = eddy_task_create(&options, serve, NULL);
        if (!connection->task)
                goto error_task;
        /* Small answers shall not wait for the acknowledgement of earlier ones; that it fails harms nothing. */
        sys_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connection->server = server;
        connection->waiter.wake = connection_done;
        list_append(&connection->task->waiters, &connection->waiter.link);
        list_append(&server->connections, &connection->link);
        server->connection_count++;
        return 0;

error_task:
        connection->stream->is_orphan = true;
        eddy_stream_abort(connection->stream);
        memory_free(connection);
        return -ENOMEM;
error_stream:
        memory_free(connection);
error_connection:
        sys_close(fd);
        return -ENOMEM;
}

static void accept_after_rest(void *listener)
{
        accept_more(listener);
}

static bool is_connection_lost(ssize_t error)
{
        return error == -ECONNABORTED || error == -EPROTO || error == -ENETDOWN || error == -EHOSTUNREACH ||
               error == -ENETUNREACH || error == -ETIMEDOUT;
}

/** Take what accepting brought; false where it has to rest. */
static bool take_accepted(struct listener *listener, ssize_t fd)
{
        eddy_server *server = listener->server;

        if (is_connection_lost(fd))
                return true;
        if (fd >= 0) {
                if (start_connection(server, (int)fd) == 0)
                        return true;
                fd = -ENOMEM;
        }
        eddy_call_later(server->loop, &listener->rest, rest, accept_after_rest, listener);
        /* Last, for whoever is told may destroy the server. */
        report(server, "accepting connections rests for 100 ms", (int)fd, NULL);
        return false;
}

static void accepted(void *arg)
{
        struct listener *listener = arg;

        if (listener->op.result >= 0 && is_full(listener->server))
                listener->kept = (int)listener->op.result;
        else if (listener->op.result != EDDY_CANCELLED && take_accepted(listener, listener->op.result))
                accept_more(listener);
}

static void accept_more(struct listener *listener)
{
        eddy_server *server = listener->server;

        for (int i = 0; i < ACCEPTS_A_TURN; i++) {
                ssize_t fd;

                if (server->is_closed || is_full(server) || list_is_linked(&listener->rest.handle.link))
                        return;
                fd = listener->kept;
                listener->kept = -1;
                if (fd < 0)
                        fd = eddy_op_accept(&listener->op, listener->fd, NULL, NULL);
                if (fd == EDDY_PENDING || fd == EDDY_EBUSY || !take_accepted(listener, fd))
                        return;
        }
        /* Others have their turn before the rest of a crowd. */
        eddy_call_later(server->loop, &listener->rest, 0, accept_after_rest, listener);
}

static int listen_on(const struct addrinfo *address, uint16_t port, const eddy_server_options *options)
{
        int fd = sys_socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, rc;

        if (fd < 0)
                return fd;
        if (address->ai_family == AF_INET6) {
                ((struct sockaddr_in6 *)(void *)address->ai_addr)->sin6_port = htons(port);
                rc = sys_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        } else {
                ((struct sockaddr_in *)(void *)address->ai_addr)->sin_port = htons(port);
                rc = 0;
        }
        if (rc == 0)
                rc = sys_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (rc == 0 && options->reuse_port)
                rc = sys_setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        if (rc == 0)
                rc = sys_bind(fd, address->ai_addr, address->ai_addrlen);
        if (rc == 0)
                rc = sys_listen(fd, options->backlog ? options->backlog : DEFAULT_BACKLOG);
        if (rc == 0)
                return fd;
        sys_close(fd);
        return rc;
}

static uint16_t port_of(int fd)
{
        union {
                struct sockaddr any;
                struct sockaddr_in in;
                struct sockaddr_in6 in6;
        } address = {.in6 = {.sin6_family = AF_UNSPEC}};
        socklen_t size = sizeof address;

        if (sys_getsockname(fd, &address.any, &size) < 0)
                return 0;
        return ntohs(address.any.sa_family == AF_INET6 ? address.in6.sin6_port : address.in.sin_port);
}

/** Listen on every address: 0, or the first failure. */
static int open_listeners(eddy_server *server, const struct addrinfo *found, uint16_t port)
{
        char text[ADDRESS_TEXT_SIZE];

        for (const struct addrinfo *one = found; one && server->listener_count < MOST_LISTENERS;
             one = one->ai_next) {
                struct listener *listener = &server->listeners[server->listener_count];
                int fd = listen_on(one, port, &server->options);

                /* A machine without IPv6 still lists its address. */
                if ((fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL) && (one->ai_next || server->listener_count))
                        continue;
                if (fd < 0) {
                        address_print(one->ai_addr, text);
                        return eddy_fail(fd, "cannot listen on %s: %s", text, eddy_strerror(fd));
                }
                server->listener_count++;
                listener->server = server;
                listener->fd = fd;
                listener->kept = -1;
                eddy_op_init(&listener->op, server->loop, accepted, listener);
                if (port == 0)
                        port = port_of(fd);
        }
        return server->listener_count ? 0 : -EADDRNOTAVAIL;
}

static void close_listeners(eddy_server *server)
{
        for (unsigned i = 0; i < server->listener_count; i++) {
                struct listener *listener = &server->listeners[i];

                eddy_timer_cancel(&listener->rest);
                eddy_op_cancel(&listener->op);
                /* Accepted, and nobody has heard of it. */
                if (eddy_handle_cancel(&listener->op.handle) && listener->op.result >= 0)
                        listener->kept = (int)listener->op.result;
                if (listener->kept >= 0)
                        sys_close(listener->kept);
                loop_close_descriptor(server->loop, listener->fd);
        }
        server->is_closed = true;
}

/** The loop is closed: its tasks are gone, and so are the connections. */
static void close_with_loop(struct loop_resource *resource)
{
        eddy_server *server = container_of(resource, eddy_server, resource);
        eddy_link *link;

        if (!server->is_closed)
                close_listeners(server);
        while ((link = list_pop(&server->connections))) {
                struct connection *connection = container_of(link, struct connection, link);

                list_remove(&connection->waiter.link);
                /* A task may have stood in a call on it, whose operation only the stream's own closing undoes. */
                if (connection->stream->is_closed)
                        eddy_stream_destroy(connection->stream);
                else
                        connection->stream->is_orphan = true;
                eddy_unref(connection->task);
                memory_free(connection);
        }
        server->connection_count = 0;
        server->uses = 0;
        release_if_over(server);
}

int eddy_start_server(eddy_server **created, eddy_connection_handler handler, void *arg, const char *host,
                      uint16_t port, const eddy_server_options *options)
{
        struct task *self = task_current();
        struct addrinfo *found;
        eddy_server *server;
        int rc;

        *created = NULL;
        if (!self)
                return misuse(EDDY_ENOTASK);
        rc = address_resolve(self, host, port, options ? options->family : 0, AI_PASSIVE, &found);
        if (rc < 0)
                return rc;
        rc = -ENOMEM;
        server = memory_zalloc(sizeof *server);
        if (!server)
                goto out;
        server->resource.close = close_with_loop;
        server->resource.what = "server";
        server->loop = self->future.loop;
        server->handler = handler;
        server->arg = arg;
        if (options)
                server->options = *options;
        list_init(&server->connections);
        list_init(&server->waiters);
        rc = open_listeners(server, found, port);
        /* The port that was free for one family need not be for the other. */
        for (int tries = 1; rc == -EADDRINUSE && port == 0 && tries < MOST_TRIES; tries++) {
                close_listeners(server);
                server->listener_count = 0;
                server->is_closed = false;
                rc = open_listeners(server, found, port);
        }
        if (rc < 0) {
                close_listeners(server);
                memory_free(server);
                goto out;
        }
        loop_add_resource(server->loop, &server->resource);
        for (unsigned i = 0; i < server->listener_count; i++)
                accept_more(&server->listeners[i]);
        *created = server;
out:
        freeaddrinfo(found);
        return rc;
}

uint16_t eddy_server_port(const eddy_server *server)
{
        return server->is_closed ? 0 : port_of(server->listeners[0].fd);
}

bool eddy_server_is_serving(const eddy_server *server)
{
        return !server->is_closed;
}

size_t eddy_server_connections(const eddy_server *server)
{
        return server->connection_count;
}

static int wait_for_end(struct task *self, eddy_server *server, bool for_connections)
{
        struct server_wait waiting = {
            .wait.interrupt = task_end_wait,
            .task = self,
            .for_connections = for_connections,
        };
        int rc;

        if (server->is_closed && (!for_connections || server->connection_count == 0))
                return 0;
        list_append(&server->waiters, &waiting.link);
        rc = task_wait(self, &waiting.wait);
        if (list_is_linked(&waiting.link))
                list_remove(&waiting.link);
        return rc;
}

int eddy_server_serve_forever(eddy_server *server)
{
        struct task *self = task_current();
        int rc;

        if (!self)
                return misuse(EDDY_ENOTASK);
        server->uses++;
        rc = wait_for_end(self, server, false);
        if (rc < 0) {
                eddy_server_close(server);
                eddy_server_close_clients(server);
                EDDY_SHIELD_SCOPE
                        wait_for_end(self, server, true);
        }
        server->uses--;
        release_if_over(server);
        return rc;
}

void eddy_server_close(eddy_server *server)
{
        if (server->is_closed)
                return;
        close_listeners(server);
        wake_waiters(server);
}

void eddy_server_close_clients(eddy_server *server)
{
        for (eddy_link *link = server->connections.next; link != &server->connections; link = link->next)
                eddy_cancel(container_of(link, struct connection, link)->task);
}

void eddy_server_abort_clients(eddy_server *server)
{
        for (eddy_link *link = server->connections.next; link != &server->connections; link = link->next) {
                struct connection *connection = container_of(link, struct connection, link);

                eddy_stream_abort(connection->stream);
                eddy_cancel(connection->task);
        }
}

int eddy_server_wait_closed(eddy_server *server)
{
        struct task *self = task_current();

        if (!self)
                return misuse(EDDY_ENOTASK);
        return wait_for_end(self, server, true);
}

void eddy_server_destroy(eddy_server *server)
{
        if (!server)
                return;
        server->is_orphan = true;
        server->resource.what = NULL;
        eddy_server_close(server);
        release_if_over(server);
}
