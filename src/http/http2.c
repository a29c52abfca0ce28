#include "http/http2.h"

#include "base/list.h"
#include "http/head.h"
#include "http/http2_connection.h"
#include <eddy/tls.h>

enum {
        GOODBYE_MS = 1000,         /* for a client to know that it is to open no more streams */
        FORGOTTEN_MS = 100 * 1000, /* in which all nuisance is */
};

const char *const *eddy_http_alpn(void)
{
        static const char *const versions[] = {"h2", "http/1.1", NULL};

        return versions;
}

enum http2_sign http2_recognize(const eddy_transport *transport, const char *data, size_t n)
{
        eddy_tls_info info;

        if (eddy_transport_tls_info(transport, &info) == 0 && info.alpn)
                return strcmp(info.alpn, "h2") == 0 ? HTTP2_YES : HTTP2_NO;
        if (n >= NGHTTP2_CLIENT_MAGIC_LEN)
                return memcmp(data, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN) == 0 ? HTTP2_YES : HTTP2_NO;
        return memcmp(data, NGHTTP2_CLIENT_MAGIC, n) == 0 ? HTTP2_PERHAPS : HTTP2_NO;
}

/* The client has all its time to bring a request. */
static void start_idling(struct http2 *connection)
{
        eddy_http_service *service = connection->service;

        deadline_start(service->idle_time == &service->silent ? &service->http2_silent : &service->http2_idle,
                       &connection->silence);
}

void http2_stream_free(struct http2_stream *stream)
{
        struct http2 *connection = stream->connection;

        deadline_stop(&stream->silence);
        deadline_stop(&stream->answer);
        if (stream->tunnel)
                http2_tunnel_close(stream->tunnel);
        if (list_is_linked(&stream->state))
                list_remove(&stream->state);
        list_remove(&stream->link);
        connection->stream_count--;
        if (connection->session)
                nghttp2_session_set_stream_user_data(connection->session, stream->id, NULL);
        memory_free(stream->head.data);
        memory_free(stream->trailers.data);
        memory_free(stream->in.data);
        memory_free(stream->out.data);
        memory_free(stream->answer_trailers);
        memory_free(stream);
        if (connection->stream_count == 0 && connection->transport && !connection->is_ending)
                start_idling(connection);
}

static void destroy(struct http2 *connection)
{
        struct http1 *entrance = connection->entrance;

        eddy_handle_cancel(&connection->turn);
        deadline_stop(&connection->silence);
        deadline_stop(&connection->goodbye);
        memory_free(connection);
        entrance->http2 = NULL;
        http1_destroy(entrance);
}

/* Who is told to send no more by RST_STREAM may take that for a failure, whatever the answer was, so it is for those alone who send
 * much, or nothing. */
void http2_pass_over(struct http2_stream *stream)
{
        struct http2 *connection = stream->connection;
        size_t n = bytes_size(&stream->in);

        if (!stream->has_sent_end || stream->has_ended || stream->is_answering || stream->is_closed)
                return;
        bytes_drop(&stream->in, n);
        stream->dropped += n;
        if (stream->dropped > connection->service->options.max_unread_body)
                nghttp2_submit_rst_stream(connection->session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR);
        else
                nghttp2_session_consume_stream(connection->session, stream->id, n);
        if (!deadline_runs(&stream->silence))
                deadline_start(&connection->service->http2_streams, &stream->silence);
}

void http2_make_up(struct http2 *connection, unsigned worth)
{
        connection->nuisance -= worth < connection->nuisance ? worth : connection->nuisance;
}

static void forget_some_nuisance(struct http2 *connection)
{
        eddy_time now = eddy_loop_time(eddy_running_loop());
        int64_t worth = (now - connection->pardoned) / eddy_ms(1) * connection->nuisance_max / FORGOTTEN_MS;

        if (worth == 0)
                return;
        http2_make_up(connection, worth < connection->nuisance ? (unsigned)worth : connection->nuisance);
        connection->pardoned = now;
}

void http2_count_nuisance(struct http2 *connection, unsigned cost)
{
        connection->nuisance += cost;
        if (connection->nuisance >= connection->nuisance_max)
                forget_some_nuisance(connection);
        if (connection->nuisance >= connection->nuisance_max && !connection->fault)
                connection->fault = NGHTTP2_ENHANCE_YOUR_CALM;
}

