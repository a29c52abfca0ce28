/* How a stream answers: what its handler says is kept until nghttp2 takes it, as far as the client's windows are open. */
#include "http/http2_connection.h"

#include <eddy/tls.h>
#include <strings.h>

/* Why nothing can be sent on it any more; 0: it can. */
static int failure_of(const struct http2_stream *stream)
{
        if (stream->exchange.failure)
                return stream->exchange.failure;
        return stream->is_closed || !stream->connection->session ? -ECONNRESET : 0;
}

/* The client is to take what there is: in time. */
static void await_taking(struct http2_stream *stream)
{
        eddy_http_service *service = stream->connection->service;

        if (!deadline_runs(&stream->silence))
                deadline_start(&service->http2_streams, &stream->silence);
        if (service->http2_answers.delay > 0 && !stream->tunnel && !deadline_runs(&stream->answer))
                deadline_start(&service->http2_answers, &stream->answer);
}

/* Some has left. */
static void note_taken(struct http2_stream *stream, size_t n)
{
        eddy_http_exchange *exchange = &stream->exchange;

        stream->given += n;
        if (stream->tunnel && bytes_size(&stream->out) < HTTP2_OUT_MAX / 2)
                http2_tunnel_resume(stream->tunnel);
        if (exchange->is_full && bytes_size(&stream->out) < HTTP2_OUT_MAX / 2) {
                exchange->is_full = false;
                exchange_wake(exchange);
        }
        if (bytes_size(&stream->out) > 0)
                return;
        if (stream->awaited == AWAITS_NOTHING)
                deadline_stop(&stream->silence);
        if (stream->has_end)
                deadline_stop(&stream->answer);
}

/* What nobody says in HTTP/2: it is about connections. */
static bool is_of_connection(const char *name, size_t n)
{
        static const char *const names[] = {
            "Connection",        "Keep-Alive", "Proxy-Connection",
            "Transfer-Encoding", "Upgrade",    "Sec-WebSocket-Accept",
        };

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                if (strlen(names[i]) == n && strncasecmp(names[i], name, n) == 0)
                        return true;
        return false;
}

/* The headers of an answer, whose text stays where it is. */
struct fields {
        nghttp2_nv *all;
        size_t count;
        int64_t length; /* as Content-Length has it; -1: it is not there */
        bool says_close;
};

static void add_field(struct fields *fields, const char *name, size_t name_size, const char *value,
                      size_t value_size)
{
        fields->all[fields->count++] = (nghttp2_nv){
            .name = (uint8_t *)(uintptr_t)name,
            .namelen = name_size,
            .value = (uint8_t *)(uintptr_t)value,
            .valuelen = value_size,
        };
}

static int64_t number_of(const char *text, size_t n)
{
        int64_t number = 0;

        for (size_t i = 0; i < n; i++)
                number = 10 * number + (text[i] - '0');
        return number;
}

/* A line "Name: value". */
static void add_line(struct fields *fields, const char *line, size_t n)
{
        const char *colon = memchr(line, ':', n), *value = colon + 1, *end = line + n;
        size_t name_size = (size_t)(colon - line);

        while (value < end && (*value == ' ' || *value == '\t'))
                value++;
        while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
                end--;
        n = (size_t)(end - value);
        if (is_of_connection(line, name_size)) {
                fields->says_close |= name_size == 10 && n == 5 && strncasecmp(value, "close", 5) == 0;
                return;
        }
        if (name_size == 14 && strncasecmp(line, "Content-Length", 14) == 0)
                fields->length = number_of(value, n);
        add_field(fields, line, name_size, value, n);
}

/* Find the headers in lines that each end with CR LF, up to an empty one: 0 or -ENOMEM. Those that are found are freed by the
 * caller. `status` comes first, where it is not NULL. */
