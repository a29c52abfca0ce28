/* Requests are parsed by llhttp; here its callbacks become spans. It pauses behind the head, so that whoever
 * reads decides what happens to a body. What its versions let pass that the standard forbids is found in strict.c. */
#include "http/parser.h"

#include "http/strict.h"
#include <eddy/error.h>
#include <string.h>
#include <strings.h>

static struct http_parser *parser_of(llhttp_t *llhttp)
{
        return (struct http_parser *)(void *)((char *)llhttp - offsetof(struct http_parser, llhttp));
}

/* A span that reaches over two pieces is reported twice, in stretches that adjoin. One that goes on elsewhere is a line
 * that was folded. */
static int extend(struct http_parser *parser, struct http_span *span, const char *at, size_t n)
{
        uint32_t start = (uint32_t)(parser->fed + (size_t)(at - parser->piece));

        if (span->size == 0)
                span->at = start;
        if (span->at + span->size != start) {
                parser->request.status = HTTP_STATUS_BAD_REQUEST;
                return HPE_USER;
        }
        span->size += (uint32_t)n;
        return 0;
}

static int on_target(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *parser = parser_of(llhttp);

        return extend(parser, &parser->request.target, at, n);
}

static int on_name(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *parser = parser_of(llhttp);
        struct http_request *request = &parser->request;

        if (parser->is_in_value || request->header_count == 0) {
                if (request->header_count == request->headers_max) {
                        request->status = HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE;
                        return HPE_USER;
                }
                request->headers[request->header_count++] = (struct http_header){0};
                parser->is_in_value = false;
        }
        return extend(parser, &request->headers[request->header_count - 1].name, at, n);
}

static int on_value(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *parser = parser_of(llhttp);
        struct http_request *request = &parser->request;

        if (request->header_count == 0) { /* of a line that begins with its colon */
                request->status = HTTP_STATUS_BAD_REQUEST;
                return HPE_USER;
        }
        parser->is_in_value = true;
        return extend(parser, &request->headers[request->header_count - 1].value, at, n);
}

static int on_head_complete(llhttp_t *llhttp)
{
        struct http_request *request = &parser_of(llhttp)->request;

        request->method = llhttp->method;
        request->minor = llhttp->http_minor;
        /* In HTTP/1.0 llhttp lets keep-alive prevail over a close beside it. */
        request->keeps_alive = llhttp_should_keep_alive(llhttp) && !(llhttp->flags & F_CONNECTION_CLOSE);
        request->wants_upgrade = llhttp->flags & F_CONNECTION_UPGRADE;
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
        parser->request.minor = 1; /* as long as it is not known */
        parser->fed = 0;
        parser->is_in_value = false;
}

/* Whether the n bytes there are can be a request's: its method is a token, though none that llhttp knows. */
static bool begins_with_method(const char *head, size_t n)
{
        size_t at = 0;

        while (at < n && http_is_token_byte(head[at]))
                at++;
        return at > 0 && (at == n || head[at] == ' ');
}

static int status_of(const struct http_parser *parser, llhttp_errno_t error, size_t n)
{
        switch (error) {
        case HPE_INVALID_METHOD:
                return begins_with_method(parser->piece - parser->fed, parser->fed + n)
                           ? HTTP_STATUS_NOT_IMPLEMENTED
                           : HTTP_STATUS_BAD_REQUEST;
        case HPE_INVALID_VERSION:
        case HPE_PAUSED_H2_UPGRADE:
                return HTTP_STATUS_HTTP_VERSION_NOT_SUPPORTED;
        default:
                return HTTP_STATUS_BAD_REQUEST;
        }
}

/* A head is n bytes; llhttp has found its end. 0, or what to answer. */
static int check(struct http_parser *parser, const char *head, size_t n)
{
        struct http_request *request = &parser->request;
        int status = http_check_layout(request, head, n);

        if (status == 0 && parser->llhttp.http_major != 1)
                status = HTTP_STATUS_HTTP_VERSION_NOT_SUPPORTED;
        return status ? status : http_check_meaning(request, head);
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
        if (error == HPE_PAUSED) {
                n = (size_t)(llhttp_get_error_pos(&parser->llhttp) - data);
                request->status = check(parser, data - parser->fed, parser->fed + n);
        } else if (request->status == 0) {
                request->status = status_of(parser, error, n);
        }
        return request->status ? EDDY_EPROTOCOL : (ssize_t)n;
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

int64_t http_request_length(const struct http_request *request, const char *head)
{
        const struct http_span *value = http_request_field(request, FIELD_CONTENT_LENGTH);
        int64_t length = 0;

        if (http_request_field(request, FIELD_TRANSFER_ENCODING))
                return -1;
        for (uint32_t i = 0; value && i < value->size; i++)
                length = 10 * length + (http_text(head, *value)[i] - '0');
        return length;
}

enum http_expectation http_request_expectation(const struct http_request *request, const char *head)
{
        const struct http_span *value = http_request_field(request, FIELD_EXPECT);

        if (!value || request->minor == 0)
                return EXPECTS_NOTHING;
        return http_is_text(http_text(head, *value), value->size, "100-continue") ? EXPECTS_LEAVE
                                                                                  : EXPECTS_MORE;
}
