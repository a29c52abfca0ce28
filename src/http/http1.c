#include "http/http1.h"

#include "base/memory.h"
#include "http/head.h"
#include "http/http1_exchange.h"
#include "http/http2.h"
#include <eddy/tls.h>
#include <string.h>

enum { AT_ONCE = 64 }; /* requests that came together and are answered before others have their turn */

/* Whether there is memory for a request that comes. */
static bool have_request(struct http1 *connection)
{
        struct http1_request *request = connection->request;

        if (request)
                return true;
        request = service_take_memory(connection->service, sizeof *request + connection->service->headers_size);
        if (!request)
                return false;
        request->start = request->end = 0;
        request->connection = connection;
        exchange_clear(&request->exchange);
        request->body = (struct http_body){.state = BODY_OVER};
        http_request_init(&request->parser.request, connection->service->options.max_headers, request + 1);
        request->parser.request.is_secure = connection->is_secure;
        http_parser_begin(&request->parser);
        connection->request = request;
        return true;
}

/* The client is to begin a request, and has all its time for that. */
static void start_idling(struct http1 *connection)
{
        connection->is_idle = true;
        deadline_start(connection->service->idle_time, &connection->silence);
}

/* Nothing has come of a next request. */
static void await_request(struct http1 *connection)
{
        http1_give_request_back(connection);
        if (connection->has_ended || connection->service->is_stopping) {
                http1_end(connection, false);
                return;
        }
        start_idling(connection);
        eddy_transport_resume_reading(connection->transport);
}

/* Prepare the exchange for the request whose head is at `head`. */
static void init_exchange(struct http1 *connection, char *head)
{
        struct http1_request *request = connection->request;

        exchange_init(&request->exchange, connection->service, &http1_exchange, &request->parser.request, head);
        request->exchange.is_full = connection->is_full;
}

/* A request that nobody answers: its client is told why, and the connection ends. */
static void decline(struct http1 *connection, int status)
{
        struct http1_request *request = connection->request;

        request->exchange.is_closing = true;
        if (head_send_error(&request->exchange, status) == 0)
                exchange_count(&request->exchange);
        http1_end(connection, true);
}

void http1_refuse(struct http1 *connection, int status)
{
        struct http1_request *request = connection->request;

        request->parser.request.status = status;
        init_exchange(connection, request->in + request->start);
        decline(connection, status);
}

/* What a head is told that is too long. */
static int too_long(const struct http_request *request, size_t most)
{
        return request->header_count == 0 || request->target.size >= most
                   ? HTTP_STATUS_URI_TOO_LONG
                   : HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE;
}

/* Parse what has come of the next head: 1 where it is whole, 0 where more is to come, or EDDY_EPROTOCOL. */
static int parse(struct http1_request *request, size_t most)
{
        struct http_parser *parser = &request->parser;
        size_t fed = request->start + parser->fed;
        ssize_t n = fed < request->end ? http_parser_feed(parser, request->in + fed, request->end - fed) : 0;

        if (n <= 0)
                return (int)n;
        if (fed + (size_t)n - request->start > most) {
                parser->request.status = too_long(&parser->request, most);
                return EDDY_EPROTOCOL;
        }
        request->exchange.head = request->in + request->start;
        request->start = fed + (size_t)n;
        return 1;
}

/* Have the bytes that are not done with at the front, behind a head of `kept` bytes that is. */
static void move_to_front(struct http1_request *request, size_t kept)
{
        size_t from = request->start - kept;

        if (from == 0)
                return;
        memmove(request->in, request->in + from, request->end - from);
        request->start -= from;
        request->end -= from;
}

/* A head has its time as a whole, so that nobody holds a connection by a byte now and then; but line ends that come before one are none
 * of it, and change nothing. */
static void give_time_for_head(struct http1 *connection)
{
        bool is_blank = http1_is_blank(connection->request);

        if (connection->is_in_head || (is_blank && connection->is_idle))
                return;
        if (is_blank) {
                start_idling(connection);
                return;
        }
        connection->is_in_head = true;
        deadline_start(connection->service->head_time, &connection->silence);
}

