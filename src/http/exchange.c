/* An exchange's task: it calls the handler, sees that there is an answer, and waits for the client where it must. */
#include "http/exchange.h"

#include "base/memory.h"
#include "base/sys_file.h"
#include "http/head.h"
#include <eddy/timeout.h>

/* Of a body in one go, so that a client that takes it slowly costs no copy of the whole. */
enum { PIECE = 256 * 1024 };

void exchange_clear(eddy_http_exchange *exchange)
{
        exchange->task = NULL;
        exchange->lines = NULL;
        exchange->compression = (struct compression){.has_begun = false};
        exchange->decoding = (struct decoding){.has_begun = false};
}

void exchange_init(eddy_http_exchange *exchange, eddy_http_service *service, const struct exchange_impl *impl,
                   const struct http_request *request, char *head)
{
        memset(exchange, 0, offsetof(struct eddy_http_exchange, path));
        exchange->service = service;
        exchange->impl = impl;
        exchange->request = request;
        exchange->head = head;
        if (service->options.on_request)
                exchange->began = eddy_now();
}

static const char *version_of(const eddy_http_exchange *exchange)
{
        if (exchange->impl->version)
                return exchange->impl->version;
        return exchange->request->minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
}

/* As nginx logs it: the client did not wait, or the server. */
enum { STATUS_GONE = 499 };

void exchange_count(eddy_http_exchange *exchange)
{
        eddy_http_service *service = exchange->service;
        const struct http_request *request = exchange->request;
        eddy_http_access access;
        const char *peer;

        service->counts.requests++;
        service->counts.bytes += (uint64_t)exchange->sent;
        if (!service->options.on_request)
                return;
        peer = exchange->impl->peer(exchange);
        access = (eddy_http_access){
            .peer = peer ? peer : "-",
            .method = request->status ? "-" : llhttp_method_name((llhttp_method_t)request->method),
            .target = http_text(exchange->head, request->target),
            .target_size = request->target.size,
            .status = exchange->answer == ANSWER_NONE ? STATUS_GONE : exchange->status,
            .sent = exchange->sent,
            .version = version_of(exchange),
            .took = eddy_now() - exchange->began,
            .exchange = request->status ? NULL : exchange,
        };
        service->options.on_request(&access, service->options.arg);
}

void exchange_finish(eddy_http_exchange *exchange)
{
        eddy_unref(exchange->task);
        exchange->task = NULL;
        memory_free(exchange->lines);
        exchange->lines = NULL;
        compression_finish(&exchange->compression);
        decoding_finish(&exchange->decoding);
}

void exchange_wake(eddy_http_exchange *exchange)
{
        eddy_event_set(&exchange->moved);
}

void exchange_cancel(eddy_http_exchange *exchange)
{
        if (exchange->task && !exchange->is_cancelled)
                eddy_cancel(exchange->task);
        exchange->is_cancelled = true;
}

void exchange_lose(eddy_http_exchange *exchange, int failure)
{
        if (!exchange->failure)
                exchange->failure = failure;
        exchange_wake(exchange);
        if (!exchange->service->options.ignores_gone)
                exchange_cancel(exchange);
}

/* Whether a handler's error is its own, and not that somebody has interrupted it or the client has gone: of another protocol's stream, in
 * the midst of something. */
static bool is_own_failure(const eddy_http_exchange *exchange, int rc)
{
        if (rc == EDDY_EINCOMPLETE && exchange->status == HTTP_STATUS_SWITCHING_PROTOCOLS)
                return false;
        return rc < 0 && rc != EDDY_CANCELLED && rc != EDDY_TIMEOUT && rc != -ETIMEDOUT && rc != -ECONNRESET &&
               rc != -ECONNABORTED && rc != -EPIPE;
}

static const char failed[] = "a request's handler failed";

static void tell(const char *message, int rc)
{
        eddy_loop_call_exception_handler(eddy_running_loop(), &(eddy_exception){
                                                                  .message = message,
                                                                  .error = rc,
                                                                  .detail = eddy_error_detail(),
                                                              });
}

int exchange_note_content(eddy_http_exchange *exchange, int rc)
{
        bool is_clients = rc == EDDY_ELIMIT || rc == EDDY_EPROTOCOL || rc == EDDY_EINCOMPLETE || rc == -EINVAL;

        exchange->content_error = is_clients ? rc : 0;
        return rc;
}

