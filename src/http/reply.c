/* Written by hand rather than by printf(), which would be half of a small answer's cost. */
#include "http/reply.h"

#include "http_common/status.h"
#include <stdio.h>
#include <string.h>

static void put_number(eddy_http_exchange *exchange, uint64_t value)
{
        char text[20], *end = text + sizeof text, *at = end;

        do {
                *--at = (char)('0' + value % 10);
                value /= 10;
        } while (value);
        output_put(&exchange->output, at, (size_t)(end - at));
}

void reply_begin_bare(eddy_http_exchange *exchange, int status)
{
        exchange->is_answered = true;
        exchange->status = status;
        if (status == HTTP_STATUS_OK) {
                output_put(&exchange->output, "HTTP/1.1 200 OK\r\n", 17);
        } else {
                char phrase[HTTP_PHRASE_MAX];

                http_status_phrase(status, phrase);
                output_put(&exchange->output, "HTTP/1.1 ", 9);
                put_number(exchange, (uint64_t)status);
                output_put(&exchange->output, " ", 1);
                output_put(&exchange->output, phrase, strlen(phrase));
                output_put(&exchange->output, "\r\n", 2);
        }
}

void reply_add_preamble(eddy_http_exchange *exchange, bool has_server, bool has_date)
{
        const struct service *service = exchange->service;
        size_t start, end;

        service_refresh_preamble(exchange->service);
        start = has_server ? 0 : service->server_size;
        end = has_date ? service->preamble_size : service->server_size;
        if (start < end)
                output_put(&exchange->output, service->preamble + start, end - start);
}

void reply_begin(eddy_http_exchange *exchange, int status)
{
        reply_begin_bare(exchange, status);
        reply_add_preamble(exchange, true, true);
}

void reply_add(eddy_http_exchange *exchange, const char *name, const char *value, size_t n)
{
        output_put(&exchange->output, name, strlen(name));
        output_put(&exchange->output, value, n);
        output_put(&exchange->output, "\r\n", 2);
}

void reply_add_text(eddy_http_exchange *exchange, const char *name, const char *value)
{
        reply_add(exchange, name, value, strlen(value));
}

void reply_add_number(eddy_http_exchange *exchange, const char *name, int64_t value)
{
        output_put(&exchange->output, name, strlen(name));
        put_number(exchange, (uint64_t)value);
        output_put(&exchange->output, "\r\n", 2);
}

void reply_end(eddy_http_exchange *exchange)
{
        if (exchange->is_closing)
                output_put(&exchange->output, "Connection: close\r\n", 19);
        else if (exchange->parser.request.minor == 0)
                output_put(&exchange->output, "Connection: keep-alive\r\n", 24);
        output_put(&exchange->output, "\r\n", 2);
}

int reply_error(eddy_http_exchange *exchange, int status)
{
        bool is_head = exchange->parser.request.status == 0 && exchange->parser.request.method == HTTP_HEAD;
        char phrase[HTTP_PHRASE_MAX], body[HTTP_PHRASE_MAX + 8];
        size_t n;
        int rc = output_reserve(&exchange->output, HTTP_REPLY_MAX);

        if (rc < 0)
                return rc;
        http_status_phrase(status, phrase);
        n = (size_t)snprintf(body, sizeof body, "%d %s\n", status, phrase);
        reply_begin(exchange, status);
        reply_add_text(exchange, "Content-Type: ", "text/plain; charset=utf-8");
        reply_add_number(exchange, "Content-Length: ", (int64_t)n);
        if (status == HTTP_STATUS_METHOD_NOT_ALLOWED)
                reply_add_text(exchange, "Allow: ", "GET, HEAD");
        reply_end(exchange);
        if (is_head)
                return 0;
        output_put(&exchange->output, body, n);
        exchange->sent = (int64_t)n;
        return 0;
}
