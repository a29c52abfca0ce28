/* A request on its way through a proxy: one task moves both bodies, each as far as its taker has room, and waits for whatever comes first.
 * So an answer is passed on while its request still comes, and nothing is held but what lies in one buffer each way. */
#include "base/sys_socket.h"
#include "http/head.h"
#include "http/proxy.h"
#include <eddy/error.h>
#include <stdio.h>

enum {
        INTERIMS_MAX = 100, /* answers before an answer */
        /* What a call that passes on comes to, besides 0, where it can do nothing now, and an error. */
        MOVED = 1,
};

/* What fails on the server's side is told apart from what else may by where it is noted. */
static int note_server_failure(struct proxy_pass *pass, int rc)
{
        pass->server_error = rc;
        return rc;
}

static int server_has_gone(struct proxy_pass *pass, const char *when)
{
        int rc = pass->connection->failure;

        return note_server_failure(
            pass, eddy_fail(rc ? rc : EDDY_EINCOMPLETE, "the server has closed its connection %s", when));
}

/* The answer whose head is at `text` has a body, and where that ends. */
static void begin_body(struct proxy_pass *pass, const struct proxy_head *head)
{
        bool has_none = pass->exchange->request->method == HTTP_HEAD ||
                        head->status == HTTP_STATUS_NO_CONTENT || head->status == HTTP_STATUS_NOT_MODIFIED;

        pass->keeps_alive = head->keeps_alive;
        pass->receiving = RECEIVING_BODY;
        if (has_none)
                body_begin(&pass->body, 0);
        else if (head->is_chunked || head->length >= 0)
                body_begin(&pass->body, head->is_chunked ? -1 : head->length);
        else
                pass->receiving = RECEIVING_UNTIL_END;
}

static int pass_answer_head(struct proxy_pass *pass, char *text)
{
        struct proxy_input *input = pass->connection->input;
        int rc = proxy_lines_find(pass, text);

        if (rc < 0)
                return note_server_failure(pass, rc);
        begin_body(pass, &input->head);
        rc = eddy_http_reply_begin(pass->exchange, &(eddy_http_answer){
                                                       .status = input->head.status,
                                                       .content_type = pass->has_type ? NULL : "",
                                                       .headers = input->lines,
                                                   });
        if (rc == -EINVAL)
                return note_server_failure(
                    pass, eddy_fail(EDDY_EPROTOCOL, "the server's answer has headers that none may have"));
        return rc < 0 ? rc : MOVED;
}

/* Another protocol begins, as both sides want. */
static int turn_to_tunnel(struct proxy_pass *pass, char *text)
{
        eddy_stream *stream;
        int rc;

        if (!pass->wants_upgrade)
                return note_server_failure(
                    pass, eddy_fail(EDDY_EPROTOCOL, "the server changes to a protocol that nobody asked for"));
        rc = proxy_lines_find(pass, text);
        if (rc < 0)
                return note_server_failure(pass, rc);
        rc = eddy_http_exchange_upgrade(pass->exchange, pass->connection->input->lines, &stream);
        if (rc < 0)
                return rc;
        pass->receiving = RECEIVING_OVER;
        pass->keeps_alive = false;
        rc = proxy_tunnel_run(pass, stream);
        return rc < 0 ? rc : MOVED;
}

/* Something comes before the answer. */
static int pass_interim(struct proxy_pass *pass, char *text)
{
        int status = pass->connection->input->head.status, rc;

        if (++pass->interims > INTERIMS_MAX)
                return note_server_failure(
                    pass, eddy_fail(EDDY_EPROTOCOL, "the server answers by 1xx again and again"));
        if (status == HTTP_STATUS_CONTINUE) {
                if (pass->sending == SENDING_WAITS)
                        pass->sending = SENDING_GOES_ON;
                return MOVED;
        }
        rc = proxy_lines_find(pass, text);
        if (rc < 0)
                return note_server_failure(pass, rc);
        rc = exchange_send_interim(pass->exchange, status, pass->connection->input->lines);
        return rc == 0 || rc == -EINVAL ? MOVED : rc; /* what cannot be said, need not be */
}

static int receive_head(struct proxy_pass *pass)
{
        struct proxy_connection *connection = pass->connection;
        struct proxy_head *head = &connection->input->head;
        char *text = connection->input->bytes + connection->start;
        size_t fed = connection->start + head->fed;
        ssize_t n;

        if (fed == connection->end) {
                if (connection->has_ended || !connection->transport)
                        return server_has_gone(pass, "without an answer");
                return 0;
        }
        pass->has_received = true;
        n = proxy_head_feed(head, connection->input->bytes + fed, connection->end - fed);
        if (n == 0)
                return MOVED;
        if (n < 0)
                return note_server_failure(pass, (int)n);
        connection->start = fed + (size_t)n;
        if (head->status == HTTP_STATUS_SWITCHING_PROTOCOLS)
                return turn_to_tunnel(pass, text);
        if (head->status >= 200)
                return pass_answer_head(pass, text);
        n = pass_interim(pass, text);
        proxy_connection_make_room(connection);
        proxy_head_begin(head);
        return (int)n;
}

