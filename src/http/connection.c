/* Reading requests and sending answers. Answers to requests that came together leave together: nothing is
 * sent before there is nothing left to parse. */
#include "http/connection.h"

#include "base/list.h"
#include "http/reply.h"
#include <string.h>

enum {
        LINGER_MAX = 1024 * 1024, /* bytes of an unwanted body that are waited for */
        PIECE = 256 * 1024,       /* of a file, for whose leaving there is a timeout */
};

/* Send from memory, within the time that a client has for taking it. */
static int send_all(struct connection *c, const void *data, size_t n)
{
        ssize_t rc;
        int late;

        deadline_start(&c->service->deadlines, &c->deadline);
        rc = eddy_stream_write_all(c->stream, data, n);
        late = deadline_stop(&c->deadline);
        return rc < 0 ? (int)rc : late;
}

int connection_flush(struct connection *c)
{
        size_t n = c->out_size;

        c->out_size = 0;
        return n > 0 ? send_all(c, c->out, n) : 0;
}

int connection_reserve(struct connection *c, size_t n)
{
        return c->out_size + n <= CONNECTION_OUT_SIZE ? 0 : connection_flush(c);
}

/* Have the stream send `out` in front of what it is given next. */
static int push(struct connection *c)
{
        int rc = eddy_stream_write(c->stream, c->out, c->out_size);

        c->out_size = 0;
        return rc;
}

int connection_add(struct connection *c, const void *data, size_t n)
{
        int rc;

        if (n <= CONNECTION_OUT_SIZE - c->out_size) {
                if (n > 0)
                        memcpy(c->out + c->out_size, data, n);
                c->out_size += n;
                return 0;
        }
        rc = push(c);
        return rc < 0 ? rc : send_all(c, data, n);
}

int connection_add_file(struct connection *c, int fd, int64_t start, int64_t end)
{
        int rc = push(c);

        while (rc == 0 && start < end) {
                size_t n = end - start < PIECE ? (size_t)(end - start) : PIECE;
                ssize_t sent;
                int late;

                deadline_start(&c->service->deadlines, &c->deadline);
                sent = eddy_stream_sendfile(c->stream, fd, start, n);
                late = deadline_stop(&c->deadline);
                if (sent < 0 || late)
                        return sent < 0 ? (int)sent : late;
                c->exchange.sent += sent;
                start += sent;
                if ((size_t)sent < n) /* it was truncated meanwhile, and the answer promises more */
                        rc = -EIO;
        }
        return rc;
}

/* More bytes of requests, where no answers are left. How many, 0 at the end, or an error. */
static ssize_t receive(struct connection *c)
{
        ssize_t n;

        if (c->start > 0) {
                memmove(c->in, c->in + c->start, c->end - c->start);
                c->end -= c->start;
                c->start = 0;
        }
        if (c->end == CONNECTION_IN_SIZE) {
                c->parser.request.status = c->parser.request.header_count > 0
                                               ? HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE
                                               : HTTP_STATUS_URI_TOO_LONG;
                return EDDY_EPROTOCOL;
        }
        c->is_waiting = c->end == 0;
        n = eddy_stream_read(c->stream, c->in + c->end, CONNECTION_IN_SIZE - c->end);
        c->is_waiting = false;
        if (n > 0)
                c->end += (size_t)n;
        c->out = c->in + c->end;
        return n;
}

/* The head of a request from the bytes that are there: its size, 0 where they do not suffice, or an error. */
static ssize_t parse(struct connection *c)
{
        size_t fed = c->start + c->parser.fed;

        return fed < c->end ? http_parser_feed(&c->parser, c->in + fed, c->end - fed) : 0;
}

/* Receive until the head is whole: as parse(), and 0 where the client has left. `fed`: how many bytes of it were
 * there before the last that came. */