/* A head that is not whole yet: more of it may come, unless it is too long or nothing comes any more. */
static void await_rest_of_head(struct http1 *connection)
{
        struct http1_request *request = connection->request;
        size_t most = connection->service->options.max_head;

        if (connection->has_ended) {
                if (http1_is_blank(request))
                        http1_end(connection, false);
                else
                        http1_refuse(connection, HTTP_STATUS_BAD_REQUEST);
                return;
        }
        move_to_front(request, 0);
        if (request->end >= most) {
                http1_refuse(connection, too_long(&request->parser.request, most));
                return;
        }
        give_time_for_head(connection);
        eddy_transport_resume_reading(connection->transport);
}

/* Whether another request may follow the one that has come. */
static bool is_last(const struct http1 *connection)
{
        const eddy_http_service *service = connection->service;
        unsigned most = service->options.max_requests;

        return !connection->request->parser.request.keeps_alive || service->is_stopping ||
               (most > 0 && connection->requests >= most);
}

/* What its head says of the body: 0, or what to answer. */
static int begin_body(struct http1 *connection)
{
        struct http1_request *request = connection->request;
        struct http_request *parsed = &request->parser.request;
        const char *head = request->exchange.head;
        enum http_expectation expectation = http_request_expectation(parsed, head);
        size_t head_size = (size_t)(request->in + request->start - head);
        int64_t length = http_request_length(parsed, head);
        size_t most = connection->service->options.max_body;

        if (length != 0) { /* it needs the room behind the head */
                move_to_front(request, head_size);
                head = request->in;
        }
        init_exchange(connection, request->in + (head - request->in));
        request->exchange.body_length = length;
        request->body_at = request->start;
        body_finish(&request->body);
        body_begin(&request->body, length);
        connection->has_continued = expectation == EXPECTS_NOTHING;
        if (most > 0 && length > 0 && (uint64_t)length > most)
                return HTTP_STATUS_PAYLOAD_TOO_LARGE;
        return expectation == EXPECTS_MORE ? HTTP_STATUS_EXPECTATION_FAILED : 0;
}

/* A request has come: have it answered. */
static void start_answer(struct http1 *connection)
{
        eddy_http_exchange *exchange = &connection->request->exchange;
        int status = begin_body(connection);

        if (connection->is_surplus)
                status = HTTP_STATUS_SERVICE_UNAVAILABLE;
        connection->requests++;
        connection->is_late = connection->is_in_head = connection->is_idle = false;
        if (status) {
                decline(connection, status);
                return;
        }
        exchange->is_closing = is_last(connection);
        if (!http1_is_sending(connection)) { /* an answer before this one */
                deadline_stop(&connection->silence);
                deadline_stop(&connection->answer);
        }
        connection->is_answering = connection->is_starting = true;
        if (exchange_start(exchange) < 0) {
                connection->is_answering = connection->is_starting = false;
                exchange_finish(exchange);
                decline(connection, HTTP_STATUS_SERVICE_UNAVAILABLE);
                return;
        }
        connection->is_starting = false;
}

/* Pass over what has come of a body that nobody has read: whether that is its end. */
static bool drain(struct http1 *connection)
{
        struct http1_request *request = connection->request;
        ssize_t n = body_pass_over(&request->body, request->in + request->start, request->end - request->start);

        if (n < 0) {
                connection->is_draining = false;
                http1_end(connection, true);
                return false;
        }
        request->start += (size_t)n;
        if (body_is_over(&request->body)) {
                connection->is_draining = false;
                return true;
        }
        if (connection->has_ended) {
                http1_end(connection, false);
                return false;
        }
        request->start = request->end = request->body_at;
        eddy_transport_resume_reading(connection->transport);
        return false;
}

