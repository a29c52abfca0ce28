/* Connections to the server behind a proxy, at callback level: bytes go to a buffer, and the task whose request is on it is woken. Those
 * that wait for a next request have no buffer. */
#include "base/list.h"
#include "base/memory.h"
#include "base/sys_socket.h"
#include "http/proxy.h"
#include <eddy/timeout.h>

static struct proxy_input *take_input(eddy_http_proxy *proxy)
{
        struct proxy_input *input = proxy->spares;

        if (!input)
                return memory_alloc(sizeof *input);
        proxy->spares = input->next;
        proxy->spare_count--;
        return input;
}

static void give_input(eddy_http_proxy *proxy, struct proxy_input *input)
{
        if (!input)
                return;
        if (proxy->spare_count == PROXY_SPARES_MAX) {
                memory_free(input);
                return;
        }
        input->next = proxy->spares;
        proxy->spares = input;
        proxy->spare_count++;
}

/* There is one less. The last one lets the loop end, unless somebody waits for one. */
static void give_place(eddy_http_proxy *proxy)
{
        proxy->connections--;
        proxy_line_move(proxy);
        if (proxy->connections > 0 || !list_is_empty(&proxy->line))
                return;
        deadlines_rest(&proxy->reading);
        deadlines_rest(&proxy->writing);
        deadlines_rest(&proxy->idling);
        deadlines_rest(&proxy->tunnels);
        deadlines_rest(&proxy->queueing);
        deadlines_rest(&proxy->leaves);
}

static void leave_proxy(struct proxy_connection *connection)
{
        eddy_http_proxy *proxy = connection->proxy;

        connection->proxy = NULL;
        if (proxy)
                give_place(proxy);
}

static void wake(struct proxy_connection *connection)
{
        if (connection->exchange)
                exchange_wake(connection->exchange);
}

static void stop_waiting(struct proxy_connection *connection)
{
        if (!list_is_linked(&connection->link))
                return;
        list_remove(&connection->link);
        deadline_stop(&connection->deadline);
        connection->proxy->counts.idle--;
}

void proxy_connection_drop(struct proxy_connection *connection)
{
        stop_waiting(connection);
        leave_proxy(connection);
        if (connection->transport)
                eddy_transport_abort(connection->transport);
}

static void connection_made(eddy_transport *transport, void *self)
{
        struct proxy_connection *connection = self;

        connection->transport = transport;
}

static void *get_buffer(eddy_transport *transport, void *self, size_t *size)
{
        struct proxy_connection *connection = self;

        (void)transport;
        if (!connection->input) {
                *size = sizeof connection->unasked;
                return connection->unasked;
        }
        *size = sizeof connection->input->bytes - connection->end;
        return connection->input->bytes + connection->end;
}

static void buffer_updated(eddy_transport *transport, void *self, size_t n)
{
        struct proxy_connection *connection = self;

        if (!connection->input) { /* an answer to no request */
                proxy_connection_drop(connection);
                return;
        }
        connection->end += n;
        if (connection->end == sizeof connection->input->bytes)
                eddy_transport_pause_reading(transport);
        wake(connection);
}

static bool eof_received(eddy_transport *transport, void *self)
{
        struct proxy_connection *connection = self;

        (void)transport;
        connection->has_ended = true;
        if (!connection->exchange) {
                proxy_connection_drop(connection);
                return false;
        }
        wake(connection);
        return true;
}

static void connection_lost(eddy_transport *transport, void *self, int reason)
{
        struct proxy_connection *connection = self;

        (void)transport;
        connection->transport = NULL;
        connection->failure = reason ? reason : -ECONNRESET;
        if (connection->exchange) {
                wake(connection);
                return;
        }
        stop_waiting(connection);
        leave_proxy(connection);
        memory_free(connection);
}

static void pause_writing(eddy_transport *transport, void *self)
{
        (void)transport;
        ((struct proxy_connection *)self)->is_full = true;
}

static void resume_writing(eddy_transport *transport, void *self)
{
        struct proxy_connection *connection = self;

        (void)transport;
        connection->is_full = false;
        wake(connection);
}

static const eddy_protocol protocol = {
    .connection_made = connection_made,
    .get_buffer = get_buffer,
    .buffer_updated = buffer_updated,
    .eof_received = eof_received,
    .connection_lost = connection_lost,
    .pause_writing = pause_writing,
    .resume_writing = resume_writing,
};

/* Connect, in time. */
static int connect_to(const eddy_http_proxy *proxy, struct proxy_connection *connection)
{
        const struct proxy_url *url = &proxy->url;
        const eddy_connect_options options = {
            .tls = url->is_secure ? proxy->options.tls : NULL,
            .tls_name = proxy->options.tls_name ? proxy->options.tls_name
                        : url->host             ? url->host
                                                : "localhost",
        };
        eddy_timeout scope;
        bool is_late;
        int rc = eddy_timeout_open(&scope, proxy->options.connect_timeout);

        if (rc < 0)
                return rc;
        rc = url->path ? eddy_create_unix_connection(NULL, &protocol, connection, url->path, &options)
                       : eddy_create_connection(NULL, &protocol, connection, url->host, url->port, &options);
        is_late = eddy_timeout_expired(&scope);
        eddy_timeout_close(&scope);
        if (rc < 0 && is_late && eddy_interrupted() == 0)
                rc = eddy_fail(-ETIMEDOUT, "the server was not connected to in time");
        return rc;
}

