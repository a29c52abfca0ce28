/* As parser.c for requests: llhttp finds the spans, and what its versions let pass is looked at here. Whoever is behind a proxy is trusted
 * to answer, and not to say where the next answer begins: an answer that a client could read otherwise is none. */
#include "http/proxy_head.h"

#include "http/strict.h"
#include <eddy/error.h>
#include <string.h>

static struct proxy_head *head_of(llhttp_t *llhttp)
{
        return (struct proxy_head *)(void *)((char *)llhttp - offsetof(struct proxy_head, llhttp));
}

/* Spans that reach over two pieces adjoin; one that goes on elsewhere is a line that was folded. */
static int extend(struct proxy_head *head, struct http_span *span, const char *at, size_t n)
{
        uint32_t start = (uint32_t)(head->fed + (size_t)(at - head->piece));

        if (span->size == 0)
                span->at = start;
        if (span->at + span->size != start)
                return HPE_USER;
        span->size += (uint32_t)n;
        return 0;
}

static int on_name(llhttp_t *llhttp, const char *at, size_t n)
{
        struct proxy_head *head = head_of(llhttp);

        if (head->is_in_value || head->count == 0) {
                if (head->count == PROXY_HEADERS_MAX)
                        return HPE_USER;
                head->headers[head->count++] = (struct http_header){0};
                head->is_in_value = false;
        }
        return extend(head, &head->headers[head->count - 1].name, at, n);
}

static int on_value(llhttp_t *llhttp, const char *at, size_t n)
{
        struct proxy_head *head = head_of(llhttp);

        if (head->count == 0) /* of a line that begins with its colon */
                return HPE_USER;
        head->is_in_value = true;
        return extend(head, &head->headers[head->count - 1].value, at, n);
}

static int on_complete(llhttp_t *llhttp)
{
        struct proxy_head *head = head_of(llhttp);

        head->status = llhttp->status_code;
        head->minor = llhttp->http_minor;
        head->keeps_alive = !(llhttp->flags & F_CONNECTION_CLOSE) &&
                            (llhttp->http_minor > 0 || llhttp->flags & F_CONNECTION_KEEP_ALIVE);
        return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_complete,
};

void proxy_head_begin(struct proxy_head *head)
{
        llhttp_init(&head->llhttp, HTTP_RESPONSE, &settings);
        head->fed = 0;
        head->is_in_value = false;
        head->count = 0;
}

static int refuse(const char *why)
{
        return eddy_fail(EDDY_EPROTOCOL, "the server's answer is none: %s", why);
}

/* "HTTP/1.1 200 OK": where it ends, or 0. */
static size_t check_first_line(const struct proxy_head *head, const char *text, size_t n)
{
        const char *end = memchr(text, '\r', n);

        if (!end || end - text < 12 || memcmp(text, "HTTP/1.", 7) != 0 || text[8] != ' ' ||
            text[7] != '0' + head->minor || (end - text > 12 && text[12] != ' '))
                return 0;
        for (const char *at = text + 9; at < end; at++)
                if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f)
                        return 0;
        return (size_t)(end - text) + 1 < n && end[1] == '\n' ? (size_t)(end - text) + 2 : 0;
}

static int64_t number_of(const char *text, size_t n)
{
        int64_t number = 0;

        for (size_t i = 0; i < n; i++)
                number = 10 * number + (text[i] - '0');
        return number;
}

/* Where its body ends is said once, in one way. */
static int note_framing(struct proxy_head *head, const char *text)
{
        head->length = -1;
        head->is_chunked = false;
        for (unsigned i = 0; i < head->count; i++) {
                const struct http_header *header = &head->headers[i];
                const char *value = http_text(text, header->value);

                switch (http_field_of(http_text(text, header->name), header->name.size)) {
                case FIELD_CONTENT_LENGTH:
                        if (head->length >= 0)
                                return refuse("it has two lengths");
                        if (http_check_length(value, header->value.size) < 0)
                                return refuse("its length is no number");
                        head->length = number_of(value, header->value.size);
                        break;
                case FIELD_TRANSFER_ENCODING:
                        if (head->is_chunked || !http_is_text(value, header->value.size, "chunked"))
                                return refuse("its transfer coding is unknown");
                        head->is_chunked = true;
                        break;
                default:
                        break;
                }
        }
        if (head->is_chunked && (head->length >= 0 || head->minor == 0))
                return refuse("it has a length, or is of HTTP/1.0, and comes in chunks all the same");
        if ((head->status < 200 || head->status == HTTP_STATUS_NO_CONTENT) &&
            (head->is_chunked || head->length > 0))
                return refuse("its status allows of no body, and it has one");
        return 0;
}

/* A head is n bytes; llhttp has found its end. */
static int check(struct proxy_head *head, const char *text, size_t n)
{
        size_t at = check_first_line(head, text, n);

        if (head->llhttp.http_major != 1 || head->status < 100 || head->status > 999 ||
            !http_check_headers(head->headers, head->count, text, at, n))
                return refuse("its head is not as HTTP/1 has it");
        return note_framing(head, text);
}

ssize_t proxy_head_feed(struct proxy_head *head, const char *data, size_t n)
{
        llhttp_errno_t error;
        int rc;

        head->piece = data;
        error = llhttp_execute(&head->llhttp, data, n);
        if (error != HPE_OK && error != HPE_PAUSED)
                return refuse("it is not HTTP/1, or has too many headers");
        if (error == HPE_PAUSED)
                n = (size_t)(llhttp_get_error_pos(&head->llhttp) - data);
        if (head->fed + n > PROXY_HEAD_MAX)
                return refuse("its head is longer than 8 KiB");
        if (error == HPE_OK) {
                head->fed += n;
                return 0;
        }
        rc = check(head, data - head->fed, head->fed + n);
        return rc < 0 ? rc : (ssize_t)n;
}
