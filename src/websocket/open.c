/* A client's half of the handshake: a request, and the answer to it. */
#include "websocket/open.h"

#include "base/memory.h"
#include "base/sys.h"
#include "websocket/accept_key.h"
#include "websocket/answer.h"
#include "websocket/compression.h"
#include "websocket/deflate.h"
#include "websocket/options.h"
#include "websocket/tokens.h"
#include "websocket/url.h"
#include <stdarg.h>
#include <stdio.h>

enum { MAX_ANSWER = 16 * 1024, SWITCHING_PROTOCOLS = 101, MAX_SHOWN = 120 };

/** What is asked for. */
struct request {
        const struct url *url;
        const eddy_websocket_options *options;
        char key[KEY_TEXT + 1];
};

/* Asking. */

static int choose_key(char key[KEY_TEXT + 1])
{
        uint8_t bytes[KEY_BYTES];
        int rc = sys_getrandom(bytes, sizeof bytes);

        if (rc == 0)
                base64_write(key, bytes, sizeof bytes);
        return rc;
}

/** The request as it grows. */
struct text {
        struct room room;
        int rc; /* 0, or why it is not whole */
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
        va_list arguments, again;
        int size;

        va_start(arguments, format);
        va_copy(again, arguments);
        size = vsnprintf(NULL, 0, format, arguments);
        va_end(arguments);
        if (text->rc == 0)
                text->rc = room_reserve(&text->room, (size_t)size + 1);
        if (text->rc == 0) {
                vsnprintf((char *)text->room.bytes + text->room.size, (size_t)size + 1, format, again);
                text->room.size += (size_t)size;
        }
        va_end(again);
}

static void write_request(struct text *text, const struct request *request)
{
        const eddy_websocket_options *options = request->options;
        const struct url *url = request->url;
        char offer[COMPRESSION_MAX_TEXT];

        add(text, "GET %s%s HTTP/1.1\r\nHost: %.*s\r\n", *url->target == '/' ? "" : "/", url->target,
            url->authority_size, url->authority);
        add(text, "Upgrade: websocket\r\nConnection: Upgrade\r\n");
        add(text, "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n", request->key);
        if (!options->no_compression) {
                compression_offer(offer, options);
                add(text, "Sec-WebSocket-Extensions: %s\r\n", offer);
        }
        for (const char *const *one = options->subprotocols; one && *one; one++)
                add(text, "%s%s%s", one == options->subprotocols ? "Sec-WebSocket-Protocol: " : ", ", *one,
                    one[1] ? "" : "\r\n");
        for (const char *const *one = options->headers; one && *one; one++)
                add(text, "%s\r\n", *one);
        add(text, "\r\n");
}

static int send_request(eddy_stream *stream, const struct request *request)
{
        struct text text = {.rc = 0};
        int rc;

        write_request(&text, request);
        rc = text.rc < 0 ? text.rc : eddy_stream_write(stream, text.room.bytes, text.room.size);
        memory_free(text.room.bytes);
        return rc;
}

/* The answer. */

static int refuse(const char *why)
{
        return eddy_fail(EDDY_EWEBSOCKET, "the server's answer is not to what was asked: %s", why);
}

static int tell_refusal(const struct answer *answer)
{
        const char *place = answer->headers[ANSWER_LOCATION];

        return eddy_fail(EDDY_EWEBSOCKET, "the server answered %d%.*s%s%.*s", answer->status, MAX_SHOWN,
                         answer->reason, place ? ", which is at " : "", MAX_SHOWN, place ? place : "");
}

/** Find what the server chose among what was asked for: 0 or the error. */
static int check_subprotocol(const char **chosen, const char *answered, const char *const *wanted)
{
        *chosen = NULL;
        if (!answered)
                return 0;
        for (; wanted && *wanted; wanted++) {
                if (strcmp(*wanted, answered) == 0)
                        *chosen = *wanted;
        }
        return *chosen ? 0 : refuse("it chose a subprotocol that was not offered");
}

