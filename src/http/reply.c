/* How a handler answers: at once, or from a beginning to an end. */
#include "base/memory.h"
#include "http/head.h"
#include "http/headers.h"
#include "http_common/status.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What an answer comes to. */
struct plan {
        struct headers headers;
        const struct coding_plan *coding; /* NULL: nobody asks */
        int status;
        bool goes_on;    /* its body is written piece by piece */
        bool has_length; /* its head says how long the body is */
        bool has_body;   /* which is sent, too */
        int64_t length;
};

/* A length among the headers: it is to be the body's; or, of what has no body here, it may be that of the one that another request
 * would have got. */
static int heed_length(struct plan *plan, const eddy_http_answer *answer, bool is_head)
{
        int64_t length = plan->headers.length;
        bool is_elsewhere = plan->status == HTTP_STATUS_NOT_MODIFIED || (is_head && plan->has_length);

        if (length < 0)
                return 0;
        if (plan->goes_on ? length >= (int64_t)answer->body_size && (plan->has_body || is_head || is_elsewhere)
                          : answer->body_size == 0 && is_elsewhere) {
                plan->has_length = true;
                plan->length = length;
        }
        return plan->has_length && plan->length == length ? 0 : -EINVAL;
}

/* 0, or -EINVAL where an answer is none, or its headers say of it what is not true. */
static int make_plan(struct plan *plan, const eddy_http_exchange *exchange, const eddy_http_answer *answer,
                     bool goes_on)
{
        bool is_head = exchange->request->method == HTTP_HEAD;
        int rc = headers_examine(&plan->headers, answer);

        plan->coding = NULL;
        plan->status = answer->status ? answer->status : HTTP_STATUS_OK;
        if (rc < 0 || plan->status < 200 || plan->status > 999)
                return -EINVAL;
        if (plan->headers.says_keep_alive && exchange->is_closing)
                return -EINVAL;
        plan->has_body = plan->status != HTTP_STATUS_NO_CONTENT && plan->status != HTTP_STATUS_RESET_CONTENT &&
                         plan->status != HTTP_STATUS_NOT_MODIFIED && !is_head;
        plan->goes_on = goes_on;
        plan->length = plan->status == HTTP_STATUS_RESET_CONTENT ? 0 : (int64_t)answer->body_size;
        plan->has_length = plan->status != HTTP_STATUS_NO_CONTENT && plan->status != HTTP_STATUS_NOT_MODIFIED &&
                           (!goes_on || plan->status == HTTP_STATUS_RESET_CONTENT);
        return heed_length(plan, answer, is_head);
}

static const char default_type[] = "text/plain; charset=utf-8";

/* What its body is of; NULL: it has none, or nobody says. */
static const char *type_of(const struct plan *plan, const eddy_http_answer *answer)
{
        if (!plan->headers.type && (answer->body_size > 0 || plan->goes_on))
                return default_type;
        return plan->headers.type && *plan->headers.type ? plan->headers.type : NULL;
}

/* An ETag that is not the handler's is not known to the handler when it comes back: the line of If-None-Match that names it; NULL:
 * none does, or nobody asks. */
static const char *find_unchanged(const struct coding_plan *coding, eddy_http_exchange *exchange, int status)
{
        int method = exchange->request->method;
        const char *value;

        if (!coding->replaces_etag || status != HTTP_STATUS_OK || (method != HTTP_GET && method != HTTP_HEAD))
                return NULL;
        for (unsigned i = 0; (value = eddy_http_exchange_header_nth(exchange, "If-None-Match", i)); i++)
                if (coding_plan_is_unchanged(coding, value))
                        break;
        return value;
}

/* Which coding it gets, and whether the client has it in that one already. */
static void plan_coding(struct coding_plan *coding, struct plan *plan, eddy_http_exchange *exchange,
                        const eddy_http_answer *answer, bool is_in_vain)
{
        struct acceptance acceptance;
        struct coding_question question = {
            .options = &exchange->service->coding,
            .acceptance = &acceptance,
            .if_none_match = eddy_http_exchange_header(exchange, "If-None-Match"),
            .status = plan->status,
            .content_type = type_of(plan, answer),
            .headers = answer->headers,
            .size = plan->has_length ? plan->length : -1,
            .would_grow = is_in_vain,
        };
        const char *known;

        acceptance_of(&acceptance, exchange->request, exchange->head);
        coding_plan(coding, &question);
        known = find_unchanged(coding, exchange, plan->status);
        if (known) {
                question.if_none_match = known;
                question.status = plan->status = HTTP_STATUS_NOT_MODIFIED;
                plan->has_body = false;
                coding_plan(coding, &question);
        }
        if (plan->status == HTTP_STATUS_NOT_MODIFIED &&
            coding->lines[0]) /* the length is that of one coding or another */
                plan->has_length = false;
        plan->coding = coding;
}

