/* The head of a request as HTTP/2 has it becomes one as HTTP/1 would have it, in a text of names and values with a NUL behind each.
 * nghttp2 has seen to it that pseudo headers come first, once each, and that nothing is there which speaks of a connection. */
#include "http/http2_connection.h"
#include "http/strict.h"
#include <strings.h>

static bool is(const char *text, size_t n, const char *name)
{
        return strlen(name) == n && memcmp(text, name, n) == 0;
}

/* Note a text: 0, -ENOMEM, or -E2BIG. */
static int put_text(struct http2_stream *stream, const char *text, size_t n, struct http_span *span)
{
        struct bytes *head = &stream->head;
        int rc;

        if (head->end + n + 1 > stream->connection->head_max)
                return -E2BIG;
        *span = (struct http_span){(uint32_t)head->end, (uint32_t)n};
        rc = bytes_put(head, text, n);
        return rc < 0 ? rc : bytes_put(head, "", 1);
}

static int find_method(const char *name, size_t n)
{
        static const struct {
                const char *name;
                int method;
        } methods[] = {
#define METHOD(number, name, string) {#string, HTTP_##name},
            HTTP_METHOD_MAP(METHOD)
#undef METHOD
        };

        for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
                if (is(name, n, methods[i].name))
                        return methods[i].method;
        return -1;
}

static struct http_header *find(struct http2_stream *stream, const char *name)
{
        struct http_request *request = &stream->request;

        for (unsigned i = 0; i < request->header_count; i++)
                if (is(stream->head.data + request->headers[i].name.at, request->headers[i].name.size, name))
                        return &request->headers[i];
        return NULL;
}

static int add_header(struct http2_stream *stream, const char *name, size_t name_size, const char *value,
                      size_t value_size)
{
        struct http_request *request = &stream->request;
        struct http_header *header = &request->headers[request->header_count];
        int rc;

        if (request->header_count == request->headers_max)
                return -E2BIG;
        rc = put_text(stream, name, name_size, &header->name);
        if (rc == 0)
                rc = put_text(stream, value, value_size, &header->value);
        if (rc == 0)
                request->header_count++;
        return rc;
}

/* A host that is named twice is named alike. */
static int add_host(struct http2_stream *stream, const char *value, size_t n)
{
        const struct http_header *host = find(stream, "host");

        if (!host)
                return add_header(stream, "host", 4, value, n);
        if (host->value.size != n || strncasecmp(stream->head.data + host->value.at, value, n) != 0)
                stream->request.status = HTTP_STATUS_BAD_REQUEST;
        return 0;
}

/* Clients may have cookies in several lines, for their compression's sake; HTTP/1 knows one. */
static int add_cookie(struct http2_stream *stream, const char *value, size_t n)
{
        struct http_header *cookie = find(stream, "cookie");
        struct bytes *head = &stream->head;
        size_t before;
        int rc;

        if (!cookie)
                return add_header(stream, "cookie", 6, value, n);
        before = cookie->value.size;
        if (head->end + before + n + 3 > stream->connection->head_max)
                return -E2BIG;
        if (cookie->value.at + before + 1 == head->end) {
                head->end--;
        } else {
                char *copy = memory_alloc(before + 1);

                if (!copy)
                        return -ENOMEM;
                memcpy(copy, head->data + cookie->value.at, before);
                cookie->value.at = (uint32_t)head->end;
                rc = bytes_put(head, copy, before);
                memory_free(copy);
                if (rc < 0)
                        return rc;
        }
        rc = bytes_put(head, "; ", 2);
        if (rc == 0)
                rc = bytes_put(head, value, n);
        cookie->value.size = (uint32_t)(before + 2 + n);
        return rc < 0 ? rc : bytes_put(head, "", 1);
}

static int add_pseudo_header(struct http2_stream *stream, const char *name, size_t name_size, const char *value,
                             size_t value_size)
{
        struct http_request *request = &stream->request;

        if (is(name, name_size, ":path"))
                return put_text(stream, value, value_size, &request->target);
        if (is(name, name_size, ":protocol")) {
                stream->wants_tunnel = true;
                if (!is(value, value_size, "websocket"))
                        request->status = HTTP_STATUS_NOT_IMPLEMENTED;
        }
        if (is(name, name_size, ":authority"))
                return add_host(stream, value, value_size);
        if (is(name, name_size, ":method")) {
                int method = find_method(value, value_size);

                if (method < 0)
                        request->status = HTTP_STATUS_NOT_IMPLEMENTED;
                else
                        request->method = method;
        }
        return 0;
}

