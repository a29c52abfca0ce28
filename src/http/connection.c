/* Reading requests and having them answered. Answers to requests that came together leave together: nothing is sent
 * before there is nothing left to parse, or the connection ends. */
#include "http/connection.h"

#include "base/list.h"
#include "http/reply.h"
#include <string.h>

enum {
        IN_SIZE = 16 * 1024,
        LINGER_MAX = 1024 * 1024, /* bytes of an unwanted body that are waited for */
};

/** One connection, its buffers among it. Owned by the coroutine that serves it. */
struct http_connection {
        eddy_link link; /* in service->connections */
        struct service *service;
        struct deadline deadline; /* runs while the client is to send or to receive */
        eddy_stream *stream;
        eddy_task *task;
        bool is_waiting; /* for the first byte of a request: nothing is lost by closing it */
        struct eddy_http_exchange exchange;
        size_t start, end; /* bytes in `in` of the request that is being read, and of those behind it */
        /** Requests, and behind them, on the same page, the answers that are still to be sent. */
        char in[IN_SIZE + HTTP_OUTPUT_SIZE];
};

static bool is_blank(const struct http_connection *c)
{
        for (size_t at = c->start; at < c->end; at++)
                if (c->in[at] != '\r' && c->in[at] != '\n')
                        return false;
        return true;
}

/* The request that is being read is no good. */
static int refuse(struct http_connection *c, int status)
{
        c->exchange.parser.request.status = status;
        return EDDY_EPROTOCOL;
}

/* More bytes of requests, where no answers are left. How many, 0 at the end, or an error. */
static ssize_t receive(struct http_connection *c)
{
        ssize_t n;

        if (c->start > 0) {
                memmove(c->in, c->in + c->start, c->end - c->start);
                c->end -= c->start;
                c->start = 0;
        }
        if (c->end == IN_SIZE)
                return refuse(c, c->exchange.parser.request.header_count > 0
                                     ? HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE
                                     : HTTP_STATUS_URI_TOO_LONG);
        c->is_waiting = c->end == 0;
        n = eddy_stream_read(c->stream, c->in + c->end, IN_SIZE - c->end);
        c->is_waiting = false;
        if (n > 0)
                c->end += (size_t)n;
        /* TLS that was cut off, as many clients leave it: a head that is whole says so itself. */
        if (n == EDDY_EINCOMPLETE)
                n = 0;
        if (n == 0 && !is_blank(c)) /* a head without an end */
                n = refuse(c, HTTP_STATUS_BAD_REQUEST);
        if (n == EDDY_TIMEOUT && c->end > c->start)
                c->exchange.parser.request.status = HTTP_STATUS_REQUEST_TIMEOUT;
        c->exchange.output.data = c->in + c->end;
        return n;
}

/* The head of a request from the bytes that are there: 1, 0 where they do not suffice, or an error. */
static int parse(struct http_connection *c)
{
        struct http_parser *parser = &c->exchange.parser;
        size_t fed = c->start + parser->fed;
        ssize_t n = fed < c->end ? http_parser_feed(parser, c->in + fed, c->end - fed) : 0;

        c->exchange.head = c->in + c->start;
        if (n <= 0)
                return (int)n;
        c->start = fed + (size_t)n;
        return 1;
}

/* Receive until the head is whole: as parse(), and 0 where the client has left. */
static int receive_head(struct http_connection *c)
{
        int rc;

        deadline_start(&c->service->deadlines, &c->deadline);
        do {
                ssize_t n = receive(c);

                if (n <= 0) {
                        c->exchange.head = c->in + c->start;
                        rc = (int)n;
                        break;
                }
                rc = parse(c);
        } while (rc == 0);
        /* Interrupted or not, answering begins anew. */
        if (deadline_stop(&c->deadline) < 0)
                deadline_renew(&c->deadline);
        return rc;
}

/* A socket that is closed while bytes wait to be read resets the connection, and the answer may be lost with
 * it. So let the client finish. */
