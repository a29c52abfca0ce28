/* HTTP/2 on the wire, as nghttp2's client sees it. */
#ifndef TESTS_HTTP_HTTP2_CLIENT_H
#define TESTS_HTTP_HTTP2_CLIENT_H

#include "helpers.h"

#include <nghttp2/nghttp2.h>

enum { STREAMS = 1000, BIG = 300 * 1000 };

/** What has come on a stream. */
struct reply {
        char status[4];
        char headers[1024]; /* "name: value\n" each, of all heads */
        unsigned heads;
        char start[64]; /* the body's first bytes */
        size_t size;
        bool has_ended; /* by END_STREAM */
        bool is_closed;
        uint32_t error;
};

/** A client. */
static struct client {
        nghttp2_session *session;
        bool is_told_to_go;
        uint32_t why;
        int32_t last;
        int32_t ended[16]; /* streams, in the order in which their answers did */
        unsigned ended_count;
        unsigned used;                 /* so many of the replies may be other than zero */
        struct reply replies[STREAMS]; /* by half of a stream's number */
} client;

/** What is to be sent together, so that it comes together. */
static struct {
        uint8_t bytes[64 * 1024];
        size_t size;
} outgoing;

static struct reply *reply_to(int32_t id)
{
        assert_in_range(id, 1, 2 * STREAMS - 1);
        if (client.used <= (unsigned)id / 2)
                client.used = (unsigned)id / 2 + 1;
        return &client.replies[id / 2];
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags, void *arg)
{
        struct reply *reply = reply_to(frame->hd.stream_id);
        size_t size = strlen(reply->headers);

        (void)session;
        (void)flags;
        (void)arg;
        if (name_size == 7 && memcmp(name, ":status", 7) == 0)
                memcpy(reply->status, value, 3);
        snprintf(reply->headers + size, sizeof reply->headers - size, "%.*s: %.*s\n", (int)name_size, name,
                 (int)value_size, value);
        return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
        (void)session;
        (void)arg;
        if (frame->hd.type == NGHTTP2_GOAWAY) {
                client.is_told_to_go = true;
                client.why = frame->goaway.error_code;
                client.last = frame->goaway.last_stream_id;
        }
        if (frame->hd.type == NGHTTP2_HEADERS)
                reply_to(frame->hd.stream_id)->heads++;
        if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
            frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
                reply_to(frame->hd.stream_id)->has_ended = true;
                client.ended[client.ended_count++ % 16] = frame->hd.stream_id;
        }
        return 0;
}

static bool holds_back;

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t n,
                   void *arg)
{
        struct reply *reply = reply_to(id);

        (void)flags;
        (void)arg;
        for (size_t i = 0; i < n && reply->size + i + 1 < sizeof reply->start; i++)
                reply->start[reply->size + i] = (char)data[i];
        reply->size += n;
        nghttp2_session_consume_connection(session, n);
        if (id != 1 || !holds_back)
                nghttp2_session_consume_stream(session, id, n);
        return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error, void *arg)
{
        (void)session;
        (void)arg;
        reply_to(id)->is_closed = true;
        reply_to(id)->error = error;
        return 0;
}

/** A client that speaks on a connection of the world's. */
static void prepare_client(void)
{
        nghttp2_session_callbacks *callbacks;
        nghttp2_option *option;

        memset(client.replies, 0, client.used * sizeof *client.replies);
        memset(&client, 0, offsetof(struct client, replies));
        holds_back = false;
        outgoing.size = 0;
        assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
        assert_int_equal(nghttp2_option_new(&option), 0);
        nghttp2_option_set_no_auto_window_update(option, 1);
        assert_int_equal(nghttp2_session_client_new2(&client.session, callbacks, NULL, option), 0);
        nghttp2_option_del(option);
        nghttp2_session_callbacks_del(callbacks);
        assert_int_equal(nghttp2_submit_settings(client.session, 0, NULL, 0), 0);
}

static inline void open_client(eddy_http_handler handler, const eddy_http_service_options *options)
{
        open_world(handler, options);
        prepare_client();
}

static inline void close_client(void)
{
        nghttp2_session_del(client.session);
        close_world();
        give_way(); /* handlers that were cancelled end */
}

static void send_gathered(void)
{
        if (outgoing.size > 0)
                eddy_stream_write_all(world.stream, outgoing.bytes, outgoing.size);
        outgoing.size = 0;
}

/** Have ready what there is to be sent by now, in this order. */
static void gather_frames(void)
{
        const uint8_t *data;
        ssize_t n;

        while ((n = nghttp2_session_mem_send(client.session, &data)) > 0) {
                if (outgoing.size + (size_t)n > sizeof outgoing.bytes)
                        send_gathered();
                memcpy(outgoing.bytes + outgoing.size, data, (size_t)n);
                outgoing.size += (size_t)n;
        }
        assert_int_equal(n, 0);
}