void http2_stream_closed(struct http2_stream *stream)
{
        bool was_answered = stream->has_sent_end || stream->exchange.answer == ANSWER_ENDED;

        stream->is_closed = true;
        /* Who has reset it does not matter: a client can break it so that nghttp2 does; nor what is said of it. */
        if (!was_answered && !stream->is_reset)
                http2_count_nuisance(stream->connection, NUISANCE_STREAM);
        if (stream->tunnel)
                http2_tunnel_close(stream->tunnel);
        if (!stream->is_answering)
                http2_stream_free(stream);
        else if (!stream->has_sent_end && !stream->was_tunnel)
                exchange_lose(&stream->exchange, -ECONNRESET);
}

void http2_stream_reset(struct http2_stream *stream, uint32_t error)
{
        if (stream->is_closed || !stream->connection->session)
                return;
        stream->is_reset = true;
        nghttp2_submit_rst_stream(stream->connection->session, NGHTTP2_FLAG_NONE, stream->id, error);
}

static void refuse(struct http2_stream *stream, int status)
{
        eddy_http_exchange *exchange = &stream->exchange;

        if (head_send_error(exchange, status) == 0)
                exchange_count(exchange);
        else
                http2_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
}

/* One of the connections that are too many has brought a request, which is its last. */
static void turn_away(struct http2 *connection)
{
        deadline_stop(&connection->entrance->linger);
        http2_leave(connection);
}

/* A request has come: have it answered. */
static void start_answer(struct http2_stream *stream)
{
        struct http2 *connection = stream->connection;
        eddy_http_service *service = connection->service;
        unsigned most = service->options.max_requests;
        int status;

        exchange_init(&stream->exchange, service, &http2_exchange, &stream->request, stream->no_head);
        if (connection->is_given_up) {
                http2_stream_reset(stream, NGHTTP2_REFUSED_STREAM);
                return;
        }
        status = http2_request_check(stream);
        connection->requests++;
        if (most > 0 && connection->requests >= most)
                http2_stop(connection);
        if (connection->entrance->is_surplus) {
                status = HTTP_STATUS_SERVICE_UNAVAILABLE;
                turn_away(connection);
        }
        if (status) {
                refuse(stream, status);
                return;
        }
        stream->is_answering = true;
        connection->answering++;
        if (exchange_start(&stream->exchange) == 0)
                return;
        stream->is_answering = false;
        connection->answering--;
        exchange_finish(&stream->exchange);
        refuse(stream, HTTP_STATUS_SERVICE_UNAVAILABLE);
}

void http2_stream_over(struct http2_stream *stream)
{
        list_append(&stream->connection->over, &stream->state);
        http2_schedule(stream->connection);
}

/* A task has ended, and said what it has to say. */
static void conclude(struct http2_stream *stream)
{
        struct http2 *connection = stream->connection;
        eddy_http_exchange *exchange = &stream->exchange;

        stream->is_answering = false;
        connection->answering--;
        exchange_count(exchange);
        if (exchange->answer == ANSWER_ENDED)
                http2_make_up(connection, WORTH_ANSWER);
        exchange_finish(exchange);
        if (stream->is_closed) {
                http2_stream_free(stream);
                return;
        }
        if (!stream->tunnel && (exchange->answer != ANSWER_ENDED || !stream->has_end))
                http2_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
        else
                http2_pass_over(stream);
}

/* Nothing is said any more. A socket that is closed while bytes wait to be read resets the connection, and what was said last may be
 * lost with it; so let the client finish. */
static void end_connection(struct http2 *connection)
{
        connection->is_ending = true;
        deadline_stop(&connection->goodbye);
        /* Who takes nothing of what was said is not waited for. */
        if (eddy_transport_write_buffer_size(connection->transport) == 0)
                deadline_stop(&connection->silence);
        else if (!deadline_runs(&connection->silence))
                deadline_start(&connection->service->http2_silent, &connection->silence);
        if (connection->has_ended || eddy_transport_write_eof(connection->transport) < 0)
                eddy_transport_close(connection->transport);
        else
                deadline_start(&connection->service->lingering, &connection->entrance->linger);
}

/* What comes may have to be answered by nghttp2 itself, which keeps that while there is no room for it. */
static void listen_as_fits(struct http2 *connection)
{
        if (connection->is_full &&
            nghttp2_session_get_outbound_queue_size(connection->session) > HTTP2_QUEUE_MAX)
                eddy_transport_pause_reading(connection->transport);
        else
                eddy_transport_resume_reading(connection->transport);
}