/* A few bytes can stand for very many headers, and each costs time by its length. */
static int pass_over_header(struct http2_stream *stream, size_t size)
{
        struct http2 *connection = stream->connection;

        http2_count_nuisance(connection, NUISANCE_FRAME + (unsigned)(size / HEADER_BYTES));
        stream->head_rest += size;
        return (stream->head.end + stream->head_rest) / 2 > connection->head_max ? -E2BIG : 0;
}

int http2_request_add(struct http2_stream *stream, const char *name, size_t name_size, const char *value,
                      size_t value_size)
{
        struct http_request *request = &stream->request;
        int rc;

        if (request->status && !is(name, name_size, ":method"))
                return pass_over_header(stream, name_size + value_size);
        if (name[0] == ':')
                rc = add_pseudo_header(stream, name, name_size, value, value_size);
        else if (is(name, name_size, "host"))
                rc = add_host(stream, value, value_size);
        else if (is(name, name_size, "cookie"))
                rc = add_cookie(stream, value, value_size);
        else
                rc = add_header(stream, name, name_size, value, value_size);
        if (rc != -E2BIG)
                return rc;
        request->status = HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE;
        return 0;
}

/* As HTTP/1 asks for a WebSocket, so that handlers need know of one way only: 0, or what to answer. What is the key in it stands for
 * nothing here (RFC 8441, 5). */
static int ask_for_websocket(struct http2_stream *stream)
{
        static const char *const lines[][2] = {
            {"connection", "Upgrade"},
            {"upgrade", "websocket"},
            {"sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="},
        };
        int rc = 0;

        for (size_t i = 0; i < sizeof lines / sizeof *lines && rc == 0; i++)
                if (!find(stream, lines[i][0]))
                        rc = add_header(stream, lines[i][0], strlen(lines[i][0]), lines[i][1],
                                        strlen(lines[i][1]));
        stream->request.method = HTTP_GET;
        stream->request.wants_upgrade = true;
        if (rc == -E2BIG)
                return HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE;
        return rc < 0 ? HTTP_STATUS_SERVICE_UNAVAILABLE : 0;
}

int http2_request_check(struct http2_stream *stream)
{
        struct http_request *request = &stream->request;
        size_t most = stream->connection->service->options.max_body;
        const char *head;
        bool has_body = request->has_body; /* as far as its end did not come with the head */
        enum http_expectation expectation;
        int64_t length;

        request->minor = 1; /* the abilities of a client of HTTP/1.1 */
        request->keeps_alive = true;
        if (request->status == 0 && stream->wants_tunnel)
                request->status = ask_for_websocket(stream);
        if (stream->head.data) /* no sooner, for what was added may have moved it */
                stream->exchange.head = stream->head.data;
        head = stream->exchange.head;
        if (request->status == 0)
                request->status = http_check_meaning(request, head);
        /* A tunnel has no body, and who is behind a proxy would wait for one that was promised. */
        if (request->status == 0 && stream->wants_tunnel && http_request_field(request, FIELD_CONTENT_LENGTH))
                request->status = HTTP_STATUS_BAD_REQUEST;
        if (request->status)
                return request->status;
        expectation = http_request_expectation(request, head);
        length = http_request_length(request, head);
        if (!http_request_field(request, FIELD_CONTENT_LENGTH))
                length = has_body && !stream->wants_tunnel ? -1 : 0;
        request->has_body = length != 0;
        stream->has_continued = expectation == EXPECTS_NOTHING;
        stream->exchange.body_length = length;
        if (most > 0 && length > 0 && (uint64_t)length > most)
                return HTTP_STATUS_PAYLOAD_TOO_LARGE;
        return expectation == EXPECTS_MORE ? HTTP_STATUS_EXPECTATION_FAILED : 0;
}
