/* How a connection begins, how long its client may take, and how it ends. */
#include "base/list.h"
#include "base/memory.h"
#include "http/http1.h"
#include "http/http2.h"

enum { LINGER_SECONDS = 2 };

struct http1 *http1_create(eddy_http_service *service)
{
        size_t most = service->options.max_connections;
        struct http1 *connection = memory_zalloc(sizeof *connection);

        if (!connection)
                return NULL;
        connection->service = service;
        list_append(&service->connections, &connection->link);
        connection->is_surplus = most > 0 && service->connection_count >= most;
        service->connection_count += !connection->is_surplus;
        service->counts.connections++;
        return connection;
}

void http1_dismiss(struct http1 *connection)
{
        void (*gone)(const struct http1 *connection) = connection->gone;

        connection->gone = NULL;
        if (gone)
                gone(connection);
}

void http1_destroy(struct http1 *connection)
{
        eddy_http_service *service = connection->service;

        eddy_handle_cancel(&connection->turn);
        list_remove(&connection->link);
        service->connection_count -= !connection->is_surplus;
        http1_dismiss(connection);
        memory_free(connection->peer);
        memory_free(connection);
        service_note_gone(service);
}

void http1_give_request_back(struct http1 *connection)
{
        struct http1_request *request = connection->request;

        if (!request)
                return;
        body_finish(&request->body);
        exchange_finish(&request->exchange);
        service_give_memory(connection->service, request);
        connection->request = NULL;
}

bool http1_is_blank(const struct http1_request *request)
{
        for (size_t at = request->start; at < request->end; at++)
                if (request->in[at] != '\r' && request->in[at] != '\n')
                        return false;
        return true;
}

void http1_end(struct http1 *connection, bool may_bring_more)
{
        http1_give_request_back(connection);
        if (!connection->transport || eddy_transport_is_closing(connection->transport))
                return;
        if (!may_bring_more || connection->has_ended || eddy_transport_write_eof(connection->transport) < 0) {
                eddy_transport_close(connection->transport);
                return;
        }
        connection->is_lingering = true;
        deadline_start(&connection->service->lingering, &connection->linger);
        eddy_transport_resume_reading(connection->transport);
}

void http1_break(struct http1 *connection)
{
        bool has_no_other_end = connection->request->exchange.is_unframed;

        http1_give_request_back(connection);
        if (has_no_other_end)
                eddy_transport_abort(connection->transport);
        else
                eddy_transport_close(connection->transport);
}

bool http1_is_sending(const struct http1 *connection)
{
        return eddy_transport_write_buffer_size(connection->transport) > 0 ||
               (connection->is_answering && connection->request->exchange.file == EDDY_PENDING);
}

/* The client takes nothing, or takes too long. */
static void cut(struct http1 *connection)
{
        eddy_transport_abort(connection->transport);
        if (connection->is_answering)
                exchange_lose(&connection->request->exchange, -ETIMEDOUT);
}

static void client_is_silent(struct deadline *deadline)
{
        struct http1 *connection = container_of(deadline, struct http1, silence);
        struct http1_request *request = connection->request;

        if (http1_is_sending(connection)) {
                if (progress_excuses(&connection->progress, eddy_transport_fd(connection->transport)))
                        deadline_start(&connection->service->silent, deadline);
                else
                        cut(connection);
        } else if (connection->is_answering) {
                connection->is_late = connection->awaited == AWAITS_BYTES;
                exchange_wake(&request->exchange);
        } else if (connection->is_lingering) {
                return;
        } else if (connection->is_in_head && connection->service->heads_go_on) {
                deadline_start(&connection->service->heads, deadline);
        } else if (request && !connection->is_draining && !http1_is_blank(request)) {
                http1_refuse(connection, HTTP_STATUS_REQUEST_TIMEOUT);
        } else if (connection->is_idle && connection->service->idles_on) {
                deadline_start(&connection->service->idle, deadline);
        } else {
                http1_end(connection, false);
        }
}

/* Who takes an answer has `timeout` for that, however short its time for the next request was. */
static void head_is_late(struct deadline *deadline)
{
        struct http1 *connection = container_of(deadline, struct http1, silence);

        if (http1_is_sending(connection)) {
                deadline_start(&connection->service->silent, deadline);
                return;
        }
        connection->is_in_head = false; /* it has had all its time */
        client_is_silent(deadline);
}

/* Likewise. */
static void has_idled(struct deadline *deadline)
{
        struct http1 *connection = container_of(deadline, struct http1, silence);

        if (http1_is_sending(connection) || connection->is_answering)
                deadline_start(&connection->service->silent, deadline);
        else if (!connection->is_lingering)
                http1_end(connection, false);
}

static void answer_takes_too_long(struct deadline *deadline)
{
        struct http1 *connection = container_of(deadline, struct http1, answer);

        if (http1_is_sending(connection) ||
            (connection->is_answering && connection->request->exchange.answer == ANSWER_BEGUN))
                cut(connection);
}

static void has_lingered(struct deadline *deadline)
{
        eddy_transport_close(container_of(deadline, struct http1, linger)->transport);
}

void http1_init_deadlines(eddy_http_service *service)
{
        const eddy_http_service_options *options = &service->options;
        eddy_duration rest_of_head = options->head_timeout - options->timeout;
        eddy_duration rest_of_idle = options->idle_timeout - options->timeout;

        service->heads_go_on = rest_of_head > 0;
        service->idles_on = rest_of_idle > 0;
        service->head_time = rest_of_head < 0 ? &service->heads : &service->silent;
        service->idle_time = rest_of_idle < 0 ? &service->idle : &service->silent;
        deadlines_init(&service->silent, options->timeout, client_is_silent);
        deadlines_init(&service->heads, rest_of_head < 0 ? options->head_timeout : rest_of_head, head_is_late);
        deadlines_init(&service->idle, rest_of_idle < 0 ? options->idle_timeout : rest_of_idle, has_idled);
        deadlines_init(&service->answers, service->options.answer_timeout, answer_takes_too_long);
        deadlines_init(&service->lingering, eddy_seconds(LINGER_SECONDS), has_lingered);
}

void http1_give_up(struct http1 *connection)
{
        if (connection->http2) {
                http2_give_up(connection->http2);
                return;
        }
        connection->is_given_up = true;
        if (connection->is_answering) {
                exchange_cancel(&connection->request->exchange);
                return;
        }
        if (connection->transport)
                eddy_transport_close(connection->transport);
        http1_dismiss(connection);
}

/* Whether it waits for a request, of which nothing has come but line ends perhaps. */
static bool is_silent(const struct http1 *connection)
{
        const struct http1_request *request = connection->request;

        return !request || (!connection->is_answering && !connection->is_draining && http1_is_blank(request));
}

bool http1_abort(struct http1 *connection)
{
        bool was_busy = connection->http2 || !is_silent(connection);

        http1_give_up(connection);
        if (connection->transport)
                eddy_transport_abort(connection->transport);
        return was_busy;
}

void http1_stop(struct http1 *connection)
{
        if (connection->http2)
                http2_stop(connection->http2);
        else if (connection->transport && is_silent(connection) && !connection->is_lingering)
                eddy_transport_close(connection->transport);
}