static int check_answer(struct agreement *agreement, const struct answer *answer, const struct request *request)
{
        const char *accept = answer->headers[ANSWER_ACCEPT];
        char expected[ACCEPT_KEY_TEXT + 1];
        int rc;

        if (answer->status != SWITCHING_PROTOCOLS)
                return tell_refusal(answer);
        if (!token_is_listed(answer->headers[ANSWER_UPGRADE], "websocket") ||
            !token_is_listed(answer->headers[ANSWER_CONNECTION], "upgrade"))
                return refuse("it upgrades to something else");
        accept_key(expected, request->key);
        if (!accept || strcmp(accept, expected) != 0)
                return refuse("Sec-WebSocket-Accept is not what belongs to the key");
        rc = check_subprotocol(&agreement->subprotocol, answer->headers[ANSWER_SUBPROTOCOL],
                               request->options->subprotocols);
        return rc < 0 ? rc
                      : compression_read_answer(&agreement->terms, answer->headers[ANSWER_EXTENSIONS],
                                                request->options);
}

/** Read the answer, of which the stream keeps what comes behind it. */
static int read_answer(eddy_stream *stream, struct agreement *agreement, const struct request *request)
{
        struct answer answer;
        const char *shown;
        char *head;
        ssize_t n = eddy_stream_read_until(stream, "\r\n\r\n", 4, &shown);
        int rc;

        if (n == EDDY_EINCOMPLETE)
                return eddy_fail(EDDY_EINCOMPLETE, "the server closed the connection without an answer");
        if (n == EDDY_ELIMIT || n > MAX_ANSWER)
                return eddy_fail(EDDY_EPROTOCOL, "the server's answer is longer than 16 KiB");
        if (n < 0)
                return (int)n;
        head = memory_alloc((size_t)n);
        if (!head)
                return -ENOMEM;
        memcpy(head, shown, (size_t)n);
        rc = answer_read(&answer, head, (size_t)n);
        if (rc == 0 && request->options->status)
                *request->options->status = answer.status;
        if (rc == 0)
                rc = check_answer(agreement, &answer, request);
        memory_free(head);
        return rc;
}

static int shake_hands(eddy_websocket **ws, eddy_stream *stream, const struct url *url,
                       const eddy_websocket_options *options)
{
        struct agreement agreement = {.subprotocol = NULL};
        struct request request = {.url = url, .options = options};
        int rc = choose_key(request.key);

        if (rc == 0)
                rc = send_request(stream, &request);
        if (rc == 0)
                rc = read_answer(stream, &agreement, &request);
        return rc < 0 ? rc : websocket_create(ws, stream, EDDY_WEBSOCKET_CLIENT, &agreement, options);
}

static int connect_and_shake_hands(eddy_websocket **ws, const struct url *url,
                                   const eddy_websocket_options *options)
{
        const eddy_connect_options how = {
            .limit = MAX_ANSWER,
            .tls = url->is_secure ? options->tls : NULL,
            .tls_name = options->tls_name,
        };
        eddy_stream *stream;
        int rc = eddy_open_connection(&stream, url->host, url->port, &how);

        if (rc < 0)
                return rc;
        rc = shake_hands(ws, stream, url, options);
        if (rc < 0)
                eddy_stream_destroy(stream);
        return rc;
}

/** What every client begins with: 0 or why it is refused. */
static int prepare(eddy_websocket **ws, struct url *url, eddy_websocket_options *options, const char *text,
                   const eddy_websocket_options *given)
{
        int rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;

        *ws = NULL;
        if (rc == 0)
                rc = options_read(options, given);
        if (rc == 0)
                rc = url_read(url, text);
        if (rc == 0 && options->status)
                *options->status = 0;
        return rc;
}

/** The deadline was our own: say of what. */
static int tell_deadline(int rc)
{
        if (rc == EDDY_TIMEOUT && eddy_interrupted() == 0)
                return eddy_fail(rc, "the WebSocket was not open in time");
        return rc;
}

int eddy_websocket_connect(eddy_websocket **ws, const char *text, const eddy_websocket_options *given)
{
        eddy_websocket_options options;
        struct url url;
        int rc = prepare(ws, &url, &options, text, given);

        if (rc < 0)
                return rc;
        if (url.is_secure && !options.tls)
                return eddy_fail(-EINVAL, "wss:// needs a context: options.tls");
        EDDY_TIMEOUT_SCOPE(options.open_timeout)
                rc = connect_and_shake_hands(ws, &url, &options);
        return tell_deadline(rc);
}

int eddy_websocket_connect_stream(eddy_websocket **ws, eddy_stream *stream, const char *text,
                                  const eddy_websocket_options *given)
{
        eddy_websocket_options options;
        struct url url;
        int rc = prepare(ws, &url, &options, text, given);

        if (rc < 0)
                return rc;
        EDDY_TIMEOUT_SCOPE(options.open_timeout)
                rc = shake_hands(ws, stream, &url, &options);
        return tell_deadline(rc);
}
