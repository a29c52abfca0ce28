#include "base/error.h"
#include "base/memory.h"
#include "base/misuse.h"
#include "base/sys.h"
#include "loop/debug.h"
#include "stream/accept.h"
#include "stream/listen.h"
#include "stream/stream.h"
#include <eddy/unix.h>

enum { MOST_LISTENERS = 8, MOST_TRIES = 16 };

/** One address that a server listens on. */
struct listener {
        struct acceptor acceptor;
        eddy_server *server;
};

/** One connection, from its acceptance to the end of its task, on whose stack it lies. */
struct server_connection {
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
        struct socket_file file; /* a UNIX server's */
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

/** The task of a connection has ended. Its stack goes when this returns. */
static void connection_done(struct waiter *waiter, eddy_future *task)
{
        struct server_connection *connection = container_of(waiter, struct server_connection, waiter);
        eddy_server *server = connection->server;
        bool was_full = is_full(server);
        int failure = future_failure(task);

        task->was_looked_at = true;
        if (failure && failure != EDDY_CANCELLED && failure != EDDY_TIMEOUT && failure != -ETIMEDOUT &&
            failure != -ECONNRESET && failure != -ECONNABORTED && failure != -EPIPE)
                eddy_loop_call_exception_handler(server->loop,
                                                 &(eddy_exception){
                                                     .message = "a connection's handler failed",
                                                     .error = failure,
                                                     .detail = task->detail ? task->detail->text : "",
                                                 });
        list_remove(&connection->link);
        server->connection_count--;
        server->uses++;
        eddy_stream_destroy(connection->stream);
        eddy_unref(task);
        if (was_full && !server->is_closed)
                for (unsigned i = 0; i < server->listener_count; i++)
                        acceptor_go_on(&server->listeners[i].acceptor);
        wake_waiters(server);
        server->uses--;
        release_if_over(server);
}

static intptr_t serve_connection(void *arg)
{
        const struct server_connection *connection = arg;

        return connection->server->handler(connection->stream, connection->server->arg);
}

/** Give a connection its stream and its task: 0, or -ENOMEM, and then it is closed. */
static int start_connection(struct acceptor *acceptor, int fd)
{
        eddy_server *server = container_of(acceptor, struct listener, acceptor)->server;
        eddy_stream *stream = stream_create(server->loop, fd, acceptor->family, server->options.limit);
        struct server_connection new = {.server = server, .stream = stream, .waiter.wake = connection_done};
        eddy_task_options options = {
            .name = "connection",
            .loop = server->loop,
            .stack_size = server->options.stack_size,
            .args = &new,
            .args_size = sizeof new,
        };
        struct server_connection *connection;
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
        list_append(&server->connections, &connection->link);
        server->connection_count++;
        return 0;
}

static bool has_room(const struct acceptor *acceptor)
{
        return !is_full(container_of(acceptor, struct listener, acceptor)->server);
}

static const struct acceptor_impl acceptor_impl = {.has_room = has_room, .take = start_connection};

/** Take a socket that listens into a server. */
static void add_listener(eddy_server *server, int fd, int family)
{
        struct listener *listener = &server->listeners[server->listener_count++];

        acceptor_init(&listener->acceptor, &acceptor_impl, server->loop, fd, family);
        listener->server = server;
        /* Who has no room for more leaves them in the kernel's queue. */
        if (server->options.max_connections == 0)
                listener->acceptor.op.traits = OP_EXCLUSIVE;
}

static uint16_t port_of(int fd)
{
        eddy_address address;

        return eddy_address_of_socket(&address, fd) < 0 ? 0 : eddy_address_port(&address);
}

/** Listen on every address: 0, or the first failure. */
static int open_listeners(eddy_server *server, const struct addrinfo *found, uint16_t port)
{
        char text[EDDY_ADDRESS_TEXT_SIZE];

        for (const struct addrinfo *one = found; one && server->listener_count < MOST_LISTENERS;
             one = one->ai_next) {
                int fd = listen_on_address(one, port, &server->options);

                /* A machine without IPv6 still lists its address. */
                if ((fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL) && (one->ai_next || server->listener_count))
                        continue;
                if (fd < 0) {
                        eddy_address address = address_from_info(one);

                        return eddy_fail(fd, "cannot listen on %s: %s", eddy_address_print(&address, text),
                                         eddy_strerror(fd));
                }
                add_listener(server, fd, one->ai_family);
                if (port == 0)
                        port = port_of(fd);
        }
        return server->listener_count ? 0 : -EADDRNOTAVAIL;
}

static void close_listeners(eddy_server *server)
{
        for (unsigned i = 0; i < server->listener_count; i++)
                acceptor_close(&server->listeners[i].acceptor);
        socket_file_remove(&server->file);
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
                struct server_connection *connection = container_of(link, struct server_connection, link);

                list_remove(&connection->waiter.link);
                /* A task may have stood in a call on it, whose operation only the stream's own closing undoes.
                 * */
                if (connection->stream->flow.is_closed)
                        eddy_stream_destroy(connection->stream);
                else
                        connection->stream->flow.is_orphan = true;
                eddy_unref(connection->task);
        }
        list_init(&server->waiters);
        server->connection_count = 0;
        server->uses = 0;
        release_if_over(server);
}

