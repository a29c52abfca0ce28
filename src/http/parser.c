/* Requests are parsed by llhttp; here its callbacks become spans. It pauses behind the head, so that whoever
 * reads decides what happens to a body. */
#include "http/parser.h"

#include <eddy/error.h>
#include <string.h>
#include <strings.h>

static struct http_parser *parser_of(llhttp_t *llhttp)
{
        return (struct http_parser *)(void *)((char *)llhttp - offsetof(struct http_parser, llhttp));
}

/* A span that reaches over two pieces is reported twice. */
static void extend(const struct http_parser *parser, struct http_span *span, const char *at, size_t n)
{
        uint32_t start = (uint32_t)(parser->fed + (size_t)(at - parser->piece));

        if (span->size == 0)
                span->at = start;
        span->size = start + (uint32_t)n - span->at;
}

static int on_target(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *parser = parser_of(llhttp);

        extend(parser, &parser->request.target, at, n);
        return 0;
}

static int on_name(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *parser = parser_of(llhttp);
        struct http_request *request = &parser->request;

        if (parser->is_in_value || request->header_count == 0) {
                if (request->header_count == HTTP_HEADERS_MAX) {
                        request->status = HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE;
                        return HPE_USER;
                }
                request->headers[request->header_count++] = (struct http_header){0};
                parser->is_in_value = false;
        }
        extend(parser, &request->headers[request->header_count - 1].name, at, n);
        return 0;
}

static int on_value(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *parser = parser_of(llhttp);
        struct http_request *request = &parser->request;

        parser->is_in_value = true;
        extend(parser, &request->headers[request->header_count - 1].value, at, n);
        return 0;
}

static int on_head_complete(llhttp_t *llhttp)
{
        struct http_request *request = &parser_of(llhttp)->request;

        request->method = llhttp->method;
        request->minor = llhttp->http_minor;
        request->keeps_alive = llhttp_should_keep_alive(llhttp);
        request->has_body = (llhttp->flags & F_CHUNKED) || llhttp->content_length > 0;
        return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_target,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_head_complete,
};

void http_parser_begin(struct http_parser *parser)
{
        llhttp_init(&parser->llhttp, HTTP_REQUEST, &settings);
        parser->request.target = (struct http_span){0};
        parser->request.header_count = 0;
        parser->request.status = 0;
        parser->fed = 0;
        parser->is_in_value = false;
}

static int status_of(llhttp_errno_t error)
{
        switch (error) {
        case HPE_INVALID_METHOD:
                return HTTP_STATUS_NOT_IMPLEMENTED;
        case HPE_INVALID_VERSION:
        case HPE_PAUSED_H2_UPGRADE:
                return HTTP_STATUS_HTTP_VERSION_NOT_SUPPORTED;
        default:
                return HTTP_STATUS_BAD_REQUEST;
        }
}

/* What llhttp lets pass: RFC 9112 demands Host of HTTP/1.1, "HTTP/0.9" has no headers to answer to, and a
 * blank in a header's name hides it from one of two servers in a row. */
static int check(const struct http_parser *parser, const char *head)
{
        const struct http_request *request = &parser->request;
        struct http_span host;

        for (unsigned i = 0; i < request->header_count; i++)
                if (memchr(http_text(head, request->headers[i].name), ' ', request->headers[i].name.size))
                        return HTTP_STATUS_BAD_REQUEST;
        if (parser->llhttp.http_major != 1)
                return HTTP_STATUS_HTTP_VERSION_NOT_SUPPORTED;
        if (request->minor > 0 && !http_request_header(request, head, "host", &host))
                return HTTP_STATUS_BAD_REQUEST;
        return 0;
}

ssize_t http_parser_feed(struct http_parser *parser, const char *data, size_t n)
{
        struct http_request *request = &parser->request;
        llhttp_errno_t error;

        parser->piece = data;
        error = llhttp_execute(&parser->llhttp, data, n);
        if (error == HPE_OK) {
                parser->fed += n;
                return 0;
        }
        if (error == HPE_PAUSED)
                request->status = check(parser, data - parser->fed);
        else if (request->status == 0)
                request->status = status_of(error);
        return request->status ? EDDY_EPROTOCOL : llhttp_get_error_pos(&parser->llhttp) - data;
}

bool http_request_header(const struct http_request *request, const char *head, const char *name,
                         struct http_span *value)
{
        size_t size = strlen(name);

        for (unsigned i = 0; i < request->header_count; i++) {
                const struct http_header *header = &request->headers[i];

                if (header->name.size == size && strncasecmp(http_text(head, header->name), name, size) == 0) {
                        *value = header->value;
                        return true;
                }
        }
        return false;
}
