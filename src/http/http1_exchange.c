#include "http/http1_exchange.h"

#include "http/http1.h"
#include <stdio.h>
#include <string.h>

static struct http1_request *request_of(eddy_http_exchange *exchange)
{
        return (struct http1_request *)(void *)exchange;
}

/* Something is to be taken by the client: in time. */
static void await_taking(struct http1 *connection)
{
        eddy_http_service *service = connection->service;

        if (!deadline_runs(&connection->silence))
                deadline_start(&service->silent, &connection->silence);
        if (service->answers.delay > 0 && !deadline_runs(&connection->answer))
                deadline_start(&service->answers, &connection->answer);
}

/* More of a body may come than is worth being passed over. */
static bool may_be_long(const struct http1_request *request)
{
        const struct http_body *body = &request->body;

        if (!body->is_chunked)
                return body->left > request->exchange.service->options.max_unread_body;
        return !body_ends_within(body, request->in + request->start, request->end - request->start);
}

/* A body that is not read is passed over, for the next request. But who waits for leave to send it may do so or not, and who
 * has much of it is better told to begin anew; told, for a client may send its next request before it sees the connection end. */
static void plan_ending(eddy_http_exchange *exchange)
{
        const struct http1_request *request = request_of(exchange);
        bool waits_for_leave = !request->connection->has_continued && request->end == request->start;

        if (exchange->body_error || exchange->service->is_stopping ||
            (!body_is_over(&request->body) && (waits_for_leave || may_be_long(request))))
                exchange->is_closing = true;
}

static int write_parts(struct http1 *connection, const struct iovec *parts, int count)
{
        int rc =
            connection->transport ? eddy_transport_writev(connection->transport, parts, count) : -ECONNRESET;

        if (rc == 0)
                await_taking(connection);
        return rc;
}

static int send_head(eddy_http_exchange *exchange, const void *body, size_t n)
{
        const eddy_http_service *service = exchange->service;
        const struct iovec parts[] = {
            {(char *)(uintptr_t)service->head, service->head_size},
            {(void *)(uintptr_t)body, n},
        };

        return write_parts(http1_of(exchange), parts, n > 0 ? 2 : 1);
}

static int send_piece(eddy_http_exchange *exchange, const void *data, size_t n)
{
        struct iovec whole = {(void *)(uintptr_t)data, n};
        char size[24];
        struct iovec chunk[] = {{size, 0}, whole, {"\r\n", 2}};

        if (!exchange->is_chunked)
                return write_parts(http1_of(exchange), &whole, 1);
        chunk[0].iov_len = (size_t)snprintf(size, sizeof size, "%zx\r\n", n);
        return write_parts(http1_of(exchange), chunk, 3);
}

static int end(eddy_http_exchange *exchange, const char *trailers, size_t n)
{
        const struct iovec parts[] = {{"0\r\n", 3}, {(char *)(uintptr_t)trailers, n}, {"\r\n", 2}};

        return exchange->is_chunked ? write_parts(http1_of(exchange), parts, 3) : exchange->failure;
}

static void file_sent(void *arg, ssize_t sent)
{
        eddy_http_exchange *exchange = arg;

        exchange->file = sent;
        exchange_wake(exchange);
}

static int send_file(eddy_http_exchange *exchange, int fd, int64_t start, int64_t n)
{
        struct http1 *connection = http1_of(exchange);

        if (!connection->transport)
                return -ECONNRESET;
        await_taking(connection);
        return eddy_transport_sendfile(connection->transport, fd, start, (size_t)n, file_sent, exchange);
}

static void abandon(eddy_http_exchange *exchange)
{
        struct http1 *connection = http1_of(exchange);

        if (connection->transport)
                eddy_transport_abort(connection->transport);
}

/* Have more come, where there is room for it again. */
static void receive_more(struct http1 *connection)
{
        struct http1_request *request = connection->request;

        if (request->start == request->end)
                request->start = request->end = request->body_at;
        if (connection->transport && request->end < sizeof request->in)
                eddy_transport_resume_reading(connection->transport);
}

