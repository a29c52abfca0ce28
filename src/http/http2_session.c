/* What nghttp2 calls. It may not be asked to receive or to send meanwhile, so this only notes what has come; see http2.c. */
#include "base/list.h"
#include "http/http2_connection.h"

static struct http2_stream *stream_of(nghttp2_session *session, int32_t id)
{
        return nghttp2_session_get_stream_user_data(session, id);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *self)
{
        struct http2 *connection = self;
        struct http2_stream *stream;

        if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
                return 0;
        if (connection->has_left) /* the client is told that it was not taken, or will be */
                return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                                 NGHTTP2_REFUSED_STREAM);
        if (connection->stream_count / 2 >=
            connection->streams_max) { /* with those whose handlers are still at it */
                http2_count_nuisance(connection, NUISANCE_STREAM);
                return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                                 NGHTTP2_REFUSED_STREAM);
        }
        stream = memory_zalloc(sizeof *stream + connection->service->headers_size);
        if (!stream)
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        http_request_init(&stream->request, connection->service->options.max_headers, stream + 1);
        stream->connection = connection;
        stream->id = connection->coming = frame->hd.stream_id;
        list_append(&connection->streams, &stream->link);
        connection->stream_count++;
        return nghttp2_session_set_stream_user_data(session, stream->id, stream);
}

/* A line of those behind the body: 0, -ENOMEM or -E2BIG. */
static int add_trailer(struct http2_stream *stream, const char *name, size_t name_size, const char *value,
                       size_t value_size)
{
        struct bytes *trailers = &stream->trailers;
        int rc;

        if (trailers->end + name_size + value_size + 3 > stream->connection->head_max)
                return -E2BIG;
        rc = bytes_put(trailers, name, name_size);
        if (rc == 0)
                rc = bytes_put(trailers, ": ", 2);
        if (rc == 0)
                rc = bytes_put(trailers, value, value_size);
        return rc < 0 ? rc : bytes_put(trailers, "", 1);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags, void *self)
{
        struct http2_stream *stream = stream_of(session, frame->hd.stream_id);
        int rc;

        (void)flags;
        (void)self;
        if (!stream || frame->hd.type != NGHTTP2_HEADERS)
                return 0;
        if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
                rc = http2_request_add(stream, (const char *)name, name_size, (const char *)value, value_size);
        else
                rc = add_trailer(stream, (const char *)name, name_size, (const char *)value, value_size);
        return rc < 0 ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

/* A client that has no say in what comes first gets some of each answer at a time, as RFC 9218 would have it for those it calls
 * incremental: by its default a small one waits for a large one that was asked for before. */
static void share_alike(struct http2 *connection, const struct http2_stream *stream)
{
        const nghttp2_extpri alike = {.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 1};
        struct http_span value;

        if (http_request_header(&stream->request, stream->head.data, "priority", &value))
                connection->has_priorities = true;
        if (!connection->has_priorities)
                nghttp2_session_change_extpri_stream_priority(connection->session, stream->id, &alike, 0);
}

static void note_request(struct http2 *connection, struct http2_stream *stream, bool has_body)
{
        connection->coming = 0;
        deadline_stop(&stream->silence);
        stream->is_whole = true;
        stream->request.has_body = has_body;
        list_append(&connection->ready, &stream->state);
        share_alike(connection, stream);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *self)
{
        struct http2 *connection = self;
        struct http2_stream *stream;

        if (frame->hd.type == NGHTTP2_PING && frame->hd.flags & NGHTTP2_FLAG_ACK && connection->is_stopping)
                http2_leave(connection);
        if (frame->hd.type == NGHTTP2_PRIORITY_UPDATE)
                connection->has_priorities = true;
        if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
                return 0;
        stream = stream_of(session, frame->hd.stream_id);
        if (frame->hd.type == NGHTTP2_DATA && frame->hd.length > frame->data.padlen)
                http2_make_up(connection, NUISANCE_FRAME);
        if (!stream)
                return 0;
        if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
                stream->has_ended = true;
                exchange_wake(&stream->exchange);
                if (stream->tunnel)
                        http2_tunnel_take_end(stream->tunnel);
        }
        if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
                note_request(connection, stream, !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM));
        return 0;
}