/** A server that does not listen yet; NULL without memory. */
static eddy_server *create_server(eddy_loop *loop, eddy_connection_handler handler, void *arg,
                                  const eddy_server_options *options)
{
        eddy_server *server = memory_zalloc(sizeof *server);

        if (!server)
                return NULL;
        server->resource.close = close_with_loop;
        server->resource.what = "server";
        server->loop = loop;
        server->handler = handler;
        server->arg = arg;
        if (options)
                server->options = *options;
        list_init(&server->connections);
        list_init(&server->waiters);
        return server;
}

static void begin_accepting(eddy_server *server)
{
        loop_add_resource(server->loop, &server->resource);
        for (unsigned i = 0; i < server->listener_count; i++)
                acceptor_go_on(&server->listeners[i].acceptor);
}

int eddy_start_server(eddy_server **created, eddy_connection_handler handler, void *arg, const char *host,
                      uint16_t port, const eddy_server_options *options)
{
        struct task *self;
        struct addrinfo *found;
        eddy_server *server;
        int rc = task_enter(&self);

        *created = NULL;
        if (rc < 0)
                return rc;
        rc = address_resolve(self, host, port, options ? options->family : 0, AI_PASSIVE, &found);
        if (rc < 0)
                return rc;
        rc = -ENOMEM;
        server = create_server(self->future.loop, handler, arg, options);
        if (!server)
                goto out;
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
        begin_accepting(server);
        *created = server;
out:
        freeaddrinfo(found);
        return rc;
}

int eddy_start_unix_server(eddy_server **created, eddy_connection_handler handler, void *arg, const char *path,
                           const eddy_server_options *options)
{
        eddy_server *server;
        int fd;

        *created = NULL;
        if (!loop_running_here)
                return misuse(EDDY_ENOLOOP);
        server = create_server(loop_running_here, handler, arg, options);
        if (!server)
                return -ENOMEM;
        fd = listen_on_path(path, &server->options, &server->file);
        if (fd < 0) {
                memory_free(server);
                return eddy_fail(fd, "cannot listen on %s: %s", path, eddy_strerror(fd));
        }
        add_listener(server, fd, AF_UNIX);
        begin_accepting(server);
        *created = server;
        return 0;
}

uint16_t eddy_server_port(const eddy_server *server)
{
        return server->is_closed ? 0 : port_of(server->listeners[0].acceptor.fd);
}

bool eddy_server_is_serving(const eddy_server *server)
{
        return !server->is_closed;
}

size_t eddy_server_connections(const eddy_server *server)
{
        return server->connection_count;
}

/** Begin a call that waits for a server, which is kept as long. */
static void enter_server(eddy_server *server)
{
        server->uses++;
}

/** End it, with what it comes to: where the server was destroyed meanwhile, nobody may use it any more. */
static int leave_server(eddy_server *server, int rc)
{
        if (rc == 0 && server->is_orphan)
                rc = -EBADF;
        server->uses--;
        release_if_over(server);
        return rc;
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
        enter_server(server);
        rc = self->interruption ? self->interruption : wait_for_end(self, server, false);
        if (rc < 0) {
                eddy_server_close(server);
                eddy_server_close_clients(server);
                EDDY_SHIELD_SCOPE
                        wait_for_end(self, server, true);
        }
        return leave_server(server, rc);
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
                eddy_cancel(container_of(link, struct server_connection, link)->task);
}

void eddy_server_abort_clients(eddy_server *server)
{
        for (eddy_link *link = server->connections.next; link != &server->connections; link = link->next) {
                struct server_connection *connection = container_of(link, struct server_connection, link);

                eddy_stream_abort(connection->stream);
                eddy_cancel(connection->task);
        }
}

int eddy_server_wait_closed(eddy_server *server)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        enter_server(server);
        return leave_server(server, wait_for_end(self, server, true));
}

void eddy_server_destroy(eddy_server *server)
{
        if (!server)
                return;
        for (const eddy_link *link = server->waiters.next; link != &server->waiters; link = link->next)
                debug_warn_used(server->loop, "server",
                                container_of(link, struct server_wait, link)->task->coro.name);
        server->is_orphan = true;
        server->resource.what = NULL;
        eddy_server_close(server);
        release_if_over(server);
}