/* The body is read for the first time: a client that waits for leave has it. */
static int give_leave(struct http1 *connection)
{
        static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
        const struct iovec part = {(char *)(uintptr_t)text, sizeof text - 1};
        const struct http1_request *request = connection->request;

        if (connection->has_continued)
                return 0;
        connection->has_continued = true;
        if (request->end > request->start || request->exchange.answer != ANSWER_NONE) /* it does not wait */
                return 0;
        return write_parts(connection, &part, 1);
}

/* Nothing has come of a body that is not over: why nothing will, or EDDY_PENDING. */
static ssize_t await_body(struct http1 *connection)
{
        int rc = connection->transport ? give_leave(connection) : -ECONNRESET;

        if (rc < 0)
                return rc;
        if (connection->has_ended)
                return EDDY_EINCOMPLETE;
        if (connection->is_late)
                return -ETIMEDOUT;
        receive_more(connection);
        return EDDY_PENDING;
}

static ssize_t read_body(eddy_http_exchange *exchange, void *buffer, size_t n)
{
        struct http1_request *request = request_of(exchange);
        struct http_body *body = &request->body;
        size_t most = exchange->service->options.max_body, size = 0;
        ssize_t framing = body_find(body, request->in + request->start, request->end - request->start, &size);

        if (framing < 0)
                return framing;
        request->start += (size_t)framing;
        if (body_is_over(body)) {
                exchange->trailers = body->trailers;
                exchange->trailers_size = body->trailers_size;
                return 0;
        }
        if (size == 0)
                return await_body(request->connection);
        if (most > 0 && body->total + size > most)
                return EDDY_ELIMIT;
        if (size > n)
                size = n;
        memcpy(buffer, request->in + request->start, size);
        request->start += size;
        body_take(body, size);
        return (ssize_t)size;
}

/* Of bytes silence is measured; of what the client takes, progress. */
static void note_awaited(eddy_http_exchange *exchange, enum awaited what)
{
        struct http1 *connection = http1_of(exchange);

        connection->awaited = what;
        if (!connection->transport)
                return;
        if (what == AWAITS_BYTES || (what == AWAITS_ROOM && !deadline_runs(&connection->silence)))
                deadline_start(&connection->service->silent, &connection->silence);
        else if (what == AWAITS_NOTHING && !http1_is_sending(connection))
                deadline_stop(&connection->silence);
}

static bool asks_for_upgrade(const eddy_http_exchange *exchange)
{
        struct http_span value;

        return exchange->request->minor > 0 && exchange->request->wants_upgrade &&
               http_request_header(exchange->request, exchange->head, "Upgrade", &value);
}

static int upgrade(eddy_http_exchange *exchange, eddy_stream **stream)
{
        struct http1_request *request = request_of(exchange);
        struct http1 *connection = request->connection;
        int rc;

        if (!body_is_over(&request->body))
                return EDDY_EINVALIDSTATE;
        if (!asks_for_upgrade(exchange))
                return EDDY_ENOTSUP;
        rc = send_head(exchange, NULL, 0);
        if (rc == 0) {
                exchange->answer = ANSWER_BEGUN;
                rc = eddy_stream_from_transport(stream, connection->transport, request->in + request->start,
                                                request->end - request->start, 0);
        }
        if (rc < 0)
                return rc;
        exchange->answer = ANSWER_ENDED;
        connection->transport = NULL;
        eddy_handle_cancel(&connection->turn);
        deadline_stop(&connection->silence);
        deadline_stop(&connection->answer);
        return 0;
}

static int descriptor(const eddy_http_exchange *exchange)
{
        const struct http1 *connection = http1_of(exchange);

        return connection->transport ? eddy_transport_fd(connection->transport) : -1;
}

static bool is_secure(const eddy_http_exchange *exchange)
{
        return http1_of(exchange)->is_secure;
}

static const char *peer(const eddy_http_exchange *exchange)
{
        struct http1 *connection = http1_of(exchange);

        http1_note_peer(connection);
        return connection->peer;
}

static void over(eddy_http_exchange *exchange)
{
        http1_over(http1_of(exchange));
}

const struct exchange_impl http1_exchange = {
    .plan_ending = plan_ending,
    .send_head = send_head,
    .send = send_piece,
    .send_file = send_file,
    .abandon = abandon,
    .end = end,
    .read = read_body,
    .await = note_awaited,
    .upgrade = upgrade,
    .fd = descriptor,
    .is_secure = is_secure,
    .peer = peer,
    .over = over,
};