static void send_frames(void)
{
        gather_frames();
        send_gathered();
}

/** Take what comes next; false: the connection has ended. */
static bool listen_on(void)
{
        static char buffer[16 * 1024];
        ssize_t n = eddy_stream_read(world.stream, buffer, sizeof buffer);

        if (n <= 0)
                return false;
        assert_int_equal(nghttp2_session_mem_recv(client.session, (const uint8_t *)buffer, (size_t)n), n);
        return true;
}

/** Likewise, and send before that. */
static inline bool go_on(void)
{
        send_frames();
        return listen_on();
}

/** What is sent may be what the condition needs. */
#define go_on_until(condition)                                                                                 \
        for (send_frames(); !(condition); send_frames())                                                       \
        assert_true(go_on())

static nghttp2_nv field(const char *name, const char *value)
{
        return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                            strlen(value), 0};
}

/** A body that is sent: so many bytes, and a trailer behind them. */
struct upload {
        const char *bytes; /* NULL: any */
        size_t left;
        bool has_trailer, pauses;
};

static ssize_t give(nghttp2_session *session, int32_t id, uint8_t *buffer, size_t n, uint32_t *flags,
                    nghttp2_data_source *source, void *arg)
{
        struct upload *upload = source->ptr;
        const nghttp2_nv trailer = field("sum", "42");

        (void)arg;
        if (n > upload->left)
                n = upload->left;
        if (n == 0 && upload->pauses)
                return NGHTTP2_ERR_DEFERRED;
        memset(buffer, 'u', n);
        if (upload->bytes) {
                memcpy(buffer, upload->bytes, n);
                upload->bytes += n;
        }
        upload->left -= n;
        if (upload->left > 0 || upload->pauses)
                return (ssize_t)n;
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (upload->has_trailer) {
                *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
                assert_int_equal(nghttp2_submit_trailer(session, id, &trailer, 1), 0);
        }
        return (ssize_t)n;
}

/** Ask, with up to four further headers, the last with a NULL behind it: the stream's number. */
static inline int32_t ask(const char *method, const char *path, const char *const *headers,
                          struct upload *upload)
{
        nghttp2_nv all[8] = {field(":method", method), field(":scheme", "http"),
                             field(":authority", "example.org"), field(":path", path)};
        nghttp2_data_provider provider = {.source.ptr = upload, .read_callback = give};
        size_t count = 4;
        int32_t id;

        for (; headers && *headers; headers += 2)
                all[count++] = field(headers[0], headers[1]);
        id = nghttp2_submit_request(client.session, NULL, all, count, upload ? &provider : NULL, NULL);
        assert_true(id > 0);
        return id;
}

static inline const struct reply *answer_to(int32_t id)
{
        go_on_until(reply_to(id)->is_closed);
        return reply_to(id);
}

/** Says what it was asked. */
static inline int describe(eddy_http_exchange *exchange, void *arg)
{
        const char *cookie = eddy_http_exchange_header(exchange, "Cookie");
        char text[256];
        int n = snprintf(text, sizeof text, "%s %s %s %s", eddy_http_exchange_method(exchange),
                         eddy_http_exchange_target(exchange), eddy_http_exchange_header(exchange, "Host"),
                         cookie ? cookie : "-");

        (void)arg;
        return eddy_http_reply(exchange, &(eddy_http_answer){
                                             .body = text,
                                             .body_size = (size_t)n,
                                             .headers = (const char *const[]){"X-Color: blue", NULL},
                                         });
}

static inline int big(eddy_http_exchange *exchange, void *arg)
{
        static char body[BIG];

        (void)arg;
        memset(body, 'b', sizeof body);
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = body, .body_size = sizeof body});
}

static bool was_cancelled;

static inline int wait_until_cancelled(eddy_http_exchange *exchange, void *arg)
{
        int rc;

        if (strcmp(eddy_http_exchange_target(exchange), "/ever") != 0)
                return describe(exchange, arg);
        has_begun = true;
        rc = eddy_sleep(EDDY_FOREVER);
        was_cancelled = rc == EDDY_CANCELLED;
        return rc;
}

/** Takes a body whole before it says anything. */
static inline int take(eddy_http_exchange *exchange, void *arg)
{
        char *body;
        ssize_t n = eddy_http_exchange_read_all(exchange, &body, BIG);
        int rc;

        (void)arg;
        if (n < 0)
                return (int)n;
        rc = eddy_http_reply(exchange, &(eddy_http_answer){.body = body, .body_size = (size_t)n});
        eddy_free(body);
        return rc;
}

#endif
