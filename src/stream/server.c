#include "stream/server.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/misuse.h"
#include "base/sys.h"
#include "loop/debug.h"
#include "net/listen.h"
#include "task/task.h"
#include "transport/tls.h"
#include <eddy/compose.h>

/** A task that waits for a server to be closed, or for its last connection to end as well. */
struct server_wait {
        struct wait wait;
        eddy_link link;
        struct task *task;
        bool for_connections;
};

void server_free(eddy_server *server)
{
        eddy_tls *tls = server ? server->plan.options.tls : NULL;

        if (tls)
                tls->impl->unref(tls);
        memory_free(server);
}

/** Free a server that nobody owns and that has nothing left to do. */
static void release_if_over(eddy_server *server)
{
        if (!server->is_orphan || !server->is_closed || server->connection_count > 0 || server->uses > 0)
                return;
        if (list_is_linked(&server->resource.link))
                list_remove(&server->resource.link);
        server_free(server);
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
        return server->plan.options.max_connections &&
               server->connection_count >= server->plan.options.max_connections;
}

void server_add(eddy_server *server, eddy_link *connection)
{
        list_append(&server->connections, connection);
        server->connection_count++;
}

void server_remove(eddy_server *server, eddy_link *connection)
{
        bool was_full = is_full(server);

        list_remove(connection);
        server->connection_count--;
        server->uses++;
        if (was_full && !server->is_closed)
                for (unsigned i = 0; i < server->listener_count; i++)
                        acceptor_go_on(&server->listeners[i].acceptor);
        wake_waiters(server);
        server->uses--;
        release_if_over(server);
}

static eddy_server *server_of(const struct acceptor *acceptor)
{
        return container_of(acceptor, struct listener, acceptor)->server;
}

static bool has_room(const struct acceptor *acceptor)
{
        return !is_full(server_of(acceptor));
}

static int take(struct acceptor *acceptor, int fd)
{
        eddy_server *server = server_of(acceptor);

        return server->plan.impl->start(server, fd, acceptor->family);
}

static const struct acceptor_impl acceptor_impl = {.has_room = has_room, .take = take};

void server_add_listener(eddy_server *server, int fd, int family)
{
        struct listener *listener = &server->listeners[server->listener_count++];

        acceptor_init(&listener->acceptor, &acceptor_impl, server->loop, fd, family);
        listener->server = server;
        /* Who has no room for more leaves them in the kernel's queue. */
        if (server->plan.options.max_connections == 0)
                listener->acceptor.op.traits = OP_EXCLUSIVE;
}

void server_close_listeners(eddy_server *server)
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
                server_close_listeners(server);
        while ((link = list_pop(&server->connections)))
                server->plan.impl->forget(link);
        list_init(&server->waiters);
        server->connection_count = 0;
        server->uses = 0;
        release_if_over(server);
}

int server_create(eddy_server **created, eddy_loop *loop, const struct server_plan *plan, size_t most_listeners)
{
        eddy_server *server = memory_zalloc(sizeof *server + most_listeners * sizeof server->listeners[0]);

        *created = server;
        if (!server)
                return -ENOMEM;
        server->resource.close = close_with_loop;
        server->resource.what = "server";
        server->loop = loop;
        server->plan = *plan;
        server->plan.options.hosts = NULL; /* the caller's, as long as it starts */
        server->plan.options.fds = NULL;
        server->is_idle = plan->options.is_idle;
        if (plan->options.tls)
                plan->options.tls->impl->ref(plan->options.tls);
        list_init(&server->connections);
        list_init(&server->waiters);
        return 0;
}

static void begin_accepting(eddy_server *server)
{
        for (unsigned i = 0; i < server->listener_count; i++)
                acceptor_go_on(&server->listeners[i].acceptor);
}

void server_open(eddy_server *server)
{
        loop_add_resource(server->loop, &server->resource);
        if (!server->is_idle)
                begin_accepting(server);
}

int eddy_server_start_serving(eddy_server *server)
{
        if (server->is_closed || !server->is_idle)
                return 0;
        for (unsigned i = 0; i < server->listener_count; i++) {
                int rc = listen_start(server->listeners[i].acceptor.fd, &server->plan.options);

                if (rc < 0)
                        return eddy_fail(rc, "cannot listen: %s", eddy_strerror(rc));
        }
        server->is_idle = false;
        begin_accepting(server);
        return 0;
}

size_t eddy_server_sockets(const eddy_server *server, int fds[], size_t n)
{
        size_t count = server->is_closed ? 0 : server->listener_count;

        for (size_t i = 0; i < count && i < n; i++)
                fds[i] = server->listeners[i].acceptor.fd;
        return count;
}

uint16_t eddy_server_port(const eddy_server *server)
{
        eddy_address address;

        if (server->is_closed || eddy_address_of_socket(&address, server->listeners[0].acceptor.fd) < 0)
                return 0;
        return eddy_address_port(&address);
}

bool eddy_server_is_serving(const eddy_server *server)
{
        return !server->is_closed && !server->is_idle;
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
        rc = self->interruption;
        if (rc == 0) {
                rc = eddy_server_start_serving(server);
                if (rc < 0)
                        return leave_server(server, rc);
                rc = wait_for_end(self, server, false);
        }
        if (rc < 0) {
                eddy_server_close(server);
                eddy_server_close_clients(server);
                EDDY_SHIELD_SCOPE {
                        /* A peer that takes nothing shall not keep a program that is to end. */
                        if (server->plan.impl->waits_for_peers && server->connection_count > 0) {
                                eddy_sleep(eddy_ms(1)); /* so that what leaves at once has left */
                                eddy_server_abort_clients(server);
                        }
                        wait_for_end(self, server, true);
                }
        }
        return leave_server(server, rc);
}

void eddy_server_close(eddy_server *server)
{
        if (server->is_closed)
                return;
        server_close_listeners(server);
        wake_waiters(server);
}

void eddy_server_close_clients(eddy_server *server)
{
        for (eddy_link *link = server->connections.next; link != &server->connections; link = link->next)
                server->plan.impl->close(link);
}

void eddy_server_abort_clients(eddy_server *server)
{
        for (eddy_link *link = server->connections.next; link != &server->connections; link = link->next)
                server->plan.impl->abort(link);
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