/* What is wrong with a stream that we know costs when it is closed. */
static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error, void *self)
{
        if (stream_of(session, frame->hd.stream_id))
                return 0;
        if (error == NGHTTP2_ERR_REFUSED_STREAM) /* it knows nothing more of it from now on */
                http2_note_reset(self, frame->hd.stream_id);
        http2_count_nuisance(self, NUISANCE_STREAM);
        return 0;
}

/* The connection's window is for all streams, so it opens at once; a stream's own when its handler has taken the bytes. */
static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t n,
                   void *self)
{
        struct http2_stream *stream = stream_of(session, id);

        (void)flags;
        (void)self;
        nghttp2_session_consume_connection(session, n);
        if (!stream)
                return 0;
        if (stream->tunnel) {
                http2_tunnel_take(stream->tunnel, data, n);
                return 0;
        }
        if (bytes_put(&stream->in, data, n) < 0)
                return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
        exchange_wake(&stream->exchange);
        http2_pass_over(stream);
        return 0;
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *self)
{
        struct http2_stream *stream = stream_of(session, frame->hd.stream_id);
        struct http2 *connection = self;

        if (frame->hd.type == NGHTTP2_RST_STREAM)
                http2_note_reset(connection, frame->hd.stream_id);
        if (frame->hd.type == NGHTTP2_GOAWAY)
                http2_ask_whether_it_knows(connection);
        if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
                return 0;
        if (frame->hd.type == NGHTTP2_DATA &&
            (frame->hd.length >= DRIBBLE || !stream || bytes_size(&stream->out) == 0))
                http2_make_up(connection, WORTH_DATA + (unsigned)frame->hd.length / WORTH_BYTES);
        if (stream && frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
                stream->has_sent_end = true;
                http2_pass_over(stream);
        }
        return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *self)
{
        struct http2_stream *stream = stream_of(session, id);

        (void)error;
        (void)self;
        if (stream)
                http2_stream_closed(stream);
        return 0;
}

/* nghttp2 has bounds of its own for some of what brings nothing, which know nothing of what else a client does: nobody meets them before
 * http2_max_nuisance. */
static void leave_nuisance_to_us(const struct http2 *connection, nghttp2_option *options)
{
        nghttp2_option_set_max_outbound_ack(options, connection->nuisance_max);
#ifdef HAVE_NGHTTP2_RESET_LIMIT
        nghttp2_option_set_stream_reset_rate_limit(options, connection->nuisance_max, connection->nuisance_max);
#endif
}

/* Memory is nghttp2's own affair: where one allocation of its own fails and later ones do not, nghttp2_session_del() may abort
 * (1.52), so an allocator of a user's that says no is not asked. */
static nghttp2_session *make(struct http2 *connection, nghttp2_session_callbacks *callbacks,
                             nghttp2_option *options)
{
        nghttp2_session *session;

        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
        nghttp2_option_set_no_auto_window_update(options, 1);
        nghttp2_option_set_no_closed_streams(options, 1);
        leave_nuisance_to_us(connection, options);
        nghttp2_option_set_builtin_recv_extension_type(options, NGHTTP2_PRIORITY_UPDATE);
        return nghttp2_session_server_new2(&session, callbacks, connection, options) == 0 ? session : NULL;
}

static int greet(const struct http2 *connection, nghttp2_session *session)
{
        const nghttp2_settings_entry settings[] = {
            {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, connection->streams_max},
            {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)connection->head_max},
            {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
            {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
        };
        int rc =
            nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, sizeof settings / sizeof *settings);

        return rc ? rc : nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, HTTP2_WINDOW);
}

nghttp2_session *http2_session_create(struct http2 *connection)
{
        nghttp2_session_callbacks *callbacks = NULL;
        nghttp2_option *options = NULL;
        nghttp2_session *session = NULL;

        if (nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&options) == 0)
                session = make(connection, callbacks, options);
        nghttp2_session_callbacks_del(callbacks);
        nghttp2_option_del(options);
        if (session && greet(connection, session) != 0) {
                nghttp2_session_del(session);
                session = NULL;
        }
        return session;
}