static ssize_t receive_head(struct connection *c, size_t *fed)
{
        ssize_t n;

        deadline_start(&c->service->deadlines, &c->deadline);
        do {
                n = receive(c);
                if (n <= 0)
                        break;
                *fed = c->parser.fed;
                n = parse(c);
        } while (n == 0);
        /* Interrupted or not, answering begins anew. */
        if (deadline_stop(&c->deadline) < 0) {
                deadline_close(&c->deadline);
                deadline_open(&c->deadline);
        }
        return n;
}

/* The head of the next request: 1, 0 where the client has left, or an error. */
static int read_head(struct connection *c)
{
        size_t fed = 0;
        ssize_t n;

        http_parser_begin(&c->parser);
        n = parse(c);
        if (n == 0) {
                n = connection_flush(c);
                if (n < 0)
                        return (int)n;
                n = receive_head(c, &fed);
        }
        c->exchange.head = c->in + c->start;
        if (n <= 0) {
                if (n == EDDY_TIMEOUT && c->end > c->start)
                        c->parser.request.status = HTTP_STATUS_REQUEST_TIMEOUT;
                return (int)n;
        }
        c->start += fed + (size_t)n;
        return 1;
}

/* A socket that is closed while bytes wait to be read resets the connection, and the answer may be lost with
 * it. So let the client finish. */
static void linger(struct connection *c)
{
        size_t total = 0;
        ssize_t n = 1;

        if (eddy_stream_write_eof(c->stream) < 0)
                return;
        EDDY_TIMEOUT_SCOPE(eddy_seconds(2)) {
                while (n > 0 && total < LINGER_MAX) {
                        n = eddy_stream_read(c->stream, c->in, CONNECTION_IN_SIZE);
                        total += n > 0 ? (size_t)n : 0;
                }
        }
}

/* Count and log the answer that was made. */
static void count(struct connection *c)
{
        const struct http_request *request = &c->parser.request;
        struct service *service = c->service;
        eddy_http_access access;

        service->counts.requests++;
        service->counts.bytes += (uint64_t)c->exchange.sent;
        if (!service->options.on_request)
                return;
        access = (eddy_http_access){
            .peer = eddy_stream_peer_name(c->stream),
            .method = request->status ? "-" : llhttp_method_name((llhttp_method_t)request->method),
            .target = http_text(c->exchange.head, request->target),
            .target_size = request->target.size,
            .status = c->exchange.status,
            .sent = c->exchange.sent,
        };
        service->options.on_request(&access, service->options.arg);
}

/* One request: 1 where another may follow, 0 where the connection is to end, or an error. */
static int serve_one(struct connection *c)
{
        const struct http_request *request = &c->parser.request;
        int rc = read_head(c);

        if (rc == 0 || (rc < 0 && request->status == 0))
                return rc;
        c->is_closing = rc < 0 || !request->keeps_alive || request->has_body || c->service->is_stopping;
        c->exchange.is_answered = false;
        c->exchange.failure = 0;
        c->exchange.status = 0;
        c->exchange.sent = 0;
        rc = rc < 0 ? reply_error(c, request->status) : c->service->answer(c);
        if (rc < 0)
                return rc;
        count(c);
        if (!c->is_closing && !c->service->is_stopping)
                return 1;
        rc = connection_flush(c);
        if (rc == 0 && (request->status || request->has_body))
                linger(c);
        return rc;
}

int service_serve(struct service *service, eddy_stream *stream)
{
        struct connection *c = service_take_connection(service);
        int rc;

        if (!c)
                return -ENOMEM;
        c->service = service;
        c->stream = stream;
        c->task = eddy_current_task();
        c->is_waiting = false;
        c->start = c->end = c->out_size = 0;
        c->out = c->in;
        list_append(&service->connections, &c->link);
        service->counts.connections++;
        deadline_open(&c->deadline);
        do
                rc = serve_one(c);
        while (rc > 0);
        deadline_close(&c->deadline);
        list_remove(&c->link);
        if (list_is_empty(&service->connections))
                deadlines_rest(&service->deadlines);
        service_give_connection(service, c);
        return rc;
}