/* Lines behind a body, as far as they may come there. */
static int end_with_trailers(struct proxy_pass *pass)
{
        const char *lines[HTTP_HEADERS_MAX + 1];
        const char *at = pass->body.trailers, *end = at + pass->body.trailers_size;
        unsigned count = 0;
        int rc;

        for (; at < end && count < HTTP_HEADERS_MAX; at += strlen(at) + 1) {
                enum proxy_field field = proxy_field_of(at, strcspn(at, ":"));

                if (field == PROXY_FIELD_PASSES)
                        lines[count++] = at;
        }
        lines[count] = NULL;
        rc = eddy_http_reply_end_with(pass->exchange, lines);
        return rc == -EINVAL ? eddy_http_reply_end(pass->exchange) : rc;
}

static int end_answer(struct proxy_pass *pass)
{
        int rc = pass->body.trailers_size > 0 ? end_with_trailers(pass) : eddy_http_reply_end(pass->exchange);

        proxy_connection_use(pass->connection, 0);
        pass->receiving = RECEIVING_OVER;
        return rc < 0 ? rc : MOVED;
}

/* Bytes of the body are at the front. */
static int pass_bytes(struct proxy_pass *pass, size_t n)
{
        struct proxy_connection *connection = pass->connection;
        int rc;

        if (pass->exchange->is_full)
                return 0;
        if (pass->exchange->is_bodiless) { /* of 205, which has none */
                pass->keeps_alive = false;
                return end_answer(pass);
        }
        rc = eddy_http_reply_write(pass->exchange, connection->input->bytes + connection->start, n);
        if (rc < 0)
                return rc;
        if (pass->receiving == RECEIVING_BODY)
                body_take(&pass->body, n);
        proxy_connection_use(connection, n);
        return MOVED;
}

static int receive_body(struct proxy_pass *pass)
{
        struct proxy_connection *connection = pass->connection;
        size_t there = connection->end - connection->start, n;
        ssize_t framing = body_find(&pass->body, connection->input->bytes + connection->start, there, &n);

        if (framing < 0)
                return note_server_failure(
                    pass, eddy_fail((int)framing, "the server's answer is in chunks that are none"));
        connection->start += (size_t)framing;
        if (body_is_over(&pass->body))
                return end_answer(pass);
        if (n > 0)
                return pass_bytes(pass, n);
        if (connection->has_ended || !connection->transport)
                return server_has_gone(pass, "within its answer");
        if (there > 0)
                proxy_connection_use(connection, 0);
        return 0;
}

static int receive_until_end(struct proxy_pass *pass)
{
        const struct proxy_connection *connection = pass->connection;

        if (connection->end > connection->start)
                return pass_bytes(pass, connection->end - connection->start);
        if (connection->has_ended)
                return end_answer(pass);
        return connection->transport ? 0 : server_has_gone(pass, "within its answer");
}

/* Take what has come of the answer. */
static int receive(struct proxy_pass *pass)
{
        switch (pass->receiving) {
        case RECEIVING_HEAD:
                return pass->exchange->is_full ? 0 : receive_head(pass);
        case RECEIVING_BODY:
                return receive_body(pass);
        default:
                return receive_until_end(pass);
        }
}

static int send_end(struct proxy_pass *pass)
{
        const eddy_http_exchange *exchange = pass->exchange;
        struct proxy_connection *connection = pass->connection;
        const char *at = exchange->trailers, *end = at + exchange->trailers_size;
        int rc = 0;

        /* Else the server would take the next request on this connection for the rest. */
        if (exchange->body_length >= 0 && pass->sent != exchange->body_length)
                return EDDY_EINCOMPLETE;
        pass->sending = SENDING_OVER;
        if (exchange->body_length >= 0)
                return MOVED;
        rc = eddy_transport_write(connection->transport, "0\r\n", 3);
        for (; at < end && rc == 0; at += strlen(at) + 1) {
                struct iovec parts[] = {{(char *)(uintptr_t)at, strlen(at)}, {"\r\n", 2}};

                if (proxy_field_of(at, strcspn(at, ":")) == PROXY_FIELD_PASSES)
                        rc = eddy_transport_writev(connection->transport, parts, 2);
        }
        if (rc == 0)
                rc = eddy_transport_write(connection->transport, "\r\n", 2);
        return rc != -ENOMEM ? MOVED : rc;
}

