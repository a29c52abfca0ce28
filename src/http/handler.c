/* A service that answers by a user's function. */
#include "base/list.h"
#include "base/memory.h"
#include "http/reply.h"
#include <string.h>

enum { HEADERS_MAX = 8 * 1024 };

struct eddy_http_service {
        struct service service;
        eddy_http_handler handler;
        void *arg;
};

static struct connection *connection_of(eddy_http_exchange *exchange)
{
        return container_of(exchange, struct connection, exchange);
}

/* A failure that is the connection's own ends it; any other is the handler's, who is told of as a task would be. */
static int answer_by_handler(struct connection *c)
{
        struct eddy_http_service *service = container_of(c->service, struct eddy_http_service, service);
        int rc = service->handler(&c->exchange, service->arg);

        if (c->exchange.failure < 0)
                return c->exchange.failure;
        if (c->exchange.is_answered || rc == EDDY_CANCELLED)
                return rc < 0 ? rc : 0;
        if (rc < 0)
                eddy_loop_call_exception_handler(eddy_running_loop(),
                                                 &(eddy_exception){
                                                     .message = "a request's handler failed",
                                                     .error = rc,
                                                     .detail = eddy_error_detail(),
                                                 });
        return reply_error(c, HTTP_STATUS_INTERNAL_SERVER_ERROR);
}

int eddy_http_service_create(eddy_http_service **created, eddy_http_handler handler, void *arg,
                             const eddy_http_service_options *options)
{
        eddy_http_service *service = memory_zalloc(sizeof *service);

        *created = service;
        if (!service)
                return -ENOMEM;
        service_init(&service->service, answer_by_handler, options);
        service->handler = handler;
        service->arg = arg;
        return 0;
}

void eddy_http_service_destroy(eddy_http_service *service)
{
        if (service)
                service_finish(&service->service);
        memory_free(service);
}

intptr_t eddy_http_serve(eddy_stream *stream, void *arg)
{
        eddy_http_service *service = arg;

        return service_serve(&service->service, stream);
}

void eddy_http_service_stop(eddy_http_service *service)
{
        service_stop(&service->service);
}

void eddy_http_service_count(const eddy_http_service *service, eddy_http_counts *counts)
{
        *counts = service->service.counts;
}

/* Behind each span lies a blank or a line end, which has been parsed: room to terminate it where it is. */
static const char *terminated(struct connection *c, struct http_span span)
{
        char *text = c->in + (c->exchange.head - c->in) + span.at;

        text[span.size] = '\0';
        return text;
}

const char *eddy_http_exchange_method(const eddy_http_exchange *exchange)
{
        const struct connection *c = container_of(exchange, const struct connection, exchange);

        return llhttp_method_name((llhttp_method_t)c->parser.request.method);
}

const char *eddy_http_exchange_target(eddy_http_exchange *exchange)
{
        struct connection *c = connection_of(exchange);

        return terminated(c, c->parser.request.target);
}

const char *eddy_http_exchange_header(eddy_http_exchange *exchange, const char *name)
{
        struct connection *c = connection_of(exchange);
        struct http_span value;

        return http_request_header(&c->parser.request, exchange->head, name, &value) ? terminated(c, value)
                                                                                     : NULL;
}

/* How many bytes the further headers take; -EINVAL where one would break the answer's head. */
static ssize_t measure(const eddy_http_answer *answer)
{
        size_t size = answer->content_type ? strlen(answer->content_type) : 0;

        if (answer->content_type && strpbrk(answer->content_type, "\r\n"))
                return -EINVAL;
        for (const char *const *line = answer->headers; line && *line; line++) {
                if (!strchr(*line, ':') || strpbrk(*line, "\r\n"))
                        return -EINVAL;
                size += strlen(*line) + 2;
        }
        return size <= HEADERS_MAX ? (ssize_t)size : -EINVAL;
}

static void write_head(struct connection *c, const eddy_http_answer *answer, int status, bool has_body)
{
        reply_begin(c, status);
        if (answer->content_type)
                reply_add_text(c, "Content-Type: ", answer->content_type);
        else if (answer->body_size > 0)
                reply_add_text(c, "Content-Type: ", "text/plain; charset=utf-8");
        if (has_body)
                reply_add_number(c, "Content-Length: ", (int64_t)answer->body_size);
        for (const char *const *line = answer->headers; line && *line; line++)
                reply_add_text(c, "", *line);
        reply_end(c);
}

static int make_answer(struct connection *c, const eddy_http_answer *answer, int status, size_t headers_size)
{
        bool has_body = status != HTTP_STATUS_NO_CONTENT && status != HTTP_STATUS_NOT_MODIFIED;
        int rc = connection_reserve(c, HTTP_REPLY_MAX + headers_size);

        if (rc < 0)
                return rc;
        write_head(c, answer, status, has_body);
        if (!has_body || c->parser.request.method == HTTP_HEAD)
                return 0;
        c->exchange.sent = (int64_t)answer->body_size;
        return connection_add(c, answer->body, answer->body_size);
}

int eddy_http_reply(eddy_http_exchange *exchange, const eddy_http_answer *answer)
{
        int status = answer->status ? answer->status : HTTP_STATUS_OK;
        ssize_t headers_size = measure(answer);

        if (exchange->is_answered)
                return EDDY_EINVALIDSTATE;
        if (headers_size < 0 || status < 200 || status > 999)
                return -EINVAL;
        exchange->is_answered = true;
        exchange->failure = make_answer(connection_of(exchange), answer, status, (size_t)headers_size);
        return exchange->failure;
}