static int find_fields(struct fields *fields, const char *status, const char *text, size_t n)
{
        const char *end = text + n, *line_end;
        size_t most = 1;

        for (const char *at = text; (at = memchr(at, '\n', (size_t)(end - at))); at++)
                most++;
        *fields = (struct fields){.all = memory_alloc(most * sizeof *fields->all), .length = -1};
        if (!fields->all)
                return -ENOMEM;
        if (status)
                add_field(fields, ":status", 7, status, 3);
        for (; text < end; text = line_end + 2) {
                line_end = memchr(text, '\r', (size_t)(end - text));
                if (!line_end || line_end == text)
                        break;
                add_line(fields, text, (size_t)(line_end - text));
        }
        return 0;
}

static int result_of(int rc)
{
        return rc == 0 ? 0 : rc == NGHTTP2_ERR_NOMEM ? -ENOMEM : -ECONNRESET;
}

static int send_trailers(struct http2_stream *stream)
{
        struct fields fields;
        int rc = find_fields(&fields, NULL, stream->answer_trailers, stream->answer_trailers_size);

        if (rc < 0)
                return rc;
        rc = nghttp2_submit_trailer(stream->connection->session, stream->id, fields.all, fields.count);
        memory_free(fields.all);
        return result_of(rc);
}

/* nghttp2 asks for more of an answer's body. */
static ssize_t give(nghttp2_session *session, int32_t id, uint8_t *buffer, size_t most, uint32_t *flags,
                    nghttp2_data_source *source, void *self)
{
        struct http2_stream *stream = source->ptr;
        size_t n = bytes_size(&stream->out);

        (void)session;
        (void)id;
        (void)self;
        if (n == 0 && !stream->has_end) {
                stream->is_deferred = true;
                return NGHTTP2_ERR_DEFERRED;
        }
        if (n > most)
                n = most;
        if (n > 0)
                memcpy(buffer, stream->out.data + stream->out.start, n);
        bytes_drop(&stream->out, n);
        if (stream->has_end && bytes_size(&stream->out) == 0) {
                *flags |= NGHTTP2_DATA_FLAG_EOF;
                if (stream->answer_trailers) {
                        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
                        if (send_trailers(stream) < 0)
                                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
                }
        }
        note_taken(stream, n);
        return (ssize_t)n;
}

void http2_stream_tell_more(struct http2_stream *stream)
{
        if (stream->is_deferred) {
                stream->is_deferred = false;
                nghttp2_session_resume_data(stream->connection->session, stream->id);
        }
        stream->exchange.is_full = bytes_size(&stream->out) >= HTTP2_OUT_MAX;
        if (bytes_size(&stream->out) > 0)
                await_taking(stream);
        http2_schedule(stream->connection);
}

static int put(struct http2_stream *stream, const void *data, size_t n)
{
        int rc = bytes_put(&stream->out, data, n);

        if (rc < 0)
                return rc;
        if (stream->left >= 0)
                stream->left -= (int64_t)n;
        stream->has_end |= stream->left == 0;
        return 0;
}

static void plan_ending(eddy_http_exchange *exchange)
{
        (void)exchange;
}

static bool has_no_body(const eddy_http_exchange *exchange)
{
        int status = exchange->status;

        return status == HTTP_STATUS_NO_CONTENT || status == HTTP_STATUS_NOT_MODIFIED ||
               exchange->request->method == HTTP_HEAD;
}

/* Its head is of an answer, and not of one that comes before. */
static int begin_answer(struct http2_stream *stream, const struct fields *fields, const void *body, size_t n)
{
        const nghttp2_data_provider provider = {.source.ptr = stream, .read_callback = give};
        bool is_all;
        int rc;

        stream->left = fields->length;
        if (has_no_body(&stream->exchange)) { /* also where the request was not understood in full */
                stream->left = stream->exchange.sent = 0;
                n = 0;
        }
        rc = put(stream, body, n);
        if (rc < 0)
                return rc;
        is_all = stream->has_end && n == 0;
        rc = nghttp2_submit_response(stream->connection->session, stream->id, fields->all, fields->count,
                                     is_all ? NULL : &provider);
        if (rc == 0)
                http2_stream_tell_more(stream);
        return result_of(rc);
}