static void linger(struct http_connection *c)
{
        size_t total = 0;
        ssize_t n = 1;

        if (eddy_stream_write_eof(c->stream) < 0)
                return;
        EDDY_TIMEOUT_SCOPE(eddy_seconds(2)) {
                while (n > 0 && total < LINGER_MAX) {
                        n = eddy_stream_read(c->stream, c->in, IN_SIZE);
                        total += n > 0 ? (size_t)n : 0;
                }
        }
}

/* Count and log the answer that was made. */
static void count(struct http_connection *c)
{
        const struct http_request *request = &c->exchange.parser.request;
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

/* The request that was read, or is no good: 1 where another may follow, 0 where none may, or an error. */
static int answer(struct http_connection *c)
{
        const struct http_request *request = &c->exchange.parser.request;
        int rc;

        c->exchange.is_closing =
            request->status || !request->keeps_alive || request->has_body || c->service->is_stopping;
        c->exchange.status = 0;
        c->exchange.sent = 0;
        rc = request->status ? reply_error(&c->exchange, request->status) : c->service->answer(&c->exchange);
        if (c->exchange.is_answered)
                count(c);
        return rc < 0 ? rc : !c->exchange.is_closing && !c->service->is_stopping;
}

/* Answer requests until no other may follow: 0, or why. What has been answered need not have left. */
static int serve(struct http_connection *c)
{
        struct eddy_http_exchange *exchange = &c->exchange;
        int rc;

        do {
                http_parser_begin(&exchange->parser);
                exchange->is_answered = false;
                rc = parse(c);
                if (rc == 0) { /* nothing is left to answer, so now all answers leave */
                        rc = output_flush(&exchange->output);
                        if (rc == 0)
                                rc = receive_head(c);
                }
                if (rc <= 0 && exchange->parser.request.status == 0)
                        return rc;
                rc = answer(c);
        } while (rc > 0);
        return rc;
}

/* What was answered leaves, whatever ended the connection. Where that was its last answer, and not the client, there may
 * be bytes that nobody will read. */
static void end(struct http_connection *c, int rc)
{
        const struct http_request *request = &c->exchange.parser.request;

        if (output_flush(&c->exchange.output) < 0)
                output_finish(&c->exchange.output);
        else if (c->exchange.is_answered &&
                 (rc < 0 || request->status || request->has_body || c->end > c->start))
                linger(c);
}

static void init(struct http_connection *c, struct service *service, eddy_stream *stream)
{
        c->service = service;
        c->stream = stream;
        c->task = eddy_current_task();
        c->is_waiting = false;
        c->start = c->end = 0;
        c->exchange.service = service;
        c->exchange.route_at = 0;
        c->exchange.routing = NULL;
        c->exchange.output = (struct http_output){
            .stream = stream,
            .deadlines = &service->deadlines,
            .deadline = &c->deadline,
            .limit = service->options.answer_timeout,
            .data = c->in,
        };
}

int connection_serve(struct service *service, eddy_stream *stream)
{
        int rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;
        struct http_connection *c;

        if (rc < 0)
                return rc;
        c = service_take_memory(service, sizeof *c);
        if (!c)
                return -ENOMEM;
        init(c, service, stream);
        list_append(&service->connections, &c->link);
        service->counts.connections++;
        deadline_open(&c->deadline);
        rc = serve(c);
        end(c, rc);
        deadline_close(&c->deadline);
        list_remove(&c->link);
        if (list_is_empty(&service->connections))
                deadlines_rest(&service->deadlines);
        service_give_memory(service, c);
        return rc;
}

void connections_stop(struct service *service)
{
        service->is_stopping = true;
        for (eddy_link *link = service->connections.next; link != &service->connections; link = link->next) {
                struct http_connection *c = container_of(link, struct http_connection, link);

                if (c->is_waiting)
                        eddy_cancel(c->task);
        }
}