static void add_lines(eddy_http_exchange *exchange, const char *const *lines, const struct coding_plan *coding)
{
        for (; lines && *lines; lines++) {
                enum header_kind kind = headers_kind(*lines);

                if (kind != HEADER_LENGTH && kind != HEADER_CONNECTION &&
                    (!coding || coding_plan_keeps(coding, *lines)))
                        head_add_text(exchange, "", *lines);
        }
        for (lines = coding ? coding->lines : NULL; lines && *lines; lines++)
                head_add_text(exchange, "", *lines);
}

static void write_head(eddy_http_exchange *exchange, const eddy_http_answer *answer, const struct plan *plan)
{
        unsigned kinds = plan->headers.kinds;

        head_begin_bare(exchange, plan->status);
        head_add_preamble(exchange, !(kinds & 1u << HEADER_SERVER), !(kinds & 1u << HEADER_DATE));
        if (answer->content_type && *answer->content_type)
                head_add_text(exchange, "Content-Type: ", answer->content_type);
        else if (!answer->content_type && !(kinds & 1u << HEADER_TYPE) &&
                 (answer->body_size > 0 || plan->goes_on))
                head_add_text(exchange, "Content-Type: ", default_type);
        if (plan->has_length)
                head_add_number(exchange, "Content-Length: ", plan->length);
        if (exchange->is_chunked)
                head_add_text(exchange, "Transfer-Encoding: ", "chunked");
        add_lines(exchange, answer->headers, plan->coding);
        exchange->is_closing |= plan->headers.says_close;
        head_end_with(exchange, plan->headers.says_upgrade);
}

static int send_whole(eddy_http_exchange *exchange, const eddy_http_answer *answer, const struct plan *plan,
                      const void *body, size_t size)
{
        write_head(exchange, answer, plan);
        exchange->answer = ANSWER_BEGUN;
        return exchange_send(exchange, body, plan->has_body ? size : 0);
}

/* In the coding that its client takes, where it becomes smaller by that. */
static int reply_compressed(eddy_http_exchange *exchange, const eddy_http_answer *answer, struct plan *plan)
{
        struct coding_plan coding;
        char *coded = NULL;
        ssize_t size = 0;
        int rc;

        plan_coding(&coding, plan, exchange, answer, false);
        if (coding.coding != CODING_IDENTITY && plan->has_body) {
                size = compression_of_whole(&coding, answer->body, answer->body_size, &coded);
                if (coded)
                        plan->length = size;
                else
                        plan_coding(&coding, plan, exchange, answer, true);
        } else if (coding.coding != CODING_IDENTITY) {
                plan->has_length = false;
        }
        rc = exchange->failure;
        if (rc == 0)
                rc = coded ? send_whole(exchange, answer, plan, coded, (size_t)size)
                           : send_whole(exchange, answer, plan, answer->body, answer->body_size);
        memory_free(coded);
        return rc;
}

int eddy_http_exchange_add_header(eddy_http_exchange *exchange, const char *line)
{
        size_t n = strlen(line), size = exchange->lines_size + n + 2;
        struct headers headers;
        char *lines;

        if (exchange->answer != ANSWER_NONE)
                return EDDY_EINVALIDSTATE;
        if (headers_examine(&headers, &(eddy_http_answer){.headers = (const char *const[]){line, NULL}}) < 0 ||
            headers.kinds & ~(1u << HEADER_OTHER))
                return -EINVAL;
        if (size > HTTP_LINES_MAX)
                return eddy_fail(EDDY_ELIMIT, "headers of more than %d bytes were added to an answer",
                                 HTTP_LINES_MAX);
        lines = memory_realloc(exchange->lines, size);
        if (!lines)
                return -ENOMEM;
        memcpy(lines + exchange->lines_size, line, n);
        memcpy(lines + exchange->lines_size + n, "\r\n", 2);
        exchange->lines = lines;
        exchange->lines_size = size;
        return 0;
}