/* Whether a handler's error is what its request's body came to. */
static bool is_clients_fault(const eddy_http_exchange *exchange, int rc)
{
        return rc == exchange->body_error || rc == exchange->content_error;
}

/* What a body that could not be read is answered with. */
static int status_of_body_error(int rc)
{
        switch (rc) {
        case EDDY_ELIMIT:
                return HTTP_STATUS_PAYLOAD_TOO_LARGE;
        case -ETIMEDOUT:
                return HTTP_STATUS_REQUEST_TIMEOUT;
        case -ENOMEM:
                return HTTP_STATUS_SERVICE_UNAVAILABLE;
        case EDDY_ENOTSUP:
        case -EINVAL: /* it is something else */
                return HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE;
        default:
                return HTTP_STATUS_BAD_REQUEST;
        }
}

/* A handler has returned without an answer: see that there is one, unless it was interrupted. */
static void answer_in_its_place(eddy_http_exchange *exchange, int rc, bool was_late)
{
        int status = HTTP_STATUS_INTERNAL_SERVER_ERROR;

        if (!was_late && rc < 0 && eddy_interrupted() < 0) {
                exchange->is_closing = true;
                return;
        }
        if (was_late)
                status = HTTP_STATUS_SERVICE_UNAVAILABLE;
        else if (rc < 0 && is_clients_fault(exchange, rc))
                status = status_of_body_error(rc);
        else
                tell(rc < 0 ? failed : "a request's handler returned without an answer", rc);
        head_send_error(exchange, status);
}

static int call_handler(const eddy_http_service *service, eddy_http_exchange *exchange, bool *was_late)
{
        eddy_timeout whole;
        int rc;

        if (service->options.exchange_timeout <= 0)
                return service->handler(exchange, service->arg);
        rc = eddy_timeout_open(&whole, service->options.exchange_timeout);
        if (rc < 0)
                return rc;
        rc = service->handler(exchange, service->arg);
        *was_late = eddy_timeout_expired(&whole);
        eddy_timeout_close(&whole);
        return rc;
}

static intptr_t run(void *arg)
{
        eddy_http_exchange *exchange = arg;
        bool was_late = false;
        int rc;

        exchange->has_begun = true;
        exchange->task =
            eddy_current_task(); /* so that it can be cancelled before the call that starts it returns */
        rc = call_handler(exchange->service, exchange, &was_late);
        if (exchange->answer == ANSWER_BEGUN && exchange->is_bodiless &&
            rc == -EPIPE) /* its head was all of it */
                rc = eddy_http_reply_end(exchange);
        if (exchange->answer == ANSWER_NONE && exchange->failure == 0) {
                answer_in_its_place(exchange, rc, was_late);
        } else if (rc < 0) {
                exchange->is_closing = true;
                if (is_own_failure(exchange, rc) && !is_clients_fault(exchange, rc))
                        tell(failed, rc);
        }
        exchange->impl->over(exchange);
        return 0;
}

int exchange_start(eddy_http_exchange *exchange)
{
        const eddy_task_options options = {
            .name = "request",
            .stack_size = exchange->service->options.stack_size,
            .eager = true,
        };

        exchange->task = eddy_task_create(&options, run, exchange);
        /* One without a stack is over before it has begun. */
        return exchange->has_begun ? 0 : -ENOMEM;
}

int exchange_enter(const eddy_http_exchange *exchange, enum answer_state state)
{
        int rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;

        if (rc < 0)
                return rc;
        return exchange->answer == state ? 0 : EDDY_EINVALIDSTATE;
}

int exchange_wait_for(eddy_http_exchange *exchange, enum awaited what)
{
        int rc;

        eddy_event_clear(&exchange->moved);
        exchange->impl->await(exchange, what);
        rc = eddy_event_wait(&exchange->moved);
        exchange->impl->await(exchange, AWAITS_NOTHING);
        return rc;
}

int exchange_wait_for_room(eddy_http_exchange *exchange)
{
        while (exchange->is_full && exchange->failure == 0) {
                int rc = exchange_wait_for(exchange, AWAITS_ROOM);

                if (rc < 0)
                        return rc;
        }
        return exchange->failure;
}