/* Have leave what nghttp2 wants to say, as far as there is room. */
static void flush(struct http2 *connection)
{
        const uint8_t *data;
        ssize_t n;

        while (!connection->is_full && !eddy_transport_is_closing(connection->transport)) {
                n = nghttp2_session_mem_send(connection->session, &data);
                if (n == 0)
                        break;
                if (n < 0 || eddy_transport_write(connection->transport, data, (size_t)n) < 0) {
                        eddy_transport_abort(connection->transport);
                        return;
                }
        }
        listen_as_fits(connection);
}

/* A stream that the client has not ended, or of which it takes nothing, or takes too long. */
static void cut(struct http2_stream *stream, int failure)
{
        http2_stream_reset(stream, stream->has_sent_end ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
        if (stream->tunnel)
                http2_tunnel_close(stream->tunnel);
        else if (stream->is_answering)
                exchange_lose(&stream->exchange, failure);
        http2_schedule(stream->connection);
}

/* What the client has opened no window for never leaves, since it sends no more: whether there is any. */
static bool cut_what_is_stuck(struct http2 *connection)
{
        nghttp2_session *session = connection->session;
        bool is_shut = nghttp2_session_get_remote_window_size(session) <= 0, is_any = false;

        for (eddy_link *link = connection->streams.next; link != &connection->streams; link = link->next) {
                struct http2_stream *stream = container_of(link, struct http2_stream, link);

                if (stream->is_closed || bytes_size(&stream->out) == 0 ||
                    (!is_shut && nghttp2_session_get_stream_remote_window_size(session, stream->id) > 0))
                        continue;
                cut(stream, -ECONNRESET);
                is_any = true;
        }
        return is_any;
}

/* Begin what has come, end what is over, and say what is to be said. The connection may be gone behind this. */
static void settle(struct http2 *connection)
{
        connection->is_settling = true;
        while (!list_is_empty(&connection->ready))
                start_answer(container_of(list_take_first(&connection->ready), struct http2_stream, state));
        while (!list_is_empty(&connection->over))
                conclude(container_of(list_take_first(&connection->over), struct http2_stream, state));
        if (connection->transport && !connection->is_ending) {
                if (connection->fault)
                        nghttp2_session_terminate_session(connection->session, connection->fault);
                flush(connection);
                if (connection->has_ended && !connection->is_full && cut_what_is_stuck(connection))
                        flush(connection);
                if (!nghttp2_session_want_read(connection->session) &&
                    !nghttp2_session_want_write(connection->session))
                        end_connection(connection);
        }
        connection->is_settling = false;
        if (connection->is_given_up && connection->answering == 0)
                http1_dismiss(connection->entrance);
        if (!connection->transport && connection->stream_count == 0)
                destroy(connection);
}

static void take_turn(void *connection)
{
        settle(connection);
}

void http2_schedule(struct http2 *connection)
{
        if (!connection->is_settling)
                eddy_call_soon(NULL, &connection->turn, take_turn, connection);
}

/* A head that has come in part has its time from now on. */
static void await_rest_of_head(struct http2 *connection)
{
        struct http2_stream *stream;

        if (!connection->coming)
                return;
        stream = nghttp2_session_get_stream_user_data(connection->session, connection->coming);
        if (stream && !stream->is_whole && !deadline_runs(&stream->silence))
                deadline_start(&connection->service->http2_heads, &stream->silence);
}

static void receive(struct http2 *connection, const void *data, size_t n)
{
        ssize_t rc = http2_receive(connection, data, n);

        if (rc == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
                nghttp2_session_terminate_session(connection->session, NGHTTP2_PROTOCOL_ERROR);
        else if (rc < 0)
                eddy_transport_abort(connection->transport);
        await_rest_of_head(connection);
        settle(connection);
}

static void data_received(eddy_transport *transport, void *self, const void *data, size_t n)
{
        struct http2 *connection = self;

        if (!connection->is_ending) {
                receive(connection, data, n);
                return;
        }
        connection->dropped += n;
        if (connection->dropped > HTTP1_LINGER_MAX)
                eddy_transport_close(transport);
}

/* Who sends no more still takes the answers to what it has asked, as far as its windows are open. One that has gone altogether answers
 * what it is told by a reset. */
static bool eof_received(eddy_transport *transport, void *self)
{
        struct http2 *connection = self;

        (void)transport;
        connection->has_ended = true;
        if (connection->is_ending || connection->stream_count == 0)
                return false;
        for (eddy_link *link = connection->streams.next; link != &connection->streams; link = link->next) {
                struct http2_stream *stream = container_of(link, struct http2_stream, link);

                if (!stream->has_ended)
                        cut(stream, -ECONNRESET);
                else if (connection->service->options.cancels_at_end)
                        exchange_cancel(&stream->exchange);
        }
        http2_leave(connection);
        nghttp2_submit_ping(connection->session, NGHTTP2_FLAG_NONE, NULL);
        http2_schedule(connection);
        return true;
}

static void lose_streams(struct http2 *connection, int reason)
{
        eddy_link *next;

        for (eddy_link *link = connection->streams.next; link != &connection->streams; link = next) {
                struct http2_stream *stream = container_of(link, struct http2_stream, link);

                next = link->next;
                stream->is_closed = true;
                if (stream->tunnel)
                        http2_tunnel_close(stream->tunnel);
                if (stream->is_answering && reason != EDDY_ELOOPCLOSED) {
                        if (!stream->was_tunnel)
                                exchange_lose(&stream->exchange, reason ? reason : -ECONNRESET);
                } else {
                        exchange_finish(&stream->exchange);
                        http2_stream_free(stream);
                }
        }
}

static void connection_lost(eddy_transport *transport, void *self, int reason)
{
        struct http2 *connection = self;
        struct http1 *entrance = connection->entrance;

        (void)transport;
        deadline_stop(&connection->silence);
        deadline_stop(&connection->goodbye);
        deadline_stop(&entrance->linger);
        connection->transport = entrance->transport = NULL;
        entrance->reason = reason;
        nghttp2_session_del(connection->session);
        connection->session = NULL;
        lose_streams(connection, reason);
        settle(connection);
}

static void pause_writing(eddy_transport *transport, void *self)
{
        struct http2 *connection = self;

        (void)transport;
        connection->is_full = true;
}

static void resume_writing(eddy_transport *transport, void *self)
{
        struct http2 *connection = self;

        (void)transport;
        connection->is_full = false;
        settle(connection);
}

static const eddy_protocol http2_protocol = {
    .data_received = data_received,
    .eof_received = eof_received,
    .connection_lost = connection_lost,
    .pause_writing = pause_writing,
    .resume_writing = resume_writing,
};

static void init(struct http2 *connection, struct http1 *entrance)
{
        const eddy_http_service_options *options = &entrance->service->options;

        connection->entrance = entrance;
        connection->service = entrance->service;
        connection->transport = entrance->transport;
        connection->streams_max =
            options->http2_max_concurrent_streams ? options->http2_max_concurrent_streams : HTTP2_STREAMS_MAX;
        /* Where something is in a head is known by 32 bits, and so is how long the client may have it. */
        connection->head_max =
            options->http2_max_header_list_size < UINT32_MAX ? options->http2_max_header_list_size : UINT32_MAX;
        connection->nuisance_max =
            options->http2_max_nuisance ? options->http2_max_nuisance : HTTP2_NUISANCE_MAX;
        connection->frames.left = NGHTTP2_CLIENT_MAGIC_LEN;
        connection->pardoned = eddy_loop_time(eddy_running_loop());
        list_init(&connection->streams);
        list_init(&connection->ready);
        list_init(&connection->over);
}

int http2_take_over(struct http1 *entrance, const char *data, size_t n)
{
        struct http2 *connection = memory_zalloc(sizeof *connection);

        if (!connection)
                return -ENOMEM;
        init(connection, entrance);
        connection->session = http2_session_create(connection);
        if (!connection->session) {
                memory_free(connection);
                return -ENOMEM;
        }
        entrance->http2 = connection;
        deadline_stop(&entrance->silence);
        start_idling(connection);
        eddy_transport_set_protocol(connection->transport, &http2_protocol, connection);
        eddy_transport_resume_reading(connection->transport);
        receive(connection, data, n);
        if (connection->service->is_stopping)
                http2_stop(connection);
        return 0;
}

/* Streams may be under way that the client has opened before it knows: it is told first, and those that come before it has
 * answered a ping are still taken. */
void http2_stop(struct http2 *connection)
{
        if (connection->is_stopping || !connection->session)
                return;
        connection->is_stopping = true;
        if (nghttp2_submit_shutdown_notice(connection->session) == 0)
                deadline_start(&connection->service->http2_goodbyes, &connection->goodbye);
        else
                http2_leave(connection);
        http2_schedule(connection);
}

/* nghttp2 sends a ping before all that is no ping, so it has it when the notice has left. */
void http2_ask_whether_it_knows(struct http2 *connection)
{
        if (connection->is_stopping && !connection->has_left &&
            nghttp2_submit_ping(connection->session, NGHTTP2_FLAG_NONE, NULL) != 0)
                http2_leave(connection);
}

void http2_leave(struct http2 *connection)
{
        if (connection->has_left || !connection->session)
                return;
        connection->has_left = true;
        deadline_stop(&connection->goodbye);
        nghttp2_submit_goaway(connection->session, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(connection->session), NGHTTP2_NO_ERROR,
                              NULL, 0);
        http2_schedule(connection);
}

static void client_does_not_answer(struct deadline *deadline)
{
        http2_leave(container_of(deadline, struct http2, goodbye));
}

void http2_give_up(struct http2 *connection)
{
        connection->is_given_up = true;
        http2_leave(connection);
        for (eddy_link *link = connection->streams.next; link != &connection->streams; link = link->next) {
                struct http2_stream *stream = container_of(link, struct http2_stream, link);

                if (stream->is_answering)
                        exchange_cancel(&stream->exchange);
        }
        http2_schedule(connection);
}

/* Whether a request has come whole, and its answer not left. */
static bool is_busy(const struct http2 *connection)
{
        for (const eddy_link *link = connection->streams.next; link != &connection->streams; link = link->next)
                if (container_of(link, const struct http2_stream, link)->is_whole)
                        return true;
        return false;
}

/* It brings nothing. */
static void dismiss(struct http2 *connection)
{
        nghttp2_session_terminate_session(connection->session, NGHTTP2_NO_ERROR);
        http2_schedule(connection);
}

static void client_is_silent(struct deadline *deadline)
{
        struct http2 *connection = container_of(deadline, struct http2, silence);
        eddy_http_service *service = connection->service;

        if (eddy_transport_write_buffer_size(connection->transport) > 0) {
                if (!progress_excuses(&connection->progress, eddy_transport_fd(connection->transport))) {
                        eddy_transport_abort(connection->transport);
                        return;
                }
        } else if (connection->is_ending) {
                return;
        } else if (connection->stream_count == 0) {
                if (service->idles_on)
                        deadline_start(&service->http2_idle, deadline);
                else
                        dismiss(connection);
                return;
        }
        deadline_start(&service->http2_silent, deadline);
}

/* Who takes an answer has `timeout` for that, however short its time for the next request was. */
static void has_idled(struct deadline *deadline)
{
        struct http2 *connection = container_of(deadline, struct http2, silence);

        if (eddy_transport_write_buffer_size(connection->transport) > 0 || connection->is_ending ||
            connection->stream_count > 0)
                deadline_start(&connection->service->http2_silent, deadline);
        else
                dismiss(connection);
}

/* Nothing else can come on its connection before the rest of it has. */
static void head_is_late(struct deadline *deadline)
{
        struct http2_stream *stream = container_of(deadline, struct http2_stream, silence);
        struct http2 *connection = stream->connection;

        if (!is_busy(connection)) {
                dismiss(connection);
                return;
        }
        http2_leave(connection);
        http2_stream_reset(stream, NGHTTP2_CANCEL);
        http2_schedule(connection);
}

static void stream_is_silent(struct deadline *deadline)
{
        struct http2_stream *stream = container_of(deadline, struct http2_stream, silence);

        if (stream->has_sent_end && !stream->is_answering) {
                http2_stream_reset(stream, NGHTTP2_NO_ERROR);
                http2_schedule(stream->connection);
        } else if (bytes_size(&stream->out) == 0) {
                stream->is_late = stream->awaited == AWAITS_BYTES;
                exchange_wake(&stream->exchange);
        } else if (stream->connection->is_full || stream->given != stream->given_before) {
                stream->given_before = stream->given;
                deadline_start(&stream->connection->service->http2_streams, deadline);
        } else {
                cut(stream, -ETIMEDOUT);
        }
}

static void answer_takes_too_long(struct deadline *deadline)
{
        cut(container_of(deadline, struct http2_stream, answer), -ETIMEDOUT);
}

void http2_init_deadlines(eddy_http_service *service)
{
        eddy_duration goodbye = eddy_ms(GOODBYE_MS);

        if (service->silent.delay < goodbye)
                goodbye = service->silent.delay;
        deadlines_init(&service->http2_goodbyes, goodbye, client_does_not_answer);
        deadlines_init(&service->http2_silent, service->silent.delay, client_is_silent);
        deadlines_init(&service->http2_idle, service->idle.delay, has_idled);
        deadlines_init(&service->http2_heads, service->options.head_timeout, head_is_late);
        deadlines_init(&service->http2_streams, service->silent.delay, stream_is_silent);
        deadlines_init(&service->http2_answers, service->options.answer_timeout, answer_takes_too_long);
}