int eddy_http_exchange_status(const eddy_http_exchange *exchange)
{
        return exchange->answer == ANSWER_NONE ? 0 : exchange->status;
}

int eddy_http_reply(eddy_http_exchange *exchange, const eddy_http_answer *answer)
{
        int rc = exchange_enter(exchange, ANSWER_NONE);
        struct plan plan;

        if (rc == 0)
                rc = make_plan(&plan, exchange, answer, false);
        if (rc == 0)
                rc = exchange_wait_for_room(exchange);
        if (rc < 0)
                return rc;
        if (exchange->service->options.compresses)
                return reply_compressed(exchange, answer, &plan);
        return send_whole(exchange, answer, &plan, answer->body, answer->body_size);
}

/* Its length is not known then: a promise of one is of what is written. */
static void begin_compression(eddy_http_exchange *exchange, const eddy_http_answer *answer, struct plan *plan,
                              struct coding_plan *coding)
{
        plan_coding(coding, plan, exchange, answer, false);
        if (coding->coding == CODING_IDENTITY)
                return;
        if (plan->has_body && compression_begin(&exchange->compression, coding, exchange->left) < 0)
                plan_coding(coding, plan, exchange, answer, true);
        else
                plan->has_length = false;
}

/* A text that does not fit into little memory. */
static int reply_long_text(eddy_http_exchange *exchange, eddy_http_answer *answer, const char *format,
                           va_list values)
{
        char *text = memory_alloc(answer->body_size + 1);
        int rc;

        if (!text)
                return -ENOMEM;
        vsnprintf(text, answer->body_size + 1, format, values);
        answer->body = text;
        rc = eddy_http_reply(exchange, answer);
        memory_free(text);
        return rc;
}

int eddy_http_reply_text(eddy_http_exchange *exchange, int status, const char *format, ...)
{
        char text[1024];
        eddy_http_answer answer = {.status = status, .body = text};
        va_list values;
        int n, rc;

        va_start(values, format);
        n = vsnprintf(text, sizeof text, format, values);
        va_end(values);
        if (n < 0)
                return -EINVAL;
        answer.body_size = (size_t)n;
        if (answer.body_size < sizeof text)
                return eddy_http_reply(exchange, &answer);
        va_start(values, format);
        rc = reply_long_text(exchange, &answer, format, values);
        va_end(values);
        return rc;
}

int exchange_reply_status(eddy_http_exchange *exchange, int status, const char *line)
{
        char phrase[HTTP_PHRASE_MAX], body[HTTP_PHRASE_MAX + 8];
        int n;

        http_status_phrase(status, phrase);
        n = snprintf(body, sizeof body, "%d %s\n", status, phrase);
        return eddy_http_reply(exchange, &(eddy_http_answer){
                                             .status = status,
                                             .headers = (const char *const[]){line, NULL},
                                             .body = body,
                                             .body_size = status == HTTP_STATUS_NO_CONTENT ? 0 : (size_t)n,
                                         });
}

int exchange_reply_allowed(eddy_http_exchange *exchange, const char *allow)
{
        bool asks = exchange->request->method == HTTP_OPTIONS;

        return exchange_reply_status(exchange, asks ? HTTP_STATUS_NO_CONTENT : HTTP_STATUS_METHOD_NOT_ALLOWED,
                                     allow);
}

int eddy_http_reply_begin(eddy_http_exchange *exchange, const eddy_http_answer *answer)
{
        int rc = exchange_enter(exchange, ANSWER_NONE);
        struct coding_plan coding;
        struct plan plan;

        if (rc == 0)
                rc = make_plan(&plan, exchange, answer, true);
        if (rc == 0)
                rc = exchange_wait_for_room(exchange);
        if (rc < 0)
                return rc;
        exchange->left = plan.has_length ? plan.length : -1;
        if (exchange->service->options.compresses)
                begin_compression(exchange, answer, &plan, &coding);
        exchange->is_bodiless = !plan.has_body;
        if (plan.has_body && !plan.has_length) {
                exchange->is_chunked = exchange->request->minor > 0;
                exchange->is_unframed = !exchange->is_chunked;
                exchange->is_closing |= exchange->is_unframed;
        }
        write_head(exchange, answer, &plan);
        exchange->answer = ANSWER_BEGUN;
        rc = exchange->impl->send_head(exchange, NULL, 0);
        return rc < 0 || exchange->is_bodiless
                   ? rc
                   : eddy_http_reply_write(exchange, answer->body, answer->body_size);
}

