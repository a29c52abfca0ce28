/* Written by hand rather than by printf(), which would be half of a small answer's cost. */
#include "http/head.h"

#include "http_common/status.h"
#include <stdio.h>
#include <string.h>

static void put(eddy_http_service *service, const char *data, size_t n)
{
        memcpy(service->head + service->head_size, data, n);
        service->head_size += n;
}

static void put_number(eddy_http_service *service, uint64_t value)
{
        char text[20], *end = text + sizeof text, *at = end;

        do {
                *--at = (char)('0' + value % 10);
                value /= 10;
        } while (value);
        put(service, at, (size_t)(end - at));
}

void head_begin_bare(eddy_http_exchange *exchange, int status)
{
        exchange->status = status;
        exchange->service->head_size = 0;
        if (status == HTTP_STATUS_OK) {
                put(exchange->service, "HTTP/1.1 200 OK\r\n", 17);
        } else {
                char phrase[HTTP_PHRASE_MAX];

                http_status_phrase(status, phrase);
                put(exchange->service, "HTTP/1.1 ", 9);
                put_number(exchange->service, (uint64_t)status);
                put(exchange->service, " ", 1);
                put(exchange->service, phrase, strlen(phrase));
                put(exchange->service, "\r\n", 2);
        }
}

void head_add_preamble(eddy_http_exchange *exchange, bool has_server, bool has_date)
{
        eddy_http_service *service = exchange->service;
        size_t start, end;

        service_refresh_preamble(service);
        start = has_server ? 0 : service->server_size;
        end = has_date ? service->preamble_size : service->server_size;
        if (start < end)
                put(service, service->preamble + start, end - start);
}

void head_begin(eddy_http_exchange *exchange, int status)
{
        head_begin_bare(exchange, status);
        head_add_preamble(exchange, true, true);
}

void head_add(eddy_http_exchange *exchange, const char *name, const char *value, size_t n)
{
        put(exchange->service, name, strlen(name));
        put(exchange->service, value, n);
        put(exchange->service, "\r\n", 2);
}

void head_add_text(eddy_http_exchange *exchange, const char *name, const char *value)
{
        head_add(exchange, name, value, strlen(value));
}

void head_add_number(eddy_http_exchange *exchange, const char *name, int64_t value)
{
        put(exchange->service, name, strlen(name));
        put_number(exchange->service, (uint64_t)value);
        put(exchange->service, "\r\n", 2);
}

void head_add_end(eddy_http_exchange *exchange)
{
        put(exchange->service, "\r\n", 2);
}

/* In one line, for there are clients that read no more. */
static void add_connection(eddy_http_exchange *exchange, bool names_upgrade)
{
        eddy_http_service *service = exchange->service;
        const char *ending = exchange->is_closing ? "close" : exchange->request->minor == 0 ? "keep-alive" : "";

        if (!*ending && !names_upgrade)
                return;
        put(service, "Connection: ", 12);
        put(service, ending, strlen(ending));
        if (*ending && names_upgrade)
                put(service, ", ", 2);
        if (names_upgrade)
                put(service, "Upgrade", 7);
        put(service, "\r\n", 2);
}

void head_end(eddy_http_exchange *exchange)
{
        head_end_with(exchange, false);
}

void head_end_with(eddy_http_exchange *exchange, bool names_upgrade)
{
        put(exchange->service, exchange->lines ? exchange->lines : "", exchange->lines_size);
        exchange->impl->plan_ending(exchange);
        add_connection(exchange, names_upgrade && !exchange->impl->version); /* of HTTP/1 */
        head_add_end(exchange);
}

/* What a request's body may come in, for one that came in something else. */
static void add_codings(eddy_http_exchange *exchange)
{
        char text[64] = "identity";
        size_t size = strlen(text);

        for (enum coding coding = CODING_GZIP; coding < CODINGS; coding++)
                if (coding_is_built_in(coding))
                        size += (size_t)snprintf(text + size, sizeof text - size, ", %s", coding_name(coding));
        head_add(exchange, "Accept-Encoding: ", text, size);
}

int head_send_error(eddy_http_exchange *exchange, int status)
{
        bool is_head = exchange->request->status == 0 && exchange->request->method == HTTP_HEAD;
        char phrase[HTTP_PHRASE_MAX], body[HTTP_PHRASE_MAX + 8];
        size_t n;
        int rc;

        http_status_phrase(status, phrase);
        n = (size_t)snprintf(body, sizeof body, "%d %s\n", status, phrase);
        head_begin(exchange, status);
        head_add_text(exchange, "Content-Type: ", "text/plain; charset=utf-8");
        head_add_number(exchange, "Content-Length: ", (int64_t)n);
        if (status == HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE && exchange->body_error == EDDY_ENOTSUP)
                add_codings(exchange);
        head_end(exchange);
        exchange->sent = is_head ? 0 : (int64_t)n;
        rc = exchange->impl->send_head(exchange, body, is_head ? 0 : n);
        exchange->answer = rc < 0 ? ANSWER_BEGUN : ANSWER_ENDED;
        return rc;
}