/* Whether more may be sent: not before what the server says to what it has, for with an answer it may have closed. */
static bool may_send(const struct proxy_pass *pass)
{
        const struct proxy_connection *connection = pass->connection;

        if (pass->sending != SENDING_GOES_ON || !connection->transport || connection->is_full)
                return false;
        return pass->sent == 0 || pass->proxy->url.is_secure || pass->receiving != RECEIVING_HEAD ||
               sys_has_come(eddy_transport_fd(connection->transport)) == 0;
}

/* Pass on what has come of the request's body. That the server takes no more is seen where its answer does not come. */
static int send_body(struct proxy_pass *pass)
{
        eddy_http_exchange *exchange = pass->exchange;
        eddy_http_proxy *proxy = pass->proxy;
        char size[24];
        struct iovec parts[] = {{size, 0}, {proxy->out, 0}, {"\r\n", 2}};
        ssize_t n;
        int rc;

        pass->wants_bytes = false;
        if (!may_send(pass))
                return 0;
        n = exchange->impl->read(exchange, proxy->out, sizeof proxy->out);
        if (n == EDDY_PENDING) {
                pass->wants_bytes = true;
                return 0;
        }
        if (n < 0) {
                exchange->body_error = (int)n;
                return (int)n;
        }
        if (n == 0)
                return send_end(pass);
        pass->sent += n;
        parts[1].iov_len = (size_t)n;
        if (exchange->body_length >= 0)
                rc = eddy_transport_write(pass->connection->transport, proxy->out, (size_t)n);
        else {
                parts[0].iov_len = (size_t)snprintf(size, sizeof size, "%zx\r\n", (size_t)n);
                rc = eddy_transport_writev(pass->connection->transport, parts, 3);
        }
        return rc == -ENOMEM ? rc : MOVED;
}

/* What the client is waited for. */
static enum awaited what_is_awaited(const struct proxy_pass *pass)
{
        if (pass->wants_bytes)
                return AWAITS_BYTES;
        return pass->exchange->is_full ? AWAITS_ROOM : AWAITS_NOTHING;
}

/* Whom else: the server has its time to take what there is for it, or to answer. */
static void start_deadlines(struct proxy_pass *pass)
{
        struct proxy_connection *connection = pass->connection;
        eddy_http_proxy *proxy = pass->proxy;

        if (pass->sending == SENDING_WAITS && !deadline_runs(&connection->leave))
                deadline_start(&proxy->leaves, &connection->leave);
        if (connection->is_full) {
                connection->unsent =
                    connection->transport ? eddy_transport_write_buffer_size(connection->transport) : 0;
                deadline_start(&proxy->writing, &connection->deadline);
        } else if (!pass->wants_bytes && !pass->exchange->is_full) {
                deadline_start(&proxy->reading, &connection->deadline);
        }
}

static int wait_for_either(struct proxy_pass *pass)
{
        struct proxy_connection *connection = pass->connection;
        int rc;

        start_deadlines(pass);
        rc = exchange_wait_for(pass->exchange, what_is_awaited(pass));
        deadline_stop(&connection->deadline);
        if (rc < 0)
                return rc;
        if (connection->has_no_leave && pass->sending == SENDING_WAITS)
                pass->sending = SENDING_GOES_ON; /* an old one does not know that it has to be given */
        if (connection->is_late)
                return note_server_failure(
                    pass, eddy_fail(-ETIMEDOUT, "the server %s in time",
                                    connection->is_full ? "has taken nothing" : "has not answered"));
        return pass->exchange->failure;
}

/* Move what can be moved until the answer is over. */
static int move(struct proxy_pass *pass)
{
        while (pass->receiving != RECEIVING_OVER) {
                int received = receive(pass), sent = 0;

                if (received < 0)
                        return received;
                if (pass->receiving == RECEIVING_OVER)
                        break;
                sent = send_body(pass);
                if (sent < 0)
                        return sent;
                if (received == 0 && sent == 0) {
                        int rc = wait_for_either(pass);

                        if (rc < 0)
                                return rc;
                }
        }
        return 0;
}

static int ask(struct proxy_pass *pass)
{
        struct proxy_connection *connection = pass->connection;
        ssize_t n = proxy_request_write(pass);
        int rc;

        if (n < 0)
                return (int)n;
        pass->sending = pass->exchange->body_length == 0 ? SENDING_OVER
                        : pass->expects_leave            ? SENDING_WAITS
                                                         : SENDING_GOES_ON;
        pass->receiving = RECEIVING_HEAD;
        proxy_head_begin(&connection->input->head);
        connection->best_before = 0;
        pass->has_asked = true;
        rc = connection->transport ? eddy_transport_write(connection->transport, pass->proxy->out, (size_t)n)
                                   : 0;
        return rc == -ENOMEM ? rc : move(pass);
}