int eddy_http_reply_write(eddy_http_exchange *exchange, const void *data, size_t n)
{
        int rc = exchange_enter(exchange, ANSWER_BEGUN);

        if (rc < 0)
                return rc;
        if (exchange->failure)
                return exchange->failure;
        if (exchange->is_bodiless) /* who writes for ever is to know */
                return n > 0 ? -EPIPE : 0;
        if (exchange->left >= 0 && n > (uint64_t)exchange->left)
                return -EINVAL;
        if (exchange->left >= 0)
                exchange->left -= (int64_t)n;
        return exchange->compression.has_begun ? compression_write(exchange, data, n)
                                               : exchange_send_more(exchange, data, n);
}

/* Write trailers where the head was: 0 or -EINVAL. */
static int write_trailers(eddy_http_exchange *exchange, const char *const *lines)
{
        struct headers headers;

        if (headers_examine(&headers, &(eddy_http_answer){.headers = lines}) < 0 ||
            headers.kinds & ~(1u << HEADER_OTHER))
                return -EINVAL;
        exchange->service->head_size = 0;
        for (; lines && *lines; lines++)
                head_add_text(exchange, "", *lines);
        return 0;
}

int eddy_http_reply_end(eddy_http_exchange *exchange)
{
        return eddy_http_reply_end_with(exchange, NULL);
}

int eddy_http_reply_end_with(eddy_http_exchange *exchange, const char *const *trailers)
{
        int rc;

        if (exchange->answer != ANSWER_BEGUN)
                return EDDY_EINVALIDSTATE;
        if (exchange->left > 0 && !exchange->is_bodiless)
                return EDDY_EINCOMPLETE;
        rc = write_trailers(exchange, trailers);
        if (rc == 0 && exchange->compression.has_begun)
                rc = compression_end(exchange);
        if (rc == 0)
                rc = exchange->impl->end(exchange, exchange->service->head, exchange->service->head_size);
        if (rc == 0)
                exchange->answer = ANSWER_ENDED;
        return rc;
}

int exchange_send_interim(eddy_http_exchange *exchange, int status, const char *const *lines)
{
        struct headers headers;

        if (exchange->answer != ANSWER_NONE)
                return EDDY_EINVALIDSTATE;
        if (headers_examine(&headers, &(eddy_http_answer){.headers = lines}) < 0 ||
            headers.kinds & ~(1u << HEADER_OTHER))
                return -EINVAL;
        if (exchange->request->minor == 0)
                return exchange->failure;
        head_begin_bare(exchange, status);
        exchange->status = 0;
        for (; lines && *lines; lines++)
                head_add_text(exchange, "", *lines);
        head_add_end(exchange);
        return exchange->impl->send_head(exchange, NULL, 0);
}

int eddy_http_reply_hints(eddy_http_exchange *exchange, const char *const *lines)
{
        return exchange_send_interim(exchange, HTTP_STATUS_EARLY_HINTS, lines);
}

int eddy_http_exchange_upgrade(eddy_http_exchange *exchange, const char *const *lines, eddy_stream **stream)
{
        const unsigned allowed = 1u << HEADER_OTHER | 1u << HEADER_CONNECTION;
        struct headers headers;

        *stream = NULL;
        if (exchange->answer != ANSWER_NONE)
                return EDDY_EINVALIDSTATE;
        if (headers_examine(&headers, &(eddy_http_answer){.headers = lines}) < 0 || headers.kinds & ~allowed ||
            headers.says_close || headers.says_keep_alive)
                return -EINVAL;
        if (exchange->failure)
                return exchange->failure;
        head_begin_bare(exchange, HTTP_STATUS_SWITCHING_PROTOCOLS);
        if (!headers.says_upgrade)
                head_add_text(exchange, "Connection: ", "Upgrade");
        for (; lines && *lines; lines++)
                head_add_text(exchange, "", *lines);
        head_add_end(exchange);
        return exchange->impl->upgrade(exchange, stream);
}
