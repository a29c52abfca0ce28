/* Written by hand rather than by printf(), which would be half of a small answer's cost. */
#include "http/reply.h"

#include "http_common/status.h"
#include <stdio.h>
#include <string.h>

static void put(struct connection *c, const char *text, size_t n)
{
        memcpy(c->out + c->out_size, text, n);
        c->out_size += n;
}

static void put_number(struct connection *c, uint64_t value)
{
        char text[20], *end = text + sizeof text, *at = end;

        do {
                *--at = (char)('0' + value % 10);
                value /= 10;
        } while (value);
        put(c, at, (size_t)(end - at));
}

void reply_begin(struct connection *c, int status)
{
        c->exchange.is_answered = true;
        c->exchange.status = status;
        if (status == HTTP_STATUS_OK) {
                put(c, "HTTP/1.1 200 OK\r\n", 17);
        } else {
                char phrase[HTTP_PHRASE_MAX];

                http_status_phrase(status, phrase);
                put(c, "HTTP/1.1 ", 9);
                put_number(c, (uint64_t)status);
                put(c, " ", 1);
                put(c, phrase, strlen(phrase));
                put(c, "\r\n", 2);
        }
        service_refresh_preamble(c->service);
        put(c, c->service->preamble, c->service->preamble_size);
}

void reply_add(struct connection *c, const char *name, const char *value, size_t n)
{
        put(c, name, strlen(name));
        put(c, value, n);
        put(c, "\r\n", 2);
}

void reply_add_text(struct connection *c, const char *name, const char *value)
{
        reply_add(c, name, value, strlen(value));
}

void reply_add_number(struct connection *c, const char *name, int64_t value)
{
        put(c, name, strlen(name));
        put_number(c, (uint64_t)value);
        put(c, "\r\n", 2);
}

void reply_end(struct connection *c)
{
        if (c->is_closing)
                put(c, "Connection: close\r\n", 19);
        else if (c->parser.request.minor == 0)
                put(c, "Connection: keep-alive\r\n", 24);
        put(c, "\r\n", 2);
}

int reply_error(struct connection *c, int status)
{
        bool is_head = c->parser.request.status == 0 && c->parser.request.method == HTTP_HEAD;
        char phrase[HTTP_PHRASE_MAX], body[HTTP_PHRASE_MAX + 8];
        size_t n;
        int rc = connection_reserve(c, HTTP_REPLY_MAX);

        if (rc < 0)
                return rc;
        http_status_phrase(status, phrase);
        n = (size_t)snprintf(body, sizeof body, "%d %s\n", status, phrase);
        reply_begin(c, status);
        reply_add_text(c, "Content-Type: ", "text/plain; charset=utf-8");
        reply_add_number(c, "Content-Length: ", (int64_t)n);
        if (status == HTTP_STATUS_METHOD_NOT_ALLOWED)
                reply_add_text(c, "Allow: ", "GET, HEAD");
        reply_end(c);
        if (is_head)
                return 0;
        put(c, body, n);
        c->exchange.sent = (int64_t)n;
        return 0;
}