static int send_head(eddy_http_exchange *exchange, const void *body, size_t n)
{
        struct http2_stream *stream = http2_stream_of(exchange);
        const eddy_http_service *service = exchange->service;
        const char *text = service->head, *status = text + 9,
                   *lines = memchr(text, '\n', service->head_size) + 1;
        struct fields fields;
        int rc = failure_of(stream);

        if (rc == 0)
                rc = find_fields(&fields, status, lines, (size_t)(text + service->head_size - lines));
        if (rc < 0)
                return rc;
        if (status[0] == '1') {
                rc = result_of(nghttp2_submit_headers(stream->connection->session, NGHTTP2_FLAG_NONE,
                                                      stream->id, NULL, fields.all, fields.count, NULL));
                http2_schedule(stream->connection);
        } else {
                rc = begin_answer(stream, &fields, body, n);
        }
        if (fields.says_close && exchange->body_error == 0)
                http2_stop(stream->connection);
        memory_free(fields.all);
        return rc;
}

static int send_piece(eddy_http_exchange *exchange, const void *data, size_t n)
{
        struct http2_stream *stream = http2_stream_of(exchange);
        int rc = failure_of(stream);

        if (rc == 0)
                rc = put(stream, data, n);
        if (rc == 0)
                http2_stream_tell_more(stream);
        return rc;
}

static int end(eddy_http_exchange *exchange, const char *trailers, size_t n)
{
        struct http2_stream *stream = http2_stream_of(exchange);
        int rc = failure_of(stream);

        if (stream->has_end) /* it may be closed because the client has all of it */
                return stream->exchange.failure;
        if (rc < 0)
                return rc;
        if (n > 0) {
                stream->answer_trailers = memory_alloc(n);
                if (!stream->answer_trailers)
                        return -ENOMEM;
                memcpy(stream->answer_trailers, trailers, n);
                stream->answer_trailers_size = n;
        }
        stream->has_end = true;
        http2_stream_tell_more(stream);
        return 0;
}

static void abandon(eddy_http_exchange *exchange)
{
        struct http2_stream *stream = http2_stream_of(exchange);

        http2_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
        http2_schedule(stream->connection);
}

/* The body is read for the first time: a client that waits for leave has it. */
static int give_leave(struct http2_stream *stream)
{
        const nghttp2_nv status = {.name = (uint8_t *)(uintptr_t) ":status",
                                   .namelen = 7,
                                   .value = (uint8_t *)(uintptr_t) "100",
                                   .valuelen = 3};
        int rc;

        if (stream->has_continued)
                return 0;
        stream->has_continued = true;
        if (stream->exchange.answer != ANSWER_NONE)
                return 0;
        rc = nghttp2_submit_headers(stream->connection->session, NGHTTP2_FLAG_NONE, stream->id, NULL, &status,
                                    1, NULL);
        http2_schedule(stream->connection);
        return result_of(rc);
}

/* Nothing is there: why nothing will come, or EDDY_PENDING. */
static ssize_t await_body(struct http2_stream *stream)
{
        int rc = failure_of(stream);

        if (rc == 0 && stream->is_late)
                rc = -ETIMEDOUT;
        if (rc == 0)
                rc = give_leave(stream);
        return rc < 0 ? rc : EDDY_PENDING;
}

/* The handler has taken so many bytes: as many more may come. One that reads on has more of them on their way than one that may never
 * read, so that a fast client need not wait for each window. */
static void open_window(struct http2_stream *stream, size_t size)
{
        nghttp2_session *session = stream->connection->session;
        bool was_narrow = stream->taken < HTTP2_STREAM_WINDOW;

        stream->taken += size;
        if (failure_of(stream) < 0 || stream->has_ended)
                return;
        nghttp2_session_consume_stream(session, stream->id, size);
        if (was_narrow && stream->taken >= HTTP2_STREAM_WINDOW)
                nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, stream->id,
                                                      HTTP2_STREAM_WINDOW_WIDE);
        http2_schedule(stream->connection);
}