/* What is done twice is as good as done once. */
static bool is_idempotent(const eddy_http_exchange *exchange)
{
        switch (exchange->request->method) {
        case HTTP_GET:
        case HTTP_HEAD:
        case HTTP_OPTIONS:
        case HTTP_TRACE:
        case HTTP_PUT:
        case HTTP_DELETE:
                return true;
        default:
                return false;
        }
}

/* Whether the server has closed a connection that waited just when a request came. What it may have done is not done again. */
static bool was_closed_meanwhile(const struct proxy_pass *pass)
{
        const struct proxy_connection *connection = pass->connection;

        return connection->is_reused && (connection->has_ended || !connection->transport) &&
               !pass->has_received && pass->sent == 0 && pass->interims == 0 && is_idempotent(pass->exchange) &&
               pass->exchange->failure == 0;
}

static int pass_on(struct proxy_pass *pass)
{
        eddy_http_proxy *proxy = pass->proxy;
        /* What is lost with a connection that was closed meanwhile can be asked for again, unless a body went with it. */
        bool is_safe = is_idempotent(pass->exchange) && pass->exchange->body_length == 0;
        int rc = proxy_connection_take(proxy, pass->exchange, is_safe, &pass->connection);

        if (rc < 0)
                return rc == pass->exchange->failure ? rc : note_server_failure(pass, rc);
        rc = ask(pass);
        if (rc == pass->server_error && rc < 0 && was_closed_meanwhile(pass)) {
                proxy->counts.retries++;
                pass->server_error = 0;
                proxy_connection_give(pass->connection, false);
                rc = proxy_connection_open(proxy, pass->exchange, &pass->connection);
                rc = rc < 0 ? note_server_failure(pass, rc) : ask(pass);
        }
        return rc;
}

/* What failed here, before the server was asked, is told apart: it may be asked for again. */
static int status_of(int rc)
{
        switch (rc) {
        case -ETIMEDOUT:
                return HTTP_STATUS_GATEWAY_TIMEOUT;
        case -EBUSY:
        case -EMFILE:
        case -ENFILE:
        case -ENOMEM:
                return HTTP_STATUS_SERVICE_UNAVAILABLE;
        default:
                return HTTP_STATUS_BAD_GATEWAY;
        }
}

/* The server has failed: the client is told, or what it got breaks. */
static int tell_failure(struct proxy_pass *pass, int rc)
{
        eddy_http_exchange *exchange = pass->exchange;
        const eddy_http_proxy_options *options = &pass->proxy->options;
        bool can_tell = exchange->answer == ANSWER_NONE;
        eddy_http_proxy_failure failure = {
            .exchange = exchange,
            .error = rc,
            .detail = eddy_explain(rc),
        };

        if (can_tell)
                failure.status = status_of(rc);
        pass->proxy->counts.failures++;
        if (options->on_failure)
                options->on_failure(&failure, options->arg);
        return can_tell ? head_send_error(exchange, failure.status) : -ECONNRESET;
}

int eddy_http_proxy_answer(eddy_http_exchange *exchange, void *arg)
{
        struct proxy_pass pass = {.proxy = arg, .exchange = exchange, .body.state = BODY_OVER};
        int rc = exchange_enter(exchange, ANSWER_NONE), status;
        bool goes_on;

        if (rc == 0 && exchange->is_body_read) /* what is left of it would pass for all of it */
                rc = eddy_fail(EDDY_EINVALIDSTATE,
                               "some of the request's body was read before the proxy was called, "
                               "which passes on whole bodies alone");
        if (rc == 0)
                rc = exchange_wait_for_room(exchange);
        if (rc < 0)
                return rc;
        status = proxy_request_examine(&pass);
        if (status == HTTP_STATUS_NO_CONTENT)
                return eddy_http_reply(exchange, &(eddy_http_answer){.status = status});
        if (status)
                return head_send_error(exchange, status);
        pass.proxy->counts.requests++;
        rc = pass_on(&pass);
        if (rc == EDDY_ELIMIT && !pass.server_error && exchange->body_error == 0)
                rc = head_send_error(exchange, HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE);
        else if (rc < 0 && rc == pass.server_error && eddy_interrupted() == 0)
                rc = tell_failure(&pass, rc);
        goes_on = !pass.has_asked || (pass.receiving == RECEIVING_OVER && pass.sending == SENDING_OVER &&
                                      pass.keeps_alive && rc == 0);
        if (pass.connection)
                proxy_connection_give(pass.connection, goes_on && !pass.connection->has_ended &&
                                                           pass.connection->start == pass.connection->end);
        body_finish(&pass.body);
        return rc;
}
