/* Written by hand rather than by printf(), which would be half of a small answer's cost. */
#include "http/reply.h"

#include "http/status.h"
#include <string.h>

static void put(struct connection *c, const char *text, size_t n)
{
        memcpy(c->out + c->out_size, text, n);
        c->out_size += n;
}

size_t reply_digits(char text[20], uint64_t value)
{
        char reversed[20];
        size_t n = 0;

        do {
                reversed[n++] = (char)('0' + value % 10);
                value /= 10;
        } while (value);
        for (size_t i = 0; i < n; i++)
                text[i] = reversed[n - 1 - i];
        return n;
}

void reply_begin(struct connection *c, int status)
{
        c->status = status;
        if (status == HTTP_STATUS_OK) {
                put(c, "HTTP/1.1 200 OK\r\n", 17);
        } else {
                char phrase[HTTP_PHRASE_MAX], number[20];

                http_status_phrase(status, phrase);
                put(c, "HTTP/1.1 ", 9);
                put(c, number, reply_digits(number, (uint64_t)status));
                put(c, " ", 1);
                put(c, phrase, strlen(phrase));
                put(c, "\r\n", 2);
        }
        files_refresh_preamble(c->files);
        put(c, c->files->preamble, c->files->preamble_size);
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
        char text[20];

        reply_add(c, name, text, reply_digits(text, (uint64_t)value));
}

void reply_end(struct connection *c)
{
        if (c->is_closing)
                put(c, "Connection: close\r\n", 19);
        else if (c->parser.request.minor == 0)
                put(c, "Connection: keep-alive\r\n", 24);
        put(c, "\r\n", 2);
}