static ssize_t read_body(eddy_http_exchange *exchange, void *buffer, size_t n)
{
        struct http2_stream *stream = http2_stream_of(exchange);
        size_t most = exchange->service->options.max_body, size = bytes_size(&stream->in);

        if (stream->wants_tunnel)
                return 0;
        if (size == 0 && stream->has_ended) {
                exchange->trailers = stream->trailers.data;
                exchange->trailers_size = stream->trailers.end;
                return 0;
        }
        if (size == 0)
                return await_body(stream);
        if (most > 0 && stream->taken + size > most)
                return EDDY_ELIMIT;
        if (size > n)
                size = n;
        memcpy(buffer, stream->in.data + stream->in.start, size);
        bytes_drop(&stream->in, size);
        open_window(stream, size);
        return (ssize_t)size;
}

static void note_awaited(eddy_http_exchange *exchange, enum awaited what)
{
        struct http2_stream *stream = http2_stream_of(exchange);

        stream->awaited = what;
        if (what == AWAITS_BYTES || (what == AWAITS_ROOM && !deadline_runs(&stream->silence)))
                deadline_start(&exchange->service->http2_streams, &stream->silence);
        else if (what == AWAITS_NOTHING && bytes_size(&stream->out) == 0)
                deadline_stop(&stream->silence);
}

/* The head that was written is HTTP/1's; what of it is about WebSockets' way through that, others than those of HTTP/1 do not want to
 * see. */
static int accept_tunnel(struct http2_stream *stream)
{
        const nghttp2_data_provider provider = {.source.ptr = stream, .read_callback = give};
        const eddy_http_service *service = stream->exchange.service;
        const char *lines = (const char *)memchr(service->head, '\n', service->head_size) + 1;
        struct fields fields;
        int rc = find_fields(&fields, "200", lines, (size_t)(service->head + service->head_size - lines));

        if (rc < 0)
                return rc;
        rc = nghttp2_submit_response(stream->connection->session, stream->id, fields.all, fields.count,
                                     &provider);
        memory_free(fields.all);
        return result_of(rc);
}

/* What has come before. */
static void begin_tunnel(struct http2_stream *stream)
{
        size_t n = bytes_size(&stream->in);

        if (n > 0)
                http2_tunnel_take(stream->tunnel, stream->in.data + stream->in.start, n);
        bytes_drop(&stream->in, n);
        if (stream->has_ended)
                http2_tunnel_take_end(stream->tunnel);
        stream->left = -1;
        deadline_stop(&stream->silence);
        http2_schedule(stream->connection);
}

static int upgrade(eddy_http_exchange *exchange, eddy_stream **theirs)
{
        struct http2_stream *stream = http2_stream_of(exchange);
        int rc = failure_of(stream);

        if (!stream->wants_tunnel)
                return EDDY_ENOTSUP;
        if (rc == 0)
                rc = http2_tunnel_open(stream, theirs);
        if (rc < 0)
                return rc;
        rc = accept_tunnel(stream);
        if (rc < 0) {
                http2_tunnel_close(stream->tunnel);
                stream->was_tunnel = false; /* nobody else tells its handler when the client has gone */
                eddy_stream_destroy(*theirs);
                *theirs = NULL;
                return rc;
        }
        exchange->answer = ANSWER_ENDED;
        begin_tunnel(stream);
        return 0;
}

static int descriptor(const eddy_http_exchange *exchange)
{
        const struct http2 *connection = http2_stream_of(exchange)->connection;

        return connection->transport ? eddy_transport_fd(connection->transport) : -1;
}

static bool is_secure(const eddy_http_exchange *exchange)
{
        const struct http2 *connection = http2_stream_of(exchange)->connection;
        eddy_tls_info info;

        return connection->transport && eddy_transport_tls_info(connection->transport, &info) == 0;
}

static const char *peer(const eddy_http_exchange *exchange)
{
        struct http1 *entrance = http2_stream_of(exchange)->connection->entrance;

        http1_note_peer(entrance);
        return entrance->peer;
}

static void over(eddy_http_exchange *exchange)
{
        http2_stream_over(http2_stream_of(exchange));
}

const struct exchange_impl http2_exchange = {
    .version = "HTTP/2.0",
    .plan_ending = plan_ending,
    .send_head = send_head,
    .send = send_piece,
    .abandon = abandon,
    .end = end,
    .read = read_body,
    .await = note_awaited,
    .upgrade = upgrade,
    .fd = descriptor,
    .is_secure = is_secure,
    .peer = peer,
    .over = over,
};