/* A task has ended, and said what it has to say: whether the connection goes on. */
static bool conclude(struct http1 *connection)
{
        struct http1_request *request = connection->request;
        eddy_http_exchange *exchange = &request->exchange;
        enum answer_state state = exchange->answer;

        connection->is_answering = connection->is_over = false;
        exchange_count(exchange);
        exchange_finish(exchange);
        if (!connection->transport) {
                http1_give_request_back(connection);
                http1_destroy(connection);
                return false;
        }
        if (state == ANSWER_BEGUN) {
                http1_break(connection);
        } else if (exchange->is_closing || connection->service->is_stopping || connection->is_given_up ||
                   eddy_transport_is_closing(connection->transport)) {
                bool may_bring_more = request->end > request->start || !body_is_over(&request->body);

                http1_end(connection, may_bring_more && state == ANSWER_ENDED);
        } else {
                connection->is_draining = !body_is_over(&request->body);
                if (connection->is_draining) /* its time is for the whole of what is left */
                        deadline_start(&connection->service->silent, &connection->silence);
                http_parser_begin(&request->parser);
        }
        if (connection->is_given_up)
                http1_dismiss(connection);
        return true;
}

/* Whether HTTP/1 goes on with what has come first on a connection: not where it is HTTP/2's, or may be. */
static bool know(struct http1 *connection)
{
        struct http1_request *request = connection->request;

        if (connection->is_known)
                return true;
        switch (http2_recognize(connection->transport, request->in, request->end)) {
        case HTTP2_PERHAPS:
                if (!connection->has_ended)
                        return false;
                break;
        case HTTP2_YES:
                if (http2_take_over(connection, request->in, request->end) < 0)
                        eddy_transport_abort(connection->transport);
                http1_give_request_back(connection);
                return false;
        default:
                break;
        }
        connection->is_known = true;
        return true;
}

static void answer_requests(struct http1 *connection);

/* It is its turn again. */
static void answer_more(void *arg)
{
        struct http1 *connection = arg;

        if (!eddy_transport_is_closing(connection->transport))
                answer_requests(connection);
}

/* Answer requests that have come, as far as nobody has to wait: but others have their turn when some were answered. */
static void answer_requests(struct http1 *connection)
{
        unsigned left = AT_ONCE;

        while (connection->request && !connection->is_answering && !connection->is_lingering) {
                struct http1_request *request = connection->request;
                int rc;

                if (connection->is_draining && !drain(connection))
                        return;
                if (request->start == request->end) {
                        await_request(connection);
                        return;
                }
                if (left-- == 0) {
                        eddy_call_soon(NULL, &connection->turn, answer_more, connection);
                        return;
                }
                rc = parse(request, connection->service->options.max_head);
                if (rc < 0)
                        http1_refuse(connection, request->parser.request.status);
                else if (rc == 0)
                        return await_rest_of_head(connection);
                else
                        start_answer(connection);
                if (connection->is_over && !conclude(connection))
                        return;
        }
}

static void go_on(void *arg)
{
        struct http1 *connection = arg;

        if (conclude(connection))
                answer_requests(connection);
}

void http1_over(struct http1 *connection)
{
        connection->is_over = true;
        if (!connection->is_starting)
                eddy_call_soon(NULL, &connection->turn, go_on, connection);
}

void http1_note_peer(struct http1 *connection)
{
        eddy_address address;

        if (connection->peer || !connection->transport ||
            eddy_address_of_peer(&address, eddy_transport_fd(connection->transport)) < 0)
                return;
        connection->peer = memory_alloc(EDDY_ADDRESS_TEXT_SIZE);
        if (connection->peer)
                eddy_address_print(&address, connection->peer);
}

static void connection_made(eddy_transport *transport, void *self)
{
        struct http1 *connection = self;
        eddy_tls_info info;

        if (!connection) {
                eddy_transport_abort(transport);
                return;
        }
        connection->transport = transport;
        connection->is_secure = eddy_transport_tls_info(transport, &info) == 0;
        if (connection->service->options.on_request) /* it may have gone when it is asked for */
                http1_note_peer(connection);
        if (connection->service->is_stopping || connection->is_given_up)
                eddy_transport_close(transport);
        else
                deadline_start(connection->service->head_time, &connection->silence);
        connection->is_in_head = true;
        if (connection->is_surplus)
                deadline_start(&connection->service->lingering, &connection->linger);
}

