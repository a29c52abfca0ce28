/* Where a service's connections come from: a server, or a stream that is there already. */
#include "base/list.h"
#include "http/http1.h"
#include <eddy/timeout.h>
#include <eddy/unix.h>

static void *make_connection(void *service)
{
        return http1_create(service);
}

int eddy_http_start_server(eddy_server **server, eddy_http_service *service, const char *host, uint16_t port,
                           const eddy_server_options *options)
{
        return eddy_create_server(server, &http1_protocol, make_connection, service, host, port, options);
}

int eddy_http_start_unix_server(eddy_server **server, eddy_http_service *service, const char *path,
                                const eddy_server_options *options)
{
        return eddy_create_unix_server(server, &http1_protocol, make_connection, service, path, options);
}

void eddy_http_service_stop(eddy_http_service *service)
{
        service->is_stopping = true;
        for (eddy_link *link = service->connections.next; link != &service->connections; link = link->next)
                http1_stop(container_of(link, struct http1, link));
}

/* Wait until the last connection has gone, or somebody is interrupted. */
static int wait_until_gone(eddy_http_service *service)
{
        int rc = eddy_interrupted();

        while (rc == 0 && !list_is_empty(&service->connections)) {
                eddy_event_clear(&service->all_gone);
                rc = eddy_event_wait(&service->all_gone);
        }
        return rc;
}

/* How many had a request under way. */
static int abort_connections(eddy_http_service *service)
{
        int count = 0;

        for (eddy_link *link = service->connections.next; link != &service->connections; link = link->next)
                count += http1_abort(container_of(link, struct http1, link));
        return count;
}

int eddy_http_service_drain(eddy_http_service *service, eddy_duration bound)
{
        eddy_timeout timeout;
        int rc = eddy_timeout_open(&timeout, bound), count = 0;

        if (rc < 0)
                return rc;
        eddy_http_service_stop(service);
        rc = wait_until_gone(service);
        eddy_timeout_close(&timeout);
        if (rc == 0)
                return 0;
        rc = eddy_interrupted();
        if (rc == 0) { /* it is the bound alone that has passed */
                count = abort_connections(service);
                rc = wait_until_gone(service);
        }
        return rc < 0 ? rc : count;
}

/* A task that stays until its connection has gone. */
struct attendance {
        eddy_event over;
        int reason;
};

static void note_end(const struct http1 *connection)
{
        struct attendance *attendance = connection->owner;

        attendance->reason = connection->reason;
        eddy_event_set(&attendance->over);
}

intptr_t eddy_http_serve(eddy_stream *stream, void *service)
{
        struct attendance attendance = {.over = EDDY_EVENT_INIT};
        int rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;
        struct http1 *connection;

        if (rc < 0)
                return rc;
        connection = http1_create(service);
        if (!connection)
                return -ENOMEM;
        connection->gone = note_end;
        connection->owner = &attendance;
        rc = eddy_transport_from_stream(NULL, stream, &http1_protocol, connection);
        if (rc < 0) {
                connection->gone = NULL;
                http1_destroy(connection);
                return rc;
        }
        rc = eddy_event_wait(&attendance.over);
        if (rc < 0 && !eddy_event_is_set(&attendance.over)) { /* else it has gone, at the same time */
                http1_give_up(connection);
                EDDY_SHIELD_SCOPE
                        eddy_event_wait(&attendance.over);
        }
        eddy_event_finish(&attendance.over);
        return rc < 0 ? rc : attendance.reason;
}