/* The input is the connection's, or given back. */
static int open_with(eddy_http_proxy *proxy, eddy_http_exchange *exchange, struct proxy_input *input,
                     struct proxy_connection **connection)
{
        struct proxy_connection *made = memory_zalloc(sizeof *made);
        int rc = -ENOMEM;

        proxy->connections++; /* now, so that no others take its place while it is made */
        proxy_line_move(proxy);
        if (!made)
                goto give_place;
        made->input = input;
        made->exchange = exchange;
        rc = connect_to(proxy, made);
        if (rc < 0)
                goto free_it;
        made->proxy = proxy;
        proxy->counts.connections++;
        *connection = made;
        return 0;

free_it:
        memory_free(made);
give_place:
        give_input(proxy, input);
        give_place(proxy);
        return rc;
}

int proxy_connection_open(eddy_http_proxy *proxy, eddy_http_exchange *exchange,
                          struct proxy_connection **connection)
{
        struct proxy_input *input = take_input(proxy);

        *connection = NULL;
        return input ? open_with(proxy, exchange, input, connection) : -ENOMEM;
}

/* One that waits, and is as good as new as far as can be seen; NULL: there is none. */
static struct proxy_connection *take_idle(eddy_http_proxy *proxy, bool is_safe)
{
        while (!list_is_empty(&proxy->idle)) {
                struct proxy_connection *connection =
                    container_of(proxy->idle.next, struct proxy_connection, link);

                if ((connection->best_before == 0 ||
                     eddy_loop_time(eddy_running_loop()) < connection->best_before) &&
                    (is_safe || sys_has_come(eddy_transport_fd(connection->transport)) == 0)) {
                        stop_waiting(connection);
                        return connection;
                }
                proxy_connection_drop(connection);
        }
        return NULL;
}

int proxy_connection_take(eddy_http_proxy *proxy, eddy_http_exchange *exchange, bool is_safe,
                          struct proxy_connection **connection)
{
        struct proxy_connection *taken;
        struct proxy_input *input;
        int rc = proxy_line_wait(proxy, exchange);

        *connection = NULL;
        if (rc < 0)
                return rc;
        input = take_input(proxy);
        if (!input) {
                proxy_line_move(proxy);
                return -ENOMEM;
        }
        taken = take_idle(proxy, is_safe);
        if (!taken)
                return open_with(proxy, exchange, input, connection);
        proxy_line_move(proxy);
        taken->input = input;
        taken->exchange = exchange;
        taken->is_reused = true;
        *connection = taken;
        return 0;
}

void proxy_connection_give(struct proxy_connection *connection, bool goes_on)
{
        eddy_http_proxy *proxy = connection->proxy;

        deadline_stop(&connection->deadline);
        deadline_stop(&connection->leave);
        give_input(proxy, connection->input);
        connection->input = NULL;
        connection->exchange = NULL;
        if (!connection->transport) {
                leave_proxy(connection);
                memory_free(connection);
                return;
        }
        connection->start = connection->end = 0;
        connection->is_late = connection->has_no_leave = false;
        if (!goes_on || proxy->counts.idle >= proxy->options.max_idle ||
            eddy_transport_is_closing(connection->transport)) {
                proxy_connection_drop(connection);
                return;
        }
        list_prepend(&proxy->idle, &connection->link);
        proxy->counts.idle++;
        deadline_start(&proxy->idling, &connection->deadline);
        eddy_transport_resume_reading(connection->transport);
        proxy_line_move(proxy);
}

void proxy_connections_close(eddy_http_proxy *proxy)
{
        while (!list_is_empty(&proxy->idle))
                proxy_connection_drop(container_of(proxy->idle.next, struct proxy_connection, link));
        while (proxy->spares) {
                struct proxy_input *next = proxy->spares->next;

                memory_free(proxy->spares);
                proxy->spares = next;
        }
        proxy->spare_count = 0;
}

static void go_on_reading(struct proxy_connection *connection)
{
        if (connection->transport && !connection->has_ended)
                eddy_transport_resume_reading(connection->transport);
}

void proxy_connection_use(struct proxy_connection *connection, size_t n)
{
        connection->start += n;
        if (connection->start < connection->end)
                return;
        connection->start = connection->end = 0;
        go_on_reading(connection);
}

void proxy_connection_make_room(struct proxy_connection *connection)
{
        char *bytes = connection->input->bytes;

        connection->end -= connection->start;
        memmove(bytes, bytes + connection->start, connection->end);
        connection->start = 0;
        go_on_reading(connection);
}
