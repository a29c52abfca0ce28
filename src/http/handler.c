/* A service that answers by a user's function. */
#include "base/list.h"
#include "base/memory.h"
#include "http/connection.h"
#include "http/reply.h"
#include <string.h>

enum { HEADERS_MAX = 8 * 1024 };

struct eddy_http_service {
        struct service service;
        eddy_http_handler handler;
        void *arg;
};

/* A failure of the handler's is told of as a task's would be; what it answered before stands, and only the connection
 * ends. */
static int answer_by_handler(eddy_http_exchange *exchange)
{
        struct eddy_http_service *service = container_of(exchange->service, struct eddy_http_service, service);
        int rc = service->handler(exchange, service->arg);

        if (exchange->output.failure)
                return exchange->output.failure;
        if (exchange->is_answered || (rc < 0 && eddy_interrupted() < 0))
                return rc < 0 ? rc : 0;
        if (rc < 0)
                eddy_loop_call_exception_handler(eddy_running_loop(),
                                                 &(eddy_exception){
                                                     .message = "a request's handler failed",
                                                     .error = rc,
                                                     .detail = eddy_error_detail(),
                                                 });
        return reply_error(exchange, HTTP_STATUS_INTERNAL_SERVER_ERROR);
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

        return connection_serve(&service->service, stream);
}

void eddy_http_service_stop(eddy_http_service *service)
{
        connections_stop(&service->service);
}

void eddy_http_service_count(const eddy_http_service *service, eddy_http_counts *counts)
{
        *counts = service->service.counts;
}

/* Behind each span lies a blank or a line end, which has been parsed: room to terminate it where it is. */
static const char *terminated(const eddy_http_exchange *exchange, struct http_span span)
{
        char *text = exchange->head + span.at;

        text[span.size] = '\0';
        return text;
}

const char *eddy_http_exchange_method(const eddy_http_exchange *exchange)
{
        return llhttp_method_name((llhttp_method_t)exchange->parser.request.method);
}

const char *eddy_http_exchange_target(eddy_http_exchange *exchange)
{
        return terminated(exchange, exchange->parser.request.target);
}

const char *eddy_http_exchange_header(eddy_http_exchange *exchange, const char *name)
{
        struct http_span value;

        return http_request_header(&exchange->parser.request, exchange->head, name, &value)
                   ? terminated(exchange, value)
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

static void write_head(eddy_http_exchange *exchange, const eddy_http_answer *answer, int status, bool has_body)
{
        reply_begin(exchange, status);
        if (answer->content_type)
                reply_add_text(exchange, "Content-Type: ", answer->content_type);
        else if (answer->body_size > 0)
                reply_add_text(exchange, "Content-Type: ", "text/plain; charset=utf-8");
        if (has_body)
                reply_add_number(exchange, "Content-Length: ", (int64_t)answer->body_size);
        for (const char *const *line = answer->headers; line && *line; line++)
                reply_add_text(exchange, "", *line);
        reply_end(exchange);
}

static int make_answer(eddy_http_exchange *exchange, const eddy_http_answer *answer, int status,
                       size_t headers_size)
{
        bool has_body = status != HTTP_STATUS_NO_CONTENT && status != HTTP_STATUS_NOT_MODIFIED;
        int rc = output_reserve(&exchange->output, HTTP_REPLY_MAX + headers_size);

        if (rc < 0)
                return rc;
        write_head(exchange, answer, status, has_body);
        if (!has_body || exchange->parser.request.method == HTTP_HEAD)
                return 0;
        exchange->sent = (int64_t)answer->body_size;
        return output_add(&exchange->output, answer->body, answer->body_size);
}

int eddy_http_reply(eddy_http_exchange *exchange, const eddy_http_answer *answer)
{
        int status = answer->status ? answer->status : HTTP_STATUS_OK;
        int rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;
        ssize_t headers_size;

        if (rc < 0)
                return rc;
        if (exchange->is_answered)
                return EDDY_EINVALIDSTATE;
        headers_size = measure(answer);
        if (headers_size < 0 || status < 200 || status > 999)
                return -EINVAL;
        return make_answer(exchange, answer, status, (size_t)headers_size);
}