ssize_t exchange_take(eddy_http_exchange *exchange, void *buffer, size_t n)
{
        ssize_t size = exchange->impl->read(exchange, buffer, n);

        exchange->is_body_read |= size > 0;
        return size;
}

int exchange_wait_for_bytes(eddy_http_exchange *exchange)
{
        return exchange_wait_for(exchange, AWAITS_BYTES);
}

int exchange_send_more(eddy_http_exchange *exchange, const void *data, size_t n)
{
        const char *at = data;

        while (n > 0) {
                size_t size = n < PIECE ? n : PIECE;
                int rc = exchange_wait_for_room(exchange);

                if (rc == 0)
                        rc = exchange->impl->send(exchange, at, size);
                if (rc < 0)
                        return rc;
                exchange->sent += (int64_t)size;
                at += size;
                n -= size;
        }
        return 0;
}

int exchange_send(eddy_http_exchange *exchange, const void *body, size_t n)
{
        size_t size = n < PIECE ? n : PIECE;
        int rc = exchange->impl->send_head(exchange, body, size);

        if (rc < 0)
                return rc;
        exchange->sent += (int64_t)size;
        if (n > size)
                rc = exchange_send_more(exchange, (const char *)body + size, n - size);
        if (rc == 0)
                exchange->answer = ANSWER_ENDED;
        return rc;
}

/* A piece of a file that is being read. */
struct piece {
        int fd;
        struct iovec place;
        int64_t start;
};

static intptr_t read_slowly(void *arg)
{
        const struct piece *piece = arg;

        return sys_pread(piece->fd, piece->place.iov_base, piece->place.iov_len, piece->start);
}

/* What lies in memory is read at once; a thread reads what does not. How many bytes, or the error. */
static ssize_t read_piece(struct piece *piece)
{
        ssize_t n = sys_preadv_nowait(piece->fd, &piece->place, 1, piece->start);
        intptr_t result = 0;
        int rc = 0;

        if (n >= 0)
                return n;
        EDDY_SHIELD_SCOPE
                rc = eddy_to_thread(read_slowly, piece, &result);
        return rc < 0 ? read_slowly(piece) : result;
}

/* Send bytes of a file as any others. */
static int send_pieces(eddy_http_exchange *exchange, int fd, int64_t start, int64_t end)
{
        enum { SIZE = 64 * 1024 };
        struct piece piece = {.fd = fd, .place = {memory_alloc(SIZE), 0}, .start = start};
        int rc = piece.place.iov_base ? 0 : -ENOMEM;

        while (rc == 0 && piece.start < end) {
                ssize_t n;

                piece.place.iov_len = end - piece.start < SIZE ? (size_t)(end - piece.start) : SIZE;
                n = read_piece(&piece);
                if (n <= 0) /* it was truncated meanwhile, and the answer promises more */
                        rc = n < 0 ? (int)n : -EIO;
                else
                        rc = exchange_send_more(exchange, piece.place.iov_base, (size_t)n);
                piece.start += n;
        }
        memory_free(piece.place.iov_base);
        if (rc == 0)
                exchange->answer = ANSWER_ENDED;
        return rc;
}

int exchange_send_file(eddy_http_exchange *exchange, int fd, int64_t start, int64_t end)
{
        int rc = exchange->impl->send_head(exchange, NULL, 0);

        if (!exchange->impl->send_file)
                return rc < 0 ? rc : send_pieces(exchange, fd, start, end);
        exchange->file = EDDY_PENDING;
        if (rc == 0)
                rc = exchange->impl->send_file(exchange, fd, start, end - start);
        if (rc < 0) {
                exchange->file = rc;
                return rc;
        }
        while (rc == 0 && exchange->file == EDDY_PENDING)
                rc = exchange_wait_for(exchange, AWAITS_ROOM);
        if (rc < 0) { /* the file is its owner's again when this returns */
                exchange->impl->abandon(exchange);
                EDDY_SHIELD_SCOPE
                        while (exchange->file == EDDY_PENDING)
                                exchange_wait_for(exchange, AWAITS_ROOM);
                return rc;
        }
        if (exchange->file < 0)
                return (int)exchange->file;
        exchange->sent += exchange->file;
        if (exchange->file < end - start) /* it was truncated meanwhile, and the answer promises more */
                return -EIO;
        exchange->answer = ANSWER_ENDED;
        return 0;
}