static void *get_buffer(eddy_transport *transport, void *self, size_t *size)
{
        struct http1 *connection = self;
        struct http1_request *request;

        (void)transport;
        if (connection->is_lingering) {
                *size = sizeof connection->service->body;
                return connection->service->body;
        }
        if (!have_request(connection))
                return NULL;
        request = connection->request;
        *size = sizeof request->in - request->end;
        return request->in + request->end;
}

static void buffer_updated(eddy_transport *transport, void *self, size_t n)
{
        struct http1 *connection = self;
        struct http1_request *request = connection->request;

        if (connection->is_lingering) {
                connection->dropped += n;
                if (connection->dropped > HTTP1_LINGER_MAX)
                        eddy_transport_pause_reading(transport);
                return;
        }
        request->end += n;
        connection->is_late = false;
        if (request->end == sizeof request->in)
                eddy_transport_pause_reading(transport);
        if (!connection->is_answering) {
                /* Others have their turn first, where it waits for its own. */
                if (!eddy_handle_pending(&connection->turn) && know(connection))
                        answer_requests(connection);
        } else if (connection->awaited == AWAITS_BYTES) {
                exchange_wake(&request->exchange);
        }
}

static bool eof_received(eddy_transport *transport, void *self)
{
        struct http1 *connection = self;
        struct http1_request *request = connection->request;

        (void)transport;
        connection->has_ended = true;
        if (connection->is_lingering)
                return false;
        if (!connection->is_answering) {
                if (eddy_handle_pending(&connection->turn)) /* what has come is answered yet */
                        return true;
                if (request && !connection->is_draining && request->end > request->start)
                        await_rest_of_head(connection);
                return false;
        }
        exchange_wake(&request->exchange);
        if (connection->service->options.cancels_at_end)
                exchange_cancel(&request->exchange);
        return true;
}

/* There is no more room, and nothing is read while a handler is at it. */
static void peer_gone(eddy_transport *transport, void *self, bool is_broken)
{
        struct http1 *connection = self;
        const eddy_http_service_options *options = &connection->service->options;

        if (!connection->is_answering || options->ignores_gone)
                return;
        if (is_broken)
                eddy_transport_abort(transport);
        else if (options->cancels_at_end)
                exchange_cancel(&connection->request->exchange);
}

static void connection_lost(eddy_transport *transport, void *self, int reason)
{
        struct http1 *connection = self;
        bool had_turn;

        (void)transport;
        if (!connection)
                return;
        connection->transport = NULL;
        connection->reason = reason;
        deadline_stop(&connection->silence);
        deadline_stop(&connection->answer);
        deadline_stop(&connection->linger);
        had_turn = eddy_handle_cancel(&connection->turn);
        if (connection->is_over && had_turn) {
                conclude(connection);
        } else if (connection->is_answering && reason != EDDY_ELOOPCLOSED) {
                exchange_lose(&connection->request->exchange, reason ? reason : -ECONNRESET);
        } else {
                http1_give_request_back(connection);
                http1_destroy(connection);
        }
}

static void pause_writing(eddy_transport *transport, void *self)
{
        struct http1 *connection = self;

        (void)transport;
        connection->is_full = true;
        if (connection->request)
                connection->request->exchange.is_full = true;
}

static void resume_writing(eddy_transport *transport, void *self)
{
        struct http1 *connection = self;

        (void)transport;
        connection->is_full = false;
        if (!connection->request)
                return;
        connection->request->exchange.is_full = false;
        if (connection->is_answering)
                exchange_wake(&connection->request->exchange);
}

const eddy_protocol http1_protocol = {
    .connection_made = connection_made,
    .get_buffer = get_buffer,
    .buffer_updated = buffer_updated,
    .eof_received = eof_received,
    .connection_lost = connection_lost,
    .pause_writing = pause_writing,
    .resume_writing = resume_writing,
    .peer_gone = peer_gone,
};
