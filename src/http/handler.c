/* A service that answers by a user's function. */
#include "base/list.h"
#include "base/memory.h"
#include "http/connection.h"
#include "http/headers.h"
#include "http/reply.h"
#include <string.h>

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

/* What an answer comes to. */
struct plan {
        struct headers headers;
        int status;
        bool has_length; /* its head says how long the body is */
        bool has_body;   /* which is sent, too */
        int64_t length;
};

/* 0, or -EINVAL where an answer is none, or its headers say of it what is not true. */
static int make_plan(struct plan *plan, const eddy_http_exchange *exchange, const eddy_http_answer *answer)
{
        const struct headers *headers = &plan->headers;
        bool is_head = exchange->parser.request.method == HTTP_HEAD;
        int rc = headers_examine(&plan->headers, answer);

        plan->status = answer->status ? answer->status : HTTP_STATUS_OK;
        if (rc < 0 || plan->status < 200 || plan->status > 999)
                return -EINVAL;
        plan->has_body = plan->status != HTTP_STATUS_NO_CONTENT && plan->status != HTTP_STATUS_RESET_CONTENT &&
                         plan->status != HTTP_STATUS_NOT_MODIFIED && !is_head;
        plan->length = plan->status == HTTP_STATUS_RESET_CONTENT ? 0 : (int64_t)answer->body_size;
        plan->has_length = plan->status != HTTP_STATUS_NO_CONTENT && plan->status != HTTP_STATUS_NOT_MODIFIED;
        if (headers->says_keep_alive && exchange->is_closing)
                return -EINVAL;
        if (headers->length < 0)
                return 0;
        /* What has no body here may tell of the one that another request would have got. */
        if (answer->body_size == 0 &&
            (plan->status == HTTP_STATUS_NOT_MODIFIED || (is_head && plan->has_length))) {
                plan->has_length = true;
                plan->length = headers->length;
        }
        return plan->has_length && plan->length == headers->length ? 0 : -EINVAL;
}

static void write_head(eddy_http_exchange *exchange, const eddy_http_answer *answer, const struct plan *plan)
{
        unsigned kinds = plan->headers.kinds;

        reply_begin_bare(exchange, plan->status);
        reply_add_preamble(exchange, !(kinds & 1u << HEADER_SERVER), !(kinds & 1u << HEADER_DATE));
        if (answer->content_type)
                reply_add_text(exchange, "Content-Type: ", answer->content_type);
        else if (answer->body_size > 0 && !(kinds & 1u << HEADER_TYPE))
                reply_add_text(exchange, "Content-Type: ", "text/plain; charset=utf-8");
        if (plan->has_length)
                reply_add_number(exchange, "Content-Length: ", plan->length);
        for (const char *const *line = answer->headers; line && *line; line++) {
                enum header_kind kind = headers_kind(*line);

                if (kind != HEADER_LENGTH && kind != HEADER_CONNECTION)
                        reply_add_text(exchange, "", *line);
        }
        exchange->is_closing |= plan->headers.says_close;
        reply_end(exchange);
}

int eddy_http_reply(eddy_http_exchange *exchange, const eddy_http_answer *answer)
{
        int rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;
        struct plan plan;

        if (rc < 0)
                return rc;
        if (exchange->is_answered)
                return EDDY_EINVALIDSTATE;
        rc = make_plan(&plan, exchange, answer);
        if (rc == 0)
                rc = output_reserve(&exchange->output, HTTP_REPLY_MAX + plan.headers.size);
        if (rc < 0)
                return rc;
        write_head(exchange, answer, &plan);
        if (!plan.has_body)
                return 0;
        exchange->sent = (int64_t)answer->body_size;
        return output_add(&exchange->output, answer->body, answer->body_size);
}
